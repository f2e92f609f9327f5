"""The oracle is right where others have published numbers, and where the arithmetic is short enough to check by hand.

Everything else that is said about prices leans on it, so nothing here asks the library what it would answer.
"""

from __future__ import annotations

import ast
import json
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest

from tests.core import oracle

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
