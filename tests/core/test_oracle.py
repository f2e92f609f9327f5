"""The oracle is right where others have published numbers, and where the arithmetic is short enough to check by hand.

Everything else that is said about prices leans on it, so nothing here asks the library what it would answer.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.core import oracle, random_carts

Case = dict[str, Any]

FOLDER: Final = Path(__file__).parents[1] / "vectors"


def read(pattern: str) -> list[Case]:
    cases = [case for path in sorted(FOLDER.glob(pattern)) for case in json.loads(path.read_text("utf-8"))]
    assert cases, f"No cases in {FOLDER / pattern}: nothing checked is no pass."
    return cases


def differences(expected: Any, answer: Any, where: str = "") -> list[str]:
    """Each figure that is expected and not answered. Whole sections of entries, codes and promotions must have the same names."""
    if not isinstance(expected, dict):
        same = type(expected) is type(answer) and expected == answer
        return [] if same else [f"{where}: {expected!r}, not {answer!r}"]
    wrong = [f"{where}.{name} is missing" for name in expected if name not in answer]
    return wrong + [line for name in expected if name in answer for line in differences(expected[name], answer[name], f"{where}.{name}")]


# --- published numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", read("cart_*.json"), ids=lambda case: case["id"])
def test_the_published_carts(case: Case) -> None:
    """Every figure of every cart case, asserted or derived, comes out; half a unit is refused by name."""
    if "fractional-quantity" in case["tags"]:
        with pytest.raises(oracle.Unsupported, match="no whole number"):
            oracle.calculate(case)
        return
    answer = oracle.calculate(case)
    assert not differences(case["expected"], answer)
    assert not differences(case["derived"], answer)
    for section in ("lines", "shipping", "tax_by_code", "promotions", "gift_cards"):
        assert set(answer[section]) == set(case["derived"].get(section, ()))


@pytest.mark.parametrize("case", [case for case in read("tax.json") if "increment" not in case["policy"]], ids=lambda case: case["id"])
def test_the_published_taxes(case: Case) -> None:
    """A tax case is a cart of one line. (A grid coarser than the minor unit is no cart policy.)"""
    line = {"id": "A", "unit_amount": case["amount"], "quantity": case["quantity"], "tax": case["rates"]}
    answer = oracle.calculate({"policy": case["policy"], "lines": [line]})
    assert not differences({name: figure for name, figure in case["derived"].items() if name != "components"}, answer["lines"]["A"])
    assert answer["tax_by_code"] == case["derived"]["components"]


BEYOND_A_CART: Final = {"expected_error", "step", "caps", "zero_total"}


@pytest.mark.parametrize("case", [case for case in read("allocation.json") if not BEYOND_A_CART & set(case)], ids=lambda case: case["id"])
def test_the_published_allocations(case: Case) -> None:
    """Shares and their order of spare units are those published, for what a cart can ask."""
    weights = [Fraction(str(weight)) for weight in case["weights"]]
    assert oracle.allocate(case["amount"], weights, case["method"], case.get("mode", "half_up")) == case["expected"]


@pytest.mark.parametrize("case", read("rounding.json"), ids=lambda case: case["id"])
def test_the_published_roundings(case: Case) -> None:
    """Each mode has the meaning of its name."""
    increment = case["increment"]
    assert oracle.rounded(Fraction(str(case["value"])) / increment, case["mode"]) * increment == case["expected"]


def test_the_judge_knows_nothing_of_the_judged() -> None:
    """The oracle imports nothing of the library, nor of anything that does."""
    tree = ast.parse(Path(oracle.__file__).read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"__future__", "attrs", "collections.abc", "fractions", "itertools", "math", "typing"}


def test_one_changed_figure_is_seen() -> None:
    """What compares the figures does see one that is wrong, missing, or of another type."""
    answer = {"totals": {"total": 5, "tax_total": 1}}
    assert not differences({"totals": {"total": 5}}, answer)
    assert differences({"totals": {"total": 6}}, answer) == [".totals.total: 6, not 5"]
    assert differences({"totals": {"tip": 0}}, answer) == [".totals.tip is missing"]
    assert differences({"totals": {"tax_total": True}}, answer)


# --- worked by hand: promotions --------------------------------------------------------------------------------------------------


def line(name: str, price: int, quantity: int = 1, *rates: Case, floor: int = 0) -> Case:
    return {"id": name, "unit_amount": price, "quantity": quantity, "tax": list(rates), "unit_floor": floor}


def added(rate: str, code: str = "T", *, compound: bool = False) -> Case:
    return {"code": code, "rate": rate, "included": False, "compound": compound}


def included(rate: str, code: str = "T", *, compound: bool = False) -> Case:
    return added(rate, code, compound=compound) | {"included": True}


def promotion(name: str, kind: str, value: int | str = 0, target: str = "lines", **more: Any) -> Case:
    return {"id": name, "type": kind, "value": value, "target": target} | more


def priced(
    lines: Sequence[Case], *promotions: Case, shipping: Sequence[tuple[str, int]] = (), cards: Sequence[Case] = (), **policy: Any
) -> Case:
    entries = [{"id": name, "amount": amount, "tax": []} for name, amount in shipping]
    return oracle.calculate(
        {"policy": policy, "lines": lines, "promotions": list(promotions), "shipping": entries, "gift_cards": list(cards)}
    )


def off(answer: Case) -> list[int]:
    """The discount of each entry, lines first."""
    return [entry["discount"] for section in ("lines", "shipping") for entry in answer[section].values()]


TEN_OFF = promotion("ten", "fixed", 10, "order")


def test_a_unit_costs_its_share_of_what_is_left() -> None:
    """3 x 100 less 10 is 290 = 97 + 97 + 96: what unit percents, `max_units` and `set_unit` see."""
    quarter = promotion("p", "percent", 25)
    assert off(priced([line("A", 100, 3)], TEN_OFF, quarter)) == [10 + 73]  # 72.5
    assert off(priced([line("A", 100, 3)], TEN_OFF, quarter, percent_line_level="unit")) == [10 + 72]  # 24.25 + 24.25 + 24
    one = promotion("p", "percent", 100, max_units=1)
    assert off(priced([line("A", 100, 3)], TEN_OFF, one)) == [10 + 97]
    assert off(priced([line("A", 100, 3)], TEN_OFF, one | {"unit_order": "price_asc"})) == [10 + 96]
    assert off(priced([line("A", 100, 3), line("B", 50)], promotion("p", "set_unit", 80))) == [60, 0]
    assert off(priced([line("A", 100, 3)], TEN_OFF, promotion("p", "set_unit", 80))) == [10 + 17 + 17 + 16]


def test_units_of_equal_price_are_picked_in_line_order() -> None:
    """Three of four units at 50: both of the first line, one of the second."""
    three = promotion("p", "percent", 100, max_units=3, unit_order="price_desc")
    assert off(priced([line("A", 50, 2), line("B", 50, 2)], three)) == [100, 50]


def test_parallel_percents_take_the_undiscounted_amount_while_something_is_left() -> None:
    """60 % and 60 % of 100: the second finds 40. One unit at half of 100, although units cost 60 by now."""
    sixty = [promotion(name, "percent", 60) for name in "ab"]
    assert priced([line("A", 100)], *sixty, stacking="parallel")["promotions"] == {"a": 60, "b": 40}
    assert priced([line("A", 100)], *sixty)["promotions"] == {"a": 60, "b": 24}
    one = [promotion("f", "fixed_unit", 40), promotion("p", "percent", 50, max_units=1)]
    assert off(priced([line("A", 100, 2)], *one, stacking="parallel")) == [80 + 50]
    assert off(priced([line("A", 100, 2)], *one)) == [80 + 30]


def test_the_discount_or_the_price_is_rounded() -> None:
    """Half of 33 + 66 is 49.5: a discount of 50 (16.67 + 33.33), or a price of 50, so 49 off (16.33 + 32.67)."""
    half = promotion("p", "percent", 50, "order")
    assert off(priced([line("A", 33), line("B", 66)], half)) == [17, 33]
    assert off(priced([line("A", 33), line("B", 66)], half, discount_target="price")) == [16, 33]


def test_an_order_percent_of_each_line() -> None:
    """Half of 99 is 50 on each line; a cap of 99 is allocated, 49.5 each. Unit rounding (50 + 50) has no say on the order."""
    half = promotion("p", "percent", 50, "order")
    assert off(priced([line("A", 99), line("B", 99)], half, percent_order_level="line")) == [50, 50]
    assert off(priced([line("A", 99), line("B", 99)], half | {"cap": 99}, percent_order_level="line")) == [50, 49]
    both: Case = {"percent_order_level": "line", "percent_line_level": "unit"}
    assert off(priced([line("A", 99, 2)], half, **both)) == [99]
    assert off(priced([line("A", 99, 2)], half | {"target": "lines"}, **both)) == [100]


def test_an_order_percent_weighs_only_the_units_it_covers() -> None:
    """Half of three of the units (20 + 20 + 50 = 90) is 45: 20 from the first line, 25 from the second, none from the third."""
    three = promotion("p", "percent", 50, "order", max_units=3)
    for basis in ("price", "original"):
        assert off(priced([line("A", 20, 2), line("B", 50, 2), line("C", 70)], three, allocation_basis=basis)) == [20, 25, 0]


def test_what_an_allocation_weighs() -> None:
    """22 over 100 + 20 % tax and 100 untaxed. Then 30 over lines that cost 100 and now cost 50 and 100, or 0 and 100."""
    lines = [line("A", 100, 1, added("0.2")), line("B", 100)]
    assert off(priced(lines, promotion("f", "fixed", 22, "order"))) == [11, 11]
    assert off(priced(lines, promotion("f", "fixed", 22, "order"), allocation_basis="gross")) == [12, 10]
    later = promotion("f", "fixed", 30, "order")
    for first, basis, expected in ((50, "price", [60, 20]), (50, "original", [65, 15]), (100, "original", [100, 30])):
        assert off(priced(lines, promotion("a", "fixed", first, lines=["A"]), later, allocation_basis=basis)) == expected
    # 2 over 0 : 100 : 200 is 0.67 + 1.33. (Over 100 : 100 : 200 it would be 1 + 0 + 1, and the first 1 would go on to the last.)
    spent = [promotion("a", "fixed", 100, lines=["A"]), promotion("f", "fixed", 2, "order")]
    assert off(priced([line("A", 100), line("B", 100), line("C", 200)], *spent, allocation_basis="original")) == [100, 1, 1]


def test_no_share_of_a_discount_is_negative() -> None:
    """2 over 5:5:5:5 is 0.5 each: rounded up while something is left, or all up and the first two taken back, if there is a share."""
    two, fives = promotion("f", "fixed", 2, "order"), [line(name, 5) for name in "ABCD"]
    assert off(priced(fives, two, allocation="rounded_last_rest")) == [1, 1, 0, 0]
    assert off(priced(fives, two, allocation="rounded_then_first")) == [0, 0, 1, 1]
    uneven = [line("A", 1), *(line(name, 10) for name in "BCD")]  # 0.06, and 0.65 three times
    assert off(priced(uneven, two, allocation="rounded_then_first")) == [0, 0, 1, 1]


def test_tiers_look_at_the_undiscounted_goods() -> None:
    """200 less a credit of 50 is 150, whatever came off before: the tier of 150. Below the first tier there is nothing."""
    lines = [line("A", 200), line("C", -50)]
    tiers = promotion("t", "tiered_percent", tiers=[[150, 10], [151, 50]])
    assert off(priced(lines, TEN_OFF, tiers)) == [10 + 19, 0]
    assert priced(lines, tiers | {"tiers": [[151, 50]]})["promotions"] == {"t": 0}
    assert off(priced(lines, tiers | {"cap": 7})) == [7, 0]


def test_limits() -> None:
    """Two units at 40 off, but the floors leave 3 x 10 to give. A credit is never discounted, and never pays."""
    assert off(priced([line("A", 100, 3, floor=90)], promotion("f", "fixed_unit", 40, max_units=2))) == [30]
    everything = priced([line("A", 100), line("C", -30)], promotion("f", "fixed", 1000, "order"))
    assert off(everything) == [100, 0]
    assert everything["totals"]["total"] == -30
    assert off(priced([line("A", 100)], promotion("s", "set_total", 101, "order"))) == [0]


def test_buy_and_get_after_a_sale() -> None:
    """4 x 100 at half price: a unit is 50, also for the second promotion; the third finds no units."""
    free = [promotion(name, "buy_get", buy={"lines": ["A"], "quantity": 1}, get=GET | {"lines": ["A"]}) for name in "bcd"]
    sale = promotion("a", "percent", 50)
    assert priced([line("A", 100, 4)], sale, *free)["promotions"] == {"a": 200, "b": 50, "c": 50, "d": 0}
    in_parallel = priced([line("A", 100, 4)], sale, *free, stacking="parallel")  # 100, while there is something left
    assert in_parallel["promotions"] == {"a": 200, "b": 100, "c": 100, "d": 0}


GET: Case = {"lines": ["A", "B"], "quantity": 1, "percent": 100}


def test_buy_and_get_takes_the_dearest_line_first() -> None:
    """5 x 100 comes before 1 x 300; of equal lines the first is bought and the second got. Three thirds of 10 off are rounded once."""
    free = promotion("b", "buy_get", buy={"lines": ["A", "B"], "quantity": 1}, get=GET)
    assert off(priced([line("A", 300), line("B", 100, 5)], free)) == [0, 100]
    assert off(priced([line("A", 100), line("B", 100)], free)) == [0, 100]
    assert off(priced([line("A", 100), line("B", 100)], free | {"lines": ["A"]})) == [0, 0]  # A is bought, B may not be got
    third = free | {"get": {"lines": ["A"], "quantity": 3, "percent": "100/3"}}
    assert off(priced([line("A", 10, 3), line("B", 100)], third)) == [10, 0]
    assert off(priced([line("A", 10, 3), line("B", 100)], third, percent_line_level="unit")) == [9, 0]


def test_the_best_of_a_group_on_each_line() -> None:
    """50 % is best for the line of 100, 10 off for the line of 10. All are worked out when the first comes to its turn."""
    lines, half = [line("A", 100), line("B", 10)], promotion("p", "percent", 50, group="g", priority=2)
    fixed = promotion("f", "fixed_line", 20, group="g")
    assert priced(lines, fixed, half)["promotions"] == {"p": 50, "f": 10}
    between = promotion("m", "percent", 10, priority=1)  # of 50 and 0; it does not touch what the group looks at
    answer = priced(lines, fixed, between, half)
    assert (answer["promotions"], off(answer)) == ({"p": 50, "f": 10, "m": 5}, [55, 10])
    assert priced(lines, half | {"priority": 0}, half | {"id": "q", "priority": 0})["promotions"] == {"p": 55, "q": 0}


def test_a_group_that_loses_uses_no_units() -> None:
    """150 off beats a free unit of 100; the units stay free for the next promotion, at 25 each."""
    free = promotion("b", "buy_get", buy={"lines": ["A"], "quantity": 1}, get=GET, group="g")
    better = promotion("f", "fixed_line", 150, group="g")
    later = {name: term for name, term in free.items() if name != "group"} | {"id": "c"}
    assert priced([line("A", 100, 2)], better, free, later)["promotions"] == {"f": 150, "b": 0, "c": 25}


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"sort": "price_asc", "picking": "vertical", "nth": 3}, [0, 20, 30]),  # 10 10 [20] 20 20 [30], 30 is over
        ({"sort": "price_asc", "picking": "horizontal", "nth": 3}, [0, 20, 30]),
        ({"sort": "price_asc", "picking": "horizontal", "nth": 1}, [20, 0, 0]),  # [10] [10] 20 20 20 30
        ({"sort": "price_asc", "picking": "vertical", "nth": 1}, [10, 20, 0]),  # [10] 10 20 [20] 20 30
        ({"sort": "price_desc", "picking": "vertical", "nth": 1}, [0, 20, 30]),  # [30] 30 20 [20] 20 10, 10 is over
        ({"sort": "price_desc", "picking": "vertical", "nth": 1, "max_groups": 1}, [0, 0, 30]),
        ({"sort": "price_asc", "picking": "vertical", "nth": 1, "size": 8}, [0, 0, 0]),  # no complete group
    ],
)
def test_groups_of_three(terms: Case, expected: list[int]) -> None:
    """Two of 10, three of 20, two of 30: two complete groups of three, one unit over."""
    nth = promotion("g", "group_nth", 100) | {"size": 3} | terms
    assert off(priced([line("A", 10, 2), line("B", 20, 3), line("C", 30, 2)], nth)) == expected


def test_an_exclusive_promotion_that_misses_shuts_nobody_out() -> None:
    """Its threshold of 101 is not reached by 100, so the other ten per cent apply; one minor unit more, and it is alone."""
    alone = promotion("x", "percent", 50, exclusive=True, min_amount={"value": 101, "basis": "current"})
    answer = priced([line("A", 100)], alone, TEN_OFF)
    assert off(answer) == [10]
    assert off(priced([line("A", 101)], alone, TEN_OFF)) == [51]


def test_thresholds() -> None:
    """After half off, 200 of goods are 100 now and were 200; one line was 100. Shipping never counts."""
    half = promotion("h", "percent", 50, "order", priority=1)
    for minimum, expected in (
        ({"value": 100, "basis": "current"}, {"h": 100, "ten": 10}),
        ({"value": 101, "basis": "current"}, {"h": 100}),
        ({"value": 200, "basis": "original"}, {"h": 100, "ten": 10}),
        ({"value": 101, "basis": "original", "lines": ["A"]}, {"h": 100}),
    ):
        answer = priced([line("A", 100), line("B", 100)], half, TEN_OFF | {"min_amount": minimum}, shipping=[("S", 500)])
        assert answer["promotions"] == expected


def test_goods_and_shipping_together() -> None:
    """10 % of 100 + 50 is 15: 10 + 5; of the line's 10, the first units have 3 each, the others 2."""
    answer = priced([line("A", 25, 4)], promotion("p", "percent", 10, "order_and_shipping"), shipping=[("S", 50)])
    assert off(answer) == [10, 5]
    assert answer["units"] == {"A": [3, 3, 2, 2]}


