"""Checkouts a second in the simulator, on one process, beside the same purchases made on the shop itself, in one run.

python -m tests.bench.simulation [--runs N] [--json]

purchases          the shipped shop on the store in memory, no simulator: the least that a simulated purchase can cost
calm               the same purchases as journeys in virtual time, looked at after every commit
calm, at rest      looked at only when all is at rest
storm              the shipped scenarios with their faults, looked at after every commit
storm, at rest     looked at only when all is at rest
SQLite             the calm purchases on a real database file
"""

from __future__ import annotations

import argparse
import gc
import json
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import asdict, frozen

from checkout_adapters.sqlalchemy.simulating import SqliteLevel
from checkout_cli.simulating import read_scenarios
from checkout_core import MemoryStorage
from checkout_core.holds import Stock
from checkout_core.script_reader import script_of
from checkout_core.simulation.levels import Level
from checkout_core.simulation.running import run_once
from checkout_core.simulation.scenarios import Actor, Faults, Scenario, World
from tests.bench.purchases import buy, stocked
from tests.world import catalog

SCENARIOS: Final = Path(__file__).parents[2] / "examples" / "scenarios"
SHOPPERS: Final = 20
JOURNEY: Final = """
title = "A mug"
[addresses.home]
name = "Ada"
lines = ["Lindenstraße 4"]
city = "Hamburg"
postcode = "20095"
country = "DE"
[shoppers.ada]
email = "ada@example.com"
address = "home"
[[steps]]
do = "open"
currency = "EUR"
[[steps]]
do = "add"
sku = "MUG"
[[steps]]
do = "begin"
shipping = "standard"
[[steps]]
do = "pay"
card = "tok_ok"
"""


@frozen
class Figure:
    """How fast one way of doing it was, in processor time."""

    what: str
    checkouts: int
    steps: int
    seconds: float

    @property
    def rate(self) -> float:
        """Checkouts a second."""
        return self.checkouts / self.seconds


def calm() -> Scenario:
    """Purchases to which nothing happens."""
    world = World(catalog(), ((Stock("MUG"), 1000),), notifier=False)
    actor = Actor("buyer", script_of(tomllib.loads(JOURNEY), "mug"), SHOPPERS, within=60)
    return Scenario("calm", "Calm", "", world, (actor,), Faults(swarm=False))


def purchases(runs: int) -> Figure:
    shop = stocked(MemoryStorage())

    def made() -> Iterator[tuple[int, int]]:
        for _ in range(runs * SHOPPERS):
            buy(shop)
            yield 1, 0

    return timed("purchases", lambda: list(made()))


def runs_of(what: str, scenarios: Sequence[Scenario], runs: int, *, checks: bool, level: Level | None = None) -> Figure:
    def made() -> Iterator[tuple[int, int]]:
        for scenario in scenarios:
            for seed in range(runs):
                outcome = run_once(scenario, seed, level=level, checks=checks)
                assert outcome.violation is None
                yield outcome.checkouts, outcome.steps

    return timed(what, lambda: list(made()))


def timed(what: str, work: Callable[[], list[tuple[int, int]]]) -> Figure:
    began = time.process_time()
    done = work()
    return Figure(what, sum(n for n, _ in done), sum(steps for _, steps in done), time.process_time() - began)


def figures(runs: int) -> list[Figure]:
    """Every way, the least first."""
    plain, shipped = [calm()], [file.scenario for file in read_scenarios([SCENARIOS])]
    runs_of("warm", plain, 2, checks=True)
    storms = max(runs // 10, 1)
    with SqliteLevel() as level:
        return [
            purchases(runs),
            runs_of("calm", plain, runs, checks=True),
            runs_of("calm, at rest", plain, runs, checks=False),
            runs_of("storm", shipped, storms, checks=True),
            runs_of("storm, at rest", shipped, storms, checks=False),
            runs_of("SQLite", plain, max(runs // 5, 1), checks=True, level=level),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.simulation")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    gc.set_threshold(200_000, 50, 1000)
    found = figures(asked.runs)
    if asked.json:
        print(json.dumps({"figures": [{**asdict(one), "rate": one.rate} for one in found]}))
        return
    least = found[0]
    for one in found:
        steps = f"{one.steps / one.checkouts:6.0f} steps a checkout" if one.steps else " " * 23
        print(f"{one.what:16}{one.checkouts:8,} checkouts {one.rate:9,.0f}/s {least.rate / one.rate:6.1f}×  {steps}")


if __name__ == "__main__":
    main()
