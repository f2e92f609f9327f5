"""What the runner may send, and when it is too late: by the process's own clock, however wrong it is (R15, T1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, MemoryStorage, Pending, Placed, Policy, Shop
from tests.world import SECRET, Numbered, TestClock, begin, catalog, total


class Off:
    """A process's clock: another one, wrong by so much."""

    def __init__(self, clock: TestClock, minutes: int) -> None:
        self.clock, self.minutes = clock, minutes

    def now(self) -> datetime:
        return self.clock.now() + timedelta(minutes=self.minutes)


class Sleepy:
    """A store whose process falls asleep as soon as the intent to pay is committed."""

    def __init__(self, store: MemoryStorage, clock: TestClock) -> None:
        self.store, self.clock, self.sleeps = store, clock, 0

    def transact(self, work: Callable[[Any], Any]) -> Any:
        answer = self.store.transact(work)
        self.clock.forward(seconds=self.sleeps)
        self.sleeps = 0
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@pytest.mark.fault("T1", "A2")
@pytest.mark.parametrize("minutes", [-15, 0, 15])
@pytest.mark.parametrize(("sleeps", "sent"), [(0, True), (9, True), (11, False)])
def test_an_authorize_is_sent_in_time_or_not_at_all(minutes: int, sleeps: int, sent: bool, struck: set[str]) -> None:
    """R15, T1: a process that slept longer than a call may take sends nothing, and one that did not sends it, whatever its clock shows."""
    clock = TestClock()
    gateway = SandboxGateway(clock=clock)
    store = Sleepy(MemoryStorage(clock), clock)
    off = Off(clock, minutes)
    shop = Shop(storage=store, gateways=[gateway], catalog=catalog(), policy=Policy(identity_secret=SECRET), clock=off, ids=Numbered())
    shop.receive("MUG", 5, reason="opening", actor="test")
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG")
    checkout = begin(shop, cart.id)
    store.sleeps = sleeps
    struck |= {"T1", "A2"}
    said = shop.pay(checkout.id, Card("tok_ok"), expected=total(checkout), key="k1")
    asked = [call.operation for call in gateway.books.calls()]
    assert (asked[:1] == ["authorize"]) is sent
    assert isinstance(said, Placed if sent else Placed | Pending)
    clock.forward(minutes=1)
    assert isinstance(shop.pay(checkout.id, Card("tok_ok"), expected=total(checkout), key="k1"), Placed)
    assert [payment.captured for payment in gateway.books.payments()] == [1740]
