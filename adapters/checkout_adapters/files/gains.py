"""What a promotion of promotions.toml gives: each kind with its own keys, and no others.

percent         percent, on, cap, max_units, unit_order          tiered_percent  tiers, on, cap, max_units, unit_order
fixed           amounts, on                                      set_total       amounts, on
fixed_unit      amounts, on, max_units, unit_order               fixed_line      amounts, on
set_unit        amounts, on                                      free_shipping   nothing more
buy_get         buy, get                                         group_nth       percent, size, nth, sort, picking, max_groups
bundle          parts, amounts, max_bundles                      free_gift       sku, quantity

A host's own kind has the name under which its class is registered (`checkout_core.benefits`); below `with` are the fields of that class.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, cast, get_args

from attrs import fields, frozen, has

from checkout_adapters.files import cells
from checkout_adapters.files.goods import Goods
from checkout_adapters.files.mistakes import shown
from checkout_adapters.files.trees import Table
from checkout_core import plugins
from checkout_core.errors import BadSetting
from checkout_core.money import Money
from checkout_core.promotions import (
    FREE_SHIPPING,
    AmountOff,
    Assortment,
    Benefit,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    FreeGift,
    HostBenefit,
    On,
    Part,
    Percent,
    SetPrice,
    SetTotal,
    Tier,
    TieredPercent,
    UnitOff,
)
from checkout_core.promotions.benefits import Picking, Sort, UnitOrder, not_a_benefit

COUNT_AT_MOST: Final = 1_000_000_000


@frozen
class Known:
    """What the other files say: the goods of products.csv, the methods of shipping.toml and the variants of each experiment of
    experiments.toml; None where that is unclear.
    """

    goods: Goods | None
    methods: Collection[str] | None
    experiments: Mapping[str, Collection[str]] | None = None


@frozen
class Gain:
    """A benefit, and the goods and the carriage that it covers; None is all."""

    benefit: Benefit
    goods: Assortment | None = None
    methods: set[str] | None = None


def read_gain(table: Table, known: Known) -> Gain | None:
    """What the promotion gives; None if that is unclear, which is noted. Only the keys of its kind are known afterwards."""
    hosts = plugins.classes(plugins.BENEFITS)
    kind, before = table.text("kind", cells.one_of("a kind", (*KINDS, *hosts))), len(table.notes.found)
    if kind is None:
        table.pass_over(KEYS)  # whether they fit is unclear
        return None
    try:
        gain = KINDS[kind](table, known) if kind in KINDS else _of_a_host(table, known, hosts[kind])
    except BadSetting as error:
        if len(table.notes.found) == before:  # else it follows from what is told already
            contradiction(table, error)
        return None
    return gain if len(table.notes.found) == before else None


def contradiction(table: Table, error: BadSetting) -> None:
    """Note what the core says against the values of this table, at the key that it names."""
    key = error.place.rpartition(", ")[2]
    key = "when_cancelled" if key == "kept_when_cancelled" else key
    table.wrong(key if table.has(key) else None, f"{error.problem[:1].upper()}{error.problem[1:]}. {error.cure}")


def amounts(table: Table, key: str, *, needed: bool = False, zero: bool = False) -> Mapping[str, Money]:
    """Amounts by currency; nothing where none are given. `zero`: an amount may be zero."""
    below, found = table.table(key, needed=needed), dict[str, Money]()
    for code in below.others() if below is not None else ():
        assert below is not None
        try:
            cells.currency(code)
        except ValueError as error:
            below.wrong(None, str(error))
            continue
        money = below.text(code, cells.amount(code))
        if money is not None and not money and not zero:
            below.wrong(code, "It is zero. Leave the currency out instead.")
        elif money is not None:
            found[code] = money
    return found


def skus(table: Table, known: Known, key: str = "skus", categories: str | None = "categories") -> set[str] | None:
    """The SKUs under that key, with those of the categories; None where neither is named."""
    goods = known.goods
    named, groups = table.texts(key, cells.name, needed=False), table.texts(categories, cells.name, needed=False) if categories else None
    found = set(named or ())
    for n, sku in enumerate(named or ()):
        if goods is not None and sku not in goods.counted:
            table.wrong(key, f"No row of products.csv has the SKU {shown(sku)} (number {n + 1}). Add the product, or take it out.")
    for category in groups or ():
        if goods is not None and category not in goods.categories:
            others = ", ".join(sorted(goods.categories)) or "none"
            table.wrong(categories, f"No row of products.csv has the category {shown(category)}. Known: {others}.")
        elif goods is not None:
            found |= goods.categories[category]
    if goods is None and groups is not None:
        return None  # what they cover is unknown as long as products.csv is: its own mistakes are told
    return found if named is not None or groups is not None else None


def assortment(table: Table, known: Known, within: str = "") -> Assortment | None:
    """The goods that `skus`, `categories` and `attributes` name; None where none of them stands there."""
    named, goods = skus(table, known, categories=None), known.goods
    groups = table.texts("categories", cells.name, needed=False)
    for category in groups or ():
        if goods is not None and category not in goods.categories:
            others = ", ".join(sorted(goods.categories)) or "none"
            table.wrong("categories", f"No row of products.csv has the category {shown(category)}. Known: {others}.")
    attributes = _attributes(table, known)
    if named is None and groups is None and attributes is None:
        return None
    return Assortment(named or (), groups or (), attributes or ())


def _attributes(table: Table, known: Known) -> set[tuple[str, str]] | None:
    """Such as `{ colour = ["red", "blue"] }`: things that have one of these pairs."""
    below = table.table("attributes", needed=False)
    if below is None:
        return None
    found = set[tuple[str, str]]()
    for name in below.others():
        values = below.texts(name, cells.words) or ()
        there = None if known.goods is None else known.goods.attributes.get(name)
        if known.goods is not None and there is None:
            others = ", ".join(sorted(known.goods.attributes)) or "none"
            below.wrong(name, f"products.csv has no column attribute_{name}. Known: {others}.")
        for value in values:
            if there is not None and value not in there:
                below.wrong(name, f"No row of products.csv has {shown(value)} there. Known: {', '.join(sorted(there)[:20])}.")
            found.add((name, value))
    return found


def _percent(table: Table, known: Known) -> Gain | None:
    percent, on = table.text("percent", cells.percent), _on(table, "order")
    cap, units, order = amounts(table, "cap"), _count(table, "max_units"), _unit_order(table)
    covered, ways = assortment(table, known), _methods(table, known, on)
    return None if percent is None else Gain(Percent(percent, on, cap=cap, max_units=units, unit_order=order), covered, ways)


def _tiered(table: Table, known: Known) -> Gain | None:
    tiers, on = [_tier(below) for below in table.tables("tiers")], _on(table, "order")
    cap, units, order = amounts(table, "cap"), _count(table, "max_units"), _unit_order(table)
    covered, ways = assortment(table, known), _methods(table, known, on)
    given = [tier for tier in tiers if tier is not None]
    return Gain(TieredPercent(given, on, cap=cap, max_units=units, unit_order=order), covered, ways)


def _tier(table: Table) -> Tier | None:
    reached, percent = amounts(table, "reached", needed=True, zero=True), table.text("percent", cells.percent_or_zero)
    table.close()
    if table.values.get("reached") == {}:
        table.wrong(
            "reached", 'There is no amount. Give one for each currency, such as EUR = "50.00"; a tier from the start on begins at zero.'
        )
    return None if percent is None else Tier(reached, percent)


def _free_shipping(table: Table, known: Known) -> Gain:
    return Gain(FREE_SHIPPING, assortment(table, known), _methods(table, known, "shipping"))


def _of_a_host(table: Table, known: Known, kind: type) -> Gain | None:
    """The host's benefit, from the table `with`; it covers what `skus`, `categories`, `attributes` and `methods` say."""
    below, covered = table.table("with", needed=False), assortment(table, known)
    if below is None and table.has("with"):
        table.pass_over(["methods"])
        return None
    own = Table(table.notes, table.lines, (*table.path, "with"), {}) if below is None else below
    made, problem, before = None, None, len(table.notes.found)
    try:
        made = made_by_host(own, kind)
    except BadSetting as error:
        contradiction(own, error)
    own.close(where=f"among the fields of {kind.__name__}")
    if made is not None and (problem := not_a_benefit(made)) is not None:
        table.wrong("kind", f"{problem}. A benefit is a frozen attrs class with on, words and takes.")
    if made is None or len(table.notes.found) > before:
        table.pass_over(["methods"])
        return None
    benefit = cast(HostBenefit, made)
    return Gain(benefit, covered, _methods(table, known, benefit.on))


