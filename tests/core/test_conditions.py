"""Conditions: what must hold for a promotion to apply, and how far away it is when not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, MemoryQueries, OwnOrders, Placed, Product, Promotion, Ratio, Refusal, Refused, Shopper
from checkout_core.customers import Destination
from checkout_core.errors import BadSetting
from checkout_core.promotions import (
    DAYS,
    Assortment,
    Channel,
    Condition,
    Context,
    FirstOrder,
    Given,
    Good,
    Hours,
    InGroup,
    PaidBy,
    Percent,
    Quantity,
    ShipTo,
    Visit,
    judge,
    stack,
)
from checkout_core.promotions.conditions import words_of
from checkout_core.sheet import Sheet
from tests.world import NOON, Numbered, TestClock, a_checkout, a_shop, eur, total

MUG = Product("MUG", "Mug", [eur(1250)], categories={"cups"}, attributes={"colour": "red"})
TEA = Product("TEA", "Tea", [eur(500)], categories={"tea"})
GOODS = (Good("MUG", 2, 1250, MUG), Good("TEA", 3, 500, TEA))


def asked(condition: Condition, now: datetime = NOON, goods: tuple[Good, ...] = GOODS, **visit: Any) -> Refused | None:
    return condition.why_not(Context(now, "EUR", goods, Visit(**visit)))


def staff(*groups: str, orders: int | None = None) -> Shopper:
    return Shopper(groups, orders)


@pytest.mark.parametrize(
    ("of", "there"),
    [
        (None, 5),
        (Assortment({"MUG"}), 2),
        (Assortment(categories={"tea"}), 3),
        (Assortment(attributes={"colour": ["red", "blue"]}), 2),
        (Assortment({"TEA"}, {"cups"}), 5),
        (Assortment({"POT"}, {"pots"}, {"colour": ["green"]}), 0),
    ],
)
def test_a_quantity_counts_units_of_some_goods(of: Assortment | None, there: int) -> None:
    if there:
        assert asked(Quantity(there, of)) is None
    assert asked(Quantity(there + 2, of)) == Refused("minimum-quantity", missing_units=2)


def test_what_the_catalogue_does_not_say_is_not_assumed() -> None:
    """Without its product a thing has a SKU and no category."""
    unknown = (Good("MUG", 2, 1250, None),)
    assert asked(Quantity(2, Assortment({"MUG"})), goods=unknown) is None
    assert asked(Quantity(2, Assortment(categories={"cups"})), goods=unknown) is not None


def test_a_group_is_known_or_it_is_not() -> None:
    vip = InGroup({"vip", "staff"})
    assert asked(vip, shopper=staff("staff")) is None
    assert asked(vip, shopper=staff("press")) == Refused("not-in-group", given="staff or vip")
    assert asked(vip) == Refused("shopper-unknown", given="staff or vip")


def test_a_first_order_is_the_first() -> None:
    assert asked(FirstOrder(), shopper=staff(orders=0)) is None
    assert asked(FirstOrder(), shopper=staff(orders=1)) == Refused("not-first-order")
    assert asked(FirstOrder()) == Refused("shopper-unknown", given="a first order")


def test_a_channel_a_place_and_a_means_of_payment() -> None:
    assert asked(Channel({"", "app"})) is None
    assert asked(Channel({"app"})) == Refused("other-channel", given="app")
    assert asked(Channel({"app", ""}), channel="counter") == Refused("other-channel", given="app or the shop itself")
    west = ShipTo({"DE", "US-CA"})
    assert asked(west, destination=Destination("DE", "BE")) is None
    assert asked(west, destination=Destination("US", "CA")) is None
    assert asked(west, destination=Destination("US", "NY")) == Refused("other-place", given="DE or US-CA")
    assert asked(west) == Refused("needs-address")
    assert asked(PaidBy({"card"}), pay_by="card") is None
    assert asked(PaidBy({"card", "upi"})) == Refused("other-method", given="card or upi")


# Hours, on clocks that are changed (R15, T3).

HAPPY = Hours({"fri", "sat"}, "22:00", "02:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("local", "open"),
    [
        ("2026-06-05 21:59:59", False),  # a Friday
        ("2026-06-05 22:00:00", True),
        ("2026-06-06 01:59:59", True),
        ("2026-06-06 02:00:00", False),
        ("2026-06-06 22:00:00", True),  # Saturday
        ("2026-06-07 01:00:00", True),  # of Saturday
        ("2026-06-07 22:00:00", False),
        ("2026-06-05 01:00:00", False),  # Thursday's night is not of Friday
    ],
)
def test_hours_past_midnight_belong_to_the_day_on_which_they_begin(local: str, open: bool) -> None:
    instant = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert HAPPY.open_at(instant) is open
    assert (asked(HAPPY, instant) is None) is open


@pytest.mark.fault("T3")
@pytest.mark.parametrize(
    ("hours", "closed", "opens"),
    [
        # 02:30 is skipped on the day the clocks go forward: it opens when the clock next shows a time from then on
        (Hours({"sun"}, "02:30", "05:00", "Europe/Berlin"), "2026-03-29T00:59:59+00:00", "2026-03-29T01:00:00+00:00"),
        # 02:30 is there twice on the day they go back: it opens the first time, closes when the clock shows 02:00 again, and opens again
        (Hours({"sun"}, "02:30", "05:00", "Europe/Berlin"), "2026-10-25T00:29:59+00:00", "2026-10-25T00:30:00+00:00"),
        (Hours({"sun"}, "02:30", "05:00", "Europe/Berlin"), "2026-10-25T01:00:00+00:00", "2026-10-25T01:30:00+00:00"),
        (
            Hours({"sun"}, "02:15", "02:45", "Australia/Lord_Howe"),
            "2026-10-03T15:29:00+00:00",
            "2026-10-03T15:30:00+00:00",
        ),  # by half an hour
        (Hours({"mon"}, "00:00", "24:00", "Asia/Kolkata"), "2026-06-01T18:30:00+00:00", "2026-06-07T18:30:00+00:00"),
        (Hours({"mon"}, "09:00", "17:00", "America/New_York"), "2026-11-01T12:00:00+00:00", "2026-11-02T14:00:00+00:00"),
    ],
)
def test_it_says_when_it_opens_also_where_clocks_are_changed(hours: Hours, closed: str, opens: str, struck: set[str]) -> None:
    """R15, T3: the instant is worked out from the zone's own rules; at it the condition holds, a second before it does not."""
    now, then = datetime.fromisoformat(closed), datetime.fromisoformat(opens)
    struck.add("T3")
    refused = asked(hours, now)
    assert refused == Refused("not-these-hours", given=hours.words, until=then)
    assert hours.open_at(then)
    assert not hours.open_at(then - timedelta(seconds=1))


