"""`checkout simulate run`, `replay`, `shrink`, `explain` and `sweep`: find what breaks, see it again, and make it small."""

from __future__ import annotations

import os
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.exits import BROKEN, STOPPED, WrongUsage
from checkout_cli.options import Json
from checkout_cli.output import Output

if TYPE_CHECKING:
    from checkout_cli.verdicts import Ran
    from checkout_core.simulation.levels import Level
    from checkout_core.simulation.running import Outcome

WHICH, HOW = "Which run", "How it is run"


class LevelName(StrEnum):
    """Where a run stores."""

    MODEL = "model"
    SQLITE = "sqlite"


Scenarios = Annotated[list[Path], typer.Argument(metavar="SCENARIO…", help="Scenarios in TOML, or folders of them.")]
One = Annotated[Path, typer.Argument(metavar="SCENARIO", help="A scenario in TOML.")]
Seeds = Annotated[int, typer.Option("--seeds", min=1, max=10_000_000, metavar="N", help="How many seeds.", rich_help_panel=WHICH)]
First = Annotated[int, typer.Option("--first", min=0, max=2**62, metavar="SEED", help="The first of them.", rich_help_panel=WHICH)]
Seed = Annotated[int | None, typer.Option("--seed", min=0, max=2**63 - 1, metavar="N", help="The run of this seed.", rich_help_panel=WHICH)]
TapeFile = Annotated[Path | None, typer.Option("--tape", metavar="FILE", help="The run on this tape.", rich_help_panel=WHICH)]
OnLevel = Annotated[
    LevelName | None,
    typer.Option("--level", metavar="model|sqlite", help="Where runs store. Default: as the scenario says.", rich_help_panel=HOW),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", min=1, max=256, metavar="N", help="Processes at once. Default: one for each processor.", rich_help_panel=HOW),
]


