"""Purchases a second: in memory, on an SQLite file, and the same durable writes done by bare `sqlite3`, in one run.

    python -m tests.bench.purchases [--purchases N] [--processes N] [--folder DIR] [--json]

A purchase is open_cart, add, begin and pay on the sandbox gateway, which takes no time. Bare means: the statements that the store has
executed for these purchases, with their parameters, executed again on an empty database by `sqlite3` alone, with the same transactions and
the same synchronous = FULL. The ratio is what the library costs beside the disk and the SQL it needs.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from attrs import asdict, frozen

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.engines import connect
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, MemoryStorage, Placed, Policy, Shop
from checkout_core.sync.ports import Storage
from tests.world import ADA, BERLIN, SECRET, catalog

STOCK: Final = 1_000_000
WARM: Final = 10
Statement = tuple[str, Any, bool]


@frozen
class Figure:
    """How fast one way of doing it was."""

    what: str
    purchases: int
    seconds: float
    median_ms: float

    @property
    def rate(self) -> float:
        """Purchases a second."""
        return self.purchases / self.seconds


def a_shop(storage: Storage) -> Shop:
    return Shop(storage=storage, gateways=[SandboxGateway()], catalog=catalog(), policy=Policy(identity_secret=SECRET))


def stocked(storage: Storage) -> Shop:
    shop = a_shop(storage)
    shop.receive("MUG", STOCK, reason="opening", actor="bench")
    return shop


def buy(shop: Shop) -> None:
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG")
    checkout = shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA)
    assert isinstance(shop.pay(checkout.id, Card(token="tok_ok"), expected=checkout.total, key="pay"), Placed)


def timed(what: str, purchases: int, once: Callable[[int], None]) -> Figure:
    laps = list[float]()
    for n in range(purchases):
        started = time.perf_counter()
        once(n)
        laps.append(time.perf_counter() - started)
    return Figure(what, purchases, sum(laps), statistics.median(laps) * 1000)


def in_memory(purchases: int) -> Figure:
    shop = stocked(MemoryStorage())
    return timed("memory", purchases, lambda _: buy(shop))


def on_sqlite(path: Path, purchases: int) -> Figure:
    SqlAdmin(str(path)).upgrade()
    with SqlStorage(str(path)) as storage:
        shop = stocked(storage)
        for _ in range(WARM):
            buy(shop)
        return timed("SQLite", purchases, lambda _: buy(shop))


def bare(path: Path, again: Path, purchases: int) -> Figure:
    """What the store executes for so many purchases, recorded first, then executed by `sqlite3` alone on another database."""
    for file in (path, again):
        SqlAdmin(str(file)).upgrade()
    with SqlStorage(str(path)) as storage, recorded(storage.engine) as log:
        shop = stocked(storage)
        opening = list(log)
        batches = list[list[Statement]]()
        for _ in range(purchases):
            log.clear()
            buy(shop)
            batches.append(list(log))
    with closing(connect(again)) as connection:
        replay(connection, opening)
        return timed("bare sqlite3", purchases, lambda n: replay(connection, batches[n]))


@contextmanager
def recorded(engine: sa.Engine) -> Iterator[list[Statement]]:
    """What this engine executes, its commits and rollbacks too."""
    log = list[Statement]()
    dialect = engine.dialect
    commit, rollback = dialect.do_commit, dialect.do_rollback

    def ended(word: str, plain: Callable[[Any], None]) -> Callable[[Any], None]:
        def end(raw: Any) -> None:
            if raw.driver_connection.in_transaction:
                log.append((word, (), False))
            plain(raw)

        return end

    def statement(connection: sa.Connection, cursor: Any, text: str, given: Any, context: Any, many: bool) -> None:
        log.append((text, given, many))

    sa.event.listen(engine, "before_cursor_execute", statement)
    dialect.do_commit = ended("COMMIT", commit)  # type: ignore[assignment, method-assign]
    dialect.do_rollback = ended("ROLLBACK", rollback)  # type: ignore[assignment, method-assign]
    yield log


def replay(connection: sqlite3.Connection, statements: list[Statement]) -> None:
    for text, given, many in statements:
        if many:
            connection.executemany(text, given)
        else:
            connection.execute(text, given).fetchall()


def at_once(path: Path, purchases: int, processes: int) -> Figure:
    """So many processes on one file, each with its share of the purchases; the time is that of the last to end."""
    SqlAdmin(str(path)).upgrade()
    with SqlStorage(str(path)) as storage:
        stocked(storage)
    context = multiprocessing.get_context("spawn")
    ready, share = context.Barrier(processes + 1), purchases // processes
    laps: Any = context.Queue()
    workers = [context.Process(target=buying, args=(str(path), share, ready, laps)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    ready.wait(60)
    started = time.perf_counter()
    medians = [laps.get(timeout=600) for _ in workers]
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    return Figure(f"SQLite, {processes} processes", share * processes, seconds, statistics.median(medians))


def buying(path: str, purchases: int, ready: Any, laps: Any) -> None:
    """The work of one process."""
    with SqlStorage(path) as storage:
        shop = a_shop(storage)
        buy(shop)
        ready.wait(60)
        laps.put(timed("", purchases, lambda _: buy(shop)).median_ms)


def main() -> None:
    parser = argparse.ArgumentParser(description="Purchases a second.")
    parser.add_argument("--purchases", type=int, default=200)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="on which disk; the system's own for temporary files unless given")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        memory = in_memory(given.purchases)
        plain = bare(folder / "recorded.db", folder / "bare.db", given.purchases)
        sqlite = on_sqlite(folder / "shop.db", given.purchases)
        crowd = at_once(folder / "crowd.db", given.purchases, given.processes)
    figures = (memory, sqlite, plain, crowd)
    ratio = sqlite.seconds / plain.seconds
    if given.json:
        rows = [{**asdict(figure), "rate": figure.rate} for figure in figures]
        print(json.dumps({"figures": rows, "ratio to bare sqlite3": ratio, "cores": os.cpu_count()}, indent=1))
        return
    print(f"{'':24}{'purchases':>10}{'a second':>10}{'median ms':>11}")
    for figure in figures:
        print(f"{figure.what:24}{figure.purchases:>10}{figure.rate:>10.1f}{figure.median_ms:>11.2f}")
    print(f"\nSQLite takes {ratio:.1f} times what the same durable writes take with bare sqlite3 ({os.cpu_count()} cores).")


if __name__ == "__main__":
    main()
