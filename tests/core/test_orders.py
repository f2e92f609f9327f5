"""An order moves along its tables, and its money is where its attempts say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pytest
from attrs import evolve

from checkout_core.orders import FULFILMENT_MOVES, ORDER_MOVES, PAYMENT_MOVES, Order, OrderState, PaymentState, payment_state
from checkout_core.payments import ATTEMPT_MOVES, CLOSED, MONEY, Attempt, AttemptState, Card
from tests.world import NOON, eur

ORDER = Order("c", "N1", eur(100), NOON, paid_by="c/a")
ATTEMPT = Attempt("c/a", "g", Card("t"), eur(100))
TABLES: list[Mapping[StrEnum, frozenset[StrEnum]]] = [ORDER_MOVES, PAYMENT_MOVES, FULFILMENT_MOVES, ATTEMPT_MOVES]  # type: ignore[list-item]


@pytest.mark.parametrize("table", TABLES, ids=["order", "payment", "fulfilment", "attempt"])
def test_every_state_has_its_moves_and_none_leads_to_itself(table: Mapping[StrEnum, frozenset[StrEnum]]) -> None:
    """I13: a state without a row would be a way out of the table; a move to itself would be news that tells nothing."""
    assert set(table) == set(type(next(iter(table))))
    assert all(state not in moves for state, moves in table.items())


def test_from_an_end_no_order_comes_back() -> None:
    """I13, RB-86, RB-92: cancelled and completed are ends, and so is money sent back."""
    assert not ORDER_MOVES[OrderState.CANCELLED]
    assert not ORDER_MOVES[OrderState.COMPLETED]
    assert not PAYMENT_MOVES[PaymentState.REFUNDED]
    assert not ATTEMPT_MOVES[AttemptState.REFUNDED]


def test_a_closed_attempt_opens_for_money_alone() -> None:
    """RB-40, R17: after a definitive no, only money is still news."""
    for state in CLOSED - {AttemptState.REFUNDED}:
        assert ATTEMPT_MOVES[state] == {AttemptState.CAPTURED}
    assert AttemptState.DECLINED not in ATTEMPT_MOVES[AttemptState.CAPTURED]
    assert {AttemptState.AUTHORIZED, AttemptState.CAPTURED} == MONEY


@pytest.mark.parametrize(
    ("state", "unwanted", "found"),
    [
        (AttemptState.AUTHORIZED, "", PaymentState.AUTHORIZED),
        (AttemptState.CAPTURED, "", PaymentState.PAID),
        (AttemptState.CAPTURED, "cancelled", PaymentState.REFUND_DUE),
        (AttemptState.REFUNDED, "cancelled", PaymentState.REFUNDED),
        (AttemptState.VOIDED, "cancelled", PaymentState.VOIDED),
        (AttemptState.DECLINED, "", PaymentState.VOIDED),
    ],
)
def test_where_the_money_is_follows_from_the_attempt(state: AttemptState, unwanted: str, found: PaymentState) -> None:
    """RB-46: derived, never set: nobody can say paid of an attempt that took nothing."""
    assert payment_state(ORDER, [evolve(ATTEMPT, key="c/other"), evolve(ATTEMPT, state=state, unwanted=unwanted)]) is found
