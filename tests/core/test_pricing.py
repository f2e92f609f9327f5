"""Pricing: one order of calculation, everything wrong at once, and a frozen quote with a hash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cattrs
import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

import checkout_core
from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.customers import Destination
from checkout_core.money import ALLOCATIONS, MAX_MINOR, ROUNDINGS, Money, Ratio
from checkout_core.pricing import NOTHING_TO_SEND, Basket, Facts, PricedLine, PricedShipping, PricingPolicy, Quote, diff, intact, price
from checkout_core.promotions import Kind, Promotion
from checkout_core.refusals import Change, Refused
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxPolicy, TaxRate

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
BERLIN = Destination("DE", "BE", "10115")


def vat(rate: str, *, included: bool = False) -> tuple[TaxRate, ...]:
    return (TaxRate("VAT", Ratio.parse(rate), included),)


def shop(
    *units: int,
    promotions: tuple[Promotion, ...] = (),
    rates: tuple[TaxRate, ...] | None = (),
    carriage: int | None = None,
    currency: str = "EUR",
    **more: Any,
) -> Facts:
    """A shop that sells a, b, c … at these unit prices."""
    names = [chr(ord("a") + i) for i in range(len(units))]
    products = {sku: Product(sku, sku.upper(), [Money(unit, currency)]) for sku, unit in zip(names, units, strict=True)}
    shipping = () if carriage is None else (ShippingOption("post", "Post", Money(carriage, currency)),)
    return Facts(products, promotions, {"standard": rates}, shipping, **more)


def basket(*quantities: int, codes: tuple[str, ...] = (), shipping: str | None = None, currency: str = "EUR") -> Basket:
    """So many of a, b, c …, to Berlin."""
    return Basket(currency, tuple(Line(chr(ord("a") + i), n) for i, n in enumerate(quantities)), BERLIN, shipping, codes)


def quoted(asked: Basket, facts: Facts, policy: PricingPolicy | None = None) -> Quote:
    answer = price(asked, facts, NOW, policy or PricingPolicy())
    assert isinstance(answer, Quote), answer
    return answer


def refused(asked: Basket, facts: Facts) -> list[str]:
    answer = price(asked, facts, NOW)
    assert isinstance(answer, tuple)
    return [each.reason for each in answer]


def percent(text: str, id: str = "p", **more: Any) -> Promotion:
    return Promotion(id, id, "percent", percent=Ratio.parse(text), **more)


def fixed(minor: int, id: str = "f", **more: Any) -> Promotion:
    return Promotion(id, id, "fixed", amounts=[Money(minor, more.pop("currency", "EUR"))], **more)


FREE_SHIPPING = Promotion("free", "Free shipping", "free_shipping")


# Worked numbers.


def test_a_large_quantity_is_discounted_as_a_line() -> None:
    """33.33 × 37 with 10 % off is 1109.89: the unit price is never rounded before it is multiplied (RB-50)."""
    quote = quoted(basket(37), shop(3333, promotions=(percent("10"),)))
    assert (quote.lines[0].subtotal, quote.totals.discount) == (123_321, 12_332)
    assert quote.total == Money(110_989, "EUR")


def test_whole_minor_units_only() -> None:
    """19.99 with 10 % added is 2.00 of tax, and every figure is an int (RB-53)."""
    quote = quoted(basket(1, shipping="post"), shop(1999, rates=vat("0.1"), carriage=500))
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
    quote = quoted(basket(2, shipping="post"), facts)
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
    paid = quoted(basket(1, shipping="post"), facts)
    assert paid.shipping == PricedShipping("post", "Post", 500, 0, 500, 35, 535, (("VAT", 35),), "carriage")
    free = quoted(basket(1, shipping="post"), evolve(facts, promotions=(FREE_SHIPPING,)))
    assert (free.shipping.gross, free.totals.shipping, free.totals.discount, free.totals.total) == (0, 500, 500, 1190)


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
    asked = Basket("EUR", (Line("a", 1), Line("x", 1), Line("usd", 2)), BERLIN, "drone", ("OLD", "NOPE"))
    assert price(asked, facts, NOW) == (
        Refused("unknown-sku", "x"),
        Refused("no-price", "usd", "EUR"),
        Refused("unknown-method", "drone"),
        Refused("expired", "OLD", until=NOW),
        Refused("unknown-code", "NOPE"),
        Refused("tax-unknown", "DE", "standard"),
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
    assert price(basket(1, shipping="post"), evolve(shop(100), shipping=(nowhere,)), NOW) == (nowhere,)
    foreign = ShippingOption("post", "Post", Money(5, "USD"))
    assert price(basket(1, shipping="post"), evolve(shop(100), shipping=(foreign,)), NOW) == (Refused("no-price", "post", "EUR"),)


def test_a_download_needs_no_parcel() -> None:
    """What is neither counted nor weighs anything is not sent, so no method need be chosen."""
    download = Product("a", "Song", [Money(99, "EUR")], tracked=False)
    quote = quoted(basket(1), evolve(shop(99, carriage=500), products={"a": download}))
    assert quote.shipping == NOTHING_TO_SEND
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
    with pytest.raises(ValueError, match="not a rounding"):
        PricingPolicy(discount_mode="nearest")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not a way to allocate"):
        PricingPolicy(allocation="fair")  # type: ignore[arg-type]


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
    converter = cattrs.Converter(forbid_extra_keys=True)
    facts = shop(
        1000, 333, promotions=(percent("12.5"), fixed(2, code="TWO"), FREE_SHIPPING), rates=vat("0.19", included=True), carriage=490
    )
    quote = quoted(basket(3, 1, codes=("TWO",), shipping="post"), facts)
    again = converter.structure(json.loads(json.dumps(converter.unstructure(quote))), Quote)
    assert again == quote
    assert intact(again)


SCRIPT = """
from tests.core.test_pricing import *
facts = shop(1000, 333, promotions=(percent("12.5", skus=["a", "b"]), FREE_SHIPPING), rates=vat("0.19", included=True), carriage=490)
print(quoted(basket(3, 1, shipping="post"), facts).hash)
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