def run(
    scenarios: Scenarios,
    seeds: Seeds = 200,
    first: First = 0,
    jobs: Jobs = None,
    level: OnLevel = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", metavar="", help="Go on after a broken promise.", rich_help_panel=HOW)
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Write report.html, report.json and junit.xml there.", rich_help_panel=HOW),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run scenarios with many seeds: each seed is another story, and the same one every time.

    Every promise is checked after every commit. Exit code 4 if one is broken, or if 100 runs or more never reached a mark that the scenario
    asks for; Ctrl-C shows what was found so far. The answer is the same for any number of --jobs.
    Example: checkout simulate run examples/scenarios --seeds 50
    """
    from time import monotonic

    from checkout_cli import several
    from checkout_cli.levels import level_name, level_of
    from checkout_cli.rendering.runs import ran_data, ran_words
    from checkout_cli.simulating import read_scenarios
    from checkout_cli.verdicts import AllRan, Ran

    out, read = Output(as_json), read_scenarios(scenarios)
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
    ran, before, started = list[Ran](), 0, monotonic()
    for one in read:
        with level_of(one.scenario, level):  # before anything runs: its adapters can be had
            pass
    with out.progress("simulating", seeds * len(read)) as told:
        for one in read:
            where = several.Where(one.path, None if level is None else level.value)
            found = several.run(
                where,
                range(first, first + seeds),
                jobs=jobs or _processors(),
                stop=not keep_going,
                told=lambda done, before=before: told(before + done),  # type: ignore[misc]
            )
            before += seeds
            ran.append(Ran(one.path, one.scenario, level_name(one.scenario, level), level is not None, found))
            if found.stopped or (found.report.broken and not keep_going):
                break
    not_run = tuple(one.scenario.name for one in read[len(ran) :])
    every = AllRan(tuple(ran), first, seeds, monotonic() - started, any(one.found.stopped for one in ran), not_run)
    if report is not None:
        from checkout_cli.reports import write_report

        write_report(report, every)
    out.show(ran_data(every), lambda: ran_words(every, None if report is None else report / "report.html"))
    if every.exit:
        raise typer.Exit(every.exit)


def replay(
    scenario: One,
    seed: Seed = None,
    tape: TapeFile = None,
    level: OnLevel = None,
    twice: Annotated[
        bool,
        typer.Option("--twice", metavar="", help="Run it in two fresh processes as well, and compare what came.", rich_help_panel=HOW),
    ] = False,
    as_json: Json = False,
) -> None:
    """Play one run again, from its seed or its tape, and show what came of it; its digest names everything that happened.

    Exit code 4 if it breaks a promise, or with --twice if it came out in two ways.
    Example: checkout simulate replay examples/scenarios/last-unit.toml --seed 7
    """
    from checkout_cli.rendering.runs import outcome_data, outcome_words, verdict_line
    from checkout_cli.replaying import digests_of
    from checkout_cli.verdicts import Verdict

    out = Output(as_json)
    with ExitStack() as stack:
        ran, outcome, _ = _one(stack, scenario, seed, tape, level)
    digests = digests_of(scenario, seed, tape, level) if twice else ()
    verdict: Verdict = "broken" if outcome.violation is not None else "clean"
    if any(digest != outcome.digest for digest in digests):
        verdict = "nondeterminism"
    data = {"verdict": verdict, "run": outcome_data(ran, outcome), "digests": list(digests)}
    out.show(data, lambda: [*outcome_words(ran, outcome, digests), verdict_line(verdict)])
    if verdict != "clean":
        raise typer.Exit(BROKEN)


def shrink(
    scenario: One,
    seed: Seed = None,
    tape: TapeFile = None,
    level: OnLevel = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="TAPE.json", help="Keep what is left as a tape.", rich_help_panel=HOW)
    ] = None,
    as_json: Json = False,
) -> None:
    """Cut a run that breaks a promise down to the fewest decisions that still break it.

    Exit code 4 with the small run; 0 if the run breaks nothing, so that there is nothing to cut.
    Example: checkout simulate shrink scenario.toml --seed 7 --out small.json
    """
    from checkout_cli.rendering.small_runs import shrunk_data, shrunk_words
    from checkout_cli.tape_files import write_tape

    out = Output(as_json)
    if out_file is not None and out_file.exists():
        raise WrongUsage(f"{out_file} is there already. Name a new file, or move it away.")
    with ExitStack() as stack:
        ran, outcome, on = _one(stack, scenario, seed, tape, level)
        small, tries = _shrunk(out, ran, outcome, on)
    if out_file is not None and small.violation is not None:
        write_tape(out_file, small)
    out.show(shrunk_data(ran, outcome, small, tries), lambda: shrunk_words(ran, outcome, small, tries, out_file))
    if small.violation is not None:
        raise typer.Exit(BROKEN)


def explain(
    scenario: One,
    seed: Seed = None,
    tape: TapeFile = None,
    level: OnLevel = None,
    whole: Annotated[
        bool, typer.Option("--whole", metavar="", help="Tell the run as it was, without cutting it down first.", rich_help_panel=HOW)
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell a run as a story: who did what and when, which fault struck where, which promise broke, and the two facts that contradict.

    Exit code 4 if it breaks a promise.
    Example: checkout simulate explain examples/scenarios/last-unit.toml --seed 7
    """
    from checkout_cli.rendering.small_runs import explained_data, explained_words
    from checkout_core.simulation.explain import explain as explained_of

    out = Output(as_json)
    with ExitStack() as stack:
        ran, outcome, on = _one(stack, scenario, seed, tape, level)
        small = outcome if whole else _shrunk(out, ran, outcome, on)[0]
        explained = explained_of(ran.scenario, small, level=on)
    out.show(explained_data(ran, small, explained), lambda: explained_words(explained))
    if small.violation is not None:
        raise typer.Exit(BROKEN)


def sweep(
    scenario: One,
    pairs: Annotated[bool, typer.Option("--pairs", metavar="", help="Every two at once, too.", rich_help_panel=HOW)] = False,
    jobs: Jobs = None,
    level: OnLevel = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="TAPE.json", help="Keep what breaks a promise as a tape.", rich_help_panel=HOW)
    ] = None,
    as_json: Json = False,
) -> None:
    """Let every fault strike at every place of a small scenario, and every call stall near every instant at which something is due.

    A seed may miss a place; a sweep misses none, so one or two shoppers are enough. Exit code 4 if a promise is broken; Ctrl-C shows what
    was found so far. With --pairs it may take hours.
    Example: checkout simulate sweep two-shoppers.toml
    """
    from checkout_cli import several
    from checkout_cli.levels import level_name, level_of
    from checkout_cli.rendering.small_runs import swept_data, swept_words
    from checkout_cli.simulating import read_scenario
    from checkout_cli.tape_files import write_tape
    from checkout_cli.verdicts import Ran
    from checkout_core.simulation.sweep import sweep_pairs, sweep_singles

    out, read = Output(as_json), read_scenario(scenario).scenario
    if out_file is not None and out_file.exists():
        raise WrongUsage(f"{out_file} is there already. Name a new file, or move it away.")
    where = several.Where(scenario, None if level is None else level.value)
    with level_of(read, level) as on:
        tapes = sweep_pairs(read, level=on) if pairs else list(sweep_singles(read, level=on))
        with out.progress("sweeping", None if not isinstance(tapes, list) else len(tapes)) as told:
            found = several.run(where, tapes, jobs=jobs or _processors(), told=told)
    ran = Ran(scenario, read, level_name(read, level), level is not None, found)
    if out_file is not None and found.report.broken:
        write_tape(out_file, found.report.broken[0])
    out.show(swept_data(ran, pairs), lambda: swept_words(ran, pairs, out_file))
    if found.report.broken:
        raise typer.Exit(BROKEN)
    if found.stopped:
        raise typer.Exit(STOPPED)


