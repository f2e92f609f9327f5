"""One story, told by Shop and by AsyncShop: the stores end up equal."""

from __future__ import annotations

import asyncio

from checkout_adapters.sandbox import AsyncSandboxGateway, SandboxGateway
from checkout_core import AsyncMemoryStorage, AsyncShop, AsyncWorker, Card, Placed, Policy, Shop, Worker
from checkout_core.memory import MemoryStorage, Tables
from tests.world import ADA, BERLIN, SECRET, Numbered, TestClock, catalog


def told_by_shop() -> Tables:
    clock = TestClock()
    store = MemoryStorage(clock)
    shop = Shop(
        storage=store,
        gateways=[SandboxGateway(clock=clock)],
        catalog=catalog(),
        clock=clock,
        ids=Numbered(),
        policy=Policy(identity_secret=SECRET),
    )
    shop.receive("MUG", 3, reason="opening stock", actor="test")
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG", quantity=2)
    checkout = shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA)
    shop.pay(checkout.id, Card("tok_no_answer_taken"), expected=checkout.total, key="1")
    shop.cancel(checkout.id, reason="no longer wanted")
    clock.forward(days=2)
    Worker(shop).tick()
    return store.tables


async def told_by_async_shop() -> Tables:
    clock = TestClock()
    store = MemoryStorage(clock)
    shop = AsyncShop(
        storage=AsyncMemoryStorage(store),
        gateways=[AsyncSandboxGateway(clock=clock)],
        catalog=catalog(asynchronous=True),
        clock=clock,
        ids=Numbered(),
        policy=Policy(identity_secret=SECRET),
    )
    await shop.receive("MUG", 3, reason="opening stock", actor="test")
    cart = await shop.open_cart(currency="EUR")
    await shop.add(cart.id, sku="MUG", quantity=2)
    checkout = await shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA)
    paid = await shop.pay(checkout.id, Card("tok_no_answer_taken"), expected=checkout.total, key="1")
    assert isinstance(paid, Placed)
    await shop.cancel(checkout.id, reason="no longer wanted")
    clock.forward(days=2)
    await AsyncWorker(shop).tick()
    return store.tables


def test_the_twins_do_the_same() -> None:
    """Same calls, same answers, same stores: row for row."""
    assert told_by_shop() == asyncio.run(told_by_async_shop())