_TIMES = st.integers(0, 24 * 60 - 1).map(lambda minutes: f"{minutes // 60:02}:{minutes % 60:02}")
_ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo"]
)


@given(
    st.sets(st.sampled_from(DAYS), min_size=1),
    _TIMES,
    _TIMES,
    _ZONES,
    st.integers(0, 22 * 365 * 86400).map(lambda seconds: datetime(2009, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
)
def test_the_next_opening_is_the_first_instant_that_is_open(days: set[str], start: str, end: str, zone: str, now: datetime) -> None:
    """Against a search minute by minute, in zones that skip hours, half hours, and once a whole day."""
    if start == end:
        return
    hours = Hours(days, start, end, zone)
    if hours.open_at(now):
        return
    opens = hours.opens_after(now)
    assert opens is not None
    assert hours.open_at(opens)
    step, minute = timedelta(minutes=1), now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    first = next(minute + step * n for n in range(20 * 24 * 60) if hours.open_at(minute + step * n))
    assert opens == first


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda: Quantity(0), "at_least"),
        (lambda: Quantity(True), "at_least"),
        (lambda: Quantity(1, Assortment()), "of"),
        (lambda: InGroup(()), "groups"),
        (lambda: InGroup({""}), "groups"),
        (lambda: Channel(()), "channels"),
        (lambda: ShipTo({"XX"}), "places"),
        (lambda: ShipTo({"DE-"}), "places"),
        (lambda: PaidBy(()), "methods"),
        (lambda: Hours({"fri"}, "25:00", "26:00", "UTC"), "start"),
        (lambda: Hours({"fri"}, "10:00", "24:01", "UTC"), "end"),
        (lambda: Hours({"friday"}, "10:00", "11:00", "UTC"), "days"),
        (lambda: Hours({"fri"}, "10:00", "10:00", "UTC"), "end"),
        (lambda: Hours({"fri"}, "10:00", "11:00", "Mars/Olympus"), "zone"),
        (lambda: Hours({"fri"}, "10:00", "11:00", "../etc/passwd"), "zone"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_with_place_and_cure(make: Any, place: str) -> None:
    with pytest.raises(BadSetting) as refused:
        make()
    assert refused.value.place == place
    assert refused.value.cure


def test_one_text_is_no_list_of_groups() -> None:
    with pytest.raises(TypeError, match="Give a list"):
        InGroup("vip")


# In a promotion.


def sheet() -> Sheet:
    return Sheet("EUR", 2, ["MUG", "TEA", "post"], [1250, 500, 490], [2, 3, 1], products=[MUG, TEA])


def tenth(**more: Any) -> Promotion:
    return Promotion("tenth", "A tenth", Percent(Ratio(10)), **more)


def test_a_refusal_names_the_promotion_and_is_the_first_condition_that_fails() -> None:
    deal = tenth(when=[Quantity(5), InGroup({"vip"}), FirstOrder()], code="VIP")
    assert judge(deal, sheet(), NOON) == Refused("shopper-unknown", "VIP", "vip")
    assert judge(deal, sheet(), NOON, visit=Visit(staff("vip", orders=3))) == Refused("not-first-order", "VIP")
    assert isinstance(judge(deal, sheet(), NOON, visit=Visit(staff("vip", orders=0))), Given)


@pytest.mark.parametrize(
    ("covers", "entries"),
    [
        ({}, (0, 1)),
        ({"categories": {"cups"}}, (0,)),
        ({"attributes": {"colour": "red"}}, (0,)),
        ({"skus": {"TEA"}, "categories": {"cups"}}, (0, 1)),
        ({"but_not": Assortment({"MUG"})}, (1,)),
        ({"categories": {"cups", "tea"}, "but_not": Assortment(attributes={"colour": ["red"]})}, (1,)),
    ],
)
def test_it_covers_goods_by_what_is_said_of_them(covers: dict[str, Any], entries: tuple[int, ...]) -> None:
    given = judge(tenth(**covers), sheet(), NOON)
    assert isinstance(given, Given)
    assert given.entries == entries


def test_goods_that_are_left_out_are_not_these_goods() -> None:
    assert judge(tenth(categories={"pots"}), sheet(), NOON) == Refused("not-these-goods", "tenth")


@frozen(eq=False)
class Counted:
    """A host's own condition, that counts how often it is asked."""

    times: list[int]
    words = "when the host says so"

    def why_not(self, context: Context) -> Refused | None:
        self.times.append(len(context.goods))
        return None


def test_each_condition_is_asked_once_for_a_quote_and_none_of_a_code_that_was_not_typed() -> None:
    """R25: what they cost is bounded; so is what a host's own costs."""
    times: list[int] = []
    deals = [tenth(when=[Counted(times)], exclusive=True), evolve(tenth(when=[Counted(times)]), id="b", code="TYPED"), tenth()]
    deals[2] = evolve(deals[2], id="c", when=[Counted(times)], group="g")
    stack(deals, sheet(), NOON, codes=())
    assert times == [2, 2]


@frozen
class Clumsy:
    """A host's own condition with a mistake in it."""

    answer: Any
    words: Any = "when the host says so"

    def why_not(self, context: Context) -> Any:
        if isinstance(self.answer, type):
            raise self.answer("Ada Lovelace, ada@example.com")
        return self.answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ZeroDivisionError, "Clumsy: it raised ZeroDivisionError"),
        (RecursionError, "Clumsy: it raised RecursionError"),
        (True, "Clumsy: it answered bool, and not None or a Refused"),
        ("no", "Clumsy: it answered str, and not None or a Refused"),
    ],
)
def test_a_hosts_own_condition_that_is_broken_does_not_hold_and_stops_nobody(answer: Any, said: str) -> None:
    """Decision 0026: nothing is given away for a mistake, the others apply, and what an exception says is not repeated (R24)."""
    broken = tenth(when=[Clumsy(answer)])
    assert judge(broken, sheet(), NOON) == Refused("broken-rule", "tenth", said)
    stacked = stack([broken, evolve(tenth(), id="b")], sheet(), NOON)
    assert [p.id for p, _ in stacked.applied] == ["b"]
    assert [why.reason for _, why in stacked.refused] == ["broken-rule"]


