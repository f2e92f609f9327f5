"""A described cart, read strictly from TOML or JSON, and its price. Nothing is stored, nothing held.

In the shop's own words, priced from a catalogue:

    currency = "EUR"
    shipping = "standard"                                   or a list of methods
    codes = ["WELCOME10"]
    ship_to = { country = "DE", region = "BE", postcode = "10119" }

    pay_by = "card"                                         by what it will be paid, if that has been said
    shopper = { groups = ["staff"], orders = 0 }            what the shop knows of who buys; also vat_id = "IE6388047V", and
                                                            exemptions = [{ evidence = "CERT-1", country = "US", region = "TX" }]
    at = 2026-11-27T17:30:00+01:00                          the moment it is priced at, if that is not now
    experiments = { tea-offer = "tenth" }                   the variants that whoever buys is in

    [[lines]]
    sku = "MUG"
    quantity = 2
    options = { glaze = "blue" }

    [[gift_cards]]
    id = "GC-1"
    balance = "25.00"                                       optional: limit = "10.00", tax_rate = "0.19"

    [policy]                                                choices that go before those of the configuration
    discount_mode = "half_even"

Or as a worked cart (`kind = "cart"`), which brings its prices, taxes and promotions with it: see `vectors`. A JSON file may hold a list
of those.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from attrs import evolve, frozen

from checkout_cli.exits import WrongUsage, listed
from checkout_cli.vectors import Unreadable, Worked, is_worked, read_worked
from checkout_core import edge
from checkout_core.cart import Limits, Line, add, open_cart
from checkout_core.catalog import Product
from checkout_core.codes import parted
from checkout_core.customers import COUNTRIES, UNKNOWN, Destination, Exemption, Shopper, VatId
from checkout_core.errors import BadSetting
from checkout_core.experiments import Experiment
from checkout_core.gifts import gift_skus
from checkout_core.holds import Pool, PoolKey
from checkout_core.money import CURRENCIES, Money, Ratio
from checkout_core.policy import Policy
from checkout_core.prices import Buyer, PriceBook, ShownPrice, shown_price
from checkout_core.pricing import Basket, Facts, GiftCard, PricingPolicy, Quote, price, prices_today
from checkout_core.pricing_policy import policy_from
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refusal, Refused
from checkout_core.shipping import Parcel, Shipment, ShippingOption, handed_over, with_arrivals
from checkout_core.sourcing import looked_at, parcels_now
from checkout_core.sync.ports import ShippingRates
from checkout_core.tax import TaxRate
from checkout_core.tax_provider import TaxSource
from checkout_core.tax_relief import Taxes

LARGEST: Final = 1_000_000  # bytes of a case (R25)
KNOWN: Final = ("currency", "ship_to", "shipping", "codes", "pay_by", "shopper", "at", "lines", "gift_cards", "policy", "experiments")
IDS_TOLD: Final = 40  # of the cases in a file


@frozen
class Case:
    """A cart that somebody describes. `choices` are those of a pricing policy that it brings with it."""

    currency: str
    lines: tuple[Line, ...]
    destination: Destination | None = None
    shipping: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    cards: tuple[GiftCard, ...] = ()
    choices: Mapping[str, object] = MappingProxyType({})
    pay_by: str = ""
    shopper: Shopper = UNKNOWN
    at: datetime | None = None
    experiments: Mapping[str, str] = MappingProxyType({})


@frozen
class WorkedCase:
    """A worked cart, and what the file says must come of it: figures, or a refusal."""

    worked: Worked
    expected: Mapping[str, object]
    expected_error: bool


class BadCase(WrongUsage):
    """The case cannot be read: correct it. `mistakes` has all of them."""

    def __init__(self, path: Path, mistakes: tuple[str, ...]) -> None:
        super().__init__(path, mistakes)
        self.path = path
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(f"{self.path}: {mistake}" for mistake in self.mistakes)


class Prices(Protocol):
    """What a case is priced from: the Catalog, Prices, Experiments, TaxRates and ShippingRates ports in one."""

    def products(self, skus: Sequence[str]) -> Mapping[str, Product]: ...
    def promotions(self, codes: Sequence[str]) -> Sequence[Promotion | Refused]: ...
    def prices(self, skus: Sequence[str]) -> PriceBook: ...
    def experiments(self) -> Sequence[Experiment]: ...
    def rates(self, destination: Destination, categories: Sequence[str], at: datetime) -> Mapping[str, tuple[TaxRate, ...] | None]: ...
    def options(self, shipment: Shipment) -> Sequence[ShippingOption | Refused]: ...


@frozen
class Sources:
    """Where goods are: the locations of that policy, and what each has; and who says what sending costs, if that is not the catalogue."""

    policy: Policy
    pools: Callable[[Sequence[PoolKey]], Mapping[PoolKey, Pool]]
    shipping: ShippingRates | None = None


Due = Callable[[Destination, Sequence[str], datetime], tuple[Taxes, TaxSource | None]]


def quote_of(
    case: Case,
    prices: Prices,
    now: datetime,
    policy: PricingPolicy,
    used_up: Mapping[str, Refused] | None = None,
    channel: str = "",
    home: Destination | None = None,
    due: Due | None = None,
    sources: Sources | None = None,
) -> Quote:
    """The price of this case, at its own moment if it names one, else `now`; its own choices go before those of `policy`.

    `due` says what tax is due; without it, the prices do. Raises Refusal with every reason why there is none.
    """
    basket, facts = facts_of(case, prices, now, used_up, channel, home, due, sources)
    chosen = policy_from(case.choices, policy)
    if not isinstance(chosen, PricingPolicy):  # a choice that contradicts one of the configuration
        raise WrongUsage("\n".join([f"policy.{mistake}" for mistake in chosen]))
    return _priced(basket, facts, case.at or now, chosen)


def facts_of(
    case: Case,
    prices: Prices,
    now: datetime,
    used_up: Mapping[str, Refused] | None = None,
    channel: str = "",
    home: Destination | None = None,
    due: Due | None = None,
    sources: Sources | None = None,
    tried: Sequence[Experiment] = (),
    besides: Sequence[Promotion] = (),
) -> tuple[Basket, Facts]:
    """What is to be priced, and all that the catalogue knows about it, also about the gifts of promotions `besides` its own.

    Raises WrongUsage for an experiment or a variant that neither it has nor is among those `tried` besides.
    """
    if case.experiments and (unknown := _untried(case.experiments, (*prices.experiments(), *tried))):
        raise WrongUsage(unknown)
    deals, refused = parted(prices.promotions(case.codes))
    products = prices.products(sorted({line.sku for line in case.lines} | {*gift_skus((*deals, *besides))}))
    offered: Sequence[ShippingOption | Refused] = ()
    taxes: Taxes = {}
    source: TaxSource | None = None
    categories, to = set[str](), case.destination
    if case.destination is not None:
        _, offered = ways_to_send(case, case.destination, products, prices, case.at or now, channel, sources)
        to = handed_over(offered, next(iter(case.shipping), None), case.destination)
        categories = {product.tax_category for product in products.values()}
        categories |= {option.tax_category for option in offered if isinstance(option, ShippingOption)}
        asked = (to, sorted(categories), case.at or now)
        taxes, source = (prices.rates(*asked), None) if due is None else due(*asked)
    at_home = {} if home is None or case.destination is None else prices.rates(home, sorted(categories), case.at or now)
    seller, lists = None if home is None else home.country, prices.prices(sorted(products))
    facts = Facts(products, deals, taxes, tuple(offered), used_up or {}, case.shopper, seller=seller, home=at_home, prices=lists)
    facts = evolve(facts, tax_source=source, codes=refused)
    said = (case.currency, case.lines, to, case.shipping, case.codes, case.cards, channel, case.pay_by)
    return Basket(*said, experiments=case.experiments), facts


def _untried(said: Mapping[str, str], known: Sequence[Experiment]) -> str:
    """What of these experiments and variants is not there; nothing: all is."""
    there = {one.id: [name for name, _ in one.variants] for one in known}
    wrong = [
        f"experiments.{id:.60}: {name!r:.60} is no variant of it. Known: {listed(there[id], 'and')}."
        if id in there
        else f"experiments.{id:.60}: this shop has no such experiment. Known: {listed(sorted(there), 'and') or 'none'}."
        for id, name in said.items()
        if name not in there.get(id, ())
    ]
    return "\n".join(wrong)


def ways_to_send(
    case: Case,
    to: Destination,
    products: Mapping[str, Product],
    prices: Prices,
    at: datetime,
    channel: str = "",
    sources: Sources | None = None,
) -> tuple[tuple[Parcel, ...], tuple[ShippingOption | Refused, ...]]:
    """The parcels that these lines would make now; what each way to send them there costs and when they arrive, or why it does not go."""
    policy = Policy() if sources is None else sources.policy
    order = policy.places_for(to)
    keys = looked_at(case.lines, products, order)
    pools = sources.pools(keys) if sources is not None and keys else {}
    basket = Basket(case.currency, case.lines, channel=channel)
    facts = Facts(products, shopper=case.shopper, prices=prices.prices(sorted(products)))
    worth = {sku: unit.minor for sku, unit in prices_today(basket, facts, at).items()}
    parcels = parcels_now(case.lines, products, worth, order, policy.sourcing, {key: pools[key].available for key in keys})
    rates = prices if sources is None or sources.shipping is None else sources.shipping
    return parcels, with_arrivals(rates.options(Shipment(to, case.currency, parcels)), parcels, policy.dispatch, at)


def lowered(case: Case, prices: Prices, now: datetime, channel: str = "") -> tuple[ShownPrice, ...]:
    """What of this case is sold at a price that was lowered, with the lowest one of the 30 days before (Directive 98/6/EC, Article 6a)."""
    quantities: dict[str, int] = {}
    for line in case.lines:
        quantities[line.sku] = quantities.get(line.sku, 0) + line.quantity
    products, lists = prices.products(sorted(quantities)), prices.prices(sorted(quantities))
    buyer, at = Buyer(case.shopper.groups or frozenset(), channel), case.at or now
    shown = [shown_price(products[sku], case.currency, at, lists, buyer, quantity=n) for sku, n in quantities.items() if sku in products]
    return tuple([one for one in shown if one is not None and one.lowest is not None])


def quote_of_worked(worked: Worked, now: datetime) -> Quote:
    """The price of a worked cart. Raises Refusal with every reason why there is none."""
    return _priced(worked.basket, worked.facts, now, worked.policy)


def _priced(basket: Basket, facts: Facts, now: datetime, policy: PricingPolicy) -> Quote:
    answer = price(basket, facts, now, policy)
    if isinstance(answer, Quote):
        return answer
    raise Refusal.of(answer)


def unexpected(expected: object, got: object, place: str = "expected") -> Iterator[str]:
    """Every figure that is not as expected, with its place; what nobody expects may be anything."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for name, value in expected.items():
            if name in got:
                yield from unexpected(value, got[name], f"{place}.{name}")
            elif value:  # what is not there is nothing
                yield f"{place}.{name}: there is no such figure here. Known: {listed(sorted(got), 'and') or 'none'}."
    elif expected != got:
        yield f"{place}: {_told(expected)} is expected, it is {_told(got)}."


