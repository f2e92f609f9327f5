"""The carts of a run, commit by commit: a merge loses nothing and makes nothing, and a customer has one cart open (I18, RB-77)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from checkout_core.cart import Cart, Line
from checkout_core.simulation.books import Books, Changes
from checkout_core.simulation.violations import Violation


class Carts:
    """Which cart of a customer is open in each currency."""

    def __init__(self, books: Books, evaluated: Counter[str]) -> None:
        self.books = books
        self.evaluated = evaluated
        self.opened: dict[tuple[str, str], str] = {}

    def after_commit(self, changes: Changes) -> None:
        """Look at the carts that a commit has changed. Raises Violation."""
        self.evaluated["I18"] += 1
        for sold in changes.closed:
            if (bought := self.books.carts.get(sold.cart)) is not None:
                self._closes(bought)
        for old, cart in changes.carts:
            if not _is_open(cart):
                self._closes(cart)
            if cart.merged_into is not None and (old is None or old.merged_into is None):
                self._merged(old, cart, cart.merged_into, changes)
        for _, cart in changes.carts:
            if cart.customer_id is not None and _is_open(cart):
                self._opens(cart, cart.customer_id)

    def _closes(self, cart: Cart) -> None:
        if cart.customer_id is not None and self.opened.get((cart.customer_id, cart.currency)) == cart.id:
            del self.opened[cart.customer_id, cart.currency]

    def _opens(self, cart: Cart, customer: str) -> None:
        other = self.opened.setdefault((customer, cart.currency), cart.id)
        if other != cart.id:
            raise Violation(
                "I18",
                "a customer has two open carts in one currency",
                (f"the cart {other}: it is open, in {cart.currency}", f"the cart {cart.id}: so is it"),
            )

    def _merged(self, old: Cart | None, guest: Cart, into: str, changes: Changes) -> None:
        """The report says what was in both carts, and what is in the one that is left."""
        was, account = next(((was, cart) for was, cart in changes.carts if cart.id == into), (self.books.carts.get(into),) * 2)
        report = guest.merge_report
        if report is None or account is None or was is None:
            raise Violation(
                "I18",
                "a cart went into no cart",
                (f"the cart {guest.id}: it went into {into}", f"the carts: there is no report, or no {into}"),
            )
        for whose, lines, rows in (
            (guest.id, () if old is None else old.lines, {row.id: row.guest for row in report.rows}),
            (f"{into} before", was.lines, {row.id: row.account for row in report.rows}),
            (into, account.lines, {row.id: row.result for row in report.rows}),
        ):
            there, said = _counted(lines), {id: n for id, n in rows.items() if n}
            if there != said:
                raise Violation(
                    "I18",
                    "a merge lost a line, or made one",
                    (f"the cart {whose}: {there}", f"the report of the merge: {said}"),
                )


def _is_open(cart: Cart) -> bool:
    return cart.ordered is None and cart.merged_into is None


def _counted(lines: Iterable[Line]) -> dict[str, int]:
    return {line.id: line.quantity for line in lines}
