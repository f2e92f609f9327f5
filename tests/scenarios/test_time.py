"""Clocks that differ, jump or are read wrongly, and what was remembered too long."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from checkout_core import ActionRequired, Pending, Placed, Promotion, Ratio
from checkout_core.errors import Broken, CheckoutError
from checkout_core.holds import Pool, PoolKey, Stock
from checkout_core.promotions import Percent
from checkout_core.unit import Request
from tests.scenarios.stage import Stage, at_once
from tests.world import NOON, begin, eur, total

Open = Callable[..., Stage]
TENTH = Promotion("tenth", "A tenth off", Percent(Ratio.parse("10")), code="TENTH")
LAST = evolve(TENTH, id="last", code="LAST", limit=1)


@pytest.mark.fault("T1")
@pytest.mark.parametrize("minutes", [-15, 15])
@pytest.mark.parametrize("token", ["tok_ok", "tok_no_answer_taken", "tok_no_answer_lost", "tok_3ds_ok"])
def test_a_worker_whose_clock_is_off_by_a_quarter_of_an_hour(stage: Open, minutes: int, token: str, struck: set[str]) -> None:
    """T1. Given a second process whose clock is 15 minutes off, and that goes on with everything in the middle of a call and after it; then
    there is one charge at most, whoever was told of an order has it, and what was given up was not paid."""
    life = stage()
    off = life.another(minutes=minutes)
    c = life.begin()

    def meanwhile(real: Callable[[Any], Any], request: Any) -> Any:
        struck.add("T1")
        off.tick()
        fact = real(request)
        off.tick()
        return fact

    life.gateway.upset("authorize", meanwhile)
    first = life.pay(c, token)
    life.sound()
    off.tick()
    life.clock.forward(seconds=10)
    said = life.pay(c, token)
    life.drain()
    last = life.pay(c, token)
    assert len(life.charged) == life.orders == isinstance(last, Placed)
    for earlier in (first, said):
        assert not isinstance(earlier, Placed) or earlier == last
    if minutes < 0 or token == "tok_ok":
        assert isinstance(last, Placed)  # Q1, Q2: a slow clock harms nobody, nor does a fast one a call that is answered


@pytest.mark.fault("T1")
def test_two_clocks_sell_one_unit_once(stage: Open, struck: set[str]) -> None:
    """T1, I2. Given one mug, and two processes a quarter of an hour apart that sell it at once, with its holder's time ending in between;
    then one order is placed and one payer charged, whichever clock is right."""
    life = stage(stock=1)
    fast = life.another(minutes=15)
    a, b = life.begin(), life.begin()
    assert life.pay(a, "tok_declined").reason == "declined"  # held for 15 minutes, by the right clock
    life.clock.forward(minutes=1)
    struck.add("T1")
    said = at_once(lambda: life.pay(a, key="k2"), lambda: life.pay(b, shop=fast))
    assert sum(isinstance(it, Placed) for it in said) == 1
    assert life.charged == [1740]


@pytest.mark.fault("T2")
@pytest.mark.parametrize("at", ["begun", "challenged", "in flight", "placed", "refunding"])
def test_the_clock_steps_back(stage: Open, at: str, struck: set[str]) -> None:
    """T2. Given a clock that steps back an hour at some point of a purchase; then nothing breaks, no time left is negative, states and
    versions go on, and it ends as it would have: in one order, all of whose money goes back when it is cancelled."""
    life = stage()

    def back() -> None:
        struck.add("T2")
        life.clock.forward(hours=-1)

    c = life.begin()
    if at == "begun":
        back()
    if at == "in flight":

        def during(real: Callable[[Any], Any], request: Any) -> Any:
            fact = real(request)
            back()
            return fact

        life.gateway.upset("authorize", during)
    assert isinstance(life.pay(c, "tok_3ds_ok"), ActionRequired)
    if at == "challenged":
        back()
    life.sound()
    life.clock.forward(minutes=61, seconds=10)
    life.drain(days=0.1)
    placed = life.pay(c, "tok_3ds_ok")
    assert isinstance(placed, Placed)
    version = life.now(c).version
    if at == "placed":
        back()
    if at == "refunding":

        def refunding(real: Callable[[Any], Any], request: Any) -> Any:
            back()
            return real(request)

        life.gateway.upset("refund", refunding)
    life.shop.cancel(c.id, reason="too late")
    assert life.now(c).version > version
    life.drain()
    assert life.charged == []
    assert life.pay(c, "tok_3ds_ok") == placed


@pytest.mark.fault("T3")
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", (2026, 3, 29)),  # 23 hours long
        ("Europe/Berlin", (2026, 10, 25)),  # 25
        ("America/New_York", (2026, 11, 1)),
        ("Australia/Lord_Howe", (2026, 10, 4)),  # half an hour of it is missing
        ("America/Sao_Paulo", (2026, 6, 2)),
    ],
)
def test_a_code_ends_at_midnight_where_the_shop_is(stage: Open, zone: str, day: tuple[int, int, int], struck: set[str]) -> None:
    """T3, R15. Given a code that runs until the end of a local day on which the clocks change; then the day's end is one instant, made
    once; a second before it the code counts, from it on it has ended, and the use of a code held before then is honoured."""
    midnight = datetime(*day, tzinfo=ZoneInfo(zone)) + timedelta(days=1)  # wall-clock arithmetic: the next local midnight
    ends = midnight.astimezone(UTC)
    life = stage(evolve(TENTH, ends=ends))
    life.clock.time = ends - timedelta(seconds=1)
    c = life.begin(codes=["TENTH"])
    assert total(c) == eur(1250 - 125 + 490)
    life.clock.time = ends
    struck.add("T3")
    said = life.shop.validate(life.begin().id)
    assert said == ()
    cart = life.shop.open_cart(currency="EUR").id
    life.shop.add(cart, sku="MUG")
    with pytest.raises(CheckoutError) as refusal:
        begin(life.shop, cart, codes=["TENTH"])
    (why,) = refusal.value.refused  # type: ignore[attr-defined]
    assert (why.reason, why.until) == ("expired", ends)
    assert isinstance(life.pay(c), Placed)  # the quote still lasts


@pytest.mark.fault("T4")
@pytest.mark.parametrize(
    "now",
    [
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),  # past the last second of 32 bits
        datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2028, 2, 29, 0, 0, 0, 1, tzinfo=UTC),
        datetime(9998, 1, 1, tzinfo=UTC),
    ],
    ids=str,
)
def test_instants_at_the_edge_are_kept_exactly(stage: Open, now: datetime, struck: set[str]) -> None:
    """T4. Given an instant past 2038, with microseconds, on a leap day or far away; then it is stored and read back to the microsecond, and
    what falls due then falls due then."""
    life = stage()
    life.clock.time = now
    c = life.begin()
    struck.add("T4")
    assert life.now(c).begun_at == now
    assert isinstance(life.pay(c), Placed)
    assert life.now(c).order.placed_at == now  # type: ignore[union-attr]
    assert {event.at for event in life.events() if event.checkout == c.id} == {now}


@pytest.mark.fault("T4")
@pytest.mark.parametrize(
    "text", ["2026-06-30T23:59:60.000000+00:00", "2026-06-30T23:59:59+00:00", "1780315200000", "2026-06-30T12:00:00.000000"]
)
def test_a_time_that_cannot_be_is_refused(text: str, struck: set[str]) -> None:
    """T4. Given a stored document in which a time has a sixtieth second, no microseconds, is a number or has no zone; then it is refused as
    unreadable, and nothing crashes."""
    from checkout_core.cart import Cart
    from checkout_core.codec import Unreadable, decode, encode

    document = encode(Cart("c", "EUR", None, created_at=NOON, updated_at=NOON))
    struck.add("T4")
    with pytest.raises(Unreadable):
        decode(Cart, document.replace(NOON.isoformat(timespec="microseconds"), text))


class Remembering:
    """A storage whose numbers for display are those of long ago."""

    def __init__(self, storage: Any, remembered: Mapping[PoolKey, Pool]) -> None:
        self.storage, self.remembered = storage, remembered

    def __getattr__(self, name: str) -> Any:
        return getattr(self.storage, name)

    def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        return {key: self.remembered.get(key) or Pool(key) for key in keys}

    def blocking(self, pool: PoolKey, limit: int) -> Sequence[str]:
        return ()


@pytest.mark.fault("T5", "E8")
def test_stale_numbers_are_only_shown(stage: Open, struck: set[str]) -> None:
    """T5, E8, I2, I9. Given numbers for display that are old (a cache, a replica): they say ten, and that the code was never used; when one
    is left and the code's one use is taken; then the display is wrong and the sale is not: decisions read where they write."""
    life = stage(LAST, stock=1)
    stale = life.shop_on(Remembering(life.storage, {Stock("MUG"): Pool(Stock("MUG"), 10)}))
    one, other = life.begin(codes=["LAST"]), life.begin()
    assert isinstance(life.pay(one), Placed)
    struck.update({"T5", "E8"})
    assert stale.stock("MUG")["MUG"].available == 10
    assert life.pay(other, key="k2", shop=stale).reason == "out-of-stock"
    life.shop.receive("MUG", 5, reason="found", actor="ann")
    cart = life.shop.open_cart(currency="EUR").id
    life.shop.add(cart, sku="MUG")
    c = begin(stale, cart, codes=["LAST"])  # the old numbers let it pass
    assert life.pay(c, key="k3", shop=stale).reason == "coupon-used-up"
    assert life.gateway.count("authorize") == 1


