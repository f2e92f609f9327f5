"""Every example runs as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs(example: Path) -> None:
    """Its own assertions hold, and nothing warns."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "adapters")])
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example)], capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_shows_the_quickstart() -> None:
    """The README's program is the example that is tested and typed, word for word."""
    program = (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8").split("annotations\n\n", 1)[1]
    assert program in (ROOT / "README.md").read_text(encoding="utf-8")
