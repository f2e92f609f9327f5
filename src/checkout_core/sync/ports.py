# Made from ../ports.py by tests/project/twins.py; do not edit.
"""The ports: what the core needs of the world, as small Protocols. An adapter has these methods; it inherits nothing.

Values in, values out. A vendor's exception or object never crosses: an adapter raises NoAnswer when it may have happened and Unavailable
when it did not. This file is the async text; the sync one is made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from checkout_core.addresses import Layout
from checkout_core.catalog import Product
from checkout_core.customers import Address, Destination, Shopper
from checkout_core.effects import Authorize, Capture, Inquire, Refund, Void
from checkout_core.events import Event
from checkout_core.experiments import Experiment
from checkout_core.holds import CardBalance, Movement, Pool, PoolKey
from checkout_core.listings import CardListed, CartListed, CouponListed, EventListed, HoldListed, OrderListed, PaymentListed, StockListed
from checkout_core.notices import Notice
from checkout_core.orders import OrderState
from checkout_core.payments import Capabilities, Fact
from checkout_core.prices import PriceBook
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refused
from checkout_core.shipping import CarrierRate, Shipment, ShippingOption
from checkout_core.tax import TaxRate
from checkout_core.tax_provider import TaxEstimate
from checkout_core.tax_sales import TaxSale
from checkout_core.unit import Unit, View

T = TypeVar("T")


class Storage(Protocol):
    """Where decisions are stored."""

    def transact(self, work: Callable[[Unit], T]) -> T:
        """Run `work` as one unit: run, flush, commit; whole again on conflict (R11) or when the commit's answer was lost (R12).

        An exception from `work` rolls everything back. Raises Unavailable if it did not happen and trying again did not help, NoAnswer if
        nobody can tell whether it did.
        """
        ...

    def look(self, work: Callable[[View], T]) -> T:
        """What `work` sees, all of it at one moment; nobody waits for it, and it waits for nobody. Decisions are taken in units."""
        ...

    def due(self, limit: int) -> Sequence[str]:
        """Ids of checkouts whose `due_at` has come, the most overdue first."""
        ...

    def blocking(self, pool: PoolKey, limit: int) -> Sequence[str]:
        """Ids of due checkouts that hold this pool and have no money in flight, the most overdue first."""
        ...

    def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        """The numbers of these pools now, for display; decisions are taken in units."""
        ...

    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        """Events this consumer has neither received nor given up, that may be tried now; in sequence within a checkout (M2)."""
        ...


class Queries(Protocol):
    """Lists and reports; it may read a replica. No decision is taken on what it says (E8). Every list is at most `limit` long (R25)."""

    def find(self, text: str) -> str | None:
        """The id of the checkout that a person means: by its id or its order number, however that was typed."""
        ...

    def orders(
        self, *, customer: str | None = None, status: OrderState | None = None, before: datetime | None = None, limit: int = 50
    ) -> Sequence[OrderListed]:
        """Orders, the newest first; placed before that instant, if one is given."""
        ...

    def carts(self, *, after: str = "", limit: int = 100) -> Sequence[CartListed]:
        """Open carts, those that were neither ordered nor merged, in the order of their ids: those after that id."""
        ...

    def payments(self, *, checkout: str | None = None, due: bool = False, limit: int = 50) -> Sequence[PaymentListed]:
        """Attempts, the last changed first.

        With `due` only those that wait for somebody: for a person first, then for a worker, the most overdue first.
        """
        ...

    def inventory(self, *, skus: Sequence[str] = (), limit: int = 1000) -> Sequence[StockListed]:
        """Stock by SKU and location, in that order; of all SKUs, if none is named."""
        ...

    def gift_cards(self, *, card: str | None = None, after: CardBalance | None = None, limit: int = 100) -> Sequence[CardListed]:
        """Gift cards in the order of their references, those after that one; or one card, in each of its currencies."""
        ...

    def holds(
        self, *, sku: str | None = None, card: str | None = None, checkout: str | None = None, limit: int = 100
    ) -> Sequence[HoldListed]:
        """What is held or committed now: of one SKU, of one gift card, by one checkout, or everything; the first to lapse first."""
        ...

    def movements(self, of: str | CardBalance, *, limit: int = 50) -> Sequence[Movement]:
        """Why the stock of a SKU, or the money on a gift card, is what it is, the last movement first."""
        ...

    def coupons(self) -> Sequence[CouponListed]:
        """Every limited promotion that was ever used, by its id."""
        ...

    def outbox(self, *, checkout: str | None = None, after: int = 0, limit: int = 50) -> Sequence[EventListed]:
        """Events in the order they were committed, after that position; of one checkout, if one is named."""
        ...

    def undelivered(self, *, dead: bool = False, consumer: str | None = None, limit: int = 50) -> Sequence[EventListed]:
        """Events that a consumer has tried and not received yet; with `dead` those that were given up, for a person to see (M3)."""
        ...


class Gateway(Protocol):
    """A way to be paid. Every call is idempotent by its key as far as the capabilities say, and ends within `call_timeout`."""

    @property
    def name(self) -> str:
        """How attempts name this gateway. Stored: never change it."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can and cannot do."""
        ...

    def authorize(self, request: Authorize) -> Fact:
        """Reserve, or with `capture` take, the money. Raises NoAnswer."""
        ...

    def capture(self, request: Capture) -> Fact:
        """Take reserved money. Raises NoAnswer."""
        ...

    def void(self, request: Void) -> Fact:
        """Let it go, and refuse a later authorize under that key. Answers what is true, if it cannot. Raises NoAnswer."""
        ...

    def refund(self, request: Refund) -> Fact:
        """Send it back. Raises NoAnswer."""
        ...

    def inquire(self, request: Inquire) -> Fact:
        """What is true of this payment. Raises NoAnswer."""
        ...


