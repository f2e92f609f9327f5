"""The aggregate: from `begin` to the last refund there is one value, and the order is its public face with the same id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from attrs import frozen

from checkout_core.arrivals import Arrival
from checkout_core.cart import Line
from checkout_core.customers import Destination
from checkout_core.effects import Done, RemoteEffect, Wait
from checkout_core.holds import (
    CardBalance,
    CartTurn,
    Claim,
    CodeUses,
    CouponBudget,
    CouponPool,
    CouponUses,
    CouponUsesBy,
    CouponUsesIn,
    in_lock_order,
)
from checkout_core.money import Money
from checkout_core.orders import Order, OrderState
from checkout_core.payments import Action, Attempt, AttemptState
from checkout_core.prices import Promise
from checkout_core.pricing import Quote
from checkout_core.refusals import Refused
from checkout_core.values import evolve


@frozen
class Deadlines:
    """How long things may take, in seconds; kept with each checkout, so that a deploy does not change the rules for one under way.

    Goods are held `hold_for` from the moment of paying, `hold_at_most` while a payment is open, and at least `after_decline` longer
    when one fails, so that another card can be tried (RB-17). A quote is honoured `quote_for`, a checkout forgotten after `checkout_for`.
    """

    hold_for: int = 15 * 60
    hold_at_most: int = 30 * 60
    after_decline: int = 5 * 60
    quote_for: int = 15 * 60
    checkout_for: int = 24 * 60 * 60


@frozen(slots=False, cache_hash=True)
class Checkout:
    """Everything decided about one purchase, frozen. `next` is the decision, stored with the state it follows from.

    `claims` is what it wants to hold, `held` what it holds. `deadline` is when an unpaid one lapses, `latest` while a payment is open.
    `due_at` is when anybody may go on with it. `events` counts what it has told the outbox. `because` and `by` say why and by whom it was
    cancelled. `channel` is where it is sold, "" the shop's own way. `cards` are the references of gift cards to pay with, in the order in
    which they are used. `promises` are the unit prices that hold for it, whatever its quote
    does. No personal data is in here.
    """

    id: str
    number: str
    cart: str
    cart_version: int
    currency: str
    begun_at: datetime
    deadline: datetime
    latest: datetime
    customer: str | None = None
    identities: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    destination: Destination | None = None
    shipping: str | None = None
    codes: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    channel: str = ""
    pay_by: str = ""
    hold_early: bool = False
    deadlines: Deadlines = Deadlines()
    quote: Quote | None = None
    quote_until: datetime | None = None
    promises: tuple[Promise, ...] = ()
    arrival: Arrival | None = None
    claims: tuple[Claim, ...] = ()
    held: tuple[Claim, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    abandoned: str = ""
    because: str = ""
    by: str = ""
    order: Order | None = None
    next: RemoteEffect | Wait | Done | None = None
    due_at: datetime | None = None
    version: int = 0
    events: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing is being bought any more: abandoned, or its order cancelled."""
        return bool(self.abandoned) or (self.order is not None and self.order.state is OrderState.CANCELLED)

    @property
    def kept(self) -> tuple[Claim, ...]:
        """What a cancelled order does not give back: uses of promotions that say so."""
        if self.order is None or self.quote is None or not any(used.kept for used in self.quote.promotions):
            return ()
        kept = {used.id for used in self.quote.promotions if used.kept}
        return tuple([claim for claim in self.held if isinstance(claim.pool, CouponPool) and claim.pool.promotion in kept])

    @property
    def total(self) -> Money:
        """What there is to pay. Raises ValueError while something is still to be said: `validate` tells what."""
        if self.quote is None:
            raise ValueError("There is no total yet. Ask validate() what is still to be said.")
        return self.quote.total

    @property
    def in_flight(self) -> bool:
        """Whether a call to a gateway is stored and has not landed. Nothing overtakes it."""
        return isinstance(self.next, RemoteEffect)

    @property
    def paying(self) -> Attempt | None:
        """The attempt that pays for this, or is trying to: open and wanted."""
        for attempt in self.attempts:
            if attempt.open and not attempt.unwanted:
                return attempt
        return None

    @property
    def lapses_at(self) -> datetime:
        """When it is given up, unless it is paid before."""
        for attempt in self.attempts:
            if attempt.open:
                return max(self.latest, self.deadline)
        return self.deadline

    def attempt(self, key: str) -> Attempt | None:
        """The attempt with that key."""
        for attempt in self.attempts:
            if attempt.key == key:
                return attempt
        return None

    def with_attempt(self, attempt: Attempt) -> Checkout:
        """The same, with that attempt in the place of its former self."""
        return evolve(self, attempts=tuple([attempt if a.key == attempt.key else a for a in self.attempts]))

    def with_deadline(self, now: datetime, seconds: int) -> Checkout:
        """The same, with at least so much time left."""
        return evolve(self, deadline=max(self.deadline, now + timedelta(seconds=seconds)))


