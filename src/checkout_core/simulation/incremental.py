"""The checks after every commit and every act of the gateway, from the write set alone.

It keeps books of its own: what each checkout holds, what each pool counts, what each order was. They are made of what was *written*, so a
store that forgets, a flow that skips and a gateway that charges twice each contradict them. Nothing here reads the flow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from checkout_core.cart import Cart
from checkout_core.checkout import Checkout
from checkout_core.effects import RemoteEffect
from checkout_core.events import Event
from checkout_core.holds import CartTurn, CouponUses, CouponUsesBy, Movement, Pool, PoolKey, Short, Stock
from checkout_core.ledger import Posting
from checkout_core.orders import ORDER_MOVES, PAYMENT_MOVES, OrderState, payment_state
from checkout_core.payments import ATTEMPT_MOVES, Attempt, AttemptState
from checkout_core.simulation.coverage import Coverage
from checkout_core.simulation.provider import Provider
from checkout_core.simulation.violations import Violation
from checkout_core.simulation.watching import Watched
from checkout_core.unit import CloseCart, Commit, Delivery, Release, Request

CALLS_BOUND: Final = 500
"""Calls to the gateway for one attempt (R25): one an hour for days, and those of the storm."""


_POLL: Final = timedelta(seconds=2)


class Counts:
    """What a pool counts, by our own books."""

    __slots__ = ("committed", "held", "on_hand")

    def __init__(self) -> None:
        self.on_hand = self.held = self.committed = 0


class Pools(Protocol):
    """Where the store's own numbers can be seen."""

    def pools(self, keys: list[PoolKey]) -> Mapping[PoolKey, Pool]: ...


