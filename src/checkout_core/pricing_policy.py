"""What a shop may choose about its arithmetic: every rounding, level, basis and order that changes a price, each by name.

Nothing here is global. A policy is an argument of `price`, part of every quote and its hash, and printed on the receipt (RB-49, RB-59,
G15). The defaults are what most shops do; `docs/pricing-policies.md` shows each choice with worked numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, get_args

from attrs import evolve, field, frozen

from checkout_core.errors import BadSetting
from checkout_core.money import ALLOCATIONS, ROUNDINGS, Allocation, Rounding
from checkout_core.tax import DEFAULT, TAX_CHOICES, TaxPolicy

DiscountTarget = Literal["discount", "price"]
PercentLineLevel = Literal["line", "unit"]
PercentOrderLevel = Literal["order", "line"]
AllocationBasis = Literal["price", "gross", "original"]
Stacking = Literal["sequential", "parallel"]
ShippingTax = Literal["own", "highest", "weighted"]
PricesKeep = Literal["gross", "net"]


@frozen
class CashRounding:
    """The smallest coin, in minor units, and the rounding of the amount due to a multiple of it (Switzerland: 5, `half_up`)."""

    increment: int
    mode: Rounding = "half_up"

    def __attrs_post_init__(self) -> None:
        if type(self.increment) is not int or self.increment < 1:
            raise BadSetting("cash.increment", f"the smallest coin is a whole number of minor units, not {self.increment!r}", "Write 5.")
        _one_of("cash.mode", self.mode, ROUNDINGS)


@frozen(cache_hash=True)
class PricingPolicy:
    """The choices of a shop that change what a cart costs. Raises `BadSetting` for a value that is unknown or contradicts another.

    - `tax`: what is taxed and how it is rounded (`TaxPolicy`).
    - `discount_mode`: the rounding of a percent discount. `discount_target`: is the `discount` rounded, or the reduced `price`?
    - `percent_line_level`: a percent of lines is taken of the `line`, or of the `unit` price, rounded, times the quantity (RB-50).
    - `percent_order_level`: a percent of the order is taken of the sum and allocated (`order`), or of each `line`, rounded (RB-55).
    - `allocation`: who gets the spare minor units when a discount is split (`money.allocate`); `allocation_mode`: the rounding of the
      methods that round; `allocation_basis`: in proportion to the `price` as entered after earlier discounts, to that with added tax
      (`gross`), or to the undiscounted amount (`original`).
    - `stacking`: percents of what earlier promotions left (`sequential`) or of the undiscounted amount (`parallel`).
    - `shipping_tax`: carriage is taxed by its `own` category, by the `highest` rate among the goods, or by all of them, `weighted` by
      what the goods cost before discounts.
    - `prices_keep`: where other tax is due than at home, prices with tax inside stay as they are (`gross`), or what they are without
      tax stays, and the price changes (`net`), rounded by the unit with the tax's mode.
    - `cash`: rounds the amount due to a coin; None pays to the minor unit.
    """

    tax: TaxPolicy = DEFAULT
    discount_mode: Rounding = "half_up"
    allocation: Allocation = "largest_remainder"
    discount_target: DiscountTarget = field(default="discount", kw_only=True)
    percent_line_level: PercentLineLevel = field(default="line", kw_only=True)
    percent_order_level: PercentOrderLevel = field(default="order", kw_only=True)
    allocation_mode: Rounding = field(default="half_up", kw_only=True)
    allocation_basis: AllocationBasis = field(default="price", kw_only=True)
    stacking: Stacking = field(default="sequential", kw_only=True)
    cash: CashRounding | None = field(default=None, kw_only=True)
    shipping_tax: ShippingTax = field(default="own", kw_only=True)
    prices_keep: PricesKeep = field(default="gross", kw_only=True)

    def __attrs_post_init__(self) -> None:
        for name, known in CHOICES.items():
            _one_of(name, getattr(self, name), known)


CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "discount_mode": ROUNDINGS,
    "discount_target": get_args(DiscountTarget),
    "percent_line_level": get_args(PercentLineLevel),
    "percent_order_level": get_args(PercentOrderLevel),
    "allocation": ALLOCATIONS,
    "allocation_mode": ROUNDINGS,
    "allocation_basis": get_args(AllocationBasis),
    "stacking": get_args(Stacking),
    "shipping_tax": get_args(ShippingTax),
    "prices_keep": get_args(PricesKeep),
}
"""The values of each setting that is a choice, the default first or among them."""


def _one_of(name: str, given: object, known: tuple[str, ...]) -> None:
    if given not in known:
        raise BadSetting(name, f"{given!r} is unknown", f"Use one of {', '.join(known)}.")


# By name, as files have them.
TAX_SETTINGS: Final[Mapping[str, str]] = {
    "tax_level": "level",
    "tax_mode": "mode",
    "tax_target": "target",
    "tax_components": "components",
    "tax_increment": "increment",
    "tax_base": "base",
    "order_tax_allocation": "order_shares",
    "discount_line_tax": "discount_tax",
}
"""The settings that fill a field of `TaxPolicy`, and which."""

SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    **{name: TAX_CHOICES.get(own, ()) for name, own in TAX_SETTINGS.items()},
    **CHOICES,
    "cash": (),
}
"""Every setting by its one name, with the values of those that are a choice. `tax_increment` is a number, `cash` a table (`Setting`)."""

Setting = str | int | Mapping[str, str | int] | None
"""A choice, a number of minor units, or a table with an `increment` and a `mode`; None is no cash rounding."""

_POLICY: Final = PricingPolicy()


def policy_from(given: Mapping[str, object], base: PricingPolicy = _POLICY) -> PricingPolicy | tuple[BadSetting, ...]:
    """`base` with the settings given by name; or everything that is wrong with them, each at its name.

    `cash` is a table such as {"increment": 5, "mode": "half_up"}, or "none" to take that of the base away.
    """
    wrong = tuple(_wrong_with(given))
    if wrong:
        return wrong
    tax = {TAX_SETTINGS[name]: value for name, value in given.items() if name in TAX_SETTINGS}
    own = {name: value for name, value in given.items() if name in CHOICES}
    if "cash" in given:
        own["cash"] = _cash(given["cash"])
    change_tax: Callable[..., TaxPolicy] = evolve
    change: Callable[..., PricingPolicy] = evolve
    try:
        return change(base, tax=change_tax(base.tax, **tax), **own)
    except BadSetting as error:  # each is fine by itself, but not with the others
        names = {f"tax {field}": name for name, field in TAX_SETTINGS.items()}
        return (BadSetting(names.get(error.place, error.place), error.problem, error.cure),)


def settings_of(policy: PricingPolicy) -> dict[str, Setting]:
    """All choices of a policy by their names; `policy_from` makes the same policy of them."""
    found: dict[str, Setting] = {name: getattr(policy.tax, own) for name, own in TAX_SETTINGS.items()}
    found |= {name: getattr(policy, name) for name in CHOICES}
    cash = policy.cash
    return found | {"cash": None if cash is None else {"increment": cash.increment, "mode": cash.mode}}


def _wrong_with(given: Mapping[str, object]) -> Iterator[BadSetting]:
    for name, value in given.items():
        if name not in SETTINGS:
            yield BadSetting(f"{name!s:.40}", "there is no such setting", f"Use one of {', '.join(SETTINGS)}.")
        elif name == "tax_increment":
            yield from _wrong_number(name, value)
        elif name == "cash":
            yield from _wrong_cash(value)
        elif value not in SETTINGS[name]:
            yield BadSetting(name, f"{_shown(value)} is unknown", f"Use one of {', '.join(SETTINGS[name])}.")


def _wrong_cash(value: object) -> Iterator[BadSetting]:
    if value is None or value == "none":
        return
    if not isinstance(value, Mapping):
        problem = f"it is a table with an increment and a mode, not {_shown(value)}"
        yield BadSetting("cash", problem, 'Write { increment = 5, mode = "half_up" }, or "none".')
        return
    for name in value:
        if name not in ("increment", "mode"):
            yield BadSetting(f"cash.{name!s:.40}", "there is no such setting", "Use increment and mode.")
    yield from _wrong_number("cash.increment", value.get("increment"))
    if value.get("mode", "half_up") not in ROUNDINGS:
        yield BadSetting("cash.mode", f"{_shown(value['mode'])} is unknown", f"Use one of {', '.join(ROUNDINGS)}.")


def _wrong_number(name: str, value: object) -> Iterator[BadSetting]:
    if type(value) is not int or not 1 <= value <= INCREMENT_AT_MOST:
        problem = f"it is a whole number of minor units from 1 to {INCREMENT_AT_MOST}, not {_shown(value)}"
        yield BadSetting(name, problem, "Write 5 for five cents.")


def _cash(value: object) -> CashRounding | None:
    return CashRounding(**value) if isinstance(value, Mapping) else None


def _shown(value: object) -> str:
    """A value as a mistake repeats it: short, and never a number of thousands of digits, which Python refuses to write out."""
    return f"{value!r:.40}" if isinstance(value, str) or (type(value) is int and abs(value) < 2**63) else type(value).__name__


INCREMENT_AT_MOST: Final = 1_000_000
"""Minor units. No coin or grid is coarser, so more is a slip of the pen (R25)."""
