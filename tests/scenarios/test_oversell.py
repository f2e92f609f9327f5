"""Sold twice: what happened to other shops when two wanted the last one, and what happens here."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from checkout_core import AsyncShop, Card, Placed, Policy, Refused
from checkout_core.customers import Contact
from checkout_core.errors import BadSetting, Broken
from checkout_core.holds import CartTurn, Claim, Level, Movement, Short, Stock, Taken
from checkout_core.refusals import WORDS
from checkout_core.unit import Release, Unit
from tests.scenarios.stage import Stage, at_once, comes_and_buys, in_a_loop, reasons
from tests.world import NOON, SECRET, Crash, begin, dies_before, interleave, total

Open = Callable[..., Stage]
TWO_PLACES = Policy(identity_secret=SECRET, locations=("east", "west"))


def refused(said: list[Any]) -> set[str]:
    return {it.reason for it in said if not isinstance(it, Placed)}


def test_the_last_ones_go_to_one(stage: Open) -> None:
    """RB-01. Given five, and two carts of three; when both are paid at the same instant; then one is an order and three are committed,
    the other is told that two can be had, and no gateway was called for it."""
    life = stage(stock=5)
    one, other = life.begin(quantity=3), life.begin(quantity=3)
    said = at_once(lambda: life.pay(one), lambda: life.pay(other, key="k2"))
    lost = next(it for it in said if isinstance(it, Refused))
    assert (lost.reason, lost.subject, lost.wanted, lost.available) == ("out-of-stock", "MUG", 3, 2)
    assert sum(isinstance(it, Placed) for it in said) == 1
    assert (life.pool().on_hand, life.pool().committed, life.pool().held) == (5, 3, 0)
    assert life.gateway.count("authorize") == 1


@pytest.mark.parametrize("seed", range(3))
def test_two_warehouses_do_not_promise_the_same_unit(stage: Open, seed: int) -> None:
    """RB-02. Given one in each of two warehouses, and two carts of two that both passed the check; when both pay, in any interleaving;
    then one has two committed, one from each, and the other is refused before any money moves. Never paid with one or none allocated."""
    life = stage(stock=0, policy=TWO_PLACES)
    for place in TWO_PLACES.locations:
        life.shop.receive("MUG", 1, reason="opening stock", actor="test", location=place)
    one, other = life.begin(quantity=2), life.begin(quantity=2)
    assert life.shop.validate(one.id) == life.shop.validate(other.id) == ()
    shop = life.crowd()
    said = interleave(seed, *(shop.pay(c.id, Card("tok_ok"), expected=total(c), key="k") for c in (one, other)))
    assert sum(isinstance(it, Placed) for it in said) == 1
    lost = next(it for it in said if isinstance(it, Refused))
    assert (lost.reason, lost.wanted, lost.available) == ("out-of-stock", 2, 0)
    assert [life.pool(location=place).committed for place in TWO_PLACES.locations] == [1, 1]
    assert len(life.charged) == life.gateway.count("authorize") == 1


def test_paid_late_and_gone_from_one_warehouse_goes_back_whole(stage: Open) -> None:
    """RB-02, RB-14. Given two warehouses with one each, and a payment whose hold has lapsed; when somebody bought one of the two and then
    the money comes; then it is refunded in full: an order is never placed with fewer than were sold."""
    life = stage(stock=0, policy=TWO_PLACES)
    for place in TWO_PLACES.locations:
        life.shop.receive("MUG", 1, reason="opening stock", actor="test", location=place)
    slow = life.lapsing(quantity=2)
    assert isinstance(life.pay(life.begin(quantity=1), key="k2"), Placed)
    life.comes_through(slow)
    assert life.now(slow).order is None
    assert life.charged == [1740]


@pytest.mark.fault("F5")
def test_a_correction_does_not_take_what_is_being_paid(stage: Open, struck: set[str]) -> None:
    """RB-04, F5. Given two, both held by somebody who is paying; when an operator sets the stock to none; then that is refused, or forced
    with a shortfall that is seen by all, the payer's order stands, and nobody else is sold any."""
    life = stage(stock=2)
    c = life.begin(quantity=2)
    life.pay(c, "upi_paid")
    assert reasons(lambda: life.shop.receive("MUG", -2, reason="miscounted", actor="ann")) == {"stock-promised"}
    struck.add("F5")
    pool = life.shop.receive("MUG", -2, reason="miscounted", actor="ann", force=True)
    assert (pool.on_hand, pool.held, pool.shortfall, pool.available) == (0, 2, 2, 0)
    life.clock.forward(seconds=10)
    assert isinstance(life.pay(c, "upi_paid"), Placed)
    assert (life.pool().committed, life.pool().shortfall) == (2, 2)
    assert life.buys(2).reason == "out-of-stock"
    life.shop.cancel(c.id, reason="none left", actor="ann")
    assert life.pool().shortfall == 0


