"""The invariants, by id, over the store's tables and the gateway's own books. They import values, and nothing that decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from checkout_core.checkout import Checkout, Placed
from checkout_core.effects import RemoteEffect
from checkout_core.holds import CouponUses, HoldState, Stock
from checkout_core.memory import Tables
from checkout_core.orders import ORDER_MOVES, PAYMENT_MOVES, OrderState, payment_state
from checkout_core.payments import ATTEMPT_MOVES, AttemptState
from checkout_core.refusals import Refused
from tests.simulation.gateway import Books

GRACE = timedelta(minutes=2)


def ensure(holds: bool, id: str, says: Callable[[], str]) -> None:
    """Raise, naming the invariant, unless it holds; the words are made only then."""
    if not holds:
        raise AssertionError(f"{id}: {says()}")


def live(c: Checkout) -> bool:
    return c.order is not None and c.order.state is not OrderState.CANCELLED


def stock(t: Tables) -> None:
    """I1 the numbers of every pool are the sums of its holds and movements; I2 nothing is promised that is not there; I9 uses."""
    held: Counter[Any] = Counter()
    committed: Counter[Any] = Counter()
    for holds in t.holds.values():
        for hold in holds:
            held[hold.pool] += hold.amount * (hold.state is HoldState.HELD)
            committed[hold.pool] += hold.amount * (hold.state is HoldState.COMMITTED)
    for key, pool in t.pools.items():
        ensure((pool.held, pool.committed) == (held[key], committed[key]), "I1", lambda: f"{key} counts {pool}, its holds say otherwise")
        id = "I9" if isinstance(key, CouponUses) else "I2"
        short = pool.shortfall if any(m.pool == key and m.delta < 0 for m in t.movements) else 0  # only an operator may cause one (F5)
        ensure(pool.on_hand + pool.backorder + short >= pool.held + pool.committed, id, lambda: f"more of {key} is promised than there is")
        ensure(pool.held >= 0 and pool.committed >= 0, id, lambda: f"{key} has negative numbers")
        if isinstance(key, Stock):
            moved = sum(m.delta for m in t.movements if m.pool == key)
            ensure(pool.on_hand == moved, "I1", lambda: f"on_hand of {key} is not the sum of its movements")


def backing(t: Tables) -> None:
    """I3 every live order has its goods committed, and only it; I18 a cart is bought once; I8 what was quoted is what is paid."""
    carts: Counter[str] = Counter()
    for c in t.checkouts.values():
        mine = Counter({hold.pool: hold.amount for hold in t.holds.get(c.id, ()) if hold.state is HoldState.COMMITTED})
        if live(c):
            assert c.quote is not None
            assert c.order is not None
            carts[c.cart] += 1
            wanted, got = Counter[str](), Counter[str]()
            for line in c.quote.lines:
                wanted[line.sku] += line.quantity * line.tracked
            for pool, n in mine.items():  # from however many locations (F7)
                if isinstance(pool, Stock):
                    got[pool.sku] += n
            wanted = +wanted
            ensure(got == wanted, "I3", lambda: f"order {c.id} has {dict(got)} committed and sold {dict(wanted)}")
            ensure(c.order.total == c.quote.total, "I8", lambda: "the order's total is not the quote's")
        else:
            ensure(not mine, "I3", lambda: f"{c.id} is no live order and has {dict(mine)} committed")
        for attempt in c.attempts:
            ensure(
                c.quote is not None and (attempt.amount == c.quote.total or not attempt.open),
                "I8",
                lambda: "an attempt is not for the quote",
            )
    for cart, n in carts.items():
        ensure(n == 1, "I18", lambda: f"cart {cart} was bought {n} times")


def money(t: Tables, books: Books) -> None:
    """I5 one charge at a time, I6 nothing stranded, I7 bounds, I8 the raw amount: against the provider's own record, at every instant."""
    by_checkout: Mapping[str, list[Any]] = {id: [] for id in t.checkouts}
    for key, payment in books.payments:
        by_checkout[key.split("/")[0]].append(payment)
    for id, payments in by_checkout.items():
        c = t.checkouts[id]
        charged = [p for p in payments if p.charged]
        ensure(len(charged) <= 1, "I5", lambda: f"{id} is charged {len(charged)} times at once")
        for p in payments:
            attempt = c.attempt(p.key.removesuffix("/authorize"))
            if attempt is None:
                ensure(not p.charged, "I6", lambda: f"the provider has money for {p.key}, of which we know nothing")
                continue
            ensure(p.amount == attempt.amount, "I8", lambda: "the provider took another amount")
            ensure(c.quote is not None and p.amount.minor <= c.quote.total.minor, "I7", lambda: "more was taken than the quote says")
            ours = live(c) and c.order is not None and c.order.paid_by == attempt.key
            if p.state == "captured" and not ours:
                due = c.due_at is not None and (c.in_flight or attempt.open or any(a.open for a in c.attempts))
                ensure(due, "I6", lambda: f"captured money of {id} is attached to nothing, and nobody will come for it")


