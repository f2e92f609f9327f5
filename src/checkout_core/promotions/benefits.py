"""What a promotion gives, as values: one class a way to make things cheaper. Each is pure data that a quote keeps and a receipt shows.

    Percent         so much per hundred of each entry, or of their sum          TieredPercent   the percent grows with the goods total
    AmountOff       an amount off, shared out                                   SetTotal        together they cost so much
    UnitOff         an amount off every unit                                    EntryOff        an amount off every line
    SetPrice        every unit costs so much
    BuyGet          buy some, get others cheaper                                EveryNth        the n-th of each group is cheaper
    Bundle          some of these with some of those cost so much   FreeGift        so many of a SKU come with it, for nothing

`on` says what it works on: `lines` and `shipping` are taken one by one, `order` (all goods) and `order_and_shipping` as a sum. Amounts
are given by currency. None of them ever makes anything dearer, or takes more than there is (RB-68, OB-2, G6).

A host's own benefit is a frozen class with three members (`HostBenefit`), which is asked once for a quote; the quote keeps its answer
(`Told`), so that the price can be worked out again without the class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from inspect import getattr_static
from typing import Final, Literal, NamedTuple, Protocol, TypeGuard, cast, get_args

from attrs import field, frozen, has

from checkout_core.catalog import Product
from checkout_core.errors import BadSetting
from checkout_core.money import MAX_MINOR, Money, Ratio, by_currency

On = Literal["lines", "order", "shipping", "order_and_shipping"]
UnitOrder = Literal["line_order", "price_desc", "price_asc"]
Sort = Literal["price_asc", "price_desc"]
Picking = Literal["vertical", "horizontal"]
Amounts = Mapping[str, Money]


def amounts_of(amounts: Mapping[str, Money] | Iterable[Money]) -> Amounts:
    """Amounts filed under their currencies. ValueError for two in one currency, or one filed under another."""
    return by_currency(amounts, "A promotion")


def skus_of(skus: Iterable[str] | None) -> frozenset[str] | None:
    """A set of ids, or None for all. TypeError for one text, which would be a set of letters."""
    if isinstance(skus, str):
        raise TypeError(f"Give a list of SKUs, not the text {skus!r}.")
    return None if skus is None else frozenset(skus)


def some_skus(skus: Iterable[str]) -> frozenset[str]:
    """A set of ids. TypeError for one text."""
    return skus_of(skus) or frozenset()


@frozen(cache_hash=True)
class Percent:
    """`percent` per hundred. `cap`: at most so much in all. `max_units`: of so many units only, taken in `unit_order`."""

    percent: Ratio
    on: On = "order"
    cap: Amounts = field(default=(), converter=amounts_of, hash=False, kw_only=True)
    max_units: int | None = field(default=None, kw_only=True)
    unit_order: UnitOrder = field(default="line_order", kw_only=True)

    def __attrs_post_init__(self) -> None:
        _percent("percent", self.percent)
        _positive("cap", self.cap)
        _choice("on", self.on, get_args(On))
        _units(self.max_units, self.unit_order)


@frozen
class Tier:
    """From a goods total of `reached` on (by currency; nothing is 0) it is `percent` per hundred."""

    reached: Amounts = field(converter=amounts_of, hash=False)
    percent: Ratio

    def __attrs_post_init__(self) -> None:
        if any(amount.minor < 0 for amount in self.reached.values()):
            raise BadSetting("tiers", "a tier begins below nothing", "Begin at 0 or more.")
        if not 0 <= self.percent.numerator <= 100 * self.percent.denominator:
            raise BadSetting("tiers", f"the percent of a tier is from 0 to 100, not {self.percent}", "Correct it.")


def _tiers(tiers: Iterable[Tier]) -> tuple[Tier, ...]:
    return tuple(tiers)


@frozen(cache_hash=True)
class TieredPercent:
    """A percent that depends on the undiscounted goods: that of the last of `tiers` which their total reaches; below the first, nothing."""

    tiers: tuple[Tier, ...] = field(converter=_tiers)
    on: On = "order"
    cap: Amounts = field(default=(), converter=amounts_of, hash=False, kw_only=True)
    max_units: int | None = field(default=None, kw_only=True)
    unit_order: UnitOrder = field(default="line_order", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not self.tiers:
            raise BadSetting("tiers", "there are none", "Give at least one, or use a plain percent.")
        if len({frozenset(tier.reached) for tier in self.tiers}) != 1:
            raise BadSetting("tiers", "they begin in different currencies", "Give every tier an amount in the same currencies.")
        for currency in self.tiers[0].reached:
            steps = [tier.reached[currency].minor for tier in self.tiers]
            if steps != sorted(set(steps)):
                raise BadSetting("tiers", f"in {currency} they do not rise: {steps}", "Order them, each higher than the one before.")
        _positive("cap", self.cap)
        _choice("on", self.on, get_args(On))
        _units(self.max_units, self.unit_order)

    def percent_at(self, goods: int, currency: str) -> Ratio | None:
        """The percent for goods worth so much; None below the first tier, or in a currency without tiers."""
        found = None
        for tier in self.tiers:
            reached = tier.reached.get(currency)
            if reached is not None and goods >= reached.minor:
                found = tier.percent
        return found


@frozen(cache_hash=True)
class AmountOff:
    """So much off in all, shared out over what it covers."""

    amounts: Amounts = field(converter=amounts_of, hash=False)
    on: On = "order"

    def __attrs_post_init__(self) -> None:
        _positive("amounts", self.amounts, needed=True)
        _choice("on", self.on, get_args(On))


@frozen(cache_hash=True)
class SetTotal:
    """What it covers costs so much together; the difference is shared out. Never a surcharge."""

    amounts: Amounts = field(converter=amounts_of, hash=False)
    on: On = "order"

    def __attrs_post_init__(self) -> None:
        _not_negative("amounts", self.amounts)
        _choice("on", self.on, get_args(On))


@frozen(cache_hash=True)
class UnitOff:
    """So much off every unit, at most its price. `max_units`: off so many units only, taken in `unit_order`."""

    amounts: Amounts = field(converter=amounts_of, hash=False)
    on: On = "lines"
    max_units: int | None = field(default=None, kw_only=True)
    unit_order: UnitOrder = field(default="line_order", kw_only=True)

    def __attrs_post_init__(self) -> None:
        _positive("amounts", self.amounts, needed=True)
        _choice("on", self.on, get_args(On))
        _units(self.max_units, self.unit_order)


@frozen(cache_hash=True)
class EntryOff:
    """So much off every line, or off every carriage, at most what it costs."""

    amounts: Amounts = field(converter=amounts_of, hash=False)
    on: On = "lines"

    def __attrs_post_init__(self) -> None:
        _positive("amounts", self.amounts, needed=True)
        _choice("on", self.on, get_args(On))


@frozen(cache_hash=True)
class SetPrice:
    """Every unit costs so much. Never a surcharge."""

    amounts: Amounts = field(converter=amounts_of, hash=False)
    on: On = "lines"

    def __attrs_post_init__(self) -> None:
        _not_negative("amounts", self.amounts)
        _choice("on", self.on, get_args(On))


@frozen(cache_hash=True)
class BuyGet:
    """With `buy_quantity` units of `buy` in the cart, `get_quantity` units of `get` are `percent` per hundred cheaper (None: any goods).

    Lines are taken in descending amount. A unit counts once only, over all promotions of this kind. Without both quantities nothing
    happens.
    """

    buy_quantity: int
    get_quantity: int
    percent: Ratio = Ratio(100)
    buy: frozenset[str] | None = field(default=None, converter=skus_of, kw_only=True)
    get: frozenset[str] | None = field(default=None, converter=skus_of, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for name, count in (("buy_quantity", self.buy_quantity), ("get_quantity", self.get_quantity)):
            _count(name, count)
        for name, skus in (("buy", self.buy), ("get", self.get)):
            if skus is not None and not skus:
                raise BadSetting(name, "it names no SKU at all, so nothing can ever come of it", "Leave it out to mean any goods.")
        _percent("percent", self.percent)


@frozen(cache_hash=True)
class EveryNth:
    """All units in order of price (`sort`), cut into complete groups of `size`, at most `max_groups`: the chosen ones are cheaper.

    `picking` `vertical`: the `nth` of each group. `horizontal`: over all grouped units in a row as many as there are groups, with `nth` 1
    the first ones, otherwise every `size`-th starting at the `nth`.
    """

    size: int
    nth: int = 1
    percent: Ratio = Ratio(100)
    sort: Sort = field(default="price_asc", kw_only=True)
    picking: Picking = field(default="vertical", kw_only=True)
    max_groups: int | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        _count("size", self.size)
        _count("nth", self.nth)
        if self.nth > self.size:
            raise BadSetting("nth", f"a group of {self.size} has no unit number {self.nth}", "Write a number up to the size.")
        if self.max_groups is not None:
            _count("max_groups", self.max_groups)
        _percent("percent", self.percent)
        _choice("sort", self.sort, get_args(Sort))
        _choice("picking", self.picking, get_args(Picking))


@frozen(cache_hash=True)
class Part:
    """So many units of a bundle, of any of these SKUs."""

    quantity: int
    skus: frozenset[str] = field(converter=some_skus)

    def __attrs_post_init__(self) -> None:
        _count("quantity", self.quantity)
        if not self.skus:
            raise BadSetting("skus", "a part of the bundle names no SKU at all, so there is never one", "Name at least one.")


def _parts(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(parts)


@frozen(cache_hash=True)
class Bundle:
    """Goods of every one of `parts` cost so much together; as often as they are all there and that is cheaper, at most `max_bundles` times.

    The dearest units are taken first. A unit counts once only, over all promotions of this kind and `BuyGet`. What is saved is shared out
    over the units that it took.
    """

    parts: tuple[Part, ...] = field(converter=_parts)
    amounts: Amounts = field(converter=amounts_of, hash=False)
    max_bundles: int | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not self.parts:
            raise BadSetting("parts", "there are none", "Give at least one: a quantity of some SKUs.")
        if twice := sorted(sku for sku, count in Counter(sku for part in self.parts for sku in sorted(part.skus)).items() if count > 1):
            raise BadSetting("parts", f"{twice[0]!r} is in two of them", "Name each SKU in one part.")
        _not_negative("amounts", self.amounts)
        if self.max_bundles is not None:
            _count("max_bundles", self.max_bundles)

    @property
    def skus(self) -> frozenset[str]:
        """All goods that it is about."""
        return frozenset().union(*[part.skus for part in self.parts])


@frozen
class FreeGift:
    """So many units of a SKU come with the order for nothing, at their list price, while there are any in stock (`checkout_core.gifts`).

    They are no part of what the cart has to be worth, or to have in it. The promotion's own goods are those of which one has to be there.
    """

    sku: str
    quantity: int = 1

    def __attrs_post_init__(self) -> None:
        if not self.sku:
            raise BadSetting("sku", "it names no gift", "Give the SKU of what comes with the order.")
        _count("quantity", self.quantity)


class Entry(NamedTuple):
    """A line or a carriage that a host's own benefit covers; amounts are minor units of `currency`, as entered.

    `at` is what an answer calls it, `key` its SKU or method. `original` is what it costs before any discount, `current` what earlier
    promotions left. `product` is what the catalogue says of a line; None for carriage, and where it is not known.
    """

    at: int
    key: str
    quantity: int
    original: int
    current: int
    currency: str
    product: Product | None


Answer = Mapping[int, int] | int
"""What a host's own benefit takes: so much off the entry `at` each position, or a sum, which is shared out over all of them."""


