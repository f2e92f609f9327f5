"""Drive one checkout inside a unit: plan → local effect → advance, until the plan names a remote effect, waits, or is done."""

from __future__ import annotations

from checkout_core import flow
from checkout_core.bookkeeping import Told, events_of, postings_of
from checkout_core.checkout import Checkout
from checkout_core.effects import Booked, Effect, Free, Freed, LocalEffect, Outcome, Place, RemoteEffect, Take
from checkout_core.errors import Broken
from checkout_core.holds import CartTurn, Short, Taken
from checkout_core.payments import Fact
from checkout_core.pricing import Quote
from checkout_core.unit import CloseCart, Commit, Release, Unit
from checkout_core.values import evolve


class Shortage(Exception):
    """Raised out of a unit, which rolls it back whole: a refused buyer costs no write. Nobody's money is involved."""

    def __init__(self, short: Short, quote: Quote | None) -> None:
        super().__init__(str(short))
        self.short = short
        self.quote = quote


def drive(unit: Unit, before: Checkout | None, after: Checkout, *acts: Told) -> Checkout:
    """Do what `after` needs and our own database can do, decide what comes next, and write it all, with the acts of a person behind it.

    Raises Shortage.
    """
    c, performed = flow.weigh(after, unit.now), set[type]()
    while isinstance(effect := flow.plan(c, unit.now), LocalEffect):
        if type(effect) in performed:
            raise Broken(f"The checkout {c.id} wants to {type(effect).__name__} twice in one unit.")
        performed.add(type(effect))
        outcome = perform(unit, c, effect)
        if isinstance(outcome, Short) and not (c.paying is not None and c.paying.money and c.paying.amount.minor):
            raise Shortage(outcome, c.quote)
        c = flow.advance(c, effect, outcome, unit.now)
    c = flow.schedule(c, effect, unit.now)
    if c == before and not acts:
        return before
    c, events = events_of(before, evolve(c, version=c.version + 1), unit.now, acts)
    unit.write(c, *postings_of(before, c, unit.now), *events)
    return c


def perform(unit: Unit, c: Checkout, effect: LocalEffect) -> Taken | Short | Freed | Booked:
    """What each local effect writes."""
    match effect:
        case Take(claims):
            if c.paying is not None and c.paying.money and unit.cart(c.cart).ordered not in (None, c.id):
                return Short(CartTurn(c.cart), 1, 0)  # money that comes late buys no cart that was bought, though that order be cancelled
            return unit.take(c.id, claims)
        case Free():
            unit.write(Release(c.id, tuple([claim.pool for claim in c.kept])))
            return Freed()
        case Place():
            unit.write(Commit(c.id), CloseCart(c.cart, c.id))
            return Booked()


Step = tuple[Checkout, RemoteEffect | None]


def step(before: Checkout | None, after: Checkout) -> Step:
    """The checkout, and the remote effect that this unit has stored and its own process may therefore perform at once; None if none."""
    new = isinstance(after.next, RemoteEffect) and (before is None or after.next != before.next)
    return after, after.next if new and isinstance(after.next, RemoteEffect) else None


def land(unit: Unit, id: str, effect: Effect, outcome: Outcome) -> Step:
    """Record what came back for an effect."""
    before = unit.checkout(id)
    return step(before, drive(unit, before, flow.advance(before, effect, outcome, unit.now)))


def learn(unit: Unit, id: str, attempt: str, fact: Fact, *acts: Told) -> Step:
    """Record verified news of an attempt, whoever brings it (R6)."""
    before = unit.checkout(id)
    return step(before, drive(unit, before, flow.learn(before, attempt, fact, unit.now), *acts))


def go_on(unit: Unit, id: str) -> Step:
    """Take up a checkout whose time has come."""
    before = unit.checkout(id)
    return step(before, drive(unit, before, flow.overdue(before, unit.now)))
