"""Pools: no sequence of changes breaks the numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.holds import CartTurn, Claim, HoldState, Pool, Stock, in_lock_order

STEPS = st.lists(
    st.tuples(st.sampled_from(["take", "commit", "release", "cancel", "ship", "adjust", "force", "allow", "end"]), st.integers(-9, 9)),
    max_size=40,
)


@given(STEPS, st.integers(0, 3))
def test_the_numbers_always_hold(steps: list[tuple[str, int]], backorder: int) -> None:
    """I1, I2: whatever is taken, moved or adjusted, available is never negative and a shortfall is exactly what is missing."""
    pool, held, committed = Pool(Stock("MUG"), on_hand=5, backorder=backorder), list[int](), list[int]()
    for what, n in steps:
        if what == "take" and n > 0 and (taken := pool.take(n)) is not None:
            pool = taken
            held.append(n)
        elif what in ("commit", "release") and held:
            n = held.pop()
            pool = pool.move(n, HoldState.HELD, HoldState.COMMITTED if what == "commit" else HoldState.RELEASED)
            committed += [n] if what == "commit" else []
        elif what == "cancel" and committed:
            pool = pool.move(committed.pop(), HoldState.COMMITTED, HoldState.RELEASED)
        elif what == "ship" and committed and committed[-1] <= pool.on_hand:
            pool = pool.move(committed.pop(), HoldState.COMMITTED, HoldState.SHIPPED)
        elif what in ("adjust", "force"):
            pool = pool.adjust(n, force=what == "force") or pool
        elif what in ("allow", "end") and n >= 0:
            pool = pool.adjust(0, backorder=n, force=what == "end") or pool
            backorder = pool.backorder
        assert (pool.held, pool.committed) == (sum(held), sum(committed))
        assert pool.available >= 0
        assert pool.on_hand + backorder + pool.shortfall >= pool.held + pool.committed


@pytest.mark.parametrize("old", [HoldState.RELEASED, HoldState.SHIPPED])
def test_what_was_let_go_is_not_let_go_again(old: HoldState) -> None:
    """F3: a hold that is released or shipped moves no more."""
    with pytest.raises(ValueError, match="cannot go"):
        Pool(Stock("MUG"), on_hand=1).move(1, old, HoldState.RELEASED)


def test_claims_are_locked_in_one_order() -> None:
    """R27: whoever claims the same pools locks them in the same order; a pool claimed twice is a mistake."""
    a, b, turn = Claim(Stock("A"), 1), Claim(Stock("B"), 1), Claim(CartTurn("c"), 1, limit=1)
    assert in_lock_order([b, turn, a]) == in_lock_order([a, b, turn])
    with pytest.raises(ValueError, match="twice"):
        in_lock_order([a, a])
