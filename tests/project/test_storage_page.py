"""The page about writing a storage is true: its example keeps every promise that it declares, and its table names them all."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import SkipTest

from checkout_core.testing import QueriesContract, StorageContract

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "write-a-storage.md").read_text(encoding="utf-8")


def test_the_example_keeps_its_contracts() -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"__name__": "example"}
    exec(program, names)
    kept = Counter[str]()
    for kit in (names["TestMyStorage"], names["TestMyLists"]):
        for promise in (name for name in dir(kit) if name.startswith("test_")):
            try:
                getattr(kit(), promise)()
                kept[kit.__name__] += 1
            except SkipTest as skip:
                kept[str(skip)] += 1
    assert kept["TestMyStorage"] > 40
    assert kept["TestMyLists"] == len([name for name in dir(QueriesContract) if name.startswith("test_")])
    assert (kept["not promised: processes"], kept["not promised: lost_commits"]) == (3, 3)
    assert len(kept) == 4


def test_the_table_names_every_capability() -> None:
    """As the kit itself does."""
    listed = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert listed == re.findall(r"^        (\w+)  +\w", StorageContract.__doc__ or "", re.MULTILINE)
