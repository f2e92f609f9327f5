"""Pricing: one order of calculation, everything wrong at once, and a frozen quote with a hash."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given, settings
from hypothesis import strategies as st

import checkout_core
from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.codec import decode, encode
from checkout_core.customers import Destination
from checkout_core.money import MAX_MINOR, Money, Ratio, allocate
from checkout_core.pricing import Basket, GiftCard, PricedShipping, PricingPolicy, Quote, diff, intact, price
from checkout_core.promotions import AmountOff, BuyGet
from checkout_core.refusals import Change, Refused
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxPolicy, TaxRate
from tests.core.sales import (
    BERLIN,
    FREE_SHIPPING,
    NOW,
    Sale,
    basket,
    discounts,
    entries_of,
    fixed,
    percent,
    quantities_of,
    quoted,
    refused,
    sales,
    shop,
    vat,
)

# Worked numbers.


def test_a_large_quantity_is_discounted_as_a_line() -> None:
    """33.33 × 37 with 10 % off is 1109.89: the unit price is never rounded before it is multiplied, unless that is asked for (RB-50)."""
    quote = quoted(basket(37), shop(3333, promotions=(percent("10"),)))
    assert (quote.lines[0].subtotal, quote.totals.discount) == (123_321, 12_332)
    assert quote.total == Money(110_989, "EUR")
    by_unit = PricingPolicy(percent_line_level="unit", discount_target="price")
    assert quoted(basket(37), shop(3333, promotions=(percent("10", on="lines"),)), by_unit).total == Money(111_000, "EUR")


def test_whole_minor_units_only() -> None:
    """19.99 with 10 % added is 2.00 of tax, and every figure is an int (RB-53)."""
    quote = quoted(basket(1, shipping=("post",)), shop(1999, rates=vat("0.1"), carriage=500))
    assert quote.lines[0].tax == 200
    assert quote.totals.total == 1999 + 200 + 500 + 50


def test_a_percent_of_the_order() -> None:
    """35 % off 0.99, 1.99, 2.99 is 2.09, split exactly, no line below zero (RB-55)."""
    quote = quoted(basket(1, 1, 1), shop(99, 199, 299, promotions=(percent("35"),)))
    assert quote.totals.discount == 209
    assert [line.discount for line in quote.lines] == [34, 70, 105]


def test_tax_is_on_what_is_left() -> None:
    """277.50 with 10 % off and 10 % tax: the tax is 24.98, not 27.75 (RB-62)."""
    assert quoted(basket(1), shop(27_750, promotions=(percent("10"),), rates=vat("0.1"))).totals.tax == 2498


def test_a_discount_larger_than_the_cart() -> None:
    """10.00 off 8.00 is a total of 0.00: 8.00 applied, 2.00 unused, nothing negative (RB-68, G6)."""
    quote = quoted(basket(1), shop(800, promotions=(fixed(1000),), rates=vat("0.19", included=True)))
    assert quote.total == Money(0, "EUR")
    assert (quote.promotions[0].amount, quote.promotions[0].unused) == (800, 200)


def test_stacked_discounts_end_at_zero() -> None:
    """50 off and a 100 % code on 100 is 0, never −50; the same the other way round (RB-70, G6, G8)."""
    both = (fixed(5000), percent("100", code="ALL"))
    assert quoted(basket(1, codes=("ALL",)), shop(10_000, promotions=both)).total == Money(0, "EUR")
    assert quoted(basket(1, codes=("ALL",)), shop(10_000, promotions=both[::-1])).total == Money(0, "EUR")


def test_a_cart_for_nothing_is_a_quote_like_any_other() -> None:
    """100 % off and free carriage: total zero, still with lines, promotions and a hash, so nothing downstream is skipped (G8)."""
    facts = shop(999, promotions=(percent("100"), FREE_SHIPPING), rates=vat("0.19"), carriage=490)
    quote = quoted(basket(2, shipping=("post",)), facts)
    assert quote.total == Money(0, "EUR")
    assert [(used.id, used.amount) for used in quote.promotions] == [("p", 1998), ("free", 490)]
    assert intact(quote)


def test_ten_lines_and_fifteen_cents() -> None:
    """0.15 off ten lines of 1.00: no line becomes dearer (OB-2)."""
    quote = quoted(basket(*[1] * 10), shop(*[100] * 10, promotions=(fixed(15),)))
    assert [line.discount for line in quote.lines] == [2] * 5 + [1] * 5


def test_included_and_added_tax() -> None:
    """The rates of a line say whether the price contains the tax: 11.90 with 19 % is 10.00 net inside, 14.16 gross outside."""
    inside, outside = quoted(basket(1), shop(1190, rates=vat("0.19", included=True))), quoted(basket(1), shop(1190, rates=vat("0.19")))
    assert (inside.totals.net, inside.totals.tax, inside.totals.tax_added, inside.totals.total) == (1000, 190, 0, 1190)
    assert (outside.totals.net, outside.totals.tax, outside.totals.tax_added, outside.totals.total) == (1190, 226, 226, 1416)


@pytest.mark.parametrize(("mode", "tax"), [("half_up", 3), ("half_even", 2), ("down", 2), ("up", 3)])
def test_the_rounding_is_the_policys(mode: Any, tax: int) -> None:
    """2.5 of tax is 2 or 3 as the policy names it, in one place, and the quote carries that policy (G15)."""
    policy = PricingPolicy(TaxPolicy(mode))
    quote = quoted(basket(1), shop(25, rates=vat("0.1")), policy)
    assert quote.totals.tax == tax
    assert quote.policy is policy


@pytest.mark.parametrize(
    ("currency", "unit", "total"), [("JPY", 1999, 1979), ("KWD", 1999, 1979), ("EUR", 1999, 1979), ("CLF", 1999, 1979)]
)
def test_every_exponent_is_minor_units(currency: str, unit: int, total: int) -> None:
    """Yen without and dinars with three decimals are calculated like cents: in minor units, 10 % off and 10 % on (G13)."""
    quote = quoted(basket(1, currency=currency), shop(unit, promotions=(percent("10"),), rates=vat("0.1"), currency=currency))
    assert quote.total == Money(total, currency)


def test_shipping_is_discounted_and_taxed() -> None:
    """Carriage has its own tax category; free carriage has no tax left, and counts as discount."""
    facts = evolve(shop(1000, rates=vat("0.19")), shipping=(ShippingOption("post", "Post", Money(500, "EUR"), "carriage"),))
    facts = evolve(facts, taxes={**facts.taxes, "carriage": vat("0.07")})
    paid = quoted(basket(1, shipping=("post",)), facts)
    assert paid.shipping == (PricedShipping("post", "Post", 500, 0, 500, 35, 535, (("VAT", 35),), "carriage"),)
    free = quoted(basket(1, shipping=("post",)), evolve(facts, promotions=(FREE_SHIPPING,)))
    assert (free.shipping[0].gross, free.totals.shipping, free.totals.discount, free.totals.total) == (0, 500, 500, 1190)


def test_what_placing_must_hold_travels_with_the_quote() -> None:
    """The limits of an applied promotion are in the quote, so the uses can be held without asking again (G3)."""
    used = quoted(basket(1, codes=("SAVE",)), shop(1000, promotions=(percent("10", code="SAVE", limit=5, per_person=1),))).promotions[0]
    assert (used.id, used.code, used.amount, used.limit, used.per_person) == ("p", "SAVE", 100, 5, 1)


# No.


def test_everything_wrong_at_once() -> None:
    """Unknown goods, no price, unknown tax, no method, bad codes: one answer has them all."""
    facts = shop(1000, rates=None, carriage=500, promotions=(percent("10", code="OLD", ends=NOW),))
    dollars = Product("usd", "Only in dollars", [Money(1, "USD")])
    facts = evolve(facts, products={**facts.products, "usd": dollars})
    asked = Basket("EUR", (Line("a", 1), Line("x", 1), Line("usd", 2)), BERLIN, ("drone",), ("OLD", "NOPE"))
    assert price(asked, facts, NOW) == (
        Refused("unknown-sku", "x"),
        Refused("no-price", "usd", "EUR"),
        Refused("unknown-method", "drone"),
        Refused("tax-unknown", "DE", "standard"),
        Refused("expired", "OLD", until=NOW),
        Refused("unknown-code", "NOPE"),
    )


def test_unknown_tax_is_never_no_tax() -> None:
    """A category without an answer refuses; an empty list of rates is the host saying that nothing is due (G2)."""
    assert refused(basket(1), shop(100, rates=None)) == ["tax-unknown"]
    assert refused(basket(1), evolve(shop(100), taxes={})) == ["tax-unknown"]
    assert quoted(basket(1), shop(100, rates=())).totals.tax == 0


def test_an_empty_cart() -> None:
    """Nothing cannot be bought."""
    assert refused(basket(), shop()) == ["empty-cart"]


def test_where_to_and_how() -> None:
    """Goods need an address and a method; if no method goes there, the methods say why."""
    asked = Basket("EUR", (Line("a", 1),))
    assert refused(asked, shop(100)) == ["needs-address"]
    assert refused(basket(1), shop(100, carriage=500)) == ["needs-shipping"]
    nowhere = Refused("not-shipped-there", "post", "DE")
    assert price(basket(1), evolve(shop(100), shipping=(nowhere,)), NOW) == (nowhere,)
    assert price(basket(1, shipping=("post",)), evolve(shop(100), shipping=(nowhere,)), NOW) == (nowhere,)
    foreign = ShippingOption("post", "Post", Money(5, "USD"))
    assert price(basket(1, shipping=("post",)), evolve(shop(100), shipping=(foreign,)), NOW) == (Refused("no-price", "post", "EUR"),)


def test_a_download_needs_no_parcel() -> None:
    """What is neither counted nor weighs anything is not sent, so no method need be chosen."""
    download = Product("a", "Song", [Money(99, "EUR")], tracked=False)
    quote = quoted(basket(1), evolve(shop(99, carriage=500), products={"a": download}))
    assert quote.shipping == ()
    assert quote.total == Money(99, "EUR")
    heavy = evolve(download, weight=10)
    assert refused(basket(1), evolve(shop(99, carriage=500), products={"a": heavy})) == ["needs-shipping"]


def test_a_typed_code_that_misses_is_told() -> None:
    """A code that was typed and does not apply refuses the price, with how far away it is; an automatic one is a near miss."""
    deals = (percent("10", code="SAVE", minimum=[Money(1500, "EUR")]), percent("20", "big", minimum=[Money(9000, "EUR")]))
    facts = shop(1000, promotions=deals)
    assert price(basket(1, codes=("SAVE",)), facts, NOW) == (Refused("minimum-spend", "SAVE", missing=Money(500, "EUR")),)
    assert quoted(basket(1), facts).near_misses == (Refused("minimum-spend", "big", missing=Money(8000, "EUR")),)


def test_a_code_is_used_only_when_typed() -> None:
    """A promotion with a code does nothing unless the code is there."""
    assert not quoted(basket(1), shop(1000, promotions=(percent("10", code="SAVE"),))).promotions


def test_a_used_up_code() -> None:
    """What the counters say of a code is a reason, with their facts."""
    gone = Refused("coupon-used-up", "SAVE", until=NOW)
    assert price(basket(1, codes=("SAVE",)), shop(1000, promotions=(percent("10", code="SAVE"),), used_up={"p": gone}), NOW) == (gone,)


def test_missing_goods_blame_no_code() -> None:
    """While a line has no price, nobody is told that a code misses its minimum: with that line it might not."""
    deals = (percent("10", code="SAVE", minimum=[Money(1500, "EUR")]), percent("10", "old", code="OLD", ends=NOW))
    assert refused(basket(1, 1, codes=("SAVE", "OLD")), shop(1000, promotions=deals)) == ["unknown-sku", "expired"]


def test_amounts_too_large_to_keep() -> None:
    """A line, or a sum, that JSON could not carry exactly is refused, not rounded (R14)."""
    half = MAX_MINOR // 2 + 1
    assert refused(basket(2), shop(half)) == ["invalid"]
    assert refused(basket(1, 1), shop(half, half)) == ["invalid"]
    assert refused(basket(1), shop(half, rates=vat("1"))) == ["invalid"]
    assert quoted(basket(1), shop(MAX_MINOR)).total.minor == MAX_MINOR


def test_mistakes_crash() -> None:
    """A quantity that is no count, two lines or promotions of one id: the caller's mistake."""
    with pytest.raises(ValueError, match="whole number"):
        basket(0)
    with pytest.raises(ValueError, match="one id"):
        Basket("EUR", (Line("a", 1), Line("a", 2)))
    with pytest.raises(ValueError, match="one id"):
        shop(1, promotions=(fixed(1), fixed(2)))
    with pytest.raises(TypeError, match="not the text"):
        basket(1, shipping="post")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shipping methods"):
        basket(1, shipping=("post", "post"))
    with pytest.raises(ValueError, match="gift cards"):
        basket(1, cards=(GiftCard("g", 1), GiftCard("g", 2)))


