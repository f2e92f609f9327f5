"""What can only happen where many write at once: two units in each other's way, one of them halted at the edge where it hurts.

On SQLite one writer waits for the other, and none of this is possible. Each test names the guard without which it fails.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import psycopg
import pytest
import sqlalchemy as sa
from attrs import evolve

from checkout_adapters.sqlalchemy import statements, turns
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_adapters.sqlalchemy.tables import holds, pools
from checkout_adapters.sqlalchemy.unit import SqlUnit
from checkout_core import Checkout
from checkout_core.codec import Unreadable, encode_facts
from checkout_core.errors import Broken
from checkout_core.events import Event
from checkout_core.holds import Claim, CouponUses, Movement, Short, Stock, Taken
from checkout_core.testing.parts import a_cart, a_checkout, a_payment_under_way
from checkout_core.testing.units import at_once, begin, fault_of, ids, numbers, read, stock, tell, write
from checkout_core.unit import Commit, Delivery, Release, Request, Unit
from tests.databases import NOW
from tests.postgres import Server, told
from tests.selling import selling

MUG: Final = Stock("MUG")
PATIENCE: Final = 20.0


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    url = postgres.clone()
    yield url
    postgres.drop(url)


@contextmanager
def aside(act: Callable[[], Any]) -> Iterator[list[Any]]:
    """Something that goes on in a thread meanwhile, and what came of it: a value or a fault."""
    came = list[Any]()

    def run() -> None:
        try:
            came.append(act())
        except Exception as fault:
            came.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield came
    finally:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def until_waiting(url: str) -> None:
    """Wait until somebody waits for a lock in this database."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(2000):
        if told(url, asked) != [(0,)]:
            return
    raise AssertionError("nobody waits")


@contextmanager
def halted_at_commit(storage: SqlStorage) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The next COMMIT of this storage: it sets the first, and waits for the second."""
    there, go = threading.Event(), threading.Event()
    dialect: Any = storage.engine.dialect
    plain = dialect.do_commit

    def commit(connection: Any) -> None:
        dialect.do_commit = plain
        there.set()
        assert go.wait(PATIENCE)
        plain(connection)

    dialect.do_commit = commit
    try:
        yield there, go
    finally:
        dialect.do_commit = plain
        go.set()


def meeting(many: int = 2) -> Callable[[], None]:
    """Everybody's first call waits for the others; later ones do not."""
    barrier, been = threading.Barrier(many), set[int]()

    def meet() -> None:
        if threading.get_ident() not in been:
            been.add(threading.get_ident())
            barrier.wait(PATIENCE)

    return meet


def requoted(url: str) -> Checkout:
    """What a unit reads that has waited for another to give the checkout a new quote."""
    with SqlStorage(url) as one, SqlStorage(url) as other:
        c = a_payment_under_way("c1", NOW)
        assert c.quote is not None
        new = evolve(c, version=2, quote=evolve(c.quote, hash="f" * 64))
        write(one, a_cart(c.cart, NOW), c)
        with halted_at_commit(one) as (there, go), aside(lambda: one.transact(lambda unit: _next(unit, new))):
            assert there.wait(PATIENCE)
            with aside(lambda: other.transact(lambda unit: unit.checkout("c1"))) as came:
                until_waiting(url)
                go.set()
        if isinstance(came[0], Exception):
            raise came[0]
        assert isinstance(came[0], Checkout)
        return came[0]


def _next(unit: Unit, new: Checkout) -> None:
    unit.checkout(new.id)
    unit.write(new)


def test_who_has_waited_for_a_checkout_reads_its_new_quote(url: str) -> None:
    """READ COMMITTED gives the row as it is now beside the quote as it was: the quote is then read again (R11, I13)."""
    found = requoted(url)
    assert found.version == 2
    assert found.quote is not None
    assert found.quote.hash == "f" * 64