def booked(before: Tables, after: Tables, books: Books) -> None:
    """I4 money before the order, I13 states move along their tables, I14 events have no gap, I15 they say what is so."""
    for id, c in after.checkouts.items():
        old = before.checkouts.get(id)
        if old is c:
            continue
        assert old is not None
        ensure(c.version == old.version + 1, "I13", lambda: "a version was skipped: two wrote at once")
        for attempt in c.attempts:
            was = old.attempt(attempt.key)
            ensure(
                was is None or was.state is attempt.state or attempt.state in ATTEMPT_MOVES[was.state] or not attempt.amount.minor,
                "I13", lambda: f"an attempt went from {was and was.state} to {attempt.state}",
            )  # fmt: skip
        order = c.order
        if order is None:
            continue
        if old.order is None:
            secured = sum(p.amount.minor for key, p in books.payments if p.charged and key.startswith(id + "/"))
            says = f"{id} was placed with {secured} of {order.total.minor} secured"
            ensure(secured >= order.total.minor, "I4", lambda: says)
            continue
        was_state, state = old.order.state, order.state
        ensure(state is was_state or state in ORDER_MOVES[was_state], "I13", lambda: f"an order went from {was_state} to {state}")
        paid, now_paid = payment_state(old.order, old.attempts), payment_state(order, c.attempts)
        ensure(paid is now_paid or now_paid in PAYMENT_MOVES[paid], "I13", lambda: f"its money went from {paid} to {now_paid}")
    fresh = after.events[len(before.events) :]
    if fresh:
        seqs: dict[str, int] = {}
        for event in after.events:
            ensure(event.seq == seqs.get(event.checkout, 0) + 1, "I14", lambda: f"events of {event.checkout} have a gap")
            seqs[event.checkout] = event.seq
    for event in fresh:
        about = after.checkouts[event.checkout]
        if event.kind == "order.placed":
            ensure(about.order is not None, "I15", lambda: "an order was announced that is not there")
        if event.kind == "payment.received":
            key = f"{dict(event.facts)['attempt']}/authorize"
            known = books.get(key)
            ensure(known is None or known.captured_at is not None, "I15", lambda: "money was announced that the provider did not take")
    for id in after.checkouts:
        ensure(len([e for e in fresh if e.checkout == id and e.kind == "order.placed"]) <= 1, "I14", lambda: "an order was announced twice")


def holds_end(t: Tables, now: Any) -> None:
    """I16 a hold outlives its time only while money is on its way, with a deadline."""
    for id, holds in t.holds.items():
        c = t.checkouts[id]
        if any(hold.state is HoldState.HELD for hold in holds) and now > c.lapses_at + GRACE:
            on_its_way = isinstance(c.next, RemoteEffect) or any(a.open for a in c.attempts)
            due = c.due_at is not None and (on_its_way or c.due_at <= now)
            ensure(due, "I16", lambda: f"{id} holds goods past its time and nobody is due to look")


def told(t: Tables, said: Any) -> None:
    """I15, I21 whoever was told that it is placed can find the order."""
    if isinstance(said, Placed):
        c = t.checkouts[said.id]
        ensure(c.order is not None and c.order.number == said.number, "I21", lambda: "a client was told of an order that is not there")


def at_rest(t: Tables, books: Books, *, cancelled: frozenset[str], lapsed_first: Mapping[str, Any], refused: frozenset[str]) -> None:
    """I6 ✦, I16 ✦, I20 ✦, and Q1: when everything has drained."""
    orders = 0
    for c in t.checkouts.values():
        orders += live(c)
        ensure(c.due_at is None, "I16", lambda: f"{c.id} is not at rest")
        ensure(all(hold.state is not HoldState.HELD for hold in t.holds.get(c.id, ())), "I16", lambda: f"{c.id} still holds something")
        for attempt in c.attempts:
            p = books.get(attempt.authorization)
            state = p.state if p else "voided"
            name = {AttemptState.DECLINED: "declined"}.get(attempt.state, attempt.state.value)
            same = name == state or {name, state} <= {"voided", "declined"}
            ensure(same, "I20", lambda: f"we say {name} of {attempt.key}, the provider says {state}")
            if live(c) and c.order is not None and c.order.paid_by == attempt.key and attempt.amount.minor:
                ensure(p is not None and p.state == "captured", "I4", lambda: f"order {c.id} stands, and its money is {state}")
            if p is not None and p.state == "captured":
                ensure(
                    live(c) and c.order is not None and c.order.paid_by == attempt.key,
                    "I6",
                    lambda: f"captured money of {c.id} was kept for nothing",
                )
    carrying = Counter(used.id for c in t.checkouts.values() if live(c) and c.quote is not None for used in c.quote.promotions)
    for pool_key, pool in t.pools.items():
        if isinstance(pool_key, CouponUses):
            used = carrying[pool_key.promotion]
            ensure(
                pool.committed == used, "I9", lambda: f"{pool.committed} uses of {pool_key.promotion} are counted, {used} orders carry it"
            )
    ledger: Counter[str] = Counter()
    for posting in t.postings:
        for entry in posting.entries:
            ledger[entry.account] += entry.amount
    cash = sum(p.amount.minor for _, p in books.payments if p.state == "captured")
    ensure(ledger["gateway"] == cash, "I20", lambda: f"the ledger has {ledger['gateway']} at the gateway, the gateway has {cash}")
    ensure(ledger["receivable"] == 0, "I20", lambda: "the clearing account is not zero")
    for key, p in books.payments:
        id = key.split("/")[0]
        c = t.checkouts[id]
        if p.state == "refunded" and id not in cancelled and not live(c):
            in_time = p.captured_at is not None and p.captured_at <= lapsed_first.get(id, p.captured_at)
            stock_there = all(pool.available > 0 for k, pool in t.pools.items() if isinstance(k, Stock))
            ensure(
                not (in_time and stock_there), "Q1", lambda: f"{id} paid in time, its goods are there, and it got its money back instead"
            )


def replied(first: Any, again: Any) -> None:
    """I17 a finished reply is repeated as it was; I21 what was pending is decided at rest, and a failure cost nothing."""
    finished = isinstance(first, Placed | Refused)
    ensure(not finished or first == again, "I17", lambda: f"the same request was told {first} first and {again} later")
    ensure(isinstance(again, Placed | Refused), "I21", lambda: f"everything is at rest and a client is still told {again}")
