"""The sandbox keeps the contract, sync and async, in memory and in a file; its scripts do what they say, and its books remember."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import evolve

from checkout_adapters import sandbox
from checkout_adapters.sandbox import CAPABILITIES, SCRIPTS, AsyncSandboxGateway, SandboxBooks, SandboxGateway, State
from checkout_core.effects import Authorize, Capture, Inquire, Refund, Void
from checkout_core.errors import Misconfigured, NoAnswer, NotFound
from checkout_core.money import Money
from checkout_core.payments import (
    ActionNeeded,
    Authorized,
    Captured,
    Card,
    Challenge,
    Declined,
    Fact,
    Instrument,
    Processing,
    Refunded,
    RefundRefused,
    Upi,
    UpiIntent,
    Voided,
    ZeroTender,
)
from checkout_core.payments import NotFound as Unknown
from checkout_core.plugins import check
from checkout_core.testing import GatewayContract, HandClock, synced
from checkout_core.testing.units import at_once

AMOUNT = Money(3490, "EUR")
BY = datetime(2027, 1, 1, tzinfo=UTC)


class TestSandboxGateway(GatewayContract):
    def make(self) -> Any:
        return SandboxGateway(clock=HandClock())

    def ok(self) -> Instrument:
        return Card("tok_ok")

    def declined(self) -> Instrument:
        return Card("tok_insufficient_funds")

    def challenge(self) -> Instrument | None:
        return Card("tok_3ds_ok")

    def payer(self, gateway: Any, authorization: str, act: Literal["approve", "deny"]) -> None:
        gateway.payer(authorization, act)

    def lost(self) -> Instrument:
        return Card("tok_no_answer_lost")

    def taken(self) -> Instrument:
        return Card("tok_no_answer_taken")

    def charges(self, gateway: Any, authorization: str) -> int:
        return sum(payment.live for payment in gateway.books.payments() if payment.key == authorization)


class TestAsyncSandboxGateway(TestSandboxGateway):
    def make(self) -> Any:
        return synced(AsyncSandboxGateway(clock=HandClock()))


class TestSandboxWithUpi(TestSandboxGateway):
    def challenge(self) -> Instrument:
        return Upi("upi_paid")


class TestSandboxInAFile(TestSandboxGateway):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "sandbox.db"

    def make(self) -> Any:
        return SandboxGateway(SandboxBooks(HandClock(), self.path))


class TestSandboxThatCanDoLittle(TestSandboxGateway):
    """No idempotent keys, no tombstone, no capture with authorize: what is left of the contract holds."""

    def make(self) -> Any:
        can = evolve(CAPABILITIES, idempotent_keys=False, tombstone=False, capture_with_authorize=False)
        return SandboxGateway(capabilities=can, clock=HandClock())


class TestSandboxThatCapturesAtOnce(TestSandboxGateway):
    def make(self) -> Any:
        return SandboxGateway(capabilities=evolve(CAPABILITIES, capture_later=False), clock=HandClock())


class Till:
    """A sandbox, its clock, and calls under one key."""

    def __init__(self, key: str = "c1/a", **options: Any) -> None:
        self.clock = HandClock()
        self.gateway = SandboxGateway(clock=self.clock, **options)
        self.key = f"{key}/authorize"

    def authorize(self, instrument: Instrument, amount: Money = AMOUNT, *, capture: bool = True) -> Fact:
        return self.gateway.authorize(Authorize(self.key, "sandbox", 0, self.key, amount, instrument, capture, BY))

    def capture(self, amount: Money = AMOUNT, key: str = "/capture") -> Fact:
        return self.gateway.capture(Capture(self.key, "sandbox", 1, self.key + key, self.key, "", amount))

    def void(self) -> Fact:
        return self.gateway.void(Void(self.key, "sandbox", 2, f"{self.key}/void", self.key, ""))

    def refund(self, amount: Money = AMOUNT, key: str = "/refund") -> Fact:
        return self.gateway.refund(Refund(self.key, "sandbox", 3, self.key + key, self.key, "", amount))

    def inquire(self) -> Fact:
        return self.gateway.inquire(Inquire(self.key, "sandbox", 4, self.key, ""))

    def after(self, seconds: float) -> Fact:
        self.clock.forward(seconds)
        return self.inquire()

    @property
    def charges(self) -> int:
        return sum(payment.live for payment in self.gateway.books.payments())


@pytest.fixture
def till() -> Till:
    return Till()


# It is no real gateway.
def test_a_production_shop_refuses_it() -> None:
    """It is marked, and start-up reads the mark."""
    check([SandboxGateway()], production=False)
    with pytest.raises(Misconfigured, match="no real money"):
        check([SandboxGateway()], production=True)


def test_the_table_of_tokens_in_its_documentation_is_the_real_one() -> None:
    listed = [line.split(maxsplit=1) for line in (sandbox.__doc__ or "").splitlines() if line.startswith(("    tok_", "    upi_"))]
    assert [tuple(pair) for pair in listed] == [*SCRIPTS.items()]


@pytest.mark.parametrize("instrument", [Card("tok_typo"), Card("upi_paid"), Upi("tok_ok")], ids=str)
def test_an_unknown_token_is_declined(till: Till, instrument: Instrument) -> None:
    assert till.authorize(instrument) == Declined("unknown-token") == till.inquire()


def test_a_token_it_does_not_know_is_not_kept(till: Till) -> None:
    """It may be somebody's real one (R24)."""
    till.authorize(Card("pm_1234567890"))
    assert "pm_1234567890" not in repr((till.gateway.books.payments(), till.gateway.books.calls()))


