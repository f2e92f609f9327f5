"""The ports of a simulated shop. Each call passes control; what it does is done by the world, with the fault that strikes."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from attrs import evolve, frozen

from checkout_core.catalog import Product
from checkout_core.customers import Destination
from checkout_core.drive import Shortage
from checkout_core.effects import Authorize, Capture, Inquire, Refund, RemoteEffect, Void
from checkout_core.errors import NoAnswer, NotFound, Unavailable, Undeliverable
from checkout_core.events import Event
from checkout_core.holds import Pool, PoolKey
from checkout_core.memory import MemoryCatalog
from checkout_core.money import Money
from checkout_core.notices import Notice
from checkout_core.payments import Capabilities, Fact
from checkout_core.ports import Clock
from checkout_core.prices import PriceBook
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refusal, Refused
from checkout_core.shipping import Shipment, ShippingOption
from checkout_core.simulation.chance import SECOND
from checkout_core.simulation.draws import draw
from checkout_core.simulation.kernel import Call, Kernel, Process
from checkout_core.simulation.scenarios import GatewayTerms
from checkout_core.simulation.violations import Violation
from checkout_core.simulation.watching import Watched
from checkout_core.system import number_of
from checkout_core.tax import TaxRate
from checkout_core.unit import Unit, View

T = TypeVar("T")
OUTAGE: Final = 240
"""An outage of the mail is so many times as long as the wait that was drawn for it: up to eight hours."""
TRIES: Final = 5
"""How often a store runs a unit before it says that it is busy."""
UNSAID: Final = "The store cannot tell whether it committed."


class Provides(Protocol):
    """A gateway's truth, as the shop's calls reach it."""

    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def terms(self) -> GatewayTerms: ...
    def takes(self, request: RemoteEffect) -> int: ...
    def call(self, request: RemoteEffect, fault: str = "", delay: int = 60) -> Fact: ...


class Observer(Protocol):
    """Who hears of every commit, with its write set, and of every unit that was short of something."""

    def committed(self, unit: Watched) -> None: ...
    def rolled_back(self) -> None: ...
    def shorted(self, unit: Watched) -> None: ...
    def ran_again(self, first: Watched, again: Watched) -> None: ...
    def refused(self, unit: Watched, refusal: Refusal) -> None: ...


class Stores(Protocol):
    """A store without faults: any of ours, or a host's."""

    def transact(self, work: Callable[[Unit], T]) -> T: ...
    def look(self, work: Callable[[View], T]) -> T: ...
    def due(self, limit: int) -> Sequence[str]: ...
    def blocking(self, pool: PoolKey, limit: int) -> Sequence[str]: ...
    def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]: ...
    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]: ...


class RolledBack(Exception):
    """Raised inside a unit to undo it."""


@frozen
class Again:
    """The unit has to be run again; `committed` is what it wrote, if it has committed. `lost`: nobody knows whether it has."""

    committed: Watched | None = None
    lost: bool = False


_AGAIN: Final = Again()
_LOST: Final = Again(lost=True)


class FaultyStore:
    """A store's side of the calls: one unit with one fault."""

    def __init__(self, inner: Stores, kernel: Kernel, observer: Observer) -> None:
        self.inner = inner
        self.kernel = kernel
        self.observer = observer
        self.exhausted = 0  # units that were run as often as a unit is, in vain

    def unit(self, work: Callable[[Unit], T], fault: str, *, first: Watched | None = None) -> T | Again:
        """Run it once; `first` is this very unit as it has committed before, if that answer was lost."""
        if fault in ("busy", "disk_full"):
            raise Unavailable("The store is busy. Try again." if fault == "busy" else "The store cannot write: its disk is full.")
        rolls_back = fault in _ROLL_BACK
        seen: Watched | None = None

        def watched(unit: Unit) -> T:
            nonlocal seen
            seen = Watched(unit)
            result = work(seen)
            task = self.kernel.current
            if task is not None and seen.about:
                task.about = seen.about
            if rolls_back:
                raise RolledBack
            return result

        try:
            result = self.inner.transact(watched)
        except Shortage:
            if seen is not None:
                self.observer.shorted(seen)
            raise
        except Refusal as refusal:
            if seen is not None:
                self.observer.refused(seen, refusal)
            raise
        except RolledBack:
            self.observer.rolled_back()
            if fault == "unsure_lost":
                raise NoAnswer(UNSAID) from None
            return _LOST if fault == "ambig_lost" else _AGAIN
        if seen is not None:
            self.observer.committed(seen)
            if first is not None:
                self.observer.ran_again(first, seen)
        if fault == "unsure_applied":
            raise NoAnswer(UNSAID)
        if fault == "ambig_applied":
            return Again(seen, lost=True)
        return result


