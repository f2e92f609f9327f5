"""What every carrier promises, and one in memory that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import define, field

from checkout_core.customers import Destination
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.money import Money
from checkout_core.shipping import CarrierRate, Parcel, Shipment
from checkout_core.testing.parts import needs


@define
class TableCarrier:
    """A carrier in memory, for tests of a host: so much a started kilogram for each service, in some countries.

    It can be `away`, or answer with no sense (`broken`). `until` is the end of its prices. `asked` counts the questions.
    """

    a_kilogram: dict[str, Money]
    countries: frozenset[str] = frozenset({"DE", "FR"})
    name: str = "acme"
    days: tuple[int, int] | None = (1, 2)
    until: datetime | None = None
    away: bool = False
    broken: bool = False
    asked: list[Shipment] = field(factory=list)

    def rates(self, shipment: Shipment) -> Sequence[CarrierRate]:
        """A rate for each service in that currency. Raises Unavailable while it is away."""
        self.asked.append(shipment)
        if self.away:
            raise Unavailable(f"{self.name} is away.")
        if self.broken:
            raise RuntimeError("no such field: rates")
        if shipment.destination.country not in self.countries:
            return []
        kilograms = sum(-(-parcel.weight // 1000) for parcel in shipment.parcels)
        return [
            CarrierRate(service, Money(price.minor * kilograms, price.currency), self.days, self.until)
            for service, price in self.a_kilogram.items()
            if price.currency == shipment.currency
        ]


SHIPMENT: Final = Shipment(Destination("DE", None, "10115"), "EUR", (Parcel(1200, 1_000_000, 2, 5000, "main"),))


class CarrierContract:
    """Say how yours is made, what it knows, and where it goes; with `make_away`, what it does while its far side is away is tried too."""

    shipment: Shipment = SHIPMENT
    """A shipment that it carries."""
    elsewhere: Destination = Destination("AQ")
    """A place that it does not go to."""

    def make(self) -> Any:
        """A carrier (the sync face) whose far side answers."""
        raise NotImplementedError

    def make_away(self) -> Any:
        """One whose far side does not answer."""
        raise NotImplementedError

    def can(self, capability: str) -> bool:
        """Whether `make_away` is there."""
        return capability == "away" and type(self).make_away is not CarrierContract.make_away

    def test_each_service_has_one_price_in_the_currency_asked(self) -> None:
        """Not below nothing, each service once, and some service there is."""
        rates = self.make().rates(self.shipment)
        assert rates, "It carries this shipment, as the kit was told, and names no service."
        assert {rate.price.currency for rate in rates} == {self.shipment.currency}
        assert len({rate.service for rate in rates}) == len(rates), "A service is there twice. Which price is it?"
        assert all(isinstance(rate, CarrierRate) for rate in rates)

    def test_asking_changes_nothing(self) -> None:
        """A checkout is priced more than once: the same question has the same answer, but for how long it holds."""
        carrier = self.make()
        first, then = ([(rate.service, rate.price) for rate in carrier.rates(self.shipment)] for _ in range(2))
        assert first == then

    def test_a_price_has_not_ended_when_it_is_told(self) -> None:
        """With a margin of a day for clocks that go wrong."""
        for rate in self.make().rates(self.shipment):
            assert rate.until is None or rate.until > datetime.now(UTC) - timedelta(days=1)

    def test_where_it_does_not_go_it_names_no_price(self) -> None:
        """No service is an answer; it is no failure."""
        assert list(self.make().rates(Shipment(self.elsewhere, self.shipment.currency, self.shipment.parcels))) == []

    def test_its_name_is_a_text_that_stays(self) -> None:
        """Quotes keep it."""
        name = self.make().name
        assert isinstance(name, str)
        assert name
        assert name == self.make().name

    @needs("away")
    def test_while_it_is_away_it_says_so(self) -> None:
        """Unavailable or NoAnswer, and no exception of its own: the shop goes on without it."""
        try:
            answer = self.make_away().rates(self.shipment)
        except (Unavailable, NoAnswer):
            return
        raise AssertionError(f"It is away, and answers {answer!r}. Raise Unavailable, or NoAnswer.")
