"""What every tax provider promises, and one in memory that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from attrs import define, evolve, field

from checkout_core.customers import Destination
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.money import Ratio
from checkout_core.tax import TaxRate, TaxRow, TaxTable
from checkout_core.tax_provider import TaxEstimate, TaxSource
from checkout_core.tax_sales import TaxedEntry, TaxSale
from checkout_core.testing.parts import needs


@define
class TableTaxProvider:
    """A provider in memory that answers from a table of its own, for tests of a host: it can be `away`, or answer with no sense (`broken`).

    It keeps `sales` by key, and the keys that are `voided`. With `lost` it does what it is told and its answer is lost. `asked` counts
    the questions, `told` what it was told of sales.
    """

    table: TaxTable
    name: str = "table"
    edition: str = "1"
    away: bool = False
    broken: bool = False
    asked: int = 0
    sales: dict[str, TaxSale] = field(factory=dict)
    voided: set[str] = field(factory=set)
    lost: bool = False
    told: int = 0

    def estimate(self, destination: Destination, categories: Sequence[str], at: datetime) -> TaxEstimate:
        """The table's rates. Raises Unavailable while it is away."""
        self.asked += 1
        if self.away:
            raise Unavailable(f"{self.name} is away.")
        if self.broken:
            raise RuntimeError("no such field: rates")
        country, region = destination.country, destination.region
        rates = {category: self.table.rates(country, region, category, at) for category in categories}
        return TaxEstimate(rates, f"{country}{f'-{region}' if region else ''}, edition {self.edition}")

    def commit(self, sale: TaxSale) -> None:
        """Book it, unless it is there, or was voided. Raises Unavailable while it is away, NoAnswer if the answer is lost."""
        self._hear()
        if sale.key not in self.voided:
            self.sales.setdefault(sale.key, sale)
        self._answer(sale.key)

    def void(self, key: str) -> None:
        """Take it back for good. Raises as `commit`."""
        self._hear()
        self.voided.add(key)
        self.sales.pop(key, None)
        self._answer(key)

    def _hear(self) -> None:
        self.told += 1
        if self.away:
            raise Unavailable(f"{self.name} is away.")

    def _answer(self, key: str) -> None:
        if self.lost:
            raise NoAnswer(f"{self.name} did not answer about {key}.")


def _rate(code: str, percent: int, *, included: bool = True) -> tuple[TaxRate, ...]:
    return (TaxRate(code, Ratio(percent, 100), included),)


JULY: Final = date(2026, 7, 1)
TABLE: Final = TaxTable(
    [
        TaxRow("DE", None, "standard", _rate("MwSt", 19), until=date(2026, 6, 30)),
        TaxRow("DE", None, "standard", _rate("MwSt", 20), since=JULY),
        TaxRow("DE", None, "stamps", (TaxRate("MwSt", Ratio(0), included=True, reason="exempt"),)),
        TaxRow("US", "CA", "standard", (*_rate("State", 6, included=False), *_rate("District", 1, included=False))),
    ]
)
"""Rates that change on a day, are nothing for a reason, come on top, and are of a region."""

GERMANY, CALIFORNIA, TEXAS = Destination("DE"), Destination("US", "CA", "94105"), Destination("US", "TX")
IN_MAY, IN_AUGUST = datetime(2026, 5, 1, 12, tzinfo=UTC), datetime(2026, 8, 1, 12, tzinfo=UTC)


