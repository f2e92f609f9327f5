"""Told twice, or never: what happened to other shops between an order and its letters, and what happens here."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from checkout_adapters.notify import FolderTransport, MailNotifier
from checkout_core import Card, NoAnswer, Placed, Unavailable, Undeliverable, Worker
from checkout_core.checkout import Checkout
from checkout_core.deliveries import TRIES_AT_MOST
from checkout_core.notices import Notice
from checkout_core.payments import Captured
from tests.mailroom import SENDER
from tests.scenarios.stage import Outage, Stage, at_once
from tests.world import Crash, lost, total

Open = Callable[..., Stage]


@define
class Endpoint:
    """Somebody's endpoint: it remembers what it got by its id, and answers as `says` tells it, once each."""

    name: str = "endpoint"
    got: list[str] = field(factory=list)
    kinds: dict[str, str] = field(factory=dict)
    says: list[Exception] = field(factory=list)
    poison: set[str] = field(factory=set)

    def notify(self, notice: Notice) -> None:
        if notice.id in self.poison:
            raise Undeliverable("not readable")
        if self.says:
            raise self.says.pop(0)
        self.got.append(notice.id)
        self.kinds[notice.id] = notice.event.kind


def delivered(life: Stage, worker: Worker, *, hours: float = 1) -> None:
    """Let the worker come by every minute for so long."""
    for _ in range(round(hours * 60)):
        while worker.tick():
            pass
        life.clock.forward(minutes=1)


def mailing(life: Stage, folder: Path) -> Worker:
    return Worker(life.shop, [MailNotifier(FolderTransport(folder), sender=SENDER, shop_name="Leaf & Kettle")])


def letters(folder: Path) -> Counter[str]:
    """How many letters of each template lie in the folder."""
    return Counter(path.name.rpartition("-")[0].partition("-")[2] for path in folder.glob("*.eml"))


def in_order(got: list[str], c: Checkout) -> bool:
    mine = [int(id.rpartition("/")[2]) for id in got if id.startswith(f"{c.id}/")]
    return mine == list(range(1, len(mine) + 1))


# The failures of others.
def test_recorded_is_not_delivered(stage: Open) -> None:
    """RB-43, R9. Given an endpoint that answers 500 once; then the event is on record from the commit on, is not taken for delivered, and
    is delivered on a retry, and the later ones of its order after it."""
    life = stage()
    endpoint = Endpoint(says=[NoAnswer("500")])
    worker = Worker(life.shop, [endpoint])
    c = life.begin()
    assert isinstance(life.pay(c), Placed)
    worker.tick()
    event = f"{c.id}/1"
    assert endpoint.got == []
    waiting = life.storage.transact(lambda unit: unit.delivery("endpoint", event))
    assert (waiting.delivered, waiting.dead, waiting.tries) == (False, False, 1)
    assert "order.placed" in life.kinds(c)
    delivered(life, worker)
    assert in_order(endpoint.got, c)
    assert "order.placed" in endpoint.kinds.values()


def test_the_confirmation_is_sent_once_for_ever(stage: Open, tmp_path: Path) -> None:
    """RB-44. Given a webhook in the same second as our own answer, and a refund a week later, told again and again; then there is one
    payment, one confirmation and one cancellation, however long one waits."""
    life = stage()
    worker = mailing(life, tmp_path / "letters")
    c = life.begin()
    facts: list[Any] = []

    def with_webhook(real: Callable[[Any], Any], request: Any) -> Any:
        facts.append(real(request))
        life.shop.learn(request.attempt, facts[0])
        return facts[0]

    life.gateway.upset("authorize", with_webhook)
    assert isinstance(life.pay(c), Placed)
    delivered(life, worker, hours=0.2)
    life.clock.forward(days=7)
    life.shop.cancel(c.id, reason="returned")
    for _ in range(3):
        life.shop.learn(life.now(c).attempts[0].key, facts[0])
        delivered(life, worker, hours=0.1)
        life.clock.forward(days=7)
    assert len(life.now(c).attempts) == len(life.sandbox.books.payments()) == 1
    assert letters(tmp_path / "letters") == {"confirmation": 1, "cancellation": 1}


@pytest.mark.parametrize("token", ["tok_declined", "tok_3ds_denied", "upi_denied"])
def test_a_decline_says_that_nothing_came(stage: Open, token: str, tmp_path: Path) -> None:
    """RB-46, I15. Given a decline, at once or after a while; then no event says that money came or that anything was bought, the books have
    no entry, and no letter thanks for an order."""
    life = stage()
    worker = mailing(life, tmp_path / "letters")
    c = life.begin()
    life.pay(c, token)
    life.clock.forward(seconds=10)
    assert life.pay(c, token).reason in ("declined", "not-completed")
    delivered(life, worker)
    assert {"payment.received", "order.placed", "payment.refund_due"}.isdisjoint(life.kinds(c))
    assert letters(tmp_path / "letters")["confirmation"] == 0


