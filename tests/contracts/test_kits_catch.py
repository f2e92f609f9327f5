"""The kits have been seen failing: each wrong adapter planted here turns the promise it breaks red."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from unittest import SkipTest

import pytest
from attrs import evolve

from checkout_adapters.sandbox import CAPABILITIES, SandboxGateway
from checkout_core.effects import Authorize, Capture, Inquire, Refund, Void
from checkout_core.errors import NoAnswer
from checkout_core.money import CURRENCIES, Money
from checkout_core.notices import Notice
from checkout_core.payments import (
    ActionNeeded,
    Authorized,
    Capabilities,
    Captured,
    Card,
    Declined,
    Fact,
    Instrument,
    NotFound,
    Processing,
    Refunded,
    RefundRefused,
    Upi,
    Voided,
)
from checkout_core.testing import GatewayContract, HandClock, NotifierContract, needs
from tests.red import goes_red


# Gateways.
class Right(SandboxGateway):
    """A right one, to plant in."""

    def __init__(self) -> None:
        super().__init__(clock=HandClock())


class IgnoresKeys(Right):
    calls = 0

    def authorize(self, request: Authorize) -> Fact:
        self.calls += 1
        first = self.calls == 1
        return super().authorize(request if first else evolve(request, key=f"{request.key}#{self.calls}"))


class TakesAKeyForAnything(Right):
    def authorize(self, request: Authorize) -> Fact:
        fact = super().authorize(request)
        return Captured("pay_again", request.amount) if fact == Declined("key-reused") else fact


class SaysDeclinedForNoAnswer(Right):
    def authorize(self, request: Authorize) -> Fact:
        try:
            return super().authorize(request)
        except NoAnswer:
            return Declined("time-out")


class SaysVoidedOfMoney(Right):
    def void(self, request: Void) -> Fact:
        fact = super().void(request)
        return Voided() if isinstance(fact, Captured) else fact


class VoidsNothing(Right):
    def void(self, request: Void) -> Fact:
        return Voided()


class ForgetsTombstones(Right):
    def void(self, request: Void) -> Fact:
        known = self.books.payment(request.authorization)
        return super().void(request) if known else Voided()


class CapturesWhatWasVoided(Right):
    def capture(self, request: Capture) -> Fact:
        fact = super().capture(request)
        return Captured("pay", request.amount) if isinstance(fact, Voided) else fact


class RefundsAnything(Right):
    def refund(self, request: Refund) -> Fact:
        fact = super().refund(request)
        return Refunded("ref", request.amount) if isinstance(fact, RefundRefused) else fact


class RefundsAnewEachTime(Right):
    calls = 0

    def refund(self, request: Refund) -> Fact:
        self.calls += 1
        return super().refund(evolve(request, key=f"{request.key}#{self.calls}"))


class ForgetsRefunds(Right):
    def inquire(self, request: Inquire) -> Fact:
        fact = super().inquire(request)
        return Captured(fact.reference, fact.amount) if isinstance(fact, Refunded) else fact


class ThinksInHundredths(Right):
    def authorize(self, request: Authorize) -> Fact:
        amount = Money(request.amount.minor * 100 // 10 ** CURRENCIES[request.amount.currency].exponent, request.amount.currency)
        return super().authorize(evolve(request, amount=amount))


class SaysDeclinedOfTheUnknown(Right):
    def inquire(self, request: Inquire) -> Fact:
        fact = super().inquire(request)
        return Declined("no such payment") if isinstance(fact, NotFound) else fact


class EchoesWhatWasAsked(Right):
    """Its own figure is another one: only an inquiry shows it."""

    def authorize(self, request: Authorize) -> Fact:
        super().authorize(evolve(request, amount=request.amount + Money(1, request.amount.currency)))
        return Captured("pay", request.amount)


class DeclinesWithoutAReason(Right):
    def authorize(self, request: Authorize) -> Fact:
        fact = super().authorize(request)
        return Declined("") if isinstance(fact, Declined) else fact


class KeepsMoneyOfDeclines(Right):
    def authorize(self, request: Authorize) -> Fact:
        declined = request.instrument.token == "tok_declined"
        fact = super().authorize(evolve(request, instrument=Card("tok_ok")) if declined else request)
        return Declined("declined") if declined else fact


class SaysVoidedOfAnIntent(Right):
    def void(self, request: Void) -> Fact:
        fact = super().void(request)
        return Voided() if isinstance(fact, ActionNeeded | Processing) else fact


class LosesTheReference(Right):
    def authorize(self, request: Authorize) -> Fact:
        fact = super().authorize(request)
        return evolve(fact, reference="") if isinstance(fact, Authorized | Captured) else fact


class NeverGivesUp(Right):
    def __init__(self) -> None:
        super().__init__()
        self.capabilities: Capabilities = evolve(CAPABILITIES, call_timeout=0)


class NamedByChance(Right):
    made = 0

    def __init__(self) -> None:
        super().__init__()
        NamedByChance.made += 1
        self.name = f"sandbox-{self.made}"


class Kit(GatewayContract):
    def __init__(self, gateway: type[SandboxGateway]) -> None:
        self.gateway = gateway

    def make(self) -> Any:
        return self.gateway()

    def ok(self) -> Instrument:
        return Card("tok_ok")

    def declined(self) -> Instrument:
        return Card("tok_declined")

    def challenge(self) -> Instrument:
        return Upi("upi_expired")

    def payer(self, gateway: Any, authorization: str, act: Literal["approve", "deny"]) -> None:
        gateway.payer(authorization, act)

    def lost(self) -> Instrument:
        return Card("tok_no_answer_lost")

    def taken(self) -> Instrument:
        return Card("tok_no_answer_taken")


class WithBooks(Kit):
    def charges(self, gateway: Any, authorization: str) -> int:
        return sum(payment.live for payment in gateway.books.payments() if payment.key.startswith(authorization))


@pytest.mark.parametrize(
    ("wrong", "promise"),
    [
        (IgnoresKeys, "test_the_same_key_twice_acts_once"),
        (IgnoresKeys, "test_the_same_key_with_another_amount_is_refused"),
        (TakesAKeyForAnything, "test_the_same_key_with_another_amount_is_refused"),
        (SaysDeclinedForNoAnswer, "test_no_answer_and_nothing_happened"),
        (SaysDeclinedForNoAnswer, "test_no_answer_and_the_money_was_taken"),
        (SaysVoidedOfMoney, "test_void_of_captured_money_says_captured"),
        (VoidsNothing, "test_void_frees_reserved_money"),
        (ForgetsTombstones, "test_void_of_a_key_it_has_never_seen_forbids_it"),
        (CapturesWhatWasVoided, "test_capture_of_voided_money_takes_nothing"),
        (RefundsAnything, "test_no_more_goes_back_than_came"),
        (RefundsAnything, "test_money_that_was_not_taken_is_not_refunded"),
        (RefundsAnewEachTime, "test_a_refund_sent_again_is_made_once"),
        (ForgetsRefunds, "test_a_refund_sends_it_all_back"),
        (ForgetsRefunds, "test_an_authorize_repeated_after_a_refund_takes_nothing"),
        (ThinksInHundredths, "test_amounts_without_decimals_and_with_three_are_exact"),
        (SaysDeclinedOfTheUnknown, "test_a_key_it_has_never_seen_is_not_found"),
        (EchoesWhatWasAsked, "test_authorize_with_capture_takes_exactly_that_amount"),
        (EchoesWhatWasAsked, "test_asking_changes_nothing"),
        (DeclinesWithoutAReason, "test_a_decline_is_definitive_and_takes_nothing"),
        (KeepsMoneyOfDeclines, "test_a_decline_is_definitive_and_takes_nothing"),
        (SaysVoidedOfAnIntent, "test_voided_is_said_only_of_what_the_payer_cannot_approve_any_more"),
        (LosesTheReference, "test_different_keys_are_different_payments"),
        (NeverGivesUp, "test_its_capabilities_are_ones_a_shop_can_live_with"),
        (NamedByChance, "test_its_name_is_declared_and_stays"),
    ],
)
def test_a_wrong_gateway_is_caught(wrong: type[SandboxGateway], promise: str) -> None:
    """By its answers alone, without a look into its books."""
    assert not goes_red(Kit(Right), promise)
    assert goes_red(Kit(wrong), promise)


class AnswersOnceAndChargesTwice(Right):
    """What its answers never show, its own record does."""

    calls = 0

    def authorize(self, request: Authorize) -> Fact:
        self.calls += 1
        super().authorize(evolve(request, key=f"{request.key}#{self.calls}"))
        return super().authorize(request) if self.calls == 1 else super().inquire(Inquire(request.key, "sandbox", 0, request.key, ""))


def test_a_gateway_that_hides_a_second_charge_is_caught_by_its_own_record() -> None:
    """An eventual refund would hide it (I5): so the provider's books are looked at, where they can be."""
    promise = "test_the_same_key_twice_acts_once"
    assert not goes_red(WithBooks(Right), promise)
    assert not goes_red(Kit(AnswersOnceAndChargesTwice), promise)
    assert goes_red(WithBooks(AnswersOnceAndChargesTwice), promise)


