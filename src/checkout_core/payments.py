"""Attempts to be paid, and what a gateway may tell us about one. Decisions only: nothing here calls anybody.

An attempt has one key, one gateway, one frozen amount and one state. The state moves along ATTEMPT_MOVES and nowhere else, whoever
brings the news: our own call's reply, a webhook, an inquiry, an operator (R6). `UNKNOWN` is a state, not a failure (R3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from checkout_core.money import Money
from checkout_core.values import evolve, masked


@frozen
class Card:
    """A card, as the token of the gateway's own payment page. There is no field for its number (R24)."""

    token: str = field(repr=masked)

    @property
    def method(self) -> str:
        return "card"


@frozen
class Upi:
    """UPI (intent or QR): the payer approves in an app of theirs. The token is the gateway's."""

    token: str = field(repr=masked)

    @property
    def method(self) -> str:
        return "upi"


@frozen
class ZeroTender:
    """The explicit payment of a total of nothing: no gateway is asked, every other rule holds (I4, G8)."""

    @property
    def token(self) -> str:
        return ""

    @property
    def method(self) -> str:
        return "zero"


Instrument = Card | Upi | ZeroTender


@frozen
class Challenge:
    """3-D Secure: send the payer to this page, and let them come back."""

    url: str


@frozen
class UpiIntent:
    """Show this link (or its QR): the payer approves in their UPI app."""

    uri: str


Action = Challenge | UpiIntent


@frozen
class Capabilities:
    """What a gateway can and cannot do, as its adapter declares it.

    `idempotent_keys`: the same key never acts twice, so a lost call may be sent again. `tombstone`: voiding a key it has never seen
    makes sure that it never will act. `settle_window`: how long after a call the gateway may still come to know of it.
    `call_timeout`: the adapter answers or gives up within this time. Both are in seconds.
    """

    methods: frozenset[str]
    currencies: frozenset[str] | None = None
    capture_with_authorize: bool = True
    capture_later: bool = True
    idempotent_keys: bool = True
    tombstone: bool = True
    settle_window: int = 900
    call_timeout: int = 30

    def takes(self, method: str, currency: str) -> bool:
        """Whether a payment of that method in that currency can be made here."""
        return method in self.methods and (self.currencies is None or currency in self.currencies)


@frozen
class Terms:
    """The capabilities an attempt was made under, kept with it: an adapter's update must not change the rules for money in flight."""

    resend: bool = True
    tombstone: bool = True
    settle_window: int = 900
    call_timeout: int = 30

    @classmethod
    def of(cls, capabilities: Capabilities) -> Terms:
        return cls(capabilities.idempotent_keys, capabilities.tombstone, capabilities.settle_window, capabilities.call_timeout)


class AttemptState(StrEnum):
    """What we know of an attempt."""

    INTENDED = "intended"  # stored, and perhaps sent
    UNKNOWN = "unknown"  # sent, and no answer
    ACTION = "action"  # the payer must do something
    PROCESSING = "processing"  # the gateway is still at it
    AUTHORIZED = "authorized"  # the money is reserved
    CAPTURED = "captured"  # the money is ours, for now
    DECLINED = "declined"
    VOIDED = "voided"
    REFUNDED = "refunded"


_NEWS = frozenset(AttemptState) - {AttemptState.INTENDED, AttemptState.UNKNOWN}

ATTEMPT_MOVES: Final[Mapping[AttemptState, frozenset[AttemptState]]] = {
    AttemptState.INTENDED: _NEWS | {AttemptState.UNKNOWN},
    AttemptState.UNKNOWN: _NEWS | {AttemptState.INTENDED},
    AttemptState.ACTION: _NEWS - {AttemptState.ACTION},
    AttemptState.PROCESSING: _NEWS - {AttemptState.PROCESSING, AttemptState.ACTION},
    AttemptState.AUTHORIZED: frozenset({AttemptState.CAPTURED, AttemptState.VOIDED, AttemptState.DECLINED, AttemptState.REFUNDED}),
    AttemptState.CAPTURED: frozenset({AttemptState.REFUNDED}),
    # Money that comes after a definitive no is still money: the only way out of a closed attempt, and it leads to a refund.
    AttemptState.DECLINED: frozenset({AttemptState.CAPTURED}),
    AttemptState.VOIDED: frozenset({AttemptState.CAPTURED}),
    AttemptState.REFUNDED: frozenset(),
}

CLOSED: Final = frozenset({AttemptState.DECLINED, AttemptState.VOIDED, AttemptState.REFUNDED})
MONEY: Final = frozenset({AttemptState.AUTHORIZED, AttemptState.CAPTURED})
PAYER: Final = frozenset({AttemptState.ACTION, AttemptState.PROCESSING})


# What a gateway may tell us. `amount` is its own raw figure, compared with ours before it counts (R14, R17).
@frozen
class Authorized:
    """The money is reserved."""

    reference: str
    amount: Money


