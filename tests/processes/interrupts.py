"""Processes that are told to stop in the middle of buying, or of working, at chance moments.

    python -m tests.processes.interrupts FOLDER SEED

One process buys mug after mug until SIGTERM (which ends it on the spot) or SIGINT (Ctrl-C, which unwinds it) comes; then `checkout worker`
goes on, which is told to stop too; then `worker --once`, and the shoppers repeat what was not answered. What is found is printed as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.processes.crashes import command, ready, worker
from tests.processes.ground import Ago, Shopper, copy_shop, forked, make_shop, opened, shopper_of, told, wrong

STOCK: Final = 1000
ROUNDS: Final = 5  # of each signal
LATEST: Final = 0.3  # seconds after the first answer
EARLIER: Final = 600


def rounds(folder: Path, seed: int) -> dict[str, Any]:
    """So many rounds with each signal: how the processes ended, how many purchases were in their hands, and what is wrong afterwards."""
    chance = Random(seed)
    template, path = folder / "template.db", folder / "shop.db"
    make_shop(template, STOCK)
    ready(template, path)
    failures: list[str] = []
    ended: Counter[str] = Counter()
    bought = 0
    for nth in range(ROUNDS):
        for number in (signal.SIGTERM, signal.SIGINT):
            copy_shop(template, path)
            code, shoppers, left = stopped(path, number, chance.uniform(0, LATEST))
            ended[f"{number.name} {code}, {'in the middle' if left else 'between two purchases'}"] += 1
            stopped_worker(path, chance.uniform(0, LATEST), failures)
            if code := worker(path):
                failures.append(f"round {nth}, {number.name}: the worker ended with {code}")
            with opened(path) as shop:
                for shopper in shoppers:
                    shopper.buy(shop)
            failures += [f"round {nth}, {number.name}: {s.name} was told {s.refused!r}" for s in shoppers if not s.order]
            failures += [f"round {nth}, {number.name}: {one}" for one in wrong(path, orders=len(shoppers), stock=STOCK)]
            bought += len(shoppers)
    return {"ended": dict(ended), "purchases": bought, "failures": failures}


def stopped(path: Path, number: signal.Signals, after: float) -> tuple[int, list[Shopper], bool]:
    """A process that buys until it is told to stop: its exit code, its shoppers, and whether one of them has no answer yet."""
    child = forked(lambda say: buying(path, say))
    child.listen()
    time.sleep(after)
    os.kill(child.pid, number)
    code, said = child.ended()
    shoppers = {one["name"]: shopper_of(one) for one in said if "name" in one}
    return code, list(shoppers.values()), any(shopper.at for shopper in shoppers.values())


def buying(path: Path, say: Callable[[object], None]) -> int:
    """Buy, ten minutes ago, until something comes in between."""
    with opened(path, clock=Ago(EARLIER), slow=0.02) as shop:
        for n in range(STOCK):
            say(told(shopper := Shopper(f"shopper-{n}", token="tok_slow")))
            shopper.buy(shop, lambda shopper: say(told(shopper)))
    return 0


def stopped_worker(path: Path, after: float, failures: list[str]) -> None:
    """A worker that is told to stop ends in order, after the step it is at."""
    child = forked(lambda _: command("worker", "--every", "0.1", "--db", str(path)))
    time.sleep(0.1 + after)
    os.kill(child.pid, signal.SIGTERM)
    code, _ = child.ended()
    if code not in (0, -signal.SIGTERM):  # the second: it had not come so far as to listen
        failures.append(f"a worker that was told to stop ended with {code}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Stop processes at chance moments.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("seed", type=int)
    given = parser.parse_args()
    print(json.dumps(rounds(given.folder, given.seed), indent=1))


if __name__ == "__main__":
    main()
