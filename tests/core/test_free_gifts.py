"""A free gift: a line that a promotion puts into the order for nothing, held from stock like what is bought."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, Checkout, Placed, Policy, Product, Refused, Shop
from checkout_core.cart import Line
from checkout_core.errors import BadSetting
from checkout_core.memory import MemoryCatalog, MemoryStorage
from checkout_core.money import Money, Ratio
from checkout_core.prices import PriceList, PriceRow
from checkout_core.pricing import Basket, Facts, Quote, intact, price
from checkout_core.pricing_policy import PricingPolicy, policy_from
from checkout_core.promotions import BuyGet, EveryNth, FreeGift, Percent, Promotion, Quantity, Tier, TieredPercent
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.refusals import Refusal
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxRate, TaxRow, TaxTable
from tests.world import ADA, BERLIN, SECRET, TestClock

VAT = (TaxRate("VAT", Ratio.parse("0.19"), included=True),)
SEVEN = (TaxRate("VAT7", Ratio.parse("0.07"), included=True),)
SENT = ShippingOption("standard", "Standard", Money(490, "EUR"), "standard")


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


PRODUCTS = {
    "MUG": Product("MUG", "Mug", [eur(2000)], "standard"),
    "BAG": Product("BAG", "Cotton bag", [eur(500)], "standard", floors=[eur(400)]),
    "TEA": Product("TEA", "Tea", [eur(700)], "food"),
    "PDF": Product("PDF", "Recipes", [eur(300)], "food", tracked=False),
    "USD": Product("USD", "Dollar thing", [Money(100, "USD")], "standard"),
}


def gift(sku: str = "BAG", quantity: int = 1, id: str = "bag", **more: Any) -> Promotion:
    return Promotion(id, "A bag with it", FreeGift(sku, quantity), **{"minimum": [eur(3000)], **more})


def quoted(lines: dict[str, int], *deals: Promotion, policy: PricingPolicy | None = None, **more: Any) -> Quote:
    facts = Facts(PRODUCTS, deals, {"standard": VAT, "food": SEVEN}, (SENT,), **more)
    basket = Basket("EUR", tuple([Line(sku, n) for sku, n in lines.items()]), BERLIN.destination, ("standard",))
    quote = price(basket, facts, TestClock().now(), policy or PricingPolicy())
    assert isinstance(quote, Quote), quote
    assert recompute(receipt_of(quote)) == figures_of(quote)
    assert intact(quote)
    assert quote.totals.subtotal + quote.totals.shipping - quote.totals.discount + quote.totals.tax_added == quote.total.minor
    return quote


def given_away(quote: Quote) -> list[tuple[str, int, int, int]]:
    return [(line.sku, line.quantity, line.discount, line.gross) for line in quote.lines if dict(line.options).get("gift")]


# What it costs.
def test_it_is_a_line_at_its_list_price_that_costs_nothing() -> None:
    """Also below its floor, which is for what is sold. All else is what it was without the gift."""
    without, quote = quoted({"MUG": 2}), quoted({"MUG": 2}, gift(quantity=3))
    assert given_away(quote) == [("BAG", 3, 1500, 0)]
    assert quote.total == without.total
    assert quote.totals.tax_by_code == without.totals.tax_by_code
    assert quote.totals.discount == without.totals.discount + 1500
    assert quote.shipping == without.shipping
    assert (quote.lines[1].name, quote.lines[1].floor) == ("Cotton bag", 0)
    (used,) = quote.promotions
    assert (used.entries, used.shares) == ((1,), (1500,))


def test_without_what_it_asks_for_there_is_none_and_it_is_said_how_far_it_is() -> None:
    quote = quoted({"MUG": 1}, gift())
    assert not given_away(quote)
    (miss,) = quote.near_misses
    assert (miss.reason, miss.missing) == ("minimum-spend", eur(1000))


def test_a_gift_does_not_bring_another_nor_is_it_bought() -> None:
    """It counts for no minimum, no number of goods and no buy-one-get-one, and nothing is taken off it twice."""
    more = Promotion("more", "More", FreeGift("TEA"), minimum=[eur(4100)])
    two = Promotion("two", "Two bags", BuyGet(1, 1, buy={"BAG"}, get={"BAG"}))
    three = Promotion("three", "Three things", Percent(Ratio(10)), when=[Quantity(3)])
    quote = quoted({"MUG": 2}, gift(), more, two, three)
    assert [used.id for used in quote.promotions] == ["bag"]


@pytest.mark.parametrize(
    "benefit",
    [
        Percent(Ratio(10), "order_and_shipping"),
        Percent(Ratio(50), "shipping"),
        TieredPercent([Tier([eur(0)], Ratio(5)), Tier([eur(4400)], Ratio(50))]),
        EveryNth(2),
        BuyGet(1, 1, buy={"BAG"}, get={"BAG"}),
    ],
    ids=lambda benefit: type(benefit).__name__,
)
def test_other_rules_do_not_see_it(benefit: Any) -> None:
    """Whichever comes first; and the quote can be worked out again (`quoted` asks that)."""
    for priority in (-1, 1):
        other = Promotion("other", "Other", benefit, priority=priority)
        without, quote = quoted({"MUG": 2, "BAG": 1}, other), quoted({"MUG": 2, "BAG": 1}, other, gift(minimum=[eur(1)]))
        assert given_away(quote) == [("BAG", 1, 500, 0)]
        assert quote.total == without.total
        assert {used.id: used.amount for used in quote.promotions if used.id == "other"} == {u.id: u.amount for u in without.promotions}


@pytest.mark.parametrize(
    "chosen", [{"tax_level": "order"}, {"tax_base": "before_discount"}, {"shipping_tax": "weighted"}, {"shipping_tax": "highest"}], ids=str
)
def test_it_is_taxed_as_the_policy_says(chosen: dict[str, str]) -> None:
    """By its own category, at nothing; only where tax is on the price before discounts, on that."""
    policy = policy_from(chosen)
    assert isinstance(policy, PricingPolicy)
    quote = quoted({"MUG": 2}, gift("TEA"), policy=policy)
    line = quote.lines[-1]
    assert (line.sku, line.tax_category) == ("TEA", "food")
    assert line.tax == (46 if "tax_base" in chosen else 0)
    assert dict(quote.rates)["food"] == SEVEN


def test_a_gift_whose_tax_is_not_known_is_refused_like_goods() -> None:
    """G2: nothing is guessed."""
    facts = Facts(PRODUCTS, (gift("TEA"),), {"standard": VAT}, (SENT,))
    found = price(Basket("EUR", (Line("MUG", 2),), BERLIN.destination, ("standard",)), facts, TestClock().now())
    assert not isinstance(found, Quote)
    assert [refused.reason for refused in found] == ["tax-unknown"]


@pytest.mark.parametrize("sku", ["USD", "NONE"])
def test_a_gift_that_is_not_sold_here_leaves_the_sale_alone(sku: str) -> None:
    quote = quoted({"MUG": 2}, gift(sku))
    assert not given_away(quote)
    (miss,) = quote.near_misses
    assert (miss.reason, miss.subject) == ("gift-unknown", sku)
    assert "Add it to the catalogue" in str(miss)


def test_a_gift_beside_the_same_thing_bought_is_a_line_of_its_own() -> None:
    """At the price that the cart's one has, also from a price list."""
    book = (PriceList("sale", [PriceRow("BAG", eur(450))]),)
    quote = quoted({"MUG": 2, "BAG": 1}, gift(), prices=book)
    assert [(line.sku, line.unit, line.gross) for line in quote.lines] == [("MUG", 2000, 4000), ("BAG", 450, 450), ("BAG", 450, 0)]
    assert len({line.id for line in quote.lines}) == 3


