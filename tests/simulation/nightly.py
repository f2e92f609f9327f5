"""Many seeds of every shipped scenario, and whether together they reached everything that can be reached.

    python -m tests.simulation.nightly [--seeds N] [--first SEED] [--jobs N] [--write]

Fails if a promise is broken, if a mark was not reached, if too few runs contend or fail, or if a cell (state × call × fault) that is known
to be reachable was not reached. `--write` makes the list of such cells anew: those that this session reached at least OFTEN times.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from checkout_cli.several import Where, run
from checkout_core.simulation.coverage import MARKS, Coverage
from checkout_core.simulation.faults import FAULTS
from checkout_core.simulation.many import Report

ROOT: Final = Path(__file__).parents[2]
SCENARIOS: Final = ROOT / "examples" / "scenarios"
CELLS: Final = Path(__file__).parent / "cells.txt"
OFTEN: Final = 40
"""A cell that was reached less often than this in a long session may be missed by chance in a shorter one."""
LEAST_CONTENDED, LEAST_FAULTY = 0.3, 0.5

Cell = tuple[str, str, str]


def known_cells() -> set[Cell]:
    """The cells that can be reached."""
    rows = (line.split(" | ") for line in CELLS.read_text(encoding="utf-8").splitlines() if line)
    return {(state, call, "" if fault == "-" else fault) for state, call, fault in rows}


def write_cells(cells: Iterable[Cell]) -> None:
    lines = sorted(f"{state} | {call} | {fault or '-'}" for state, call, fault in cells)
    CELLS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def missing(coverage: Coverage, cells: set[Cell]) -> list[str]:
    """What was to be reached, and was not."""
    found = [f"mark: {mark} ({says})" for mark, says in MARKS.items() if not coverage.marks[mark]]
    found += [f"fault never struck: {name}" for name in FAULTS if not coverage.struck[name]]
    return found + [f"cell: {' | '.join(cell)}" for cell in sorted(cells - coverage.cells.keys())]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.nightly")
    parser.add_argument("--seeds", type=int, default=200, help="for each scenario")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="make the list of reachable cells anew")
    asked = parser.parse_args(arguments)
    total, wrong = Report("all"), list[str]()
    began = time.perf_counter()
    for file in sorted(SCENARIOS.glob("*.toml")):
        started = time.perf_counter()
        report = run(Where(file), range(asked.first, asked.first + asked.seeds), jobs=asked.jobs, stop=False).report
        seconds = time.perf_counter() - started
        contended, faulty = report.contended / report.runs, report.faulty / report.runs
        print(
            f"{file.stem:24}{report.runs:7,} runs {report.checkouts:9,} checkouts {report.orders:8,} orders "
            f"{contended:5.0%} contended {faulty:5.0%} faulty {report.checkouts / seconds:7,.0f}/s",
            flush=True,
        )
        wrong += [f"{file.name}, seed {one.seed}: {one.violation}" for one in report.broken[:5]]
        total.merge(report)
    seconds = time.perf_counter() - began
    rate = total.checkouts / seconds
    print(f"{total.runs:,} runs, {total.checkouts:,} checkouts, {total.steps:,} steps in {seconds:,.0f} s ({rate:,.0f}/s)")
    for title, counted in (("marks", total.coverage.marks), ("struck", total.coverage.struck), ("looked at", total.coverage.evaluated)):
        print(f"{title}: " + ", ".join(f"{name} {times:,}" for name, times in counted.most_common()))
    print(f"cells: {len(total.coverage.cells):,}, transitions: {len(total.coverage.transitions):,}")
    if asked.write:
        write_cells(cell for cell, times in total.coverage.cells.items() if times >= OFTEN)
    wrong += missing(total.coverage, known_cells())
    wrong += ["too few runs contend"] if total.contended < LEAST_CONTENDED * total.runs else []
    wrong += ["too few runs have a fault"] if total.faulty < LEAST_FAULTY * total.runs else []
    print("\n".join(wrong) or "Clean: every promise held, and everything was reached.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
