"""The model's provider keeps the gateway contract, says what the sandbox says, and keeps books that can be believed."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

import pytest

from checkout_adapters.sandbox import SandboxGateway
from checkout_core.effects import Authorize, Capture, Inquire, Refund, RemoteEffect, Void
from checkout_core.errors import NoAnswer, Unavailable
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
    NotFound,
    Processing,
    Refunded,
    RefundRefused,
    Upi,
    UpiIntent,
    Voided,
)
from checkout_core.simulation.faults import MENU
from checkout_core.simulation.provider import TOKENS, Provider
from checkout_core.simulation.scenarios import GatewayTerms
from checkout_core.testing import GatewayContract
from tests.world import TestClock

START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
AMOUNT = Money(3490, "EUR")
KEY = "c1/a/authorize"


class Till:
    """A provider, its clock and heap, and calls about one payment."""

    def __init__(self, start: datetime = START, **terms: Any) -> None:
        self.now = start
        self.coming: list[tuple[datetime, int, str, Callable[[], None]]] = []
        self.news: list[tuple[str, Fact]] = []
        self.provider = Provider(
            GatewayTerms(**terms), lambda: self.now, self.later, lambda attempt, fact: self.news.append((attempt, fact))
        )

    def later(self, at: datetime, address: str, happens: Callable[[], None]) -> None:
        heapq.heappush(self.coming, (at, len(self.coming), address, happens))

    def after(self, seconds: int, *, without: str = "-") -> Fact:
        """What is true so much later; what is addressed with `without` never happens."""
        end = self.now + timedelta(seconds=seconds)
        while self.coming and self.coming[0][0] <= end:
            self.now, _, address, happens = heapq.heappop(self.coming)
            if not address.startswith(without):
                happens()
        self.now = end
        return self.provider.fact(KEY)

    def authorize(self, token: str = "tok_ok", *, fault: str = "", capture: bool = True, amount: Money = AMOUNT, delay: int = 60) -> Fact:
        instrument: Instrument = Upi(token) if token.startswith("upi") else Card(token)
        by = self.now + timedelta(seconds=10)
        return self.call(Authorize("c1/a", "model", 0, KEY, amount, instrument, capture, by), fault, delay)

    def capture(self, fault: str = "", amount: Money = AMOUNT) -> Fact:
        return self.call(Capture("c1/a", "model", 1, "c1/a/capture", KEY, "", amount), fault)

    def void(self, fault: str = "") -> Fact:
        return self.call(Void("c1/a", "model", 1, "c1/a/void", KEY, ""), fault)

    def refund(self, fault: str = "", amount: Money = AMOUNT, key: str = "c1/a/refund") -> Fact:
        return self.call(Refund("c1/a", "model", 1, key, KEY, "", amount), fault)

    def inquire(self, fault: str = "") -> Fact:
        return self.call(Inquire("c1/a", "model", 1, KEY, ""), fault)

    def call(self, request: RemoteEffect, fault: str = "", delay: int = 60) -> Fact:
        return self.provider.call(request, fault, delay)

    def silent(self, act: Callable[..., Fact], fault: str, **more: Any) -> None:
        with pytest.raises(NoAnswer):
            act(fault=fault, **more)


@pytest.fixture
def till() -> Till:
    return Till()


class Gateway:
    """The provider as a gateway of the port."""

    name = "model"

    def __init__(self, **terms: Any) -> None:
        self.till = Till(datetime.now(UTC), **terms)
        self.capabilities = self.till.provider.capabilities
        for operation in ("authorize", "capture", "void", "refund", "inquire"):
            setattr(self, operation, self.till.provider.call)


class TestProvider(GatewayContract):
    terms: ClassVar[dict[str, Any]] = {}

    def make(self) -> Any:
        return Gateway(**self.terms)

    def ok(self) -> Instrument:
        return Card("tok_ok")

    def declined(self) -> Instrument:
        return Card("tok_insufficient_funds")

    def challenge(self) -> Instrument | None:
        return Card("tok_3ds_ok")

    def payer(self, gateway: Any, authorization: str, act: Literal["approve", "deny"]) -> None:
        gateway.till.provider.payer(authorization, act)

    def lost(self) -> Instrument:
        return Card("tok_no_answer_lost")

    def taken(self) -> Instrument:
        return Card("tok_no_answer_taken")

    def charges(self, gateway: Any, authorization: str) -> int:
        provider: Provider = gateway.till.provider
        counted = sum(payment.charged for payment in provider.payments.values())
        assert counted == sum(account.charged for account in provider.accounts.values())
        return counted if len(provider.payments) < 2 else sum(p.charged for p in provider.payments.values() if p.key == authorization)


class TestProviderWithUpi(TestProvider):
    def challenge(self) -> Instrument:
        return Upi("upi_paid")


class TestProviderThatCanDoLess(TestProvider):
    terms: ClassVar[dict[str, Any]] = {"tombstone": False, "idempotent_keys": False, "capture_later": False}


class TestProviderThatReservesFirst(TestProvider):
    terms: ClassVar[dict[str, Any]] = {"capture_with_authorize": False}


def told(ask: Callable[[], Fact]) -> str:
    """What a gateway says, in one word."""
    try:
        return type(ask()).__name__
    except NoAnswer:
        return "no answer"


@pytest.mark.parametrize("token", sorted(TOKENS))
def test_a_token_means_at_the_model_what_it_means_at_the_sandbox(token: str) -> None:
    """A script that was tried out on the sandbox goes the same way in a simulation: asked at any time, both say the same."""
    till, clock = Till(), TestClock(START)
    sandbox = SandboxGateway(clock=clock)
    instrument: Instrument = Upi(token) if TOKENS[token].method == "upi" else Card(token)
    request = Authorize("c1/a", "sandbox", 0, KEY, AMOUNT, instrument, True, START + timedelta(seconds=10))
    asked = Inquire("c1/a", "sandbox", 1, KEY, "")
    assert told(lambda: till.call(request)) == told(lambda: sandbox.authorize(request))
    for seconds in (5, 6, 50, 250, 115, 300, 3 * 24 * 3600):
        clock.forward(seconds=seconds)
        till.after(seconds)
        assert told(lambda: till.call(asked)) == told(lambda: sandbox.inquire(asked)), f"{seconds} s later"


# Payers.
def test_a_challenge_is_passed_and_told(till: Till) -> None:
    asked = till.authorize("tok_3ds_ok")
    assert asked == ActionNeeded(f"g-{KEY}", Challenge(f"https://model.invalid/3ds/g-{KEY}"), START + timedelta(minutes=10))
    assert till.after(9) == asked
    assert till.after(1) == Captured(f"g-{KEY}", AMOUNT)
    assert till.news == [("c1/a", asked), ("c1/a", Captured(f"g-{KEY}", AMOUNT))]
    assert till.provider.payments[KEY].captured_at == START + timedelta(seconds=10)


def test_a_challenge_to_which_nobody_comes_is_over_after_ten_minutes(till: Till) -> None:
    """C1: the payer's act may be dropped, the end of the challenge not."""
    asked = till.authorize("tok_3ds_ok")
    assert till.after(599, without="payer.act") == asked
    assert till.after(1, without="payer.act") == Declined("not-completed")


