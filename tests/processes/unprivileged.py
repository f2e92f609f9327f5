"""A user who may not write tries to receive goods: what they are told, and whether the file is the same afterwards.

    python -m tests.processes.unprivileged file|folder|both

A superuser becomes nobody first: no right binds it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Shop
from checkout_core.errors import CheckoutError
from tests.processes.ground import make_shop
from tests.world import catalog

NOBODY: Final = 65534


def main(what: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "shop.db"
        make_shop(path, 5)
        receive(path)  # everything is imported while it may be
        before = path.read_bytes()
        pid = os.fork()
        if not pid:
            tried(path, what)
        os.waitpid(pid, 0)
        folder.chmod(0o755)
        print("same" if path.read_bytes() == before else "changed")


def tried(path: Path, what: str) -> None:
    """In a process of its own, as somebody with so few rights."""
    path.chmod(0o444 if what in ("file", "both") else 0o666)
    path.parent.chmod(0o555 if what in ("folder", "both") else 0o777)
    if os.geteuid() == 0:
        os.setuid(NOBODY)
    try:
        receive(path)
        print("nothing", end="\t")
    except CheckoutError as fault:
        print(type(fault).__name__, fault, sep="\t", end="\t")
    except BaseException as error:
        print(type(error).__name__, error, sep="\t", end="\t")
    sys.stdout.flush()
    os._exit(0)


def receive(path: Path) -> None:
    with SqlStorage(str(path), busy_timeout=0.2) as storage:
        Shop(storage=storage, catalog=catalog()).receive("MUG", 1, reason="found", actor="test")


if __name__ == "__main__":
    main(sys.argv[1])
