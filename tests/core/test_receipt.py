"""The receipt: every minor unit traced, and the whole calculation repeatable from the receipt alone."""

from __future__ import annotations

from typing import get_args

import pytest
from attrs import evolve
from hypothesis import given, settings

from checkout_core.gift_cards import GiftCard
from checkout_core.money import Ratio
from checkout_core.pricing_policy import CashRounding, PricingPolicy
from checkout_core.promotions import BuyGet, EntryOff, Percent, UnitOff
from checkout_core.receipt import INPUTS, DiscountEffect, Row, Step, figures_of, receipt_of, recompute
from checkout_core.tax import TaxPolicy
from tests.core.sales import FREE_SHIPPING, Sale, basket, entries_of, eur, fixed, percent, promotion, quoted, sales, shop, vat


def test_each_step_has_its_row() -> None:
    """List prices, the carriage, each discount and its shares, each tax: in the order of calculation, with inputs and roundings."""
    facts = shop(1000, 500, promotions=(percent("10"),), rates=vat("0.19"), carriage=490)
    receipt = receipt_of(quoted(basket(2, 1, shipping=("post",)), facts))
    assert receipt.rows == (
        Row("price", "a", "unit × quantity", (1000, 2), "exact", 2000, 2000),
        Row("price", "b", "unit × quantity", (500, 1), "exact", 500, 500),
        Row("shipping", "post", "list price", (490,), "exact", 490, 490),
        Row("discount", "p", "Percent", (2500, 0), "half_up", 250, 0),
        Row("line-share", "a", "p", (250, 2000, 0), "largest_remainder", 200, -200),
        Row("line-share", "b", "p", (250, 500, 0), "largest_remainder", 50, -50),
        Row("line-tax", "a", "added", ("VAT", "0.19", 0, 1800, 2), "half_up", 342, 342),
        Row("line-tax", "b", "added", ("VAT", "0.19", 0, 450, 1), "half_up", 86, 86),
        Row("shipping-tax", "post", "added", ("VAT", "0.19", 0, 490, 1), "half_up", 93, 93),
    )
    assert receipt.due == sum(row.amount for row in receipt.rows) == 2500 + 490 - 250 + 342 + 86 + 93
    assert receipt.rows[0].given == {"unit": 1000, "quantity": 2}
    assert receipt.rows[6].given == {"code": "VAT", "rate": "0.19", "compound": 0, "base": 1800, "quantity": 2}
    assert receipt.rows is receipt.rows


def test_every_step_names_its_inputs() -> None:
    """There is no kind of row whose inputs have no names."""
    assert tuple(INPUTS) == get_args(Step)


def test_the_percent_is_among_what_went_in() -> None:
    """A row says what was taken; which percent, of what, stands with the rules that went in."""
    (deal,) = receipt_of(quoted(basket(1), shop(1000, promotions=(percent("10", group="g"),)))).deals
    assert (deal.id, deal.benefit, deal.entries, deal.group) == ("p", Percent(Ratio(10)), (0,), "g")


def test_unused_is_reported() -> None:
    """10.00 off 8.00: the receipt says that 2.00 found nothing to reduce (RB-68, RB-70)."""
    row = next(row for row in receipt_of(quoted(basket(1), shop(800, promotions=(fixed(1000),)))).rows if row.step == "discount")
    assert (row.figure, row.given) == (800, {"of": 800, "unused": 200})


def test_units_are_told() -> None:
    """Where a promotion covers some units only, its share says of how many."""
    deal = promotion("u", UnitOff([eur(100)], max_units=2))
    rows = receipt_of(quoted(basket(1, 5), shop(500, 500, promotions=(deal,)))).rows
    assert [row.given for row in rows if row.step == "line-share"] == [
        {"discount": 200, "before": 500, "units": 1},
        {"discount": 200, "before": 2500, "units": 1},
    ]


