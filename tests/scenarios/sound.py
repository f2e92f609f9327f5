"""What must be true of a store in memory, whatever happened, with the gateway's books beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from checkout_adapters.sandbox import Payment
from checkout_core.checkout import Checkout
from checkout_core.holds import CardBalance, HoldState
from checkout_core.memory import Tables
from checkout_core.money import Money
from checkout_core.orders import OrderState
from tests.simulation import invariants
from tests.simulation.invariants import live


def check(t: Tables, payments: Sequence[Payment], now: datetime, *, rest: bool) -> None:
    """Raise AssertionError, naming the invariant that is broken."""
    invariants.stock(t)
    invariants.backing(t)
    invariants.holds_end(t, now)
    money(t, payments)
    totals(t)
    told(t)
    if rest:
        invariants.at_rest(t, Theirs(payments), cancelled=frozenset(t.checkouts), lapsed_first={}, refused=frozenset())


@frozen
class Paid:
    """A payment of the sandbox as the simulator's checks read it."""

    key: str
    state: str
    amount: Money


class Theirs:
    """The sandbox's books, in the same way; a tombstone is no payment."""

    def __init__(self, payments: Sequence[Payment]) -> None:
        self.payments = [(p.key, Paid(p.key, str(p.state), Money(p.amount, p.currency))) for p in payments if not p.tombstone]

    def get(self, key: str) -> Paid | None:
        return dict(self.payments).get(key)


def ensure(holds: bool, id: str, says: str) -> None:
    """Raise, naming the invariant, unless it holds."""
    assert holds, f"{id}: {says}"


def money(t: Tables, payments: Sequence[Payment]) -> None:
    """I5 one charge, I7 bounds, I6 whatever was captured is an order's, or on its way back, or with a person."""
    charged: Counter[str] = Counter()
    for p in payments:
        id = p.key.split("/")[0]
        charged[id] += p.live
        ensure(p.refunded <= p.captured, "I7", "more went back than came")
        if not p.captured or not p.live:
            continue
        c = t.checkouts[id]
        attempt = c.attempt(p.key.removesuffix("/authorize"))
        ensure(attempt is not None, "I6", f"the gateway has money for {p.key}, of which we know nothing")
        assert attempt is not None
        ours = live(c) and c.order is not None and c.order.paid_by == attempt.key
        if ours:
            assert c.order is not None
            ensure(p.captured <= c.order.total.minor, "I7", f"{p.captured} were taken for {c.order}")
        else:
            ensure(
                c.due_at is not None or bool(attempt.stuck),
                "I6",
                f"captured money of {id} belongs to nothing, and nobody will come",
            )
    for id, n in charged.items():
        ensure(n <= 1, "I5", f"{id} is charged {n} times")


def totals(t: Tables) -> None:
    """I12 the lines and the carriage add up to the total, and no share of a discount passes its line."""
    for c in t.checkouts.values():
        if c.quote is None:
            continue
        parts = sum(line.gross for line in c.quote.lines) + sum(sent.gross for sent in c.quote.shipping)
        paid = {CardBalance(card.id, c.currency): card.used for card in c.quote.cards if card.used}
        due = parts - sum(paid.values())
        ensure(due == c.quote.total.minor, "I12", f"the parts of {c.id} less gift cards are {due}, the total is {c.quote.total}")
        taken = {hold.pool: hold.amount for hold in t.holds.get(c.id, ()) if hold.state is HoldState.COMMITTED}
        cards = {pool: amount for pool, amount in taken.items() if isinstance(pool, CardBalance)}
        ensure(cards == (paid if live(c) else {}), "I10", f"the cards of {c.id} pay {paid}, and {cards} is taken from them")
        for line in c.quote.lines:
            ensure(0 <= line.discount <= line.subtotal, "I12", f"{line} has too much discount")


def told(t: Tables) -> None:
    """I14 events are numbered without a gap, I15 and say what is so; I13 no order is left that is not what its events made of it."""
    for id, c in t.checkouts.items():
        mine = [event for event in t.events if event.checkout == id]
        ensure([event.seq for event in mine] == list(range(1, c.events + 1)), "I14", f"the events of {id} have a gap")
        kinds = Counter(event.kind for event in mine)
        ensure(kinds["order.placed"] == (c.order is not None), "I15", f"{id} was announced {kinds['order.placed']} times")
        ensure(kinds["order.cancelled"] == _cancelled(c), "I15", f"{id} was cancelled, or was not, and the events differ")
        held = [hold for hold in t.holds.get(id, ()) if hold.state is HoldState.COMMITTED]
        ensure(bool(held) <= live(c), "I3", f"{id} is no order, and has {held}")


def _cancelled(c: Checkout) -> bool:
    return c.order is not None and c.order.state is OrderState.CANCELLED
