"""The registry of planted bugs: each is one of a kind, says what it breaks, plants something, and can be taken out again."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.mutants import ALL, Mutant, named
from tests.simulation.mutants.measured import SURVIVORS

PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"
IDS = set(re.findall(r"^- \*\*([A-Z]+-?\d+)\b", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
EXPRESSIBLE = {f"I{n}" for n in (*range(1, 19), 20, 21, 25)} | {"L1", "L2", "L3", "L5", "Q1", "Q2", "Q3", "R27"}
"""What the features of today can break: a planted bug is expected to break each of them first."""


def test_each_bug_is_one_of_a_kind() -> None:
    assert [name for name, times in Counter(bug.name for bug in ALL).items() if times > 1] == []
    assert len(ALL) >= 60
    assert [named(bug.name) for bug in ALL] == list(ALL)


def test_each_promise_has_a_bug_that_breaks_it_first() -> None:
    """A check of which no bug is the first to be caught would be one that nobody has seen failing."""
    assert sorted(EXPRESSIBLE - {bug.breaks[0] for bug in ALL}) == []


def test_many_survive_the_ordinary_tests() -> None:
    """A bug that only a race, a crash or a lost answer shows is what the simulator is for."""
    assert {bug.name for bug in ALL if bug.survives} == SURVIVORS
    assert len(SURVIVORS) >= 15


@pytest.mark.parametrize("bug", ALL, ids=lambda bug: bug.name)
def test_a_bug_is_planted_and_taken_out(bug: Mutant) -> None:
    """It names ids that have a sentence, changes something of the product, and leaves nothing behind."""
    assert {*bug.breaks, *([bug.origin] if bug.origin else [])} <= IDS
    planted: list[tuple[object, str, object]] = []
    with pytest.MonkeyPatch.context() as patch:

        class Noting:
            def setattr(self, target: object, name: str, value: object, /) -> None:
                planted.append((target, name, vars(target)[name]))
                patch.setattr(target, name, value)

        bug.plant(Noting())
        assert planted
    assert all(vars(target)[name] is real for target, name, real in planted)
