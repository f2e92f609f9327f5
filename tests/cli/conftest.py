"""The command as an operator has it: words in, exit code and two streams out, in this very process, without a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import frozen

from checkout_cli.app import run


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
