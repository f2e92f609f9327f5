"""What every storage promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import evolve

from checkout_core.checkout import Checkout, turn
from checkout_core.customers import Address, Contact
from checkout_core.effects import Done, Wait
from checkout_core.errors import Broken, NotFound, Unavailable
from checkout_core.events import Event
from checkout_core.holds import Claim, CouponUses, CouponUsesBy, Movement, Pool, PoolKey, Short, Stock, Taken
from checkout_core.ledger import Posting
from checkout_core.ports import Clock
from checkout_core.testing.parts import HandClock, a_cart, a_checkout, a_payment_under_way, a_refund_under_way, at_once, needs
from checkout_core.unit import CloseCart, Commit, Delivery, Person, Release, Request, Unit

MUG: Final = Stock("mug")
PEN: Final = Stock("pen", "annex")
SAVE10: Final = CouponUses("save10")
THREADS: Final = 8


class StorageContract:
    """Say how yours is made. `capabilities` names what it can: `threads` if units may run in several threads at once.

    Time is asked of the store and never moved, so that a store which reads the clock of its database can pass.
    """

    capabilities = frozenset({"threads"})

    def make(self, clock: Clock) -> Any:
        """An empty storage (the sync face); one that has a clock of its own may leave this one aside."""
        raise NotImplementedError

    def can(self, capability: str) -> bool:
        """Whether a promise is made."""
        return capability in self.capabilities

    # What is written is there.
    def test_what_is_written_is_read_back_equal(self) -> None:
        """Every value comes back as it was, in a later unit."""
        storage = self.new()
        now = now_of(storage)
        cart, checkout, order = a_cart("cart-c1", now), a_payment_under_way("c1", now), a_refund_under_way("c2", now)
        person = Person("c1", Contact("ann@example.org", "+351 900", "pt"), Address("Ann", ("Rua 1", "2.º"), "Lisboa", "1000-001", "PT"))
        asked = Request("c1", "pay", "k1", "f00d", attempt="c1/abc")
        kept = Request("", "open_cart", "k1", "cafe", answer=cart)
        told = Delivery("mail", "c1/1", 3, next_at=now + timedelta(seconds=9), error="Schüsse ☂")
        write(storage, cart, a_cart("cart-c2", now), checkout, order, Event("c1", 1, "checkout.begun", now), person, asked, kept, told)
        assert read(storage, lambda unit: unit.cart("cart-c1")) == cart
        assert read(storage, lambda unit: unit.checkout("c1")) == checkout
        assert read(storage, lambda unit: unit.checkout("c2")) == order
        assert read(storage, lambda unit: unit.person("c1")) == person
        assert read(storage, lambda unit: unit.request("c1", "pay", "k1")) == asked
        assert read(storage, lambda unit: unit.request("", "open_cart", "k1")) == kept
        assert read(storage, lambda unit: unit.delivery("mail", "c1/1")) == told

    def test_an_answer_that_is_a_checkout_comes_back_equal(self) -> None:
        """What was answered under a key is answered again, word for word (R23, I17)."""
        storage = self.new()
        checkout = a_payment_under_way("c1", now_of(storage))
        begin(storage, a_checkout("c1", now_of(storage)))
        write(storage, Request("c1", "update", "k1", "f00d", answer=checkout))
        asked = read(storage, lambda unit: unit.request("c1", "update", "k1"))
        assert asked is not None
        assert asked.answer == checkout

    def test_the_unit_gives_back_what_the_work_returns(self) -> None:
        """A unit is a function."""
        assert self.new().transact(lambda unit: ("anything", 1)) == ("anything", 1)

    def test_time_is_aware_utc_and_stands_still_in_a_unit(self) -> None:
        """One unit, one instant (R15, E15)."""
        first, second = self.new().transact(lambda unit: (unit.now, unit.now))
        assert first == second
        assert first.utcoffset() == timedelta(0)

    def test_what_is_missing_is_not_found(self) -> None:
        """Carts and checkouts are asked for by name, the rest may not be there; a pool never seen is an empty one."""
        storage = self.new()
        for look in (lambda unit: unit.cart("c1"), lambda unit: unit.checkout("c1")):
            assert fault_of(storage, look) is NotFound
        found = read(storage, lambda unit: (unit.buyer("c1"), unit.person("c1"), unit.request("c1", "pay", "k"), unit.delivery("m", "e")))
        assert found == (None, None, None, None)
        assert read(storage, lambda unit: unit.pool(MUG)) == Pool(MUG)
        assert storage.pools([MUG, PEN]) == {MUG: Pool(MUG), PEN: Pool(PEN)}

    def test_an_exception_rolls_everything_back(self) -> None:
        """All of a unit happens or nothing, takes included; the exception comes out as it was (A1, R11, I15)."""
        storage = self.new()
        stock(storage, MUG, 3)
        now = now_of(storage)
        c = a_checkout("c1", now, Claim(MUG, 2))

        def work(unit: Unit) -> None:
            assert unit.take(c.id, c.claims) == Taken()
            unit.write(a_cart(c.cart, now), c, Event("c1", 1, "checkout.begun", now), Movement(MUG, 5, "found", "kit", now))
            unit.write(Person("c1"), Request("c1", "pay", "k1", "f"), Posting("p", "c1", "EUR", "kit", now, ()), Delivery("mail", "c1/1"))
            raise LookupError("never mind")

        assert fault_of(storage, work) is LookupError
        assert fault_of(storage, lambda unit: unit.cart(c.cart)) is NotFound
        assert fault_of(storage, lambda unit: unit.checkout("c1")) is NotFound
        found = read(storage, lambda unit: (unit.buyer(c.cart), unit.person("c1"), unit.request("c1", "pay", "k1")))
        assert found == (None, None, None)
        assert read(storage, lambda unit: unit.delivery("mail", "c1/1")) is None
        assert storage.undelivered("mail", 10) == []
        assert numbers(storage, MUG) == (3, 0, 0)

    def test_a_record_that_breaks_a_rule_takes_the_whole_unit_with_it(self) -> None:
        """The guard strikes at the end, and nothing before it stays (R4)."""
        storage = self.new()
        now = now_of(storage)
        begin(storage, a_checkout("c1", now))
        fresh, stale = Request("c1", "pay", "k1", "f"), a_checkout("c1", now)
        assert fault_of(storage, lambda unit: unit.write(fresh, stale, Event("c1", 1, "checkout.begun", now))) is Broken
        assert read(storage, lambda unit: unit.request("c1", "pay", "k1")) is None
        assert storage.undelivered("mail", 10) == []

    # Versions.
    def test_a_checkout_is_written_only_as_the_next_version(self) -> None:
        """Neither an old version, nor the same, nor one from the future, nor a first one that is no first (R4, I13)."""
        storage = self.new()
        c = a_checkout("c1", now_of(storage))
        write(storage, a_cart(c.cart, now_of(storage)))
        assert fault_of(storage, lambda unit: unit.write(evolve(c, version=2))) is Broken
        begin(storage, c)
        for version in (0, 1, 3):
            assert fault_of(storage, lambda unit, v=version: unit.write(evolve(c, version=v, because="stale"))) is Broken
        write(storage, evolve(c, version=2, because="next"))
        assert read(storage, lambda unit: unit.checkout("c1").because) == "next"

    def test_of_two_that_read_the_same_version_one_wins(self) -> None:
        """Never last-write-wins: the second to write is refused, and what the first wrote stays (R4, E9)."""
        storage = self.new()
        begin(storage, a_checkout("c1", now_of(storage)))
        seen = read(storage, lambda unit: unit.checkout("c1"))
        write(storage, evolve(seen, version=2, because="first"))
        assert fault_of(storage, lambda unit: unit.write(evolve(seen, version=2, because="second"))) is Broken
        assert read(storage, lambda unit: unit.checkout("c1").because) == "first"

    def test_a_cart_is_written_only_as_the_next_version(self) -> None:
        """Two tabs that edit one cart cannot undo each other unseen (R4)."""
        storage = self.new()
        cart = a_cart("k1", now_of(storage))
        write(storage, cart)
        for version in (0, 1, 3):
            assert fault_of(storage, lambda unit, v=version: unit.write(evolve(cart, version=v, lines=()))) is Broken
        write(storage, evolve(cart, version=2, lines=()))
        assert read(storage, lambda unit: unit.cart("k1")).lines == ()

    def test_an_order_number_is_given_once(self) -> None:
        """People read it out on the telephone: it means one order."""
        storage = self.new()
        now = now_of(storage)
        begin(storage, a_checkout("c1", now))
        write(storage, a_cart("cart-c2", now))
        assert fault_of(storage, lambda unit: unit.write(evolve(a_checkout("c2", now), number="N-c1"))) is Broken
        assert fault_of(storage, lambda unit: unit.checkout("c2")) is NotFound

    # Carts and their turn.
    def test_one_checkout_has_the_turn_of_a_cart(self) -> None:
        """Two tabs cannot both buy it; whose turn it is is known while it is held and when it was bought (I18)."""
        storage = self.new()
        now = now_of(storage)
        first, second = a_checkout("c1", now, cart="k1"), a_checkout("c2", now, cart="k1")
        begin(storage, first)
        answer = storage.transact(lambda unit: unit.take("c2", second.claims))
        assert isinstance(answer, Short)
        assert answer.pool == turn("k1").pool
        assert read(storage, lambda unit: unit.buyer("k1")) == "c1"
        write(storage, Commit("c1"))
        assert read(storage, lambda unit: unit.buyer("k1")) == "c1"

    def test_a_turn_that_is_let_go_is_free(self) -> None:
        """An abandoned checkout does not block its cart (RB-16)."""
        storage = self.new()
        now = now_of(storage)
        begin(storage, a_checkout("c1", now, cart="k1"))
        write(storage, Release("c1"))
        assert read(storage, lambda unit: unit.buyer("k1")) is None
        assert begin(storage, a_checkout("c2", now, cart="k1")) == Taken()
        assert read(storage, lambda unit: unit.buyer("k1")) == "c2"

    def test_a_cart_is_bought_once(self) -> None:
        """Closing names the checkout, and counts as a change of the cart (I18)."""
        storage = self.new()
        now = now_of(storage)
        begin(storage, a_checkout("c1", now, cart="k1"))
        begin(storage, a_checkout("c2", now))
        write(storage, CloseCart("k1", "c1"))
        closed = read(storage, lambda unit: unit.cart("k1"))
        assert (closed.ordered, closed.version) == ("c1", 2)
        assert closed.lines == a_cart("k1", now).lines
        assert fault_of(storage, lambda unit: unit.write(CloseCart("k1", "c2"))) is Broken
        assert read(storage, lambda unit: unit.cart("k1").ordered) == "c1"

    # Taking.
    def test_all_claims_or_none(self) -> None:
        """Three mugs and no pen: no mug is held either (F6, R5)."""
        storage = self.new()
        stock(storage, MUG, 3)
        c = a_checkout("c1", now_of(storage), Claim(MUG, 3), Claim(PEN, 1))
        answer = storage.transact(lambda unit: unit.take(c.id, c.claims))
        assert isinstance(answer, Short)
        assert (answer.pool, answer.wanted, answer.available) == (PEN, 1, 0)
        assert numbers(storage, MUG) == (3, 0, 0)
        assert read(storage, lambda unit: unit.buyer(c.cart)) is None

    def test_as_many_as_there_are_and_not_one_more(self) -> None:
        """The last one can be had, and the next is refused (I2, RB-01)."""
        storage = self.new()
        stock(storage, MUG, 5)
        now = now_of(storage)
        assert begin(storage, a_checkout("c1", now, Claim(MUG, 3))) == Taken()
        short = begin(storage, a_checkout("c2", now, Claim(MUG, 3)))
        assert isinstance(short, Short)
        assert (short.pool, short.wanted, short.available) == (MUG, 3, 2)
        assert begin(storage, a_checkout("c3", now, Claim(MUG, 2))) == Taken()
        assert numbers(storage, MUG) == (5, 5, 0)

    def test_short_says_when_somebody_elses_hold_may_lapse(self) -> None:
        """The earliest of their deadlines, if it is known; never the asker's own."""
        storage = self.new()
        stock(storage, MUG, 3)
        now = now_of(storage)
        for id, minutes in (("c1", 20), ("c2", 10), ("c3", 5)):
            begin(storage, a_checkout(id, now, Claim(MUG, 1), minutes=minutes))
        again = a_checkout("c3", now, Claim(MUG, 2))
        short = storage.transact(lambda unit: unit.take("c3", again.claims))
        assert isinstance(short, Short)
        assert short.until in (None, now + timedelta(minutes=10))

    def test_what_one_holds_oneself_is_not_in_the_way(self) -> None:
        """Who holds the last one may ask for it again, and is told of it as available (RB-16)."""
        storage = self.new()
        stock(storage, MUG, 2)
        now = now_of(storage)
        c = a_checkout("c1", now, Claim(MUG, 2))
        begin(storage, c)
        assert storage.transact(lambda unit: unit.take("c1", c.claims)) == Taken()
        assert numbers(storage, MUG) == (2, 2, 0)
        more = a_checkout("c1", now, Claim(MUG, 3))
        short = storage.transact(lambda unit: unit.take("c1", more.claims))
        assert isinstance(short, Short)
        assert (short.wanted, short.available) == (3, 2)
        assert numbers(storage, MUG) == (2, 2, 0)

    def test_the_holds_become_exactly_the_claims(self) -> None:
        """More, fewer, another thing instead: the difference is taken or let go, in one step (F4, I1)."""
        storage = self.new()
        stock(storage, MUG, 4)
        stock(storage, PEN, 4)
        now = now_of(storage)
        begin(storage, a_checkout("c1", now, Claim(MUG, 2)))
        steps = [((MUG, 4),), ((MUG, 1),), ((MUG, 3), (PEN, 2)), ((PEN, 4),), ()]
        for wanted in steps:
            claims = a_checkout("c1", now, *(Claim(pool, amount) for pool, amount in wanted)).claims
            assert storage.transact(lambda unit, c=claims: unit.take("c1", c)) == Taken()
            held = dict(wanted)
            assert numbers(storage, MUG) == (4, held.get(MUG, 0), 0)
            assert numbers(storage, PEN) == (4, held.get(PEN, 0), 0)
        assert read(storage, lambda unit: unit.buyer("cart-c1")) == "c1"

    def test_the_same_sku_elsewhere_is_another_pool(self) -> None:
        """Stock is counted per location (F7)."""
        storage = self.new()
        stock(storage, Stock("mug", "annex"), 1)
        assert isinstance(begin(storage, a_checkout("c1", now_of(storage), Claim(MUG, 1))), Short)
        assert begin(storage, a_checkout("c2", now_of(storage), Claim(Stock("mug", "annex"), 1))) == Taken()

    def test_a_limited_pool_appears_with_its_first_use_and_stops_at_the_limit(self) -> None:
        """Nobody sets up a coupon's counter: the claim carries its limit (I9, E10)."""
        storage = self.new()
        now = now_of(storage)
        use = Claim(SAVE10, 1, limit=2)
        assert begin(storage, a_checkout("c1", now, use)) == Taken()
        assert begin(storage, a_checkout("c2", now, use)) == Taken()
        short = begin(storage, a_checkout("c3", now, use))
        assert isinstance(short, Short)
        assert (short.pool, short.wanted, short.available) == (SAVE10, 1, 0)
        write(storage, Release("c1"))
        assert begin(storage, a_checkout("c3", now, use)) == Taken()
        pool = storage.pools([SAVE10])[SAVE10]
        assert (pool.held + pool.committed, pool.available) == (2, 0)

    def test_a_limit_may_be_changed_while_uses_are_held(self) -> None:
        """The claim's limit counts: lowered, nobody more gets in; raised, they do (I9)."""
        storage = self.new()
        now = now_of(storage)
        for id in ("c1", "c2"):
            assert begin(storage, a_checkout(id, now, Claim(SAVE10, 1, limit=3))) == Taken()
        assert isinstance(begin(storage, a_checkout("c3", now, Claim(SAVE10, 1, limit=1))), Short)
        assert begin(storage, a_checkout("c3", now, Claim(SAVE10, 1, limit=4))) == Taken()

    def test_one_persons_uses_are_counted_apart(self) -> None:
        """Ann's use is not Ben's, and both count for the whole (I9, R22)."""
        storage = self.new()
        now = now_of(storage)

        def uses(who: str) -> tuple[Claim, Claim]:
            return Claim(SAVE10, 1, limit=2), Claim(CouponUsesBy("save10", who), 1, limit=1)

        assert begin(storage, a_checkout("c1", now, *uses("ann"))) == Taken()
        again = begin(storage, a_checkout("c2", now, *uses("ann")))
        assert isinstance(again, Short)
        assert again.pool == CouponUsesBy("save10", "ann")
        assert begin(storage, a_checkout("c3", now, *uses("ben"))) == Taken()

    # Letting go, and keeping.
    def test_release_gives_back_once(self) -> None:
        """Sweeper, cancel and decline may all let go: the second and third change nothing (F3, R4, I1)."""
        storage = self.new()
        stock(storage, MUG, 5)
        now = now_of(storage)
        begin(storage, a_checkout("c1", now, Claim(MUG, 2)))
        begin(storage, a_checkout("c2", now, Claim(MUG, 1)))
        for _ in range(3):
            write(storage, Release("c1"))
            assert numbers(storage, MUG) == (5, 1, 0)

    def test_commit_keeps_once(self) -> None:
        """Bought goods are out of reach, and counted once however often it is said (R4, I3)."""
        storage = self.new()
        stock(storage, MUG, 5)
        now = now_of(storage)
        begin(storage, a_checkout("c1", now, Claim(MUG, 2)))
        begin(storage, a_checkout("c2", now, Claim(MUG, 1)))
        for _ in range(3):
            write(storage, Commit("c1"))
            assert numbers(storage, MUG) == (5, 1, 2)

    def test_a_cancelled_order_gives_back_what_was_committed(self) -> None:
        """The goods, the coupon's use and the cart's turn are free again; twice changes nothing (RB-16, I9, F3)."""
        storage = self.new()
        stock(storage, MUG, 2)
        c = a_checkout("c1", now_of(storage), Claim(MUG, 2), Claim(SAVE10, 1, limit=1))
        begin(storage, c)
        write(storage, Commit("c1"))
        for _ in range(2):
            write(storage, Release("c1"))
            assert numbers(storage, MUG) == (2, 0, 0)
        assert read(storage, lambda unit: unit.buyer(c.cart)) is None
        assert begin(storage, a_checkout("c2", now_of(storage), Claim(MUG, 2), Claim(SAVE10, 1, limit=1))) == Taken()

    def test_a_released_hold_is_not_committed(self) -> None:
        """A commit that comes after the release keeps nothing (F2, F3)."""
        storage = self.new()
        stock(storage, MUG, 2)
        begin(storage, a_checkout("c1", now_of(storage), Claim(MUG, 2)))
        write(storage, Release("c1"))
        write(storage, Commit("c1"))
        assert numbers(storage, MUG) == (2, 0, 0)

    def test_after_a_release_one_may_take_again(self) -> None:
        """Late money buys the goods after all, if they are still there (R8)."""
        storage = self.new()
        stock(storage, MUG, 2)
        c = a_checkout("c1", now_of(storage), Claim(MUG, 2))
        begin(storage, c)
        write(storage, Release("c1"))
        assert storage.transact(lambda unit: unit.take("c1", c.claims)) == Taken()
        write(storage, Commit("c1"))
        assert numbers(storage, MUG) == (2, 0, 2)

    def test_take_leaves_committed_goods_alone(self) -> None:
        """What an order has is not let go by a late take of the same checkout (I3)."""
        storage = self.new()
        stock(storage, MUG, 2)
        begin(storage, a_checkout("c1", now_of(storage), Claim(MUG, 2)))
        write(storage, Commit("c1"))
        assert storage.transact(lambda unit: unit.take("c1", ())) == Taken()
        assert numbers(storage, MUG) == (2, 0, 2)
        assert read(storage, lambda unit: unit.buyer("cart-c1")) == "c1"

    # Stock.
    def test_on_hand_is_the_sum_of_the_movements(self) -> None:
        """However they come, in one unit or several (I1, RB-07)."""
        storage = self.new()
        now = now_of(storage)
        write(storage, *(Movement(MUG, delta, "counted", "kit", now) for delta in (5, -2, 4)))
        for delta in (-6, 10):
            write(storage, Movement(MUG, delta, "counted", "kit", now))
        assert numbers(storage, MUG) == (11, 0, 0)

    def test_stock_below_what_is_promised_is_seen(self) -> None:
        """A forced correction leaves a shortfall that stays visible until it is made good (F5, RB-04)."""
        storage = self.new()
        stock(storage, MUG, 3)
        begin(storage, a_checkout("c1", now_of(storage), Claim(MUG, 3)))
        stock(storage, MUG, -2)
        pool = storage.pools([MUG])[MUG]
        assert (pool.on_hand, pool.held, pool.shortfall, pool.available) == (1, 3, 2, 0)
        stock(storage, MUG, 2)
        assert storage.pools([MUG])[MUG].shortfall == 0

    def test_a_shortfall_is_made_good_when_less_is_promised(self) -> None:
        """Letting go, in whole or in part, takes the shortfall down with it (F4, F5, I1)."""
        storage = self.new()
        stock(storage, MUG, 3)
        now = now_of(storage)
        begin(storage, a_checkout("c1", now, Claim(MUG, 3)))
        stock(storage, MUG, -2)
        fewer = a_checkout("c1", now, Claim(MUG, 2))
        assert storage.transact(lambda unit: unit.take("c1", fewer.claims)) == Taken()
        assert storage.pools([MUG])[MUG].shortfall == 1
        write(storage, Release("c1"))
        assert storage.pools([MUG])[MUG].shortfall == 0

    def test_there_are_never_fewer_than_none(self) -> None:
        """A movement below zero is a mistake: refused, with all of its unit (I1, I2)."""
        storage = self.new()
        stock(storage, MUG, 1)
        now = now_of(storage)
        assert fault_of(storage, lambda unit: unit.write(a_cart("k1", now), Movement(MUG, -2, "typo", "kit", now))) is Broken
        assert numbers(storage, MUG) == (1, 0, 0)
        assert fault_of(storage, lambda unit: unit.cart("k1")) is NotFound

    # What is due.
    def test_due_is_what_the_time_has_come_for_the_most_overdue_first(self) -> None:
        """Due checkouts are the retry queue; none is forgotten (R19, L1)."""
        storage = self.new()
        now = now_of(storage)
        dues = {"c1": -5, "c2": 3600, "c3": -50, "c4": None, "c5": -20}
        for id, seconds in dues.items():
            due_at = None if seconds is None else now + timedelta(seconds=seconds)
            begin(storage, evolve(a_checkout(id, now), next=Done() if seconds is None else Wait(due_at), due_at=due_at))
        assert list(storage.due(10)) == ["c3", "c5", "c1"]
        assert list(storage.due(2)) == ["c3", "c5"]

    def test_it_stays_due_until_a_unit_says_otherwise(self) -> None:
        """Whoever asked for it and then died has taken nothing from the others (A8, R19)."""
        storage = self.new()
        now = now_of(storage)
        c = evolve(a_checkout("c1", now), next=Wait(now), due_at=now)
        begin(storage, c)
        assert list(storage.due(10)) == list(storage.due(10)) == ["c1"]
        later = evolve(c, version=2, due_at=now + timedelta(hours=1))
        write(storage, later)
        assert list(storage.due(10)) == []
        write(storage, evolve(later, version=3, due_at=now))
        assert list(storage.due(10)) == ["c1"]
        write(storage, evolve(later, version=4, next=Done(), due_at=None))
        assert list(storage.due(10)) == []

    def test_blocking_is_what_could_be_let_go_of_a_pool(self) -> None:
        """Due, holding it, and no call to a gateway under way: never one with money in flight (R20)."""
        storage = self.new()
        stock(storage, MUG, 9)
        stock(storage, PEN, 9)
        now = now_of(storage)
        past, future = now - timedelta(seconds=1), now + timedelta(hours=1)
        paying = a_payment_under_way("c5", now)
        for c in (
            evolve(a_checkout("c1", now, Claim(MUG, 1)), next=Wait(past), due_at=past),
            evolve(a_checkout("c2", now, Claim(PEN, 1)), next=Wait(past), due_at=past),
            evolve(a_checkout("c3", now, Claim(MUG, 1)), next=Wait(future), due_at=future),
            evolve(a_checkout("c4", now, Claim(MUG, 1)), next=Wait(past), due_at=past),
            evolve(a_checkout("c5", now, Claim(MUG, 1)), attempts=paying.attempts, next=paying.next, due_at=past),
        ):
            assert begin(storage, c) == Taken()
        write(storage, Release("c4"))
        assert list(storage.blocking(MUG, 10)) == ["c1"]
        assert list(storage.blocking(PEN, 10)) == ["c2"]
        assert list(storage.blocking(SAVE10, 10)) == []
        assert list(storage.blocking(MUG, 0)) == []

    # Requests and people.
    def test_a_key_stands_for_one_request(self) -> None:
        """The same key with other content is refused, whole; elsewhere the same key is another (R23, I17)."""
        storage = self.new()
        now = now_of(storage)
        first = Request("c1", "pay", "k1", "f00d")
        write(storage, first, Request("c2", "pay", "k1", "beef"), Request("c1", "update", "k1", "beef"), Request("c1", "pay", "k2", "beef"))
        other = Request("c1", "pay", "k1", "beef")
        assert fault_of(storage, lambda unit: unit.write(a_cart("k9", now), other)) is Broken
        assert read(storage, lambda unit: unit.request("c1", "pay", "k1")) == first
        assert fault_of(storage, lambda unit: unit.cart("k9")) is NotFound

    def test_a_person_is_one_row_apart(self) -> None:
        """Written without the checkout's version, replaced whole, and of that checkout alone (R24)."""
        storage = self.new()
        begin(storage, a_checkout("c1", now_of(storage)))
        for contact in (Contact("ann@example.org"), Contact("ben@example.org", locale="de"), None):
            write(storage, Person("c1", contact))
            assert read(storage, lambda unit: unit.person("c1")) == Person("c1", contact)
        assert read(storage, lambda unit: unit.person("c2")) is None
        assert read(storage, lambda unit: unit.checkout("c1").version) == 1

    # The outbox.
    def test_events_come_in_sequence_within_a_checkout(self) -> None:
        """One, two, three, whatever lies between them (M2, I14, R9)."""
        storage = self.new()
        now = now_of(storage)
        for written in ((("c1", 1), ("c1", 2)), (("c2", 1),), (("c1", 3), ("c2", 2))):
            tell(storage, now, *written)
        events = list(storage.undelivered("mail", 10))
        assert [event.seq for event in events if event.checkout == "c1"] == [1, 2, 3]
        assert [event.seq for event in events if event.checkout == "c2"] == [1, 2]
        first = next(event for event in events if event.id == "c1/1")
        assert first == Event("c1", 1, "order.placed", now, (("number", "N-1"), ("total", 3490), ("currency", "EUR")))
        assert list(storage.undelivered("mail", 2)) == events[:2]

    def test_what_was_delivered_or_given_up_is_not_offered_again(self) -> None:
        """To that consumer; another one has still to hear of it (R9, M3, M4)."""
        storage = self.new()
        tell(storage, now_of(storage), *(("c1", seq) for seq in range(1, 5)))
        write(storage, Delivery("mail", "c1/1", 1, delivered=True), Delivery("mail", "c1/2", 12, dead=True, error="no"))
        assert ids(storage.undelivered("mail", 10)) == ["c1/3", "c1/4"]
        assert ids(storage.undelivered("books", 10)) == ["c1/1", "c1/2", "c1/3", "c1/4"]
        write(storage, Delivery("mail", "c1/3", 1, delivered=True))
        assert ids(storage.undelivered("mail", 10)) == ["c1/4"]

    def test_a_later_event_waits_for_an_earlier_one_to_be_tried_again(self) -> None:
        """Nothing overtakes within a checkout; others flow, even past a queue of waiting ones (M2, M3)."""
        storage = self.new()
        now = now_of(storage)
        tell(storage, now, ("c1", 1), ("c1", 2), ("c1", 3))
        tell(storage, now, ("c2", 1))
        write(storage, Delivery("mail", "c1/1", 1, next_at=now + timedelta(hours=1), error="try later"))
        assert ids(storage.undelivered("mail", 10)) == ["c2/1"]
        assert ids(storage.undelivered("mail", 1)) == ["c2/1"]
        write(storage, Delivery("mail", "c1/1", 2, next_at=now, error="try now"))
        assert sorted(ids(storage.undelivered("mail", 10))) == ["c1/1", "c1/2", "c1/3", "c2/1"]

    # Many at once.
    @needs("threads")
    def test_of_many_at_once_exactly_as_many_as_there_are_get_one(self) -> None:
        """Eight buyers, three mugs: three have one, five are told why not, nobody fails otherwise (F1, I2, Q2, S5)."""
        storage = self.new()
        stock(storage, MUG, 3)
        stock(storage, PEN, 100)
        now = now_of(storage)
        answers = at_once(THREADS, lambda n: begin(storage, a_checkout(f"c{n}", now, Claim(MUG, 1), Claim(PEN, 1))))
        assert [type(answer) for answer in answers].count(Taken) == 3
        assert [type(answer) for answer in answers].count(Short) == THREADS - 3
        assert numbers(storage, MUG) == (3, 3, 0)
        assert numbers(storage, PEN) == (100, 3, 0)

    @needs("threads")
    def test_many_at_once_on_the_first_use_of_a_coupon(self) -> None:
        """Nobody made its pool: the limit holds all the same (E10, E12, I9)."""
        storage = self.new()
        now = now_of(storage)
        answers = at_once(THREADS, lambda n: begin(storage, a_checkout(f"c{n}", now, Claim(SAVE10, 1, limit=3))))
        assert [type(answer) for answer in answers].count(Taken) == 3
        assert [type(answer) for answer in answers].count(Short) == THREADS - 3

    @needs("threads")
    def test_no_update_is_lost(self) -> None:
        """Everybody reads, changes and writes the same checkout and the same stock: every change is in the end (RB-07, R11, E9)."""
        storage = self.new()
        now = now_of(storage)
        begin(storage, a_checkout("c1", now))

        def work(unit: Unit) -> None:
            c = unit.checkout("c1")
            unit.write(evolve(c, version=c.version + 1, events=c.events + 1), Movement(MUG, 1, "counted", "kit", now))

        at_once(THREADS, lambda n: [until_done(lambda: storage.transact(work)) for _ in range(5)])
        assert read(storage, lambda unit: unit.checkout("c1").events) == THREADS * 5
        assert numbers(storage, MUG) == (THREADS * 5, 0, 0)

    @needs("threads")
    def test_taking_and_letting_go_in_every_order_locks_nobody_out(self) -> None:
        """Pools are locked in one order, on the way in and on the way out (R27, E2)."""
        storage = self.new()
        for pool in (MUG, PEN):
            stock(storage, pool, THREADS)
        now = now_of(storage)

        def shop(n: int) -> None:
            one, two = (MUG, PEN) if n % 2 else (PEN, MUG)
            c = a_checkout(f"c{n}", now, Claim(one, 1))
            until_done(lambda: begin(storage, c))
            for _ in range(5):
                both = a_checkout(f"c{n}", now, Claim(one, 1), Claim(two, 1)).claims
                assert until_done(lambda claims=both: storage.transact(lambda unit: unit.take(f"c{n}", claims))) == Taken()
                until_done(lambda: write(storage, Release(f"c{n}")))

        at_once(THREADS, shop)
        assert numbers(storage, MUG) == numbers(storage, PEN) == (THREADS, 0, 0)

    def new(self) -> Any:
        """An empty storage."""
        return self.make(HandClock())


