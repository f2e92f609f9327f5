"""What the kits share: skipping by capability, a clock set by hand, a driver for async adapters, and small values to store."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from unittest import SkipTest

from checkout_core.cart import Cart, Line
from checkout_core.checkout import Checkout, turn
from checkout_core.holds import Claim, in_lock_order


class Kit(Protocol):
    """A kit that knows what the adapter under test can do."""

    def can(self, capability: str) -> bool: ...


K = TypeVar("K", bound=Kit)


def needs(*capabilities: str) -> Callable[[Callable[[K], None]], Callable[[K], None]]:
    """Skip a promise unless the adapter has declared all of these. Never by an adapter's name."""

    def only_then(promise: Callable[[K], None]) -> Callable[[K], None]:
        @functools.wraps(promise)
        def run(kit: K) -> None:
            missing = [capability for capability in capabilities if not kit.can(capability)]
            if missing:
                raise SkipTest(f"not promised: {', '.join(missing)}")
            promise(kit)

        return run

    return only_then


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        """So much later."""
        self.at += timedelta(seconds=seconds)


def synced(adapter: object, run: Callable[[Any], Any] = asyncio.run) -> Any:
    """The sync face of an async adapter: its coroutine methods are run to their end by `run`, everything else is as it was."""
    return _Synced(adapter, run)


class _Synced:
    def __init__(self, adapter: object, run: Callable[[Any], Any]) -> None:
        self._adapter = adapter
        self._run = run

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._adapter, name)
        if not inspect.iscoroutinefunction(found):
            return found
        return lambda *args, **kwargs: self._run(found(*args, **kwargs))


def a_cart(id: str, now: datetime) -> Cart:
    """A first version of a cart with one line."""
    return Cart(id, "EUR", None, (Line("mug", 2),), created_at=now, updated_at=now)


def a_checkout(id: str, now: datetime, *claims: Claim, cart: str | None = None, minutes: int = 15) -> Checkout:
    """A first version of a checkout that wants the turn of its cart (`cart-{id}` unless named) and these claims, for so many minutes."""
    cart = f"cart-{id}" if cart is None else cart
    until = now + timedelta(minutes=minutes)
    wanted = in_lock_order((turn(cart), *claims))
    return Checkout(
        id=id,
        number=f"N-{id}",
        cart=cart,
        cart_version=1,
        currency="EUR",
        begun_at=now,
        deadline=until,
        latest=now,
        claims=wanted,
        version=1,
    )
