"""What the store in memory keeps beside its tables stays small and right: due times, and what its consumers have still to be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from attrs import evolve

from checkout_core.checkout import Checkout
from checkout_core.events import Event
from checkout_core.holds import CartTurn, Claim, Movement, Stock
from checkout_core.memory import MemoryStorage, Tables
from checkout_core.unit import Commit, Delivery, Release
from tests.world import NOON, TestClock

HOUR = timedelta(hours=1)


def checkout(id: str, **said: Any) -> Checkout:
    return Checkout(id, f"N-{id}", f"cart-{id}", 1, "EUR", NOON, NOON + HOUR, NOON + HOUR, version=1, **said)


def write(store: MemoryStorage, *records: Any) -> None:
    store.transact(lambda unit: unit.write(*records))


def first_due(store: MemoryStorage) -> datetime | None:
    """When `due` first names anybody, to ten seconds, within a day; None if it never does."""
    usual = store.clock
    try:
        for seconds in range(0, 24 * 3600, 10):
            store.clock = TestClock(NOON + timedelta(seconds=seconds))
            if store.due(1):
                return store.clock.now()
        return None
    finally:
        store.clock = usual


def test_the_first_checkout_falls_due_at_its_time() -> None:
    """The earliest time of all, whatever was written before; never, when nothing will fall due."""
    store = MemoryStorage(TestClock())
    assert first_due(store) is None
    first, second = checkout("c1", due_at=NOON + HOUR), checkout("c2", due_at=NOON + 2 * HOUR)
    write(store, first, second)
    assert first_due(store) == NOON + HOUR
    first = evolve(first, due_at=NOON + 3 * HOUR, version=2)
    write(store, first)
    assert first_due(store) == NOON + 2 * HOUR
    write(store, evolve(second, due_at=None, version=2))
    assert first_due(store) == NOON + 3 * HOUR
    write(store, evolve(first, due_at=None, version=3))
    assert first_due(store) is None


def test_what_was_once_due_is_forgotten() -> None:
    """One checkout put off a thousand times is one due time: what is kept does not grow with what was written."""
    store, c = MemoryStorage(TestClock()), checkout("c1", due_at=NOON)
    write(store, c)
    for n in range(1000):
        c = evolve(c, due_at=NOON + timedelta(seconds=n + 1), version=c.version + 1)
        write(store, c)
    assert len(store._due) < 200
    assert first_due(store) == NOON + timedelta(seconds=1000)
    assert c.due_at == NOON + timedelta(seconds=1000)
    store.clock = TestClock(NOON + HOUR)
    assert store.due(10) == ["c1"]


def test_a_checkout_is_due_once() -> None:
    """Also one that was put off, and then brought back to the time it had before."""
    store, c = MemoryStorage(TestClock()), checkout("c1", due_at=NOON)
    write(store, c)
    write(store, evolve(c, due_at=NOON + HOUR, version=2))
    write(store, evolve(c, version=3))
    assert store.due(10) == ["c1"]
    assert store.due(10) == ["c1"]


def test_another_snapshot_is_another_queue_and_other_due_times() -> None:
    """After the tables were replaced and indexed, nothing is left of what was known of the old ones."""
    store = MemoryStorage(TestClock())
    write(store, checkout("c1", due_at=NOON), Event("c1", 1, "checkout.begun", NOON), Delivery("mail", "c1/1", 1, delivered=True))
    assert store.undelivered("mail", 10) == []
    store.tables = Tables(
        checkouts={"c2": checkout("c2", due_at=NOON + HOUR)},
        events=[Event("c2", 1, "checkout.begun", NOON)],
    )
    store.index()
    assert first_due(store) == NOON + HOUR
    assert [event.id for event in store.undelivered("mail", 10)] == ["c2/1"]


class Counting(dict[Any, Any]):
    """A table that counts how often it is looked at."""

    looks = 0

    def get(self, key: Any, default: Any = None) -> Any:
        self.looks += 1
        return super().get(key, default)


def test_what_is_settled_is_not_looked_at_again() -> None:
    """A relay that tells a thousand events in tens looks at each of them a few times, not once for every later one."""
    store = MemoryStorage(TestClock())
    store.tables.deliveries = deliveries = Counting()
    write(store, *(Event(f"c{n}", 1, "checkout.begun", NOON) for n in range(1000)))
    told = list(everything_told(store))
    assert told == [f"c{n}/1" for n in range(1000)]
    assert deliveries.looks < 5 * 1000


def everything_told(store: MemoryStorage) -> Iterator[str]:
    """The ids of the events, as a relay is offered and settles them."""
    while batch := store.undelivered("mail", 10):
        yield from (event.id for event in batch)
        write(store, *(Delivery("mail", event.id, 1, delivered=True) for event in batch))


def test_a_delivery_that_is_repeated_comes_in_its_old_place() -> None:
    """However many were settled since, and only to the consumer it is repeated for (M4)."""
    store = MemoryStorage(TestClock())
    write(store, *(Event("c1", seq, "checkout.begun", NOON) for seq in range(1, 6)))
    assert len(list(everything_told(store))) == 5
    write(store, Event("c1", 6, "checkout.begun", NOON), Delivery("mail", "c1/2", next_at=NOON))
    assert [event.seq for event in store.undelivered("mail", 10)] == [2, 6]
    assert [event.seq for event in store.undelivered("books", 2)] == [1, 2]


def test_a_sold_unit_is_in_nobodys_way() -> None:
    """Who has bought holds nothing that could be let go: only the cart remembers its buyer."""
    store = MemoryStorage(TestClock())
    pool, turn = Stock("MUG"), CartTurn("cart-c1")
    write(store, Movement(pool, 2, "opening", "test", NOON), checkout("c1"))
    store.transact(lambda unit: unit.take("c1", [Claim(turn, 1, limit=1), Claim(pool, 1)]))
    assert store.tables.holders[pool] == ("c1",)
    write(store, Commit("c1"))
    assert store.tables.holders[pool] == ()
    assert store.look(lambda view: view.buyer("cart-c1")) == "c1"
    write(store, Release("c1"))
    assert store.look(lambda view: view.buyer("cart-c1")) is None
    assert store.pools([pool])[pool].available == 2
