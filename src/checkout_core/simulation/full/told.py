"""What left the shop: answers to clients, and notices that reached the far side. Nothing of it can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from checkout_core.checkout import ActionRequired, Pending, Placed, Result
from checkout_core.holds import Stock
from checkout_core.memory import Tables
from checkout_core.payments import CLOSED
from checkout_core.refusals import Refused
from checkout_core.simulation.full.money import in_plenty
from checkout_core.simulation.full.scene import Scene, Told, attempt_of, charged, pays_for_order
from checkout_core.simulation.violations import Violation

FINAL: Final = frozenset({"declined", "not-completed", "refunded", "amount-differs", "cancelled"})
"""Refusals that are said of an attempt. Any other changed nothing and is not final: the same request, asked again, is asked anew (R23)."""


def told(t: Tables, said: object) -> None:
    """I21 who was told that it is placed can find the order."""
    if isinstance(said, Placed):
        order = None if (c := t.checkouts.get(said.id)) is None else c.order
        if order is None or order.number != said.number or order.total != said.total:
            raise Violation(
                "I21",
                "a client was told of an order that is not there",
                (f"a client was told: {words(said)}", f"the store: {'no order' if order is None else f'{order.number} of {order.total}'}"),
                said.id,
            )


def replied(first: Result, again: Result) -> None:
    """I17 a finished reply is repeated as it was; I21 at rest there is no more waiting."""
    if isinstance(first, Placed | Refused) and first != again:
        raise _two_ways(first, again, "")
    if not isinstance(again, Placed | Refused):
        raise Violation(
            "I21", "everything is at rest, and a client is still told to wait", (f"a client was told: {words(again)}", "the run: at rest")
        )


def consistent(scene: Scene) -> None:
    """I17 all finished answers to one request are the same; I21 whoever was told of an order can find it."""
    first: dict[tuple[str, str], object] = {}
    for one in scene.told:
        told(scene.tables, one.said)
        if isinstance(one.said, Placed) or (isinstance(one.said, Refused) and one.said.reason in FINAL):
            before = first.setdefault((one.checkout, one.key), one.said)
            if before != one.said:
                raise _two_ways(before, one.said, one.checkout)


def true_at_rest(scene: Scene) -> None:
    """I21 at rest whoever was last told no is not charged by that request, and whoever was told to wait has an answer by now."""
    last: dict[tuple[str, str], Told] = {}
    for one in scene.told:
        if isinstance(one.said, Placed | Refused | Pending | ActionRequired):
            last[one.checkout, one.key] = one
    for (checkout, key), one in last.items():
        request = scene.tables.requests.get((checkout, "pay", key))
        c = scene.tables.checkouts.get(checkout)
        attempt = None if request is None or c is None else c.attempt(request.attempt)
        if attempt is None or c is None or attempt.stuck:
            continue
        if isinstance(one.said, Refused):
            kept = [p for p in scene.by_checkout.get(checkout, ()) if charged(p) and attempt_of(p) == attempt.key]
            if kept:
                raise Violation(
                    "I21",
                    "a client was refused, and is charged",
                    (f"{one.who} was told: {words(one.said)}", f"the gateway's books: {kept[0].key} is {kept[0].state}"),
                    checkout,
                )
        elif not isinstance(one.said, Placed) and attempt.state not in CLOSED and not pays_for_order(c, attempt.key):
            raise Violation(
                "I21",
                "a client was told to wait, for ever",
                (f"{one.who} was told: {words(one.said)}", f"the attempt {attempt.key}: {attempt.state.value}, and nothing is due"),
                checkout,
            )


def refused_for_nothing(scene: Scene) -> None:
    """Q2 where no fault struck, nobody was refused goods that were there for everybody, nor had money sent back."""
    if not scene.calm:
        return
    plenty = frozenset(in_plenty(scene.tables))
    for one in scene.told:
        c = scene.tables.checkouts.get(one.checkout)
        if not isinstance(one.said, Refused) or c is None or c.abandoned == "cancelled":
            continue
        short = one.said.reason == "out-of-stock" and _enough_for_all(scene.tables, one.said)
        if short or (one.said.reason == "refunded" and one.checkout in plenty):
            raise Violation(
                "Q2",
                "a client was refused, although nothing went wrong",
                (f"{one.who} was told: {words(one.said)}", "the pools: there was enough for everybody"),
                one.checkout,
            )


def _enough_for_all(t: Tables, refused: Refused) -> bool:
    """Whether what was refused was there twice for everybody who claims it, and for this one."""
    wanted = sum(claim.amount for c in t.checkouts.values() for claim in c.claims if _of(claim.pool, refused.subject))
    there = sum(pool.on_hand + pool.backorder for key, pool in t.pools.items() if _of(key, refused.subject))
    return 2 * wanted + (refused.wanted or 1) <= there


def _of(pool: object, sku: str) -> bool:
    return isinstance(pool, Stock) and pool.sku == sku


def duplicates(notices: Mapping[tuple[str, str], int], excuses: int) -> None:
    """Q3 no more notices came twice than there were crashes of whoever sent them, and answers that did not come."""
    again = sum(times - 1 for times in notices.values())
    if again > excuses:
        (consumer, event), times = max(notices.items(), key=lambda one: one[1])
        raise Violation(
            "Q3",
            f"{again} notices came again, and {excuses} of them with a reason",
            (f"{consumer}: it got {event} {times} times", f"the run: {excuses} crashes and unsure answers of the notifier"),
            event.rsplit("/", 1)[0],
        )


def announced_ahead(t: Tables, notices: Mapping[tuple[str, str], int]) -> None:
    """I15 what was sent out is about events that are committed."""
    ids = {event.id for event in t.events}
    for consumer, event in notices:
        if event not in ids:
            raise Violation(
                "I15",
                "somebody was told of what never happened",
                (f"{consumer}: it got {event}", "the outbox: there is no such event"),
                event.rsplit("/", 1)[0],
            )


def _two_ways(first: object, again: object, checkout: str) -> Violation:
    return Violation(
        "I17",
        "the same request was answered in two ways",
        (f"a client was told first: {words(first)}", f"a client was told later: {words(again)}"),
        checkout,
    )


def words(said: object) -> str:
    """An answer in a few words."""
    match said:
        case Placed():
            return f"order {said.number} of {said.total} is placed"
        case Refused():
            return f"no, {said.reason} {said.given}".strip()
        case Pending(until):
            return f"wait until {until}"
        case _:
            return type(said).__name__