# --- worked by hand: tax ---------------------------------------------------------------------------------------------------------


def taxes(answer: Case) -> list[int]:
    return [entry["tax"] for entry in answer["lines"].values()]


def test_one_code_included_here_and_added_there() -> None:
    """Of the order: 19 + 9.5 = 28.5, rounded once to 29, shared 19.33 : 9.67."""
    answer = priced([line("A", 119, 1, included("0.19")), line("B", 50, 1, added("0.19"))], tax_level="order")
    assert (answer["tax_by_code"], taxes(answer)) == ({"T": 29}, [19, 10])
    assert (answer["totals"]["tax_included"], answer["totals"]["tax_added"]) == (19, 10)


def test_the_tax_of_an_order_with_a_credit() -> None:
    """9.5 + 9.5 - 9.5 is 10 in all: the credit takes its own 10 back, the others share 20. Cumulative: 9.5, 19, 9.5 are 10, 19, 10."""
    lines = [line(name, price, 1, added("0.19")) for name, price in (("A", 50), ("B", 50), ("C", -50))]
    assert taxes(priced(lines, tax_level="order")) == [10, 10, -10]
    assert taxes(priced(lines, tax_level="order", order_tax_allocation="cumulative")) == [10, 9, -9]
    # 2.5 - 5 is -2.5, towards zero with `floor` as 2.5 would be: -2 in all.
    more_back = [line(name, price, 1, added("0.25")) for name, price in (("A", 10), ("C", -20))]
    assert taxes(priced(more_back, tax_level="order", tax_mode="floor")) == [3, -5]
    assert taxes(priced(more_back, tax_level="order", tax_mode="floor", order_tax_allocation="cumulative")) == [2, -4]


