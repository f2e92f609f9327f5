"""The tax of all entries of an order: where it is rounded, what it is taken of, and that every entry still has its part."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings

from checkout_core.money import Ratio
from checkout_core.pricing import PricingPolicy, Quote
from checkout_core.promotions import Promotion
from checkout_core.receipt import receipt_of
from checkout_core.tax import TaxPolicy, TaxRate, formula
from tests.core.oracle import mirrored
from tests.core.sales import Sale, basket, entries_of, fixed, percent, policies, quoted, sales, shop, tax_policies, vat


def taxed(
    *units: int,
    quantities: tuple[int, ...] = (),
    rate: str = "0.25",
    included: bool = False,
    promotions: tuple[Promotion, ...] = (),
    carriage: int | None = None,
    **policy: Any,
) -> Quote:
    asked = basket(*(quantities or [1] * len(units)), shipping=() if carriage is None else ("post",))
    facts = shop(*units, rates=vat(rate, included=included), promotions=promotions, carriage=carriage)
    return quoted(asked, facts, PricingPolicy(TaxPolicy(**policy)))


def taxes(quote: Quote) -> list[int]:
    return [entry.tax for entry in entries_of(quote)]


# Where it is rounded.


@pytest.mark.parametrize(("level", "tax"), [("unit", 429), ("line", 427), ("order", 426)])
def test_each_level_has_its_figure(level: Any, tax: int) -> None:
    """164.02 at 2.6 % is 4.26452: 4.26 of the order, 4.27 by lines of 1.00 and 163.02, 4.29 if 5 × 0.20 are rounded one by one (RB-49).

    The receipt names the rounding, and the totals add up in each.
    """
    quote = taxed(20, 16_302, quantities=(5, 1), rate="0.026", level=level)
    assert quote.totals.tax == tax == sum(taxes(quote))
    assert quote.totals.total == 16_402 + tax
    assert receipt_of(quote).policy.tax.level == level
    assert ("order-tax" in {row.step for row in receipt_of(quote).rows}) is (level == "order")


@pytest.mark.parametrize(("level", "fee"), [("line", 1782), ("order", 1783)])
def test_a_fee_per_price_or_of_the_sum(level: Any, fee: int) -> None:
    """A fee of 14.80 % on 0.10 and 120.37 is 17.82 rounded per price and 17.83 of the sum: which one is said (RB-59)."""
    quote = taxed(10, 12_037, rate="0.148", level=level)
    assert quote.totals.tax == fee
    assert quote.policy.tax.level == level


def test_the_sum_is_shared_out() -> None:
    """Three times 2.5 are 7.5, so 8 in all: 3, 3 and 2. With carriage it is 10, and the carriage has its part."""
    assert taxes(taxed(10, 10, 10, level="order")) == [3, 3, 2]
    assert taxes(taxed(10, 10, 10, carriage=10, level="order")) == [3, 3, 2, 2]
    assert taxes(taxed(10, 10, 10)) == [3, 3, 3]


def test_shares_of_cumulative_sums() -> None:
    """2.5, 5 and 7.5 round to 3, 5 and 8: the parts are 3, 2 and 3."""
    assert taxes(taxed(10, 10, 10, level="order", order_shares="cumulative")) == [3, 2, 3]


def test_a_code_is_one_tax_wherever_it_stands() -> None:
    """19 contained in one line and 9.5 added to another are 28.5, rounded once to 29: 19 and 10."""
    facts = shop(119, 50)
    products = {**facts.products, "b": evolve(facts.products["b"], tax_category="added")}
    facts = evolve(facts, products=products, taxes={"standard": vat("0.19", included=True), "added": vat("0.19")})
    quote = quoted(basket(1, 1), facts, PricingPolicy(TaxPolicy(level="order")))
    assert (quote.totals.tax_by_code, taxes(quote)) == ((("VAT", 29),), [19, 10])
    assert (quote.totals.tax_added, quote.totals.total) == (10, 119 + 60)


def test_codes_are_rounded_each_on_its_own() -> None:
    """Twice 0.5 and twice 0.7 of two codes are 1 and 1.4: 1 each, although together they are 2.4."""
    rates = (TaxRate("A", Ratio.parse("0.05")), TaxRate("B", Ratio.parse("0.07")))
    quote = quoted(basket(1, 1), shop(10, 10, rates=rates), PricingPolicy(TaxPolicy(level="order")))
    assert quote.totals.tax_by_code == (("A", 1), ("B", 1))
    assert [line.taxes for line in quote.lines] == [(("A", 1), ("B", 1)), (("A", 0), ("B", 0))]


def test_a_credit_takes_its_own_back() -> None:
    """9.5 + 9.5 - 9.5 is 10 in all: the credit takes 10 back, the others share 20. Cumulative it is 10, 9 and -9."""
    quote = taxed(50, 50, -50, rate="0.19", level="order")
    assert taxes(quote) == [10, 10, -10]
    assert taxes(taxed(50, 50, -50, rate="0.19", level="order", order_shares="cumulative")) == [10, 9, -9]


def test_the_sum_lies_on_the_grid() -> None:
    """7.5 in coins of five is 10: two fives, and nothing for the last."""
    assert taxes(taxed(10, 10, 10, level="order", increment=5)) == [5, 5, 0]


# What it is taken of.


def test_before_or_after_the_discount() -> None:
    """277.50 with 10 % off and 10 % tax: 24.98 of what is left, 27.75 where the whole price is taxed (RB-62)."""
    deal = (percent("10"),)
    assert taxed(27_750, rate="0.1", promotions=deal).totals.tax == 2498
    before = taxed(27_750, rate="0.1", promotions=deal, base="before_discount")
    assert (before.totals.tax, before.totals.total) == (2775, 27_750 - 2775 + 2775)


def test_a_thing_for_nothing_may_still_owe_tax() -> None:
    """1.00 with 20 % inside, and all of it off: taxed before the discount it owes 17, out of the shop's own pocket."""
    (line,) = taxed(100, rate="0.2", included=True, promotions=(fixed(100),), base="before_discount").lines
    assert (line.tax, line.net, line.gross) == (17, -17, 0)


