"""Carts that were lost, doubled or mixed up at login: what happened to other shops, and what happens here."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from checkout_core import Card, NotFound, Pending, Placed, Refusal
from checkout_core.cart import Cart
from checkout_core.errors import Broken
from checkout_core.holds import CouponUses
from checkout_core.money import Ratio
from checkout_core.promotions import Percent, Promotion
from tests.scenarios.stage import Stage, at_once, comes_and_buys, reasons
from tests.world import ADA, BERLIN, NOON, begin, eur, interleave, total

Open = Callable[..., Stage]
THREE = Promotion("three", "A tenth off", Percent(Ratio.parse("10")), code="THREE", limit=3)


def filled(life: Stage, customer: str | None = None, currency: str = "EUR", **quantities: int) -> str:
    cart = life.shop.open_cart(currency=currency, customer=customer).id
    for sku, quantity in quantities.items():
        life.shop.add(cart, sku=sku, quantity=quantity)
    return cart


@pytest.mark.fault("K4")
def test_a_guests_cart_joins_the_accounts(stage: Open, struck: set[str]) -> None:
    """RB-74, RB-76, K4. Given a guest with one X and a Y, and an account with two X from weeks ago; when they log in; then three X and a Y
    are in the account's cart, each once, with a row that says so; merged again, by another process, nothing changes."""
    life = stage()
    mine = filled(life, "ada", MUG=2)
    life.clock.forward(days=21)
    guest = filled(life, MUG=1, BOOK=1)
    cart, report = life.shop.merge(guest, mine)
    assert {line.sku: line.quantity for line in cart.lines} == {"MUG": 3, "BOOK": 1}
    assert {row.sku: row.what for row in report.rows} == {"MUG": "changed", "BOOK": "added"}
    before = life.place.snapshot()
    struck.add("K4")
    assert life.another().merge(guest, mine) == (cart, report)
    assert life.place.snapshot() == before
    assert reasons(lambda: life.shop.add(guest, sku="MUG")) == {"cart-merged"}
    assert isinstance(life.pay(begin(life.shop, mine)), Placed)


def test_what_has_no_room_is_reported(stage: Open) -> None:
    """RB-74. Given carts that together hold more of a SKU than a cart may; then the result is capped, and its row says by how much."""
    life = stage()
    limit = life.policy.limits.quantity
    mine, guest = filled(life, "ada", MUG=limit - 1), filled(life, MUG=3)
    cart, report = life.shop.merge(guest, mine)
    assert [line.quantity for line in cart.lines] == [limit]
    assert [(row.what, row.guest, row.account, row.result) for row in report.rows] == [("capped", 3, limit - 1, limit)]


def test_the_same_thing_is_one_line_and_an_engraving_another(stage: Open) -> None:
    """RB-76. Given the same mug, and a mug engraved, in both carts; when they are merged; then there are two lines: the plain ones
    together, and the engraved ones together; one engraved otherwise stays apart."""
    life = stage()
    carts = [filled(life, "ada"), filled(life)]
    for cart, text in zip(carts, ("Z", "Y"), strict=True):
        life.shop.add(cart, sku="MUG", options={"size": "L", "engraving": "A"})
        life.shop.add(cart, sku="MUG", options={"engraving": "A", "size": "L"})
        life.shop.add(cart, sku="MUG", options={"engraving": text})
        life.shop.add(cart, sku="MUG")
    merged, _ = life.shop.merge(carts[1], carts[0])
    engraved = {dict(line.options).get("engraving", ""): line.quantity for line in merged.lines}
    assert engraved == {"A": 4, "Z": 1, "Y": 1, "": 2}


@pytest.mark.fault("K4")
@pytest.mark.parametrize("seed", range(2))
def test_a_merge_twice_at_once_is_one(stage: Open, seed: int, struck: set[str]) -> None:
    """K4, I18. Given two devices that log in at the same moment, interleaved or from threads; then both get the same cart and report, and
    each line is in one cart."""
    life = stage()
    guest, mine = filled(life, MUG=1), filled(life, "ada")
    shop = life.crowd()
    struck.add("K4")
    one, other = interleave(seed, shop.merge(guest, mine), shop.merge(guest, mine))
    assert one == other
    second = filled(life, MUG=2)
    said = at_once(*(lambda: life.shop.merge(second, mine) for _ in range(3)))
    assert said[0] == said[1] == said[2]
    assert [line.quantity for line in life.shop.cart(mine).lines] == [3]


def test_a_cart_that_is_being_bought_is_not_merged_away(stage: Open) -> None:
    """I18. Given a guest's checkout under way; then its cart is not merged until it is finished or cancelled, as the refusal says."""
    life = stage()
    c = life.begin()
    mine = filled(life, "ada")
    assert reasons(lambda: life.shop.merge(c.cart, mine)) == {"cart-in-use"}
    life.shop.cancel(c.id, reason="logged in")
    assert life.shop.merge(c.cart, mine)[0].lines == c.lines


