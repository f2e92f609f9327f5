"""A host's own storage or gateway in a simulated shop, behind the layer of faults: what is lost, late or turned away is decided before it.

The store is asked directly, so it must be of the sync port. The gateway's truth is what this layer has seen it answer, the answers that the
shop was not given among them. What only a provider itself could do wrong (`decline`, `pending`, `amount_drift`, …) is left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final, Protocol, TypeVar, assert_never

from attrs import define, evolve, field, frozen

from checkout_core.effects import Authorize, Capture, Inquire, Refund, RemoteEffect, Void
from checkout_core.errors import CheckoutError, Misconfigured, NoAnswer, Unavailable
from checkout_core.memory import Tables
from checkout_core.money import Money
from checkout_core.payments import (
    ActionNeeded,
    Authorized,
    Capabilities,
    Captured,
    Declined,
    Fact,
    NotFound,
    Processing,
    Refunded,
    RefundRefused,
    Voided,
)
from checkout_core.ports import Clock
from checkout_core.simulation.levels import Level, ModelLevel, Opened
from checkout_core.simulation.parts import Stores
from checkout_core.simulation.provider import LOST, TURNED_AWAY, UNHEARD, Later, Payment, Provider
from checkout_core.simulation.scenarios import GatewayTerms
from checkout_core.tokens import UNKNOWN

T = TypeVar("T")
_STORE: Final = ("transact", "look", "due", "blocking", "pools", "undelivered")
_GATEWAY: Final = ("name", "capabilities", "authorize", "capture", "void", "refund", "inquire")


class OwnGateway(Protocol):
    """A gateway of the sync port."""

    @property
    def capabilities(self) -> Capabilities: ...
    def authorize(self, request: Authorize) -> Fact: ...
    def capture(self, request: Capture) -> Fact: ...
    def void(self, request: Void) -> Fact: ...
    def refund(self, request: Refund) -> Fact: ...
    def inquire(self, request: Inquire) -> Fact: ...


MakesStorage = Callable[[Clock], Stores]
MakesGateway = Callable[[Clock], OwnGateway]


@define
class OwnLevel:
    """The level of a host: each part is made anew for every run, on that run's clock. Without a storage, runs store as `under` does."""

    storage: MakesStorage | None = None
    gateway: MakesGateway | None = None
    under: Level = ModelLevel()
    _made: list[object] = field(factory=list)

    def open(self, clock: Clock) -> OwnOpened:
        """The parts for one run. Raises Misconfigured if they are no such parts, or are not new."""
        store = None if self.storage is None else _new(self.storage, clock, "storage", _STORE, self._made)
        gateway = None if self.gateway is None else _new(self.gateway, clock, "gateway", _GATEWAY, self._made)
        self._made = [part for part in (store, gateway) if part is not None]
        return OwnOpened(self.under.open(clock) if store is None else _Own(store), gateway, clock)


def _new(make: Callable[[Clock], T], clock: Clock, what: str, words: Sequence[str], old: Sequence[object]) -> T:
    try:
        part = make(clock)
    except CheckoutError:
        raise
    except Exception as error:
        raise Misconfigured(f"The factory of the {what} raised {type(error).__name__}. It is called with one argument, a clock.") from error
    missing = [word for word in words if not hasattr(part, word)]
    if missing:
        kind = type(part).__name__
        raise Misconfigured(f"{kind} is no {what}: it has no {missing[0]!r}. Give a factory of a sync {what}, called with a clock.")
    if any(part is one for one in old):
        raise Misconfigured(f"The factory gave the same {what} twice. Each run begins with a new one: make it inside of the factory.")
    return part


@frozen
class _Own:
    """A host's store, of which nothing is known but its port."""

    stores: Stores

    @property
    def tables(self) -> Tables | None:
        return None

    def check(self, provider: Provider) -> Sequence[tuple[str, str]]:
        return ()

    def close(self) -> None:
        _closed(self.stores)


@frozen
class OwnOpened:
    """The parts of one run."""

    store: Opened
    gateway: OwnGateway | None
    clock: Clock

    @property
    def stores(self) -> Stores:
        return self.store.stores

    @property
    def tables(self) -> Tables | None:
        return self.store.tables

    def provider(self, later: Later) -> Provider | None:
        """The books about the host's gateway; None if the model's is to be used."""
        return None if self.gateway is None else Observed(self.gateway, self.clock, later)

    def check(self, provider: Provider) -> Sequence[tuple[str, str]]:
        return self.store.check(provider)

    def close(self) -> None:
        """Close what can be closed."""
        self.store.close()
        _closed(self.gateway)


def _closed(part: object) -> None:
    close = getattr(part, "close", None)
    if callable(close):
        close()