def _told(value: object) -> str:
    return f"{json.dumps(value):.80}"


def read_case(path: Path, now: datetime, chosen: str | None = None) -> Case | WorkedCase:
    """The case in that file; of a list of worked carts the one with the `chosen` id.

    Raises BadCase with every mistake, WrongUsage if it has to be chosen among several, OSError if it cannot be read.
    """
    table = _choose(path, _content(path), chosen)
    if is_worked(table):
        try:
            worked = read_worked(table)
            return WorkedCase(worked, table.get("expected", {}), table.get("expected_error") is True)
        except Unreadable as error:
            raise BadCase(path, error.mistakes) from None
    mistakes: list[str] = []
    case = _case(table, mistakes, now)
    if case is None or mistakes:
        raise BadCase(path, tuple(mistakes))
    return case


def _content(path: Path) -> Any:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadCase(path, (f"It has more than {LARGEST} bytes. This is no cart.",))
    try:
        text = content.decode("utf-8-sig")
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise BadCase(path, (f"It is not UTF-8 (byte {error.start + 1}). Save it as UTF-8.",)) from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise BadCase(path, (f"It is not {'JSON' if path.suffix == '.json' else 'TOML'}: {error}.",)) from None
    except RecursionError:
        raise BadCase(path, ("It is nested too deeply.",)) from None
    except ValueError:
        raise BadCase(path, ("It has a number with too many digits.",)) from None


