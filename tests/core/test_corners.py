"""Odd but legal carts of the schema (tests/vectors/README.md): each has an answer, that of the oracle on exact fractions.

The random carts draw what shops do. Here is what a case may say besides: nothing off, goods that are not there, tiers that fall, a floor
above the price, one id for a line and its carriage.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from checkout_cli.vectors import Unreadable, read_worked
from tests.core.oracle import calculate
from tests.core.test_vectors import check

Case = dict[str, Any]

VAT: Final = [{"code": "VAT", "rate": "0.19", "included": False}]
INSIDE: Final = [{"code": "VAT", "rate": "0.19", "included": True}]
CASH: Final = {"increment": 5, "mode": "half_up"}
TEN: Final = {"id": "ten", "type": "percent", "target": "order", "value": "10"}


def goods(id: str, unit: int, quantity: int = 1, tax: list[Case] | None = None, **more: Any) -> Case:
    return {"id": id, "unit_amount": unit, "quantity": quantity, "tax": tax or []} | more


def sent(id: str = "S", amount: int = 495, tax: list[Case] | None = None) -> Case:
    return {"id": id, "amount": amount, "tax": tax or []}


def deal(type: str, target: str = "lines", id: str = "p", **more: Any) -> Case:
    return {"id": id, "type": type, "target": target} | more


def cart(*lines: Case, **more: Any) -> Case:
    return {"lines": list(lines)} | more


A, B, C = goods("A", 1000, 2, VAT), goods("B", 333, 3, INSIDE), goods("C", 55, 1)
CREDIT: Final = goods("R", -200)
NTH: Final[Case] = {"size": 2, "nth": 2, "sort": "price_desc", "picking": "vertical"}
HALF: Final = deal("percent", id="half", value="50", group="g")
GET: Final = {"lines": ["A", "B"], "quantity": 2, "percent": "50"}

CORNERS: Final[dict[str, Case]] = {
    # who is meant
    "a promotion names carriage beside goods": cart(
        A, B, shipping=[sent()], promotions=[TEN | {"target": "order_and_shipping", "lines": ["S", "A"]}]
    ),
    "of goods and carriage, only carriage": cart(
        A, shipping=[sent(), sent("T", 990)], promotions=[deal("fixed", "order_and_shipping", value=500, lines=["T"])]
    ),
    "one id for a line and its carriage": cart(
        A, B, shipping=[sent("A")], promotions=[TEN | {"target": "order_and_shipping", "lines": ["A"]}]
    ),
    "goods named, carriage meant": cart(A, shipping=[sent()], promotions=[deal("percent", "shipping", value="50", lines=["A"])]),
    "carriage named, goods meant": cart(A, shipping=[sent()], promotions=[deal("percent", "lines", value="50", lines=["S"])]),
    "no carriage in the list": cart(A, shipping=[], promotions=[deal("fixed", "shipping", value=500)]),
    "carriage for nothing": cart(A, shipping=[sent(amount=0)], promotions=[deal("percent", "shipping", value="100")]),
    "each unit of carriage costs less": cart(
        A, shipping=[sent(), sent("T", 100)], promotions=[deal("fixed_unit", "shipping", value=200, max_units=1, unit_order="price_desc")]
    ),
    "carriage at a price": cart(A, shipping=[sent()], promotions=[deal("set_unit", "shipping", value=100)]),
    "a minimum of nothing, of nobody": cart(A, promotions=[TEN | {"min_amount": {"value": 0, "basis": "current", "lines": []}}]),
    "a minimum of nothing": cart(A, promotions=[TEN | {"min_amount": {"value": 0, "basis": "current"}}]),
    "a minimum of nothing that a credit misses": cart(
        A, CREDIT, promotions=[TEN | {"min_amount": {"value": 0, "basis": "original", "lines": ["R"]}}]
    ),
    "a minimum of nothing that all but a credit reaches": cart(
        A, CREDIT, promotions=[TEN | {"min_amount": {"value": 0, "basis": "current"}}]
    ),
    "a minimum left behind by what came before": cart(
        A, promotions=[TEN, TEN | {"id": "more", "min_amount": {"value": 1801, "basis": "current"}}]
    ),
    # nothing off
    "nothing per cent": cart(A, promotions=[TEN | {"value": "0"}]),
    "nothing off": cart(A, promotions=[deal("fixed", value=0), deal("fixed_unit", id="q", value=0), deal("fixed_line", id="r", value=0)]),
    "at most nothing": cart(A, promotions=[TEN | {"cap": 0}]),
    "of no unit": cart(A, promotions=[TEN | {"max_units": 0}, deal("fixed_unit", value=5, max_units=0)]),
    "of no group": cart(A, promotions=[deal("group_nth", value="50", max_groups=0, **NTH)]),
    "get nothing": cart(A, B, promotions=[deal("buy_get", buy={"lines": ["A"], "quantity": 1}, get=GET | {"quantity": 0})]),
    "a rival that gives nothing": cart(A, promotions=[deal("fixed", id="none", value=0, group="g"), HALF]),
    "a rival that gives nothing brings the turn of its group": cart(
        A, B, promotions=[deal("percent", id="none", value="0", group="g", priority=5), TEN | {"priority": 2}, HALF]
    ),
    "an exclusive one that gives nothing": cart(A, promotions=[TEN, deal("fixed", value=0, exclusive=True)]),
    "everything for nothing": cart(
        A, B, shipping=[sent(tax=VAT)], promotions=[deal("set_total", "order_and_shipping", value=0)], policy={"cash": CASH}
    ),
    "all units for nothing": cart(A, B, promotions=[deal("set_unit", value=0)], gift_cards=[{"id": "G", "balance": 5}]),
    # percents that depend
    "tiers that fall": cart(A, B, promotions=[deal("tiered_percent", "order", tiers=[[2500, "20"], [1000, "10"], [0, "5"]])]),
    "tiers of which a later one is lower": cart(
        A, promotions=[deal("tiered_percent", tiers=[[0, "1"], [5000, "30"], [1500, "10"], [1900, "15"]])]
    ),
    "tiers at one threshold": cart(A, promotions=[deal("tiered_percent", tiers=[[1000, "10"], [1000, "25"]])]),
    "a tier of nothing": cart(A, promotions=[deal("tiered_percent", "order", tiers=[[0, "10"], [2000, "0"]])]),
    "tiers that nothing reaches": cart(A, promotions=[deal("tiered_percent", "shipping", tiers=[[9999, "10"]])], shipping=[sent()]),
    "thirds of a percent": cart(A, B, promotions=[TEN | {"value": "100/3"}], policy={"discount_mode": "up"}),
    "percent as a number": cart(A, B, promotions=[TEN | {"value": 10}]),
    # units
    "many units": cart(
        goods("A", 7, 1080, VAT), B, promotions=[TEN | {"max_units": 1079, "unit_order": "price_asc"}], policy={"tax_level": "unit"}
    ),
    "the last of each group": cart(
        A, B, C, promotions=[deal("group_nth", value="100", size=3, nth=3, sort="price_desc", picking="vertical")]
    ),
    "groups of one": cart(
        A, B, C, promotions=[deal("group_nth", value="50", size=1, nth=1, sort="price_asc", picking="horizontal", max_groups=2)]
    ),
    "the last across groups": cart(
        A, B, C, promotions=[deal("group_nth", "order", value="30", size=2, nth=2, sort="price_asc", picking="horizontal")]
    ),
    "groups of goods and carriage, where there is none": cart(
        A, B, promotions=[deal("group_nth", "order_and_shipping", value="50", **NTH)]
    ),
    "groups of some goods": cart(
        A, B, shipping=[sent()], promotions=[deal("group_nth", "order_and_shipping", value="50", lines=["A"], **NTH)]
    ),
    "buy and get the same line": cart(
        goods("A", 99, 7), promotions=[deal("buy_get", buy={"lines": ["A"], "quantity": 3}, get=GET | {"lines": ["A"]})]
    ),
    "buy and get the same line, twice over": cart(
        goods("A", 99, 9),
        promotions=[deal("buy_get", id=id, buy={"lines": ["A"], "quantity": 2}, get=GET | {"lines": ["A"]}) for id in "pq"],
    ),
    "buy what is not there": cart(A, promotions=[deal("buy_get", buy={"lines": ["X"], "quantity": 1}, get=GET)]),
    "get what is not there": cart(A, promotions=[deal("buy_get", buy={"lines": ["A"], "quantity": 1}, get=GET | {"lines": ["X"]})]),
    "get of goods and carriage": cart(
        A, B, shipping=[sent()], promotions=[deal("buy_get", "order_and_shipping", buy={"lines": ["A"], "quantity": 1}, get=GET)]
    ),
    "get of carriage, where goods are meant": cart(
        A, shipping=[sent()], promotions=[deal("buy_get", buy={"lines": ["A"], "quantity": 1}, get=GET | {"lines": ["S"]})]
    ),
    # floors and credits
    "a floor above the price": cart(goods("A", 100, 3, unit_floor=101), B, promotions=[TEN, deal("fixed", "order", value=900)]),
    "a credit with a floor": cart(A, CREDIT | {"unit_floor": 50}, promotions=[deal("fixed", "order", value=500)]),
    "a credit alone beside carriage": cart(CREDIT, shipping=[sent()], promotions=[TEN | {"target": "order_and_shipping"}]),
    "a credit in whole cents of tax": cart(A, CREDIT | {"tax": VAT, "quantity": 3}, policy={"tax_level": "order", "tax_mode": "floor"}),
    # taxes
    "included and added, compound": cart(
        goods(
            "A",
            999,
            3,
            [{"code": "i", "rate": "1/7", "included": True}, {"code": "a", "rate": "0.05", "included": False, "compound": True}],
        ),
        goods(
            "B", 101, 1, [{"code": "a", "rate": "0.1", "included": True}, {"code": "i", "rate": "0.2", "included": True, "compound": True}]
        ),
        policy={"tax_level": "order", "order_tax_allocation": "cumulative"},
    ),
    "one code, two rates": cart(
        goods("A", 999, 1, [{"code": "v", "rate": "0.07", "included": False}]),
        goods("B", 999, 1, [{"code": "v", "rate": "0.19", "included": True}]),
        policy={"tax_level": "order"},
    ),
    "a compound rate that is the first": cart(goods("A", 999, 1, [{"code": "v", "rate": 1, "included": True, "compound": True}])),
    # what is due
    "coins, and nothing due": cart(A, gift_cards=[{"id": "G", "balance": 9999}], policy={"cash": CASH}),
    "a card with the limit nothing": cart(A, gift_cards=[{"id": "G", "balance": 500, "limit": 0}, {"id": "H", "balance": 0}]),
    "two taxed cards": cart(
        A,
        B,
        gift_cards=[{"id": "G", "balance": 500, "tax_rate": "0.19"}, {"id": "H", "balance": 5000, "tax_rate": "1/7"}],
        policy={"cash": CASH},
    ),
    "a card taxed at nothing": cart(A, gift_cards=[{"id": "G", "balance": 500, "tax_rate": "0"}]),
    "yen": cart(A, B, currency="JPY", promotions=[TEN | {"value": "12.5"}], policy={"cash": {"increment": 10, "mode": "down"}}),
    "dinars": cart(A, B, C, currency="KWD", promotions=[deal("fixed", "order", value=1001)], policy={"allocation": "cumulative"}),
    # left out, or null
    "only what is needed": cart(goods("A", 0)),
    "null is left out": cart(
        A | {"unit_floor": None},
        shipping=None,
        promotions=[
            TEN
            | {
                "lines": None,
                "cap": None,
                "max_units": None,
                "unit_order": None,
                "priority": None,
                "exclusive": None,
                "min_amount": None,
                "group": None,
            }
        ],
        gift_cards=[{"id": "G", "balance": 5, "limit": None, "tax_rate": None}],
        policy={"cash": None},
    ),
}
"""What is said, and nothing else of the case."""


def full(said: Case) -> Case:
    """The whole case, without what it expects."""
    return {"id": "corner", "kind": "cart", "currency": "EUR", "policy": {}} | said


@pytest.mark.parametrize("said", CORNERS.values(), ids=CORNERS)
def test_an_odd_cart_has_the_figures_of_the_oracle(said: Case) -> None:
    """Through the runner that reads any folder of vectors: every figure, under the policy of the case and under the default one."""
    case = full(said)
    plain = without_null(case)
    expected, by_default = calculate(plain), calculate(plain | {"policy": {}})
    source = {"repo": "none", "path": "none", "test": "none"}
    about = {"source": source, "rule": "a corner", "tags": [], "provenance": "formula"}
    check(case | about | {"expected": expected, "matches_default": expected == by_default})


def without_null(value: Any) -> Any:
    """The same with every field that is null left out, as the page of the schema has it."""
    if isinstance(value, dict):
        return {name: without_null(inner) for name, inner in value.items() if inner is not None}
    return [without_null(each) for each in value] if isinstance(value, list) else value


WORTH_NOTHING: Final = TEN | {"min_amount": {"value": 0, "basis": "current"}}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            cart(A, shipping=[sent()], promotions=[deal("group_nth", "shipping", value="50", **NTH)]),
            "promotions[1].target: a group_nth works",
        ),
        (
            cart(A, shipping=[sent()], promotions=[deal("buy_get", "shipping", buy=GET, get=GET | {"lines": ["S"]})]),
            "promotions[1].target: a buy_get works",
        ),
        (cart(A, CREDIT, promotions=[TEN, WORTH_NOTHING | {"id": "q"}]), "promotions[2].min_amount: whether a credit"),
        (cart(A, B, promotions=[deal("buy_get", buy={"lines": ["A"], "quantity": 0}, get=GET)]), "promotions[1].buy.quantity is a whole"),
        (cart(A, promotions=[TEN | {"value": "101"}]), "promotions[1]: percent: the percent is more than 0 and at most 100"),
        (cart(A, promotions=[deal("fixed", "order", value=500, lines=[])]), "promotions[1]: Promotion 'p', skus: it covers nothing at all"),
        (
            cart(A, promotions=[TEN | {"min_amount": {"value": 1, "basis": "original", "lines": []}}]),
            "promotions[1]: Promotion 'ten', minimum_skus: no goods",
        ),
        (cart(A | {"quantity": None}), "lines[1].quantity is missing"),
        (cart(A | {"colour": None}), "lines[1].colour is unknown"),
        (cart(shipping=[sent()]), "lines: there are none"),
        (cart(goods("A", 1, 1, [*VAT, *INSIDE])), "lines[1].tax: two rates share a code"),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_what_is_not_judged_is_refused_with_its_place(said: Case, told: str) -> None:
    """The few things that the schema can say and a shop of ours cannot: typed, with the place, and no price in silence."""
    with pytest.raises(Unreadable) as refused:
        read_worked(full(said))
    assert any(mistake.startswith(told) for mistake in refused.value.mistakes), refused.value.mistakes
    assert len(set(refused.value.mistakes)) == len(refused.value.mistakes)
