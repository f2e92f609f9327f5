"""The worker: overdue checkouts go on, and the outbox is delivered, whatever the notifier does."""

from __future__ import annotations

import pytest
from attrs import define, field

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, NoAnswer, Unavailable, Worker
from checkout_core.notices import Notice
from checkout_core.worker import TRIES_AT_MOST
from tests.world import ADA, TestClock, a_checkout, a_shop, total


@define
class Mailbox:
    """A notifier that fails for the checkouts in `poison`, and for everybody while `down`."""

    name: str = "mailbox"
    got: list[Notice] = field(factory=list)
    poison: set[str] = field(factory=set)
    down: bool = False

    def notify(self, notice: Notice) -> None:
        if self.down:
            raise Unavailable("down")
        if notice.event.checkout in self.poison:
            raise NoAnswer("lost")
        self.got.append(notice)


def two_orders() -> tuple[TestClock, Worker, Mailbox, list[str]]:
    clock = TestClock()
    shop, _ = a_shop(clock=clock, gateways=[SandboxGateway(clock=clock)])
    bought = []
    for n in range(2):
        checkout = a_checkout(shop)
        shop.pay(checkout.id, Card("tok_ok"), expected=total(checkout), key=f"k{n}")
        bought.append(checkout.id)
    mailbox = Mailbox()
    return clock, Worker(shop, [mailbox]), mailbox, bought


def test_events_arrive_once_and_in_order() -> None:
    """I14, M1, M2: each event is delivered once, 1, 2, 3 … within a checkout, with the contact read at delivery."""
    _, worker, mailbox, bought = two_orders()
    while worker.tick():
        pass
    for id in bought:
        mine = [notice.event.seq for notice in mailbox.got if notice.event.checkout == id]
        assert mine == list(range(1, len(mine) + 1))
    assert {notice.contact for notice in mailbox.got} == {ADA}
    assert len({notice.id for notice in mailbox.got}) == len(mailbox.got)


@pytest.mark.fault("M3")
def test_poison_stops_only_its_own_checkout(struck: set[str]) -> None:
    """M3: what cannot be delivered is tried with back-off, a bounded number of times, then set aside; others flow."""
    clock, worker, mailbox, (bad, good) = two_orders()
    mailbox.poison.add(bad)
    struck.add("M3")
    worker.tick()
    assert "order.placed" in {notice.event.kind for notice in mailbox.got if notice.event.checkout == good}
    assert not [notice for notice in mailbox.got if notice.event.checkout == bad]
    for _ in range(40 * TRIES_AT_MOST):
        clock.forward(hours=2)
        if not worker.relay(mailbox):
            break
    store = worker.shop.storage
    dead = [d for d in store.tables.deliveries.values() if d.dead]  # type: ignore[attr-defined]
    assert dead
    assert all(d.tries == TRIES_AT_MOST for d in dead)


@pytest.mark.fault("M5", "M8")
def test_a_notifier_that_is_down_delays_and_loses_nothing(struck: set[str]) -> None:
    """M5, M8: an hour of silence changes no order; afterwards everything arrives."""
    clock, worker, mailbox, bought = two_orders()
    mailbox.down = True
    struck.update({"M5", "M8"})
    for _ in range(3):
        worker.tick()
        clock.forward(minutes=20)
    assert not mailbox.got
    assert all(worker.shop.status(id).order for id in bought)
    mailbox.down = False
    for _ in range(20):
        worker.tick()
        clock.forward(minutes=20)
    assert {notice.event.checkout for notice in mailbox.got if notice.event.kind == "order.placed"} == set(bought)
