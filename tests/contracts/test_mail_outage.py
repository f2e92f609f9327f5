"""A real shop, worker and mail: whatever the mail server does, it delays mail and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkout_adapters.notify import FolderTransport, MailNotifier, SmtpTransport
from checkout_adapters.notify.letters import OURS
from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, Contact, Placed, Shop, Upi, Worker
from checkout_core.memory import MemoryStorage
from checkout_core.unit import Delivery
from tests.mailroom import SENDER, Mailroom, free_port, listening, parsed, text_of
from tests.world import TestClock, a_checkout, a_shop, total


class Street:
    """A shop with a mail notifier, on a clock that is moved by hand."""

    def __init__(self, transport: Any, *, stock: int = 200, **changes: Any) -> None:
        self.clock = TestClock()
        self.sandbox = SandboxGateway(clock=self.clock)
        made: tuple[Shop, MemoryStorage] = a_shop(clock=self.clock, gateways=[self.sandbox], stock=stock)
        self.shop, self.store = made
        self.mail = MailNotifier(transport, **{"sender": SENDER, "shop_name": "Leaf & Kettle"} | changes)
        self.worker = Worker(self.shop, [self.mail])

    def buys(self, key: str, token: str = "tok_ok", locale: str = "en") -> Any:
        checkout = a_checkout(self.shop, contact=Contact(f"{key}@example.com", locale=locale))
        return self.shop.pay(checkout.id, Card(token), expected=total(checkout), key=key)

    def cancelled(self, key: str) -> Placed:
        order = self.buys(key)
        assert isinstance(order, Placed)
        self.shop.cancel(order.id, reason="no longer wanted")
        return order

    def minutes(self, count: int, step: float = 1) -> None:
        """So much time, the worker coming by every `step` minutes."""
        for _ in range(round(count / step)):
            self.clock.forward(minutes=step)
            self.worker.tick()

    @property
    def deliveries(self) -> list[Delivery]:
        return list(self.store.tables.deliveries.values())


@pytest.mark.fault("M5", "M8")
def test_a_mail_server_that_is_down_for_an_hour_delays_mail_and_nothing_else(struck: set[str]) -> None:
    """M5, M8, Q2: orders are placed meanwhile as ever; no letter dies; afterwards each arrives once, the cancellation after its order."""
    port, room = free_port(), Mailroom()
    street = Street(SmtpTransport("127.0.0.1", port, timeout=5))
    orders = []
    for n in range(30):  # nobody listens on that port
        orders.append(street.cancelled(f"k{n}") if n % 3 == 0 else street.buys(f"k{n}"))
        street.minutes(2)
    struck.update({"M5", "M8"})
    assert all(isinstance(order, Placed) for order in orders)
    assert not room.raw
    assert any(d.error.startswith("away: The mail server cannot be reached") for d in street.deliveries)
    assert not [d for d in street.deliveries if d.dead]
    with listening(room, port):
        street.minutes(20)
    assert not [d for d in street.deliveries if d.dead or not d.delivered]
    messages = room.messages
    assert len({message["Message-ID"] for message in messages}) == len(messages) == 40
    subjects = [str(message["Subject"]) for message in messages]
    for n, order in enumerate(orders):
        about = [subject for subject in subjects if f" {order.number} " in subject]
        assert about[0] == f"Your order {order.number} at Leaf & Kettle"
        assert about[1:] == ([f"Your order {order.number} at Leaf & Kettle was cancelled"] if n % 3 == 0 else [])


def test_an_outage_costs_a_tick_a_few_calls_and_not_one_for_each_letter() -> None:
    """L5, R25: after three letters in a row the rest waits untried, and the next ticks leave the server alone."""
    asked = list[str]()

    class Away(SmtpTransport):
        def send(self, letter: Any) -> None:
            asked.append(letter.id)
            super().send(letter)

    street = Street(Away("127.0.0.1", free_port(), timeout=5))
    for n in range(20):
        street.buys(f"k{n}")
    assert street.worker.tick() > 0
    while street.worker.tick():
        pass
    assert len(asked) == 3
    street.minutes(10, step=0.1)
    assert len(asked) <= 3 * 21


@pytest.mark.fault("M9")
def test_a_template_that_fails_in_one_language_stops_its_own_letters_only(tmp_path: Path, struck: set[str]) -> None:
    """M9: dead letters that say where to look; other languages and other letters flow; the orders stand; mended, they are requeued."""
    folder, own = tmp_path / "mail", tmp_path / "own"
    own.mkdir()
    broken = (
        (OURS / "de.po")
        .read_text(encoding="utf-8")
        .replace("Ihre Zahlung über %(amount)s ist ange", "Ihre Zahlung über %(betrag)s ist ange")
    )
    (own / "de.po").write_text(broken, encoding="utf-8")
    street = Street(FolderTransport(folder), templates=own)
    german, english = street.buys("k1", locale="de"), street.buys("k2")
    street.shop.cancel(german.id, reason="no longer wanted")
    struck.add("M9")
    street.minutes(5)
    names = sorted(path.name.rpartition("-")[0] for path in folder.iterdir())
    assert names == sorted([f"{german.number}-cancellation", f"{english.number}-confirmation"])
    (dead,) = [d for d in street.deliveries if d.dead]
    assert dead.tries == 1
    assert dead.error == (
        "The letter 'confirmation' cannot be written in 'de' (KeyError). Mend its template or catalogue, then queue it again."
    )
    assert street.shop.status(english.id).order is not None
    mended = Worker(street.shop, [MailNotifier(FolderTransport(folder), sender=SENDER, shop_name="Leaf & Kettle")])
    mended.requeue("mail", dead.event)
    assert mended.tick() == 1
    assert len(list(folder.iterdir())) == 3


@pytest.mark.fault("M3")
def test_an_address_the_server_refuses_is_a_dead_letter_and_others_flow(struck: set[str]) -> None:
    """M3, R24: dead at once, naming nobody."""
    port, room = free_port(), Mailroom()
    room.rcpt.append("550 5.1.1 no {address} here")
    street = Street(SmtpTransport("127.0.0.1", port, timeout=5))
    street.buys("k1")
    street.buys("k2")
    with listening(room, port):
        street.worker.tick()
    struck.add("M3")
    assert [message["To"] for message in room.messages] == ["k2@example.com"]
    (dead,) = [d for d in street.deliveries if d.dead]
    assert dead.error == "The mail server refuses the recipient for good (550). Look at the contact, then queue it again."
    assert not [d for d in street.deliveries if "@" in d.error]


@pytest.mark.fault("A6", "M1")
def test_a_crash_between_sending_and_noting_it_gives_one_mail(tmp_path: Path, struck: set[str]) -> None:
    """A6, M1, RB-44: the event is delivered again, the letter is the same, and the folder has it already."""
    street = Street(FolderTransport(tmp_path))
    street.buys("k1")
    real = street.mail.notify

    def dies(notice: Any) -> None:
        real(notice)
        if notice.event.kind == "order.placed":
            raise KeyboardInterrupt

    street.mail.notify = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        street.worker.tick()
    struck.update({"A6", "M1"})
    again = Worker(street.shop, [MailNotifier(FolderTransport(tmp_path), sender=SENDER, shop_name="Leaf & Kettle")])
    street.clock.forward(minutes=3)  # until then the dead worker's lease stands
    assert again.tick() > 0
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.fault("M1", "M4")
def test_a_replay_is_asked_for_and_not_mailed_twice(struck: set[str]) -> None:
    """M1, M4: within a process SMTP remembers what arrived; in another the Message-ID is the same."""
    port, room = free_port(), Mailroom()
    street = Street(SmtpTransport("127.0.0.1", port, timeout=5))
    street.buys("k1")
    with listening(room, port):
        street.worker.tick()
        placed = next(event for event in street.store.tables.events if event.kind == "order.placed")
        for _ in range(2):
            assert not street.worker.replay("mail", placed.id).delivered
            struck.update({"M1", "M4"})
        assert street.worker.tick() == 1
        assert len(room.raw) == 1
        elsewhere = Worker(
            street.shop, [MailNotifier(SmtpTransport("127.0.0.1", port, timeout=5), sender=SENDER, shop_name="Leaf & Kettle")]
        )
        elsewhere.replay("mail", placed.id)
        assert elsewhere.tick() == 1
    assert len(room.raw) == 2
    assert len({parsed(content)["Message-ID"] for content in room.raw}) == 1


@pytest.mark.parametrize(
    ("token", "letters"),
    [
        ("tok_ok", ["confirmation"]),
        ("tok_declined", []),
        ("tok_3ds_denied", ["payment-failed"]),
        ("tok_3ds_abandoned", ["payment-failed"]),
        ("tok_amount_drift", ["refund"]),
        ("tok_no_answer_taken", ["confirmation"]),
        ("tok_no_answer_lost", ["confirmation"]),
    ],
)
def test_each_purchase_has_its_letters_and_no_more(tmp_path: Path, token: str, letters: list[str]) -> None:
    """RB-91: from the first event to two days later, when everything has lapsed that can."""
    street = Street(FolderTransport(tmp_path))
    street.buys("k1", token)
    street.minutes(60, step=1)
    street.minutes(60 * 48, step=30)
    assert sorted(path.name.rpartition("-")[0].partition("-")[2] for path in tmp_path.iterdir()) == letters


def test_money_that_finds_the_goods_gone_writes_one_letter(tmp_path: Path) -> None:
    """R8, RB-92: who pays after the goods went to somebody else hears why, and that the money goes back; once."""
    street = Street(FolderTransport(tmp_path), stock=1)
    checkout = a_checkout(street.shop)
    street.shop.pay(checkout.id, Upi("upi_pending"), expected=total(checkout), key="k1")
    (attempt,) = street.shop.status(checkout.id).attempts
    street.minutes(40)
    assert street.shop.status(checkout.id).abandoned == "expired"
    (failed,) = tmp_path.iterdir()
    assert "Should it still come" in text_of(parsed(failed.read_bytes()))
    street.buys("k2")
    street.sandbox.payer(attempt.authorization, "approve")
    street.minutes(60)
    (refund,) = [path for path in tmp_path.iterdir() if "refund" in path.name]
    assert "meanwhile they were sold" in text_of(parsed(refund.read_bytes())).replace("\n", " ")
    assert len(list(tmp_path.iterdir())) == 3
