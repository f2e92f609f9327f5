"""The command, as a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from checkout_cli.app import exit_code
from checkout_cli.demo import imbalances, tell
from checkout_cli.wiring import demo_shop
from checkout_core.errors import Broken, CheckoutError, Misconfigured, NoAnswer, NotFound, Unavailable
from checkout_core.ledger import Entry, Posting
from checkout_core.refusals import Refusal, Refused

ROOT = Path(__file__).parents[2]


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "adapters")])
    surroundings = {**os.environ, "PYTHONPATH": path, "COLUMNS": "100", **env}
    return subprocess.run(
        [sys.executable, "-m", "checkout_cli", *words], capture_output=True, text=True, check=False, cwd=ROOT, env=surroundings
    )


def test_the_demo_tells_three_stories_and_balances() -> None:
    """A newcomer sees a coupon, a declined card and a challenge, three order numbers, and that the books balance."""
    done = run("demo")
    assert done.returncode == 0, done.stderr
    for words in ("A guest with a coupon", "A card declined, then another", "A 3-D Secure challenge", "The books balance", "declined"):
        assert words in done.stdout
    assert done.stdout.count("placed") >= 3
    assert "\x1b[" not in done.stdout  # piped: no colours
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert len(done.stdout.splitlines()) <= 75


def test_the_demo_is_the_same_every_time() -> None:
    """Ids, clock and order are arguments: two runs under different hash seeds print the same text."""
    assert run("demo", PYTHONHASHSEED="1").stdout == run("demo", PYTHONHASHSEED="2").stdout


def test_the_demo_as_data() -> None:
    """With --json there is one object on stdout, with stable keys and amounts in minor units."""
    told = json.loads(run("demo", "--json").stdout)
    assert set(told) == {"stories", "stock", "charged", "delivered", "imbalances", "balanced"}
    assert told["balanced"] is True
    assert [set(story) for story in told["stories"]] == [{"title", "order", "total", "steps"}] * 3
    assert told["charged"]["minor"] == sum(story["total"]["minor"] for story in told["stories"])


def test_the_sandbox_lists_its_tokens() -> None:
    """Every scripted token is listed with what it makes happen."""
    tokens = json.loads(run("sandbox", "--json").stdout)["tokens"]
    listed = run("sandbox").stdout
    assert len(tokens) > 10
    assert all(row["token"] in listed for row in tokens)


def test_help_teaches() -> None:
    """The first screen says where to start, and what the exit codes mean."""
    help = run("--help")
    assert help.returncode == 0
    assert "checkout demo" in help.stdout
    assert "Exit codes" in help.stdout
    assert run("demo", "--help").returncode == 0
    assert run("--version").stdout.startswith("checkout-core")


@pytest.mark.parametrize("words", [("demmo",), ("demo", "--jsn"), ("demo", "extra"), ("order", "list")])
def test_wrong_usage_is_told_without_a_traceback(words: tuple[str, ...]) -> None:
    """A clumsy user gets exit code 2 and words, never a traceback."""
    done = run(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_books_that_do_not_balance_are_seen() -> None:
    """A guard must have been seen failing: money that is only in the ledger, and stock that nobody moved, are both named."""
    demo = demo_shop()
    told = tell(demo)
    assert told.imbalances == ()
    now = demo.clock.now()
    demo.store.tables.postings.append(Posting("x", "x", "EUR", "planted", now, (Entry("gateway", 1), Entry("receivable", -1))))
    key, pool = next(iter(demo.store.tables.pools.items()))
    demo.store.tables.pools[key] = evolve(pool, on_hand=pool.on_hand + 1)
    found = imbalances(demo)
    assert any("gateway itself" in line for line in found)
    assert any("movements add up" in line for line in found)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refusal(Refused("empty-cart")), 1),
        (NotFound("order", "x"), 1),
        (Misconfigured("x"), 2),
        (Unavailable("x"), 3),
        (NoAnswer("x"), 3),
        (Broken("x"), 4),
    ],
)
def test_every_fault_has_its_exit_code(error: CheckoutError, code: int) -> None:
    """0 done, 1 refused, 2 usage, 3 unavailable, 4 broken: one table for every command."""
    assert exit_code(error) == code