def test_what_it_does_not_take_is_declined(till: Till) -> None:
    assert till.authorize(ZeroTender()) == Declined("not-supported")
    rupees = Till(capabilities=evolve(CAPABILITIES, currencies=frozenset({"INR"})))
    assert rupees.authorize(Card("tok_ok")) == Declined("not-supported")
    assert till.charges == rupees.charges == 0


@pytest.mark.parametrize("minor", [0, -1])
def test_an_amount_is_more_than_nothing(till: Till, minor: int) -> None:
    assert till.authorize(Card("tok_ok"), Money(minor, "EUR")) == Declined("invalid-amount")


# Cards.
@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("tok_declined", "declined"),
        ("tok_insufficient_funds", "insufficient-funds"),
        ("tok_expired_card", "expired-card"),
        ("tok_stolen", "stolen-card"),
    ],
)
def test_declines_say_why(till: Till, token: str, reason: str) -> None:
    assert till.authorize(Card(token)) == till.authorize(Card(token)) == till.inquire() == Declined(reason)


@pytest.mark.parametrize(
    ("token", "seconds", "then"),
    [
        ("tok_3ds_ok", 10, Captured),
        ("tok_3ds_denied", 10, Declined("denied-by-payer")),
        ("tok_3ds_abandoned", 600, Declined("not-completed")),
    ],
)
def test_a_challenge_takes_its_time(till: Till, token: str, seconds: int, then: Any) -> None:
    asked = till.authorize(Card(token))
    assert isinstance(asked, ActionNeeded)
    assert isinstance(asked.action, Challenge)
    assert asked.until == till.clock.now() + timedelta(minutes=10)
    assert till.after(seconds - 1) == asked
    found = till.after(1)
    assert found == then or isinstance(found, then)


def test_a_challenge_without_capture_only_reserves(till: Till) -> None:
    till.authorize(Card("tok_3ds_ok"), capture=False)
    assert isinstance(till.after(10), Authorized)
    assert isinstance(till.capture(), Captured)


