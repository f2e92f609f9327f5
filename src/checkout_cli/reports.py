"""`--report DIR`: what came of a simulation as JSON, as JUnit XML for a build server, and as a page for people."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from checkout_cli.levels import level_of
from checkout_cli.output import as_text, neutral
from checkout_cli.rendering.runs import ran_data
from checkout_cli.rendering.simulation_report import Counterexample, Moment, page
from checkout_cli.verdicts import AllRan, Ran
from checkout_core.errors import CheckoutError
from checkout_core.simulation.explain import Explained, explain
from checkout_core.simulation.shrink import shrink
from checkout_core.simulation.telling import clock

STORIES_AT_MOST: Final = 3
"""Broken promises of one scenario that are cut down and told; all are listed."""


def write_report(folder: Path, ran: AllRan) -> tuple[Path, ...]:
    """The files that were written: `report.json`, `junit.xml` and `report.html`."""
    bad = list(counterexamples(ran))
    versions = {"checkout-core": _installed(), "Python": platform.python_version()}
    data = {
        **ran_data(ran),
        "versions": versions,
        "tapes": [{"scenario": one.ran.scenario.name, "seed": one.outcome.seed, **one.small.tape.data()} for one in bad],
    }
    texts = {"report.json": as_text(data) + "\n", "junit.xml": junit(ran, bad), "report.html": page(ran, bad, versions)}
    written = []
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        written.append(folder / name)
    return tuple(written)


def counterexamples(ran: AllRan) -> Iterator[Counterexample]:
    """The first broken promises of each scenario, cut down and told."""
    for one in ran.runs:
        with level_of(one.scenario, one.level if one.chosen else None) as level:
            for outcome in one.report.broken[:STORIES_AT_MOST]:
                try:
                    small = shrink(one.scenario, outcome, level=level).outcome
                except CheckoutError as unsteady:
                    yield Counterexample(one, outcome, outcome, str(unsteady), ())
                    continue
                told = explain(one.scenario, small, level=level)
                yield Counterexample(one, outcome, small, str(told), _moments(told))


def _moments(told: Explained) -> tuple[Moment, ...]:
    return tuple(Moment(clock(step.at), step.who or "the world", "; ".join((step.what, *step.changed)), step.fault) for step in told.steps)


def junit(ran: AllRan, bad: Sequence[Counterexample]) -> str:
    """A test case for each scenario."""
    stories = {(id(one.ran), one.outcome.seed): one.story for one in bad}
    failed = sum(one.verdict != "clean" for one in ran.runs)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="checkout simulate" tests="{len(ran.runs)}" failures="{failed}" errors="0" skipped="0" time="{ran.seconds:.3f}">',
    ]
    for one in ran.runs:
        lines.append(f'  <testcase classname="simulate.{_plain(one.level)}" name={_attribute(one.scenario.name)}>')
        lines += [f"    {failure}" for failure in _failures(one, stories)]
        lines.append("  </testcase>")
    return "\n".join([*lines, "</testsuite>", ""])


def _failures(one: Ran, stories: dict[tuple[int, int | None], str]) -> Iterator[str]:
    for outcome in one.report.broken:
        if outcome.violation is not None:
            text = "\n".join([*outcome.violation.facts, f"Again: {one.again(outcome)}", stories.get((id(one), outcome.seed), "")])
            yield _failure(outcome.violation.id, f"seed {outcome.seed}: {outcome.violation.says}", text)
    if one.verdict == "coverage":
        yield _failure("coverage", f"not reached: {'; '.join(one.missing)}", "")


def _failure(kind: str, message: str, text: str) -> str:
    return f"<failure type={_attribute(kind)} message={_attribute(message)}>{escape(_lines(text))}</failure>"


def _attribute(text: str) -> str:
    return quoteattr(neutral(text))


def _lines(text: str) -> str:
    return "\n".join(neutral(line) for line in text.split("\n"))


def _plain(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text)


def _installed() -> str:
    try:
        return version("checkout-core")
    except PackageNotFoundError:
        return "not installed"
