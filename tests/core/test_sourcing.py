"""Which location goods come from, and what follows for the price, the tax and the day: decided with the facts, before any unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Band, Card, Placed, Policy, Product, Ratio, Refusal, ShippingMethod, ShippingTable, Shop, TaxRate, TaxRow, Zone
from checkout_core.arrivals import Arrival, Dispatch
from checkout_core.cart import Line
from checkout_core.customers import Destination
from checkout_core.errors import BadSetting
from checkout_core.holds import Claim, Stock
from checkout_core.memory import MemoryCatalog, MemoryStorage
from checkout_core.quote import intact
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.refusals import Refused
from checkout_core.shipping import Parcel, PickupPoint, Shipment, ShippingOption
from checkout_core.sourcing import claims_on, looked_at, parcels_now
from checkout_core.tax import TaxTable
from tests.world import ADA, BERLIN, SECRET, Numbered, TestClock, eur, total

PLACES = ("berlin", "dublin", "turin")
WANTED = st.lists(st.integers(1, 9), min_size=1, max_size=3)
THERE = st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=3, max_size=3)


def on(wanted: Sequence[int], there: Sequence[Sequence[int]], how: Any) -> list[Claim]:
    shelves = {f"S{n}": list(zip(PLACES, there[n], strict=True)) for n in range(len(wanted))}
    return claims_on([(f"S{n}", units) for n, units in enumerate(wanted)], shelves, how)


def places(claims: Iterable[Claim]) -> set[str]:
    return {claim.pool.location for claim in claims if isinstance(claim.pool, Stock)}


# The rule.
@given(WANTED, THERE, st.sampled_from(["first", "fewest"]))
def test_what_is_claimed_is_what_is_wanted_and_what_is_there(wanted: list[int], there: list[list[int]], how: Any) -> None:
    """F7: of each thing so many as are wanted; and never more than is there, if there is enough."""
    claims = on(wanted, there, how)
    for n, units in enumerate(wanted):
        mine = {claim.pool.location: claim.amount for claim in claims if isinstance(claim.pool, Stock) and claim.pool.sku == f"S{n}"}
        assert sum(mine.values()) == units
        if sum(there[n]) >= units:
            assert all(amount <= there[n][PLACES.index(place)] for place, amount in mine.items())


@given(WANTED, THERE)
def test_fewest_is_never_more_parcels(wanted: list[int], there: list[list[int]]) -> None:
    if all(sum(there[n]) >= units for n, units in enumerate(wanted)):
        fewest = places(on(wanted, there, "fewest"))
        assert len(fewest) <= len(places(on(wanted, there, "first")))
        for chosen in range(2 ** len(PLACES)):  # said the long way round
            some = [place for bit, place in enumerate(PLACES) if chosen >> bit & 1]
            able = all(sum(there[n][PLACES.index(place)] for place in some) >= units for n, units in enumerate(wanted))
            assert not able or len(some) >= len(fewest)


def test_one_parcel_instead_of_two() -> None:
    """Berlin comes first and has the cup, but only Dublin has both."""
    there = [[5, 5, 0], [0, 5, 0]]
    assert places(on([1, 1], there, "first")) == {"berlin", "dublin"}
    assert places(on([1, 1], there, "fewest")) == {"dublin"}
    assert places(on([1, 1], [[5, 5, 5], [0, 5, 5]], "fewest")) == {"dublin"}  # of equally few, those that come first


def test_what_is_nowhere_is_asked_of_the_first() -> None:
    assert (
        on([9], [[1, 2, 0]], "fewest")
        == on([9], [[1, 2, 0]], "first")
        == [
            Claim(Stock("S0", "berlin"), 7),
            Claim(Stock("S0", "dublin"), 2),
        ]
    )


# The parcels.
CUP, POSTER = Product("CUP", "Cup", [eur(1000)], weight=400, size=(100, 100, 100)), Product("POSTER", "Poster", [eur(500)], weight=100)
DRAWN = Product("DRAWN", "Drawn for you", [eur(9000)], weight=20, tracked=False)
PDF = Product("PDF", "Download", [eur(100)], tracked=False)
GOODS = {product.sku: product for product in (CUP, POSTER, DRAWN, PDF)}
WORTH = {"CUP": 1000, "POSTER": 500, "DRAWN": 9000, "PDF": 100}


def lines(**units: int) -> list[Line]:
    return [Line(sku, quantity) for sku, quantity in units.items()]


def parcels(cart: list[Line], there: dict[Stock, int], how: Any = "first") -> tuple[Parcel, ...]:
    return parcels_now(cart, GOODS, WORTH, PLACES[:2], how, {key: there.get(key, 0) for key in looked_at(cart, GOODS, PLACES[:2])})


def test_a_parcel_weighs_and_is_worth_what_is_in_it() -> None:
    there = {Stock("CUP", "berlin"): 5, Stock("POSTER", "dublin"): 5}
    assert parcels(lines(CUP=2, POSTER=3), there) == (
        Parcel(800, 2_000_000, 2, 2000, "berlin"),
        Parcel(300, 0, 3, 1500, "dublin"),
    )


def test_what_is_not_counted_travels_with_the_rest_and_a_download_does_not_travel() -> None:
    there = {Stock("CUP", "dublin"): 5}
    assert parcels(lines(DRAWN=1, CUP=1, PDF=1), there) == (Parcel(420, 1_000_000, 2, 10_000, "dublin"),)
    assert parcels(lines(DRAWN=1), {}) == (Parcel(20, 0, 1, 9000, "berlin"),)
    assert parcels(lines(PDF=2), {}) == (Parcel(units=0, origin="berlin"),)


def test_with_one_location_nobody_looks() -> None:
    assert looked_at(lines(CUP=1), GOODS, ("berlin",)) == []
    assert looked_at(lines(CUP=1, PDF=1), GOODS, ("berlin", "dublin")) == [Stock("CUP", "berlin"), Stock("CUP", "dublin")]
    assert parcels_now(lines(CUP=1), GOODS, WORTH, ("berlin",), "first", {})[0].origin == "berlin"


# The shop.
VAT = TaxRate("VAT", Ratio.parse("0.19"), included=True)
OREGON, NEW_YORK = TaxRate("NONE", Ratio.parse("0"), included=False), TaxRate("NY", Ratio.parse("0.08"), included=False)
TAXES = TaxTable(
    [TaxRow("DE", None, "standard", (VAT,)), TaxRow("US", "OR", "standard", (OREGON,)), TaxRow("US", "NY", "standard", (NEW_YORK,))]
)
HUDSON = PickupPoint("hudson", "Shop on Hudson", ["Hudson St 1", "New York"], Destination("US", "NY", "10013"))
WAYS = ShippingTable(
    [
        ShippingMethod(
            "parcel",
            "Parcel",
            [
                Zone({"DE"}, [Band(9000, [eur(400)])], origins=["berlin"], days=(1, 2)),
                Zone({"DE"}, [Band(9000, [eur(900)])], origins=["dublin", "turin"], days=(3, 4)),
                Zone({"US"}, [Band(9000, [eur(2000)])], days=(5, 8)),
            ],
            parcels="each",
        ),
        ShippingMethod("pickup", "Fetch it", [Zone({"US"}, [Band(9000, [eur(0)])])], points=[HUDSON]),
    ]
)
SENDING = {"berlin": Dispatch("Europe/Berlin", "16:00"), "dublin": Dispatch("Europe/Dublin", "16:00", 1)}


class Depot:
    """A shop with cups and posters in two places."""

    def __init__(self, there: Iterable[tuple[str, str, int]] = (), ways: Any = None, **policy: Any) -> None:
        self.clock = TestClock()
        catalog = MemoryCatalog([CUP, POSTER, PDF], (), TAXES, WAYS)
        self.shop = Shop(
            storage=(store := MemoryStorage(self.clock)),
            gateways=[SandboxGateway(clock=self.clock)],
            catalog=catalog,
            shipping=ways,
            clock=self.clock,
            ids=Numbered(),
            policy=Policy(**{"identity_secret": SECRET, "locations": PLACES[:2], "dispatch": SENDING} | policy),
        )
        self.store = store
        for sku, place, units in there:
            self.shop.receive(sku, units, reason="delivery", actor="test", location=place)

    def begin(self, *, ship_to: Any = BERLIN, shipping: str | None = "parcel", **units: int) -> Any:
        cart = self.shop.open_cart(currency="EUR")
        for sku, quantity in units.items():
            self.shop.add(cart.id, sku=sku, quantity=quantity)
        return self.shop.begin(cart.id, ship_to=ship_to, shipping=shipping, contact=ADA)

    def pay(self, c: Any) -> Any:
        return self.shop.pay(c.id, Card("tok_ok"), expected=total(c), key="k1")


BOTH = [("CUP", "berlin", 5), ("CUP", "dublin", 5), ("POSTER", "dublin", 5)]


def test_where_goods_come_from_is_in_the_price_and_in_the_day() -> None:
    """NOON is a Monday; Berlin sends that day, Dublin a day later and on a longer way."""
    depot = Depot(BOTH)
    near = depot.begin(CUP=1)
    assert near.quote.shipping[0].subtotal == 400
    assert near.arrival == Arrival(date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3))
    split = depot.begin(CUP=1, POSTER=1)
    assert split.quote.shipping[0].subtotal == 1300
    assert split.quote.shipping[0].parts == (("berlin", 400), ("dublin", 900))
    assert split.arrival == Arrival(date(2026, 6, 2), date(2026, 6, 5), date(2026, 6, 8))


def test_with_fewest_parcels_it_is_one_from_dublin_and_is_held_there() -> None:
    """What was priced is what is taken."""
    depot = Depot(BOTH, sourcing="fewest")
    c = depot.begin(CUP=1, POSTER=1)
    assert (c.quote.shipping[0].subtotal, c.quote.shipping[0].parts) == (900, ())
    placed = depot.pay(c)
    assert isinstance(placed, Placed)
    assert depot.shop.stock("CUP", location="dublin")["CUP"].committed == 1
    assert depot.shop.stock("CUP", location="berlin")["CUP"].committed == 0
    assert depot.shop.status(c.id).arrival == c.arrival


def test_the_nearest_location_of_a_country_goes_first() -> None:
    depot = Depot([("CUP", "berlin", 5), ("CUP", "dublin", 5)], nearest={"DE": ["dublin"]})
    c = depot.begin(CUP=1)
    assert c.quote.shipping[0].subtotal == 900
    assert isinstance(depot.pay(c), Placed)
    assert depot.shop.stock("CUP", location="dublin")["CUP"].committed == 1


def test_a_price_holds_even_if_the_goods_move() -> None:
    """Berlin sells its last cup to somebody else: ours leaves Dublin, for what was quoted (R7)."""
    depot = Depot([("CUP", "berlin", 1), ("CUP", "dublin", 5)])
    c = depot.begin(CUP=1)
    depot.pay(depot.begin(CUP=1))
    placed = depot.pay(c)
    assert isinstance(placed, Placed)
    assert depot.shop.status(c.id).quote == c.quote
    assert depot.shop.stock("CUP", location="dublin")["CUP"].committed == 1


def test_what_is_held_already_counts_as_there() -> None:
    """RB-16: a checkout that holds the last cup in Berlin is priced as from Berlin, also when it is brought up to date."""
    depot = Depot([("CUP", "berlin", 1), ("CUP", "dublin", 5)], hold_at="begin")
    c = depot.begin(CUP=1)
    depot.clock.forward(seconds=c.deadlines.quote_for + 1)
    again = depot.shop.update(c.id, shipping="parcel")
    assert again.quote is not None
    assert again.quote.shipping[0].subtotal == c.quote.shipping[0].subtotal == 400


def test_every_unit_of_a_split_carriage_is_traced() -> None:
    quote = Depot(BOTH).begin(CUP=1, POSTER=1).quote
    rows = [row for row in receipt_of(quote).rows if row.step == "parcel"]
    assert [(row.rule, row.figure, row.amount) for row in rows] == [("berlin", 400, 0), ("dublin", 900, 0)]
    assert intact(quote)
    assert recompute(receipt_of(quote)) == figures_of(quote)


# Pickup.
def test_what_is_fetched_is_taxed_where_it_is_fetched() -> None:
    """A shopper from Oregon, where no tax is due, fetches a cup in New York, where it is."""
    depot = Depot(BOTH)
    portland = evolve(BERLIN, country="US", region="OR", postcode="97201", city="Portland")
    sent = depot.begin(CUP=1, ship_to=portland)
    assert sent.quote.totals.tax == 0
    fetched = depot.begin(CUP=1, ship_to=portland, shipping="pickup/hudson")
    assert fetched.quote.totals.tax == 80
    assert fetched.quote.destination == HUDSON.destination
    assert fetched.quote.shipping[0].point == ("Shop on Hudson", "Hudson St 1", "New York")
    assert isinstance(depot.pay(fetched), Placed)


def test_a_point_that_is_no_more_is_refused() -> None:
    depot = Depot(BOTH)
    portland = evolve(BERLIN, country="US", region="OR", postcode="97201", city="Portland")
    with pytest.raises(Refusal) as refusal:
        depot.begin(CUP=1, ship_to=portland, shipping="pickup/broadway")
    assert [one.reason for one in refusal.value.refused] == ["unknown-method"]


# Rates with an end.
@frozen
class Rates:
    """A host's own: one price that holds so long."""

    until: datetime

    def options(self, shipment: Shipment) -> Sequence[ShippingOption | Refused]:
        return [ShippingOption("parcel", "Parcel", eur(500), days=(1, 1), until=self.until)]


