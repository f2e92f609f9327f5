"""Whether a purchase costs a server more in a shop with a long history: the pages that each statement looks at, small shop and large.

    python -m tests.bench.growth [--small N] [--large N]

The history is made in bulk: so many orders, with all that belongs to each. Then a purchase, a cancellation, a worker's round and a delivery
go through `Shop`, and before each of their statements is run it is explained (ANALYZE, BUFFERS) and undone. Exit code 1 if one looks at
more than three pages more than in the small shop (for each write that it is made of), or goes through a whole table that grows.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy as sa

from checkout_adapters.sqlalchemy import together
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core.holds import Stock
from checkout_core.testing.units import stock
from checkout_core.unit import Delivery
from tests.postgres import FAST, Server, history, running, told
from tests.selling import begun, pay, selling

MORE: Final = 3  # pages: an index of a table two hundred times as large has a level more, and a table two free pages to choose from
EXPLAIN: Final = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
KINDS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
SMALL: Final = ("consumers", "settings", "catalog")
Pages = dict[str, tuple[int, list[str]]]
"""By statement, in the order of their first use: how many pages it looks at, and which tables it goes through from one end to the other."""


def allowed(statement: str) -> int:
    """How many pages more it may look at: so many for each write that it is made of."""
    return MORE * max(len(re.findall(r"w\d+ AS \(", statement)), 1)


@contextmanager
def explained(engine: sa.Engine) -> Iterator[Pages]:
    """The pages of every statement that is run in here."""
    found: Pages = {}
    plain = together.told

    def note(raw: Any, statement: str, given: Any, cursor: Any) -> None:
        raw.execute("SAVEPOINT explained")
        (plan,) = cursor.execute(EXPLAIN + statement, given).fetchone()[0]
        raw.execute("ROLLBACK TO explained")
        top, name = plan["Plan"], re.sub(r"(, \([^()]*\))+", "", " ".join(statement.split()))
        pages = max(looked_at(top), sum(looked_at(part) for part in top.get("Plans", ()) if part.get("Subplan Name", "").startswith("CTE")))
        known = found.get(name, (0, []))
        found[name] = max(known[0], pages), known[1] or [one for one in walked(top) if one not in SMALL and not one.startswith("pg_")]

    def hear(connection: sa.Connection, cursor: Any, statement: str, given: Any, context: Any, many: bool) -> None:
        if statement.split(maxsplit=1)[0] in KINDS and "BEGIN" not in statement:
            raw: Any = connection.connection.driver_connection
            if raw.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
                note(raw, statement, given[0] if isinstance(given, list) else given, raw.cursor())

    def tell(connection: sa.Connection, statement: str, given: Sequence[object]) -> Sequence[int]:
        raw: Any = connection.connection.driver_connection
        note(raw, statement, given, psycopg.RawCursor(raw))
        return plain(connection, statement, given)

    sa.event.listen(engine, "before_cursor_execute", hear)
    together.told = tell  # type: ignore[assignment]
    try:
        yield found
    finally:
        together.told = plain
        sa.event.remove(engine, "before_cursor_execute", hear)


def looked_at(step: Any) -> int:
    return int(step["Shared Hit Blocks"] + step["Shared Read Blocks"])


def walked(step: Any) -> Iterator[str]:
    if step["Node Type"] == "Seq Scan":
        yield step["Relation Name"]
    for below in step.get("Plans", ()):
        yield from walked(below)


def pages_of(server: Server, orders: int) -> Pages:
    """What all that a shop does costs with so many orders behind it."""
    url = server.clone()
    told(url, *history(orders), "VACUUM ANALYZE")
    with selling(url) as (shop, _, storage):
        stock(storage, Stock("MUG"), 1000)
        pay(shop, begun(shop))
        told(url, "VACUUM ANALYZE")
        with explained(storage.engine) as found:
            checkout = begun(shop)
            pay(shop, checkout)
            shop.cancel(checkout.id, reason="changed my mind")
            shop.tick()
            relay(storage)
    server.drop(url)
    return found


def relay(storage: SqlStorage) -> None:
    for event in storage.undelivered("mail", 10):
        storage.transact(lambda unit, event=event: unit.write(Delivery("mail", event.id, 1, delivered=True)))  # type: ignore[misc]


def main() -> int:
    words = argparse.ArgumentParser(description="Pages that each statement looks at, in a small shop and a large one.")
    words.add_argument("--small", type=int, default=1000)
    words.add_argument("--large", type=int, default=200_000)
    asked = words.parse_args()
    with running(settings=(*FAST, "max_wal_size=4GB"), folder=Path("/tmp")) as server:
        small, large = pages_of(server, asked.small), pages_of(server, asked.large)
    wrong = 0
    for statement, (pages, whole) in large.items():
        before = small.get(statement, (pages, []))[0]
        bad = pages > before + allowed(statement) or whole
        wrong += bool(bad)
        print(f"{'!' if bad else ' '} {before:5d} {pages:5d}  {statement[:100]}{' · all of ' + ', '.join(whole) if whole else ''}")
    print(f"{len(large)} statements, {wrong} that grow")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
