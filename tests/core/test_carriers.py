"""Prices that carriers name: asked once, in time, and only if it matters; and what stands in for one that is away."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from checkout_adapters.prompt import AsyncPromptCarrier, AsyncPromptTaxProvider, PromptCarrier, PromptTaxProvider
from checkout_adapters.sandbox import SandboxGateway
from checkout_core import (
    Band,
    Card,
    CarrierShipping,
    Misconfigured,
    NoAnswer,
    Placed,
    Policy,
    Refusal,
    ShippingMethod,
    ShippingTable,
    Shop,
    Unavailable,
    Zone,
)
from checkout_core.arrivals import Arrival, Dispatch
from checkout_core.carriers import AsyncCarrierShipping
from checkout_core.customers import Destination
from checkout_core.errors import BadSetting
from checkout_core.memory import MemoryCatalog, MemoryStorage
from checkout_core.money import Money
from checkout_core.quote import intact
from checkout_core.receipt import receipt_of
from checkout_core.refusals import Refused
from checkout_core.shipping import CarrierRate, Parcel, PickupPoint, RateSource, Shipment, ShippingOption
from checkout_core.tax_provider import TaxEstimate
from checkout_core.testing import CarrierContract, TableCarrier
from checkout_core.testing.carriers import SHIPMENT
from tests.red import goes_red
from tests.world import ADA, BERLIN, SECRET, Numbered, TestClock, eur, german_taxes, products, total

HOUSE = PickupPoint("house", "House", ["Street 1"], Destination("DE"))
TABLE = ShippingTable(
    [
        ShippingMethod("economy", "Economy", [Zone({"DE", "FR"}, [Band(9000, [eur(490)])], days=(4, 6))]),
        ShippingMethod("express", "Express", [Zone({"DE"}, [Band(9000, [eur(1290)])])]),
        ShippingMethod("pickup", "Fetch it", [Zone({"DE"}, [Band(9000, [eur(0)])])], points=[HOUSE]),
    ]
)
SERVICES = {"economy": ("acme", "ECO"), "express": ("acme", "X24"), "pickup/house": ("acme", "X24")}


def carrier(**otherwise: Any) -> TableCarrier:
    return TableCarrier(**{"a_kilogram": {"ECO": eur(300), "X24": eur(800)}} | otherwise)


def ways(*carriers: Any, outage: Any = "fallback", services: Any = SERVICES) -> CarrierShipping:
    return CarrierShipping(TABLE, carriers, services, outage=outage)


def prices(offers: Sequence[ShippingOption | Refused]) -> dict[str, object]:
    """By method, what it costs or why not."""
    return dict([(one.subject, one.reason) if isinstance(one, Refused) else (one.id, one.price.minor) for one in offers])


# What it asks.
def test_a_carrier_names_the_price_and_the_days() -> None:
    """1.2 kg are two started ones. What is fetched keeps the table's price, and what the carrier knows not is as the table says."""
    offers = ways(acme := carrier()).options(SHIPMENT)
    assert prices(offers) == {"economy": 600, "express": 1600, "pickup/house": 0}
    assert offers[0] == ShippingOption("economy", "Economy", eur(600), days=(1, 2), source=RateSource("acme"))
    assert acme.asked == [SHIPMENT]


def test_a_carrier_that_says_no_days_leaves_those_of_the_table() -> None:
    (economy, *_) = ways(carrier(days=None)).options(SHIPMENT)
    assert isinstance(economy, ShippingOption)
    assert economy.days == (4, 6)


def test_where_the_table_does_not_go_nobody_is_asked() -> None:
    acme = carrier()
    offers = ways(acme).options(Shipment(Destination("IE"), "EUR", [Parcel(1)]))
    assert set(prices(offers).values()) == {"not-shipped-there"}
    assert acme.asked == []


def test_where_the_carrier_does_not_go_the_method_does_not() -> None:
    """It answered, and named no price: the table does not know better."""
    offers = ways(carrier(countries=frozenset())).options(SHIPMENT)
    assert prices(offers) == {"economy": "not-shipped-there", "express": "not-shipped-there", "pickup/house": 0}