def test_without_reading_it_again_the_quote_is_gone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: what the join said is believed."""
    monkeypatch.setattr(statements, "QUOTE", statements.QUOTE.where(sa.false()))
    with pytest.raises(Unreadable):
        requoted(url)


def waited_for(url: str) -> Taken | Short:
    """What a unit is answered that has waited for a pool of which there is plenty, in a shop whose many pools the server has counted."""
    with SqlStorage(url) as one, SqlStorage(url) as other:
        now = NOW
        stock(one, MUG, 1000)
        told(
            url,
            "INSERT INTO pools SELECT 'stock/SKU-' || g || '/main', 'stock', 'SKU-' || g, 'main', 9, 0, 0, 0, 0, now()"
            " FROM generate_series(0, 2999) g",
            "ANALYZE",
        )
        for id in ("c1", "c2"):
            begin(one, a_checkout(id, now))  # its cart's turn
        with halted_at_commit(one) as (there, go), aside(lambda: one.transact(lambda unit: unit.take("c1", _paying("c1")))):
            assert there.wait(PATIENCE)
            with aside(lambda: other.transact(lambda unit: unit.take("c2", _paying("c2")))) as came:
                until_waiting(url)
                go.set()
        assert isinstance(came[0], Taken | Short), came
        return came[0]


def _paying(id: str) -> list[Claim]:
    """What a checkout wants that has its cart's turn already."""
    return [*a_checkout(id, NOW).claims, Claim(MUG, 1), Claim(Stock(f"SKU-{id[1:]}"), 1)]


def test_a_pool_that_was_waited_for_is_still_there(url: str) -> None:
    """Q2: nobody is refused what there is plenty of because somebody else has just taken some of it."""
    assert waited_for(url) == Taken()


