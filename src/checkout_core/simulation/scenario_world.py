"""The world of a scenario, read from its table: what is for sale, how much of it lies where, and how the shop and its gateway are made.

A world is told in the scenario itself, or taken from the files of a shop. In one that is told, every price has 20 % of tax in it wherever
it goes, and there is one way to send, `standard`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Protocol, get_args

from attrs import evolve, fields, frozen

from checkout_core import plugins
from checkout_core.catalog import Product
from checkout_core.checkout import Deadlines
from checkout_core.customers import COUNTRIES, canonical_code
from checkout_core.errors import Misconfigured
from checkout_core.holds import Stock
from checkout_core.memory import MemoryCatalog
from checkout_core.money import CURRENCIES, Money, Ratio
from checkout_core.payments import Capabilities
from checkout_core.policy import Policy
from checkout_core.promotions import AmountOff, FreeGift, Percent, Promotion, Window
from checkout_core.script_table import Table, near, shown
from checkout_core.scripts import Script
from checkout_core.shipping import Band, ShippingMethod, ShippingTable, Zone
from checkout_core.simulation.scenarios import GatewayTerms, World
from checkout_core.tax import TaxRate, TaxRow, TaxTable
from checkout_core.tax_provider import TaxOutage

PRODUCTS_AT_MOST, COUPONS_AT_MOST, CARDS_AT_MOST, PROCESSES_AT_MOST, DAY = 500, 100, 100, 16, 24 * 3600  # (R25)
STANDARD: Final = "standard"


@frozen
class Wrong:
    """Why something that a scenario names cannot be had: what is wrong with it and what to do, a sentence each without its full stop."""

    mistakes: tuple[str, ...]


@frozen
class Goods:
    """A shop that lies elsewhere: what it sells, what lies where, and its locations in the order in which they are used."""

    catalog: MemoryCatalog
    stock: tuple[tuple[Stock, int], ...]
    locations: tuple[str, ...] = ("main",)


class Parts(Protocol):
    """Where a scenario's parts come from. Whoever reads scenarios knows files and adapters; the core does not."""

    def script(self, path: str) -> Script | Wrong:
        """The script in that file."""
        ...

    def shop(self, folder: str) -> Goods | Wrong:
        """The shop in that folder."""
        ...

    def adapter(self, port: str, name: str) -> Wrong | None:
        """What is wrong with that adapter of a port (`storage`, `gateway`); None if it can be had."""
        ...


@frozen
class Alone:
    """No parts: a scenario that is read from a plain table tells all of it."""

    def script(self, path: str) -> Script | Wrong:
        return Wrong((f"{shown(path)} cannot be read here: write the script into the scenario, as a table [journeys.NAME]",))

    def shop(self, folder: str) -> Goods | Wrong:
        return Wrong((f"{shown(folder)} cannot be read here: write the goods into the scenario, as tables [[world.products]]",))

    def adapter(self, port: str, name: str) -> Wrong | None:
        return Wrong((f"{shown(name)} cannot be had here: give the {port} to whoever runs the scenario, and leave it out",))


def world_of(table: Table, parts: Parts) -> World | None:
    """The world that this table tells; None if there is a mistake in it, which is noted there."""
    before = len(table.mistakes)
    currency = table.currency(default="EUR")
    goods = _shop(table, parts, currency) if table.has("shop") else _told(table, currency)
    default = World(goods.catalog)
    world = evolve(
        default,
        stock=goods.stock,
        cards=_gift_cards(table, currency),
        currency=currency,
        policy=_policy(table, goods.locations),
        gateway=_gateway(table.table("gateway")),
        processes=table.whole("processes", 1, PROCESSES_AT_MOST) or default.processes,
        workers=table.whole("workers", 1, PROCESSES_AT_MOST) or default.workers,
        notifier=table.flag("notifier", default=default.notifier),
        tax_provider=table.has("tax_provider"),
        starts=table.moment("starts") or default.starts,
        skew=table.whole("skew", 0, DAY) or default.skew,
        steps=table.flag("steps"),
    )
    table.over()
    return world if len(table.mistakes) == before else None


def _policy(table: Table, locations: tuple[str, ...]) -> Policy:
    default = World(MemoryCatalog(())).policy
    hold_at = table.choice("hold_at", ("pay", "begin")) or default.hold_at
    capture = table.choice("capture", ("with-authorize", "after-placing")) or default.capture
    deadlines = _deadlines(table.table("deadlines"), default.deadlines)
    outage = table.choice("tax_provider", get_args(TaxOutage)) or default.tax_outage
    said = {"locations": locations, "hold_at": hold_at, "capture": capture, "deadlines": deadlines, "tax_outage": outage}
    said["unpaid_at_most"] = table.whole("unpaid_at_most", 1, 10**6) or None
    return evolve(default, **said)  # type: ignore[arg-type]


