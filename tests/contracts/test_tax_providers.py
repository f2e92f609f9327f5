"""The tax provider of the testing kit keeps the contract, and the contract has been seen broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from checkout_core.tax import TaxTable
from checkout_core.tax_provider import TaxEstimate
from checkout_core.testing import TableTaxProvider, TaxProviderContract
from checkout_core.testing.taxes import IN_MAY
from tests.red import goes_red


class TestTable(TaxProviderContract):
    def make(self, table: TaxTable) -> Any:
        return TableTaxProvider(table)

    def make_away(self) -> Any:
        return TableTaxProvider(TaxTable([]), away=True)


class Other:
    """The right provider, with every answer changed."""

    def __init__(self, table: TaxTable, change: Callable[[TaxEstimate, int], Any], at: Any = None) -> None:
        self.right, self.change, self.at = TableTaxProvider(table), change, at
        self.name = f"rows: {len(table.rows)}"

    def estimate(self, destination: Any, categories: Any, at: Any) -> Any:
        answer = self.right.estimate(destination, categories, self.at or at)
        return self.change(answer, self.right.asked)


def free(answer: TaxEstimate, asked: int) -> TaxEstimate:
    return TaxEstimate({category: rates or () for category, rates in answer.rates.items()}, answer.reference)


def all_or_nothing(answer: TaxEstimate, asked: int) -> TaxEstimate:
    return TaxEstimate({} if None in answer.rates.values() else answer.rates, answer.reference)


def numbered(answer: TaxEstimate, asked: int) -> TaxEstimate:
    return TaxEstimate(answer.rates, f"call {asked}")


def as_it_is(answer: TaxEstimate, asked: int) -> TaxEstimate:
    return answer


@pytest.mark.parametrize(
    ("change", "at", "promise"),
    [
        (as_it_is, IN_MAY, "test_the_rates_are_those_of_the_place_and_the_day"),
        (free, None, "test_what_it_does_not_know_is_not_free"),
        (all_or_nothing, None, "test_one_that_is_not_known_hides_no_other"),
        (numbered, None, "test_asking_changes_nothing"),
        (as_it_is, None, "test_it_has_one_name"),
        (as_it_is, None, "test_away_is_told_as_away"),
    ],
)
def test_a_provider_that_answers_otherwise_is_caught(change: Callable[[TaxEstimate, int], Any], at: Any, promise: str) -> None:
    class Kit(TaxProviderContract):
        def make(self, table: TaxTable) -> Any:
            return Other(table, change, at)

        def make_away(self) -> Any:
            return Other(TaxTable([]), change)

    assert not goes_red(TestTable(), promise)
    assert goes_red(Kit(), promise)
