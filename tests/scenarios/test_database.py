"""What a database does to a shop: deadlocks, too few connections, long transactions, two devices under one limit."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import pytest
from attrs import evolve

from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Contact, Placed, Promotion, Ratio, Unavailable, Worker
from checkout_core.codec import Unreadable
from checkout_core.holds import CartTurn, Claim, CouponUses, CouponUsesBy, Stock, Taken
from checkout_core.promotions import Percent
from checkout_core.unit import Unit
from tests.scenarios.stage import Stage, at_once, comes_and_buys
from tests.scenarios.test_messages import Endpoint
from tests.world import ADA, Crash, begin, interleave, lost, total

Open = Callable[..., Stage]
TENTH = Promotion("tenth", "A tenth off", Percent(Ratio.parse("10")), code="TENTH")
THREE = evolve(TENTH, id="three", code="THREE", limit=3)
ONCE = evolve(TENTH, id="once", code="ONCE", per_person=1)
TWICE = evolve(TENTH, id="twice", code="TWICE", per_person=2)


def basket(life: Stage, skus: Sequence[str], n: int) -> Any:
    """One of each, put in in that order, and paid."""
    cart = life.shop.open_cart(currency="EUR").id
    for sku in skus:
        life.shop.add(cart, sku=sku)
    return life.pay(begin(life.shop, cart), key=f"k{n}")


@pytest.mark.fault("E2")
def test_two_skus_in_either_order(stage: Open, struck: set[str]) -> None:
    """E2, R27, OB-8, OB-9. Given carts with (A, B) and carts with (B, A); when eight of them are paid at once; then each is an order: the
    locks are taken in one order whatever the cart's is, and nobody is told of a deadlock."""
    life = stage(stock=20)
    struck.add("E2")
    orders = [("MUG", "BOOK"), ("BOOK", "MUG")] * 4
    said = at_once(*(lambda n=n, skus=skus: basket(life, skus, n) for n, skus in enumerate(orders)), workers=8)
    assert all(isinstance(it, Placed) for it in said)
    assert (life.pool("MUG").committed, life.pool("BOOK").committed) == (8, 8)


@pytest.mark.fault("E2")
def test_units_that_lock_in_the_other_order_both_end(stage: Open, struck: set[str]) -> None:
    """E2, R11. Given two units that read two pools in opposite orders before they take, as a stranger's unit may; then both end, and what
    they took adds up."""
    life = stage(stock=20)
    one, other = life.begin(), life.begin()

    def takes(c: Any, first: str, second: str) -> Callable[[], Any]:
        def work(unit: Unit) -> Any:
            unit.pool(Stock(first))
            unit.pool(Stock(second))
            return unit.take(c.id, [Claim(CartTurn(c.cart), 1, 1), Claim(Stock("BOOK"), 1), Claim(Stock("MUG"), 1)])

        return lambda: life.storage.transact(work)

    struck.add("E2")
    for _ in range(5):
        said = at_once(takes(one, "MUG", "BOOK"), takes(other, "BOOK", "MUG"))
        assert said == [Taken(), Taken()]
    assert (life.pool("MUG").held, life.pool("BOOK").held) == (2, 2)
    for c in (one, other):
        life.shop.cancel(c.id, reason="over")


@pytest.mark.fault("E7")
def test_more_payers_than_connections(stage: Open, struck: set[str]) -> None:
    """E7, R1, Y3. Given a gateway that keeps twenty payers waiting at once, more than a store has connections; then all twenty reach it,
    and meanwhile others put things into carts: nothing of the store is held across a call."""
    life = stage(stock=30)
    payers = [life.begin() for _ in range(20)]
    all_there = threading.Barrier(21)

    def waits(real: Callable[[Any], Any], request: Any) -> Any:
        all_there.wait(30)
        all_there.wait(30)
        return real(request)

    life.gateway.upset("authorize", *[waits] * 20)
    threads = [threading.Thread(target=lambda c=c: life.pay(c)) for c in payers]
    for thread in threads:
        thread.start()
    all_there.wait(30)
    struck.add("E7")
    assert life.shop.add(life.shop.open_cart(currency="EUR").id, sku="MUG").lines
    assert life.pool().held == 20
    all_there.wait(30)
    for thread in threads:
        thread.join()
    assert life.orders == 20
    assert life.pool().committed == 20