def test_a_price_in_another_currency_is_none() -> None:
    class Dollars:
        name = "acme"

        def rates(self, shipment: Shipment) -> list[CarrierRate]:
            return [CarrierRate("ECO", Money(500, "USD"))]

    assert prices(ways(Dollars()).options(SHIPMENT))["economy"] == "no-price"


def test_two_carriers_are_each_asked_once() -> None:
    acme, post = carrier(), carrier(name="post", a_kilogram={"BRIEF": eur(100)})
    offers = ways(acme, post, services={"economy": ("post", "BRIEF"), "express": ("acme", "X24")}).options(SHIPMENT)
    assert prices(offers) == {"economy": 200, "express": 1600, "pickup/house": 0}
    assert (len(acme.asked), len(post.asked)) == (1, 1)


def test_several_parcels_are_one_question() -> None:
    both = evolve(SHIPMENT, parcels=(Parcel(1200, origin="berlin"), Parcel(100, origin="dublin")))
    (economy, *_) = ways(carrier(days=None)).options(both)
    assert isinstance(economy, ShippingOption)
    assert economy.price == eur(900)
    assert [(leg.origin, leg.price, leg.days) for leg in economy.legs] == [("berlin", None, (4, 6)), ("dublin", None, (4, 6))]


# Away.
@pytest.mark.parametrize("trouble", [{"away": True}, {"broken": True}])
@pytest.mark.filterwarnings("ignore:The carrier")
def test_while_it_is_away_the_table_holds_or_nothing_is_offered(trouble: dict[str, Any]) -> None:
    assert prices(ways(carrier(**trouble)).options(SHIPMENT)) == {"economy": 490, "express": 1290, "pickup/house": 0}
    (economy, *_) = ways(carrier(**trouble)).options(SHIPMENT)
    assert isinstance(economy, ShippingOption)
    assert economy.source == RateSource("acme", answered=False)
    blocked = ways(carrier(**trouble), outage="block").options(SHIPMENT)
    assert prices(blocked) == {"economy": "rates-away", "express": "rates-away", "pickup/house": 0}


def test_one_that_is_away_keeps_no_other_back() -> None:
    acme, post = carrier(away=True), carrier(name="post", a_kilogram={"BRIEF": eur(100)})
    offers = ways(acme, post, outage="block", services={"economy": ("post", "BRIEF"), "express": ("acme", "X24")}).options(SHIPMENT)
    assert prices(offers) == {"economy": 200, "express": "rates-away", "pickup/house": 0}


@pytest.mark.parametrize("answer", [None, "cheap", [("X24", 500)], {"X24": 500}])
def test_an_answer_without_sense_is_warned_of_and_is_none(answer: Any) -> None:
    class Nonsense:
        name = "acme"

        def rates(self, shipment: Shipment) -> Any:
            return answer

    with pytest.warns(RuntimeWarning, match=f"acme.*{type(answer).__name__}"):
        assert prices(ways(Nonsense()).options(SHIPMENT))["express"] == 1290


def test_a_service_of_nobody_is_refused_at_once() -> None:
    with pytest.raises(Misconfigured, match=r"'acme', who is not there\. Known: none"):
        ways()


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda: CarrierRate("X", eur(-1)), "below zero"),
        (lambda: CarrierRate("X", eur(1), until=datetime(2026, 1, 1)), "not in UTC"),  # noqa: DTZ001
        (lambda: CarrierRate("X", eur(1), (3, 2)), "business days"),
    ],
)
def test_a_rate_that_makes_no_sense_is_refused(mistake: Callable[[], Any], words: str) -> None:
    with pytest.raises((ValueError, AttributeError), match=words):
        mistake()


# In a shop.
class Depot:
    def __init__(self, acme: TableCarrier, **how: Any) -> None:
        self.clock = TestClock()
        self.shop = Shop(
            storage=MemoryStorage(self.clock),
            gateways=[SandboxGateway(clock=self.clock)],
            catalog=MemoryCatalog(products(), (), german_taxes(), TABLE),
            shipping=ways(acme, **how),
            clock=self.clock,
            ids=Numbered(),
            policy=Policy(identity_secret=SECRET, dispatch={"main": Dispatch("Europe/Berlin", "16:00")}),
        )
        self.shop.receive("MUG", 9, reason="delivery", actor="test")

    def begin(self) -> Any:
        cart = self.shop.open_cart(currency="EUR")
        self.shop.add(cart.id, sku="MUG")
        return self.shop.begin(cart.id, ship_to=BERLIN, shipping="express", contact=ADA)

    def pay(self, c: Any) -> Any:
        return self.shop.pay(c.id, Card("tok_ok"), expected=total(c), key="k1")


