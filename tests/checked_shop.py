"""A shop on an SQLite file whose every commit is looked at by fsck, and what shoppers do in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from attrs import define, field

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.fsck import CHECKS, Finding, GatewayRow, Progress, check
from checkout_adapters.sqlalchemy.fsck.run import run
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Checkout, NoAnswer, Policy, Promotion, Ratio, Shop, Upi, Worker
from checkout_core.card_numbers import reference_of
from checkout_core.codec import pool_text
from checkout_core.holds import CardBalance
from checkout_core.money import Money
from checkout_core.notices import Notice
from checkout_core.promotions import FREE_SHIPPING, Percent
from checkout_core.unit import Unit
from tests.world import SECRET, Crash, Numbered, TestClock, Troubled, a_checkout, begin, catalog, dies_after, dies_before, products, total

TENTH = Promotion("a/tenth", "A tenth off", Percent(Ratio(10)), code="TENTH", limit=30, per_person=9)
GRATIS = Promotion("gratis", "All of it off", Percent(Ratio(100)), code="GRATIS")
POSTED = Promotion("posted", "Posted free", FREE_SHIPPING, code="POSTED")
QUICK = tuple(check for check in CHECKS if check.scan is None)  # reading every text can wait until the end
CARD = "GC-7K3QM-9XWT2-HV4RS"
NAMES = ("bought", "cancelled", "refunding", "flying", "challenged", "gone", "begun", "carded")


def rows_of(gateway: Any) -> tuple[GatewayRow, ...]:
    """The sandbox's own books, as fsck takes them."""
    return tuple(GatewayRow(p.key, p.currency, p.captured, p.refunded, p.state) for p in gateway.books.payments())


def look(
    path: Path, gateway: Iterable[GatewayRow] | None = None, now: str | datetime | None = None, progress: Progress | None = None
) -> tuple[Finding, ...]:
    """What fsck finds in that file."""
    engine = sa.create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            return check(connection, gateway, now, progress=progress)
    finally:
        engine.dispose()


class Looked:
    """A store that is looked at after every commit, whatever state it leaves."""

    def __init__(self, store: SqlStorage, gateway: Callable[[], tuple[GatewayRow, ...]]) -> None:
        self.store, self.gateway, self.commits, self.looking = store, gateway, 0, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def transact(self, work: Callable[[Unit], Any]) -> Any:
        answer = self.store.transact(work)
        self.commits += 1
        if not self.looking:
            return answer
        found = self.store.read(lambda connection: run(QUICK, connection, self.gateway(), self.store.clock.now(), None))
        assert not found, found
        return answer


@define
class Bell:
    """A notifier that is deaf to the checkouts in `deaf_to`."""

    name: str = "bell"
    deaf_to: set[str] = field(factory=set)

    def notify(self, notice: Notice) -> None:
        if notice.event.checkout in self.deaf_to:
            raise NoAnswer("not heard")


