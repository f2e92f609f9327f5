"""A tax provider is told of every order once, whatever happens on the way, and of none that is not its own."""

from __future__ import annotations

import asyncio
import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import AsyncTaxReporter, Card, MemoryStorage, Placed, Policy, Shop, TaxReporter, Worker
from checkout_core.errors import Undeliverable
from checkout_core.events import KINDS
from checkout_core.notices import Notice
from checkout_core.tax_provider import TaxSource
from checkout_core.tax_sales import TaxSale, key_of, sale_of
from checkout_core.testing import TableTaxProvider
from checkout_core.testing.notifier import a_notice
from tests.world import SECRET, Crash, Numbered, TestClock, a_checkout, catalog, german_taxes


class Life:
    """A shop with a provider that has the shop's own rates, and a worker that tells it of orders."""

    def __init__(self, provider: TableTaxProvider | None = None) -> None:
        self.clock, self.provider = TestClock(), provider or TableTaxProvider(german_taxes(), "acme")
        self.storage = MemoryStorage(self.clock)
        self.shop = Shop(
            storage=self.storage,
            catalog=catalog(),
            gateways=[SandboxGateway(clock=self.clock)],
            tax_provider=self.provider,
            clock=self.clock,
            ids=Numbered(),
            policy=Policy(tax_outage="fallback", identity_secret=SECRET),
        )
        self.shop.receive("MUG", 50, reason="opening stock", actor="test")
        self.reporter = TaxReporter(self.provider)
        self.worker = Worker(self.shop, [self.reporter], name="w")

    def buy(self, quantity: int = 1) -> str:
        c = a_checkout(self.shop, quantity=quantity)
        assert c.quote is not None
        assert isinstance(self.shop.pay(c.id, Card("tok_ok"), expected=c.quote.hash, key="k1"), Placed)
        return c.id

    def cancel(self, id: str) -> None:
        self.shop.cancel(id, reason="changed my mind")

    def work(self) -> None:
        while self.worker.tick():
            pass

    def later(self) -> None:
        """The time in which a message is tried again and again."""
        for _ in range(20):
            self.clock.forward(minutes=16)
            self.work()


def test_an_order_is_committed_once_as_it_was_charged() -> None:
    """I12: its entries add up to what was paid, and it says whose rates they are. Nothing is told before it is placed."""
    life = Life()
    a_checkout(life.shop)
    life.work()
    assert not life.provider.told
    id = life.buy(quantity=3)
    life.work()
    life.later()
    (sale,) = life.provider.sales.values()
    quote = life.shop.status(id).quote
    assert quote is not None
    assert (sale.key, life.provider.told) == (key_of(id), 1)
    assert (sale.source, sale.destination, sale.currency) == (TaxSource("acme", "DE, edition 1"), quote.destination, "EUR")
    assert sum(entry.net + entry.tax for entry in sale.entries) == sale.net + sale.tax == quote.total.minor
    assert sum(entry.tax for entry in sale.entries) == sum(tax for entry in sale.entries for _, tax in entry.taxes) == sale.tax
    assert [(entry.goods, entry.quantity) for entry in sale.entries] == [(True, 3), (False, 1)]


def test_an_order_that_is_cancelled_is_voided() -> None:
    life = Life()
    kept, gone = life.buy(), life.buy()
    life.work()
    life.cancel(gone)
    life.work()
    assert set(life.provider.sales) == {key_of(kept)}
    assert life.provider.voided == {key_of(gone)}


def test_one_cancelled_before_its_turn_is_never_booked() -> None:
    life = Life()
    id = life.buy()
    life.cancel(id)
    life.work()
    assert not life.provider.sales
    assert life.provider.told == 1


def test_while_it_is_away_orders_go_on_and_it_is_told_later() -> None:
    """Also of what was charged by the shop's own table meanwhile, which the sale says (G2)."""
    life = Life()
    life.provider.away = True
    first, second = life.buy(), life.buy()
    life.work()
    life.cancel(first)
    life.work()
    assert not life.provider.sales
    life.provider.away = False
    life.later()
    assert list(life.provider.sales) == [key_of(second)]
    assert life.provider.sales[key_of(second)].source == TaxSource("acme", answered=False)


def test_an_answer_that_was_lost_books_nothing_twice() -> None:
    """M8: it acted, and nobody knows; it is told again under the same key."""
    life = Life()
    life.provider.lost = True
    id = life.buy()
    life.work()
    life.clock.forward(minutes=1)
    life.work()
    assert life.provider.told > 1
    life.provider.lost = False
    life.cancel(id)
    life.later()
    assert not life.provider.sales


def test_a_void_waits_for_the_commit_before_it() -> None:
    """M2: while the commit has not been taken, the cancellation behind it is not told."""
    life = Life()
    life.provider.lost = True
    id = life.buy()
    life.work()
    life.cancel(id)
    life.work()
    assert not life.provider.voided