# For any cart.

RATES = st.sampled_from(
    [
        (),
        vat("0.19", included=True),
        vat("0.19"),
        vat("0"),
        (TaxRate("GST", Ratio.parse("0.05")), TaxRate("QST", Ratio.parse("0.09975"), compound=True)),
        (TaxRate("VAT", Ratio.parse("0.2"), included=True), TaxRate("ECO", Ratio.parse("0.01"))),
    ]
)
DEALS: st.SearchStrategy[list[tuple[Kind, int]]] = st.lists(
    st.one_of(
        st.tuples(st.just("percent"), st.integers(1, 1000)),
        st.tuples(st.just("fixed"), st.integers(1, 30_000)),
        st.tuples(st.just("free_shipping"), st.just(0)),
    ),
    max_size=4,
)
POLICIES = st.builds(
    PricingPolicy,
    st.builds(
        TaxPolicy,
        st.sampled_from(ROUNDINGS),
        st.sampled_from(["line", "unit"]),
        st.sampled_from(["tax", "net"]),
        st.sampled_from(["separate", "combined"]),
    ),
    st.sampled_from(ROUNDINGS),
    st.sampled_from(ALLOCATIONS),
)


@st.composite
def carts(draw: st.DrawFn) -> tuple[Basket, Facts, PricingPolicy]:
    units = draw(st.lists(st.integers(0, 20_000), min_size=1, max_size=6))
    quantities = draw(st.lists(st.integers(1, 9), min_size=len(units), max_size=len(units)))
    deals = []
    for i, (kind, value) in enumerate(draw(DEALS)):
        more: dict[str, Any] = {"priority": draw(st.integers(0, 2)), "exclusive": draw(st.integers(0, 9)) == 0}
        if kind == "percent":
            more["percent"] = Ratio(value, 10)
        if kind == "fixed":
            more["amounts"] = [Money(value, "EUR")]
        if draw(st.booleans()):
            more["skus"] = draw(st.sets(st.sampled_from("abcdef"), min_size=1))
        deals.append(Promotion(f"p{i}", "P", kind, **more))
    facts = shop(*units, promotions=tuple(deals), rates=draw(RATES), carriage=draw(st.integers(0, 2000)))
    return basket(*quantities, shipping="post"), facts, draw(POLICIES)