def test_compound_rates() -> None:
    """1155 contains 5 % and 10 % on top of it: 1000 + 50 + 105. Added on a price that contains 10 %: 10 % of 1000 + 100."""
    contained = priced([line("A", 1155, 1, included("0.05", "GST"), included("0.1", "PST", compound=True))])
    assert contained["lines"]["A"]["components"] == {"GST": 50, "PST": 105}
    mixed = priced([line("A", 1100, 1, included("0.1", "GST"), added("0.1", "PST", compound=True))])["lines"]["A"]
    assert (mixed["components"], mixed["net"], mixed["gross"]) == ({"GST": 100, "PST": 110}, 1000, 1210)


def test_several_rates_on_one_price() -> None:
    """Two added rates of 1.5 are 2 + 2 or together 3. Two contained of 8.33 are 8 + 8, or what a net of 83 leaves: 9 + 8."""
    twice = [line("A", 30, 1, added("0.05", "a"), added("0.05", "b"))]
    assert priced(twice)["tax_by_code"] == {"a": 2, "b": 2}
    assert priced(twice, tax_components="combined")["tax_by_code"] == {"a": 2, "b": 1}
    assert priced(twice, tax_target="net")["tax_by_code"] == {"a": 2, "b": 2}  # added tax is not affected
    contained = [line("A", 100, 1, included("0.1", "a"), included("0.1", "b"))]
    assert priced(contained)["tax_by_code"] == {"a": 8, "b": 8}
    assert priced(contained, tax_target="net")["tax_by_code"] == {"a": 9, "b": 8}
    assert priced(contained, tax_target="net", tax_level="order")["tax_by_code"] == {"a": 8, "b": 8}
    most = [line("A", 1, 1, included("0.5", "a"), included("0.5", "b"))]  # 0.25 and 0.25 of 1, both rounded up
    assert priced(most, tax_mode="up")["tax_by_code"] == {"a": 1, "b": 0}


