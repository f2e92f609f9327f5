"""What a promotion takes off, in a few plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from checkout_core.money import Money, Ratio
from checkout_core.promotions import (
    FREE_SHIPPING,
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    FreeGift,
    Kept,
    On,
    Percent,
    SetPrice,
    SetTotal,
    TieredPercent,
    UnitOff,
)

SKUS_NAMED: Final = 3
"""More SKUs than this are counted, not named."""

_ALL: Final[Mapping[On, str]] = {
    "lines": "the goods",
    "order": "the order",
    "shipping": "the carriage",
    "order_and_shipping": "the order with its carriage",
}
_SOME: Final[Mapping[On, str]] = {
    "lines": "the goods it covers",
    "order": "the goods it covers",
    "shipping": "the carriage it covers",
    "order_and_shipping": "what it covers",
}
_FIRST: Final = {"line_order": "", "price_asc": ", cheapest first", "price_desc": ", dearest first"}
_FROM: Final = {"price_asc": "cheapest", "price_desc": "dearest"}
_NTH: Final = {1: "st", 2: "nd", 3: "rd"}


def benefit_words(benefit: Benefit | Kept, currency: str | None = None, *, everything: bool = True) -> str:
    """Such as `10 % off the order` or `buy 2 of MUG, get 1 of TEA free`. Amounts in all currencies, or in `currency` alone.

    `everything` False: it covers some goods or some carriage only, which are not named here.
    """
    whole = _ALL if everything else _SOME
    match benefit:
        case Percent() if everything and benefit == FREE_SHIPPING:
            return "free carriage"
        case Percent(percent=percent):
            return f"{percent} % off {_what(benefit, whole)}{_capped(benefit.cap, currency)}"
        case TieredPercent(tiers=tiers):
            first, *others = [(tier.percent, _from(tier.reached, currency)) for tier in tiers]
            rest = "".join(f", {percent} %{start}" for percent, start in others)
            return f"{first[0]} % off {_what(benefit, whole)}{first[1]}{rest}{_capped(benefit.cap, currency)}"
        case AmountOff(amounts=amounts, on=on):
            return f"{_money(amounts, currency)} off {whole[on]}"
        case SetTotal(amounts=amounts, on=on):
            return f"{_money(amounts, currency)} for {whole[on]}"
        case UnitOff(amounts=amounts, on=on):
            each = _each("unit", on) if benefit.max_units is None else f"each of at most {_units(benefit)}"
            return f"{_money(amounts, currency)} off {each}"
        case EntryOff(amounts=amounts, on=on):
            return f"{_money(amounts, currency)} off {_each('line', on)}"
        case SetPrice(amounts=amounts, on=on):
            return f"{_money(amounts, currency)} for {_each('unit', on)}"
        case BuyGet():
            bought = f"{benefit.buy_quantity}{_of(benefit, benefit.buy)}"
            return f"buy {bought}, get {benefit.get_quantity}{_of(benefit, benefit.get)}{_cheaper(benefit.percent)}"
        case EveryNth():
            return _every_nth(benefit)
        case Bundle(parts=parts, amounts=amounts):
            most = "" if benefit.max_bundles is None else f", at most {benefit.max_bundles} in all"
            together = " with ".join([f"{part.quantity}{_named(part.skus)}" for part in parts])
            return f"{together} for {_money(amounts, currency)}{most}"
        case FreeGift(sku=sku, quantity=quantity):
            return f"{quantity} {sku} as a gift"
        case _:
            return benefit.words


def _what(benefit: Percent | TieredPercent, whole: Mapping[On, str]) -> str:
    if benefit.max_units is not None:
        return f"at most {_units(benefit)}"
    return "each line" if benefit.on == "lines" else whole[benefit.on]


def _each(what: str, on: On) -> str:
    if on == "shipping":
        return "each parcel"
    return f"each {what} and parcel" if on == "order_and_shipping" else f"each {what}"


def _units(benefit: Percent | TieredPercent | UnitOff) -> str:
    assert benefit.max_units is not None
    return f"{benefit.max_units} unit{'' if benefit.max_units == 1 else 's'}{_FIRST[benefit.unit_order]}"


def _money(amounts: Mapping[str, Money], currency: str | None) -> str:
    wanted = [amounts[currency]] if currency is not None and currency in amounts else amounts.values()
    return " or ".join(map(str, wanted))


def _from(reached: Mapping[str, Money], currency: str | None) -> str:
    starts = _money({code: amount for code, amount in reached.items() if amount}, currency)
    return f" from {starts}" if starts else ""


def _capped(cap: Mapping[str, Money], currency: str | None) -> str:
    return f", at most {_money(cap, currency)} in all" if cap else ""


def _of(benefit: BuyGet, skus: frozenset[str] | None) -> str:
    if skus is None:
        return "" if benefit.buy == benefit.get else " of anything"
    return _named(skus)


def _named(skus: frozenset[str]) -> str:
    return f" of {' or '.join(sorted(skus))}" if len(skus) <= SKUS_NAMED else f" of {len(skus)} products"


def _cheaper(percent: Ratio) -> str:
    return " free" if percent == Ratio(100) else f" {percent} % off"


def _every_nth(benefit: EveryNth) -> str:
    """`horizontal` with the first of each group means the first units of all; with any other it chooses as `vertical` does."""
    most = "" if benefit.max_groups is None else f", at most {benefit.max_groups} in all"
    end = _FROM[benefit.sort]
    if benefit.picking == "horizontal" and benefit.nth == 1:
        return f"for every {benefit.size} units 1{_cheaper(benefit.percent)}, the {end} of all{most}"
    if benefit.nth == benefit.size:
        return f"every {_ordinal(benefit.nth)} unit{_cheaper(benefit.percent)}, counted from the {end}{most}"
    return f"the {_ordinal(benefit.nth)} of every {benefit.size} units{_cheaper(benefit.percent)}, counted from the {end}{most}"


def _ordinal(number: int) -> str:
    return f"{number}{'th' if 10 < number % 100 < 14 else _NTH.get(number % 10, 'th')}"