@pytest.mark.parametrize(("minutes", "kept"), [(1, 1), (600, None)])
def test_a_quote_ends_with_the_price_of_its_carriage(minutes: int, kept: int | None) -> None:
    """And not later than without."""
    noon = TestClock().now()
    depot = Depot(BOTH, Rates(noon + timedelta(minutes=minutes)))
    c = depot.begin(CUP=1)
    expected = timedelta(minutes=kept) if kept else timedelta(seconds=c.deadlines.quote_for)
    assert c.quote_until - noon == expected
    assert c.arrival is not None  # the host says days, the shop knows the rest


def test_a_carriage_price_that_has_ended_is_asked_again() -> None:
    depot = Depot(BOTH, Rates(TestClock().now() + timedelta(minutes=1)))
    c = depot.begin(CUP=1)
    depot.clock.forward(minutes=2)
    assert isinstance(depot.pay(c), Placed)  # the same price as before: nothing to confirm


# The policy.
@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda: Policy(sourcing="dearest"), "dearest"),  # type: ignore[arg-type]
        (lambda: Policy(locations=[f"p{n}" for n in range(13)], sourcing="fewest"), "12 locations"),
        (lambda: Policy(nearest={"DE": ["mars"]}), "mars"),
        (lambda: Policy(nearest={"XX": ["main"]}), "no country"),
        (lambda: Policy(dispatch={"mars": Dispatch("Europe/Berlin")}), "mars"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(mistake: Callable[[], Any], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        mistake()


@pytest.mark.parametrize("size", [(1, 2), (0, 1, 1), (1, 1, 100_001), (1, 1, True)])
def test_a_size_is_three_sides(size: Any) -> None:
    with pytest.raises(ValueError, match="three whole numbers"):
        Product("CUP", "Cup", [eur(1)], size=size)


def test_the_day_follows_the_clock_of_the_shop() -> None:
    depot = Depot(BOTH)
    depot.clock.time = datetime(2026, 6, 5, 15, 0, tzinfo=UTC)  # Friday, 17:00 in Berlin: too late
    assert depot.begin(CUP=1).arrival == Arrival(date(2026, 6, 8), date(2026, 6, 9), date(2026, 6, 10))
