"""There is one way to become an order, whoever comes along it: the page, a webhook, a worker, an operator (RB-23, R6)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ONCE = {"Order": "flow.py", "CloseCart": "drive.py", "Commit": "drive.py", "Place": "flow.py", "Booked": "drive.py"}
"""What is made in one place only: the order itself, what closes its cart and sells its goods, and the decision to do so."""


def makers(source: str) -> Iterator[str]:
    """The names from ONCE that this text makes an object of."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ONCE:
                yield name


def places() -> dict[str, list[str]]:
    """Where each of them is made, in the code that ships; the kits make values to store, and are left out."""
    found: dict[str, list[str]] = {name: [] for name in ONCE}
    for folder in ("src/checkout_core", "src/checkout_cli", "adapters/checkout_adapters"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "testing" not in path.parts:
                for name in makers(path.read_text(encoding="utf-8")):
                    found[name].append(path.name)
    return found


@pytest.mark.parametrize("name", sorted(ONCE))
def test_an_order_is_made_in_one_place(name: str) -> None:
    """RB-23: with a second caller of the order factory, two paths can finish one cart, in two shapes."""
    assert places()[name] == [ONCE[name]]


def test_a_planted_second_way_is_seen() -> None:
    """The guard has been seen failing."""
    assert list(makers("def webhook(c):\n    return orders.Order(c.id, c.number)")) == ["Order"]
    assert list(makers("unit.write(Commit(c.id), CloseCart(c.cart, c.id))")) == ["Commit", "CloseCart"]
