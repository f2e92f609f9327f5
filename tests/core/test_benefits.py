"""What each benefit takes off, worked out by hand; what none of them may do; and settings that cannot mean anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, get_args

import pytest
from attrs import evolve
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from checkout_core.errors import BadSetting
from checkout_core.money import Money, Ratio
from checkout_core.pricing import PricingPolicy, Quote, price
from checkout_core.promotions import (
    BENEFITS,
    FREE_SHIPPING,
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    FreeGift,
    On,
    Part,
    Percent,
    SetPrice,
    SetTotal,
    Tier,
    TieredPercent,
    UnitOff,
)
from checkout_core.refusals import Refused
from tests.core.sales import BENEFITS as STRATEGIES
from tests.core.sales import NOW, Sale, basket, discounts, eur, fixed, percent, promotion, quoted, sales, shop

HALF = Ratio(50)


def off(units: list[int], quantities: list[int], *benefits: Benefit, carriage: int | None = None, **policy: Any) -> list[int]:
    """What these take off lines of these units and quantities, and then off the carriage."""
    deals = [promotion(f"p{n}", benefit) for n, benefit in enumerate(benefits)]
    facts = shop(*units, promotions=deals, carriage=carriage)
    return discounts(quoted(basket(*quantities, shipping=() if carriage is None else ("post",)), facts, PricingPolicy(**policy)))


def nothing(units: list[int], quantities: list[int], benefit: Benefit) -> bool:
    """Whether it has no effect, and says so."""
    quote = quoted(basket(*quantities), shop(*units, promotions=[promotion("p", benefit)]))
    return not quote.promotions and quote.near_misses == (Refused("no-effect", "p"),)


# One by one.


def test_a_percent_of_lines_is_rounded_line_by_line() -> None:
    """35 % of 0.99, 1.99 and 2.99 are 0.35, 0.70 and 1.05; of their sum it is a cent less (RB-55)."""
    assert off([99, 199, 299], [1, 1, 1], Percent(Ratio(35), "lines")) == [35, 70, 105]
    assert off([99, 199, 299], [1, 1, 1], Percent(Ratio(35))) == [34, 70, 105]


def test_a_percent_of_the_carriage_and_of_all_together() -> None:
    """Half of 4.90; 10 % of 1.00 + 0.50 is 0.15, shared out."""
    assert off([100], [1], Percent(HALF, "shipping"), carriage=490) == [0, 245]
    assert off([100], [1], Percent(Ratio(10), "order_and_shipping"), carriage=50) == [10, 5]
    assert off([100], [1], FREE_SHIPPING, carriage=490) == [0, 490]


def test_a_cap_is_shared_out_instead() -> None:
    """Half of 1.00 and 3.00 would be 2.00; at most 1.00 is 0.25 and 0.75. A cap that is not reached says nothing."""
    assert off([100, 300], [1, 1], Percent(HALF, "lines", cap=[eur(100)])) == [25, 75]
    assert off([100, 300], [1, 1], Percent(HALF, cap=[eur(100)])) == [25, 75]
    assert off([100, 300], [1, 1], Percent(HALF, cap=[eur(201)])) == [50, 150]


def test_a_cap_goes_where_a_floor_leaves_room() -> None:
    """1.00 over two lines of 1.00, of which the first can give 0.10 only: 0.10 and 0.90, whether of lines or of the order."""
    for on in ("lines", "order"):
        facts = shop(100, 100, floors=(90,), promotions=[promotion("p", Percent(Ratio(100), on, cap=[eur(100)]))])
        assert discounts(quoted(basket(1, 1), facts)) == [10, 90]
    facts = shop(100, 100, floors=(90, 95), promotions=[promotion("p", Percent(Ratio(100), "lines", cap=[eur(100)]))])
    assert discounts(quoted(basket(1, 1), facts)) == [10, 5]


@pytest.mark.parametrize(("order", "expected"), [("line_order", [100, 0]), ("price_desc", [50, 100]), ("price_asc", [100, 0])])
def test_so_many_units_only(order: Any, expected: list[int]) -> None:
    """Half off two units of 3 × 1.00 and 1 × 2.00: the first two, the dearest two, the cheapest two."""
    assert off([100, 200], [3, 1], Percent(HALF, "lines", max_units=2, unit_order=order)) == expected
    assert off([100, 200], [3, 1], UnitOff([eur(50)], max_units=2, unit_order=order)) == [min(expected[0], 100), expected[1] // 2]


def test_a_tier_is_reached_by_the_undiscounted_goods() -> None:
    """From 10.00 on 10 %, from 50.00 on 20 %; what came off before does not count, and carriage neither."""
    tiers = TieredPercent([Tier([eur(1000)], Ratio(10)), Tier([eur(5000)], Ratio(20))])
    assert nothing([999], [1], tiers)
    assert off([999], [1], tiers, carriage=9000) == [0, 0]
    assert [off([minor], [1], tiers) for minor in (1000, 4999, 5000)] == [[100], [500], [1000]]
    assert off([1000], [1], AmountOff([eur(500)]), tiers) == [500 + 50]
    assert [tiers.percent_at(1000, currency) for currency in ("EUR", "USD")] == [Ratio(10), None]
    assert off([5000], [1], evolve(tiers, cap=[eur(7)])) == [7]


def test_an_amount_is_shared_out() -> None:
    """5.00 off 10.00 and 30.00 is 1.25 and 3.75; off the carriage it is what that costs, and the rest is unused."""
    assert off([1000, 3000], [1, 1], AmountOff([eur(500)])) == [125, 375]
    quote = quoted(basket(1, shipping=("post",)), shop(1000, carriage=490, promotions=[fixed(500, on="shipping")]))
    assert (discounts(quote), quote.promotions[0].unused) == ([0, 490], 10)


def test_a_set_total() -> None:
    """4.00, 3.00 and 3.00 for 9.00 together is 0.40, 0.30 and 0.30 off; for 11.00 it is no surcharge."""
    assert off([400, 300, 300], [1, 1, 1], SetTotal([eur(900)])) == [40, 30, 30]
    assert off([400, 300, 300], [1, 1, 1], SetTotal([eur(0)])) == [400, 300, 300]
    assert nothing([400, 300, 300], [1, 1, 1], SetTotal([eur(1100)]))


def test_an_amount_off_each_unit_or_line() -> None:
    """0.40 off 3 × 1.00 is 1.20, off 2 × 0.30 all of it; off each line it is 0.40 and 0.40."""
    assert off([100, 30], [3, 2], UnitOff([eur(40)])) == [120, 60]
    assert off([100, 30], [3, 2], EntryOff([eur(40)])) == [40, 40]
    assert off([100, 30], [3, 1], EntryOff([eur(40)]), carriage=500) == [40, 30, 0]
    assert off([100], [3], EntryOff([eur(40)], "shipping"), carriage=500) == [0, 40]


def test_a_set_price() -> None:
    """3 × 1.00 at 0.80 is 0.60 off; 0.50 stays 0.50."""
    assert off([100, 50], [3, 2], SetPrice([eur(80)])) == [60, 0]
    assert off([100], [3], AmountOff([eur(10)]), SetPrice([eur(80)])) == [10 + 17 + 17 + 16]


def test_buy_some_get_some() -> None:
    """Two of a and one of b at half price: with one a there is nothing, and without b it is not for these goods."""
    deal = BuyGet(2, 1, HALF, buy=["a"], get=["b"])
    assert off([100, 80], [2, 1], deal) == [0, 40]
    assert nothing([100, 80], [1, 1], deal)
    without = quoted(basket(3), shop(100, promotions=[promotion("p", deal)]))
    assert without.near_misses == (Refused("not-these-goods", "p"),)
    quote = quoted(basket(2, 3), shop(100, 80, promotions=[promotion("p", deal)]))
    assert (quote.promotions[0].bought, quote.promotions[0].entries, quote.promotions[0].units) == (((0, 2),), (1,), (1,))


def test_a_unit_is_bought_or_got_once() -> None:
    """Of five units each of two promotions takes two; for a third there is one left, which is too few."""
    one = BuyGet(1, 1)
    assert off([100], [5], one, one, one) == [200]
    assert off([100], [6], one, one, one) == [300]
    assert off([100], [2], BuyGet(2, 1)) == [0]


def test_the_dearest_line_is_bought_first() -> None:
    """3.00 is bought and 1.00 is free; among equals the first is bought."""
    assert off([100, 300], [1, 1], BuyGet(1, 1)) == [100, 0]
    assert off([100, 100], [1, 1], BuyGet(1, 1)) == [0, 100]


SET = (Part(1, ["a"]), Part(2, ["b", "c"]))


def test_a_bundle() -> None:
    """A pot of 10.00 with two of tea at 3.00 and 4.00 for 15.00: the dearest first, so 18.00 and 16.00 are paid 15.00 each."""
    both = Bundle(SET, [eur(1500)])
    assert sum(off([1000, 300, 400], [2, 2, 2], both)) == 300 + 100
    assert off([1000, 300, 400], [2, 2, 2], both) == [235, 71, 94]  # 4.00 shared over 20.00, 6.00 and 8.00
    assert sum(off([1000, 300, 400], [2, 2, 2], Bundle(SET, [eur(1500)], max_bundles=1))) == 300
    assert sum(off([1000, 300, 400], [2, 1, 2], both)) == 300
    assert off([1000, 300, 400], [2, 1, 1], Bundle(SET, [eur(1700)])) == [0, 0, 0]


def test_a_bundle_stops_where_it_would_be_no_cheaper() -> None:
    """The first pair is 18.00, the second 12.00: at 15.00 only the first is a bundle; at exactly its worth it is none."""
    pair = (Part(1, ["a"]), Part(1, ["b"]))
    assert sum(off([1000, 500, 800, 700], [1, 2, 1, 1], Bundle((Part(1, ["a", "c"]), Part(1, ["b", "d"])), [eur(1400)]))) == 300
    assert nothing([1000, 500], [1, 1], Bundle(pair, [eur(1500)]))
    assert nothing([1000, 500], [1, 1], Bundle((Part(1, ["a"]), Part(2, ["b"])), [eur(100)]))


def test_a_unit_is_in_one_bundle_or_bought_or_got_once() -> None:
    """Three of a: one is in the bundle with b, two are left for buy-and-get, and then none for another bundle."""
    pair = Bundle((Part(1, ["a"]), Part(1, ["b"])), [eur(150)], max_bundles=1)
    assert off([100, 100], [3, 2], pair) == [25, 25]
    assert sum(off([100, 100], [3, 2], pair, BuyGet(1, 1, buy=["a"], get=["a"]))) == 50 + 100
    assert sum(off([100, 100], [3, 2], pair, BuyGet(1, 1, buy=["a"], get=["a"]), pair)) == 50 + 100
    quote = quoted(basket(3, 2), shop(100, 100, promotions=[promotion("p", pair)]))
    assert (quote.promotions[0].entries, quote.promotions[0].units) == (None, (1, 1))


def test_what_a_bundle_must_say() -> None:
    for place, problem, make in (
        ("parts", "there are none", lambda: Bundle([], [eur(1)])),
        ("parts", "'a' is in two of them", lambda: Bundle((Part(1, ["a", "b"]), Part(1, ["a"])), [eur(1)])),
        ("skus", "names no SKU", lambda: Part(1, [])),
        ("quantity", "at least 1", lambda: Part(0, ["a"])),
        ("max_bundles", "at least 1", lambda: Bundle([Part(1, ["a"])], [eur(1)], max_bundles=0)),
        ("amounts", "no amount", lambda: Bundle([Part(1, ["a"])], [])),
    ):
        with pytest.raises(BadSetting, match=problem) as bad:
            make()
        assert bad.value.place == place


@pytest.mark.parametrize(
    ("benefit", "expected"),
    [
        (EveryNth(3, 3), [0, 20, 30]),  # 10 10 [20] 20 20 [30], and a 30 over
        (EveryNth(3, 1), [10, 20, 0]),  # [10] 10 20 [20] 20 30
        (EveryNth(3, 1, picking="horizontal"), [20, 0, 0]),  # [10] [10] 20 20 20 30
        (EveryNth(3, 3, picking="horizontal"), [0, 20, 30]),
        (EveryNth(3, 1, sort="price_desc"), [0, 20, 30]),  # [30] 30 20 [20] 20 10
        (EveryNth(3, 1, sort="price_desc", max_groups=1), [0, 0, 30]),
        (EveryNth(2, 2, HALF), [5, 10, 15]),  # 10 [10] 20 [20] 20 [30], and a 30 over
        (EveryNth(8), [0, 0, 0]),
    ],
)
def test_every_nth(benefit: EveryNth, expected: list[int]) -> None:
    """Two of 10, three of 20, two of 30, in groups: the chosen one of each complete group is cheaper."""
    assert off([10, 20, 30], [2, 3, 2], benefit) == expected


# What none of them does.

TAKING = [kind for kind in BENEFITS if kind is not FreeGift]
"""Those that take something off what is in the cart. What a gift does is in `test_free_gifts`."""

GREEDY: dict[type[Benefit], Callable[[On], Benefit]] = {
    Percent: lambda on: Percent(Ratio(100), on),
    TieredPercent: lambda on: TieredPercent([Tier([eur(0)], Ratio(100))], on),
    AmountOff: lambda on: AmountOff([eur(10**6)], on),
    SetTotal: lambda on: SetTotal([eur(0)], on),
    UnitOff: lambda on: UnitOff([eur(10**6)], on),
    EntryOff: lambda on: EntryOff([eur(10**6)], on),
    SetPrice: lambda on: SetPrice([eur(0)], on),
    BuyGet: lambda on: BuyGet(1, 3),
    EveryNth: lambda on: EveryNth(1),
    Bundle: lambda on: Bundle([Part(1, ["a", "b", "c", "d"])], [eur(0)]),
}
"""Each of them, asking for everything."""


def test_every_benefit_is_tried() -> None:
    """One that is added later is missed here."""
    assert set(GREEDY) == set(TAKING)
    assert len(STRATEGIES) == len(TAKING)


@pytest.mark.parametrize("kind", TAKING)
def test_a_floor_a_credit_and_nothing_are_kept_by_all(kind: type[Benefit]) -> None:
    """Two at 10.00 with a floor of 9.00 give 2.00 at most, one at 5.00 all of it; a credit and a gift give nothing (G6, RB-68)."""
    for on in get_args(On):
        deal = promotion("p", GREEDY[kind](on))
        facts = shop(1000, 500, -100, 0, floors=(900,), promotions=[deal], carriage=490)
        taken = discounts(quoted(basket(2, 1, 1, 1, shipping=("post",)), facts))
        assert all(0 <= share <= most for share, most in zip(taken, [200, 500, 0, 0, 490], strict=True))
        if kind not in (BuyGet, EveryNth, Bundle):
            lines, carriage = on != "shipping", on in ("shipping", "order_and_shipping")
            assert taken == [200 * lines, 500 * lines, 0, 0, 490 * carriage]


@pytest.mark.parametrize("kind", TAKING)
def test_each_is_at_home_in_its_currencies(kind: type[Benefit]) -> None:
    """Amounts are in the currencies they are given in; a percent and units need none."""
    deal, asked = promotion("p", GREEDY[kind]("order")), basket(3, currency="USD")
    answer = price(asked, shop(100, promotions=[deal], currency="USD"), NOW)
    assert isinstance(answer, Quote)
    foreign = answer.near_misses == (Refused("other-currency", "p", "EUR"),)
    assert foreign is (kind not in (Percent, BuyGet, EveryNth))


def test_a_cap_binds_a_percent_to_its_currencies() -> None:
    """Without a cap in the cart's currency it would be a percent without a cap, so it does not apply; tiers need both."""
    assert promotion("p", Percent(HALF, cap=[eur(1)])).currencies == frozenset({"EUR"})
    tiers = [Tier([eur(1), Money(1, "USD")], HALF)]
    assert promotion("p", TieredPercent(tiers)).currencies == frozenset({"EUR", "USD"})
    assert promotion("p", TieredPercent(tiers, cap=[eur(1)])).currencies == frozenset({"EUR"})


