"""Why a promotion applies to a cart, or not: what it asks for, and what of that holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

from rich.console import RenderableType

from checkout_cli.exits import reason_data
from checkout_cli.rendering.coupons import combines, covers, goods_words, kind_of, limits_words, minimum_words, takes_off
from checkout_cli.rendering.facts import money_data, time_words
from checkout_cli.rendering.tables import cell, heading, note
from checkout_core.promotions import Bundle, BuyGet, FreeGift, Promotion
from checkout_core.promotions.conditions import words_of
from checkout_core.why_not import Check, Why

HOLDS: Final = "✓"
FAILS: Final = "✗"


def why_data(found: Why) -> dict[str, object]:
    return {
        "promotion": found.promotion.id,
        "code": found.promotion.code,
        "applies": found.takes is not None,
        "takes_off": None if found.takes is None else money_data(found.takes),
        "checks": [
            {
                "what": check.what,
                "asks_for": _asks_for(check, found.promotion),
                "holds": check.refused is None,
                "why_not": None if check.refused is None else reason_data(check.refused),
            }
            for check in found.checks
        ],
        "displaces": [promotion.id for promotion in found.displaced],
        "cart": [reason_data(one) for one in found.cart],
    }


def why_words(found: Why) -> Iterator[RenderableType]:
    p = found.promotion
    yield heading(f"{p.label}  {p.name}")
    if found.takes is None:
        yield cell(f"{FAILS} It does not apply to this cart. It would give: {takes_off(p)}.", "red")
    else:
        what = "gives" if isinstance(p.benefit, FreeGift) else f"takes {found.takes} off"
        yield cell(f"{HOLDS} It {what} this cart: {takes_off(p)}.", "green")
    for check in found.checks:
        asks = _asks_for(check, p)
        if check.refused is None:
            yield cell(f"  {HOLDS} {asks}")
        else:
            yield cell(f"  {FAILS} {asks}: {check.refused}", "yellow")
    for other in found.displaced:
        yield note(f"With it, {other.label} ({other.name}) does not apply any more.")
    for wrong in found.cart:
        yield note(f"Before the cart can be bought: {wrong}")


def _asks_for(check: Check, p: Promotion) -> str:
    """What it asks for, in a few words."""
    match check.what:
        case "time":
            starts = f"from {time_words(p.starts)}" if p.starts is not None else ""
            ends = f"until {time_words(p.ends)}" if p.ends is not None else ""
            return f"runs {' '.join(filter(None, (starts, ends)))}"
        case "currency":
            return f"for carts in {', '.join(sorted(p.currencies or ()))}"
        case "uses":
            return f"at most {limits_words(p)}"
        case "condition":
            assert check.about is not None
            return words_of(p.when[check.about])
        case "goods":
            if isinstance(p.benefit, BuyGet):
                b = p.benefit
                return f"{b.buy_quantity} of {goods_words(b.buy)}, and {b.get_quantity} of {goods_words(b.get)} to be made cheaper"
            if isinstance(p.benefit, Bundle):
                return " and ".join(f"{part.quantity} of {goods_words(part.skus)}" for part in p.benefit.parts)
            return f"something to take it off: {covers(p)}"
        case "full price":
            return "goods at their full price"
        case "minimum":
            return f"goods for at least {minimum_words(p)}"
        case "rule":
            return f"an answer of {kind_of(p.benefit)}"
        case "combination":
            return f"combines {combines(p)}"
        case _:
            assert_never(check.what)
