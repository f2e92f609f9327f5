"""Shadow pricing: what other rules would make of a cart, beside the shop's own, without a trace."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import (
    AsyncMemoryCatalog,
    AsyncMemoryStorage,
    AsyncShop,
    Card,
    Experiment,
    Money,
    NotFound,
    Placed,
    Policy,
    Promotion,
    Ratio,
    Refusal,
    Refused,
    Shop,
)
from checkout_core.cart import Line
from checkout_core.customers import Destination
from checkout_core.difference import differences
from checkout_core.pricing import Basket, Facts, price
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions import AmountOff, InVariant, Percent
from checkout_core.shadow import Shadow, shadow
from tests.world import NOON, SECRET, TestClock, a_checkout, a_shop, begin, catalog, eur, everything, products

TENTH = Promotion("tenth", "A tenth", Percent(Ratio(10)))
FIVE = Promotion("five", "Five off", AmountOff([eur(500)]))
CODE = Promotion("code", "A code", Percent(Ratio(20)), code="CODE")
FACTS = Facts({product.sku: product for product in products()}, [TENTH], {"standard": (), "books": ()})
MUGS = Basket("EUR", (Line("MUG", 2),), Destination("DE"))


# By itself.
def test_two_rule_sets_are_priced_at_one_instant() -> None:
    """Totals, what they differ by, and which promotions came and went."""
    found = shadow(MUGS, FACTS, [FIVE], NOON)
    assert found.totals == (eur(2250), eur(2000))
    assert (found.difference, found.verdict, found.alike) == (eur(-250), "cheaper", False)
    assert (found.came, found.went) == (("five",), ("tenth",))
    assert (found.refused, found.allowed) == ((), ())
    assert found.before.quote == price(MUGS, FACTS, NOON)
    assert found.after.quote == price(MUGS, evolve(FACTS, promotions=[FIVE]), NOON)
    assert found.before.quote is not None
    assert found.after.quote is not None
    assert found.changes == differences(found.before.quote, found.after.quote)
    back = shadow(MUGS, evolve(FACTS, promotions=[FIVE]), [TENTH], NOON)
    assert (back.difference, back.verdict) == (eur(250), "dearer")


def test_the_same_rules_make_no_difference() -> None:
    found = shadow(MUGS, FACTS, [TENTH], NOON)
    assert found.alike
    assert (found.difference, found.verdict, found.changes) == (eur(0), "same", ())


def test_an_equal_amount_by_another_promotion_is_a_difference_that_is_told() -> None:
    """Nobody pays more or less, and yet it is another reason."""
    found = shadow(MUGS, FACTS, [evolve(TENTH, id="other")], NOON)
    assert (found.verdict, found.came, found.went) == ("same", ("other",), ("tenth",))
    assert not found.alike


def test_instants_and_policies_are_those_given() -> None:
    later = evolve(FIVE, starts=NOON + timedelta(hours=1))
    assert shadow(MUGS, FACTS, [TENTH, later], NOON).alike
    assert shadow(MUGS, FACTS, [TENTH, later], NOON + timedelta(hours=1)).difference == eur(-500)
    odd = evolve(FACTS, promotions=[], products={"MUG": evolve(FACTS.products["MUG"], prices=[eur(1255)])})
    one, up = Basket("EUR", (Line("MUG", 1),), Destination("DE")), PricingPolicy(discount_mode="up")
    assert [shadow(one, odd, [TENTH], NOON, policy).difference for policy in (PricingPolicy(discount_mode="down"), up)] == [
        eur(-125),
        eur(-126),
    ]


def test_a_code_that_others_do_not_know_is_newly_refused() -> None:
    """There is no total any more, so the discounts are compared."""
    typed, facts = evolve(MUGS, codes=("CODE",)), evolve(FACTS, promotions=[CODE])
    found = shadow(typed, facts, [TENTH], NOON)
    assert found.refused == (Refused("unknown-code", "CODE"),)
    assert found.totals is None
    assert (found.difference, found.verdict) == (eur(250), "dearer")
    back = shadow(typed, evolve(FACTS, promotions=[TENTH]), [CODE], NOON)
    assert (back.allowed, back.refused) == ((Refused("unknown-code", "CODE"),), ())


def test_a_cart_of_which_nothing_is_said_yet_is_compared_by_its_discounts() -> None:
    """Most open carts have no address: they count too."""
    found = shadow(Basket("EUR", MUGS.lines), FACTS, [FIVE], NOON)
    assert (found.totals, found.changes) == (None, ())
    assert (found.before.taken, found.after.taken) == ((("tenth", 250),), (("five", 500),))
    assert found.difference == eur(-250)
    assert (found.refused, found.allowed) == ((), ())


def test_what_is_used_up_is_so_for_both() -> None:
    facts = evolve(FACTS, used_up={"five": Refused("coupon-used-up", "five")})
    assert shadow(MUGS, facts, [FIVE], NOON).went == ("tenth",)
    assert shadow(MUGS, facts, [FIVE], NOON).came == ()


# Of a shop's live carts.
def shadowed(shop: Shop, cart: str, *promotions: Promotion, **more: Any) -> Shadow:
    return shop.shadow(cart, promotions, **more)


def test_a_live_cart_is_priced_as_its_checkout_would_be() -> None:
    """With its address, its codes, its way to send, its channel: before is what it costs, to the hash."""
    shop, _ = a_shop(
        promotions=[TENTH, CODE], policy=Policy(identity_secret=SECRET, channels={"counter": PricingPolicy(discount_mode="up")})
    )
    c = a_checkout(shop, quantity=2, codes=["CODE"], channel="counter")
    found = shadowed(shop, c.cart, evolve(CODE, benefit=Percent(Ratio(50))))
    assert found.before.quote == c.quote
    assert found.totals == (eur(1800 + 490), eur(1250 + 490))
    assert found.went == ("tenth",)


def test_it_leaves_no_trace() -> None:
    """Nothing is held, written, released or told: also where somebody overdue holds the last use of a coupon."""
    clock = TestClock()
    last = evolve(CODE, limit=1)
    shop, store = a_shop(promotions=[last], clock=clock, policy=Policy(identity_secret=SECRET, hold_at="begin"))
    holder = a_checkout(shop, codes=["CODE"])
    clock.forward(days=2)
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG")
    before = everything(store)
    assert shadowed(shop, cart.id, evolve(last, code=None)).after.taken == ()
    assert shadowed(shop, holder.cart, last, TENTH).came == ("tenth",)
    assert everything(store) == before


def test_what_others_limit_is_counted() -> None:
    """A promotion that is only among the others, but was used before: its uses are looked up as for the shop's own."""
    clock = TestClock()
    once = evolve(FIVE, limit=1)
    shop, store = a_shop(promotions=[once], clock=clock, gateways=[SandboxGateway(clock=clock)])
    c = a_checkout(shop)
    assert c.quote is not None
    assert isinstance(shop.pay(c.id, Card("tok_ok"), expected=c.quote.hash, key="k"), Placed)
    other = Shop(storage=store, catalog=catalog([TENTH]), clock=clock, policy=Policy(identity_secret=SECRET))
    cart = other.open_cart(currency="EUR")
    other.add(cart.id, sku="MUG")
    found = shadowed(other, cart.id, once)
    assert (found.came, found.went) == ((), ("tenth",))
    assert shadowed(other, cart.id, evolve(once, limit=2)).came == ("five",)


