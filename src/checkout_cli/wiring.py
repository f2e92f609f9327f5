"""The one place that chooses adapters: everything else in the command works on what it is given.

    opened(settings)     a shop on its database: storage, lists, shop, worker, the sandbox's books
    upkeep(settings)     make, upgrade and check that database
    read_files(folder)   a shop as a folder of files

What stands beside an SQLite database `shop.db`: the secret in `shop.db.key` (for its owner alone), the sandbox gateway's own books in
`shop.db.sandbox`, and mails in the folder `shop.db.mail`. Beside the database `shop` of a server there is no such place: books and mails
are put next to the configuration file, else where the command runs (`shop.sandbox`, `shop.mail`); the secret has to be configured,
because every machine that uses the database needs the same.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import logging
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import define, evolve, frozen

from checkout_adapters.sandbox import SCRIPTS, SandboxBooks, SandboxGateway
from checkout_adapters.seeds import seed_csv as seed_csv
from checkout_adapters.seeds import seed_table as seed_table
from checkout_adapters.tax_ids import checked_vat_id as checked_vat_id
from checkout_cli.config import SECRET_AT_LEAST, Settings, named_db
from checkout_cli.exits import WrongUsage
from checkout_cli.stage import Kept, Letter, Stage
from checkout_core import CarrierShipping, Money, Policy, Product, Promotion, ShippingMethod, Shop, TaxReporter, Worker, plugins
from checkout_core.customers import Destination
from checkout_core.errors import Misconfigured, NotFound
from checkout_core.holds import Stock
from checkout_core.ports import AddressBook, Admin, Clock, Ids
from checkout_core.prices import PriceBook
from checkout_core.sync.ports import Carrier, Gateway, Notifier, ShippingRates, TaxProvider
from checkout_core.sync.regulars import OwnOrders
from checkout_core.sync.tax_asking import taxes_due
from checkout_core.system import SystemClock, SystemIds, number_of
from checkout_core.tax import TaxRow
from checkout_core.tax_provider import TaxSource
from checkout_core.tax_relief import Taxes

if TYPE_CHECKING:  # `as`: other rooms of the command name these types, and import them from here
    from checkout_adapters.files import Rules as Rules
    from checkout_adapters.files import ShopFiles as ShopFiles
    from checkout_adapters.sqlalchemy.catalog import SqlCatalog
    from checkout_adapters.sqlalchemy.codes import BatchListed as BatchListed
    from checkout_adapters.sqlalchemy.codes import CodeListed as CodeListed
    from checkout_adapters.sqlalchemy.codes import SqlCodes
    from checkout_adapters.sqlalchemy.fsck import Check as Check
    from checkout_adapters.sqlalchemy.fsck import Finding as Finding
    from checkout_adapters.sqlalchemy.queries import SqlQueries
    from checkout_adapters.sqlalchemy.shelf import CatalogChange as CatalogChange
    from checkout_adapters.sqlalchemy.shelf import LoadPlan as LoadPlan
    from checkout_adapters.sqlalchemy.simulating import SqliteLevel
    from checkout_adapters.sqlalchemy.store import SqlStorage

# Ctrl-C while a connection is given back is logged there, with its traceback; without a handler Python prints that on the screen.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())

SANDBOX_TOKENS = SCRIPTS


@frozen
class Backend:
    """A shop on its database. What is not asked for is not made: a list needs no gateway."""

    settings: Settings
    storage: SqlStorage
    catalog: SqlCatalog
    clock: Clock
    ids: Ids

    @cached_property
    def queries(self) -> SqlQueries:
        """Lists and reports."""
        from checkout_adapters.sqlalchemy.queries import SqlQueries

        return SqlQueries(self.storage)

    @cached_property
    def books(self) -> SandboxBooks | None:
        """What the sandbox gateway knows, beside the database; None for a shop without it."""
        if "sandbox" not in self.settings.gateways:
            return None
        return SandboxBooks(self.clock, beside(self.settings, ".sandbox"))

    @cached_property
    def gateways(self) -> tuple[Gateway, ...]:
        """The gateways by their registered names."""
        return tuple(self._gateway(name) for name in self.settings.gateways)

    def _gateway(self, name: str) -> Gateway:
        make = cast(Any, plugins.load("checkout_core.gateways", name))
        given = dict(self.settings.made_with.get(name, {}))
        if make is SandboxGateway:
            given = {"books": self.books, **given}
        try:
            return cast(Gateway, make(**given))
        except (TypeError, ValueError) as error:
            raise Misconfigured(f"The gateway {name!r} cannot be made with what gateway.{name} says: {error}.") from None

    @cached_property
    def tax_provider(self) -> TaxProvider | None:
        """Who is asked what tax is due, if that is not the shop's own table."""
        if (name := self.settings.tax_provider) is None:
            return None
        make = cast(Any, plugins.load(plugins.TAX_PROVIDERS, name))
        try:
            return cast(TaxProvider, make(**self.settings.taxes_made_with))
        except (TypeError, ValueError) as error:
            raise Misconfigured(f"The tax provider {name!r} cannot be made with what tax.{name} says: {error}.") from None

    @cached_property
    def asked_for_tax(self) -> TaxProvider | None:
        """The same, with a time-out, for quotes. What was sold is told to the provider itself, by the worker, where nobody waits."""
        from checkout_adapters.prompt import PromptTaxProvider

        return None if self.tax_provider is None else PromptTaxProvider(self.tax_provider, self.settings.tax_seconds)

    @cached_property
    def shipping(self) -> ShippingRates:
        """The ways to send: the shop's own table, with the prices of carriers where some are asked."""
        from checkout_adapters.prompt import PromptCarrier

        settings, carriers = self.settings, list[Carrier]()
        if not settings.services:
            return self.catalog
        known = [method.id for method in self.methods()]
        if unknown := [method for method in settings.services if method not in known]:
            raise Misconfigured(f"services.{unknown[0]}: this shop has no such way to send. It has {', '.join(known) or 'none'}.")
        for name in dict.fromkeys([carrier for carrier, _ in settings.services.values()]):
            make = cast(Any, plugins.load(plugins.CARRIERS, name))
            try:
                made = make(**settings.carriers_made_with.get(name, {}))
            except (TypeError, ValueError) as error:
                raise Misconfigured(f"The carrier {name!r} cannot be made with what carrier.{name} says: {error}.") from None
            carriers.append(PromptCarrier(cast(Carrier, made), settings.carrier_seconds))
        return CarrierShipping(self.catalog, carriers, settings.services, outage=settings.carrier_outage)

    def taxes_due(self, to: Destination, categories: Sequence[str], at: datetime) -> tuple[Taxes, TaxSource | None]:
        """What is due there and then, and who says so, as the shop asks it."""
        return taxes_due(self.catalog, self.asked_for_tax, self.settings.tax_outage, to, categories, at)

    @cached_property
    def places(self) -> Policy:
        """Where goods lie and how they are sent, and nothing else: as configured, else as loaded, else the one place there is."""
        from checkout_adapters.files import Location, with_places
        from checkout_adapters.sqlalchemy.catalog import read_settings
        from checkout_adapters.sqlalchemy.shelf import locations_of, sourcing_of

        known = self.storage.read(read_settings)
        loaded = {place.id: place for place in locations_of(known)}
        places = [loaded.get(id) or Location(id, id) for id in self.settings.locations or loaded]
        return with_places(Policy(), places, sourcing_of(known)) if places else Policy()

    @property
    def locations(self) -> tuple[str, ...]:
        """Where goods lie, in the order they are used."""
        return self.places.locations

    @cached_property
    def shop(self) -> Shop:
        """The shop itself."""
        return Shop(
            storage=self.storage,
            gateways=self.gateways,
            catalog=self.catalog,
            tax_provider=self.asked_for_tax,
            shipping=self.shipping,
            customers=OwnOrders(self.queries),
            addresses=None if self.settings.addresses is None else address_book(self.settings.addresses),
            clock=self.clock,
            ids=self.ids,
            policy=evolve(
                self.places,
                identity_secret=secret_of(self.settings) or b"",
                home=self.settings.home,
                pricing=self.settings.pricing,
                channels=self.settings.channels,
                promise_for=self.settings.promise_for,
                tax_outage=self.settings.tax_outage,
                unpaid_at_most=self.settings.unpaid_at_most,
            ),
            production=self.settings.production,
        )

    def over(self, requests: int | None, checkouts: int | None, carts: int | None) -> Mapping[str, int]:
        """How much is over that was not touched for so many days, by table."""
        from checkout_adapters.sqlalchemy.retention import Retention, over

        return over(self.storage, Retention(requests, checkouts, carts))

    def retire(self, requests: int | None, checkouts: int | None, carts: int | None) -> Iterator[Mapping[str, int]]:
        """Remove that, batch by batch: what each has removed."""
        from checkout_adapters.sqlalchemy.retention import Retention, retire

        return retire(self.storage, Retention(requests, checkouts, carts))

    @cached_property
    def notifiers(self) -> tuple[Notifier, ...]:
        """Who is told what happened: mail, into a folder or to a server; and the tax provider, if it keeps records of sales."""
        from checkout_adapters.notify import FolderTransport, MailNotifier, SmtpTransport, Transport
        from checkout_adapters.sqlalchemy.catalog import read_settings

        mail = self.settings.mail
        transport: Transport = (
            FolderTransport(mail.folder or beside(self.settings, ".mail"))
            if mail.host is None
            else SmtpTransport(mail.host, mail.port, mail.user, mail.password, tls=mail.tls)
        )
        known = self.storage.read(read_settings)
        sender = mail.sender or known.get("shop-sender") or "shop@localhost.localdomain"
        letters = MailNotifier(transport, sender=sender, shop_name=mail.shop or known.get("shop-name") or "The shop")
        provider: Any = self.tax_provider
        return (letters, TaxReporter(provider)) if hasattr(provider, "commit") else (letters,)

    @cached_property
    def worker(self) -> Worker:
        """What goes on without a shopper."""
        return Worker(self.shop, self.notifiers)

    def products(self) -> Sequence[Product]:
        """Everything that is or was for sale, in the order of the catalogue."""
        from checkout_adapters.sqlalchemy.catalog import read_products

        return self.storage.read(lambda connection: read_products(connection, withdrawn=True))

    def withdrawn(self) -> frozenset[str]:
        """The SKUs of what was for sale and is no longer."""
        from checkout_adapters.sqlalchemy.catalog import read_shelf

        return frozenset(self.storage.read(read_shelf).withdrawn)

    def promotions(self) -> Sequence[Promotion]:
        """Every promotion, with a code or without."""
        from checkout_adapters.sqlalchemy.catalog import read_shelf

        return self.storage.read(lambda connection: read_shelf(connection).of(Promotion))

    @cached_property
    def codes(self) -> SqlCodes:
        """The issued codes."""
        from checkout_adapters.sqlalchemy.codes import SqlCodes

        return SqlCodes(self.storage)

    def methods(self) -> Sequence[ShippingMethod]:
        """Every way to send."""
        from checkout_adapters.sqlalchemy.catalog import read_shelf

        return self.storage.read(lambda connection: read_shelf(connection).of(ShippingMethod))

    def prices(self) -> PriceBook:
        """Every price list."""
        return self.catalog.prices(())

    def tax_rows(self) -> Sequence[TaxRow]:
        """Every tax row."""
        from checkout_adapters.sqlalchemy.catalog import read_shelf

        return self.storage.read(lambda connection: read_shelf(connection).of(TaxRow))

    def plan_load(self, files: ShopFiles) -> LoadPlan:
        """What loading these files would change now."""
        from checkout_adapters.sqlalchemy.catalog import plan_load

        return self.storage.read(lambda connection: plan_load(connection, files))

    def load(self, files: ShopFiles, *, actor: str, reason: str) -> LoadPlan:
        """Load these files in one transaction; what was changed."""
        from checkout_adapters.sqlalchemy.catalog import load_shop
        from checkout_adapters.sqlalchemy.faults import translated

        with translated(), self.storage.engine.begin() as connection:
            return load_shop(connection, files, now=self.storage.time_on(connection), actor=actor, reason=reason)

    def fsck(self, progress: Callable[[Check, Finding | None], None] | None = None) -> tuple[Finding, ...]:
        """What is not as the invariants say. Where the sandbox is the only gateway, its own books are compared: in a transaction that
        lets nobody write meanwhile, so that both stand still.
        """
        from checkout_adapters.sqlalchemy.engines import STILL
        from checkout_adapters.sqlalchemy.faults import translated
        from checkout_adapters.sqlalchemy.fsck import GatewayRow, check

        books = self.books if self.settings.gateways == ("sandbox",) and beside(self.settings, ".sandbox").exists() else None
        if books is None:
            return self.storage.read(lambda connection: check(connection, None, self.storage.time_on(connection), progress=progress))
        with translated(), self.storage.engine.connect() as connection, connection.execution_options(**STILL).begin():
            theirs = [GatewayRow(p.key, p.currency, p.captured, p.refunded, str(p.state)) for p in books.payments()]
            return check(connection, theirs, self.storage.time_on(connection), progress=progress)


