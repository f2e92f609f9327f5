"""The cheap `evolve` gives what `attrs.evolve` gives, for every class it is used with."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from checkout_core.checkout import Checkout
from checkout_core.money import Money
from checkout_core.orders import Order, OrderState
from checkout_core.payments import Attempt, AttemptState, Card
from checkout_core.values import evolve
from tests.world import NOON

ATTEMPT = Attempt("c1/a", "model", Card("tok"), Money(1250, "EUR"))
ORDER = Order("c1", "N1", Money(1250, "EUR"), NOON, paid_by="c1/a")
CHECKOUT = Checkout("c1", "N1", "k1", 1, "EUR", NOON, NOON, NOON, attempts=(ATTEMPT,), order=ORDER)

CHANGES = [
    (CHECKOUT, {"version": 7, "attempts": ()}),
    (ATTEMPT, {"state": AttemptState.CAPTURED, "doubt": True}),
    (ORDER, {"state": OrderState.CANCELLED, "cancelled": "changed my mind"}),
]


@pytest.mark.parametrize(("value", "changes"), CHANGES, ids=lambda it: type(it).__name__)
def test_it_is_the_same_value_with_these_fields(value: Any, changes: dict[str, Any]) -> None:
    """Equal to what attrs makes, with the same text and the same hash; what it was made from has not changed."""
    before, known = attrs.evolve(value), hash(value)
    made, other = evolve(value, **changes), attrs.evolve(value, **changes)
    assert made == other
    assert made != value
    assert (hash(made), repr(made)) == (hash(other), repr(other))
    assert evolve(value) == value == before
    assert hash(value) == known


@pytest.mark.parametrize(("value", "changes"), CHANGES, ids=lambda it: type(it).__name__)
def test_it_is_frozen_and_made_again_like_any_other(value: Any, changes: dict[str, Any]) -> None:
    """What was made can be changed no more than what it was made from, and only by fields that it has."""
    made = evolve(value, **changes)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.id = "c2"
    assert attrs.evolve(made) == made
    with pytest.raises(TypeError, match="has no field colour"):
        evolve(value, colour="red")


@pytest.mark.parametrize("kind", [Checkout, Attempt, Order], ids=lambda kind: kind.__name__)
def test_no_check_is_left_out(kind: type) -> None:
    """It does not call the constructor: so the constructor of these classes only stores."""
    fields = attrs.fields(kind)
    assert [a.name for a in fields if a.validator is not None or a.converter is not None or not a.init] == []
    assert not hasattr(kind, "__attrs_post_init__")
