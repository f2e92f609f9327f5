"""Processes that are told to stop in the middle of buying, or of working, at chance moments.

    python -m tests.processes.interrupts FOLDER SEED

One process buys mug after mug until SIGTERM (which ends it on the spot) or SIGINT (Ctrl-C, which unwinds it) comes; then `checkout worker`
goes on, which is told to stop too; then `worker --once`, and the shoppers repeat what was not answered.

A second process is a host's server that handles SIGTERM, which comes at each edge of a purchase in turn. Either it takes no new shopper and
finishes with the one it has; or it lets go of everything at once (`SystemExit`), and a tick and the shopper go on. What is found is printed
as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, Final

from checkout_adapters.sqlalchemy.store import SqlStorage
from tests.processes.crashes import Edge, Edges, Watched, command, ready, watch, worker
from tests.processes.ground import Ago, Shopper, copy_shop, forked, make_shop, opened, shopper_of, told, wrong

STOCK: Final = 1000
ROUNDS: Final = 5  # of each signal, at least
CAUGHT: Final = 5  # in the middle of a purchase, at least: chance says where a signal strikes, so rounds go on until then
ROUNDS_AT_MOST: Final = 60
LATEST: Final = 0.3  # seconds after the first answer
SHOPPERS: Final = 50  # more than come in that time; Python loses a Ctrl-C that strikes while it tidies up, and then they are all served
EARLIER: Final = 600
EVERY: Final = 7  # th statement is where a server lets go
SERVED_AT_MOST: Final = 3


def rounds(folder: Path, seed: int) -> dict[str, Any]:
    """Rounds with each signal, until enough of them struck in the middle of a purchase: how the processes ended, how many purchases were in
    their hands, and what is wrong afterwards.
    """
    chance = Random(seed)
    template, path = folder / "template.db", folder / "shop.db"
    make_shop(template, STOCK)
    edges = ready(template, path)
    failures: list[str] = []
    ended: Counter[str] = Counter()
    bought = caught = nth = 0
    while nth < ROUNDS or (caught < CAUGHT and nth < ROUNDS_AT_MOST):
        nth += 1
        for number in (signal.SIGTERM, signal.SIGINT):
            copy_shop(template, path)
            code, shoppers, left = stopped(path, number, chance.uniform(0, LATEST))
            caught += left
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
    return {"ended": dict(ended), "purchases": bought, "failures": failures, "at every edge": at_every_edge(template, path, edges)}


def at_every_edge(template: Path, path: Path, edges: Sequence[Edge]) -> dict[str, Any]:
    """Servers are told to stop at each edge of a payment, in both their manners: how often, and what is wrong afterwards."""
    failures: list[str] = []
    told_to: Counter[str] = Counter()
    copy_shop(template, path)
    code, said = forked(lambda say: finishing(path, say)).ended()
    for one in said:
        told_to[f"finishes, {one['kind']}"] += 1
        if [bool(served["order"]) for served in one["served"]] != [True]:
            failures.append(f"{one['edge']}, finishes: served {one['served']}")
    failures += [f"finishes: ended with {code}, {said[-1:]}"] if code else []
    failures += [f"finishes: {sentence}" for sentence in wrong(path, orders=len(said) + 1, stock=STOCK)]
    for nth, edge in enumerate(edges):
        if edge.call != "pay" or (edge.kind == "statement" and nth % EVERY):
            continue
        copy_shop(template, path)
        code, said = forked(lambda say, nth=nth: letting_go(path, nth, say)).ended()  # type: ignore[misc]
        told_to[f"lets go, {edge.kind}"] += 1
        heard = [one for one in said if "name" in one]
        if code or len({one["name"] for one in heard}) != 1:
            failures.append(f"{edge}, lets go: ended with {code}: {said[-1:]}")
            continue
        shopper = shopper_of(heard[-1])
        with opened(path) as shop:
            shop.tick()
            shopper.buy(shop)
        if not shopper.order:
            failures.append(f"{edge}, lets go: the shopper was told {shopper.refused!r}")
        failures += [f"{edge}, lets go: {sentence}" for sentence in wrong(path, orders=1, stock=STOCK)]
    return {"told to stop": dict(told_to), "failures": failures}


def finishing(path: Path, say: Callable[[object], None]) -> int:
    """One server after the other, each told to stop at another edge of a payment: it finishes with the shopper it has."""
    asked = list[int]()
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    serve(path, passed := Edges(Shopper("first")), lambda: True)
    for nth, edge in enumerate(passed.passed):
        if edge.call == "pay":
            asked.clear()
            edges = Edges(Shopper(f"at-{nth}"), nth, lambda: os.kill(os.getpid(), signal.SIGTERM))
            served = serve(path, edges, lambda: bool(asked))
            say({"edge": str(edge), "kind": edge.kind, "served": [told(shopper) for shopper in served]})
    return 0


def letting_go(path: Path, fatal: int, say: Callable[[object], None]) -> int:
    """A server that lets go of everything when it is told to stop, at that edge."""

    def stop(number: int, frame: object) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    edges = Edges(Shopper("ada", codes=("HELLO",)), fatal, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with suppress(SystemExit):
        serve(path, edges, lambda: False, lambda shopper: say(told(shopper)))
        return 1
    return 0


def serve(path: Path, edges: Edges, stop: Callable[[], bool], answered: Callable[[Shopper], object] = lambda _: None) -> list[Shopper]:
    """Serve one shopper after the other, ten minutes ago, until it is time to stop. Those who were served."""
    served = list[Shopper]()
    with opened(path, clock=Ago(EARLIER), gateway=lambda plain: Watched(plain, edges)) as shop:
        assert isinstance(shop.storage, SqlStorage)
        watch(shop.storage.engine, edges)
        while not served or (not stop() and len(served) < SERVED_AT_MOST):
            if served:
                edges.shopper = Shopper(f"{served[0].name}-{len(served)}")
            edges.shopper.buy(shop, answered)
            served.append(edges.shopper)
    return served


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
        for n in range(SHOPPERS):
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
