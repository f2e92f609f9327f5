"""Where a run stores: the model store in memory, or any real one that a caller opens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from attrs import frozen

from checkout_core.memory import MemoryStorage, Tables
from checkout_core.ports import Clock
from checkout_core.simulation.parts import Stores
from checkout_core.simulation.provider import Later, Provider


class Level(Protocol):
    """Where a run stores: `open` gives a fresh, empty store."""

    def open(self, clock: Clock) -> Opened:
        """A store on that clock."""
        ...


class Opened(Protocol):
    """A store of one run."""

    @property
    def stores(self) -> Stores: ...
    @property
    def tables(self) -> Tables | None:
        """Its rows, if they can be looked at directly."""
        ...

    def check(self, provider: Provider) -> Sequence[tuple[str, str]]:
        """What an independent look finds, with the gateway's own books beside it: the id of an invariant, and a sentence."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class WithGateway(Protocol):
    """What was opened brings a gateway of its own, too."""

    def provider(self, later: Later) -> Provider | None:
        """Its books; None for the model's."""
        ...


@frozen
class _InMemory:
    stores: MemoryStorage

    @property
    def tables(self) -> Tables:
        return self.stores.tables

    def check(self, provider: Provider) -> Sequence[tuple[str, str]]:
        return ()

    def close(self) -> None:
        return None


@frozen
class ModelLevel:
    """The model store: in memory, and fast."""

    def open(self, clock: Clock) -> Opened:
        """An empty one."""
        return _InMemory(MemoryStorage(clock))
