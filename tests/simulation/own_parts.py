"""Adapters of a host for the simulator: good ones, and some that break a promise or are none."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from attrs import evolve

from checkout_adapters.sandbox import SandboxBooks, SandboxGateway
from checkout_core import MemoryStorage
from checkout_core.effects import Authorize
from checkout_core.errors import Unavailable
from checkout_core.holds import Pool, PoolKey
from checkout_core.payments import Fact
from checkout_core.ports import Clock
from checkout_core.unit import Record, Release, Unit

T = TypeVar("T")


def storage(clock: Clock) -> MemoryStorage:
    """A good store."""
    return MemoryStorage(clock)


def gateway(clock: Clock) -> SandboxGateway:
    """A good gateway."""
    return SandboxGateway(SandboxBooks(clock))


class Away(SandboxGateway):
    """A gateway that is never there: it breaks no promise, and sells nothing."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(SandboxBooks(clock))

    def authorize(self, request: Authorize) -> Fact:
        raise Unavailable("It is never there.")


class Lies(MemoryStorage):
    """A store that counts one more than there is (I1)."""

    def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        return {key: evolve(pool, on_hand=pool.on_hand + 1) for key, pool in super().pools(keys).items()}


class Forgets(MemoryStorage):
    """A store that forgets to release, so that it breaks I1 only in a run in which somebody lets goods go."""

    def transact(self, work: Callable[[Unit], T]) -> T:
        return super().transact(lambda unit: work(_Forgetting(unit)))  # type: ignore[arg-type]


class Wavers(Forgets):
    """A store that forgets to release in its first life alone, so that a run that breaks I1 does not come back."""

    made = 0

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        Wavers.made += 1
        self.first = Wavers.made == 1

    def transact(self, work: Callable[[Unit], T]) -> T:
        return super().transact(work) if self.first else MemoryStorage.transact(self, work)


class _Forgetting:
    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    def __getattr__(self, name: str) -> object:
        return getattr(self.unit, name)

    def write(self, *records: Record) -> None:
        self.unit.write(*(record for record in records if not isinstance(record, Release)))


class Closes(MemoryStorage):
    """A store that counts how many of it are open."""

    open = 0
    opened = 0

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        Closes.open += 1
        Closes.opened += 1

    def close(self) -> None:
        Closes.open -= 1


ONE: dict[str, MemoryStorage] = {}


def same(clock: Clock) -> MemoryStorage:
    """The same store each time."""
    return ONE.setdefault("it", MemoryStorage(clock))


def nothing(clock: Clock) -> object:
    """No store at all."""
    return object()


def needs_more(clock: Clock, path: str) -> MemoryStorage:
    """A store that cannot be made from a clock alone."""
    return MemoryStorage(clock)


class Dies(MemoryStorage):
    """A store that takes its process down in the second run, unless that is the one that was started first."""

    made = 0

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        Dies.made += 1
        if Dies.made > 1 and multiprocessing.parent_process() is not None:
            os._exit(9)


class Hashes(MemoryStorage):
    """A store that hangs on Python's own hashes, so that a run is not the same in another process."""

    calls = 0

    def transact(self, work: Callable[[Unit], T]) -> T:
        self.calls += 1
        if self.calls == 6 and hash("a run") % 2:
            raise Unavailable("The store is busy. Try again.")
        return super().transact(work)