@pytest.mark.fault("F11")
def test_backorders_end_while_somebody_pays(stage: Open, struck: set[str]) -> None:
    """F11. Given one on the shelf and one more that may be sold beyond it, both being paid for; when an operator ends that; then it is
    refused, or forced with a shortfall that all can see, the payer's order stands, and nobody else is sold any."""
    life = stage(stock=1)
    assert life.buys(2, quantity=2).reason == "out-of-stock"
    assert life.shop.allow_backorders("MUG", 1, reason="delivery 4711", actor="ann").available == 2
    c = life.begin(quantity=2)
    life.pay(c, "upi_paid")
    assert reasons(lambda: life.shop.allow_backorders("MUG", 0, reason="lost", actor="ann")) == {"backorder-promised"}
    struck.add("F11")
    pool = life.shop.allow_backorders("MUG", 0, reason="lost", actor="ann", force=True)
    assert (pool.backorder, pool.held, pool.shortfall, pool.available) == (0, 2, 1, 0)
    life.clock.forward(seconds=10)
    assert isinstance(life.pay(c, "upi_paid"), Placed)
    assert (life.pool().committed, life.pool().shortfall) == (2, 1)
    assert life.buys(3).reason == "out-of-stock"
    assert life.shop.receive("MUG", 1, reason="found", actor="ann").shortfall == 0


@pytest.mark.fault("F10")
@pytest.mark.parametrize("hold_at", ["pay", "begin"])
def test_one_person_does_not_hold_it_all(stage: Open, hold_at: Any, struck: set[str]) -> None:
    """F10. Given five, of which nobody may hold more than two unpaid; when somebody begins, or starts to pay, one after another; then the
    third is refused, told when some lapses; others can buy; and what is paid for, given up or lapsed counts no more."""
    life = stage(stock=5, policy=Policy(identity_secret=SECRET, hold_at=hold_at, unpaid_at_most=2))
    bot = Contact(email="bot@example.com")

    def holds(n: int) -> Any:
        """The n-th one holds two without paying: by beginning, or at a bank that does not decide."""
        c = life.begin(quantity=1, contact=bot)
        return c, life.pay(c, "upi_pending", key=f"bot{n}") if hold_at == "pay" else None

    first, _ = holds(1)
    holds(2)
    why = life.buys(0, contact=bot)
    assert (why.reason, why.available, why.given) == ("unpaid-limit", 0, "1")
    assert why.until == life.now(first).lapses_at
    assert "Pay for what you hold" in why.words(WORDS)
    struck.add("F10")
    assert isinstance(life.buys(1, quantity=2), Placed)
    assert isinstance(life.buys(1, quantity=1), Placed)  # what was paid for counts no more
    assert life.pool().committed == 3
    if hold_at == "begin":
        life.shop.cancel(first.id, reason="too many", actor="ann")
        holds(4)
    life.drain()
    assert (life.pool().held, life.pool().committed) == (0, 3)
    holds(5)


