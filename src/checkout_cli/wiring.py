"""The one place that chooses adapters: everything else in the command works on what it is given."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta

from attrs import define, field, frozen

from checkout_adapters.console import ConsoleNotifier
from checkout_adapters.sandbox import SCRIPTS, SandboxGateway
from checkout_core import (
    Band,
    MemoryCatalog,
    MemoryStorage,
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
    Worker,
    Zone,
)
from checkout_core.system import number_of

OPENING = {"MUG": 12, "TEAPOT": 3, "BOOK": 8}
SANDBOX_TOKENS = SCRIPTS


@define
class VirtualClock:
    """A clock that moves when the story does: the demo is the same every time, and takes no time."""

    time: datetime = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def forward(self, seconds: int) -> None:
        self.time += timedelta(seconds=seconds)


@define
class SeededIds:
    """Ids that follow from a seed and a count."""

    seed: str = "demo"
    count: int = 0

    def _next(self) -> bytes:
        self.count += 1
        return hashlib.sha256(f"{self.seed}/{self.count}".encode()).digest()

    def new(self) -> str:
        return self._next().hex()[:12]

    def order_number(self) -> str:
        return number_of(int.from_bytes(self._next()[:6], "big") >> 3)


@frozen
class DemoShop:
    """A shop in memory, with everything the demo looks into."""

    shop: Shop
    store: MemoryStorage
    gateway: SandboxGateway
    worker: Worker
    outbox: io.StringIO
    clock: VirtualClock = field(factory=VirtualClock)


def demo_shop() -> DemoShop:
    """A small shop in Berlin: three products with German VAT in the price, one coupon, parcels to Germany and France."""
    clock, outbox = VirtualClock(), io.StringIO()
    store, gateway = MemoryStorage(clock), SandboxGateway(clock=clock)
    shop = Shop(
        storage=store,
        gateways=[gateway],
        catalog=catalog(),
        clock=clock,
        ids=SeededIds(),
        policy=Policy(identity_secret=b"only for the demo"),
    )
    for sku, units in OPENING.items():
        shop.receive(sku, units, reason="opening stock", actor="demo")
    return DemoShop(shop, store, gateway, Worker(shop, [ConsoleNotifier(outbox)]), outbox, clock)


def catalog() -> MemoryCatalog:
    full = TaxRate("VAT 19 %", Ratio.parse("0.19"), included=True)
    reduced = TaxRate("VAT 7 %", Ratio.parse("0.07"), included=True)
    parcels = (Band(2_000, [Money(490, "EUR")]), Band(10_000, [Money(890, "EUR")]))
    return MemoryCatalog(
        [
            Product("MUG", "Stoneware mug", [Money(1490, "EUR")], weight=380),
            Product("TEAPOT", "Cast-iron teapot", [Money(6900, "EUR")], weight=1450),
            Product("BOOK", "The Book of Tea", [Money(1280, "EUR")], tax_category="books", weight=240),
        ],
        [Promotion("welcome", "Welcome, 10 % off", "percent", percent=Ratio(10), code="WELCOME10", limit=100, per_person=1)],
        TaxTable([TaxRow("DE", None, "standard", [full]), TaxRow("DE", None, "books", [reduced])]),
        ShippingTable([ShippingMethod("standard", "Parcel, 2-3 days", [Zone(["DE", "FR"], parcels)])]),
    )
