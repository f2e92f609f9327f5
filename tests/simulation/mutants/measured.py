"""Which planted bugs the ordinary tests let live: measured by `python -m tests.simulation.survivors`, and copied here."""

from __future__ import annotations

from typing import Final

SURVIVORS: Final[frozenset[str]] = frozenset()
