"""The order, as people see it: three state tables, from which code, tests and `docs/states.md` all read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from attrs import frozen

from checkout_core.money import Money
from checkout_core.payments import Attempt, AttemptState


class OrderState(StrEnum):
    """Whether the order stands."""

    PLACED = "placed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


ORDER_MOVES: Final[Mapping[OrderState, frozenset[OrderState]]] = {
    OrderState.PLACED: frozenset({OrderState.CANCELLED, OrderState.COMPLETED}),
    OrderState.CANCELLED: frozenset(),
    OrderState.COMPLETED: frozenset(),
}


class PaymentState(StrEnum):
    """Where the order's money is; derived from its attempts, never set by hand (RB-46)."""

    AUTHORIZED = "authorized"
    PAID = "paid"
    REFUND_DUE = "refund due"
    REFUNDED = "refunded"
    VOIDED = "voided"


PAYMENT_MOVES: Final[Mapping[PaymentState, frozenset[PaymentState]]] = {
    PaymentState.AUTHORIZED: frozenset({PaymentState.PAID, PaymentState.VOIDED, PaymentState.REFUND_DUE, PaymentState.REFUNDED}),
    PaymentState.PAID: frozenset({PaymentState.REFUND_DUE, PaymentState.REFUNDED}),
    PaymentState.REFUND_DUE: frozenset({PaymentState.REFUNDED}),
    PaymentState.REFUNDED: frozenset(),
    PaymentState.VOIDED: frozenset(),
}


class FulfilmentState(StrEnum):
    """Where the goods are."""

    UNFULFILLED = "unfulfilled"
    PARTIAL = "partial"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"


FULFILMENT_MOVES: Final[Mapping[FulfilmentState, frozenset[FulfilmentState]]] = {
    FulfilmentState.UNFULFILLED: frozenset({FulfilmentState.PARTIAL, FulfilmentState.FULFILLED, FulfilmentState.CANCELLED}),
    FulfilmentState.PARTIAL: frozenset({FulfilmentState.FULFILLED, FulfilmentState.CANCELLED}),
    FulfilmentState.FULFILLED: frozenset(),
    FulfilmentState.CANCELLED: frozenset(),
}


@frozen(slots=False)
class Order:
    """A placed order. `id` is the checkout's; `number` is for people. `paid_by` names the attempt, empty for a total of zero."""

    id: str
    number: str
    total: Money
    placed_at: datetime
    paid_by: str = ""
    state: OrderState = OrderState.PLACED
    fulfilment: FulfilmentState = FulfilmentState.UNFULFILLED
    cancelled: str = ""


def payment_state(order: Order, attempts: Iterable[Attempt]) -> PaymentState:
    """Where the money of this order is."""
    paying = next((a for a in attempts if a.key == order.paid_by), None)
    if paying is None:
        return PaymentState.PAID if order.state is not OrderState.CANCELLED else PaymentState.REFUNDED
    match paying.state:
        case AttemptState.CAPTURED:
            return PaymentState.REFUND_DUE if paying.unwanted else PaymentState.PAID
        case AttemptState.REFUNDED:
            return PaymentState.REFUNDED
        case AttemptState.AUTHORIZED:
            return PaymentState.AUTHORIZED
        case _:
            return PaymentState.VOIDED