# Frozen, hashed, compared.


def test_a_quote_is_frozen() -> None:
    """A quote cannot be changed, and a price that moves later does not move it (R7, G1)."""
    quote = quoted(basket(1), shop(1000))
    with pytest.raises(FrozenInstanceError):
        quote.currency = "USD"  # type: ignore[misc]
    later = quoted(basket(1), shop(1100))
    assert (quote.total.minor, later.total.minor) == (1000, 1100)
    assert quote.hash != later.hash
    changes = diff(quote, later)
    assert changes[0] == Change("total", "10.00 EUR", "11.00 EUR")
    assert Change("line a unit price", "10.00 EUR", "11.00 EUR") in changes


def test_another_rate_is_another_quote() -> None:
    """A tax rate that changed is told even where it rounds to the same tax (G2)."""
    before, after = (quoted(basket(1), shop(10, rates=vat(rate))) for rate in ("0.19", "0.2"))
    assert before.totals == after.totals
    assert [change.what for change in diff(before, after)] == ["tax rates"]


def test_taxes_are_summed_by_code_in_one_order() -> None:
    """The totals list the codes alphabetically, whichever line brings them first."""
    both = (TaxRate("QST", Ratio.parse("0.1")), TaxRate("GST", Ratio.parse("0.05")))
    assert quoted(basket(1, 1), shop(1000, 200, rates=both)).totals.tax_by_code == (("GST", 60), ("QST", 120))


