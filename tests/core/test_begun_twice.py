"""A unit that is run again after a lost COMMIT finds what it committed, even if that is over by then (R12, E4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import MemoryStorage, Shop
from tests.world import Numbered, TestClock, a_shop, begin


class LostAnswer:
    """A store whose next COMMIT works and has no answer: much later the unit is run again."""

    def __init__(self, store: MemoryStorage, meanwhile: Callable[[], object]) -> None:
        self.store, self.meanwhile, self.armed = store, meanwhile, False

    def transact(self, work: Callable[[Any], Any]) -> Any:
        answer = self.store.transact(work)
        if not self.armed:
            return answer
        self.armed = False
        self.meanwhile()
        return self.store.transact(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@pytest.mark.fault("E4")
@pytest.mark.parametrize("hours", [0, 25])
def test_a_begin_whose_answer_was_lost_is_begun_once(hours: int, struck: set[str]) -> None:
    """R12: the checkout that was committed is the one that is returned; if it has lapsed meanwhile, there is a fresh one."""
    clock = TestClock()
    plain, store = a_shop(clock=clock, gateways=[SandboxGateway(clock=clock)])

    def meanwhile() -> None:
        struck.add("E4")
        clock.forward(hours=hours)
        plain.tick()

    lossy = LostAnswer(store, meanwhile)
    shop = Shop(storage=lossy, gateways=[], catalog=plain.catalog, policy=plain.policy, clock=clock, ids=Numbered("x"))
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG")
    lossy.armed = True
    checkout = begin(shop, cart.id)
    begun = list(store.tables.checkouts.values())
    assert [c.id for c in begun if not c.over] == [checkout.id]
    assert len(begun) == (2 if hours else 1)