def _choose(path: Path, content: Any, chosen: str | None) -> Any:
    """The one case of a file; of a list, the one that was chosen."""
    if not isinstance(content, list):
        if chosen is not None and (id := content.get("id") if isinstance(content, dict) else None) != chosen:
            raise WrongUsage(f"{path}: there is one case in it{f', {id}' if isinstance(id, str) else ''}. Leave --case out.")
        return content
    by_id = {str(each.get("id")): each for each in content if isinstance(each, dict)}
    if chosen is not None and chosen in by_id:
        return by_id[chosen]
    carts = [id for id, each in by_id.items() if is_worked(each)]
    if not carts:
        raise BadCase(path, ('It is a list without worked carts. Each of them has an id and kind = "cart".',))
    told = ", ".join(carts[:IDS_TOLD]) + (f" and {len(carts) - IDS_TOLD} more" if len(carts) > IDS_TOLD else "")
    if chosen is None and len(carts) == 1:
        return by_id[carts[0]]
    why = "Choose one of its cases" if chosen is None else f"There is no case {chosen:.60} in it. Choose another"
    raise WrongUsage(f"{path}: {why} with --case ID: {told}.")


def _case(table: object, wrong: list[str], now: datetime) -> Case | None:
    if not isinstance(table, dict):
        wrong.append("It is no table. Give currency, ship_to, shipping, codes and lines.")
        return None
    _only("", table, KNOWN, wrong)
    currency = _text(table, "currency", "currency", wrong, needed=True)
    codes = table.get("codes", [])
    typed: tuple[str, ...] = ()
    if not isinstance(codes, list):
        wrong.append('codes is a list of texts, such as ["WELCOME10"].')
    else:
        try:
            typed = edge.checked_codes(codes, Policy().codes_at_most)
        except Refusal as refusal:
            wrong += [f"codes: {one}" for one in refusal.refused]
    shipping, destination = _shipping(table.get("shipping", []), wrong), _destination(table.get("ship_to"), wrong)
    lines = _lines(table.get("lines"), currency, wrong, now)
    cards, choices = _cards(table.get("gift_cards", []), currency, wrong), _choices(table.get("policy", {}), wrong)
    pay_by, shopper = _text(table, "pay_by", "pay_by", wrong) or "", _shopper(table.get("shopper"), wrong)
    at, tried = _moment(table.get("at"), wrong), _experiments(table.get("experiments", {}), wrong)
    return None if currency is None else Case(currency, lines, destination, shipping, typed, cards, choices, pay_by, shopper, at, tried)


