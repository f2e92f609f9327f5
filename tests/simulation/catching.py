"""Every planted bug is hunted in the simulator: which world and seed catch it, by which promise, and after how many runs.

    python -m tests.simulation.catching                         every bug
    python -m tests.simulation.catching "half a take" …         these
    python -m tests.simulation.catching --seeds 400 --jobs 2    longer, on two cores
    python -m tests.simulation.catching --world codes "half a take"    in this world only
    python -m tests.simulation.catching --anew                  as if nothing were known of where each is caught: the true figures
    python -m tests.simulation.catching --write                 and remember the first catch of each in caught.toml

The world in which a bug was caught before comes first, with every seed. Then the worlds take turns: every world with seed 0, then every
world with seed 1, and so on. Each bug is planted in a process of its own. Fails if one is not caught, or if a promise is the first to be
broken by none: a check that nobody has seen failing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import pytest
from attrs import frozen

from checkout_core.simulation import running
from checkout_core.simulation.running import run_once
from checkout_core.simulation.violations import Violation
from tests.simulation.hunting import worlds
from tests.simulation.mutants import ALL, Mutant, named

REMEMBERED: Final = Path(__file__).parent / "caught.toml"
FIRST: Final = frozenset({f"I{n}" for n in (*range(1, 10), *range(11, 19), 20, 21, 25)} | {"L1", "L2", "L3", "L5", "Q1", "Q2", "Q3", "R27"})
"""The promises that the simulator looks at: each is to be the first that some bug breaks."""


@frozen
class Place:
    """One run: a world and a seed."""

    world: str
    seed: int


@frozen
class Caught:
    """The first run that catches a bug, how many it took, and what it said."""

    bug: str
    place: Place
    runs: int
    id: str
    says: str


def tried(bug: Mutant, place: Place) -> Violation | None:
    """What that run says with the bug planted; the bug is taken out again."""
    with pytest.MonkeyPatch.context() as patch:
        bug.plant(patch)
        running._VERIFIED.clear()
        try:
            return run_once(worlds()[place.world], place.seed).violation
        finally:
            running._VERIFIED.clear()


def caught(bug: Mutant, seeds: Iterable[int], only: Sequence[str] = (), fits: str = "") -> Caught | None:
    """The first run that catches the bug: all seeds in the world that `fits`, then the first seed in every world (or in those named), and
    so on."""
    seeds = list(seeds)
    first = [Place(fits, seed) for seed in seeds if fits]
    turns = [Place(world, seed) for seed in seeds for world in only or worlds() if world != fits]
    for runs, place in enumerate((*first, *turns), start=1):
        violation = tried(bug, place)
        if violation is not None:
            return Caught(bug.name, place, runs, violation.id, violation.says)
    return None


def remembered() -> Mapping[str, Place]:
    """The run that caught each bug first, by the bug's name."""
    return {name: Place(row["world"], row["seed"]) for name, row in _table().items()}


def first_of() -> Mapping[str, str]:
    """The promise that each bug was seen to break first."""
    return {name: row["first"] for name, row in _table().items()}


def _table() -> dict[str, Any]:
    return tomllib.loads(REMEMBERED.read_text(encoding="utf-8")) if REMEMBERED.exists() else {}


def remember(found: Iterable[Caught]) -> None:
    """Keep these with what is remembered of bugs that are still there."""
    table = _table()
    table |= {one.bug: {"world": one.place.world, "seed": one.place.seed, "first": one.id, "runs": one.runs} for one in found}
    rows = [
        f'["{bug.name}"]\nworld = "{row["world"]}"\nseed = {row["seed"]}\nfirst = "{row["first"]}"\nruns = {row["runs"]}\n'
        for bug in ALL
        if (row := table.get(bug.name)) is not None
    ]
    head = "# The first run that caught each planted bug: made by `python -m tests.simulation.catching --write`.\n\n"
    REMEMBERED.write_text(head + "\n".join(rows), encoding="utf-8")


def _hunt(given: tuple[str, int, Sequence[str], str]) -> tuple[str, Caught | None, float]:
    name, seeds, only, fits = given
    began = time.process_time()
    return name, caught(named(name), range(seeds), only, fits), time.process_time() - began


def hunt(names: Sequence[str], seeds: int, jobs: int, only: Sequence[str] = (), fits: Mapping[str, Place] | None = None) -> list[Caught]:
    """Hunt these bugs, each in a process of its own; says of each what became of it as it comes. `fits`: where each was caught."""
    found = list[Caught]()
    asked = [(name, seeds, only, fits[name].world if fits and name in fits else "") for name in names]
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=1) as pool:
        for name, came, seconds in pool.imap_unordered(_hunt, asked):
            if came is None:
                print(f"{name}: NOT CAUGHT ({seconds:.0f} s)", flush=True)
                continue
            found.append(came)
            where = f"{came.place.world}, seed {came.place.seed}"
            print(f"{name}: {came.id} {came.says}; {where}; {came.runs} runs ({seconds:.1f} s)", flush=True)
    return found


def report(found: Sequence[Caught], names: Sequence[str]) -> list[str]:
    """What is to be said of a hunt: how long it took, and who was first. What is wrong comes back."""
    if len(found) > 1:
        low, middle, high = quantiles((one.runs for one in found), n=4)
        print(f"caught {len(found)} of {len(names)}; runs to catch: median {middle:.0f}, quartiles {low:.0f} and {high:.0f}")
        seeds = quantiles((one.place.seed + 1 for one in found), n=4)
        print(f"seeds to catch: median {seeds[1]:.0f}, quartiles {seeds[0]:.0f} and {seeds[2]:.0f}")
    first = Counter(one.id for one in found)
    print("first: " + ", ".join(f"{id} {times}" for id, times in sorted(first.items(), key=lambda one: (-one[1], one[0]))))
    expected = {bug.name: bug.breaks for bug in ALL}
    for one in found:
        if one.id not in expected[one.bug]:
            print(f"  {one.bug}: {one.id} is not among {', '.join(expected[one.bug])}")
    wrong = [f"not caught: {name}" for name in names if name not in {one.bug for one in found}]
    return wrong + ([f"first for none: {id}" for id in sorted(FIRST - first.keys())] if len(names) == len(ALL) else [])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.catching")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a planted bug; none is all of them")
    parser.add_argument("--seeds", type=int, default=200, help="of every world, before a hunt is given up")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--world", action="append", default=[], help="only in this world; may be repeated")
    parser.add_argument("--anew", action="store_true", help="as if it were not known in which world each was caught")
    parser.add_argument("--write", action="store_true", help="remember the run that caught each")
    asked = parser.parse_args(arguments)
    names = asked.names or [bug.name for bug in ALL]
    known = {} if asked.anew or asked.world else {name: place for name, place in remembered().items() if place.world in worlds()}
    found = hunt(names, asked.seeds, asked.jobs, asked.world, known)
    if asked.write:
        remember(found)
    wrong = report(found, names)
    print("\n".join(wrong) or "Every planted bug was caught, and every promise was the first that one broke.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
