"""Orders: the list, one in full, and why it is what it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen
from rich.console import RenderableType
from rich.padding import Padding

from checkout_cli.rendering.facts import (
    amount_words,
    money_data,
    once_a_person,
    pool_data,
    pool_words,
    quoted,
    time_data,
    time_short,
    time_words,
)
from checkout_cli.rendering.payments import attempt_data, attempt_rows
from checkout_cli.rendering.prices import promise_data
from checkout_cli.rendering.reasons import EXPLAINED, event_words, reasons, state_of
from checkout_cli.rendering.receipts import price_picture, quote_data, quote_words, rows_data
from checkout_cli.rendering.shipping import arrival_data, arrival_words
from checkout_cli.rendering.tables import cell, counted, facts, heading, note, state, table
from checkout_core.checkout import Checkout
from checkout_core.holds import CartTurn
from checkout_core.listings import EventListed, HoldListed, OrderListed
from checkout_core.orders import payment_state
from checkout_core.unit import Person


@frozen
class Whole:
    """All that is known of one purchase."""

    checkout: Checkout
    person: Person | None
    holds: tuple[HoldListed, ...]
    events: tuple[EventListed, ...]


def orders_data(orders: Sequence[OrderListed]) -> dict[str, object]:
    return {
        "orders": [
            {
                "id": one.id,
                "number": one.number,
                "customer": one.customer,
                "total": money_data(one.total),
                "status": str(one.status),
                "payment": str(one.payment),
                "fulfilment": str(one.fulfilment),
                "placed_at": time_data(one.placed_at),
                "cancelled": one.cancelled,
            }
            for one in orders
        ]
    }


def orders_words(orders: Sequence[OrderListed], limit: int) -> Iterator[RenderableType]:
    if not orders:
        yield note("There are no such orders.")
        return
    yield table(
        ("order", "placed (UTC)", "customer", "total", "status", "payment"),
        (
            (one.number, time_short(one.placed_at), one.customer or "guest", str(one.total), state(one.status), state(one.payment))
            for one in orders
        ),
        right=("total",),
        keep=("order", "placed (UTC)"),
        spare=("customer", "placed (UTC)"),
    )
    yield counted(len(orders), limit, "order")


def order_data(whole: Whole) -> dict[str, object]:
    """Everything about one purchase as data."""
    c, person = whole.checkout, whole.person
    contact, address = (person.contact, person.address) if person else (None, None)
    return {
        "order": {
            "id": c.id,
            "number": c.number,
            "state": state_of(c),
            "payment": str(payment_state(c.order, c.attempts)) if c.order else None,
            "fulfilment": str(c.order.fulfilment) if c.order else None,
            "placed_at": time_data(c.order.placed_at if c.order else None),
            "begun_at": time_data(c.begun_at),
            "lapses_at": None if c.order or c.over else time_data(c.lapses_at),
            "due_at": time_data(c.due_at),
            "cancelled": c.order.cancelled if c.order else "",
            "abandoned": c.abandoned,
            "because": c.because,
            "customer": c.customer,
            "name": address.name if address else None,
            "email": contact.email if contact else None,
            "destination": {"country": c.destination.country, "region": c.destination.region} if c.destination else None,
            "arrival": arrival_data(c.arrival),
            "codes": list(c.codes),
            "channel": c.channel or None,
            "experiments": dict(c.quote.experiments) if c.quote else {},
            "total": money_data(c.quote.total) if c.quote else None,
            "quote": quote_data(c.quote) if c.quote else None,
            "promises": [promise_data(one) for one in c.promises],
            "payments": [attempt_data(c, attempt) for attempt in c.attempts],
            "holds": [
                {"pool": pool_data(one.pool), "amount": one.amount, "state": str(one.state), "until": time_data(one.until)}
                for one in whole.holds
                if not isinstance(one.pool, CartTurn)
            ],
            "events": [_event_data(one) for one in whole.events],
        }
    }


def _event_data(listed: EventListed) -> dict[str, object]:
    event = listed.event
    return {
        "id": event.id,
        "kind": event.kind,
        "at": time_data(event.at),
        "says": event_words(event),
        "facts": dict(event.facts),
    }


def order_words(whole: Whole) -> Iterator[RenderableType]:
    """One purchase in full: who, what, how much, paid how, held where, and what happened when."""
    c, person = whole.checkout, whole.person
    contact, address = (person.contact, person.address) if person else (None, None)
    yield heading(f"{'Order' if c.order else 'Checkout'} {c.number}")
    yield facts(
        (
            ("id", c.id),
            ("state", state(state_of(c))),
            ("payment", state(payment_state(c.order, c.attempts)) if c.order else None),
            ("placed", time_words(c.order.placed_at) if c.order else None),
            ("begun", None if c.order else time_words(c.begun_at)),
            ("because", c.because or c.abandoned or None),
            ("customer", c.customer or "guest"),
            ("name", address.name if address else None),
            ("e-mail", contact.email if contact else None),
            ("goes to", " ".join(filter(None, (address.postcode, address.city, address.region, address.country))) if address else None),
            ("fetched at", ", ".join([line for sent in c.quote.shipping for line in sent.point]) if c.quote else None),
            ("arrives", arrival_words(c.arrival) if c.arrival else None),
            ("codes", ", ".join(c.codes)),
            ("channel", c.channel or None),
            ("experiments", ", ".join([f"{id}: {variant}" for id, variant in c.quote.experiments]) if c.quote else None),
        )
    )
    if c.quote is not None:
        yield heading("What it costs")
        yield quote_words(c.quote)
    if c.promises:
        yield heading("What was promised")
        yield table(
            ("what", "unit", "until"),
            ((one.sku, one.price, time_words(one.until)) for one in c.promises),
            right=("unit",),
        )
    if c.attempts:
        yield heading("How it was paid")
        yield attempt_rows(c)
    held = [one for one in once_a_person(whole.holds) if not isinstance(one.pool, CartTurn)]
    if held:
        yield heading("What it holds")
        yield table(
            ("what", "amount", "state", "until"),
            ((pool_words(one.pool), amount_words(one.pool, one.amount), state(one.state), time_words(one.until)) for one in held),
            right=("amount",),
        )
    yield heading("What happened")
    yield table(("when", "what"), ((_second(one), event_words(one.event)) for one in whole.events), keep=("when",))
    yield note(f"Why it is so: checkout order explain {quoted(c.number)}")


def explain_data(whole: Whole) -> dict[str, object]:
    """Why, as data: every row of the receipt, every reason, every step of the history with its explanation."""
    c = whole.checkout
    return {
        "explanation": {
            "id": c.id,
            "number": c.number,
            "state": state_of(c),
            "total": money_data(c.quote.total) if c.quote else None,
            "rows": rows_data(c.quote) if c.quote else [],
            "reasons": list(reasons(c)),
            "history": [{**_event_data(one), "why": EXPLAINED.get(one.event.kind, "")} for one in whole.events],
        }
    }


def explain_words(whole: Whole) -> Iterator[RenderableType]:
    """Why it costs what it costs, and why it is where it is."""
    c = whole.checkout
    yield heading(f"{'Order' if c.order else 'Checkout'} {c.number}: why it costs what it costs")
    if c.quote is None:
        yield note("It has no price yet: something is still to be said. `checkout order show` has what is known.")
    else:
        yield price_picture(c.quote)
    yield heading("Why it is where it is")
    for words in reasons(c):
        yield cell(f"· {words}")
    yield heading("How it got there")
    for one in whole.events:
        yield cell(f"{_second(one)}  ", "dim").append_text(cell(event_words(one.event)))
        if why := EXPLAINED.get(one.event.kind):
            yield Padding(cell(why, "dim"), (0, 0, 0, 25))


def _second(listed: EventListed) -> str:
    return f"{listed.event.at:%Y-%m-%d %H:%M:%S} UTC"
