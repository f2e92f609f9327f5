"""Promotions: when they apply, how far away they are when not, and how they get on with each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.errors import BadSetting, Misconfigured
from checkout_core.money import ALLOCATIONS, ROUNDINGS, Allocation, Money, Ratio, Rounding
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions import AmountOff, BuyGet, EntryOff, EveryNth, Given, Percent, Promotion, SetPrice, UnitOff, judge, stack
from checkout_core.refusals import Refused
from checkout_core.sheet import Sheet
from tests.core.sales import FREE_SHIPPING, NOW, eur, fixed, percent, promotion

HOUR = timedelta(hours=1)


def goods(*amounts: int, shipping: int | None = 500) -> Sheet:
    """Lines a, b, c … with these amounts, one unit each, and the carriage; None is not known yet."""
    keys = [chr(ord("a") + i) for i in range(len(amounts))]
    carriage = [] if shipping is None else [shipping]
    units = [*amounts, *carriage]
    return Sheet("EUR", len(amounts), keys + ["post"] * len(carriage), units, [1] * len(units), carriage_known=bool(carriage))


def free_shipping(**more: Any) -> Promotion:
    return evolve(FREE_SHIPPING, id="s", **more)


def shares(verdict: Given | Refused) -> list[int]:
    assert isinstance(verdict, Given), verdict
    return list(verdict.shares)


# What it takes off.


def test_percent_is_rounded_once_and_split() -> None:
    """35 % off 0.99, 1.99 and 2.99 is 2.09, not the sum of three roundings (RB-55)."""
    took = shares(judge(percent("35"), goods(99, 199, 299), NOW))
    assert sum(took) == 209
    assert took == [34, 70, 105]  # exact parts 34.658, 69.667, 104.675


def test_fixed_is_limited_to_the_goods() -> None:
    """10.00 off a cart of 8.00 takes 8.00, and 2.00 is reported unused (RB-68, G6)."""
    assert judge(fixed(1000), goods(300, 500), NOW) == Given((0, 1), (300, 500), unused=200)


def test_no_line_becomes_dearer() -> None:
    """0.15 off ten lines of 1.00: no share is negative, all add up (OB-2)."""
    assert shares(judge(fixed(15), goods(*[100] * 10), NOW)) == [2, 2, 2, 2, 2, 1, 1, 1, 1, 1]


def test_only_the_goods_it_covers() -> None:
    """A promotion for some SKUs takes nothing from other lines."""
    assert judge(percent("50", skus=["b"]), goods(100, 200), NOW) == Given((1,), (100,))
    assert judge(percent("50", skus=["x"]), goods(100, 200), NOW) == Refused("not-these-goods", "p")
    assert judge(free_shipping(skus=["x"]), goods(100), NOW) == Refused("not-these-goods", "s")


def test_free_shipping() -> None:
    """The carriage is taken off as a whole; where it costs nothing, that is no effect, and where it is not known, no refusal."""
    assert judge(free_shipping(), goods(100), NOW) == Given((1,), (500,))
    assert judge(free_shipping(), goods(100, shipping=0), NOW) == Refused("no-effect", "s")
    assert judge(free_shipping(), goods(100, shipping=None), NOW) == Given((), ())
    assert judge(free_shipping(methods=["van"]), goods(100), NOW) == Refused("no-effect", "s")


def test_a_verdict_changes_nothing() -> None:
    """Asking whether a promotion applies leaves the amounts as they were."""
    sheet = goods(1000)
    judge(percent("10"), sheet, NOW)
    assert sheet.current == [1000, 500]


# When.


@pytest.mark.parametrize(
    ("moment", "reason"),
    [(NOW - HOUR, "not-yet"), (NOW, None), (NOW + HOUR, None), (NOW + 2 * HOUR, "expired"), (NOW + 3 * HOUR, "expired")],
)
def test_the_window_is_half_open(moment: datetime, reason: str | None) -> None:
    """It runs from its start, included, to its end, not included; outside it says when (G4)."""
    deal = percent("10", starts=NOW, ends=NOW + 2 * HOUR)
    verdict = judge(deal, goods(100), moment)
    if reason is None:
        assert isinstance(verdict, Given)
    else:
        assert verdict == Refused(reason, "p", until=deal.starts if reason == "not-yet" else deal.ends)


def test_minimum_spend_says_what_is_missing() -> None:
    """Short of the minimum it says by how much; reaching it is enough. Carriage does not count."""
    deal = percent("10", code="SAVE10", minimum=[eur(5000)])
    assert judge(deal, goods(4000, 590), NOW) == Refused("minimum-spend", "SAVE10", missing=eur(410))
    assert isinstance(judge(deal, goods(4000, 1000), NOW), Given)
    assert judge(deal, goods(4999, shipping=9999), NOW) == Refused("minimum-spend", "SAVE10", missing=eur(1))


def test_a_minimum_of_some_goods() -> None:
    """Only the goods it names count towards the minimum, whatever the promotion covers."""
    deal = percent("10", minimum=[eur(500)], minimum_skus=["b"])
    assert judge(deal, goods(9000, 400), NOW) == Refused("minimum-spend", "p", missing=eur(100))
    assert shares(judge(deal, goods(9000, 500), NOW)) == [900, 50]


@pytest.mark.parametrize(("basis", "applied"), [("current", ["first"]), ("original", ["first", "second"])])
def test_basis_of_the_minimum(basis: Any, applied: list[str]) -> None:
    """The minimum looks at what earlier promotions left, unless it asks for the undiscounted goods."""
    second = percent("10", "second", minimum=[eur(1000)], minimum_basis=basis)
    stacked = stack([percent("10", "first"), second], goods(1000), NOW)
    assert [deal.id for deal, _ in stacked.applied] == applied


def test_other_currency() -> None:
    """An amount or a minimum in another currency is never converted."""
    assert judge(fixed(100, currency="USD"), goods(100), NOW) == Refused("other-currency", "f", "USD")
    assert judge(percent("10", minimum=[Money(100, "USD")]), goods(100), NOW) == Refused("other-currency", "p", "USD")
    two = promotion("e", EntryOff([eur(1), Money(1, "USD")]), minimum=[Money(100, "USD"), Money(100, "JPY")])
    assert two.currencies == frozenset({"USD"})
    assert percent("10").currencies is None


def test_used_up() -> None:
    """What the counters say is the answer, with their facts."""
    gone = Refused("coupon-used-up", "SAVE10", until=NOW + HOUR)
    assert judge(percent("10"), goods(100), NOW, used_up=gone) is gone


def test_too_small_to_matter() -> None:
    """A discount that rounds to nothing is no discount: no use of it is spent."""
    assert judge(percent("1"), goods(10), NOW) == Refused("no-effect", "p")
    assert judge(percent("10"), goods(0, 0), NOW) == Refused("no-effect", "p")


# Together.


def test_priority_then_given_order() -> None:
    """The higher priority comes first, equals come in the order given, each on what is left (G6)."""
    sheet, deals = goods(1000, shipping=None), [fixed(100, "a"), percent("50", "b"), fixed(200, "c", priority=5)]
    stacked = stack(deals, sheet, NOW)
    assert [(deal.id, took.amount) for deal, took in stacked.applied] == [("c", 200), ("a", 100), ("b", 350)]
    assert sheet.current == [350]


def test_stacking_ends_at_zero() -> None:
    """50 off and 100 % off 100 is 0; a third finds nothing and says so (RB-70, G6)."""
    stacked = stack([fixed(5000, "a"), percent("100", "b"), fixed(100, "c")], goods(10_000), NOW)
    assert [took.amount for _, took in stacked.applied] == [5000, 5000]
    assert stacked.refused == ((fixed(100, "c"), Refused("no-effect", "c")),)


def test_exclusive_applies_alone() -> None:
    """The first exclusive promotion that qualifies applies alone, whatever the priority of the others; they name it."""
    deals = [percent("50", "big", priority=9), percent("5", "only", exclusive=True), percent("90", "later", exclusive=True)]
    stacked = stack(deals, goods(1000), NOW)
    assert [(deal.id, took.amount) for deal, took in stacked.applied] == [("only", 50)]
    assert [refused for _, refused in stacked.refused] == [Refused("not-combinable", id, "only") for id in ("big", "later")]


def test_exclusive_that_misses_excludes_nobody() -> None:
    """An exclusive promotion that does not qualify leaves the others alone."""
    deals = [percent("5", "only", exclusive=True, minimum=[eur(5000)]), percent("50", "big")]
    stacked = stack(deals, goods(1000), NOW)
    assert [deal.id for deal, _ in stacked.applied] == ["big"]
    assert [refused.reason for _, refused in stacked.refused] == ["minimum-spend"]


def test_an_exclusive_one_shuts_out_its_lane_alone() -> None:
    """Whoever is exclusive in the lane of goods leaves the lane of carriage alone; exclusive ones come first, whatever their priority."""
    only, big = percent("5", "only", exclusive=True, lane="goods"), percent("50", "big", lane="goods", priority=9)
    other, carriage = percent("10", "other", priority=8), free_shipping(exclusive=True, lane="carriage")
    stacked = stack([other, big, only, carriage], goods(1000), NOW)
    assert [(deal.id, took.amount) for deal, took in stacked.applied] == [("only", 50), ("s", 500), ("other", 95)]
    assert stacked.refused == ((big, Refused("not-combinable", "big", "only")),)


def test_a_group_is_of_its_lane() -> None:
    """Two of one name in two lanes are no rivals, and a lane's group is worked out again as one (I12)."""
    deals = [percent("50", "a", group="g"), percent("10", "b", group="g"), percent("20", "c", group="g", lane="other")]
    stacked = stack(deals, goods(1000), NOW)
    assert [(deal.id, took.amount) for deal, took in stacked.applied] == [("a", 500), ("c", 100)]
    assert [deal.rivals for deal in deals] == ["g", "g", "other:g"]