def test_the_payer_may_act_by_key_or_reference(till: Till) -> None:
    asked = till.authorize(Card("tok_3ds_abandoned"))
    assert isinstance(asked, ActionNeeded)
    assert isinstance(till.gateway.payer(asked.reference, "approve"), Captured)
    assert isinstance(till.gateway.payer(till.key, "deny"), Captured)  # too late to change one's mind
    with pytest.raises(NotFound):
        till.gateway.payer("nobody", "approve")


def test_another_amount_is_taken_and_said(till: Till) -> None:
    """The provider's own figure, not ours (B21)."""
    assert till.authorize(Card("tok_amount_drift")) == Captured(_reference(till), Money(3491, "EUR"))
    assert till.refund(Money(3491, "EUR"), "/refund") == Refunded(_refund(till), Money(3491, "EUR"))


def test_a_slow_answer_takes_its_time_and_is_recorded() -> None:
    slept = list[float]()
    till = Till(delay=3, sleep=slept.append)
    assert isinstance(till.authorize(Card("tok_slow")), Captured)
    assert isinstance(till.inquire(), Captured)
    assert slept == [3, 3] == [call.took for call in till.gateway.books.calls()]


def test_an_answer_slower_than_the_time_out_is_none() -> None:
    """It is done all the same (B23)."""
    slept = list[float]()
    till = Till(delay=60, sleep=slept.append)
    with pytest.raises(NoAnswer):
        till.authorize(Card("tok_slow"))
    assert slept == [CAPABILITIES.call_timeout]
    assert till.charges == 1


def test_the_async_face_awaits_its_sleep() -> None:
    slept = list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    gateway = AsyncSandboxGateway(delay=2, sleep=sleep)
    asyncio.run(gateway.authorize(Authorize("k", "sandbox", 0, "k", AMOUNT, Card("tok_slow"), True, BY)))
    assert slept == [2]


# No answer.
def test_money_that_arrives_after_it_was_not_found(till: Till) -> None:
    """Not found is not final before the settle window has passed (B3, R3)."""
    with pytest.raises(NoAnswer):
        till.authorize(Card("tok_no_answer_late"))
    assert till.inquire() == Unknown()
    assert till.after(59) == Unknown()
    assert isinstance(till.after(1), Captured)
    assert CAPABILITIES.settle_window > 60
    assert till.charges == 1


def test_a_tombstone_stops_money_on_its_way(till: Till) -> None:
    """B3: void first, then nothing can arrive."""
    with pytest.raises(NoAnswer):
        till.authorize(Card("tok_no_answer_late"))
    assert till.void() == Voided()
    assert till.after(60) == Voided()
    assert till.authorize(Card("tok_no_answer_late")) == Declined("voided")
    assert till.charges == 0


def test_sent_again_before_the_first_arrives_it_is_taken_once(till: Till) -> None:
    with pytest.raises(NoAnswer):
        till.authorize(Card("tok_no_answer_late"))
    taken = till.authorize(Card("tok_no_answer_late"))
    assert isinstance(taken, Captured)
    assert till.after(60) == taken
    assert till.charges == 1


@pytest.mark.parametrize("operation", ["capture", "void", "refund"])
def test_other_calls_may_have_no_answer_either(till: Till, operation: str) -> None:
    """It acted, and says so when asked again (B13)."""
    till.authorize(Card(f"tok_{operation}_no_answer"), capture=operation == "refund")
    act = {"capture": till.capture, "void": till.void, "refund": till.refund}[operation]
    with pytest.raises(NoAnswer):
        act()
    expected = {"capture": Captured, "void": Voided, "refund": Refunded}[operation]
    assert isinstance(till.inquire(), expected)
    assert isinstance(act(), expected)


def test_a_refund_may_be_refused(till: Till) -> None:
    taken = till.authorize(Card("tok_refund_refused"))
    assert till.refund() == RefundRefused("refused-by-bank")
    assert till.inquire() == taken