class HostBenefit(Protocol):
    """What a host's own benefit is: a frozen attrs class with these three. It is pure, asks nothing, and its cost is bounded (R25)."""

    @property
    def on(self) -> On:
        """What it works on, always the same."""
        ...

    @property
    def words(self) -> str:
        """What it takes off, in a few words, such as `every line down to whole euros`."""
        ...

    def takes(self, entries: tuple[Entry, ...]) -> Answer:
        """How much it takes off, in minor units: of no entry less than 0 or more than its `current`. Nothing at all is `{}` or 0.

        It may take less than that: what a floor protects stays.
        """
        ...


@frozen(cache_hash=True)
class Told:
    """What a host's own benefit answered, as a quote keeps it: the name of its class, its words, and `shares` of the entries in turn."""

    name: str
    words: str
    on: On
    shares: tuple[int, ...]


Ours = Percent | TieredPercent | AmountOff | SetTotal | UnitOff | EntryOff | SetPrice | BuyGet | EveryNth | Bundle | FreeGift

BENEFITS: Final[tuple[type[Ours], ...]] = cast("tuple[type[Ours], ...]", get_args(Ours))

Benefit = Ours | HostBenefit
"""What a promotion gives."""

Kept = Ours | Told
"""What a quote says that a promotion gave."""