def made_by_host(table: Table, kind: type) -> object | None:
    """A host's class made with the values of the table; what it raises for them is noted, not passed on."""
    if not has(kind):
        message = f"{kind.__name__} is no attrs class, so its keys are not known. Make it one, with @frozen."
        table.wrong("kind" if table.has("kind") else None, message)
        table.pass_over(table.others())
        return None
    table.pass_over(a.name for a in fields(kind) if a.init)
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in table.values.items() if name != "kind"}
    if table.others():
        return None  # told when the table is closed
    try:
        made: object = kind(**given)
    except BadSetting:
        raise
    except Exception as error:  # whatever a host's class raises: a file is told of, never fallen over
        table.wrong(None, f"{kind.__name__} does not take these values: {error}".rstrip(".") + ". Correct them.")
        return None
    return made


_ByAmount = type[AmountOff] | type[SetTotal] | type[EntryOff] | type[SetPrice]


def _by_amount(kind: _ByAmount, default: On, *, zero: bool = False) -> Callable[[Table, Known], Gain | None]:
    def read(table: Table, known: Known) -> Gain:
        given, on = amounts(table, "amounts", needed=True, zero=zero), _on(table, default)
        covered, ways = assortment(table, known), _methods(table, known, on)
        return Gain(kind(given, on), covered, ways)

    return read