def words(sale: Sale) -> Iterator[str]:
    """What is in a sale and really did something."""
    for used in sale.quote.promotions:
        yield f"{type(used.benefit).__name__} {getattr(used.benefit, 'on', 'lines')}"
        yield from (name for name in ("cap", "max_units") if getattr(used.benefit, name, None))
    deals = [deal for deal, _, _ in sale.promotions]
    yield from (
        name for name in ("group", "exclusive", "minimum", "skus", "lane", "full_price") if any(getattr(deal, name) for deal in deals)
    )
    yield from ("rivals" for a, b in combinations(deals, 2) if a.group and a.group == b.group)
    yield from ("credit" for line in sale.quote.lines if line.unit < 0)
    yield from ("floor" for line in sale.quote.lines if line.discount and line.subtotal - line.discount == line.floor * line.quantity > 0)
    yield from ("parcels" for _ in sale.quote.shipping[1:])
    yield from ("taxed card" if card.tax else "card" for card in sale.quote.cards if card.used)
    yield from ("coins" for _ in range(sale.quote.totals.rounded != 0))


def test_sales_of_every_kind_are_drawn() -> None:
    """So what is shown for any sale is shown of every benefit on every target, of rivals, floors, credits, cards and coins."""
    targeted = [kind for kind in TAKING if kind not in (BuyGet, EveryNth, Bundle)]
    wanted = {f"{kind.__name__} {on}" for kind in targeted for on in get_args(On)} | {"BuyGet lines", "EveryNth lines", "Bundle lines"}
    wanted |= {"cap", "max_units", "group", "exclusive", "minimum", "skus", "rivals", "lane", "full_price"}
    wanted |= {"credit", "floor", "parcels", "card", "taxed card", "coins"}
    missing = set(wanted)

    @settings(max_examples=500, database=None)
    @given(sales())
    def look(sale: Sale) -> None:
        missing.difference_update(words(sale))

    for n in range(20):  # what is drawn depends on more than the seed, so rare words are given time
        seed(n)(look)()
        if not missing:
            break
    assert sorted(missing) == []


