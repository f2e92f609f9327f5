"""A purchase, killed before and after every statement, every COMMIT and every call of the gateway, and taken up again each time.

    python -m tests.processes.crashes FOLDER [--only commit --only gateway] [--planted]

A first purchase is watched, which numbers its edges. Then, edge for edge, a process buys until it gets there and kills itself with SIGKILL;
`checkout worker --once` goes on with what it left; the shopper repeats the call that was not answered. What is found is printed as JSON.
It is a program because it forks a great deal, which a process with threads, such as a test runner, must not.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
import typer
from attrs import define, field, frozen

from checkout_adapters.sqlalchemy import engines
from checkout_adapters.sqlalchemy.flush import Flush
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_cli.app import run
from checkout_core.ledger import Posting
from checkout_core.sync.ports import Gateway
from checkout_core.unit import CloseCart, Commit, Record
from tests.processes.ground import Ago, Child, Shopper, copy_shop, forked, found_in, make_shop, opened, shopper_of, told, wrong

STOCK: Final = 5
EARLIER: Final = 600  # seconds: all that a killed process left is overdue for the worker, and no hold has run out
WHOLE: Final = 50  # every so many edges, the worker is a process from its start, as an operator's is
KINDS: Final = ("statement", "commit", "gateway")


@frozen
class Edge:
    """A place where a process can die: before or after something, in a call of the shop."""

    call: str
    side: str
    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.side} {self.what} in {self.call}"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@define
class Edges:
    """Counts the edges of a purchase, and dies at one of them, or does there what it is told to."""

    shopper: Shopper
    fatal: int = -1
    strike: Callable[[], object] = die
    passed: list[Edge] = field(factory=list)

    def __call__(self, side: str, kind: str, what: str) -> None:
        if len(self.passed) == self.fatal:
            self.strike()
        self.passed.append(Edge(self.shopper.at, side, kind, " ".join(what.split())[:60]))


@frozen
class Watched:
    """A gateway whose calls have edges."""

    inner: Gateway
    edge: Callable[[str, str, str], None]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name not in ("authorize", "capture", "void", "refund", "inquire"):
            return found

        def call(request: Any) -> Any:
            self.edge("before", "gateway", name)
            answer = found(request)
            self.edge("after", "gateway", name)
            return answer

        return call


def watch(engine: sa.Engine, edge: Callable[[str, str, str], None]) -> None:
    """Give every statement and every COMMIT of this engine its edges."""

    def statement(side: str) -> Callable[..., None]:
        return lambda connection, cursor, text, given, context, many: edge(side, "statement", text)

    sa.event.listen(engine, "before_cursor_execute", statement("before"))
    sa.event.listen(engine, "after_cursor_execute", statement("after"))
    plain = engine.dialect.do_commit

    def commit(raw: Any) -> None:
        edge("before", "commit", "COMMIT")
        plain(raw)
        edge("after", "commit", "COMMIT")

    engine.dialect.do_commit = commit  # type: ignore[assignment, method-assign]


def buying(path: Path, edges: Edges, say: Callable[[object], None]) -> None:
    """One purchase, ten minutes ago, that tells what was answered."""

    def through(plain: Gateway) -> Gateway:
        return Watched(plain, edges)

    with opened(path, clock=Ago(EARLIER), gateway=through) as shop:
        assert isinstance(shop.storage, SqlStorage)
        watch(shop.storage.engine, edges)
        edges.shopper.buy(shop, lambda shopper: say(told(shopper)))


def killed(path: Path, fatal: int) -> Child:
    """A process that buys until it gets to that edge, and is killed there."""

    def work(say: Callable[[object], None]) -> int:
        say(told(shopper := Shopper("ada", codes=("HELLO",))))
        buying(path, Edges(shopper, fatal), say)
        return 0

    return forked(work)


def worker(path: Path, *, whole: bool = False) -> int:
    """The exit code of `checkout worker --once` on this database, in a process of its own."""
    words = ("worker", "--once", "--json", "--db", str(path))
    if whole:
        return subprocess.run([sys.executable, "-m", "checkout_cli", *words], stdout=subprocess.DEVNULL, check=False).returncode
    return forked(lambda _: command(*words)).ended()[0]


def command(*words: str) -> int:
    """The command itself, in this process, unheard."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        return run(words)


def ready(template: Path, path: Path) -> list[Edge]:
    """The edges of a purchase. Every process forked from now on has imported all it needs, has a parser for the command, and does not
    wait for the disk: what the system was given outlives a killed process.
    """
    plain = engines._set

    def unhurried(connection: Any) -> None:
        plain(connection)
        connection.execute("PRAGMA synchronous = OFF")

    engines._set = unhurried
    copy_shop(template, path)
    first = Edges(Shopper("ada", codes=("HELLO",)))
    buying(path, first, lambda _: None)
    typer.main.get_command = functools.cache(typer.main.get_command)
    command("worker", "--once", "--json", "--db", str(path))
    wrong(path, orders=1, stock=STOCK)
    gc.freeze()
    return first.passed


def explore(
    folder: Path, kinds: Sequence[str] = KINDS, calls: Sequence[str] = (), plant: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Die at every edge of a purchase, and say what became of it; with a bug, if one is to be planted."""
    template, path = folder / "template.db", folder / "shop.db"
    make_shop(template, STOCK)
    plant()
    edges = ready(template, path)
    failures: list[str] = []
    seen: Counter[str] = Counter()
    alone = 0
    for fatal, edge in enumerate(edges):
        if edge.kind not in kinds or (calls and edge.call not in calls):
            continue
        copy_shop(template, path)
        code, said = killed(path, fatal).ended()
        if code != -signal.SIGKILL:
            failures.append(f"{edge}: the process ended with {code}: {said[-1]}")
            continue
        seen[f"{edge.side} {edge.kind}"] += 1
        if code := worker(path, whole=fatal % WHOLE == 0):
            failures.append(f"{edge}: the worker ended with {code}")
        found = found_in(path, checked=False)
        if found.intended and (found.orders, found.charges) != (1, 1):
            failures.append(f"{edge}: the intent was stored, and the worker alone came to {found}")
        alone += bool(found.intended)
        shopper = shopper_of(said[-1])
        with opened(path) as shop:
            shopper.buy(shop)
        if not shopper.order:
            failures.append(f"{edge}: the shopper was told {shopper.refused!r}")
        failures += [f"{edge}: {sentence}" for sentence in wrong(path, orders=1, stock=STOCK)]
    return {"killed": dict(seen), "finished by the worker alone": alone, "failures": failures}


def plant_a_unit_in_halves(between: float = 0.0) -> None:
    """A planted bug: a unit is committed half way through, the checkout before the books and the goods that follow from it.

    Between the halves go so many seconds.
    """
    whole = Flush.write

    def halves(self: Flush, records: Sequence[Record]) -> None:
        later = [record for record in records if isinstance(record, Posting | Commit | CloseCart)]
        whole(self, [record for record in records if record not in later])
        if later:
            self._connection.commit()
            time.sleep(between)
            self._connection.begin()
            whole(self, later)

    Flush.write = halves  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill a purchase at every edge of it.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", choices=KINDS)
    parser.add_argument("--call", action="append", default=[])
    parser.add_argument("--planted", action="store_true")
    given = parser.parse_args()
    plant = plant_a_unit_in_halves if given.planted else lambda: None
    print(json.dumps(explore(given.folder, given.only or KINDS, given.call, plant), indent=1))


if __name__ == "__main__":
    main()
