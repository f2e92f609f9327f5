"""A planted bug as a value, and the few ways to plant one in both twins, or wherever a function is looked up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from inspect import isawaitable
from types import ModuleType
from typing import Any, Protocol, TypeVar

from attrs import frozen

from checkout_core import facts_first, runner, shop, worker
from checkout_core.sync import facts_first as sync_facts_first
from checkout_core.sync import runner as sync_runner
from checkout_core.sync import shop as sync_shop
from checkout_core.sync import worker as sync_worker

T = TypeVar("T")

RUNNERS = (runner.AsyncRunner, sync_runner.Runner)
SHOPS = (shop.AsyncShop, sync_shop.Shop)
ASKING = (facts_first.AsyncFactsFirst, sync_facts_first.FactsFirst)
WORKERS = (worker.AsyncWorker, sync_worker.Worker)


class Patch(Protocol):
    """What a bug is planted with: pytest's monkeypatch, or anything else that can put a name back afterwards."""

    def setattr(self, target: object, name: str, value: object, /) -> None: ...


@frozen
class Mutant:
    """A bug by name, what it gets wrong, and how it is planted.

    `breaks` names the ids that can be first to catch it, the likeliest first. `survives`: the ordinary tests let it live, as measured
    by `survivors`. `origin` is the real failure or the fault that it is modelled on.
    """

    name: str
    says: str
    plant: Callable[[Patch], None]
    breaks: tuple[str, ...] = ()
    origin: str = ""
    survives: bool = False


def bug(name: str, says: str, *breaks: str, origin: str = "") -> Callable[[Callable[[Patch], None]], Mutant]:
    """Makes a mutant of the function that plants it."""
    return lambda plant: Mutant(name, says, plant, breaks, origin)


class Timed:
    """A unit that goes by another clock than its store."""

    def __init__(self, unit: Any, now: datetime) -> None:
        self.unit, self.now = unit, now

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unit, name)


def everywhere(patch: Patch, real: Callable[..., Any], wrong: Callable[..., Any]) -> None:
    """Plant a function wherever the product has imported it; the simulation judges by its own, and keeps the real one."""
    for room in _rooms(real.__name__):
        if getattr(room, real.__name__) is real:
            patch.setattr(room, real.__name__, wrong)


def constant(patch: Patch, name: str, value: object) -> None:
    """Plant a constant wherever the product looks it up."""
    for room in _rooms(name):
        patch.setattr(room, name, value)


def _rooms(name: str) -> list[ModuleType]:
    rooms = [room for path, room in sorted(sys.modules.items()) if path.startswith("checkout_core") and "simulation" not in path]
    return [room for room in rooms if hasattr(room, name)]


def in_both(patch: Patch, classes: tuple[type, type], name: str, wrong: Callable[..., Coroutine[Any, Any, Any]]) -> None:
    """Plant an async method in a class and in its sync twin; the method says `await ready(…)` where others would say `await`."""

    def at_once(*given: Any, **named: Any) -> Any:
        try:
            wrong(*given, **named).send(None)
        except StopIteration as stop:
            return stop.value
        raise AssertionError(f"{name} waits for something in the sync twin: say `await ready(…)`.")

    patch.setattr(classes[0], name, wrong)
    patch.setattr(classes[1], name, at_once)


async def ready(value: Any) -> Any:
    """What was awaited, or is there already."""
    return await value if isawaitable(value) else value


def real_of(classes: tuple[type, type], name: str) -> Callable[..., Any]:
    """The real method of whichever twin is asked."""
    reals = {made: vars(made)[name] for made in classes}
    return lambda self, *given, **named: next(real for made, real in reals.items() if isinstance(self, made))(self, *given, **named)
