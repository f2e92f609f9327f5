"""What every `Queries` promises: its lists say what the units of its store have written, in the order and within the limits asked for."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final

from attrs import evolve

from checkout_core.checkout import Checkout
from checkout_core.effects import Authorize, Capture, Done, Inquire, Refund, Wait
from checkout_core.events import Event
from checkout_core.holds import CardBalance, Claim, CouponUses, CouponUsesBy, HoldState, Movement, Stock
from checkout_core.listings import CartListed, CouponListed, EventListed, HoldListed
from checkout_core.money import Money
from checkout_core.orders import FulfilmentState, Order, OrderState, PaymentState
from checkout_core.payments import Attempt, AttemptState, Card
from checkout_core.ports import Clock
from checkout_core.system import number_of
from checkout_core.testing.parts import HandClock, a_cart, a_checkout, a_payment_under_way, a_quote, a_refund_under_way
from checkout_core.testing.units import begin, now_of, numbers, stock, tell, write
from checkout_core.unit import Commit, Delivery, Release

MUG: Final = Stock("mug")
EUR: Final = Money(3490, "EUR")


class QueriesContract:
    """Say how yours is made, with the storage that it lists. What is written here is listed at once: test against the primary."""

    def make(self, clock: Clock) -> tuple[Any, Any]:
        """An empty storage, and the lists of it (the sync faces). A storage that has a clock of its own may leave this one aside."""
        raise NotImplementedError

    # Finding.
    def test_a_checkout_is_found_by_its_id_and_by_its_number_however_typed(self) -> None:
        """On the telephone: lower case, with spaces, without the dash, with letters that look like digits."""
        storage, lists = self.new()
        now = now_of(storage)
        begin(storage, evolve(a_checkout("0199-abcd", now), number=number_of(1)))
        begin(storage, evolve(a_checkout("c2", now), number=number_of(2**45 - 1)))
        number = number_of(1)
        assert number.startswith("00000-0001")
        looking_alike = number.replace("1", "l", 1).replace("0", "O")
        for typed in (number, number.lower(), number.replace("-", ""), number.replace("-", " "), f"  {number}\n", looking_alike):
            assert lists.find(typed) == "0199-abcd"
        for typed in ("0199-abcd", " 0199-abcd ", "0199-ABCD"):
            assert lists.find(typed) == "0199-abcd"
        assert lists.find(number_of(2**45 - 1)) == "c2"
        for nothing in ("", "  ", "0199", "%", number_of(3), "c2' OR '1'='1"):
            assert lists.find(nothing) is None

    # Orders.
    def test_an_order_is_listed_as_it_is(self) -> None:
        """Its number, whose it is, the total, where goods and money are, and why it was cancelled."""
        storage, lists = self.new()
        now = now_of(storage)
        begin(storage, ordered("c1", now, customer="ann"))
        begin(storage, a_checkout("c2", now))
        write(storage, a_cart("cart-c3", now), a_refund_under_way("c3", now))
        (row,) = lists.orders(status=OrderState.PLACED)
        assert (row.id, row.number, row.customer, row.total, row.placed_at) == ("c1", "N-c1", "ann", EUR, now)
        assert (row.status, row.payment, row.fulfilment) == (OrderState.PLACED, PaymentState.PAID, FulfilmentState.UNFULFILLED)
        assert row.cancelled == ""
        (row,) = lists.orders(status=OrderState.CANCELLED)
        assert (row.id, row.payment, row.fulfilment) == ("c3", PaymentState.REFUND_DUE, FulfilmentState.CANCELLED)
        assert row.cancelled == "too süß"

    def test_an_order_is_listed_as_it_has_become(self) -> None:
        """Once, and as the last unit left it."""
        storage, lists = self.new()
        c = ordered("c1", now_of(storage))
        begin(storage, c)
        assert c.order is not None
        order = evolve(c.order, state=OrderState.CANCELLED, fulfilment=FulfilmentState.CANCELLED, cancelled="second thoughts")
        back = evolve(c.attempts[0], state=AttemptState.REFUNDED, unwanted="cancelled")
        write(storage, evolve(c, version=2, order=order, attempts=(back,)))
        (row,) = lists.orders()
        assert (row.status, row.payment, row.cancelled) == (OrderState.CANCELLED, PaymentState.REFUNDED, "second thoughts")

    def test_orders_come_newest_first_and_are_chosen_by_customer_status_and_time(self) -> None:
        """Of those placed at the same instant the higher id first, so that a page can follow a page."""
        storage, lists = self.new()
        now = now_of(storage)
        for id, customer, minutes in (("c1", "ann", 3), ("c2", "ben", 1), ("c3", "ann", 2), ("c5", None, 2)):
            begin(storage, ordered(id, now - timedelta(minutes=minutes), customer=customer))
        assert [row.id for row in lists.orders()] == ["c2", "c5", "c3", "c1"]
        assert [row.id for row in lists.orders(customer="ann")] == ["c3", "c1"]
        assert [row.id for row in lists.orders(customer="cleo")] == []
        assert [row.id for row in lists.orders(before=now - timedelta(minutes=2))] == ["c1"]
        assert [row.id for row in lists.orders(customer="ann", before=now, limit=1)] == ["c3"]
        assert [row.id for row in lists.orders(status=OrderState.CANCELLED)] == []

    # Carts.
    def test_open_carts_are_listed_by_their_ids_page_by_page(self) -> None:
        """Those that were neither ordered nor merged, empty ones with no lines; a page follows a page by the last id."""
        storage, lists = self.new()
        now = now_of(storage)
        for id, customer in (("b2", "ann"), ("a1", None), ("c3", "ben"), ("d4", None), ("e5", None)):
            write(storage, evolve(a_cart(id, now), customer_id=customer))
        write(storage, evolve(a_cart("f6", now), lines=(), currency="USD"))
        write(storage, evolve(storage.look(lambda view: view.cart("d4")), version=2, ordered="checkout-1"))
        write(storage, evolve(storage.look(lambda view: view.cart("e5")), version=2, merged_into="b2"))
        rows = list(lists.carts())
        assert [(row.id, row.customer) for row in rows] == [("a1", None), ("b2", "ann"), ("c3", "ben"), ("f6", None)]
        cart = a_cart("a1", now)
        assert rows[0] == CartListed("a1", None, cart.currency, len(cart.lines), cart.updated_at)
        assert (rows[-1].currency, rows[-1].lines) == ("USD", 0)
        assert list(lists.carts(limit=2)) == rows[:2]
        assert list(lists.carts(after="b2", limit=2)) == rows[2:]
        assert list(lists.carts(after="f6")) == []

    # Payments.
    def test_an_attempt_is_listed_as_it_is(self) -> None:
        """What the gateway was asked and what it said, to the minor unit; of a checkout that has no order yet as well."""
        storage, lists = self.new()
        now = now_of(storage)
        c = a_payment_under_way("c1", now)
        write(storage, a_cart(c.cart, now), c)
        declined, paying = c.attempts
        rows = {row.id: row for row in lists.payments(checkout="c1")}
        for attempt, reference, reason in ((declined, "", "expired-card"), (paying, "pay_c1", "")):
            row = rows[attempt.key]
            assert (row.checkout, row.number, row.gateway, row.method) == ("c1", "N-c1", "sandbox", "card")
            assert (row.state, row.amount, row.received) == (attempt.state, attempt.amount, None)
            assert (row.reference, row.reason, row.unwanted, row.stuck) == (reference, reason, "", "")
            assert (row.in_flight, row.due_at) == (True, c.due_at)
        told = evolve(paying, state=AttemptState.CAPTURED, received=Money(7, "USD"), unwanted="amount-differs", stuck="no way back")
        write(storage, evolve(c, version=2, attempts=(declined, told), next=Done(), due_at=None))
        row = {row.id: row for row in lists.payments()}[paying.key]
        assert (row.state, row.amount, row.received) == (AttemptState.CAPTURED, EUR, Money(7, "USD"))
        assert (row.unwanted, row.stuck, row.in_flight, row.due_at) == ("amount-differs", "no way back", False, None)

    def test_attempts_come_last_changed_first(self) -> None:
        """A change of the checkout that leaves the attempt as it was is no change of the attempt."""
        storage, lists = self.new()
        written = list[Checkout]()
        for id in ("c2", "c1", "c3"):
            written.append(trying(id, now_of(storage)))
            begin(storage, written[-1])
            self.clock.forward(1)
        assert [row.checkout for row in lists.payments()] == ["c3", "c1", "c2"]
        c2, c1, _ = written
        write(storage, evolve(c1, version=2, because="nothing of the attempt"))
        self.clock.forward(1)
        write(storage, evolve(c2, version=2, attempts=(evolve(c2.attempts[0], state=AttemptState.UNKNOWN),)))
        assert [row.checkout for row in lists.payments()] == ["c2", "c3", "c1"]
        assert [row.checkout for row in lists.payments(limit=2)] == ["c2", "c3"]
        assert [row.checkout for row in lists.payments(checkout="c1")] == ["c1"]
        assert list(lists.payments(checkout="c9")) == []

    def test_due_is_what_waits_for_a_person_or_a_worker(self) -> None:
        """Stuck ones first, then the most overdue; not what is settled, nor what has time (R3, R19)."""
        storage, lists = self.new()
        now = now_of(storage)
        asked = Inquire("c1/k", "sandbox", 1, "c1/k/authorize", "")
        sent_back = Refund("c4/k", "sandbox", 1, "c4/k/refund", "c4/k/authorize", "pay_c4", EUR)
        captured = Capture("c8/k", "sandbox", 1, "c8/k/capture", "c8/k/authorize", "pay_c8", EUR)
        sent = Authorize("d1/k", "sandbox", 1, "d1/k/authorize", EUR, Card("tok"), True, now)
        for c in (
            trying("c1", now, AttemptState.UNKNOWN, due=-50, next=asked),
            trying("c2", now, AttemptState.PROCESSING, due=-100),
            trying("c3", now, AttemptState.ACTION, due=3600),
            trying("c4", now, AttemptState.CAPTURED, due=-75, unwanted="expired", next=sent_back),
            trying("c5", now, AttemptState.CAPTURED, due=None, unwanted="late", stuck="the gateway refuses"),
            trying("c6", now, AttemptState.CAPTURED, due=-10),
            trying("b1", now, AttemptState.CAPTURED, due=-1, unwanted="late", stuck="the gateway refuses"),
            trying("c7", now, AttemptState.DECLINED, due=-10),
            trying("c8", now, AttemptState.AUTHORIZED, due=-60, next=captured),
            trying("c9", now, AttemptState.VOIDED, due=-10),
            trying("d1", now, AttemptState.INTENDED, due=-5, next=sent),
        ):
            begin(storage, c)
        assert [row.checkout for row in lists.payments(due=True)] == ["c5", "b1", "c2", "c4", "c8", "c1", "d1"]
        assert [row.checkout for row in lists.payments(due=True, limit=2)] == ["c5", "b1"]
        assert [row.checkout for row in lists.payments(due=True, checkout="c8")] == ["c8"]
        assert list(lists.payments(due=True, checkout="c6")) == []

    # Stock.
    def test_stock_is_listed_as_units_see_it(self) -> None:
        """Every location a row, by SKU and location; other pools are no stock (I1, F7)."""
        storage, lists = self.new()
        for pool, units in ((Stock("pen", "annex"), 4), (Stock("mug"), 5), (Stock("mug", "annex"), 2)):
            stock(storage, pool, units)
        begin(storage, a_checkout("c1", now_of(storage), Claim(MUG, 2), Claim(CouponUses("save10"), 1, limit=3)))
        begin(storage, a_checkout("c2", now_of(storage), Claim(MUG, 1)))
        write(storage, Commit("c2"))
        rows = lists.inventory()
        assert [(row.sku, row.location) for row in rows] == [("mug", "annex"), ("mug", "main"), ("pen", "annex")]
        for row in rows:
            pool = Stock(row.sku, row.location)
            assert (row.on_hand, row.held, row.committed) == numbers(storage, pool)
            seen = storage.pools([pool])[pool]
            assert (row.available, row.shortfall) == (seen.available, seen.shortfall)
        assert [(row.sku, row.location) for row in lists.inventory(skus=["pen", "mug"], limit=2)] == [("mug", "annex"), ("mug", "main")]
        assert [row.sku for row in lists.inventory(skus=["pen", "lid"])] == ["pen"]
        assert list(lists.inventory(skus=["lid"])) == []

    def test_stock_that_is_promised_and_not_there_is_seen(self) -> None:
        """A shortfall is a number of its own, and what is available is never below none (F5, RB-04)."""
        storage, lists = self.new()
        stock(storage, MUG, 3)
        begin(storage, a_checkout("c1", now_of(storage), Claim(MUG, 3)))
        stock(storage, MUG, -2)
        (row,) = lists.inventory()
        assert (row.on_hand, row.held, row.available, row.shortfall) == (1, 3, 0, 2)

    def test_the_history_of_stock_is_told_from_its_end(self) -> None:
        """Who moved how many, why and when, at every location of the SKU, and of no other (I1)."""
        storage, lists = self.new()
        now = now_of(storage)
        told = [
            Movement(MUG, 5, "delivery ☂", "ann", now - timedelta(minutes=3)),
            Movement(Stock("mug", "annex"), 2, "moved", "ben", now - timedelta(minutes=2)),
            Movement(MUG, -2, "broken", "ann", now - timedelta(minutes=1)),
        ]
        for movement in told:
            write(storage, movement, evolve(movement, pool=Stock("pen"), delta=9))
        assert list(lists.movements("mug")) == told[::-1]
        assert list(lists.movements("mug", limit=1)) == told[-1:]
        assert list(lists.movements("lid")) == []

    def test_holds_are_what_is_held_and_committed_the_first_to_lapse_first(self) -> None:
        """Goods and coupons, never the turn of a cart, which is nobody's to look at; what was let go is not there (I16)."""
        storage, lists = self.new()
        now = now_of(storage)
        stock(storage, MUG, 9)
        stock(storage, Stock("pen", "annex"), 9)
        use = Claim(CouponUses("save10"), 1, limit=9)
        for id, minutes, claims in (
            ("c1", 20, (Claim(MUG, 2), use)),
            ("c2", 10, (Claim(MUG, 1), Claim(Stock("pen", "annex"), 3))),
            ("c3", 5, (Claim(MUG, 1),)),
            ("c4", 1, (Claim(MUG, 1),)),
        ):
            begin(storage, a_checkout(id, now, *claims, minutes=minutes))
        write(storage, Commit("c3"))
        write(storage, Release("c4"))
        by = {id: now + timedelta(minutes=minutes) for id, minutes in (("c1", 20), ("c2", 10))}
        mugs = [
            HoldListed("c2", "N-c2", MUG, 1, HoldState.HELD, by["c2"]),
            HoldListed("c1", "N-c1", MUG, 2, HoldState.HELD, by["c1"]),
            HoldListed("c3", "N-c3", MUG, 1, HoldState.COMMITTED, None),
        ]
        pens = HoldListed("c2", "N-c2", Stock("pen", "annex"), 3, HoldState.HELD, by["c2"])
        coupon = HoldListed("c1", "N-c1", CouponUses("save10"), 1, HoldState.HELD, by["c1"])
        assert list(lists.holds(sku="mug")) == mugs
        assert list(lists.holds(checkout="c1")) == [coupon, mugs[1]]
        assert list(lists.holds(sku="pen")) == list(lists.holds(sku="pen", checkout="c2")) == [pens]
        assert list(lists.holds()) == [mugs[0], pens, coupon, mugs[1], mugs[2]]
        assert list(lists.holds(limit=2)) == [mugs[0], pens]
        assert list(lists.holds(checkout="c4")) == []

    # Gift cards.
    def test_gift_cards_are_listed_by_their_references(self) -> None:
        """What was loaded, what is being spent and what is spent, in each currency; and how it came there (I10)."""
        storage, lists = self.new()
        now = now_of(storage)
        assert list(lists.gift_cards()) == []
        cards = [CardBalance(card, currency) for card, currency in (("a1", "EUR"), ("b2", "EUR"), ("b2", "USD"), ("c3", "EUR"))]
        moves = [Movement(card, 100 * n, "sold", "till", now - timedelta(minutes=9 - n)) for n, card in enumerate(cards, start=1)]
        for move in moves:
            write(storage, move)
        stock(storage, MUG, 9)
        begin(storage, a_checkout("c1", now, Claim(cards[0], 30), Claim(MUG, 1)))
        begin(storage, a_checkout("c2", now, Claim(cards[0], 50)))
        write(storage, Commit("c2"))
        rows = [(row.card, row.currency, row.loaded, row.held, row.spent, row.available) for row in lists.gift_cards()]
        assert rows == [
            ("a1", "EUR", 100, 30, 50, 20),
            ("b2", "EUR", 200, 0, 0, 200),
            ("b2", "USD", 300, 0, 0, 300),
            ("c3", "EUR", 400, 0, 0, 400),
        ]
        assert [row.card for row in lists.gift_cards(limit=2)] == ["a1", "b2"]
        assert [(row.card, row.currency) for row in lists.gift_cards(after=cards[1])] == [("b2", "USD"), ("c3", "EUR")]
        assert [row.currency for row in lists.gift_cards(card="b2")] == ["EUR", "USD"]
        assert list(lists.gift_cards(card="b")) == list(lists.gift_cards(card="%")) == []
        assert [(row.checkout, row.amount) for row in lists.holds(card="a1")] == [("c1", 30), ("c2", 50)]
        assert list(lists.holds(card="a")) == []
        assert [row.pool for row in lists.holds(checkout="c1")] == [cards[0], MUG]
        assert list(lists.movements(cards[2])) == [moves[2]]
        assert list(lists.movements("a1")) == []
        assert [row.sku for row in lists.inventory()] == ["mug"]

    # Coupons.
    def test_coupons_are_counted_by_promotion(self) -> None:
        """Held by people who are paying, used by orders, of how many, and by how many people; forgotten by none (I9)."""
        storage, lists = self.new()
        now = now_of(storage)
        assert list(lists.coupons()) == []

        def uses(promotion: str, who: str, limit: int | None) -> list[Claim]:
            whole = [] if limit is None else [Claim(CouponUses(promotion), 1, limit=limit)]
            return [*whole, Claim(CouponUsesBy(promotion, who), 1, limit=1)]

        begin(storage, a_checkout("c1", now, *uses("b/10%", "ann", 5)))
        begin(storage, a_checkout("c2", now, *uses("b/10%", "ben", 5)))
        begin(storage, a_checkout("c3", now, *uses("b/10%", "cleo", 5)))
        begin(storage, a_checkout("c4", now, Claim(CouponUses("a"), 1, limit=2)))
        begin(storage, a_checkout("c5", now, *uses("c", "ann", None), Claim(CouponUsesBy("c", "ann's e-mail"), 1, limit=1)))
        begin(storage, a_checkout("c6", now, *uses("c", "ben", None)))
        begin(storage, a_checkout("c7", now, *uses("d", "ben", None)))
        for id in ("c1", "c5"):
            write(storage, Commit(id))
        for id in ("c3", "c7"):
            write(storage, Release(id))
        assert list(lists.coupons()) == [
            CouponListed("a", 2, 1, 0, 0),
            CouponListed("b/10%", 5, 1, 1, 2),
            CouponListed("c", None, 1, 1, 3),
            CouponListed("d", None, 0, 0, 0),
        ]

    # The outbox.
    def test_the_outbox_is_read_page_by_page(self) -> None:
        """In the order of the commits, each event with a place that only rises, and how every consumer fares with it (R9)."""
        storage, lists = self.new()
        now = now_of(storage)
        assert list(lists.outbox()) == []
        for written in ((("c1", 1),), (("c2", 1),), (("c1", 2),), (("c2", 2),)):
            tell(storage, now, *written)
        later = Delivery("mail", "c2/1", 2, next_at=now + timedelta(hours=1), error="no answer")
        write(storage, later, Delivery("books", "c2/1", 1, delivered=True))
        rows = list(lists.outbox())
        assert [row.event.id for row in rows] == ["c1/1", "c2/1", "c1/2", "c2/2"]
        positions = [row.position for row in rows]
        assert positions == sorted(set(positions))
        assert positions[0] > 0
        facts = (("number", "N-1"), ("total", 3490), ("currency", "EUR"))
        told = (Delivery("books", "c2/1", 1, delivered=True), later)
        assert rows[1] == EventListed(positions[1], Event("c2", 1, "order.placed", now, facts), told)
        assert rows[0].deliveries == ()
        assert list(lists.outbox(limit=2)) == rows[:2]
        assert list(lists.outbox(after=positions[1], limit=2)) == rows[2:]
        assert list(lists.outbox(after=positions[3])) == []
        assert list(lists.outbox(checkout="c1")) == [rows[0], rows[2]]
        assert list(lists.outbox(checkout="c1", after=positions[0])) == [rows[2]]
        assert list(lists.outbox(checkout="c9")) == []

    def test_what_waits_and_what_was_given_up_is_seen(self) -> None:
        """By consumer or of all, once each; what was delivered and what nobody has tried yet is not there (M3)."""
        storage, lists = self.new()
        now = now_of(storage)
        tell(storage, now, *(("c1", seq) for seq in range(1, 6)))
        soon = now + timedelta(minutes=5)
        write(storage, Delivery("mail", "c1/1", 1, delivered=True), Delivery("books", "c1/1", 12, dead=True, error="poison"))
        write(storage, Delivery("mail", "c1/2", 12, dead=True, error="no such address"), Delivery("books", "c1/2", 12, dead=True))
        write(storage, Delivery("mail", "c1/3", 1, next_at=soon, error="away"), Delivery("books", "c1/3", 1, next_at=soon))
        write(storage, Delivery("books", "c1/4", 1, next_at=soon, error="away"), Delivery("mail", "c1/4", 1, delivered=True))
        assert [row.event.id for row in lists.undelivered()] == ["c1/3", "c1/4"]
        assert [row.event.id for row in lists.undelivered(consumer="mail")] == ["c1/3"]
        assert [row.event.id for row in lists.undelivered(dead=True)] == ["c1/1", "c1/2"]
        assert [row.event.id for row in lists.undelivered(dead=True, consumer="mail")] == ["c1/2"]
        assert [row.event.id for row in lists.undelivered(dead=True, limit=1)] == ["c1/1"]
        assert list(lists.undelivered(consumer="crm")) == []
        (row,) = lists.undelivered(dead=True, consumer="mail")
        assert row.deliveries == (
            Delivery("books", "c1/2", 12, dead=True),
            Delivery("mail", "c1/2", 12, dead=True, error="no such address"),
        )
        write(storage, Delivery("mail", "c1/2", next_at=now))
        assert [row.event.id for row in lists.undelivered()] == ["c1/2", "c1/3", "c1/4"]

    def test_every_list_keeps_to_its_limit(self) -> None:
        """None asked for is none given, and less than none is no way around it (R25)."""
        storage, lists = self.new()
        now = now_of(storage)
        stock(storage, MUG, 9)
        for id in ("c1", "c2"):
            begin(storage, evolve(ordered(id, now), claims=(*a_checkout(id, now).claims, Claim(MUG, 1))))
            tell(storage, now, (id, 1))
            write(storage, Delivery("mail", f"{id}/1", 1, next_at=now))
        stock(storage, Stock("mug", "annex"), 1)
        asks = (
            lists.orders,
            lists.carts,
            lists.payments,
            lists.inventory,
            lists.holds,
            lists.outbox,
            lists.undelivered,
            partial(lists.movements, "mug"),
        )
        for limit, most in ((0, 0), (-1, 0), (1, 1), (2**70, 2)):
            assert [len(ask(limit=limit)) for ask in asks] == [most] * len(asks)

    def new(self) -> tuple[Any, Any]:
        """An empty storage and its lists."""
        self.clock = HandClock()
        return self.make(self.clock)