def test_the_tax_of_the_discount_apart() -> None:
    """25 % of 10 less 5: 2.5 - 1.25 is 3 - 1, or 1.25 is 1. Of an order of two such lines: 5 - 2.5 is (3 + 2) - (2 + 1)."""
    five, ten = promotion("f", "fixed", 5, "order"), promotion("f", "fixed", 10, "order")
    one, two = [line("A", 10, 1, added("0.25"))], [line(name, 10, 1, added("0.25")) for name in "AB"]
    assert taxes(priced(one, five)) == [1]
    assert taxes(priced(one, five, discount_line_tax="separate")) == [2]
    assert taxes(priced(two, ten, discount_line_tax="separate", tax_level="order")) == [1, 1]
    assert sum(taxes(priced(two, ten, tax_level="order"))) == 3
    pair = [line("A", 5, 2, added("0.3"))]  # units: 1.5 + 1.5 is 4; the discount is 3 + 2, so 0.9 + 0.6 is 2
    assert taxes(priced(pair, five, discount_line_tax="separate", tax_level="unit")) == [2]


def test_the_tax_before_the_discount() -> None:
    """A free thing of 100 with 20 % contained still owes 17, so its net is -17. Taxing the discount apart changes nothing."""
    for discount_line_tax in ("net_of_discount", "separate"):
        policy: Case = {"tax_base": "before_discount", "discount_line_tax": discount_line_tax}
        free = priced([line("A", 100, 1, included("0.2"))], promotion("f", "fixed", 100, "order"), **policy)["lines"]["A"]
        assert (free["tax"], free["net"], free["gross"]) == (17, -17, 0)


