"""What the `Queries` port answers: rows for lists and reports. They may be a moment old, and no decision reads them (E8)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from checkout_core.events import Event
from checkout_core.holds import HoldState, PoolKey
from checkout_core.money import Money
from checkout_core.orders import FulfilmentState, OrderState, PaymentState
from checkout_core.payments import AttemptState
from checkout_core.unit import Delivery

LONGEST: Final = 2**31 - 1


def at_most(limit: int) -> int:
    """A list's limit, as a list takes it: never below nothing, never unbounded (R25)."""
    return min(max(limit, 0), LONGEST)


@frozen
class CartListed:
    """An open cart. `lines` counts them: an empty cart is listed too."""

    id: str
    customer: str | None
    currency: str
    lines: int
    updated_at: datetime | None


@frozen
class OrderListed:
    """An order. `id` is the checkout's; `cancelled` is the reason, if it was."""

    id: str
    number: str
    customer: str | None
    total: Money
    status: OrderState
    payment: PaymentState
    fulfilment: FulfilmentState
    placed_at: datetime
    cancelled: str = ""


@frozen
class PaymentListed:
    """An attempt to pay. `received` is the gateway's own figure; `due_at` is when its checkout may be gone on with, if ever.

    `unwanted` says why its money must not stay, `stuck` why a person must look, `reason` what the gateway said.
    """

    id: str
    checkout: str
    number: str
    gateway: str
    method: str
    state: AttemptState
    amount: Money
    received: Money | None
    reference: str
    reason: str
    unwanted: str
    stuck: str
    in_flight: bool
    due_at: datetime | None
    updated_at: datetime


@frozen
class StockListed:
    """One SKU at one location. available = on_hand + backorder − held − committed, never below zero."""

    sku: str
    location: str
    on_hand: int
    held: int
    committed: int
    available: int
    shortfall: int
    updated_at: datetime
    backorder: int = 0


@frozen
class CardListed:
    """The money on one gift card, in minor units: available = loaded − held − spent. `card` is its reference."""

    card: str
    currency: str
    loaded: int
    held: int
    spent: int
    available: int
    updated_at: datetime


@frozen
class HoldListed:
    """What one checkout holds of one pool; `until` is when an unpaid one lapses."""

    checkout: str
    number: str
    pool: PoolKey
    amount: int
    state: HoldState
    until: datetime | None


@frozen
class CouponListed:
    """The uses of a limited promotion: `held` by people who are paying, `used` by orders, of `limit`.

    `people` counts the identities that hold or have used one; a person is two, if known both by an account and by an e-mail address.
    """

    promotion: str
    limit: int | None
    held: int
    used: int
    people: int


@frozen
class EventListed:
    """An event of the outbox with its place in it, and how each consumer that has seen it fares."""

    position: int
    event: Event
    deliveries: tuple[Delivery, ...] = ()
