"""What the kits share: skipping by capability, a clock set by hand, a driver for async adapters, and values to store."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from unittest import SkipTest

from attrs import evolve

from checkout_core.cart import Cart, Line
from checkout_core.catalog import Product
from checkout_core.checkout import Checkout, turn
from checkout_core.customers import Destination
from checkout_core.effects import Authorize, Refund
from checkout_core.holds import Claim, CouponUses, CouponUsesBy, Stock, in_lock_order
from checkout_core.money import Money, Ratio
from checkout_core.orders import FulfilmentState, Order, OrderState
from checkout_core.payments import Attempt, AttemptState, Card, Challenge, Terms
from checkout_core.pricing import Basket, Facts, Quote, price
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxRate


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


def a_quote(cart: Cart, now: datetime) -> Quote:
    """What the cart costs: 34.90 EUR, 23 % tax inside."""
    mug = Product("mug", "A mug, süß ☕", [Money(1495, "EUR")])
    taxes = {"standard": (TaxRate("vat", Ratio.parse("0.23"), included=True),)}
    facts = Facts({"mug": mug}, taxes=taxes, shipping=(ShippingOption("standard", "By post", Money(500, "EUR")),))
    quote = price(Basket("EUR", cart.lines, Destination("PT", None, "1000-001"), ("standard",)), facts, now)
    assert isinstance(quote, Quote)
    return quote


def a_payment_under_way(id: str, now: datetime) -> Checkout:
    """A checkout with something in every corner, whose second attempt is about to be sent."""
    key = f"{id}/0123456789abcdef"
    declined = Attempt(f"{id}/older", "sandbox", Card("tok_1"), Money(3490, "EUR"), state=AttemptState.DECLINED, reason="expired-card")
    paying = Attempt(
        key,
        "sandbox",
        Card("tok_2"),
        Money(3490, "EUR"),
        capture=False,
        terms=Terms(resend=False, call_timeout=7),
        state=AttemptState.ACTION,
        reference=f"pay_{id}",
        action=Challenge("https://bank.example/3ds?a=1&b=ü"),
        until=now + timedelta(minutes=5, microseconds=7),
        doubt=True,
        verdict=("not-completed", "no-answer"),
        calls=3,
        asked=1,
        ask_at=now,
        final_at=now + timedelta(minutes=20),
    )
    once = Claim(CouponUsesBy("save10", "a1b2"), 1, limit=1)
    c = a_checkout(id, now, Claim(Stock("mug"), 2), Claim(CouponUses("save10"), 1, limit=5), once)
    cart = a_cart(c.cart, now)
    return evolve(
        c,
        customer="ann",
        identities=("a1b2",),
        lines=cart.lines,
        destination=Destination("PT", None, "1000-001"),
        shipping="standard",
        codes=("SAVE10", "WELCOME"),
        hold_early=True,
        quote=a_quote(cart, now),
        quote_until=now + timedelta(minutes=15),
        attempts=(declined, paying),
        next=Authorize(key, "sandbox", 3, f"{key}/authorize", Money(3490, "EUR"), Card("tok_2"), False, now + timedelta(seconds=7)),
        due_at=now + timedelta(seconds=45),
        events=4,
    )


def a_refund_under_way(id: str, now: datetime) -> Checkout:
    """A checkout whose order was cancelled, and whose money is about to go back."""
    c = a_payment_under_way(id, now)
    paid = evolve(c.attempts[1], state=AttemptState.CAPTURED, received=c.attempts[1].amount, action=None, until=None, unwanted="cancelled")
    order = Order(id, c.number, Money(3490, "EUR"), now, paid.key, OrderState.CANCELLED, FulfilmentState.CANCELLED, "too süß")
    refund = Refund(paid.key, "sandbox", 4, f"{paid.key}/refund", paid.authorization, f"pay_{id}", paid.amount)
    return evolve(c, attempts=(c.attempts[0], paid), order=order, next=refund)
