"""What tests of several adapters begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.corner_shop import GOOD, Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Writes a good shop, with some files other than that; None leaves a file out."""

    def write(**other: str | bytes | None) -> Path:
        for name, text in {**GOOD, **{key.replace("__", "."): text for key, text in other.items()}}.items():
            if text is not None:
                (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return tmp_path

    return write
