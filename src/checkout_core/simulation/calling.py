"""The simulator in a host's own tests: one call, and a failing seed says how to see it again."""

from __future__ import annotations

import tomllib
from typing import Final, Protocol, runtime_checkable

from attrs import define, field

from checkout_core.script_reader import script_of
from checkout_core.scripts import BadScript, Script
from checkout_core.simulation.explain import explain
from checkout_core.simulation.foreign import MakesGateway, MakesStorage, OwnLevel
from checkout_core.simulation.levels import Level
from checkout_core.simulation.many import Report, run_many, too_little
from checkout_core.simulation.running import Outcome
from checkout_core.simulation.scenario_reader import BadScenario, scenario_of
from checkout_core.simulation.scenario_world import Alone, Goods, Wrong
from checkout_core.simulation.scenarios import Scenario
from checkout_core.simulation.shrink import NotReproduced, shrink

TRIES: Final = 250
"""Runs that a failing test spends on a shorter story."""


@runtime_checkable
class Readable(Protocol):
    """A file, such as a `pathlib.Path`."""

    @property
    def name(self) -> str: ...
    @property
    def stem(self) -> str: ...
    @property
    def parent(self) -> Readable: ...
    def read_text(self, encoding: str | None = None) -> str: ...
    def __truediv__(self, other: str, /) -> Readable: ...


class Failed(AssertionError):
    """A promise does not hold: the text has the story and the command that plays it again. `report` is what came of all the runs."""

    def __init__(self, text: str, report: Report) -> None:
        super().__init__(text, report)
        self.text = text
        self.report = report

    def __str__(self) -> str:
        return self.text


def simulate(
    scenario: Scenario | str | Readable,
    *,
    seeds: int = 200,
    first: int = 0,
    checks: bool = True,
    storage: MakesStorage | None = None,
    gateway: MakesGateway | None = None,
) -> Report:
    """Run a scenario with `seeds` seeds from `first` on: a value, the text of a scenario file, or its path as a `pathlib.Path`.

    `storage` and `gateway` are factories of your own adapters (of the sync ports), called with each run's clock; faults strike in front of
    them. Without `checks` what is stored is looked at only when a run is at rest, which is faster.

    Raises Failed if a promise is broken, if nobody bought anything in any run, or if a mark is not reached; BadScenario; and Misconfigured
    for a factory that makes no such part.
    """
    if seeds < 1:
        raise ValueError("Give at least one seed: simulate(scenario, seeds=200).")
    if first < 0:
        raise ValueError("Seeds are 0 and more: simulate(scenario, first=0).")
    read = _read(scenario)
    level = None if storage is None and gateway is None else OwnLevel(storage, gateway)
    report = run_many(read, range(first, first + seeds), level=level, checks=checks)
    if report.broken:
        raise Failed(_told(read, report.broken[0], scenario, level), report)
    if not report.orders and sells(read):
        raise Failed(f"{read.name}: in {report.runs} runs nobody bought anything. Look at the gateway, the stock and the journeys.", report)
    if missing := too_little(read, report):
        marks = ", ".join(missing)
        raise Failed(
            f"{read.name}: {report.runs} runs never reached: {marks}. Make what leads there likelier, or take the mark away.", report
        )
    return report


def sells(scenario: Scenario) -> bool:
    """Whether some order may be expected of many runs: nobody has asked for none."""
    most = scenario.always.orders
    return most is None or most.most > 0


def replayed_by(scenario: Scenario | str | Readable, seed: int | None, *, own: bool) -> str:
    """What somebody types to see that run again: the command, where it can have all parts of the run, else this call."""
    if own or not isinstance(scenario, Readable):
        return f"simulate(scenario, seeds=1, first={seed}), with the same arguments"
    return f"checkout simulate replay {scenario} --seed {seed}"


def _told(scenario: Scenario, outcome: Outcome, asked: Scenario | str | Readable, level: Level | None) -> str:
    violation = outcome.violation
    assert violation is not None
    return "\n".join(
        (
            f"{scenario.name}, seed {outcome.seed}: {violation.id} is broken: {violation.says}.",
            *(f"  {fact}" for fact in violation.facts),
            "",
            _story(scenario, outcome, level),
            "",
            f"Again: {replayed_by(asked, outcome.seed, own=level is not None)}",
        )
    )


def _story(scenario: Scenario, outcome: Outcome, level: Level | None) -> str:
    """The story of a shorter run that breaks the same promise; why there is none, if the run does not come back."""
    try:
        return str(explain(scenario, shrink(scenario, outcome, level=level, tries_at_most=TRIES).outcome, level=level))
    except NotReproduced as unsteady:
        if level is None:
            return str(unsteady)
        return (
            "There is no story of it: run again, it is another run. A part of yours answers by more than what it is asked and its clock, "
            "such as chance, the time of day, or what it kept from an earlier run. Take that out, and the run comes back."
        )


# Where scenarios come from.
def _read(scenario: Scenario | str | Readable) -> Scenario:
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, str):
        if "\n" not in scenario:
            raise BadScenario("scenario", ("This text has one line: give the text of a scenario, or its file as a pathlib.Path",))
        return scenario_of(_table(scenario, "scenario"), "scenario", Alone())
    if not isinstance(scenario, Readable):
        raise TypeError(f"A scenario is a Scenario, the text of one, or a pathlib.Path; got {type(scenario).__name__}.")
    return scenario_of(_table(_text(scenario), scenario.name), scenario.stem, _Beside(scenario.parent))


def _text(file: Readable) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadScenario(file.name, (f"it cannot be read: {error.strerror}. Check the path: {file}",)) from None
    except ValueError:
        raise BadScenario(file.name, ("it is not UTF-8. Save it as UTF-8",)) from None


def _table(text: str, name: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadScenario(name, (f"it is not TOML: {error}",)) from None


@define
class _Beside:
    """The scripts that a scenario names, found from the folder it lies in; each is read once."""

    folder: Readable
    scripts: dict[str, Script | Wrong] = field(factory=dict)

    def script(self, path: str) -> Script | Wrong:
        if path not in self.scripts:
            self.scripts[path] = self._script(self.folder / path)
        return self.scripts[path]

    def _script(self, file: Readable) -> Script | Wrong:
        try:
            return script_of(_table(_text(file), file.name), file.stem)
        except BadScript as bad:
            return Wrong(tuple(f"{file.name}: {mistake}" for mistake in bad.mistakes))
        except BadScenario as bad:
            return Wrong(tuple(f"{bad.name}: {mistake}" for mistake in bad.mistakes))

    def shop(self, folder: str) -> Goods | Wrong:
        return Wrong((f"{folder!r} is a shop in files, which only the command reads: use `checkout simulate run`, or tell the world here",))

    def adapter(self, port: str, name: str) -> Wrong | None:
        return Alone().adapter(port, name)
