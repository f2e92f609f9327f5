"""The sync twins say what their async source says, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.project.twins import ROOMS, stale, strip, twins

SOURCE = '''\
"""AsyncShop, for hosts with an event loop."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from checkout_core import flow
from checkout_core import ports
from checkout_core.money import Money
from checkout_core.ports import AsyncStorage, Clock

Ask = Callable[[str], Awaitable[Money | None]]
Task = Coroutine[Any, dict[str, int], list[Money]]


class AsyncShop:
    storage: AsyncStorage

    async def __aenter__(self) -> "AsyncShop":
        return self

    async def pay(self, key: str) -> Money:
        # AsyncShop asks before it acts
        async with self.storage.lock(key) as lock:
            total = await self.storage.total(
                await lock.read(),
                key,
            )
        async for row in self.storage.rows():
            total += row
        return [t async for t in self.storage.all() if await t][0] or total


class _AsyncDriver: ...
'''

TWIN = '''\
"""Shop, for hosts with an event loop."""

from collections.abc import Iterator, Awaitable, Callable, Coroutine
from typing import Any

from checkout_core import flow
from checkout_core.sync import ports
from checkout_core.money import Money
from checkout_core.sync.ports import Storage, Clock

Ask = Callable[[str], Money | None]
Task = list[Money]


class Shop:
    storage: Storage

    def __enter__(self) -> "Shop":
        return self

    def pay(self, key: str) -> Money:
        # Shop asks before it acts
        with self.storage.lock(key) as lock:
            total = self.storage.total(
                lock.read(),
                key,
            )
        for row in self.storage.rows():
            total += row
        return [t for t in self.storage.all() if t][0] or total


class _Driver: ...
'''


def test_the_committed_twins_are_what_the_tool_makes() -> None:
    """Whoever edits one side alone is told so. `nox -s twins` makes them anew."""
    assert stale() == []


def test_async_words_and_names_go_and_everything_else_stays() -> None:
    assert strip(SOURCE) == TWIN


def test_a_twin_is_python_without_async() -> None:
    forbidden = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    for text in [strip(SOURCE), *twins().values()]:
        assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, forbidden)]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("class Placed:\n    order: str\n", "would exist twice"),
        ("from .money import Money\n", "absolutely"),
        ("async def f(x):\n    return f'{await x}'\n", "f-string"),
        ("from checkout_core import flow, ports\n", "two lines"),
    ],
)
def test_what_cannot_be_twinned_is_refused_with_what_to_do(source: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        strip(source)


def test_an_edited_a_missing_and_a_left_over_twin_are_all_seen(tmp_path: Path) -> None:
    for room in ROOMS:
        (tmp_path / f"{room}.py").write_text("async def f() -> None: ...\n")
    (tmp_path / "sync").mkdir()
    for path, text in twins(tmp_path).items():
        path.write_text(text)
    assert stale(tmp_path) == []

    (tmp_path / "sync" / "shop.py").write_text("def f() -> int: ...\n")
    (tmp_path / "sync" / "ports.py").unlink()
    (tmp_path / "sync" / "cart.py").write_text("")
    assert sorted(path.name for path in stale(tmp_path)) == ["cart.py", "ports.py", "shop.py"]


def test_rooms_not_built_yet_have_no_twin(tmp_path: Path) -> None:
    assert twins(tmp_path) == {}