def test_near_misses_are_not_the_price() -> None:
    """Advertising a promotion that does not apply changes neither hash nor equality."""
    plain, teased = (
        quoted(basket(1), shop(1000, promotions=deals)) for deals in ((), (percent("5", starts=datetime(2027, 1, 1, tzinfo=UTC)),))
    )
    assert teased.near_misses
    assert plain == teased
    assert plain.hash == teased.hash
    assert diff(plain, teased) == ()


def test_a_diff_names_what_came_and_went() -> None:
    """A line or a promotion that only one quote has is one change, against nothing."""
    changes = diff(quoted(basket(1), shop(1000, 500)), quoted(basket(1, 1), shop(1000, 500, promotions=(fixed(100),))))
    assert [(c.what, c.before) for c in changes if c.before == "nothing"] == [("line b", "nothing"), ("promotion f", "nothing")]


def test_a_forged_quote_is_found_out() -> None:
    """A stored quote whose figures were changed no longer matches its hash."""
    quote = quoted(basket(1), shop(1000))
    assert intact(quote)
    assert not intact(evolve(quote, totals=evolve(quote.totals, total=1)))


def test_a_quote_is_plain_data() -> None:
    """A quote survives strict conversion to JSON and back, hash and all."""
    facts = shop(
        1000, 333, promotions=(percent("12.5"), fixed(2, code="TWO"), FREE_SHIPPING), rates=vat("0.19", included=True), carriage=490
    )
    quote = quoted(basket(3, 1, codes=("TWO",), shipping=("post",)), facts)
    again = decode(Quote, encode(quote))
    assert again == quote
    assert again.hash == quote.hash
    assert intact(again)


