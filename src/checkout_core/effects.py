"""What the core asks of the world, and what can come back.

Local effects are what our own database can do: they run inside the unit of work that stores the state they lead to. Remote effects are
what only a gateway can do: the intent is stored first, the call made between units, the outcome recorded by the next (R1).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import frozen

from checkout_core.holds import Claim, Short, Taken
from checkout_core.money import Money
from checkout_core.payments import (
    ActionNeeded,
    Authorized,
    Captured,
    Declined,
    Fact,
    Instrument,
    Processing,
    Refunded,
    RefundRefused,
    Voided,
)


# Local effects.
@frozen
class Take:
    """Hold exactly these claims, all or nothing; what was held before and is not claimed now is let go."""

    claims: tuple[Claim, ...]


@frozen
class Free:
    """Let go of everything held or committed."""


@frozen
class Place:
    """Make it an order: commit the holds, close the cart. Writes only: it cannot be refused."""


# Remote effects. Each names its attempt and its gateway; `nth` numbers the calls of an attempt, so that a late reply to an earlier call is
# never taken for this one's. `authorization` is the key of the authorize call, by which the gateway knows the payment; `reference` is the
# gateway's own name for it, empty while we do not know it.
@frozen
class Authorize:
    """Reserve the money; with `capture`, take it at once. Not to be sent after `by`: then others may have gone on.

    What is stored has `by` by the store's clock (UTC); an adapter is given it by the clock of its own process.
    """

    attempt: str
    gateway: str
    nth: int
    key: str
    amount: Money
    instrument: Instrument
    capture: bool
    by: datetime


@frozen
class Capture:
    """Take the money that was reserved."""

    attempt: str
    gateway: str
    nth: int
    key: str
    authorization: str
    reference: str
    amount: Money


@frozen
class Void:
    """Let reserved money go, and make sure that an authorize call still on its way takes none (a tombstone)."""

    attempt: str
    gateway: str
    nth: int
    key: str
    authorization: str
    reference: str


@frozen
class Refund:
    """Send back what was taken."""

    attempt: str
    gateway: str
    nth: int
    key: str
    authorization: str
    reference: str
    amount: Money


@frozen
class Inquire:
    """What do you know of this payment?"""

    attempt: str
    gateway: str
    nth: int
    authorization: str
    reference: str


LocalEffect = Take | Free | Place
RemoteEffect = Authorize | Capture | Void | Refund | Inquire
Effect = LocalEffect | RemoteEffect


@frozen
class Wait:
    """Nothing to do before `until` (UTC) unless news comes; None waits for a person."""

    until: datetime | None


@frozen
class Done:
    """Nothing more to do."""


# Outcomes that are not a gateway's facts.
@frozen
class Freed:
    """Everything was let go."""


@frozen
class Booked:
    """The order stands."""


@frozen
class NoReply:
    """The call may have acted or not."""


Outcome = Taken | Short | Freed | Booked | NoReply | Fact

# Which news ends the wait for a call in flight; anything else is noted, and weighed when the call lands.
RESOLVED_BY: Final[Mapping[type, tuple[type, ...]]] = {
    Authorize: (Authorized, Captured, ActionNeeded, Processing, Declined, Voided, Refunded),
    Inquire: (Authorized, Captured, ActionNeeded, Processing, Declined, Voided, Refunded),
    Capture: (Captured, Voided, Declined, Refunded),
    Void: (Voided, Captured, Declined, Refunded),
    Refund: (Refunded, RefundRefused),
}
