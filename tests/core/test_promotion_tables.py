"""The reference of promotions is true: each cell, and every condition with every benefit and rule of stacking, against exact fractions."""

from __future__ import annotations

import pytest

from checkout_adapters.files.conditions import KINDS as CONDITION_KINDS
from checkout_adapters.files.gains import KINDS
from checkout_core.promotions import BENEFITS, CONDITIONS
from tests.core.oracle import calculate
from tests.core.promotion_tables import (
    ASKED,
    BENEFITS_SHOWN,
    PAGE,
    STACKS,
    Asked,
    Stack,
    answer,
    outcome,
    promotions_of,
    words_of,
    worked,
    written,
)


@pytest.mark.parametrize("stack", STACKS, ids=[stack.words for stack in STACKS])
@pytest.mark.parametrize("kind", BENEFITS_SHOWN)
def test_every_benefit_stacks_as_the_oracle_says(kind: str, stack: Stack) -> None:
    assert answer(promotions_of(kind, stack))[0] == _taken(worked(kind, stack))


@pytest.mark.parametrize("asked", ASKED, ids=[asked.key for asked in ASKED])
def test_a_condition_decides_whether_and_never_how_much(asked: Asked) -> None:
    """Where it holds all is as without it; where not, all is as if the promotion was not there: with each benefit and stacking."""
    for kind in BENEFITS_SHOWN:
        for stack in STACKS:
            assert outcome(kind, stack, asked, there=True) == _taken(worked(kind, stack)), (kind, stack.words)
            assert outcome(kind, stack, asked, there=False) == _taken(worked(kind, stack, there=False)), (kind, stack.words)


def _taken(case: dict[str, object]) -> dict[str, int]:
    """What each promotion takes; one that gives nothing counts as not there."""
    return {id: amount for id, amount in calculate(case)["promotions"].items() if amount}


def test_every_kind_and_every_condition_is_in_the_tables() -> None:
    assert set(BENEFITS_SHOWN) == set(KINDS)
    assert {type(benefit) for benefit, _ in BENEFITS_SHOWN.values()} == set(BENEFITS)
    plain = promotions_of("fixed", STACKS[0])[0]
    assert {type(asked.holds(plain).when[0]) for asked in ASKED if asked.holds(plain).when} == set(CONDITIONS)
    assert set(CONDITION_KINDS) <= {asked.key for asked in ASKED}
    assert all(words_of(asked.holds(plain)) for asked in ASKED)


def test_the_page_shows_what_is_worked_out() -> None:
    """If this fails because figures were meant to change: python -m tests.core.promotion_tables --write"""
    page = PAGE.read_text(encoding="utf-8")
    assert written(page).splitlines() == page.splitlines()
