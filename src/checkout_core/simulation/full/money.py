"""Money: what the gateway's own books say against what we have written down, at every instant and at rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from checkout_core.checkout import Checkout
from checkout_core.events import Event
from checkout_core.ledger import GATEWAY, RECEIVABLE, Posting
from checkout_core.memory import Tables
from checkout_core.payments import Attempt, AttemptState
from checkout_core.simulation.full.scene import Known, attempt_of, by_checkout, charged, corrected, live, pays_for_order
from checkout_core.simulation.violations import Violation

Payments = Mapping[str, Sequence[Known]]


def money(t: Tables, payments: Iterable[Known]) -> None:
    """I5, I6, I7 and I8, at every instant: against the gateway's own books."""
    known = by_checkout(payments)
    one_charge(known)
    not_stranded(t, known)
    within_bounds(t, known)
    as_asked(t, known)


def one_charge(payments: Payments) -> None:
    """I5 a purchase is charged once at a time: an eventual refund would hide the second charge."""
    for id, known in payments.items():
        if len(known) > 1:
            now = [payment.key for payment in known if charged(payment) and not corrected(payment)]
            if len(now) > 1:
                raise Violation(
                    "I5",
                    f"a shopper is charged {len(now)} times at once",
                    (f"the gateway's books: {' and '.join(now)} are charged", f"the checkout {id}: it is one purchase"),
                    id,
                )


def not_stranded(t: Tables, payments: Payments) -> None:
    """I6 money at the gateway is an order's, or somebody will come for it: a call under way, a refund due, or a person."""
    for id, known in payments.items():
        c = t.checkouts.get(id)
        for payment in known:
            if not charged(payment):
                continue
            attempt = None if c is None else c.attempt(attempt_of(payment))
            if c is None or attempt is None:
                raise Violation(
                    "I6",
                    "the gateway has money of which we know nothing",
                    (f"the gateway's books: {payment.key} is {payment.state}", f"the checkout {id}: it has no such attempt"),
                    id,
                )
            if payment.state == "captured" and not pays_for_order(c, attempt.key) and not attempt.stuck:
                coming = c.due_at is not None and (c.in_flight or any(a.open for a in c.attempts))
                if not coming:
                    raise Violation(
                        "I6",
                        "captured money is attached to nothing, and nobody will come for it",
                        (f"the gateway's books: {payment.key} is captured", f"the attempt: {said(attempt)}, due {c.due_at}"),
                        id,
                    )


def within_bounds(t: Tables, payments: Payments) -> None:
    """I7 no more is taken than was quoted (or it is known, and goes back), and no more goes back than was taken."""
    for id, known in payments.items():
        c = t.checkouts.get(id)
        for payment in known:
            attempt = None if c is None else c.attempt(attempt_of(payment))
            goes_back = not charged(payment) or corrected(payment)
            if c is None or attempt is None or goes_back or _other_amount_is_dealt_with(attempt, payment):
                continue
            if c.quote is None or payment.amount.minor > c.quote.total.minor:
                raise Violation(
                    "I7",
                    "more was taken than was quoted",
                    (f"the gateway's books: {payment.amount} for {payment.key}", f"the quote of {id}: {c.quote and c.quote.total}"),
                    id,
                )
    for (id, currency), balance in balances(t.postings, GATEWAY).items():
        if balance < 0:
            raise Violation(
                "I7",
                "more went back than was taken",
                (f"the ledger: {balance} {currency} of {id} at the gateway", "a refund: it is at most what was taken"),
                id,
            )


def as_asked(t: Tables, payments: Payments) -> None:
    """I8 the gateway's raw amount is the one that was asked for, or it is known to differ, and goes back."""
    for id, known in payments.items():
        c = t.checkouts.get(id)
        for payment in known:
            attempt = None if c is None else c.attempt(attempt_of(payment))
            if attempt is None or payment.amount == attempt.amount or not charged(payment):
                continue
            if not _other_amount_is_dealt_with(attempt, payment):
                raise Violation(
                    "I8",
                    "the gateway took another amount than was asked for, and it is to stay",
                    (f"the gateway's books: {payment.amount} for {payment.key}", f"the attempt: {attempt.amount}, {said(attempt)}"),
                    id,
                )


def _other_amount_is_dealt_with(attempt: Attempt, payment: Known) -> bool:
    """Whether an amount that differs is still unheard of, or in quarantine (B21)."""
    if payment.amount == attempt.amount:
        return False
    unheard = attempt.state not in (AttemptState.AUTHORIZED, AttemptState.CAPTURED)
    return unheard or bool(attempt.unwanted and attempt.received == payment.amount)