def test_units_and_credits_are_taxed_alike() -> None:
    """20 = 7 + 7 + 6 at 25 %: 2 + 2 + 2. -3 twice at a half: -2 - 2. `floor` of a credit's -2.5 goes towards zero."""
    assert taxes(priced([line("A", 10, 3, added("0.25"))], TEN_OFF, tax_level="unit")) == [6]
    assert taxes(priced([line("A", 10, 3, added("0.25"))], TEN_OFF)) == [5]
    assert taxes(priced([line("C", -3, 2, added("0.5"))], tax_level="unit")) == [-4]
    for level in ("line", "unit", "order"):
        assert taxes(priced([line("C", -10, 1, added("0.25"))], tax_level=level, tax_mode="floor")) == [-2]


# --- worked by hand: tenders -----------------------------------------------------------------------------------------------------


def test_taxed_cards() -> None:
    """200 + 10 % pays 220 of 1000; the rest of 780 is 624 + 25 %. Of the 200 tax, 176 are paid; nothing is left for the third."""
    cards: list[Case] = [
        {"id": "G1", "balance": 500, "limit": 200, "tax_rate": "0.1"},
        {"id": "G2", "balance": 1000, "tax_rate": "0.25"},
        {"id": "G3", "balance": 50},
    ]
    answer = priced([line("A", 1000, 1, included("0.25"))], cards=cards)
    assert answer["gift_cards"] == {
        "G1": {"used": 200, "remaining": 300},
        "G2": {"used": 624, "remaining": 376},
        "G3": {"used": 0, "remaining": 50},
    }
    paid = {"gift_card_total": 824, "gift_card_tax_total": 176, "tax_due": 24, "amount_due": 0, "cash_adjustment": 0}
    assert not differences(paid, answer["totals"])
    assert "net_due" not in answer["totals"]