def test_full_price_passes_over_what_is_cheaper_already() -> None:
    """1000 is reduced, 500 is not: half off the rest is 250; where nothing is at its full price it says so, and not if nothing is there."""
    tenth, half = percent("10", "tenth", skus=["a"], priority=1), percent("50", "half", full_price=True)
    stacked = stack([tenth, half], goods(1000, 500), NOW)
    assert [(deal.id, took.entries, took.amount) for deal, took in stacked.applied] == [("tenth", (0,), 100), ("half", (1,), 250)]
    stacked = stack([tenth, half], goods(1000), NOW)
    assert stacked.refused == ((half, Refused("already-reduced", "half")),)
    assert judge(percent("50", skus=["x"], full_price=True), goods(100), NOW) == Refused("not-these-goods", "p")


@pytest.mark.parametrize("place", ["lane", "group"])
def test_lanes_and_groups_have_no_colon(place: str) -> None:
    with pytest.raises(BadSetting, match="has a colon in it"):
        promotion("p", Percent(Ratio(5)), **{place: "a:b"})


def test_of_a_group_the_best_one_takes_each_line() -> None:
    """Half is better for 1000, 2.00 off for 100: each line has one of them. Who is beaten everywhere says by whom."""
    half, two_off = percent("50", "half", "lines", group="g"), promotion("two", EntryOff([eur(200)]), group="g")
    tenth, sheet = percent("10", "tenth", "lines", group="g"), goods(1000, 100, shipping=None)
    stacked = stack([tenth, half, two_off], sheet, NOW)
    assert [(deal.id, took.shares) for deal, took in stacked.applied] == [("half", (500, 0)), ("two", (0, 100))]
    assert stacked.refused == ((tenth, Refused("not-combinable", "tenth", "half")),)
    assert sheet.current == [500, 0]