def test_a_checkout_goes_on_without_a_broken_condition_and_a_typed_code_says_so() -> None:
    shop, _ = club_shop(tenth(when=[Clumsy(ValueError)]), customers=None)
    assert total(a_checkout(shop)) == eur(1740)
    shop, _ = club_shop(tenth(when=[Clumsy(ValueError)], code="TYPED"), customers=None)
    with pytest.raises(Refusal, match=r"does not work \(Clumsy: it raised ValueError\)"):
        a_checkout(shop, codes=["TYPED"])


@pytest.mark.parametrize("words", [7, "", "x" * 201, "two\nlines", None])
def test_what_cannot_say_its_words_is_called_by_its_class(words: Any) -> None:
    assert words_of(Clumsy(None, words)) == "a condition of the class Clumsy"
    assert words_of(Clumsy(None)) == "when the host says so"


def test_words_that_raise_are_no_words() -> None:
    class Mute:
        @property
        def words(self) -> str:
            raise KeyError("words")

        def why_not(self, context: Context) -> Refused | None:
            return None

    assert words_of(Mute()) == "a condition of the class Mute"


# In a shop.


class Club:
    """A host who knows its customers, by id or by the address that a guest gives."""

    def __init__(self, **known: Shopper) -> None:
        self.known, self.asked = known, list[tuple[str | None, str | None]]()

    def shopper(self, customer: str | None, email: str | None) -> Shopper:
        self.asked.append((customer, email))
        return self.known.get(customer or "", Shopper())


