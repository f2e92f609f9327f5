"""The kit for storages has been seen failing on open carts, on commits whose answer is lost, and on many processes."""

from __future__ import annotations

import fcntl
import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from checkout_core import memory
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.holds import HoldState, Pool, PoolKey, Stock
from checkout_core.memory import MemoryStorage, MemoryUnit
from checkout_core.testing import StorageContract, processes
from checkout_core.unit import Unit
from tests.red import goes_red


# Open carts, and one SKU at two locations: the store in memory, with a patch.
class InMemory(StorageContract):
    def make(self, clock: Any) -> Any:
        return MemoryStorage(clock)


def _never_looks(unit: MemoryUnit, cart: Any) -> None:
    unit._carts.put(cart.id, cart)
    if cart.customer_id is not None:
        unit._opened.put((cart.customer_id, cart.currency), cart.id if cart.ordered is None and cart.merged_into is None else None)


def _never_makes_room(unit: MemoryUnit, cart: Any) -> None:
    whose = (cart.customer_id, cart.currency)
    memory._guard(cart.customer_id is None or unit._opened.get(whose) in (None, cart.id), "There is one.")
    unit._carts.put(cart.id, cart)
    unit._opened.put(whose, cart.id)


def _forgets_merges(unit: MemoryUnit, cart: Any, whole: Any = MemoryUnit._put_cart) -> None:
    whole(unit, evolve(cart, merged_into=None))


def _counts_guests(unit: MemoryUnit, cart: Any, whole: Any = MemoryUnit._put_cart) -> None:
    whole(unit, evolve(cart, customer_id=cart.customer_id or ""))


def _one_currency(unit: MemoryUnit, customer: str, currency: str) -> str | None:
    return unit._opened.get((customer, "EUR"))


def _back_to_main(unit: MemoryUnit, checkout: str, old: Any, new: HoldState, move: Any = MemoryUnit._move) -> None:
    if new is HoldState.RELEASED:
        held = unit._holds.get(checkout) or ()
        unit._holds.put(checkout, tuple(evolve(h, pool=Stock("mug")) if isinstance(h.pool, Stock) else h for h in held))
    move(unit, checkout, old, new)


@pytest.mark.parametrize(
    ("name", "wrong", "promise"),
    [
        ("cart_of", _one_currency, "test_a_customers_open_cart_is_known"),
        ("_put_cart", _never_looks, "test_a_customer_never_has_a_second_open_cart"),
        ("_put_cart", _never_looks, "test_a_guests_cart_may_become_a_customers"),
        ("_put_cart", _counts_guests, "test_guests_have_as_many_carts_as_they_like"),
        ("_put_cart", _never_makes_room, "test_a_cart_that_was_bought_makes_room"),
        ("_put_cart", _forgets_merges, "test_a_cart_that_was_merged_makes_room"),
        ("_move", _back_to_main, "test_one_sku_may_be_taken_from_two_locations"),
    ],
)
def test_a_storage_that_loses_track_is_caught(monkeypatch: pytest.MonkeyPatch, name: str, wrong: Any, promise: str) -> None:
    assert not goes_red(InMemory(), promise)
    monkeypatch.setattr(MemoryUnit, name, wrong)
    assert goes_red(InMemory(), promise)


# Commits whose answer is lost.
class Lost(Exception):
    """The answer did not come."""


class Careful(MemoryStorage):
    """A right one: it runs the unit again."""

    losing: bool | None = None

    def transact(self, work: Callable[[Unit], Any]) -> Any:
        try:
            return self.once(work)
        except Lost:
            return self.once(work)

    def once(self, work: Callable[[Unit], Any]) -> Any:
        applied, self.losing = self.losing, None
        if applied is None:
            return super().transact(work)
        if applied:
            super().transact(work)
        else:
            work(MemoryUnit(self.tables, self.clock.now()))
        raise Lost

    @contextmanager
    def lose(self, applied: bool) -> Iterator[None]:
        self.losing = applied
        yield
        self.losing = None


class SaysUnavailable(Careful):
    def transact(self, work: Callable[[Unit], Any]) -> Any:
        try:
            return self.once(work)
        except Lost:
            raise Unavailable("It did not happen.") from None


class LeavesItToTheCaller(Careful):
    def transact(self, work: Callable[[Unit], Any]) -> Any:
        try:
            return self.once(work)
        except Lost:
            raise NoAnswer("Who knows?") from None


class BelievesItHappened(Careful):
    def transact(self, work: Callable[[Unit], Any]) -> Any:
        given = list[Any]()
        with suppress(Lost):
            self.once(lambda unit: given.append(work(unit)))
        return given[-1]


class HoldsItsBreath(Careful):
    """After a lost commit nothing works any more."""

    broken = False

    def transact(self, work: Callable[[Unit], Any]) -> Any:
        if self.broken:
            raise Unavailable("The connection is gone.")
        self.broken = self.losing is not None
        return super().transact(work)


