"""A model gateway with its own truth; it imports the wire values and nothing that decides."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attrs import evolve, frozen

from checkout_core.effects import Authorize, Capture, Inquire, Refund, Void
from checkout_core.errors import NoAnswer
from checkout_core.money import Money
from checkout_core.payments import (
    ActionNeeded,
    Authorized,
    Capabilities,
    Captured,
    Declined,
    Fact,
    NotFound,
    Refunded,
    UpiIntent,
    Voided,
)


@frozen
class Payment:
    """What the provider knows of one key."""

    key: str
    state: str  # asked, authorized, captured, refunded, declined, voided
    amount: Money
    since: datetime
    captured_at: datetime | None = None
    history: tuple[str, ...] = ()

    def becomes(self, state: str, now: datetime) -> Payment:
        """The payment in its next state."""
        taken = now if state == "captured" else self.captured_at
        return evolve(self, state=state, captured_at=taken, history=(*self.history, self.state))

    @property
    def charged(self) -> bool:
        """Whether money of the payer is reserved or taken, and not given back (I5)."""
        return self.state in ("authorized", "captured")


@frozen
class Books:
    """The provider's own record: the truth that everything else is compared with."""

    payments: tuple[tuple[str, Payment], ...] = ()
    tombstones: frozenset[str] = frozenset()

    def get(self, key: str) -> Payment | None:
        return dict(self.payments).get(key)

    def put(self, payment: Payment) -> Books:
        return evolve(self, payments=tuple(sorted((dict(self.payments) | {payment.key: payment}).items())))

    def key(self) -> Any:
        return self.payments, self.tombstones


@frozen
class GatewayModel:
    """Cards, or UPI intents that the payer approves when they like and that cannot be called back."""

    name: str = "model"
    upi: bool = False
    tombstone: bool = True
    resend: bool = True
    upi_lasts: timedelta = timedelta(hours=2)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            frozenset({"card", "upi"}), tombstone=self.tombstone, idempotent_keys=self.resend, settle_window=600, call_timeout=30
        )

    def perform(self, books: Books, op: str, request: Any, now: datetime, variant: str) -> tuple[Books, tuple[Any, ...], Any]:
        """The books after the call, what is still on its way, and the answer."""
        if variant == "lost":
            return books, (), NoAnswer("no answer")
        if variant == "late":
            return books, ((op, request, now),), NoAnswer("no answer")
        after, fact = self.act(books, op, request, now, refuse=variant == "refused")
        return after, (), NoAnswer("no answer") if variant == "applied" else fact

    def act(self, books: Books, op: str, request: Any, now: datetime, *, refuse: bool = False) -> tuple[Books, Fact]:
        match request:
            case Authorize(key=key, amount=amount, capture=capture, by=by):
                known = books.get(key)
                if known is None and not self.tombstone and now > by:
                    return books, NotFound()  # it cannot forbid a call that was sent too late, so its adapter does not send one
                if known is None and key in books.tombstones:
                    return books, Voided()
                if known is None:
                    state = "declined" if refuse else "asked" if self.upi else "captured" if capture else "authorized"
                    books = books.put(Payment(key, state, amount, now, now if state == "captured" else None))
                return books, self.truth(books, key)
            case Capture(authorization=key):
                known = books.get(key)
                if known is not None and known.state == "authorized":
                    books = books.put(known.becomes("declined" if refuse else "captured", now))
                return books, self.truth(books, key)
            case Void(authorization=key):
                known = books.get(key)
                if known is None and self.tombstone:
                    return evolve(books, tombstones=books.tombstones | {key}), Voided()
                if known is not None and known.state == "authorized":
                    books = books.put(known.becomes("voided", now))
                return books, self.truth(books, key)
            case Refund(authorization=key):
                known = books.get(key)
                if known is not None and known.state == "captured":
                    books = books.put(known.becomes("refunded", now))
                return books, self.truth(books, key)
            case Inquire(authorization=key):
                known = books.get(key)
                if known is not None and known.state == "asked" and now >= known.since + self.upi_lasts:
                    books = books.put(known.becomes("declined", now))
                return books, Voided() if known is None and key in books.tombstones else self.truth(books, key)
            case _:
                raise AssertionError(f"no such call: {op}")

    def truth(self, books: Books, key: str) -> Fact:
        """What is true of a key now."""
        known = books.get(key)
        return NotFound() if known is None else self.fact(known, known.state)

    def fact(self, known: Payment, state: str) -> Fact:
        """What it says of a payment in that state."""
        key = known.key
        match state:
            case "asked":
                return ActionNeeded(f"g-{key}", UpiIntent("upi://pay?tr=1"), known.since + timedelta(minutes=5))
            case "authorized":
                return Authorized(f"g-{key}", known.amount)
            case "captured":
                return Captured(f"g-{key}", known.amount)
            case "refunded":
                return Refunded(f"g-{key}", known.amount)
            case "voided":
                return Voided()
            case _:
                return Declined("refused")
