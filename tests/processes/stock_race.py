"""Thirty-two processes, five hundred attempts each, a thousand mugs on a real PostgreSQL, once for everything the server does wrong.

    python -m tests.processes.stock_race [CLASS …] [--processes 32] [--attempts 500] [--stock 1000] [--planted]

An attempt is a payment that is answered: placed, or refused because nothing is left; who is refused tries again. What the caller is told to
repeat is repeated, under the same key. Each class of fault strikes at random, on the server, and is counted there. Exactly the stock is
sold, one payment each; fsck and the gateway's own file agree, and nobody hears of anything but our own faults. It prints JSON for each.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from attrs import frozen

from checkout_adapters.sandbox import SandboxBooks, SandboxGateway
from checkout_adapters.sqlalchemy import postgres
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Checkout, Placed, Policy, Refused, Shop
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.testing.processes import in_processes
from checkout_core.testing.proxy import Proxy
from tests.postgres import FAST, Server, running, told
from tests.processes.judged import Told, at_rest, judged
from tests.processes.leash import Leash
from tests.processes.servers import plant_read_then_write
from tests.world import SECRET, a_checkout, catalog

PATIENCE: Final = 7200.0  # seconds for a class
A_CALL: Final = 120.0  # seconds for which a call is repeated
BUSY: Final = 0.3  # seconds, where waiting in vain is what strikes
PROXIES: Final = 4
COMMITS: Final = 40  # from one lost answer to a COMMIT to the next


@frozen
class Asked:
    """How much."""

    processes: int = 32
    attempts: int = 500
    stock: int = 1000


@frozen
class Class:
    """Something that the server does wrong, to some: `then` in a trigger, one time in `one_in`, or in a process of its own."""

    then: str = ""
    one_in: int = 50
    on: tuple[str, ...] = ("INSERT ON payments", "INSERT ON events", "UPDATE ON pools")
    late: bool = False  # when COMMIT is there, rather than the statement
    busy_timeout: float = 10.0
    statement_timeout: float = postgres.STATEMENT_TIMEOUT
    few: bool = False
    locked: bool = False
    proxied: bool = False


def _raises(state: str) -> str:
    return f"RAISE 'no' USING ERRCODE = '{state}'"


GONE: Final = "PERFORM pg_terminate_backend(pg_backend_pid())"
CLASSES: Final[dict[str, Class]] = {
    "none": Class(),
    "serialization failure": Class(_raises("40001")),
    "deadlock": Class(_raises("40P01")),
    "lock time-out": Class(locked=True, busy_timeout=BUSY),
    "statement time-out": Class("PERFORM pg_sleep(5)", 200, ("INSERT ON events",), busy_timeout=BUSY, statement_timeout=0),
    "cut before COMMIT": Class(GONE, 200),
    "cut at COMMIT": Class(GONE, 100, ("INSERT ON events", "INSERT ON payments"), late=True),
    "cut after COMMIT": Class(proxied=True),
    "connections exhausted": Class(few=True),
    "disk full": Class(_raises("53100")),
}


def shop_on(storage: SqlStorage, books: SandboxBooks) -> Shop:
    return Shop(storage=storage, gateways=[SandboxGateway(books)], catalog=catalog(), policy=Policy(identity_secret=SECRET))


def buy(ways: list[str], books: SandboxBooks, asked: Asked, how: Class, n: int) -> list[dict[str, Any]]:
    """So many attempts of one process: what was said, in the words of a browser that notes it (`Told`)."""
    notes = list[dict[str, Any]]()

    def insisting(call: Callable[[], Any]) -> Any:
        until = time.monotonic() + A_CALL
        while True:
            try:
                return call()
            except (NoAnswer, Unavailable) as fault:
                notes.append({"fault": type(fault).__name__})
                if time.monotonic() > until:
                    return None
                time.sleep(0.01)
            except Exception:
                notes.append({"wrong": traceback.format_exc(limit=-6)})
                return None

    storage = insisting(lambda: SqlStorage(ways[n % len(ways)], busy_timeout=how.busy_timeout))
    if storage is None:
        return notes
    shop, c = shop_on(storage, books), None
    for nth in range(asked.attempts):
        if how.few and nth % 5 == 0:
            storage.close()
        c = c or insisting(lambda: a_checkout(shop))
        if c is None:
            continue
        answer = insisting(partial(_pay, shop, c, f"{n}-{nth}"))
        order = answer.number if isinstance(answer, Placed) else ""
        refused = answer.reason if isinstance(answer, Refused) else "" if order or answer is None else type(answer).__name__
        notes.append({"over": True, "shopper": {"order": order, "refused": refused, "at": "pay"}})
        if refused != "out-of-stock":
            c = None
    storage.close()
    return notes


def _pay(shop: Shop, c: Checkout, key: str) -> Any:
    return shop.pay(c.id, Card("tok_ok"), expected=c.total, key=key)


def race(server: Server, name: str, asked: Asked, plant: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All of them, with that class of fault."""
    how, url, started = CLASSES[name], server.clone(), time.monotonic()
    postgres.STATEMENT_TIMEOUT = how.statement_timeout  # type: ignore[misc, assignment]
    try:
        with tempfile.TemporaryDirectory(prefix="checkout-race-") as folder, ExitStack() as stack:
            books = SandboxBooks(path=Path(folder) / "provider.db")
            with SqlStorage(url) as storage:
                shop_on(storage, books).receive("MUG", asked.stock, reason="opening", actor="test")
            plant(url)
            gc.freeze()
            ways = stack.enter_context(struck_by(how, server, url))
            came = in_processes(asked.processes, lambda: None, lambda _, n: buy(ways, books, asked, how, n), PATIENCE)
            seconds = time.monotonic() - started
            found = Told.of(note for notes in came for note in notes)
            struck = found.faults.total() if how.few else int(told(url, "SELECT last_value FROM struck")[0][0])
            stack.close()
            with at_rest(url, SandboxGateway(books)) as (storage, _, undone):
                wrong = [*found.wrong[:20], *undone, *judged(storage, books, found, asked.stock)]
                sold = storage.read(lambda c: c.exec_driver_sql("SELECT committed FROM pools WHERE sku = 'MUG'").scalar_one())
            if sold != min(asked.stock, asked.processes * asked.attempts):
                wrong.append(f"{sold} sold, of {asked.stock}")
            if name != "none" and not struck:
                wrong.append("nothing struck: this has proved nothing")
            return {
                "class": name,
                "seconds": round(seconds, 1),
                "attempts": found.said.total(),
                "said": dict(found.said),
                "struck": struck,
                "told to repeat": dict(found.faults),
                "wrong": wrong,
            }
    finally:
        server.drop(url)