@pytest.mark.fault("T5", "G1")
def test_a_stale_price_is_never_charged_unseen(stage: Open, struck: set[str]) -> None:
    """T5, G1, I8. Given a catalogue that still has the old price in one process, and the new one in another; then the shopper pays the
    total that was shown, or is shown the other; no third sum is ever taken."""
    life = stage()
    shown = life.begin()
    life.shelf.reprice("MUG", 2500)
    struck.update({"T5", "G1"})
    life.clock.forward(minutes=16)
    said = life.pay(shown)
    assert (said.reason, said.total) == ("quote-changed", eur(2990))
    assert life.charged == []
    placed = life.pay(shown, key="k2", expected=eur(2990))
    assert isinstance(placed, Placed)
    assert life.charged == [2990]


def test_a_request_is_remembered_longer_than_anybody_repeats(stage: Open) -> None:
    """T8, R23. Given a request whose key comes again after a month; then it is answered from the record in the store, where nothing was
    evicted, and a second record under that key is refused."""
    life = stage()
    c = life.begin()
    first = life.pay(c)
    life.shop.receive("MUG", 3, reason="delivery", actor="ann", key="truck 7")
    life.clock.forward(days=31)
    assert life.pay(c) == first
    assert life.shop.receive("MUG", 3, reason="delivery", actor="ann", key="truck 7").on_hand == 13
    with pytest.raises(Broken):
        life.storage.transact(lambda unit: unit.write(Request(c.id, "pay", "k1", "other")))
    assert not isinstance(first, Pending)
