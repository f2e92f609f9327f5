"""The page about real processes is true: its programs run, and strike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from checkout_core.testing import processes
from checkout_core.testing.proxy import Proxy

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "real-processes.md").read_text(encoding="utf-8")


def test_the_programs_run() -> None:
    """As one, in order, like a reader would."""
    programs = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"__name__": "example"}
    exec("\n".join(programs), names)
    tests = [name for name in names if name.startswith("test_")]
    assert len(tests) == 3
    for name in tests:
        names[name]()


def test_what_it_names_exists() -> None:
    for name in re.findall(r"`proxy\.(\w+)", PAGE):
        assert hasattr(Proxy, name)
    for name in re.findall(r"`child\.(\w+)", PAGE):
        assert hasattr(processes.Child, name)
    for name in ("in_process", "in_processes", "halt"):
        assert f"`{name}(" in PAGE
        assert hasattr(processes, name)
