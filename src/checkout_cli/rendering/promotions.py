"""Promotions as rules: what each gives, asks for, and how it combines. Their uses are the business of `coupons`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from checkout_cli.rendering.coupons import Coupon, coupon_data, coupon_words, covers, minimum_words, takes_off
from checkout_cli.rendering.facts import money_data, time_words
from checkout_cli.rendering.tables import cell, note, table
from checkout_core.promotions import Promotion

_USES = ("held", "used", "left", "people", "promotion", "budgets", "window")


def promotion_data(p: Promotion) -> dict[str, object]:
    """The rule as data, without its uses."""
    data = coupon_data(Coupon(p.id, p, None))
    return {
        "id": p.id,
        **{key: value for key, value in data.items() if key not in _USES},
        "covers": covers(p),
        "priority": p.priority,
        "exclusive": p.exclusive,
        "group": p.group,
        "lane": p.lane or None,
        "full_price": p.full_price,
        "window": None if p.window is None else p.window.words,
        "budget": [money_data(p.budget[code]) for code in sorted(p.budget)],
    }


def promotions_words(found: Sequence[Promotion]) -> Iterator[RenderableType]:
    if not found:
        yield note("This shop has no promotions. `checkout shop load DIR` brings them.")
        return
    yield table(
        ("priority", "promotion", "code", "what it gives", "asks for", "combines"),
        (
            (p.priority, p.id, p.code or cell("issued codes" if p.by_code else "automatic", "dim"), takes_off(p), asks_for(p), _how(p))
            for p in found
        ),
        right=("priority",),
        keep=("promotion",),
        spare=("combines", "asks for"),
    )


def promotion_words(p: Promotion) -> Iterator[RenderableType]:
    yield from coupon_words(Coupon(p.id, p, None), uses=False)


def _how(p: Promotion) -> str:
    """How it combines, as short as that can be said; nothing: with all others."""
    group, lane = f"best of {p.group}" if p.group else "", f"lane {p.lane}" if p.lane else ""
    return ", ".join(filter(None, ("alone" if p.exclusive else "", group, lane, "at full price" if p.full_price else "")))


def asks_for(p: Promotion) -> str:
    """What must hold, in a few words."""
    time = " ".join(
        [f"from {time_words(p.starts)}" if p.starts else "", f"until {time_words(p.ends)}" if p.ends else ""],
    ).strip()
    least = f"at least {minimum_words(p)}" if p.minimum else ""
    return ", ".join(filter(None, (least, *(condition.words for condition in p.when), time)))
