"""A payment provider with its own truth: what it took and gave back is in its own books, with which the shop's are compared (I5, I20).

It knows the wire's values and nothing that decides. Cards are reserved or taken at once, or after a challenge; a UPI intent is taken when
its payer approves, and cannot be called back. The token of the instrument says what happens (`TOKENS`), a fault what goes wrong on the way.

- A key acts once while it is remembered. Repeated with the same content it answers what is true now; with other content it does nothing.
- A capability that is switched off is really missing: without idempotent keys an authorize sent twice takes the money twice, and the
  second payment stands in the books as `key#2`. After `forgets_keys_after` seconds a key acts anew, too.
- A call that comes late comes within `settle_window` of being sent.
- What it did wins: void of captured money answers `Captured`, capture of voided money `Voided` (B16).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal, TypeAlias, assert_never

from attrs import define, field

from checkout_core.effects import Authorize, Capture, Inquire, Refund, RemoteEffect, Void
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.money import Money
from checkout_core.payments import (
    ActionNeeded,
    Authorized,
    Capabilities,
    Captured,
    Challenge,
    Declined,
    Fact,
    NotFound,
    Processing,
    Refunded,
    RefundRefused,
    UpiIntent,
    Voided,
)
from checkout_core.simulation.scenarios import GatewayTerms
from checkout_core.tokens import ARRIVES_LATE, CHALLENGE_LASTS, INTENT_LASTS, TOKENS, UNKNOWN, Act, Token

__all__ = ["TOKENS", "Account", "Payment", "Provider"]

State = Literal["asked", "processing", "authorized", "captured", "declined", "voided", "refunded"]
Later: TypeAlias = Callable[[datetime, str, Callable[[], None]], None]
"""At that instant this happens, under that address: a call such as `payer.act`, a blank, and the key of the payment."""
News: TypeAlias = Callable[[str, Fact], None]
"""What became of a payment, by the key of its attempt. Whether it is sent to the shop (`GatewayTerms.webhooks`) is its hearer's to say."""
Call: TypeAlias = Authorize | Capture | Void | Refund

SLOW: Final = 3  # seconds
WAITING: Final = ("asked", "processing")
LOST: Final = frozenset({"timeout_lost", "late_applied"})
UNHEARD: Final = frozenset({"timeout_applied", "err5xx_applied", "garbage"})
TURNED_AWAY: Final = frozenset({"inprogress_409", "rate_429", "unauthorised"})
ANSWERED: Final = frozenset({"", "decline", "declined_then_paid", "pending", "amount_drift", "amount_short", "refund_refused", "query_lag"})


@define(eq=False)
class Payment:
    """What the provider knows of one authorize. `history` is every state with its instant, `until` the end of what the payer may do.

    `corrected`: it was declined, and its money came all the same; nobody could know before they were told.
    """

    key: str
    state: State
    amount: Money
    since: datetime
    token: Token
    capture: bool
    captured_at: datetime | None = None
    captured: int = 0
    refunded: int = 0
    until: datetime | None = None
    reason: str = ""
    corrected: bool = False
    history: list[tuple[datetime, str]] = field(factory=list)

    @property
    def charged(self) -> bool:
        """Whether money of the payer is reserved or taken, and not all given back (I5)."""
        return self.state in ("authorized", "captured")


@define(eq=False)
class Account:
    """One checkout's payments, and their sums: how many are charged now, what was captured and refunded, in minor units."""

    payments: list[Payment] = field(factory=list)
    charged: int = 0
    captured: int = 0
    refunded: int = 0