_ROLL_BACK: Final = frozenset({"serialization", "deadlock", "conn_lost", "ambig_lost", "unsure_lost"})


class SimStorage:
    """The storage port of one process."""

    def __init__(self, store: FaultyStore) -> None:
        self.store = store

    async def transact(self, work: Callable[[Unit], T]) -> T:
        first: Watched | None = None

        def run(fault: str) -> T | Again:
            return self.store.unit(work, fault, first=first)

        lost = False  # one COMMIT without an answer, and no later failure may say that nothing happened (E4)
        for _ in range(TRIES):
            try:
                came = await Call("store.transact", run)
            except Unavailable as fault:
                if lost:
                    raise NoAnswer(UNSAID) from fault
                raise
            if not isinstance(came, Again):
                return came  # type: ignore[no-any-return]
            first, lost = came.committed or first, lost or came.lost
        self.store.exhausted += 1
        raise NoAnswer(UNSAID) if lost else Unavailable("The store kept being busy. Try again.")

    async def look(self, work: Callable[[View], T]) -> T:
        return await self._read("store.look", lambda: self.store.inner.look(work))

    async def due(self, limit: int) -> Sequence[str]:
        return await self._read("store.due", lambda: self.store.inner.due(limit))

    async def blocking(self, pool: PoolKey, limit: int) -> Sequence[str]:
        return await self._read("store.blocking", lambda: self.store.inner.blocking(pool, limit))

    async def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        return await self._read("store.pools", lambda: self.store.inner.pools(keys))

    async def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        return await self._read("store.undelivered", lambda: self.store.inner.undelivered(consumer, limit))

    async def _read(self, name: str, read: Callable[[], T]) -> T:
        def run(fault: str) -> T:
            if fault == "busy":
                raise Unavailable("The store is busy. Try again.")
            return read()

        return await Call(name, run)  # type: ignore[no-any-return]


