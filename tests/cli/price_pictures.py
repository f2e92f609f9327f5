"""The golden pictures of prices in `tests/cli/pictures`, drawn from the cases that stand beside them.

python -m tests.cli.price_pictures            compare; exit 1 if a picture differs
python -m tests.cli.price_pictures --write    draw them anew: then look at them
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from checkout_cli.rendering.receipts import price_picture
from checkout_cli.vectors import read_worked
from checkout_core.pricing import Quote, price

FOLDER: Final = Path(__file__).parent / "pictures"
WIDTHS: Final = {"80": 80, "120": 120, "44": 44, "ascii": 80}
NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)


def priced(case: Mapping[str, Any]) -> Quote:
    """The quote of a worked cart. Raises ValueError if it has none."""
    worked = read_worked(case)
    quote = price(worked.basket, worked.facts, NOW, worked.policy)
    if not isinstance(quote, Quote):
        raise ValueError(" ".join(map(str, quote)))
    return quote


def drawn(quote: Quote, width: int = 80, encoding: str = "utf-8", *, colours: bool = False) -> str:
    """The picture as a terminal of that kind shows it."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    screen = Console(file=out, width=width, force_terminal=colours, color_system="standard" if colours else None, highlight=False)
    screen.print(price_picture(quote))
    out.flush()
    return raw.getvalue().decode(encoding)


def pictures() -> dict[Path, str]:
    """Every golden file with what it should hold. `tea.ascii.txt` is the cart of `tea.json` on a terminal without UTF-8."""
    found = {}
    for path in sorted(FOLDER.glob("*.txt")):
        name, kind = path.stem.split(".")
        case = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        found[path] = drawn(priced(case), WIDTHS[kind], "ascii" if kind == "ascii" else "utf-8")
    return found


def main() -> int:
    made = pictures()
    differ = [path for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    for path in differ:
        if "--write" in sys.argv:
            path.write_text(made[path], encoding="utf-8")
        print(path.name)
    return int(bool(differ) and "--write" not in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
