"""A shop on a database file, as several processes see it: how it is made, how somebody buys there, and what must be true afterwards."""

from __future__ import annotations

import json
import mmap
import os
import shutil
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from attrs import asdict, define, frozen

from checkout_adapters.files import Location, OpeningStock, ShopFiles
from checkout_adapters.sandbox import SandboxBooks, SandboxGateway, State
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.catalog import SqlCatalog, load_shop
from checkout_adapters.sqlalchemy.engines import BUSY_TIMEOUT
from checkout_adapters.sqlalchemy.fsck import GatewayRow, check
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_adapters.sqlalchemy.tables import orders, payments, pools
from checkout_core import Card, Placed, Policy, Promotion, Ratio, Refused, Shop
from checkout_core.ports import Clock
from checkout_core.promotions import Percent
from checkout_core.sync.ports import Gateway
from checkout_core.system import SystemClock
from tests.world import ADA, BERLIN, SECRET, german_taxes, parcels, products

WELCOME: Final = Promotion("welcome", "Welcome", Percent(Ratio.parse("10")), code="HELLO", limit=100, per_person=50)
"""A coupon with a limit for all and one for each person, so that a purchase takes every kind of pool there is."""


@frozen
class Ago:
    """The machine's clock, so many seconds ago."""

    seconds: float

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=self.seconds)


class Behind:
    """The machine's clock, some seconds ago. Processes share how many: one that was halted finds that time has gone on meanwhile."""

    def __init__(self) -> None:
        self._seconds = mmap.mmap(-1, 8)

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=self.seconds)

    @property
    def seconds(self) -> float:
        return float(struct.unpack("d", self._seconds[:8])[0])

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        self._seconds[:8] = struct.pack("d", seconds)


def make_shop(path: Path, stock: int, promotions: tuple[Promotion, ...] = (WELCOME,)) -> None:
    """A database with a small loaded shop, so much of every product, and the secret beside it."""
    SqlAdmin(str(path)).upgrade()
    goods = tuple(products())
    opening = tuple(OpeningStock(product.sku, "main", stock) for product in goods if product.tracked)
    place = (Location("main", "The one place"),)
    files = ShopFiles("A shop", "shop@example.com", place, goods, promotions, german_taxes(), parcels(), opening)
    with SqlStorage(str(path)) as storage, storage.engine.begin() as connection:
        load_shop(connection, files, now=datetime.now(UTC), actor="test")
    _beside(path, ".key").write_bytes(SECRET)
    SandboxBooks(path=_beside(path, ".sandbox"))


def copy_shop(path: Path, to: Path) -> None:
    """The same shop, untouched, at another path; what was there goes."""
    for suffix in ("-wal", "-shm"):
        _beside(to, suffix).unlink(missing_ok=True)
    shutil.rmtree(_beside(to, ".mail"), ignore_errors=True)
    for suffix in ("", ".key", ".sandbox"):
        shutil.copyfile(_beside(path, suffix), _beside(to, suffix))


def books_of(path: Path, clock: Clock | None = None) -> SandboxBooks:
    """The sandbox's own books, beside the database."""
    return SandboxBooks(clock, _beside(path, ".sandbox"))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@contextmanager
def opened(
    path: Path,
    *,
    clock: Clock | None = None,
    gateway: Callable[[SandboxGateway], Gateway] = lambda plain: plain,
    slow: float = 0.0,
    busy_timeout: float = BUSY_TIMEOUT,
) -> Iterator[Shop]:
    """A shop of this process on that database; `tok_slow` takes so long in real time."""
    now = clock or SystemClock()
    with SqlStorage(str(path), clock=now, busy_timeout=busy_timeout) as storage:
        till = SandboxGateway(books_of(path, now), delay=slow, sleep=time.sleep if slow else None)
        policy = Policy(identity_secret=SECRET)
        yield Shop(storage=storage, gateways=[gateway(till)], catalog=SqlCatalog(storage), clock=now, policy=policy)


