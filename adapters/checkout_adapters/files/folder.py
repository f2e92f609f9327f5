"""The folder of a shop, read whole: its values, or every mistake in it at once.

    shop.toml        name, sender of mails, locations in the order in which they are used
    products.csv     what is for sale, and its prices by currency
    stock.csv        what lies where when the shop opens
    taxes.csv        which rates apply where, and where that is written
    shipping.toml    ways to send, their zones, weight bands and days
    promotions.toml  what makes things cheaper
    prices.csv       price lists: other prices for some shoppers, quantities and times; may be left out
    experiments.toml what is tried out, with whom; may be left out

Names that begin with a dot, and README.md, are left alone; anything else is a mistake, so that a file of a wrong name is not overlooked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar, cast, get_args

from attrs import evolve, field, frozen

from checkout_adapters.files import cells
from checkout_adapters.files.carriage import read_shipping
from checkout_adapters.files.deals import read_promotions
from checkout_adapters.files.gains import Known
from checkout_adapters.files.goods import OpeningStock, goods_of, read_products, read_stock
from checkout_adapters.files.lists import read_prices
from checkout_adapters.files.mistakes import BadFiles, Mistake, Notes, shown
from checkout_adapters.files.places import Location, read_places, with_places
from checkout_adapters.files.rates import read_taxes
from checkout_adapters.files.texts import read_text
from checkout_adapters.files.trees import Table, read_table
from checkout_adapters.files.trials import read_experiments
from checkout_core.catalog import Product
from checkout_core.experiments import Experiment
from checkout_core.holds import Pool, PoolKey, Stock
from checkout_core.memory import MemoryCatalog
from checkout_core.policy import Policy
from checkout_core.prices import PriceList
from checkout_core.promotions import Promotion
from checkout_core.promotions.checking import never
from checkout_core.shipping import ShippingMethod, ShippingTable
from checkout_core.sourcing import FEWEST_OF, Sourcing
from checkout_core.tax import TaxTable

FILES: Final = ("shop.toml", "products.csv", "stock.csv", "taxes.csv", "shipping.toml", "promotions.toml")
MAY_BE_THERE: Final = ("prices.csv", "experiments.toml")
_T = TypeVar("_T")


@frozen
class ShopFiles:
    """All that the files of a shop say. `locations` stand in the order in which they are used, as `sourcing` says.

    `lines`: where each promotion begins in promotions.toml, by its id.
    """

    name: str
    sender: str
    locations: tuple[Location, ...]
    products: tuple[Product, ...] = field(repr=lambda products: f"{len(products)} products")
    promotions: tuple[Promotion, ...] = field(repr=lambda promotions: f"{len(promotions)} promotions")
    taxes: TaxTable = field(repr=lambda taxes: f"{len(taxes.rows)} tax rows")
    shipping: ShippingTable = field(repr=lambda shipping: f"{len(shipping.methods)} methods")
    stock: tuple[OpeningStock, ...] = field(repr=lambda stock: f"{len(stock)} pools")
    lines: Mapping[str, int | None] = field(default=MappingProxyType({}), eq=False, repr=False, kw_only=True)
    prices: tuple[PriceList, ...] = field(default=(), repr=lambda prices: f"{len(prices)} price lists", kw_only=True)
    experiments: tuple[Experiment, ...] = field(default=(), repr=lambda trials: f"{len(trials)} experiments", kw_only=True)
    sourcing: Sourcing = field(default="first", kw_only=True)

    def catalog(self) -> MemoryCatalog:
        """The catalogue, taxes, shipping rates, price lists and experiments of this shop, as plain values behind five ports."""
        return MemoryCatalog(self.products, self.promotions, self.taxes, self.shipping, self.prices, self.experiments)

    @property
    def known(self) -> Known:
        """What promotions of this shop may name."""
        return known_of(self.products, self.shipping.methods, self.experiments)

    def policy(self, policy: Policy) -> Policy:
        """That policy with the locations of this shop."""
        return with_places(policy, self.locations, self.sourcing)

    def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        """These pools, as the shop opens."""
        there: dict[PoolKey, int] = {Stock(stock.sku, stock.location): stock.quantity for stock in self.stock}
        return {key: Pool(key, on_hand=there.get(key, 0)) for key in keys}

    def idle(self, now: datetime) -> tuple[Mistake, ...]:
        """The promotions that no cart can get from `now` (UTC) on, with the reason and the cure. Such files can be used as they are."""
        return tuple(
            Mistake("promotions.toml", self.lines.get(promotion.id), one.place, f"Promotion {promotion.id}: {one.problem}. {one.cure}")
            for promotion in self.promotions
            for one in never(promotion, self.products, self.shipping.methods, now, self.experiments)
        )


def read_shop(folder: Path) -> ShopFiles:
    """The shop in that folder. Raises BadFiles with every mistake in it."""
    if not folder.is_dir():
        raise BadFiles((Mistake(folder.name, None, None, "There is no such folder. Give the folder that holds shop.toml."),))
    noted = {file: Notes(file) for file in (*FILES, *MAY_BE_THERE)}
    strays = _strays(folder)
    rates = _read(folder, noted["taxes.csv"], read_taxes)
    taxed = None if rates is None else rates.categories
    settings = _tree(folder, noted["shop.toml"], _settings)
    locations = None if settings is None or settings[2] is None else [location.id for location in settings[2]]
    goods = _read(folder, noted["products.csv"], lambda text, notes: read_products(text, notes, taxed))
    counted = None if goods is None else goods.counted
    stock = _read(folder, noted["stock.csv"], lambda text, notes: read_stock(text, notes, counted, locations))
    shipping = _tree(folder, noted["shipping.toml"], lambda table: read_shipping(table, taxed, locations))
    methods = None if shipping is None or noted["shipping.toml"].found else [method.id for method in shipping.methods]
    trials = _trials(folder, noted["experiments.toml"])
    known = Known(goods, methods, None if noted["experiments.toml"].found else variants_of(trials or ()))
    promotions = _tree(folder, noted["promotions.toml"], lambda table: read_promotions(table, known))
    products = None if goods is None else {product.sku: product for product in goods.products}
    prices = (
        list[PriceList]()
        if not (folder / "prices.csv").exists()
        else _read(folder, noted["prices.csv"], lambda text, notes: read_prices(text, notes, products, counted))
    )
    mistakes = [*strays, *(mistake for file in noted for mistake in sorted(noted[file].found, key=lambda m: m.row or 0))]
    if mistakes:
        raise BadFiles(tuple(mistakes))
    assert rates is not None
    assert settings is not None
    assert goods is not None
    assert stock is not None
    assert shipping is not None
    assert promotions is not None
    assert prices is not None
    assert trials is not None
    name, sender, places, sourcing = settings
    assert name is not None
    assert sender is not None
    assert places is not None
    deals, lines = tuple(promotion for promotion, _ in promotions), {promotion.id: line for promotion, line in promotions}
    said = (name, sender, tuple(places), goods.products, deals, rates.taxes, shipping, tuple(stock))
    return ShopFiles(*said, lines=lines, prices=tuple(prices), experiments=tuple(trials), sourcing=sourcing)


@frozen
class Rules:
    """Promotions and experiments without the rest of a shop; `experiments` is None if the folder has no word of them."""

    promotions: tuple[Promotion, ...]
    experiments: tuple[Experiment, ...] | None


def read_rules(path: Path, beside: ShopFiles | Known) -> Rules:
    """The rules of a whole shop in that folder; or the promotions.toml in it, or of that name, with the experiments.toml beside it.

    `beside`: a shop, or what it says, of which promotions without one of their own may name things. Raises BadFiles with every mistake.
    """
    if (path / "shop.toml").exists():
        files = read_shop(path)
        return Rules(files.promotions, files.experiments or None)
    known = beside.known if isinstance(beside, ShopFiles) else beside
    if not path.exists():
        raise BadFiles((Mistake(path.name, None, None, "There is no such folder or file. Give a folder with a promotions.toml."),))
    folder, file = (path, "promotions.toml") if path.is_dir() else (path.parent, path.name)
    noted = {name: Notes(name) for name in (file, "experiments.toml")}
    trials = _trials(folder, noted["experiments.toml"]) if (folder / "experiments.toml").exists() else None
    if trials is not None:
        known = evolve(known, experiments=None if noted["experiments.toml"].found else variants_of(trials))
    promotions = _tree(folder, noted[file], lambda table: read_promotions(table, known))
    if mistakes := [mistake for notes in noted.values() for mistake in sorted(notes.found, key=lambda m: m.row or 0)]:
        raise BadFiles(tuple(mistakes))
    return Rules(tuple([promotion for promotion, _ in promotions or ()]), None if trials is None else tuple(trials))


def known_of(products: Iterable[Product], methods: Iterable[ShippingMethod], experiments: Iterable[Experiment]) -> Known:
    """What promotions may name that stand beside these."""
    return Known(goods_of(products), [method.id for method in methods], variants_of(experiments))


def variants_of(experiments: Iterable[Experiment]) -> dict[str, tuple[str, ...]]:
    """The names of the variants, by experiment."""
    return {experiment.id: tuple([name for name, _ in experiment.variants]) for experiment in experiments}


def _trials(folder: Path, notes: Notes) -> list[Experiment] | None:
    return _tree(folder, notes, read_experiments) if (folder / "experiments.toml").exists() else []


def _strays(folder: Path) -> list[Mistake]:
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise BadFiles((Mistake(folder.name, None, None, f"It cannot be read: {error.strerror}. Look at its permissions."),)) from None
    unknown = [name for name in names if name not in (*FILES, *MAY_BE_THERE, "README.md") and not name.startswith(".")]
    known = f"It is not a file of a shop. Known: {', '.join((*FILES, *MAY_BE_THERE))}. Rename it, or move it elsewhere."
    return [Mistake(shown(name)[1:-1], None, None, known) for name in unknown]


def _read(folder: Path, notes: Notes, read: Callable[[str, Notes], _T]) -> _T | None:
    text = read_text(folder / notes.file, notes)
    return None if text is None else read(text, notes)


def _tree(folder: Path, notes: Notes, read: Callable[[Table], _T]) -> _T | None:
    table = _read(folder, notes, read_table)
    return None if table is None else read(table)


def _settings(table: Table) -> tuple[str | None, str | None, list[Location] | None, Sourcing]:
    name, sender = table.text("name", cells.words), table.text("sender", cells.email)
    sourcing = table.text("sourcing", _sourcing, needed=False)
    before, found = len(table.notes.found), read_places(table)
    clear = len(table.notes.found) == before
    table.close()
    if clear and sourcing == "fewest" and len(found) > FEWEST_OF:
        table.wrong("sourcing", f'"fewest" looks at {FEWEST_OF} locations at most. Use "first", or fewer locations.')
    return name, sender, found if clear else None, sourcing or "first"


def _sourcing(text: str) -> Sourcing:
    if text not in get_args(Sourcing):
        raise ValueError(f"It is not known. Use {' or '.join(get_args(Sourcing))}.")
    return cast(Sourcing, text)
