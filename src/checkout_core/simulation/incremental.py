"""The checks after every commit and every act of the gateway, on what that commit or act has changed. Nothing here reads the flow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NoReturn

from checkout_core.cart import Cart
from checkout_core.checkout import Checkout
from checkout_core.effects import Refund, RemoteEffect
from checkout_core.events import Event
from checkout_core.holds import (
    CardBalance,
    CartTurn,
    CodeUses,
    CouponBudget,
    CouponPool,
    CouponUses,
    CouponUsesIn,
    MovedPool,
    Pool,
    PoolKey,
    Short,
    Stock,
    Unpaid,
)
from checkout_core.ledger import Posting
from checkout_core.orders import ORDER_MOVES, PAYMENT_MOVES, Order, OrderState, payment_state
from checkout_core.payments import ATTEMPT_MOVES, Attempt, AttemptState
from checkout_core.refusals import Refused
from checkout_core.simulation.books import Books, Changes
from checkout_core.simulation.coverage import Coverage
from checkout_core.simulation.full.goods import listed, named
from checkout_core.simulation.full.records import CALLS_AT_MOST, TRIES_AT_MOST
from checkout_core.simulation.lapsing import Lapses
from checkout_core.simulation.merging import Carts
from checkout_core.simulation.provider import Payment, Provider
from checkout_core.simulation.violations import Violation
from checkout_core.unit import Delivery, Request

OVERDUE: Final = timedelta(minutes=2)
"""What was due so long ago, in a run that does not end, is what nobody comes for."""
ALONE_AT_MOST: Final = timedelta(days=1)
"""How long a message may wait for its next try: an outage is waited for in steps of minutes, a failure in steps of an hour at most."""

Numbers = Callable[[list[PoolKey]], Mapping[PoolKey, Pool]]


class Incremental:
    """What contradicts our books, the gateway's, or what went before. `numbers` are the store's own, where they can be seen."""

    def __init__(self, books: Books, provider: Provider, coverage: Coverage, numbers: Numbers | None) -> None:
        self.books = books
        self.provider = provider
        self.coverage = coverage
        self.numbers = numbers
        self.evaluated: Counter[str] = coverage.evaluated
        self.seqs: dict[str, int] = {}
        self.bought: dict[str, str] = {}
        self.placed: set[str] = set()
        self.carts = Carts(books, self.evaluated)
        self.lapses = Lapses(self.evaluated)

    def after_commit(self, changes: Changes) -> None:
        """Look at what a commit has changed. Raises Violation."""
        if changes.pools:
            self._pools(list(changes.pools))
        for posting in changes.postings:
            self._posting(posting)
        for before, request in changes.requests:
            self._request(before, request)
        for old_cart, cart in changes.carts:
            self._cart(old_cart, cart)
        if changes.carts or changes.closed:
            self.carts.after_commit(changes)
        for closed in changes.closed:
            self._bought(closed.cart, closed.checkout)
        for event in changes.events:
            self._event(event)
        for old_delivery, delivery in changes.deliveries:
            self._delivery(old_delivery, delivery)
            if changes.now is not None:
                self._sent(delivery, changes.now)
        for old, c in changes.checkouts:
            self._checkout(old, c)
            if changes.now is not None and len(c.attempts) > (0 if old is None else len(old.attempts)):
                self._begins_to_pay(c, changes.now)
            if changes.now is not None and old is not None:
                self.lapses.after_commit(old, c, changes.now)

    def after_gateway(self, checkout: str) -> None:
        """The gateway has moved a payment of that checkout: I5 and I6 at this very moment, before anybody hears of it."""
        self._money(checkout, self.books.docs.get(checkout))

    def refused(self, short: Short, checkout: str) -> None:
        """A unit found too little of something: is that so? (Q2)"""
        ours = self.books.counts.get(short.pool)
        if ours is None or isinstance(short.pool, CartTurn):
            return
        self.evaluated["Q2"] += 1
        c = self.books.docs.get(checkout)
        if c is not None and isinstance(short.pool, Stock) and short.pool.sku not in {line.sku for line in c.lines}:
            wanted = ", ".join([line.sku for line in c.lines])
            broken("Q2", "a sale was lost for want of a gift", f"the cart: {wanted}", f"missing: {named(short.pool)}", checkout)
        mine = self.books.held.get(checkout, {}).get(short.pool, 0)
        there = self.books.limits.get(short.pool, ours.there) - ours.promised + mine
        if there >= short.wanted:
            broken(
                "Q2",
                f"a shopper was refused {named(short.pool)}, of which there was enough",
                f"wanted: {short.wanted}",
                f"there: {there}",
                checkout,
            )

    def turned_down(self, reasons: Iterable[Refused], checkout: str, sold: Container[str]) -> None:
        """A unit has turned a checkout down: not for a use that it holds itself, nor for goods that are sold (Q2, RB-16, E8)."""
        c, held = self.books.docs.get(checkout), self.books.held.get(checkout, {})
        for one in reasons:
            if one.reason == "unknown-sku" and one.subject in sold:
                told = f"told: no, {one.reason} {one.subject}"
                broken("Q2", "a shopper was refused what the catalogue has", told, f"the catalogue: {one.subject}", checkout)
            if one.reason not in ("coupon-used-up", "coupon-used-by-you", "budget-spent") or c is None or c.quote is None:
                continue
            self.evaluated["Q2"] += 1
            codes = {used.id for used in c.quote.promotions if one.subject in (used.code, used.name)}
            mine = [pool for pool in held if isinstance(pool, CouponPool) and pool.promotion in codes]
            if mine:
                broken(
                    "Q2",
                    "a shopper was refused a code whose use is held for them",
                    f"told: no, {one.reason} {one.subject}",
                    f"held: {listed({pool: held[pool] for pool in mine})}",
                    checkout,
                )

    def sent_away(self, who: str, checkout: str, said: Exception) -> None:
        """In a run in which nothing has failed, somebody was told that something is away (Q2)."""
        broken("Q2", "somebody was sent away, and nothing is away", f"{who} was told: {said}", "the run: no fault has struck", checkout)

    def endless(self, now: datetime, steps: int) -> NoReturn:
        """The run does not come to rest: something is left waiting, or the shop is busy with itself (L1, L3, L5)."""
        for id, due in sorted(self.books.due.items()):
            if due < now - OVERDUE:
                broken("L1", "a checkout waits, and nobody comes", f"it is due {due:%H:%M:%S}", f"now it is {now:%H:%M:%S}", id)
        for (consumer, id), again in sorted(self.books.letters().items()):
            since = again or self.books.events[id].at
            if since < now - OVERDUE:
                checkout = id.rpartition("/")[0]
                broken("L3", "a message waits, and nobody sends it", f"{id}: it waits since {since}", f"{consumer}: it is {now}", checkout)
        work = f"{len(self.books.docs)} checkouts and {len(self.books.events)} messages"
        broken("L5", "the shop never comes to rest", f"the work: {work}", f"the steps taken: more than {steps}")

    # Pools.
    def _pools(self, touched: list[PoolKey]) -> None:
        for key in touched:
            self._pool(key)
        if self.numbers is not None:
            self._same(self.numbers(touched))

    def compare(self, numbers: Numbers) -> None:
        """All pools there are, with the numbers of a store that is too slow to be asked after every commit. Raises Violation."""
        self._same(numbers(list(self.books.counts)))

    def _same(self, numbers: Mapping[PoolKey, Pool]) -> None:
        self.evaluated["I1"] += 1
        for key, pool in numbers.items():
            ours = self.books.counts[key]
            moved = isinstance(key, MovedPool) and (pool.on_hand, pool.backorder) != (ours.on_hand, ours.backorder)
            if moved or (pool.held, pool.committed) != (ours.held, ours.committed):
                broken(
                    "I1",
                    f"the store's numbers of {named(key)} are not the sums of its holds and movements",
                    f"the store: on hand {pool.on_hand}, held {pool.held}, committed {pool.committed}",
                    f"what was written: on hand {ours.on_hand}, held {ours.held}, committed {ours.committed}",
                )

    def _pool(self, key: PoolKey) -> None:
        ours = self.books.counts[key]
        self.evaluated["I2"] += 1
        if ours.held < 0 or ours.committed < 0:
            broken("I1", f"{named(key)} counts fewer than none", f"held: {ours.held}", f"committed: {ours.committed}")
        if isinstance(key, MovedPool):
            self.evaluated["I10"] += isinstance(key, CardBalance)
            if ours.promised > ours.there:
                broken(
                    "I10" if isinstance(key, CardBalance) else "I2",
                    f"more of {named(key)} is promised than there is",
                    f"the movements add up to {ours.on_hand}" + (f", and {ours.backorder} beyond" if ours.backorder else ""),
                    f"the holds add up to {ours.promised}",
                )
        elif isinstance(key, CouponPool | Unpaid):
            promise = "I25" if isinstance(key, Unpaid) else "I9"
            self.evaluated[promise] += 1
            limit = self.books.limits.get(key, ours.promised)
            if ours.promised > limit:
                broken(promise, f"{named(key)} is used more often than it may be", f"its limit is {limit}", f"its uses are {ours.promised}")

    # Checkouts.
    def _checkout(self, old: Checkout | None, c: Checkout) -> None:
        self.evaluated["I13"] += 1
        was = 0 if old is None else old.version
        if c.version != was + 1:
            broken(
                "I13",
                "a version was skipped or written twice: two wrote at once",
                f"committed before: {was}",
                f"committed now: {c.version}",
                c.id,
            )
        for attempt in c.attempts:
            before = None if old is None else old.attempt(attempt.key)
            if before is not attempt:
                self._attempt(before, attempt, c)
        if isinstance(c.next, Refund) and (old is None or old.next != c.next):
            self._sends_back(c.next, c)
        self._order(old, c)
        self._backing(c)
        self.evaluated["I16"] += 1
        held = self.books.held.get(c.id)
        if held and c.due_at is None:
            broken("I16", "goods are held, and nobody is due to let them go", f"held: {listed(held)}", "due: never", c.id)
        self._money(c.id, c)
        self.coverage.moved(old, c)

    def _attempt(self, before: Attempt | None, after: Attempt, c: Checkout) -> None:
        was = None if before is None else before.state
        if was is not after.state:
            if was is not None and after.state not in ATTEMPT_MOVES[was] and after.amount.minor:
                broken("I13", "a payment made a move that its table does not have", f"it was {was}", f"it is {after.state}", c.id)
            self.coverage.transition("attempt", was, after.state)
        self.evaluated["I8"] += 1
        if c.quote is None or (after.amount != c.quote.total and after.open and not after.unwanted):
            broken(
                "I8",
                "an attempt is not for what was quoted",
                f"the quote: {c.quote and c.quote.total}",
                f"the attempt: {after.amount}",
                c.id,
            )
        self.evaluated["I25"] += 1
        if after.calls > CALLS_AT_MOST:
            broken("I25", "a gateway is asked without end", f"calls for {after.key}: {after.calls}", f"the bound: {CALLS_AT_MOST}", c.id)

    def _begins_to_pay(self, c: Checkout, now: datetime) -> None:
        """When an intent is stored its quote has not run out (R7), and its payer has as long as is promised, by the store's clock (R15)."""
        self.evaluated["I8"] += 1
        if c.quote_until is None or c.quote_until <= now:
            until = "never promised" if c.quote_until is None else f"promised until {c.quote_until:%H:%M:%S}"
            broken(
                "I8",
                "a price is charged that is not promised any more",
                f"the quote: {until}",
                f"the payment: begun at {now:%H:%M:%S}",
                c.id,
            )

        held, most = timedelta(seconds=c.deadlines.hold_for), timedelta(seconds=c.deadlines.hold_at_most)
        begun = f"the payment: begun at {now:%H:%M:%S}"
        if c.deadline < now + held:
            broken("Q1", "who begins to pay has less time than is promised", f"until {c.deadline:%H:%M:%S}, not for {held}", begun, c.id)
        if c.latest > now + most:
            broken("I16", "goods are held for longer than they may be", f"until {c.latest:%H:%M:%S}, at most for {most}", begun, c.id)

    def _sends_back(self, refund: Refund, c: Checkout) -> None:
        """A refund that is decided is of what is still there: one whose key has acted already is only asked again."""
        self.evaluated["I7"] += 1
        p = self.provider.find(refund.authorization)
        if p is not None and not self.provider.acted(refund.key) and p.refunded + refund.amount.minor > p.captured:
            broken(
                "I7",
                "more is to be sent back than was taken",
                f"the gateway's books: {p.captured} taken, {p.refunded} sent back",
                f"the refund {refund.key}: {refund.amount.minor}",
                c.id,
            )

    def _order(self, old: Checkout | None, c: Checkout) -> None:
        order, before = c.order, None if old is None else old.order
        if order is None:
            if before is not None:
                broken("I13", "an order vanished", f"order {before.number} was {before.state}", "now there is none", c.id)
            return
        if c.quote is None or order.total != c.quote.total:
            broken(
                "I8", "the order's total is not the quote's", f"the order: {order.total}", f"the quote: {c.quote and c.quote.total}", c.id
            )
        paying = c.attempt(order.paid_by)
        if order.state is OrderState.PLACED and paying is not None and paying.unwanted not in ("", "amount-differs"):
            broken(
                "Q1",
                "the money of an order that stands is to go back",
                f"the order: {order.state}",
                f"its payment: {paying.unwanted}",
                c.id,
            )
        if before is None or old is None:
            self.coverage.transition("order", None, order.state)
            self._secured(c, order)
            return
        if before.state is not order.state:
            if order.state not in ORDER_MOVES[before.state]:
                broken("I13", "an order made a move that its table does not have", f"it was {before.state}", f"it is {order.state}", c.id)
            self.coverage.transition("order", before.state, order.state)
        paid, now = payment_state(before, old.attempts), payment_state(order, c.attempts)
        if paid is not now and now not in PAYMENT_MOVES[paid]:
            broken("I13", "an order's money made a move that its table does not have", f"it was {paid}", f"it is {now}", c.id)

    def _secured(self, c: Checkout, order: Order) -> None:
        """Money first, by the gateway's own books (I4)."""
        self.evaluated["I4"] += 1
        if not order.total.minor:
            if c.attempt(order.paid_by) is None:
                broken("I4", "an order of nothing has no tender", "its total is 0", f"paid by: {order.paid_by or 'nothing'}", c.id)
            return
        there = [p for p in self.provider.payments_of(c.id) if p.charged and p.amount.currency == order.total.currency]
        secured = sum(p.amount.minor for p in there)
        if secured < order.total.minor:
            broken(
                "I4",
                "an order was placed before its money was there",
                f"the order: {order.total} to pay",
                f"the gateway's books: {secured} minor units of this checkout",
                c.id,
            )

    def _backing(self, c: Checkout) -> None:
        self.evaluated["I3"] += 1
        mine = self.books.committed.get(c.id, {})
        if c.order is None or c.order.state is OrderState.CANCELLED:
            kept = {used.id for used in c.quote.promotions if used.kept} if c.order is not None and c.quote is not None else set()
            mine = {pool: n for pool, n in mine.items() if not (isinstance(pool, CouponPool) and pool.promotion in kept)}
            if mine and not c.in_flight:  # what is over waits for its call to land before it lets go
                broken("I3", "goods are committed to what is no live order", f"committed: {listed(mine)}", "no live order", c.id)
            return
        assert c.quote is not None
        sold, got = dict[str, int](), dict[str, int]()
        for line in c.quote.lines:
            if line.tracked:
                sold[line.sku] = sold.get(line.sku, 0) + line.quantity
        for pool, n in mine.items():
            if isinstance(pool, Stock):
                got[pool.sku] = got.get(pool.sku, 0) + n
        if sold != got:
            broken("I3", "a live order does not have its goods", f"sold: {sold}", f"committed: {got}", c.id)
        paid = {card.id: card.used for card in c.quote.cards if card.used}
        taken = {pool.card: n for pool, n in mine.items() if isinstance(pool, CardBalance)}
        if paid != taken:
            broken("I10", "a live order has not from its gift cards what they pay", f"they pay {paid}", f"taken from them: {taken}", c.id)
        carried = sorted(used.id for used in c.quote.promotions if used.limit is not None)
        counted = sorted(pool.promotion for pool in mine if isinstance(pool, CouponUses))
        if carried != counted:
            broken("I9", "a live order's coupons are not counted", f"it carries {carried}", f"it has committed {counted}", c.id)
        spends = {used.id: sum(used.shares) for used in c.quote.promotions if used.budget is not None}
        spent = {pool.promotion: n for pool, n in mine.items() if isinstance(pool, CouponBudget)}
        if spends != spent:
            broken(
                "I9", "a live order's discounts are not taken from their budgets", f"it takes off {spends}", f"it has spent {spent}", c.id
            )
        by_code = sorted(used.id for used in c.quote.promotions if used.per_code is not None)
        if by_code != (coded := sorted(pool.promotion for pool in mine if isinstance(pool, CodeUses))):
            broken("I9", "a live order's codes are not counted", f"it carries {by_code}", f"it has committed {coded}", c.id)
        timed = {used.id for used in c.quote.promotions if used.window is not None and not (used.window.a_person and not c.identities)}
        if timed != (found := {pool.promotion for pool in mine if isinstance(pool, CouponUsesIn)}):
            broken(
                "I9", "a live order's uses in a window are not counted", f"it carries {sorted(timed)}", f"committed: {sorted(found)}", c.id
            )

    def _money(self, id: str, c: Checkout | None) -> None:
        self.evaluated["I5"] += 1
        payments = self.provider.payments_of(id)
        if self.provider.charges(id) > 1 and len(charged := [p.key for p in payments if p.charged and not p.corrected]) > 1:
            first, second, *_ = charged
            broken("I5", "one checkout is charged twice at once", f"the gateway's books: {first} holds money", f"and so does {second}", id)
        for p in payments:
            self._payment(p, c, id)

    def _payment(self, p: Payment, c: Checkout | None, id: str) -> None:
        self.evaluated["I6"] += 1
        attempt = None if c is None else c.attempt(p.key.rsplit("/", 1)[0])
        if c is None or attempt is None:
            if p.charged:
                broken(
                    "I6", "the gateway has money of which we know nothing", f"its books: {p.key} is {p.state}", "ours: no such attempt", id
                )
            return
        if c.order is not None and c.order.state is not OrderState.CANCELLED and c.order.paid_by == attempt.key:
            if p.amount != attempt.amount:
                broken(
                    "I8",
                    "an order stands on another amount than was agreed",
                    f"the gateway's books: {p.amount}",
                    f"the attempt: {attempt.amount}",
                    id,
                )
        elif p.state == "captured" and not (p.corrected and attempt.state is AttemptState.DECLINED):  # nobody was told of it yet
            due = c.due_at is not None and (attempt.open or isinstance(c.next, RemoteEffect))
            if not due and not attempt.stuck:
                broken(
                    "I6",
                    "money was taken for nothing, and nobody will send it back",
                    f"the gateway's books: {p.key} is captured",
                    f"our books: the attempt is {attempt.state}, the checkout is due {c.due_at or 'never'}",
                    id,
                )
        if p.refunded > p.captured:
            broken("I7", "more was sent back than was taken", f"taken: {p.captured}", f"sent back: {p.refunded}", id)

    # Everything else.
    def _posting(self, posting: Posting) -> None:
        self.evaluated["I11"] += 1
        total = sum(entry.amount for entry in posting.entries)
        if total:
            broken("I11", "a posting does not add up to zero", f"{posting.id}: {posting.reason}", f"its sum: {total}", posting.checkout)

    def _request(self, before: Request | None, request: Request) -> None:
        self.evaluated["I17"] += 1
        if before is not None:
            broken(
                "I17",
                "a request was recorded twice, so it had its effect twice",
                f"first: {before.operation} under {before.key} in {before.scope}",
                f"again: {request.operation} under {request.key}",
            )
        if request.operation == "pay" and self.books.payers.get(request.attempt, 0) > 1:
            self.coverage.marks["joined"] += 1

    def _cart(self, old: Cart | None, cart: Cart) -> None:
        self.evaluated["I13"] += 1
        was = 0 if old is None else old.version
        if cart.version != was + 1:
            broken("I13", "a cart's version was skipped or written twice", f"committed before: {was}", f"committed now: {cart.version}")

    def _bought(self, cart: str, checkout: str) -> None:
        self.evaluated["I18"] += 1
        other = self.bought.setdefault(cart, checkout)
        if other != checkout:
            broken("I18", f"the cart {cart} was bought twice", f"by {other}", f"and by {checkout}", checkout)

    def _event(self, event: Event) -> None:
        self.evaluated["I14"] += 1
        last = self.seqs.get(event.checkout, 0)
        if event.seq != last + 1:
            broken(
                "I14",
                "the outbox has a gap or a repetition",
                f"committed before: event {last}",
                f"committed now: event {event.seq}",
                event.checkout,
            )
        self.seqs[event.checkout] = event.seq
        self.evaluated["I15"] += 1
        c, facts = self.books.docs.get(event.checkout), dict(event.facts)
        if event.kind == "order.placed":
            if c is None or c.order is None or c.order.number != facts["number"]:
                broken("I15", "an order was announced that is not there", f"the event: {facts}", "the store: no such order", event.checkout)
            if event.checkout in self.placed:
                broken("I14", "an order was announced twice", f"the event: {event.id}", "and one before it", event.checkout)
            self.placed.add(event.checkout)
        elif event.kind == "payment.received":
            attempt = None if c is None else c.attempt(str(facts["attempt"]))
            p = self.provider.payments.get(f"{facts['attempt']}/authorize")
            if attempt is not None and attempt.amount.minor and (p is None or p.captured_at is None):
                known = "nothing" if p is None else p.state
                broken(
                    "I15",
                    "money was announced that the gateway did not take",
                    f"the event: {facts}",
                    f"the gateway: {known}",
                    event.checkout,
                )

    def _delivery(self, old: Delivery | None, delivery: Delivery) -> None:
        self.evaluated["I14"] += 1
        if delivery.event not in self.books.events:
            broken("I15", "a message tells of no event", f"the delivery: {delivery.event}", "the outbox: no such event")
        if delivery.tries > TRIES_AT_MOST:
            broken("I25", "a message is tried without end", f"tries: {delivery.tries}", f"the bound: {TRIES_AT_MOST}")
        if old is not None and delivery.tries < old.tries and not (old.delivered or old.dead):
            broken("I25", "the tries of a message are forgotten", f"tried before: {old.tries} times", f"now: {delivery.tries}")
        if old is not None and old.delivered and not delivery.delivered:
            broken("I14", "a delivered message is to be delivered again", f"it was delivered at try {old.tries}", f"now: {delivery}")
        self.coverage.marks["dead letter"] += delivery.dead

    def _sent(self, delivery: Delivery, now: datetime) -> None:
        """Messages of one checkout go out in their order (M2), and none is left alone for long."""
        event = delivery.event
        checkout, _, seq = event.rpartition("/")
        ids = [f"{checkout}/{n}" for n in range(1, int(seq))] if delivery.delivered else []
        earlier = [id for id in ids if (delivery.consumer, id) in self.books.pending]
        if earlier:
            broken("I14", "a message overtook another of its checkout", f"delivered: {event}", f"still waiting: {earlier[0]}", checkout)
        again = delivery.next_at
        if again is not None and again > now + ALONE_AT_MOST:
            broken("L3", "a message is left alone for days", f"now it is {now}", f"{event} waits until {again}", checkout)


def broken(id: str, says: str, first: str, second: str, checkout: str = "") -> NoReturn:
    """Raise the violation of that invariant, with the two facts that contradict each other."""
    raise Violation(id, says, (first, second), checkout)


def state_of(c: Checkout | None) -> str:
    """The state of a checkout in a word or two, for the cells of coverage."""
    if c is None:
        return "none"
    if c.order is not None:
        return f"order {c.order.state.value}"
    if c.abandoned:
        return "abandoned, money open" if any(a.open for a in c.attempts) else "abandoned"
    attempt = c.attempts[-1] if c.attempts else None
    if attempt is None:
        return "begun"
    doubt = attempt.doubt and attempt.state is not AttemptState.UNKNOWN
    return f"{attempt.state.value}, in doubt" if doubt else attempt.state.value