# What the promises are written with.
def read(storage: Any, look: Callable[[Unit], Any]) -> Any:
    """What a unit of its own sees."""
    return storage.transact(look)


def write(storage: Any, *records: Any) -> None:
    """Write in a unit of its own."""
    storage.transact(lambda unit: unit.write(*records))


def now_of(storage: Any) -> datetime:
    """The store's time."""
    now: datetime = storage.transact(lambda unit: unit.now)
    return now


def stock(storage: Any, pool: PoolKey, units: int) -> None:
    """Move stock in or out."""
    storage.transact(lambda unit: unit.write(Movement(pool, units, "counted", "kit", unit.now)))


def numbers(storage: Any, pool: PoolKey) -> tuple[int, int, int]:
    """On hand, held, committed: as a unit sees it, which must be what everybody sees."""
    seen: Pool = storage.transact(lambda unit: unit.pool(pool))
    assert storage.pools([pool]) == {pool: seen}
    return seen.on_hand, seen.held, seen.committed


def begin(storage: Any, c: Checkout) -> Taken | Short:
    """Take what a checkout wants, and write it with its cart; if that is too much, write nothing."""

    def work(unit: Unit) -> Taken | Short:
        answer = unit.take(c.id, c.claims)
        if isinstance(answer, Taken):
            if not has_cart(unit, c.cart):
                unit.write(a_cart(c.cart, unit.now))
            unit.write(evolve(c, held=c.claims))
        return answer

    answer: Taken | Short = storage.transact(work)
    return answer


def has_cart(unit: Unit, id: str) -> bool:
    try:
        unit.cart(id)
    except NotFound:
        return False
    return True


def tell(storage: Any, now: datetime, *events: tuple[str, int]) -> None:
    """Write events, together, of checkouts that are there."""
    for checkout in dict.fromkeys(checkout for checkout, _ in events):
        if fault_of(storage, lambda unit, id=checkout: unit.checkout(id)) is NotFound:
            begin(storage, a_checkout(checkout, now))
    facts = (("number", "N-1"), ("total", 3490), ("currency", "EUR"))
    write(storage, *(Event(checkout, seq, "order.placed", now, facts) for checkout, seq in events))


def ids(events: Sequence[Event]) -> list[str]:
    return [event.id for event in events]


def fault_of(storage: Any, work: Callable[..., Any]) -> type[BaseException] | None:
    """What a unit was stopped by."""
    try:
        storage.transact(work)
    except Exception as error:
        return type(error)
    return None


def until_done(act: Callable[[], Any]) -> Any:
    """Try again while the store says that it did not happen, as every caller may."""
    for _ in range(100):
        try:
            return act()
        except Unavailable:
            continue
    raise AssertionError("it was unavailable a hundred times in a row")