@pytest.mark.parametrize("path", ["shopper", "webhook", "worker", "another process"])
def test_one_letter_on_whichever_path_it_was_completed(stage: Open, path: str, tmp_path: Path) -> None:
    """RB-91. Given a purchase that is completed by the shopper, a webhook, the worker or another process, with a card that failed first;
    and a job that comes by for two days; then there is one confirmation, and nothing that asks for the payment again."""
    life = stage()
    worker = mailing(life, tmp_path / "letters")
    c = life.begin()
    assert life.pay(c, "tok_declined", key="k0").reason == "declined"
    life.pay(c, "tok_3ds_ok")
    life.clock.forward(seconds=10)
    attempt = life.now(c).attempts[-1]
    if path == "shopper":
        assert isinstance(life.pay(c, "tok_3ds_ok"), Placed)
    elif path == "webhook":
        payment = life.sandbox.books.payment(attempt.authorization)
        assert payment is not None
        life.shop.learn(attempt.key, Captured(payment.reference, total(c)))
    else:
        life.clock.forward(minutes=1)
        (life.another() if path == "another process" else life.shop).tick()
    delivered(life, worker)
    for _ in range(4):
        life.clock.forward(hours=12)
        delivered(life, worker, hours=0.1)
    assert letters(tmp_path / "letters") == {"confirmation": 1}


def test_no_recovery_letter_once_it_was_bought(stage: Open, tmp_path: Path) -> None:
    """RB-91. Given a checkout given up after its payer did not come, and the same cart bought in a new one, before any letter was written;
    or late money that bought it after all; then what was overtaken by the order is not told."""
    life = stage()
    worker = mailing(life, tmp_path / "letters")
    late = life.lapsing()
    life.comes_through(late)
    assert life.now(late).order is not None
    delivered(life, worker)
    assert letters(tmp_path / "letters") == {"confirmation": 1}


# Faults on the way.
@pytest.mark.fault("M1", "A6")
def test_delivered_again_after_a_crash(stage: Open, struck: set[str]) -> None:
    """M1, A6, Q3. Given a worker that dies after the endpoint got an event and before that was noted; then the event is delivered once
    more, under the same id, and the one after it is not lost."""
    life = stage()
    endpoint = Endpoint()
    c = life.begin()
    life.pay(c)
    outage = Outage(life.storage)
    dying = Worker(life.shop_on(outage), [endpoint])
    outage.dies_before = 4  # each event is leased and noted, a unit each
    with pytest.raises(Crash):
        dying.relay(endpoint)
    struck.update({"M1", "A6"})
    delivered(life, Worker(life.shop, [endpoint]), hours=0.1)
    again = [id for id, n in Counter(endpoint.got).items() if n > 1]
    assert again == [f"{c.id}/2"]
    assert in_order(sorted(set(endpoint.got), key=lambda id: int(id.rpartition("/")[2])), c)
    assert len(set(endpoint.got)) == len(life.kinds(c))


@pytest.mark.fault("M2")
def test_one_that_waits_holds_back_its_own_order_only(stage: Open, struck: set[str]) -> None:
    """M2. Given an event that fails for a while; then the later ones of its checkout wait behind it, those of others do not, and at the end
    each checkout was told in its order."""
    life = stage()
    one, other = life.begin(), life.begin()
    endpoint = Endpoint(says=[NoAnswer("lost")])
    worker = Worker(life.shop, [endpoint])
    worker.relay(endpoint)
    life.pay(one, key="k1")
    life.pay(other, key="k2")
    struck.add("M2")
    worker.relay(endpoint)
    assert not [id for id in endpoint.got if id.startswith(f"{one.id}/")]
    assert "order.placed" in {endpoint.kinds[id] for id in endpoint.got if id.startswith(f"{other.id}/")}
    delivered(life, worker, hours=0.1)
    assert in_order(endpoint.got, one)
    assert in_order(endpoint.got, other)


