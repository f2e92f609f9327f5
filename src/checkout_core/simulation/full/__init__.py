"""The full checkers: every invariant that can be read off the tables and the gateway's own books, looked at as a whole.

    ALWAYS     hold at every moment between two commits; look every so many steps
    AT_REST    hold when faults have stopped and all work has drained

Each check takes a `Scene`, is linear in its tables, and raises `Violation` with two facts that contradict. They import values and tables
of allowed moves, and nothing that decides. `stock`, `backing`, `money`, `booked`, `holds_end`, `told`, `at_rest` and `replied` are the same
checks for a caller that has seen less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from checkout_core.holds import Stock
from checkout_core.memory import Tables
from checkout_core.simulation.full import goods, records
from checkout_core.simulation.full import money as moneys
from checkout_core.simulation.full import told as tellings
from checkout_core.simulation.full.goods import backing, holds_end, stock
from checkout_core.simulation.full.money import money
from checkout_core.simulation.full.records import booked
from checkout_core.simulation.full.scene import Check, Known, Scene, Told, by_checkout, live, moment
from checkout_core.simulation.full.told import replied, told

__all__ = [
    "ALWAYS",
    "AT_REST",
    "Check",
    "Known",
    "Scene",
    "Told",
    "at_rest",
    "backing",
    "booked",
    "holds_end",
    "live",
    "look",
    "moment",
    "money",
    "replied",
    "stock",
    "told",
]


def _only_added_to(scene: Scene) -> None:
    if scene.before is not None:
        moneys.only_added_to(scene.before, scene.tables)


def _lasting(scene: Scene) -> None:
    if scene.before is not None:
        records.lasting(scene.before, scene.tables)


def _merged(scene: Scene) -> None:
    goods.once(scene.tables)
    if scene.before is not None:
        goods.merged(scene.before, scene.tables)


def _holds_end(scene: Scene) -> None:
    if scene.now is not None:
        goods.holds_end(scene.tables, scene.now)


ALWAYS: Final[tuple[Check, ...]] = (
    Check("I1", "the numbers of every pool are the sums of its holds and movements", lambda s: goods.numbers(s.tables)),
    Check("I2", "no more is promised than there is", lambda s: goods.promised(s.tables)),
    Check("I3", "an order that stands has exactly its goods, and nobody else has any", lambda s: goods.owned(s.tables)),
    Check("I4", "an order that stands is paid for", lambda s: moneys.paid(s.tables, s.by_checkout)),
    Check("I5", "a purchase is charged once at a time", lambda s: moneys.one_charge(s.by_checkout)),
    Check("I6", "money at the gateway is an order's, or somebody will come for it", lambda s: moneys.not_stranded(s.tables, s.by_checkout)),
    Check("I7", "no more is taken than quoted, no more goes back than was taken", lambda s: moneys.within_bounds(s.tables, s.by_checkout)),
    Check("I8", "orders and attempts are for what was quoted", lambda s: goods.as_quoted(s.tables)),
    Check("I8", "the gateway's raw amount is the one that was asked for", lambda s: moneys.as_asked(s.tables, s.by_checkout)),
    Check("I9", "no coupon is used more often than it allows", lambda s: goods.uses(s.tables)),
    Check("I11", "every posting balances, and is written once", lambda s: moneys.posted(s.tables)),
    Check("I11", "ledger and outbox are only added to", _only_added_to),
    Check("I12", "every quote adds up, and its receipt leads to the same totals", lambda s: records.adds_up(s.tables, s.verified)),
    Check("I13", "versions rise, and nothing comes back from an end", _lasting),
    Check("I14", "events are numbered without a gap", lambda s: records.counted(s.tables)),
    Check("I15", "the outbox says what is so", lambda s: records.announced(s.tables, s.payments)),
    Check("I15", "notices are about what is committed", lambda s: tellings.announced_ahead(s.tables, s.notices)),
    Check("I16", "no hold outlives its time unwatched", _holds_end),
    Check("I17", "every request to pay is one attempt", lambda s: records.asked_once(s.tables)),
    Check("I17", "all answers to one request are the same, and true (I21)", tellings.consistent),
    Check("I18", "a cart is bought once, and a merge loses nothing", _merged),
    Check("I25", "attempts, calls and tries are bounded", lambda s: records.bounded(s.tables, s.attempts_at_most)),
)

AT_REST: Final[tuple[Check, ...]] = (
    *ALWAYS,
    Check("L1", "everything has come to an end", lambda s: records.terminal(s.tables)),
    Check("L2", "every due refund is made, or with a person", lambda s: moneys.refunds_done(s.tables)),
    Check("I6", "all captured money is one order's, or went back", lambda s: moneys.attached(s.tables, s.by_checkout)),
    Check("I9", "coupons are used as often as orders carry them", lambda s: goods.uses_are_orders(s.tables)),
    Check("I11", "clearing accounts are zero", lambda s: moneys.cleared(s.tables)),
    Check("I14", "what is marked as delivered has arrived", lambda s: records.arrived(s.tables, s.noted, s.notices)),
    Check("L3", "every event is delivered, or dead by poison", lambda s: records.drained(s.tables, s.consumers, s.poisoned)),
    Check("I16", "nothing is held", lambda s: goods.nothing_held(s.tables)),
    Check("I20", "we and the gateway say the same of every payment", lambda s: moneys.agreed(s.tables, s.by_checkout)),
    Check("I20", "the ledger's cash is the gateway's", lambda s: moneys.cash(s.tables, s.payments)),
    Check("I21", "who was told no is not charged, who was told to wait has an answer", tellings.true_at_rest),
    Check("Q1", "no gratuitous refund", lambda s: moneys.gratuitous_refunds(s.tables, s.by_checkout)),
    Check("Q2", "no gratuitous refusal", tellings.refused_for_nothing),
    Check("Q3", "no more duplicate notices than reasons for them", lambda s: tellings.duplicates(s.notices, s.excuses)),
)


def look(scene: Scene, checks: Iterable[Check] = AT_REST, evaluated: Counter[str] | None = None) -> None:
    """Every check, in order; how often each id was looked at is added to `evaluated`. Raises Violation at the first that fails."""
    for check in checks:
        if evaluated is not None:
            evaluated[check.id] += 1
        check.find(scene)


def at_rest(
    t: Tables,
    payments: Iterable[Known],
    *,
    cancelled: Collection[str] = frozenset(),
    lapsed_first: Mapping[str, datetime] | None = None,
) -> None:
    """I6, I9, I11, I16, I20, L1, L2 and Q1 when everything has drained; who `cancelled` and what lapsed when is known from outside."""
    known = list(payments)
    sorted_out = by_checkout(known)
    records.terminal(t)
    goods.nothing_held(t)
    moneys.agreed(t, sorted_out)
    moneys.attached(t, sorted_out)
    moneys.refunds_done(t)
    goods.uses_are_orders(t)
    moneys.cash(t, known)
    moneys.cleared(t)
    left = all(pool.available > 0 for key, pool in t.pools.items() if isinstance(key, Stock))
    moneys.back_for_nothing(t, known, cancelled, lapsed_first or {}, left)
