"""The picture of a price: as drawn before, the same on every terminal, and its right column adds up to what is due."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from checkout_cli.rendering.price_tree import MOST_ROWS, Node, PriceTree
from checkout_cli.rendering.price_words import WORDS, said
from checkout_cli.vectors import Unreadable
from checkout_core.money import Money
from checkout_core.quote import Quote
from tests.cli.price_pictures import drawn, pictures, priced
from tests.core.random_carts import cart

AMOUNT = re.compile(r"(-?[0-9.]+)$")


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    """The quotes of random carts of the whole schema."""
    try:
        return priced(cart(Random(draw(st.integers(0, 10**9)))))
    except (Unreadable, ValueError):
        assume(False)
        raise


def nodes(quote: Quote) -> list[Node]:
    return list(PriceTree(quote).nodes())


@pytest.mark.parametrize("path", pictures(), ids=lambda path: path.name)
def test_a_picture_is_as_it_was_drawn(path: Path) -> None:
    """If this fails because a picture was meant to change: python -m tests.cli.price_pictures --write, and look at it."""
    assert pictures()[path] == path.read_text(encoding="utf-8")


@settings(max_examples=60, deadline=None)
@given(quotes(), st.sampled_from([60, 80, 120]), st.sampled_from(["utf-8", "ascii"]))
def test_the_right_column_adds_up_to_what_is_due(quote: Quote, width: int, encoding: str) -> None:
    """As a person with a pencil would do it: on the drawn picture, not on the data."""
    column, due = list[int](), None
    shown = [line for line in drawn(quote, width, encoding).splitlines() if line]
    right = max(map(cell_len, shown[: next(n for n, line in enumerate(shown) if line.startswith("To pay")) + 1]))
    for line in shown:
        amount = AMOUNT.search(line)
        if amount is None or cell_len(line) != right:
            continue
        minor = Money.parse(amount[1], quote.currency).minor
        if line.startswith("To pay"):
            due = minor
            break
        column.append(minor)
    assert due == quote.totals.due == sum(column)


@settings(max_examples=150, deadline=None)
@given(quotes())
def test_each_part_of_the_tree_adds_up(quote: Quote) -> None:
    """What stands below a line makes what the line costs; the discounts and the taxes are all there, each once."""
    for node in nodes(quote):
        parts = [below.part for below in node.below if below.part is not None]
        if node.say.key in ("line", "carriage") and parts:
            assert sum(parts) == node.whole
        elif node.say.key == "discounts":
            assert sum(parts) == -quote.totals.discount
        elif node.say.key == "taxes":
            assert sum(parts) == quote.totals.tax


@settings(max_examples=40, deadline=None)
@given(quotes(), st.integers(36, 140))
def test_no_line_is_wider_than_the_window_and_none_ends_in_blanks(quote: Quote, width: int) -> None:
    for line in drawn(quote, width).splitlines():
        assert cell_len(line) <= width
        assert line == line.rstrip()


def test_where_words_have_no_room_beside_the_amounts_the_amounts_stand_below_them() -> None:
    shown = drawn(priced(cart(Random(4))), 24).splitlines()
    assert shown[:3] == ["7 × L1", "│                     70", "├─ list price  7 × 9"]
    assert "To pay\n                  JPY 72" in "\n".join(shown)
    assert all(cell_len(line) <= 24 and line == line.rstrip() for line in shown)


def test_colours_add_nothing_but_colours() -> None:
    quote = priced(cart(Random(7)))
    coloured = drawn(quote, colours=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == drawn(quote)


def test_words_can_be_put_into_another_language() -> None:
    """One table has every sentence; a sentence is data until it is drawn."""
    german = {**WORDS, "due": "Zu zahlen", "list-price": "Listenpreis|{quantity} mal {unit}"}
    (due,) = [node for node in nodes(priced(cart(Random(7)))) if node.tone == "due"]
    assert said(due.say, german) == ("Zu zahlen", "")


@settings(max_examples=100, deadline=None)
@given(quotes())
def test_every_sentence_is_in_the_table_and_gets_its_facts(quote: Quote) -> None:
    def every(some: list[Node]) -> list[Node]:
        return [each for node in some for each in (node, *every(list(node.below)))]

    for node in every(nodes(quote)):
        loud, quiet = said(node.say)
        assert loud or quiet


def test_a_large_cart_stays_readable() -> None:
    """50 lines and 20 promotions: a row a line at most, a row or two a promotion, and the way to the rest."""
    (path,) = [path for path in pictures() if path.name == "wholesale.80.txt"]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_ROWS + 50
    assert "Shown briefly. --json has the discounts and taxes of every line." in lines
    assert any(line.startswith("5 lines of 2 × 890") for line in lines)
