"""The tax provider of the testing kit keeps the contract, and the contract has been seen broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from checkout_adapters.prompt import PromptTaxProvider
from checkout_core.tax import TaxTable
from checkout_core.tax_provider import TaxEstimate
from checkout_core.tax_sales import TaxSale
from checkout_core.testing import TableTaxProvider, TaxProviderContract, TaxRecordsContract
from checkout_core.testing.taxes import IN_MAY
from tests.red import goes_red


class TestTable(TaxProviderContract):
    def make(self, table: TaxTable) -> Any:
        return TableTaxProvider(table)

    def make_away(self) -> Any:
        return TableTaxProvider(TaxTable([]), away=True)


class TestPrompt(TaxProviderContract):
    """With a time-out around it, it keeps all promises."""

    def make(self, table: TaxTable) -> Any:
        return PromptTaxProvider(TableTaxProvider(table))

    def make_away(self) -> Any:
        return PromptTaxProvider(TableTaxProvider(TaxTable([]), away=True))


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


# Records of sales.
class TestTableRecords(TaxRecordsContract):
    def make(self) -> Any:
        return TableTaxProvider(TaxTable([]))

    def standing(self, records: Any) -> Sequence[str]:
        return tuple(records.sales)

    def make_away(self) -> Any:
        return TableTaxProvider(TaxTable([]), away=True)


class Careless:
    """Records as a list, with mistakes by name."""

    def __init__(self, mistake: str) -> None:
        self.mistake = mistake
        self.keys: list[str] = []

    def commit(self, sale: TaxSale) -> None:
        if self.mistake == "one":
            self.keys = [sale.key]
        elif self.mistake == "twice" or sale.key not in self.keys:
            self.keys.append(sale.key)

    def void(self, key: str) -> None:
        self.keys = [] if self.mistake == "all" else [each for each in self.keys if each != key]


@pytest.mark.parametrize(
    ("mistake", "promise"),
    [
        ("one", "test_what_was_sold_stands"),
        ("twice", "test_told_twice_it_is_booked_once"),
        ("all", "test_what_was_taken_back_stands_no_more"),
        ("no tombstone", "test_a_commit_that_comes_after_its_void_books_nothing"),
        ("away", "test_away_is_told_as_away"),
    ],
)
def test_records_that_are_careless_are_caught(mistake: str, promise: str) -> None:
    class Kit(TaxRecordsContract):
        def make(self) -> Any:
            return Careless(mistake)

        def standing(self, records: Any) -> Sequence[str]:
            return tuple(records.keys)

        def make_away(self) -> Any:
            return Careless(mistake)

    assert not goes_red(TestTableRecords(), promise)
    assert goes_red(Kit(), promise)