def paid(t: Tables, payments: Payments) -> None:
    """I4 every order that stands is paid for, by an attempt that has its whole total; nothing to pay is a payment of nothing."""
    for id, c in t.checkouts.items():
        if not live(c) or c.order is None:
            continue
        attempt = c.attempt(c.order.paid_by)
        known = None if attempt is None else _known(payments.get(id, ()), attempt.key)
        ours = attempt is not None and attempt.money and attempt.taken == c.order.total and not attempt.unwanted
        theirs = not c.order.total.minor or (known is not None and known.amount.minor >= c.order.total.minor)
        if not ours or not theirs:
            raise Violation(
                "I4",
                "an order stands that is not paid for",
                (f"the order {id}: {c.order.total}, paid by {c.order.paid_by or 'nothing'}", f"its payment: {_both(attempt, known)}"),
                id,
            )


def entered_paid(id: str, old: Checkout | None, c: Checkout, payments: Iterable[Known]) -> None:
    """I4 at the commit in which an order appears, its whole total is secured at the gateway."""
    if c.order is None or (old is not None and old.order is not None):
        return
    secured = sum(p.amount.minor for p in payments if charged(p) and p.key.startswith(f"{id}/"))
    if secured < c.order.total.minor:
        raise Violation(
            "I4",
            f"{id} was placed with {secured} of {c.order.total.minor} secured",
            (f"the order {id}: {c.order.total}", f"the gateway's books: {secured} secured"),
            id,
        )


def posted(t: Tables) -> None:
    """I11 every posting balances in its one currency, and is written once."""
    seen: set[str] = set()
    for posting in t.postings:
        total = sum(entry.amount for entry in posting.entries)
        if total:
            raise Violation(
                "I11",
                "a posting does not balance",
                (f"the ledger: {posting.id} adds up to {total} {posting.currency}", "double entry: it adds up to nothing"),
                posting.checkout,
            )
        if posting.id in seen:
            raise Violation(
                "I11", "one thing was posted twice", (f"the ledger: {posting.id}", f"the ledger again: {posting.id}"), posting.checkout
            )
        seen.add(posting.id)


def only_added_to(before: Tables, after: Tables) -> None:
    """I11 the ledger, and the outbox with it, are only added to: what was written once stays as it is."""
    for name, old, new in (("the ledger", before.postings, after.postings), ("the outbox", before.events, after.events)):
        same = len(new) >= len(old) and all(a is b or a == b for a, b in zip(old, new, strict=False))
        if not same:
            at = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(new))
            entry: Posting | Event = old[at]
            raise Violation(
                "I11",
                f"{name} was rewritten",
                (f"{name} before: {entry.id} in place {at}", f"{name} now: {new[at].id if at < len(new) else 'nothing'} there"),
                entry.checkout,
            )


def cleared(t: Tables) -> None:
    """I11 at rest nobody owes anything: the clearing account of every checkout is zero, unless a person has its refund before them."""
    for (id, currency), balance in balances(t.postings, RECEIVABLE).items():
        stuck = any(attempt.stuck for attempt in t.checkouts[id].attempts)
        if balance and not stuck:
            raise Violation(
                "I11",
                "a clearing account is not zero, and nothing is left to do",
                (f"the ledger: {balance} {currency} receivable of {id}", f"the checkout {id}: nothing is due"),
                id,
            )


def attached(t: Tables, payments: Payments) -> None:
    """I6 at rest all captured money is exactly one standing order's; all other went back, or a person has its refund before them."""
    for id, known in payments.items():
        c = t.checkouts.get(id)
        for payment in known:
            if not charged(payment):
                continue
            attempt = None if c is None else c.attempt(attempt_of(payment))
            if c is not None and attempt is not None and (pays_for_order(c, attempt.key) or attempt.stuck):
                continue
            raise Violation(
                "I6",
                "money was kept for nothing",
                (
                    f"the gateway's books: {payment.key} is {payment.state}",
                    f"the checkout {id}: {'it has no such attempt' if attempt is None else said(attempt)}",
                ),
                id,
            )


def agreed(t: Tables, payments: Payments) -> None:
    """I20 at rest we and the gateway say the same of every payment, and an order's money is there."""
    for id, c in t.checkouts.items():
        for attempt in c.attempts:
            if not attempt.gateway:
                continue
            known = _known(payments.get(id, ()), attempt.key)
            theirs, ours = "voided" if known is None else known.state, attempt.state.value
            if ours != theirs and not {ours, theirs} <= {"voided", "declined"}:
                raise Violation(
                    "I20",
                    "we and the gateway do not say the same of a payment",
                    (f"the attempt {attempt.key}: {said(attempt)}", f"the gateway's books: {theirs}"),
                    id,
                )
            if pays_for_order(c, attempt.key) and attempt.amount.minor and theirs != "captured":
                raise Violation(
                    "I4", "an order stands, and its money is not there", (f"the order {id}: placed", f"the gateway's books: {theirs}"), id
                )