def test_a_limit_on_what_is_held_needs_to_know_who_holds_it() -> None:
    """Without a secret nobody is told from anybody; and a limit is a number."""
    for wrong in (0, -1, True, 1.5, "2"):
        with pytest.raises(BadSetting, match="unpaid_at_most"):
            Policy(identity_secret=SECRET, unpaid_at_most=wrong)  # type: ignore[arg-type]
    with pytest.raises(BadSetting, match="identity_secret"):
        Policy(unpaid_at_most=2)


def test_a_limit_of_backorders_is_a_number(stage: Open) -> None:
    """What is no whole number of 0 or more is refused by name, as is a place that is none; the same key counts once."""
    life = stage(stock=1)
    for limit in (-1, 1.5, True, "5", 10**9 + 1):
        assert reasons(lambda limit=limit: life.shop.allow_backorders("MUG", limit, reason="x", actor="ann")) == {"invalid"}  # type: ignore[misc]
    assert reasons(lambda: life.shop.allow_backorders("MUG", 1, reason="x", actor="ann", location="moon")) == {"invalid"}
    for limit in (5, 3):
        life.shop.allow_backorders("MUG", limit, reason="x", actor="ann")
    assert life.shop.allow_backorders("MUG", 5, reason="x", actor="ann", key="k").backorder == 5
    life.shop.allow_backorders("MUG", 2, reason="x", actor="ann")
    assert life.shop.allow_backorders("MUG", 5, reason="x", actor="ann", key="k").backorder == 2  # said before
    assert life.shop.stock("MUG")["MUG"].backorder == 2


@pytest.mark.fault("K9")
@pytest.mark.parametrize("hold_at", ["pay", "begin"])
def test_two_lines_of_one_sku_are_one_demand(stage: Open, hold_at: Any, struck: set[str]) -> None:
    """RB-05, K9. Given one, and two lines of it engraved differently; when they are to be held, or paid; then two are wanted and one is
    there. Two lines of one, made to two and one on a stock of two, likewise."""
    life = stage(stock=1, policy=Policy(identity_secret=SECRET, hold_at=hold_at))
    cart = life.shop.open_cart(currency="EUR").id
    for text in ("A", "B"):
        life.shop.add(cart, sku="MUG", options={"engraving": text})
    struck.add("K9")
    if hold_at == "begin":
        assert reasons(lambda: begin(life.shop, cart)) == {"out-of-stock"}
        return
    c = begin(life.shop, cart)
    said = life.pay(c)
    assert (said.reason, said.wanted, said.available) == ("out-of-stock", 2, 1)
    life.shop.receive("MUG", 1, reason="found", actor="ann")
    line = life.shop.cart(cart).lines[0].id
    life.shop.change(cart, line, quantity=2)
    assert life.pay(life.shop.update(c.id), key="k2").wanted == 3
    life.shop.change(cart, line, quantity=1)
    assert isinstance(life.pay(life.shop.update(c.id), key="k3"), Placed)
    assert life.charged == [1250 * 2 + 490]


def test_no_update_is_lost(stage: Open) -> None:
    """RB-07. Given stock, and nothing allocated; when two orders of one, and then twelve, are placed in parallel; then two, and twelve
    more, are committed."""
    life = stage(stock=30)
    assert all(isinstance(it, Placed) for it in at_once(*(lambda n=n: life.buys(n) for n in range(2))))
    assert life.pool().committed == 2
    assert all(isinstance(it, Placed) for it in at_once(*(lambda n=n: life.buys(n) for n in range(2, 14)), workers=6))
    assert (life.pool().committed, life.pool().held) == (14, 0)


def test_the_older_cart_is_told_and_kept(stage: Open) -> None:
    """RB-08, RB-13. Given one, in two carts that hold nothing; when B buys it and then A, whose cart is older, pays; then A is refused
    before any money moves, the cart is as it was, and the reason names the line's SKU."""
    life = stage(stock=1)
    a, b = life.begin(), life.begin()
    cart = life.shop.cart(a.cart)
    assert isinstance(life.pay(b), Placed)
    said = life.pay(a, key="k2")
    assert (said.reason, said.subject, said.wanted, said.available) == ("out-of-stock", "MUG", 1, 0)
    assert life.shop.cart(a.cart) == cart
    assert [(it.reason, it.subject) for it in life.shop.validate(a.id)] == [("out-of-stock", "MUG")]
    assert life.gateway.count("authorize") == 1


