"""What many runs have reached: which faults struck which call in which state, which moves were made, and which marks must be reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from checkout_core.checkout import Checkout
from checkout_core.payments import AttemptState

MARKS: Final[Mapping[str, str]] = {
    "placed": "an order was placed",
    "declined": "a payment was declined",
    "another card": "after a decline another payment bought it",
    "challenge": "the payer had to act first",
    "challenge left": "the payer never acted, and the goods were let go",
    "expired": "a checkout lapsed unpaid",
    "cancelled while paying": "the shopper turned back with a call in flight",
    "order cancelled": "a placed order was cancelled, and its money sent back",
    "unknown": "a call had no answer",
    "unknown, then paid": "a call without an answer turned out to have taken the money",
    "unknown, then sent again": "a call without an answer never arrived, and was sent again",
    "stopped before it came": "a call still on its way was forbidden by a void",
    "re-acquired": "money that came late bought the goods after all",
    "re-acquire lost": "money that came late found the goods gone, and went back",
    "drift quarantined": "another amount than asked was sent back",
    "refund refused": "a refund waits for a person",
    "out of stock": "a shopper was refused for want of goods",
    "coupon used up": "a shopper was refused for want of a coupon's use",
    "quote changed": "a shopper was told of a new price before paying",
    "joined": "a second request joined the payment of the first",
    "rerun found its record": "a unit that had committed was run again, and found its own record",
    "rolled back": "a unit was rolled back and run again",
    "taken over": "another process went on with a checkout whose process had died",
    "overtaken": "a process woke after others had gone on without it",
    "news first": "a webhook told it before the call did",
    "old news": "a webhook came again when it was old",
    "dead letter": "a message was given up and waits for a person",
    "told twice": "a message was sent twice, because the first answer was lost",
    "merged": "a guest's cart went into an account's",
    "asked again": "a shopper without an answer asked again, and was told the same",
}


class Coverage:
    """What was reached so far. Adding two is what many runs reached together."""

    def __init__(self) -> None:
        self.cells: Counter[tuple[str, str, str]] = Counter()
        self.transitions: Counter[tuple[str, str, str]] = Counter()
        self.marks: Counter[str] = Counter()
        self.evaluated: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()

    def add(self, other: Coverage) -> None:
        """Take what another has reached."""
        self.cells.update(other.cells)
        self.transitions.update(other.transitions)
        self.marks.update(other.marks)
        self.evaluated.update(other.evaluated)
        self.struck.update(other.struck)

    def transition(self, what: str, before: object, after: object) -> None:
        self.transitions[what, "new" if before is None else str(before), str(after)] += 1

    def moved(self, old: Checkout | None, c: Checkout) -> None:
        """The marks that can be seen from a checkout's change."""
        if old is None:
            return
        marks = self.marks
        if c.order is not None and old.order is None:
            marks["placed"] += 1
            if len(c.attempts) > 1:
                marks["another card"] += 1
            if old.abandoned == "expired":
                marks["re-acquired"] += 1
        if c.order is not None and old.order is not None and c.order.cancelled and not old.order.cancelled:
            marks["order cancelled"] += 1
        if c.abandoned != old.abandoned:
            if c.abandoned == "expired":
                marks["expired"] += 1
                if any(a.unwanted == "unfinished" or a.state is AttemptState.ACTION for a in c.attempts):
                    marks["challenge left"] += 1
            elif c.abandoned == "out-of-stock":
                marks["re-acquire lost"] += 1
            elif c.abandoned == "cancelled" and old.in_flight:
                marks["cancelled while paying"] += 1
        for attempt in c.attempts:
            before = old.attempt(attempt.key)
            if before is attempt or before is None:
                continue
            self._attempt(before.state, attempt.state, attempt.unwanted, before.unwanted)
            if attempt.stuck and not before.stuck:
                marks["refund refused"] += 1

    def _attempt(self, before: AttemptState, after: AttemptState, unwanted: str, was_unwanted: str) -> None:
        marks = self.marks
        if unwanted == "amount-differs" and not was_unwanted:
            marks["drift quarantined"] += 1
        if was_unwanted and not unwanted and after in (AttemptState.CAPTURED, AttemptState.AUTHORIZED):
            marks["re-acquired"] += 1
        if before is after:
            return
        if after is AttemptState.DECLINED:
            marks["declined"] += 1
        elif after is AttemptState.ACTION:
            marks["challenge"] += 1
        elif after is AttemptState.UNKNOWN:
            marks["unknown"] += 1
        elif before is AttemptState.UNKNOWN:
            if after is AttemptState.INTENDED:
                marks["unknown, then sent again"] += 1
            elif after in (AttemptState.CAPTURED, AttemptState.AUTHORIZED):
                marks["unknown, then paid"] += 1
            elif after is AttemptState.VOIDED:
                marks["stopped before it came"] += 1
