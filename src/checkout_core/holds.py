"""One protocol for everything scarce: a pool with a number, of which checkouts hold, then commit or release, a share.

    pool      available = on_hand + backorder − held − committed ≥ −shortfall                                           (I1, I2)
    hold      HELD → COMMITTED | RELEASED;  COMMITTED → RELEASED (cancelled) | SHIPPED (the goods leave on_hand)
    movement  append-only; on_hand = Σ movement.delta

A coupon's uses, a campaign's money, the balance of a gift card and the right to buy a cart are pools like stock is, so the last unit, the
last use, the last cent and the second tab are one problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final

from attrs import field, frozen
from attrs.validators import gt


@frozen(order=True)
class Stock:
    """Units of a SKU at a location."""

    sku: str
    location: str = "main"


@frozen(order=True)
class CouponUses:
    """All uses of a promotion."""

    promotion: str


@frozen(order=True)
class CouponUsesBy:
    """One person's uses of a promotion; `identity` is an HMAC, never an address (R22)."""

    promotion: str
    identity: str


@frozen(order=True)
class CouponUsesIn:
    """The uses of a promotion in one window of time, such as a day: of all, or of one person (`identity`)."""

    promotion: str
    window: str
    identity: str = ""


@frozen(order=True)
class CodeUses:
    """The uses of one issued code of a promotion, in its canonical spelling."""

    promotion: str
    code: str


@frozen(order=True)
class CouponBudget:
    """The money that a promotion may give away in one currency, in minor units."""

    promotion: str
    currency: str


@frozen(order=True)
class CardBalance:
    """The money on a gift card in one currency, in minor units; `card` is its reference, never its number (`card_numbers`)."""

    card: str
    currency: str


@frozen(order=True)
class Unpaid:
    """Units of stock that one person holds without having paid for them; `identity` is an HMAC, never an address (F10, R22)."""

    identity: str


@frozen(order=True)
class CartTurn:
    """The right to buy a cart: there is one, so two tabs cannot both (I18)."""

    cart: str


CouponPool = CouponUses | CouponUsesBy | CouponUsesIn | CodeUses | CouponBudget
MovedPool = Stock | CardBalance
"""Those whose `on_hand` is what their movements add up to; the others have the size that their claims state."""

PoolKey = MovedPool | CouponPool | Unpaid | CartTurn

KINDS: Final[Mapping[type, str]] = {
    Stock: "stock",
    CouponUses: "coupon",
    CouponUsesBy: "coupon-by",
    CouponUsesIn: "coupon-in",
    CodeUses: "coupon-code",
    CouponBudget: "budget",
    CardBalance: "gift-card",
    Unpaid: "unpaid",
    CartTurn: "cart",
}


def lock_order(key: PoolKey) -> tuple[str, ...]:
    """The one order in which pools are locked, everywhere (R27): by kind, then by key."""
    match key:
        case Stock(sku, location):
            return ("stock", sku, location)
        case CouponUses(promotion):
            return ("coupon", promotion)
        case CouponUsesBy(promotion, identity):
            return ("coupon-by", promotion, identity)
        case CouponUsesIn(promotion, window, identity):
            return ("coupon-in", promotion, window, identity)
        case CodeUses(promotion, code):
            return ("coupon-code", promotion, code)
        case CouponBudget(promotion, currency):
            return ("budget", promotion, currency)
        case CardBalance(card, currency):
            return ("gift-card", card, currency)
        case Unpaid(identity):
            return ("unpaid", identity)
        case CartTurn(cart):
            return ("cart", cart)


@frozen
class Claim:
    """What a checkout wants of a pool. A `limit` makes the pool appear on first use, with that size: the promotion is its one home."""

    pool: PoolKey
    amount: int = field(validator=gt(0))
    limit: int | None = None