# What these have in common.
def _one(stack: ExitStack, file: Path, seed: int | None, tape: Path | None, level: LevelName | None) -> tuple[Ran, Outcome, Level | None]:
    """The one run that is meant. Its level is open as long as the stack."""
    from checkout_cli.levels import level_name, level_of
    from checkout_cli.several import Found
    from checkout_cli.simulating import read_scenario
    from checkout_cli.tape_files import read_tape
    from checkout_cli.verdicts import Ran
    from checkout_core.simulation.many import Report
    from checkout_core.simulation.running import run_once

    if (seed is None) == (tape is None):
        raise WrongUsage("Say which run is meant: --seed N, or --tape FILE, one of the two.")
    scenario = read_scenario(file).scenario
    on = stack.enter_context(level_of(scenario, level))
    outcome = run_once(scenario, seed, None if tape is None else read_tape(tape, scenario), level=on)
    report = Report(scenario.name)
    report.add(outcome)
    return Ran(file, scenario, level_name(scenario, level), level is not None, Found(report, 1)), outcome, on


def _shrunk(out: Output, ran: Ran, outcome: Outcome, level: Level | None) -> tuple[Outcome, int]:
    """The smallest run that breaks the same promise, and how many were tried; the run itself if it breaks nothing."""
    from checkout_cli.rendering.runs import verdict_line
    from checkout_cli.rendering.small_runs import unsteady_data
    from checkout_cli.rendering.tables import cell
    from checkout_core.simulation.shrink import TRIES_AT_MOST, NotReproduced
    from checkout_core.simulation.shrink import shrink as smaller

    if outcome.violation is None:
        return outcome, 0
    try:
        with out.progress("cutting it down", TRIES_AT_MOST) as told:
            found = smaller(ran.scenario, outcome, level=level, told=lambda tries, left: told(tries))
    except NotReproduced as unsteady:
        message = str(unsteady)
        out.show(unsteady_data(message), lambda: [cell(message), verdict_line("nondeterminism")])
        raise typer.Exit(BROKEN) from None
    return found.outcome, found.tries


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
