"""Runs that were cut down, told as a story, or swept, on the screen and as data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from checkout_cli.output import console
from checkout_cli.rendering.facts import time_data, units
from checkout_cli.rendering.runs import outcome_data, reached, time_of, verdict_line, violation_data, violation_words
from checkout_cli.rendering.tables import Fitting, cell, heading, note, table
from checkout_cli.verdicts import Ran, Verdict, command_for
from checkout_core.simulation.explain import WIDTH, Explained, text
from checkout_core.simulation.running import Outcome
from checkout_core.simulation.tapes import Tape


# A run cut down.
def shrunk_words(ran: Ran, whole: Outcome, small: Outcome, tries: int, kept: Path | None) -> Iterator[RenderableType]:
    """What is left of a run: its decisions, who stays at home, and the promise that it breaks."""
    if small.violation is None:
        yield note("This run breaks no promise: there is nothing to cut.")
        yield verdict_line("clean")
        return
    stay = f", and {units(len(small.tape.without), 'shopper')} at home" if small.tape.without else ""
    yield heading(
        f"{ran.scenario.name}: {units(len(whole.tape), 'decision')} cut down to {len(small.tape)}{stay}, in {units(tries, 'run')}"
    )
    yield from decided(small.tape)
    yield from violation_words(small.violation)
    yield from _where(ran, kept)
    yield verdict_line("broken")


def shrunk_data(ran: Ran, whole: Outcome, small: Outcome, tries: int) -> dict[str, object]:
    """A run cut down as data; `tape` is what --out keeps."""
    return {
        "verdict": "clean" if small.violation is None else "broken",
        "run": outcome_data(ran, whole),
        "small": outcome_data(ran, small),
        "tape": small.tape.data(),
        "tries": tries,
    }


def unsteady_data(message: str) -> dict[str, object]:
    """A run that is not the same twice, as data."""
    return {"verdict": "nondeterminism", "message": message}


def decided(tape: Tape) -> Iterator[Fitting | Text]:
    """The decisions of a tape, a line each."""
    rows = (
        (cell(at, "cyan"), made.fault or "slow", time_of(made.wait), time_of(made.after), time_of(made.span))
        for at, made in tape.decisions.items()
    )
    if tape.decisions:
        yield table(("where", "fault", "before", "after", "lasts"), rows, right=("before", "after", "lasts"), keep=("where",))
    else:
        yield note("No decision is needed: it breaks by itself.")


def _where(ran: Ran, kept: Path | None) -> Iterator[Text]:
    if kept is None:
        yield note("--out TAPE.json keeps it, to be replayed and explained.")
        return
    level = ran.level if ran.chosen else None
    yield note(f"Again: {command_for('replay', ran.file, None, level, kept)}")
    yield note(f"Why:   {command_for('explain', ran.file, None, level, kept)}")


# A story.
def explained_words(explained: Explained) -> Iterator[RenderableType]:
    """The story, line by line, as wide as the screen is."""
    for line in text(explained, min(WIDTH, console().width)).split("\n"):
        style = "bold red" if line.startswith("✗") else "yellow" if line.lstrip().startswith("⚡") else ""
        yield cell(line, style)
    yield verdict_line("clean" if explained.verdict is None else "broken")


def explained_data(ran: Ran, small: Outcome, explained: Explained) -> dict[str, object]:
    """The story as data."""
    verdict = explained.verdict
    return {
        "verdict": "clean" if verdict is None else "broken",
        "run": outcome_data(ran, small),
        "tape": small.tape.data(),
        "story": {
            "title": explained.title,
            "about": explained.about,
            "steps": [
                {"at": time_data(step.at), "who": step.who, "what": step.what, "fault": step.fault, "changed": list(step.changed)}
                for step in explained.steps
            ],
            "promise": None if verdict is None else verdict.promise,
            "broken_at": None if verdict is None else time_data(verdict.at),
        },
    }


# A sweep.
def swept_words(ran: Ran, pairs: bool, kept: Path | None) -> Iterator[RenderableType]:
    """How much was swept, and the deviation that broke a promise."""
    report = ran.report
    what = "pair of deviations" if pairs else "deviation"
    so_far = ", up to the first that breaks a promise" if report.broken else ""
    yield heading(f"{ran.scenario.name}: {units(report.runs, 'run')}, one for each {what}{so_far}; {len(report.coverage.cells)} cells")
    yield reached(report)
    for outcome in report.broken[:1]:
        yield from decided(outcome.tape)
        if outcome.violation is not None:
            yield from violation_words(outcome.violation)
        yield from _where(ran, kept)
    if ran.found.stopped:
        yield note("Stopped before the end: this is what was found so far.")
    yield verdict_line(_verdict(ran), ran.found.stopped)


def swept_data(ran: Ran, pairs: bool) -> dict[str, object]:
    """A sweep as data."""
    coverage = ran.report.coverage
    return {
        "verdict": _verdict(ran),
        "stopped": ran.found.stopped,
        "scenario": ran.scenario.name,
        "level": ran.level,
        "pairs": pairs,
        "runs": ran.report.runs,
        "cells": len(coverage.cells),
        "struck": dict(sorted(coverage.struck.items())),
        "evaluated": dict(sorted(coverage.evaluated.items())),
        "broken": [
            {"violation": violation_data(one.violation), "digest": one.digest, "tape": one.tape.data()} for one in ran.report.broken
        ],
    }


def _verdict(ran: Ran) -> Verdict:
    return "broken" if ran.report.broken else "clean"
