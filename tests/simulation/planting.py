"""A pytest plugin that plants bugs for a whole session, and in every Python process that the tests start.

python -m pytest -p tests.simulation.planting --plant "release twice" tests/core
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.simulation.mutants import named
from tests.simulation.planted import PLANTED

ROOT = Path(__file__).parents[2]
CHILD = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.simulation.planted import plant_in_this_process
plant_in_this_process()
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--plant", action="append", default=[], metavar="NAME", help="plant this bug, and see which test finds it")


def pytest_configure(config: pytest.Config) -> None:
    names = config.getoption("--plant")
    if names:
        planted = ExitStack()
        planted.enter_context(_planted(names))
        config.add_cleanup(planted.close)


@contextmanager
def _planted(names: Sequence[str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        for name in names:
            named(name).plant(patch)
        (Path(folder) / "sitecustomize.py").write_text(CHILD, encoding="utf-8")
        patch.setenv(PLANTED, "\n".join(names))
        patch.setenv("PYTHONPATH", folder, prepend=os.pathsep)
        yield
