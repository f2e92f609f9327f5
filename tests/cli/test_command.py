"""The command, as a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*words: object, **env: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "COLUMNS": "100", "CHECKOUT_ACTOR": "tester", **env}
    command = [sys.executable, "-m", "checkout_cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=surroundings)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The demo's database, and what the demo said."""
    path = tmp_path_factory.mktemp("demo") / "shop.db"
    return path, run("demo", "--keep", path, PYTHONHASHSEED="1")


def test_the_demo_tells_at_least_twelve_stories_and_balances(kept: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """A newcomer sees a dozen shoppers, order numbers, refusals with how far away yes is, and that the books balance."""
    path, done = kept
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert done.stdout.count("╭") >= 12
    assert done.stdout.count("placed") >= 12
    assert "The books balance" in done.stdout
    assert "\x1b[" not in done.stdout  # piped: no colours
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert path.exists()


def test_the_demo_is_the_same_every_time(kept: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    """Ids, clock and order are arguments: two runs under different hash seeds print the same text."""
    first, second = kept[1].stdout, run("demo", "--keep", tmp_path / "shop.db", PYTHONHASHSEED="2").stdout
    assert first.partition("Kept in")[0] == second.partition("Kept in")[0]


def test_what_the_demo_kept_is_a_shop_that_every_command_works_on(kept: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """The demo's database is clean, its worker has nothing to do, and its orders are listed."""
    db = kept[0]
    assert run("fsck", "--db", db).returncode == 0
    assert run("worker", "--once", "--db", db).returncode == 0
    orders = json.loads(run("order", "list", "--db", db, "--json").stdout)["orders"]
    assert len(orders) >= 12
    assert run("demo", "--keep", db).returncode == 2


def test_the_sandbox_lists_its_tokens() -> None:
    """Every scripted token is listed with what it makes happen."""
    tokens = json.loads(run("sandbox", "--json").stdout)["tokens"]
    assert len(tokens) > 10
    assert all({"token", "says"} == set(row) for row in tokens)


def test_the_version_is_told() -> None:
    assert run("--version").stdout.startswith("checkout-core")
