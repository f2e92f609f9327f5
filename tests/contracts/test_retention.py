"""What is over leaves the hot tables, batch by batch; what was sold, and what anybody still needs, stays. On SQLite and PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy import retention
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.fsck import check
from checkout_adapters.sqlalchemy.queries import SqlQueries
from checkout_adapters.sqlalchemy.retention import Retention, over, retire
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Placed, Policy, Shop
from checkout_core.errors import Broken
from checkout_core.holds import Stock
from checkout_core.testing import HandClock
from checkout_core.testing.units import stock
from checkout_core.unit import Delivery
from tests.postgres import Server
from tests.world import ADA, BERLIN, NOON, SECRET, catalog


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStorage]:
    if request.param == "sqlite":
        SqlAdmin(str(tmp_path / "shop.db")).upgrade()
        with SqlStorage(str(tmp_path / "shop.db"), clock=HandClock(NOON)) as storage:
            yield storage
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.clone()
    with SqlStorage(url, clock=HandClock(NOON)) as storage:
        yield storage
    server.drop(url)


class House:
    """A shop, and the days that go by in it."""

    def __init__(self, storage: SqlStorage) -> None:
        self.storage = storage
        self.clock: Any = storage.clock
        self.till = SandboxGateway(clock=self.clock)
        self.shop = Shop(
            storage=storage,
            gateways=[self.till],
            catalog=catalog(),
            clock=self.clock,
            policy=Policy(identity_secret=SECRET, hold_at="begin"),
        )
        stock(storage, Stock("MUG"), 100)

    def begins(self) -> Any:
        cart = self.shop.open_cart(currency="EUR")
        self.shop.add(cart.id, sku="MUG", key="click")
        return self.shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA)

    def pays(self, token: str = "tok_ok") -> Any:
        c = self.begins()
        return c, self.shop.pay(c.id, Card(token), expected=c.total, key="pay")

    def passes(self, days: int) -> None:
        """So many days, and a worker; everybody is told everything."""
        for part in (1, days - 1):
            self.clock.forward(seconds=part * 86400)
            for _ in range(30):
                self.shop.tick()
        while waiting := self.storage.undelivered("mail", 100):
            for one in waiting:
                self.delivers(one.id)

    def delivers(self, event: str) -> None:
        self.storage.transact(lambda unit: unit.write(Delivery("mail", event, 1, delivered=True)))

    def rows(self, *tables: str) -> dict[str, int]:
        def count(connection: sa.Connection) -> dict[str, int]:
            return {table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables}

        return self.storage.read(count)

    def sound(self) -> None:
        assert [finding.sentence for finding in self.storage.read(lambda connection: check(connection))] == []


def test_what_was_given_up_goes_and_what_was_sold_stays(storage: SqlStorage) -> None:
    """Given up ones, refused cards, carts that were left, and requests go; orders, payments and events stay, and the books balance."""
    house = House(storage)
    for _ in range(3):
        house.begins()
    house.pays("tok_declined")
    _, placed = house.pays()
    sold, _ = house.pays()
    cancelled, _ = house.pays()
    house.shop.cancel(cancelled.id, reason="changed my mind")
    left = house.shop.open_cart(currency="EUR")
    house.passes(days=100)
    fresh = house.begins()
    before = SqlQueries(storage).orders()
    old = house.rows("requests")["requests"] - 2  # of the young one, those with a key
    assert over(storage, Retention()) == {"requests": old, "checkouts": 4, "carts": 1}
    removed = sum((Counter(batch) for batch in retire(storage, Retention(), batch=2)), Counter[str]())
    assert (removed["checkouts"], removed["carts"], removed["payments"]) == (4, 5, 1)
    assert isinstance(placed, Placed)
    assert SqlQueries(storage).orders() == before
    assert house.rows("checkouts", "carts", "orders") == {"checkouts": 4, "carts": 4, "orders": 3}
    assert house.shop.status(fresh.id).id == fresh.id
    assert left.id not in {cart.id for cart in SqlQueries(storage).carts()}
    house.sound()
    assert list(retire(storage, Retention())) == []
    house.shop.cancel(sold.id, reason="too late")  # what was sold can still be given back
    house.sound()


def test_a_run_that_stops_is_gone_on_with(storage: SqlStorage) -> None:
    """Each batch is a transaction of its own: the shop is sound after every one, and the next run does the rest."""
    house = House(storage)
    for _ in range(5):
        house.begins()
    house.pays()
    house.passes(days=100)
    house.begins()
    for batch in retire(storage, Retention(), batch=3):
        assert batch
        house.sound()
        break
    for _ in range(30):
        if not list(retire(storage, Retention(), batch=1))[:1]:
            break
    assert house.rows("checkouts", "requests") == {"checkouts": 2, "requests": 2}
    house.sound()


def test_nothing_goes_that_somebody_still_needs(storage: SqlStorage) -> None:
    """What has not been told to everybody, what had money once, and what is young."""
    house = House(storage)
    c, _ = house.pays("tok_no_answer_late")
    house.clock.forward(seconds=100 * 86400)
    for _ in range(40):
        house.shop.tick()
    house.begins()
    told = house.storage.undelivered("mail", 1)[0]
    storage.transact(lambda unit: unit.write(Delivery("mail", told.id, 1, next_at=unit.now)))
    assert over(storage, Retention(requests=None)) == {"checkouts": 0, "carts": 0}
    assert list(retire(storage, Retention(requests=None))) == []
    assert house.shop.status(c.id).id == c.id


def test_a_checkout_that_had_money_would_be_missed(storage: SqlStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard has been seen failing: without it an order with money would go, and the database's own references stop that."""
    house = House(storage)
    monkeypatch.setattr(retention, "_GIVEN_UP", (sa.text("checkouts.state = 'cancelled'"), retention._GIVEN_UP[2]))
    c, _ = house.pays()
    house.shop.cancel(c.id, reason="changed my mind")
    house.begins()
    house.passes(days=100)
    with pytest.raises(Broken, match="would break an invariant"):
        list(retire(storage, Retention()))


@pytest.mark.parametrize("days", [0, -1, 1.5, True])
def test_for_how_long_is_a_number_of_days(days: Any) -> None:
    with pytest.raises(ValueError, match="whole number of days"):
        Retention(carts=days)


def test_who_is_at_it_is_not_waited_for(postgres: Server) -> None:
    """On a server what somebody has locked is passed over, and goes the next time."""
    url = postgres.clone()
    with SqlStorage(url, clock=HandClock(NOON)) as storage:
        house = House(storage)
        c = house.begins()
        house.pays()
        house.passes(days=100)
        house.begins()
        with storage.engine.connect() as other, other.begin():
            other.execute(sa.text("SELECT 1 FROM checkouts WHERE id = :id FOR UPDATE"), {"id": c.id})
            assert sum(batch.get("checkouts", 0) for batch in retire(storage, Retention())) == 0
        assert sum(batch.get("checkouts", 0) for batch in retire(storage, Retention())) == 1
        house.sound()
    postgres.drop(url)