def test_in_a_group_equals_go_to_the_earlier() -> None:
    """Two that take the same: the one with the earlier turn has it, and what is no rival of theirs comes on top."""
    deals = [percent("50", "a", group="g"), percent("50", "b", group="g", priority=1), percent("10", "c")]
    stacked = stack(deals, goods(1000), NOW)
    assert [(deal.id, took.amount) for deal, took in stacked.applied] == [("b", 500), ("c", 50)]
    assert [refused for _, refused in stacked.refused] == [Refused("not-combinable", "a", "b")]


def test_only_codes_that_were_typed() -> None:
    """A promotion with another code is passed over without a word; one of a group does not beat the others either."""
    deals = [percent("50", "a", code="A", group="g"), percent("10", "b", code="B", group="g"), percent("1", "c", code="C")]
    stacked = stack(deals, goods(1000), NOW, codes=["B"])
    assert [(deal.id, took.amount) for deal, took in stacked.applied] == [("b", 100)]
    assert stacked.refused == ()
    assert len(stack(deals, goods(1000), NOW).applied) == 2


def test_what_is_used_up_does_not_compete() -> None:
    """The counters are asked by promotion, also within a group."""
    gone = Refused("coupon-used-up", "a")
    stacked = stack([percent("50", "a", group="g"), percent("10", "b", group="g")], goods(1000), NOW, used_up={"a": gone})
    assert [deal.id for deal, _ in stacked.applied] == ["b"]
    assert [refused for _, refused in stacked.refused] == [gone]