class TaxProviderContract:
    """Say how yours is made; with `make_away`, what it does while its far side is away is tried too."""

    def make(self, table: TaxTable) -> Any:
        """A provider (the sync face) whose far side knows these rates."""
        raise NotImplementedError

    def make_away(self) -> Any:
        """One whose far side does not answer."""
        raise NotImplementedError

    def can(self, capability: str) -> bool:
        """Whether `make_away` is there."""
        return capability == "away" and type(self).make_away is not TaxProviderContract.make_away

    def test_the_rates_are_those_of_the_place_and_the_day(self) -> None:
        """All that are due, in their order, inside the price or on top of it, zero with its reason."""
        provider = self.make(TABLE)
        for place, category in ((GERMANY, "standard"), (GERMANY, "stamps"), (CALIFORNIA, "standard")):
            for at in (IN_MAY, IN_AUGUST):
                right = TABLE.rates(place.country, place.region, category, at)
                assert right is not None
                assert provider.estimate(place, [category], at).rates[category] == right

    def test_what_it_does_not_know_is_not_free(self) -> None:
        """No rates at all would be no tax by accident (G2): a category or place that it does not know is None, or left out."""
        provider = self.make(TABLE)
        for place, category in ((GERMANY, "antiques"), (TEXAS, "standard")):
            assert provider.estimate(place, [category], IN_MAY).rates.get(category) is None

    def test_one_that_is_not_known_hides_no_other(self) -> None:
        answer = self.make(TABLE).estimate(GERMANY, ["antiques", "standard"], IN_MAY)
        assert answer.rates["standard"] == TABLE.rates("DE", None, "standard", IN_MAY)
        assert answer.rates.get("antiques") is None

    def test_asking_changes_nothing(self) -> None:
        """The same question has the same answer, and the same reference: that is part of the hash of a quote (R7)."""
        provider = self.make(TABLE)
        first = provider.estimate(GERMANY, ["standard"], IN_MAY)
        provider.estimate(CALIFORNIA, ["standard"], IN_AUGUST)
        assert provider.estimate(GERMANY, ["standard"], IN_MAY) == first

    def test_it_has_one_name(self) -> None:
        """Quotes are kept with it."""
        names = {self.make(TABLE).name, self.make(TaxTable([])).name}
        assert len(names) == 1
        assert all(names)

    @needs("away")
    def test_away_is_told_as_away(self) -> None:
        """By one of our own errors, whatever the technology raised."""
        try:
            answer = self.make_away().estimate(GERMANY, ["standard"], IN_MAY)
        except (Unavailable, NoAnswer):
            return
        raise AssertionError(f"It answered {answer}.")


SALE: Final = TaxSale(
    *("c1/tax", "ABCDE-FGHJ0", IN_MAY, GERMANY, "EUR"),
    (
        TaxedEntry("mug", True, "standard", 2, 2000, 380, (("MwSt", 380),)),
        TaxedEntry("post", False, "standard", 1, 412, 78, (("MwSt", 78),)),
    ),
    2412,
    458,
    TaxSource("table", "DE, edition 1"),
)
"""An order as a provider is told of it."""


class TaxRecordsContract:
    """Say how yours is made, and what stands on the other side; with `make_away`, what it does while that is away is tried too."""

    def make(self) -> Any:
        """Records (the sync face) in which nothing stands yet."""
        raise NotImplementedError

    def standing(self, records: Any) -> Sequence[str]:
        """The keys of the sales that stand on the other side, each as often as it is booked there."""
        raise NotImplementedError

    def make_away(self) -> Any:
        """Some whose far side does not answer."""
        raise NotImplementedError

    def can(self, capability: str) -> bool:
        """Whether `make_away` is there."""
        return capability == "away" and type(self).make_away is not TaxRecordsContract.make_away

    def test_what_was_sold_stands(self) -> None:
        records = self.make()
        records.commit(SALE)
        records.commit(evolve(SALE, key="c2/tax"))
        assert sorted(self.standing(records)) == ["c1/tax", "c2/tax"]

    def test_told_twice_it_is_booked_once(self) -> None:
        """The outbox delivers at least once, and an answer may be lost (R9, M1)."""
        records = self.make()
        for _ in range(3):
            records.commit(SALE)
        assert list(self.standing(records)) == ["c1/tax"]

    def test_what_was_taken_back_stands_no_more(self) -> None:
        """It alone, however often that is said."""
        records = self.make()
        records.commit(SALE)
        records.commit(evolve(SALE, key="c2/tax"))
        for _ in range(2):
            records.void("c1/tax")
        assert list(self.standing(records)) == ["c2/tax"]

    def test_a_commit_that_comes_after_its_void_books_nothing(self) -> None:
        """A call that was slow on its way, or a message that is delivered again (M1)."""
        for before in (True, False):
            records = self.make()
            if before:
                records.commit(SALE)
            records.void("c1/tax")
            records.commit(SALE)
            assert not self.standing(records)

    @needs("away")
    def test_away_is_told_as_away(self) -> None:
        """By one of our own errors: the message waits, and is tried again."""
        for call in ("commit", "void"):
            try:
                getattr(self.make_away(), call)(SALE if call == "commit" else SALE.key)
            except (Unavailable, NoAnswer):
                continue
            raise AssertionError(f"It took the {call}.")