SCRIPT = """
from tests.core.sales import *
facts = shop(1000, 333, promotions=(percent("12.5", skus=["a", "b"]), FREE_SHIPPING), rates=vat("0.19", included=True), carriage=490)
print(quoted(basket(3, 1, shipping=("post",)), facts).hash)
"""


def test_the_hash_is_the_same_in_every_process() -> None:
    """Processes with other hash seeds compute the same hash of the same quote (R7)."""
    root = Path(__file__).parents[2]
    source = str(Path(checkout_core.__file__).parents[1])
    hashes = set()
    for seed in ("0", "1", "4242"):
        environ = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(root), source])}
        hashes.add(subprocess.run([sys.executable, "-c", SCRIPT], env=environ, check=True, capture_output=True, text=True, cwd=root).stdout)
    assert len(hashes) == 1


# What goes in is checked.


def test_several_parcels() -> None:
    """Each method is an entry of its own, in the order asked for, and free carriage takes both off."""
    facts = shop(1000, carriage=490, promotions=(FREE_SHIPPING,))
    facts = evolve(facts, shipping=(*facts.shipping, ShippingOption("van", "Van", Money(2000, "EUR"))))
    quote = quoted(basket(1, shipping=("van", "post")), facts)
    assert [(sent.id, sent.subtotal, sent.discount) for sent in quote.shipping] == [("van", 2000, 2000), ("post", 490, 490)]
    assert (quote.totals.shipping, quote.totals.total) == (2490, 1000)
    only = evolve(facts, promotions=(evolve(FREE_SHIPPING, methods=["post"]),))
    assert discounts(quoted(basket(1, shipping=("van", "post")), only)) == [0, 0, 490]


