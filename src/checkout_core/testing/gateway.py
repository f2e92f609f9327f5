"""What every gateway promises."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from checkout_core.effects import Authorize, Capture, Inquire, Refund, Void
from checkout_core.errors import NoAnswer
from checkout_core.money import CURRENCIES, Money
from checkout_core.payments import (
    ActionNeeded,
    Authorized,
    Capabilities,
    Captured,
    Declined,
    Fact,
    Instrument,
    NotFound,
    Processing,
    Refunded,
    RefundRefused,
    Voided,
)
from checkout_core.testing.parts import needs

AMOUNT: Final = Money(3490, "EUR")
CAPABILITIES: Final = frozenset({"capture_with_authorize", "capture_later", "idempotent_keys", "tombstone"})
MONEY: Final = (Authorized, Captured)


class GatewayContract:
    """Say how yours is made and which instruments of its test mode do what. Hooks left out skip the promises that need them.

    Keys are new in every run, because a gateway's test mode remembers them.
    """

    amount = AMOUNT

    def make(self) -> Any:
        """A gateway (the sync face) in its test mode."""
        raise NotImplementedError

    def ok(self) -> Instrument:
        """An instrument that pays at once."""
        raise NotImplementedError

    def declined(self) -> Instrument | None:
        """One that is declined."""
        return None

    def challenge(self) -> Instrument | None:
        """One that needs an act of the payer."""
        return None

    def payer(self, gateway: Any, authorization: str, act: Literal["approve", "deny"]) -> None:
        """The payer of `challenge()` acts now."""
        raise NotImplementedError

    def lost(self) -> Instrument | None:
        """One whose first authorize has no answer and no effect."""
        return None

    def taken(self) -> Instrument | None:
        """One whose first authorize has no answer, and takes the money."""
        return None

    def charges(self, gateway: Any, authorization: str) -> int | None:
        """How many times money is reserved or taken under that key, in the gateway's own record; None if nobody can know."""
        return None

    def can(self, capability: str) -> bool:
        """Whether a promise is made: by the declared capabilities, or by the hook for it."""
        if capability in CAPABILITIES:
            return bool(getattr(self.make().capabilities, capability))
        return getattr(self, capability)() is not None

    # What it declares.
    def test_its_name_is_declared_and_stays(self) -> None:
        """Attempts are stored with this name: every instance has the same."""
        assert self.make().name
        assert self.make().name == self.make().name

    def test_its_capabilities_are_ones_a_shop_can_live_with(self) -> None:
        """Every call ends, and a lost one can be repeated, forbidden or outwaited (R3, R25, I25)."""
        can: Capabilities = self.make().capabilities
        assert can.call_timeout > 0
        assert can.settle_window >= 0
        assert can.idempotent_keys or can.tombstone or can.settle_window
        assert can.capture_with_authorize or can.capture_later
        assert can.takes(self.ok().method, self.amount.currency)

    # Taking money.
    @needs("capture_with_authorize")
    def test_authorize_with_capture_takes_exactly_that_amount(self) -> None:
        """One call takes the money, and the gateway's own figure is the one we asked for (I8, R14)."""
        payment = self.start()
        assert payment.fact == Captured(payment.reference, self.amount)
        assert payment.reference
        assert payment.inquire() == payment.fact
        payment.charged(1)

    @needs("capture_with_authorize")
    def test_amounts_without_decimals_and_with_three_are_exact(self) -> None:
        """A gateway that thinks in hundredths would take a hundred times too much, or a tenth (R14)."""
        for amount in (Money(500, "JPY"), Money(123_457, "KWD")):
            if self.make().capabilities.takes(self.ok().method, amount.currency):
                assert CURRENCIES[amount.currency].exponent != 2
                payment = self.start(amount=amount)
                assert payment.fact == Captured(payment.reference, amount)
                assert payment.inquire() == payment.fact

    @needs("capture_later")
    def test_reserve_first_and_capture_later(self) -> None:
        """Reserved money is not taken until we say so, and then all of it."""
        payment = self.start(capture=False)
        assert payment.fact == Authorized(payment.reference, self.amount)
        assert payment.inquire() == payment.fact
        assert payment.capture() == Captured(payment.reference, self.amount)
        assert payment.inquire() == Captured(payment.reference, self.amount)

    @needs("capture_later")
    def test_capture_again_changes_nothing(self) -> None:
        """A capture whose answer was lost is sent again (B2, I5)."""
        payment = self.start(capture=False)
        assert payment.capture() == payment.capture() == payment.inquire()
        payment.charged(1)

    def test_different_keys_are_different_payments(self) -> None:
        """Two shoppers pay the same amount with the same card of a company: both are charged (Q2)."""
        gateway = self.make()
        first, second = self.start(gateway=gateway), self.start(gateway=gateway)
        assert isinstance(first.fact, MONEY)
        assert isinstance(second.fact, MONEY)
        assert first.reference != second.reference

    # Asking again.
    @needs("idempotent_keys")
    def test_the_same_key_twice_acts_once(self) -> None:
        """A call sent again under its key takes no more money, and gives the same answer (R2, I5)."""
        payment = self.start()
        again = self.start(payment)
        assert again.fact == payment.fact
        payment.charged(1)

    @needs("idempotent_keys")
    def test_the_same_key_with_another_amount_is_refused(self) -> None:
        """A key stands for one amount: nothing more is taken, and the first payment stays as it was (R2, I8)."""
        payment = self.start()
        other = self.start(payment, amount=self.amount + self.amount)
        assert isinstance(other.fact, Declined)
        assert payment.inquire() == payment.fact
        payment.charged(1)

    def test_asking_changes_nothing(self) -> None:
        """An inquiry may be repeated at will (R3)."""
        payment = self.start()
        assert payment.inquire() == payment.inquire() == payment.fact

    def test_a_key_it_has_never_seen_is_not_found(self) -> None:
        """Never seen is its own answer, told apart from declined (R3)."""
        assert self.unsent().inquire() == NotFound()

    # No.
    @needs("declined")
    def test_a_decline_is_definitive_and_takes_nothing(self) -> None:
        """Declined has a reason, stays declined, and no money is held (B6)."""
        payment = self.start(instrument=self.declined())
        assert isinstance(payment.fact, Declined)
        assert payment.fact.reason
        assert isinstance(payment.inquire(), Declined | NotFound)
        payment.charged(0)

    # Undoing.
    @needs("capture_later")
    def test_void_frees_reserved_money(self) -> None:
        """After a void nothing is reserved, and nothing can be taken, however often anybody asks."""
        payment = self.start(capture=False)
        assert payment.void() == Voided()
        assert payment.void() == Voided()
        assert isinstance(payment.inquire(), Voided | Declined)
        assert not isinstance(payment.capture(), MONEY)
        assert not isinstance(self.start(payment, capture=False).fact, MONEY)
        payment.charged(0)

    @needs("capture_with_authorize")
    def test_void_of_captured_money_says_captured(self) -> None:
        """Whatever the gateway did wins: it does not say voided of money that it has (B16, R6)."""
        payment = self.start()
        assert payment.void() == payment.fact
        assert payment.inquire() == payment.fact
        payment.charged(1)

    @needs("capture_later")
    def test_capture_of_voided_money_takes_nothing(self) -> None:
        """The other half of the crossing: capture says voided (B16)."""
        payment = self.start(capture=False)
        payment.void()
        assert isinstance(payment.capture(), Voided | Declined)
        assert not isinstance(payment.inquire(), MONEY)
        payment.charged(0)

    @needs("tombstone")
    def test_void_of_a_key_it_has_never_seen_forbids_it(self) -> None:
        """The tombstone: an authorize still on its way takes nothing when it arrives (R3, B3)."""
        payment = self.unsent()
        assert payment.void() == Voided()
        late = self.start(payment)
        assert isinstance(late.fact, Declined | Voided)
        assert isinstance(payment.inquire(), Declined | Voided)
        payment.charged(0)

    def test_a_refund_sends_it_all_back(self) -> None:
        """Taken money goes back whole, and an inquiry says so (I6, I7)."""
        payment = self.bought()
        refunded = payment.refund()
        assert isinstance(refunded, Refunded)
        assert refunded.amount == self.amount
        assert isinstance(payment.inquire(), Refunded)
        payment.charged(0)

    @needs("idempotent_keys")
    def test_a_refund_sent_again_is_made_once(self) -> None:
        """A refund whose answer was lost is sent again under its key (B13, I7)."""
        payment = self.bought()
        assert payment.refund() == payment.refund()
        assert isinstance(payment.inquire(), Refunded)

    def test_no_more_goes_back_than_came(self) -> None:
        """Neither a second refund nor too large a one is made (B15, I7)."""
        payment = self.bought()
        assert isinstance(payment.refund("/refund-1", self.amount + Money(1, self.amount.currency)), RefundRefused)
        assert payment.inquire() == Captured(payment.reference, self.amount)
        assert isinstance(payment.refund("/refund-2"), Refunded)
        assert isinstance(payment.refund("/refund-3"), RefundRefused)

    @needs("capture_later")
    def test_money_that_was_not_taken_is_not_refunded(self) -> None:
        """Reserved money is voided, not refunded."""
        payment = self.start(capture=False)
        assert isinstance(payment.refund(), RefundRefused)
        assert payment.inquire() == payment.fact

    @needs("idempotent_keys")
    def test_an_authorize_repeated_after_a_refund_takes_nothing(self) -> None:
        """A message from the past does not charge again, and nobody ships for money that went back (R2, R17)."""
        payment = self.bought()
        payment.refund()
        self.start(payment)
        assert isinstance(payment.inquire(), Refunded)
        payment.charged(0)

    # No answer.
    @needs("lost")
    def test_no_answer_and_nothing_happened(self) -> None:
        """NoAnswer, not a decline; then the inquiry finds nothing, and the same key works (B1, R3)."""
        payment = self.start(instrument=self.lost(), silent=True)
        assert payment.inquire() == NotFound()
        payment.charged(0)
        assert isinstance(self.start(payment).fact, MONEY)
        assert isinstance(payment.inquire(), MONEY)
        payment.charged(1)

    @needs("taken")
    def test_no_answer_and_the_money_was_taken(self) -> None:
        """NoAnswer, not a decline; the inquiry finds the money, exactly (B2, B4, R3)."""
        payment = self.start(instrument=self.taken(), silent=True)
        found = payment.inquire()
        assert isinstance(found, MONEY)
        assert found.amount == self.amount
        payment.charged(1)

    @needs("taken", "idempotent_keys")
    def test_no_answer_and_sent_again_takes_it_once(self) -> None:
        """The retry under the same key finds the first call's money (B2, R2, I5)."""
        payment = self.start(instrument=self.taken(), silent=True)
        assert self.start(payment).fact == payment.inquire()
        payment.charged(1)

    # The payer.
    @needs("challenge")
    def test_an_act_of_the_payer_is_asked_for_with_a_deadline(self) -> None:
        """What the payer must do is a value with an end in UTC, the same for whoever asks (C1)."""
        payment = self.start(instrument=self.challenge())
        assert isinstance(payment.fact, ActionNeeded)
        assert payment.fact.until.utcoffset() == timedelta(0)
        assert payment.fact.reference
        assert payment.inquire() == payment.fact
        payment.charged(0)

    @needs("challenge")
    def test_an_approval_is_found_by_asking(self) -> None:
        """The browser may never come back (C5, D4)."""
        payment = self.start(instrument=self.challenge())
        self.payer(payment.gateway, payment.key, "approve")
        found = payment.inquire()
        assert isinstance(found, MONEY)
        assert found.amount == self.amount
        payment.charged(1)

    @needs("challenge")
    def test_a_denial_is_a_decline(self) -> None:
        """The payer says no, and nothing was taken."""
        payment = self.start(instrument=self.challenge())
        self.payer(payment.gateway, payment.key, "deny")
        assert isinstance(payment.inquire(), Declined)
        payment.charged(0)

    @needs("challenge")
    def test_voided_is_said_only_of_what_the_payer_cannot_approve_any_more(self) -> None:
        """Void either stops the payer for good, or says that it cannot (C1, B9, I5)."""
        payment = self.start(instrument=self.challenge())
        stopped = payment.void()
        assert isinstance(stopped, Voided | Declined | ActionNeeded | Processing)
        self.payer(payment.gateway, payment.key, "approve")
        assert isinstance(payment.inquire(), MONEY) is isinstance(stopped, ActionNeeded | Processing)

    # What the promises are written with.
    def start(
        self,
        payment: Payment | None = None,
        *,
        gateway: Any = None,
        instrument: Instrument | None = None,
        amount: Money | None = None,
        capture: bool | None = None,
        silent: bool = False,
    ) -> Payment:
        """Authorize a new payment, or the same one again with something changed."""
        payment = payment or self.unsent(gateway, instrument, capture)
        capture = payment.captures if capture is None else capture
        asked, by = amount or self.amount, datetime.now(UTC) + timedelta(minutes=1)
        request = Authorize(payment.key, payment.gateway.name, 0, payment.key, asked, payment.instrument, capture, by)
        try:
            fact = payment.gateway.authorize(request)
        except NoAnswer:
            assert silent, "it gave no answer"
            return payment
        assert not silent, f"it answered {fact}"
        return Payment(self, payment.gateway, payment.key, payment.instrument, capture, fact)

    def unsent(self, gateway: Any = None, instrument: Instrument | None = None, capture: bool | None = None) -> Payment:
        """A payment the gateway has not been told of."""
        gateway = gateway or self.make()
        captures = gateway.capabilities.capture_with_authorize if capture is None else capture
        return Payment(self, gateway, f"kit-{uuid.uuid4()}/authorize", instrument or self.ok(), captures)

    def bought(self) -> Payment:
        """A payment whose money was taken, the way this gateway can."""
        payment = self.start()
        if isinstance(payment.fact, Authorized):
            payment.fact = payment.capture()
        assert isinstance(payment.fact, Captured)
        return payment


