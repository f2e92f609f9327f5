"""A unit of work as the product sees it, which notes what was read and written: the write set of each commit, whatever store is behind.

It also knows the one order of locks (R27): a row that is locked after one that comes later could be a deadlock on a server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from checkout_core.cart import Cart
from checkout_core.checkout import Checkout
from checkout_core.holds import Claim, Pool, PoolKey, Short, Taken, lock_order
from checkout_core.simulation.violations import Violation
from checkout_core.unit import Delivery, Person, Record, Request, Unit


class Watched:
    """One unit, watched."""

    __slots__ = (
        "_carts", "_pools", "about", "buyer", "cart_of", "delivery", "now", "person", "request", "short", "taken", "unit", "written",
    )  # fmt: skip

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.now: datetime = unit.now
        self.cart_of: Callable[[str, str], str | None] = unit.cart_of
        self.buyer: Callable[[str], str | None] = unit.buyer
        self.person: Callable[[str], Person | None] = unit.person
        self.request: Callable[[str, str, str], Request | None] = unit.request
        self.delivery: Callable[[str, str], Delivery | None] = unit.delivery
        self.written: list[Record] = []
        self.taken: list[tuple[str, tuple[Claim, ...]]] = []
        self.short: Short | None = None
        self.about = ""
        self._carts: dict[tuple[str, ...], None] = {}
        self._pools: dict[tuple[str, ...], None] = {}

    def cart(self, id: str) -> Cart:
        _lock(self._carts, (id,))
        return self.unit.cart(id)

    def checkout(self, id: str) -> Checkout:
        found = self.unit.checkout(id)
        self.about = id
        return found

    def pool(self, key: PoolKey) -> Pool:
        _lock(self._pools, lock_order(key))
        return self.unit.pool(key)

    def take(self, checkout: str, claims: Sequence[Claim]) -> Taken | Short:
        for claim in claims:
            _lock(self._pools, lock_order(claim.pool))
        came = self.unit.take(checkout, claims)
        if isinstance(came, Taken):
            self.taken.append((checkout, tuple(claims)))
        else:
            self.short = came
        return came

    def write(self, *records: Record) -> None:
        self.written.extend(records)
        self.unit.write(*records)


def _lock(locked: dict[tuple[str, ...], None], key: tuple[str, ...]) -> None:
    if key in locked:
        return
    if locked:
        last = next(reversed(locked))
        if key < last:
            raise Violation(
                "R27",
                "rows are locked in another order than everywhere else: two units can wait for each other",
                (f"the unit locked {' '.join(last)}", f"and then {' '.join(key)}, which comes first"),
            )
    locked[key] = None
