"""Where goods come from when they lie in several places: in one parcel if that is possible, and never more than is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, Checkout, Placed, Policy, Refusal, Refused, Shop
from checkout_core.holds import Level, Stock, spread
from checkout_core.memory import MemoryStorage
from tests.simulation import invariants
from tests.world import SECRET, TestClock, a_checkout, a_shop, begin, drain, total

PLACES = ("north", "south", "west")
SHELVES = st.lists(st.integers(0, 12), min_size=1, max_size=5).map(lambda numbers: [(f"p{n}", there) for n, there in enumerate(numbers)])
WANTED = st.integers(1, 40)


class Depot:
    """A shop with mugs in several places, and what is held and committed in each."""

    def __init__(self, there: Iterable[int] = (0, 0, 0), **policy: Any) -> None:
        self.clock = TestClock()
        self.sandbox = SandboxGateway(clock=self.clock)
        made: tuple[Shop, MemoryStorage] = a_shop(
            gateways=[self.sandbox], clock=self.clock, stock=0, policy=Policy(**{"identity_secret": SECRET, "locations": PLACES} | policy)
        )
        self.shop, self.store = made
        for place, units in zip(PLACES, there, strict=True):
            if units:
                self.shop.receive("MUG", units, reason="delivery", actor="test", location=place)

    def pay(self, c: Checkout, token: str = "tok_ok", key: str = "k1") -> Any:
        return self.shop.pay(c.id, Card(token), expected=total(c), key=key)

    def numbers(self, name: str) -> list[int]:
        return [getattr(self.shop.stock("MUG", location=place)["MUG"], name) for place in PLACES]

    def sound(self) -> None:
        invariants.stock(self.store.tables)
        invariants.backing(self.store.tables)


# The rule.
@given(WANTED, SHELVES)
def test_the_parts_add_up(wanted: int, shelves: list[tuple[str, int]]) -> None:
    """F7: what is claimed of all locations together is what is wanted, each location once and each claim more than nothing."""
    claims = spread("MUG", wanted, shelves)
    assert sum(claim.amount for claim in claims) == wanted
    assert len({claim.pool for claim in claims}) == len(claims)
    assert {claim.pool for claim in claims} <= {Stock("MUG", place) for place, _ in shelves}
    assert all(claim.amount > 0 and claim.limit is None for claim in claims)


@given(WANTED, SHELVES)
@example(5, [("p0", 2), ("p1", 2)])
def test_no_shelf_gives_more_than_it_has_unless_all_are_short(wanted: int, shelves: list[tuple[str, int]]) -> None:
    """I2: and if all together are short, it is the first that is asked for what is missing, so that the taking says no."""
    there, everything = dict(shelves), sum(units for _, units in shelves)
    claimed = {claim.pool: claim.amount for claim in spread("MUG", wanted, shelves)}
    over = {place: claimed[Stock("MUG", place)] - there[place] for place in there if claimed.get(Stock("MUG", place), 0) > there[place]}
    if wanted <= everything:
        assert over == {}
    else:
        assert over == {shelves[0][0]: wanted - everything}
        assert all(claimed.get(Stock("MUG", place), 0) == units for place, units in shelves[1:])


@given(WANTED, SHELVES)
def test_one_parcel_if_one_place_has_all(wanted: int, shelves: list[tuple[str, int]]) -> None:
    """The first in the shop's order that has them all, even if an earlier one has some."""
    whole = [place for place, units in shelves if units >= wanted]
    claims = spread("MUG", wanted, shelves)
    if whole:
        assert [(claim.pool, claim.amount) for claim in claims] == [(Stock("MUG", whole[0]), wanted)]
    elif wanted <= sum(units for _, units in shelves):
        assert len(claims) > 1


@given(WANTED, SHELVES)
def test_the_shops_order_is_the_order_of_use(wanted: int, shelves: list[tuple[str, int]]) -> None:
    """A later place gives only what the earlier ones do not have."""
    claimed = {claim.pool: claim.amount for claim in spread("MUG", wanted, shelves)}
    last = max(n for n, (place, _) in enumerate(shelves) if Stock("MUG", place) in claimed)
    if len(claimed) > 1:
        assert all(claimed.get(Stock("MUG", place), 0) >= units for place, units in shelves[:last])