_OURS: Final = frozenset(BENEFITS)

Naming = BuyGet | Bundle
"""Those that name the goods they are about themselves, and of which a unit is used once only."""


def is_ours(benefit: object) -> TypeGuard[Ours]:
    """Whether it is one of the classes above. Asked of every promotion of every quote: one look, and not one for each class."""
    return type(benefit) in _OURS


def not_a_benefit(benefit: object) -> str | None:
    """What keeps this from being a benefit, one of ours or a host's; None: it is one."""
    kind = type(benefit)
    if kind in _OURS:
        return None
    if isinstance(benefit, Ours | Told) or not has(kind):
        return f"{kind.__name__} is no benefit"
    if missing := [name for name in ("on", "words", "takes") if getattr_static(benefit, name, None) is None]:
        return f"{kind.__name__} has no {missing[0]!r}"
    try:
        (found,) = {cast(HostBenefit, benefit)}  # only what has a hash, down to the last field, can be in a set
        on = found.on
    except Exception as error:
        return f"{kind.__name__} is not frozen all through, or does not say what it is on ({type(error).__name__})"
    return None if on in get_args(On) else f"{kind.__name__} is on {on!r}, which is not one of {', '.join(get_args(On))}"


def currencies_of(benefit: Benefit) -> frozenset[str] | None:
    """The currencies it has its amounts in; None: it needs none, and works in all."""
    match benefit:
        case Percent(cap=cap):
            return frozenset(cap) or None
        case TieredPercent(tiers=tiers, cap=cap):
            return frozenset(tiers[0].reached) & frozenset(cap or tiers[0].reached)
        case AmountOff() | SetTotal() | UnitOff() | EntryOff() | SetPrice() | Bundle():
            return frozenset(benefit.amounts)
        case _:
            return None


