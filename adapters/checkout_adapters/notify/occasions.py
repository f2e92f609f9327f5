"""Which events make a mail, and which one. `OCCASIONS` is the whole answer; what is not in it makes none.

    order.placed           confirmation
    order.cancelled        cancellation, with what goes back
    payment.declined       payment-failed, if the shopper was sent away or told to wait; who was told no at the page gets no mail,
                           nor does anybody whose order is placed by now
    checkout.abandoned     expired: payment-failed, for the last payment that was not completed
                           out-of-stock: refund, for money that was only reserved
    payment.refund_due     refund: money came too late, twice, or in another amount; what a cancelled order had cost is in its cancellation
    payment.refunded       refund, if nobody knew before that it would go back

A letter is named by checkout, template and attempt: there is one for each name, for ever (RB-44, RB-91). So the events are chosen
such that no two of them make the same letter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, Literal

from attrs import frozen

from checkout_core.checkout import Checkout
from checkout_core.events import Event
from checkout_core.notices import Notice
from checkout_core.orders import OrderState
from checkout_core.payments import Attempt, AttemptState

Template = Literal["confirmation", "cancellation", "payment-failed", "refund"]

WAITED: Final = 2  # calls that may land while the shopper looks on: the payment, and one inquiry at once if it has no answer


@frozen
class Occasion:
    """A letter to be written: by which template, about which checkout, and which of its attempts to pay, if it is about one.

    `why` is a stable key, as the core gives it: the letter has a sentence for those it knows, and says nothing of the others.
    """

    template: Template
    checkout: Checkout
    attempt: Attempt | None = None
    why: str = ""

    @property
    def id(self) -> str:
        """The name of the letter: the same whenever it is written, another for every other letter."""
        named = "\n".join((self.checkout.id, self.template, self.attempt.key if self.attempt else ""))
        return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def moved(self) -> bool:
        """Whether money was taken, which goes back; else it was reserved at most, and is free again."""
        return self.attempt is not None and self.attempt.state in (AttemptState.CAPTURED, AttemptState.REFUNDED)


def occasion(notice: Notice) -> Occasion | None:
    """The letter this notice asks for; None if there is nothing to say, or nothing left to say it about."""
    if notice.checkout is None or notice.event.kind not in OCCASIONS:
        return None
    return OCCASIONS[notice.event.kind](notice.event, notice.checkout)


def _placed(event: Event, c: Checkout) -> Occasion | None:
    return Occasion("confirmation", c, _paying(c)) if c.order is not None else None


def _cancelled(event: Event, c: Checkout) -> Occasion | None:
    return Occasion("cancellation", c, _paying(c), c.order.cancelled) if c.order is not None else None


def _declined(event: Event, c: Checkout) -> Occasion | None:
    attempt = _attempt(event, c)
    if attempt is None or c.order is not None or not _left_the_page(attempt):
        return None
    return Occasion("payment-failed", c, attempt, attempt.reason)


def _abandoned(event: Event, c: Checkout) -> Occasion | None:
    if c.order is not None:
        return None
    match dict(event.facts).get("reason"):
        case "expired":
            unfinished = [a for a in c.attempts if a.state is not AttemptState.DECLINED and not a.money and not _moved(a)]
            return Occasion("payment-failed", c, unfinished[-1], "expired") if unfinished else None
        case "out-of-stock":
            reserved = [a for a in c.attempts if a.unwanted == "out-of-stock" and not _moved(a)]
            return Occasion("refund", c, reserved[-1], "out-of-stock") if reserved else None
        case _:
            return None


def _refund_due(event: Event, c: Checkout) -> Occasion | None:
    attempt = _attempt(event, c)
    return Occasion("refund", c, attempt, attempt.unwanted) if attempt is not None and not _told_by_cancellation(attempt, c) else None


def _refunded(event: Event, c: Checkout) -> Occasion | None:
    attempt = _attempt(event, c)
    if attempt is None or attempt.unwanted or _told_by_cancellation(attempt, c):
        return None  # unwanted: it was due, and said so
    return Occasion("refund", c, attempt)


OCCASIONS: Final[Mapping[str, Callable[[Event, Checkout], Occasion | None]]] = {
    "order.placed": _placed,
    "order.cancelled": _cancelled,
    "payment.declined": _declined,
    "checkout.abandoned": _abandoned,
    "payment.refund_due": _refund_due,
    "payment.refunded": _refunded,
}


def _attempt(event: Event, c: Checkout) -> Attempt | None:
    return c.attempt(str(dict(event.facts).get("attempt", "")))


def _paying(c: Checkout) -> Attempt | None:
    return c.attempt(c.order.paid_by) if c.order is not None and c.order.paid_by else None


def _left_the_page(attempt: Attempt) -> bool:
    """Only a payment that was not decided at once has a reference when it is declined, or took more calls than a shopper waits for."""
    return bool(attempt.reference) or attempt.calls > WAITED


def _moved(attempt: Attempt) -> bool:
    return attempt.state in (AttemptState.CAPTURED, AttemptState.REFUNDED)


def _told_by_cancellation(attempt: Attempt, c: Checkout) -> bool:
    return c.order is not None and c.order.paid_by == attempt.key and c.order.state is OrderState.CANCELLED
