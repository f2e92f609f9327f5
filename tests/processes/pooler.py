"""The same thirty-two processes through a real pgbouncer in transaction mode, which has five connections for all of them.

    python -m tests.processes.pooler [--planted]

Needs the program `pgbouncer` in the path. With the planted bug statements are prepared by name: another session knows nothing of them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from checkout_adapters.sqlalchemy import postgres
from tests.postgres import NOBODY, PATIENCE, running, told
from tests.processes.servers import sell

WANTED = {"answers": {"placed": 20, "out-of-stock": 44}, "sold": 20, "captured": 20, "deadlocks": 0, "wrong": []}

SETTINGS = """
[databases]
* = host=127.0.0.1 port={server} pool_size=5
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users
logfile = {folder}/log
pool_mode = transaction
max_client_conn = 500
"""


@contextmanager
def pooled(url: str) -> Iterator[str]:
    """The URL of the same database through a pooler."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("There is no pgbouncer in the path. Install it, and run this again.")
    address = sa.make_url(url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="checkout-pooler-"))
    folder.chmod(0o777)
    (folder / "users").write_text('"postgres" "secret"\n')
    (folder / "ini").write_text(SETTINGS.format(server=address.port, port=port, folder=folder))
    process = subprocess.Popen([program, str(folder / "ini")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **NOBODY)
    there = address.set(port=port).render_as_string(hide_password=False)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                told(there, "SELECT 1")
                break
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        yield there
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder)


def _prepare(connection: Any, record: object) -> None:
    """A planted bug: nobody looks who answers."""
    connection.prepare_threshold = 2


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--planted", action="store_true")
    if words.parse_args().planted:
        postgres._prepare = _prepare
    with running() as server, pooled(server.clone()) as url:
        found = sell(url)
    print(json.dumps(found))
    sys.exit(found != WANTED)
