"""The choices of a pricing policy by the names they have in files: `[pricing]` of a configuration, `[policy]` of a described cart.

    tax_level, tax_mode, tax_target, tax_components, tax_base, order_tax_allocation, discount_line_tax,
    discount_mode, discount_target, percent_line_level, percent_order_level, allocation, allocation_mode, allocation_basis, stacking,
    cash = { increment = 5, mode = "half_up" }          the smallest coin, in minor units

What each of them means stands at `PricingPolicy` and `TaxPolicy`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, cast

from attrs import evolve

from checkout_cli.exits import listed
from checkout_core.errors import BadSetting
from checkout_core.money import ROUNDINGS, Rounding
from checkout_core.pricing_policy import CHOICES, CashRounding, PricingPolicy
from checkout_core.tax import TAX_CHOICES, TaxPolicy

TAX_NAMES: Final[Mapping[str, str]] = {
    "tax_level": "level",
    "tax_mode": "mode",
    "tax_target": "target",
    "tax_components": "components",
    "tax_base": "base",
    "order_tax_allocation": "order_shares",
    "discount_line_tax": "discount_tax",
}
"""What the fields of `TaxPolicy` are called in files."""
NAMES: Final = (*TAX_NAMES, *CHOICES, "cash")

_DEFAULT: Final = PricingPolicy()


def read_policy(table: Mapping[str, object], place: str, mistakes: list[str], base: PricingPolicy = _DEFAULT) -> PricingPolicy:
    """`base` with what the table says otherwise. What is wrong is added to `mistakes`, each with its place, and left as it was."""
    before = len(mistakes)
    mistakes += [f"'{place}.{name!s:.40}' is unknown. Known: {listed(NAMES, 'and')}." for name in table if name not in NAMES]
    tax: dict[str, object] = {}
    own: dict[str, object] = {}
    for name, value in table.items():
        if name in TAX_NAMES:
            tax[TAX_NAMES[name]] = _choice(f"{place}.{name}", value, TAX_CHOICES[TAX_NAMES[name]], mistakes)
        elif name in CHOICES:
            own[name] = _choice(f"{place}.{name}", value, CHOICES[name], mistakes)
        elif name == "cash":
            own[name] = _cash(f"{place}.cash", value, mistakes)
    if len(mistakes) > before:
        return base
    change: Callable[..., PricingPolicy] = evolve
    change_tax: Callable[..., TaxPolicy] = evolve
    try:
        return change(base, tax=change_tax(base.tax, **tax), **own)
    except BadSetting as error:
        mistakes.append(f"{place}: {error.problem}. {error.cure}")
        return base


def policy_data(policy: PricingPolicy) -> dict[str, object]:
    """Every choice by its name; `cash` is None without cash rounding, `tax_increment` the grid of tax amounts in minor units."""
    found: dict[str, object] = {name: getattr(policy.tax, own) for name, own in TAX_NAMES.items()}
    found["tax_increment"] = policy.tax.increment
    found |= {name: getattr(policy, name) for name in CHOICES}
    return found | {"cash": None if policy.cash is None else {"increment": policy.cash.increment, "mode": policy.cash.mode}}


def unusual(policy: PricingPolicy) -> dict[str, object]:
    """The choices that differ from the default, by name."""
    default = policy_data(_DEFAULT)
    return {name: value for name, value in policy_data(policy).items() if value != default[name]}


def _choice(place: str, value: object, known: tuple[str, ...], mistakes: list[str]) -> object:
    if value not in known:
        mistakes.append(f"{place} {value!r:.40} is unknown. Use one of {', '.join(known)}.")
    return value


def _cash(place: str, value: object, mistakes: list[str]) -> CashRounding | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        mistakes.append(f'{place} is a table such as {{ increment = 5, mode = "half_up" }}, not {type(value).__name__}.')
        return None
    mistakes += [f"'{place}.{name!s:.40}' is unknown. Known: increment and mode." for name in value if name not in ("increment", "mode")]
    increment, mode = value.get("increment"), value.get("mode", "half_up")
    if type(increment) is not int or increment < 1:
        mistakes.append(f"{place}.increment is the smallest coin, a whole number of minor units from 1 up, not {increment!r:.40}.")
        return None
    _choice(f"{place}.mode", mode, ROUNDINGS, mistakes)
    return CashRounding(increment, cast(Rounding, mode)) if mode in ROUNDINGS else None