def _experiments(value: object, wrong: list[str]) -> Mapping[str, str]:
    """Variants by experiment."""
    if isinstance(value, dict) and all(isinstance(name, str) for name in value.values()):
        return MappingProxyType(value)
    wrong.append('experiments is a table of variants, such as { tea-offer = "tenth" }.')
    return {}


def _moment(value: object, wrong: list[str]) -> datetime | None:
    """The moment it is priced at, in UTC."""
    moment = value
    if isinstance(value, str):  # JSON has no times
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if value is not None and not (isinstance(moment, datetime) and moment.utcoffset() is not None):
        wrong.append("at is a time with its distance from UTC, such as 2026-11-27T17:30:00+01:00.")
    elif isinstance(moment, datetime):
        with suppress(OverflowError):
            return moment.astimezone(UTC)
        wrong.append("at lies beyond the calendar.")
    return None


def _shopper(value: object, wrong: list[str]) -> Shopper:
    """What is known of who buys; nothing, unless it is said."""
    if value is None:
        return UNKNOWN
    if not isinstance(value, dict):
        wrong.append('shopper is a table such as { groups = ["staff"], orders = 0 }.')
        return UNKNOWN
    _only("shopper.", value, ("groups", "orders", "vat_id", "exemptions"), wrong)
    groups, orders = value.get("groups"), value.get("orders")
    if groups is not None and not (isinstance(groups, list) and all(isinstance(group, str) and group for group in groups)):
        wrong.append('shopper.groups is a list of names, such as ["staff"].')
        return UNKNOWN
    if orders is not None and (type(orders) is not int or orders < 0):
        wrong.append("shopper.orders is how many orders they have placed, a whole number, 0 or more.")
        return UNKNOWN
    return Shopper(groups, orders, _exemptions(value.get("exemptions", []), wrong), _vat_id(value.get("vat_id"), wrong))


