"""What every storage promises about pools: taking, letting go, keeping, and many at once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from attrs import evolve

from checkout_core.errors import Broken, NotFound
from checkout_core.holds import Claim, CouponUses, CouponUsesBy, Movement, Pool, Short, Stock, Taken
from checkout_core.testing.parts import a_cart, a_checkout, needs
from checkout_core.testing.units import Promises, at_once, begin, fault_of, now_of, numbers, read, stock, until_done, write
from checkout_core.unit import Commit, Release, Unit

MUG: Final = Stock("mug")
PEN: Final = Stock("pen", "annex")
SAVE10: Final = CouponUses("save10")
THREADS: Final = 8


class PoolPromises(Promises):
    """A part of `StorageContract`."""

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

    def test_one_sku_may_be_taken_from_two_locations(self) -> None:
        """All or nothing over both, and each part goes back to where it came from, or is kept there (F6, F7, I1)."""
        storage = self.new()
        annex, now = Stock("mug", "annex"), now_of(storage)
        stock(storage, MUG, 2)
        stock(storage, annex, 5)
        short = begin(storage, a_checkout("c1", now, Claim(MUG, 2), Claim(annex, 6)))
        assert isinstance(short, Short)
        assert (short.pool, short.wanted, short.available) == (annex, 6, 5)
        for id, here, there in (("c2", 1, 3), ("c3", 1, 1)):
            assert begin(storage, a_checkout(id, now, Claim(MUG, here), Claim(annex, there))) == Taken()
        assert (numbers(storage, MUG), numbers(storage, annex)) == ((2, 2, 0), (5, 4, 0))
        write(storage, Commit("c2"))
        write(storage, Release("c3"))
        assert (numbers(storage, MUG), numbers(storage, annex)) == ((2, 0, 1), (5, 0, 3))
        elsewhere = a_checkout("c4", now, Claim(annex, 2)).claims
        begin(storage, a_checkout("c4", now, Claim(MUG, 1), Claim(annex, 1)))
        assert storage.transact(lambda unit: unit.take("c4", elsewhere)) == Taken()
        assert (numbers(storage, MUG), numbers(storage, annex)) == ((2, 0, 1), (5, 2, 3))

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

    def test_more_may_be_sold_than_is_there_up_to_a_limit(self) -> None:
        """A movement may say how many: no more are taken, and the limit may come before any stock (I2, F11)."""
        storage = self.new()
        now = now_of(storage)
        write(storage, Movement(MUG, 0, "on its way", "kit", now, backorder=1))
        stock(storage, MUG, 1)
        assert begin(storage, a_checkout("c1", now, Claim(MUG, 2))) == Taken()
        assert begin(storage, a_checkout("c2", now, Claim(MUG, 1))) == Short(MUG, 1, 0, a_checkout("c1", now).lapses_at)
        write(storage, Movement(MUG, 0, "on its way", "kit", now, backorder=3))
        assert storage.pools([MUG])[MUG] == Pool(MUG, on_hand=1, held=2, backorder=3)

    def test_a_limit_below_what_is_promised_is_seen(self) -> None:
        """What is promised beyond it and not there is a shortfall, until goods come (F5, F11)."""
        storage = self.new()
        now = now_of(storage)
        write(storage, Movement(MUG, 1, "on its way", "kit", now, backorder=3))
        begin(storage, a_checkout("c1", now, Claim(MUG, 4)))
        write(storage, Movement(MUG, 0, "not any more", "kit", now, backorder=1))
        assert storage.pools([MUG])[MUG] == Pool(MUG, on_hand=1, held=4, backorder=1, shortfall=2)
        stock(storage, MUG, 2)
        assert storage.pools([MUG])[MUG] == Pool(MUG, on_hand=3, held=4, backorder=1)

    def test_there_are_never_fewer_than_none(self) -> None:
        """A movement below zero is a mistake: refused, with all of its unit (I1, I2)."""
        storage = self.new()
        stock(storage, MUG, 1)
        now = now_of(storage)
        assert fault_of(storage, lambda unit: unit.write(a_cart("k1", now), Movement(MUG, -2, "typo", "kit", now))) is Broken
        assert numbers(storage, MUG) == (1, 0, 0)
        assert fault_of(storage, lambda unit: unit.cart("k1")) is NotFound

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
                assert until_done(partial(storage.transact, lambda unit, c=both: unit.take(f"c{n}", c))) == Taken()
                until_done(lambda: write(storage, Release(f"c{n}")))

        at_once(THREADS, shop)
        assert numbers(storage, MUG) == numbers(storage, PEN) == (THREADS, 0, 0)