def test_other_experiments_may_be_given_with_the_rules() -> None:
    """Each cart in the variant that it would be in."""
    shop, _ = a_shop()
    offer = Experiment("offer", {"control": 1, "five": 1})
    tried = evolve(FIVE, when=[InVariant("offer", {"five"})])
    seen = set()
    for _ in range(20):
        c = a_checkout(shop, quantity=2)
        found = shadowed(shop, c.cart, tried, experiments=[offer])
        variant = offer.variant_of(f"cart:{c.cart}")
        assert found.difference == (eur(-500) if variant == "five" else eur(0))
        assert found.after.quote is not None
        assert found.after.quote.experiments == (("offer", variant),)
        assert shadowed(shop, c.cart, tried).alike
        seen.add(variant)
    assert seen == {"control", "five"}


def test_an_empty_cart_is_compared_and_one_that_is_not_there_is_told() -> None:
    shop, _ = a_shop(promotions=[TENTH])
    assert shadowed(shop, shop.open_cart(currency="EUR").id, FIVE).alike
    with pytest.raises(NotFound):
        shadowed(shop, "c0", FIVE)


def test_a_channel_that_is_gone_is_refused_by_name() -> None:
    shop, store = a_shop(policy=Policy(channels={"counter": PricingPolicy()}))
    c = a_checkout(shop, channel="counter")
    after = Shop(storage=store, catalog=catalog(), clock=shop.clock)
    with pytest.raises(Refusal, match="counter"):
        shadowed(after, c.cart, FIVE)


def test_a_currency_is_that_of_the_cart() -> None:
    shop, _ = a_shop(promotions=[TENTH])
    cart = shop.open_cart(currency="USD")
    shop.add(cart.id, sku="MUG")
    assert shadowed(shop, cart.id).difference == Money(150, "USD")
    c = begin(shop, cart.id)
    assert shadowed(shop, c.cart).difference == Money(150, "USD")


def test_an_async_shop_does_the_same() -> None:
    shop, store = a_shop(promotions=[TENTH])
    c = a_checkout(shop)

    async def found() -> Shadow:
        ports = {"storage": AsyncMemoryStorage(store), "catalog": AsyncMemoryCatalog(catalog([TENTH]))}
        other = AsyncShop(**ports, clock=shop.clock, policy=Policy(identity_secret=SECRET))  # type: ignore[arg-type]
        return await other.shadow(c.cart, [FIVE])

    assert asyncio.run(found()) == shadowed(shop, c.cart, FIVE)