def test_what_it_refuses_for_good_waits_for_a_person() -> None:
    """M3: a dead letter; other orders are told."""
    refused = set[str]()

    class Picky(TableTaxProvider):
        def commit(self, sale: TaxSale) -> None:
            if sale.key in refused:
                raise Undeliverable("The address is not known.")
            super().commit(sale)

    life = Life(Picky(german_taxes(), "acme"))
    first, second = life.buy(), life.buy()
    refused.add(key_of(first))
    life.work()
    assert list(life.provider.sales) == [key_of(second)]
    placed = f"{first}/{life.shop.status(first).events}"
    assert life.storage.look(lambda view: view.delivery("tax.acme", placed)).dead  # type: ignore[union-attr]
    refused.clear()
    life.worker.requeue("tax.acme", placed)
    life.work()
    assert set(life.provider.sales) == {key_of(first), key_of(second)}


def test_replaying_books_nothing_twice_and_nothing_that_was_cancelled() -> None:
    """M1."""
    life = Life()
    id = life.buy()
    life.work()
    placed = f"{id}/{life.shop.status(id).events}"
    life.worker.replay("tax.acme", placed)
    life.work()
    assert list(life.provider.sales) == [key_of(id)]
    life.cancel(id)
    life.work()
    life.worker.replay("tax.acme", placed)
    life.work()
    assert not life.provider.sales


def test_orders_of_others_are_none_of_its_business() -> None:
    """Those from before there was a provider, and those of another one: who comes new is not told of all the past."""
    life = Life()
    life.shop.tax_provider = None
    before = life.buy()
    life.shop.tax_provider = TableTaxProvider(german_taxes(), "other")
    other = life.buy()
    life.work()
    life.cancel(before)
    life.cancel(other)
    life.work()
    assert not life.provider.told


def test_a_checkout_without_an_order_is_no_sale() -> None:
    assert sale_of(a_checkout(Life().shop)) is None


def test_the_async_reporter_says_the_same() -> None:
    life = Life()
    c = life.shop.status(life.buy())

    class Records:
        name = "acme"

        async def commit(self, sale: TaxSale) -> None:
            life.provider.commit(sale)

        async def void(self, key: str) -> None:
            life.provider.void(key)

    reporter = AsyncTaxReporter(Records())
    assert reporter.name == life.reporter.name == "tax.acme"
    asyncio.run(reporter.notify(Notice(a_notice(1).event, None, c)))
    assert list(life.provider.sales) == [key_of(c.id)]
    asyncio.run(reporter.notify(Notice(a_notice(2, "order.cancelled").event)))
    assert life.provider.voided == {key_of("c1")}


def test_every_kind_of_event_is_taken() -> None:
    """One that it does not care for is dropped; that an order was cancelled is told even when the order can no longer be looked at (M3)."""
    life = Life()
    for seq, kind in enumerate(sorted(KINDS), start=1):
        life.reporter.notify(a_notice(seq, kind))
    assert (life.provider.told, life.provider.voided) == (1, {key_of("c1")})


# Any order of things.
def stand(life: Life, orders: list[str]) -> None:
    """At rest each order that stands is booked once, as it was charged, and none that was cancelled or never placed (I12, I14)."""
    kept = [id for id in orders if not life.shop.status(id).over]
    assert set(life.provider.sales) == {key_of(id) for id in kept}
    for id in kept:
        quote = life.shop.status(id).quote
        assert quote is not None
        sale = life.provider.sales[key_of(id)]
        assert (sale.net, sale.tax, sale.source) == (quote.totals.net, quote.totals.tax, quote.tax_source)


STEPS = ("buy", "cancel", "away", "back", "lost", "heard", "tick", "wait", "crash")


class Crashing(TableTaxProvider):
    """The process that tells it dies after it has acted, before anybody notes that: the lease runs out, and it is told again (A6)."""

    crash: bool = False

    def commit(self, sale: TaxSale) -> None:
        super().commit(sale)
        self._perhaps()

    def void(self, key: str) -> None:
        super().void(key)
        self._perhaps()

    def _perhaps(self) -> None:
        if self.crash:
            self.crash = False
            raise Crash


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), max_size=30))
def test_whatever_happens_each_order_is_booked_once_and_each_cancelled_one_is_not(steps: list[tuple[str, int]]) -> None:
    """Orders and cancellations while it is away, loses answers, or the worker dies: when all is well again, its records are the shop's."""
    provider = Crashing(german_taxes(), "acme")
    life, orders = Life(provider), list[str]()
    for step, n in steps:
        match step:
            case "buy":
                orders.append(life.buy())
            case "cancel" if orders:
                life.cancel(orders[n % len(orders)])
            case "away" | "back":
                provider.away = step == "away"
            case "lost" | "heard":
                provider.lost = step == "lost"
            case "wait":
                life.clock.forward(minutes=n)
            case "crash":
                provider.crash = True
            case "tick":
                with contextlib.suppress(Crash):
                    life.worker.tick()
            case _:
                pass
        booked = {key_of(id) for id in orders}
        assert set(provider.sales) <= booked
    provider.away = provider.lost = provider.crash = False
    life.later()
    stand(life, orders)
