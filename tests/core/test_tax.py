"""Tax: exact shares of an amount, rounded by name; and a table that never says "nothing" when it means "unknown"."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, get_args

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout_core.money import ROUNDINGS, Ratio
from checkout_core.tax import (
    TaxComponents,
    Taxed,
    TaxFormula,
    TaxLevel,
    TaxPolicy,
    TaxRate,
    TaxRow,
    TaxTable,
    TaxTarget,
    formula,
    tax_of,
    tax_of_line,
)
from tests.world import NOON

unhurried = settings(deadline=None)  # a busy machine is no broken promise

amounts = st.integers(-(10**9), 10**9) | st.integers(-30, 30)
quantities = st.integers(1, 40)
fractions = st.builds(Ratio, st.integers(0, 400), st.sampled_from([700, 1000, 10000]))
policies = st.builds(
    TaxPolicy,
    mode=st.sampled_from(ROUNDINGS),
    level=st.sampled_from(get_args(TaxLevel)),  # of one line there is nothing to add up: `order` rounds it as `line` does
    target=st.sampled_from(get_args(TaxTarget)),
    components=st.sampled_from(get_args(TaxComponents)),
    increment=st.sampled_from([1, 1, 5, 10]),
)


@st.composite
def rate_lists(draw: st.DrawFn) -> tuple[TaxRate, ...]:
    count = draw(st.integers(0, 4))
    return tuple(TaxRate(f"T{i}", draw(fractions), draw(st.booleans()), draw(st.booleans())) for i in range(count))


def rate(text: str, *, code: str = "VAT", included: bool = False, compound: bool = False) -> TaxRate:
    return TaxRate(code, Ratio.parse(text), included, compound)


# --- one amount ------------------------------------------------------------------------------------------------------------------


def test_added_tax_comes_on_top() -> None:
    """19 % on 100.00 is 19.00 more."""
    assert tax_of(10000, [rate("0.19")]) == Taxed(10000, 1900, 11900, (("VAT", 1900),))


def test_included_tax_is_taken_out() -> None:
    """19 % contained in 100.00 is 15.97, and the price stays."""
    assert tax_of(10000, [rate("0.19", included=True)]) == Taxed(8403, 1597, 10000, (("VAT", 1597),))


def test_a_compound_tax_is_computed_on_the_taxes_before_it() -> None:
    """5 % and then 10 % on both: 5.00 and 10.50."""
    rates = [rate("0.05", code="A"), rate("0.10", code="B", compound=True)]
    assert tax_of(10000, rates).components == (("A", 500), ("B", 1050))


def test_the_place_in_the_list_is_the_order_of_compounding() -> None:
    """A compound tax that comes first has nothing to compound."""
    rates = [rate("0.10", code="B", compound=True), rate("0.05", code="A")]
    assert tax_of(10000, rates).components == (("B", 1000), ("A", 500))


def test_added_tax_on_a_price_with_included_tax_uses_the_exact_net() -> None:
    """1.00 contains 50 %: net 66.67, tax 33.33. The added 75 % are 50 exactly, as of the unrounded net."""
    taxed = tax_of(100, [rate("0.5", code="IN", included=True), rate("0.75", code="ON")])
    assert taxed == Taxed(67, 83, 150, (("IN", 33), ("ON", 50)))


def test_a_tie_goes_by_the_figure_that_is_rounded() -> None:
    """3.45 contains 20 %, that is 57.5: the tax rounds up to 58, or the net 287.5 does to 288."""
    rates = [rate("0.20", included=True)]
    assert tax_of(345, rates) == Taxed(287, 58, 345, (("VAT", 58),))
    assert tax_of(345, rates, TaxPolicy(target="net")) == Taxed(288, 57, 345, (("VAT", 57),))


def test_components_are_rounded_apart_or_together() -> None:
    """Twice 2.5 % on 0.20 are twice half a cent: two cents apart, one together, for the first."""
    rates = [rate("0.025", code="A"), rate("0.025", code="B")]
    assert tax_of(20, rates).components == (("A", 1), ("B", 1))
    assert tax_of(20, rates, TaxPolicy(components="combined")).components == (("A", 1), ("B", 0))


def test_the_level_says_what_is_rounded() -> None:
    """Three units at 1.08 with 19 %: 0.6156 of the line, or 0.2052 three times."""
    assert tax_of(108, [rate("0.19")], quantity=3).tax == 62
    assert tax_of(108, [rate("0.19")], TaxPolicy(level="unit"), quantity=3).tax == 63


def test_a_line_that_does_not_divide_is_split_over_its_units() -> None:
    """1.00 for three units is 34, 33 and 33; 10 % of each are 3.4 and twice 3.3."""
    assert tax_of_line(100, [rate("0.10")], TaxPolicy(level="unit", mode="up"), 3).tax == 12
    assert tax_of_line(100, [rate("0.15")], TaxPolicy(level="unit"), 3).tax == 15


def test_tax_lies_on_the_grid() -> None:
    """In coins of five 23.81 becomes 25."""
    assert tax_of(500, [rate("0.05", included=True)], TaxPolicy(increment=5)) == Taxed(475, 25, 500, (("VAT", 25),))


def test_no_rates_are_no_tax() -> None:
    """Who asks with an empty list has decided so."""
    assert tax_of(500, []) == Taxed(500, 0, 500, ())


def test_a_zero_rate_takes_nothing_even_on_a_coarse_grid() -> None:
    """The net of 5.02 in coins of five is still 5.02 if no tax is in it."""
    assert tax_of(502, [rate("0", included=True)], TaxPolicy(target="net", increment=5)) == Taxed(502, 0, 502, (("VAT", 0),))


def test_never_more_tax_is_taken_out_than_there_is() -> None:
    """One cent with two included taxes, each rounded up, has no net below zero."""
    rates = [rate("0.05", code="A", included=True), rate("0.05", code="B", included=True)]
    assert tax_of(1, rates, TaxPolicy(mode="up")) == Taxed(0, 1, 1, (("A", 1), ("B", 0)))


def test_a_rounded_net_leaves_its_tax_to_be_shared() -> None:
    """0.10 contains 7, 20 and 11 %: of the 3 cents the largest remainders get their share, although each rounds to one."""
    rates = [rate("0.07", code="A", included=True), rate("0.20", code="B", included=True), rate("0.11", code="C", included=True)]
    assert tax_of(10, rates).components == (("A", 1), ("B", 1), ("C", 1))
    assert tax_of(10, rates, TaxPolicy(target="net")).components == (("A", 0), ("B", 2), ("C", 1))


def test_a_sum_on_the_grid_is_shared_on_the_grid() -> None:
    """Twice 10 % on 0.75 are 15 in coins of five: 10 and 5, not 8 and 7."""
    rates = [rate("0.10", code="A"), rate("0.10", code="B")]
    assert tax_of(75, rates, TaxPolicy(components="combined", increment=5)).components == (("A", 10), ("B", 5))


@given(amounts, rate_lists(), policies, quantities)
@settings(deadline=None, max_examples=500)
def test_net_and_tax_make_gross(amount: int, rates: tuple[TaxRate, ...], policy: TaxPolicy, quantity: int) -> None:
    """Under every policy: net + tax = gross, the components add up to the tax, one each in the order of the rates."""
    taxed = tax_of_line(amount, rates, policy, quantity)
    assert taxed.net + taxed.tax == taxed.gross
    assert sum(tax for _, tax in taxed.components) == taxed.tax
    assert [code for code, _ in taxed.components] == [r.code for r in rates]


@given(amounts, rate_lists(), policies, quantities)
@settings(deadline=None, max_examples=500)
def test_the_price_is_kept_where_tax_is_included_or_added(
    amount: int, rates: tuple[TaxRate, ...], policy: TaxPolicy, quantity: int
) -> None:
    """amount - net is the included tax, gross - amount is the added tax, and neither has the wrong sign."""
    taxed = tax_of_line(amount, rates, policy, quantity)
    components = dict(taxed.components)
    assert amount - taxed.net == sum(components[r.code] for r in rates if r.included)
    assert taxed.gross - amount == sum(components[r.code] for r in rates if not r.included)
    sign = -1 if amount < 0 else 1
    assert all(tax * sign >= 0 for tax in components.values())
    assert taxed.net * sign >= 0


@given(amounts, rate_lists(), policies, quantities)
@unhurried
def test_a_credit_is_the_mirror_image_of_its_charge(amount: int, rates: tuple[TaxRate, ...], policy: TaxPolicy, quantity: int) -> None:
    """What is given back has exactly the tax of what was taken."""
    one, other = tax_of_line(amount, rates, policy, quantity), tax_of_line(-amount, rates, policy, quantity)
    assert (-one.net, -one.tax, -one.gross) == (other.net, other.tax, other.gross)
    assert tuple((code, -tax) for code, tax in one.components) == other.components


@given(st.integers(100, 10**9), rate_lists())
@unhurried
def test_each_component_is_the_exact_tax_rounded_once(amount: int, rates: tuple[TaxRate, ...]) -> None:
    """An independent calculation with fractions agrees: the exact net first, then each rate on its base, one rounding each."""
    effective: list[Fraction] = []
    for r in rates:
        share = Fraction(r.rate.numerator, r.rate.denominator)
        effective.append(share * (1 + sum(effective)) if r.compound else share)
    net = amount / (1 + sum((e for e, r in zip(effective, rates, strict=True) if r.included), Fraction(0)))
    components = tax_of(amount, rates).components
    assert [tax for _, tax in components] == [math.floor(net * e + Fraction(1, 2)) for e in effective]


@given(st.integers(0, 10**6), rate_lists(), policies, quantities)
@unhurried
def test_units_are_taxed_one_by_one(amount: int, rates: tuple[TaxRate, ...], policy: TaxPolicy, quantity: int) -> None:
    """Level `unit` is the sum of the taxes of the units, spare minor units to the first."""
    by_unit = TaxPolicy(policy.mode, "unit", policy.target, policy.components, policy.increment)
    base, spare = divmod(amount, quantity)
    units = [tax_of(base + (i < spare), rates, by_unit) for i in range(quantity)]
    assert tax_of_line(amount, rates, by_unit, quantity).tax == sum(unit.tax for unit in units)


@given(rate_lists())
@unhurried
def test_a_formula_gives_exact_taxes(rates: tuple[TaxRate, ...]) -> None:
    """An included amount is net plus included taxes: the numerators leave exactly the net."""
    worked_out = formula(rates)
    assert isinstance(worked_out, TaxFormula)
    assert sorted(worked_out.included + worked_out.added) == list(range(len(rates)))
    contained = sum(worked_out.numerators[i] for i in worked_out.included)
    assert 0 < worked_out.denominator - contained <= worked_out.denominator


# --- mistakes --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [1.5, True, "100", None], ids=repr)
def test_amounts_and_quantities_are_ints(wrong: Any) -> None:
    """Floats are refused at the door."""
    with pytest.raises(TypeError):
        tax_of(wrong, [])
    with pytest.raises(TypeError):
        tax_of(100, [], quantity=wrong)


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_is_at_least_one(quantity: int) -> None:
    """A credit is a negative amount, not a negative quantity."""
    with pytest.raises(ValueError, match="quantity"):
        tax_of(100, [], quantity=quantity)


def test_two_taxes_of_one_code_are_refused() -> None:
    """They could not be told apart on the invoice."""
    with pytest.raises(ValueError, match="code"):
        tax_of(100, [rate("0.05"), rate("0.10")])


def test_a_negative_rate_is_refused() -> None:
    """A tax takes; what gives is a discount."""
    with pytest.raises(ValueError, match="negative"):
        rate("-0.05")


def test_a_rate_has_a_code() -> None:
    """Tax without a name cannot be declared."""
    with pytest.raises(ValueError, match="code"):
        rate("0.05", code="")


@pytest.mark.parametrize("wrong", [0.19, 19, "0.19", Fraction(19, 100)], ids=repr)
def test_a_rate_is_a_ratio(wrong: Any) -> None:
    """No float, and no guess whether 19 means 19 per cent."""
    with pytest.raises(TypeError, match=r"Ratio\.parse"):
        TaxRate("VAT", wrong)


@given(amounts, rate_lists(), policies, quantities)
@unhurried
def test_a_line_by_itself_is_taxed_alike_by_line_and_by_order(
    amount: int, rates: tuple[TaxRate, ...], policy: TaxPolicy, quantity: int
) -> None:
    """The tax of one line is one rounding of each rate at both levels."""
    by_line, by_order = (evolve(policy, level=level) for level in ("line", "order"))
    assert tax_of_line(amount, rates, by_line, quantity) == tax_of_line(amount, rates, by_order, quantity)


@pytest.mark.parametrize("wrong", [{"mode": "bankers"}, {"level": "galaxy"}, {"target": "gross"}, {"components": "some"}], ids=str)
def test_an_unknown_policy_is_refused(wrong: dict[str, Any]) -> None:
    """A mistyped policy must not tax by another rule."""
    with pytest.raises(ValueError, match="Use one of"):
        TaxPolicy(**wrong)


@pytest.mark.parametrize("increment", [0, -5, 0.5, True])
def test_a_grid_is_made_of_minor_units(increment: Any) -> None:
    """At least one, and whole."""
    with pytest.raises(ValueError, match="increment"):
        TaxPolicy(increment=increment)


# --- the table -------------------------------------------------------------------------------------------------------------------

DE = TaxRow("DE", None, "standard", (rate("0.19", included=True),), "UStG § 12 (1)")
DE_BOOKS = TaxRow("DE", None, "books", (rate("0.07", included=True),), "UStG § 12 (2)")
CA = TaxRow("CA", None, "standard", (rate("0.05", code="GST"),))
QC = TaxRow("CA", "QC", "standard", (rate("0.05", code="GST"), rate("0.09975", code="QST")))
NY = TaxRow("US", "NY", "clothing", (rate("0", code="NY-EXEMPT"),))
TABLE = TaxTable((DE, DE_BOOKS, CA, QC, NY))


def test_the_region_comes_before_the_country() -> None:
    """Quebec has its own row; Alberta has that of Canada; without a region the country's row counts."""
    assert TABLE.rates("CA", "QC", "standard", NOON) == QC.rates
    assert TABLE.rates("CA", "AB", "standard", NOON) == CA.rates
    assert TABLE.rates("CA", None, "standard", NOON) == CA.rates


