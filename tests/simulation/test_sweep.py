"""Every single thing that can go wrong in each canonical journey, and (`nox -s pairs`) every two of them."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from checkout_core.simulation.faults import FAULTS, MENU
from checkout_core.simulation.running import run_once
from checkout_core.simulation.sweep import COARSE, places_of, sweep, sweep_pairs, sweep_singles
from checkout_core.simulation.tapes import Tape
from tests.simulation.journeys import JOURNEYS, buys, scenario
from tests.simulation.mutants import named

Say = Callable[[str, object], None]
PAIRS = os.environ.get("SWEEP_PAIRS", "")
"""The journeys whose pairs are swept, by name, or `all`."""


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Say:
    """Adds a line to the summary at the end of the session (see tests/conftest.py)."""
    return lambda name, says: record_property("explored", f"{name}: {says}")


@pytest.mark.parametrize("name", JOURNEYS)
def test_no_single_deviation_breaks_a_promise(name: str, say: Say) -> None:
    """Whatever one thing goes wrong at whatever place of a journey, every promise holds."""
    report = sweep(JOURNEYS[name])
    say(f"every single deviation, {name}", report)
    assert not report.broken, f"{report.broken[0].violation} on {report.broken[0].tape.data()}"
    assert report.faulty


@pytest.mark.skipif(not PAIRS, reason="a named session: nox -s pairs")
@pytest.mark.parametrize("name", JOURNEYS)
def test_no_pair_of_deviations_breaks_a_promise(name: str, say: Say) -> None:
    """Whatever two things go wrong at whatever places of a journey, every promise holds."""
    if PAIRS != "all" and name not in PAIRS.split(","):
        pytest.skip("not asked for")
    report = sweep(JOURNEYS[name], pairs=True)
    say(f"every pair of deviations, {name}", report)
    assert not report.broken, f"{report.broken[0].violation} on {report.broken[0].tape.data()}"


def test_every_fault_strikes_in_some_journey() -> None:
    """The sweeps of all journeys together try every fault that there is, and every call that can meet one."""
    tapes = [tape for one in JOURNEYS.values() for tape in sweep_singles(one, COARSE)]
    tried = {(_call(address), made.fault) for tape in tapes for address, made in tape.decisions.items()}
    assert {fault for _, fault in tried} - {""} == set(FAULTS)
    rare = {"gateway.capture", "gateway.void", "gateway.refund", "gateway.inquire", "store.blocking"}
    assert set(MENU) - {call for call, _ in tried} <= rare


def test_a_fault_that_lasts_has_a_length_in_every_sweep() -> None:
    """A crash, a pause, a late arrival or an outage that takes no time would be another fault, or none."""
    tapes = [tape for one in JOURNEYS.values() for tape in sweep_singles(one, COARSE)]
    lasting = {"crash_before", "crash_after", "pause", "sigterm", "late_applied", "pending", "replay", "mail_out"}
    made = [decision for tape in tapes for decision in tape.decisions.values() if decision.fault in lasting]
    assert {decision.fault for decision in made} == lasting
    assert all(decision.span for decision in made)


def _call(address: str) -> str:
    call = address.partition(" ")[0]
    return call if call in MENU else address.rpartition("/")[2].partition("#")[0]


def test_a_sweep_finds_what_one_deviation_reveals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop that takes no answer for no is caught by the sweep of a plain card purchase, on a tape of one decision."""
    named("time-out = decline").plant(monkeypatch)
    report = sweep(JOURNEYS["a card"])
    [broken] = report.broken
    assert broken.violation is not None
    assert broken.violation.id == "I6"
    assert len(broken.tape) == 1


def test_a_pair_is_the_first_and_what_comes_after_it() -> None:
    """The second deviation of a pair stands at a place that the run with the first comes to, after the first; no pair is tried twice."""
    small = scenario("small", buys())
    tapes = [tape for tape, _ in zip(sweep_pairs(small), range(3000), strict=False)]
    pairs = [frozenset(tape.decisions.items()) for tape in tapes]
    assert all(len(tape) == 2 for tape in tapes)
    assert len(set(pairs)) == len(pairs)
    first, second = tapes[-1].decisions
    places = [place.address for place in places_of(small, Tape({first: tapes[-1].decisions[first]}))[1]]
    assert places.index(first) < places.index(second)


def test_a_sweep_is_the_same_every_time() -> None:
    """Two sweeps try the same tapes in the same order, and each tape gives the same run."""
    small = scenario("small", buys())
    once, again = list(sweep_singles(small)), list(sweep_singles(small))
    assert once == again
    assert [run_once(small, tape=tape).digest for tape in once[:20]] == [run_once(small, tape=tape).digest for tape in again[:20]]
