"""The drawn states are those of the code, and every state can be reached and is known to its table."""

from __future__ import annotations

import pytest

from tests.project.states import PAGE, TABLES, drawn


def test_the_page_is_drawn_from_the_tables() -> None:
    """`docs/states.md` says what the code does; drawing it anew changes nothing."""
    assert PAGE.read_text(encoding="utf-8") == drawn()


@pytest.mark.parametrize("table", TABLES, ids=[title for title, *_ in TABLES])
def test_every_state_has_its_row_and_can_be_reached(table: tuple[object, ...]) -> None:
    """I13: a table names every state of its enum, leads nowhere else, and no state is an island."""
    _, _, moves, starts = table
    states = set(type(starts[0]))  # type: ignore[index, call-overload]
    assert set(moves) == states  # type: ignore[call-overload]
    reached, more = set(starts), set(starts)  # type: ignore[call-overload]
    while more:
        more = {new for old in more for new in moves[old]} - reached  # type: ignore[index]
        reached |= more
    assert reached == states