class SimGateway:
    """The gateway port of one process."""

    def __init__(self, name: str, provider: Provides, kernel: Kernel, clock: Clock) -> None:
        self.name = name
        self.capabilities = provider.capabilities
        self.provider = provider
        self.kernel = kernel
        self.clock = clock

    async def authorize(self, request: Authorize) -> Fact:
        return await self._ask("gateway.authorize", request)

    async def capture(self, request: Capture) -> Fact:
        return await self._ask("gateway.capture", request)

    async def void(self, request: Void) -> Fact:
        return await self._ask("gateway.void", request)

    async def refund(self, request: Refund) -> Fact:
        return await self._ask("gateway.refund", request)

    async def inquire(self, request: Inquire) -> Fact:
        return await self._ask("gateway.inquire", request)

    async def _ask(self, name: str, request: RemoteEffect) -> Fact:
        kernel, provider = self.kernel, self.provider
        takes = provider.takes(request) * SECOND
        checks_by, gives_up = provider.terms.checks_by, kernel.now + provider.capabilities.call_timeout * SECOND

        def send(fault: str) -> Fact:
            if isinstance(request, Authorize) and (kernel.now > gives_up or (checks_by and self.clock.now() > request.by)):
                raise NoAnswer("It was too late to send it.")  # the process has slept, and others may have gone on
            return provider.call(request, fault, max(kernel.span // SECOND, 1))

        return await Call(name, send, takes)  # type: ignore[no-any-return]


class Shelf:
    """What the host's own ports say now; a shopkeeper may change it at any moment."""

    def __init__(self, catalog: MemoryCatalog) -> None:
        self.catalog = catalog

    def reprice(self, sku: str, price: Money) -> None:
        """Something has this price from now on. Raises NotFound."""
        catalog = self.catalog
        product = catalog.items.get(sku)
        if product is None:
            raise NotFound("product", sku)
        dearer = evolve(product, prices={**product.prices, price.currency: price})
        self.catalog = evolve(catalog, items=[*(p for p in catalog.items.values() if p.sku != sku), dearer])


class SimCatalog:
    """The catalogue, tax and shipping ports of one process."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    async def products(self, skus: Sequence[str]) -> Mapping[str, Product]:
        return await self._ask("catalog.products", lambda catalog: catalog.products(skus))

    async def promotions(self, codes: Sequence[str]) -> Sequence[Promotion]:
        return await self._ask("catalog.promotions", lambda catalog: catalog.promotions(codes))

    async def prices(self, skus: Sequence[str]) -> PriceBook:
        """The lists come with the catalogue, so no fault of their own can strike them."""
        return self.shelf.catalog.prices(skus)

    async def rates(self, destination: Destination, categories: Sequence[str], at: datetime) -> Mapping[str, tuple[TaxRate, ...] | None]:
        return await self._ask("taxes.rates", lambda catalog: catalog.rates(destination, categories, at))

    async def options(self, shipment: Shipment) -> Sequence[ShippingOption | Refused]:
        return await self._ask("shipping.options", lambda catalog: catalog.options(shipment))

    async def _ask(self, name: str, ask: Callable[[MemoryCatalog], T]) -> T:
        def run(fault: str) -> T:
            if fault == "facts_down":
                raise Unavailable("The catalogue cannot be reached. Try again.")
            return ask(self.shelf.catalog)

        return await Call(name, run)  # type: ignore[no-any-return]


class Mailbox:
    """Where notices arrive: the far side's own record, event by event."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Notice]] = []
        self.poisoned: set[str] = set()
        self.broken: set[str] = set()
        self.back_at = 0


class SimNotifier:
    """The notifier port of one process."""

    name = "mailbox"

    def __init__(self, box: Mailbox, events: Container[str], kernel: Kernel) -> None:
        self.box = box
        self.events = events
        self.kernel = kernel

    async def notify(self, notice: Notice) -> None:
        await Call("notifier.notify", lambda fault: self._send(notice, fault))

    def _send(self, notice: Notice, fault: str) -> None:
        kernel, box = self.kernel, self.box
        if fault == "mail_out":
            box.back_at = max(box.back_at, kernel.now + kernel.span * OUTAGE)
        if fault == "mail_down" or kernel.now < box.back_at:
            raise Unavailable("The mail server is away.")
        if fault == "mail_broken":
            box.broken.add(notice.id)
        if notice.id in box.broken:
            box.poisoned.add(notice.id)
            raise KeyError("no template for this message")
        if fault == "poison":
            self.box.poisoned.add(notice.id)
            raise Undeliverable("This message can never be sent.")
        if notice.id not in self.events:
            raise Violation(
                "I15",
                "a message was sent of something that was not committed",
                (f"the message: {notice.event.kind} {notice.id}", "the store: no such event"),
                notice.event.checkout,
            )
        self.box.sent.append((notice.id, notice))
        if fault == "mail_unsure":
            raise NoAnswer("The mail server took it, perhaps.")


class SimClock:
    """The clock of one process, which may be wrong."""

    def __init__(self, kernel: Kernel, process: Process | None = None) -> None:
        self.kernel = kernel
        self.process = process

    def now(self) -> datetime:
        process = self.process
        if process is None or not process.skew:
            return self.kernel.instant
        return self.kernel.instant + timedelta(microseconds=process.skew)


_NUMBERS: Final = b"order numbers"


class SimIds:
    """Names after whoever asks for them, so that taking one shopper away renames nothing of another's."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def new(self) -> str:
        return self._next("id")

    def order_number(self) -> str:
        return number_of(draw(_NUMBERS, self._next("number")) & (1 << 45) - 1)

    def _next(self, kind: str) -> str:
        task = self.kernel.current
        if task is None:
            raise RuntimeError("Only what runs in the simulation asks for ids.")
        n = task.counts[kind] = task.counts.get(kind, 0) + 1
        return f"{task.name}-{n}"
