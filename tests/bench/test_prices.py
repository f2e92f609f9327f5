"""A price costs what its size says: work grows with lines and with promotions, no faster, and what can be made ready once is made once.

Counted, not timed, so that it holds on any machine: the calls (Python's and C's) and the steps of bytecode of one quote. The bench of the
times is here only seen to run, and its floor to come to the same sums.
"""

from __future__ import annotations

import decimal
import fractions
import gc
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
from attrs import evolve

from checkout_core.money import Money
from checkout_core.prices import PriceList, PriceRow
from checkout_core.pricing import Quote, price
from checkout_core.receipt import receipt_of, recompute
from tests.bench.prices import NOW, Cell, bare, cart, cells, columns

GROWTH: Final = 2.1
"""At most this many times the work for twice the size."""

ADDED: Final = 2.25
"""The same for the work that each doubling adds, which leaves out what every quote costs: 2 is a straight line, 4 a square."""


def quote_alone(cell: Cell) -> Callable[[], object]:
    basket, facts = cart(cell)
    return lambda: price(basket, facts, NOW)


def quote_with_rows(cell: Cell) -> Callable[[], object]:
    basket, facts = cart(cell)
    return lambda: receipt_of(_quoted(price(basket, facts, NOW))).rows


def receipt_recomputed(cell: Cell) -> Callable[[], object]:
    basket, facts = cart(cell)
    receipt = receipt_of(_quoted(price(basket, facts, NOW)))
    return lambda: recompute(receipt)


def quote_by_lists(cell: Cell) -> Callable[[], object]:
    """Every other SKU is on three lists, each with three steps, among a thousand that are not in the cart."""
    basket, facts = cart(cell)
    skus = [*[line.sku for line in basket.lines[::2]], *[f"other{i}" for i in range(1000)]]
    rows = [PriceRow(sku, Money(900 - count, "EUR"), count) for sku in skus for count in (1, 2, 50)]
    listed = evolve(facts, prices=[PriceList(f"l{n}", rows, priority=n) for n in range(3)])
    return lambda: price(basket, listed, NOW)


WAYS: Final = {"quote": quote_alone, "rows": quote_with_rows, "recompute": receipt_recomputed, "lists": quote_by_lists}