def test_the_write_itself_says_no(stage: Open) -> None:
    """RB-10, OB-5, OB-6. Given one; when two units take it at once; then the taking answers: one has it, one is short and has written
    nothing. What only looked before can lose, and what is not there cannot be moved out even by force."""
    life = stage(stock=1)
    one, other = life.begin(), life.begin()

    def takes(id: str, cart: str) -> Callable[[], Taken | Short]:
        return lambda: life.storage.transact(lambda unit: unit.take(id, (Claim(CartTurn(cart), 1, 1), Claim(Stock("MUG"), 1))))

    said = at_once(takes(one.id, one.cart), takes(other.id, other.cart))
    assert sorted(type(it).__name__ for it in said) == ["Short", "Taken"]
    assert (life.pool().held, life.pool().available) == (1, 0)
    with pytest.raises((Broken, ValueError)):
        life.storage.transact(lambda unit: unit.write(Movement(Stock("MUG"), -2, "by hand", "ann", NOON)))
    winner = one if isinstance(said[0], Taken) else other
    life.storage.transact(lambda unit: unit.write(Release(winner.id)))
    for c in (one, other):
        life.shop.cancel(c.id, reason="over")


@pytest.mark.fault("F1", "Y1")
def test_two_hundred_come_for_ten(stage: Open, struck: set[str], record_property: Callable[[str, object], None]) -> None:
    """RB-11, F1, Y1, OB-7. Given ten, and two hundred who each want one; when the sale starts; then ten have an order, 190 are told that
    none is left, at no look is there less than nothing, and how long they waited is told at the end of the session."""
    life = stage(stock=10)
    looks, over, waited = list[Level](), threading.Event(), list[float]()

    def watch() -> None:
        while not over.wait(0.005):
            looks.append(life.pool())

    def buy(n: int) -> Any:
        began = time.monotonic()
        said = life.buys(n)
        waited.append(time.monotonic() - began)
        return said

    struck.update({"F1", "Y1"})
    watcher = threading.Thread(target=watch)
    watcher.start()
    said = at_once(*(lambda n=n: buy(n) for n in range(200)), workers=4)
    over.set()
    watcher.join()
    assert sum(isinstance(it, Placed) for it in said) == 10
    assert refused(said) == {"out-of-stock"}
    assert looks
    assert all(pool.on_hand - pool.held - pool.committed >= 0 for pool in looks)
    assert (life.pool().committed, life.pool().available) == (10, 0)
    assert life.charged == [1740] * 10
    slowest = sorted(waited)[197]  # but for one of a hundred
    record_property(
        "explored", f"a sale on {type(life.place).__name__}: 200 came for 10, 99 of 100 had their answer within {slowest:.2f} s"
    )


@pytest.mark.fault("F1")
@pytest.mark.parametrize("seed", range(3))
def test_so_many_as_there_are_are_sold(stage: Open, seed: int, struck: set[str]) -> None:
    """F1, RB-07, RB-11, OB-7, OB-11. Given seven; when twenty buy one each, in any interleaving; then seven succeed and the gateway was
    called seven times."""
    life = stage(stock=7)
    struck.add("F1")
    shop = life.crowd()
    said = interleave(seed, *(comes_and_buys(shop, n) for n in range(20)))
    assert sum(isinstance(it, Placed) for it in said) == 7
    assert refused(said) == {"out-of-stock"}
    assert life.gateway.count("authorize") == 7


def test_stock_for_all_is_for_all(stage: Open) -> None:
    """OB-11, Q2. Given twenty, and twenty who each want one; when all press at once; then all twenty have an order, because who lost a
    race runs again."""
    life = stage(stock=20)
    said = at_once(*(lambda n=n: life.buys(n) for n in range(20)), workers=6)
    assert len({it.number for it in said}) == 20