def test_what_is_not_promised_is_skipped_and_says_so() -> None:
    class Little(Kit):
        def make(self) -> Any:
            return SandboxGateway(capabilities=evolve(CAPABILITIES, tombstone=False))

    with pytest.raises(SkipTest, match="not promised: tombstone"):
        Little(Right).test_void_of_a_key_it_has_never_seen_forbids_it()


def test_a_skip_names_everything_that_is_missing() -> None:
    class Bare:
        def can(self, capability: str) -> bool:
            return capability == "b"

        @needs("a", "b", "c")
        def test_promise(self) -> None:
            raise AssertionError

    with pytest.raises(SkipTest, match=r"a, c$"):
        Bare().test_promise()


# Notifiers.
class Recorder:
    """A right one."""

    def __init__(self) -> None:
        self.name = "recorder"
        self.sent = list[str]()

    def notify(self, notice: Notice) -> None:
        if notice.id not in self.sent:
            self.sent.append(notice.id)


class Repeats(Recorder):
    def notify(self, notice: Notice) -> None:
        self.sent.append(notice.id)


class Swallows(Recorder):
    def notify(self, notice: Notice) -> None:
        pass


class LastFirst(Recorder):
    def notify(self, notice: Notice) -> None:
        if notice.id not in self.sent:
            self.sent.insert(0, notice.id)