@contextmanager
def opened(settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None) -> Iterator[Backend]:
    """The shop on the database that the settings name. Raises WrongUsage, Misconfigured, Unavailable."""
    name = named_db(settings)

    from checkout_adapters.sqlalchemy.catalog import SqlCatalog
    from checkout_adapters.sqlalchemy.store import SqlStorage

    time = clock or SystemClock()
    with SqlStorage(name, clock=clock, busy_timeout=settings.busy_timeout) as storage:
        yield Backend(settings, storage, SqlCatalog(storage), time, ids or SystemIds())


def address_book(name: str) -> AddressBook:
    """The address book that is registered under that name. Raises Misconfigured if there is none."""
    return cast(AddressBook, plugins.load(plugins.ADDRESSES, name)())  # type: ignore[operator]


def upkeep(settings: Settings) -> Admin:
    """The upkeep of the database that the settings name."""
    from checkout_adapters.sqlalchemy.admin import SqlAdmin

    return SqlAdmin(named_db(settings), busy_timeout=settings.busy_timeout)


def database_path(settings: Settings) -> Path | None:
    """The file of that database; None for one on a server. Raises Misconfigured for what is neither."""
    from checkout_adapters.sqlalchemy.engines import path_of, server_of

    name = named_db(settings)
    return path_of(name) if server_of(name) is None else None