@define
class Shopper:
    """Somebody at a browser: knows what was answered, and repeats what was not, under the same key."""

    name: str
    token: str = "tok_ok"
    codes: tuple[str, ...] = ()
    cart: str = ""
    filled: bool = False
    checkout: str = ""
    total: str = ""
    order: str = ""
    refused: str = ""
    at: str = ""  # the call that has not been answered

    def buy(
        self, shop: Shop, answered: Callable[[Shopper], object] = lambda _: None, before_paying: Callable[[], object] = lambda: None
    ) -> None:
        """Buy one mug, from the first call that was not answered on."""
        if not self.cart:
            self.at = "open_cart"
            self.cart = shop.open_cart(currency="EUR", key=f"{self.name}-cart").id
            answered(self)
        if not self.filled:
            self.at = "add"
            shop.add(self.cart, sku="MUG", key=f"{self.name}-add")
            self.filled = True
            answered(self)
        if not self.checkout:
            self.at = "begin"
            begun = shop.begin(self.cart, ship_to=BERLIN, shipping="standard", contact=ADA, codes=self.codes)
            assert begun.quote is not None
            self.checkout, self.total = begun.id, begun.quote.hash
            answered(self)
        before_paying()
        self.at = "pay"
        match shop.pay(self.checkout, Card(token=self.token), expected=self.total, key=f"{self.name}-pay"):
            case Placed() as placed:
                self.order = placed.number
            case Refused() as refused:
                self.refused = refused.reason
            case other:
                self.refused = type(other).__name__
        self.at = ""
        answered(self)


@define
class Child:
    """A forked process that says values, one after the other."""

    pid: int
    reading: int
    heard: bytes = b""

    def listen(self) -> bool:
        """Wait until it says something; False once it has ended."""
        more = os.read(self.reading, 65536)
        self.heard += more
        return bool(more)

    def ended(self) -> tuple[int, list[dict[str, Any]]]:
        """Wait for its end: its exit code, or minus the signal that ended it, and all that it said."""
        while self.listen():
            pass
        os.close(self.reading)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return code, [json.loads(line) for line in self.heard.split(b"\n")[:-1]]


def forked(work: Callable[[Callable[[object], None]], int]) -> Child:
    """Run `work(say)` in a process of its own, which ends with what it returns; it is a copy of this one, so that it need not start."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    code = 99
    try:
        os.close(reading)
        code = work(lambda value: (os.write(writing, json.dumps(value).encode() + b"\n"), None)[1])
    except BaseException as error:
        with suppress(BaseException):
            os.write(writing, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode() + b"\n")
    finally:
        os._exit(code)


def shopper_of(said: dict[str, Any]) -> Shopper:
    """The shopper as a process told of them."""
    return Shopper(**{**said, "codes": tuple(said["codes"])})


def told(shopper: Shopper) -> dict[str, object]:
    """A shopper, to be said."""
    return asdict(shopper)


@frozen
class Found:
    """What a database and the gateway's books come to."""

    intended: int
    orders: int
    charges: int
    mugs: tuple[int, int, int]  # on hand, held, committed
    reserved: int
    findings: tuple[str, ...]


def found_in(path: Path, *, checked: bool = True) -> Found:
    """How many payments were ever intended, how many orders stand, what the gateway knows, and what `fsck` finds if it is asked."""
    theirs = books_of(path).payments()

    def look(connection: sa.Connection) -> Found:
        count = sa.select(sa.func.count())
        rows = [GatewayRow(p.key, p.currency, p.captured, p.refunded, str(p.state)) for p in theirs]
        return Found(
            connection.execute(count.select_from(payments)).scalar_one(),
            connection.execute(count.select_from(orders)).scalar_one(),
            len([payment for payment in theirs if payment.live or payment.captured]),  # what went back was a charge too
            tuple(connection.execute(sa.select(pools.c.on_hand, pools.c.held, pools.c.committed).where(pools.c.sku == "MUG")).one()),
            len([payment for payment in theirs if payment.state is State.AUTHORIZED]),
            tuple(f"fsck {one.check}: {one.sentence}" for one in check(connection, rows)) if checked else (),
        )

    with SqlStorage(str(path)) as storage:
        return storage.read(look)


def wrong(path: Path, *, orders: int, stock: int) -> list[str]:
    """What is not as it must be when so many mugs were bought of a stock: a sentence each, none if all is well."""
    found, sentences = found_in(path), list[str]()
    if found.orders != orders:
        sentences.append(f"{found.orders} orders, not {orders}")
    if found.charges != orders:
        sentences.append(f"{found.charges} charges, not {orders}")
    if found.reserved:
        sentences.append(f"{found.reserved} reservations of money that nobody takes")
    if found.mugs != (stock, 0, orders):
        sentences.append(f"stock is {found.mugs}, not {(stock, 0, orders)}")
    return [*sentences, *found.findings]