@pytest.mark.fault("E10", "E11", "S5")
@pytest.mark.parametrize("how", ["interleaved", "threads"])
@pytest.mark.parametrize(("deal", "uses"), [(ONCE, 1), (TWICE, 2)], ids=["once", "twice"])
def test_a_persons_limit_on_many_devices(stage: Open, deal: Promotion, uses: int, how: str, struck: set[str]) -> None:
    """E10, E11, S5, RB-67. Given a code for once (or twice) per person, and one person on several devices, by whatever spelling
    of the address; when all pay at once; then it is used once (or twice) and never more, and the others are told so."""
    life = stage(deal, stock=50)
    spelled = ["ada@example.com", "ADA@Example.com", "ada+shop@example.com", " ada@example.com ", "ａda@example.com"]
    struck.update({"E10", "E11", "S5"})
    if how == "interleaved":
        shop = life.crowd()
        said = interleave(2, *(comes_and_buys(shop, n, [str(deal.code)], contact=Contact(email=email)) for n, email in enumerate(spelled)))
    else:
        said = at_once(
            *(lambda n=n, email=email: life.buys(n, codes=[deal.code], contact=Contact(email=email)) for n, email in enumerate(spelled))
        )
    assert sum(isinstance(it, Placed) for it in said) == uses
    assert {it.reason for it in said if not isinstance(it, Placed)} == {"coupon-used-by-you"}
    mine = [event for event in life.events() if event.kind == "order.placed"]
    assert len(mine) == uses
    (who,) = {who for c in map(life.shop.status, {event.checkout for event in mine}) for who in c.identities}
    key = CouponUsesBy(deal.id, who)
    assert life.storage.pools([key])[key].committed == uses


@pytest.mark.fault("G3", "S5")
@pytest.mark.parametrize("seed", range(3))
def test_a_code_for_three_is_used_by_three(stage: Open, seed: int, struck: set[str]) -> None:
    """G3, S5, RB-64, I9. Given a code with three uses, and fifteen who redeem it in any interleaving; then exactly three have it, and
    nobody else is charged."""
    life = stage(THREE, stock=50)
    shop = life.crowd()
    struck.update({"G3", "S5"})
    said = interleave(seed, *(comes_and_buys(shop, n, ["THREE"]) for n in range(15)))
    assert sum(isinstance(it, Placed) for it in said) == 3
    assert {it.reason for it in said if not isinstance(it, Placed)} == {"coupon-used-up"}
    assert life.charged == [1250 - 125 + 490] * 3


@pytest.mark.fault("G3", "S5")
def test_thirty_redeem_one_code_in_one_burst(stage: Open, struck: set[str]) -> None:
    """G3, S5, RB-64. Given a code with one use, and thirty threads that stand at the point of paying with it; when all press at once; then
    one redeems it."""
    life = stage(evolve(THREE, limit=1), stock=50)
    waiting = [life.begin(codes=["THREE"], contact=evolve(ADA, email=f"s{n}@example.com")) for n in range(30)]
    struck.update({"G3", "S5"})
    said = at_once(*(lambda c=c: life.pay(c) for c in waiting), workers=8)
    assert sum(isinstance(it, Placed) for it in said) == 1
    assert {it.reason for it in said if not isinstance(it, Placed)} == {"coupon-used-up"}
    assert life.storage.pools([CouponUses("three")])[CouponUses("three")].committed == 1