# UPI.
def test_an_intent_is_a_link_and_is_paid_later(till: Till) -> None:
    asked = till.authorize(Upi("upi_paid"), Money(150000, "INR"), capture=False)
    assert isinstance(asked, ActionNeeded)
    assert asked.action == UpiIntent(f"upi://pay?pa=sandbox@invalid&tr={asked.reference}&am=1500.00&cu=INR")
    assert till.after(9) == asked
    assert till.after(1) == Captured(asked.reference, Money(150000, "INR"))  # UPI takes the money at once, it cannot reserve


def test_an_intent_cannot_be_called_back(till: Till) -> None:
    """Void says what is true, and the payer may still pay (B9, C9)."""
    asked = till.authorize(Upi("upi_late"))
    assert till.void() == asked
    assert isinstance(till.after(300), Processing)
    assert isinstance(till.void(), Processing)
    assert isinstance(till.after(119), Processing)
    assert isinstance(till.after(1), Captured)
    assert isinstance(till.void(), Captured)


@pytest.mark.parametrize(
    ("token", "steps"),
    [
        ("upi_denied", [(10, Declined)]),
        ("upi_expired", [(299, ActionNeeded), (1, Declined)]),
        ("upi_pending", [(9, ActionNeeded), (1, Processing), (2 * 24 * 3600 - 11, Processing), (1, Declined)]),
    ],
)
def test_an_intent_may_come_to_nothing(till: Till, token: str, steps: Sequence[tuple[int, type]]) -> None:
    """B8: for days, perhaps."""
    till.authorize(Upi(token))
    assert [type(till.after(seconds)) for seconds, _ in steps] == [kind for _, kind in steps]
    assert till.charges == 0


def test_a_pending_intent_may_be_decided(till: Till) -> None:
    till.authorize(Upi("upi_pending"))
    till.after(3600)
    assert isinstance(till.gateway.payer(till.key, "approve"), Captured)


# Keys.
def test_a_key_used_for_something_else_does_nothing(till: Till) -> None:
    taken = till.authorize(Card("tok_ok"))
    reused = Declined("key-reused")
    assert till.authorize(Card("tok_ok"), Money(3490, "USD")) == reused
    assert till.authorize(Card("tok_slow")) == reused
    assert till.authorize(Card("tok_ok"), capture=False) == reused
    assert till.capture(key="") == reused
    assert till.refund(key="") == RefundRefused("key-reused")
    assert isinstance(till.refund(Money(10, "EUR")), Refunded)
    assert till.refund(Money(11, "EUR")) == RefundRefused("key-reused")
    assert till.inquire() == taken


def test_parts_go_back_until_nothing_is_left(till: Till) -> None:
    taken = till.authorize(Card("tok_ok"))
    assert isinstance(till.refund(Money(1000, "EUR"), "/r1"), Refunded)
    assert till.inquire() == taken
    assert till.refund(Money(2491, "EUR"), "/r2") == RefundRefused("more-than-captured")
    assert isinstance(till.refund(Money(2490, "EUR"), "/r2"), Refunded)
    assert isinstance(till.refund(Money(1000, "EUR"), "/r1"), Refunded)
    assert till.inquire() == Refunded(_reference(till), AMOUNT)
    (payment,) = till.gateway.books.payments()
    assert (payment.authorized, payment.captured, payment.refunded) == (3490, 3490, 3490)


def test_capture_is_at_most_what_was_reserved(till: Till) -> None:
    till.authorize(Card("tok_ok"), capture=False)
    assert till.capture(Money(3491, "EUR"), "/c1") == Declined("more-than-authorized")
    assert till.capture(Money(3000, "EUR"), "/c2") == Captured(_reference(till), Money(3000, "EUR"))
    assert till.refund() == RefundRefused("more-than-captured")


def test_calls_about_a_payment_it_has_never_seen(till: Till) -> None:
    assert till.capture() == till.inquire() == Unknown()
    assert till.refund() == RefundRefused("unknown-payment")
    assert till.gateway.books.payments() == ()


