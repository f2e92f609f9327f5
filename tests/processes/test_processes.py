"""Real processes on one database: sixteen that buy at once, one that is killed wherever it can be, others that are told to stop.

Each runs as a program of its own (see there), so that what forks has no threads. Every verdict has a planted bug that turns it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from checkout_core.testing.processes import halt, in_process
from tests.postgres import Server

ROOT = Path(__file__).parents[2]


def told_by(program: str, *words: object) -> dict[str, Any]:
    """What a program of this folder found."""
    found: dict[str, Any] = json.loads(said_by(program, *words))
    return found


def said_by(program: str, *words: object) -> str:
    """What it prints, once it is content."""
    command = [sys.executable, "-m", f"tests.processes.{program}", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.fault("F1")
def test_of_sixteen_buyers_five_get_the_five_mugs(tmp_path: Path, struck: set[str]) -> None:
    """Exactly five orders and eleven clean refusals, which leave nothing; no error, no stranded money, a clean fsck (I2, I4, R5)."""
    found = told_by("buyers", tmp_path)
    assert found["answers"] == {"placed": 5, "out-of-stock": 11}
    assert found["wrong"] == []
    assert found["left behind"] == 0
    assert found["in flight at once"] >= 2  # else this proves nothing
    struck.add("F1")


def test_the_same_sixteen_oversell_where_stock_is_read_and_then_written(tmp_path: Path) -> None:
    """With the bug planted the same verdict is another one: it would have been seen."""
    found = told_by("buyers", tmp_path, "--planted")
    assert found["answers"]["placed"] > 5
    assert any("I2" in sentence for sentence in found["wrong"])


@pytest.mark.fault("F1", "E2")
def test_of_thirty_two_processes_on_a_server_twenty_purchases_get_the_twenty_mugs(postgres: Server, struck: set[str]) -> None:
    """Exactly so many orders and payments, a refusal for everybody else, and nobody hears of a deadlock: there was none (I2, R5, R27)."""
    url = postgres.clone()
    try:
        found = told_by("servers", url)
    finally:
        postgres.drop(url)
    struck.update(("F1", "E2"))
    assert found == {"answers": {"placed": 20, "out-of-stock": 44}, "sold": 20, "captured": 20, "deadlocks": 0, "wrong": []}


def test_a_quarter_of_them_oversells_where_nothing_is_locked(postgres: Server) -> None:
    """With the bug planted the same verdict is another one: it would have been seen."""
    url = postgres.clone()
    try:
        found = told_by("servers", url, "--planted")
    finally:
        postgres.drop(url)
    assert any("I2" in sentence for sentence in found["wrong"])


CHAOS = ("--seconds", 10)


def test_nothing_is_lost_while_processes_are_killed_and_a_server_is_restarted(record_property: Any) -> None:
    """A kill a second, halts, cut lines, a provider that is killed and loses answers: what rests is one charge for one order.

    Judged by fsck and by the provider's own file; nobody was told of anything but our own faults (I1, I5, I6, I16, I20, I21, R1, R11, R12).
    `nox -s chaos` does it for two minutes, and plants the bugs that the same verdict sees.
    """
    found = told_by("chaos", *CHAOS)
    struck = found["struck"]
    record_property("explored", f"processes that buy on PostgreSQL: {', '.join(f'{count} {what}' for what, count in struck.items())}")
    assert found["wrong"] == []
    assert found["said"]["placed"] >= 5
    assert set(found["faults"]) <= {"Unavailable", "Busy", "NoAnswer"}
    assert struck["killed"] >= 5  # else this proves nothing
    assert struck["halted"] >= 2
    assert struck["restarted, immediate"] == 1
    assert struck["answer to a COMMIT lost"] >= 1


RACE = ("--processes", 8, "--attempts", 15, "--stock", 40)


@pytest.mark.fault("F1", "E1", "E4")
def test_exactly_the_stock_is_sold_whatever_the_server_does_wrong(struck: set[str]) -> None:
    """Serialization failures, lost answers to COMMIT: nobody buys what is not there (I2, I5, I20, R5, R11)."""
    strikes = ("serialization failure", "cut after COMMIT")
    told = [json.loads(line) for line in said_by("stock_race", *strikes, *RACE).splitlines()]
    assert [found["class"] for found in told] == list(strikes)
    for found in told:
        assert found["wrong"] == []
        assert found["struck"] >= 1  # else this proves nothing
        assert found["attempts"] == 120
    struck.update(("F1", "E1", "E4"))


def test_a_race_without_locks_is_seen_by_the_same_verdict() -> None:
    """With the bug planted more is sold than there is."""
    found = told_by("stock_race", "none", *RACE, "--planted")
    assert any("I2" in sentence for sentence in found["wrong"])


def test_fifty_shoppers_share_a_code_and_a_budget_to_the_cent(tmp_path: Path) -> None:
    """Ten processes of five: one use is had once, an issued code too, two a person twice, of 100.00 97.50 (I9, R22, RB-64, RB-67)."""
    found = told_by("coupons", tmp_path)
    assert {code: told["answers"] for code, told in found.items()} == {
        "once": {"placed": 1, "coupon-used-up": 49},
        "twice": {"placed": 2, "coupon-used-by-you": 48},
        "coded": {"placed": 1, "coupon-used-up": 49},
        "budget": {"placed": 13, "budget-spent": 37},
    }
    assert {code: told["pools"] for code, told in found.items()} == {
        "once": [[1, 0, 1]],
        "twice": [[2, 0, 2]],
        "coded": [[1, 0, 1]],
        "budget": [[10_000, 0, 9_750]],
    }
    assert [told["wrong"] for told in found.values()] == [[], [], [], []]


@pytest.mark.fault("A1", "A2", "A3", "A4")
def test_a_purchase_killed_anywhere_ends_in_one_charge_and_one_order(tmp_path: Path, struck: set[str], record_property: Any) -> None:
    """Before and after every statement, COMMIT and call of the gateway: the worker goes on, the shopper repeats (I5, I6, L1)."""
    found = told_by("crashes", tmp_path)
    killed: dict[str, int] = found["killed"]
    alone = found["finished by the worker alone"]
    words = ", ".join(f"{count} {edge}" for edge, count in killed.items())
    record_property(
        "explored", f"a purchase on SQLite, really killed: {sum(killed.values())} times ({words}); {alone} finished by the worker"
    )
    assert found["failures"] == []
    assert killed["before statement"] >= 40
    assert killed["after statement"] == killed["before statement"]
    assert killed["before commit"] >= 6
    assert killed["before gateway"] == killed["after gateway"] == 1
    assert alone >= 20
    struck.update(("A1", "A2", "A3", "A4"))


def test_a_unit_in_halves_is_seen_where_it_is_killed_between_them(tmp_path: Path) -> None:
    """With the bug planted a killed purchase leaves books that do not add up, and the verdict says so."""
    found = told_by("crashes", tmp_path, "--planted", "--only", "commit", "--call", "pay")
    assert any("fsck" in failure for failure in found["failures"])


@pytest.mark.fault("A10")
def test_whoever_is_told_to_stop_leaves_what_others_can_finish(tmp_path: Path, struck: set[str], record_property: Any) -> None:
    """SIGTERM and Ctrl-C at chance moments of buying, SIGTERM at one of working: afterwards every mug asked for is paid once (A10).

    A server that is told so at any edge of a payment finishes with the shopper it has and takes no other, or lets go and loses nothing.
    """
    found = told_by("interrupts", tmp_path, 20260601)
    assert found["failures"] == []
    assert sum(count for how, count in found["ended"].items() if "in the middle" in how) >= 5
    stopped = found["at every edge"]
    assert stopped["failures"] == []
    assert stopped["told to stop"]["finishes, statement"] >= 40
    assert stopped["told to stop"]["finishes, gateway"] == stopped["told to stop"]["lets go, gateway"] == 2
    assert stopped["told to stop"]["finishes, commit"] == stopped["told to stop"]["lets go, commit"] >= 4
    assert stopped["told to stop"]["lets go, statement"] >= 5
    struck.add("A10")


@pytest.mark.fault("M6", "A2", "A3")
def test_whoever_stands_still_longer_than_a_call_may_take_finds_it_done_once(
    tmp_path: Path, struck: set[str], record_property: Any
) -> None:
    """A shopper's process is halted before and after each COMMIT and call of its payment; so is a worker (M6).

    Between units a worker goes on for it. Inside one, others read on, and are told that the database is busy. Continued, it does no harm:
    one charge, one order, and its shopper is told the truth, whether its clock went on or stood still with it (I5, I15, I19, I21).
    A gateway that takes money twice under one key would have been seen.
    """
    found = told_by("pauses", tmp_path)
    halted: dict[str, int] = found["halted"]
    record_property("explored", f"processes on SQLite, really halted and continued: {sum(halted.values())} times")
    assert found["failures"] == []
    for clock in ("gone on", "stood still"):
        assert halted[f"before gateway, clock {clock}"] == 4  # one of a shopper's, three of workers'
        assert halted[f"after commit, clock {clock}"] >= 2
        assert halted[f"inside a unit, clock {clock}"] >= 2
        assert halted[f"after gateway, clock {clock}"] >= 1
    assert sum(found["told"].values()) == found["told"]["placed"] == 12
    assert any("2 charges" in failure for failure in found["failures with a gateway that takes money twice"])
    struck.update(("M6", "A2", "A3"))


def test_a_process_of_the_kit_is_halted_continued_killed_and_never_left_behind() -> None:
    """From inside or from outside; each failure says what happened instead."""

    def twice() -> str:
        halt()
        time.sleep(0.01)
        halt()
        return "done"

    with in_process(twice) as child:
        for _ in range(2):
            child.until_halted()
            child.go_on()
        assert child.answer() == "done"
    with in_process(partial(time.sleep, 60)) as child:
        child.halt()
        child.go_on()
        with pytest.raises(AssertionError, match=r"has not halted in 0\.01 seconds"):
            child.until_halted(0.01)
        child.kill()
        with pytest.raises(AssertionError, match="died without a word"):
            child.answer()
    with in_process(lambda: 1) as child, pytest.raises(AssertionError, match=r"has ended \(0\) and never halted"):
        child.until_halted()
    with in_process(halt) as child:
        child.until_halted()
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
