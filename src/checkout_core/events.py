"""What the outbox carries: facts that are already committed, in sequence, with allow-listed fields only (R9, R24, I14).

No event holds a name, an address or an amount that is not on the order: who delivers it reads the person row at delivery.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import field, frozen

KINDS: Final[Mapping[str, frozenset[str]]] = {
    "checkout.begun": frozenset({"cart"}),
    "checkout.abandoned": frozenset({"reason", "by"}),
    "checkout.reinstated": frozenset({"reason"}),
    "payment.started": frozenset({"attempt", "gateway", "method"}),
    "payment.action_needed": frozenset({"attempt"}),
    "payment.declined": frozenset({"attempt", "reason"}),
    "payment.received": frozenset({"attempt", "amount", "currency"}),
    "payment.refund_due": frozenset({"attempt", "amount", "currency", "reason"}),
    "payment.refunded": frozenset({"attempt", "amount", "currency"}),
    "payment.quarantined": frozenset({"attempt", "amount", "currency"}),
    "payment.attention": frozenset({"attempt", "reason"}),
    "payment.stated": frozenset({"attempt", "fact", "by", "reason"}),
    "payment.retried": frozenset({"attempt", "by", "reason"}),
    "order.placed": frozenset({"number", "total", "currency", "experiments"}),
    "order.cancelled": frozenset({"number", "reason", "by"}),
}


def _allowed(event: Event, _: object, facts: tuple[tuple[str, str | int], ...]) -> None:
    allowed = KINDS.get(event.kind)
    if allowed is None:
        raise ValueError(f"This release knows no event {event.kind!r}. Upgrade checkout-core, or write another.")
    extra = [name for name, _ in facts if name not in allowed]
    if extra:
        raise ValueError(f"The event {event.kind} may not carry {sorted(set(extra))}.")


@frozen
class Event:
    """One committed fact about one checkout. `seq` counts 1, 2, 3 … without a gap; `id` is what a consumer de-duplicates by."""

    checkout: str
    seq: int
    kind: str
    at: datetime
    facts: tuple[tuple[str, str | int], ...] = field(default=(), validator=_allowed)

    @property
    def id(self) -> str:
        return f"{self.checkout}/{self.seq}"
