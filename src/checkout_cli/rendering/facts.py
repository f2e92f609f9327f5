"""How a fact is written: amounts, instants and pools, in words and as data."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from checkout_core.card_numbers import shown_number
from checkout_core.codec import pool_text
from checkout_core.holds import (
    CardBalance,
    CartTurn,
    CodeUses,
    CouponBudget,
    CouponUses,
    CouponUsesBy,
    CouponUsesIn,
    PoolKey,
    Stock,
    Unpaid,
)
from checkout_core.listings import HoldListed
from checkout_core.money import Money


def money_data(amount: Money | None) -> dict[str, object] | None:
    """An amount as data: whole minor units and the currency."""
    return None if amount is None else {"minor": amount.minor, "currency": amount.currency}


def time_data(at: datetime | None) -> str | None:
    """An instant as data: RFC 3339, in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_words(at: datetime | None, otherwise: str = "") -> str:
    """An instant for people, to the minute."""
    return otherwise if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def time_short(at: datetime) -> str:
    """An instant in a column that is headed UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def pool_words(key: PoolKey) -> str:
    """A pool as people call it."""
    match key:
        case Stock(sku, location):
            return f"{sku} at {location}"
        case CouponUses(promotion):
            return f"a use of {promotion}"
        case CouponUsesBy(promotion):
            return f"one person's use of {promotion}"
        case CouponUsesIn(promotion, window, identity):
            return f"{'one person’s' if identity else 'a'} use of {promotion} in {window}"
        case CodeUses(promotion, code):
            return f"a use of the code {code} of {promotion}"
        case CouponBudget(promotion, currency):
            return f"the {currency} budget of {promotion}"
        case CardBalance(card):
            return f"the gift card {shown_number(card)}"
        case Unpaid():
            return "one person's unpaid goods"
        case CartTurn():
            return "the turn to buy this cart"


def amount_words(key: PoolKey, amount: int) -> str:
    """So much of a pool: money, or how many."""
    return str(Money(amount, key.currency)) if isinstance(key, CouponBudget | CardBalance) else str(amount)


def pool_data(key: PoolKey) -> dict[str, object]:
    """A pool as data; the identity of a person is left out."""
    match key:
        case Stock(sku, location):
            return {"kind": "stock", "sku": sku, "location": location}
        case CouponUses(promotion):
            return {"kind": "coupon", "promotion": promotion}
        case CouponUsesBy(promotion):
            return {"kind": "coupon-by", "promotion": promotion}
        case CouponUsesIn(promotion, window):
            return {"kind": "coupon-in", "promotion": promotion, "window": window}
        case CodeUses(promotion, code):
            return {"kind": "coupon-code", "promotion": promotion, "code": code}
        case CouponBudget(promotion, currency):
            return {"kind": "budget", "promotion": promotion, "currency": currency}
        case CardBalance(card, currency):
            return {"kind": "gift-card", "card": card, "currency": currency}
        case Unpaid():
            return {"kind": "unpaid"}
        case CartTurn():
            return {"kind": "cart", "pool": pool_text(key)}


def once_a_person(holds: Iterable[HoldListed]) -> Iterator[HoldListed]:
    """The holds, with one person's use of a promotion once: it is counted under each of their identities, the account and the e-mail."""
    seen = set[tuple[str, str]]()
    for hold in holds:
        use = (hold.checkout, hold.pool.promotion) if isinstance(hold.pool, CouponUsesBy) else None
        if use is None or use not in seen:
            yield hold
        if use is not None:
            seen.add(use)


SHORT = 6  # letters of an attempt's own part that tell it from the others of its order


def short_id(number: str, key: str) -> str:
    """What a person types to name a payment: the order's number, and the beginning of the payment's own part."""
    return f"{number}/{key.rsplit('/', 1)[-1][:SHORT]}"


def quoted(name: str) -> str:
    """A name as it is typed into a shell: an order's number may end in `*`, `~` or `$`."""
    return shlex.quote(name)


def units(count: int, one: str = "unit") -> str:
    """`1 unit`, `2 units`."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"