@pytest.mark.fault("F1")
def test_an_event_loop_sells_what_there_is(database: str, struck: set[str]) -> None:
    """F1, OB-11. Given five, and twelve tasks of one event loop that buy; then five have an order, and the database is sound."""

    async def sale(shop: AsyncShop) -> list[Any]:
        await shop.receive("MUG", 5, reason="opening stock", actor="test")
        struck.add("F1")
        return await asyncio.gather(*(comes_and_buys(shop, n) for n in range(12)))

    said = in_a_loop(sale, database)
    assert sum(isinstance(it, Placed) for it in said) == 5
    assert refused(said) == {"out-of-stock"}


@pytest.mark.parametrize("sold", [True, False], ids=["sold meanwhile", "still there"])
def test_paid_slowly(stage: Open, sold: bool) -> None:
    """RB-13, RB-14. Given one, held by A who pays slowly, so slowly that the hold lapses; when B buys it meanwhile (or nobody does) and
    A's money arrives; then A's money goes back and A can begin again, with a payment of its own (or A has the order)."""
    life = stage(stock=1)
    a = life.lapsing(meanwhile=lambda: refused([life.buys(2)]) == {"out-of-stock"})  # while it is held nobody else reaches the payment
    if sold:
        assert isinstance(life.buys(3), Placed)
    life.comes_through(a)
    assert (life.now(a).order is None) is sold
    assert life.charged == [1740]
    if sold:
        assert life.shop.cart(a.cart).ordered is None
        assert life.pay(a, "upi_pending").reason == "refunded"
        assert life.pay(a, key="again").reason == "abandoned"  # no retry of a payment for what is sold out
        again = begin(life.shop, a.cart)
        assert life.pay(again, key="again").reason == "out-of-stock"
        life.shop.receive("MUG", 1, reason="found", actor="ann")
        assert isinstance(life.pay(again, key="once more"), Placed)


def test_two_payments_for_one_place(stage: Open) -> None:
    """RB-14. Given one; when two have a payment under way that only one could hold for, and both come through; then the second goes
    back by itself, and paying is not offered again."""
    life = stage(stock=1)
    first = life.lapsing()
    second = life.begin()
    life.pay(second, "upi_paid", key="k2")
    assert life.now(second).held == life.now(second).claims
    life.clock.forward(seconds=10)
    life.comes_through(first)
    assert [life.now(c).order is not None for c in (first, second)] == [False, True]
    assert life.charged == [1740]
    assert "payment.refunded" in life.kinds(first)
    assert {it.reason for it in life.shop.validate(first.id)} == {"abandoned"}


@pytest.mark.parametrize("token", ["tok_declined", "tok_3ds_abandoned"])
def test_ones_own_hold_blocks_nobody(stage: Open, token: str) -> None:
    """RB-16. Given one, held by a checkout whose payment was abandoned; when the same shopper comes back, in this tab or another, and by
    another process; then what it holds counts as there, and it can be paid."""
    life = stage(stock=1)
    c = life.begin()
    life.pay(c, token)
    life.clock.forward(minutes=10, seconds=1)
    assert life.pay(c, token).reason in ("declined", "not-completed")
    assert life.pool().available == 0
    assert life.shop.validate(c.id) == ()
    other_tab = begin(life.another(), c.cart)
    assert other_tab.id == c.id
    assert isinstance(life.pay(other_tab, key="k2"), Placed)


def test_after_a_decline_the_goods_wait_a_while(stage: Open) -> None:
    """RB-17. Given one, and A's card declined; when B tries at three minutes; then B is told until when it is held; A's second card two
    minutes after the first works; had A not come back, B could have bought after that instant."""
    life = stage(stock=1)
    a = life.begin()
    assert life.pay(a, "tok_declined").reason == "declined"
    life.clock.forward(minutes=3)
    said = life.buys(2)
    assert (said.reason, said.until) == ("out-of-stock", life.now(a).lapses_at)
    life.clock.forward(minutes=1)
    assert isinstance(life.pay(a, key="k2"), Placed)
    life.shop.receive("MUG", 1, reason="found", actor="ann")
    c = life.begin()
    assert life.pay(c, "tok_declined", key="k3").reason == "declined"
    life.clock.time = life.now(c).lapses_at
    assert isinstance(life.buys(4), Placed)
    assert life.pay(c, key="k4").reason == "abandoned"


