"""A posting balances, or it is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.ledger import Entry, Posting, entries, reversed_entries
from tests.world import NOON

AMOUNTS = st.lists(st.integers(-(2**53), 2**53), max_size=6)


def posting(*amounts: int) -> Posting:
    return Posting("c/x", "c", "EUR", "x", NOON, tuple(Entry(f"a{n}", amount) for n, amount in enumerate(amounts)))


@given(AMOUNTS)
def test_entries_add_up_to_nothing(amounts: list[int]) -> None:
    """I11, R28: what is credited is debited, or the posting does not exist."""
    assert posting(*amounts, -sum(amounts)).entries
    if sum(amounts):
        with pytest.raises(ValueError, match="add up to zero"):
            posting(*amounts)


@given(AMOUNTS)
def test_a_posting_and_its_reverse_leave_nothing(amounts: list[int]) -> None:
    """R28: a correction is a new posting, and undoes the old one account by account."""
    posted = posting(*amounts, -sum(amounts)).entries
    undone = reversed_entries(posted)
    assert [one.account for one in posted] == [other.account for other in undone]
    assert all(one.amount + other.amount == 0 for one, other in zip(posted, undone, strict=True))
    assert reversed_entries(undone) == posted


def test_entries_of_nothing_are_left_out() -> None:
    """An account that is not moved is not named."""
    assert entries(sales=5, tax=0, receivable=-5) == (Entry("sales", 5), Entry("receivable", -5))
    assert entries(sales=0) == ()