class NeedsSomebody(Recorder):
    def notify(self, notice: Notice) -> None:
        super().notify(notice)
        assert notice.contact is not None
        assert notice.contact.email is not None


class KnowsOneKind(Recorder):
    def notify(self, notice: Notice) -> None:
        {"order.placed": super().notify}[notice.event.kind](notice)


class NeedsAscii(Recorder):
    def notify(self, notice: Notice) -> None:
        str(notice.event.facts[-1][1]).encode()


class NotifierKit(NotifierContract):
    def __init__(self, notifier: type[Recorder]) -> None:
        self.notifier = notifier

    def make(self) -> Any:
        return self.notifier()

    def delivered(self, notifier: Any) -> Sequence[str]:
        sent: list[str] = notifier.sent
        return sent


@pytest.mark.parametrize(
    ("wrong", "promise"),
    [
        (Repeats, "test_the_same_notice_twice_is_delivered_once"),
        (Swallows, "test_a_notice_arrives"),
        (LastFirst, "test_order_is_kept"),
        (NeedsSomebody, "test_nobody_to_reach_is_no_fault"),
        (KnowsOneKind, "test_every_kind_of_event_is_taken"),
        (NeedsAscii, "test_hostile_text_is_taken"),
    ],
)
def test_a_wrong_notifier_is_caught(wrong: type[Recorder], promise: str) -> None:
    assert not goes_red(NotifierKit(Recorder), promise)
    assert goes_red(NotifierKit(wrong), promise)
