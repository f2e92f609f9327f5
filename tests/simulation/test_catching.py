"""Every planted bug is caught by the simulator, and every promise is the first that one of them breaks.

`caught.toml` remembers one run for each bug; `python -m tests.simulation.catching` hunts them all from scratch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from checkout_core.simulation.running import run_once
from checkout_core.simulation.violations import Violation
from tests.simulation.catching import FIRST, Caught, Place, caught, first_of, remembered, tried
from tests.simulation.hunting import worlds
from tests.simulation.mutants import ALL, Mutant

NEARBY = 30
"""How many seeds of its world are tried for a bug whose run has become another, because the product has."""


@cache
def sound(place: Place) -> Violation | None:
    """What that run says of the product as it is."""
    return run_once(worlds()[place.world], place.seed).violation


@pytest.mark.parametrize("bug", ALL, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug: Mutant, record_property: Callable[[str, object], None]) -> None:
    """In the run that is remembered, or in one nearby; the same run without it is clean."""
    place = remembered()[bug.name]
    violation = tried(bug, place)
    if violation is None:
        found = caught(bug, range(NEARBY), only=[place.world])
        assert found is not None, f"Nothing catches it near {place}. Hunt it: python -m tests.simulation.catching --write {bug.name!r}"
        place, violation = found.place, Violation(found.id, found.says, ("", ""))
        record_property("explored", f"{bug.name}: caught in {place.world}, seed {place.seed}; remember that run")
    assert violation.id in {*bug.breaks, "guard"}, f"{violation}: say so in `breaks`."
    assert sound(place) is None


def test_each_promise_is_the_first_that_a_bug_breaks() -> None:
    """A check of which no bug is the first to be caught would be one that nobody has seen failing."""
    assert set(first_of()) == {bug.name for bug in ALL}
    assert FIRST - set(first_of().values()) == set()


def test_a_bug_that_no_world_shows_is_not_caught() -> None:
    """What changes nothing breaks no promise, and a hunt for it comes back with nothing."""
    harmless = Mutant("harmless", "nothing", lambda patch: patch.setattr(Place, "__doc__", "One run."))
    assert caught(harmless, range(2), only=["odd sums"]) is None


def test_a_hunt_says_where_and_when() -> None:
    """The first world and seed that show it, how many runs it took, and which promise was broken."""
    bug = next(bug for bug in ALL if bug.name == "a share is lost")
    assert caught(bug, range(2), only=["two-tabs", "odd sums"]) == Caught(
        bug.name, Place("odd sums", 0), 2, "I12", "a quote does not add up: the percent of odd"
    )
