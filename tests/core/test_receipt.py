"""The receipt: every minor unit traced, and the whole calculation repeatable from the receipt alone."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given

from checkout_core.money import Money
from checkout_core.pricing import Basket, Facts, PricingPolicy
from checkout_core.receipt import DiscountEffect, Row, receipt_of, recompute
from checkout_core.tax import TaxPolicy
from tests.core.test_pricing import FREE_SHIPPING, basket, carts, fixed, percent, quoted, shop, vat


def added(base: int, quantity: int) -> tuple[tuple[str, int | str], ...]:
    return (("code", "VAT"), ("rate", "0.19"), ("compound", 0), ("base", base), ("quantity", quantity))


def test_each_step_has_its_row() -> None:
    """List prices, the carriage, each discount and its shares, each tax: in the order of calculation, with inputs and roundings."""
    facts = shop(1000, 500, promotions=(percent("10"),), rates=vat("0.19"), carriage=490)
    receipt = receipt_of(quoted(basket(2, 1, shipping="post"), facts))
    assert receipt.rows == (
        Row("price", "a", "unit × quantity", (("unit", 1000), ("quantity", 2)), "exact", 2000, 2000),
        Row("price", "b", "unit × quantity", (("unit", 500), ("quantity", 1)), "exact", 500, 500),
        Row("shipping", "post", "list price", (("price", 490),), "exact", 490, 490),
        Row("discount", "p", "percent", (("percent", "10"), ("of", 2500)), "half_up", 250, 0),
        Row("line-share", "a", "p", (("discount", 250), ("weight", 2000)), "largest_remainder", 200, -200),
        Row("line-share", "b", "p", (("discount", 250), ("weight", 500)), "largest_remainder", 50, -50),
        Row("line-tax", "a", "added", added(1800, 2), "half_up", 342, 342),
        Row("line-tax", "b", "added", added(450, 1), "half_up", 86, 86),
        Row("shipping-tax", "post", "added", added(490, 1), "half_up", 93, 93),
    )
    assert receipt.total == sum(row.amount for row in receipt.rows) == 2500 + 490 - 250 + 342 + 86 + 93


def test_unused_is_reported() -> None:
    """10.00 off 8.00: the receipt says that 2.00 found nothing to reduce (RB-68, RB-70)."""
    row = next(row for row in receipt_of(quoted(basket(1), shop(800, promotions=(fixed(1000),)))).rows if row.step == "discount")
    assert (row.figure, dict(row.inputs)) == (800, {"off": 1000, "of": 800, "unused": 200})


def test_a_contained_tax_adds_nothing() -> None:
    """A tax inside the price is traced, and adds nothing to the total."""
    row = receipt_of(quoted(basket(1), shop(1190, rates=vat("0.19", included=True)))).rows[-1]
    assert (row.step, row.rule, row.figure, row.amount) == ("line-tax", "included", 190, 0)


def test_free_shipping_is_traced() -> None:
    """Free carriage is a discount, and its share is the carriage."""
    rows = receipt_of(quoted(basket(1, shipping="post"), shop(1000, promotions=(FREE_SHIPPING,), carriage=490))).rows
    assert [(row.step, row.subject, row.amount) for row in rows if row.rule in ("free_shipping", "free")] == [
        ("discount", "free", 0),
        ("shipping-share", "post", -490),
    ]


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


def test_recompute_believes_no_figure() -> None:
    """A figure changed on paper changes nothing; an input that was changed does: so tampering shows."""
    quote = quoted(basket(2), shop(1000, promotions=(percent("10"),), rates=vat("0.19")))
    receipt = receipt_of(quote)
    price, *others = receipt.rows
    assert recompute(evolve(receipt, rows=(evolve(price, figure=1, amount=1), *others))) == quote.totals
    assert recompute(evolve(receipt, rows=(evolve(price, inputs=(("unit", 999), ("quantity", 2))), *others))) != quote.totals


@given(carts())
def test_every_minor_unit_is_traced(cart: tuple[Basket, Facts, PricingPolicy]) -> None:
    """For any cart under any policy the rows add up to the total, and following them again gives the totals of the quote (I12, G7)."""
    quote = quoted(*cart)
    receipt = receipt_of(quote)
    assert Money(sum(row.amount for row in receipt.rows), receipt.currency) == quote.total
    assert receipt.total == quote.total.minor
    assert recompute(receipt) == quote.totals
    assert receipt.discount.gross == receipt.discount.net + receipt.discount.tax
    for used in quote.promotions:
        rows = [row for row in receipt.rows if row.rule == used.id and row.step in ("line-share", "shipping-share")]
        assert -sum(row.amount for row in rows) == used.amount