def test_a_quote_says_who_named_its_carriage_and_when_it_arrives() -> None:
    c = Depot(carrier()).begin()
    assert c.quote.shipping[0].source == RateSource("acme")
    assert [row.rule for row in receipt_of(c.quote).rows if row.step == "shipping"] == ["rate of acme"]
    assert intact(c.quote)
    assert c.arrival == Arrival(date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3))


def test_a_quoted_rate_is_paid_though_the_carrier_has_gone_or_grown_dearer() -> None:
    """R7: nothing is asked while a quote lasts."""
    acme = carrier()
    depot = Depot(acme, outage="block")
    c, asked = depot.begin(), len(acme.asked)
    acme.away, acme.a_kilogram = True, {"X24": eur(99_900)}
    assert isinstance(depot.pay(c), Placed)
    assert len(acme.asked) == asked


def test_a_rate_that_has_ended_is_asked_again_and_a_dearer_one_is_shown_first() -> None:
    noon = TestClock().now()
    acme = carrier(until=noon + timedelta(minutes=3))
    depot = Depot(acme)
    c = depot.begin()
    assert c.quote_until == noon + timedelta(minutes=3)
    depot.clock.forward(minutes=4)
    acme.a_kilogram = {"X24": eur(900)}
    acme.until = noon + timedelta(hours=9)
    refused = depot.pay(c)
    assert isinstance(refused, Refused)
    assert refused.reason == "quote-changed"
    assert refused.total == total(c) + eur(100)


def test_without_a_rate_the_checkout_says_to_choose_another_way() -> None:
    depot = Depot(carrier(away=True), outage="block")
    with pytest.raises(Refusal) as refusal:
        depot.begin()
    assert [(one.reason, one.given) for one in refusal.value.refused] == [("rates-away", "acme")]


# In time.
class Slow:
    """A far side that hangs until it is let go."""

    name = "slow"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.began = 0

    def rates(self, shipment: Shipment) -> list[CarrierRate]:
        self.began += 1
        self.go.wait(20)
        return [CarrierRate("X24", eur(1))]

    def estimate(self, destination: Destination, categories: Sequence[str], at: datetime) -> TaxEstimate:
        self.go.wait(20)
        return TaxEstimate({})


def test_who_takes_too_long_is_away() -> None:
    slow = Slow()
    try:
        with pytest.raises(NoAnswer, match=r"slow has not answered within 0\.05 seconds"):
            PromptCarrier(slow, 0.05).rates(SHIPMENT)
        with pytest.raises(NoAnswer):
            PromptTaxProvider(slow, 0.05).estimate(Destination("DE"), [], datetime.now(UTC))
        offers = CarrierShipping(TABLE, [PromptCarrier(slow, 0.05)], {"express": ("slow", "X24")}).options(SHIPMENT)
        assert prices(offers)["express"] == 1290
    finally:
        slow.go.set()


def test_calls_that_hang_hold_nobody_up_and_have_a_bound() -> None:
    """R25: of two that may hang at once, the third is answered at once; once they have ended, all is as before."""
    slow = Slow()
    prompt = PromptCarrier(slow, 0.05, at_once=2)
    try:
        for _ in range(2):
            with pytest.raises(NoAnswer):
                prompt.rates(SHIPMENT)
        with pytest.raises(Unavailable, match="has not answered the calls before"):
            prompt.rates(SHIPMENT)
        assert slow.began == 2
    finally:
        slow.go.set()
    patience = time.monotonic() + 10
    while time.monotonic() < patience:  # the two threads end when they are let go
        try:
            assert [rate.service for rate in prompt.rates(SHIPMENT)] == ["X24"]
            return
        except (Unavailable, NoAnswer):
            time.sleep(0.01)
    raise AssertionError("It never came back.")


