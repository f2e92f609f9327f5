"""Tapes as files: JSON that a run was cut down to, or was recorded as; what it names must be there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from checkout_cli.exits import WrongUsage
from checkout_cli.table_files import BadTables, FileMistake
from checkout_core.simulation.faults import FAULTS, MENU
from checkout_core.simulation.people import named
from checkout_core.simulation.running import Outcome
from checkout_core.simulation.scenarios import Scenario
from checkout_core.simulation.tapes import BadTape, Tape, tape_of

LARGEST: Final = 50_000_000
"""The bytes that a tape may have (R25)."""


def read_tape(file: Path, scenario: Scenario) -> Tape:
    """The tape in a file, for that scenario. Raises BadTables, saying what is wrong."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no file can be called that"
        raise _bad(file, f"It cannot be read: {why}. Check the path and its permissions.") from None
    if len(content) > LARGEST:
        raise _bad(file, f"It has more than {LARGEST} bytes. This is no tape.")
    try:
        data = json.loads(content)
        tape = tape_of(data)
    except BadTape as bad:
        raise _bad(file, str(bad)) from None
    except (ValueError, RecursionError) as error:
        row = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise _bad(file, "It is not JSON. Use a file that `checkout simulate shrink --out` wrote.", row) from None
    if (of := data.get("scenario", scenario.name)) != scenario.name:
        raise _bad(file, f"It is a tape of the scenario {str(of)[:80]!r}, not of {scenario.name!r}. Name that scenario.")
    people = set(named(scenario.actors))
    mistakes = [f"{str(name)[:80]!r} is nobody in {scenario.name}. Take the name out." for name in sorted(tape.without - people)]
    for at, made in sorted(tape.decisions.items()):
        call = at.rpartition("/")[2].partition("#")[0]
        if made.fault and (made.fault not in FAULTS or (call in MENU and made.fault not in MENU[call])):
            known = ", ".join(MENU.get(call, FAULTS))
            mistakes.append(f"{made.fault[:80]!r} cannot strike at {at[:120]!r}. Use one of {known}.")
    if mistakes:
        raise BadTables(tuple(FileMistake(str(file), None, None, mistake) for mistake in mistakes))
    return tape


def write_tape(file: Path, outcome: Outcome) -> None:
    """That run as a tape, with what it breaks. Raises WrongUsage if there is such a file, and OSError."""
    violation = outcome.violation
    data = {
        "scenario": outcome.scenario,
        "seed": outcome.seed,
        "digest": outcome.digest,
        "violation": None if violation is None else violation.id,
        **outcome.tape.data(),
    }
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    except FileExistsError:
        raise WrongUsage(f"{file} is there already. Name a new file, or move it away.") from None


def _bad(file: Path, message: str, row: int | None = None) -> BadTables:
    return BadTables((FileMistake(str(file), row, None, message),))
