"""The systematic mode: a small scenario run once without any deviation, then once for each thing that can go wrong at each place of it.

A place is an address; what can go wrong there is each fault that its call can meet, a pause until all others have gone on, and a stall that
ends just before, at, just after and well after each instant at which something is due. Pairs take every second deviation in the run *with*
the first. A seed may miss any of them; a sweep misses none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from attrs import define, evolve, field, frozen

from checkout_core.flow import MARGIN
from checkout_core.simulation.chance import NEAR, SECOND, Armed, Taped
from checkout_core.simulation.coverage import Coverage
from checkout_core.simulation.faults import FACTS, MENU, READS
from checkout_core.simulation.levels import Level
from checkout_core.simulation.running import Outcome, Run, outcome_of, run_once
from checkout_core.simulation.scenarios import Scenario
from checkout_core.simulation.tapes import Decision, Tape

LASTING: Final = frozenset({"crash_before", "crash_after", "pause", "sigterm", "late_applied", "pending", "replay", "mail_out"})
"""Faults that last: how long matters."""
FOR_HOURS: Final = frozenset({"mail_out"})
"""Of those, what lasts for hours at its shortest; any longer, and messages are rightly given up."""
AFTER_ALL: Final = 1
"""A wait that lets everybody else go first: they take no time unless something is slow."""
_ARRIVES: Final = "arrives"
_IDLE: Final = ("worker.nap", "client.sleep")  # stalls here are stalls of what comes next


@frozen
class Grain:
    """How fine a sweep is. `near`: how far from an armed instant a stall ends, in microseconds; `spans`: how many lengths a fault may have.

    `looks`: whether what only looks gets all of that too. What follows it in the same task does, and differs only in what was seen before.
    """

    near: tuple[int, ...] = NEAR
    spans: int = 3
    looks: bool = True


FINE: Final = Grain()
USUAL: Final = Grain(near=(-1000, 1000), spans=2, looks=False)
COARSE: Final = Grain(near=(1000,), spans=1, looks=False)


@frozen
class Spot:
    """One place of a run: its address, the call, when it came, the instants that were armed then, and how late one may come there."""

    address: str
    call: str
    now: int
    armed: tuple[int, ...] = ()
    within: int = 0


@define
class SweepReport:
    """What came of a sweep: how many runs, the places of the run without deviations, the cells that were reached, and what broke."""

    scenario: str
    runs: int = 0
    places: int = 0
    faulty: int = 0
    broken: list[Outcome] = field(factory=list)
    coverage: Coverage = field(factory=Coverage)

    @property
    def cells(self) -> int:
        """How many cells (state × call × fault) were reached."""
        return len(self.coverage.cells)

    def add(self, outcome: Outcome) -> None:
        """One more run."""
        self.runs += 1
        self.faulty += outcome.faults > 0
        self.coverage.add(outcome.coverage)
        if outcome.violation is not None:
            self.broken.append(outcome)

    def __str__(self) -> str:
        faults = len(self.coverage.struck)
        return f"{self.runs} runs of {self.places} places, {faults} faults, {self.cells} cells, {len(self.broken)} broken"


def sweep(
    scenario: Scenario,
    pairs: bool = False,
    *,
    grain: Grain | None = None,
    level: Level | None = None,
    told: Callable[[Outcome], None] = lambda _: None,
    stop_after: int = 1,
) -> SweepReport:
    """Run every single deviation, or every pair of them; `told` hears of each run. It ends early after so many broken promises."""
    report = SweepReport(scenario.name, places=len(places_of(scenario, level=level)[1]))
    tapes = sweep_pairs(scenario, grain or COARSE, level=level) if pairs else sweep_singles(scenario, grain or USUAL, level=level)
    for tape in tapes:
        outcome = run_once(scenario, tape=tape, level=level)
        report.add(outcome)
        told(outcome)
        if len(report.broken) >= stop_after:
            break
    return report


def sweep_singles(
    scenario: Scenario, grain: Grain = USUAL, *, level: Level | None = None, without: frozenset[str] = frozenset()
) -> Iterator[Tape]:
    """The run without deviations, then a tape for each one; `without` stay at home."""
    calm = Tape(without=without)
    yield calm
    _, places = places_of(scenario, calm, level=level)
    for address, made in _deviations(scenario, places, grain):
        yield Tape({address: made}, without)


def sweep_pairs(scenario: Scenario, grain: Grain = COARSE, *, level: Level | None = None) -> Iterator[Tape]:
    """A tape for each two deviations, the second at a place that comes after the first in the run with the first."""
    for first in sweep_singles(scenario, grain, level=level):
        for address in first.decisions:
            outcome, places = places_of(scenario, first, level=level)
            at = next((n for n, place in enumerate(places) if place.address == address), len(places))
            if outcome.violation is None:
                for second, made in _deviations(scenario, places[at + 1 :], grain):
                    yield evolve(first, decisions={**first.decisions, second: made})


def places_of(scenario: Scenario, tape: Tape | None = None, *, level: Level | None = None) -> tuple[Outcome, Sequence[Spot]]:
    """The run of this tape, and every place it came to."""
    noting = _Noting(Tape() if tape is None else tape)
    run = Run(scenario, noting, level=level, without=noting.taped.tape.without)
    noting.run = run
    violation = run.go()
    return outcome_of(run, None, violation), noting.places


class _Noting:
    """A tape that notes where it was asked."""

    def __init__(self, tape: Tape) -> None:
        self.taped = Taped(tape)
        self.run: Run | None = None
        self.places: list[Spot] = []

    def decide(self, address: str, call: str, now: int, armed: Armed) -> Decision:
        due = set(armed()) or self._anywhere()
        self.places.append(Spot(address, call, now, tuple(sorted(at for at in due if at > now))))
        return self.taped.decide(address, call, now, armed)

    def arrival(self, address: str, within: int) -> int:
        self.places.append(Spot(address, _ARRIVES, 0, within=within))
        return self.taped.arrival(address, within)

    def _anywhere(self) -> set[int]:
        if self.run is None:
            return set()
        return {at for id in self.run.books.docs for at in self.run.kernel.armed(id)}


def _deviations(scenario: Scenario, places: Sequence[Spot], grain: Grain) -> Iterator[tuple[str, Decision]]:
    for place in places:
        if place.call == _ARRIVES:
            yield from ((place.address, Decision(wait=wait)) for wait in _arrivals(place, places, grain))
            continue
        looks = not grain.looks and (place.call in READS or place.call in FACTS)
        for fault in MENU.get(place.call, ()):
            lengths = 1 if looks or fault in FOR_HOURS else grain.spans
            for span in _spans(scenario, lengths) if fault in LASTING else (0,):
                yield place.address, Decision(fault, span=span)
        if not looks and place.call not in _IDLE:
            waits = _distinct([AFTER_ALL, *(at + off - place.now for at in place.armed for off in grain.near)])
            yield from ((place.address, Decision(wait=wait)) for wait in waits)


def _spans(scenario: Scenario, spans: int) -> Sequence[int]:
    """Longer than anybody waits for a call; longer than any goods are held; short."""
    call = scenario.world.gateway.call_timeout + MARGIN + 5
    return (call * SECOND, (scenario.world.policy.deadlines.hold_at_most + 60) * SECOND, SECOND)[:spans]


def _arrivals(place: Spot, places: Sequence[Spot], grain: Grain) -> Sequence[int]:
    """When else somebody may come: between any two steps of the others, and near every instant that is armed in their time."""
    if place.address.endswith("/skew"):
        return _distinct([place.within // 2, place.within])
    name = place.address.partition("/")[0]
    others = [other for other in places if not other.address.startswith((f"{name}.", f"{name}/")) and other.call != _ARRIVES]
    armed = sorted({at for other in others for at in other.armed})
    return _distinct([*(other.now + AFTER_ALL for other in others), *(at + off for at in armed for off in grain.near)])


def _distinct(waits: Sequence[int]) -> Sequence[int]:
    return sorted({wait for wait in waits if wait > 0})