@pytest.mark.parametrize(
    ("country", "region", "category"),
    [
        ("FR", None, "standard"),
        ("DE", None, "food"),
        ("US", "CA", "clothing"),
        ("US", None, "clothing"),
        ("US", "NY", "standard"),
        ("de", None, "books"),
    ],
)
def test_unknown_is_not_zero(country: str, region: str | None, category: str) -> None:
    """No row, no answer: another category, region or country is no substitute (G2)."""
    assert TABLE.rates(country, region, category, NOON) is None


def test_zero_is_said_explicitly() -> None:
    """A zero rate is a row, with a code that says why."""
    assert TABLE.rates("US", "NY", "clothing", NOON) == (rate("0", code="NY-EXEMPT"),)


def test_the_row_tells_its_source() -> None:
    """Where a rate comes from can be shown beside it."""
    row = TABLE.row("DE", "BY", "books", NOON)
    assert row is not None
    assert row.source == "UStG § 12 (2)"


@pytest.mark.parametrize("again", [DE, TaxRow("DE", None, "standard", (rate("0.16"),)), TaxRow("CA", "QC", "standard", (rate("0.16"),))])
def test_two_answers_to_one_question_are_refused(again: TaxRow) -> None:
    """Overlapping rows are found when the table is made, not at the till."""
    with pytest.raises(ValueError, match="two tax rows"):
        TaxTable((DE, QC, again))


@pytest.mark.parametrize(
    ("country", "region", "category", "rates"),
    [
        ("de", None, "standard", (rate("0.19"),)),
        ("GER", None, "standard", (rate("0.19"),)),
        ("", None, "standard", (rate("0.19"),)),
        ("DE", "", "standard", (rate("0.19"),)),
        ("DE", None, "", (rate("0.19"),)),
        ("DE", None, "standard", ()),
        ("DE", None, "standard", (rate("0.19"), rate("0.07"))),
    ],
)
def test_a_row_that_says_nothing_clear_is_refused(country: str, region: str | None, category: str, rates: tuple[TaxRate, ...]) -> None:
    """A wrong country code, an empty region or category, no rates, or a code twice."""
    with pytest.raises(ValueError):
        TaxRow(country, region, category, rates)


def test_tables_are_values() -> None:
    """Two tables of the same rows are equal, and hash alike."""
    assert TaxTable((DE, CA)) == TaxTable([DE, CA])
    assert hash(TaxTable((DE, CA))) == hash(TaxTable((DE, CA)))
