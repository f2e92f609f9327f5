"""Gift cards as a means to pay: used in their order, never past what is due, their balance or their limit."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.errors import BadSetting
from checkout_core.gift_cards import GiftCard, UsedCard, due_after, use
from checkout_core.money import MAX_MINOR, ROUNDINGS, Money, Ratio, Rounding
from checkout_core.pricing_policy import CashRounding, PricingPolicy
from checkout_core.tax import TaxPolicy
from tests.core.sales import PRICES, basket, fixed, gift_cards, quoted, shop, vat

PLAIN = PricingPolicy()


def test_cards_are_used_in_their_order() -> None:
    """50.00 and then 30.00 of a card of 100.00 pay 80.00; the last card is not touched."""
    used = use([GiftCard("a", 5000), GiftCard("b", 10_000), GiftCard("c", 1)], 8000, PLAIN)
    assert [(card.id, card.used, card.remaining, card.paid) for card in used] == [
        ("a", 5000, 0, 5000),
        ("b", 3000, 7000, 3000),
        ("c", 0, 1, 0),
    ]
    assert due_after(8000, used, PLAIN) == 0


def test_a_card_is_clamped_anew_at_each_calculation() -> None:
    """80.00 on a cart of 100.00; then things are taken out and 30.00 are left: 30.00 are used, and nothing is below zero (RB-70)."""
    card = GiftCard("g", 8000)
    before, after = (quoted(basket(n, cards=(card,)), shop(1000)) for n in (10, 3))
    assert (before.cards[0].used, before.total) == (8000, Money(2000, "EUR"))
    assert (after.cards[0].used, after.cards[0].remaining, after.total) == (3000, 5000, Money(0, "EUR"))


def test_a_limit_leaves_the_rest_on_the_card() -> None:
    """At most 2.00 of a card of 5.00, whatever is due; a limit above the balance says nothing."""
    assert [card.used for card in use([GiftCard("a", 500, 200), GiftCard("b", 500, 900)], 10_000, PLAIN)] == [200, 500]
    assert use([GiftCard("a", 500, 0)], 10_000, PLAIN)[0].used == 0


def test_a_card_pays_the_gross_and_changes_no_tax() -> None:
    """A plain card is a tender: 11.90 with 1.90 of tax inside stay that; what is due is the rest, and its net in proportion."""
    quote = quoted(basket(1, cards=(GiftCard("g", 595),)), shop(1190, rates=vat("0.19", included=True)))
    assert (quote.totals.total, quote.totals.tax, quote.totals.cards, quote.totals.due) == (1190, 190, 595, 595)
    assert quote.net_due == 500


def test_a_card_that_was_taxed_covers_its_tax_too() -> None:
    """200 net + 10 % pay 220 of 1000; of a second card at 25 % the rest of 780 is 624 + 156. Then nothing is due for the third."""
    cards = [GiftCard("a", 500, 200, Ratio.parse("0.1")), GiftCard("b", 1000, None, Ratio.parse("0.25")), GiftCard("c", 50)]
    used = use(cards, 1000, PLAIN)
    assert [(card.used, card.tax, card.remaining) for card in used] == [(200, 20, 300), (624, 156, 376), (0, 0, 50)]
    assert due_after(1000, used, PLAIN) == 0
    quote = quoted(basket(1, cards=cards), shop(1000))
    assert (quote.totals.cards, quote.totals.card_tax, quote.totals.due) == (824, 176, 0)


@pytest.mark.parametrize(("mode", "tax"), [("half_up", 3), ("half_even", 2), ("down", 2), ("up", 3)])
def test_the_tax_of_a_card_is_rounded_as_taxes_are(mode: Any, tax: int) -> None:
    """10 % of 0.25 is 2.5 minor units (G15)."""
    (card,) = use([GiftCard("g", 25, None, Ratio.parse("0.1"))], 1000, PricingPolicy(TaxPolicy(mode)))
    assert (card.used, card.tax) == (25, tax)


def test_nothing_due_uses_nothing() -> None:
    """Neither for a cart for nothing, nor below it."""
    for total in (0, -70):
        assert [card.paid for card in use([GiftCard("g", 50), GiftCard("t", 50, None, Ratio.parse("0.1"))], total, PLAIN)] == [0, 0]
    quote = quoted(basket(1, cards=(GiftCard("g", 50),)), shop(100, promotions=(fixed(100),)))
    assert (quote.total, quote.cards[0].remaining, quote.net_due) == (Money(0, "EUR"), 50, 0)


def test_coins_come_last() -> None:
    """120 less a card of 50 is 70, in coins of 20 it is 80; without a card 120 stay 120."""
    in_coins = PricingPolicy(cash=CashRounding(20))
    facts = shop(100, rates=vat("0.2"))
    quote = quoted(basket(1, cards=(GiftCard("g", 50),)), facts, in_coins)
    assert (quote.totals.due, quote.totals.rounded, quote.net_due) == (80, 10, 58)
    assert quoted(basket(1), facts, in_coins).totals.rounded == 0


def test_what_was_used_knows_its_card() -> None:
    """The card as it was comes back from what was used of it: so it can be calculated again."""
    card = GiftCard("g", 500, 200, Ratio.parse("0.1"))
    (used,) = use([card], 10_000, PLAIN)
    assert used == UsedCard("g", 500, 200, Ratio.parse("0.1"), 200, 20)
    assert used.card == card


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"balance": -1}, "its balance"),
        ({"balance": 5.0}, "its balance"),
        ({"balance": True}, "its balance"),
        ({"balance": MAX_MINOR + 1}, "its balance"),
        ({"limit": -1}, "its limit"),
        ({"limit": "5"}, "its limit"),
        ({"tax_rate": Ratio(-1)}, "its tax rate"),
    ],
    ids=str,
)
def test_a_card_that_cannot_be_is_refused(wrong: dict[str, Any], problem: str) -> None:
    """Balances and limits are whole minor units within bounds, and a tax is not negative (R14)."""
    with pytest.raises(BadSetting) as caught:
        evolve(GiftCard("g", 1), **wrong)
    assert caught.value.place == "Gift card 'g'"
    assert caught.value.problem.startswith(problem)
    assert caught.value.cure.endswith(".")


CARDS = st.integers(0, 4).flatmap(lambda n: st.tuples(*[gift_cards(f"g{i}") for i in range(n)]))


@given(CARDS, PRICES, st.sampled_from(ROUNDINGS))
def test_no_card_is_used_beyond_anything(cards: tuple[GiftCard, ...], total: int, mode: Rounding) -> None:
    """Each at most its balance, its limit and what is due; and a card is left only if nothing is due, or it has no more to give (I10)."""
    policy, due = PricingPolicy(TaxPolicy(mode)), total
    used = use(cards, total, policy)
    assert tuple(card.card for card in used) == cards
    for card in used:
        most = card.balance if card.limit is None else min(card.limit, card.balance)
        assert 0 <= card.used <= most
        assert card.tax >= 0
        assert 0 <= card.paid <= due
        due -= card.paid
        assert due == 0 or card.used == most
    assert due_after(total, used, policy) == due
