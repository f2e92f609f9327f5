"""Lists from a replica: a real standby of a real server. They may be a moment old, and nothing is decided on them (E8)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from checkout_adapters.sqlalchemy.queries import AsyncSqlQueries, SqlQueries
from checkout_adapters.sqlalchemy.reading import AsyncSqlReplica, SqlReplica
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Placed
from checkout_core.errors import Misconfigured, Unavailable
from checkout_core.holds import Stock
from checkout_core.testing.units import stock
from tests.postgres import Server, running, standby, told
from tests.selling import begun, pay, selling

PATIENCE = 30.0


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[str, str, Server]]:
    """A database, the same on a standby, and the standby."""
    with running("18", settings=("fsync=off", "max_connections=50", "dynamic_shared_memory_type=mmap")) as primary:
        url = primary.clone()
        with standby(primary) as copy:
            yield url, copy.at(url.rpartition("/")[2]), copy


def caught_up(url: str, replica: str) -> None:
    """Wait until the replica has everything that the primary has."""
    (at,) = told(url, "SELECT pg_current_wal_lsn()")[0]
    deadline = time.monotonic() + PATIENCE
    while told(replica, f"SELECT pg_last_wal_replay_lsn() >= '{at}'") != [(True,)]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.fault("E8")
def test_lists_come_from_a_replica_and_decisions_do_not(pair: tuple[str, str, Server], struck: set[str]) -> None:
    """The replica has stopped at a mug for sale. Somebody buys it: the list still shows it, and the next buyer is refused all the same."""
    url, replica, _ = pair
    with selling(url) as (shop, _, storage), SqlReplica(replica) as copy:
        stock(storage, Stock("MUG"), 1 - shop.stock("MUG")["MUG"].available)
        caught_up(url, replica)
        told(replica, "SELECT pg_wal_replay_pause()")
        try:
            assert isinstance(pay(shop, begun(shop)), Placed)
            (level,) = SqlQueries(copy).inventory(skus=["MUG"])
            assert level.available == 1
            struck.add("E8")
            said: Any = pay(shop, begun(shop))
            assert said.reason == "out-of-stock"
        finally:
            told(replica, "SELECT pg_wal_replay_resume()")
        caught_up(url, replica)
        (level,) = SqlQueries(copy).inventory(skus=["MUG"])
        assert (level.available, level.committed) == (0, 1)
        assert SqlQueries(copy).orders() == SqlQueries(storage).orders()


def test_every_list_is_the_same_for_asyncio(pair: tuple[str, str, Server]) -> None:
    url, replica, _ = pair
    caught_up(url, replica)

    async def ask() -> Any:
        copy = AsyncSqlReplica(replica)
        try:
            return await AsyncSqlQueries(copy).inventory(), await AsyncSqlQueries(copy).find("nothing")
        finally:
            await copy.close()

    with SqlReplica(replica) as copy:
        assert asyncio.run(ask()) == (SqlQueries(copy).inventory(), None)


def test_a_replica_is_no_store(pair: tuple[str, str, Server]) -> None:
    """Taken for one it refuses to write, and says so; it has no way to run a unit."""
    _, replica, _ = pair
    assert not hasattr(SqlReplica, "transact")
    with SqlStorage(replica) as storage, pytest.raises(Unavailable, match="read"):
        stock(storage, Stock("MUG"), 1)


def test_a_replica_of_something_else_is_refused(pair: tuple[str, str, Server]) -> None:
    """An empty database, and one that is away: on first use, in words."""
    _, _, copy = pair
    with SqlReplica(copy.at("postgres")) as empty, pytest.raises(Misconfigured, match="checkout init"):
        SqlQueries(empty).orders()
    with SqlReplica("postgresql://shop:x@127.0.0.1:1/shop") as away, pytest.raises(Unavailable):
        SqlQueries(away).orders()