def _fixed_unit(table: Table, known: Known) -> Gain:
    given, on = amounts(table, "amounts", needed=True), _on(table, "lines")
    units, order = _count(table, "max_units"), _unit_order(table)
    covered, ways = assortment(table, known), _methods(table, known, on)
    return Gain(UnitOff(given, on, max_units=units, unit_order=order), covered, ways)


def _buy_get(table: Table, known: Known) -> Gain | None:
    buy, get = table.table("buy"), table.table("get")
    if buy is None or get is None:
        return None
    bought, cheaper = skus(buy, known), skus(get, known)
    counts = [below.whole("quantity", least=1, most=COUNT_AT_MOST) for below in (buy, get)]
    percent = get.text("percent", cells.percent, needed=False) or FREE_SHIPPING.percent
    buy.close()
    get.close()
    if counts[0] is None or counts[1] is None:
        return None
    return Gain(BuyGet(counts[0], counts[1], percent, buy=bought, get=cheaper))


def _group_nth(table: Table, known: Known) -> Gain | None:
    percent, size = table.text("percent", cells.percent), table.whole("size", least=1, most=COUNT_AT_MOST)
    nth, most, covered = _count(table, "nth"), _count(table, "max_groups"), assortment(table, known)
    sort: Sort = table.text("sort", cells.one_of("an order", get_args(Sort)), needed=False) or "price_asc"
    picking: Picking = table.text("picking", cells.one_of("a way to pick", get_args(Picking)), needed=False) or "vertical"
    if percent is None or size is None:
        return None
    return Gain(EveryNth(size, nth or 1, percent, sort=sort, picking=picking, max_groups=most), covered)


def _bundle(table: Table, known: Known) -> Gain:
    parts = list[Part]()
    for below in table.tables("parts"):
        quantity, goods = below.whole("quantity", least=1, most=COUNT_AT_MOST), skus(below, known)
        if goods is None and not below.has("skus") and not below.has("categories"):
            below.wrong(None, "It names no goods. Give skus or categories.")
        below.close()
        if quantity is not None and goods:
            parts.append(Part(quantity, goods))
    given, most = amounts(table, "amounts", needed=True, zero=True), _count(table, "max_bundles")
    return Gain(Bundle(parts, given, max_bundles=most))


def _free_gift(table: Table, known: Known) -> Gain | None:
    sku, quantity = table.text("sku", cells.name), _count(table, "quantity")
    if sku is not None and known.goods is not None and sku not in known.goods.counted:
        table.wrong("sku", f"No row of products.csv has the SKU {shown(sku)}. Add the product, or give away another.")
    covered = assortment(table, known)
    return None if sku is None else Gain(FreeGift(sku, quantity or 1), covered)


def _on(table: Table, default: On) -> On:
    on: On = table.text("on", cells.one_of("what a promotion works on", get_args(On)), needed=False) or default
    return on


def _count(table: Table, key: str) -> int | None:
    return table.whole(key, least=1, most=COUNT_AT_MOST, needed=False)


def _unit_order(table: Table) -> UnitOrder:
    order: UnitOrder = table.text("unit_order", cells.one_of("an order", get_args(UnitOrder)), needed=False) or "line_order"
    if table.has("unit_order") and not table.has("max_units"):
        table.wrong("unit_order", "It says which units come first, and all are covered. Give max_units, or leave it out.")
    return order


def _methods(table: Table, known: Known, on: On) -> set[str] | None:
    """The methods whose carriage it covers."""
    named = table.texts("methods", cells.name, needed=False)
    if table.has("methods") and on not in ("shipping", "order_and_shipping"):
        table.wrong(
            "methods", f"It takes nothing off carriage, but off {on}. Leave methods out, or give on as shipping or order_and_shipping."
        )
    for method in named or ():
        if known.methods is not None and method not in known.methods:
            others = ", ".join(sorted(known.methods)) or "none"
            table.wrong("methods", f"shipping.toml has no method {shown(method)}. Known: {others}.")
    return None if named is None else set(named)


KINDS: Final[Mapping[str, Callable[[Table, Known], Gain | None]]] = {
    "percent": _percent,
    "fixed": _by_amount(AmountOff, "order"),
    "free_shipping": _free_shipping,
    "tiered_percent": _tiered,
    "set_total": _by_amount(SetTotal, "order", zero=True),
    "fixed_unit": _fixed_unit,
    "fixed_line": _by_amount(EntryOff, "lines"),
    "set_unit": _by_amount(SetPrice, "lines", zero=True),
    "buy_get": _buy_get,
    "group_nth": _group_nth,
    "bundle": _bundle,
    "free_gift": _free_gift,
}
KEYS: Final = (
    *("percent", "amounts", "tiers", "on", "cap", "max_units", "unit_order", "skus", "categories", "attributes", "methods"),
    *("with", "buy", "get", "size", "nth", "sort", "picking", "max_groups", "parts", "max_bundles", "sku", "quantity"),
)
