"""What a unit of work can read, take and write. It touches nothing else: no clock, no gateway, no other port."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from checkout_core.cart import Cart
from checkout_core.checkout import Checkout
from checkout_core.customers import Address, Contact
from checkout_core.events import Event
from checkout_core.holds import Claim, Movement, Pool, PoolKey, Short, Taken
from checkout_core.ledger import Posting


@frozen
class Release:
    """Every hold of this checkout, held or committed, becomes released; but for those on the pools `kept`, which stay as they are."""

    checkout: str
    kept: tuple[PoolKey, ...] = ()


@frozen
class Commit:
    """Every held hold of this checkout becomes committed."""

    checkout: str


@frozen
class CloseCart:
    """This cart was bought by that checkout."""

    cart: str
    checkout: str


@frozen
class Person:
    """Who the shopper is: the one place with personal data, a row apart from every document (R24)."""

    checkout: str
    contact: Contact | None = None
    address: Address | None = None


@frozen
class Request:
    """What was asked under a key, and the answer; for `pay` the answer is a function of the attempt (R23)."""

    scope: str
    operation: str
    key: str
    fingerprint: str
    attempt: str = ""
    answer: Cart | Checkout | None = None


@frozen
class Delivery:
    """How a consumer fares with an event: delivered, to be tried again at `next_at`, or dead after too many tries (R9, M3)."""

    consumer: str
    event: str
    tries: int = 0
    delivered: bool = False
    dead: bool = False
    next_at: datetime | None = None
    error: str = ""


Record = Cart | Checkout | Release | Commit | CloseCart | Person | Request | Movement | Event | Posting | Delivery


class View(Protocol):
    """What a unit of work can read. On its own it is a look: nothing is locked, and what is seen may be gone the next moment."""

    @property
    def now(self) -> datetime:
        """The store's clock, aware UTC (R15)."""
        ...

    def cart(self, id: str) -> Cart:
        """The cart; a unit locks it. Raises NotFound."""
        ...

    def checkout(self, id: str) -> Checkout:
        """The checkout; a unit locks it. Raises NotFound."""
        ...

    def cart_of(self, customer: str, currency: str) -> str | None:
        """The id of this customer's open cart in that currency, if there is one: there is never a second (RB-77)."""
        ...

    def buyer(self, cart: str) -> str | None:
        """The id of the checkout that has the cart's turn (held or committed), if any."""
        ...

    def person(self, checkout: str) -> Person | None:
        """Whose checkout it is."""
        ...

    def request(self, scope: str, operation: str, key: str) -> Request | None:
        """What was asked under this key before, if anything."""
        ...

    def pool(self, key: PoolKey) -> Pool:
        """The pool, which a unit locks; an empty one if it has never been seen."""
        ...

    def delivery(self, consumer: str, event: str) -> Delivery | None:
        """How that consumer fares with that event."""
        ...


class Unit(View, Protocol):
    """One transaction: everything in it happens, or nothing. What it reads is locked, and decided on. It may be run again whole (R11)."""

    def take(self, checkout: str, claims: Sequence[Claim]) -> Taken | Short:
        """Make the held holds of this checkout exactly these claims, all or nothing. The one write that can answer no (R5).

        What it holds already counts as its own (RB-16); what is held and not claimed is released. Claims come in lock order (R27).
        """
        ...

    def write(self, *records: Record) -> None:
        """Collect records; they are written together just before the commit, in the store's own fixed order."""
        ...