def test_a_contained_tax_adds_nothing() -> None:
    """A tax inside the price is traced, and adds nothing to the total."""
    row = receipt_of(quoted(basket(1), shop(1190, rates=vat("0.19", included=True)))).rows[-1]
    assert (row.step, row.rule, row.figure, row.amount) == ("line-tax", "included", 190, 0)


def test_free_shipping_is_traced() -> None:
    """Free carriage is a discount, and its share is the carriage."""
    rows = receipt_of(quoted(basket(1, shipping=("post",)), shop(1000, promotions=(FREE_SHIPPING,), carriage=490))).rows
    assert [(row.step, row.subject, row.amount) for row in rows if "free" in (row.rule, row.subject)] == [
        ("discount", "free", 0),
        ("shipping-share", "post", -490),
    ]


def test_the_tax_of_an_order_is_traced_to_the_exact_sum() -> None:
    """Three lines of 0.25 with 10 %: 7.5 exactly, rounded once to 8, and shared out."""
    receipt = receipt_of(quoted(basket(1, 1, 1), shop(25, 25, 25, rates=vat("0.1")), PricingPolicy(TaxPolicy(level="order"))))
    assert [row for row in receipt.rows if row.step == "order-tax"] == [
        Row("order-tax", "VAT", "sum of exact taxes", ("7.5",), "half_up", 8, 0)
    ]
    shares = [(row.figure, row.rounding) for row in receipt.rows if row.step == "line-tax"]
    assert shares == [(3, "largest_remainder"), (3, "largest_remainder"), (2, "largest_remainder")]


def test_cards_and_coins_are_traced() -> None:
    """10.02 less a card of 5.00 is 5.02, in coins of five 5.00: rows of -500 and -2."""
    receipt = receipt_of(quoted(basket(1, cards=(GiftCard("g", 500),)), shop(1002), PricingPolicy(cash=CashRounding(5))))
    assert receipt.rows[-2:] == (
        Row("gift-card", "g", "balance", (500, 0), "exact", 500, -500),
        Row("cash", "", "smallest coin", (502, 5), "half_up", 500, -2),
    )
    assert receipt.due == 500


def test_a_discount_has_net_tax_and_gross() -> None:
    """5 % off 299.00 with 10.1 % tax: 14.95 net, 1.51 of tax, 16.46 gross, each under its own name (RB-61)."""
    receipt = receipt_of(quoted(basket(1), shop(29_900, promotions=(percent("5"),), rates=vat("0.101"))))
    assert receipt.discount == DiscountEffect(1495, 151, 1646)


def test_the_policy_is_on_the_receipt() -> None:
    """The roundings are printed where they were used, and the whole policy is there (RB-49, G15)."""
    policy = PricingPolicy(TaxPolicy("half_even"), "down", "floor_first")
    receipt = receipt_of(quoted(basket(1), shop(1000, promotions=(percent("10"),), rates=vat("0.19")), policy))
    assert receipt.policy is policy
    assert [row.rounding for row in receipt.rows] == ["exact", "down", "floor_first", "half_even"]


@pytest.mark.parametrize(
    ("deal", "policy", "roundings"),
    [
        (percent("10", on="lines"), PricingPolicy(), ["sum of shares", "half_up"]),
        (percent("10"), PricingPolicy(percent_order_level="line"), ["sum of shares", "half_up"]),
        (promotion("c", Percent(Ratio(50), cap=[eur(7)])), PricingPolicy(), ["cap", "largest_remainder"]),
        (fixed(7), PricingPolicy(allocation="cumulative"), ["exact", "cumulative"]),
        (promotion("u", UnitOff([eur(7)])), PricingPolicy(), ["sum of shares", "exact"]),
        (promotion("b", BuyGet(1, 1)), PricingPolicy(discount_mode="up"), ["sum of shares", "up"]),
    ],
    ids=lambda value: value.id if hasattr(value, "id") else "",
)
def test_how_a_discount_was_rounded(deal: object, policy: PricingPolicy, roundings: list[str]) -> None:
    """A discount that was rounded, capped or simply added up says which, and so does its share (G15)."""
    receipt = receipt_of(quoted(basket(2), shop(1000, promotions=(deal,)), policy))  # type: ignore[arg-type]
    assert [row.rounding for row in receipt.rows if row.step in ("discount", "line-share")] == roundings


