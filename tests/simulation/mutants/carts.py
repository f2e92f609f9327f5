"""Bugs about carts and quotes: what a shopper wants, and at which price."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from attrs import evolve

from checkout_core import cart as carts
from checkout_core import commands, drive
from checkout_core.cart import Cart, How, Limits, MergeReport
from checkout_core.checkout import Checkout
from checkout_core.commands import Seen
from checkout_core.errors import Unavailable
from checkout_core.memory import MemoryUnit
from checkout_core.money import Money
from checkout_core.refusals import Refused
from checkout_core.unit import Person
from tests.simulation.mutants.bug import Patch, bug, everywhere


# Merging.
@bug(
    "a merge loses a line",
    "what only the guest had is dropped if the account has the same thing personalised otherwise",
    "I18",
    origin="RB-76",
)
def a_merge_loses_a_line(patch: Patch) -> None:
    real = carts.merge

    def merge(guest: Cart, account: Cart, how: How, now: datetime, limits: Limits) -> Any:
        merged = real(guest, account, how, now, limits)
        if isinstance(merged, Refused):
            return merged
        ours = {line.id for line in account.lines}
        known = {line.sku for line in account.lines}
        kept = tuple(line for line in merged[0].lines if line.id in ours or line.sku not in known)
        return evolve(merged[0], lines=kept), merged[1], merged[2]

    everywhere(patch, real, merge)


@bug("a merge leaves the guest's cart open", "the lines are in both carts, and merging again adds them again", "I18", origin="K4")
def a_merge_leaves_the_guests_cart_open(patch: Patch) -> None:
    real = carts.merge

    def merge(guest: Cart, account: Cart, how: How, now: datetime, limits: Limits) -> Any:
        merged = real(guest, account, how, now, limits)
        return merged if isinstance(merged, Refused) else (merged[0], guest, merged[2])

    everywhere(patch, real, merge)


@bug("a cart in use is merged", "the cart that a payment is for goes into another one", "I18", "L1", "I6", origin="K4")
def a_cart_in_use_is_merged(patch: Patch) -> None:
    def merge_carts(unit: Any, guest: str, account: str, how: How, limits: Limits) -> tuple[Cart, MergeReport]:
        found = {id: unit.cart(id) for id in sorted({guest, account})}
        into, away, report = commands.said_yes(carts.merge(found[guest], found[account], how, unit.now, limits))
        unit.write(*(cart for cart in (into, away) if cart != found[cart.id]))
        return into, report

    everywhere(patch, commands.merge_carts, merge_carts)


@bug("carts are locked as they are named", "a merge locks the guest's cart first, whichever that is", "R27", origin="D2")
def carts_are_locked_as_they_are_named(patch: Patch) -> None:
    real = commands.merge_carts

    def merge_carts(unit: Any, guest: str, account: str, how: How, limits: Limits) -> Any:
        for id in sorted({guest, account}, reverse=True):
            unit.cart(id)
        return real(unit, guest, account, how, limits)

    everywhere(patch, real, merge_carts)


@bug("a customer has two open carts", "who has a cart open gets another one", "I18", origin="RB-77")
def a_customer_has_two_open_carts(patch: Patch) -> None:
    patch.setattr(MemoryUnit, "cart_of", lambda self, customer, currency: None)
    patch.setattr(MemoryUnit, "_put_cart", lambda self, cart: self._carts.put(cart.id, cart))


# Quotes.
@bug("a cheaper total needs no asking", "what got cheaper is charged at another figure than the shopper saw", "I8", "I21", origin="RB-88")
def a_cheaper_total_needs_no_asking(patch: Patch) -> None:
    _accept(patch, lambda expected, total: total.minor < expected.minor)


@bug("re-quoted in silence", "an expired quote is replaced, and the new total is charged", "I8", "I21", origin="RB-88")
def requoted_in_silence(patch: Patch) -> None:
    _accept(patch, lambda expected, total: True)


def _accept(patch: Patch, fine: Any) -> None:
    real = commands.requoted

    def requoted(unit: Any, c: Checkout, expected: Any, known: Any, policy: Any) -> Checkout:
        fresh = commands.priced(unit, c, known, policy) if known is not None and known.seen.checkout.version == c.version else c
        new = fresh.quote
        silent = new is not None and isinstance(expected, Money) and new.total != expected and fine(expected, new.total)
        return fresh if silent else real(unit, c, expected, known, policy)

    everywhere(patch, real, requoted)


@bug("an old quote is honoured", "a quote that has run out is paid, whatever the goods cost now", "I8", origin="RB-88")
def an_old_quote_is_honoured(patch: Patch) -> None:
    real = commands.requoted

    def requoted(unit: Any, c: Checkout, expected: Any, known: Any, policy: Any) -> Checkout:
        return c if c.quote is not None and expected in (c.quote.total, c.quote.hash) else real(unit, c, expected, known, policy)

    everywhere(patch, real, requoted)


@bug("a promised price is asked for again", "a quote that has not run out is replaced by today's prices", "Q2", "I8", origin="RB-88")
def a_promised_price_is_asked_for_again(patch: Patch) -> None:
    real = commands.requoted
    everywhere(patch, real, lambda unit, c, expected, known, policy: real(unit, evolve(c, quote_until=None), expected, known, policy))


@bug("an edit reaches a payment", "while the payer is busy, the checkout takes over the cart as it is now", "I8", "I3", origin="K3")
def an_edit_reaches_a_payment(patch: Patch) -> None:
    real = commands.edit

    def edit(unit: Any, now: Seen, details: Any, known: Any, policy: Any) -> Any:
        before, cart = now.checkout, now.cart
        assert before is not None
        if not any(attempt.open for attempt in before.attempts) or before.in_flight or before.order is not None or not cart.lines:
            return real(unit, now, details, known, policy)
        person = now.person or Person(before.id)
        said = Person(before.id, details.contact or person.contact, details.ship_to or person.address)
        after = commands.described(before, cart, details, said, policy)
        if after == before:
            return real(unit, now, details, known, policy)
        return drive.step(before, drive.drive(unit, before, evolve(commands.priced(unit, after, known, policy), next=None)))

    everywhere(patch, real, edit)


@bug(
    "facts of another cart",
    "the catalogue was asked about the cart as it was, and nobody looks whether it changed",
    "Q2",
    "I8",
    "I12",
    origin="E8",
)
def facts_of_another_cart(patch: Patch) -> None:
    patch.setattr(Seen, "still", lambda self, cart, live: True)


@bug("gives up when the cart moves once", "a cart that changed between look and unit makes the shop unavailable", "Q2", origin="OB-11")
def gives_up_when_the_cart_moves(patch: Patch) -> None:
    for command in (commands.begin, commands.update):
        everywhere(patch, command, _once_only(command))


def _once_only(command: Callable[..., Any]) -> Callable[..., Any]:
    def once(*given: Any) -> Any:
        stored = command(*given)
        if stored is None:
            raise Unavailable("The cart has changed. Repeat the call.")
        return stored

    return once


MERGING = (
    a_merge_loses_a_line,
    a_merge_leaves_the_guests_cart_open,
    a_cart_in_use_is_merged,
    carts_are_locked_as_they_are_named,
    a_customer_has_two_open_carts,
)
QUOTES = (
    a_cheaper_total_needs_no_asking,
    requoted_in_silence,
    an_old_quote_is_honoured,
    a_promised_price_is_asked_for_again,
    an_edit_reaches_a_payment,
    facts_of_another_cart,
    gives_up_when_the_cart_moves,
)