def database_name(settings: Settings) -> str:
    """What to call the database before people: its file, or its URL without the password."""
    from checkout_adapters.sqlalchemy.engines import server_of

    server = server_of(named_db(settings))
    return str(database_path(settings)) if server is None else server.set(query={}).render_as_string(hide_password=True)


def beside(settings: Settings, suffix: str) -> Path:
    """What stands beside the database's file, or belongs to a server's database, under its name and a suffix."""
    from checkout_adapters.sqlalchemy.engines import server_of

    server = server_of(named_db(settings))
    if server is None:
        return Path(f"{database_path(settings)}{suffix}")
    folder = Path() if settings.config is None else settings.config.parent
    return folder / f"{server.database}{suffix}"


def around(path: Path) -> tuple[Path, ...]:
    """A database's file, and all that this release or SQLite puts beside it, whether it is there or not."""
    return tuple(
        Path(f"{path}{suffix}") for suffix in ("", ".key", ".sandbox", ".mail", *(b + s for b in ("", ".sandbox") for s in _OF_SQLITE))
    )


_OF_SQLITE = ("-wal", "-shm", "-journal")


def secret_of(settings: Settings) -> bytes | None:
    """The identity secret: as configured, else from the key file, else None. Raises WrongUsage for a key file that holds none."""
    if settings.identity_secret is not None or database_path(settings) is None:
        return settings.identity_secret
    path = beside(settings, ".key")
    if not path.exists():
        return None
    secret = path.read_bytes().strip()
    if len(secret) < SECRET_AT_LEAST:
        raise WrongUsage(f"{path} holds no secret of {SECRET_AT_LEAST} bytes or more. Restore it; a new one would count everybody anew.")
    return secret