# Mistakes.


def with_(**more: Any) -> Callable[[], Promotion]:
    return lambda: percent("1", **more)


MISTAKES: list[tuple[Callable[[], Promotion], str, str]] = [
    (lambda: percent("1", id=""), "id", "no id"),
    (lambda: promotion("p", "half"), "benefit", "is no benefit"),  # type: ignore[arg-type]
    (lambda: promotion("p", EntryOff([eur(1)]), minimum=[Money(1, "USD")]), "minimum", "no currency has both"),
    (lambda: fixed(1, minimum=[Money(1, "USD")]), "minimum", "no currency has both"),
    (lambda: promotion("p", AmountOff([eur(1), Money(1, "USD")]), minimum=[Money(9, "USD")]), "minimum", "no minimum in EUR"),
    (with_(minimum=[eur(0)]), "minimum", "zero or less"),
    (with_(minimum=[eur(-1)]), "minimum", "zero or less"),
    (with_(minimum_basis="net"), "minimum_basis", "not a basis"),
    (lambda: promotion("p", BuyGet(1, 1), skus=["a"]), "skus", "stands in the benefit"),
    (with_(skus=[]), "skus", "covers nothing"),
    (lambda: free_shipping(methods=[]), "skus", "covers nothing"),
    (lambda: free_shipping(skus=[]), "skus", "covers nothing"),
    (with_(on="order_and_shipping", skus=[], methods=[]), "skus", "covers nothing"),
    (lambda: promotion("p", EveryNth(2), skus=[]), "skus", "covers nothing"),
    (with_(minimum_skus=["a"]), "minimum_skus", "no minimum"),
    (with_(minimum=[eur(1)], minimum_skus=[]), "minimum_skus", "no goods"),
    (with_(code="save10"), "code", "not canonical"),
    (with_(starts=NOW.replace(tzinfo=None)), "starts", "not in UTC"),
    (with_(ends=NOW.astimezone(timezone(HOUR))), "ends", "not in UTC"),
    (with_(starts=NOW, ends=NOW), "ends", "ends before it starts"),
    (with_(limit=0), "limit", "whole number of uses"),
    (with_(per_person=True), "per_person", "whole number of uses"),
    (with_(limit=1, per_person=2), "per_person", "more often than all together"),
    (with_(priority=1.5), "priority", "whole number"),
    (with_(group=""), "group", "no name"),
]