def test_a_shopper_cannot_write_a_line_that_passes_for_the_gift() -> None:
    facts = Facts(PRODUCTS, (gift(),), {"standard": VAT}, (SENT,))
    basket = Basket("EUR", (Line("MUG", 2), Line("BAG", 1, (("gift", "bag"),))), BERLIN.destination, ("standard",))
    quote = price(basket, facts, TestClock().now())
    assert isinstance(quote, Quote)
    assert len({line.id for line in quote.lines}) == 3
    assert [line.gross for line in quote.lines] == [4000, 500, 0]


def test_of_a_group_the_best_takes_each_line_and_a_gift_takes_none() -> None:
    quote = quoted({"MUG": 2}, gift(group="one"), Promotion("ten", "Ten", Percent(Ratio(10)), group="one"))
    assert {used.id: used.amount for used in quote.promotions} == {"bag": 500, "ten": 400}


def test_what_is_no_gift_is_refused_when_it_is_made() -> None:
    with pytest.raises(BadSetting, match="names no gift"):
        FreeGift("")
    with pytest.raises(BadSetting, match="at least 1"):
        FreeGift("BAG", 0)
    with pytest.raises(BadSetting, match="takes no money off"):
        gift(budget=[eur(100)])


@given(
    st.dictionaries(st.sampled_from(["MUG", "BAG", "TEA", "PDF"]), st.integers(1, 5), min_size=1),
    st.lists(st.tuples(st.sampled_from(["MUG", "BAG", "TEA", "PDF"]), st.integers(1, 3)), max_size=3),
    st.lists(st.sampled_from([Percent(Ratio(10)), Percent(Ratio(7), "order_and_shipping"), EveryNth(2), BuyGet(1, 1)]), max_size=3),
)
def test_whatever_the_gifts_the_price_is_that_without_them(lines: dict[str, int], gifts: list[tuple[str, int]], others: list[Any]) -> None:
    """I12: and all of it adds up and can be worked out again."""
    deals = [Promotion(f"other{n}", "Other", benefit) for n, benefit in enumerate(others)]
    away = [Promotion(f"gift{n}", "Gift", FreeGift(sku, units), priority=n % 2) for n, (sku, units) in enumerate(gifts)]
    quote = quoted(lines, *deals, *away)
    assert quote.total == quoted(lines, *deals).total
    assert sorted((sku, units) for sku, units, _, gross in given_away(quote) if gross == 0) == sorted(gifts)


