"""What every notifier promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from checkout_core.customers import Contact
from checkout_core.events import KINDS, Event
from checkout_core.notices import Notice

AT: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS: Final[dict[str, str | int]] = {"amount": 3490, "total": 3490, "currency": "EUR", "number": "ABCDE-FGHJ0"}


def a_notice(seq: int = 1, kind: str = "order.placed", contact: Contact | None = None, **facts: str | int) -> Notice:
    """A notice of an event with all the facts its kind may carry."""
    values = tuple((name, facts.get(name, FACTS.get(name, f"some-{name}"))) for name in sorted(KINDS[kind]))
    return Notice(Event("c1", seq, kind, AT, values), contact)


class NotifierContract:
    """Say how yours is made, and what reached the other side."""

    def make(self) -> Any:
        """A notifier (the sync face) to which nothing has been given yet."""
        raise NotImplementedError

    def delivered(self, notifier: Any) -> Sequence[str]:
        """The ids of the notices that reached the other side, in order."""
        raise NotImplementedError

    def notice(self, n: int) -> Notice:
        """The n-th of some notices that each reach somebody. Override it if yours does not tell people of every event."""
        return a_notice(n, contact=Contact("ann@example.org"))

    def test_its_name_is_declared_and_stays(self) -> None:
        """The outbox remembers deliveries by this name: every instance has the same."""
        assert self.make().name
        assert self.make().name == self.make().name

    def test_a_notice_arrives(self) -> None:
        """What is given to it reaches somebody."""
        notifier = self.make()
        notifier.notify(self.notice(1))
        assert list(self.delivered(notifier)) == [self.notice(1).id]

    def test_the_same_notice_twice_is_delivered_once(self) -> None:
        """The outbox delivers at least once; the shopper is told once (R9, M1, A6)."""
        notifier = self.make()
        for n in (1, 2, 1, 2, 1):
            notifier.notify(self.notice(n))
        assert list(self.delivered(notifier)) == [self.notice(n).id for n in (1, 2)]

    def test_order_is_kept(self) -> None:
        """What is given in sequence arrives in sequence (M2)."""
        notifier = self.make()
        for n in range(1, 6):
            notifier.notify(self.notice(n))
        assert list(self.delivered(notifier)) == [self.notice(n).id for n in range(1, 6)]

    def test_nobody_to_reach_is_no_fault(self) -> None:
        """A shopper without an address is not an error that comes back for ever (M3)."""
        notifier = self.make()
        notifier.notify(a_notice(1, contact=None))
        notifier.notify(a_notice(2, contact=Contact()))

    def test_every_kind_of_event_is_taken(self) -> None:
        """A kind it does not care for is dropped, not an error; so is one without its facts (M3, M9)."""
        notifier = self.make()
        for seq, kind in enumerate(sorted(KINDS), start=1):
            notifier.notify(a_notice(seq, kind, Contact("ann@example.org", locale="de")))
            notifier.notify(Notice(Event("c2", seq, kind, AT)))

    def test_hostile_text_is_taken(self) -> None:
        """Text of a shopper's or a gateway's may hold anything (S14)."""
        notifier = self.make()
        notifier.notify(a_notice(kind="payment.declined", reason="\x1b[2J\r\nok\u202e\u0000\ud800 {0} %s <b>"))
