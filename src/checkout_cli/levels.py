"""Where the runs of a scenario store, and whose gateway they pay at: the models, our SQLite, or adapters of the host, by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from importlib import import_module
from typing import Any, Final

from checkout_core.errors import Misconfigured
from checkout_core.simulation.foreign import OwnLevel
from checkout_core.simulation.levels import Level
from checkout_core.simulation.scenarios import Scenario

LEVELS: Final = ("model", "sqlite")


@contextmanager
def level_of(scenario: Scenario, named: str | None = None) -> Iterator[Level | None]:
    """The level of a scenario, or the one that is `named` instead of its storage; None for the models alone. Raises Misconfigured."""
    storage, gateway = named or scenario.adapters.storage, scenario.adapters.gateway
    pays = None if gateway == "model" else _factory(gateway, "gateway")
    if ":" in storage:
        yield OwnLevel(_factory(storage, "storage"), pays)
    elif storage == "sqlite":
        from checkout_cli.wiring import sqlite_level

        with sqlite_level() as level:
            yield level if pays is None else OwnLevel(None, pays, level)
    else:
        yield None if pays is None else OwnLevel(None, pays)


def level_name(scenario: Scenario, named: str | None = None) -> str:
    """How that level is called."""
    return named or scenario.adapters.storage


def _factory(name: str, port: str) -> Callable[..., Any]:
    """What a host calls `package:object`."""
    package, _, words = name.partition(":")
    try:
        found: Any = reduce(getattr, words.split("."), import_module(package))
    except (ImportError, AttributeError) as error:
        raise Misconfigured(f"The {port} {name!r} cannot be had: {error}. Install it here, or correct [adapters].") from None
    if not callable(found):
        raise Misconfigured(f"The {port} {name!r} makes nothing. Name a class or a function that makes one, given a clock.")
    return found  # type: ignore[no-any-return]
