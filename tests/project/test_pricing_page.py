"""The page about pricing policies is true: it has every setting with every value, and its figures are what its carts come to."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checkout_cli.config import read
from checkout_cli.vectors import answer_of, read_worked
from checkout_core.money import Money
from checkout_core.pricing import Quote, price
from checkout_core.pricing_policy import SETTINGS, PricingPolicy, policy_from, settings_of

PAGE = (Path(__file__).parents[2] / "docs" / "pricing-policies.md").read_text(encoding="utf-8")
SECTIONS: dict[str, str] = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL))
NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
TOTALS = {"discount": "discount_total", "net": "net_total", "tax": "tax_total", "coins": "cash_adjustment", "to pay": "amount_due"}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def rows(text: str) -> list[list[str]]:
    """The cells of the one table of a section, its head first."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def value_in(cell: str) -> object:
    """What stands in the first cell of a row, as a parser of the file gives it."""
    said = cell.removesuffix(" (default)").strip("`")
    return tomllib.loads(f"it = {said}")["it"] if said.startswith("{") or said.isdigit() else said


def figure(answer: Mapping[str, Any], column: str) -> int:
    """The figure a column asks for, in minor units: of the whole cart, what came `off` an entry, or a tax `of` it."""
    if column.startswith("off "):
        return int(answer["lines"][column[4:]]["discount"])
    word, _, id = column.partition(" of ")
    if id:
        line = answer["lines"][id]
        return int(line["tax"] if word == "tax" else line["components"][word])
    return int(answer["totals"][TOTALS.get(word, word)])


def test_the_page_has_every_setting_and_no_other() -> None:
    assert list(SECTIONS) == list(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_figures_of_each_value_are_what_the_cart_comes_to(name: str) -> None:
    """RB-49, RB-50, RB-55: each choice gives its documented figure."""
    (block,) = blocks(SECTIONS[name], "toml")
    case = tomllib.loads(block)
    worked = read_worked(case)
    (first, *columns), *values = rows(SECTIONS[name])
    assert first == f"`{name}`"
    for cell, *figures in values:
        policy = policy_from({name: value_in(cell)}, worked.policy)
        assert isinstance(policy, PricingPolicy), policy
        quote = price(worked.basket, worked.facts, NOW, policy)
        assert isinstance(quote, Quote), quote
        answer = answer_of(worked, quote)
        told = [Money.parse(each, case["currency"]).minor for each in figures]
        assert dict(zip(columns, told, strict=True)) == {column: figure(answer, column) for column in columns}, cell


@pytest.mark.parametrize("name", SETTINGS)
def test_each_table_has_every_value_and_says_which_is_the_default(name: str) -> None:
    _, *values = rows(SECTIONS[name])
    cells = [cell for cell, *_ in values]
    if SETTINGS[name]:
        assert sorted(str(value_in(cell)) for cell in cells) == sorted(SETTINGS[name])
    default = settings_of(PricingPolicy())[name]
    assert [value_in(cell) for cell in cells if cell.endswith(" (default)")] == ["none" if default is None else default]


@pytest.mark.parametrize("name", SETTINGS)
def test_no_table_shows_a_choice_that_changes_nothing(name: str) -> None:
    """An example under which all values come to the same explains nothing."""
    _, *values = rows(SECTIONS[name])
    assert len({tuple(figures) for _, *figures in values}) > 1


def test_the_configuration_on_the_page_is_read(tmp_path: Path) -> None:
    (block,) = blocks(PAGE.split("\n## ", 2)[1], "toml")
    path = tmp_path / "checkout.toml"
    path.write_text(block, encoding="utf-8")
    settings = read(path)
    levels = [settings.pricing_for(channel).tax.level for channel in ("", "counter", "app")]
    assert levels == ["order", "order", "line"]
    assert settings.pricing_for("counter").cash is not None


def test_the_program_on_the_page_runs() -> None:
    (program,) = blocks(PAGE, "python")
    exec(program, {"__name__": "example"})