@pytest.mark.parametrize(
    ("wanted", "there", "parts"),
    [
        (2, [2, 2, 2], {"north": 2}),  # a tie: the first
        (3, [2, 0, 3], {"west": 3}),  # one parcel before the order
        (4, [2, 1, 3], {"north": 2, "south": 1, "west": 1}),
        (4, [0, 1, 3], {"south": 1, "west": 3}),
        (9, [2, 1, 3], {"north": 5, "south": 1, "west": 3}),  # three are missing: the first will be short of them
        (1, [0, 0, 0], {"north": 1}),
        (1, [-3, 0, 0], {"north": 1}),
    ],
)
def test_examples(wanted: int, there: list[int], parts: dict[str, int]) -> None:
    claims = spread("MUG", wanted, list(zip(PLACES, there, strict=True)))
    assert {claim.pool.location: claim.amount for claim in claims if isinstance(claim.pool, Stock)} == parts


# The shop that uses it.
@given(st.lists(st.integers(0, 4), min_size=3, max_size=3), st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_orders_take_what_there_is_and_not_more(there: list[int], wishes: list[int]) -> None:
    """F7, I1, I2, I3: each order has all its units committed, over its places; one is refused exactly if too few are left over all, and
    is told how many can be had."""
    depot = Depot(there)
    left = sum(there)
    for n, wanted in enumerate(wishes):
        said = depot.pay(a_checkout(depot.shop, quantity=wanted), key=f"k{n}")
        if wanted <= left:
            assert isinstance(said, Placed)
            left -= wanted
        else:
            assert (said.reason, said.subject, said.wanted, said.available) == ("out-of-stock", "MUG", wanted, left)
        depot.sound()
    assert sum(depot.numbers("committed")) == sum(there) - left
    assert sum(depot.numbers("held")) == 0


def test_validate_tells_what_is_there_over_all() -> None:
    depot = Depot((1, 0, 1))
    c = a_checkout(depot.shop, quantity=3)
    assert depot.shop.validate(c.id) == (Refused("out-of-stock", "MUG", wanted=3, available=2),)


def test_the_numbers_are_shown_by_place_or_together() -> None:
    """What one place lacks is not taken from what another has."""
    depot = Depot((4, 2, 0))
    depot.pay(a_checkout(depot.shop, quantity=5))
    assert depot.numbers("on_hand") == [4, 2, 0]
    assert depot.numbers("committed") == [4, 1, 0]
    both = depot.shop.stock("MUG")["MUG"]
    assert both == Level(on_hand=6, held=0, committed=5, available=1, shortfall=0)
    depot.shop.receive("MUG", -2, reason="broken", actor="ann", location="north", force=True)
    depot.shop.receive("MUG", 4, reason="delivery", actor="ann", location="west")
    assert depot.shop.stock("MUG")["MUG"] == Level(on_hand=8, held=0, committed=5, available=5, shortfall=2)
    with pytest.raises(Refusal, match="Use one of"):
        depot.shop.stock("MUG", location="east")


def test_a_delivery_goes_to_the_place_that_is_named() -> None:
    """The first place, if none is; repeated with its key it is moved once, and the same key for another place is refused."""
    depot = Depot()
    depot.shop.receive("MUG", 3, reason="delivery", actor="ann")
    depot.shop.receive("MUG", 2, reason="delivery", actor="ann", location="west", key="truck 7")
    depot.shop.receive("MUG", 2, reason="delivery", actor="ann", location="west", key="truck 7")
    assert depot.numbers("on_hand") == [3, 0, 2]
    with pytest.raises(Refusal, match="used with another request"):
        depot.shop.receive("MUG", 2, reason="delivery", actor="ann", location="south", key="truck 7")


@pytest.mark.parametrize("place", ["east", "", "North", "north ", "*"])
def test_a_place_that_the_shop_does_not_have_is_refused(place: str) -> None:
    """And those it has are named; nothing is moved."""
    depot = Depot()
    with pytest.raises(Refusal, match="north, south, west") as refusal:
        depot.shop.receive("MUG", 1, reason="delivery", actor="ann", location=place)
    assert [(it.reason, it.subject) for it in refusal.value.refused] == [("invalid", "location")]
    assert depot.store.tables.movements == []


@pytest.mark.parametrize("holder", [(2, 0, 0), (0, 2, 0), (0, 0, 2), (1, 0, 1)])
def test_overdue_holders_make_room_wherever_they_hold(holder: tuple[int, int, int]) -> None:
    """A shop without a worker loses no stock: who is short sends away whose time is up, at whichever place that is."""
    depot = Depot(holder)
    gone = a_checkout(depot.shop, quantity=2)
    assert depot.pay(gone, "tok_declined").reason == "declined"
    assert depot.numbers("held") == list(holder)
    depot.clock.time = depot.shop.status(gone.id).lapses_at
    assert isinstance(depot.pay(a_checkout(depot.shop, quantity=2), key="k2"), Placed)
    assert depot.shop.status(gone.id).abandoned == "expired"
    depot.sound()


def test_who_is_not_overdue_is_not_sent_away() -> None:
    """And the refusal says when that will be."""
    depot = Depot((1, 0, 1))
    holder = a_checkout(depot.shop, quantity=2)
    depot.pay(holder, "tok_declined")
    said = depot.pay(a_checkout(depot.shop, quantity=1), key="k2")
    assert (said.reason, said.wanted, said.available) == ("out-of-stock", 1, 0)
    assert said.until == depot.shop.status(holder.id).lapses_at


def test_ones_own_holds_count_as_there() -> None:
    """RB-16: held in two places by its own failed payment, the goods are there for the next one, from the same places."""
    depot = Depot((2, 0, 1))
    c = a_checkout(depot.shop, quantity=3)
    assert depot.pay(c, "tok_declined").reason == "declined"
    assert depot.numbers("held") == [2, 0, 1]
    assert depot.shop.validate(c.id) == ()
    assert isinstance(depot.pay(c, key="k2"), Placed)
    assert depot.numbers("committed") == [2, 0, 1]


def test_goods_held_from_the_beginning_move_with_the_cart() -> None:
    """F4: as the quantity grows and shrinks, what is held is what is wanted, in as few places as can be."""
    depot = Depot((2, 0, 3), hold_at="begin")
    c = a_checkout(depot.shop, quantity=2)
    assert depot.numbers("held") == [2, 0, 0]
    line = depot.shop.cart(c.cart).lines[0].id
    for quantity, held in ((3, [0, 0, 3]), (5, [2, 0, 3]), (1, [1, 0, 0])):
        depot.shop.change(c.cart, line, quantity=quantity)
        depot.shop.update(c.id)
        assert depot.numbers("held") == held
        depot.sound()
    depot.shop.cancel(c.id, reason="over")
    assert depot.numbers("held") == [0, 0, 0]


def test_goods_that_moved_meanwhile_are_found_where_they_are() -> None:
    """Between begin and pay the stock went to another place: the claim is made when it is paid, from where the goods lie then."""
    depot = Depot((2, 0, 0))
    c = a_checkout(depot.shop, quantity=2)
    depot.shop.receive("MUG", -2, reason="transfer", actor="ann", location="north")
    depot.shop.receive("MUG", 2, reason="transfer", actor="ann", location="west")
    assert isinstance(depot.pay(c), Placed)
    assert depot.numbers("committed") == [0, 0, 2]


def test_what_is_promised_in_one_place_is_not_taken_away_there() -> None:
    """RB-04: even if another place has plenty."""
    depot = Depot((2, 5, 0))
    depot.pay(a_checkout(depot.shop, quantity=2))
    with pytest.raises(Refusal, match="0 of MUG are free"):
        depot.shop.receive("MUG", -1, reason="miscounted", actor="ann", location="north")
    depot.shop.receive("MUG", -5, reason="miscounted", actor="ann", location="south")


def test_a_cancelled_order_puts_everything_back_where_it_lay() -> None:
    """F3: once, in each place."""
    depot = Depot((1, 1, 1))
    c = a_checkout(depot.shop, quantity=3)
    depot.pay(c)
    for _ in range(2):
        depot.shop.cancel(c.id, reason="over")
    drain(depot.shop, depot.store, depot.clock)
    assert depot.numbers("available") == [1, 1, 1]
    depot.sound()


def test_two_goods_come_from_where_each_lies() -> None:
    """F6: and if one of them is short, none of the other is held."""
    depot = Depot((1, 1, 0))
    depot.shop.receive("BOOK", 1, reason="delivery", actor="ann", location="west")
    cart = depot.shop.open_cart(currency="EUR").id
    for sku, quantity in (("MUG", 2), ("BOOK", 2)):
        depot.shop.add(cart, sku=sku, quantity=quantity)
    c = begin(depot.shop, cart)
    assert depot.pay(c).subject == "BOOK"
    assert depot.numbers("held") == [0, 0, 0]
    depot.shop.receive("BOOK", 1, reason="delivery", actor="ann", location="south")
    assert isinstance(depot.pay(c, key="k2"), Placed)
    assert depot.numbers("committed") == [1, 1, 0]


@pytest.mark.parametrize("places", [(), ("",), ("a", "a"), ("a", "", "b"), "main"])
def test_a_shop_has_places_each_named_once(places: Any) -> None:
    """A mistake of the host, found at once; one text is no list of places."""
    with pytest.raises(ValueError, match="location"):
        Policy(locations=places)
