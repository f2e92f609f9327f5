"""A tax provider as a model: what it says is due, and its own books of what it was told, which are compared with the orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from checkout_core.checkout import Checkout
from checkout_core.customers import Destination
from checkout_core.errors import NoAnswer, Unavailable, Undeliverable
from checkout_core.events import Event
from checkout_core.orders import OrderState
from checkout_core.simulation.full.goods import standing
from checkout_core.simulation.kernel import Call, Kernel
from checkout_core.simulation.parts import OUTAGE, Shelf
from checkout_core.simulation.violations import Violation
from checkout_core.tax_provider import TaxEstimate
from checkout_core.tax_sales import TaxSale

NAME: Final = "bureau"
CONSUMER: Final = f"tax.{NAME}"


class Bureau:
    """The provider's side: sales by the key under which they were booked, and the keys that were taken back."""

    def __init__(self, docs: Mapping[str, Checkout]) -> None:
        self.docs = docs
        self.booked: dict[str, TaxSale] = {}
        self.voided: set[str] = set()
        self.refused: set[str] = set()
        self.back_at = 0

    def book(self, sale: TaxSale) -> None:
        """Once for a key, and never after a void of it. Raises Violation for what was never sold."""
        c = next((c for c in self.docs.values() if c.order is not None and c.order.number == sale.number), None)
        if c is None:
            facts = (f"the provider was told of order {sale.number}", "the store: there is no such order")
            raise Violation("I15", "a sale was reported for taxes that was never made", facts)
        if sale.key not in self.voided:
            self.booked.setdefault(sale.key, sale)

    def take_back(self, key: str) -> None:
        """It counts no more, and a sale under that key that comes later does not either."""
        self.voided.add(key)

    def unsendable(self, events: Mapping[str, Event]) -> set[tuple[str, str]]:
        """The events that it refused to be told of, by consumer."""
        numbers = {c.order.number: id for id, c in self.docs.items() if c.order is not None}
        refused = {numbers.get(number, number) for number in self.refused}
        return {(CONSUMER, id) for id, event in events.items() if event.checkout in refused}

    def look(self) -> None:
        """I20 each order that stands is booked once, with its own taxes, and one that does not stand is not. Raises Violation."""
        live: dict[str, list[TaxSale]] = {}
        for key, sale in self.booked.items():
            if key not in self.voided:
                live.setdefault(sale.number, []).append(sale)
        for id, c in self.docs.items():
            if c.order is None:
                continue
            found = live.get(c.order.number, [])
            ours = c.quote is not None and c.quote.tax_source is not None and c.quote.tax_source.provider == NAME
            stands = c.order.state is not OrderState.CANCELLED
            excused = c.order.number in self.refused or id in self.refused
            if len(found) > 1 or (not excused and bool(found) is not (stands and ours)):
                told = f"the tax provider's books: order {c.order.number} is in them {len(found)} times"
                raise Violation("I20", "an order is not reported for its taxes as it is", (told, f"the order {id}: {standing(c)}"), id)
            for sale in found:
                assert c.quote is not None
                figures, due = (sale.currency, sale.net, sale.tax), (c.quote.currency, c.quote.totals.net, c.quote.totals.tax)
                if figures != due:
                    told = f"the tax provider's books: {figures} for order {c.order.number}"
                    raise Violation("I20", "other taxes are reported than were charged", (told, f"the quote of {id}: {due}"), id)


class SimTaxProvider:
    """The tax provider's port, and that of its records, of one process."""

    name = NAME

    def __init__(self, bureau: Bureau, shelf: Shelf, kernel: Kernel) -> None:
        self.bureau = bureau
        self.shelf = shelf
        self.kernel = kernel

    async def estimate(self, destination: Destination, categories: Sequence[str], at: datetime) -> TaxEstimate:
        def say(fault: str) -> TaxEstimate:
            if fault == "facts_down":
                raise Unavailable("The tax provider cannot be reached.")
            return TaxEstimate(self.shelf.catalog.rates(destination, categories, at), "edition 1")

        return await Call("tax.estimate", say)  # type: ignore[no-any-return]

    async def commit(self, sale: TaxSale) -> None:
        await Call("tax.commit", lambda fault: self._told(fault, sale.number, lambda: self.bureau.book(sale)))

    async def void(self, key: str) -> None:
        await Call("tax.void", lambda fault: self._told(fault, key.rpartition("/")[0], lambda: self.bureau.take_back(key)))

    def _told(self, fault: str, about: str, note: Callable[[], None]) -> None:
        kernel, bureau = self.kernel, self.bureau
        if fault == "mail_out":
            bureau.back_at = max(bureau.back_at, kernel.now + kernel.span * OUTAGE)
        if fault == "mail_down" or kernel.now < bureau.back_at:
            raise Unavailable("The tax provider is away.")
        if fault == "poison":
            bureau.refused.add(about)
            raise Undeliverable("The tax provider will never take this.")
        note()
        if fault == "mail_unsure":
            raise NoAnswer("The tax provider took it, perhaps.")