class Provider:
    """The books, and the calls that change them. `now` is its clock; what happens by itself is given to `later`, and told as `news`."""

    def __init__(self, terms: GatewayTerms, now: Callable[[], datetime], later: Later, news: News | None = None) -> None:
        self.terms = terms
        self.capabilities = Capabilities(
            frozenset({"card", "upi"}),
            capture_with_authorize=terms.capture_with_authorize,
            capture_later=terms.capture_later,
            idempotent_keys=terms.idempotent_keys,
            tombstone=terms.tombstone,
            settle_window=terms.settle_window,
            call_timeout=terms.call_timeout,
        )
        self.payments: dict[str, Payment] = {}
        self.tombstones: dict[str, datetime] = {}
        self.accounts: dict[str, Account] = {}
        self._now = now
        self._later = later
        self._news = news
        self._window = timedelta(seconds=terms.settle_window)
        self._times: dict[str, int] = {}  # how often a key was taken for a new payment, where that is more than once
        self._used: dict[str, tuple[object, datetime]] = {}
        self._called: dict[str, datetime] = {}  # when an authorize was sent last, whether or not it has arrived
        self._seen: set[tuple[str, str]] = set()

    # What is true.
    def find(self, key: str) -> Payment | None:
        """The payment under that authorize key; the last, where the key has acted more than once."""
        times = self._times.get(key)
        return self.payments.get(key if times is None else f"{key}#{times}")

    def acted(self, key: str) -> bool:
        """Whether a call under that key has come and was done."""
        return key in self._used

    def fact(self, key: str) -> Fact:
        """What is true of an authorize key, in the words of the port."""
        payment = self.find(key)
        if payment is None:
            return Voided() if key in self.tombstones else NotFound()
        return self._says(payment, payment.state)

    def charges(self, checkout: str) -> int:
        """How many payments of a checkout are reserved or taken at this instant (I5)."""
        account = self.accounts.get(checkout)
        return 0 if account is None else account.charged

    def kept(self, checkout: str) -> int:
        """What was taken from a checkout's payer and not given back, in minor units."""
        account = self.accounts.get(checkout)
        return 0 if account is None else account.captured - account.refunded

    def payments_of(self, checkout: str) -> Sequence[Payment]:
        """Every payment of a checkout, in the order of their calls."""
        account = self.accounts.get(checkout)
        return () if account is None else account.payments

    # What is asked of it.
    def takes(self, request: RemoteEffect) -> int:
        """The seconds until the answer to this call, where its token makes it slow; else none."""
        return min(SLOW, self.terms.call_timeout) if self._token(request).slow else 0

    def call(self, request: RemoteEffect, fault: str = "", delay: int = ARRIVES_LATE) -> Fact:
        """Do it, and answer. `fault` is one of `faults.FAULTS` that can strike a gateway; `delay` is how many seconds later a late call
        arrives (`late_applied`) or a payment is decided (`pending`).

        Raises NoAnswer, and Unavailable if nothing happened. Raises ValueError for a fault that is not the gateway's.
        """
        if fault in TURNED_AWAY:
            raise Unavailable(f"The provider turned the call away ({fault}). Repeat it later, under the same key.")
        if not (fault in ANSWERED or fault in LOST or fault in UNHEARD):
            raise ValueError(f"{fault!r} is no fault of a gateway's call. See faults.MENU.")
        if isinstance(request, Inquire):
            if fault in LOST or fault in UNHEARD:
                raise _no_answer()
            return self._remembered(request.authorization) if fault == "query_lag" else self.fact(request.authorization)
        if isinstance(request, Authorize):
            self._called[request.key] = self._now()
        lost, silent, arrives = fault in LOST, fault in UNHEARD, delay if fault == "late_applied" else None
        token = self._token(request)
        if (token.lost or token.silent) and self._first(request):
            named = _operation(request)
            silent = silent or token.silent == named
            if token.lost == named:
                lost, arrives = True, token.arrives if arrives is None else arrives
        if lost:
            if arrives is not None:
                at = self._now() + min(timedelta(seconds=arrives), self._window)
                self._later(at, f"gateway.late {_about(request)}", partial(self._arrive, request))
            raise _no_answer()
        fact = self._act(request, fault, delay)
        if silent:
            raise _no_answer()
        return fact

    def payer(self, key: str, act: Literal["approve", "deny"]) -> None:
        """The payer acts now on what is asked of them; too late or twice, nothing happens."""
        payment = self.find(key)
        if payment is not None:
            self._payer_acts(payment, act)

    def _arrive(self, request: Call) -> None:
        self._act(request, "", ARRIVES_LATE)

    def _act(self, request: Call, fault: str, delay: int) -> Fact:
        now, content = self._now(), _content(request)
        used = self._used.get(request.key)
        keeps = self.terms.forgets_keys_after
        again = used is not None and self.terms.idempotent_keys and (keeps is None or now <= used[1] + timedelta(seconds=keeps))
        if again and used is not None and used[0] != content:
            return RefundRefused("key-reused") if isinstance(request, Refund) else Declined("key-reused")
        match request:
            case Authorize():
                fact = self._authorize(request, again, fault, delay)
            case Capture():
                fact = self._capture(request, fault)
            case Void():
                fact = self._void(request)
            case Refund():
                fact = self._refund(request, again, fault)
            case _:
                assert_never(request)
        if not again and not isinstance(fact, RefundRefused | NotFound):  # what did not happen may be tried again under its key
            self._used[request.key] = (content, now)
        return fact

    def _authorize(self, request: Authorize, again: bool, fault: str, delay: int) -> Fact:
        key, now = request.key, self._now()
        if key in self.tombstones:
            return Voided()
        old = self.find(key)
        if old is not None and (again or old.state == "voided"):
            return self._says(old, old.state)
        token = self._token(request)
        extra = token.drift + (fault == "amount_drift") - (fault == "amount_short")
        amount = Money(request.amount.minor + extra, request.amount.currency) if extra else request.amount
        capture = token.method == "upi" or not self.terms.capture_later or (request.capture and self.terms.capture_with_authorize)
        if old is not None:
            self._times[key] = self._times.get(key, 1) + 1
        payment = Payment(key if old is None else f"{key}#{self._times[key]}", "asked", amount, now, token, capture)
        self.payments[payment.key] = payment
        self._account(payment).payments.append(payment)
        wrong = token.refused if token.refused and fault != "pending" else "declined" if fault in ("decline", "declined_then_paid") else ""
        if token.method != request.instrument.method:
            wrong = UNKNOWN.refused
        if wrong or amount.minor <= 0:
            self._becomes(payment, "declined", wrong or "invalid-amount")
            if fault == "declined_then_paid" and self.terms.webhooks and not token.refused and amount.minor > 0:
                at = now + min(timedelta(seconds=delay), self._window)
                self._later(at, f"gateway.corrects {payment.key}", partial(self._corrects, payment))
        elif fault == "pending":
            self._becomes(payment, "processing")
            self._later(now + timedelta(seconds=delay), f"gateway.decides {payment.key}", partial(self._decides, payment))
        elif token.act is None:
            self._pays(payment)
        else:
            self._ask_payer(payment, token.act)
        return self._says(payment, payment.state)

    def _ask_payer(self, payment: Payment, act: Act) -> None:
        token, since = payment.token, payment.since
        lasts = INTENT_LASTS if token.method == "upi" else CHALLENGE_LASTS
        payment.until = since + timedelta(seconds=lasts)
        self._becomes(payment, "asked")
        at = token.busy if token.busy is not None else token.after if act != "leave" else None
        if at is not None:
            self._later(since + timedelta(seconds=at), f"payer.act {payment.key}", partial(self._payer_acts, payment, act))
        ends = lasts if at is not None and at < lasts else token.after + (act != "leave") * ARRIVES_LATE
        self._later(since + timedelta(seconds=ends), f"gateway.ends {payment.key}", partial(self._ends, payment, "asked"))

    def _payer_acts(self, payment: Payment, act: Act) -> None:
        if payment.state not in WAITING:
            return
        if act == "approve":
            self._pays(payment)
        elif act == "deny":
            self._becomes(payment, "declined", "denied-by-payer")
        else:  # approved, and now the bank's turn, which never decides
            self._becomes(payment, "processing")
            over = payment.since + timedelta(seconds=payment.token.after)
            self._later(over, f"gateway.ends {payment.key}", partial(self._ends, payment, "processing"))

    def _ends(self, payment: Payment, waiting: State) -> None:
        if payment.state == waiting:
            self._becomes(payment, "declined", "not-completed")

    def _decides(self, payment: Payment) -> None:
        if payment.state == "processing":
            token = payment.token
            if token.refused or token.act in ("deny", "leave"):
                self._becomes(payment, "declined", token.refused or "not-completed")
            else:
                self._pays(payment)

    def _corrects(self, payment: Payment) -> None:
        """The no was a mistake: the money is there. Only a message can tell, so it is sent until it is taken."""
        if payment.state == "declined":
            payment.corrected = True
            self._pays(payment, payment.amount.minor)

    def _capture(self, request: Capture, fault: str) -> Fact:
        payment = self.find(request.authorization)
        if payment is None or payment.state != "authorized":
            return self.fact(request.authorization)
        if fault == "decline":
            self._becomes(payment, "declined", "declined")
        elif request.amount.currency != payment.amount.currency or not 0 < request.amount.minor <= payment.amount.minor:
            return Declined("more-than-authorized")
        else:
            self._pays(payment, request.amount.minor)
        return self._says(payment, payment.state)

    def _void(self, request: Void) -> Fact:
        payment = self.find(request.authorization)
        if payment is None and self.terms.tombstone:
            self.tombstones.setdefault(request.authorization, self._now())
        elif payment is not None and (payment.state == "authorized" or (payment.state == "asked" and payment.token.method == "card")):
            self._becomes(payment, "voided")
        return self.fact(request.authorization)

    def _refund(self, request: Refund, again: bool, fault: str) -> Fact:
        payment, amount = self.find(request.authorization), request.amount
        made = Refunded(f"r-{request.key}", amount)
        if again:
            return made
        if payment is None:
            return RefundRefused("unknown-payment")
        if payment.state != "captured":
            return RefundRefused("already-refunded" if payment.state == "refunded" else "not-captured")
        if amount.currency != payment.amount.currency or not 0 < amount.minor <= payment.captured - payment.refunded:
            return RefundRefused("more-than-captured")
        if fault == "refund_refused" or not payment.token.refunds:
            return RefundRefused("refused-by-bank")
        payment.refunded += amount.minor
        self._account(payment).refunded += amount.minor
        if payment.refunded == payment.captured:
            self._becomes(payment, "refunded")
        return made

    # How its books change.
    def _pays(self, payment: Payment, minor: int | None = None) -> None:
        if minor is None and not payment.capture:
            self._becomes(payment, "authorized")
            return
        payment.captured = payment.amount.minor if minor is None else minor
        payment.captured_at = self._now()
        self._account(payment).captured += payment.captured
        self._becomes(payment, "captured")

    def _becomes(self, payment: Payment, state: State, reason: str = "") -> None:
        account, was = self._account(payment), payment.charged
        payment.state, payment.reason = state, reason
        payment.history.append((self._now(), state))
        account.charged += payment.charged - was
        if self._news is not None:
            attempt = payment.key.partition("#")[0].removesuffix("/authorize")
            self._news(attempt, self._says(payment, state))

    def _account(self, payment: Payment) -> Account:
        checkout = payment.key.rsplit("/", 2)[0]
        account = self.accounts.get(checkout)
        if account is None:
            account = self.accounts[checkout] = Account()
        return account

    def _says(self, payment: Payment, state: str) -> Fact:
        """What it says of a payment in that state."""
        reference = f"g-{payment.key}"
        match state:
            case "asked" if payment.until is not None and self._now() < payment.until:
                if payment.token.method == "upi":
                    return ActionNeeded(reference, UpiIntent(f"upi://pay?pa=model@invalid&tr={reference}"), payment.until)
                return ActionNeeded(reference, Challenge(f"https://model.invalid/3ds/{reference}"), payment.until)
            case "authorized":
                return Authorized(reference, payment.amount)
            case "captured":
                return Captured(reference, _of(payment, payment.captured))
            case "refunded":
                return Refunded(reference, _of(payment, payment.refunded))
            case "declined":
                return Declined(payment.reason)
            case "voided":
                return Voided()
            case _:
                return Processing(reference)

    def _remembered(self, key: str) -> Fact:
        """What it said before the last change, where that is younger than the settle window: it does not know yet what it has done."""
        payment, now = self.find(key), self._now()
        if payment is None:
            voided_at = self.tombstones.get(key)
            return NotFound() if voided_at is not None and now <= voided_at + self._window else self.fact(key)
        if now > payment.history[-1][0] + self._window:
            return self.fact(key)
        if len(payment.history) > 1:
            return self._says(payment, payment.history[-2][1])
        return NotFound() if now <= self._called[key] + self._window else self.fact(key)  # late or lagging: in all within one window

    def _token(self, request: RemoteEffect) -> Token:
        if isinstance(request, Authorize):
            return TOKENS.get(request.instrument.token, UNKNOWN)
        payment = self.find(request.authorization)
        return UNKNOWN if payment is None else payment.token

    def _first(self, request: Call) -> bool:
        """Whether this is the first call of its kind for its payment."""
        called = (_operation(request), _about(request))
        if called in self._seen:
            return False
        self._seen.add(called)
        return True


def _operation(request: RemoteEffect) -> str:
    return type(request).__name__.lower()


def _about(request: Call) -> str:
    return request.key if isinstance(request, Authorize) else request.authorization


def _content(request: Call) -> object:
    """What a key stands for, so that it is not used for something else."""
    match request:
        case Authorize():
            return request.amount, request.instrument, request.capture
        case Void():
            return Void, request.authorization
        case Capture() | Refund():
            return type(request), request.authorization, request.amount


def _of(payment: Payment, minor: int) -> Money:
    return payment.amount if minor == payment.amount.minor else Money(minor, payment.amount.currency)


def _no_answer() -> NoAnswer:
    return NoAnswer("The provider gave no answer. Ask again under the same key.")
