"""What a shop may choose about its arithmetic: every rounding, level, basis and order that changes a price, each by name.

Nothing here is global. A policy is an argument of `price`, part of every quote and its hash, and printed on the receipt (RB-49, RB-59,
G15). The defaults are what most shops do; `docs/pricing-policies.md` shows each choice with worked numbers.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from attrs import field, frozen

from checkout_core.errors import BadSetting
from checkout_core.money import ALLOCATIONS, ROUNDINGS, Allocation, Rounding
from checkout_core.tax import DEFAULT, TaxPolicy

DiscountTarget = Literal["discount", "price"]
PercentLineLevel = Literal["line", "unit"]
PercentOrderLevel = Literal["order", "line"]
AllocationBasis = Literal["price", "gross", "original"]
Stacking = Literal["sequential", "parallel"]


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
}
"""The values of each setting that is a choice, the default first or among them."""


def _one_of(name: str, given: object, known: tuple[str, ...]) -> None:
    if given not in known:
        raise BadSetting(name, f"{given!r} is unknown", f"Use one of {', '.join(known)}.")