def ordered(id: str, at: Any, *, customer: str | None = None) -> Checkout:
    """A checkout that was placed at that time, paid by its one attempt."""
    c = a_checkout(id, at)
    paid = Attempt(f"{id}/k", "sandbox", Card("tok"), EUR, state=AttemptState.CAPTURED, reference=f"pay_{id}", received=EUR)
    order = Order(id, c.number, EUR, at, paid.key)
    quote = a_quote(a_cart(c.cart, at), at)
    return evolve(c, customer=customer, quote=quote, attempts=(paid,), order=order, next=Done())


def trying(
    id: str,
    now: Any,
    state: AttemptState = AttemptState.PROCESSING,
    *,
    due: int | None = 3600,
    unwanted: str = "",
    stuck: str = "",
    next: Any = None,
) -> Checkout:
    """A checkout with one attempt in that state, which may be gone on with so many seconds from now."""
    received = EUR if state in (AttemptState.CAPTURED, AttemptState.AUTHORIZED) else None
    attempt = Attempt(f"{id}/k", "sandbox", Card("tok"), EUR, state=state, received=received, unwanted=unwanted, stuck=stuck)
    due_at = None if due is None else now + timedelta(seconds=due)
    wait = Done() if due_at is None else Wait(due_at)
    return evolve(a_checkout(id, now), attempts=(attempt,), next=next or wait, due_at=due_at)