@pytest.mark.parametrize(
    ("token", "steps"),
    [
        ("tok_3ds_denied", [(10, Declined)]),
        ("tok_3ds_abandoned", [(599, ActionNeeded), (1, Declined)]),
        ("upi_paid", [(9, ActionNeeded), (1, Captured)]),
        ("upi_denied", [(10, Declined)]),
        ("upi_expired", [(299, ActionNeeded), (1, Declined)]),
        ("upi_late", [(300, Processing), (119, Processing), (1, Captured)]),
        ("upi_pending", [(9, ActionNeeded), (1, Processing), (2 * 24 * 3600 - 11, Processing), (1, Declined)]),
    ],
)
def test_payers_do_what_their_token_says(till: Till, token: str, steps: list[tuple[int, type]]) -> None:
    """B8, C9: at the same times as in the sandbox."""
    till.authorize(token)
    assert [type(till.after(seconds)) for seconds, _ in steps] == [kind for _, kind in steps]


def test_an_intent_cannot_be_called_back(till: Till) -> None:
    """B9, C9: void says what is true, and the payer may still pay."""
    asked = till.authorize("upi_late")
    assert isinstance(asked, ActionNeeded)
    assert isinstance(asked.action, UpiIntent)
    assert till.void() == asked
    assert isinstance(till.after(420), Captured)
    assert isinstance(till.void(), Captured)


