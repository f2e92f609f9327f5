"""The nightly session fails for what it did not reach, and names it."""

from __future__ import annotations

from checkout_core.simulation.coverage import MARKS, Coverage
from checkout_core.simulation.faults import FAULTS, MENU
from tests.simulation.nightly import known_cells, missing

CELL = ("captured", "gateway.refund", "timeout_lost")


def whole() -> Coverage:
    found = Coverage()
    found.marks.update(dict.fromkeys(MARKS, 1))
    found.struck.update(dict.fromkeys(FAULTS, 1))
    found.cells[CELL] = 1
    return found


def test_what_was_not_reached_is_named() -> None:
    """A mark, a fault, a cell: each on a line of its own; nothing when all was reached."""
    assert missing(whole(), {CELL}) == []
    without = whole()
    del without.marks["re-acquire lost"], without.struck["poison"], without.cells[CELL]
    assert missing(without, {CELL}) == [
        f"mark: re-acquire lost ({MARKS['re-acquire lost']})",
        "fault never struck: poison",
        "cell: captured | gateway.refund | timeout_lost",
    ]


def test_the_cells_that_must_be_reached_are_cells() -> None:
    """Of calls there are, with faults that can strike them: a renamed call or fault would never be reached again."""
    cells = known_cells()
    assert len(cells) > 500
    for state, call, fault in cells:
        assert state
        assert not fault or fault in MENU[call], (state, call, fault)