@pytest.mark.fault("M3", "M4")
def test_poison_is_set_aside_and_replayed_once(stage: Open, struck: set[str]) -> None:
    """M3, M4. Given an event that its consumer refuses for good, and one that fails every time; then each is tried so often and no more,
    others flow, and a person who queues the dead letter twice has it delivered once, under the same id."""
    life = stage()
    bad, good = life.begin(), life.begin()
    life.pay(bad, key="k1")
    life.pay(good, key="k2")
    endpoint = Endpoint(poison={f"{bad.id}/2"})
    worker = Worker(life.shop, [endpoint])
    delivered(life, worker, hours=0.1)
    struck.add("M3")
    dead = life.storage.transact(lambda unit: unit.delivery("endpoint", f"{bad.id}/2"))
    assert (dead.dead, dead.tries) == (True, 1)
    assert len(endpoint.got) == len(life.kinds(bad)) + len(life.kinds(good)) - 1
    endpoint.poison.clear()
    for _ in range(2):
        worker.requeue("endpoint", f"{bad.id}/2")
        struck.add("M4")
    delivered(life, worker, hours=0.1)
    assert endpoint.got[-1] == f"{bad.id}/2"
    assert len(set(endpoint.got)) == len(endpoint.got)
    failing = Endpoint("failing", says=[NoAnswer("lost")] * TRIES_AT_MOST)
    other = Worker(life.shop, [failing])
    for _ in range(TRIES_AT_MOST):
        other.relay(failing, limit=1)
        life.clock.forward(hours=2)
    assert life.storage.transact(lambda unit: unit.delivery("failing", f"{bad.id}/1")).dead


@pytest.mark.fault("M5")
def test_an_hour_of_silence_stops_no_order(stage: Open, struck: set[str]) -> None:
    """M5, Q2, L3. Given a far side that is away for an hour, while people buy; then every purchase is as fast and final as ever; afterwards
    all is delivered, in order within each checkout, and nothing has died of it."""
    life = stage(stock=20)
    endpoint = Endpoint(says=[Unavailable("away")] * 10_000)
    worker = Worker(life.shop, [endpoint])
    bought = []
    for n in range(6):
        c = life.begin()
        assert isinstance(life.pay(c, key=f"k{n}"), Placed)
        bought.append(c)
        struck.add("M5")
        delivered(life, worker, hours=1 / 6)
    endpoint.says.clear()
    delivered(life, worker)
    assert all(in_order(endpoint.got, c) for c in bought)
    assert sorted(endpoint.got) == sorted(event.id for event in life.events())


@pytest.mark.fault("M6")
@pytest.mark.parametrize("when", ["before the call", "after the call"])
def test_a_worker_paused_for_ten_minutes(stage: Open, when: str, struck: set[str]) -> None:
    """M6, R4, I19. Given a process that pauses for ten minutes in the middle of a refund, while others go on; then what the paused one
    brings is news at most: there is one refund, and it is told once."""
    life = stage()
    c = life.begin()
    assert isinstance(life.pay(c), Placed)

    def others() -> None:
        for _ in range(2):
            life.clock.forward(minutes=10)
            struck.add("M6")
            assert life.another().tick() >= (not life.kinds(c).count("payment.refunded"))

    def paused(real: Callable[[Any], Any], request: Any) -> Any:
        if when == "before the call":
            others()
        fact = real(request)
        if when == "after the call":
            others()
        return fact

    life.gateway.upset("refund", paused)
    life.shop.cancel(c.id, reason="too late")
    life.drain()
    payment = life.sandbox.books.payments()[0]
    assert (payment.captured, payment.refunded) == (1740, 1740)
    assert life.kinds(c).count("payment.refunded") == 1


@pytest.mark.parametrize("fault", [NoAnswer("lost"), Unavailable("away"), Undeliverable("no")], ids=["lost", "away", "refused"])
def test_a_late_failure_takes_no_delivery_back(stage: Open, fault: Exception) -> None:
    """M6, R4, Q3. Given a worker that pauses while it delivers, another that delivers the same event meanwhile, and a failure that the
    first then hears; then the event stays delivered, and is not sent a third time."""
    life = stage()
    c = life.begin()
    endpoint = Endpoint()

    class Paused:
        name = "endpoint"

        def notify(self, notice: Notice) -> None:
            life.clock.forward(minutes=3)  # longer than its lease
            Worker(life.shop, [endpoint]).relay(endpoint)
            raise fault

    Worker(life.shop).relay(Paused(), limit=1)
    noted = life.storage.transact(lambda unit: unit.delivery("endpoint", f"{c.id}/1"))
    assert (noted.delivered, noted.dead) == (True, False)
    delivered(life, Worker(life.shop, [endpoint]), hours=0.1)
    assert endpoint.got == [f"{c.id}/1"]


def test_a_batch_that_another_worker_has_done_is_not_done_again(stage: Open) -> None:
    """Q3, M2. Given a worker that pauses at the first letter of a batch, while another delivers all of it; then the first, when it goes on,
    sends again at most the one that it was at: it looks before each, not only at the start."""
    life = stage()
    assert isinstance(life.pay(life.begin()), Placed)
    endpoint = Endpoint()

    class Paused:
        name = "endpoint"
        paused = False

        def notify(self, notice: Notice) -> None:
            if not self.paused:
                self.paused = True
                life.clock.forward(minutes=3)
                Worker(life.shop).relay(endpoint)
            endpoint.notify(notice)

    Worker(life.shop).relay(Paused())
    assert len(endpoint.got) == len(life.events()) + 1