def test_a_late_payer_who_never_comes_is_no_payer(till: Till) -> None:
    till.authorize("upi_late")
    assert isinstance(till.after(479, without="payer.act"), Processing)
    assert till.after(1, without="payer.act") == Declined("not-completed")


# Faults.
def test_a_call_that_is_turned_away_does_nothing(till: Till) -> None:
    """B19, B20, B22: Unavailable, and the same key works afterwards."""
    for fault in ("inprogress_409", "rate_429", "unauthorised"):
        for call in (till.authorize, till.capture, till.void, till.refund):
            with pytest.raises(Unavailable, match=fault):
                call(fault=fault)
    assert till.provider.payments == {}
    assert till.provider.tombstones == {}
    assert isinstance(till.authorize(), Captured)


@pytest.mark.parametrize("fault", ["timeout_applied", "err5xx_applied", "garbage"])
def test_no_answer_though_it_acted(till: Till, fault: str) -> None:
    """B2, B4, B5, B13."""
    till.silent(till.authorize, fault, capture=False)
    assert isinstance(till.inquire(), Authorized)
    till.silent(till.capture, fault)
    assert isinstance(till.inquire(), Captured)
    till.silent(till.refund, fault)
    assert till.inquire() == Refunded(f"g-{KEY}", AMOUNT)
    till.silent(till.inquire, fault)


def test_no_answer_and_nothing_happened(till: Till) -> None:
    """B1."""
    for act in (till.authorize, till.void, till.refund, till.capture, till.inquire):
        till.silent(act, "timeout_lost")
    assert till.after(3600) == NotFound()


def test_a_late_call_arrives_within_the_settle_window(till: Till) -> None:
    """B3: not found, and then there; never later than promised."""
    till.silent(till.authorize, "late_applied", delay=10_000)
    assert till.inquire() == NotFound()
    assert till.after(119) == NotFound()
    assert isinstance(till.after(1), Captured)


def test_a_tombstone_stops_a_late_call(till: Till) -> None:
    till.silent(till.authorize, "late_applied")
    assert till.void() == Voided()
    assert till.after(3600) == Voided()
    assert till.provider.charges("c1") == 0


def test_without_tombstones_a_void_stops_nothing() -> None:
    """B3, R3: such a gateway is outwaited."""
    till = Till(tombstone=False)
    till.silent(till.authorize, "late_applied")
    assert till.void() == NotFound()
    assert isinstance(till.after(60), Captured)


def test_pending_is_decided_later_by_the_token(till: Till) -> None:
    """B8."""
    assert till.authorize(fault="pending", delay=90) == Processing(f"g-{KEY}")
    assert isinstance(till.void(), Processing)
    assert isinstance(till.after(89), Processing)
    assert isinstance(till.after(1), Captured)
    other = Till()
    other.authorize("tok_declined", fault="pending")
    assert other.after(60) == Declined("declined")


def test_the_faults_that_are_answers(till: Till) -> None:
    """B6, B14, B21."""
    drifted = till.authorize(fault="amount_drift")
    assert drifted == Captured(f"g-{KEY}", Money(3491, "EUR"))
    assert till.refund("refund_refused", Money(3491, "EUR")) == RefundRefused("refused-by-bank")
    assert till.inquire() == drifted
    assert isinstance(till.refund(amount=Money(3491, "EUR")), Refunded)
    other = Till()
    assert other.authorize(fault="decline") == Declined("declined")
    third = Till()
    third.authorize(capture=False)
    assert third.capture("decline") == Declined("declined")
    assert third.provider.charges("c1") == 0


def test_a_query_may_lag_by_the_settle_window(till: Till) -> None:
    """B3: it says what was true before its last change, or knows nothing; then it must know."""
    taken = till.authorize(capture=False)
    assert till.inquire("query_lag") == NotFound()
    till.after(121)
    assert till.inquire("query_lag") == taken
    till.void()
    assert till.inquire("query_lag") == taken
    till.after(121)
    assert till.inquire("query_lag") == Voided()
    other = Till()
    other.void()
    assert other.inquire("query_lag") == NotFound()
    other.after(121)
    assert other.inquire("query_lag") == Voided()