@given(carts())
def test_totals_are_sums(cart: tuple[Basket, Facts, PricingPolicy]) -> None:
    """total = Σ gross = Σ net + Σ tax = subtotal + shipping − discount + added tax, and nothing is negative (I12, G6, G7)."""
    quote = quoted(*cart)
    t = quote.totals
    entries: list[PricedLine | PricedShipping] = [*quote.lines, quote.shipping]
    assert t.total == sum(e.gross for e in entries) == t.net + t.tax == t.subtotal + t.shipping - t.discount + t.tax_added
    assert (t.subtotal, t.shipping) == (sum(line.unit * line.quantity for line in quote.lines), quote.shipping.subtotal)
    assert t.discount == sum(e.discount for e in entries) == sum(used.amount for used in quote.promotions)
    assert t.net == sum(e.net for e in entries)
    assert t.tax == sum(e.tax for e in entries) == sum(tax for _, tax in t.tax_by_code)
    for entry in entries:
        assert entry.net + entry.tax == entry.gross
        assert entry.tax == sum(tax for _, tax in entry.taxes)
        assert 0 <= entry.discount <= entry.subtotal
        assert min(entry.net, entry.tax, entry.gross) >= 0
    for i, line in enumerate(quote.lines):
        assert line.discount == sum(used.shares[i] for used in quote.promotions)
        assert all(0 <= used.shares[i] <= used.weights[i] for used in quote.promotions)


@given(carts())
def test_the_same_question_has_the_same_answer(cart: tuple[Basket, Facts, PricingPolicy]) -> None:
    """Asked twice, and with the facts in another order, the quote and its hash are the same."""
    asked, facts, policy = cart
    other = evolve(facts, products=dict(reversed(list(facts.products.items()))), taxes={"unused": None, **facts.taxes})
    first, second = quoted(asked, facts, policy), quoted(asked, other, policy)
    assert first == second
    assert first.hash == second.hash
    assert intact(first)


@given(carts(), carts())
def test_a_diff_is_empty_if_and_only_if_the_hashes_agree(
    a: tuple[Basket, Facts, PricingPolicy], b: tuple[Basket, Facts, PricingPolicy]
) -> None:
    """Whatever differs in the hash is told as a difference."""
    first, second = quoted(*a), quoted(*b)
    assert (first.hash == second.hash) == (first == second) == (not diff(first, second))


@given(carts(), st.integers(0, 5), st.integers(1, 500))
def test_any_price_that_differs_changes_the_hash(cart: tuple[Basket, Facts, PricingPolicy], which: int, more: int) -> None:
    """One unit price more, and it is another quote, even if the total is the same (G1)."""
    asked, facts, policy = cart
    sku = asked.lines[which % len(asked.lines)].sku
    dearer = Product(sku, sku.upper(), [facts.products[sku].prices["EUR"] + Money(more, "EUR")])
    assert quoted(asked, facts, policy).hash != quoted(asked, evolve(facts, products={**facts.products, sku: dearer}), policy).hash


@given(carts(), st.sampled_from(["destination", "policy", "option"]))
def test_what_is_not_a_price_counts_too(cart: tuple[Basket, Facts, PricingPolicy], what: str) -> None:
    """Another destination, policy or personalisation is another quote (G11)."""
    asked, facts, policy = cart
    before = quoted(asked, facts, policy)
    if what == "destination":
        asked = evolve(asked, destination=Destination("FR"))
    elif what == "policy":
        policy = evolve(policy, discount_mode="up" if policy.discount_mode != "up" else "down")
    else:
        asked = evolve(asked, lines=(Line(asked.lines[0].sku, asked.lines[0].quantity, (("engraving", "Ada"),)), *asked.lines[1:]))
    assert quoted(asked, facts, policy).hash != before.hash