def _deadlines(table: Table, default: Deadlines) -> Deadlines:
    said = {one.name: table.whole(one.name, 1, 400 * DAY) or getattr(default, one.name) for one in fields(Deadlines)}
    table.over()
    made = Deadlines(**said)
    if made.hold_at_most < made.hold_for:
        table.wrong('"hold_at_most" is less than "hold_for": goods would be held for a shorter time once they are being paid. Raise it')
    return made


@frozen
class _Declared:
    """A gateway as far as start-up looks at it."""

    name: str
    capabilities: Capabilities


def _gateway(table: Table) -> GatewayTerms:
    """The terms, if a shop would start with them: the rule that refuses a gateway that could charge twice is the shop's own."""
    default = GatewayTerms()
    said: dict[str, bool | int | None] = {}
    for one in fields(GatewayTerms):
        known = getattr(default, one.name)
        if isinstance(known, bool):
            said[one.name] = table.flag(one.name, default=known)
        else:
            given = table.whole(one.name, 0 if one.name == "settle_window" else 1, 400 * DAY)
            said[one.name] = known if given is None else given
    table.over()
    terms = GatewayTerms(**said)  # type: ignore[arg-type]
    can = Capabilities(
        frozenset({"card", "upi"}),
        capture_with_authorize=terms.capture_with_authorize,
        capture_later=terms.capture_later,
        idempotent_keys=terms.idempotent_keys,
        tombstone=terms.tombstone,
        settle_window=terms.settle_window,
        call_timeout=terms.call_timeout,
    )
    try:
        plugins.check([_Declared("the gateway", can)], production=False)
    except Misconfigured as error:
        captures = can.capture_with_authorize or can.capture_later
        cure = "set idempotent_keys or tombstone, or give it a settle_window" if captures else "set one of the two"
        table.wrong(f"{str(error).replace(repr('the gateway'), 'it').rstrip('.')}. No shop would start with it: {cure}")
    return terms


# Goods.
def _shop(table: Table, parts: Parts, currency: str) -> Goods:
    """The goods of a shop that lies elsewhere; what is told as well would be told twice."""
    folder = table.text("shop")
    for word in ("products", "coupons", "gifts", "shipping", "locations"):
        table.known.append(word)
        if table.has(word):
            table.wrong(f'"{word}" does not go with "shop": the shop has its own. Leave one of the two out')
    if folder is None:
        return _NOTHING
    found = parts.shop(folder)
    if isinstance(found, Wrong):
        for mistake in found.mistakes:
            table.wrong(f'"shop": {mistake}')
        return _NOTHING
    if all(product.price_in(currency) is None for product in found.catalog.items.values()):
        priced = sorted({code for product in found.catalog.items.values() for code in product.prices})
        table.wrong(f"nothing in this shop has a price in {currency}. Use one of {', '.join(priced) or 'another shop'}")
    return found


def _told(table: Table, currency: str) -> Goods:
    """The goods that the scenario itself tells."""
    table.known.append("shop")
    locations = table.texts("locations") or ("main",)
    if len(set(locations)) != len(locations):
        table.wrong('"locations" names one of them twice. Name each once')
        locations = tuple(dict.fromkeys(locations))
    products, stock, coupons = dict[str, Product](), list[tuple[Stock, int]](), dict[str, Promotion]()
    rows = table.tables("products", PRODUCTS_AT_MOST)
    for row in rows:
        product = _product(row, currency)
        if product is not None and product.sku in products:
            row.wrong(f'"sku": {shown(product.sku)} is sold already. Give each product its own')
        elif product is not None:
            products[product.sku] = product
            stock += _stock(row, product, locations)
        row.over()
    if not rows:
        table.wrong('there is nothing to sell: add tables [[world.products]], or name a folder as "shop"')
    for row in table.tables("coupons", COUPONS_AT_MOST):
        coupon = _coupon(row, currency)
        if coupon is not None and coupon.id in coupons:
            row.wrong(f'"code": {shown(coupon.code)} is there already. Give each coupon its own')
        elif coupon is not None:
            coupons[coupon.id] = coupon
        row.over()
    for row in table.tables("gifts", COUPONS_AT_MOST):
        gift = _gift(row, currency)
        if gift is not None and gift.id in coupons:
            row.wrong('"sku" is given away already. Give each gift once')
        elif gift is not None and gift.benefit.sku not in products:  # type: ignore[union-attr]
            row.wrong(f'"sku": {shown(gift.benefit.sku)} is not sold here{near(gift.benefit.sku, products)}. Sell it, with its stock')  # type: ignore[union-attr]
        elif gift is not None:
            coupons[gift.id] = gift
        row.over()
    carriage = table.money("shipping", currency) or (Money.zero(currency) if currency in CURRENCIES else None)
    if carriage is None:
        return _NOTHING
    return Goods(MemoryCatalog(products.values(), coupons.values(), _flat_tax(), _one_way(carriage)), tuple(stock), locations)