def test_two_workers_send_a_message_once(stage: Open) -> None:
    """Q3, M7, R10. Given two workers of which one is at a message; then the other leaves it alone, and what comes after it of the same
    checkout too; nothing is sent twice, although nobody has failed."""
    life = stage()
    assert isinstance(life.pay(life.begin()), Placed)
    endpoint = Endpoint()

    class Beside:
        name = "endpoint"

        def notify(self, notice: Notice) -> None:
            assert Worker(life.shop).relay(endpoint) == 0
            endpoint.notify(notice)

    Worker(life.shop).relay(Beside())
    assert Counter(endpoint.got) == {event.id: 1 for event in life.events()}


def test_a_message_whose_workers_die_is_set_aside(stage: Open) -> None:
    """A11, I25. Given a message that kills every worker that sends it; then each try is counted before it is made, and it is dead after
    the last."""
    life = stage()
    c = life.begin()
    killed = 0

    class Deadly:
        name = "endpoint"

        def notify(self, notice: Notice) -> None:
            raise KeyboardInterrupt

    for _ in range(20):
        life.clock.forward(minutes=3)
        try:
            Worker(life.shop).relay(Deadly())
        except KeyboardInterrupt:
            killed += 1
    noted = life.storage.transact(lambda unit: unit.delivery("endpoint", f"{c.id}/1"))
    assert (killed, noted.tries, noted.dead) == (12, 12, True)


@pytest.mark.fault("M7")
def test_two_schedulers_fire_at_once(stage: Open, struck: set[str], tmp_path: Path) -> None:
    """M7. Given two workers that are fired in the same moment, again and again, over due refunds and fresh orders; then each refund is made
    once, and each letter lies in the folder once."""
    life = stage(stock=20)
    cancelled = [life.begin() for _ in range(3)]
    for n, c in enumerate(cancelled):
        life.pay(c, key=f"k{n}")
        life.gateway.upset("refund", lost)
        life.shop.cancel(c.id, reason="too late")
    folder = tmp_path / "letters"
    workers = [mailing(life, folder), mailing(life, folder)]
    for _ in range(20):
        life.clock.forward(seconds=30)
        struck.add("M7")
        at_once(*(worker.tick for worker in workers))
    assert life.charged == []
    assert letters(folder) == {"confirmation": 3, "cancellation": 3}
    made = [call for call in life.sandbox.books.calls() if call.operation == "refund" and call.answer.startswith("Refunded")]
    assert len({call.key for call in made}) == len(made) == 3


@pytest.mark.fault("M8")
def test_a_notifier_that_hangs_stops_no_order(stage: Open, struck: set[str], tmp_path: Path) -> None:
    """M8, Q3. Given a notifier whose call hangs, and then times out although the letter was written; while it hangs another order is
    placed, and this one is cancelled; then nothing is rolled back, and the letter that is sent again is the same letter."""
    life = stage()
    folder = tmp_path / "letters"
    real = MailNotifier(FolderTransport(folder), sender=SENDER, shop_name="Leaf & Kettle")
    hangs, go_on = threading.Event(), threading.Event()

    class Hanging:
        name = real.name

        def notify(self, notice: Notice) -> None:
            real.notify(notice)
            if notice.event.kind == "order.placed" and not hangs.is_set():
                hangs.set()
                assert go_on.wait(30)
                struck.add("M8")
                raise NoAnswer("timed out")

    first = life.begin()
    assert isinstance(life.pay(first), Placed)
    worker = Worker(life.shop, [Hanging()])
    thread = threading.Thread(target=worker.tick)
    thread.start()
    assert hangs.wait(30)
    second = life.begin()
    assert isinstance(life.shop.pay(second.id, Card("tok_ok"), expected=total(second), key="k2"), Placed)
    life.shop.cancel(first.id, reason="changed my mind")
    go_on.set()
    thread.join()
    assert life.now(second).order is not None
    delivered(life, worker, hours=0.2)
    assert letters(folder) == {"confirmation": 2, "cancellation": 1}


@pytest.mark.fault("M10")
def test_a_slow_consumer_gets_a_batch_at_a_time(stage: Open, struck: set[str]) -> None:
    """M10, R25. Given more events than a consumer takes in one go; then it gets at most so many in each, oldest first, and all at last."""
    life = stage()
    for n in range(4):
        assert isinstance(life.buys(n), Placed)
    endpoint = Endpoint()
    worker = Worker(life.shop, [endpoint])
    waiting = len(life.events())
    struck.add("M10")
    sizes = []
    while (tried := worker.relay(endpoint, limit=5)) > 0:
        sizes.append(tried)
    assert max(sizes) == 5
    assert sum(sizes) == waiting
    assert endpoint.got == [event.id for event in life.events()]
