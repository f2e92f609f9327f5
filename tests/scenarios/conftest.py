"""`stage(stock=5, …)` sets up a shop on each storage in turn; at the end of the test each must be sound, at once and at rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.checked_shop import empty_database
from tests.postgres import Server
from tests.scenarios.stage import Stage


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_database(tmp_path_factory.mktemp("scenarios"))


# Where a database decides what happens, the scenarios of a module are told on a server in every session; all of them in nox's `postgres`.
ON_A_SERVER = frozenset({"test_oversell", "test_database"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stage" in metafunc.fixturenames:
        name = metafunc.module.__name__.rpartition(".")[2]
        served = ["postgresql"] if name in ON_A_SERVER or os.environ.get("CHECKOUT_TEST_POSTGRES_ALL") else []
        metafunc.parametrize("stage", ["memory", "sqlite", *served], indirect=True)


@pytest.fixture
def stage(request: pytest.FixtureRequest, empty: Path, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Sets up shops on memory, then on SQLite files, then, of some modules, on PostgreSQL."""
    server: Server | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    with opening(request.param, empty, tmp_path, server) as open:
        yield open


@pytest.fixture
def on_file(empty: Path, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Sets up shops on SQLite files alone."""
    with opening("sqlite", empty, tmp_path) as open:
        yield open


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, empty: Path, tmp_path: Path) -> Iterator[str]:
    """The path or URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        yield str(shutil.copyfile(empty, tmp_path / "shop.db"))
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.clone()
    yield url
    server.drop(url)


@contextmanager
def opening(kind: str, empty: Path, folder: Path, server: Server | None = None) -> Iterator[Callable[..., Stage]]:
    opened, urls = list[Stage](), list[str]()

    def open(*promotions: Any, **said: Any) -> Stage:
        path: Path | str = folder / f"shop{len(opened)}.db"
        if kind == "sqlite":
            shutil.copyfile(empty, path)
        elif server is not None:
            path = server.clone()
            urls.append(path)
        opened.append(Stage(kind, path, promotions, **said))
        return opened[-1]

    try:
        yield open
        for one in opened:
            one.ends_well()
    finally:
        for one in opened:
            one.place.close()
        for url in urls:
            assert server is not None
            server.drop(url)
