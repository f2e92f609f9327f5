"""CSV files that a command writes: wholly there, or not at all, and readable by nobody else until they are."""

from __future__ import annotations

import csv
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from checkout_cli.exits import WrongUsage


def opened(out: Path | None) -> Path | None:
    """A new file beside the one that is wanted: that it can be written is known before anything is made."""
    if out is None:
        return None
    if out.exists():
        raise WrongUsage(f"{out} is there already. Name another file, or move it away.")
    part = out.with_name(f"{out.name}.{secrets.token_hex(4)}.part")
    part.touch(mode=0o600, exist_ok=False)
    return part


def written_rows(part: Path, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> int:
    """The rows as CSV, on the disk for good; how many."""
    count = 0
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow(row)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count
