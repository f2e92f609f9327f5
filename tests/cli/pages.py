"""Pages of `docs/how-to` whose screens and outputs are written by running what stands above them.

python -m tests.cli.pages            compare; exit 1 if something differs
python -m tests.cli.pages --write    write them anew

A block of TOML with lines is the cart that the screens after it speak of; one without is only shown.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.cli.reference import ROOT, screens

PAGES: Final = tuple(
    ROOT / "docs" / "how-to" / name
    for name in (
        *("explain-a-price.md", "prices.md", "promotions.md", "experiments.md", "taxes.md", "tax-provider.md", "addresses.md"),
        *("shipping.md", "gift-cards.md", "stock.md"),
    )
)
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SURROUNDINGS: Final = {"COLUMNS": "80"}


def played(page: str) -> str:
    """The page as it is now; run in a folder that has the examples. A block of Python goes on where the one before it ended."""
    said, names = "", dict[str, object]()

    def block(found: re.Match[str]) -> str:
        nonlocal said
        kind, text = found[1], found[2]
        match kind:
            case "toml":
                if "[[lines]]" in text:
                    Path("cart.toml").write_text(text, encoding="utf-8")
            case "json":
                Path("worked.json").write_text(text, encoding="utf-8")
            case "python":
                out = io.StringIO()
                with contextlib.redirect_stdout(out):
                    exec(compile(text, "<page>", "exec"), names)
                said = "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
            case "console":
                text = "".join(screens(text))
            case "text":
                text = said
            case _:
                raise ValueError(f"A block of {kind} is not played.")
        return f"```{kind}\n{text}```"

    return BLOCK.sub(block, page)


def main() -> int:
    stale = False
    os.environ |= SURROUNDINGS
    for page in PAGES:
        old = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            Path("examples").symlink_to(ROOT / "examples")
            new = played(old)
        if "--write" in sys.argv:
            page.write_text(new, encoding="utf-8")
        stale |= old != new
    return int(stale and "--write" not in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
