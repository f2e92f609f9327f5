"""The command as an operator has it: words in, exit code and two streams out, in this very process, without a terminal."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from checkout_cli.app import run
from checkout_cli.commands.stories import OPENS
from checkout_cli.demo import tell
from checkout_cli.run import read_scripts
from checkout_cli.wiring import SeededIds, VirtualClock, read_files, staged

EXAMPLES = Path(__file__).parents[2] / "examples"


@frozen
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What was printed with --json: one object, and nothing else."""
        assert self.err == "", self.err
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def checkout(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`checkout("order", "list", "--db", path)`: no traceback may ever be among what it says."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("CHECKOUT_ACTOR", "tester")
    for name in ("CHECKOUT_DB", "CHECKOUT_CONFIG", "CHECKOUT_IDENTITY_SECRET", "CHECKOUT_BUSY_TIMEOUT", "CHECKOUT_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)

    def command(*words: object) -> Said:
        capsys.readouterr()
        code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(code, out, err)

    return command


@pytest.fixture(scope="session")
def demo_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example shop after all its example shoppers have gone, made once; do not change it."""
    path = tmp_path_factory.mktemp("demo") / "shop.db"
    with staged(path, read_files(EXAMPLES / "shop"), VirtualClock(OPENS), SeededIds()) as stage:
        told = tell(stage, read_scripts([EXAMPLES / "checkouts"]))
    assert told.good, [*told.mismatches, *told.findings]
    return path


@pytest.fixture
def db(demo_db: Path, tmp_path: Path) -> Path:
    """A copy of it, with all that stands beside it, to do with as one likes."""
    for path in demo_db.parent.iterdir():
        shutil.copytree(path, tmp_path / path.name) if path.is_dir() else shutil.copy(path, tmp_path / path.name)
    return tmp_path / demo_db.name


def content(path: Path) -> list[str]:
    """Everything in a database, as text."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())
