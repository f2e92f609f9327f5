"""What a step leaves behind: the events and postings that follow from a checkout before and after it: derived, never set (RB-46)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from checkout_core.checkout import Checkout
from checkout_core.events import Event
from checkout_core.ledger import Entry, Posting, entries, reversed_entries
from checkout_core.money import Money
from checkout_core.orders import OrderState
from checkout_core.payments import Attempt, AttemptState
from checkout_core.pricing import Quote
from checkout_core.values import evolve

ALARM_AT = 8  # inquiries in a row that settled nothing, before a person is told (R19)

Told = tuple[str, tuple[tuple[str, str | int], ...]]


def events_of(before: Checkout | None, after: Checkout, now: datetime, acts: Sequence[Told] = ()) -> tuple[Checkout, tuple[Event, ...]]:
    """The events of this step, numbered on from the last (I14), and the checkout that has counted them.

    `acts` of a person come first: who said or did what, and why, whatever follows from it.
    """
    told = (*acts, *_told(before, after))
    events = tuple(Event(after.id, after.events + n, kind, now, facts) for n, (kind, facts) in enumerate(told, start=1))
    return evolve(after, events=after.events + len(events)), events


def _told(before: Checkout | None, after: Checkout) -> Iterator[Told]:
    if before is None:
        yield "checkout.begun", (("cart", after.cart),)
    for attempt in after.attempts:
        yield from _told_of_attempt(before.attempt(attempt.key) if before else None, attempt)
    old = before.order if before else None
    if after.order is not None and old is None:
        order = after.order
        sold = (("number", order.number), ("total", order.total.minor), ("currency", order.total.currency))
        yield "order.placed", (*sold, *_tried(after.quote))
    if after.order is not None and after.order.state is OrderState.CANCELLED and (old is None or old.state is not OrderState.CANCELLED):
        yield "order.cancelled", (("number", after.order.number), ("reason", after.order.cancelled), *_by(after))
    was = before.abandoned if before else ""
    if after.abandoned and after.abandoned != was:
        yield "checkout.abandoned", (("reason", after.abandoned), *_by(after))
    if was and not after.abandoned:
        yield "checkout.reinstated", (("reason", was),)


def _told_of_attempt(before: Attempt | None, after: Attempt) -> Iterator[Told]:
    key = ("attempt", after.key)
    state = before.state if before else None
    if before is None:
        yield "payment.started", (key, ("gateway", after.gateway), ("method", after.instrument.method))
    if after.state is not state:
        match after.state:
            case AttemptState.ACTION:
                yield "payment.action_needed", (key,)
            case AttemptState.DECLINED:
                yield "payment.declined", (key, ("reason", after.reason))
            case AttemptState.CAPTURED:
                yield "payment.received", (key, *_amount(after))
            case AttemptState.REFUNDED if _received(before):
                yield "payment.refunded", (key, *_amount(after))
            case _:
                pass
    if after.unwanted == "amount-differs" and (before is None or before.unwanted != after.unwanted):
        yield "payment.quarantined", (key, *_amount(after))
    if _refund_due(after) and not _refund_due(before):
        yield "payment.refund_due", (key, *_amount(after), ("reason", after.unwanted))
    if after.stuck and (before is None or not before.stuck):
        yield "payment.attention", (key, ("reason", after.stuck))
    if after.asked == ALARM_AT and (before is None or before.asked < ALARM_AT):
        yield "payment.attention", (key, ("reason", "no-answer"))


def _tried(quote: Quote | None) -> tuple[tuple[str, str], ...]:
    """The experiments that the order was in, as `id=variant` with spaces between, for whoever counts them; nothing if it was in none."""
    pairs = quote.experiments if quote is not None else ()
    return (("experiments", " ".join([f"{experiment}={variant}" for experiment, variant in pairs])),) if pairs else ()


def _by(c: Checkout) -> tuple[tuple[str, str], ...]:
    return (("by", c.by),) if c.by else ()


def _refund_due(attempt: Attempt | None) -> bool:
    return attempt is not None and bool(attempt.unwanted) and attempt.state is AttemptState.CAPTURED


def _received(attempt: Attempt | None) -> bool:
    return attempt is not None and attempt.state is AttemptState.CAPTURED


def _amount(attempt: Attempt) -> tuple[tuple[str, str | int], ...]:
    return ("amount", attempt.taken.minor), ("currency", attempt.taken.currency)


def postings_of(before: Checkout | None, after: Checkout, now: datetime) -> tuple[Posting, ...]:
    """What this step does to the books (R28)."""
    posted: list[Posting] = []

    def post(name: str, currency: str, posted_entries: tuple[Entry, ...]) -> None:
        if posted_entries:
            posted.append(Posting(f"{after.id}/{name}", after.id, currency, name.split("/")[0], now, posted_entries))

    for attempt in after.attempts:
        old = before.attempt(attempt.key) if before else None
        state = old.state if old else None
        amount = attempt.taken
        name = attempt.key.rsplit("/", 1)[-1]
        if attempt.state is not state and attempt.state is AttemptState.CAPTURED:
            post(f"received/{name}", amount.currency, _money_in(amount))
        if attempt.state is not state and attempt.state is AttemptState.REFUNDED:
            if not _received(old):
                post(f"received/{name}", amount.currency, _money_in(amount))
            post(f"refunded/{name}", amount.currency, reversed_entries(_money_in(amount)))
    if after.order is not None and after.quote is not None:
        was = before.order.state if before and before.order else None
        if was is None:
            post("placed", after.currency, _sale(after.quote))
        if after.order.state is OrderState.CANCELLED and was is not OrderState.CANCELLED:
            post("cancelled", after.currency, reversed_entries(_sale(after.quote)))
    return tuple(posted)


def _money_in(amount: Money) -> tuple[Entry, ...]:
    return entries(gateway=amount.minor, receivable=-amount.minor)


def _sale(quote: Quote) -> tuple[Entry, ...]:
    goods, carriage = sum([line.net for line in quote.lines]), sum([sent.net for sent in quote.shipping])
    totals = quote.totals
    paid = totals.cards + totals.card_tax
    got = {"receivable": quote.total.minor, "gift_cards": paid}
    return entries(**got, sales=-goods, shipping=-carriage, tax=-totals.tax, rounding=-totals.rounded)