class Incremental:
    """Our own books of a run, and what contradicts them."""

    def __init__(self, provider: Provider, coverage: Coverage, numbers: Callable[[list[PoolKey]], Mapping[PoolKey, Pool]] | None) -> None:
        self.provider = provider
        self.coverage = coverage
        self.numbers = numbers
        self.evaluated: Counter[str] = coverage.evaluated
        self.docs: dict[str, Checkout] = {}
        self.due: dict[str, Checkout] = {}
        self.held: dict[str, dict[PoolKey, int]] = {}
        self.committed: dict[str, dict[PoolKey, int]] = {}
        self.counts: dict[PoolKey, Counts] = {}
        self.limits: dict[PoolKey, int] = {}
        self.seqs: dict[str, int] = {}
        self.events: dict[str, Event] = {}
        self.pending: dict[str, datetime | None] = {}
        self.deliveries: dict[tuple[str, str], Delivery] = {}
        self.requests: set[tuple[str, str, str]] = set()
        self.attempts_of: dict[tuple[str, str], str] = {}
        self.bought: dict[str, str] = {}
        self.carts: dict[str, Cart] = {}
        self.forced: set[PoolKey] = set()
        self.mailed = True
        self._paid_for: set[str] = set()

    # What was written.
    def after_commit(self, unit: Watched) -> None:
        """Take the write set into our books, and check what it touched. Raises Violation."""
        touched: dict[PoolKey, None] = {}
        for checkout, claims in unit.taken:
            had = self.held.get(checkout, {})
            now = {claim.pool: claim.amount for claim in claims}
            for claim in claims:
                if claim.limit is not None:
                    self.limits[claim.pool] = claim.limit
            for pool, amount in now.items():
                more = amount - had.get(pool, 0)
                if more:
                    self._counts(pool).held += more
                    touched[pool] = None
            for pool, amount in had.items():
                if pool not in now:
                    self._counts(pool).held -= amount
                    touched[pool] = None
            self.held[checkout] = now
        changed: list[tuple[Checkout | None, Checkout]] = []
        events: list[Event] = []
        for record in unit.written:
            match record:
                case Checkout():
                    changed.append((self.docs.get(record.id), record))
                    self.docs[record.id] = record
                case Event():
                    events.append(record)
                    self.events[record.id] = record
                    self.pending[record.id] = None
                case Release(checkout):
                    self._release(checkout, touched)
                case Commit(checkout):
                    self._commit(checkout, touched)
                case Request(scope=scope, operation=operation, key=key, attempt=attempt):
                    asked = (scope, operation, key)
                    self._ensure(asked not in self.requests, "I17", lambda: (
                        "a request was recorded twice, so it had its effect twice",
                        f"the first record of {operation} under {key} in {scope}", "a second one, committed later"))  # fmt: skip
                    self.requests.add(asked)
                    if operation == "pay":
                        self.attempts_of[scope, key] = attempt
                        if attempt in self._paid_for:
                            self.coverage.marks["joined"] += 1
                        self._paid_for.add(attempt)
                case Movement(pool=key, delta=delta):
                    self._counts(key).on_hand += delta
                    touched[key] = None
                case Cart():
                    self._cart(self.carts.get(record.id), record)
                    self.carts[record.id] = record
                case Delivery():
                    self._delivery(record)
                case Posting():
                    total = sum(entry.amount for entry in record.entries)
                    self._ensure(total == 0, "I11", lambda: ("a posting does not add up to zero", str(record), f"its sum is {total}"))
                case CloseCart(cart, checkout):
                    self._bought(cart, checkout)
                case _:
                    pass
        if touched:
            self._pools(list(touched))
        for event in events:
            self._event(event)
        for old, c in changed:
            self._checkout(old, c)
            if c.due_at is None:
                self.due.pop(c.id, None)
            else:
                self.due[c.id] = c

    def after_gateway(self, checkout: str) -> None:
        """The gateway has moved a payment of that checkout: I5 and I6 at this very moment."""
        c = self.docs.get(checkout)
        self._money(checkout, c)

    def refused(self, short: Short, checkout: str) -> None:
        """A unit found too little of something: is that so? (Q2)"""
        ours = self.counts.get(short.pool)
        if ours is None or isinstance(short.pool, CartTurn):
            return
        there = self.limits.get(short.pool, ours.on_hand) - ours.held - ours.committed + self.held.get(checkout, {}).get(short.pool, 0)
        self._ensure(there < short.wanted, "Q2", lambda: (
            f"a shopper was refused {_named(short.pool)}, of which there was enough", f"wanted: {short.wanted}", f"there: {there}"), checkout)  # fmt: skip

    def next_work(self, now: datetime) -> datetime | None:
        """When a worker has something to do next; None if never."""
        times = [c.due_at for c in self.due.values() if c.due_at is not None]
        if self.pending and self.mailed:
            times += [now + _POLL if at is None else at for at in self.pending.values()]
        return min(times, default=None)

    # Pools.
    def _counts(self, pool: PoolKey) -> Counts:
        counts = self.counts.get(pool)
        if counts is None:
            counts = self.counts[pool] = Counts()
        return counts

    def _release(self, checkout: str, touched: dict[PoolKey, None]) -> None:
        for pool, amount in self.held.pop(checkout, {}).items():
            self._counts(pool).held -= amount
            touched[pool] = None
        for pool, amount in self.committed.pop(checkout, {}).items():
            self._counts(pool).committed -= amount
            touched[pool] = None

    def _commit(self, checkout: str, touched: dict[PoolKey, None]) -> None:
        mine = self.committed.setdefault(checkout, {})
        for pool, amount in self.held.pop(checkout, {}).items():
            counts = self._counts(pool)
            counts.held -= amount
            counts.committed += amount
            mine[pool] = mine.get(pool, 0) + amount
            touched[pool] = None

    def _pools(self, touched: list[PoolKey]) -> None:
        for key in touched:
            ours = self.counts[key]
            promised = ours.held + ours.committed
            self._ensure(ours.held >= 0 and ours.committed >= 0, "I1", lambda: (
                f"{_named(key)} counts fewer than none", f"held {ours.held}", f"committed {ours.committed}"))  # fmt: skip
            if isinstance(key, Stock):
                enough = promised <= ours.on_hand or key in self.forced
                self._ensure(enough, "I2", lambda: (
                    f"more of {_named(key)} is promised than there is", f"the movements add up to {ours.on_hand}",
                    f"the holds add up to {promised}"))  # fmt: skip
            elif isinstance(key, CouponUses | CouponUsesBy):
                limit = self.limits.get(key, promised)
                self._ensure(promised <= limit, "I9", lambda: (
                    f"{_named(key)} is used more often than it may be", f"its limit is {limit}", f"its uses are {promised}"))  # fmt: skip
        if self.numbers is None:
            return
        for key, pool in self.numbers(touched).items():
            ours = self.counts[key]
            same = (pool.held, pool.committed) == (ours.held, ours.committed) and (
                not isinstance(key, Stock) or pool.on_hand == ours.on_hand
            )
            self._ensure(same, "I1", lambda: (
                f"the store's numbers of {_named(key)} are not the sums of its holds and movements",
                f"the store: on hand {pool.on_hand}, held {pool.held}, committed {pool.committed}",
                f"what was written: on hand {ours.on_hand}, held {ours.held}, committed {ours.committed}"))  # fmt: skip

    # Checkouts.
    def _checkout(self, old: Checkout | None, c: Checkout) -> None:
        was = 0 if old is None else old.version
        self._ensure(c.version == was + 1, "I13", lambda: (
            "a version was skipped or written twice: two wrote at once", f"the last committed one is {was}", f"now {c.version}"), c.id)  # fmt: skip
        for attempt in c.attempts:
            self._attempt(None if old is None else old.attempt(attempt.key), attempt, c)
        self._order(old, c)
        self._backing(c)
        if self.held.get(c.id):
            self._ensure(c.due_at is not None, "I16", lambda: (
                "goods are held, and nobody is due to let them go", f"held: {_list(self.held[c.id])}", "due: never"), c.id)  # fmt: skip
        self._money(c.id, c)
        self.coverage.moved(old, c)

    def _attempt(self, before: Attempt | None, after: Attempt, c: Checkout) -> None:
        if before is after:
            return
        was = None if before is None else before.state
        legal = was is None or was is after.state or after.state in ATTEMPT_MOVES[was]
        self._ensure(legal or not after.amount.minor, "I13", lambda: (
            "a payment made a move that its table does not have", f"it was {was}", f"it is {after.state}"), c.id)  # fmt: skip
        if was is not after.state:
            self.coverage.transition("attempt", was, after.state)
        quoted = c.quote is not None and (after.amount == c.quote.total or not after.open)
        self._ensure(quoted, "I8", lambda: (
            "an attempt is not for what was quoted", f"the quote: {c.quote and c.quote.total}", f"the attempt: {after.amount}"), c.id)  # fmt: skip
        self._ensure(after.calls <= CALLS_BOUND, "I25", lambda: (
            "a gateway is asked without end", f"calls for {after.key}: {after.calls}", f"the bound: {CALLS_BOUND}"), c.id)  # fmt: skip

    def _order(self, old: Checkout | None, c: Checkout) -> None:
        order, before = c.order, None if old is None else old.order
        if order is None:
            self._ensure(before is None, "I13", lambda: ("an order vanished", f"it was {before}", "it is none"), c.id)
            return
        self._ensure(c.quote is not None and order.total == c.quote.total, "I8", lambda: (
            "the order's total is not the quote's", f"the order: {order.total}", f"the quote: {c.quote and c.quote.total}"), c.id)  # fmt: skip
        if before is None:
            self.coverage.transition("order", None, order.state)
            self._secured(c)
            return
        if before is not order:
            legal = before.state is order.state or order.state in ORDER_MOVES[before.state]
            self._ensure(legal, "I13", lambda: ("an order made a move that its table does not have", before.state, order.state), c.id)
            if before.state is not order.state:
                self.coverage.transition("order", before.state, order.state)
        assert old is not None
        paid, now = payment_state(before, old.attempts), payment_state(order, c.attempts)
        self._ensure(paid is now or now in PAYMENT_MOVES[paid], "I13", lambda: (
            "an order's money made a move that its table does not have", f"it was {paid}", f"it is {now}"), c.id)  # fmt: skip

    def _secured(self, c: Checkout) -> None:
        """Money first, by the gateway's own books (I4)."""
        assert c.order is not None
        if not c.order.total.minor:
            paying = c.attempt(c.order.paid_by)
            self._ensure(paying is not None, "I4", lambda: ("an order of nothing has no tender", "its total is 0", "no attempt"), c.id)
            return
        there = [p for p in self.provider.payments_of(c.id) if p.charged]
        sums = sum(p.amount.minor for p in there if p.amount.currency == c.order.total.currency)
        self._ensure(sums >= c.order.total.minor, "I4", lambda: (
            "an order was placed before its money was there", f"the order: {c.order and c.order.total} to pay",
            f"the gateway's books: {sums} minor units of this checkout"), c.id)  # fmt: skip

    def _backing(self, c: Checkout) -> None:
        live = c.order is not None and c.order.state is not OrderState.CANCELLED
        mine = self.committed.get(c.id, {})
        if not live:
            self._ensure(not mine, "I3", lambda: ("goods are committed to what is no live order", _list(mine), "no live order"), c.id)
            return
        assert c.quote is not None
        sold, got = Counter[str](), Counter[str]()
        for line in c.quote.lines:
            if line.tracked:
                sold[line.sku] += line.quantity
        for pool, n in mine.items():
            if isinstance(pool, Stock):
                got[pool.sku] += n
        self._ensure(sold == got, "I3", lambda: (
            "a live order does not have its goods", f"sold: {dict(sold)}", f"committed: {dict(got)}"), c.id)  # fmt: skip
        uses = [pool for pool in mine if isinstance(pool, CouponUses)]
        limited = [used.id for used in c.quote.promotions if used.limit is not None]
        self._ensure(sorted(pool.promotion for pool in uses) == sorted(limited), "I9", lambda: (
            "a live order's coupons are not counted", f"it carries {limited}", f"it has committed {uses}"), c.id)  # fmt: skip

    def _money(self, id: str, c: Checkout | None) -> None:
        provider = self.provider
        self.evaluated["I5"] += 1
        if provider.charges(id) > 1:
            charged = [p.key for p in provider.payments_of(id) if p.charged]
            raise Violation("I5", "one checkout is charged twice at once", (
                f"the gateway's books: {charged[0]} holds money", f"and {charged[1]} does too"), id)  # fmt: skip
        for p in provider.payments_of(id):
            attempt = None if c is None else c.attempt(p.key.rsplit("/", 1)[0])
            if attempt is None:
                self._ensure(not p.charged, "I6", lambda: (
                    "the gateway has money of which we know nothing", f"the gateway's books: {p.key} is {p.state}", "our books: no such attempt"), id)  # fmt: skip
                continue
            assert c is not None
            paying = c.order is not None and c.order.state is not OrderState.CANCELLED and c.order.paid_by == attempt.key
            if paying:
                self._ensure(p.amount == attempt.amount, "I8", lambda: (
                    "an order stands on another amount than was agreed", f"the gateway's books: {p.amount}", f"the attempt: {attempt.amount}"), id)  # fmt: skip
            elif p.state == "captured":
                watched = bool(attempt.stuck) or (c.due_at is not None and (attempt.open or isinstance(c.next, RemoteEffect)))
                self._ensure(watched, "I6", lambda: (
                    "money was taken for nothing, and nobody will send it back", f"the gateway's books: {p.key} is captured",
                    f"our books: the attempt is {attempt.state}, the checkout due {c.due_at}"), id)  # fmt: skip
            self._ensure(p.refunded <= p.captured, "I7", lambda: (
                "more was sent back than was taken", f"taken: {p.captured}", f"sent back: {p.refunded}"), id)  # fmt: skip

    def _bought(self, cart: str, checkout: str) -> None:
        other = self.bought.setdefault(cart, checkout)
        self._ensure(other == checkout, "I18", lambda: (
            f"the cart {cart} was bought twice", f"by {other}", f"and by {checkout}"), checkout)  # fmt: skip

    def _cart(self, old: Cart | None, cart: Cart) -> None:
        was = 0 if old is None else old.version
        self._ensure(cart.version > was, "I13", lambda: ("a cart's version went back", f"it was {was}", f"it is {cart.version}"))

    # Events.
    def _event(self, event: Event) -> None:
        last = self.seqs.get(event.checkout, 0)
        self._ensure(event.seq == last + 1, "I14", lambda: (
            "the outbox has a gap or a repetition", f"the last event of this checkout is {last}", f"the next is {event.seq}"), event.checkout)  # fmt: skip
        self.seqs[event.checkout] = event.seq
        c = self.docs.get(event.checkout)
        facts = dict(event.facts)
        match event.kind:
            case "order.placed":
                true = c is not None and c.order is not None and c.order.number == facts["number"]
                self._ensure(true, "I15", lambda: ("an order was announced that is not there", str(facts), "no such order"), event.checkout)
            case "payment.received":
                p = self.provider.payments.get(f"{facts['attempt']}/authorize")
                attempt = None if c is None else c.attempt(str(facts["attempt"]))
                zero = attempt is not None and not attempt.amount.minor
                self._ensure(zero or (p is not None and p.captured_at is not None), "I15", lambda: (
                    "money was announced that the gateway did not take", f"the event: {facts}", f"the gateway's books: {p and p.state}"),
                    event.checkout)  # fmt: skip
            case _:
                pass

    def _delivery(self, record: Delivery) -> None:
        old = self.deliveries.get((record.consumer, record.event))
        self.deliveries[record.consumer, record.event] = record
        self._ensure(record.event in self.events, "I15", lambda: ("a message tells of no event", record.event, "no such event"))
        self._ensure(record.tries <= 110, "I25", lambda: ("a message is tried without end", f"tries: {record.tries}", "the bound: 110"))
        if record.delivered or record.dead:
            self.pending.pop(record.event, None)
            self.coverage.marks["dead letter"] += record.dead
        else:
            self.pending[record.event] = record.next_at
        back = old is not None and old.delivered and not record.delivered
        self._ensure(not back, "I14", lambda: ("a delivered message is to be delivered again", str(old), str(record)))

    def _ensure(self, holds: bool, id: str, says: Callable[[], tuple[str, str, str]], checkout: str = "") -> None:
        self.evaluated[id] += 1
        if not holds:
            sentence, first, second = says()
            raise Violation(id, sentence, (first, second), checkout)


def _named(key: PoolKey) -> str:
    match key:
        case Stock(sku, location):
            return f"{sku} at {location}"
        case CouponUses(promotion):
            return f"the coupon {promotion}"
        case CouponUsesBy(promotion, _):
            return f"one person's uses of {promotion}"
        case _:
            return f"the turn on cart {key.cart}"


def _list(held: Mapping[PoolKey, int]) -> str:
    return ", ".join(f"{n} of {_named(key)}" for key, n in held.items()) or "nothing"


def state_of(c: Checkout | None) -> str:
    """The state of a checkout in one word, for the cells of coverage."""
    if c is None:
        return "none"
    if c.order is not None:
        return f"order {c.order.state.value}"
    attempt = c.attempts[-1] if c.attempts else None
    if c.abandoned:
        return "abandoned, money open" if any(a.open for a in c.attempts) else "abandoned"
    if attempt is None:
        return "begun"
    if attempt.doubt and attempt.state is not AttemptState.UNKNOWN:
        return f"{attempt.state.value}, in doubt"
    return attempt.state.value
