"""Runs of scenarios on the screen and as data: a verdict, what was reached on the way to it, and how to see again what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from checkout_cli.output import neutral
from checkout_cli.rendering.facts import units
from checkout_cli.rendering.tables import cell, facts, heading, note, table
from checkout_cli.verdicts import WORDS, AllRan, Ran, Verdict
from checkout_core.simulation.coverage import MARKS
from checkout_core.simulation.many import MANY, Report
from checkout_core.simulation.promises import PROMISES
from checkout_core.simulation.running import Outcome
from checkout_core.simulation.violations import Violation

STYLES: Final[Mapping[Verdict, str]] = {
    "clean": "bold green",
    "broken": "bold red",
    "coverage": "bold yellow",
    "nondeterminism": "bold red",
}


# The verdict of many runs.
def ran_words(ran: AllRan, page: Path | None = None) -> Iterator[RenderableType]:
    """A row for each scenario, what all reached together, what is broken, where the report's page is, and the verdict."""
    columns = ("scenario", "level", "runs", "checkouts", "orders", "contended", "faulty", "verdict")
    rows = (
        (
            cell(one.scenario.name, "cyan"),
            one.level,
            str(one.report.runs),
            str(one.report.checkouts),
            str(one.report.orders),
            share(one.report.contended, one.report.runs),
            share(one.report.faulty, one.report.runs),
            cell(one.verdict, STYLES[one.verdict]),
        )
        for one in ran.runs
    )
    yield table(columns, rows, right=columns[2:7], keep=("scenario", "verdict"), spare=("level", "orders", "contended"))
    together = ran.together
    yield reached(together)
    for one in ran.runs:
        for outcome in one.report.broken:
            yield from broken_words(one, outcome)
        if one.missing and not one.report.broken:
            asked = "" if one.verdict == "coverage" else f" It is asked for from {MANY} runs on."
            yield cell(
                f"{one.scenario.name} did not reach: {'; '.join(one.missing)}.{asked}", "yellow" if one.verdict == "coverage" else "dim"
            )
    if ran.stopped:
        yield note("Stopped before the end: this is what was found so far.")
    if ran.not_run:
        why = "" if ran.stopped else " --keep-going goes on after a broken promise."
        yield note(f"Not run: {', '.join(ran.not_run)}.{why}")
    if page is not None:
        yield note(f"Report: {page}")
    yield verdict_line(
        ran.verdict,
        ran.stopped,
        f", in {units(together.runs, 'run')} with {units(together.checkouts, 'checkout')} "
        f"({ran.seconds:.1f} s, {speed(together.checkouts, ran.seconds)} checkouts/s)",
    )


def reached(report: Report) -> RenderableType:
    """Faults, marks and promises, counted."""
    coverage = report.coverage
    return facts(
        [
            ("faults struck", counts(coverage.struck) or "none"),
            ("reached", counts(coverage.marks) or "nothing"),
            ("not reached", " · ".join(mark for mark in MARKS if not coverage.marks.get(mark))),
            ("promises looked at", counts(coverage.evaluated)),
        ]
    )


def broken_words(ran: Ran, outcome: Outcome) -> Iterator[RenderableType]:
    """One broken promise: its id, its sentence, the two facts, and what to type."""
    if outcome.violation is None:
        return
    yield heading(f"{ran.scenario.name}, seed {outcome.seed}")
    yield from violation_words(outcome.violation)
    yield note(f"Again: {ran.again(outcome)}")
    yield note(f"Why:   {ran.again(outcome, 'explain')}")


def violation_words(violation: Violation) -> Iterator[RenderableType]:
    """The promise, and the two facts that contradict each other."""
    yield Text.assemble((violation.id, "bold red"), f"  {neutral(violation.says)}")
    for fact in violation.facts:
        yield cell(f"    {fact}")
    if violation.id in PROMISES:
        yield note(f"    The promise: {PROMISES[violation.id]}")