class Counter:
    """A shop at work: sells, crashes, is called back, is ticked."""

    def __init__(self, path: Path, empty: Path, *, stock: int = 20, policy: Policy | None = None) -> None:
        shutil.copyfile(empty, path)
        self.path, self.clock = path, TestClock()
        self.sandbox = SandboxGateway(clock=self.clock)
        self.gateway = Troubled(self.sandbox)
        self.store = SqlStorage(str(path), clock=self.clock)
        self.looked = Looked(self.store, lambda: rows_of(self.sandbox))
        self.shelf = catalog((TENTH, GRATIS, POSTED))
        self.ids = Numbered()
        self.shop = self.open(policy or Policy(identity_secret=SECRET))
        self.later = self.open(Policy(identity_secret=SECRET, capture="after-placing"))
        self.bell = Bell()
        for product in products():
            if product.tracked and stock:
                self.shop.receive(product.sku, stock, reason="opening stock", actor="test")

    def open(self, policy: Policy) -> Shop:
        parts: dict[str, Any] = {"storage": self.looked, "gateways": [self.gateway], "catalog": self.shelf, "clock": self.clock}
        return Shop(**parts, ids=self.ids, policy=policy)

    def begin(self, sku: str = "MUG", quantity: int = 1, *, shop: Shop | None = None, **details: Any) -> Checkout:
        return a_checkout(shop or self.shop, sku=sku, quantity=quantity, **details)

    def pay(self, c: Checkout, token: str = "tok_ok", key: str = "k1", shop: Shop | None = None) -> Any:
        means = None if not total(c).minor else Upi(token) if token.startswith("upi") else Card(token)
        return (shop or self.shop).pay(c.id, means, expected=total(c), key=key)

    def crash(self, op: str, act: Callable[[], object], *, after: bool = False) -> None:
        """The process dies at its next call of that kind, before it leaves or before its answer is heard."""
        self.gateway.upset(op, dies_after if after else dies_before)
        try:
            act()
        except Crash:
            return
        raise AssertionError("it lived")

    def drain(self, days: float = 5) -> None:
        """Let time run, and the worker come by, until nothing is due."""
        end = self.clock.time + timedelta(days=days)
        for _ in range(300):
            due = self.value("SELECT MIN(due_at) FROM checkouts")
            if due is None or datetime.fromisoformat(due) > end:
                return
            self.clock.time = max(self.clock.time, datetime.fromisoformat(due).astimezone(UTC))
            self.shop.tick()
        raise AssertionError("it never comes to rest")

    def relay(self, *deaf_to: str) -> None:
        """Deliver what there is to be delivered, as far as it is heard."""
        self.bell.deaf_to = set(deaf_to)
        worker = Worker(self.shop, [self.bell])
        while worker.relay(self.bell) and not deaf_to:
            pass

    def value(self, sql: str) -> Any:
        return self.store.read(lambda connection: connection.execute(sa.text(sql)).scalar())

    def close(self) -> None:
        self.store.close()


def a_day(counter: Counter) -> dict[str, str]:
    """One checkout in every kind of state, with a basket of its own each; their ids by name."""
    shop, later = counter.shop, counter.later
    counter.looked.looking = False
    cart = shop.open_cart(currency="EUR", customer="ann")
    shop.add(cart.id, sku="MUG", quantity=2)
    shop.add(cart.id, sku="PDF")
    bought = begin(shop, cart.id, codes=["TENTH"])
    counter.pay(bought)
    cancelled = counter.begin("BOOK", 2)
    counter.pay(cancelled)
    shop.cancel(cancelled.id, reason="too much")
    refunding = counter.begin("BOOK", 1)
    counter.pay(refunding)
    counter.crash("refund", lambda: shop.cancel(refunding.id, reason="too late"))
    flying = counter.begin("MUG", 4, shop=later)
    counter.pay(flying, "tok_declined", "k1", later)
    counter.crash("capture", lambda: counter.pay(flying, "tok_ok", "k2", later))
    gone = counter.begin("MUG", 5)
    counter.pay(gone, "tok_stolen")
    shop.cancel(gone.id, reason="no card")
    challenged = counter.begin("MUG", 3)
    counter.pay(challenged, "tok_3ds_abandoned")
    begun = counter.begin("GIFT", 1)
    shop.load_gift_card(CARD, Money(1000, "EUR"), reason="sold", actor="till")
    carded = counter.begin("MUG", 1, gift_cards=[CARD])
    counter.pay(carded)
    counter.relay()
    ids = [c.id for c in (bought, cancelled, refunding, flying, challenged, gone, begun, carded)]
    return dict(zip(NAMES, ids, strict=True)) | {"card": pool_text(CardBalance(reference_of(CARD), "EUR"))}


def empty_database(folder: Path) -> Path:
    """A database with nothing in it, to be copied: migrating once is enough."""
    path = folder / "empty.db"
    SqlAdmin(str(path)).upgrade()
    return path
