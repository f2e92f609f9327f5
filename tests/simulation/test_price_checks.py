"""I12: what the checker says of a quote that does not add up: one wrong figure at a time, and each has its own word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from checkout_core import Money, Product, Promotion, Ratio, TaxRate
from checkout_core.cart import Line
from checkout_core.customers import Destination
from checkout_core.pricing import Basket, CashRounding, Facts, GiftCard, PricingPolicy, Quote, price
from checkout_core.promotions import AmountOff, Percent, SetPrice
from checkout_core.quote import hash_of
from checkout_core.shipping import ShippingOption
from checkout_core.simulation.full.prices import not_adding_up
from tests.world import NOON, eur

VAT, CITY = TaxRate("VAT", Ratio.parse("0.19"), included=True), TaxRate("CITY", Ratio.parse("0.02"))
HALF_OFF = Promotion("half", "Half of the second", SetPrice([eur(500)]), skus=["PEN"], group="best", priority=2)
ODD = Promotion("odd", "An odd percent", Percent(Ratio.parse("12.356"), "order_and_shipping"), priority=1)
TWO = Promotion("two", "Two off", AmountOff([eur(200)]))


def quote(policy: PricingPolicy | None = None) -> Quote:
    """Two lines, of which one has a floor, two ways of carriage, three promotions, a gift card and coins."""
    facts = Facts(
        {
            "MUG": Product("MUG", "Mug", [eur(1249)], floors=[eur(100)]),
            "PEN": Product("PEN", "Pen", [eur(999)], tax_category="city"),
        },
        (HALF_OFF, ODD, TWO),
        {"standard": (VAT,), "city": (VAT, CITY)},
        tuple(ShippingOption(id, id, Money(490, "EUR")) for id in ("van", "crane")),
    )
    asked = Basket("EUR", (Line("MUG", 3), Line("PEN", 1)), Destination("DE"), ("van", "crane"), cards=(GiftCard("g", 500, 400),))
    made = price(asked, facts, NOON, policy or PricingPolicy(cash=CashRounding(5)))
    assert isinstance(made, Quote), made
    return made


def line(q: Quote, **wrong: Any) -> Quote:
    return evolve(q, lines=(evolve(q.lines[0], **wrong), *q.lines[1:]))


def sums(q: Quote, **more: int) -> Quote:
    """The totals with so much more in each of these."""
    return evolve(q, totals=evolve(q.totals, **{name: getattr(q.totals, name) + by for name, by in more.items()}))


def deal(q: Quote, n: int, **wrong: Any) -> Quote:
    return evolve(q, promotions=(*q.promotions[:n], evolve(q.promotions[n], **wrong), *q.promotions[n + 1 :]))


def shifted(q: Quote) -> Quote:
    """One minor unit of a percent goes from one line to another: all sums agree, and so does the percent."""
    first, second, *rest = q.promotions[1].shares
    moved = deal(q, 1, shares=(first + 1, second - 1, *rest))
    mug, pen = moved.lines
    pair = (
        evolve(mug, discount=mug.discount + 1, net=mug.net - 1, gross=mug.gross - 1),
        evolve(pen, discount=pen.discount - 1, net=pen.net + 1, gross=pen.gross + 1),
    )
    return evolve(moved, lines=pair)


def less_taken(q: Quote) -> Quote:
    """A minor unit of the percent is lost on the way to the first line, and everything follows from that."""
    odd = q.promotions[1]
    q = deal(q, 1, shares=(odd.shares[0] - 1, *odd.shares[1:]))
    mug = q.lines[0]
    q = line(q, discount=mug.discount - 1, net=mug.net + 1, gross=mug.gross + 1)
    return sums(q, discount=-1, net=1, total=1, rounded=-1)


def taxed_more(q: Quote) -> Quote:
    """Three minor units of the net are called tax, everywhere."""
    mug = q.lines[0]
    q = line(q, net=mug.net - 3, tax=mug.tax + 3, taxes=(("VAT", mug.tax + 3),))
    by_code = tuple((code, tax + 3 if code == "VAT" else tax) for code, tax in q.totals.tax_by_code)
    return evolve(sums(q, net=-3, tax=3), totals=evolve(sums(q, net=-3, tax=3).totals, tax_by_code=by_code))


WRONG: dict[str, Callable[[Quote], Quote]] = {
    "the total": lambda q: sums(q, subtotal=1),
    "net and tax": lambda q: sums(q, net=1),
    "the lines": lambda q: sums(q, total=1, net=1, tax_added=1),
    "the net amounts": lambda q: sums(q, net=1, tax=-1),
    "the taxes": lambda q: line(sums(q, net=1, tax=-1), net=q.lines[0].net + 1),
    "the taxes by code": lambda q: evolve(q, totals=evolve(q.totals, tax_by_code=())),
    "the prices": lambda q: line(q, unit=1250),
    "the carriage": lambda q: evolve(q, shipping=(evolve(q.shipping[0], subtotal=491), q.shipping[1])),
    "the discounts": lambda q: deal(q, 2, shares=(0, 0)),
    "the lines' discounts": lambda q: line(q, discount=0),
    "the amounts": lambda q: evolve(q, totals=evolve(q.totals, due=True)),
    "the gross of MUG": lambda q: evolve(
        q, lines=(evolve(q.lines[0], gross=q.lines[0].gross + 1), evolve(q.lines[1], gross=q.lines[1].gross - 1))
    ),
    "the taxes of MUG": lambda q: line(q, taxes=(("VAT", 1),)),
    "the rates of MUG": lambda q: line(q, taxes=(("GST", q.lines[0].tax),)),
    "the gross of MUG from its price": lambda q: line(q, subtotal=q.lines[0].subtotal + 1),
    "a discount": lambda q: line(q, floor=1249),
    "the price of MUG": lambda q: evolve(q, lines=(evolve(q.lines[0], unit=1250), evolve(q.lines[1], unit=996))),
    "the number of shares of two": lambda q: deal(q, 2, shares=(q.promotions[2].amount,)),
    "a share of two": lambda q: deal(q, 2, shares=(201, -1)),
    "the percent of odd": less_taken,
    "the amount of two": lambda q: deal(q, 2, unused=1),
    "the shares": lambda q: deal(q, 2, shares=q.promotions[2].shares[::-1]),
    "the tax of MUG": taxed_more,
    "the gift cards": lambda q: sums(q, cards=1),
    "the tax of gift cards": lambda q: sums(q, card_tax=1),
    "what is due": lambda q: sums(q, due=5),
    "the use of gift card g": lambda q: evolve(q, cards=(evolve(q.cards[0], limit=399),)),
    "the coins": lambda q: sums(q, due=1, rounded=1),
    "the rounding of coins": lambda q: evolve(q, policy=PricingPolicy()),
    "the receipt": shifted,
    "the rows of the receipt": lambda q: q,
    "the hash": lambda q: evolve(q, hash="0" * 64),
}


@pytest.mark.parametrize("word", WRONG)
def test_a_wrong_figure_is_found(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And by the first check that looks at it."""
    if word == "the rows of the receipt":
        monkeypatch.setattr("checkout_core.receipt._tax_rows", lambda quote: iter(()))
    wrong = WRONG[word](quote())
    said = not_adding_up(wrong if word == "the hash" else evolve(wrong, hash=hash_of(wrong)))
    assert said is not None
    assert said[0] == word


@pytest.mark.parametrize(
    "policy",
    [
        PricingPolicy(),
        PricingPolicy(cash=CashRounding(5)),
        PricingPolicy(cash=CashRounding(100, "ceiling")),
        PricingPolicy(discount_mode="floor", discount_target="price"),
        PricingPolicy(percent_order_level="line", stacking="parallel"),
        PricingPolicy(evolve(PricingPolicy().tax, level="order")),
        PricingPolicy(evolve(PricingPolicy().tax, mode="half_even", target="net")),
    ],
)
def test_a_right_quote_is_not_blamed(policy: PricingPolicy) -> None:
    """Whatever the shop chose."""
    assert not_adding_up(quote(policy)) is None