def test_a_total_below_zero_is_refused() -> None:
    """A credit that is larger than the rest is not paid out; up to that it makes the cart cheaper, and no promotion touches it (G6)."""
    deal = (percent("50"),)
    assert refused(basket(1, 1), shop(100, -300, promotions=deal)) == ["below-zero"]
    (answer,) = price(basket(1, 1), shop(100, -300), NOW)  # type: ignore[misc]
    assert answer == Refused("below-zero", "total", "-200 minor units of EUR")
    assert "credit" in str(answer)
    assert str(answer).endswith(".")
    quote = quoted(basket(1, 1), shop(1000, -300, promotions=deal, rates=vat("0.19")))
    assert discounts(quote) == [500, 0]
    assert [line.tax for line in quote.lines] == [95, -57]
    assert quote.total == Money(238, "EUR")


def test_a_floor_is_kept_and_told() -> None:
    """20 % off 10.00 with a floor of 9.00 is 9.00 for each of two; the quote says so, and the other line gives its whole share (G6)."""
    quote = quoted(basket(2, 1), shop(1000, 1000, floors=(900,), promotions=(percent("20", on="lines"),)))
    assert discounts(quote) == [200, 200]
    assert [line.floor for line in quote.lines] == [900, 0]
    of_order = quoted(basket(2, 1), shop(1000, 1000, floors=(900,), promotions=(percent("20"),)))
    assert discounts(of_order) == [200, 400]  # 600 in all: what the first line cannot give, the second does


def test_amounts_of_everything_are_bounded() -> None:
    """A carriage, and a pair of charge and credit that add up to little, are bounded as lines are (R14)."""
    assert refused(basket(1, shipping=("post",)), shop(1, carriage=MAX_MINOR)) == ["invalid"]
    assert refused(basket(1, 1), shop(MAX_MINOR, -MAX_MINOR)) == ["invalid"]
    (answer,) = price(basket(2), shop(MAX_MINOR), NOW)  # type: ignore[misc]
    assert (answer.subject, answer.limit) == ("a", MAX_MINOR)
    assert str(MAX_MINOR) in str(answer)


# For any sale.

many = settings(max_examples=150)


