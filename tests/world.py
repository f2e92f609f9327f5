"""A small shop for tests: a few products, German tax, one way to send, on memory and the sandbox or no gateway at all."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from attrs import evolve, fields

from checkout_core import (
    Address,
    Band,
    Checkout,
    Contact,
    Money,
    Policy,
    Product,
    Promotion,
    Ratio,
    ShippingMethod,
    ShippingTable,
    Shop,
    TaxRate,
    TaxRow,
    TaxTable,
    Zone,
)
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.memory import AsyncMemoryCatalog, MemoryCatalog, MemoryStorage, Tables
from checkout_core.unit import Unit

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
BERLIN = Address("Ada Lovelace", ("Unter den Linden 1",), "Berlin", "10117", "DE")
ADA = Contact(email="ada@example.com")
SECRET = b"0123456789abcdef"


class TestClock:
    """A clock that stands until it is moved."""

    __test__ = False

    def __init__(self, now: datetime = NOON) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> None:
        self.time += timedelta(**by)


class Numbered:
    """Ids that count."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix, self.count = prefix, 0

    def new(self) -> str:
        self.count += 1
        return f"{self.prefix}{self.count}"

    def order_number(self) -> str:
        self.count += 1
        return f"N{self.prefix}{self.count}"


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def german_taxes() -> TaxTable:
    full, reduced = TaxRate("VAT19", Ratio.parse("0.19"), included=True), TaxRate("VAT7", Ratio.parse("0.07"), included=True)
    return TaxTable([TaxRow("DE", None, "standard", (full,)), TaxRow("DE", None, "books", (reduced,))])


def parcels() -> ShippingTable:
    bands = (Band(1_000, [eur(490), Money(600, "USD")]), Band(10_000, [eur(990)]))
    return ShippingTable([ShippingMethod("standard", "Standard", [Zone(("DE", "FR"), bands)])])


def products() -> list[Product]:
    return [
        Product("MUG", "Mug", [eur(1250), Money(1500, "USD")], weight=350),
        Product("BOOK", "Book", [eur(2000)], tax_category="books", weight=600),
        Product("PDF", "Download", [eur(500)], tracked=False),
        Product("GIFT", "Sticker", [eur(0)], weight=5),
    ]


def catalog(promotions: Iterable[Promotion] = (), *, asynchronous: bool = False) -> Any:
    plain = MemoryCatalog(products(), promotions, german_taxes(), parcels())
    return AsyncMemoryCatalog(plain) if asynchronous else plain


def a_shop(
    *,
    gateways: Iterable[Any] = (),
    clock: Any = None,
    stock: int = 10,
    promotions: Iterable[Promotion] = (),
    policy: Policy | None = None,
    ids: Any = None,
    shelf: Any = None,
    watch: Callable[[MemoryStorage], Any] = lambda store: store,
) -> tuple[Shop, MemoryStorage]:
    """A sync shop with so many of everything, and its store."""
    clock = clock or TestClock()
    store = MemoryStorage(clock)
    shop = Shop(
        storage=watch(store),
        gateways=gateways,
        catalog=shelf or catalog(promotions),
        clock=clock,
        ids=ids or Numbered(),
        policy=policy or Policy(identity_secret=SECRET),
    )
    for product in products():
        if product.tracked and stock:
            shop.receive(product.sku, stock, reason="opening stock", actor="test")
    return shop, store


def begin(shop: Shop, cart: str, **details: Any) -> Checkout:
    """A checkout that only wants paying."""
    said: dict[str, Any] = {"ship_to": BERLIN, "shipping": "standard", "contact": ADA} | details
    return shop.begin(cart, **said)


def a_checkout(shop: Shop, *, sku: str = "MUG", quantity: int = 1, customer: str | None = None, **details: Any) -> Checkout:
    """A cart with one line, and its checkout."""
    cart = shop.open_cart(currency="EUR", customer=customer)
    shop.add(cart.id, sku=sku, quantity=quantity)
    return begin(shop, cart.id, **details)


def total(checkout: Checkout) -> Money:
    assert checkout.quote is not None
    return checkout.quote.total


def everything(store: MemoryStorage) -> Tables:
    """A copy of all that the store knows, to be compared with what it knows later: rows are frozen."""
    return Tables(*[copy.copy(getattr(store.tables, table.name)) for table in fields(Tables)])


class Shelf:
    """A catalogue that can be changed while shoppers are under way: price, tax, promotions, or all of it."""

    def __init__(self, promotions: Iterable[Promotion] = ()) -> None:
        self.now: MemoryCatalog = catalog(promotions)

    def __getattr__(self, port: str) -> Any:
        return getattr(self.now, port)

    def reprice(self, sku: str, minor: int) -> None:
        items = {**self.now.items, sku: evolve(self.now.items[sku], prices=[eur(minor)])}
        self.now = evolve(self.now, items=items.values())

    def withdraw(self, sku: str) -> None:
        self.now = evolve(self.now, items=[item for item in self.now.items.values() if item.sku != sku])

    def offer(self, *promotions: Promotion) -> None:
        self.now = evolve(self.now, items=self.now.items.values(), deals=promotions)