def test_what_is_due_after_cards_and_coins() -> None:
    """120 less a card of 50 is 70, in coins of 20 it is 80; the net of 70 is 58.33. A credit is paid out, and takes no card."""
    lines, card = [line("A", 100, 1, added("0.2"))], {"id": "G", "balance": 50}
    in_coins: Case = {"cash": {"increment": 20, "mode": "half_up"}}
    assert not differences({"net_due": 58, "amount_due": 80, "cash_adjustment": 10}, priced(lines, cards=[card], **in_coins)["totals"])
    assert priced(lines, cards=[card], tax_mode="up")["totals"]["net_due"] == 59
    back = priced([line("C", -70)], cards=[card], **in_coins)
    assert not differences({"amount_due": -80, "cash_adjustment": -10, "net_due": -70}, back["totals"])
    assert back["gift_cards"] == {"G": {"used": 0, "remaining": 50}}
    assert priced([line("A", 0)], cards=[card])["totals"]["net_due"] == 0


# --- random carts ----------------------------------------------------------------------------------------------------------------

SEEDS: Final = range(4000)


def test_a_seed_is_a_cart() -> None:
    """The same seed draws the same cart, and another one another."""
    assert random_carts.cart(Random(7)) == random_carts.cart(Random(7))
    assert len({json.dumps(random_carts.cart(Random(seed))) for seed in SEEDS}) == len(SEEDS)


