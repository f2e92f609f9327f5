"""Promotions and their uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen
from rich.console import RenderableType

from checkout_cli.rendering.facts import money_data, time_data, time_words
from checkout_cli.rendering.tables import cell, facts, heading, note, table
from checkout_core.listings import CouponListed
from checkout_core.promotions import Promotion


@frozen
class Coupon:
    """A promotion of the catalogue with its uses; `promotion` is None for one that is no longer in it, `uses` for one never used."""

    id: str
    promotion: Promotion | None
    uses: CouponListed | None

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
    p = one.promotion
    return {
        "promotion": one.id,
        "code": p.code if p else None,
        "name": p.name if p else None,
        "kind": p.kind if p else None,
        "percent": str(p.percent) if p and p.percent is not None else None,
        "amounts": [money_data(amount) for amount in p.amounts.values()] if p else [],
        "minimum": [money_data(amount) for amount in p.minimum.values()] if p else [],
        "starts": time_data(p.starts if p else None),
        "ends": time_data(p.ends if p else None),
        "limit": one.limit,
        "per_person": p.per_person if p else None,
        "held": one.held,
        "used": one.used,
        "left": one.left,
        "people": one.uses.people if one.uses else 0,
    }


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
                (one.promotion.code if one.promotion else None) or cell("automatic" if one.promotion else "gone", "dim"),
                one.promotion.name if one.promotion else one.id,
                benefit(one.promotion) if one.promotion else "",
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


def coupon_words(one: Coupon) -> Iterator[RenderableType]:
    p = one.promotion
    yield heading(f"{(p.code if p else None) or one.id}  {p.name if p else ''}".strip())
    if p is None:
        yield note("It is no longer in the catalogue: nobody can use it any more.")
    yield facts(
        (
            ("id", one.id),
            ("takes off", benefit(p) if p else None),
            ("asked for", ("by typing the code" if p.code else "automatic") if p else None),
            ("covers", ("everything" if p.skus is None else ", ".join(sorted(p.skus))) if p else None),
            ("needs at least", " or ".join(map(str, p.minimum.values())) if p else None),
            ("starts", time_words(p.starts) if p else None),
            ("ends", time_words(p.ends) if p else None),
            ("combines", ("with nothing else" if p.exclusive else "with others") if p else None),
            ("limit in all", one.limit),
            ("limit a person", p.per_person if p else None),
            ("held by people who are paying", str(one.held)),
            ("used by orders", str(one.used)),
            ("people who used it", str(one.uses.people) if one.uses and p and p.per_person is not None else None),
            ("left", "no limit" if one.left is None else str(one.left)),
        )
    )


def benefit(p: Promotion) -> str:
    """What a promotion takes off, in a few words."""
    match p.kind:
        case "percent":
            return f"{p.percent} %"
        case "fixed":
            return " or ".join(map(str, p.amounts.values()))
        case "free_shipping":
            return "the carriage"
