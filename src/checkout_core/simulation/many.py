"""Many runs of one scenario, and what they reached together. Who has several processes adds their reports."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from attrs import define, field

from checkout_core.simulation.coverage import Coverage
from checkout_core.simulation.levels import Level
from checkout_core.simulation.running import Outcome, run_once
from checkout_core.simulation.scenarios import Scenario

MANY: Final = 100
"""From so many runs on, a mark that the scenario asks for and nobody reached is a failure: the runs prove less than they seem to."""


@define
class Report:
    """What came of many runs: counts, coverage, and each run that broke a promise."""

    scenario: str
    runs: int = 0
    checkouts: int = 0
    orders: int = 0
    steps: int = 0
    contended: int = 0
    faulty: int = 0
    broken: list[Outcome] = field(factory=list)
    coverage: Coverage = field(factory=Coverage)

    def add(self, outcome: Outcome) -> None:
        """One more run."""
        self.runs += 1
        self.checkouts += outcome.checkouts
        self.orders += outcome.orders
        self.steps += outcome.steps
        self.contended += outcome.contended
        self.faulty += outcome.faults > 0
        self.coverage.add(outcome.coverage)
        if outcome.violation is not None:
            self.broken.append(outcome)

    def merge(self, other: Report) -> None:
        """The runs of another process."""
        for name in ("runs", "checkouts", "orders", "steps", "contended", "faulty"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.broken += other.broken
        self.coverage.add(other.coverage)


@contextmanager
def rare_collections() -> Iterator[None]:
    """A run makes many values that refer to no others: for as long as this lasts, the collector looks for cycles less often."""
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@rare_collections()
def run_many(
    scenario: Scenario,
    seeds: Iterable[int],
    *,
    level: Level | None = None,
    checks: bool = True,
    told: Callable[[Outcome], None] = lambda _: None,
    stop_after: int = 1,
) -> Report:
    """Run these seeds; `told` hears of each. It ends early after so many broken promises."""
    report = Report(scenario.name)
    for seed in seeds:
        outcome = run_once(scenario, seed, level=level, checks=checks)
        report.add(outcome)
        told(outcome)
        if len(report.broken) >= stop_after:
            break
    return report


def unreached(scenario: Scenario, report: Report) -> tuple[str, ...]:
    """The marks that the scenario asks for and that its runs did not reach."""
    return tuple(mark for mark in scenario.marks if not report.coverage.marks.get(mark))


def too_little(scenario: Scenario, report: Report) -> tuple[str, ...]:
    """Those that are a failure, because there were runs enough."""
    return unreached(scenario, report) if report.runs >= MANY else ()
