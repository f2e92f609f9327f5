"""Promotions and their uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from attrs import frozen
from rich.console import RenderableType

from checkout_cli.rendering.benefits import benefit_words
from checkout_cli.rendering.coupon_codes import batch_data, batches_words
from checkout_cli.rendering.facts import money_data, time_data, time_words
from checkout_cli.rendering.tables import cell, facts, heading, note, table
from checkout_core import plugins
from checkout_core.holds import Pool
from checkout_core.listings import CouponListed
from checkout_core.money import Money
from checkout_core.promotions import (
    FREE_SHIPPING,
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    FreeGift,
    Percent,
    Promotion,
    SetPrice,
    SetTotal,
    TieredPercent,
    UnitOff,
)
from checkout_core.promotions.benefits import Naming, Ours
from checkout_core.promotions.conditions import words_of
from checkout_core.promotions.windows import Window

if TYPE_CHECKING:
    from checkout_cli.wiring import BatchListed

KINDS: Final[Mapping[type, str]] = {
    Percent: "percent",
    TieredPercent: "tiered_percent",
    AmountOff: "fixed",
    SetTotal: "set_total",
    UnitOff: "fixed_unit",
    EntryOff: "fixed_line",
    SetPrice: "set_unit",
    BuyGet: "buy_get",
    Bundle: "bundle",
    EveryNth: "group_nth",
    FreeGift: "free_gift",
}
"""What promotions.toml calls each kind of benefit."""


@frozen
class Coupon:
    """A promotion of the catalogue with its uses; `promotion` is None for one that is no longer in it, `uses` for one never used.

    `money` are its budgets by currency, `window` its uses in the window of now, `batches` its issued codes.
    """

    id: str
    promotion: Promotion | None
    uses: CouponListed | None
    money: tuple[tuple[str, Pool], ...] = ()
    window: Pool | None = None
    batches: tuple[BatchListed, ...] = ()

    @property
    def budgets(self) -> list[tuple[Money, Money, Money, Money]]:
        """Of each budget: all of it, what orders have spent, what people who are paying hold, and what is left."""
        found = []
        for currency, pool in self.money:
            all_of_it = self.promotion.budget[currency].minor if self.promotion else pool.on_hand
            numbers = (all_of_it, pool.committed, pool.held, max(all_of_it - pool.committed - pool.held, 0))
            spent, held, left = (Money(n, currency) for n in numbers[1:])
            found.append((Money(all_of_it, currency), spent, held, left))
        return found

    @property
    def used(self) -> int:
        return self.uses.used if self.uses else 0

    @property
    def held(self) -> int:
        return self.uses.held if self.uses else 0

    @property
    def limit(self) -> int | None:
        return self.promotion.limit if self.promotion else self.uses.limit if self.uses else None

    @property
    def left(self) -> int | None:
        """How many uses can still be had; None if they are not limited."""
        return None if self.limit is None else max(self.limit - self.used - self.held, 0)


def coupon_data(one: Coupon) -> dict[str, object]:
    p, benefit = one.promotion, one.promotion and one.promotion.benefit
    ours = benefit if isinstance(benefit, Ours) else None
    percent, amounts = getattr(ours, "percent", None), getattr(ours, "amounts", {})
    return {
        "promotion": one.id,
        "code": p.code if p else None,
        "name": p.name if p else None,
        "kind": kind_of(benefit) if benefit else None,
        "takes_off": takes_off(p) if p else None,
        "percent": None if percent is None else str(percent),
        "amounts": [money_data(amounts[code]) for code in sorted(amounts)],
        "when": [words_of(condition) for condition in p.when] if p else [],
        "minimum": [money_data(p.minimum[code]) for code in sorted(p.minimum)] if p else [],
        "starts": time_data(p.starts if p else None),
        "ends": time_data(p.ends if p else None),
        "limit": one.limit,
        "per_person": p.per_person if p else None,
        "per_code": p.per_code if p else None,
        "batches": [batch_data(each) for each in one.batches],
        "held": one.held,
        "used": one.used,
        "left": one.left,
        "people": one.uses.people if one.uses else 0,
        "budgets": [dict(zip(("budget", "spent", "held", "left"), map(money_data, each), strict=True)) for each in one.budgets],
        "window": None if p is None or p.window is None else _window_data(p.window, one.window),
        "when_cancelled": ("kept" if p.kept_when_cancelled else "given_back") if p else None,
    }


def _window_data(window: Window, pool: Pool | None) -> dict[str, object]:
    """The window, and what is used and held in that of now; None for one that counts each person."""
    numbers = {"used": pool.committed if pool else None, "held": pool.held if pool else None}
    return {"uses": window.uses, "per": window.per, "zone": window.zone, "a_person": window.a_person, **numbers}


def coupons_data(found: Sequence[Coupon]) -> dict[str, object]:
    return {"coupons": [coupon_data(one) for one in found]}


def coupons_words(found: Sequence[Coupon]) -> Iterator[RenderableType]:
    if not found:
        yield note("This shop has no promotions. `checkout shop load DIR` brings them.")
        return
    yield table(
        ("code", "promotion", "what it takes off", "held", "used", "left"),
        (
            (
                _asked_for(one),
                one.promotion.name if one.promotion else one.id,
                takes_off(one.promotion) if one.promotion else "",
                one.held or cell("0", "dim"),
                one.used or cell("0", "dim"),
                "no limit" if one.left is None else one.left,
            )
            for one in found
        ),
        right=("held", "used", "left"),
        keep=("code",),
        spare=("held", "what it takes off"),
    )
    yield note("Uses are counted for promotions with a limit.")


def coupon_words(one: Coupon, *, uses: bool = True) -> Iterator[RenderableType]:
    """The rule, and with `uses` how often it was used."""
    p = one.promotion
    yield heading(f"{(p.code if p else None) or one.id}  {p.name if p else ''}".strip())
    if p is None:
        yield note("It is no longer in the catalogue: nobody can use it any more.")
    yield facts(
        (
            ("id", one.id),
            ("takes off", takes_off(p) if p else None),
            ("asked for", asked_for(p) if p else None),
            ("covers", covers(p) if p else None),
            ("to be bought", goods_words(p.benefit.buy) if p and isinstance(p.benefit, BuyGet) else None),
            ("made cheaper", goods_words(p.benefit.get) if p and isinstance(p.benefit, BuyGet) else None),
            ("together", _parts_words(p.benefit) if p and isinstance(p.benefit, Bundle) else None),
            ("holds", "; ".join(words_of(condition) for condition in p.when) if p and p.when else None),
            ("needs at least", minimum_words(p) if p else None),
            ("starts", time_words(p.starts) if p else None),
            ("ends", time_words(p.ends) if p else None),
            ("combines", combines(p) if p else None),
            ("priority", str(p.priority) if p and p.priority else None),
            ("limit in all", one.limit),
            ("beyond it", f"{p.over} more for those who were promised one in time" if p and p.over else None),
            ("limit a person", p.per_person if p else None),
            ("limit a code", p.per_code if p else None),
            ("limit in time", p.window.words if p and p.window else None),
            ("budget", _budget_words(one, uses) if p and p.budget else None),
            ("when cancelled", "its uses are not given back" if p and p.kept_when_cancelled else None),
            ("in this window", f"{one.window.committed} used, {one.window.held} held" if uses and one.window is not None else None),
            ("held by people who are paying", str(one.held) if uses else None),
            ("used by orders", str(one.used) if uses else None),
            ("people who used it", str(one.uses.people) if one.uses and p and p.per_person is not None else None),
            ("left", ("no limit" if one.left is None else str(one.left)) if uses else None),
        )
    )
    if uses and one.batches:
        yield from batches_words(one.batches)


def _asked_for(one: Coupon) -> RenderableType:
    if one.promotion is None:
        return cell("gone", "dim")
    if one.promotion.by_code:
        issued = sum(batch.issued for batch in one.batches)
        return f"{issued} code{'' if issued == 1 else 's'}"
    return one.promotion.code or cell("automatic", "dim")


def asked_for(p: Promotion) -> str:
    """How a shopper gets it."""
    if p.by_code:
        return "by typing one of its issued codes"
    return "by typing the code" if p.code else "automatic"


def takes_off(p: Promotion) -> str:
    """What it takes off, in a few words."""
    return benefit_words(p.benefit, everything=((p.goods is None and p.but_not is None) or not p.on_goods) and p.methods is None)


def kind_of(benefit: Benefit) -> str:
    """The kind as promotions.toml calls it."""
    kind = type(benefit)
    return "free_shipping" if benefit == FREE_SHIPPING else KINDS.get(kind) or plugins.name_of(plugins.BENEFITS, kind) or kind.__name__


def covers(p: Promotion) -> str | None:
    """What it covers, in words; None for one that names its goods itself."""
    if isinstance(p.benefit, Naming):
        return None  # it names its goods itself
    goods = "everything" if p.goods is None else p.goods.words
    goods += f", but not {p.but_not.words}" if p.but_not is not None else ""
    return goods if p.methods is None else f"{goods}; sent by {', '.join(sorted(p.methods))}"


def _budget_words(one: Coupon, uses: bool) -> str:
    """Each budget, with what is spent and held of it."""
    if not uses and one.promotion is not None:
        return "; ".join(str(one.promotion.budget[code]) for code in sorted(one.promotion.budget))
    return "; ".join(f"{budget}: {spent} spent, {held} held, {left} left" for budget, spent, held, left in one.budgets)


def _parts_words(benefit: Bundle) -> str:
    return "; ".join(f"{part.quantity} of {goods_words(part.skus)}" for part in benefit.parts)


def goods_words(skus: frozenset[str] | None) -> str:
    """Goods by their SKUs."""
    return "everything" if skus is None else ", ".join(sorted(skus))


def minimum_words(p: Promotion) -> str:
    """What the goods must be worth."""
    least = " or ".join(map(str, p.minimum.values()))
    return least if p.minimum_skus is None else f"{least} of {', '.join(sorted(p.minimum_skus))}"


def limits_words(p: Promotion) -> str:
    """How often it can be used, and for how much."""
    budget = " or ".join(str(p.budget[code]) for code in sorted(p.budget))
    said = (
        f"{p.limit} uses in all" if p.limit is not None else "",
        f"{p.per_person} a person" if p.per_person is not None else "",
        f"{p.per_code} a code" if p.per_code is not None else "",
        p.window.words if p.window is not None else "",
        f"{budget} given away" if budget else "",
    )
    return "; ".join(filter(None, said))


def combines(p: Promotion) -> str:
    """How it gets on with others."""
    lane = f" of the lane {p.lane}" if p.lane else ""
    full = "; only what is at its full price" if p.full_price else ""
    if p.exclusive:
        return f"with nothing else{lane}{full}"
    group = "" if p.group is None else f"; the best of the group {p.group} counts for each line"
    return f"with others{lane}{group}{full}"
