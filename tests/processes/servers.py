"""Thirty-two processes and twenty mugs on one PostgreSQL server: each comes twice, all at once, with two things in either order.

    python -m tests.processes.servers URL [--planted]

The database is empty and of this release. What became of every purchase is printed as JSON, with the deadlocks that the server counted and
what fsck finds, the books of all gateways beside it. A planted bug is seen by a quarter of them, with a quarter of the mugs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from typing import Any, Final

import sqlalchemy as sa

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy import statements
from checkout_adapters.sqlalchemy.fsck import GatewayRow, check
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Placed, Policy, Promotion, Ratio, Refused, Shop
from checkout_core.holds import Pool
from checkout_core.promotions import Percent
from checkout_core.testing.processes import in_processes
from tests.checked_shop import rows_of
from tests.world import ADA, BERLIN, SECRET, catalog

PROCESSES: Final = 32
TIMES: Final = 2
STOCK: Final = 20
TENTH: Final = Promotion("tenth", "A tenth off", Percent(Ratio(10)), code="TENTH", limit=1000)  # one row that everybody writes


def shop_on(storage: SqlStorage, till: SandboxGateway) -> Shop:
    return Shop(storage=storage, gateways=[till], catalog=catalog([TENTH]), policy=Policy(identity_secret=SECRET))


def buy(storage: SqlStorage, n: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    """What was said to this process, and what its gateway knows."""
    till = SandboxGateway(clock=storage.clock)
    shop, said = shop_on(storage, till), list[str]()
    for nth in range(TIMES):
        try:
            cart = shop.open_cart(currency="EUR")
            for sku in ("MUG", "BOOK")[:: 1 if (n + nth) % 2 else -1]:
                shop.add(cart.id, sku=sku)
            c = shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA, codes=["TENTH"])
            answer = shop.pay(c.id, Card("tok_ok"), expected=c.total, key=f"{n}-{nth}")
            said.append("placed" if isinstance(answer, Placed) else answer.reason if isinstance(answer, Refused) else type(answer).__name__)
        except Exception as fault:
            said.append(f"{type(fault).__name__}: {fault}")
    storage.close()
    return said, [(row.key, row.currency, row.captured, row.refunded, str(row.state)) for row in rows_of(till)]


def sell(url: str, processes: int = PROCESSES) -> dict[str, Any]:
    """Let them all buy."""
    with SqlStorage(url) as storage:
        shop = shop_on(storage, SandboxGateway())
        shop.receive("MUG", STOCK * processes // PROCESSES, reason="opening", actor="test")
        shop.receive("BOOK", 1000, reason="opening", actor="test")
    came = in_processes(processes, lambda: SqlStorage(url), buy)
    with SqlStorage(url) as storage:
        rows = [GatewayRow(*row) for _, theirs in came for row in theirs]
        found = storage.read(lambda connection: check(connection, rows))
        asked = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return {
            "answers": dict(Counter(answer for answers, _ in came for answer in answers)),
            "sold": storage.read(lambda c: c.exec_driver_sql("SELECT committed FROM pools WHERE sku = 'MUG'").scalar_one()),
            "captured": sum(row.captured > 0 for row in rows),
            "deadlocks": storage.read(lambda c: c.exec_driver_sql(asked).scalar_one()),
            "wrong": [f"{finding.check}: {finding.sentence}" for finding in found],
        }


def plant_read_then_write(url: str) -> None:
    """A planted bug: stock is looked at without a lock, and what follows from that look is written as it is.

    The database would see it, so its own check of the numbers is taken away for this one.
    """
    statements.WANTED_OF_SERVER._for_update_arg = None
    plain = Pool.take

    def slowly(self: Pool, amount: int) -> Pool | None:
        found = plain(self, amount)
        time.sleep(0.05)  # others look meanwhile, however busy the machine is
        return found

    Pool.take = slowly  # type: ignore[method-assign]
    always = statements.TAKE._where_criteria[:1]
    statements.TAKE._where_criteria = always
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE pools DROP CONSTRAINT ck_pools_promised")
        connection.exec_driver_sql(f'ALTER DATABASE "{engine.url.database}" SET deadlock_timeout = 10')  # there are many now
    engine.dispose()


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("url")
    words.add_argument("--planted", action="store_true")
    asked = words.parse_args()
    if asked.planted:
        plant_read_then_write(asked.url)
    print(json.dumps(sell(asked.url, PROCESSES // 4 if asked.planted else PROCESSES)))
