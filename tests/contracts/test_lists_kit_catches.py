"""The kit for lists has been seen failing: each wrong list planted here turns the promise it breaks red."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from attrs import evolve

from checkout_core import memory_lists
from checkout_core.holds import CartTurn, CouponUsesBy, HoldState
from checkout_core.listings import HoldListed
from checkout_core.memory import MemoryStorage, MemoryUnit, Tables
from checkout_core.memory_lists import MemoryQueries
from checkout_core.orders import PaymentState
from checkout_core.payments import AttemptState
from checkout_core.testing import QueriesContract
from tests.red import goes_red

Patch = Callable[[pytest.MonkeyPatch], None]


class Lists(QueriesContract):
    def make(self, clock: Any) -> tuple[Any, Any]:
        storage = MemoryStorage(clock)
        return storage, MemoryQueries(storage)


def patched(where: Any, name: str, wrong: Any) -> Patch:
    return lambda monkeypatch: monkeypatch.setattr(where, name, wrong)


def answering(name: str, wrong: Callable[..., Any]) -> Patch:
    """The list answers what `wrong` makes of the right answer."""
    right = getattr(MemoryQueries, name)
    return patched(MemoryQueries, name, lambda self, *args, **kwargs: wrong(right(self, *args, **kwargs)))


def asked(name: str, wrong: Callable[..., dict[str, Any]]) -> Patch:
    """The list is asked with what `wrong` makes of the words of the question."""
    right = getattr(MemoryQueries, name)
    return patched(MemoryQueries, name, lambda self, *args, **kwargs: right(self, *args, **wrong(**kwargs)))


def without(word: str) -> Callable[..., dict[str, Any]]:
    return lambda **kwargs: {name: value for name, value in kwargs.items() if name != word}


def each(**wrong: Callable[[Any], Any]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    return lambda rows: [evolve(row, **{name: change(row) for name, change in wrong.items()}) for row in rows]


def backwards(rows: Sequence[Any]) -> Sequence[Any]:
    return [*rows][::-1]


def _every_attempt(unit: MemoryUnit) -> Iterator[Any]:
    yield from unit._pools.written
    yield from (attempt.key for checkout in unit.checkouts_written for attempt in checkout.attempts)


def _with_turns(tables: Tables, whole: Any = memory_lists._holds) -> list[HoldListed]:
    turns = [hold for holds in tables.holds.values() for hold in holds if isinstance(hold.pool, CartTurn)]
    return [*whole(tables), *(HoldListed(h.checkout, f"N-{h.checkout}", h.pool, h.amount, h.state, None) for h in turns)]


def _uses_by_identity(tables: Tables, promotion: str) -> tuple[int, int]:
    pools = [pool for key, pool in tables.pools.items() if isinstance(key, CouponUsesBy) and key.promotion == promotion]
    return sum(pool.held for pool in pools), sum(pool.committed for pool in pools)


FIND = "test_a_checkout_is_found_by_its_id_and_by_its_number_however_typed"
ORDER = "test_an_order_is_listed_as_it_is"
BECOME = "test_an_order_is_listed_as_it_has_become"
ORDERS = "test_orders_come_newest_first_and_are_chosen_by_customer_status_and_time"
CARTS = "test_open_carts_are_listed_by_their_ids_page_by_page"
ATTEMPT = "test_an_attempt_is_listed_as_it_is"
CHANGED = "test_attempts_come_last_changed_first"
DUE = "test_due_is_what_waits_for_a_person_or_a_worker"
STOCK = "test_stock_is_listed_as_units_see_it"
SHORTFALL = "test_stock_that_is_promised_and_not_there_is_seen"
HISTORY = "test_the_history_of_stock_is_told_from_its_end"
HOLDS = "test_holds_are_what_is_held_and_committed_the_first_to_lapse_first"
CARDS = "test_gift_cards_are_listed_by_their_references"
COUPONS = "test_coupons_are_counted_by_promotion"
OUTBOX = "test_the_outbox_is_read_page_by_page"
WAITING = "test_what_waits_and_what_was_given_up_is_seen"
LIMITS = "test_every_list_keeps_to_its_limit"


@pytest.mark.parametrize(
    ("plant", "promise"),
    [
        (patched(memory_lists, "canonical_order_number", lambda text: text), FIND),
        (answering("find", lambda id: id or "c2"), FIND),
        (patched(MemoryQueries, "find", lambda self, text: text if text in self._storage.tables.checkouts else None), FIND),
        (patched(memory_lists, "payment_state", lambda order, attempts: PaymentState.PAID), ORDER),
        (answering("orders", each(cancelled=lambda row: "")), ORDER),
        (answering("orders", each(total=lambda row: row.total + row.total)), ORDER),
        (patched(memory_lists, "payment_state", lambda order, attempts: PaymentState.PAID), BECOME),
        (answering("orders", backwards), ORDERS),
        (asked("orders", without("customer")), ORDERS),
        (asked("orders", without("status")), ORDERS),
        (asked("orders", without("before")), ORDERS),
        (asked("orders", without("limit")), ORDERS),
        (patched(memory_lists, "_open", lambda cart: True), CARTS),
        (patched(memory_lists, "_open", lambda cart: cart.ordered is None), CARTS),
        (patched(memory_lists, "_open", lambda cart: cart.merged_into is None), CARTS),
        (answering("carts", backwards), CARTS),
        (answering("carts", lambda rows: [row for row in rows if row.lines]), CARTS),
        (asked("carts", without("after")), CARTS),
        (asked("carts", without("limit")), CARTS),
        (answering("payments", each(received=lambda row: row.amount)), ATTEMPT),
        (answering("payments", each(in_flight=lambda row: False)), ATTEMPT),
        (answering("payments", each(stuck=lambda row: "")), ATTEMPT),
        (patched(MemoryUnit, "changes", property(_every_attempt)), CHANGED),
        (answering("payments", backwards), CHANGED),
        (asked("payments", without("checkout")), CHANGED),
        (patched(memory_lists, "UNSETTLED", memory_lists.UNSETTLED - {AttemptState.AUTHORIZED}), DUE),
        (patched(memory_lists, "UNSETTLED", memory_lists.UNSETTLED | {AttemptState.VOIDED}), DUE),
        (patched(memory_lists, "_waits", lambda row, now: row.due_at is not None and row.due_at <= now), DUE),
        (patched(memory_lists, "_waits", lambda row, now: row.state in memory_lists.UNSETTLED or row.unwanted != ""), DUE),
        (answering("payments", backwards), DUE),
        (answering("inventory", lambda rows: sorted(rows, key=lambda row: (row.location, row.sku))), STOCK),
        (answering("inventory", each(available=lambda row: row.on_hand)), STOCK),
        (answering("inventory", each(committed=lambda row: 0)), STOCK),
        (asked("inventory", without("skus")), STOCK),
        (answering("inventory", each(available=lambda row: row.on_hand - row.held)), SHORTFALL),
        (answering("inventory", each(shortfall=lambda row: 0)), SHORTFALL),
        (answering("movements", backwards), HISTORY),
        (asked("movements", without("limit")), HISTORY),
        (patched(MemoryQueries, "movements", lambda self, sku, limit=50: self._storage.tables.movements[::-1][:limit]), HISTORY),
        (patched(memory_lists, "_holds", _with_turns), HOLDS),
        (answering("holds", backwards), HOLDS),
        (answering("holds", lambda rows: [row for row in rows if row.state is HoldState.HELD]), HOLDS),
        (asked("holds", without("sku")), HOLDS),
        (asked("holds", without("checkout")), HOLDS),
        (answering("gift_cards", backwards), CARDS),
        (answering("gift_cards", each(available=lambda row: row.loaded)), CARDS),
        (answering("gift_cards", each(spent=lambda row: row.held)), CARDS),
        (asked("gift_cards", without("card")), CARDS),
        (asked("gift_cards", without("after")), CARDS),
        (asked("gift_cards", without("limit")), CARDS),
        (asked("holds", without("card")), CARDS),
        (patched(memory_lists, "_uses", _uses_by_identity), COUPONS),
        (answering("coupons", lambda rows: [row for row in rows if row.held + row.used]), COUPONS),
        (answering("coupons", each(people=lambda row: row.held + row.used)), COUPONS),
        (asked("outbox", lambda **kwargs: kwargs | {"after": kwargs.get("after", 0) - 1}), OUTBOX),
        (asked("outbox", without("checkout")), OUTBOX),
        (answering("outbox", each(deliveries=lambda row: ())), OUTBOX),
        (answering("outbox", each(deliveries=lambda row: row.deliveries[::-1])), OUTBOX),
        (asked("undelivered", without("consumer")), WAITING),
        (asked("undelivered", without("dead")), WAITING),
        (answering("undelivered", lambda rows: [row for row in rows for _ in row.deliveries]), WAITING),
        (answering("undelivered", backwards), WAITING),
        (patched(memory_lists, "at_most", lambda limit: limit), LIMITS),
        *((asked(name, without("limit")), LIMITS) for name in ("orders", "payments", "inventory", "holds", "movements", "outbox")),
        (asked("undelivered", without("limit")), LIMITS),
    ],
)
def test_a_wrong_list_is_caught(monkeypatch: pytest.MonkeyPatch, plant: Patch, promise: str) -> None:
    assert not goes_red(Lists(), promise)
    plant(monkeypatch)
    assert goes_red(Lists(), promise)


def test_every_promise_of_a_list_has_been_seen_failing() -> None:
    """One that no planted list breaks might be unable to fail."""
    named = {
        FIND,
        ORDER,
        BECOME,
        ORDERS,
        CARTS,
        ATTEMPT,
        CHANGED,
        DUE,
        STOCK,
        SHORTFALL,
        HISTORY,
        HOLDS,
        CARDS,
        COUPONS,
        OUTBOX,
        WAITING,
        LIMITS,
    }
    assert {name for name in dir(QueriesContract) if name.startswith("test_")} == named
