"""The shop that a command's options name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from checkout_cli.config import settings_of

if TYPE_CHECKING:
    from checkout_cli.wiring import Backend


@contextmanager
def shop_of(db: str | None, config: Path | None) -> Iterator[Backend]:
    """That shop, opened for the length of a command. Raises what opening raises."""
    from checkout_cli.wiring import opened  # imports every adapter: --help must not

    with opened(settings_of(db, config)) as backend:
        yield backend
