"""The worker: overdue checkouts go on, and the outbox is delivered, whatever the notifier does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import define, evolve, field

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, NoAnswer, NotFound, Unavailable, Undeliverable, Worker
from checkout_core.deliveries import AWAY_AT_MOST, TRIES_AT_MOST, after_try
from checkout_core.notices import Notice
from checkout_core.unit import Delivery
from checkout_core.worker import AWAY_IN_A_BATCH
from tests.world import ADA, NOON, TestClock, a_checkout, a_shop, total


@define
class Mailbox:
    """A notifier that fails for the checkouts in `poison`, and for everybody while `down`."""

    name: str = "mailbox"
    got: list[Notice] = field(factory=list)
    poison: set[str] = field(factory=set)
    down: bool = False
    refused: set[str] = field(factory=set)
    asked: int = 0

    def notify(self, notice: Notice) -> None:
        self.asked += 1
        if notice.id in self.refused:
            raise Undeliverable(f"No mail for {ADA.email} here.")
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


def deliveries(worker: Worker) -> dict[str, Delivery]:
    found: dict[str, Delivery] = {d.event: d for d in worker.shop.storage.tables.deliveries.values()}  # type: ignore[attr-defined]
    return found


def test_a_notice_brings_the_checkout_as_it_is_now() -> None:
    """What is written about an order can name its lines and its payment, and knows what became of them since."""
    _, worker, mailbox, bought = two_orders()
    worker.tick()
    assert {notice.checkout for notice in mailbox.got} == {worker.shop.status(id) for id in bought}


def test_what_is_refused_for_good_is_dead_at_once_and_stops_nothing() -> None:
    """M3, R24: a person is called, the next event of the same checkout flows, and the note names nobody."""
    _, worker, mailbox, (one, _) = two_orders()
    mailbox.refused.add(f"{one}/1")
    while worker.tick():
        pass
    dead = deliveries(worker)[f"{one}/1"]
    assert (dead.dead, dead.tries, dead.error) == (True, 1, "No mail for ••• here.")
    assert next(notice.event.seq for notice in mailbox.got if notice.event.checkout == one) == 2


def test_a_note_is_short_and_there_is_one_for_each_event() -> None:
    """R25: a far side that fails for days leaves no more rows than one that works."""
    clock, worker, mailbox, bought = two_orders()
    mailbox.poison.update(bought)
    for _ in range(200):
        clock.forward(minutes=30)
        worker.tick()
    assert len(deliveries(worker)) == len(worker.shop.storage.tables.events)  # type: ignore[attr-defined]
    assert len(after_try(Delivery("mail", "c/1"), NoAnswer("x" * 5_000), NOON).error) == 200


def test_three_of_a_batch_show_that_a_notifier_is_away() -> None:
    """L5: the rest of the batch waits untried, whatever went well between; half a minute later three more are tried."""
    clock = TestClock()
    shop, _ = a_shop(clock=clock, gateways=[SandboxGateway(clock=clock)])
    for n in range(8):
        checkout = a_checkout(shop)
        shop.pay(checkout.id, Card("tok_ok"), expected=total(checkout), key=f"k{n}")
    mailbox, other = Mailbox(down=True), Mailbox("other")
    worker = Worker(shop, [mailbox, other])
    worker.tick()
    assert mailbox.asked == AWAY_IN_A_BATCH
    assert sum(d.consumer == "mailbox" for d in shop.storage.tables.deliveries.values()) == AWAY_IN_A_BATCH  # type: ignore[attr-defined]
    assert {notice.event.kind for notice in other.got} >= {"order.placed"}
    clock.forward(seconds=1)
    assert not worker.relay(mailbox)
    clock.forward(seconds=30)
    assert worker.relay(mailbox) == AWAY_IN_A_BATCH
    mailbox.down = False
    clock.forward(minutes=20)
    while worker.tick():
        pass
    for id in {notice.event.checkout for notice in mailbox.got}:
        mine = [notice.event.seq for notice in mailbox.got if notice.event.checkout == id]
        assert mine == list(range(1, len(mine) + 1))
    assert {notice.id for notice in mailbox.got} == {notice.id for notice in other.got}


def test_an_outage_kills_nothing_for_a_day() -> None:
    """M5: by the table of waits alone: tried for more than 24 hours, at most a quarter of an hour apart, and then given to a person."""
    delivery, now = Delivery("mail", "c/1"), NOON
    while not delivery.dead:
        delivery = after_try(evolve(delivery, tries=delivery.tries + 1), Unavailable("down"), now)
        assert delivery.next_at is None or timedelta(seconds=1) <= delivery.next_at - now <= timedelta(minutes=15)
        now = delivery.next_at or now
    assert now - NOON > timedelta(hours=24)
    assert delivery.tries == AWAY_AT_MOST


def test_what_fails_after_an_outage_is_not_blamed_for_it() -> None:
    """L3: a message that was tried in vain all day because its far side was away is not dead by its own first failure."""
    delivery = Delivery("mail", "c/1", tries=50, error="away: down")
    first = after_try(delivery, NoAnswer("lost"), NOON)
    assert not first.dead
    assert after_try(first, NoAnswer("lost"), NOON).dead
    assert after_try(evolve(delivery, tries=AWAY_AT_MOST), Unavailable("down"), NOON).dead


def test_what_failed_once_after_an_outage_is_really_tried_again() -> None:
    """L3: an outage of many tries, one failure, and then all is well: the message arrives, and is not given up untried."""
    clock, worker, mailbox, (one, _) = two_orders()
    mailbox.down = True
    for _ in range(2 * TRIES_AT_MOST):
        while worker.tick():
            pass
        clock.forward(minutes=16)
    mailbox.down, mailbox.poison = False, {one}
    while worker.tick():
        pass
    stands = worker.shop.storage.look(lambda view: view.delivery("mailbox", f"{one}/1"))
    assert stands is not None
    assert stands.tries > TRIES_AT_MOST
    assert not stands.dead
    mailbox.poison.clear()
    clock.forward(hours=2)
    while worker.tick():
        pass
    assert f"{one}/1" in [notice.id for notice in mailbox.got]


@pytest.mark.fault("M4")
def test_a_dead_letter_is_requeued_once_however_often_that_is_asked(struck: set[str]) -> None:
    """M4: from the first try on, with the same event id; what is not dead stays as it is."""
    _, worker, mailbox, (one, _) = two_orders()
    event = f"{one}/1"
    mailbox.refused.add(event)
    while worker.tick():
        pass
    before = len(mailbox.got)
    mailbox.refused.clear()
    for _ in range(2):
        again = worker.requeue("mailbox", event)
        assert (again.tries, again.dead, again.delivered, again.error) == (0, False, False, "")
        struck.add("M4")
    assert worker.tick() == 1
    assert [notice.id for notice in mailbox.got[before:]] == [event]
    assert worker.requeue("mailbox", event).delivered
    assert not worker.tick()


def test_a_replay_delivers_again_under_the_same_id() -> None:
    """M1: who has it already ignores it; what still waits is not hurried."""
    clock, worker, mailbox, (one, _) = two_orders()
    mailbox.down = True
    worker.relay(mailbox)
    waiting = worker.replay("mailbox", f"{one}/1")
    assert waiting.tries == 1
    mailbox.down = False
    clock.forward(minutes=5)
    while worker.tick():
        pass
    before = len(mailbox.got)
    worker.replay("mailbox", f"{one}/2")
    worker.replay("mailbox", f"{one}/2")
    assert worker.tick() == 1
    assert [notice.id for notice in mailbox.got[before:]] == [f"{one}/2"]


@pytest.mark.parametrize(("consumer", "event"), [("mailbox", "nobody/1"), ("nobody", "2/1")])
def test_what_was_never_tried_cannot_be_repeated(consumer: str, event: str) -> None:
    _, worker, _, _ = two_orders()
    worker.tick()
    for repeat in (worker.requeue, worker.replay):
        with pytest.raises(NotFound, match="delivery"):
            repeat(consumer, event)