def in_lock_order(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims, one a pool, in the order of their locks. Raises ValueError if a pool is claimed twice: sum first (RB-05, F1)."""
    ordered = tuple(sorted(claims, key=lambda claim: lock_order(claim.pool)))
    if any(a.pool == b.pool for a, b in pairwise(ordered)):
        raise ValueError("A pool is claimed twice. Sum the demand first.")
    return ordered


def spread(sku: str, wanted: int, shelves: Sequence[tuple[str, int]]) -> tuple[Claim, ...]:
    """Where so many units come from, given the locations in the order of their use with what each has: from the first that has them all,
    so that one parcel will do; else as many as there are from each in turn. What is nowhere is asked of the first, which will be short.
    """
    whole = next((location for location, available in shelves if available >= wanted), None)
    if whole is not None:
        return (Claim(Stock(sku, whole), wanted),)
    parts, missing = dict[str, int](), wanted
    for location, available in shelves:
        parts[location] = min(max(available, 0), missing)
        missing -= parts[location]
    parts[shelves[0][0]] += missing
    return tuple(Claim(Stock(sku, location), amount) for location, amount in parts.items() if amount)


class HoldState(StrEnum):
    """Where a hold is in its life."""

    HELD = "held"
    COMMITTED = "committed"
    RELEASED = "released"
    SHIPPED = "shipped"


HOLD_MOVES: Final[Mapping[HoldState, frozenset[HoldState]]] = {
    HoldState.HELD: frozenset({HoldState.COMMITTED, HoldState.RELEASED}),
    HoldState.COMMITTED: frozenset({HoldState.RELEASED, HoldState.SHIPPED}),
    HoldState.RELEASED: frozenset(),
    HoldState.SHIPPED: frozenset(),
}


@frozen
class Hold:
    """A checkout's share of a pool."""

    checkout: str
    pool: PoolKey
    amount: int = field(validator=gt(0))
    state: HoldState = HoldState.HELD


@frozen
class Movement:
    """Why `on_hand` changed: append-only, so the number can always be explained (I1). `backorder`: the new limit, where that changed."""

    pool: PoolKey
    delta: int
    reason: str
    actor: str
    at: datetime
    backorder: int | None = None


@frozen
class Pool:
    """The numbers of one pool; every change is a new value that cannot break I1 and I2.

    `backorder` says how many may be promised beyond what is there. `shortfall` is what an operator's forced adjustment left
    promised and not there: visible, counted, never silent (F5).
    """

    key: PoolKey
    on_hand: int = 0
    held: int = 0
    committed: int = 0
    backorder: int = 0
    shortfall: int = 0

    def __attrs_post_init__(self) -> None:
        if self.on_hand < 0 or self.held < 0 or self.committed < 0 or self.backorder < 0 or self.shortfall < 0:
            raise ValueError(f"A number of {self.key} is below zero.")
        if self.on_hand + self.backorder + self.shortfall < self.held + self.committed:
            raise ValueError(f"More of {self.key} is promised than there is.")

    @property
    def available(self) -> int:
        """What another checkout could hold now."""
        return max(self.on_hand + self.backorder - self.held - self.committed, 0)

    def take(self, amount: int) -> Pool | None:
        """The pool with so much more held; None if it is not there. The one place that can answer no (R5)."""
        return self._with(self.on_hand, self.held + amount, self.committed, self.shortfall) if amount <= self.available else None

    def sized(self, limit: int | None) -> Pool:
        """The pool with the size its claim states, if it states one: the promotion is the limit's one home, and may have lowered it."""
        if limit is None or self.on_hand == limit:
            return self
        return self._with(limit, self.held, self.committed, max(self.held + self.committed - limit - self.backorder, 0))

    def move(self, amount: int, old: HoldState, new: HoldState) -> Pool:
        """The pool after a hold of that amount went from `old` to `new`. Raises ValueError for a move not in HOLD_MOVES (F3)."""
        if new not in HOLD_MOVES[old]:
            raise ValueError(f"A hold cannot go from {old} to {new}.")
        held = self.held - (amount if old is HoldState.HELD else 0)
        committed = self.committed - (amount if old is HoldState.COMMITTED else 0) + (amount if new is HoldState.COMMITTED else 0)
        on_hand = self.on_hand - (amount if new is HoldState.SHIPPED else 0)
        missing = held + committed - on_hand - self.backorder
        return self._with(on_hand, held, committed, max(min(self.shortfall, missing), 0))

    def adjust(self, delta: int, *, backorder: int | None = None, force: bool = False) -> Pool | None:
        """The pool after a movement; None if what is promised would not be covered and it is not forced (RB-04, F11)."""
        on_hand, beyond = self.on_hand + delta, self.backorder if backorder is None else backorder
        missing = max(self.held + self.committed - on_hand - beyond, 0)
        if on_hand < 0 or (missing > self.shortfall and not force):
            return None
        return Pool(self.key, on_hand, self.held, self.committed, beyond, missing)

    def _with(self, on_hand: int, held: int, committed: int, shortfall: int) -> Pool:
        return Pool(self.key, on_hand, held, committed, self.backorder, shortfall)


def promised_beyond(pool: Pool) -> int:
    """How many units are promised that are not there: as low as a limit of backorders can go."""
    return max(pool.held + pool.committed - pool.on_hand - pool.shortfall, 0)


@frozen
class Level:
    """Stock as people see it, at one location or over several: what one location lacks is not taken from what another has.

    `available` is what can be bought now; of that, `backorder` units at most may not be there yet.
    """

    on_hand: int
    held: int
    committed: int
    available: int
    shortfall: int
    backorder: int = 0

    @classmethod
    def of(cls, pools: Sequence[Pool]) -> Level:
        """The sums of these pools."""
        names = ("on_hand", "held", "committed", "available", "shortfall", "backorder")
        return cls(*[sum(getattr(pool, name) for pool in pools) for name in names])


@frozen
class Taken:
    """The checkout now holds exactly what it claimed."""


@frozen
class Short:
    """Not enough: nothing was taken. `until` is when a hold of somebody else may lapse."""

    pool: PoolKey
    wanted: int
    available: int
    until: datetime | None = None
