"""Units of work, in a word each: what the promises of a storage are written with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve

from checkout_core.checkout import Checkout
from checkout_core.errors import NotFound, Unavailable
from checkout_core.events import Event
from checkout_core.holds import Movement, Pool, PoolKey, Short, Taken
from checkout_core.testing.parts import a_cart, a_checkout
from checkout_core.unit import Unit


class Promises:
    """What every part of `StorageContract` is written with."""

    def new(self) -> Any:
        """An empty storage."""
        raise NotImplementedError

    def can(self, capability: str) -> bool:
        """Whether a promise is made."""
        raise NotImplementedError


def read(storage: Any, look: Callable[[Unit], Any]) -> Any:
    """What a unit of its own sees."""
    return storage.transact(look)


def write(storage: Any, *records: Any) -> None:
    """Write in a unit of its own."""
    storage.transact(lambda unit: unit.write(*records))


def now_of(storage: Any) -> datetime:
    """The store's time."""
    now: datetime = storage.transact(lambda unit: unit.now)
    return now


def stock(storage: Any, pool: PoolKey, units: int) -> None:
    """Move stock in or out."""
    storage.transact(lambda unit: unit.write(Movement(pool, units, "counted", "kit", unit.now)))


def numbers(storage: Any, pool: PoolKey) -> tuple[int, int, int]:
    """On hand, held, committed: as a unit sees it, which must be what everybody sees."""
    seen: Pool = storage.transact(lambda unit: unit.pool(pool))
    assert storage.pools([pool]) == {pool: seen}
    return seen.on_hand, seen.held, seen.committed


def begin(storage: Any, c: Checkout) -> Taken | Short:
    """Take what a checkout wants, and write it with its cart; if that is too much, write nothing."""

    def work(unit: Unit) -> Taken | Short:
        answer = unit.take(c.id, c.claims)
        if isinstance(answer, Taken):
            if not has_cart(unit, c.cart):
                unit.write(a_cart(c.cart, unit.now))
            unit.write(evolve(c, held=c.claims))
        return answer

    answer: Taken | Short = storage.transact(work)
    return answer


def has_cart(unit: Unit, id: str) -> bool:
    try:
        unit.cart(id)
    except NotFound:
        return False
    return True


def tell(storage: Any, now: datetime, *events: tuple[str, int]) -> None:
    """Write events, together, of checkouts that are there."""
    for checkout in dict.fromkeys(checkout for checkout, _ in events):
        if fault_of(storage, lambda unit, id=checkout: unit.checkout(id)) is NotFound:
            begin(storage, a_checkout(checkout, now))
    facts = (("number", "N-1"), ("total", 3490), ("currency", "EUR"))
    write(storage, *(Event(checkout, seq, "order.placed", now, facts) for checkout, seq in events))


def ids(events: Sequence[Event]) -> list[str]:
    return [event.id for event in events]


def fault_of(storage: Any, work: Callable[..., Any]) -> type[BaseException] | None:
    """What a unit was stopped by."""
    try:
        storage.transact(work)
    except Exception as error:
        return type(error)
    return None


def until_done(act: Callable[[], Any]) -> Any:
    """Try again while the store says that it did not happen, as every caller may."""
    for _ in range(100):
        try:
            return act()
        except Unavailable:
            continue
    raise AssertionError("it was unavailable a hundred times in a row")


def at_once(many: int, act: Callable[[int], Any]) -> list[Any]:
    """What each of so many threads got, all let go at the same moment; a fault in one is a fault here."""
    start, answers, faults = threading.Barrier(many), dict[int, Any](), list[Exception]()

    def run(n: int) -> None:
        start.wait(timeout=30)
        try:
            answers[n] = act(n)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    if faults:
        raise faults[0]
    return [answers[n] for n in range(many)]