def cash(t: Tables, payments: Iterable[Known]) -> None:
    """I20 at rest the ledger has at the gateway what the gateway has, in each currency."""
    there: dict[str, int] = {}
    for payment in payments:
        if payment.state == "captured":
            there[payment.amount.currency] = there.get(payment.amount.currency, 0) + payment.amount.minor
    ours: dict[str, int] = {}
    for (_, currency), balance in balances(t.postings, GATEWAY).items():
        ours[currency] = ours.get(currency, 0) + balance
    for currency in sorted({*there, *ours}):
        if there.get(currency, 0) != ours.get(currency, 0):
            raise Violation(
                "I20",
                "the ledger has another sum at the gateway than the gateway",
                (f"the ledger: {ours.get(currency, 0)} {currency}", f"the gateway's books: {there.get(currency, 0)} {currency}"),
            )


def refunds_done(t: Tables) -> None:
    """L2 every due refund is made, or with a person who was told of it."""
    told = {(event.checkout, dict(event.facts).get("attempt")) for event in t.events if event.kind == "payment.attention"}
    for id, c in t.checkouts.items():
        for attempt in c.attempts:
            if attempt.unwanted and attempt.state is AttemptState.CAPTURED and not (attempt.stuck and (id, attempt.key) in told):
                raise Violation(
                    "L2",
                    "a refund is due for ever, and no person knows of it",
                    (f"the attempt {attempt.key}: {said(attempt)}", "the outbox: nobody was told" if attempt.stuck else f"due: {c.due_at}"),
                    id,
                )


def gratuitous_refunds(t: Tables, payments: Payments) -> None:
    """Q1 who paid in time for goods that nobody could have taken away, and did not turn back, has an order."""
    plenty = in_plenty(t)
    for id, known in payments.items():
        c = t.checkouts.get(id)
        if c is None or c.id not in plenty or c.order is not None or c.abandoned == "cancelled":
            continue
        for payment in known:
            attempt = c.attempt(attempt_of(payment))
            at = payment.captured_at
            in_time = at is not None and at <= c.begun_at + timedelta(seconds=c.deadlines.hold_for)
            if attempt is None or not in_time or attempt.unwanted in ("amount-differs", "paid-already", "cancelled", "late"):
                continue
            if payment.state == "refunded":
                raise Violation(
                    "Q1",
                    "a shopper paid in time, the goods are there, and the money went back",
                    (f"the gateway's books: {payment.key} was captured at {at:%H:%M:%S}", f"the attempt: {said(attempt)}"),
                    id,
                )


def in_plenty(t: Tables) -> Collection[str]:
    """The checkouts whose claims nobody could have been in the way of: there is enough for them and twice for all others.

    Twice, because others may have held more before than they claim now.
    """
    wanted: dict[object, int] = {}
    for c in t.checkouts.values():
        for claim in c.claims:
            wanted[claim.pool] = wanted.get(claim.pool, 0) + claim.amount
    there = {key: pool.on_hand + pool.backorder for key, pool in t.pools.items()}
    return [
        c.id for c in t.checkouts.values() if all(2 * wanted[claim.pool] - claim.amount <= there.get(claim.pool, 0) for claim in c.claims)
    ]


def back_for_nothing(
    t: Tables, payments: Iterable[Known], cancelled: Collection[str], lapsed_first: Mapping[str, datetime], left: bool
) -> None:
    """Q1 where it is known from outside when each checkout lapsed first, who cancelled, and that goods are `left`."""
    for payment in payments:
        c = t.checkouts[payment.key.rsplit("/", 2)[0]]
        if payment.state != "refunded" or c.id in cancelled or live(c) or not left:
            continue
        if payment.captured_at is not None and payment.captured_at <= lapsed_first.get(c.id, payment.captured_at):
            raise Violation(
                "Q1",
                f"{c.id} paid in time, its goods are there, and it got its money back instead",
                (f"the gateway's books: {payment.key} was captured and refunded", f"the checkout {c.id}: it was given up ({c.abandoned})"),
                c.id,
            )


def balances(postings: Iterable[Posting], account: str) -> dict[tuple[str, str], int]:
    """What each checkout has on that account, by currency."""
    sums: dict[tuple[str, str], int] = {}
    for posting in postings:
        for entry in posting.entries:
            if entry.account == account:
                whose = posting.checkout, posting.currency
                sums[whose] = sums.get(whose, 0) + entry.amount
    return sums


def said(attempt: Attempt) -> str:
    """What we have written down of an attempt."""
    why = f", unwanted ({attempt.unwanted})" if attempt.unwanted else ""
    return f"{attempt.state.value}{why}{', with a person' if attempt.stuck else ''}"


def _known(payments: Sequence[Known], attempt: str) -> Known | None:
    """The gateway's payment of an attempt; the last, if there are several."""
    return next((payment for payment in reversed(payments) if attempt_of(payment) == attempt), None)


def _both(attempt: Attempt | None, known: Known | None) -> str:
    ours = "we know of none" if attempt is None else f"{attempt.taken}, {said(attempt)}"
    return f"{ours}; the gateway: {'none' if known is None else f'{known.amount}, {known.state}'}"
