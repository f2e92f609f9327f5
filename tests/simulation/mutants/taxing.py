"""Bugs about what a tax provider is told of orders."""

from __future__ import annotations

from itertools import count
from typing import Any

from attrs import evolve

from checkout_core import tax_reports, tax_sales
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.sync import tax_reports as sync_tax_reports
from checkout_core.tax_sales import TaxSale, sale_of
from tests.simulation.mutants.bug import Patch, bug, everywhere, in_both, ready, real_of

REPORTERS = (tax_reports.AsyncTaxReporter, sync_tax_reports.TaxReporter)


@bug("a cancelled order stays reported", "what was cancelled is not taken back from the tax provider", "I20", origin="G2")
def a_cancelled_order_stays_reported(patch: Patch) -> None:
    real = real_of(REPORTERS, "notify")

    async def notify(self: Any, notice: Any) -> None:
        if notice.event.kind != "order.cancelled":
            await ready(real(self, notice))

    in_both(patch, REPORTERS, "notify", notify)


@bug("a sale has a new key each time", "who asks again because an answer was lost books another sale", "I20", origin="B2")
def a_sale_has_a_new_key_each_time(patch: Patch) -> None:
    real, tries = tax_sales.key_of, count(1)
    everywhere(patch, real, lambda checkout: f"{real(checkout)}#{next(tries)}")


@bug("no answer is an answer", "a tax provider that did not answer is taken to have heard it", "I20", origin="M5")
def no_answer_is_an_answer(patch: Patch) -> None:
    real = real_of(REPORTERS, "notify")

    async def notify(self: Any, notice: Any) -> None:
        try:
            await ready(real(self, notice))
        except (NoAnswer, Unavailable):
            return

    in_both(patch, REPORTERS, "notify", notify)


@bug(
    "taxes are reported when they are quoted",
    "the tax provider is told of what is about to be paid, not of what was sold",
    "I15",
    origin="RB-91",
)
def taxes_are_reported_when_they_are_quoted(patch: Patch) -> None:
    real = real_of(REPORTERS, "notify")

    async def notify(self: Any, notice: Any) -> None:
        c = notice.checkout
        if notice.event.kind == "payment.started" and c is not None and c.quote is not None and c.order is None:
            q = c.quote
            sale = TaxSale(f"{c.id}/tax", c.number, c.begun_at, q.destination, q.currency, (), q.totals.net, q.totals.tax, q.tax_source)
            await ready(self.records.commit(sale))
            return
        await ready(real(self, notice))

    in_both(patch, REPORTERS, "notify", notify)


@bug("carriage is reported without its tax", "a tax provider is told of the goods' taxes alone", "I20", origin="G15")
def carriage_is_reported_without_its_tax(patch: Patch) -> None:
    real = sale_of

    def without(c: Any) -> TaxSale | None:
        sale = real(c)
        return None if sale is None else evolve(sale, tax=sum(entry.tax for entry in sale.entries if entry.goods))

    everywhere(patch, real, without)


TAXING = (
    a_cancelled_order_stays_reported,
    a_sale_has_a_new_key_each_time,
    no_answer_is_an_answer,
    taxes_are_reported_when_they_are_quoted,
    carriage_is_reported_without_its_tax,
)
