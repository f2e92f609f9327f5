"""The engine against the oracle, on carts drawn from seeds. `nox -s differential` prices 100,000 of them."""

from __future__ import annotations

from random import Random

import pytest

from checkout_core.money import by_remainder
from checkout_core.promotions import working
from tests.core.differential import differences, main, seeds, smallest
from tests.core.random_carts import cart


@pytest.mark.parametrize("first", range(0, 4_000, 500))
def test_the_engine_gives_the_figures_of_the_oracle(first: int) -> None:
    """Every figure of every cart, and of its receipt, is that of exact fractions; carts without a price are refused by both (I12, G15)."""
    became, bad = seeds(first, 500)
    assert bad == []
    assert became["priced"] > 400
    assert became["with promotions that took something"] > 150


def test_a_difference_is_seen_and_cut_down(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong rule of rounding in the engine is found within a few hundred carts, and told by a small one."""
    monkeypatch.setattr(working, "by_remainder", lambda amount, weights: by_remainder(amount, weights)[::-1])
    _, bad = seeds(0, 300)
    assert bad
    case = smallest(cart(Random(bad[0])))
    assert differences(case)
    assert len(case["lines"]) + len(case.get("shipping", [])) <= 3
    assert main(["--carts", "300", "--jobs", "1", "--first", "4000"]) == 0  # other processes have no such bug
    assert "300 random carts from seed 4000" in capsys.readouterr().out


@pytest.mark.parametrize("seed", [12_608, 27_162, 39_748])
def test_carts_that_once_differed(seed: int) -> None:
    """Found among 100,000: gross weights rounded in two parts, and rivals of a group that had used the same unit."""
    assert differences(cart(Random(seed))) == []