def test_the_tax_of_the_discount_apart() -> None:
    """25 % of 10 less 5: 1.25 is 1, or 2.5 less 1.25 is 3 - 1. Of an order of two such lines: (3 + 2) - (2 + 1)."""
    five, ten = (fixed(5),), (fixed(10),)
    assert taxes(taxed(10, promotions=five)) == [1]
    assert taxes(taxed(10, promotions=five, discount_tax="separate")) == [2]
    assert taxes(taxed(10, 10, promotions=ten, discount_tax="separate", level="order")) == [1, 1]
    assert sum(taxes(taxed(10, 10, promotions=ten, level="order"))) == 3
    assert taxes(taxed(5, quantities=(2,), rate="0.3", promotions=five, discount_tax="separate", level="unit")) == [2]
    assert taxes(taxed(10, discount_tax="separate")) == taxes(taxed(10)) == [3]


# For any sale.

BY_ORDER = policies(tax_policies().map(lambda tax: TaxPolicy(tax.mode, "order", increment=tax.increment, order_shares=tax.order_shares)))


@given(sales(policy=BY_ORDER))
@settings(max_examples=200)
def test_the_tax_of_each_code_is_the_exact_sum_rounded_once(sale: Sale) -> None:
    """What an authority computes: added up exactly over goods and carriage, rounded once, by the named mode, to the grid (RB-49, G15).

    With credits and `largest_remainder` too; only in cumulative sums may a step pass zero on the way, which changes no total.
    """
    rates, policy = dict(sale.quote.rates), sale.policy.tax
    exact: dict[str, Fraction] = {}
    for entry in entries_of(sale.quote):
        made = formula(rates[entry.tax_category])
        for code, numerator in zip(made.codes, made.numerators, strict=True):
            exact[code] = exact.get(code, Fraction()) + Fraction((entry.subtotal - entry.discount) * numerator, made.denominator)
    grid = policy.increment
    assert sale.quote.totals.tax_by_code == tuple((code, grid * mirrored(tax / grid, policy.mode)) for code, tax in sorted(exact.items()))


@given(sales(policy=policies(tax_policies().map(lambda tax: TaxPolicy(tax.mode, "line")))))
def test_alone_an_entry_is_taxed_as_if_there_were_no_others(sale: Sale) -> None:
    """At level line, the tax of an entry depends on its own amount, rates and quantity, and on nothing else."""
    rates = dict(sale.quote.rates)
    for entry in entries_of(sale.quote):
        alone = formula(rates[entry.tax_category]).of(entry.subtotal - entry.discount, sale.policy.tax, getattr(entry, "quantity", 1))
        assert (entry.net, entry.tax, entry.gross, entry.taxes) == (alone.net, alone.tax, alone.gross, alone.components)
