"""Whether a purchase costs a server more in a shop with a long history: the pages that each statement looks at, small shop and large.

    python -m tests.bench.growth [--small N] [--large N]

The history is made in bulk: so many orders, with all that belongs to each. Then a purchase, a cancellation, a worker's round and a delivery
go through `Shop`, and before each of their statements is run it is explained (ANALYZE, BUFFERS) and undone. Exit code 1 if one looks at
more pages more than in the small shop than it goes down indexes (three at least), or goes through a whole table that grows.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from attrs import frozen

from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core.holds import Stock
from checkout_core.testing.units import stock
from checkout_core.unit import Delivery
from tests.databases import hearing
from tests.postgres import FAST, Server, history, running, told
from tests.selling import begun, pay, selling

MORE: Final = 3  # pages for each statement
A_ROW: Final = 5  # a row that is written: its indexes, what it refers to, and where in its table there is room; 4 was not enough for a cart
EXPLAIN: Final = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
KINDS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
SMALL: Final = ("consumers", "settings", "catalog")


@frozen
class Looked:
    """What a statement looks at: pages; how often it goes down an index, which has a level more in a large shop; tables from end to end."""

    pages: int = 0
    descents: int = 0
    whole: tuple[str, ...] = ()

    def grows(self, small: Looked) -> bool:
        """Whether that is more than a level for each index, and a few pages."""
        return self.pages > small.pages + max(MORE, self.descents) or bool(self.whole)


Pages = dict[str, Looked]
"""By statement, in the order of their first use; the most that it looked at."""


@contextmanager
def explained(engine: sa.Engine) -> Iterator[Pages]:
    """The pages of every statement that is run in here."""
    found: Pages = {}

    def note(connection: sa.Connection, statement: str, given: Any) -> None:
        raw: Any = connection.connection.driver_connection
        inside = raw.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        if not inside or "BEGIN" in statement or statement.split(maxsplit=1)[0] not in KINDS:
            return
        cursor = psycopg.RawCursor(raw) if statement.startswith("WITH w0") else raw.cursor()  # said to the driver as it is
        raw.execute("SAVEPOINT explained")
        ((plan,),) = cursor.execute(EXPLAIN + statement, given).fetchall()[0]
        raw.execute("ROLLBACK TO explained")
        top, name = plan["Plan"], re.sub(r"(, \([^()]*\))+", "", " ".join(statement.split()))
        pages = max(looked_at(top), sum(looked_at(part) for part in top.get("Plans", ()) if part.get("Subplan Name", "").startswith("CTE")))
        steps = list(walked(top))
        whole = {step["Relation Name"] for step in steps if step["Node Type"] == "Seq Scan"}
        looked = Looked(
            pages, sum(map(descents, steps)), tuple(sorted(one for one in whole if one not in SMALL and not one.startswith("pg_")))
        )
        found[name] = max(found.get(name, looked), looked, key=lambda one: one.pages)

    with hearing(engine, note):
        yield found


def looked_at(step: Any) -> int:
    return int(step["Shared Hit Blocks"] + step["Shared Read Blocks"])


def walked(step: Any) -> Iterator[Any]:
    """Every step of a plan."""
    yield step
    for below in step.get("Plans", ()):
        yield from walked(below)


def descents(step: Any) -> int:
    """How often this step goes down an index."""
    if "Index" in step["Node Type"] and "Bitmap Heap" not in step["Node Type"]:
        return int(step["Actual Loops"] * max(step["Actual Rows"], 1))  # a list of keys goes down for each of them
    if step["Node Type"] == "ModifyTable":
        return A_ROW * sum(int(below["Actual Rows"] * below["Actual Loops"]) for below in step["Plans"][:1])
    return 0


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
    for statement, looked in large.items():
        before = small.get(statement, Looked())
        bad = looked.grows(before)
        wrong += bad
        whole = f" · all of {', '.join(looked.whole)}" if looked.whole else ""
        print(f"{'!' if bad else ' '} {before.pages:5d} {looked.pages:5d}  {statement[:100]}{whole}")
    print(f"{len(large)} statements, {wrong} that grow")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
