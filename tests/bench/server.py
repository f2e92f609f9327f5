"""Purchases a second on a PostgreSQL server, beside the least that any shop must write for one, done by bare `psycopg`, in one run.

    python -m tests.bench.server [--purchases N] [--clients 1 2 8 32] [--skus N] [--folder DIR] [--json]

The server is our own, with fsync on, on the disk of `--folder`. A client is a process with one connection. A purchase is of two SKUs, drawn
from `--skus` ("spread") or one of them the same for everybody ("hot"). Three ways of doing it:

    floor   two transactions: two SKUs taken if they are there, order, lines, attempt and message; then payment, stock, order and message
    pay     `Shop.pay` of a checkout that has begun, on a gateway that answers at once
    whole   open_cart, add twice, begin, pay

The ratio is a rate divided by the floor's with as many clients. CPU is of our processes, and of the server's, for one purchase.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from attrs import asdict, evolve, frozen

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Placed, Policy, Product, Shop
from checkout_core.holds import Movement, Stock
from checkout_core.memory import MemoryCatalog
from checkout_core.sync.ports import Storage
from tests.databases import hearing
from tests.postgres import Server, running
from tests.world import ADA, BERLIN, SECRET, eur, german_taxes, parcels

DURABLE: Final = ("shared_buffers=256MB", "max_connections=200", "jit=off")
STOCK: Final = 10_000_000
WARM: Final = 5
TICKS: Final = os.sysconf("SC_CLK_TCK")
Pair = tuple[str, str]


@frozen
class Figure:
    """How fast one way was with so many clients; times in milliseconds for one purchase."""

    way: str
    goods: str
    clients: int
    purchases: int
    rate: float
    p50: float
    p95: float
    p99: float
    ours: float
    server: float
    ratio: float = 1.0


# The least that must be written.
FLOOR: Final = """
CREATE TABLE floor_stock (sku text PRIMARY KEY, on_hand bigint NOT NULL, held bigint NOT NULL, committed bigint NOT NULL,
                          CHECK (held + committed <= on_hand));