# What is held for it.
class Life:
    """A shop with mugs to buy, and bags to give away."""

    def __init__(self, *deals: Promotion, bags: int = 1, storage: Any = None, locations: tuple[str, ...] = ("main",)) -> None:
        self.clock = TestClock()
        taxes = TaxTable([TaxRow("DE", None, "standard", VAT), TaxRow("DE", None, "food", SEVEN)])
        self.storage = storage(self.clock) if storage else MemoryStorage(self.clock)
        self.shop = Shop(
            storage=self.storage,
            catalog=MemoryCatalog(PRODUCTS.values(), deals or (gift(),), taxes),
            gateways=[SandboxGateway(clock=self.clock)],
            clock=self.clock,
            policy=Policy(identity_secret=SECRET, locations=locations),
        )
        self.shop.receive("MUG", 100, reason="opening", actor="test")
        if bags:
            self.shop.receive("BAG", bags, reason="opening", actor="test", location=locations[-1])

    def begun(self, **lines: int) -> Checkout:
        cart = self.shop.open_cart(currency="EUR")
        for sku, quantity in (lines or {"MUG": 2}).items():
            self.shop.add(cart.id, sku=sku, quantity=quantity)
        return self.shop.begin(cart.id, ship_to=BERLIN, contact=ADA)

    def pay(self, c: Checkout, key: str = "k1") -> Any:
        assert c.quote is not None
        return self.shop.pay(c.id, Card("tok_ok"), expected=c.quote.hash, key=key)

    def bags(self) -> tuple[int, int]:
        level = self.shop.stock("BAG")["BAG"]
        return level.committed, level.available


def gifts_of(c: Checkout) -> list[str]:
    assert c.quote is not None
    return [sku for sku, _, _, _ in given_away(c.quote)]


@pytest.mark.parametrize("locations", [("main",), ("main", "annex")])
def test_a_gift_is_held_and_committed_with_the_order_and_given_back(locations: tuple[str, ...]) -> None:
    life = Life(locations=locations)
    c = life.begun()
    assert gifts_of(c) == ["BAG"]
    assert isinstance(life.pay(c), Placed)
    assert life.bags() == (1, 0)
    life.shop.cancel(c.id, reason="changed my mind")
    assert life.bags() == (0, 1)


def test_the_last_one_goes_to_one_order_and_the_next_is_sold_without() -> None:
    """F1: a gift is not oversold, and a sale is not lost because a gift is gone."""
    life = Life()
    first, second = life.begun(), life.begun()
    assert gifts_of(first) == gifts_of(second) == ["BAG"]
    assert isinstance(life.pay(first), Placed)
    told = life.pay(second)
    assert isinstance(told, Refused)
    assert told.reason == "quote-changed"
    assert told.total == second.total
    assert isinstance(life.pay(life.shop.status(second.id)), Refused | Placed)
    c = life.shop.status(second.id)
    assert isinstance(life.shop.pay(c.id, Card("tok_ok"), expected=c.total or eur(0), key="k2"), Placed)
    assert not gifts_of(life.shop.status(second.id))
    third = life.begun()
    assert not gifts_of(third)
    assert third.quote is not None
    assert [(miss.reason, miss.subject) for miss in third.quote.near_misses] == [("gift-out-of-stock", "Cotton bag")]


def test_what_is_bought_goes_before_what_is_given() -> None:
    life = Life(bags=2)
    c = life.begun(MUG=2, BAG=2)
    assert not gifts_of(c)
    assert isinstance(life.pay(c), Placed)


def test_of_two_promotions_with_one_gift_left_the_first_gives_it() -> None:
    life = Life(gift(id="low"), gift(id="high", priority=1))
    c = life.begun()
    assert c.quote is not None
    assert [used.id for used in c.quote.promotions] == ["high"]
    assert isinstance(life.pay(c), Placed)


def test_a_checkout_that_holds_its_gift_still_has_it() -> None:
    """RB-16: what it holds itself is there, when its quote has run out as well."""
    life = Life()
    life.shop.policy = Policy(identity_secret=SECRET, hold_at="begin")
    c = life.begun()
    assert life.bags() == (0, 0)
    life.clock.forward(minutes=1)
    assert gifts_of(life.shop.status(c.id)) == ["BAG"]
    assert life.shop.validate(c.id) == ()
    assert isinstance(life.pay(c), Placed)


def test_what_is_not_counted_is_given_for_ever() -> None:
    life = Life(gift("PDF"), bags=0)
    for n in range(2):
        assert isinstance(life.pay(life.begun(), f"k{n}"), Placed)


def test_a_typed_code_for_a_gift_that_is_gone_is_refused_aloud() -> None:
    life = Life(gift(code="BAG4YOU"), bags=0)
    cart = life.shop.open_cart(currency="EUR")
    life.shop.add(cart.id, sku="MUG", quantity=2)
    with pytest.raises(Refusal, match="no more Cotton bag"):
        life.shop.begin(cart.id, ship_to=BERLIN, contact=ADA, codes=["BAG4YOU"])
