"""Sixteen processes and five mugs: all start at once, all want one.

    python -m tests.processes.buyers FOLDER [--planted]

Each process opens its own storage, waits at a barrier, makes a cart and a checkout, waits at a second one, and pays; the gateway takes
50 ms, and longer for the first, until a second one has asked. What became of each is printed as JSON, with how many payments were in
flight at once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from attrs import frozen

from checkout_adapters.sqlalchemy import engines
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_adapters.sqlalchemy.tables import holds, pools
from checkout_adapters.sqlalchemy.unit import SqlUnit
from checkout_core.codec import pool_text
from checkout_core.holds import Claim, Short, Stock, Taken
from checkout_core.sync.ports import Gateway
from checkout_core.unit import Unit
from tests.processes.ground import Shopper, forked, make_shop, opened, told, wrong

T = TypeVar("T")
BUYERS: Final = 16
STOCK: Final = 5
TAKES: Final = 0.05  # seconds
PATIENCE: Final = 60.0


def sell(path: Path) -> dict[str, Any]:
    """Let them all buy. What became of each, how many payments were in flight at once, and what is wrong afterwards."""
    make_shop(path, STOCK)
    fork = multiprocessing.get_context("fork")
    start, tills = fork.Barrier(BUYERS), fork.Barrier(BUYERS)
    first, second = fork.Semaphore(1), fork.Event()

    def in_company() -> None:
        """The first who asks for money waits for another one: then two payments are in flight, however busy the machine is."""
        if first.acquire(block=False):
            second.wait(PATIENCE)
        else:
            second.set()

    def work(name: str) -> Callable[[Callable[[object], None]], int]:
        def buy(say: Callable[[object], None]) -> int:
            asked: list[float] = []
            with opened(path, gateway=lambda plain: Noting(plain, asked, in_company), slow=TAKES, busy_timeout=PATIENCE) as shop:
                start.wait(PATIENCE)
                shopper = Shopper(name, token="tok_slow")
                shopper.buy(shop, before_paying=lambda: tills.wait(PATIENCE))
                say({"shopper": told(shopper), "in flight": [*asked, time.monotonic()] if asked else []})
            return 0

        return buy

    children = [forked(work(f"shopper-{n}")) for n in range(BUYERS)]
    ended = [child.ended() for child in children]
    answers, spans = Counter[str](), list[list[float]]()
    for code, said in ended:
        last = said[-1] if said else {}
        shopper = last.get("shopper", {})
        answers["placed" if shopper.get("order") else shopper.get("refused") or last.get("error") or f"ended with {code}"] += 1
        spans += [last["in flight"]] if last.get("in flight") else []
    return {
        "answers": dict(answers),
        "in flight at once": max((sum(begun <= at < ended for begun, ended in spans) for at, _ in spans), default=0),
        "left behind": left_behind(path),
        "wrong": wrong(path, orders=STOCK, stock=STOCK),
    }


@frozen
class Noting:
    """A gateway that notes when it is asked for money: from then until its answer is recorded, the payment is in flight."""

    inner: Gateway
    asked: list[float]
    in_company: Callable[[], None]

    def __getattr__(self, name: str) -> Any:
        if name == "authorize":
            self.asked.append(time.monotonic())  # one clock for all processes
            self.in_company()
        return getattr(self.inner, name)


def left_behind(path: Path) -> int:
    """How many payments, holds on stock and requests to pay there are of buyers who were refused: paying in vain writes nothing."""
    with SqlStorage(str(path)) as storage:
        asked = (
            "SELECT count(*) FROM requests WHERE operation = 'pay' AND scope NOT IN (SELECT id FROM orders)",
            "SELECT count(*) FROM payments WHERE checkout_id NOT IN (SELECT id FROM orders)",
            "SELECT count(*) FROM holds WHERE pool LIKE 'stock/%' AND checkout_id NOT IN (SELECT id FROM orders)",
        )
        return storage.read(lambda connection: sum(int(connection.exec_driver_sql(sql).scalar_one()) for sql in asked))


def plant_read_then_write() -> None:
    """A planted bug: stock is looked at before the write lock is taken, and what follows from that look is written as it is.

    The database would see it (a pool's numbers are checked, and nothing is below zero), so its checks are switched off for this one.
    """
    looked = threading.local()
    whole, plain_set = SqlStorage.transact, engines._set
    mug = pool_text(Stock("MUG"))

    def unchecked(connection: Any) -> None:
        plain_set(connection)
        connection.execute("PRAGMA ignore_check_constraints = ON")

    def transact(self: SqlStorage, work: Callable[[Unit], T]) -> T:
        looked.at = self.read(
            lambda c: c.execute(sa.select(pools.c.on_hand, pools.c.held, pools.c.committed).where(pools.c.pool == mug)).one()
        )
        return whole(self, work)

    def take(self: SqlUnit, checkout: str, claims: Sequence[Claim]) -> Taken | Short:
        on_hand, held, committed = looked.at
        answer = take_rest(self, checkout, [claim for claim in claims if not isinstance(claim.pool, Stock)])
        for claim in claims:
            if not isinstance(claim.pool, Stock):
                continue
            if on_hand - held - committed < claim.amount:
                return Short(claim.pool, claim.amount, on_hand - held - committed, None)
            self._connection.execute(sa.update(pools).where(pools.c.pool == mug).values(held=held + claim.amount))
            row = {"checkout_id": checkout, "pool": mug, "amount": claim.amount, "state": "held", "updated_at": self._now}
            self._connection.execute(sa.insert(holds), row)
        return answer

    take_rest = SqlUnit.take
    engines._set = unchecked
    SqlStorage.transact = transact  # type: ignore[method-assign]
    SqlUnit.take = take  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser(description="Sixteen processes buy from a stock of five.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--planted", action="store_true")
    given = parser.parse_args()
    if given.planted:
        plant_read_then_write()
    print(json.dumps(sell(given.folder / "shop.db"), indent=1))


if __name__ == "__main__":
    main()
