"""A small shop for tests: a few products, German tax, one way to send, on memory and the sandbox or no gateway at all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

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
from checkout_core.memory import AsyncMemoryCatalog, MemoryCatalog, MemoryStorage

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
) -> tuple[Shop, MemoryStorage]:
    """A sync shop with so many of everything, and its store."""
    clock = clock or TestClock()
    store = MemoryStorage(clock)
    shop = Shop(
        storage=store,
        gateways=gateways,
        catalog=catalog(promotions),
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
    return shop.begin(cart, **({"ship_to": BERLIN, "shipping": "standard", "contact": ADA} | details))


def a_checkout(shop: Shop, *, sku: str = "MUG", quantity: int = 1, customer: str | None = None, **details: Any) -> Checkout:
    """A cart with one line, and its checkout."""
    cart = shop.open_cart(currency="EUR", customer=customer)
    shop.add(cart.id, sku=sku, quantity=quantity)
    return begin(shop, cart.id, **details)


def total(checkout: Checkout) -> Money:
    assert checkout.quote is not None
    return checkout.quote.total
