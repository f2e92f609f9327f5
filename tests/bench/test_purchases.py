"""The bench runs, so that it is there when somebody wants figures. It judges none: a machine that is busy with tests has none to give."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_the_bench_measures_every_way_in_one_run(tmp_path: Path) -> None:
    """Memory, SQLite, the same writes without the library, and several processes, each with a rate."""
    command = [sys.executable, "-m", "tests.bench.purchases", "--purchases", "4", "--processes", "2", "--folder", str(tmp_path), "--json"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [figure["what"] for figure in told["figures"]] == ["memory", "SQLite", "bare sqlite3", "SQLite, 2 processes"]
    assert all(figure["rate"] > 0 and figure["purchases"] == 4 for figure in told["figures"])
    assert told["ratio to bare sqlite3"] > 0