def _product(row: Table, currency: str) -> Product | None:
    sku, name = row.need("sku"), row.text("name")
    price = row.money("price", currency)
    if not row.has("price"):
        row.wrong('"price" is missing')
    row.known.append("stock")
    weight, tracked = row.whole("weight", 0) or 0, not row.flag("untracked")
    return Product(sku, name or sku, [price], weight=weight, tracked=tracked) if sku and price is not None else None


def _stock(row: Table, product: Product, locations: Sequence[str]) -> list[tuple[Stock, int]]:
    """What lies where: a number lies at the first location, a table names each."""
    if not product.tracked:
        if row.has("stock"):
            row.wrong('"stock" does not go with "untracked": such a thing never runs out. Leave one of the two out')
        return []
    if not isinstance(row.rows.get("stock"), dict):
        return [(Stock(product.sku, locations[0]), row.need_whole("stock", 0))]
    table = row.table("stock")
    for place in table.rows:
        if place not in locations:
            table.wrong(f"{shown(place)} is no location of this world{near(place, locations)}. Use one of {', '.join(locations)}")
    table.known += table.rows
    return [(Stock(product.sku, place), table.whole(place, 0) or 0) for place in table.rows if place in locations]


def _coupon(row: Table, currency: str) -> Promotion | None:
    typed, percent = row.need("code"), _percent(row)
    amount = row.money("amount", currency)
    limit, per_person, a_day = _uses(row, "limit"), _uses(row, "per_person"), _uses(row, "a_day")
    budget = row.money("budget", currency)
    starts, ends = row.moment("starts"), row.moment("ends")
    if row.has("percent") == row.has("amount"):
        row.wrong('a coupon takes off a "percent" or an "amount": give one of the two')
    if not typed or (percent is None) == (amount is None):
        return None
    try:
        code = canonical_code(typed)
        return Promotion(
            code.lower(),
            code,
            Percent(percent) if percent is not None else AmountOff(() if amount is None else (amount,)),
            code=code,
            starts=starts,
            ends=ends,
            limit=limit,
            per_person=per_person,
            window=None if a_day is None else Window(a_day, "day"),
            budget=() if budget is None else (budget,),
        )
    except ValueError as error:
        row.wrong(str(error).rstrip("."))
        return None


def _gift(row: Table, currency: str) -> Promotion | None:
    """Some units of a SKU for nothing, with every cart that is worth so much."""
    sku, units, minimum = row.need("sku"), row.whole("units", 1, 1000), row.money("minimum", currency)
    if not sku:
        return None
    return Promotion(f"gift {sku}", f"{sku} as a gift", FreeGift(sku, units or 1), minimum=() if minimum is None else (minimum,))


def _gift_cards(table: Table, currency: str) -> tuple[tuple[str, Money], ...]:
    """The gift cards that people have at the start, by their numbers."""
    found = dict[str, Money]()
    for row in table.tables("gift_cards", CARDS_AT_MOST):
        number, worth = row.gift_card("number"), row.money("balance", currency)
        if not row.has("balance"):
            row.wrong('"balance" is missing')
        if number in found:
            row.wrong('"number" is there already. Give each gift card its own')
        elif number and worth is not None:
            if worth.minor <= 0:
                row.wrong('"balance" is more than nothing')
            found[number] = worth
        row.over()
    return tuple(found.items())


def _percent(row: Table) -> Ratio | None:
    if isinstance(row.rows.get("percent"), int):
        given = row.whole("percent", 1, 100)
        return None if given is None else Ratio(given)
    text = row.text("percent")
    try:
        return None if text is None else Ratio.parse(text)
    except ValueError:
        row.wrong('"percent" is a number such as 10 or "12.5"')
        return None


def _uses(row: Table, word: str) -> int | None:
    if row.rows.get(word) == 0:
        row.known.append(word)
        row.wrong(f'"{word}" is 0, so nobody could ever use it. Give it a use, or leave the coupon out')
        return None
    return row.whole(word, 1)


@lru_cache
def _flat_tax() -> TaxTable:
    rate = TaxRate("TAX", Ratio(20, 100), included=True)
    return TaxTable(TaxRow(country, None, STANDARD, (rate,), "the same in every simulated country") for country in sorted(COUNTRIES))


def _one_way(price: Money) -> ShippingTable:
    anywhere = Zone(COUNTRIES, (Band(10**9, [price]),))
    return ShippingTable([ShippingMethod(STANDARD, "Standard", [anywhere])])


_NOTHING: Final = Goods(MemoryCatalog(()), ())
