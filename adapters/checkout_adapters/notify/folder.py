"""A folder of `.eml` files instead of a mail server: for demos, for tests, and for a shop that hands its mail to another program."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from attrs import frozen

from checkout_adapters.notify.letters import Letter
from checkout_core.errors import Unavailable


@frozen
class FolderTransport:
    """Writes each letter as `<order>-<template>-<id>.eml`, whole or not at all, and never a second time, whoever asks.

    The folder and its files are for their owner alone: they hold addresses.
    """

    path: Path

    def send(self, letter: Letter) -> None:
        """Write the file. Raises Unavailable if the folder does not take it."""
        target = self.path / f"{letter.name}.eml"
        part = self.path / f".{letter.name}.{secrets.token_hex(4)}.part"
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if target.exists():
                return
            try:
                with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                    stream.write(letter.content)
                    stream.flush()
                    os.fsync(stream.fileno())
                _give_name(part, target)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Unavailable(f"The mail folder does not take a letter ({reason}). Make room, or give access.") from None


def _give_name(part: Path, target: Path) -> None:
    """A link, unlike a rename, never replaces a file that somebody else has written meanwhile; some file systems have none."""
    try:
        os.link(part, target)
    except FileExistsError:
        return
    except OSError:
        part.rename(target)
