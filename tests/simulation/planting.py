"""A pytest plugin that plants one bug for a whole session, and in every Python process that the tests start.

python -m pytest -p tests.simulation.planting --plant "release twice" tests/core
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.simulation.mutants import named

PLANTED = "CHECKOUT_PLANTED_BUG"
ROOT = Path(__file__).parents[2]
CHILD = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.simulation.planting import plant_in_this_process
plant_in_this_process()
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--plant", metavar="NAME", help="plant this bug, and see which test finds it")


def pytest_configure(config: pytest.Config) -> None:
    name = config.getoption("--plant")
    if name is not None:
        planted = ExitStack()
        planted.enter_context(_planted(name))
        config.add_cleanup(planted.close)


@contextmanager
def _planted(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        named(name).plant(patch)
        (Path(folder) / "sitecustomize.py").write_text(CHILD, encoding="utf-8")
        patch.setenv(PLANTED, name)
        patch.setenv("PYTHONPATH", folder, prepend=os.pathsep)
        yield


def plant_in_this_process() -> None:
    """Plant the bug that the session has named; it stays until the process ends."""
    named(os.environ[PLANTED]).plant(pytest.MonkeyPatch())