@pytest.mark.fault("F2")
@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_a_hold_ends_when_it_ends(stage: Open, seconds: int, struck: set[str]) -> None:
    """F2. Given one, held after a decline; when its holder and somebody else come around the second at which it ends, both at once; then
    before it only the holder can have it, from then on one of the two, and one is charged."""
    life = stage(stock=1)
    a, b = life.begin(), life.begin()
    life.pay(a, "tok_declined")
    life.clock.time = life.now(a).lapses_at
    life.clock.forward(seconds=seconds)
    struck.add("F2")
    said = at_once(lambda: life.pay(a, key="k2"), lambda: life.pay(b))
    assert sum(isinstance(it, Placed) for it in said) == 1
    assert life.charged == [1740]
    if seconds < 0:
        assert isinstance(said[0], Placed)


@pytest.mark.fault("F3")
def test_whoever_releases_it_is_released_once(stage: Open, struck: set[str]) -> None:
    """F3, RB-82. Given an order of two and a lapsed hold of three; when a worker, another worker and a cancel come for each at the same
    moment; then five come back, not one more."""
    life = stage(stock=10)
    order, lapsed = life.begin(quantity=2), life.begin(quantity=3)
    assert isinstance(life.pay(order), Placed)
    assert life.pay(lapsed, "tok_declined", key="k2").reason == "declined"
    life.clock.time = life.now(lapsed).lapses_at
    struck.add("F3")
    at_once(
        life.shop.tick,
        life.another().tick,
        *(lambda id=c.id: life.shop.cancel(id, reason="over") for c in (order, lapsed) for _ in range(2)),
    )
    pool = life.pool()
    assert (pool.on_hand, pool.held, pool.committed) == (10, 0, 0)


@pytest.mark.fault("F4")
def test_a_hold_follows_the_cart_while_workers_come_by(stage: Open, struck: set[str]) -> None:
    """F4. Given five held from the beginning; when the cart is made larger and smaller while a worker ticks; then exactly what the cart
    says is held, each time."""
    life = stage(policy=Policy(identity_secret=SECRET, hold_at="begin"))
    c = life.begin(quantity=5)
    line = life.shop.cart(c.cart).lines[0].id
    for quantity in (8, 1, 10, 2):
        life.shop.change(c.cart, line, quantity=quantity)
        struck.add("F4")
        at_once(lambda: life.shop.update(c.id), life.shop.tick)
        assert (life.pool().held, life.pool().available) == (quantity, 10 - quantity)
    assert isinstance(life.pay(life.now(c)), Placed)


@pytest.mark.fault("F6")
def test_all_of_it_or_none(stage: Open, struck: set[str]) -> None:
    """F6, R27. Given ten mugs and one book; when a cart of a mug and two books is paid; then it is refused for the books, no mug is held,
    and what was there can be bought by somebody else."""
    life = stage(stock=10)
    life.shop.receive("BOOK", -9, reason="sold elsewhere", actor="ann")
    cart = life.shop.open_cart(currency="EUR").id
    life.shop.add(cart, sku="MUG")
    life.shop.add(cart, sku="BOOK", quantity=2)
    c = begin(life.shop, cart)
    said = life.pay(c)
    struck.add("F6")
    assert (said.reason, said.subject, said.wanted, said.available) == ("out-of-stock", "BOOK", 2, 1)
    assert (life.pool("MUG").held, life.pool("BOOK").held) == (0, 0)
    assert isinstance(life.buys(2, "BOOK"), Placed)


