"""A small shop on a database, for tests that do something to it, and what they say of a fault."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Checkout, Policy, Shop
from tests.world import ADA, BERLIN, SECRET, TestClock, catalog


@contextmanager
def selling(path: Path | str, *, busy_timeout: float = 10.0, stock: int = 100) -> Iterator[tuple[Shop, SandboxGateway, SqlStorage]]:
    clock = TestClock()
    with SqlStorage(str(path), clock=clock, busy_timeout=busy_timeout) as storage:
        till = SandboxGateway(clock=clock)
        shop = Shop(storage=storage, gateways=[till], catalog=catalog(), clock=clock, policy=Policy(identity_secret=SECRET))
        if stock:
            shop.receive("MUG", stock, reason="opening", actor="test")
        yield shop, till, storage


def begun(shop: Shop) -> Checkout:
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG")
    return shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA)


def pay(shop: Shop, checkout: Checkout) -> Any:
    return shop.pay(checkout.id, Card(token="tok_ok"), expected=checkout.total, key="k-pay")


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def says(fault: BaseException, *words: str) -> None:
    """The text has these words, says what to do, and names nobody."""
    text = str(fault)
    for word in words:
        assert word in text
    assert re.search(r"[Rr]epeat|[Rr]un |Name |Give |Make |Stop|Look|Check|Upgrade|[Rr]estore", text), text
    assert "ada@example.com" not in text
    assert "Lovelace" not in text