CREATE TABLE floor_orders (id text PRIMARY KEY, customer text, total bigint NOT NULL, currency text NOT NULL, status text NOT NULL,
                           created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE floor_lines (order_id text NOT NULL, line int NOT NULL, sku text NOT NULL, quantity int NOT NULL, unit bigint NOT NULL,
                          PRIMARY KEY (order_id, line));
CREATE TABLE floor_attempts (id text PRIMARY KEY, order_id text NOT NULL, state text NOT NULL, amount bigint NOT NULL);
CREATE TABLE floor_outbox (position bigserial PRIMARY KEY, order_id text NOT NULL, kind text NOT NULL, facts text NOT NULL);
"""


def floor_purchase(connection: psycopg.Connection[Any], id: str, goods: Pair) -> None:
    """Two transactions: what must be there before a gateway is called, and what must be there before anybody is told."""
    skus = sorted(goods)
    with connection.transaction():
        for sku in skus:
            taken = connection.execute(
                "UPDATE floor_stock SET held = held + 1 WHERE sku = %s AND on_hand - held - committed >= 1", (sku,)
            ).rowcount
            assert taken == 1
        connection.execute("INSERT INTO floor_orders (id, total, currency, status) VALUES (%s, 2500, 'EUR', 'pending')", (id,))
        connection.execute("INSERT INTO floor_lines VALUES (%s, 1, %s, 1, 1250), (%s, 2, %s, 1, 1250)", (id, skus[0], id, skus[1]))
        connection.execute("INSERT INTO floor_attempts VALUES (%s, %s, 'intended', 2500)", (f"{id}/1", id))
        connection.execute("INSERT INTO floor_outbox (order_id, kind, facts) VALUES (%s, 'payment.started', '{}')", (id,))
    with connection.transaction():
        connection.execute("UPDATE floor_attempts SET state = 'captured' WHERE id = %s", (f"{id}/1",))
        for sku in skus:
            connection.execute("UPDATE floor_stock SET held = held - 1, committed = committed + 1 WHERE sku = %s", (sku,))
        connection.execute("UPDATE floor_orders SET status = 'placed' WHERE id = %s", (id,))
        connection.execute("INSERT INTO floor_outbox (order_id, kind, facts) VALUES (%s, 'order.placed', '{}')", (id,))


# Ours.
def a_shop(storage: Storage, skus: int) -> Shop:
    items = [Product(f"SKU-{n}", f"Thing {n}", [eur(1250)], weight=100) for n in range(skus)]
    catalog = MemoryCatalog(items, (), german_taxes(), parcels())
    return Shop(storage=storage, gateways=[SandboxGateway()], catalog=catalog, policy=Policy(identity_secret=SECRET))


def begun(shop: Shop, goods: Pair) -> Any:
    cart = shop.open_cart(currency="EUR")
    for sku in goods:
        shop.add(cart.id, sku=sku)
    return shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA)


def paid(shop: Shop, checkout: Any) -> None:
    said = shop.pay(checkout.id, Card(token="tok_ok"), expected=checkout.total, key="pay")
    assert isinstance(said, Placed), said


# Clients.
def drawn(skus: int, hot: bool, seed: int) -> Iterator[Pair]:
    """Which goods each purchase is of."""
    chance = random.Random(seed)
    while True:
        one, other = (0, chance.randrange(1, skus)) if hot else chance.sample(range(skus), 2)
        yield f"SKU-{one}", f"SKU-{other}"


def client(url: str, way: str, hot: bool, skus: int, purchases: int, n: int, ready: Any, laps: Any) -> None:
    """The work of one process: prepare, wait for the others, buy; then its laps and its CPU time."""
    goods = drawn(skus, hot, n)
    names = (f"{way}-{hot}-{n}-{time.time_ns()}-{i}" for i in range(1 << 30))
    if way == "floor":
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True, prepare_threshold=None) as connection:
            for _ in range(WARM):
                floor_purchase(connection, next(names), next(goods))
            laps.put(_timed(ready, purchases, lambda _: floor_purchase(connection, next(names), next(goods))))
        return
    with SqlStorage(url) as storage:
        shop = a_shop(storage, skus)
        for _ in range(WARM):
            paid(shop, begun(shop, next(goods)))
        if way == "pay":
            waiting = [begun(shop, next(goods)) for _ in range(purchases)]
            laps.put(_timed(ready, purchases, lambda i: paid(shop, waiting[i])))
        else:
            laps.put(_timed(ready, purchases, lambda _: paid(shop, begun(shop, next(goods)))))


def _timed(ready: Any, purchases: int, once: Callable[[int], None]) -> tuple[float, float, list[float], float]:
    ready.wait(600)
    cpu, began, laps = time.process_time(), time.monotonic(), list[float]()
    for n in range(purchases):
        started = time.perf_counter()
        once(n)
        laps.append(time.perf_counter() - started)
    return began, time.monotonic(), laps, time.process_time() - cpu


def measured(url: str, server: Server, way: str, *, hot: bool, skus: int, clients: int, purchases: int) -> Figure:
    """So many clients at once, each with its share of the purchases; the rate is from the first to begin until the last to end."""
    context = multiprocessing.get_context("spawn")
    ready, laps, share = context.Barrier(clients + 1), context.Queue(), max(purchases // clients, 1)
    workers = [context.Process(target=client, args=(url, way, hot, skus, share, n, ready, laps)) for n in range(clients)]
    for worker in workers:
        worker.start()
    ready.wait(600)
    before = cpu_of(server)
    told = [laps.get(timeout=600) for _ in workers]
    spent = cpu_of(server) - before
    for worker in workers:
        worker.join()
    times = sorted(lap * 1000 for _, _, one, _ in told for lap in one)
    seconds = max(end for _, end, _, _ in told) - min(began for began, _, _, _ in told)
    count = len(times)
    p50, p95, p99 = [times[min(int(count * part), count - 1)] for part in (0.5, 0.95, 0.99)]
    ours = sum(cpu for _, _, _, cpu in told) / count * 1000
    goods, rate = "hot" if hot else "spread", count / seconds
    return Figure(way, goods, clients, count, rate, p50, p95, p99, ours, spent / count * 1000)


def cpu_of(server: Server) -> float:
    """The seconds of CPU that the server's processes have had; where the system tells."""
    assert server.process is not None
    found = _children(server.process.pid)
    if not found:
        return 0.0
    postmaster = found[0]
    total = sum(_stat(postmaster)[11:15])  # with its children that have ended
    return (total + sum(sum(_stat(pid)[11:13]) for pid in _children(postmaster))) / TICKS


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in path.read_text().split()] if path.exists() else []