# One run.
def outcome_words(ran: Ran, outcome: Outcome, digests: tuple[str, ...] = ()) -> Iterator[RenderableType]:
    """One run: its counts, its digest, and what it broke."""
    yield heading(f"{ran.scenario.name}  {ran.scenario.title}")
    yield facts(
        [
            ("seed", "" if outcome.seed is None else str(outcome.seed)),
            ("mix", outcome.mix),
            ("checkouts", f"{outcome.checkouts}, {units(outcome.orders, 'order')} stand"),
            ("decisions", f"{len(outcome.tape)}, {units(outcome.faults, 'fault')} struck"),
            ("faults", counts(outcome.coverage.struck)),
            ("digest", outcome.digest),
            ("again, twice", ", ".join(digests)),
        ]
    )
    if outcome.violation is not None:
        yield from violation_words(outcome.violation)


def verdict_line(verdict: Verdict, stopped: bool = False, more: str = "") -> Text:
    """The last line of a screen. What was stopped has held only so far."""
    if stopped and verdict == "clean":
        return Text.assemble(("\nStopped", "bold yellow"), f": {WORDS[verdict]} so far{more}.")
    return Text.assemble((f"\n{verdict.capitalize()}", STYLES[verdict]), f": {WORDS[verdict]}{more}.")


# As data.
def ran_data(ran: AllRan) -> dict[str, object]:
    """Many runs as data: stable keys, sorted, and the same for any number of processes but for the time."""
    together = ran.together
    return {
        "verdict": ran.verdict,
        "stopped": ran.stopped,
        "first": ran.first,
        "seeds": ran.seeds,
        "totals": _totals(together),
        "scenarios": [_ran(one) for one in ran.runs],
        "not_run": list(ran.not_run),
        "seconds": round(ran.seconds, 3),
        "checkouts_per_second": speed(together.checkouts, ran.seconds),
    }


def _ran(ran: Ran) -> dict[str, object]:
    coverage = ran.report.coverage
    return {
        "file": neutral(str(ran.file)),
        "name": ran.scenario.name,
        "title": ran.scenario.title,
        "level": ran.level,
        "verdict": ran.verdict,
        **_totals(ran.report),
        "marks": dict(sorted(coverage.marks.items())),
        "missing": list(ran.missing),
        "struck": dict(sorted(coverage.struck.items())),
        "evaluated": dict(sorted(coverage.evaluated.items())),
        "broken": [outcome_data(ran, outcome) for outcome in ran.report.broken],
    }


def _totals(report: Report) -> dict[str, object]:
    return {
        "runs": report.runs,
        "checkouts": report.checkouts,
        "orders": report.orders,
        "steps": report.steps,
        "contended": report.contended,
        "faulty": report.faulty,
        "cells": len(report.coverage.cells),
    }


def outcome_data(ran: Ran, outcome: Outcome) -> dict[str, object]:
    """One run as data."""
    return {
        "scenario": outcome.scenario,
        "seed": outcome.seed,
        "level": ran.level,
        "digest": outcome.digest,
        "mix": outcome.mix,
        "checkouts": outcome.checkouts,
        "orders": outcome.orders,
        "steps": outcome.steps,
        "faults": outcome.faults,
        "decisions": len(outcome.tape),
        "violation": violation_data(outcome.violation),
        "replay": None if outcome.seed is None else ran.again(outcome),
    }


def violation_data(violation: Violation | None) -> dict[str, object] | None:
    """A broken promise as data."""
    if violation is None:
        return None
    return {"id": violation.id, "says": violation.says, "facts": list(violation.facts), "checkout": violation.checkout}


def share(some: int, every: int) -> str:
    """`42 %`, of nothing `–`."""
    return f"{100 * some // every} %" if every else "–"


def speed(number: int, seconds: float) -> int:
    """How many a second."""
    return round(number / seconds) if seconds > 0 else 0


def counts(numbers: Mapping[str, int]) -> str:
    """`name 3 · other 1`, by name; I2 comes before I11."""
    return " · ".join(f"{name} {numbers[name]}" for name in sorted(numbers, key=by_number) if numbers[name])


def by_number(name: str) -> tuple[str, int, str]:
    """How names are ordered of which some end in a number."""
    letters = name.rstrip("0123456789")
    return letters, int(name[len(letters) :] or 0), name


def time_of(micros: int) -> str:
    """Virtual time in words: `1.5 s`, `2 ms`; nothing for none."""
    number, unit = (micros / 1_000_000, "s") if micros >= 1_000_000 else (micros / 1000, "ms")
    return f"{number:.6f}".rstrip("0").rstrip(".") + f" {unit}" if micros else ""
