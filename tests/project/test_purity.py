"""Pure rooms ask nothing: time, ids and chance are arguments, so everything they decide can be replayed."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from tests.project.purity import MONEY, third_parties, violations

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src" / "checkout_core"

# Rooms that may touch the world, and why. Every other room of the layers contract is pure.
IMPURE = {
    "memory": "the reference storage guards its rows with a lock",
    "system": "the default adapters of the ports Clock and Ids: the one place that asks this machine",
    "plugins": "reads installed entry points",
    "testing": "contract kits run inside someone's test-suite",
}


def rooms() -> list[str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = [c["layers"] for c in config["tool"]["importlinter"]["contracts"] if c["id"] == "rooms"]
    return [str(layer).strip("()") for layer in layers]


def files_of(room: str) -> list[Path]:
    """A room is a file, or a package that grew out of one."""
    return [CORE / f"{room}.py"] if (CORE / f"{room}.py").exists() else sorted((CORE / room).rglob("*.py"))


PURE = [pytest.param(room, path, id=str(path.relative_to(CORE))) for room in rooms() if room not in IMPURE for path in files_of(room)]


@pytest.mark.parametrize(("room", "path"), PURE)
def test_a_pure_room_asks_neither_the_world_nor_chance(room: str, path: Path) -> None:
    assert [str(v) for v in violations(path.read_text(encoding="utf-8"), money=room in MONEY)] == []


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_imports_the_standard_library_attrs_and_cattrs_only(path: Path) -> None:
    known = {*sys.stdlib_module_names, "attrs", "checkout_core"} | ({"cattrs"} if path.stem == "codec" or "codec" in path.parts else set())
    if path.is_relative_to(CORE / "testing"):
        known.add("pytest")  # only who runs a contract kit imports it
    assert third_parties(path.read_text(encoding="utf-8"), known) == []


def test_every_exception_to_purity_is_a_room_that_exists_in_the_contract() -> None:
    assert IMPURE.keys() <= set(rooms())
    assert set(rooms()) >= MONEY


PLANTED = {
    "clock": "from datetime import datetime\ndef f(): return datetime.now()",
    "clock, by module": "import datetime\ndef f(): return datetime.datetime.utcnow()",
    "clock, renamed": "from datetime import date as d\ndef f(): return d.today()",
    "clock, passed on": "from datetime import datetime\nF = datetime.now",
    "time": "import time",
    "time, inside": "def f():\n    from time import monotonic",
    "chance": "import random",
    "secrets": "from secrets import token_hex",
    "ids": "from uuid import uuid4",
    "environment": "from os import environ",
    "environment, by path": "import os.path",
    "log": "import logging",
    "socket": "import socket",
    "http": "import http.client",
    "url": "from urllib.request import urlopen",
    "event loop": "import asyncio",
    "thread": "from threading import Lock",
    "file": "def f(path): return open(path)",
    "output": "def f(x): print(x)",
    "input": "def f(): return input()",
    "hash": "def f(x): return hash(x) % 16",
    "identity": "def f(x): return id(x)",
    "identity, as order": "def f(xs): return sorted(xs, key=id)",
    "loop over a set": "def f():\n    for x in {1, 2}: yield x",
    "loop over set()": "def f(xs):\n    for x in set(xs): yield x",
    "list of a set": "def f(xs): return list(set(xs))",
    "tuple of a frozenset": "def f(xs): return tuple(frozenset(xs))",
    "comprehension over a set": "def f(xs): return [x for x in {*xs}]",
    "dict over a set": "def f(xs): return {x: 1 for x in set(xs)}",
    "join of a set": "def f(xs): return ','.join(set(xs))",
    "spread of a set": "def f(xs): return [*set(xs)]",
    "first of a set": "def f(xs): return next(iter(set(xs)))",
    "pop from a set": "def f(xs: set[str]): return xs.pop()",
    "loop over a name": "def f(xs):\n    seen = set(xs)\n    for x in seen: yield x",
    "loop over an argument": "def f(xs: frozenset[str]):\n    for x in xs: yield x",
    "loop over a field": "class C:\n    codes: frozenset[str]\n    def f(self): return [c for c in self.codes]",
    "loop over keys in common": "def f(a, b): return [k for k in a.keys() & b.keys()]",
    "loop over a union": "def f(a: set[str], b): return tuple(a | b)",
}
PLANTED_IN_MONEY = {
    "float": "RATE = 0.19",
    "true division": "def f(a, b): return a / b",
    "true division in place": "def f(a, b):\n    a /= b",
    "float()": "def f(a): return float(a)",
    "round()": "def f(a): return round(a, 2)",
}
INNOCENT = {
    "the type of an instant": "from datetime import datetime, timedelta\ndef f(at: datetime): return at + timedelta(minutes=15)",
    "the unit's clock": "def f(unit): return unit.now",
    "a clock port": "def f(clock): return clock.now()",
    "a name like a builtin": "def f(id: str, hash: str): return (id, hash)",
    "sorted sets": "def f(xs): return [x for x in sorted(set(xs))]",
    "order cannot show": "def f(xs: set[int]): return sum(x for x in xs) + max(xs) + len({x + 1 for x in xs})",
    "set from a set": "def f(xs: set[int]): return frozenset(x + 1 for x in xs)",
    "membership": "def f(x, xs: frozenset[str]): return x in xs",
    "a list of the same name elsewhere": "def f(xs: set[str]): return 1 in xs\ndef g(xs: list[str]): return [x for x in xs]",
    "whole division": "def f(a, b): return a // b",
}


@pytest.mark.parametrize("snippet", [pytest.param(text, id=name) for name, text in PLANTED.items()])
def test_each_planted_impurity_is_seen(snippet: str) -> None:
    assert violations(snippet)


@pytest.mark.parametrize("snippet", [pytest.param(text, id=name) for name, text in PLANTED_IN_MONEY.items()])
def test_each_planted_fraction_is_seen_in_a_money_room(snippet: str) -> None:
    assert violations(snippet, money=True)
    assert not violations(snippet)


@pytest.mark.parametrize("snippet", [pytest.param(text, id=name) for name, text in INNOCENT.items()])
def test_innocent_code_is_left_alone(snippet: str) -> None:
    assert not violations(snippet, money=True)


def test_a_planted_third_party_is_seen() -> None:
    assert third_parties("import attrs\ndef f():\n    from sqlalchemy.orm import Session", {"attrs"}) == ["sqlalchemy"]