@given(sales())
@many
def test_totals_are_sums(sale: Sale) -> None:
    """Every identity of the totals, and of each entry, in whole minor units (I12, G7)."""
    quote, t, entries = sale.quote, sale.quote.totals, entries_of(sale.quote)
    assert t.total == sum(e.gross for e in entries) == t.net + t.tax == t.subtotal + t.shipping - t.discount + t.tax_added
    assert t.subtotal == sum(line.unit * line.quantity for line in quote.lines) == sum(line.subtotal for line in quote.lines)
    assert t.shipping == sum(sent.subtotal for sent in quote.shipping)
    assert t.discount == sum(e.discount for e in entries) == sum(used.amount for used in quote.promotions)
    assert t.net == sum(e.net for e in entries)
    assert t.tax == sum(e.tax for e in entries) == sum(tax for _, tax in t.tax_by_code)
    assert (t.cards, t.card_tax) == (sum(card.used for card in quote.cards), sum(card.tax for card in quote.cards))
    assert t.due == t.total - t.cards - t.card_tax + t.rounded == quote.total.minor
    rates = dict(quote.rates)
    for entry in entries:
        added = sum(tax for rate, (_, tax) in zip(rates[entry.tax_category], entry.taxes, strict=True) if not rate.included)
        assert entry.net + entry.tax == entry.gross == entry.subtotal - entry.discount + added
        assert entry.tax == sum(tax for _, tax in entry.taxes)


@given(sales())
@many
def test_a_share_is_at_most_what_its_entry_can_give(sale: Sale) -> None:
    """In their order: no share is negative, or takes an entry below its floor; a credit gives nothing; they add up (G6, G7, OB-2)."""
    entries, quantities = entries_of(sale.quote), quantities_of(sale.quote)
    left = [entry.subtotal for entry in entries]
    floors = [max(getattr(entry, "floor", 0), 0) * quantity for entry, quantity in zip(entries, quantities, strict=True)]
    for _, positions, shares in sale.promotions:
        for i, share in zip(positions, shares, strict=True):
            assert 0 <= share <= max(left[i] - floors[i], 0)
            left[i] -= share
    assert [entry.subtotal - entry.discount for entry in entries] == left
    assert all(not entry.discount for entry in entries if entry.subtotal < 0)


@given(sales())
@many
def test_what_each_promotion_says_of_itself(sale: Sale) -> None:
    """A cap is kept; what an amount did not take is told; units are at most those there are, and a bought one is bought once."""
    goods, used_units = len(sale.quote.lines), [0] * len(sale.quote.lines)
    for deal, told in zip(sale.promotions, sale.quote.promotions, strict=True):
        (promotion, positions, _), benefit = deal, told.benefit
        assert promotion.benefit == benefit
        if cap := getattr(benefit, "cap", None):
            assert told.amount <= cap["EUR"].minor
        if isinstance(benefit, AmountOff):
            assert told.amount + told.unused <= benefit.amounts["EUR"].minor
            assert promotion.group or told.amount + told.unused == benefit.amounts["EUR"].minor
        assert all(count <= quantities_of(sale.quote)[i] for i, count in zip(positions, told.units, strict=False))
        if isinstance(benefit, BuyGet):
            assert sum(count for _, count in told.bought) == benefit.buy_quantity
            assert sum(told.units) == benefit.get_quantity
            for i, count in (*told.bought, *zip(positions, told.units, strict=True)):
                used_units[i] += count
    assert all(used_units[i] <= sale.quote.lines[i].quantity for i in range(goods))


@given(sales())
@many
def test_an_exclusive_one_is_alone_and_of_a_group_one_takes_each_entry(sale: Sale) -> None:
    """If an exclusive promotion applied, nothing else of its lane did; two of one group never take something off the same entry."""
    applied = list(sale.promotions)
    for alone in [p for p, _, _ in applied if p.exclusive]:
        assert [p.id for p, _, _ in applied if p.lane == alone.lane] == [alone.id]
    taken = [(p.rivals, i) for p, positions, shares in applied if p.group for i, share in zip(positions, shares, strict=True) if share]
    assert len(taken) == len(set(taken))


@given(sales())
@many
def test_cards_and_coins(sale: Sale) -> None:
    """A card gives at most its balance and its limit, and is used up before the next one; coins round by less than one coin (RB-70)."""
    due = sale.quote.totals.total
    for card in sale.quote.cards:
        most = card.balance if card.limit is None else min(card.balance, card.limit)
        assert 0 <= card.used <= most
        assert (card.tax > 0) <= (card.tax_rate is not None)
        assert 0 <= card.paid <= due
        due -= card.paid
        assert due == 0 or card.used == most
    coin = 1 if sale.policy.cash is None else sale.policy.cash.increment
    assert sale.quote.totals.due % coin == 0
    assert abs(sale.quote.totals.rounded) < coin
    assert sale.quote.totals.due >= 0


