"""What every storage promises."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from attrs import evolve

from checkout_core.checkout import turn
from checkout_core.customers import Address, Contact
from checkout_core.effects import Done, Wait
from checkout_core.errors import Broken, NotFound
from checkout_core.events import Event
from checkout_core.holds import Claim, Movement, Pool, Short, Taken
from checkout_core.ledger import Posting
from checkout_core.ports import Clock
from checkout_core.testing.carts import CartPromises
from checkout_core.testing.commits import CommitPromises
from checkout_core.testing.parts import HandClock, a_cart, a_checkout, a_payment_under_way, a_refund_under_way
from checkout_core.testing.pools import MUG, PEN, SAVE10, PoolPromises
from checkout_core.testing.processes import ProcessPromises
from checkout_core.testing.units import begin, fault_of, ids, now_of, numbers, read, stock, tell, write
from checkout_core.unit import CloseCart, Commit, Delivery, Person, Release, Request, Unit


class StorageContract(PoolPromises, CartPromises, ProcessPromises, CommitPromises):
    """Say how yours is made. `capabilities` names what it can:

        threads        units may run in several threads at once
        processes      and in several processes: say in `elsewhere` how another one opens the same data
        lost_commits   it can lose the answer to a COMMIT, as any database over a wire or a disk can: make it happen in `lose_commit`

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

    def test_a_look_sees_what_is_committed(self) -> None:
        """What a unit has written, a look sees, and the time; what is missing is not found there either."""
        storage = self.new()
        now = now_of(storage)
        begin(storage, a_checkout("c1", now, cart="k1"))
        seen = storage.look(lambda view: (view.cart("k1").id, view.checkout("c1").id, view.buyer("k1"), view.now.utcoffset()))
        assert seen == ("k1", "c1", "c1", timedelta(0))
        with suppress(NotFound):
            storage.look(lambda view: view.checkout("c2"))
            raise AssertionError("there is no such checkout")

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

    def test_a_gateways_reference_belongs_to_one_payment(self) -> None:
        """The same payment under two attempts would pay twice with one sum of money (RB-44, I6)."""
        storage = self.new()
        now = now_of(storage)
        first, second = a_payment_under_way("c1", now), a_payment_under_way("c2", now)
        write(storage, a_cart(first.cart, now), first, a_cart(second.cart, now))
        same = evolve(second, attempts=(second.attempts[0], evolve(second.attempts[1], reference=first.attempts[1].reference)))
        assert fault_of(storage, lambda unit: unit.write(same)) is Broken
        assert fault_of(storage, lambda unit: unit.checkout("c2")) is NotFound
        write(storage, evolve(first, version=2))

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

    def test_blocking_is_the_most_overdue_first(self) -> None:
        """Whoever makes room asks the same in every store: the longest overdue lets go first, whenever it took its hold."""
        storage = self.new()
        stock(storage, MUG, 9)
        now = now_of(storage)
        for id, late in (("c1", 1), ("c3", 2), ("c2", 2), ("c4", 3)):
            due = now - timedelta(seconds=late)
            assert begin(storage, evolve(a_checkout(id, now, Claim(MUG, 1)), next=Wait(due), due_at=due)) == Taken()
        assert list(storage.blocking(MUG, 10)) == ["c4", "c2", "c3", "c1"]
        assert list(storage.blocking(MUG, 3)) == ["c4", "c2", "c3"]

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

    def test_what_is_queued_again_is_offered_again(self) -> None:
        """However far the consumer has got since: a dead letter that was requeued, a delivery that is to be repeated (M4)."""
        storage = self.new()
        now = now_of(storage)
        tell(storage, now, ("c1", 1), ("c1", 2), ("c1", 3))
        for seq in (1, 2, 3):
            write(storage, Delivery("mail", f"c1/{seq}", 1, delivered=seq != 1, dead=seq == 1))
        assert ids(storage.undelivered("mail", 10)) == []
        write(storage, Delivery("mail", "c1/2", next_at=now))
        write(storage, Delivery("mail", "c1/1", next_at=now))
        assert ids(storage.undelivered("mail", 10)) == ["c1/1", "c1/2"]
        write(storage, Delivery("mail", "c1/1", 1, delivered=True), Delivery("mail", "c1/2", 1, delivered=True))
        assert ids(storage.undelivered("mail", 10)) == []

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

    def new(self) -> Any:
        """An empty storage."""
        return self.make(HandClock())