class Payment:
    """One payment under test: its key, and the last answer to its authorize."""

    def __init__(
        self, kit: GatewayContract, gateway: Any, key: str, instrument: Instrument, captures: bool, fact: Fact | None = None
    ) -> None:
        self.kit = kit
        self.gateway = gateway
        self.key = key
        self.instrument = instrument
        self.captures = captures
        self.fact = fact

    @property
    def reference(self) -> str:
        """The gateway's own name for it, as far as we were told."""
        return str(getattr(self.fact, "reference", ""))

    def capture(self) -> Fact:
        fact: Fact = self.gateway.capture(
            Capture(self.key, self.gateway.name, 1, f"{self.key}/capture", self.key, self.reference, self.kit.amount)
        )
        return fact

    def void(self) -> Fact:
        fact: Fact = self.gateway.void(Void(self.key, self.gateway.name, 2, f"{self.key}/void", self.key, self.reference))
        return fact

    def refund(self, name: str = "/refund", amount: Money | None = None) -> Fact:
        request = Refund(self.key, self.gateway.name, 3, self.key + name, self.key, self.reference, amount or self.kit.amount)
        fact: Fact = self.gateway.refund(request)
        return fact

    def inquire(self) -> Fact:
        fact: Fact = self.gateway.inquire(Inquire(self.key, self.gateway.name, 4, self.key, self.reference))
        return fact

    def charged(self, times: int) -> None:
        """The gateway's own record says so, if there is one to look at (I5)."""
        found = self.kit.charges(self.gateway, self.key)
        assert found is None or found == times, f"it holds money {found} times instead of {times}"