def _vat_id(value: object, wrong: list[str]) -> VatId | None:
    """A VAT number, checked offline; whoever describes a cart vouches for the rest."""
    if value is None:
        return None
    if not isinstance(value, str):
        wrong.append('shopper.vat_id is a text such as "IE6388047V".')
        return None
    from checkout_cli.wiring import checked_vat_id

    found = checked_vat_id(value)
    if isinstance(found, Refused):
        wrong.append(f"shopper.vat_id: {found}")
        return None
    return found


def _exemptions(value: object, wrong: list[str]) -> tuple[Exemption, ...]:
    """Exemptions from tax, each with its evidence."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        wrong.append('shopper.exemptions is a list of tables such as { evidence = "CERT-1", country = "US", region = "TX" }.')
        return ()
    found, known = list[Exemption](), ("evidence", "country", "region", "categories", "since", "until", "zone", "reason")
    for n, each in enumerate(value, start=1):
        at, before = f"shopper.exemptions[{n}]", len(wrong)
        _only(f"{at}.", each, known, wrong)
        wrong += [f"{at}.{name} is missing." for name in ("evidence", "country") if not each.get(name)]
        try:
            if len(wrong) == before:
                found.append(Exemption(**each))
        except (TypeError, ValueError) as error:
            wrong.append(f"{at}: {error}")
    return tuple(found)


def _shipping(value: object, wrong: list[str]) -> tuple[str, ...]:
    """One method, or several."""
    methods = [value] if isinstance(value, str) else value
    if not isinstance(methods, list) or not all(isinstance(method, str) for method in methods):
        wrong.append('shipping is the id of a method, such as "standard", or a list of ids.')
        return ()
    wrong += [str(one) for method in methods for one in edge.checked_text("shipping", method)]
    if len(set(methods)) != len(methods):
        wrong.append("shipping names a method twice. Name each once.")
    return tuple(methods)


def _cards(value: object, currency: str | None, wrong: list[str]) -> tuple[GiftCard, ...]:
    """The gift cards, their amounts as texts in major units of the cart's currency."""
    if not isinstance(value, list):
        wrong.append('gift_cards is a list of tables such as { id = "GC-1", balance = "25.00" }.')
        return ()
    cards: list[GiftCard] = []
    for n, card in enumerate(value, start=1):
        at = f"gift_cards[{n}]"
        if not isinstance(card, dict):
            wrong.append(f"{at} is a table with an id and a balance.")
            continue
        _only(f"{at}.", card, ("id", "balance", "limit", "tax_rate"), wrong)
        id, before = _text(card, "id", f"{at}.id", wrong, needed=True), len(wrong)
        balance = _amount(card, "balance", at, currency, wrong, needed=True)
        limit, rate = _amount(card, "limit", at, currency, wrong), card.get("tax_rate")
        try:
            tax_rate = None if rate is None else Ratio.parse(rate)
            if id is not None and balance is not None and len(wrong) == before:
                cards.append(GiftCard(id, balance, limit, tax_rate))
        except (BadSetting, ValueError, TypeError) as error:
            wrong.append(f"{at}: {error}" if isinstance(error, BadSetting) else f"{at}.tax_rate: {error}")
    if len({card.id for card in cards}) != len(cards):
        wrong.append("gift_cards: two have one id. Name each once.")
    return tuple(cards)