def test_where_its_key_comes_from_a_join_the_pool_is_gone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug, as we had it: after the wait the new row does not meet what it was joined to; and no pool is an empty one."""
    claimed = pools.alias("claimed_pools")
    keys = sa.union_all(
        sa.select(claimed.c.pool).where(claimed.c.pool.in_(sa.bindparam("claimed", expanding=True))),
        sa.select(holds.c.pool).where(holds.c.checkout_id == sa.bindparam("id"), holds.c.state == "held"),
    )
    joined = statements.WANTED_OF_SERVER.where(pools.c.pool.in_(keys))
    monkeypatch.setattr(joined, "_where_criteria", joined._where_criteria[1:])
    monkeypatch.setattr(statements, "WANTED_OF_SERVER", joined)
    answer = waited_for(url)
    assert isinstance(answer, Short)
    assert answer.available == 0


@pytest.mark.fault("E12")
def test_of_two_with_the_same_key_the_second_finds_the_first(url: str, struck: set[str]) -> None:
    """Both have looked, and neither was there: one is written, and the other runs again and answers what the first did (R23, I17)."""
    meet = meeting()
    with SqlStorage(url) as storage:

        def act(n: int) -> str:
            def work(unit: Unit) -> str:
                found = unit.request("c1", "pay", "k1")
                meet()
                if found is not None:
                    struck.add("E12")
                    return found.attempt
                unit.write(Request("c1", "pay", "k1", "f00d", attempt=f"c1/{n}"), Movement(MUG, 1, "counted", "kit", NOW))
                return f"c1/{n}"

            return storage.transact(work)

        first, second = at_once(2, act)
        assert first == second
        assert numbers(storage, MUG) == (1, 0, 0)


def test_a_key_that_stands_for_something_else_is_refused_soon(url: str) -> None:
    """A row that is met again and again is no race: Broken, after few runs."""
    runs = list[int]()
    with SqlStorage(url) as storage:
        write(storage, Request("c1", "pay", "k1", "f00d"))

        def work(unit: Unit) -> None:
            runs.append(1)
            unit.write(Request("c1", "pay", "k1", "beef"))

        assert fault_of(storage, work) is Broken
    assert len(runs) == 3


def test_two_who_open_a_cart_for_one_customer_have_the_same(url: str) -> None:
    """RB-77."""
    with selling(url) as (shop, _, _):
        carts = at_once(4, lambda _: shop.open_cart(currency="EUR", customer="ada").id)
    assert len(set(carts)) == 1


def test_the_first_stock_of_a_thing_may_come_twice_at_once(url: str) -> None:
    """Both counts are there (R5)."""
    with SqlStorage(url) as storage:
        at_once(4, lambda _: stock(storage, MUG, 5))
        assert numbers(storage, MUG) == (20, 0, 0)


def test_claims_in_any_order_never_wait_for_each_other_in_a_circle(url: str) -> None:
    """R27: of many who take many things, each locks them in the one order; the server counts no deadlock (E2)."""
    skus = [Stock(sku) for sku in ("b", "A", "ä", "Z", "_", "a")]
    with SqlStorage(url) as storage:
        for sku in skus:
            stock(storage, sku, 1000)

        def buy(n: int) -> list[Any]:
            turned = skus[n % len(skus) :] + skus[: n % len(skus)]
            coupon = Claim(CouponUses("save10"), 1, limit=1000)
            return [begin(storage, a_checkout(f"c{n}-{i}", NOW, *[Claim(sku, 1) for sku in turned], coupon)) for i in range(10)]

        assert {type(answer) for answers in at_once(8, buy) for answer in answers} == {Taken}
        assert {numbers(storage, sku) for sku in skus} == {(1000, 80, 0)}
    assert told(url, "SELECT pg_stat_clear_snapshot(), deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][1] == 0


def first_uses(url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Two use a coupon for the first time together, and the first pays while the second takes: how many runs these last two needed."""
    uses, runs, plain = Claim(CouponUses("save10"), 1, limit=5), list[int](), SqlUnit._grab
    with SqlStorage(url) as one, SqlStorage(url) as other:
        stock(one, MUG, 9)
        for id in ("c1", "c2"):
            begin(one, a_checkout(id, NOW))

        def first(unit: Unit) -> Taken | Short:
            return unit.take("c1", [Claim(MUG, 1), uses])

        def second(unit: Unit) -> Taken | Short:
            runs.append(2)
            return unit.take("c2", [Claim(MUG, 1), uses])

        def pay(unit: Unit) -> None:
            runs.append(1)
            unit.write(Commit("c1"))

        with halted_at_commit(one) as (there, go), aside(lambda: one.transact(first)) as taken:
            assert there.wait(PATIENCE)
            locked, paying = threading.Event(), threading.Event()

            def grab(self: SqlUnit, grabs: Any) -> None:
                locked.set()
                assert paying.wait(PATIENCE)
                plain(self, grabs)

            monkeypatch.setattr(SqlUnit, "_grab", grab)
            with aside(lambda: other.transact(second)) as came:
                until_waiting(url)
                go.set()
                assert locked.wait(PATIENCE)
                with aside(lambda: one.transact(pay)) as paid:
                    until_waiting(url)
                    paying.set()
        assert (taken, came, paid) == ([Taken()], [Taken()], [None])
        assert numbers(one, uses.pool) == (5, 1, 1)
    return len(runs)


