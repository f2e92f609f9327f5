"""What must be true of a shop on a server once nothing strikes any more: its own tables, `fsck`, and the provider's own file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from attrs import define, field

from checkout_adapters.sandbox import Payment, SandboxBooks, State
from checkout_adapters.sqlalchemy.fsck import GatewayRow, check
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_adapters.sqlalchemy.tables import checkouts, holds, orders, pools
from checkout_core import Policy, Shop
from checkout_core.sync.ports import Gateway
from tests.world import SECRET, TestClock, catalog

ROUNDS: Final = 300
SHOWN: Final = 20


@define
class Told:
    """What shoppers were told, and what they should not have been."""

    said: Counter[str] = field(factory=Counter)
    faults: Counter[str] = field(factory=Counter)
    placed: set[str] = field(factory=set)
    cancelled: set[str] = field(factory=set)
    wrong: list[str] = field(factory=list)

    @classmethod
    def of(cls, lines: Iterable[dict[str, Any]]) -> Told:
        """From what their browsers noted."""
        told = cls()
        for line in lines:
            if "fault" in line:
                told.faults[line["fault"]] += 1
            if "wrong" in line:
                told.wrong.append(line["wrong"])
            if "cancelled" in line:
                told.cancelled.add(line["cancelled"])
            if line.get("over"):
                shopper = line["shopper"]
                if not shopper["order"] and not shopper["refused"]:
                    told.wrong.append(f"somebody was never answered at {shopper['at']}")
                told.said["placed" if shopper["order"] else shopper["refused"] or f"gave up at {shopper['at']}"] += 1
                told.placed.update({shopper["order"]} - {""})
        return told


@contextmanager
def at_rest(url: str, gateway: Gateway) -> Iterator[tuple[SqlStorage, TestClock, list[str]]]:
    """The store once nothing is due: time runs, and the worker comes by; with what did not go well in that."""
    clock, undone = TestClock(datetime.now(UTC)), list[str]()
    with SqlStorage(url, clock=clock) as storage:
        shop = Shop(storage=storage, gateways=[gateway], catalog=catalog(), clock=clock, policy=Policy(identity_secret=SECRET))
        for _ in range(ROUNDS):
            due = storage.read(lambda connection: connection.execute(sa.select(sa.func.min(checkouts.c.due_at))).scalar_one())
            if due is None:
                break
            clock.time = max(clock.time, due.astimezone(UTC)) + timedelta(seconds=30)
            try:
                while shop.tick(1000) == 1000:
                    pass
            except Exception as fault:
                undone.append(f"{type(fault).__name__} while what was due was done: {fault}")
        else:
            undone.append("it never comes to rest")
        yield storage, clock, undone[:SHOWN]


def judged(storage: SqlStorage, books: SandboxBooks, told: Told, stock: int) -> list[str]:
    """A sentence for everything that is not as it must be."""
    payments = books.payments()
    rows = [GatewayRow(p.key, p.currency, p.captured, p.refunded, str(p.state)) for p in payments]

    def look(connection: sa.Connection) -> list[str]:
        known = {row.id: row for row in connection.execute(sa.select(orders))}
        mugs = tuple(connection.execute(sa.select(pools.c.on_hand, pools.c.held, pools.c.committed).where(pools.c.sku == "MUG")).one())
        held = connection.execute(sa.select(sa.func.count()).where(holds.c.state == "held")).scalar_one()
        standing = {id: row for id, row in known.items() if row.status != "cancelled"}
        wrong = [*_about_money(payments, standing), *_about_what_was_said(told, known)]
        if mugs != (stock, 0, len(standing)):
            wrong.append(f"mugs on hand, held, sold are {mugs}, not {(stock, 0, len(standing))}")
        if held:
            wrong.append(f"{held} holds that nobody will let go")
        found = check(connection, rows, storage.clock.now())
        return [*wrong, *(f"fsck {finding.check}: {finding.sentence} ({finding.count})" for finding in found)]

    return storage.read(look)


def _about_money(payments: Iterable[Payment], standing: dict[str, Any]) -> Iterator[str]:
    """I5, I6: a captured payment has one order that stands, or has gone back; an order has one payment, of its total."""
    kept, taken, open = Counter[str](), Counter[str](), list[str]()
    for payment in payments:
        checkout = payment.key.split("/")[0]
        taken[checkout] += payment.captured > 0
        kept[checkout] += payment.captured - payment.refunded
        if payment.state is State.AUTHORIZED:
            open.append(payment.key)
    twice = [checkout for checkout, times in taken.items() if times > 1]
    stranded = [checkout for checkout, amount in kept.items() if amount and checkout not in standing]
    unpaid = [checkout for checkout, order in standing.items() if kept[checkout] != order.total]
    for what, found in (
        ("charged more than once", twice),
        ("money of no order", stranded),
        ("orders not paid as they say", unpaid),
        ("money reserved that nobody takes", open),
    ):
        if found:
            yield f"{what}: {len(found)}, such as {found[0]}"


def _about_what_was_said(told: Told, known: dict[str, Any]) -> Iterator[str]:
    """I21: who was told of an order has it, and who sent it back has not."""
    status = {row.number: row.status for row in known.values()}
    if lost := [number for number in told.placed if number not in status]:
        yield f"orders that shoppers were told of and that are lost: {len(lost)}, such as {lost[0]}"
    if gone := [number for number in told.placed - told.cancelled if status.get(number) == "cancelled"]:
        yield f"orders cancelled that nobody sent back: {len(gone)}, such as {gone[0]}"
    if kept := [number for number in told.cancelled if status.get(number) != "cancelled"]:
        yield f"orders sent back that stand: {len(kept)}, such as {kept[0]}"