@contextmanager
def struck_by(how: Class, server: Server, url: str) -> Iterator[list[str]]:
    """The URLs by which buyers come, while that strikes; afterwards it is gone."""
    told(url, "CREATE SEQUENCE struck MINVALUE 0", "SELECT nextval('struck')")
    timing = "CONSTRAINT TRIGGER trouble_{} AFTER {} DEFERRABLE INITIALLY DEFERRED" if how.late else "TRIGGER trouble_{} BEFORE {}"
    if how.then:
        told(
            url,
            f"CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF random() * {how.one_in} < 1 THEN "
            f"PERFORM nextval('struck'); {how.then}; END IF; RETURN NEW; END $$",
            *(f"CREATE {timing.format(n, on)} FOR EACH ROW EXECUTE FUNCTION trouble()" for n, on in enumerate(how.on)),
        )
    with ExitStack() as stack:
        leash, ways = Leash(), [url]
        if how.locked:
            stack.enter_context(leash.running(partial(_lock, url)))
        if how.proxied:
            ports = [stack.enter_context(_proxied(leash, url)) for _ in range(PROXIES)]
            ways = [sa.make_url(url).set(port=port).render_as_string(hide_password=False) for port in ports]
        if how.few:
            told(url, *FEW)
            ways = [sa.make_url(url).set(username="crowd").render_as_string(hide_password=False)]
        yield ways
    if how.few:
        told(url, "DROP OWNED BY crowd", "DROP ROLE crowd")
    if how.then:
        told(url, "DROP FUNCTION trouble CASCADE")


FEW: Final = (
    "CREATE ROLE crowd LOGIN PASSWORD 'secret' CONNECTION LIMIT 20",
    "GRANT ALL ON ALL TABLES IN SCHEMA public TO crowd",
    "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO crowd",
)


def _lock(url: str) -> None:
    """Another program, which holds the mugs longer than anybody waits, again and again."""
    with psycopg.connect(url.replace("+psycopg", "")) as other:
        while True:
            other.execute("SELECT nextval('struck') FROM pools FOR UPDATE")
            time.sleep(2 * BUSY)
            other.rollback()
            time.sleep(1)


@contextmanager
def _proxied(leash: Leash, url: str) -> Iterator[int]:
    """The port of a proxy, in a process of its own, that loses the answer to every so-manieth COMMIT."""
    listens, says = os.pipe()
    with leash.running(partial(_lose, url, says)):
        os.close(says)
        with os.fdopen(listens) as line:
            port = int(line.readline())
        yield port


def _lose(url: str, said: int) -> None:
    with Proxy("127.0.0.1", sa.make_url(url).port or 0) as proxy, psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
        os.write(said, f"{proxy.port}\n".encode())
        while True:
            cut = proxy.tally.replies_cut
            proxy.cut_reply(b"COMMIT\0", COMMITS)
            proxy.until(lambda tally, cut=cut: tally.replies_cut > cut, PATIENCE)  # type: ignore[misc]
            other.execute("SELECT nextval('struck')")


def main() -> None:
    parser = argparse.ArgumentParser(description="Many processes, few mugs, and a server that does things wrong.")
    parser.add_argument("classes", nargs="*", metavar="CLASS", choices=[[], *CLASSES])
    parser.add_argument("--processes", type=int, default=32)
    parser.add_argument("--attempts", type=int, default=500)
    parser.add_argument("--stock", type=int, default=1000)
    parser.add_argument("--planted", action="store_true")
    given = parser.parse_args()
    asked = Asked(given.processes, given.attempts, given.stock)
    red = False
    with running(settings=(*FAST, "deadlock_timeout=100ms")) as server:
        for name in given.classes or CLASSES:
            found = race(server, name, asked, plant_read_then_write if given.planted else lambda _: None)
            red = red or bool(found["wrong"])
            print(json.dumps(found), flush=True)
    sys.exit(red and not given.planted)


if __name__ == "__main__":
    main()
