"""What runs of scenarios came to, as values: who broke what, what was not reached, and the commands that show it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from attrs import frozen

from checkout_cli.exits import BROKEN, STOPPED
from checkout_cli.rendering.facts import quoted
from checkout_cli.several import Found
from checkout_core.simulation.many import Report, too_little, unreached
from checkout_core.simulation.running import Outcome
from checkout_core.simulation.scenarios import Scenario

Verdict = Literal["clean", "broken", "coverage", "nondeterminism"]
WORDS: Final[dict[Verdict, str]] = {
    "clean": "every promise held",
    "broken": "a promise is broken",
    "coverage": "every promise held, but not all was reached that must be",
    "nondeterminism": "the same run came out in two ways",
}


@frozen
class Ran:
    """The runs of one scenario. `level` is how it is called, `chosen` whether by the caller and not by the scenario itself."""

    file: Path
    scenario: Scenario
    level: str
    chosen: bool
    found: Found

    @property
    def report(self) -> Report:
        """Counts, coverage, and what was broken."""
        return self.found.report

    @property
    def missing(self) -> tuple[str, ...]:
        """Marks that the scenario asks for and nobody reached."""
        return unreached(self.scenario, self.report)

    @property
    def verdict(self) -> Verdict:
        """In a word."""
        if self.report.broken:
            return "broken"
        return "coverage" if too_little(self.scenario, self.report) else "clean"

    def again(self, outcome: Outcome, command: str = "replay") -> str:
        """What to type to see a run of it again, or to have it explained."""
        return command_for(command, self.file, outcome.seed, self.level if self.chosen else None)


@frozen
class AllRan:
    """The runs of several scenarios, in `seconds` of wall time. `not_run` are those that it did not come to."""

    runs: tuple[Ran, ...]
    first: int
    seeds: int
    seconds: float
    stopped: bool = False
    not_run: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of any."""
        return worst([one.verdict for one in self.runs])

    @property
    def exit(self) -> int:
        """0 clean, 4 not, 130 if nothing was found before somebody had enough."""
        if self.verdict != "clean":
            return BROKEN
        return STOPPED if self.stopped else 0

    @property
    def together(self) -> Report:
        """All of them, added."""
        total = Report("")
        for one in self.runs:
            total.merge(one.report)
        return total


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The one that matters most."""
    order: tuple[Verdict, ...] = ("nondeterminism", "broken", "coverage")
    return next((one for one in order if one in verdicts), "clean")


def command_for(command: str, file: Path, seed: int | None, level: str | None, tape: Path | None = None) -> str:
    """`checkout simulate replay FILE --seed N`, as it is typed."""
    which = f"--tape {quoted(str(tape))}" if tape is not None else f"--seed {seed}"
    return f"checkout simulate {command} {quoted(str(file))} {which}{f' --level {level}' if level else ''}"