def test_random_carts_say_everything_that_can_be_said() -> None:
    """Each field, each value of each policy, each type with each target, each kind of tax and each currency is drawn."""
    said = {word for seed in SEEDS for word in words(random_carts.cart(Random(seed)))}
    policies = {f"{name}={value}" for name, values in random_carts.POLICY.items() for value in values}
    kinds = {f"{kind} {target}" for kind in random_carts.TYPES[:7] for target in random_carts.TARGETS} | {
        "buy_get lines",
        "group_nth lines",
    }
    fields = {"value", "lines", "priority", "exclusive", "min_amount", "group", "cap", "max_units", "unit_order", "tiers", "max_groups"}
    others = {"unit_floor", "compound", "limit", "tax_rate", "credit", "mixed", *random_carts.CURRENCIES}
    assert not (policies | kinds | fields | others) - said


def words(case: Case) -> Iterator[str]:
    yield case["currency"]
    yield from (f"{name}={value}" for name, value in case["policy"].items())
    for each in case.get("promotions", []):
        yield f"{each['type']} {each['target']}"
        yield from each
    for each in case["lines"] + case.get("shipping", []) + case.get("gift_cards", []):
        yield from each
        yield from ("credit" for _ in range(each.get("unit_amount", 0) < 0))
        yield from (field for rate in each.get("tax", []) for field in rate)
        yield from ("mixed" for _ in range(len({rate["included"] for rate in each.get("tax", [])}) == 2))