@frozen
class Captured:
    """The money was taken."""

    reference: str
    amount: Money


@frozen
class ActionNeeded:
    """The payer must act before `until`."""

    reference: str
    action: Action
    until: datetime


@frozen
class Processing:
    """Accepted, and not decided yet."""

    reference: str


@frozen
class Declined:
    """Definitely not, and nothing was taken."""

    reason: str


@frozen
class Voided:
    """This key will never take money: reserved money is free again, and a call still on its way will be refused."""


@frozen
class Refunded:
    """The money went back."""

    reference: str
    amount: Money


@frozen
class RefundRefused:
    """The gateway will not send the money back: a person must look."""

    reason: str


@frozen
class NotFound:
    """The gateway does not know this key; final only when the settle window has passed (R3)."""


Fact = Authorized | Captured | ActionNeeded | Processing | Declined | Voided | Refunded | RefundRefused | NotFound

STATE_OF: Final[Mapping[type, AttemptState]] = {
    Authorized: AttemptState.AUTHORIZED,
    Captured: AttemptState.CAPTURED,
    ActionNeeded: AttemptState.ACTION,
    Processing: AttemptState.PROCESSING,
    Declined: AttemptState.DECLINED,
    Voided: AttemptState.VOIDED,
    Refunded: AttemptState.REFUNDED,
}


@frozen(slots=False, cache_hash=True)
class Attempt:
    """One try to be paid. Its calls are `{key}/authorize`, `{key}/capture`, `{key}/void`, `{key}/refund` (R2).

    `unwanted` says why its money must not stay; `verdict` is the refusal its callers are told, written once and never changed. `doubt`
    is set while a call of ours has no answer, and is settled by inquiry before anything else. `calls` numbers the calls made for it,
    `asked` those in a row that settled nothing; `ask_at` is when to ask again, `final_at` when a gateway's "not found" is final.
    """

    key: str
    gateway: str
    instrument: Instrument
    amount: Money
    capture: bool = True
    terms: Terms = Terms()
    state: AttemptState = AttemptState.INTENDED
    reference: str = ""
    received: Money | None = None
    reason: str = ""
    action: Action | None = None
    until: datetime | None = None
    unwanted: str = ""
    verdict: tuple[str, str] | None = None
    stop_asked: bool = False
    doubt: bool = False
    stuck: str = ""
    calls: int = 0
    asked: int = 0
    ask_at: datetime | None = None
    final_at: datetime | None = None

    @property
    def authorization(self) -> str:
        """The key of its authorize call: by this the gateway knows the payment."""
        return f"{self.key}/authorize"

    @property
    def taken(self) -> Money:
        """The gateway's own figure, once it has told one; else what was asked."""
        return self.amount if self.received is None else self.received

    @property
    def open(self) -> bool:
        """Whether its money may still come, stay or have to go back."""
        return self.state not in CLOSED

    @property
    def money(self) -> bool:
        """Whether the gateway holds or has taken the money."""
        return self.state in MONEY


def attempt_key(checkout: str, quote_hash: str, client_key: str) -> str:
    """The key of an attempt, computed from what is stored, so that even a lost row would yield it again (R2)."""
    digest = hashlib.sha256(f"{quote_hash}\n{client_key}".encode()).hexdigest()[:32]
    return f"{checkout}/{digest}"


def settle(attempt: Attempt, fact: Fact) -> Attempt:
    """The attempt after this news; the same object if it tells nothing new. Older news never moves it back (R4, R17).

    That money is reserved may be older than a stop of ours without an answer, which may have let it go since: the doubt stays (B16).
    """
    state = STATE_OF.get(type(fact))
    if state is None or state not in ATTEMPT_MOVES[attempt.state]:
        return attempt
    late = attempt.state in CLOSED
    doubt = attempt.doubt and attempt.stop_asked and state is AttemptState.AUTHORIZED
    attempt = evolve(attempt, state=state, doubt=doubt, stuck="", asked=0, ask_at=None, action=None, until=None)
    match fact:
        case Authorized(reference, amount) | Captured(reference, amount):
            wrong = "amount-differs" if amount != attempt.amount else "late" if late else ""
            return evolve(attempt, reference=reference, received=amount, unwanted=wrong or attempt.unwanted)
        case ActionNeeded(reference, action, until):
            return evolve(attempt, reference=reference, action=action, until=until)
        case Processing(reference):
            return evolve(attempt, reference=reference)
        case Declined(reason):
            return evolve(attempt, reason=reason)
        case _:
            return attempt


def back_off(asked: int) -> timedelta:
    """How long to wait before asking for the n-th time in a row: 1, 2, 4 … seconds, at most an hour (R25)."""
    return timedelta(seconds=min(2 ** min(asked, 12), 3600))