def make_key(settings: Settings) -> Path | None:
    """A new secret in the key file, for its owner alone; None if there is one already."""
    path = beside(settings, ".key")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
    return path


def read_files(folder: Path) -> ShopFiles:
    """The shop in that folder. Raises BadFiles with every mistake."""
    from checkout_adapters.files import read_shop

    return read_shop(folder)


def other_rules(path: Path, beside: ShopFiles | Backend) -> Rules:
    """Other promotions and experiments for this shop: a folder, or a promotions.toml. Raises BadFiles with every mistake."""
    from checkout_adapters.files import known_of, read_rules

    known = known_of(beside.products(), beside.methods(), beside.catalog.experiments()) if isinstance(beside, Backend) else beside
    return read_rules(path, known)


@frozen
class StandingClock:
    """A clock that stands still: whatever is asked is asked at one instant."""

    time: datetime

    def now(self) -> datetime:
        return self.time


def looking(settings: Settings, now: datetime) -> AbstractContextManager[Backend]:
    """The shop on that database as it is at that instant, to be looked at: it has no gateways."""
    return opened(evolve(settings, gateways=()), clock=StandingClock(now))


def locations_words(before: str, after: str) -> tuple[str, str]:
    """Kept locations as people read them; with all that is known of each, if they are the same ones in the same order."""
    from checkout_adapters.files.places import kept_locations

    now, then = kept_locations(before), kept_locations(after)
    if [place.id for place in now] == [place.id for place in then]:
        return "; ".join(map(str, now)), "; ".join(map(str, then))
    return " and ".join([place.id for place in now]), " and ".join([place.id for place in then])


