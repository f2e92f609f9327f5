"""The command on a database of a PostgreSQL server: made, filled, and asked the same as an SQLite file, with the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout_cli.commands.stories import OPENS
from checkout_cli.config import Settings
from checkout_cli.demo import tell
from checkout_cli.run import read_scripts
from checkout_cli.wiring import SeededIds, VirtualClock, opened, read_files, stage_on, upkeep
from tests.cli.conftest import EXAMPLES, Command
from tests.postgres import Server

SECRET = "a secret that every machine has"
ASKED = [
    ["order", "list"],
    ["inventory", "list"],
    ["inventory", "holds"],
    ["coupon", "list"],
    ["payment", "list"],
    ["payment", "list", "--due"],
    ["outbox", "list"],
    ["fsck"],
    ["db", "check"],
]


@pytest.fixture
def url(postgres: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """An empty database, and a folder to work in."""
    monkeypatch.chdir(tmp_path)
    url = postgres.at(postgres.database())
    yield url
    postgres.drop(url)


def test_a_database_is_made_and_a_shop_is_loaded(url: str, checkout: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the environment or by --db, with the secret configured; the password is never shown."""
    monkeypatch.setenv("CHECKOUT_DB", url)
    said = checkout("init", "--yes")
    assert said.code == 2
    assert "CHECKOUT_IDENTITY_SECRET" in said.err
    monkeypatch.setenv("CHECKOUT_IDENTITY_SECRET", SECRET)
    assert checkout("order", "list").code == 2
    made = checkout("init", "--yes")
    assert made.code == 0, made.err
    assert "nothing" in checkout("init", "--yes").out.lower() or checkout("init", "--yes", "--json").data["changes"] == []
    now = checkout("db", "current", "--json").data["database"]
    assert now["up_to_date"]
    monkeypatch.delenv("CHECKOUT_DB")
    plain = url.replace("+psycopg", "")
    loaded = checkout("shop", "load", EXAMPLES / "shop", "--db", plain, "--yes")
    assert loaded.code == 0, loaded.err
    assert checkout("inventory", "list", "--db", plain, "--json").data["inventory"]
    assert checkout("db", "upgrade", "--db", plain, "--yes").code == 0
    for words in (made.out, made.err, str(now), loaded.out, loaded.err):
        assert ":secret@" not in words
    assert [entry.name for entry in tmp_path.iterdir()] == []


def test_the_same_shoppers_leave_the_same_lists(url: str, demo_db: Path, checkout: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example shopper comes to a shop on a server: whatever is asked afterwards is answered as on the file, word for word."""
    monkeypatch.setenv("CHECKOUT_IDENTITY_SECRET", SECRET)
    settings, clock = Settings(db=url, identity_secret=SECRET.encode()), VirtualClock(OPENS)
    upkeep(settings).upgrade()
    with opened(settings, clock=clock, ids=SeededIds()) as backend:
        backend.load(read_files(EXAMPLES / "shop"), actor="demo", reason="opening stock")
        told = tell(stage_on(backend, clock), read_scripts([EXAMPLES / "checkouts"]))
    assert told.good, [*told.mismatches, *told.findings]
    for words in ASKED:
        here, there = (checkout(*words, "--db", db, "--json").data for db in (url, demo_db))
        if words == ["fsck"]:  # a file has two checks that a server makes itself
            apart = {check["id"] for check in here["checks"] if not check["made"]}
            assert apart == {"file", "references"}
            for said in (here, there):
                said["checks"] = [check for check in said["checks"] if check["id"] not in apart]
        assert here == there, words
