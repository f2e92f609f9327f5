"""Charged twice, or ordered twice: what happened to other shops when two calls met, and what happens here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from attrs import evolve

from checkout_adapters.notify import FolderTransport, MailNotifier
from checkout_adapters.sqlalchemy.faults import Conflict
from checkout_core import ActionRequired, AsyncShop, Card, Pending, Placed, Policy, Worker
from checkout_core.errors import Broken
from checkout_core.payments import Captured
from checkout_core.unit import Unit
from tests.mailroom import SENDER
from tests.scenarios.stage import SqliteFile, Stage, at_once, in_a_loop, reasons
from tests.world import ADA, BERLIN, SECRET, Crash, begin, eur, interleave, lost, total

Open = Callable[..., Stage]
AFTER = Policy(identity_secret=SECRET, capture="after-placing")


@pytest.mark.parametrize("policy", [None, AFTER], ids=["with authorize", "after placing"])
def test_client_and_webhook_at_once(stage: Open, policy: Policy | None) -> None:
    """RB-19, R6. Given one payment that the gateway has made; when our own call returns and the webhook tells of it in the same
    moment; then there is one order, captured by one call with one key, and both are told of that order."""
    life = stage(policy=policy)
    c = life.begin()
    told: list[Any] = []
    webhooks: list[threading.Thread] = []

    def with_webhook(real: Callable[[Any], Any], request: Any) -> Any:
        fact = real(request)
        webhooks.append(threading.Thread(target=lambda: told.append(life.another().learn(request.attempt, fact))))
        webhooks[-1].start()
        return fact

    life.gateway.upset("authorize", with_webhook)
    said = life.pay(c)
    for webhook in webhooks:
        webhook.join()
    life.drain()
    assert isinstance(life.pay(c), Placed)
    assert isinstance(said, Placed | Pending)
    assert told[0].order is not None
    assert told[0].order.number == life.now(c).order.number  # type: ignore[union-attr]
    assert (life.orders, life.charged) == (1, [1740])
    assert life.gateway.count("authorize") == 1
    assert life.gateway.count("capture") == (policy is AFTER)


def test_a_late_completion_changes_nothing(stage: Open) -> None:
    """RB-20. Given an order that the webhook completed; when the storefront completes it too, late, by the same key and by another, and
    begins and changes it; then it is told of that order, and all that is stored is the same to the byte."""
    life = stage()
    c = life.begin()
    shop, outage = life.failing()

    def then_gone(real: Callable[[Any], Any], request: Any) -> Any:
        fact = real(request)
        life.shop.learn(request.attempt, fact)
        outage.down = 1
        return fact

    life.gateway.upset("authorize", then_gone)
    assert isinstance(life.pay(c, shop=shop), Pending)
    order, before = life.now(c).order, life.place.snapshot()
    assert order is not None
    assert life.pay(c) == Placed(c.id, order.number, order.total, order.placed_at)
    assert life.pay(c, key="other").reason == "already-placed"
    assert reasons(lambda: begin(life.shop, c.cart)) == {"cart-closed"}
    assert reasons(lambda: life.shop.update(c.id, shipping="standard")) == {"already-placed"}
    assert life.place.snapshot() == before


@pytest.mark.parametrize("keys", [("k1", "k1"), ("k1", "k2")], ids=["double click", "two tabs"])
def test_two_completions_at_once(stage: Open, keys: tuple[str, str]) -> None:
    """RB-22, K1, K2, I5. Given a checkout ready to be paid; when two threads pay it at the same instant, with one key or two; then both
    are told of the same order or that its payment is under way, no error of the database reaches them, and there is one charge."""
    life = stage()
    c = life.begin()
    said = at_once(*(lambda key=key: life.pay(c, key=key) for key in keys))
    assert any(isinstance(it, Placed) for it in said)
    assert all(isinstance(it, Placed | Pending) or it.reason == "already-placed" for it in said)
    life.drain()
    numbers = {it.number if isinstance(it, Placed) else it.subject for it in (life.pay(c, key=key) for key in keys)}
    assert numbers == {life.now(c).order.number}  # type: ignore[union-attr]
    assert (life.charged, life.gateway.count("authorize")) == ([1740], 1)


@pytest.mark.parametrize("keys", [("k1", "k1"), ("k1", "k2")], ids=["double click", "two tabs"])
def test_two_completions_in_one_event_loop(database: str, keys: tuple[str, str]) -> None:
    """RB-22, RB-19, K1, K2. Given a checkout in a database, and two tasks of one event loop that pay it, while a third asks the gateway;
    then there is one order, and whoever repeats the call is told of it."""

    async def story(shop: AsyncShop) -> list[Any]:
        await shop.receive("MUG", 2, reason="opening stock", actor="test")
        cart = await shop.open_cart(currency="EUR")
        await shop.add(cart.id, sku="MUG")
        c = await shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA)
        pays = [shop.pay(c.id, Card("tok_ok"), expected=c.total, key=key) for key in keys]
        said = await asyncio.gather(*pays, shop.ask(c.id))
        again = [await shop.pay(c.id, Card("tok_ok"), expected=c.total, key=key) for key in keys]
        stock = await shop.stock("MUG")
        return [*said[:-1], *again, stock["MUG"].committed]

    *said, committed = in_a_loop(story, database)
    assert len({it.number for it in said if isinstance(it, Placed)}) == committed == 1
    assert all(isinstance(it, Placed | Pending) or it.reason == "already-placed" for it in said)
    assert all(isinstance(it, Placed) or it.reason == "already-placed" for it in said[2:])


def test_a_unit_that_lost_a_race_is_run_again(on_file: Open) -> None:
    """RB-22, R11. Given a store on which every unit of a purchase loses its first race; when it is paid; then each unit is run again whole,
    the shopper sees an order, and nothing was done twice. (A store behind one lock loses none.)"""
    life = on_file()
    c = life.begin()
    runs: list[int] = []

    class Racing:
        def __getattr__(self, name: str) -> Any:
            return getattr(life.storage, name)

        def transact(self, work: Callable[[Unit], Any]) -> Any:
            lost_once: list[bool] = []

            def loses(unit: Unit) -> Any:
                runs.append(1)
                answer = work(unit)
                if not lost_once:
                    lost_once.append(True)
                    raise Conflict
                return answer

            return life.storage.transact(loses)

    assert isinstance(life.pay(c, shop=life.shop_on(Racing())), Placed)
    assert len(runs) == 4
    assert (life.charged, life.orders) == ([1740], 1)


def test_two_submissions_a_second_apart(stage: Open, tmp_path: Path) -> None:
    """RB-25. Given a form that is submitted twice, one second apart, each time with a key of its own, while the worker writes letters;
    then there is one order, and one letter to its one recipient."""
    life = stage()
    letters = tmp_path / "letters"
    worker = Worker(life.shop, [MailNotifier(FolderTransport(letters), sender=SENDER, shop_name="Leaf & Kettle")])
    c = life.begin()
    said = []
    for key in ("first", "second"):
        said.append(life.pay(c, key=key))
        worker.tick()
        life.clock.forward(seconds=1)
    while worker.tick():
        pass
    assert isinstance(said[0], Placed)
    assert said[1].reason == "already-placed"
    assert len(list(letters.glob("*.eml"))) == 1


def test_paying_again_while_the_gateway_is_slow(stage: Open) -> None:
    """RB-26. Given a payment whose gateway has not answered; when the shopper presses pay again, with another key and another card; then
    the second joins the first and no second payment is opened; after the first is declined, one may be."""
    life = stage()
    c = life.begin()
    called, answer = threading.Event(), threading.Event()

    def slow(real: Callable[[Any], Any], request: Any) -> Any:
        called.set()
        assert answer.wait(30)
        return real(request)

    life.gateway.upset("authorize", slow)
    first: list[Any] = []
    thread = threading.Thread(target=lambda: first.append(life.pay(c, "tok_declined")))
    thread.start()
    assert called.wait(30)
    assert isinstance(life.pay(c, key="k2"), Pending)
    assert isinstance(life.pay(c, "tok_declined"), Pending)
    answer.set()
    thread.join()
    assert first[0].reason == "declined"
    assert life.pay(c, key="k2").reason == "declined"  # it had joined the first
    assert life.gateway.count("authorize") == 1
    assert isinstance(life.pay(c, key="k3"), Placed)
    assert life.charged == [1740]


@pytest.mark.parametrize("seed", range(3))
def test_two_clicks_make_one_object_at_the_gateway(stage: Open, seed: int) -> None:
    """RB-28. Given two clicks, interleaved in any way; then the gateway knows one payment, under a key that follows from what is stored,
    and would follow from it again if the row were lost."""
    life = stage()
    c = life.begin()
    shop = life.crowd()
    interleave(seed, *(shop.pay(c.id, Card("tok_ok"), expected=total(c), key="click") for _ in range(2)))
    assert len(life.sandbox.books.payments()) == 1
    attempt = life.now(c).attempts[0]
    assert life.sandbox.books.payments()[0].key == attempt.authorization
    twin = life.begin()
    life.gateway.upset("authorize", lost)
    life.pay(twin, key="click")
    assert life.now(twin).attempts[0].key != attempt.key


@pytest.mark.parametrize("when", ["before", "after"])
def test_our_confirmation_dies_after_the_charge(stage: Open, when: str) -> None:
    """RB-29. Given a charge that went through, and our process dying while it records it; when the customer looks; then it is pending, and
    never failed; a customer who starts over gets the same cart, checkout and payment again, not a second charge; and the order comes."""
    life = stage()
    shop, outage = life.failing()
    c = life.begin(customer="ada")
    setattr(outage, f"dies_{when}", 2)
    with pytest.raises(Crash):
        life.pay(c, shop=shop)
    assert life.charged == [1740]
    again = life.shop.open_cart(currency="EUR", customer="ada")
    if when == "before":
        assert isinstance(life.pay(c), Pending)
        assert again.id == c.cart
        assert begin(life.shop, again.id).id == c.id
        assert isinstance(life.pay(c, key="new wish"), Pending)
    else:
        assert isinstance(life.pay(c), Placed)
        assert again.lines == ()
    life.drain()
    assert isinstance(life.pay(c), Placed)
    assert (life.charged, life.orders) == ([1740], 1)


def test_no_payment_is_without_its_checkout(stage: Open) -> None:
    """RB-31. Given payments begun in parallel from several tabs; then each payment at the gateway belongs to an attempt of the checkout it
    pays for, and a file refuses an attempt without a checkout."""
    life = stage()
    c = life.begin()
    at_once(*(lambda n=n: life.pay(c, "tok_3ds_ok", key=f"tab{n}") for n in range(4)))
    assert len(life.now(c).attempts) == len(life.sandbox.books.payments()) == 1
    if isinstance(life.place, SqliteFile):
        with pytest.raises(Broken, match="invariant"):
            life.storage.read(orphan)
    life.clock.forward(seconds=10)
    assert isinstance(life.pay(c, "tok_3ds_ok", key="tab0"), Placed)


def orphan(file: sa.Connection) -> None:
    """Try to take a payment away from its checkout."""
    file.exec_driver_sql("UPDATE payments SET checkout_id = 'nobody'")


def test_a_cheap_cart_does_not_pay_for_an_expensive_one(stage: Open) -> None:
    """RB-32. Given a checkout of 17.40 and somebody else's of 504.90; when the expensive one is paid with the cheap one's total, or with
    news of the cheap one's money; then it is refused, or the money is kept apart and goes back, and no order comes of it."""
    life = stage()
    life.shelf.reprice("BOOK", 50_000)
    cheap, dear = life.begin(), life.begin("BOOK")
    assert (total(cheap), total(dear)) == (eur(1740), eur(50_490))
    said = life.pay(dear, expected=total(cheap))
    assert (said.reason, said.total) == ("quote-changed", total(dear))
    assert life.pay(dear, expected=cheap.quote.hash).reason == "quote-changed"  # type: ignore[union-attr]
    assert life.charged == []
    paid = life.pay(cheap)
    assert isinstance(paid, Placed)
    life.gateway.upset("authorize", lambda real, request: real(evolve(request, amount=total(cheap))))
    assert life.pay(dear, key="k2").reason == "amount-differs"
    assert "payment.quarantined" in life.kinds(dear)
    assert life.now(dear).order is None
    assert life.charged == [1740]
    if isinstance(life.place, SqliteFile):  # and one payment of a gateway is evidence for one attempt only
        assert isinstance(life.pay(dear, "tok_3ds_ok", key="k3"), ActionRequired)
        with pytest.raises(Broken, match="reference"):
            life.shop.learn(life.now(dear).attempts[-1].key, Captured(life.now(cheap).attempts[0].reference, total(dear)))
        assert life.now(dear).order is None
