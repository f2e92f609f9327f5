"""`docs/how-to/fsck.md`, written from the checks themselves.

python tests/project/fsck_page.py            compare; exit 1 if the page differs
python tests/project/fsck_page.py --write    write it anew
"""

from __future__ import annotations

import sys
from pathlib import Path

from checkout_adapters.sqlalchemy.fsck import CHECKS, Check

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "fsck.md"

HEAD = """# Is the database sound?

```sh
checkout fsck --db shop.db
```

It looks up every promise that tables can show, in SQL of its own, and compares with the gateway's own record. It reads and never
writes; a purchase under way is no finding. If something is wrong it shows the first rows, says what to do, and ends with exit code 4.

Before you change anything by hand: stop the shop and its workers, copy the database file, and run it again. The ids are those of the
[guarantees](../guarantees.md); what tables cannot show (I10, I19, I21, I23 to I25) is not looked at.
"""

GROUPS = (
    ("The database", ("file", "references", "inventory-view", "cart-lines-view")),
    ("Stock, coupons and carts", ("I1-", "I2-", "I3-", "I9-", "I16-", "I18-")),
    ("Money", ("I4-", "I5-", "I6-", "I7-", "I8-", "I11-", "I20-")),
    ("Orders, records and events", ("I12-", "I13-", "I14-", "I15-", "I17-")),
    ("Secrets", ("I22-",)),
)


def written() -> str:
    """The page."""
    parts = [HEAD]
    for title, starts in GROUPS:
        mine = [check for check in CHECKS if check.id.startswith(starts)]
        parts += [f"## {title}\n", *map(entry, mine), ""]
    return "\n".join(parts)


def entry(check: Check) -> str:
    """One check: what it means, and what to do when it is red."""
    apart = " Needs the gateway's record." if check.asks_gateway else ""
    return f"- **{check.id}** {check.sentence}{apart}\n  {check.cure}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(written(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != written():
        sys.exit("docs/how-to/fsck.md is not as the checks are. Run python tests/project/fsck_page.py --write.")