class Lossy(StorageContract):
    capabilities = frozenset({"lost_commits"})

    def __init__(self, storage: type[Careful]) -> None:
        self.storage = storage

    def make(self, clock: Any) -> Any:
        return self.storage(clock)

    def lose_commit(self, storage: Any, *, applied: bool) -> Any:
        return storage.lose(applied)


@pytest.mark.parametrize(
    ("wrong", "promise"),
    [
        (SaysUnavailable, "test_of_a_commit_whose_answer_was_lost_there_is_one_effect"),
        (LeavesItToTheCaller, "test_of_a_commit_whose_answer_was_lost_there_is_one_effect"),
        (BelievesItHappened, "test_of_a_commit_whose_answer_was_lost_there_is_one_effect"),
        (BelievesItHappened, "test_a_unit_that_looks_for_no_record_of_its_own_is_stopped_by_its_guard"),
        (HoldsItsBreath, "test_a_storage_goes_on_after_a_lost_commit"),
    ],
)
def test_a_storage_that_loses_commits_is_caught(wrong: type[Careful], promise: str) -> None:
    assert not goes_red(Lossy(Careful), promise)
    assert goes_red(Lossy(wrong), promise)


# Many processes: a store that is kept as a whole in a file.
class OnDisk(MemoryStorage):
    """A right one: whoever has the file's lock reads it, works and writes it."""

    locked = True

    def __init__(self, path: Path, clock: Any) -> None:
        super().__init__(clock)
        self.path = path

    def transact(self, work: Callable[[Unit], Any]) -> Any:
        with open(self.path.with_suffix(".lock"), "ab") as lock:
            if self.locked:
                fcntl.flock(lock, fcntl.LOCK_EX)
            if self.path.exists():
                self.tables = pickle.loads(self.path.read_bytes())
            time.sleep(0.02)
            answer = super().transact(work)
            new = self.path.with_suffix(f".{os.getpid()}")
            new.write_bytes(pickle.dumps(self.tables))
            new.replace(self.path)
            return answer

    def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        self.transact(lambda unit: None)
        return super().pools(keys)


class OnDiskUnlocked(OnDisk):
    """Read, think, write: with time in between, and nothing locked."""

    locked = False


class DiesAtOnce(OnDisk):
    """Every process but the first one is killed."""

    born = os.getpid()

    def transact(self, work: Callable[[Unit], Any]) -> Any:
        if os.getpid() != self.born:
            os._exit(7)
        return super().transact(work)


class Forked(StorageContract):
    capabilities = frozenset({"processes"})

    def __init__(self, storage: type[OnDisk], folder: Path) -> None:
        self.storage, self.folder = storage, folder

    def make(self, clock: Any) -> Any:
        self.path = self.folder / f"{self.storage.__name__}.db"
        self.path.unlink(missing_ok=True)
        return self.storage(self.path, clock)

    def elsewhere(self, storage: Any) -> Callable[[], Any]:
        return lambda: self.storage(self.path, storage.clock)


@pytest.mark.parametrize("wrong", [OnDiskUnlocked, DiesAtOnce])
@pytest.mark.parametrize(
    "promise",
    [
        "test_of_many_processes_exactly_as_many_as_there_are_get_one",
        "test_many_processes_on_the_first_use_of_a_coupon",
        "test_no_update_of_another_process_is_lost",
    ],
)
def test_a_storage_that_is_wrong_between_processes_is_caught(tmp_path: Path, wrong: type[OnDisk], promise: str) -> None:
    assert not goes_red(Forked(OnDisk, tmp_path), promise)
    assert goes_red(Forked(wrong, tmp_path), promise)


def test_what_a_process_fails_with_is_told() -> None:
    """With its number and its traceback, so that nobody has to guess."""

    def act(_: Any, n: int) -> int:
        return n // (n - 1)

    with pytest.raises(AssertionError, match=r"(?s)process 1 failed:.*in act.*ZeroDivisionError"):
        processes.in_processes(3, object, act)


def test_a_storage_that_does_not_open_elsewhere_is_told() -> None:
    def open() -> Any:
        raise LookupError("no such file")

    with pytest.raises(AssertionError, match=r"(?s)process 0 failed:.*LookupError: no such file"):
        processes.in_processes(2, open, lambda storage, n: n)


def test_a_process_that_dies_is_told_and_one_that_waits_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="process 0 died without a word"):
        processes.in_processes(2, object, lambda storage, n: os._exit(3))
    monkeypatch.setattr(processes, "PATIENCE", 0.2)
    with pytest.raises(AssertionError, match="waits for ever"):
        processes.in_processes(2, object, lambda storage, n: time.sleep(60))