def _percent(place: str, percent: Ratio) -> None:
    if not isinstance(percent, Ratio):
        raise TypeError(f"A percent is a Ratio, not {type(percent).__name__}. Use Ratio.parse.")
    if not 0 < percent.numerator <= 100 * percent.denominator:
        raise BadSetting(place, f"the percent is more than 0 and at most 100, not {percent}", "Correct it, or leave the promotion out.")


def _positive(place: str, amounts: Amounts, *, needed: bool = False) -> None:
    if needed and not amounts:
        raise BadSetting(place, "there is no amount", "Give one a currency.")
    if any(not 0 < amount.minor <= MAX_MINOR for amount in amounts.values()):
        raise BadSetting(place, "an amount is zero or less", "Write more than zero, or leave it out.")


def _not_negative(place: str, amounts: Amounts) -> None:
    if not amounts:
        raise BadSetting(place, "there is no amount", "Give one a currency.")
    if any(amount.minor < 0 for amount in amounts.values()):
        raise BadSetting(place, "a price is less than zero", "Write zero or more.")


def _count(place: str, count: int) -> None:
    if type(count) is not int or count < 1:
        raise BadSetting(place, f"it is a whole number, at least 1, not {count!r}", "Correct it.")


def _units(max_units: int | None, unit_order: UnitOrder) -> None:
    if max_units is not None:
        _count("max_units", max_units)
    _choice("unit_order", unit_order, get_args(UnitOrder))


def _choice(place: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise BadSetting(place, f"{given!r} is unknown", f"Use one of {', '.join(known)}.")


FREE_SHIPPING: Final = Percent(Ratio(100), "shipping")
"""The whole carriage off."""
