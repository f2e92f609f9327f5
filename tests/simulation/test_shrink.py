"""A run of two dozen shoppers and hundreds of decisions shrinks to the few that matter, and its tape brings the same violation back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from checkout_core.holds import Stock
from checkout_core.simulation.running import Outcome, run_once
from checkout_core.simulation.scenarios import Actor, Between, Facts, Scenario
from checkout_core.simulation.shrink import NotReproduced, Shrunk, shrink
from checkout_core.simulation.tapes import Decision, Tape, tape_of
from tests.simulation.journeys import CHALLENGED, DECLINED, OK, buys, scenario
from tests.simulation.mutants import named
from tests.simulation.small import a_scenario, at, buyer

CROWD: Scenario = evolve(
    scenario("a crowd", buys(OK), stock=15, notifier=True),
    actors=(
        Actor("ok", buys(OK), 14, within=60),
        Actor("asked", buys(CHALLENGED), 6, within=60),
        Actor("declined", buys((DECLINED, "refused"), OK), 4, within=60),
    ),
)
DECISIONS_AT_MOST = 12


def first_broken(seeds: int = 60) -> Outcome:
    return next(outcome for outcome in (run_once(CROWD, seed) for seed in range(seeds)) if outcome.violation is not None)


@pytest.mark.parametrize(
    "bug",
    [
        "release twice",
        "time-out = decline",
        "last write wins",
        "half a commit",
        "late failure overwrites paid",
    ],
)
def test_a_planted_bug_shrinks_to_a_handful_of_decisions(
    bug: str, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Each is told by 12 decisions or fewer; the shrunk tape, written and read again, gives the same violation and the same run."""
    named(bug).plant(monkeypatch)
    outcome = first_broken()
    shrunk = shrink(CROWD, outcome)
    small = shrunk.outcome
    assert small.violation is not None
    assert outcome.violation is not None
    assert small.violation.id == outcome.violation.id
    assert len(small.tape) <= DECISIONS_AT_MOST
    again = run_once(CROWD, tape=tape_of(small.tape.data()))
    assert again.violation is not None
    assert (again.violation.id, again.violation.facts, again.digest) == (small.violation.id, small.violation.facts, small.digest)
    at_home = len(small.tape.without)
    record_property(
        "explored",
        f"shrunk {bug!r}: {len(outcome.tape)} decisions of 24 people to {len(small.tape)} of {24 - at_home} in {shrunk.tries} runs",
    )


def test_shrinking_is_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same run shrinks to the same tape in the same number of tries."""
    named("last write wins").plant(monkeypatch)
    outcome = first_broken()
    once, again = shrink(CROWD, outcome), shrink(CROWD, outcome)
    assert (once.outcome.tape, once.tries) == (again.outcome.tape, again.tries)


def test_no_decision_of_the_shrunk_tape_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is left matters: without any one of its decisions the promise holds."""
    named("last write wins").plant(monkeypatch)
    shrunk = shrink(CROWD, first_broken())
    tape, broken = shrunk.outcome.tape, shrunk.outcome.violation
    assert broken is not None
    assert tape.decisions
    for address in tape.decisions:
        without = run_once(CROWD, tape=tape.keeping(frozenset(tape.decisions) - {address})).violation
        assert without is None or without.id != broken.id


@pytest.mark.parametrize("expected", [Facts(orders=Between(4)), Facts(orders=Between(4, 4)), Facts(left=(("MUG", Between(0, 1)),))])
def test_too_little_sold_is_not_shrunk_to_a_shop_that_nobody_enters(expected: Facts) -> None:
    """All shoppers stay, for their absence would be another reason for the same count."""
    wanted = evolve(a_scenario(buyer("ann", count=4), exact=[at("gateway.authorize", "decline", who="ann-2")]), always=expected)
    outcome = run_once(wanted, 3)
    assert outcome.violation is not None
    small = shrink(wanted, outcome).outcome
    assert small.violation is not None
    assert (small.violation.id, small.violation.facts[0]) == ("expect", outcome.violation.facts[0])
    assert small.tape.without == frozenset()
    assert [made.fault for made in small.tape.decisions.values()] == ["decline"]


def test_too_much_sold_is_shrunk_to_those_who_bought() -> None:
    """Three of six are enough to buy more than two; and another expectation of the same scenario does not do instead."""
    facts = Facts(orders=Between(0, 2), left=(("MUG", Between(5)),))
    wanted = evolve(a_scenario(buyer("ann", count=6), stock={Stock("MUG"): 6}), always=facts)
    small = shrink(wanted, run_once(wanted, 1)).outcome
    assert small.violation is not None
    assert small.violation.says == "3 orders stand, and not at most 2"
    assert len(small.tape.without) == 3


def test_it_stops_after_as_many_runs_as_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The best so far is the answer, and whoever watches hears of each try."""
    named("last write wins").plant(monkeypatch)
    heard = list[int]()
    shrunk: Shrunk = shrink(CROWD, first_broken(), told=lambda tries, left: heard.append(tries), tries_at_most=3)
    assert shrunk.tries == 3
    assert heard == [1, 2, 3]
    assert shrunk.outcome.violation is not None


def test_a_run_that_its_tape_does_not_bring_back_is_a_bug_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is shrunk that does not follow from its decisions: it is said so, with both digests."""
    named("last write wins").plant(monkeypatch)
    outcome = first_broken()
    with pytest.raises(NotReproduced, match=f"the digest was other and is {outcome.digest}"):
        shrink(CROWD, evolve(outcome, digest="other"))
    with pytest.raises(NotReproduced, match="Report this as a bug"):
        shrink(CROWD, evolve(outcome, tape=Tape({"ok-1/client.ask#1": Decision("gone")}, frozenset({"ok-2"}))))


def test_a_run_that_broke_nothing_cannot_be_shrunk() -> None:
    """There is nothing to look for."""
    with pytest.raises(ValueError, match="broke no promise"):
        shrink(CROWD, run_once(CROWD, tape=Tape()))