def test_without_idempotent_keys_twice_is_twice() -> None:
    """A capability that is off is really missing, so a shop that repeats a call there is found out (I5)."""
    till = Till(capabilities=evolve(CAPABILITIES, idempotent_keys=False))
    till.authorize(Card("tok_ok"))
    till.authorize(Card("tok_ok"))
    assert till.charges == 2
    assert [payment.nth for payment in till.gateway.books.payments()] == [1, 2]


def test_without_tombstone_a_void_stops_nothing_that_is_on_its_way() -> None:
    till = Till(capabilities=evolve(CAPABILITIES, tombstone=False))
    with pytest.raises(NoAnswer):
        till.authorize(Card("tok_no_answer_late"))
    assert till.void() == Unknown()
    assert isinstance(till.after(60), Captured)


def test_many_at_once_under_one_key_are_charged_once(tmp_path: Path) -> None:
    """In one process and over several connections (R2, S5)."""
    for books in (SandboxBooks(HandClock()), SandboxBooks(HandClock(), tmp_path / "books.db")):
        pay = partial(SandboxGateway(books).authorize, Authorize("k", "sandbox", 0, "k", AMOUNT, Card("tok_ok"), True, BY))
        facts = at_once(8, partial(nth, pay))
        assert len(set(facts)) == 1
        assert len(books.payments()) == 1
        assert len(books.calls()) == 8


# Books.
def test_the_books_say_what_was_done_and_asked(till: Till) -> None:
    with pytest.raises(NoAnswer):
        till.authorize(Card("tok_no_answer_taken"), capture=False)
    till.void()
    (payment,) = till.gateway.books.payments()
    assert payment == till.gateway.books.payment(till.key)
    assert (payment.key, payment.method, payment.amount, payment.currency) == (till.key, "card", 3490, "EUR")
    assert (payment.state, payment.voided, payment.live, payment.tombstone) == (State.VOIDED, True, False, False)
    calls = [(call.operation, call.key, call.answer) for call in till.gateway.books.calls()]
    assert calls == [("authorize", till.key, "Authorized, not heard"), ("void", f"{till.key}/void", "Voided")]
    assert all(call.at == till.clock.now() for call in till.gateway.books.calls())


def test_references_are_the_same_in_every_run() -> None:
    assert _reference(Till()) == _reference(Till())
    assert Till("c1/a").authorize(Card("tok_ok")) == Till("c1/a").authorize(Card("tok_ok"))
    assert Till("c1/a").authorize(Card("tok_ok")) != Till("c1/b").authorize(Card("tok_ok"))


def test_a_file_is_shared(tmp_path: Path) -> None:
    """What one process took, another finds."""
    clock, file = HandClock(), tmp_path / "books.db"
    one, two = (SandboxGateway(SandboxBooks(clock, file)) for _ in range(2))
    taken = one.authorize(Authorize("k", "sandbox", 0, "k", AMOUNT, Card("tok_ok"), True, BY))
    assert two.inquire(Inquire("k", "sandbox", 1, "k", "")) == taken
    assert one.books.calls() == two.books.calls()


def test_a_file_that_cannot_be_used_is_no_answer(tmp_path: Path) -> None:
    books = SandboxBooks(HandClock(), tmp_path / "books.db")
    (tmp_path / "books.db").write_bytes(b"this is no database, " * 100)
    with pytest.raises(NoAnswer):
        SandboxGateway(books).inquire(Inquire("k", "sandbox", 1, "k", ""))


def test_books_or_a_clock() -> None:
    with pytest.raises(ValueError, match="not both"):
        SandboxGateway(SandboxBooks(), clock=HandClock())


def nth(pay: Callable[[], Fact], _: int) -> Fact:
    return pay()


def _reference(till: Till) -> str:
    return sandbox._reference("pay", till.key, "1")


def _refund(till: Till) -> str:
    return sandbox._reference("ref", f"{till.key}/refund")
