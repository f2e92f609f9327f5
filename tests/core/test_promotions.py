"""Promotions: when they apply, how far away they are when not, and what they take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.money import ALLOCATIONS, ROUNDINGS, Allocation, Money, Ratio, Rounding
from checkout_core.promotions import Applies, Goods, Promotion, judge, split, stack
from checkout_core.refusals import Refused

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def goods(*amounts: int, shipping: int | None = 500) -> Goods:
    """Lines a, b, c … with these amounts."""
    return Goods("EUR", [chr(ord("a") + i) for i in range(len(amounts))], amounts, amounts, shipping)


def percent(text: str, id: str = "p", **more: Any) -> Promotion:
    return Promotion(id, id, "percent", percent=Ratio.parse(text), **more)


def fixed(minor: int, id: str = "f", **more: Any) -> Promotion:
    return Promotion(id, id, "fixed", amounts=[eur(minor)], **more)


def free_shipping(id: str = "s", **more: Any) -> Promotion:
    return Promotion(id, id, "free_shipping", **more)


def test_percent_is_rounded_once_and_split() -> None:
    """35 % off 0.99, 1.99 and 2.99 is 2.09, not the sum of three roundings (RB-55)."""
    took = judge(percent("35"), goods(99, 199, 299), NOW)
    assert isinstance(took, Applies)
    assert sum(took.shares) == 209
    assert took.shares == (34, 70, 105)  # exact parts 34.658, 69.667, 104.675


def test_fixed_is_limited_to_the_goods() -> None:
    """10.00 off a cart of 8.00 takes 8.00, and 2.00 is reported unused (RB-68, G6)."""
    assert judge(fixed(1000), goods(300, 500), NOW) == Applies((300, 500), (300, 500), 0, 200)


def test_no_line_becomes_dearer() -> None:
    """0.15 off ten lines of 1.00: no share is negative, all add up (OB-2)."""
    took = judge(fixed(15), goods(*[100] * 10), NOW)
    assert isinstance(took, Applies)
    assert took.shares == (2, 2, 2, 2, 2, 1, 1, 1, 1, 1)


def test_only_the_goods_it_covers() -> None:
    """A promotion for some SKUs takes nothing from other lines."""
    assert judge(percent("50", skus=["b"]), goods(100, 200), NOW) == Applies((0, 200), (0, 100))
    assert judge(percent("50", skus=["x"]), goods(100, 200), NOW) == Refused("not-these-goods", "p")
    assert judge(free_shipping(skus=["x"]), goods(100), NOW) == Refused("not-these-goods", "s")


def test_free_shipping() -> None:
    """The carriage is taken off as a whole; where it costs nothing, that is no effect, and where it is not known, no refusal."""
    assert judge(free_shipping(), goods(100), NOW) == Applies((0,), (0,), 500)
    assert judge(free_shipping(), goods(100, shipping=0), NOW) == Refused("no-effect", "s")
    assert judge(free_shipping(), goods(100, shipping=None), NOW) == Applies((0,), (0,), 0)


@pytest.mark.parametrize(
    ("moment", "reason"),
    [(NOW - HOUR, "not-yet"), (NOW, None), (NOW + HOUR, None), (NOW + 2 * HOUR, "expired"), (NOW + 3 * HOUR, "expired")],
)
def test_the_window_is_half_open(moment: datetime, reason: str | None) -> None:
    """It runs from its start, included, to its end, not included; outside it says when (G4)."""
    deal = percent("10", starts=NOW, ends=NOW + 2 * HOUR)
    verdict = judge(deal, goods(100), moment)
    if reason is None:
        assert isinstance(verdict, Applies)
    else:
        assert verdict == Refused(reason, "p", until=deal.starts if reason == "not-yet" else deal.ends)


def test_minimum_spend_says_what_is_missing() -> None:
    """Short of the minimum it says by how much; reaching it is enough."""
    deal = percent("10", code="SAVE10", minimum=[eur(5000)])
    assert judge(deal, goods(4000, 590), NOW) == Refused("minimum-spend", "SAVE10", missing=eur(410))
    assert isinstance(judge(deal, goods(4000, 1000), NOW), Applies)


@pytest.mark.parametrize(("basis", "applied"), [("current", ["first"]), ("original", ["first", "second"])])
def test_basis_of_the_minimum(basis: Any, applied: list[str]) -> None:
    """The minimum looks at what earlier promotions left, unless it asks for the undiscounted goods."""
    second = percent("10", "second", minimum=[eur(1000)], minimum_basis=basis)
    stacked = stack([percent("10", "first"), second], goods(1000), NOW)
    assert [deal.id for deal, _ in stacked.applied] == applied


def test_other_currency() -> None:
    """An amount or a minimum in another currency is never converted."""
    dollars = Money(100, "USD")
    assert judge(Promotion("f", "F", "fixed", amounts=[dollars]), goods(100), NOW) == Refused("other-currency", "f", "USD")
    assert judge(percent("10", minimum=[dollars]), goods(100), NOW) == Refused("other-currency", "p", "USD")


def test_used_up() -> None:
    """What the counters say is the answer, with their facts."""
    gone = Refused("coupon-used-up", "SAVE10", until=NOW + HOUR)
    assert judge(percent("10"), goods(100), NOW, used_up=gone) is gone


def test_too_small_to_matter() -> None:
    """A discount that rounds to nothing is no discount: no use of it is spent."""
    assert judge(percent("1"), goods(10), NOW) == Refused("no-effect", "p")
    assert judge(percent("10"), goods(0, 0), NOW) == Refused("no-effect", "p")


def test_priority_then_given_order() -> None:
    """The higher priority comes first, equals come in the order given, each on what is left (G6)."""
    deals = [fixed(100, "a"), percent("50", "b"), fixed(200, "c", priority=5)]
    stacked = stack(deals, goods(1000), NOW)
    assert [(deal.id, sum(took.shares)) for deal, took in stacked.applied] == [("c", 200), ("a", 100), ("b", 350)]
    assert list(stacked.current) == [350]


def test_stacking_ends_at_zero() -> None:
    """50 off and 100 % off 100 is 0; a third finds nothing and says so (RB-70, G6)."""
    stacked = stack([fixed(5000, "a"), percent("100", "b"), fixed(100, "c")], goods(10_000), NOW)
    assert [sum(took.shares) for _, took in stacked.applied] == [5000, 5000]
    assert stacked.refused == ((fixed(100, "c"), Refused("no-effect", "c")),)


def test_exclusive_applies_alone() -> None:
    """The first exclusive promotion that qualifies applies alone, whatever the priority of the others; they name it."""
    deals = [percent("50", "big", priority=9), percent("5", "only", exclusive=True), percent("90", "later", exclusive=True)]
    stacked = stack(deals, goods(1000), NOW)
    assert [(deal.id, sum(took.shares)) for deal, took in stacked.applied] == [("only", 50)]
    assert [refused for _, refused in stacked.refused] == [Refused("not-combinable", id, "only") for id in ("big", "later")]


def test_exclusive_that_misses_excludes_nobody() -> None:
    """An exclusive promotion that does not qualify leaves the others alone."""
    deals = [percent("5", "only", exclusive=True, minimum=[eur(5000)]), percent("50", "big")]
    stacked = stack(deals, goods(1000), NOW)
    assert [deal.id for deal, _ in stacked.applied] == ["big"]
    assert [refused.reason for _, refused in stacked.refused] == ["minimum-spend"]


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda: Promotion("", "P", "free_shipping"), "no id"),
        (lambda: Promotion("p", "P", "half"), "not a kind"),  # type: ignore[arg-type]
        (lambda: Promotion("p", "P", "percent"), "percent goes with"),
        (lambda: Promotion("p", "P", "fixed"), "amounts go with"),
        (lambda: Promotion("p", "P", "free_shipping", percent=Ratio(1)), "percent goes with"),
        (lambda: percent("0"), "at most 100"),
        (lambda: percent("100.1"), "at most 100"),
        (lambda: fixed(0), "more than zero"),
        (lambda: Promotion("p", "P", "fixed", amounts=[eur(1), eur(2)]), "two amounts"),
        (lambda: Promotion("p", "P", "fixed", amounts={"USD": eur(1)}), "another currency"),
        (lambda: fixed(1, minimum=[Money(1, "USD")]), "no minimum in EUR"),
        (lambda: percent("1", skus=[]), "no SKU"),
        (lambda: percent("1", code="save 10"), "A code has"),
        (lambda: percent("1", code="save10"), "not canonical"),
        (lambda: percent("1", starts=NOW.replace(tzinfo=None)), "UTC"),
        (lambda: percent("1", ends=NOW.astimezone(timezone(HOUR))), "UTC"),
        (lambda: percent("1", starts=NOW, ends=NOW), "before it starts"),
        (lambda: percent("1", limit=0), "limit"),
        (lambda: percent("1", per_person=True), "per_person"),
        (lambda: percent("1", priority=1.5), "priority"),
        (lambda: percent("1", minimum_basis="net"), "not a basis"),
    ],
)
def test_mistakes_are_found_at_once(mistake: Callable[[], object], words: str) -> None:
    """A promotion that contradicts itself cannot be made."""
    with pytest.raises(ValueError, match=words):
        mistake()


AMOUNTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=12)


@given(AMOUNTS.filter(any), st.data(), st.sampled_from(ALLOCATIONS), st.sampled_from(ROUNDINGS))
def test_a_split_is_exact_and_fair(amounts: list[int], data: st.DataObject, allocation: Allocation, mode: Rounding) -> None:
    """Under every policy the shares add up, none is negative and none is more than its line (OB-2, G7)."""
    amount = data.draw(st.integers(0, sum(amounts)))
    shares = split(amount, amounts, allocation, mode)
    assert sum(shares) == amount
    assert all(0 <= share <= line for share, line in zip(shares, amounts, strict=True))


def test_a_rest_never_exceeds_its_line() -> None:
    """Where a method gives one line the rest of the rounding, what that line cannot take moves on (OB-2)."""
    assert split(2, [1, 1, 1], "rounded_last_rest", "down") == [0, 1, 1]


@given(AMOUNTS, st.integers(1, 20_000), st.integers(1, 1000), st.permutations(["f", "p", "s"]), st.sampled_from(ROUNDINGS))
def test_any_stack_stays_above_zero(amounts: list[int], off: int, tenths: int, order: list[str], mode: Rounding) -> None:
    """Whatever is stacked in whatever order, every line stays at zero or more, and what was taken plus what is left is the start (G6)."""
    deals = {"f": fixed(off), "p": Promotion("p", "P", "percent", percent=Ratio(tenths, 10)), "s": free_shipping()}
    stacked = stack([deals[id] for id in order], goods(*amounts), NOW, mode=mode)
    taken = [sum(column) for column in zip(*(took.shares for _, took in stacked.applied), strict=True)] or [0] * len(amounts)
    assert [a - t for a, t in zip(amounts, taken, strict=True)] == list(stacked.current)
    assert all(left >= 0 for left in stacked.current)
    assert stacked.shipping == 0
