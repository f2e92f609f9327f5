"""What a shop may choose about its arithmetic: what each choice does, which contradict each other, and what no choice changes."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout_core.errors import BadSetting
from checkout_core.gift_cards import GiftCard
from checkout_core.money import Money, Ratio
from checkout_core.pricing import Quote
from checkout_core.pricing_policy import CHOICES, CashRounding, PricingPolicy
from checkout_core.promotions import AmountOff, Benefit, EntryOff, Percent, Promotion, SetPrice, SetTotal, UnitOff
from checkout_core.tax import TAX_CHOICES, TaxPolicy
from tests.core.sales import (
    AMOUNTS,
    ON,
    PERCENTS,
    PRICES,
    Sale,
    basket,
    discounts,
    entries_of,
    eur,
    fixed,
    gift_cards,
    percent,
    policies,
    promotion,
    quoted,
    sales,
    shop,
    tax_policies,
    vat,
)

# What each choice does.


def off(units: list[int], deals: list[Promotion], quantities: list[int] | None = None, **policy: Any) -> list[int]:
    return discounts(quoted(basket(*(quantities or [1] * len(units))), shop(*units, promotions=deals), PricingPolicy(**policy)))


def test_the_discount_or_the_price_is_rounded() -> None:
    """Half of 33 + 66 is 49.5: a discount of 50, or a price of 50, so 49 off."""
    half = [percent("50")]
    assert off([33, 66], half) == [17, 33]
    assert off([33, 66], half, discount_target="price") == [16, 33]


@pytest.mark.parametrize(("mode", "expected"), [("half_up", 50), ("half_down", 49), ("up", 50), ("floor", 49), ("half_even", 50)])
def test_the_rounding_of_a_percent(mode: Any, expected: int) -> None:
    """49.5 goes where the mode says (G15)."""
    assert off([99], [percent("50")], discount_mode=mode) == [expected]


def test_a_percent_of_the_line_or_of_its_units() -> None:
    """10 % of 37 × 33.33 is 123.32, of 33.33 it is 3.33, 37 times (RB-50)."""
    tenth = [percent("10", on="lines")]
    assert off([3333], tenth, [37]) == [12_332]
    assert off([3333], tenth, [37], percent_line_level="unit") == [333 * 37]


def test_a_percent_of_the_order_or_of_each_line() -> None:
    """Half of 99 + 99 is 99, shared out; half of each is 50 and 50 (RB-55)."""
    half = [percent("50")]
    assert off([99, 99], half) == [50, 49]
    assert off([99, 99], half, percent_order_level="line") == [50, 50]


@pytest.mark.parametrize(
    ("allocation", "expected"),
    [
        ("largest_remainder", [1, 1, 0, 0]),
        ("floor_last", [0, 0, 1, 1]),
        ("rounded_last_rest", [1, 1, 0, 0]),
        ("rounded_then_first", [0, 0, 1, 1]),
    ],
)
def test_who_gets_the_spare_units(allocation: Any, expected: list[int]) -> None:
    """2 over 5 : 5 : 5 : 5 is 0.5 each (OB-2)."""
    assert off([5] * 4, [fixed(2)], allocation=allocation) == expected


def test_how_the_shares_are_rounded() -> None:
    """0.5 rounded half up for the first ones, or down for all but the last, who gets the rest."""
    assert off([5] * 4, [fixed(2)], allocation="rounded_last_rest", allocation_mode="down") == [0, 0, 0, 2]


def test_what_an_allocation_weighs() -> None:
    """22 over 100 with 20 % on top and 100 without; then 30 over lines of 100 of which one costs 50 by now."""
    facts = shop(100, 100, promotions=[fixed(22)])
    products = {**facts.products, "b": evolve(facts.products["b"], tax_category="none")}
    facts = evolve(facts, products=products, taxes={"standard": vat("0.2"), "none": ()})
    assert discounts(quoted(basket(1, 1), facts)) == [11, 11]
    assert discounts(quoted(basket(1, 1), facts, PricingPolicy(allocation_basis="gross"))) == [12, 10]
    later = [fixed(50, "a", skus=["a"]), fixed(30, "b")]
    assert off([100, 100], later) == [60, 20]
    assert off([100, 100], later, allocation_basis="original") == [65, 15]


def test_one_after_the_other_or_side_by_side() -> None:
    """60 % and 60 % of 100: 60 and 24, or 60 and what is left of 60."""
    twice = [percent("60", "a"), percent("60", "b")]
    assert off([100], twice) == [84]
    assert off([100], twice, stacking="parallel") == [100]


@pytest.mark.parametrize(("mode", "due"), [("half_up", 1050), ("half_down", 1000), ("down", 1000), ("up", 1050)])
def test_coins(mode: Any, due: int) -> None:
    """10.25 in coins of 0.50: the total stays what it is, what is to be paid is rounded, and the difference is told."""
    totals = quoted(basket(1), shop(1025), PricingPolicy(cash=CashRounding(50, mode))).totals
    assert (totals.total, totals.due, totals.rounded) == (1025, due, due - 1025)


# Mistakes.


@pytest.mark.parametrize("name", CHOICES)
def test_an_unknown_value_is_refused(name: str) -> None:
    """A mistyped choice must not price by another rule: it is named, and the known values are told."""
    with pytest.raises(BadSetting) as caught:
        PricingPolicy(**{name: "nearest"})  # type: ignore[arg-type]
    assert (caught.value.place, caught.value.problem) == (name, "'nearest' is unknown")
    assert caught.value.cure == f"Use one of {', '.join(CHOICES[name])}."


@pytest.mark.parametrize("name", TAX_CHOICES)
def test_an_unknown_value_of_the_tax_is_refused(name: str) -> None:
    """The same for what is taxed and how that is rounded."""
    with pytest.raises(BadSetting) as caught:
        TaxPolicy(**{name: "nearest"})  # type: ignore[arg-type]
    assert caught.value.place == f"tax {name}"
    assert "'nearest'" in caught.value.problem
    assert caught.value.cure == f"Use one of {', '.join(TAX_CHOICES[name])}."


def test_a_discount_has_no_tax_apart_if_it_has_none_at_all() -> None:
    """Tax before discounts, and the tax of the discount worked out separately, contradict each other."""
    with pytest.raises(BadSetting) as caught:
        TaxPolicy(base="before_discount", discount_tax="separate")
    assert (caught.value.place, caught.value.cure) == ("tax discount_tax", "Use net_of_discount, or tax after_discount.")
    assert "before discounts" in caught.value.problem


@pytest.mark.parametrize("increment", [0, -5, 0.5, True, "5", None])
def test_coins_are_whole_minor_units(increment: Any) -> None:
    """At least one, and whole; and their rounding has a name we know."""
    with pytest.raises(BadSetting, match="smallest coin") as caught:
        CashRounding(increment)
    assert (caught.value.place, caught.value.cure) == ("cash.increment", "Write 5.")
    with pytest.raises(BadSetting) as caught:
        CashRounding(5, "nearest")  # type: ignore[arg-type]
    assert caught.value.place == "cash.mode"
    assert caught.value.cure.endswith(".")


def test_a_policy_is_a_key() -> None:
    """Two that say the same are one: what was worked out for one is not worked out again."""
    assert PricingPolicy() == PricingPolicy(TaxPolicy())
    assert len({PricingPolicy(), PricingPolicy(cash=None), PricingPolicy(cash=CashRounding(5))}) == 2


# Where the order of the lines does not matter, and where it does.

EACH_ALONE: st.SearchStrategy[Benefit] = st.one_of(
    st.builds(Percent, PERCENTS, st.sampled_from(["lines", "shipping"])),
    st.builds(UnitOff, AMOUNTS.map(lambda amount: [amount]), ON),
    st.builds(EntryOff, AMOUNTS.map(lambda amount: [amount]), ON),
    st.builds(SetPrice, PRICES.map(lambda minor: [eur(minor)]), ON),
)
"""Benefits that look at one entry at a time: without `max_units` or a cap."""

LINE_OR_UNIT = tax_policies().map(lambda tax: evolve(tax, level="line" if tax.level == "order" else tax.level))


@given(sales(benefits=EACH_ALONE, policy=policies(LINE_OR_UNIT)), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_where_entries_stand_alone_the_order_of_lines_changes_no_figure(sale: Sale, random: Any) -> None:
    """Benefits of one entry at a time and taxes by line or unit: in any order each line costs the same, and so does the whole."""
    lines = list(sale.basket.lines)
    random.shuffle(lines)
    other = quoted(evolve(sale.basket, lines=tuple(lines)), sale.facts, sale.policy)
    assert other.totals == sale.quote.totals
    assert {line.id: line for line in other.lines} == {line.id: line for line in sale.quote.lines}


WHOLE_ORDER: st.SearchStrategy[Benefit] = st.one_of(
    st.builds(Percent, PERCENTS, st.just("order"), cap=st.just([]) | AMOUNTS.map(lambda amount: [amount])),
    st.builds(AmountOff, AMOUNTS.map(lambda amount: [amount]), st.just("order")),
    st.builds(SetTotal, AMOUNTS.map(lambda amount: [amount]), st.just("order")),
)
BY_ORDER = tax_policies().map(lambda tax: evolve(tax, level="order"))


@given(
    st.lists(st.tuples(PRICES, st.integers(1, 9)), min_size=1, max_size=6),
    st.lists(WHOLE_ORDER, max_size=3),
    policies(BY_ORDER).map(lambda policy: evolve(policy, percent_order_level="order")),
    gift_cards("g"),
    st.randoms(use_true_random=False),
)
@settings(max_examples=200)
def test_where_only_sums_are_rounded_the_order_of_lines_changes_no_total(
    lines: list[tuple[int, int]], benefits: list[Benefit], policy: PricingPolicy, card: GiftCard, random: Any
) -> None:
    """Benefits and taxes of the whole order, one rate for all: who gets a spare unit may change, the totals do not, by any allocation."""
    deals, rates = [promotion(f"p{n}", benefit) for n, benefit in enumerate(benefits)], vat("0.19", included=True)

    def priced(given: list[tuple[int, int]]) -> Quote:
        asked = basket(*[quantity for _, quantity in given], cards=[card])
        return quoted(asked, shop(*[unit for unit, _ in given], promotions=deals, rates=rates), policy)

    before = priced(lines)
    random.shuffle(lines)
    after = priced(lines)
    assert after.totals == before.totals
    assert [used.amount for used in after.promotions] == [used.amount for used in before.promotions]


def test_otherwise_ties_go_to_the_earlier_line() -> None:
    """0.01 off two lines of 0.25: the earlier one gets it. Taxed at 10 %, that line has 2.4 instead of 2.5 of tax: a cent of the total."""
    facts = shop(25, 25, promotions=[fixed(1)])
    products = {**facts.products, "b": evolve(facts.products["b"], tax_category="none")}
    facts = evolve(facts, products=products, taxes={"standard": vat("0.1"), "none": ()})
    asked = basket(1, 1)
    one, other = quoted(asked, facts), quoted(evolve(asked, lines=asked.lines[::-1]), facts)
    assert ([line.id for line in one.lines if line.discount], [line.id for line in other.lines if line.discount]) == (["a"], ["b"])
    assert (one.totals.tax, other.totals.tax) == (2, 3)


# Where nothing has to be rounded.

EXACT = 2520 * 10**6
"""Whole percents of whole percents of this, their whole-percent taxes, and all of that over up to ten units, are whole minor units."""

Deal = tuple[Literal["percent", "unit", "line", "price"], int, str]
DEALS: st.SearchStrategy[list[Deal]] = st.lists(
    st.tuples(
        st.sampled_from(["percent", "unit", "line", "price"]),
        st.integers(1, 100),
        st.sampled_from(["lines", "order", "shipping", "order_and_shipping"]),
    ),
    max_size=2,
)


def exact_sale(lines: list[tuple[int, int]], carriage: int, deals: list[Deal], rate: int, policy: PricingPolicy, times: int = 1) -> Quote:
    """The quote of lines of `units × EXACT`, everything so many times as dear."""

    def benefit(kind: str, value: int, on: Any) -> Benefit:
        if kind == "percent":
            return Percent(Ratio(value), on)
        amounts = [Money(value * EXACT * times, "EUR")]
        return UnitOff(amounts, on) if kind == "unit" else EntryOff(amounts, on) if kind == "line" else SetPrice(amounts, on)

    promotions = [promotion(f"p{n}", benefit(*deal)) for n, deal in enumerate(deals)]
    units, rates = [unit * EXACT * times for unit, _ in lines], vat(str(Ratio(rate, 100)))
    facts = shop(*units, promotions=promotions, rates=rates, carriage=carriage * EXACT * times)
    return quoted(basket(*[quantity for _, quantity in lines], shipping=("post",)), facts, policy)


EXACT_POLICIES = policies(
    tax_policies().map(lambda tax: evolve(tax, base="after_discount", discount_tax="net_of_discount", increment=1))
).map(lambda policy: evolve(policy, allocation_basis="price", stacking="sequential", cash=None))
EXACT_LINES = st.lists(st.tuples(st.integers(1, 200), st.integers(1, 9)), min_size=1, max_size=5)


@given(EXACT_LINES, st.integers(0, 50), DEALS, st.integers(0, 30), EXACT_POLICIES)
@settings(max_examples=200)
def test_no_rounding_changes_what_needs_none(
    lines: list[tuple[int, int]], carriage: int, deals: list[Deal], rate: int, policy: PricingPolicy
) -> None:
    """With whole percents of round prices, every mode, level, target and allocation gives the same figures (G15)."""
    ours, default = (exact_sale(lines, carriage, deals, rate, each) for each in (policy, PricingPolicy()))
    assert ours.totals == default.totals
    assert entries_of(ours) == entries_of(default)


@given(EXACT_LINES, st.integers(0, 50), DEALS, st.integers(0, 30), EXACT_POLICIES, st.integers(2, 9))
@settings(max_examples=200)
def test_everything_so_many_times_as_dear_costs_so_many_times_as_much(
    lines: list[tuple[int, int]], carriage: int, deals: list[Deal], rate: int, policy: PricingPolicy, times: int
) -> None:
    """Where nothing is rounded, all prices and amounts times k are all figures times k: no step has a constant in it."""
    one, many = (exact_sale(lines, carriage, deals, rate, policy, k) for k in (1, times))
    for a, b in zip(entries_of(one), entries_of(many), strict=True):
        assert (a.discount * times, a.net * times, a.tax * times, a.gross * times) == (b.discount, b.net, b.tax, b.gross)
    assert (one.totals.total * times, one.totals.discount * times) == (many.totals.total, many.totals.discount)