def _amount(table: Mapping[str, Any], key: str, at: str, currency: str | None, wrong: list[str], *, needed: bool = False) -> int | None:
    """An amount of the cart's currency, in minor units."""
    value = table.get(key)
    if value is None:
        wrong += [f"{at}.{key} is missing."] if needed else []
        return None
    if not isinstance(value, str):
        wrong.append(f'{at}.{key} is a text such as "25.00", not {type(value).__name__}.')
        return None
    if currency is None or currency not in CURRENCIES:
        return None  # told already
    try:
        money = Money.parse(value, currency)
    except ValueError as error:
        wrong.append(f"{at}.{key}: {error}")
        return None
    if money.minor < 0:
        wrong.append(f"{at}.{key}: {value:.40} is negative. Give 0 or more.")
        return None
    return money.minor


def _choices(value: object, wrong: list[str]) -> Mapping[str, object]:
    """The choices of the policy, checked on their own; whether they suit the configuration is seen when both are known."""
    if not isinstance(value, dict):
        wrong.append('policy is a table such as { discount_mode = "half_even" }.')
        return {}
    made = policy_from(value)
    if not isinstance(made, PricingPolicy):
        wrong += [f"policy.{mistake}" for mistake in made]
    return MappingProxyType(value)


def _destination(value: object, wrong: list[str]) -> Destination | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        wrong.append('ship_to is a table such as { country = "DE", postcode = "10119" }.')
        return None
    _only("ship_to.", value, ("country", "region", "postcode"), wrong)
    country = _text(value, "country", "ship_to.country", wrong, needed=True)
    region, postcode = (_text(value, name, f"ship_to.{name}", wrong) for name in ("region", "postcode"))
    if country is not None and country not in COUNTRIES:
        wrong.append(f"ship_to.country: {Refused('unknown-country', country[:20])}")
    return None if country is None else Destination(country, region, postcode)


def _lines(value: object, currency: str | None, wrong: list[str], now: datetime) -> tuple[Line, ...]:
    """The lines, put into a cart one after the other, so that the rules of carts hold for them too."""
    if not isinstance(value, list) or not value:
        wrong.append("There are no lines. Add a [[lines]] with a sku and a quantity.")
        return ()
    cart = open_cart("case", currency or "EUR", None, now)
    if isinstance(cart, Refused):
        wrong.append(f"currency: {cart}")
        return ()
    for n, line in enumerate(value, start=1):
        at = f"lines[{n}]"
        if not isinstance(line, dict):
            wrong.append(f"{at} is a table with a sku and a quantity.")
            continue
        _only(f"{at}.", line, ("sku", "quantity", "options"), wrong)
        sku, quantity = _text(line, "sku", f"{at}.sku", wrong, needed=True), line.get("quantity", 1)
        options = _options(line.get("options", {}), at, wrong)
        if type(quantity) is not int:
            wrong.append(f"{at}.quantity is a whole number, not {type(quantity).__name__}. We sell whole units.")
        elif sku is not None:
            after = add(cart, sku, quantity, options, now, Limits())
            if isinstance(after, Refused):
                wrong.append(f"{at}: {after}")
            else:
                cart = after
    return cart.lines


def _options(value: object, at: str, wrong: list[str]) -> tuple[tuple[str, str], ...]:
    if isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
        return tuple(value.items())
    wrong.append(f'{at}.options is a table of texts, such as {{ glaze = "blue" }}.')
    return ()


def _text(table: Mapping[str, Any], key: str, place: str, wrong: list[str], *, needed: bool = False) -> str | None:
    value = table.get(key)
    if value is None:
        if needed:
            wrong.append(f"{place} is missing.")
        return None
    refused = tuple(edge.checked_text(place, value))
    wrong += [str(one) for one in refused]
    return None if refused else value


def _only(at: str, table: Mapping[str, object], known: Sequence[str], wrong: list[str]) -> None:
    wrong += [f"{at + str(key)[:40]!r} is unknown. Known: {listed(known, 'and')}." for key in table if key not in known]