def _stat(pid: int) -> list[int]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return [0] * 20
    return [int(one) if one.lstrip("-").isdigit() else 0 for one in fields]


# Counts.
def counted(url: str, skus: int) -> dict[str, dict[str, int]]:
    """What a purchase says to the database: statements (one executed for several rows is one), transactions that wrote, and others."""
    found: dict[str, dict[str, int]] = {}
    with SqlStorage(url) as storage:
        shop, goods, log = a_shop(storage, skus), drawn(skus, False, 99), Counter[str]()
        paid(shop, begun(shop, next(goods)))

        def statement(connection: sa.Connection, text: str, given: Any) -> None:
            log["statements" if "BEGIN" not in text else "begins"] += 1

        sa.event.listen(storage.engine, "commit", lambda connection: log.update(commits=1))
        with hearing(storage.engine, statement):
            for _ in range(20):
                log.clear()
                checkout = begun(shop, next(goods))
                found["until it is paid"] = dict(log)
                log.clear()
                paid(shop, checkout)
                found["pay"] = dict(log)
    return found


def prepared(server: Server, skus: int) -> str:
    """A database with the stock of both shops in it."""
    url = server.clone()
    with SqlStorage(url) as storage:
        now = storage.clock.now()
        moves = [Movement(Stock(f"SKU-{n}"), STOCK, "opening", "bench", now) for n in range(skus)]
        for at in range(0, skus, 1000):
            part = moves[at : at + 1000]
            storage.transact(lambda unit, part=part: unit.write(*part))  # type: ignore[misc]
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(FLOOR)
        connection.execute("INSERT INTO floor_stock SELECT 'SKU-' || n, %s, 0, 0 FROM generate_series(0, %s) n", (STOCK, skus - 1))
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return url


def figures(server: Server, clients: Sequence[int], skus: int, purchases: int) -> Iterator[Figure]:
    for hot in (False, True):
        for many in clients:
            floor: Figure | None = None
            for way in ("floor", "pay", "whole"):
                url = prepared(server, skus)
                found = measured(url, server, way, hot=hot, skus=skus, clients=many, purchases=purchases)
                server.drop(url)
                floor = floor or found
                yield evolve(found, ratio=found.rate / floor.rate)


def main() -> None:
    parser = argparse.ArgumentParser(description="Purchases a second on PostgreSQL.")
    parser.add_argument("--purchases", type=int, default=1000)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 8, 32])
    parser.add_argument("--skus", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="on which disk; the system's own for temporary files unless given")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with running(settings=DURABLE, folder=given.folder or Path(tempfile.gettempdir())) as server:
        url = prepared(server, given.skus)
        counts = counted(url, given.skus)
        server.drop(url)
        found = list[Figure]()
        if not given.json:
            for part, said in counts.items():
                print(f"{part}: {', '.join(f'{number:g} {name}' for name, number in sorted(said.items()))}")
            print(_row("goods", "clients", "way", "a second", "ratio", "p50", "p95", "p99", "our CPU", "server CPU"), flush=True)
        for one in figures(server, given.clients, given.skus, given.purchases):
            found.append(one)
            times = [f"{time:.1f}" for time in (one.p50, one.p95, one.p99)]
            cpu = f"{one.ours:.2f}", f"{one.server:.2f}"
            if not given.json:
                print(_row(one.goods, one.clients, one.way, f"{one.rate:.0f}", f"{one.ratio:.2f}", *times, *cpu), flush=True)
    if given.json:
        print(json.dumps({"figures": [asdict(one) for one in found], "counts": counts, "cores": os.cpu_count()}, indent=1))


def _row(*cells: object) -> str:
    return "| " + " | ".join(f"{cell!s:>9}" for cell in cells) + " |"


if __name__ == "__main__":
    main()