def club_shop(*promotions: Promotion, customers: Any, **more: Any) -> Any:
    shop, store = a_shop(gateways=[SandboxGateway()], promotions=promotions, **more)
    shop.customers = customers
    return shop, store


def test_a_shop_asks_the_host_who_buys() -> None:
    club = Club(ann=staff("vip"), ben=staff("press"))
    shop, _ = club_shop(tenth(when=[InGroup({"vip"})]), customers=club)
    assert total(a_checkout(shop, customer="ann")) == eur(1250 - 125 + 490)
    assert total(a_checkout(shop, customer="ben")) == eur(1740)
    assert total(a_checkout(shop)) == eur(1740)
    assert club.asked == [("ann", "ada@example.com"), ("ben", "ada@example.com"), (None, "ada@example.com")]


def test_a_code_for_a_group_says_whom_it_is_for() -> None:
    shop, _ = club_shop(tenth(when=[InGroup({"vip"})], code="VIP"), customers=Club(ben=staff()))
    with pytest.raises(Refusal) as refusal:
        a_checkout(shop, customer="ben", codes=["VIP"])
    assert refusal.value.refused == (Refused("not-in-group", "VIP", "vip"),)


def test_a_host_that_answers_nonsense_is_told_and_nothing_is_priced() -> None:
    class Wrong:
        def shopper(self, customer: str | None, email: str | None) -> Any:
            return {"groups": ["vip"]}

    shop, _ = club_shop(customers=Wrong())
    with pytest.raises(Refusal, match="Customers answers with a Shopper"):
        a_checkout(shop)


def test_a_price_for_one_means_of_payment_is_paid_by_no_other() -> None:
    """R7: what was agreed is what is paid; the promotion asked for a card, and so does its price."""
    shop, _ = club_shop(tenth(when=[PaidBy({"upi"})], code="UPI10"), customers=None)
    with pytest.raises(Refusal, match="UPI10 is for payment by upi"):
        a_checkout(shop, codes=["UPI10"])
    c = a_checkout(shop, codes=["UPI10"], pay_by="upi")
    assert total(c) == eur(1615)
    refused = shop.pay(c.id, Card("tok_ok"), expected=c.total, key="1")
    assert refused == Refused("other-payment", "card", "upi")
    c = shop.update(c.id, codes=(), pay_by="card")
    assert isinstance(shop.pay(c.id, Card("tok_ok"), expected=c.total, key="2"), Placed)


def test_the_shops_own_orders_say_which_is_the_first() -> None:
    """A cancelled order was none; a guest is nobody, whatever address they give."""
    clock = TestClock()
    shop, store = a_shop(gateways=[SandboxGateway()], promotions=[tenth(when=[FirstOrder()])], clock=clock, ids=Numbered())
    shop.customers = OwnOrders(MemoryQueries(store), {"ann": ["vip"]})
    first = a_checkout(shop, customer="ann")
    assert total(first) == eur(1615)
    assert isinstance(shop.pay(first.id, Card("tok_ok"), expected=first.total, key="1"), Placed)
    assert total(a_checkout(shop, customer="ann")) == eur(1740)
    assert total(a_checkout(shop)) == eur(1740)
    shop.cancel(first.id, reason="changed my mind")
    assert total(a_checkout(shop, customer="ann", codes=())) == eur(2740)  # two mugs by now
    assert shop.customers.shopper("ann", None) == Shopper({"vip"}, 0)
