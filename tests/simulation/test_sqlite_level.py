"""The simulator on real SQLite files: the same decisions lead to the same answers as in memory, and what breaks is found by fsck."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkout_adapters.sqlalchemy.flush import Flush
from checkout_adapters.sqlalchemy.simulating import SqliteLevel
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core.holds import Movement, Stock
from checkout_core.money import Ratio
from checkout_core.promotions import Percent, Promotion
from checkout_core.simulation.running import run_once
from checkout_core.simulation.scenarios import Scenario
from checkout_core.testing import HandClock
from checkout_core.unit import Release
from tests.simulation.small import BACK, FILL, MUG, OPEN, a_scenario, begin, buyer, card, upi, wait

ONE = Promotion("one", "For the first", Percent(Ratio.parse("10")), code="ONE", limit=1)
STORM = a_scenario(
    buyer("ann", count=2, within=5),
    buyer("eve", OPEN, MUG, begin("ONE"), card("tok_3ds_ok"), count=2, within=5),
    buyer("bob", *FILL, card("tok_3ds_abandoned"), wait(60), BACK, within=5),
    buyer("cleo", *FILL, upi("upi_late"), within=5),
    swarm=True, stock={Stock("MUG"): 4}, promotions=[ONE], processes=2,
)  # fmt: skip
SEEDS = range(6)


@pytest.fixture(scope="module")
def level(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteLevel]:
    with SqliteLevel(tmp_path_factory.mktemp("level")) as level:
        yield level


def test_the_same_seed_is_the_same_story_in_memory_and_on_sqlite(level: SqliteLevel) -> None:
    """Every call, fault, answer and error, in the same order at the same time: what is due, in the way or untold is listed alike."""
    contended = 0
    for seed in SEEDS:
        here, there = run_once(STORM, seed), run_once(STORM, seed, level=level)
        assert (here.violation, there.violation) == (None, None)
        assert (seed, here.digest, here.orders, here.steps) == (seed, there.digest, there.orders, there.steps)
        contended += here.contended
    assert contended > len(SEEDS) // 2


def broken_by(level: SqliteLevel, scenario: Scenario = STORM) -> str:
    """The id of the promise that breaks first."""
    violations = (run_once(scenario, seed, level=level).violation for seed in SEEDS)
    return next((violation.id for violation in violations if violation is not None), "")


def test_a_release_that_forgets_its_pool_is_found(level: SqliteLevel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool counts a hold that is gone: its own numbers differ from what was written (I1)."""
    settle = Flush._settle

    def forgets(flush: Flush, record: Any) -> None:
        if not isinstance(record, Release):
            settle(flush, record)

    monkeypatch.setattr(Flush, "_settle", forgets)
    assert broken_by(level) == "I1"


def test_a_ledger_that_forgets_is_found_by_fsck(level: SqliteLevel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that the shop is told shows it; the independent look at the rows, with the gateway's own books beside, does."""
    monkeypatch.setattr(Flush, "_entries", lambda flush, posting: iter(()))
    assert broken_by(level) in ("I11", "I20")


def test_each_run_begins_with_nothing(level: SqliteLevel) -> None:
    """Two runs at once have two databases, and one after another finds nothing of the first."""
    clock = HandClock()
    one, two = level.open(clock), level.open(clock)
    assert one.stores is not two.stores
    put(one.stores)
    assert stocked(two.stores) == 0
    one.close()
    again = level.open(clock)
    assert again.stores is one.stores
    assert stocked(again.stores) == 0
    two.close()
    again.close()


def test_it_leaves_no_file_behind_and_can_be_given_to_another_process(tmp_path: Path) -> None:
    level = SqliteLevel(tmp_path)
    level.open(HandClock()).close()
    assert list(tmp_path.iterdir())
    other = pickle.loads(pickle.dumps(level))
    level.close()
    assert list(tmp_path.iterdir()) == []
    other.open(HandClock()).close()
    del other
    assert list(tmp_path.iterdir()) == []


def put(storage: SqlStorage) -> None:
    storage.transact(lambda unit: unit.write(Movement(Stock("MUG"), 3, "count", "test", unit.now)))


def stocked(storage: SqlStorage) -> int:
    return storage.pools([Stock("MUG")])[Stock("MUG")].on_hand