def test_every_fault_of_a_gateway_s_menu_is_known_here_and_no_other() -> None:
    for operation in ("authorize", "capture", "void", "refund", "inquire"):
        for fault in MENU[f"gateway.{operation}"]:
            if fault not in ("crash_before", "crash_after", "pause", "sigterm"):
                till = Till()
                with suppress(NoAnswer, Unavailable):
                    getattr(till, operation)(fault=fault)
    with pytest.raises(ValueError, match="no fault"):
        Till().authorize(fault="dup")


def test_the_token_s_own_faults_strike_once(till: Till) -> None:
    till.silent(till.authorize, "", token="tok_no_answer_late")
    assert till.inquire() == NotFound()
    assert isinstance(till.after(60), Captured)
    slow = Authorize("c1/b", "model", 0, "c1/b/authorize", AMOUNT, Card("tok_slow"), True, START)
    assert till.provider.takes(slow) == 3
    assert till.provider.takes(Inquire("c1/a", "model", 1, KEY, "")) == 0


# Keys.
def test_without_idempotent_keys_twice_is_twice() -> None:
    """I5: a capability that is off is really missing, and the books show it."""
    till = Till(idempotent_keys=False)
    till.authorize()
    till.authorize()
    assert list(till.provider.payments) == [KEY, f"{KEY}#2"]
    assert till.provider.charges("c1") == 2
    assert till.provider.kept("c1") == 2 * 3490
    till.refund()
    assert till.provider.charges("c1") == 1
    assert [attempt for attempt, _ in till.news] == ["c1/a"] * 3


def test_a_key_that_is_forgotten_acts_anew() -> None:
    """R2: whoever repeats a call after the provider's retention is found out."""
    till = Till(forgets_keys_after=3600)
    till.authorize()
    till.after(3600)
    till.authorize()
    assert till.provider.charges("c1") == 1
    till.after(1)
    till.authorize()
    assert till.provider.charges("c1") == 2


def test_a_key_used_for_something_else_does_nothing(till: Till) -> None:
    till.authorize()
    assert till.authorize(amount=Money(1, "EUR")) == Declined("key-reused")
    assert till.authorize("tok_slow") == Declined("key-reused")
    assert isinstance(till.refund(amount=Money(10, "EUR")), Refunded)
    assert till.refund(amount=Money(11, "EUR")) == RefundRefused("key-reused")


# Books.
def test_the_books_count_what_is_charged_and_kept(till: Till) -> None:
    provider = till.provider
    assert (provider.charges("c1"), provider.kept("c1"), list(provider.payments_of("c1"))) == (0, 0, [])
    till.authorize(capture=False)
    assert (provider.charges("c1"), provider.kept("c1")) == (1, 0)
    till.capture()
    assert (provider.charges("c1"), provider.kept("c1")) == (1, 3490)
    till.refund(amount=Money(490, "EUR"), key="c1/a/refund-1")
    assert (provider.charges("c1"), provider.kept("c1")) == (1, 3000)
    till.refund(amount=Money(3000, "EUR"), key="c1/a/refund-2")
    assert (provider.charges("c1"), provider.kept("c1")) == (0, 0)
    (payment,) = provider.payments_of("c1")
    assert [state for _, state in payment.history] == ["authorized", "captured", "refunded"]
    assert payment.captured_at == START


def test_every_change_is_news_whoever_made_it(till: Till) -> None:
    """D1: what a call was answered with is told again, as any provider does; so is what happens by itself."""
    till.authorize("tok_3ds_ok", capture=False)
    till.after(10)
    till.capture()
    till.refund()
    assert [type(fact) for _, fact in till.news] == [ActionNeeded, Authorized, Captured, Refunded]
    assert {attempt for attempt, _ in till.news} == {"c1/a"}


def test_its_declarations_are_its_terms() -> None:
    can = Till(tombstone=False, settle_window=7, call_timeout=3).provider.capabilities
    assert (can.tombstone, can.idempotent_keys, can.settle_window, can.call_timeout) == (False, True, 7, 3)