def turn(cart: str) -> Claim:
    """The claim on the right to buy that cart."""
    return Claim(CartTurn(cart), 1, limit=1)


def demand_of(quote: Quote) -> Mapping[str, int]:
    """How many units of each SKU this quote needs from stock, summed over its lines (RB-05)."""
    units: dict[str, int] = {}
    for line in quote.lines:
        if line.tracked:
            units[line.sku] = units.get(line.sku, 0) + line.quantity
    return units


def claims_of(cart: str, quote: Quote, identities: Iterable[str], goods: Iterable[Claim]) -> tuple[Claim, ...]:
    """All that placing this quote needs: the cart's turn, the goods from where they lie, a use of each limited promotion and its money,
    and what is paid with gift cards."""
    claims = [turn(cart), *goods, *(Claim(CardBalance(card.id, quote.currency), card.used) for card in quote.cards if card.used)]
    people = tuple(identities)
    for used in quote.promotions:
        if used.limit is not None:
            claims.append(Claim(CouponUses(used.id), 1, limit=used.limit))
        if used.per_person is not None:
            claims += [Claim(CouponUsesBy(used.id, who), 1, limit=used.per_person) for who in people]
        if used.per_code is not None and used.issued is not None:
            claims.append(Claim(CodeUses(used.id, used.issued), 1, limit=used.per_code))
        if used.window is not None:
            whose = people if used.window.a_person else ("",)
            claims += [Claim(CouponUsesIn(used.id, used.window.window, who), 1, limit=used.window.uses) for who in whose]
        if used.budget is not None:
            claims.append(Claim(CouponBudget(used.id, quote.currency), used.amount, limit=used.budget))
    return in_lock_order(claims)


# What `pay` tells its caller.
@frozen
class Placed:
    """It is bought and paid."""

    id: str
    number: str
    total: Money
    placed_at: datetime


@frozen
class ActionRequired:
    """The payer must do this before `until`; then repeat the same call, with the same key."""

    action: Action
    until: datetime


@frozen
class Pending:
    """Not decided yet. Ask again at `until`, with the same key: it will not be charged twice."""

    until: datetime | None


Result = Placed | ActionRequired | Pending | Refused


def answer(c: Checkout, attempt: Attempt) -> Result:
    """What became of this attempt: a function of what is stored, so whoever finishes it finishes every caller's reply (R23)."""
    if c.order is not None and c.order.paid_by == attempt.key:
        return Placed(c.order.id, c.order.number, c.order.total, c.order.placed_at)
    if attempt.verdict is not None:
        reason, given = attempt.verdict
        return Refused(reason, given=given)
    if attempt.state is AttemptState.ACTION and not attempt.unwanted and attempt.action is not None and attempt.until is not None:
        return ActionRequired(attempt.action, attempt.until)
    return Pending(c.due_at)


def verdict(c: Checkout, attempt: Attempt) -> tuple[str, str] | None:
    """The reason of a refusal that is final, and what to say with it; None while this attempt may still buy something, or has."""
    if c.order is not None and c.order.paid_by == attempt.key:
        return None
    if attempt.unwanted and attempt.unwanted not in LATE:
        named = {"cancelled": c.because, "amount-differs": ""}
        return (attempt.unwanted, named[attempt.unwanted]) if attempt.unwanted in named else ("refunded", attempt.unwanted)
    if attempt.state is AttemptState.DECLINED:
        return "declined", attempt.reason
    if attempt.state is AttemptState.REFUNDED:
        return "refunded", LATE.get(attempt.unwanted, "sent back at the gateway")
    if attempt.state is AttemptState.VOIDED:
        return "not-completed", LATE.get(attempt.unwanted, attempt.reason)
    return None


# An attempt given up for one of these is welcome after all if its money turns up while it is open (R8).
LATE: Mapping[str, str] = {
    "expired": "the time was up",
    "unfinished": "the payer did not finish in time",
    "no-answer": "the gateway could not be reached",
}