def test_recompute_believes_no_figure() -> None:
    """The figures of the quote are not asked; an input that was changed leads to others: so tampering shows."""
    facts = shop(1000, promotions=(percent("10"),), rates=vat("0.19"))
    quote = quoted(basket(2, cards=(GiftCard("g", 5),)), facts)
    honest = figures_of(quote)
    forged = evolve(
        quote,
        lines=(evolve(quote.lines[0], discount=1, net=2, tax=3, gross=4, taxes=(("VAT", 3),)),),
        promotions=(evolve(quote.promotions[0], shares=(1,)),),
        cards=(evolve(quote.cards[0], used=1),),
        totals=evolve(quote.totals, total=1, due=1),
    )
    assert figures_of(forged) != honest
    assert recompute(receipt_of(forged)) == honest
    receipt = receipt_of(quote)
    (entry,), (deal,), (card,) = receipt.entries, receipt.deals, receipt.cards
    for changed in (
        evolve(receipt, entries=(evolve(entry, unit=999),)),
        evolve(receipt, entries=(evolve(entry, quantity=3),)),
        evolve(receipt, entries=(evolve(entry, floor=950),)),
        evolve(receipt, entries=(evolve(entry, rates=vat("0.2")),)),
        evolve(receipt, deals=(evolve(deal, benefit=Percent(Ratio(11))),)),
        evolve(receipt, deals=()),
        evolve(receipt, cards=(evolve(card, balance=4),)),
        evolve(receipt, policy=PricingPolicy(cash=CashRounding(100))),
    ):
        assert recompute(changed) != honest


def test_rivals_are_worked_out_again_as_rivals() -> None:
    """Half is best for 10.00 and 2.00 off for 1.00; worked out again, each line has one of them, and the third comes on what is left."""
    half, two = percent("50", "half", "lines", group="g"), promotion("two", EntryOff([eur(200)]), group="g")
    quote = quoted(basket(1, 1), shop(1000, 100, promotions=(half, two, percent("10"))))
    assert [used.shares for used in quote.promotions] == [(500, 0), (0, 100), (50, 0)]
    assert recompute(receipt_of(quote)) == figures_of(quote)


@given(sales())
@settings(max_examples=200)
def test_every_minor_unit_is_traced(sale: Sale) -> None:
    """For any sale the rows add up to what is due, each promotion's to its discount, and every entry's to its gross (I12, G7)."""
    quote, receipt = sale.quote, receipt_of(sale.quote)
    assert receipt.due == sum(row.amount for row in receipt.rows) == quote.totals.due
    for used in quote.promotions:
        rows = [row for row in receipt.rows if row.rule == used.id and row.step in ("line-share", "shipping-share")]
        assert -sum(row.amount for row in rows) == used.amount
    for entry in entries_of(quote):
        rows = [row for row in receipt.rows if row.subject == entry.id and row.step not in ("discount", "gift-card")]
        assert sum(row.amount for row in rows) == entry.gross
    assert all(len(row.given) == len(row.inputs) for row in receipt.rows)
    assert receipt.discount.gross == receipt.discount.net + receipt.discount.tax


@given(sales())
@settings(max_examples=200)
def test_the_whole_is_worked_out_again(sale: Sale) -> None:
    """From list prices, rules, rates, policy and cards come the same figures: entries, shares, cards and totals (I12, G15)."""
    assert recompute(receipt_of(sale.quote)) == figures_of(sale.quote)