@given(sales(credits=False))
@many
def test_nothing_is_negative_without_a_credit(sale: Sale) -> None:
    """Gross never is, under any policy; nor tax, if it is the tax of what is paid; nor the net, if moreover each entry stands alone."""
    tax, quote = sale.policy.tax, sale.quote
    assert all(entry.gross >= 0 or tax.discount_tax == "separate" for entry in entries_of(quote))
    if (tax.base, tax.discount_tax) == ("after_discount", "net_of_discount"):
        assert all(value >= 0 for entry in entries_of(quote) for _, value in entry.taxes)
        if tax.level != "order":  # of one rounded sum, an entry of a minor unit may get the shares of two taxes
            assert all(entry.net >= 0 for entry in entries_of(quote))
        assert min(quote.totals.total, quote.totals.tax, quote.totals.due) >= 0


@given(sales(), st.data())
@many
def test_any_partition_of_a_line_is_refunded_exactly(sale: Sale, data: st.DataObject) -> None:
    """Unit by unit, or in any parts from cumulative figures: no part has the wrong sign, none goes past the whole, all are it (G14)."""
    line = data.draw(st.sampled_from(sale.quote.lines))
    cuts = sorted(data.draw(st.sets(st.integers(1, line.quantity))) | {line.quantity})
    parts = [after - before for before, after in pairwise([0, *cuts])]
    for figure in (line.gross, line.net, line.tax, line.discount):
        units = Money(figure, "EUR").allocate([1] * line.quantity)
        assert sum(units, Money.zero("EUR")).minor == figure
        sign = 1 if figure >= 0 else -1
        refunds = allocate(figure, parts, "cumulative")
        assert all(0 <= upto * sign <= figure * sign for upto in accumulate(refunds))
        assert all(refund * sign >= 0 for refund in refunds)
        assert sum(refunds) == figure


@given(sales())
def test_the_same_question_has_the_same_answer(sale: Sale) -> None:
    """Asked twice, and with the facts in another order, the quote and its hash are the same."""
    products = dict(reversed(list(sale.facts.products.items())))
    other = evolve(sale.facts, products=products, taxes={"unused": None, **sale.facts.taxes}, shipping=sale.facts.shipping[::-1])
    again = quoted(sale.basket, other, sale.policy)
    assert again == sale.quote
    assert again.hash == sale.quote.hash
    assert intact(again)


@given(sales(credits=False), st.integers(0, 5), st.integers(1, 500))
def test_any_price_that_differs_changes_the_hash(sale: Sale, which: int, more: int) -> None:
    """One unit price more, and it is another quote, even if the total is the same (G1).

    Where prices keep their net, a cent more at home may be none there: then nothing that is asked has changed, and nothing of the quote.
    """
    product = sale.facts.products[sale.basket.lines[which % len(sale.basket.lines)].sku]
    dearer = evolve(product, prices=[product.prices["EUR"] + Money(more, "EUR")])
    facts = evolve(sale.facts, products={**sale.facts.products, product.sku: dearer})
    again = quoted(sale.basket, facts, sale.policy)
    same = sale.policy.prices_keep == "net" and [line.unit for line in again.lines] == [line.unit for line in sale.quote.lines]
    assert (again.hash == sale.quote.hash) == same


@given(sales(), st.sampled_from(["destination", "policy", "option"]))
def test_what_is_not_a_price_counts_too(sale: Sale, what: str) -> None:
    """Another destination, policy or personalisation is another quote (G11)."""
    asked, policy = sale.basket, sale.policy
    if what == "destination":
        asked = evolve(asked, destination=Destination("FR"))
    elif what == "policy":
        policy = evolve(policy, tax=evolve(policy.tax, increment=10))
    else:
        asked = evolve(asked, lines=(Line(asked.lines[0].sku, asked.lines[0].quantity, (("engraving", "Ada"),)), *asked.lines[1:]))
    answer = price(asked, sale.facts, NOW, policy)
    assert not isinstance(answer, Quote) or answer.hash != sale.quote.hash