def test_two_logins_have_one_cart(stage: Open) -> None:
    """RB-77. Given a customer who logs in on two devices at once, out, and in again; then each gets the same open cart of that currency;
    another currency and another customer have their own; after the order there is a new one."""
    life = stage()
    both = at_once(*(lambda: life.another().open_cart(currency="EUR", customer="ada") for _ in range(6)))
    assert len({cart.id for cart in both}) == 1
    mine = both[0].id
    life.shop.add(mine, sku="MUG")
    assert life.shop.open_cart(currency="EUR", customer="ada") == life.shop.cart(mine)
    assert life.shop.open_cart(currency="USD", customer="ada").id != mine
    assert life.shop.open_cart(currency="EUR", customer="bob").id != mine
    assert life.shop.open_cart(currency="EUR").id != life.shop.open_cart(currency="EUR").id  # guests have as many as they open
    assert isinstance(life.pay(begin(life.shop, mine)), Placed)
    fresh = life.shop.open_cart(currency="EUR", customer="ada")
    assert (fresh.id != mine, fresh.lines) == (True, ())


def test_the_store_refuses_a_second_open_cart(stage: Open) -> None:
    """RB-77. Given an open cart of a customer; when a second is written past every command; then the store itself says no, and there is
    still one. (In a file that is a unique index.)"""
    life = stage()
    mine = life.shop.open_cart(currency="EUR", customer="ada")
    with pytest.raises(Broken):
        life.storage.transact(lambda unit: unit.write(Cart("second", "EUR", "ada", created_at=NOON, updated_at=NOON)))
    assert life.storage.transact(lambda unit: unit.cart_of("ada", "EUR")) == mine.id
    with pytest.raises(NotFound):
        life.shop.cart("second")


def test_carts_in_two_currencies(stage: Open) -> None:
    """RB-79, OB-4. Given a guest's cart in euros and an account's in dollars; when they are merged; then the lines are in the dollar cart,
    the report says that prices changed, the new price is the dollar's own, and the guest's cart is closed with its lines kept."""
    life = stage()
    mine, guest = filled(life, "ada", "USD", MUG=1), filled(life, MUG=1)
    before = life.shop.cart(guest)
    cart, report = life.shop.merge(guest, mine)
    assert (cart.currency, [line.quantity for line in cart.lines]) == ("USD", [2])
    assert report.currency_changed == ("EUR", "USD")
    c = begin(life.shop, mine)
    assert (total(c).currency, total(c).minor) == ("USD", 2 * 1500 + 600)
    assert life.shop.cart(guest).lines == before.lines
    assert isinstance(life.pay(c), Placed)


def test_what_has_no_price_in_the_other_currency_stays_and_is_named(stage: Open) -> None:
    """RB-79. Given a book that has no price in dollars; when it is merged into a dollar cart; then it is in the cart, named as what stands
    in the way, and after it is taken out the rest can be bought."""
    life = stage()
    mine, guest = filled(life, "ada", "USD", MUG=1), filled(life, BOOK=1)
    cart, _ = life.shop.merge(guest, mine)
    with pytest.raises(Refusal) as refusal:
        begin(life.shop, mine)
    assert [(it.reason, it.subject) for it in refusal.value.refused] == [("no-price", "BOOK")]
    life.shop.remove(mine, next(line.id for line in cart.lines if line.sku == "BOOK"))
    assert isinstance(life.pay(begin(life.shop, mine)), Placed)


def test_a_code_is_not_doubled_by_a_merge(stage: Open) -> None:
    """RB-79. Given a code that guest and account both typed; then after the merge it takes off once, and one use of it is counted."""
    life = stage(THREE)
    guest = filled(life, MUG=1)
    mine = filled(life, "ada", MUG=1)
    abandoned = begin(life.shop, guest, codes=["THREE"])
    life.shop.cancel(abandoned.id, reason="logged in")
    life.shop.merge(guest, mine)
    c = begin(life.shop, mine, codes=["THREE", "three"])
    assert total(c) == eur(2500 - 250 + 490)
    assert isinstance(life.pay(c), Placed)
    assert life.storage.pools([CouponUses("three")])[CouponUses("three")].committed == 1


# Tabs, clicks and sessions.
@pytest.mark.fault("K1")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("keys", [("k1", "k1"), ("k1", "k2")], ids=["double click", "two tabs"])
def test_two_tabs_pay_one_cart(stage: Open, keys: tuple[str, str], seed: int, struck: set[str]) -> None:
    """K1, K2. Given a checkout in two tabs; when both begin it and pay it, in any interleaving; then there is one checkout, one charge and
    one order, and both tabs end up with it."""
    life = stage()
    cart = filled(life, MUG=1)
    shop = life.crowd()
    begun = interleave(seed, *(shop.begin(cart, ship_to=BERLIN, shipping="standard", contact=ADA) for _ in keys))
    assert len({c.id for c in begun}) == 1
    struck.add("K1")
    c = life.now(begun[0])
    interleave(seed, *(shop.pay(c.id, Card("tok_ok"), expected=total(c), key=key) for key in keys))
    assert (life.charged, life.orders) == ([1740], 1)
    life.drain()
    assert all(isinstance(it, Placed) or it.reason == "already-placed" for it in (life.pay(c, key=key) for key in keys))


