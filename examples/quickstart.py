"""From nothing to a paid order, in memory, with a gateway that moves no money."""

from __future__ import annotations

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Address, Card, MemoryCatalog, MemoryStorage, Money, Placed, Product, Ratio, Shop, TaxRate, TaxRow, TaxTable

vat = TaxRow("DE", None, "standard", [TaxRate("VAT", Ratio.parse("0.19"), included=True)])
catalog = MemoryCatalog([Product("MUG", "Mug", [Money(1250, "EUR")])], taxes=TaxTable([vat]))
shop = Shop(storage=MemoryStorage(), gateways=[SandboxGateway()], catalog=catalog)
shop.receive("MUG", 10, reason="opening stock", actor="me")

cart = shop.open_cart(currency="EUR", customer="customer-1")
shop.add(cart.id, sku="MUG", quantity=2)
checkout = shop.begin(cart.id, ship_to=Address("Ann Example", ["Invalidenstr. 1"], "Berlin", "10115", "DE"))
result = shop.pay(checkout.id, Card(token="tok_ok"), expected=checkout.total, key="request-1")
assert isinstance(result, Placed)
assert shop.pay(checkout.id, Card(token="tok_ok"), expected=checkout.total, key="request-1") == result  # the same key never pays twice
