"""Why a purchase is where it is, in sentences: read off the stored value, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from checkout_cli.rendering.facts import pool_words, quoted, short_id, time_words
from checkout_core.checkout import LATE, Checkout
from checkout_core.effects import Authorize, Capture, Done, Inquire, Refund, RemoteEffect, Void, Wait
from checkout_core.events import Event
from checkout_core.holds import CouponPool, Stock
from checkout_core.money import Money
from checkout_core.orders import OrderState
from checkout_core.payments import MONEY, Attempt, AttemptState

EVENT_WORDS: Final[Mapping[str, str]] = {
    "checkout.begun": "the checkout began",
    "checkout.abandoned": "the checkout was given up ({reason})",
    "checkout.reinstated": "the checkout was taken up again (it had been given up: {reason})",
    "payment.started": "a payment by {method} was started at {gateway}",
    "payment.action_needed": "the payer was asked to confirm it",
    "payment.declined": "the payment was declined ({reason})",
    "payment.received": "{amount} arrived",
    "payment.refund_due": "{amount} must go back ({reason})",
    "payment.refunded": "{amount} went back",
    "payment.quarantined": "{amount} arrived, which is not the amount agreed; it is kept apart",
    "payment.attention": "a person must look at the payment ({reason})",
    "payment.stated": "{by} said that the payment is {fact} ({reason})",
    "payment.retried": "{by} looked at the payment and let it go on ({reason})",
    "order.placed": "order {number} was placed, {total}",
    "order.cancelled": "order {number} was cancelled ({reason})",
}
"""What an event says; every kind has its words."""

EXPLAINED: Final[Mapping[str, str]] = {
    "checkout.begun": "The cart was priced; the quote is frozen and is what the shopper agrees to pay.",
    "checkout.abandoned": "Whatever was held is free for others again, and money that had come or still comes goes back.",
    "checkout.reinstated": "Money that was given up on came after all, and the goods could be had: the shopper keeps the purchase.",
    "payment.started": "The goods were held and the wish to pay stored, under one key, before the gateway was called: it charges once.",
    "payment.action_needed": "The goods stay held while the payer is at it; if nobody comes, they are let go and nothing is charged.",
    "payment.declined": "A definite no: nothing was charged. The goods stay held for a while, so that another card can be tried.",
    "payment.received": "The gateway's own figure was compared with what was agreed, and booked in the ledger.",
    "payment.refund_due": "This money is not ours to keep: sending it back was decided in the same commit that learned of it.",
    "payment.refunded": "The gateway confirmed it; the ledger has it.",
    "payment.quarantined": "An amount nobody agreed to buys nothing: it goes back in full.",
    "payment.attention": "The program asked as often as makes sense. `checkout payment resolve` tells it what a person found out.",
    "payment.stated": "A person's verified statement counts like the gateway's own news, and is settled on the same path.",
    "payment.retried": "What had stopped for a person is tried again, under the same key.",
    "order.placed": "Placing, the goods, the books and this message were one commit.",
    "order.cancelled": "The goods are in stock again; what was paid goes back.",
}


def event_words(event: Event) -> str:
    """An event in plain words."""
    facts: dict[str, object] = dict(event.facts)
    currency = facts.get("currency")
    for name in ("amount", "total"):
        minor = facts.get(name)
        if type(minor) is int and isinstance(currency, str):
            facts[name] = Money(minor, currency)
    reason = facts.get("reason")
    if isinstance(reason, str):
        facts["reason"] = LATE.get(reason, reason) or "no reason given"
    try:
        words = EVENT_WORDS[event.kind].format_map(facts)
    except KeyError:
        return event.kind
    return f"{words}, by {facts['by']}" if facts.get("by") and "{by}" not in EVENT_WORDS[event.kind] else words


def state_of(c: Checkout) -> str:
    """One word for where a purchase is: the order's, or the checkout's before there is one."""
    if c.order is not None:
        return str(c.order.state)
    if c.abandoned:
        return "abandoned"
    return "paying" if c.paying is not None else "open"


def reasons(c: Checkout) -> Iterator[str]:
    """Why it is what it is, about its money, its goods, and what comes next."""
    yield f"It is {state_of(c)}, {_because(c)}."
    yield from (f"Payment {n} of {len(c.attempts)}: {_attempt(attempt)}." for n, attempt in enumerate(c.attempts, start=1))
    goods = [claim for claim in c.held if isinstance(claim.pool, Stock)]
    uses = dict.fromkeys(pool_words(claim.pool) for claim in c.held if isinstance(claim.pool, CouponPool))
    if goods:
        verb = "It has sold" if c.order is not None else "It holds"
        yield f"{verb} {', '.join(f'{claim.amount} × {pool_words(claim.pool)}' for claim in goods)}."
    if uses:
        yield f"{'It has used up' if c.order is not None else 'It keeps'} {' and '.join(uses)}."
    if not goods and not uses and (c.order is None or c.over):
        yield "It holds nothing."
    if stuck := next((attempt for attempt in c.attempts if attempt.stuck), None):
        yield f"Next: a person looks, and says what is true: checkout payment show {quoted(short_id(c.number, stuck.key))}"
    else:
        yield _next(c.next, c.due_at)


def _because(c: Checkout) -> str:
    order = c.order
    if order is not None and order.state is OrderState.CANCELLED:
        return f"because somebody asked for that: {order.cancelled or c.because or 'no reason was given'}"
    if order is not None:
        paying = c.attempt(order.paid_by)
        if paying is None or not order.total.minor:
            return "because there was nothing to pay, and everything it needs could be had"
        money = "reserved" if paying.state is AttemptState.AUTHORIZED else "taken"
        return f"because {order.total} was {money} at {paying.gateway}, and everything it needs was held"
    if c.abandoned:
        told = LATE.get(c.abandoned, c.abandoned)
        return f"because {told}{f' ({c.because})' if c.because and c.because != c.abandoned else ''}"
    if c.paying is not None:
        return "because a payment is under way and not decided"
    if c.attempts:
        return f"because no payment came through yet; the shopper has until {time_words(c.lapses_at)} to try another"
    if c.quote is None:
        return "because the shopper has not said everything yet that the price depends on"
    return f"because nobody has paid yet; it lapses at {time_words(c.lapses_at)}"


_STATES: Final[Mapping[AttemptState, str]] = {
    AttemptState.INTENDED: "stored, and perhaps sent",
    AttemptState.UNKNOWN: "sent, and there is no definite answer yet; that is neither success nor decline",
    AttemptState.ACTION: "waiting for the payer",
    AttemptState.PROCESSING: "accepted by the gateway, and not decided yet",
    AttemptState.AUTHORIZED: "the money is reserved",
    AttemptState.CAPTURED: "the money was taken",
    AttemptState.DECLINED: "declined",
    AttemptState.VOIDED: "called off; nothing was taken",
    AttemptState.REFUNDED: "the money went back",
}


def _attempt(attempt: Attempt) -> str:
    where = f" at {attempt.gateway}" if attempt.gateway else ""
    words = f"{attempt.amount} by {attempt.instrument.method}{where}: {_STATES[attempt.state]}"
    if attempt.reason:
        words += f" ({attempt.reason})"
    if attempt.received is not None and attempt.received != attempt.amount:
        words += f"; the gateway says {attempt.received}"
    if attempt.doubt:
        words += "; a call has no answer, so the gateway is asked before anything else is done"
    if given_up := given_up_words(attempt.unwanted, attempt.state):
        words += f"; {given_up}"
    if attempt.stuck:
        words += f"; a person must look ({attempt.stuck})"
    return words


def given_up_words(unwanted: str, state: AttemptState) -> str:
    """Why this attempt's money is not wanted any more, while that still matters."""
    why = LATE.get(unwanted, unwanted)
    if not unwanted or state is AttemptState.REFUNDED:
        return ""
    return f"must go back: {why}" if state in MONEY else f"given up: {why}"


def call_words(effect: RemoteEffect) -> str:
    """A call to a gateway in words."""
    match effect:
        case Authorize():
            return "asking for the money"
        case Capture():
            return "taking the reserved money"
        case Void():
            return "calling the payment off"
        case Refund():
            return "sending the money back"
        case Inquire():
            return "asking what became of the payment"


def _next(next: RemoteEffect | Wait | Done | None, due_at: datetime | None) -> str:
    match next:
        case None | Done():
            return "Nothing more happens by itself."
        case Wait():
            return f"Next: a worker looks again at {time_words(due_at, 'no set time')}."
        case _:
            words = call_words(next)
            return f"A call is under way ({words}). If its answer is not stored by {time_words(due_at)}, a worker asks the gateway first."
