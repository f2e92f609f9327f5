"""What is doubtful about promotions together: one that another always keeps out, and turns that only the order of a file decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checkout_core import Money, Product, Promotion, Ratio
from checkout_core.promotions import FREE_SHIPPING, AmountOff, Benefit, BuyGet, EveryNth, FirstOrder, Percent, Tier, TieredPercent
from checkout_core.promotions.clashes import clashes
from tests.world import NOON, eur

PRODUCTS = (Product("MUG", "Mug", [eur(1250)], categories={"cups"}), Product("TEA", "Tea", [eur(890)], categories={"tea"}))
TEN, TWENTY, FIVE = Percent(Ratio(10)), Percent(Ratio(20)), AmountOff([eur(500)])


def deal(id: str, benefit: Benefit = TEN, **more: Any) -> Promotion:
    return Promotion(id, id, benefit, **more)


def found(*promotions: Promotion) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.kind, one.promotions) for one in clashes(promotions, PRODUCTS)]


WINNER = deal("winner", exclusive=True, priority=5)


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        (WINNER, deal("loser")),
        (WINNER, deal("loser", priority=9)),
        (WINNER, deal("loser", code="LOSER")),
        (WINNER, deal("loser", exclusive=True)),
        (deal("winner", exclusive=True, skus={"MUG"}), deal("loser", categories={"cups"})),
        (deal("winner", exclusive=True, minimum=[eur(500)]), deal("loser", minimum=[eur(600)])),
        (deal("winner", exclusive=True, when=[FirstOrder()]), deal("loser", when=[FirstOrder()])),
        (deal("winner", exclusive=True, starts=NOON), deal("loser", starts=NOON + timedelta(days=1))),
        (deal("winner", TWENTY, group="g", priority=1), deal("loser", TEN, group="g")),
        (deal("winner", TEN, group="g", priority=1), deal("loser", TEN, group="g")),
    ],
)
def test_what_another_one_always_keeps_out_is_shadowed(winner: Promotion, loser: Promotion) -> None:
    """Whatever cart the loser is for, the winner applies to it: the loser never does."""
    assert found(loser, winner) == [("shadowed", ("winner", "loser"))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (deal("one", exclusive=True, code="ONE"), deal("other", priority=1)),
        (deal("one", exclusive=True, limit=5), deal("other", priority=1)),
        (deal("one", exclusive=True, per_person=1), deal("other", priority=1)),
        (deal("one", exclusive=True, skus={"MUG"}), deal("other", priority=1)),
        (deal("one", exclusive=True, minimum=[eur(700)]), deal("other", minimum=[eur(600)], priority=1)),
        (deal("one", exclusive=True, when=[FirstOrder()]), deal("other", priority=1)),
        (deal("one", exclusive=True, starts=NOON), deal("other", priority=1)),
        (deal("one", exclusive=True, ends=NOON), deal("other", priority=1)),
        (deal("one", FIVE, exclusive=True), deal("other", priority=1)),
        (deal("one", exclusive=True), deal("other", FREE_SHIPPING, priority=1)),
        (deal("one", BuyGet(2, 1), exclusive=True), deal("other", priority=1)),
        (deal("one", EveryNth(3), exclusive=True), deal("other", EveryNth(2), priority=1)),
        (deal("one", TieredPercent([Tier([eur(5000)], Ratio(9))]), exclusive=True), deal("other", priority=1)),
        (deal("one", exclusive=True, lane="goods"), deal("other", priority=1)),
        (deal("one", exclusive=True, full_price=True), deal("other", priority=1)),
        (deal("one", TWENTY, group="g", priority=1, lane="x"), deal("other", TEN, group="g")),
        (deal("one", TWENTY, group="g", priority=1), deal("other", TEN, group="h")),
        (deal("one", Percent(Ratio(20), cap=[eur(100)]), group="g", priority=1), deal("other", TEN, group="g")),
        (deal("one", TEN, group="g", priority=1), deal("other", FIVE, group="g")),
    ],
)
def test_what_some_cart_can_get_is_left_alone(one: Promotion, other: Promotion) -> None:
    """The one needs a code, has a limit, covers less, asks for more, or is not always the better."""
    assert found(one, other) == []


def test_turns_that_only_the_order_of_the_file_decides_are_ties() -> None:
    """5.00 off and 10 % off come to other amounts the other way round; all that tie are told at once."""
    assert found(deal("a", FIVE), deal("b", TEN), deal("c", FIVE, code="C")) == [("tie", ("a", "b", "c"))]
    (tie,) = clashes([deal("a", FIVE), deal("b", TEN)], PRODUCTS)
    assert str(tie) == (
        "Promotions a, b, priority: they have the priority 0 and can meet on the same goods: their order in the file decides. "
        "Give them different priorities."
    )
    (carriage,) = clashes([deal("a", FREE_SHIPPING), deal("b", AmountOff([eur(100)], "shipping"))], PRODUCTS)
    assert "on the same carriage" in carriage.problem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (deal("a", FIVE, priority=1), deal("b", TEN)),
        (deal("a", TWENTY), deal("b", TEN)),
        (deal("a", FIVE, skus={"MUG"}), deal("b", TEN, skus={"TEA"})),
        (deal("a", FIVE), deal("b", FREE_SHIPPING)),
        (deal("a", FIVE, ends=NOON), deal("b", TEN, starts=NOON)),
        (deal("a", FIVE), deal("b", AmountOff([Money(500, "USD")]))),
        (deal("a", FIVE, group="g"), deal("b", TEN, group="g")),
        (deal("a", FIVE, exclusive=True, code="A"), deal("b", TEN)),
    ],
)
def test_where_the_order_changes_nothing_there_is_no_tie(one: Promotion, other: Promotion) -> None:
    """Percents commute; other goods, other times, other currencies and rivals of one group never meet."""
    assert found(one, other) == []


def test_a_budget_that_is_less_than_what_is_promised_is_seen() -> None:
    """Thirty uses of 5.00 are 150.00; a percent with a cap is as bad, one without promises no amount; what fits is left alone."""
    (fixed,) = clashes([deal("a", FIVE, limit=30, budget=[eur(10_000)])], PRODUCTS)
    assert str(fixed) == (
        "Promotion a, budget: its 30 uses of 5.00 EUR come to 150.00 EUR, and its budget is 100.00 EUR. "
        "Raise the budget, or lower the limit or the amount: it ends with the money."
    )
    (one,) = clashes([deal("a", Percent(Ratio(9), cap=[eur(500)]), budget=[eur(400)])], PRODUCTS)
    assert one.problem == "one use may take 5.00 EUR, and its budget is 4.00 EUR"
    for fits in (deal("a", FIVE, limit=20, budget=[eur(10_000)]), deal("a", TEN, limit=30, budget=[eur(1)]), deal("a", FIVE, limit=30)):
        assert clashes([fits], PRODUCTS) == ()


def test_what_is_shadowed_does_not_tie_as_well() -> None:
    assert found(WINNER, deal("a", FIVE, priority=5), deal("b", TEN, priority=5)) == [
        ("shadowed", ("winner", "a")),
        ("shadowed", ("winner", "b")),
    ]
