"""The example shop in memory, as a stage for scripts: what the command wires to a database, with every part in reach of a test."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import define, evolve, field, frozen

from checkout_adapters.files import ShopFiles, read_shop
from checkout_adapters.sandbox import SandboxGateway
from checkout_cli.stage import Kept, Letter, Stage
from checkout_core import MemoryCatalog, MemoryStorage, Money, Policy, Shop, Worker
from checkout_core.errors import NotFound
from checkout_core.holds import HoldState, Stock
from checkout_core.notices import Notice
from checkout_core.orders import OrderState
from checkout_core.system import number_of

EXAMPLES = Path(__file__).parents[2] / "examples"
MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@define
class HandClock:
    """A clock that stands until it is moved."""

    time: datetime = MONDAY

    def now(self) -> datetime:
        return self.time

    def forward(self, seconds: int) -> None:
        self.time += timedelta(seconds=seconds)


@define
class CountedIds:
    """Ids that follow from a count."""

    count: int = 0

    def new(self) -> str:
        self.count += 1
        return f"id-{self.count}"

    def order_number(self) -> str:
        self.count += 1
        return number_of(int.from_bytes(hashlib.sha256(str(self.count).encode()).digest()[:6], "big") >> 3)


@define
class Shelf:
    """A catalogue that can be changed while shoppers are under way."""

    now: MemoryCatalog

    def __getattr__(self, port: str) -> Any:
        return getattr(self.now, port)

    def reprice(self, sku: str, price: Money) -> None:
        if sku not in self.now.items:
            raise NotFound("product", sku)
        old = self.now.items[sku]
        items = {**self.now.items, sku: evolve(old, prices={**old.prices, price.currency: price})}
        self.now = evolve(self.now, items=items.values())


@define
class Postbox:
    """A notifier that counts an order's mails."""

    name: str = "mail"
    letters: list[Letter] = field(factory=list)

    def notify(self, notice: Notice) -> None:
        if notice.event.kind in ("order.placed", "order.cancelled"):
            self.letters.append(Letter(f"{notice.event.kind} {dict(notice.event.facts)['number']}"))


@frozen
class Playhouse:
    """A shop in memory with all that a test wants to look into; it is the `World` of its own scripts."""

    store: MemoryStorage
    gateway: SandboxGateway
    shop: Shop
    clock: HandClock
    shelf: Shelf
    post: Postbox

    def reprice(self, sku: str, price: Money) -> None:
        self.shelf.reprice(sku, price)

    def move_stock(self, sku: str, location: str, delta: int, reason: str) -> None:
        self.shop.receive(sku, delta, reason=reason, actor="script", location=location)

    def allow_backorders(self, sku: str, location: str, limit: int, reason: str) -> None:
        self.shop.allow_backorders(sku, limit, reason=reason, actor="script", location=location)

    def load_gift_card(self, number: str, amount: Money, reason: str) -> None:
        self.shop.load_gift_card(number, amount, reason=reason, actor="script")

    def left(self, skus: Sequence[str]) -> Mapping[str, int]:
        levels = self.levels()
        return {sku: sum(number for key, number in levels.items() if key.sku == sku) for sku in skus}

    def mails(self) -> int:
        return len(self.post.letters)

    def levels(self) -> Mapping[Stock, int]:
        return {key: pool.available for key, pool in self.store.tables.pools.items() if isinstance(key, Stock)}

    def money(self) -> Sequence[Kept]:
        """Three counts that share nothing: the gateway's own books, the ledger's postings, the orders that stand."""
        gateway, ledger, orders = Counter[str](), Counter[str](), Counter[str]()
        for payment in self.gateway.books.payments():
            gateway[payment.currency] += payment.captured - payment.refunded
        for posting in self.store.tables.postings:
            ledger[posting.currency] += sum(entry.amount for entry in posting.entries if entry.account == "gateway")
        for c in self.store.tables.checkouts.values():
            if c.order is not None and c.order.state is not OrderState.CANCELLED:
                orders[c.currency] += c.order.total.minor
        return [Kept(code, gateway[code], ledger[code], orders[code]) for code in sorted({*gateway, *ledger, *orders})]

    def check(self) -> Sequence[str]:
        return list(imbalances(self.store))

    @property
    def stage(self) -> Stage:
        worker = Worker(self.shop, [self.post])
        return Stage(self.shop, worker, self.clock, self, self.levels, self.money, self.check, lambda: tuple(self.post.letters))


def playhouse(files: ShopFiles | None = None) -> Playhouse:
    """The example shop, just opened."""
    files = files or read_shop(EXAMPLES / "shop")
    clock, shelf, post = HandClock(), Shelf(files.catalog()), Postbox()
    store, gateway = MemoryStorage(clock), SandboxGateway(clock=clock)
    policy = Policy(identity_secret=b"only for this test", locations=[location.id for location in files.locations])
    shop = Shop(storage=store, gateways=[gateway], catalog=shelf, clock=clock, ids=CountedIds(), policy=policy)
    house = Playhouse(store, gateway, shop, clock, shelf, post)
    for lot in files.stock:
        if lot.quantity:
            house.move_stock(lot.sku, lot.location, lot.quantity, "opening stock")
    return house


def imbalances(store: MemoryStorage) -> Iterator[str]:
    """What does not agree between holds, movements, orders and the ledger."""
    tables = store.tables
    owed = Counter[str]()
    for posting in tables.postings:
        owed[posting.checkout] += sum(entry.amount for entry in posting.entries if entry.account == "receivable")
    yield from (f"{id} owes {amount}" for id, amount in owed.items() if amount)
    sold, kept = Counter[str](), Counter[str]()
    for c in tables.checkouts.values():
        if c.order is not None and c.order.state is OrderState.PLACED and c.quote is not None:
            sold.update({line.sku: line.quantity for line in c.quote.lines if line.tracked})
    for hold in (hold for holds in tables.holds.values() for hold in holds):
        if isinstance(hold.pool, Stock) and hold.state is HoldState.COMMITTED:
            kept[hold.pool.sku] += hold.amount
        if hold.state is HoldState.HELD:
            yield f"{hold.checkout} still holds {hold.pool}"
    if sold != kept:
        yield f"orders say {dict(sold)} are sold, the stock says {dict(kept)}"
    for key, pool in tables.pools.items():
        moved = sum(m.delta for m in tables.movements if m.pool == key)
        if isinstance(key, Stock) and pool.on_hand != moved:
            yield f"{key} has {pool.on_hand} on hand, its movements add up to {moved}"