def needed_revision() -> str:
    """The revision of a database that this release reads and writes."""
    from checkout_adapters.sqlalchemy.engines import HEAD

    return HEAD


def every_check() -> Sequence[Check]:
    """All that `fsck` looks at."""
    from checkout_adapters.sqlalchemy.fsck import CHECKS

    return CHECKS


@define
class VirtualClock:
    """A clock that moves when the story does: the demo is the same every time, and takes no time."""

    time: datetime = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def forward(self, seconds: int) -> None:
        self.time += timedelta(seconds=seconds)


@define
class SeededIds:
    """Ids that follow from a seed and a count."""

    seed: str = "demo"
    count: int = 0

    def _next(self) -> bytes:
        self.count += 1
        return hashlib.sha256(f"{self.seed}/{self.count}".encode()).digest()

    def new(self) -> str:
        return self._next().hex()[:12]

    def order_number(self) -> str:
        return number_of(int.from_bytes(self._next()[:6], "big") >> 3)


# A stage for scripts.
@frozen
class ScriptWorld:
    """What scripts may do to a shop from outside, and the views that say whether it all adds up."""

    backend: Backend

    def reprice(self, sku: str, price: Money) -> None:
        """The catalogue has this price from now on. Raises NotFound."""
        from checkout_adapters.sqlalchemy.catalog import put_product
        from checkout_adapters.sqlalchemy.faults import translated

        product = self.backend.catalog.products([sku]).get(sku)
        if product is None:
            raise NotFound("product", sku)
        with translated(), self.backend.storage.engine.begin() as connection:
            put_product(connection, evolve(product, prices={**product.prices, price.currency: price}))

    def move_stock(self, sku: str, location: str, delta: int, reason: str) -> None:
        """Goods come in or go out. Raises Refusal for what is promised."""
        self.backend.shop.receive(sku, delta, reason=reason, actor="script", location=location)

    def allow_backorders(self, sku: str, location: str, limit: int, reason: str) -> None:
        """So many may be sold that are not there. Raises Refusal for fewer than are sold so already."""
        self.backend.shop.allow_backorders(sku, limit, reason=reason, actor="script", location=location)

    def load_gift_card(self, number: str, amount: Money, reason: str) -> None:
        """Money is put on a gift card, or taken off. Raises Refusal for what is spent."""
        self.backend.shop.load_gift_card(number, amount, reason=reason, actor="script")

    def left(self, skus: Sequence[str]) -> Mapping[str, int]:
        """What can still be had of each SKU, over all locations."""
        levels = self.levels()
        return {sku: sum(number for key, number in levels.items() if key.sku == sku) for sku in skus}

    def levels(self) -> Mapping[Stock, int]:
        """What can be had of each SKU at each location."""
        return {Stock(level.sku, level.location): level.available for level in self.backend.queries.inventory(limit=100_000)}

    def mails(self) -> int:
        """How many mails were written."""
        return len(list(self._mail_folder.glob("*.eml")))

    def letters(self) -> Sequence[Letter]:
        """The mails, in the order of what they tell of."""
        found = []
        for path in self._mail_folder.glob("*.eml"):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            found.append((mail["Date"].datetime, path.name, str(mail["Subject"])))
        return [Letter(subject, name) for _, name, subject in sorted(found)]

    @property
    def _mail_folder(self) -> Path:
        return self.backend.settings.mail.folder or beside(self.backend.settings, ".mail")

    def money(self) -> Sequence[Kept]:
        """Three counts that share nothing: the gateway's own books, the ledger, the orders that stand."""
        gateway, ledger, orders = Counter[str](), Counter[str](), Counter[str]()
        for payment in self.backend.books.payments() if self.backend.books else ():
            gateway[payment.currency] += payment.captured - payment.refunded
        ledger.update(self._sums("SELECT currency, sum(amount) FROM ledger WHERE account = 'gateway' GROUP BY currency"))
        orders.update(self._sums("SELECT currency, sum(total) FROM orders WHERE status <> 'cancelled' GROUP BY currency"))
        return [Kept(code, gateway[code], ledger[code], orders[code]) for code in sorted({*gateway, *ledger, *orders})]

    def _sums(self, sql: str) -> dict[str, int]:
        return {code: int(amount) for code, amount in self.backend.storage.read(lambda connection: connection.exec_driver_sql(sql).all())}

    def check(self) -> Sequence[str]:
        """What `fsck` finds, a sentence each."""
        return [f"{one.check}: {one.sentence} ({one.count} rows)" for one in self.backend.fsck()]


def stage_on(backend: Backend, clock: VirtualClock) -> Stage:
    """A stage for scripts on an opened shop; `clock` is the one it was opened with."""
    world = ScriptWorld(backend)
    return Stage(backend.shop, backend.worker, clock, world, world.levels, world.money, world.check, world.letters)


@contextmanager
def staged(path: Path, files: ShopFiles, clock: VirtualClock, ids: Ids) -> Iterator[Stage]:
    """A stage on a new database in that file, with these files loaded. It plays the same every time: clock and ids are given."""
    settings = Settings(db=str(path))
    upkeep(settings).upgrade()
    make_key(settings)
    with opened(settings, clock=clock, ids=ids) as backend:
        backend.load(files, actor="demo", reason="opening stock")
        yield stage_on(backend, clock)


def sqlite_level() -> SqliteLevel:
    """Where simulated shops store in SQLite files, by the statements of every shop. Close it."""
    from checkout_adapters.sqlalchemy.simulating import SqliteLevel

    return SqliteLevel()
