"""Why a code does not work for a cart, as data; and the promotions that a little more would bring."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from checkout_core import Line, Product, Promotion, Ratio, Refusal, Refused, Shopper
from checkout_core.pricing import Basket, Facts
from checkout_core.promotions import FREE_SHIPPING, AmountOff, Assortment, BuyGet, FirstOrder, Hours, InGroup, Percent, Quantity
from checkout_core.why_not import Check, Why, near_misses, why
from tests.world import NOON, a_checkout, a_shop, begin, eur, everything

TEN = Percent(Ratio(10))
PRODUCTS = {"MUG": Product("MUG", "Mug", [eur(1250)], categories={"cups"}), "TEA": Product("TEA", "Tea", [eur(500)])}


def basket(*codes: str, mugs: int = 1, **more: Any) -> Basket:
    return Basket("EUR", (Line("MUG", mugs),), codes=codes, **more)


def facts(*promotions: Promotion, **more: Any) -> Facts:
    return Facts(PRODUCTS, promotions, **more)


def told(found: Why) -> list[tuple[str, str | None]]:
    return [(check.what, check.refused.reason if check.refused else None) for check in found.checks]


def test_everything_a_promotion_asks_for_is_listed_with_what_of_it_holds() -> None:
    """Not only the first thing that fails: a shopper who mends one must not be sent away again."""
    deal = Promotion(
        *("deal", "A deal", AmountOff([eur(500)])),
        code="DEAL",
        when=[Quantity(3, Assortment({"MUG"})), FirstOrder(), InGroup({"club"})],
        skus={"MUG"},
        starts=NOON - timedelta(days=2),
        ends=NOON,
        minimum=[eur(4000)],
        per_person=1,
    )
    used = {"deal": Refused("promotion-per-person-limit", "DEAL", limit=1)}
    found = why(deal, basket(), facts(deal, used_up=used, shopper=Shopper({"club"}, 2)), NOON)
    assert told(found) == [
        ("time", "expired"),
        ("currency", None),
        ("uses", "promotion-per-person-limit"),
        ("condition", "minimum-quantity"),
        ("condition", "not-first-order"),
        ("condition", None),
        ("goods", None),
        ("minimum", "minimum-spend"),
    ]
    assert [check.about for check in found.checks if check.what == "condition"] == [0, 1, 2]
    missing = {check.what: check.refused for check in found.checks if check.refused}
    assert missing["minimum"].missing == eur(2750)
    assert found.checks[3].refused == Refused("minimum-quantity", "DEAL", missing_units=2)
    assert missing["time"].until == NOON
    assert found.takes is None


def test_what_applies_says_how_much_it_takes_and_that_nothing_hinders_it() -> None:
    deal = Promotion("deal", "A deal", TEN, code="DEAL", minimum=[eur(1000)])
    found = why(deal, basket(), facts(deal), NOON)
    assert (found.takes, told(found)) == (eur(125), [("currency", None), ("minimum", None), ("combination", None)])


def test_it_is_asked_as_if_its_code_was_typed() -> None:
    """The code need not stand in the cart, nor the promotion among the facts; and other codes stay."""
    deal, other = Promotion("deal", "A deal", TEN, code="DEAL"), Promotion("other", "Other", TEN, code="OTHER", priority=1)
    found = why(deal, basket("OTHER"), facts(other), NOON)
    assert found.takes == eur(113)


def test_who_keeps_it_out_is_named_and_whom_it_keeps_out() -> None:
    staff = Promotion("staff", "Staff", Percent(Ratio(30)), code="STAFF", exclusive=True)
    club, auto = Promotion("club", "Club", TEN, code="CLUB"), Promotion("auto", "Always", TEN)
    found = why(club, basket("STAFF"), facts(staff, club, auto), NOON)
    assert found.checks[-1] == Check("combination", Refused("not-combinable", "CLUB", "STAFF"))
    assert found.displaced == ()
    wins = why(staff, basket(), facts(staff, club, auto), NOON)
    assert (wins.takes, wins.displaced) == (eur(375), (auto,))


def test_one_that_would_take_nothing_says_so() -> None:
    """Somebody else has already taken it all: all that it asks for holds, and still nothing comes of it."""
    all_off = Promotion("all", "All", Percent(Ratio(100)), priority=9)
    deal = Promotion("deal", "A deal", TEN, code="DEAL", skus={"MUG"})
    found = why(deal, basket(), facts(all_off, deal), NOON)
    assert told(found) == [("goods", None), ("goods", "no-effect")]


def test_a_minimum_that_others_take_away_is_what_fails() -> None:
    """2 × 12.50 reach 20.00, but half of it is taken off before: it is asked of what is left (`minimum_basis` current)."""
    half = Promotion("half", "Half", Percent(Ratio(50)), priority=9)
    deal = Promotion("deal", "A deal", TEN, code="DEAL", minimum=[eur(2000)])
    found = why(deal, basket(mugs=2), facts(half, deal), NOON)
    assert told(found)[-1] == ("minimum", "minimum-spend")
    assert found.checks[-1].refused == Refused("minimum-spend", "DEAL", missing=eur(750))


def test_a_buy_and_get_asks_for_goods() -> None:
    deal = Promotion("deal", "A deal", BuyGet(2, 1, buy={"MUG"}, get={"TEA"}), code="DEAL")
    assert told(why(deal, basket(), facts(deal), NOON)) == [("goods", "not-these-goods")]


def test_what_is_wrong_with_the_cart_itself_is_told_apart() -> None:
    deal = Promotion("deal", "A deal", TEN, code="DEAL")
    wrong = why(deal, evolve(basket(), lines=(Line("MUG", 1), Line("GONE", 1))), facts(deal), NOON)
    assert wrong.takes == eur(125)
    assert [refused.reason for refused in wrong.cart] == ["unknown-sku", "needs-address"]


def test_near_misses_are_the_nearest_first_and_only_what_can_be_reached() -> None:
    """Least missing amount, then units, then instants; not what needs another place, group or code. `4.10 more for free shipping`."""
    tuesday = Hours({"tue"}, "00:00", "24:00", "UTC")
    deals: Sequence[Promotion] = [
        Promotion("far", "Far", TEN, minimum=[eur(9000)]),
        Promotion("near", "Free carriage", FREE_SHIPPING, minimum=[eur(1660)]),
        Promotion("units", "Three mugs", TEN, when=[Quantity(3)]),
        Promotion("tuesday", "Tuesday", TEN, when=[tuesday]),
        Promotion("soon", "Soon", TEN, starts=NOON + timedelta(hours=1)),
        Promotion("over", "Over", TEN, ends=NOON),
        Promotion("staff", "Staff", TEN, when=[InGroup({"staff"})]),
        Promotion("coded", "Coded", TEN, code="CODED", minimum=[eur(9000)]),
        Promotion("applies", "Applies", TEN, priority=-1),
    ]
    found = near_misses(basket(), facts(*deals), NOON)
    assert [near.promotion.id for near in found] == ["near", "far", "units", "soon", "tuesday"]
    assert found[0].why.missing == eur(410)
    assert found[2].why.missing_units == 2
    assert found[4].why.until is not None


def test_near_misses_of_nothing_are_none() -> None:
    assert near_misses(Basket("EUR", ()), facts(), NOON) == ()


def test_a_shop_says_what_its_cart_is_near_to() -> None:
    """Before an address, a means of payment or a way to send is known; and nothing is held or written."""
    deal = Promotion("free", "Free carriage from 40", FREE_SHIPPING, minimum=[eur(4000)])
    shop, store = a_shop(promotions=[deal])
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG", quantity=2)
    before = everything(store)
    (near,) = shop.near_misses(cart.id)
    assert (near.promotion.id, near.why.missing) == ("free", eur(1500))
    assert everything(store) == before


def test_a_shop_says_why_a_code_does_not_work() -> None:
    """A one-use code that somebody else holds, for a cart that has no checkout yet, and for one that has."""
    once = Promotion("once", "Once", TEN, code="ONCE", limit=1, minimum=[eur(2000)])
    shop, _ = a_shop(promotions=[once])
    a_checkout(shop, quantity=2, codes=["once"])
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG", quantity=1)
    assert told(shop.why(cart.id, " once ")) == [("currency", None), ("uses", None), ("minimum", "minimum-spend")]
    begin(shop, cart.id, shipping="standard")
    assert shop.why(cart.id, "ONCE").checks[-1].refused == Refused("minimum-spend", "ONCE", missing=eur(750))
    assert shop.why(cart.id, "once", channel="").takes is None


def test_a_code_that_nobody_knows_is_refused() -> None:
    shop, _ = a_shop()
    cart = shop.open_cart(currency="EUR")
    with pytest.raises(Refusal) as refusal:
        shop.why(cart.id, "NOPE")
    assert refusal.value.refused == (Refused("unknown-code", "NOPE"),)