class Crash(BaseException):
    """The process dies here: nothing catches it, nothing after it is run."""


class Watched:
    """A store that counts its units, and those that wrote something; `crash_at` kills the process before or after the n-th commit."""

    def __init__(self, store: MemoryStorage) -> None:
        self.store = store
        self.units = self.written = 0
        self.crash_before: int | None = None
        self.crash_after: int | None = None
        self.down = 0
        self.struck: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def reset(self) -> None:
        self.units = self.written = 0
        self.crash_before = self.crash_after = None

    def transact(self, work: Callable[[Unit], Any]) -> Any:
        if self.down:
            self.down -= 1
            self.struck()
            raise Unavailable("The store is away. Repeat the call.")
        self.units += 1
        if self.units == self.crash_before:
            self.struck()
            raise Crash
        before = self.store.tables
        known = (before.checkouts, before.carts, before.requests, before.people, before.deliveries)
        was = [dict(table) for table in known]
        answer = self.store.transact(work)
        self.written += was != [dict(table) for table in known]
        if self.units == self.crash_after:
            self.struck()
            raise Crash
        return answer


Way = Callable[[Callable[[Any], Any], Any], Any]


class Troubled:
    """A gateway, and what goes wrong with its next calls: `upset("authorize", lost, taken)` upsets two, in that order."""

    def __init__(self, gateway: Any, strike: Callable[[str], object] = lambda fault: None) -> None:
        self.gateway = gateway
        self.name = gateway.name
        self.capabilities = gateway.capabilities
        self.strike = strike
        self.plans: dict[str, list[tuple[Way, str]]] = {}
        self.calls: list[tuple[str, Any]] = []

    def upset(self, op: str, *ways: Way, fault: str = "") -> None:
        self.plans.setdefault(op, []).extend((way, fault) for way in ways)

    def count(self, op: str) -> int:
        return Counter(name for name, _ in self.calls)[op]

    def _call(self, op: str, request: Any) -> Any:
        self.calls.append((op, request))
        real = getattr(self.gateway, op)
        if not self.plans.get(op):
            return real(request)
        way, fault = self.plans[op].pop(0)
        if fault:
            self.strike(fault)
        return way(real, request)

    def authorize(self, request: Any) -> Any:
        return self._call("authorize", request)

    def capture(self, request: Any) -> Any:
        return self._call("capture", request)

    def void(self, request: Any) -> Any:
        return self._call("void", request)

    def refund(self, request: Any) -> Any:
        return self._call("refund", request)

    def inquire(self, request: Any) -> Any:
        return self._call("inquire", request)


def lost(real: Callable[[Any], Any], request: Any) -> Any:
    """The call never arrives, and nobody says so."""
    raise NoAnswer("no answer")


def unheard(real: Callable[[Any], Any], request: Any) -> Any:
    """The call acts, and its answer is lost."""
    real(request)
    raise NoAnswer("no answer")


def garbled(real: Callable[[Any], Any], request: Any) -> Any:
    """The call acts, and its answer cannot be read."""
    real(request)
    raise ValueError("<html>4111 1111 1111 1111</html>")


def dies_before(real: Callable[[Any], Any], request: Any) -> Any:
    """The process dies before the call leaves."""
    raise Crash


def dies_after(real: Callable[[Any], Any], request: Any) -> Any:
    """The process dies before it hears the answer."""
    real(request)
    raise Crash


def answers(fact: Any) -> Way:
    """The gateway says this, whatever is true."""
    return lambda real, request: fact


def drain(shop: Shop, store: MemoryStorage, clock: TestClock, *, days: float = 5) -> None:
    """Let time run and the worker come by whenever something is due, until nothing is, or so many days have passed."""
    end = clock.time + timedelta(days=days)
    for _ in range(500):
        due = min((c.due_at for c in store.tables.checkouts.values() if c.due_at is not None), default=None)
        if due is None or due > end:
            return
        clock.time = max(clock.time, due)
        shop.tick()
    raise AssertionError("it never comes to rest")


class Turn:
    """Where control passes from one coroutine to another."""

    def __await__(self) -> Generator[Turn, None, None]:
        yield self


class Yielding:
    """A sync port as an async one that lets others go first at every call; `plain` attributes are as they are."""

    def __init__(self, port: Any, *plain: str) -> None:
        self.port = port
        for name in plain:
            setattr(self, name, getattr(port, name))

    def __getattr__(self, op: str) -> Any:
        async def call(*arguments: Any) -> Any:
            await Turn()
            return getattr(self.port, op)(*arguments)

        return call


def interleave(seed: int, *coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run them all, the next one by chance at every port call; their results in their order."""
    chance, running, results = Random(seed), dict(enumerate(coroutines)), dict[int, Any]()
    while running:
        n = chance.choice(sorted(running))
        try:
            running[n].send(None)
        except StopIteration as stop:
            results[n] = stop.value
            del running[n]
    return [results[n] for n in range(len(coroutines))]
