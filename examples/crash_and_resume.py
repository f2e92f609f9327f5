"""The process dies when the gateway has taken the money and before anything of it is stored. A worker finishes: one charge, one order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Address, Card, MemoryCatalog, MemoryStorage, Money, Product, Ratio, Shop, TaxRate, TaxRow, TaxTable, Worker
from checkout_core.effects import Authorize
from checkout_core.payments import Fact


class Died(BaseException):
    """Stands for kill -9."""


class DiesAfterTheCall(SandboxGateway):
    """The call arrives; its caller does not live to see the answer."""

    def authorize(self, request: Authorize) -> Fact:
        super().authorize(request)
        raise Died


class Clock:
    time = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


clock = Clock()
vat = TaxRow("DE", None, "standard", [TaxRate("VAT", Ratio.parse("0.19"), included=True)])
catalog = MemoryCatalog([Product("MUG", "Mug", [Money(1250, "EUR")])], taxes=TaxTable([vat]))
storage, doomed = MemoryStorage(clock), DiesAfterTheCall(clock=clock)
shop = Shop(storage=storage, gateways=[doomed], catalog=catalog, clock=clock)
shop.receive("MUG", 1, reason="opening stock", actor="me")
cart = shop.open_cart(currency="EUR")
shop.add(cart.id, sku="MUG", quantity=1)
checkout = shop.begin(cart.id, ship_to=Address("Ann Example", ["Invalidenstr. 1"], "Berlin", "10115", "DE"))
try:
    shop.pay(checkout.id, Card("tok_ok"), expected=checkout.total, key="request-1")
except Died:
    print("The process is dead; the money is taken; the shop only knows that it asked.")

survivor = Shop(storage=storage, gateways=[SandboxGateway(doomed.books)], catalog=catalog, clock=clock)
clock.time += timedelta(minutes=1)  # nobody interferes before the call's own time is up
Worker(survivor).tick()
order = survivor.status(checkout.id).order
assert order is not None
taken = [payment.captured for payment in doomed.books.payments()]
assert taken == [1250]
print(f"A worker asked the gateway, and placed the order {order.number}: one charge of {order.total}, one order.")
