"""A tax provider is told of orders through the outbox: after they are stored, in sequence, as often as it takes.

    Worker(shop, [TaxReporter(provider)])

It is a notifier, and all that is promised of deliveries holds for it: it can neither fail nor slow an order, what it was told is tried
again, and what it refuses for good waits as a dead letter for a person (`deliveries`). Within one checkout a void never overtakes a
commit (M2).
"""

from __future__ import annotations

from attrs import frozen

from checkout_core.notices import Notice
from checkout_core.ports import AsyncTaxRecords
from checkout_core.tax_sales import key_of, sale_of


@frozen
class AsyncTaxReporter:
    """Tells a provider of the orders whose quotes name it, and of no others: committed when placed, voided when cancelled."""

    records: AsyncTaxRecords

    @property
    def name(self) -> str:
        """The consumer's name in the outbox."""
        return f"tax.{self.records.name}"

    async def notify(self, notice: Notice) -> None:
        """Commit or void the order that this is about. One that was cancelled before its turn came is not committed any more."""
        c = notice.checkout
        source = c.quote.tax_source if c is not None and c.quote is not None else None
        if c is not None and (source is None or source.provider != self.records.name):
            return
        if notice.event.kind == "order.placed" and c is not None and (sale := sale_of(c)) is not None:
            await self.records.commit(sale)
        if notice.event.kind == "order.cancelled":
            await self.records.void(key_of(notice.event.checkout))
