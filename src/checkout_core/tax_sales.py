"""What a tax provider is told of an order: its taxes by entry, as they were charged, under a key that never changes."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from checkout_core.checkout import Checkout
from checkout_core.customers import Destination
from checkout_core.orders import OrderState
from checkout_core.quote import Taxes
from checkout_core.tax_provider import TaxSource


@frozen
class TaxedEntry:
    """A line, or carriage (`goods` False), after discounts, in minor units. `taxes` are by code, and add up to `tax`."""

    id: str
    goods: bool
    category: str
    quantity: int
    net: int
    tax: int
    taxes: Taxes


@frozen
class TaxSale:
    """An order as it was charged: its entries add up to `net` and `tax`, in minor units of `currency` (I12). No personal data is in here.

    `key` is the order's own for good: whoever is told twice books once (R2). `source` says whose rates these are: the provider's own, or
    the shop's while it was away. `placed_at` is UTC.
    """

    key: str
    number: str
    placed_at: datetime
    destination: Destination
    currency: str
    entries: tuple[TaxedEntry, ...]
    net: int
    tax: int
    source: TaxSource


def key_of(checkout: str) -> str:
    """The key under which a provider knows the order of that id."""
    return f"{checkout}/tax"


def sale_of(c: Checkout) -> TaxSale | None:
    """The order as a provider is told of it; None if there is none that stands, or nobody was asked for its rates."""
    if c.order is None or c.order.state is OrderState.CANCELLED or c.quote is None or c.quote.tax_source is None:
        return None
    q = c.quote
    entries = [TaxedEntry(x.id, True, x.tax_category, x.quantity, x.net, x.tax, x.taxes) for x in q.lines]
    entries += [TaxedEntry(x.id, False, x.tax_category, 1, x.net, x.tax, x.taxes) for x in q.shipping]
    said = (q.destination, q.currency, tuple(entries), q.totals.net, q.totals.tax, c.quote.tax_source)
    return TaxSale(key_of(c.id), c.order.number, c.order.placed_at, *said)
