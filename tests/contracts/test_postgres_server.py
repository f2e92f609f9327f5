"""The servers that tests bring along leave nothing behind, however the tests end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.postgres import ENV_URL, Server, told

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, sys
from tests.postgres import running
with running() as server:
    print(server.url, server.do("SHOW data_directory")[0][0], flush=True)
    if sys.argv[1] == "killed":
        sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["ended", "killed"])
def test_a_server_ends_with_its_process(how: str) -> None:
    """Nothing listens any more, and its folder is gone, also when nobody could tidy up."""
    environment = {name: value for name, value in os.environ.items() if name != ENV_URL}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url, data = process.stdout.readline().split()
        if how == "killed":
            assert Path(data).exists()
            process.send_signal(signal.SIGKILL)
        process.wait(60)
    deadline = time.monotonic() + 30
    while Path(data).parent.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(data).parent.exists()
    with pytest.raises(psycopg.OperationalError):
        told(url, "SELECT 1")


def test_a_clone_is_like_its_template_and_apart_from_it(postgres: Server) -> None:
    """So that each test has a database of its own."""
    one, other = postgres.clone(), postgres.clone()
    told(one, "INSERT INTO settings VALUES ('a', 'b')")
    assert told(other, "SELECT * FROM settings") == []
    for url in (one, other):
        postgres.drop(url)
    with pytest.raises(psycopg.OperationalError):
        told(one, "SELECT 1")