class Notifier(Protocol):
    """Tells people. It is fed by the outbox: it cannot fail, slow or roll back an order."""

    @property
    def name(self) -> str:
        """The consumer's name in the outbox."""
        ...

    def notify(self, notice: Notice) -> None:
        """Deliver once for each `notice.id`. Raises Unavailable if the far side is away, Undeliverable if it never will take this;
        anything else is tried again, a bounded number of times (M3).
        """
        ...


class Catalog(Protocol):
    """What is for sale."""

    def products(self, skus: Sequence[str]) -> Mapping[str, Product]:
        """The products that exist among these SKUs."""
        ...

    def promotions(self, codes: Sequence[str]) -> Sequence[Promotion | Refused]:
        """All automatic promotions, and those behind these canonical codes, each once (`codes.answered`).

        A refusal, its subject the code, says why a code does nothing; a code of which nothing is said is unknown.
        """
        ...


class Prices(Protocol):
    """Other prices than the catalogue's."""

    def prices(self, skus: Sequence[str]) -> PriceBook:
        """The price lists that name one of these SKUs, compiled; more do no harm. Keep the book, and give it again until it changes."""
        ...


class Experiments(Protocol):
    """What the shop tries out."""

    def experiments(self) -> Sequence[Experiment]:
        """All experiments, whether they run or not; each has an id of its own."""
        ...


class Customers(Protocol):
    """What the host knows of who buys."""

    def shopper(self, customer: str | None, email: str | None) -> Shopper:
        """The groups and the orders of a signed-in customer, or of a guest who gave that address; `Shopper()` if nothing is known."""
        ...


class TaxRates(Protocol):
    """What tax is due where, as the shop's own table says."""

    def rates(self, destination: Destination, categories: Sequence[str], at: datetime) -> Mapping[str, tuple[TaxRate, ...] | None]:
        """The rates of each category there and then (UTC); None where it is not known, which refuses the sale (G2)."""
        ...


class TaxProvider(Protocol):
    """Somebody else who says what tax is due where. A quote is not made while it is asked: its answer ends within a few seconds."""

    @property
    def name(self) -> str:
        """How quotes name this provider. Stored: never change it."""
        ...

    def estimate(self, destination: Destination, categories: Sequence[str], at: datetime) -> TaxEstimate:
        """The rates of each category there and then (UTC). Asking changes nothing. Raises Unavailable or NoAnswer if it is away, or has
        taken too long; then the shop does as its policy's `tax_outage` says.
        """
        ...


class TaxRecords(Protocol):
    """Where a tax provider keeps what was sold. It is told through the outbox, at least once and perhaps late (`TaxReporter`)."""

    @property
    def name(self) -> str:
        """The provider's name, as in the quotes."""
        ...

    def commit(self, sale: TaxSale) -> None:
        """Book this sale, once for its key; after a void of that key, nothing. Raises Unavailable, NoAnswer; Undeliverable if never."""
        ...

    def void(self, key: str) -> None:
        """Take it back, and refuse a commit under that key that comes later. One that it does not know is no fault. Raises as `commit`."""
        ...


class ShippingRates(Protocol):
    """How it gets there."""

    def options(self, shipment: Shipment) -> Sequence[ShippingOption | Refused]:
        """Each method for those parcels: its price for all of them together, or why not. The shop works out the days of arrival."""
        ...


class Carrier(Protocol):
    """Somebody who carries parcels, and says what that costs. A quote is not made while it is asked: it answers within a few seconds."""

    @property
    def name(self) -> str:
        """How quotes name this carrier. Stored: never change it."""
        ...

    def rates(self, shipment: Shipment) -> Sequence[CarrierRate]:
        """What each of its services that goes there asks for these parcels together. Asking changes nothing.

        Raises Unavailable or NoAnswer if it is away, or has taken too long.
        """
        ...


class AddressBook(Protocol):
    """What countries ask of addresses. It is data, and asks nobody; what it says names fields and repeats no text of them (R24)."""

    def checked(self, address: Address) -> Address | tuple[Refused, ...]:
        """The address, with what has only one reading written in one way; or one refusal for each field that is wrong.

        It fills in nothing that is empty, and checking twice is checking once. The subject of a refusal is `ship_to.` and the field.
        """
        ...

    def layout(self, country: str) -> Layout | Refused:
        """What a form for that country (ISO 3166-1 alpha-2) asks."""
        ...

    def written(self, address: Address) -> tuple[str, ...]:
        """The lines on a parcel as that country writes them, its name last; every text of the address is in them, perhaps in capitals."""
        ...

    def phone(self, text: str, country: str | None) -> str | Refused:
        """The number in one form, such as E.164; typed as in that country, or as from abroad if none is known."""
        ...


class Admin(Protocol):
    """The upkeep of a store. It is for operators and deploys; a shop never calls it."""

    def upgrade(self) -> Sequence[str]:
        """Bring the store to this release's shape, or make it; what was done, in order. Raises Misconfigured, Unavailable."""
        ...

    def current(self) -> str | None:
        """The revision the store is at; None if there is none yet. Raises Misconfigured for a store of another program."""
        ...

    def check(self) -> Sequence[str]:
        """What is not as this release needs it, in words that say what to do; nothing if all is well."""
        ...


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Now, aware UTC (R15)."""
        ...


class Ids(Protocol):
    """New names for things."""

    def new(self) -> str:
        """A new id: unique, and no secret."""
        ...

    def order_number(self) -> str:
        """A number for people: short, unguessable, checksummed."""
        ...