@pytest.mark.parametrize(("mistake", "place", "problem"), MISTAKES, ids=[f"{place}-{problem}" for _, place, problem in MISTAKES])
def test_mistakes_are_found_at_once(mistake: Callable[[], Promotion], place: str, problem: str) -> None:
    """A promotion that contradicts itself, or can never apply, cannot be made; it is named, with what is wrong and what to do."""
    with pytest.raises(BadSetting) as caught:
        mistake()
    error = caught.value
    assert problem in error.problem
    assert error.place.endswith(f", {place}")
    assert error.cure.endswith(".")
    assert not error.problem.endswith(".")
    assert str(error) == f"{error.place}: {error.problem}. {error.cure}"
    assert isinstance(error, Misconfigured)
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("mistake", "kind", "words"),
    [
        (lambda: AmountOff([eur(1), eur(2)]), ValueError, "two amounts"),
        (lambda: AmountOff({"USD": eur(1)}), ValueError, "filed under"),
        (with_(code="save 10"), ValueError, "A code has"),
        (with_(skus="abc"), TypeError, "not the text"),
        (with_(methods="post"), TypeError, "not the text"),
        (lambda: BuyGet(1, 1, buy="ab"), TypeError, "not the text"),
    ],
)
def test_a_callers_mistake_crashes(mistake: Callable[[], object], kind: type[Exception], words: str) -> None:
    """What is no value of the kind at all is no setting to be cured."""
    with pytest.raises(kind, match=words):
        mistake()


def test_who_covers_nothing_here_may_cover_something_else() -> None:
    """No goods, but all carriage, is something; so is all goods on the carriage of some methods."""
    assert percent("1", on="order_and_shipping", skus=[]).methods is None
    assert free_shipping(methods=["post"]).skus is None


# For any amounts.

AMOUNTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=12)


@given(AMOUNTS.filter(any), st.data(), st.sampled_from(ALLOCATIONS), st.sampled_from(ROUNDINGS))
def test_a_split_is_exact_and_fair(amounts: list[int], data: st.DataObject, allocation: Allocation, mode: Rounding) -> None:
    """Under every policy the shares add up, none is negative and none is more than its line (OB-2, G7)."""
    amount = data.draw(st.integers(1, sum(amounts)))
    policy = PricingPolicy(allocation=allocation, allocation_mode=mode)
    took = shares(judge(fixed(amount), goods(*amounts), NOW, policy=policy))
    assert sum(took) == amount
    assert all(0 <= share <= line for share, line in zip(took, amounts, strict=True))


def test_a_rest_never_exceeds_its_line() -> None:
    """Where a method gives one line the rest of the rounding, what that line cannot take moves on (OB-2)."""
    policy = PricingPolicy(allocation="rounded_last_rest", allocation_mode="down")
    assert shares(judge(fixed(2), goods(1, 1, 1), NOW, policy=policy)) == [0, 1, 1]


DEALS = {
    "e": promotion("e", EntryOff([eur(70)])),
    "n": promotion("n", EveryNth(2, percent=Ratio(50))),
    "s": free_shipping(),
    "t": promotion("t", SetPrice([eur(500)]), minimum=[eur(800)]),
    "u": promotion("u", UnitOff([eur(3)], "order_and_shipping")),
}


@given(AMOUNTS, st.integers(1, 20_000), st.integers(1, 1000), st.permutations(["f", "p", *DEALS]), st.sampled_from(ROUNDINGS))
def test_any_stack_stays_above_zero(amounts: list[int], off: int, tenths: int, order: list[str], mode: Rounding) -> None:
    """Whatever is stacked in whatever order, every entry stays at zero or more, and what was taken plus what is left is the start (G6)."""
    sheet, deals = goods(*amounts), DEALS | {"f": fixed(off), "p": promotion("p", Percent(Ratio(tenths, 10)))}
    stacked = stack([deals[id] for id in order], sheet, NOW, policy=PricingPolicy(discount_mode=mode))
    taken = [0] * len(sheet.original)
    for _, took in stacked.applied:
        for entry, share in zip(took.entries, took.shares, strict=True):
            taken[entry] += share
    assert [a - t for a, t in zip(sheet.original, taken, strict=True)] == sheet.current
    assert all(left >= 0 for left in sheet.current)
    assert sheet.current[-1] == 0