@pytest.mark.fault("K2")
@pytest.mark.parametrize("token", ["tok_ok", "tok_declined", "tok_no_answer_taken"])
def test_a_click_repeated_is_one_click(stage: Open, token: str, struck: set[str]) -> None:
    """K2, I17. Given a wish to pay that is repeated at once, by another process, and a week later; then it is answered the same, nothing is
    written, and nobody is called again."""
    life = stage()
    c = life.begin()
    first = life.pay(c, token)
    struck.add("K2")
    calls, before = len(life.gateway.calls), life.place.snapshot()
    assert life.pay(c, token) == life.pay(c, token, shop=life.another()) == first
    assert life.place.snapshot() == before
    life.drain()
    life.clock.forward(days=7)
    assert life.pay(c, token) == first
    assert len(life.gateway.calls) == calls


@pytest.mark.fault("K3", "K5")
def test_a_cart_edited_while_it_is_paid(stage: Open, struck: set[str]) -> None:
    """K3, K5. Given a payment under way; when the cart is edited behind it; then what is paid and sold is the quote, not the cart, and a
    change of the checkout itself is refused until the payment is decided."""
    life = stage()
    c = life.begin()
    life.pay(c, "tok_3ds_ok")
    life.shop.add(c.cart, sku="BOOK")
    struck.update({"K3", "K5"})
    assert reasons(lambda: life.shop.update(c.id)) == {"payment-in-flight"}
    life.clock.forward(seconds=10)
    placed = life.pay(c, "tok_3ds_ok")
    assert placed.total == total(c)
    assert (life.pool("MUG").committed, life.pool("BOOK").committed) == (1, 0)


@pytest.mark.fault("K6")
@pytest.mark.parametrize("sold", [False, True], ids=["still there", "sold meanwhile"])
def test_an_expired_cart_is_paid(stage: Open, sold: bool, struck: set[str]) -> None:
    """K6, R8. Given a checkout that lapsed while its bank was deciding; when its money arrives later; then it is matched with goods again
    and is an order, or nothing is left and it goes back: never kept for nothing, never short."""
    life = stage(stock=1)
    c = life.lapsing()
    if sold:
        assert isinstance(life.buys(2), Placed)
    struck.add("K6")
    life.comes_through(c)
    assert (life.now(c).order is None) is sold
    assert life.charged == [1740]
    if not sold:
        assert "checkout.reinstated" in life.kinds(c)


@pytest.mark.fault("K8")
@pytest.mark.parametrize("quantity", [-1, 0, 10**12, 1.5, float("nan"), "1", True, None, Decimal(1), [1]])
def test_only_a_whole_number_is_a_quantity(stage: Open, quantity: Any, struck: set[str]) -> None:
    """K8. Given anything else than a whole number in range, from a client; then it is refused at every door, and nothing is stored."""
    life = stage(stock=0)
    cart = filled(life, MUG=1)
    line = life.shop.cart(cart).lines[0].id
    before = life.place.snapshot()
    struck.add("K8")
    assert reasons(lambda: life.shop.add(cart, sku="MUG", quantity=quantity)) == {"quantity"}
    assert reasons(lambda: life.shop.change(cart, line, quantity=quantity)) == {"quantity"}
    if quantity != -1:  # stock may also go out
        assert reasons(lambda: life.shop.receive("MUG", quantity, reason="x", actor="y")) == {"invalid"}
    assert life.place.snapshot() == before


def test_a_stranger_on_the_same_device_gets_another_cart(stage: Open) -> None:
    """I18, R21. Given a customer who logs out, and another who logs in on the same device with the first one's cart id at hand; then the
    other's own cart is given, and the first one's cannot be merged away."""
    life = stage()
    adas = filled(life, "ada", MUG=1)
    bobs = filled(life, "bob")
    assert bobs != adas
    with pytest.raises(NotFound):
        life.shop.merge(adas, bobs)


def test_a_crowd_of_one_customer_buys_one_cart(stage: Open) -> None:
    """RB-77, RB-29, I5. Given one customer who buys the same thing from six devices in the same moment; then they share the cart, its
    checkout and its payment: each has the same order, and what is bought is what is in the cart."""
    life = stage(stock=20)
    shop = life.crowd()
    said = interleave(3, *(comes_and_buys(shop, 1, customer="ada") for _ in range(6)))
    placed = {it.number for it in said if isinstance(it, Placed)}
    assert len(life.charged) == life.orders == len(placed)
    assert all(isinstance(it, Placed | Pending) or it.reason in REFUSALS for it in said), said


REFUSALS = {"quote-changed", "already-placed", "payment-in-flight", "cart-closed", "empty-cart", "cart-in-use"}