@pytest.mark.fault("F7")
def test_an_order_from_two_warehouses_has_all_of_its_parts(stage: Open, struck: set[str]) -> None:
    """F7, I3. Given three in the east and two in the west; when four are bought; then three and one are committed, which is four; when two
    more are wanted, one is available over all, and nothing is taken; cancelled, all come back to where they lay."""
    life = stage(stock=0, policy=TWO_PLACES)
    life.shop.receive("MUG", 3, reason="opening stock", actor="test", location="east")
    life.shop.receive("MUG", 2, reason="opening stock", actor="test", location="west")
    c = life.begin(quantity=4)
    assert isinstance(life.pay(c), Placed)
    struck.add("F7")
    assert [life.pool(location=place).committed for place in TWO_PLACES.locations] == [3, 1]
    said = life.buys(2, quantity=2)
    assert (said.reason, said.wanted, said.available) == ("out-of-stock", 2, 1)
    assert [life.pool(location=place).held for place in TWO_PLACES.locations] == [0, 0]
    life.shop.cancel(c.id, reason="too many")
    assert [life.pool(location=place).available for place in TWO_PLACES.locations] == [3, 2]


@pytest.mark.fault("F9")
def test_goods_withdrawn_while_they_are_held(stage: Open, struck: set[str]) -> None:
    """F9. Given one held by a payment under way; when its product is withdrawn; then the payment under way buys it, and a new cart cannot
    have it, before any money moves."""
    life = stage(stock=2)
    c, later = life.begin(), life.begin()
    life.pay(c, "upi_paid")
    life.shelf.withdraw("MUG")
    struck.add("F9")
    life.clock.forward(seconds=10)
    assert isinstance(life.pay(c, "upi_paid"), Placed)
    life.clock.forward(minutes=20)
    assert life.pay(later, key="k2").reason == "unknown-sku"
    assert reasons(lambda: life.buys(3) and life.shop.add(later.cart, sku="MUG")) == {"unknown-sku"}
    assert life.gateway.count("authorize") == 1


def test_nobody_reads_before_the_lock(stage: Open) -> None:
    """OB-1, OB-10. Given one, committed by an earlier order; when two carts that passed a check while it was free take it in their own
    units; then each sees it taken: what is decided is read where it is written."""
    life = stage(stock=1)
    one, two, three = life.begin(), life.begin(), life.begin()
    assert all(life.shop.validate(c.id) == () for c in (one, two, three))
    assert isinstance(life.pay(one), Placed)

    def seen(unit: Unit) -> int:
        return unit.pool(Stock("MUG")).available

    assert life.storage.transact(seen) == 0
    assert [life.pay(c, key=c.id).reason for c in (two, three)] == ["out-of-stock"] * 2


def test_money_that_may_come_keeps_its_goods(stage: Open) -> None:
    """R20, F2. Given one, held by a payment the bank has not decided, whose time is over, and a process that dies before it has told the
    gateway to stop it; then others are refused until it is told; from then on they can buy, and the first is not charged."""
    life = stage(stock=1)
    c = life.begin()
    life.pay(c, "upi_pending")
    life.clock.forward(minutes=31)
    life.gateway.upset("void", dies_before)
    with pytest.raises(Crash):
        life.shop.tick()
    assert life.buys(2).reason == "out-of-stock"
    for _ in range(3):
        life.clock.forward(minutes=1)
        life.shop.tick()
    assert isinstance(life.buys(3), Placed)
    assert life.charged == [1740]


def test_a_late_decline_leaves_time_for_another_card(stage: Open) -> None:
    """RB-17. Given one, and a challenge that is failed in the last minute of its hold; then there are five more for another card, in which
    others are refused, and after which they can buy."""
    life = stage(stock=1)
    a = life.begin()
    life.pay(a, "tok_3ds_denied")
    life.clock.time = life.now(a).deadline - timedelta(seconds=30)
    assert life.pay(a, "tok_3ds_denied").reason == "declined"
    assert life.now(a).lapses_at == life.clock.time + timedelta(minutes=5)
    life.clock.forward(minutes=4)
    assert life.buys(2).reason == "out-of-stock"
    assert isinstance(life.pay(a, key="k2"), Placed)