@given(st.data(), st.sampled_from(range(len(TAKING))))
def test_alone_it_never_makes_anything_dearer(data: st.DataObject, which: int) -> None:
    """Whatever is asked of one kind of benefit, no entry costs more than before, and what is told as taken was taken (OB-2)."""
    sale: Sale = data.draw(sales(benefits=STRATEGIES[which]))
    assert all(entry >= 0 for entry in discounts(sale.quote))
    assert sum(used.amount for used in sale.quote.promotions) == sale.quote.totals.discount


# Settings that cannot mean anything.

EUROS, CENT, NONE = [eur(100)], [eur(1)], [eur(0)]
TWO_TIERS = [Tier(EUROS, HALF), Tier(CENT, HALF)]

MISTAKES: list[tuple[str, str, Callable[[], object]]] = [
    ("percent", "more than 0", lambda: Percent(Ratio(0))),
    ("percent", "at most 100", lambda: Percent(Ratio.parse("100.1"))),
    ("percent", "more than 0", lambda: Percent(Ratio(-1))),
    ("percent", "more than 0", lambda: BuyGet(1, 1, Ratio(0))),
    ("percent", "at most 100", lambda: EveryNth(2, 1, Ratio(101))),
    ("cap", "zero or less", lambda: Percent(HALF, cap=NONE)),
    ("cap", "zero or less", lambda: TieredPercent([Tier(EUROS, HALF)], cap=NONE)),
    ("max_units", "at least 1", lambda: Percent(HALF, max_units=0)),
    ("max_units", "at least 1", lambda: TieredPercent([Tier(EUROS, HALF)], max_units=True)),
    ("max_units", "at least 1", lambda: UnitOff(CENT, max_units=-1)),
    ("unit_order", "unknown", lambda: Percent(HALF, unit_order="by_beauty")),  # type: ignore[arg-type]
    ("unit_order", "unknown", lambda: UnitOff(CENT, unit_order="by_beauty")),  # type: ignore[arg-type]
    ("tiers", "there are none", lambda: TieredPercent([])),
    ("tiers", "different currencies", lambda: TieredPercent([Tier(CENT, HALF), Tier([Money(2, "USD")], HALF)])),
    ("tiers", "do not rise", lambda: TieredPercent(TWO_TIERS)),
    ("tiers", "do not rise", lambda: TieredPercent([Tier(CENT, HALF), Tier(CENT, Ratio(60))])),
    ("tiers", "below nothing", lambda: Tier([eur(-1)], HALF)),
    ("tiers", "from 0 to 100", lambda: Tier(CENT, Ratio(101))),
    ("tiers", "from 0 to 100", lambda: Tier(CENT, Ratio(-1))),
    *[("amounts", "no amount", lambda kind=kind: kind([])) for kind in (AmountOff, SetTotal, UnitOff, EntryOff, SetPrice)],
    *[("amounts", "zero or less", lambda kind=kind: kind(NONE)) for kind in (AmountOff, UnitOff, EntryOff)],
    *[("amounts", "less than zero", lambda kind=kind: kind([eur(-1)])) for kind in (SetTotal, SetPrice)],
    *[("on", "unknown", lambda kind=kind: kind(CENT, "moon")) for kind in (AmountOff, SetTotal, UnitOff, EntryOff, SetPrice)],
    ("on", "unknown", lambda: Percent(HALF, "moon")),  # type: ignore[arg-type]
    ("on", "unknown", lambda: TieredPercent([Tier(CENT, HALF)], "moon")),  # type: ignore[arg-type]
    ("buy_quantity", "at least 1", lambda: BuyGet(0, 1)),
    ("get_quantity", "at least 1", lambda: BuyGet(1, 1.0)),  # type: ignore[arg-type]
    ("buy", "no SKU at all", lambda: BuyGet(1, 1, buy=[])),
    ("get", "no SKU at all", lambda: BuyGet(1, 1, get=[])),
    ("size", "at least 1", lambda: EveryNth(0)),
    ("nth", "at least 1", lambda: EveryNth(2, 0)),
    ("nth", "no unit number 3", lambda: EveryNth(2, 3)),
    ("max_groups", "at least 1", lambda: EveryNth(2, max_groups=0)),
    ("sort", "unknown", lambda: EveryNth(2, sort="by_beauty")),  # type: ignore[arg-type]
    ("picking", "unknown", lambda: EveryNth(2, picking="diagonal")),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("place", "problem", "mistake"), MISTAKES, ids=[f"{place}-{problem}" for place, problem, _ in MISTAKES])
def test_a_setting_that_means_nothing_is_refused(place: str, problem: str, mistake: Callable[[], object]) -> None:
    """It says which, what is wrong, and what to write instead."""
    with pytest.raises(BadSetting) as caught:
        mistake()
    assert caught.value.place == place
    assert problem in caught.value.problem
    assert caught.value.cure.endswith(".")
    assert str(caught.value).startswith(f"{place}: ")


def test_a_percent_is_exact() -> None:
    """No float, and no guess whether 0.1 means a tenth or a thousandth."""
    for wrong in (10, 0.1, "10"):
        with pytest.raises(TypeError, match=r"Ratio\.parse"):
            Percent(wrong)  # type: ignore[arg-type]


def test_equal_benefits_are_one_key() -> None:
    """They can be put into sets and tables, whatever tables they were made from."""
    assert len({AmountOff([eur(1), Money(2, "USD")]), AmountOff({"USD": Money(2, "USD"), "EUR": eur(1)})}) == 1
    assert promotion("p", BuyGet(1, 1, buy=["a", "b"])) == promotion("p", BuyGet(1, 1, buy={"b", "a"}))
    assert percent("10") != percent("10.5")