def test_the_first_use_of_a_coupon_by_two_at_once_is_no_deadlock(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """E12, R27: an insert waits for whoever is at the row it meets. It is made before anything else is locked."""
    assert first_uses(url, monkeypatch) == 2


def test_it_is_one_where_it_is_made_after_the_stock_is_locked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug, as we had it: the server ends the circle, and somebody's unit has to run again."""
    make, grab = SqlUnit._make, SqlUnit._grab

    def late(self: SqlUnit, grabs: Any) -> None:
        if not make(self, "c2", {text: claim for text, claim, _ in grabs}):
            grab(self, grabs)

    monkeypatch.setattr(SqlUnit, "_make", lambda self, checkout, wanted: make(self, checkout, wanted) if checkout == "c1" else ())
    monkeypatch.setattr(SqlUnit, "_grab", late)
    assert first_uses(url, monkeypatch) > 2


def test_of_two_who_want_the_last_one_has_it(url: str) -> None:
    """The second waits for the first, and then reads what it has left (R5, F1, I2)."""
    with SqlStorage(url) as one, SqlStorage(url) as other:
        stock(one, MUG, 1)
        for id in ("c1", "c2"):
            write(one, a_cart(f"cart-{id}", NOW), a_checkout(id, NOW))
        with halted_at_commit(one) as (there, go), aside(lambda: one.transact(lambda unit: unit.take("c1", [Claim(MUG, 1)]))) as first:
            assert there.wait(PATIENCE)
            with aside(lambda: other.transact(lambda unit: unit.take("c2", [Claim(MUG, 1)]))) as second:
                until_waiting(url)
                go.set()
        assert first == [Taken()]
        assert isinstance(second[0], Short)


def test_of_two_who_let_go_the_same_one_does_it(url: str) -> None:
    """The second waits, and finds nothing that is held any more (F3, R4)."""
    with SqlStorage(url) as one, SqlStorage(url) as other:
        stock(one, MUG, 5)
        begin(one, a_checkout("c1", NOW, Claim(MUG, 2)))
        with halted_at_commit(one) as (there, go), aside(lambda: write(one, Release("c1"))) as first:
            assert there.wait(PATIENCE)
            with aside(lambda: write(other, Release("c1"))) as second:
                until_waiting(url)
                go.set()
        assert (first, second) == ([None], [None])
        assert numbers(one, MUG) == (5, 0, 0)


# The outbox.
def overtaken(url: str) -> list[str]:
    """What is offered when an event was given its position, another one after it was delivered, and only then it is committed."""
    with SqlStorage(url) as storage, psycopg.connect(url.replace("+psycopg", "")) as slow:
        for id in ("c1", "c2"):
            begin(storage, a_checkout(id, NOW))
        slow.execute(
            "INSERT INTO events (checkout_id, seq, kind, at, facts) VALUES ('c1', 1, 'checkout.begun', now(), %s)", [encode_facts(())]
        )
        tell(storage, NOW, ("c2", 1))
        assert ids(storage.undelivered("mail", 10)) == ["c2/1"]
        write(storage, Delivery("mail", "c2/1", 1, delivered=True))
        slow.commit()
        return ids(storage.undelivered("mail", 10))


def test_an_event_that_is_committed_late_is_delivered(url: str) -> None:
    """Positions are given before they are committed: the mark of a consumer never passes one that cannot be seen yet (R9, M2)."""
    assert overtaken(url) == ["c1/1"]


def test_without_the_look_for_writers_it_is_lost(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug."""
    monkeypatch.setattr(turns, "writers", lambda connection: frozenset())
    assert overtaken(url) == []


def test_an_event_that_is_committed_while_it_is_looked_for_is_delivered(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody writes any more, and yet it was not there a moment ago: what is settled is asked once more."""
    plain = turns.writers
    with SqlStorage(url) as storage, psycopg.connect(url.replace("+psycopg", "")) as slow:
        for id in ("c1", "c2"):
            begin(storage, a_checkout(id, NOW))
        event = "INSERT INTO events (checkout_id, seq, kind, at, facts) VALUES ('c1', 1, 'checkout.begun', now(), %s)"
        slow.execute(event, [encode_facts(())])
        tell(storage, NOW, ("c2", 1))

        def writers(connection: sa.Connection) -> frozenset[str]:
            slow.commit()
            return plain(connection)

        monkeypatch.setattr(turns, "writers", writers)
        write(storage, Delivery("mail", "c2/1", 1, delivered=True))
        assert ids(storage.undelivered("mail", 10)) == ["c1/1"]


def test_the_mark_goes_on_when_it_is_quiet(url: str) -> None:
    """So that a relay does not read all history for ever; and what was rolled back is no obstacle."""
    with SqlStorage(url) as storage:
        tell(storage, NOW, *(("c1", n) for n in range(1, 5)))
        with psycopg.connect(url.replace("+psycopg", "")) as slow:
            slow.execute("INSERT INTO events (checkout_id, seq, kind, at, facts) VALUES ('c1', 9, 'checkout.begun', now(), '[]')")
            slow.rollback()
        for n in range(1, 5):
            write(storage, Delivery("mail", f"c1/{n}", 1, delivered=True))
        assert told(url, "SELECT position FROM consumers WHERE name = 'mail'") == told(url, "SELECT max(position) FROM events")


def test_the_mark_goes_on_although_it_is_never_quiet(url: str) -> None:
    """Whoever wrote when a position was the highest has ended: that much is certain, whoever writes now; and nothing is lost by it."""
    wrote = "INSERT INTO events (checkout_id, seq, kind, at, facts) VALUES ('c1', %s, 'checkout.begun', now(), %s)"
    mark = "SELECT position FROM consumers WHERE name = 'mail'"
    with (
        SqlStorage(url) as storage,
        psycopg.connect(url.replace("+psycopg", "")) as one,
        psycopg.connect(url.replace("+psycopg", "")) as two,
    ):
        for id in ("c1", "c2"):
            begin(storage, a_checkout(id, NOW))
        marks = list[int]()
        for n, (begins, ends) in enumerate(((one, two), (two, one), (one, two), (two, one)), start=1):
            begins.execute(wrote, [n, encode_facts(())])
            ends.commit()
            tell(storage, NOW, ("c2", n))
            for event in storage.undelivered("mail", 10):
                write(storage, Delivery("mail", event.id, 1, delivered=True))
            marks.append(told(url, mark)[0][0])
        two.commit()
        assert marks == sorted(marks)
        assert marks[-1] > 0
        assert ids(storage.undelivered("mail", 10)) == ["c1/4"]


def test_of_two_relays_the_one_that_failed_does_not_undo_the_other(url: str) -> None:
    """Both found nothing of it: one has delivered it, and the other runs again and reads that (R9)."""
    meet = meeting()
    with SqlStorage(url) as storage:
        tell(storage, NOW, ("c1", 1))

        def note(n: int) -> None:
            def work(unit: Unit) -> None:
                old = unit.delivery("mail", "c1/1") or Delivery("mail", "c1/1")
                meet()
                if not old.delivered:
                    unit.write(evolve(old, tries=old.tries + 1, delivered=n == 0, next_at=None if n == 0 else NOW + timedelta(hours=1)))

            storage.transact(work)

        at_once(2, note)
        found = read(storage, lambda unit: unit.delivery("mail", "c1/1"))
        assert found.delivered
        assert ids(storage.undelivered("mail", 10)) == []


def put_back(url: str) -> list[str]:
    """What is offered when an event is queued again while another unit moves the mark past it."""
    with SqlStorage(url) as relay, SqlStorage(url) as operator:
        tell(relay, NOW, ("c1", 1), ("c1", 2))
        write(relay, Delivery("mail", "c1/2", 1, delivered=True))
        with halted_at_commit(relay) as (there, go), aside(lambda: write(relay, Delivery("mail", "c1/1", 1, delivered=True))):
            assert there.wait(PATIENCE)
            with aside(lambda: write(operator, Delivery("mail", "c1/2", next_at=NOW))):
                time.sleep(0.3)  # it has waited, or it is done
                go.set()
        return ids(relay.undelivered("mail", 10))


def test_what_is_queued_again_is_not_passed_at_the_same_moment(url: str) -> None:
    """Whoever moves the mark of a consumer does it alone (M4)."""
    assert put_back(url) == ["c1/2"]


def test_without_the_lock_of_the_mark_it_is_passed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug."""
    monkeypatch.setattr(turns, "hold_mark", lambda connection, consumer: None)
    assert put_back(url) == []


def test_a_stranger_does_not_stop_the_mark(url: str) -> None:
    """Who reads events, or writes elsewhere, is no writer of events."""
    with SqlStorage(url) as storage, psycopg.connect(url.replace("+psycopg", "")) as other:
        other.execute("SELECT * FROM events")
        other.execute("INSERT INTO settings VALUES ('a', 'b')")
        tell(storage, NOW, ("c1", 1))
        write(storage, Delivery("mail", "c1/1", 1, delivered=True))
        assert told(url, "SELECT position FROM consumers") != [(0,)]


def test_an_event_in_the_same_unit_as_its_delivery_is_no_stranger(url: str) -> None:
    """A unit that writes events does not wait for itself."""
    with SqlStorage(url) as storage:
        begin(storage, a_checkout("c1", NOW))
        write(storage, Event("c1", 1, "checkout.begun", NOW), Delivery("mail", "c1/1", 1, delivered=True))
        assert told(url, "SELECT position FROM consumers") != [(0,)]