@pytest.mark.fault("E14")
def test_a_long_transaction_delays_the_sweeper_and_stops_it_not(on_file: Open, struck: set[str]) -> None:
    """E14, L1. Given another program that keeps the file's write lock for longer than we wait; then a tick gives up on each checkout in
    bounded time and raises nothing, a shopper is told to repeat, and when the lock is gone the next tick does it all."""
    life = on_file(stock=1)
    c = life.begin()
    assert life.pay(c, "tok_declined").reason == "declined"
    life.clock.time = life.now(c).lapses_at
    impatient = SqlStorage(str(life.place.path), clock=life.clock, busy_timeout=0.05)
    shop = life.shop_on(impatient)
    try:
        with closing(sqlite3.connect(life.place.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            struck.add("E14")
            assert shop.tick() == 1
            assert shop.stock("MUG")["MUG"].held == 1  # reading goes on
            with pytest.raises(Unavailable, match=r"busy.*Repeat"):
                shop.open_cart(currency="EUR")
            other.execute("ROLLBACK")
        shop.tick()
        assert life.pool().available == 1
        assert life.now(c).abandoned == "expired"
    finally:
        impatient.close()


@pytest.mark.fault("A8")
def test_a_sweeper_that_dies_half_way(stage: Open, struck: set[str]) -> None:
    """A8. Given four lapsed checkouts, and a sweeper that dies at the second; then the first is done for good, and the next sweep does the
    other three; no hold is released twice."""
    life = stage(stock=10)
    lapsed = [life.begin(quantity=2) for _ in range(4)]
    for n, c in enumerate(lapsed):
        assert life.pay(c, "tok_declined", key=f"k{n}").reason == "declined"
    life.clock.time = life.now(lapsed[-1]).lapses_at
    shop, outage = life.failing()
    outage.dies_after = 2
    with pytest.raises(Crash):
        shop.tick()
    struck.add("A8")
    assert life.pool().available == 6
    life.shop.tick()
    assert (life.pool().available, life.pool().held) == (10, 0)


def test_a_key_is_computed_again_after_a_lost_row(stage: Open) -> None:
    """R2, A2. Given an intent whose unit was rolled back and run again, or whose call was lost; then the key that the gateway sees is the
    same one each time."""
    life = stage()
    c = life.begin()
    shop, outage = life.failing()
    outage.dies_before = 1
    with pytest.raises(Crash):
        life.pay(c, shop=shop)
    life.gateway.upset("authorize", lost)
    life.pay(c)
    life.drain()
    keys = {request.key for op, request in life.gateway.calls if op == "authorize"}
    assert keys == {life.now(c).attempts[0].authorization}
    assert life.charged == [total(c).minor]


@pytest.mark.fault("A11")
def test_a_checkout_that_cannot_be_read_stops_no_other(on_file: Open, struck: set[str]) -> None:
    """A11, L1. Given four lapsed checkouts, the most overdue of which somebody has damaged; then a tick goes on with the other three, the
    letters go out, and whoever called hears of the damage each time."""
    life = on_file(stock=10)
    lapsed = [life.begin() for _ in range(4)]
    for n, c in enumerate(lapsed):
        assert life.pay(c, "tok_declined", key=f"k{n}").reason == "declined"
    bad, *others = lapsed
    with closing(sqlite3.connect(life.place.path, isolation_level=None)) as other:
        (was,) = other.execute("SELECT document, due_at FROM checkouts WHERE id = ?", (bad.id,))
        other.execute("UPDATE checkouts SET document = '{}', due_at = '2026-01-01T00:00:00.000000+00:00' WHERE id = ?", (bad.id,))
        life.clock.time = life.now(others[-1]).lapses_at
        endpoint = Endpoint()
        with pytest.raises(Unreadable):
            Worker(life.shop, [endpoint]).tick()
        struck.add("A11")
        assert [life.now(c).abandoned for c in others] == ["expired"] * 3
        assert {id.rpartition("/")[0] for id in endpoint.got} == {c.id for c in others}
        noted = life.storage.look(lambda view: view.delivery("endpoint", f"{bad.id}/1"))
        assert noted is not None
        assert "cannot be read" in noted.error
        with pytest.raises(Unreadable):
            life.shop.tick()
        other.execute("UPDATE checkouts SET document = ?, due_at = ? WHERE id = ?", (*was, bad.id))


def test_what_cannot_be_let_go_of_is_no_shoppers_trouble(on_file: Open) -> None:
    """Q2, A11. Given the last mug, held by a lapsed checkout that somebody has damaged; when another shopper pays for one; then it is out
    of stock for them, in words, and a worker hears of the damage."""
    life = on_file(stock=1)
    bad, other = life.begin(), life.begin()
    assert life.pay(bad, "tok_declined").reason == "declined"
    life.clock.time = life.now(bad).lapses_at
    with closing(sqlite3.connect(life.place.path, isolation_level=None)) as file:
        (was,) = file.execute("SELECT document FROM checkouts WHERE id = ?", (bad.id,))
        file.execute("UPDATE checkouts SET document = '{}' WHERE id = ?", (bad.id,))
        assert life.pay(other, key="k2", expected=total(other)).reason == "out-of-stock"
        with pytest.raises(Unreadable):
            life.shop.tick()
        file.execute("UPDATE checkouts SET document = ? WHERE id = ?", (*was, bad.id))