def _quoted(answer: object) -> Quote:
    assert isinstance(answer, Quote), answer
    return answer


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the garbage collector, whose callbacks would be counted."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def calls(work: Callable[[], object]) -> Counter[str]:
    """How often each function was called, by module and name; methods of built-in types by type and name."""
    seen = Counter[str]()

    def note(frame: FrameType, event: str, called: Any) -> None:
        if event == "call":
            seen[f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"] += 1
        elif event == "c_call":
            owner = called.__module__ or getattr(called.__self__, "__name__", type(called.__self__).__name__)
            seen[f"{owner}.{called.__name__}"] += 1

    before = sys.getprofile()
    with undisturbed():
        sys.setprofile(note)
        try:
            work()
        finally:
            sys.setprofile(before)
    del seen["sys.setprofile"]
    return seen


def steps(work: Callable[[], object]) -> int:
    """How many instructions of bytecode it took: a loop counts, whatever it calls."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if event == "call":
            frame.f_trace_lines, frame.f_trace_opcodes = False, True
        count += event == "opcode"
        return note

    before = sys.gettrace()
    with undisturbed():
        sys.settrace(note)
        try:
            work()
        finally:
            sys.settrace(before)
    return count


def assert_straight(way: str, sizes: list[Cell]) -> None:
    """The sizes double. So does, at most, the work: calls, and steps."""
    found = []
    for cell in sizes:
        work = WAYS[way](cell)
        work()  # what is made once for all quotes has been made
        found.append((calls(work).total(), steps(work)))
    for counts in zip(*found, strict=True):
        growth = [after / before for before, after in pairwise(counts)]
        assert max(growth) <= GROWTH, (counts, growth)
        added = [after - before for before, after in pairwise(counts)]
        growth = [after / before for before, after in pairwise(added)]
        assert max(growth) <= ADDED, (counts, growth)


@pytest.mark.parametrize("mixed", [False, True], ids=["percents", "all benefits"])
@pytest.mark.parametrize("way", WAYS)
def test_twice_the_lines_are_at_most_twice_the_work(way: str, mixed: bool) -> None:
    """From 25 to 200 lines, with promotions of one kind or of every kind."""
    assert_straight(way, [Cell(lines, 9, 5, mixed) for lines in (25, 50, 100, 200)])


@pytest.mark.parametrize("mixed", [False, True], ids=["percents", "all benefits"])
@pytest.mark.parametrize("way", WAYS)
def test_twice_the_promotions_are_at_most_twice_the_work(way: str, mixed: bool) -> None:
    """From ten to forty promotions; of every kind, whole rounds of the nine kinds."""
    assert_straight(way, [Cell(20, count, 5, mixed) for count in ((9, 18, 36) if mixed else (10, 20, 40))])


@pytest.mark.parametrize("way", ["quote", "rows", "recompute"])
def test_with_everything_on_work_still_grows_no_faster_than_the_cart(way: str) -> None:
    """Every condition, lanes, groups, budgets, dated taxes and an exemption: from 25 to 200 lines, and from nine to 36 promotions."""
    assert_straight(way, [Cell(lines, 9, 5, mixed=True, full=True) for lines in (25, 50, 100, 200)])
    assert_straight(way, [Cell(20, count, 5, mixed=True, full=True) for count in (36, 72, 144)])


def test_everything_on_takes_part_in_the_price() -> None:
    """Else the bench would measure what was switched off: each lane gives something, a group turns some away, somebody is exempt."""
    basket, facts = cart(Cell(50, 20, 5, mixed=True, full=True))
    quote = _quoted(price(basket, facts, NOW))
    assert {one.lane for one in facts.promotions if one.id in {used.id for used in quote.promotions}} == {"lane0", "lane1", "lane2"}
    assert len(quote.promotions) >= 10
    assert "Exempt (CERT-1)" in dict(quote.totals.tax_by_code)
    stranger = price(basket, evolve(facts, shopper=evolve(facts.shopper, groups=[])), NOW)
    assert not _quoted(stranger).promotions
    assert not _quoted(price(basket, evolve(facts, budgets=dict.fromkeys(facts.budgets, 0)), NOW)).promotions


def test_a_line_and_a_promotion_together_cost_only_columns() -> None:
    """No function is called once for every line and promotion: what happens there happens in loops over columns."""
    cell = Cell(40, 30, 5)
    seen = calls(quote_with_rows(cell))
    often = {name: count for name, count in seen.items() if count >= cell.lines * cell.promotions}
    assert not often


def test_rules_are_put_in_order_once_for_many_quotes() -> None:
    """The rule set, the tax formulas and the canonical texts of rules, rates and policy are made by the first quote that needs them.

    The next quotes have other carts, and facts read anew whose rules are equal, not the same objects.
    """
    first = cart(Cell(12, 17, 5, mixed=True))
    price(*first, NOW)
    made_once = {"rule_set", "formula", "alone", "benefit_text", "rates_text", "policy_text"}
    basket, facts = cart(Cell(12, 17, 5, mixed=True))
    for lines in range(5, 12):
        seen = calls(lambda size=lines: price(evolve(basket, lines=basket.lines[:size]), facts, NOW))  # type: ignore[misc]
        again = {name for name in seen if name.rpartition(".")[2] in made_once}
        assert not again


NO_STRANGERS: Final = frozenset(
    "builtins dict list mappingproxy str tuple functools RLock attr._make attr._compat json.encoder _hashlib _struct HASH Table "
    "namedtuple_Laid namedtuple_Row namedtuple_Run namedtuple_Taxed".split()
)
"""Whose functions run in a quote beside the library's own: built-in types, values being made, JSON being written, and the hash."""


@pytest.mark.parametrize("mixed", [False, True], ids=["percents", "all benefits"])
def test_a_quote_reads_parses_and_copies_nothing(mixed: bool) -> None:
    """No I/O, no clock, nothing parsed, imported or copied; values are made anew once a promotion at most, not once a line.

    Nothing but whole numbers is worked with: no module that has a part in it knows decimals or fractions.
    """
    cell = Cell(20, 18, 5, mixed)
    work = quote_with_rows(cell)
    work()
    seen, names = calls(work), Counter[str]()
    for name, count in seen.items():
        names[name.rpartition(".")[2]] += count
    modules = {name.rpartition(".")[0] for name in seen}
    ours = {module for module in modules if module.startswith("checkout_core.")}
    assert {"checkout_core.pricing", "checkout_core.quote", "checkout_core.receipt"} <= ours
    assert modules - ours - NO_STRANGERS == {__name__}
    assert not names.keys() & {"parse", "loads", "decode", "copy", "deepcopy", "open", "eval", "exec", "compile", "__import__"}
    assert names["evolve"] <= cell.promotions
    inexact = [decimal, decimal.Decimal, fractions, fractions.Fraction]
    assert not [module for module in ours for known in vars(sys.modules[module]).values() if any(known is kind for kind in inexact)]


def test_price_lists_are_compiled_once_and_cost_the_lines_that_they_price() -> None:
    """A quote makes no book and looks at no row of another SKU; without lists nothing of them is called at all."""
    cell = Cell(40, 0, 5)
    listed, plain = calls(quote_by_lists(cell)), calls(quote_alone(cell))
    assert not [name for name in listed if "_compiled" in name or ("__attrs_post_init__" in name and "prices" in name)]
    assert listed["checkout_core.prices.unit_price"] == 40
    assert not [name for name in plain if name.startswith("checkout_core.prices.")]
    assert listed.total() <= 40 * 40 + plain.total()


def test_the_floor_of_the_bench_comes_to_the_same_total() -> None:
    """The bare sums on lists of ints are the sums of the library, for every size the bench measures."""
    for cell in cells():
        if not cell.mixed:
            assert bare(*columns(cell)) == _quoted(price(*cart(cell), NOW)).totals.due


def test_every_benefit_of_the_mixed_bench_takes_something() -> None:
    """Else the bench would measure promotions that do nothing."""
    quote = _quoted(price(*cart(Cell(50, 50, 5, mixed=True)), NOW))
    assert len(quote.promotions) >= 40
    assert len({type(used.benefit) for used in quote.promotions}) == 9


def test_the_bench_measures_every_size_in_one_run() -> None:
    """All cells, the smallest first, each with its times and the floor beside them. It judges none."""
    command = [sys.executable, "-m", "tests.bench.prices", "--seconds", "0", "--json"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert len(figures) == len(list(cells()))
    assert all(0 < figure["quote"][0] < figure["rows"][0] for figure in figures)