class Observed(Provider):
    """The books about a gateway that keeps its own."""

    def __init__(self, gateway: OwnGateway, clock: Clock, later: Later) -> None:
        capabilities = gateway.capabilities
        window = timedelta(seconds=capabilities.settle_window)
        super().__init__(evolve(GatewayTerms(), settle_window=capabilities.settle_window, webhooks=False), clock.now, later)
        self.capabilities = capabilities
        self.gateway = gateway
        self._longest = window
        self._references: dict[str, str] = {}
        self._sent_back: set[str] = set()

    def takes(self, request: RemoteEffect) -> int:
        """None: how long it takes is not its own to say in virtual time."""
        return 0

    def call(self, request: RemoteEffect, fault: str = "", delay: int = 60) -> Fact:
        """Ask the gateway, as the fault lets it. Raises NoAnswer, and Unavailable if nothing happened."""
        if fault in TURNED_AWAY:
            raise Unavailable(f"The call was turned away ({fault}). Repeat it later, under the same key.")
        if fault in LOST:
            if fault == "late_applied" and not isinstance(request, Inquire):
                at = self._now() + min(timedelta(seconds=delay), self._longest)
                self._later(at, f"gateway.late {_about(request)}", lambda: self._arrives(request))
            raise NoAnswer("The gateway gave no answer. Ask again under the same key.")
        fact = self._ask(request)
        if fault in UNHEARD:
            raise NoAnswer("The gateway gave no answer. Ask again under the same key.")
        return fact

    def _arrives(self, request: RemoteEffect) -> None:
        with suppress(Exception):  # nobody waits for its answer any more, and whatever goes wrong is none (R3)
            self._ask(request)

    def _ask(self, request: RemoteEffect) -> Fact:
        if not isinstance(request, Inquire):
            self._used.setdefault(request.key, (None, self._now()))
        try:
            fact = self._sent(request)
        except NoAnswer:
            with suppress(NoAnswer, Unavailable):  # the gateway's own silence: what is true now is asked behind the shop's back
                inquiry = Inquire(request.attempt, request.gateway, request.nth, _about(request), "")
                self._saw(inquiry, self.gateway.inquire(inquiry))
            raise
        self._saw(request, fact)
        return fact

    def _sent(self, request: RemoteEffect) -> Fact:
        match request:
            case Authorize():
                return self.gateway.authorize(request)
            case Capture():
                return self.gateway.capture(request)
            case Void():
                return self.gateway.void(request)
            case Refund():
                return self.gateway.refund(request)
            case Inquire():
                return self.gateway.inquire(request)
            case _:
                assert_never(request)

    # What was seen.
    def _saw(self, request: RemoteEffect, fact: Fact) -> None:
        match fact:
            case NotFound() | RefundRefused():
                return
            case Voided() if self.find(_about(request)) is None:
                self.tombstones.setdefault(_about(request), self._now())
            case Authorized(reference, amount):
                self._moves(self._of(request, reference, amount), "authorized")
            case Captured(reference, amount):
                payment = self._of(request, reference, amount)
                if payment.state not in ("captured", "refunded"):
                    self._took(payment, amount)
            case Refunded(_, amount):
                self._went_back(request, amount)
            case ActionNeeded(reference) | Processing(reference):
                self._moves(self._of(request, reference, None), "asked" if isinstance(fact, ActionNeeded) else "processing")
            case Declined():
                self._moves(self._of(request, "", None), "declined")
            case Voided():
                self._moves(self._of(request, "", None), "voided")
            case _:
                assert_never(fact)

    def _of(self, request: RemoteEffect, reference: str, amount: Money | None) -> Payment:
        """The payment that an answer is about: another one, if an authorize that was sent again is told by another reference."""
        key = _about(request)
        payment, known = self.find(key), self._references.get(key, "")
        another = (
            isinstance(request, Authorize)
            and payment is not None
            and payment.charged
            and "" not in (known, reference)
            and known != reference
        )
        if payment is None or another:
            if payment is not None:
                self._times[key] = self._times.get(key, 1) + 1
            name = key if payment is None else f"{key}#{self._times[key]}"
            asked = request.amount if isinstance(request, Authorize) else Money(0, amount.currency if amount else "EUR")
            payment = Payment(name, "asked", amount or asked, self._now(), UNKNOWN, capture=False)
            payment.history.append((self._now(), "asked"))
            self.payments[name] = payment
            self._account(payment).payments.append(payment)
        elif amount is not None and payment.state in ("asked", "processing"):
            payment.amount = amount
        if reference:
            self._references[key] = reference
        return payment

    def _moves(self, payment: Payment, state: str) -> None:
        if payment.state != state and payment.state not in ("captured", "refunded"):
            self._becomes(payment, state)  # type: ignore[arg-type]

    def _took(self, payment: Payment, amount: Money) -> None:
        payment.captured, payment.captured_at = amount.minor, self._now()
        self._account(payment).captured += amount.minor
        self._becomes(payment, "captured")

    def _went_back(self, request: RemoteEffect, amount: Money) -> None:
        """A refund is made once under its key; an inquiry says the sum."""
        payment = self._of(request, "", amount)
        if not payment.captured:
            self._took(payment, amount)
        if isinstance(request, Refund):
            more = 0 if request.key in self._sent_back else amount.minor
            self._sent_back.add(request.key)
        else:
            more = max(amount.minor - payment.refunded, 0)
        payment.refunded += more
        self._account(payment).refunded += more
        if payment.refunded >= payment.captured and payment.state != "refunded":
            self._becomes(payment, "refunded")


def _about(request: RemoteEffect) -> str:
    return request.key if isinstance(request, Authorize) else request.authorization
