"""What a commit, a gateway or an answer says, in words for people who never saw the code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from checkout_core import stories
from checkout_core.cart import Cart
from checkout_core.checkout import ActionRequired, Checkout, Pending, Placed
from checkout_core.effects import Authorize, Capture, Inquire, Refund, RemoteEffect, Void
from checkout_core.errors import NotFound
from checkout_core.events import Event
from checkout_core.holds import CartTurn, Movement, PoolKey
from checkout_core.orders import OrderState
from checkout_core.payments import (
    ActionNeeded,
    Attempt,
    AttemptState,
    Authorized,
    Captured,
    Declined,
    Fact,
    Processing,
    Refunded,
    RefundRefused,
    Voided,
)
from checkout_core.refusals import Refusal, Refused
from checkout_core.simulation.books import Books
from checkout_core.simulation.full.goods import named
from checkout_core.simulation.watching import Watched
from checkout_core.unit import Commit, Delivery, Release

COMMANDS: Final[Mapping[str, str]] = {
    "open_cart": "opens a cart",
    "add": "puts goods into the cart",
    "change": "changes how many are in the cart",
    "remove": "takes goods out of the cart",
    "merge": "logs in: the guest's cart goes into the account's",
    "begin": "begins the checkout",
    "update": "changes the checkout",
    "validate": "asks whether anything is missing",
    "shipping_options": "asks how it can be sent",
    "status": "asks how it stands",
    "pay": "pays",
    "cancel": "turns back",
    "receive": "counts goods in or out",
    "allow_backorders": "says how many may be sold that are not there",
    "load_gift_card": "puts money on a gift card, or takes it off",
}
"""What a shopper does by each command."""

CALLS: Final[Mapping[str, str]] = {
    "gateway.authorize": "asks the gateway for the money",
    "gateway.capture": "asks the gateway to take the money that is reserved",
    "gateway.void": "tells the gateway to let the payment go",
    "gateway.refund": "tells the gateway to send the money back",
    "gateway.inquire": "asks the gateway what became of the payment",
    "store.transact": "stores",
    "store.look": "looks it up",
    "store.due": "looks what is due",
    "store.blocking": "looks who holds the goods",
    "store.pools": "looks what is there",
    "store.undelivered": "looks which messages wait",
    "catalog.products": "asks the catalogue for prices",
    "catalog.promotions": "asks the catalogue for promotions",
    "taxes.rates": "asks for tax rates",
    "shipping.options": "asks for shipping",
    "notifier.notify": "sends a message to the shopper",
    "tax.estimate": "asks the tax provider what is due",
    "tax.commit": "tells the tax provider of an order",
    "tax.void": "tells the tax provider that an order does not stand",
    "worker.nap": "waits until something is due",
}
"""What a process does by each call."""

_STATES: Final[Mapping[AttemptState, str]] = {
    AttemptState.INTENDED: "is to be asked for",
    AttemptState.UNKNOWN: "is unknown: perhaps taken, perhaps not",
    AttemptState.ACTION: "waits for the payer",
    AttemptState.PROCESSING: "is not decided yet",
    AttemptState.AUTHORIZED: "is reserved",
    AttemptState.CAPTURED: "is taken",
    AttemptState.DECLINED: "is declined",
    AttemptState.VOIDED: "is stopped for good",
    AttemptState.REFUNDED: "has gone back",
}
_NEXT: Final[Mapping[type, str]] = {
    Authorize: "ask for the money",
    Capture: "take what is reserved",
    Void: "let the payment go",
    Refund: "send the money back",
    Inquire: "ask what became of it",
}


def changes(unit: Watched, before: Books) -> Iterator[tuple[str, str]]:
    """What a unit has changed: each time the checkout, or "", and a sentence about it. `before` are the books without it."""
    for checkout, claims in unit.taken:
        had = before.held.get(checkout, {})
        got = {claim.pool: claim.amount for claim in claims}
        if (more := {pool: n - had.get(pool, 0) for pool, n in got.items() if n > had.get(pool, 0)}) and _list(more):
            yield checkout, f"holds {_list(more)}"
        if (less := {pool: n for pool, n in had.items() if pool not in got}) and _list(less):
            yield checkout, f"lets go of {_list(less)}"
    for record in unit.written:
        match record:
            case Checkout():
                yield from ((record.id, says) for says in _moved(before.docs.get(record.id), record))
            case Release(checkout, stay):
                mine = {**before.held.get(checkout, {}), **before.committed.get(checkout, {})}
                if gone := _list({pool: n for pool, n in mine.items() if pool not in stay}):
                    yield checkout, f"lets go of {gone}"
            case Commit(checkout):
                held = {claim.pool: claim.amount for of, claims in unit.taken if of == checkout for claim in claims}
                if sold := _list(held or before.held.get(checkout, {})):
                    yield checkout, f"has sold {sold}"
            case Cart() if record.lines or record.id in before.carts:
                yield "", _in(record)
            case Movement(pool=pool, delta=delta, reason=reason):
                yield "", f"{abs(delta)} of {named(pool)} {'come in' if delta > 0 else 'go out'} ({reason})"
            case Delivery(event=event):
                of = before.events.get(event)
                which = f"message {event if of is None else of.seq}"
                yield "" if of is None else of.checkout, f"{which} {_fares(before.deliveries.get((record.consumer, event)), record)}"
            case Event(checkout=checkout, kind=kind, seq=seq):
                yield checkout, f"message {seq}: {kind}"
            case _:
                pass


def _fares(old: Delivery | None, new: Delivery) -> str:
    if new.delivered or new.dead:
        return "is delivered" if new.delivered else "is given up"
    leased = new.tries > (0 if old is None else old.tries)
    return f"is in hand, to be sent (try {new.tries})" if leased else f"was not sent, and is to be tried again (tries: {new.tries})"


def _in(cart: Cart) -> str:
    inside = ", ".join(f"{line.quantity} × {line.sku}" for line in cart.lines)
    return f"in the cart: {inside or 'nothing'}"


def _list(held: Mapping[PoolKey, int]) -> str:
    return ", ".join(f"{n} of {named(pool)}" for pool, n in held.items() if not isinstance(pool, CartTurn))


def _moved(old: Checkout | None, c: Checkout) -> Iterator[str]:
    if old is None:
        yield "begins"
    total = None if c.quote is None else c.quote.total
    if total is not None and (old is None or old.quote is None or old.quote.total != total):
        yield f"costs {total}"
    for n, attempt in enumerate(c.attempts, start=1):
        yield from _attempt(None if old is None else old.attempt(attempt.key), attempt, n)
    if c.abandoned and not (old and old.abandoned):
        yield f"is given up ({c.because or c.abandoned})"
    if old is not None and old.abandoned and not c.abandoned:
        yield "is taken up again"
    order, was = c.order, None if old is None else old.order
    if order is not None and was is None:
        yield f"order {order.number} is placed"
    elif order is not None and was is not None and order.state is not was.state:
        yield f"order {order.number} is {'cancelled' if order.state is OrderState.CANCELLED else order.state.value}"
    if isinstance(c.next, RemoteEffect) and not (old and old.next == c.next):
        alone = "" if c.due_at is None else f" (nobody else does before {clock(c.due_at)})"
        yield f"next: {_NEXT[type(c.next)]}{alone}"


def _attempt(before: Attempt | None, after: Attempt, n: int) -> Iterator[str]:
    name = f"the payment of {after.amount}" if n == 1 else f"payment {n}, of {after.amount},"
    if before is None or before.state is not after.state:
        yield f"{name} {_STATES[after.state]}{f' ({after.reason})' if after.reason and after.reason != 'declined' else ''}"
    if after.doubt and not (before and before.doubt) and after.state is not AttemptState.UNKNOWN:
        yield f"{name} is in doubt"
    if after.unwanted and not (before and before.unwanted):
        yield f"{name} is not wanted any more ({after.unwanted})"
    if before is not None and before.unwanted and not after.unwanted:
        yield f"{name} is welcome after all"
    if after.stuck and not (before and before.stuck):
        yield f"{name} waits for a person: it cannot be sent back"


def fact(said: Fact) -> str:
    """What a gateway says of a payment."""
    match said:
        case Authorized(amount=amount):
            return f"{amount} is reserved"
        case Captured(amount=amount):
            return f"{amount} is taken"
        case ActionNeeded(until=until):
            return f"the payer must act before {clock(until)}"
        case Processing():
            return "it is not decided yet"
        case Declined(reason):
            return "declined" if reason == "declined" else f"declined ({reason})"
        case Voided():
            return "no money will ever come of it"
        case Refunded(amount=amount):
            return f"{amount} has gone back"
        case RefundRefused(reason):
            return f"it cannot be sent back ({reason})"
        case _:
            return "it knows of no such payment"


def told(value: object, error: Exception | None) -> str:
    """What a shopper is told; empty if it is not worth telling."""
    if isinstance(error, Refusal):
        return stories.refusal(error.refused).text
    if isinstance(error, NotFound):
        return str(error)
    if error is not None:
        return "nothing: the connection is lost, or the shop is busy"
    match value:
        case Placed() | ActionRequired() | Pending() | Refused():
            return stories.paid(value).text
        case Checkout():
            return stories.standing(value).text
        case _:
            return ""


def clock(at: datetime) -> str:
    """A time of day as people read it, with milliseconds where there are any."""
    thousandths = at.microsecond // 1000
    text = f"{at:%H:%M:%S}" + (f".{thousandths:03d}" if thousandths else "")
    return text if at.day == 1 else f"{at:%-d %b} {text}"


def span(micros: int) -> str:
    """How long something takes, for people."""
    seconds, rest = divmod(micros, 1_000_000)
    if not seconds:
        return "for a moment" if rest < 1000 else f"for {rest // 1000} ms"
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    return "for " + " ".join(f"{n} {unit}" for n, unit in parts if n)
