"""`docs/reference/command.md`, its screens written by running what they show.

python -m tests.cli.reference            compare; exit 1 if a screen differs
python -m tests.cli.reference --write    write the screens anew
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from checkout_cli.app import run

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "command.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOO_EARLY = 'currency = "EUR"\ncodes = ["five", "nope"]\n[[lines]]\nsku = "MUG-STONE-GREY-350"\n'
SURROUNDINGS = {"CHECKOUT_DB": "shop.db", "COLUMNS": "100", "CHECKOUT_ACTOR": "ann"}


def played(page: str) -> str:
    """The page with every screen as it is now; run in a folder that has shop.db, cart.toml and the examples."""
    (cart,) = (block for block in re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if "[[lines]]" in block)
    Path("cart.toml").write_text(cart, encoding="utf-8")
    Path("too-early.toml").write_text(TOO_EARLY, encoding="utf-8")
    return BLOCK.sub(lambda block: f"```console\n{''.join(screens(block[1]))}```", page)


def screens(block: str) -> Iterator[str]:
    """Each command of a block with what it prints now."""
    commands = re.findall(r"^\$ (.*)$", block, re.MULTILINE)
    for n, command in enumerate(commands):
        yield f"$ {command}\n"
        yield shown(command)
        yield "\n" if n < len(commands) - 1 else ""


def shown(command: str) -> str:
    """What one command prints, cut as `| head -N` and `| tail -N` would, and its exit code unless that is 0."""
    words, _, cut = command.partition(" | ")
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = run(shlex.split(words)[1:])
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    if cut:
        tool, count = cut.split()
        lines = lines[: -int(count)] if tool == "head" else lines[int(count) :]
    lines += [f"(exit code {code})"] if code else []
    return "".join(f"{line}\n" for line in lines)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.environ |= SURROUNDINGS
        with contextlib.redirect_stdout(io.StringIO()):
            assert run(["demo", "--keep", "shop.db"]) == 0
        Path("examples").symlink_to(ROOT / "examples")
        old = PAGE.read_text(encoding="utf-8")
        new = played(old)
    if "--write" in sys.argv:
        PAGE.write_text(new, encoding="utf-8")
        return 0
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main())