@pytest.mark.parametrize("name", random_carts.POLICY)
def test_each_policy_makes_a_difference_to_some_random_cart(name: str) -> None:
    """Whoever mixes up two values of a policy is found out: each gives another result than the default for some seed."""
    # Cash to the single minor unit changes nothing. The other two differ from the default below zero only, and a credit mirrors.
    alike = (oracle.DEFAULT[name], "largest_remainder_floor", "half_ceiling")
    for value in random_carts.POLICY[name]:
        if value in alike or (isinstance(value, dict) and value["increment"] == 1):
            continue
        for seed in SEEDS:
            case = random_carts.cart(Random(seed))
            default, other = ({**case, "policy": {**case["policy"], name: chosen}} for chosen in (oracle.DEFAULT[name], value))
            if oracle.calculate(default) != oracle.calculate(other):
                break
        else:
            pytest.fail(f"No seed tells {name} {value} from the default.")


def test_what_holds_for_every_cart() -> None:
    """Net + tax = gross; subtotal - discount = amount; totals are sums; no discount below zero, the floor, or on a credit."""
    gave = set()
    for seed in SEEDS:
        case = random_carts.cart(Random(seed))
        answer = oracle.calculate(case)
        totals, entries = answer["totals"], [*answer["lines"].values(), *answer["shipping"].values()]
        for entry in entries:
            assert entry["net"] + entry["tax"] == entry["gross"]
            assert entry["subtotal"] - entry["discount"] == entry["amount"]
            assert sum(entry.get("components", {"": entry["tax"]}).values()) == entry["tax"]
            assert 0 <= entry["discount"] <= max(entry["subtotal"], 0)
        for given in case["lines"]:
            priced_line = answer["lines"][given["id"]]
            assert priced_line["amount"] >= min(given.get("unit_floor", 0) * given["quantity"], priced_line["subtotal"])
            assert sum(answer["units"][given["id"]]) == priced_line["discount"]
        assert totals["tax_total"] == sum(answer["tax_by_code"].values()) == sum(entry["tax"] for entry in entries)
        assert totals["discount_total"] == sum(answer["promotions"].values()) == sum(entry["discount"] for entry in entries)
        assert totals["total"] == totals["net_total"] + totals["tax_total"]
        paid = totals["gift_card_total"] + totals.get("gift_card_tax_total", 0)
        assert totals["amount_due"] - totals["cash_adjustment"] + paid == totals["total"]
        gave |= {each["type"] for each in case.get("promotions", []) if answer["promotions"].get(each["id"])}
    assert gave == set(random_carts.TYPES)
