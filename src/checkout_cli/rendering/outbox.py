"""The outbox: events, and how each consumer fares with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from checkout_cli.rendering.facts import time_data, time_short, time_words, units
from checkout_cli.rendering.reasons import event_words
from checkout_cli.rendering.tables import cell, counted, note, table
from checkout_core.listings import EventListed
from checkout_core.unit import Delivery


def events_data(found: Sequence[EventListed], name: str = "events") -> dict[str, object]:
    return {
        name: [
            {
                "position": one.position,
                "id": one.event.id,
                "checkout": one.event.checkout,
                "seq": one.event.seq,
                "kind": one.event.kind,
                "at": time_data(one.event.at),
                "facts": dict(one.event.facts),
                "deliveries": [_delivery_data(delivery) for delivery in one.deliveries],
            }
            for one in found
        ]
    }


def _delivery_data(delivery: Delivery) -> dict[str, object]:
    return {
        "consumer": delivery.consumer,
        "state": delivery_state(delivery),
        "tries": delivery.tries,
        "next_at": time_data(delivery.next_at),
        "error": delivery.error,
    }


def delivery_state(delivery: Delivery) -> str:
    """One word for how a consumer fares with an event."""
    return "delivered" if delivery.delivered else "dead" if delivery.dead else "waiting"


def outbox_words(found: Sequence[EventListed], limit: int) -> Iterator[RenderableType]:
    if not found:
        yield note("The outbox has no such events.")
        return
    yield table(
        ("#", "when (UTC)", "event", "says", "deliveries"),
        (
            (one.position, time_short(one.event.at), one.event.id, event_words(one.event), Text(", ").join(map(_told, one.deliveries)))
            for one in found
        ),
        right=("#",),
        keep=("when (UTC)", "event"),
        spare=("when (UTC)",),
    )
    yield counted(len(found), limit, "event")
    if len(found) >= limit:
        yield note(f"The next ones: --after {found[-1].position}")


def _told(delivery: Delivery) -> Text:
    word = delivery_state(delivery)
    tried = f", tried {units(delivery.tries, 'time')}" if delivery.tries else ""
    more = f"{tried}, due {time_words(delivery.next_at)}" if word == "waiting" else ""
    style = {"delivered": "green", "dead": "bold red"}.get(word, "yellow")
    return cell(f"{delivery.consumer}: {word}{more}", style)


def dead_words(found: Sequence[EventListed], limit: int) -> Iterator[RenderableType]:
    if not found:
        yield note("There are no dead letters: everybody was told everything, or will be.")
        return
    rows = [
        (delivery.consumer, one.event.id, event_words(one.event), delivery.tries, delivery.error)
        for one in found
        for delivery in one.deliveries
        if delivery.dead
    ]
    yield table(("consumer", "event", "says", "tries", "last error"), rows, right=("tries",), keep=("consumer", "event"))
    yield counted(len(rows), limit, "dead letter")
    yield note("Mend the cause, then: checkout dead-letter requeue --all")