def test_in_time_it_is_the_carrier_itself() -> None:
    """Its answers, and its errors as they are."""
    assert PromptCarrier(carrier()).rates(SHIPMENT) == carrier().rates(SHIPMENT)
    assert PromptCarrier(carrier()).name == "acme"
    with pytest.raises(Unavailable, match="acme is away"):
        PromptCarrier(carrier(away=True)).rates(SHIPMENT)
    with pytest.raises(RuntimeError, match="no such field"):
        PromptCarrier(carrier(broken=True)).rates(SHIPMENT)


class AsyncSlow:
    name = "slow"
    cancelled = 0

    async def rates(self, shipment: Shipment) -> Sequence[CarrierRate]:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return []

    async def estimate(self, destination: Destination, categories: Sequence[str], at: datetime) -> TaxEstimate:
        await asyncio.sleep(20)
        return TaxEstimate({})


def test_on_asyncio_what_is_late_is_cancelled() -> None:
    slow = AsyncSlow()

    class Table:
        async def options(self, shipment: Shipment) -> Sequence[ShippingOption | Refused]:
            return TABLE.options(shipment)

    async def ask() -> None:
        with pytest.raises(NoAnswer, match=r"within 0\.05 seconds"):
            await AsyncPromptCarrier(slow, 0.05).rates(SHIPMENT)
        with pytest.raises(NoAnswer):
            await AsyncPromptTaxProvider(slow, 0.05).estimate(Destination("DE"), [], datetime.now(UTC))
        offers = await AsyncCarrierShipping(Table(), [AsyncPromptCarrier(slow, 0.05)], {"express": ("slow", "X24")}).options(SHIPMENT)
        assert prices(offers)["express"] == 1290

    asyncio.run(ask())
    assert slow.cancelled == 2


@pytest.mark.parametrize("how", [{"seconds": 0}, {"seconds": -1}, {"at_once": 0}, {"at_once": True}])
def test_a_deadline_that_makes_no_sense_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(BadSetting):
        PromptCarrier(carrier(), **how)


# The contract.
class TestTableCarrier(CarrierContract):
    def make(self) -> Any:
        return carrier()

    def make_away(self) -> Any:
        return carrier(away=True)


class TestPromptCarrier(TestTableCarrier):
    def make(self) -> Any:
        return PromptCarrier(carrier())

    def make_away(self) -> Any:
        return PromptCarrier(carrier(away=True))


WRONG: list[tuple[Any, str]] = [
    ({"a_kilogram": {}}, "test_each_service_has_one_price_in_the_currency_asked"),
    ({"until": datetime(2020, 1, 1, tzinfo=UTC)}, "test_a_price_has_not_ended_when_it_is_told"),
    ({"countries": frozenset({"DE", "AQ"})}, "test_where_it_does_not_go_it_names_no_price"),
    ({"name": ""}, "test_its_name_is_a_text_that_stays"),
]


@pytest.mark.parametrize(("otherwise", "promise"), WRONG)
def test_a_carrier_that_breaks_a_promise_is_seen(otherwise: dict[str, Any], promise: str) -> None:
    class Broken(CarrierContract):
        def make(self) -> Any:
            return carrier(**otherwise)

    assert goes_red(Broken(), promise)


def test_more_broken_carriers_are_seen() -> None:
    class Dearer(TableCarrier):
        def rates(self, shipment: Shipment) -> Sequence[CarrierRate]:
            found = super().rates(shipment)
            return [evolve(rate, price=rate.price + eur(len(self.asked))) for rate in found]

    class Twice(TableCarrier):
        def rates(self, shipment: Shipment) -> Sequence[CarrierRate]:
            return [*super().rates(shipment), *super().rates(shipment)]

    class Silent(TableCarrier):
        def rates(self, shipment: Shipment) -> Sequence[CarrierRate]:
            return []

    for kind, promise in (
        (Dearer, "test_asking_changes_nothing"),
        (Twice, "test_each_service_has_one_price_in_the_currency_asked"),
        (Silent, "test_while_it_is_away_it_says_so"),
    ):

        class Broken(CarrierContract):
            made = kind

            def make(self) -> Any:
                return self.made({"X24": eur(800)})

            def make_away(self) -> Any:
                return self.made({"X24": eur(800)}, away=True)

        assert goes_red(Broken(), promise)
