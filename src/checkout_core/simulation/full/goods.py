"""Pools, holds and carts: nothing is promised that is not there, and what is promised has one owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from checkout_core.cart import Cart, Line
from checkout_core.checkout import Checkout
from checkout_core.effects import RemoteEffect
from checkout_core.holds import (
    CardBalance,
    CartTurn,
    CodeUses,
    CouponBudget,
    CouponPool,
    CouponUses,
    CouponUsesBy,
    CouponUsesIn,
    HoldState,
    MovedPool,
    Pool,
    PoolKey,
    Stock,
    Unpaid,
)
from checkout_core.memory import Tables
from checkout_core.simulation.full.scene import live
from checkout_core.simulation.violations import Violation

GRACE: Final = timedelta(minutes=2)


def stock(t: Tables) -> None:
    """I1, I2 and I9, always: the numbers of every pool."""
    numbers(t)
    promised(t)
    uses(t)


def numbers(t: Tables) -> None:
    """I1 the numbers of every pool are the sums of its holds and movements."""
    held: dict[PoolKey, int] = {}
    committed: dict[PoolKey, int] = {}
    moved: dict[PoolKey, int] = {}
    for holds in t.holds.values():
        for hold in holds:
            if hold.state is HoldState.HELD:
                held[hold.pool] = held.get(hold.pool, 0) + hold.amount
            elif hold.state is HoldState.COMMITTED:
                committed[hold.pool] = committed.get(hold.pool, 0) + hold.amount
    for movement in t.movements:
        moved[movement.pool] = moved.get(movement.pool, 0) + movement.delta
    for key, pool in t.pools.items():
        sums = held.pop(key, 0), committed.pop(key, 0)
        if (pool.held, pool.committed) != sums:
            raise Violation(
                "I1",
                f"the numbers of {named(key)} are not the sums of its holds",
                (f"the pool: {pool.held} held, {pool.committed} committed", f"its holds: {sums[0]} held, {sums[1]} committed"),
            )
        if isinstance(key, MovedPool) and pool.on_hand != moved.get(key, 0):
            raise Violation(
                "I1",
                f"what lies there of {named(key)} is not the sum of its movements",
                (f"the pool: {pool.on_hand} on hand", f"its movements: {moved.get(key, 0)} in all"),
            )
    for key in (*held, *committed):
        raise Violation(
            "I1", f"there are holds on {named(key)}, which has no numbers", ("the holds: some are kept", "the pools: there is no such pool")
        )


def promised(t: Tables) -> None:
    """I2 of no pool more is promised than there is, and no number is below zero."""
    _enough(t, "I2", ((key, pool) for key, pool in t.pools.items() if not isinstance(key, CouponPool)))


def uses(t: Tables) -> None:
    """I9 no coupon is held or used more often than it allows, in all, by each person and in a window; no budget is overspent."""
    _enough(t, "I9", ((key, pool) for key, pool in t.pools.items() if isinstance(key, CouponPool)))


def _enough(t: Tables, id: str, pools: Iterable[tuple[PoolKey, Pool]]) -> None:
    lowered: frozenset[PoolKey] | None = None
    for key, pool in pools:
        promised = pool.held + pool.committed
        if pool.held < 0 or pool.committed < 0:
            raise Violation(
                id, f"{named(key)} has a number below zero", (f"the pool: {pool.held} held", f"the pool: {pool.committed} committed")
            )
        if promised <= pool.on_hand + pool.backorder:
            continue
        if lowered is None:
            lowered = frozenset(movement.pool for movement in t.movements if movement.delta < 0 or movement.backorder is not None)
        there = pool.on_hand + pool.backorder + (pool.shortfall if key in lowered else 0)  # only an operator may cause a shortfall (F5)
        if promised > there:
            raise Violation(
                id,
                f"more of {named(key)} is promised than there is",
                (f"its holds: {pool.held} held and {pool.committed} committed", f"the pool: {pool.on_hand} on hand"),
            )


def backing(t: Tables) -> None:
    """I3, I8 and I18, always: what the checkouts hold, what their orders and attempts are for, and whose cart it was."""
    owned(t)
    as_quoted(t)
    once(t)


def owned(t: Tables) -> None:
    """I3 every order that stands has exactly its goods committed, and nobody else has any; every hold has one owner."""
    for id, c in t.checkouts.items():
        got: dict[str, int] = {}
        for hold in t.holds.get(id, ()):
            if hold.checkout != id:
                raise Violation(
                    "I3", "a hold has two owners", (f"the hold: it is of {hold.checkout}", f"the checkout {id}: it is mine"), id
                )
            if hold.state is HoldState.COMMITTED:
                if not live(c):
                    raise Violation(
                        "I3",
                        f"{named(hold.pool)} is committed to nothing that was bought",
                        (f"the hold: {hold.amount} committed to {id}", f"the checkout {id}: {standing(c)}"),
                        id,
                    )
                if isinstance(hold.pool, Stock):  # from however many locations (F7)
                    got[hold.pool.sku] = got.get(hold.pool.sku, 0) + hold.amount
        if live(c):
            wanted: dict[str, int] = {}
            for line in c.quote.lines if c.quote is not None else ():
                if line.tracked:
                    wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
            if got != wanted:
                raise Violation(
                    "I3",
                    "an order stands without exactly its goods",
                    (f"the holds of {id}: {counted(got)} committed", f"the order {id}: {counted(wanted)} sold"),
                    id,
                )


def as_quoted(t: Tables) -> None:
    """I8 the order is for what was quoted, and so is every attempt that is open."""
    for id, c in t.checkouts.items():
        if c.order is not None and (c.quote is None or c.order.total != c.quote.total):
            raise Violation(
                "I8",
                "the order's total is not the quote's",
                (f"the order {id}: {c.order.total}", f"its quote: {c.quote and c.quote.total}"),
                id,
            )
        for attempt in c.attempts:
            if attempt.open and not attempt.unwanted and (c.quote is None or attempt.amount != c.quote.total):
                raise Violation(
                    "I8",
                    "a payment under way is not for what was quoted",
                    (f"the attempt {attempt.key}: {attempt.amount}", f"the quote of {id}: {c.quote and c.quote.total}"),
                    id,
                )


def once(t: Tables) -> None:
    """I18 a cart is bought once; after a merge each of its lines is in exactly one cart."""
    bought: dict[str, str] = {}
    for id, c in t.checkouts.items():
        if live(c):
            other = bought.setdefault(c.cart, id)
            if other != id:
                raise Violation(
                    "I18",
                    f"the cart {c.cart} was bought twice",
                    (f"the order {other}: it is of this cart", f"the order {id}: it is of this cart"),
                    id,
                )
            cart = t.carts.get(c.cart)
            if cart is not None and cart.merged_into is not None:
                raise Violation(
                    "I18",
                    "the lines of one cart are bought, and in another cart too",
                    (f"the order {id}: it is of cart {cart.id}", f"the cart {cart.id}: it went into {cart.merged_into}"),
                    id,
                )
    for cart in t.carts.values():
        if cart.merged_into is not None:
            _merged(t, cart)


def _merged(t: Tables, guest: Cart) -> None:
    report, into = guest.merge_report, guest.merged_into
    if report is None or into not in t.carts:
        raise Violation(
            "I18", "a cart went into no cart", (f"the cart {guest.id}: it went into {into}", f"the carts: there is no report, or no {into}")
        )
    rows = {row.id: row for row in report.rows}
    for line in guest.lines:
        row = rows.get(line.id)
        if row is None or row.guest != line.quantity:
            raise Violation(
                "I18",
                "a line was lost when two carts became one",
                (f"the cart {guest.id}: {line.quantity} of {line.id}", f"the merge: {row.guest if row else 'nothing'} of it"),
            )
    for row in report.rows:
        if row.what in ("capped", "dropped"):
            continue
        both = {"sum": row.guest + row.account, "max": max(row.guest, row.account), "keep_guest": row.guest, "keep_account": row.account}
        if row.result != both[report.how]:
            raise Violation(
                "I18",
                "a merge left another quantity than it says",
                (f"the merge ({report.how}): {row.guest} and {row.account} of {row.id}", f"the merge: {row.result} are left"),
            )


def merged(before: Tables, after: Tables) -> None:
    """I18 a cart that has just taken in another has the lines that the report of the merge says."""
    for id, guest in after.carts.items():
        old = before.carts.get(id)
        if guest.merged_into is None or guest.merge_report is None or old is guest or old is None or old.merged_into is not None:
            continue
        account, was = after.carts.get(guest.merged_into), before.carts.get(guest.merged_into)
        if account is None or was is None or account.version != was.version + 1:
            continue  # it has been edited since
        said = {row.id: row.result for row in guest.merge_report.rows if row.result}
        if said != quantities(account.lines):
            raise Violation(
                "I18",
                "a merge lost or made lines",
                (f"the merge: {counted(said)}", f"the cart {account.id}: {counted(quantities(account.lines))}"),
            )


def holds_end(t: Tables, now: datetime) -> None:
    """I16 a hold outlives its time only while money is on its way, with a deadline."""
    for id, holds in t.holds.items():
        if not any(hold.state is HoldState.HELD for hold in holds):
            continue
        c = t.checkouts[id]
        if now <= c.lapses_at + GRACE:
            continue
        on_its_way = isinstance(c.next, RemoteEffect) or any(attempt.open for attempt in c.attempts)
        if c.due_at is None or not (on_its_way or c.due_at <= now):
            raise Violation(
                "I16",
                "goods are held past their time, and nobody is due to look",
                (f"the checkout {id}: its time was up at {c.lapses_at:%H:%M:%S}", f"its holds: some are still held at {now:%H:%M:%S}"),
                id,
            )


def nothing_held(t: Tables) -> None:
    """I16 at rest nothing is held: it was committed or let go."""
    for id, holds in t.holds.items():
        for hold in holds:
            if hold.state is HoldState.HELD:
                raise Violation(
                    "I16",
                    f"{named(hold.pool)} is held for ever",
                    (f"the hold: {hold.amount} held by {id}", f"the checkout {id}: {standing(t.checkouts[id])}, and nothing is left to do"),
                    id,
                )


def uses_are_orders(t: Tables) -> None:
    """I9, I10 at rest a coupon is used as often as orders carry it that stand (or do not give it back), its money is what they took off,
    and what is spent of a gift card is what it pays of orders that stand."""
    carry: Counter[PoolKey] = Counter()
    for c in t.checkouts.values():
        if c.quote is None or c.order is None:
            continue
        for card in c.quote.cards if live(c) else ():
            carry[CardBalance(card.id, c.quote.currency)] += card.used
        for used in c.quote.promotions:
            if not live(c) and not used.kept:
                continue
            carry[CouponUses(used.id)] += 1
            carry[CouponBudget(used.id, c.quote.currency)] += sum(used.shares)
            for who in c.identities:
                carry[CouponUsesBy(used.id, who)] += 1
            if used.issued is not None:
                carry[CodeUses(used.id, used.issued)] += 1
            if used.window is not None:
                for who in c.identities if used.window.a_person else ("",):
                    carry[CouponUsesIn(used.id, used.window.window, who)] += 1
    _persons(t)
    for key, pool in t.pools.items():
        if isinstance(key, Unpaid) and pool.committed:
            raise Violation(
                "I25", f"{named(key)} were paid for", (f"the pool: {pool.committed} committed", "what is paid for counts no more")
            )
        if isinstance(key, CardBalance) and pool.committed != carry[key]:
            raise Violation(
                "I10",
                f"of {named(key)} another amount is spent than it pays of orders",
                (f"the pool: {pool.committed} spent", f"the orders: it pays {carry[key]} of them"),
            )
        if isinstance(key, CouponPool) and pool.committed != carry[key]:
            raise Violation(
                "I9",
                f"{named(key)} is not used as often as orders carry it",
                (f"the pool: {pool.committed} uses", f"the orders: {carry[key]} carry it"),
            )


def _persons(t: Tables) -> None:
    """By what people call themselves, and not by the keys under which they are counted: an account, and an e-mail however it is written."""
    found: Counter[tuple[str, str]] = Counter()
    for id, c in t.checkouts.items():
        if c.quote is None or not live(c):
            continue
        contact = t.people[id].contact if id in t.people else None
        name, _, domain = ((contact.email if contact else None) or "").casefold().partition("@")
        who = [f"{name.partition('+')[0]}@{domain}"] if domain else []
        who += [f"the account {c.customer}"] if c.customer is not None else []
        for used in c.quote.promotions:
            for person in who if used.per_person is not None else ():
                found[used.id, person] += 1
                if found[used.id, person] > (used.per_person or 0):
                    raise Violation(
                        "I9",
                        f"one person has the coupon {used.id} more often than it may be had",
                        (f"the orders of {person}: {found[used.id, person]} carry it", f"a person: may have it {used.per_person} times"),
                        id,
                    )


# In words.
def named(key: PoolKey) -> str:
    """A pool, for people."""
    match key:
        case Stock(sku, location):
            return f"{sku} at {location}"
        case CouponUses(promotion):
            return f"the coupon {promotion}"
        case CouponUsesBy(promotion, _):
            return f"one person's coupon {promotion}"
        case CouponUsesIn(promotion, window, _):
            return f"the coupon {promotion} in {window}"
        case CodeUses(promotion, code):
            return f"the code {code} of {promotion}"
        case CouponBudget(promotion, currency):
            return f"the budget of {promotion} in {currency}"
        case CardBalance(card, currency):
            return f"the {currency} on gift card {card}"
        case Unpaid():
            return "one person's unpaid goods"
        case CartTurn(cart):
            return f"the turn of cart {cart}"


def listed(held: Mapping[PoolKey, int]) -> str:
    """What is held, in words."""
    return ", ".join(f"{n} of {named(key)}" for key, n in held.items()) or "nothing"


def standing(c: Checkout) -> str:
    """How it stands with a purchase."""
    if c.order is not None:
        return f"its order is {c.order.state.value}"
    return f"it was given up ({c.abandoned})" if c.abandoned else "it is not bought yet"


def quantities(lines: Iterable[Line]) -> dict[str, int]:
    """How many of each line."""
    return {line.id: line.quantity for line in lines}


def counted(numbers: dict[str, int]) -> str:
    """Quantities in words."""
    return ", ".join(f"{number} of {name}" for name, number in sorted(numbers.items())) or "nothing"
