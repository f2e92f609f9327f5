"""The text of one file, or what is wrong with it as a whole: missing, too large, empty, or not UTF-8."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from checkout_adapters.files.mistakes import Notes

BYTES_AT_MOST: Final = 16 * 1024 * 1024
"""The largest file that is read. A catalogue beyond it wants a database of its own behind the `Catalog` port."""

_BOM: Final = b"\xef\xbb\xbf"


def read_text(path: Path, notes: Notes) -> str | None:
    """The text, with its line ends as they are and without a byte order mark; None if there is none, which is noted."""
    if not path.is_file():
        notes.add("There is no such file. Every file of a shop has to be there." if not path.exists() else "It is not a file.")
        return None
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_AT_MOST + 1)
    except OSError as error:
        notes.add(f"It cannot be read: {error.strerror}. Look at its permissions.")
        return None
    return _decoded(content, notes)


def _decoded(content: bytes, notes: Notes) -> str | None:
    if len(content) > BYTES_AT_MOST:
        notes.add(f"It is larger than {BYTES_AT_MOST // 1024 // 1024} MiB, the most that is read. Split the shop, or load it by program.")
        return None
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        notes.add("It is not UTF-8 but UTF-16. Save it as UTF-8.", 1)
        return None
    mark = len(_BOM) if content.startswith(_BOM) else 0
    content = content[mark:]
    if b"\0" in content:
        notes.add("It has a NUL byte. Save it as a plain text file.", _line(content, content.index(b"\0")))
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        where = error.start
        notes.add(
            f"It is not UTF-8: byte {mark + where + 1} of the file is 0x{content[where]:02x}. Save it as UTF-8.", _line(content, where)
        )
        return None
    if not text.strip():
        notes.add("It is empty. Write at least what the documentation of the file asks for.")
        return None
    return text


def _line(content: bytes, position: int) -> int:
    before = content[:position].replace(b"\r\n", b"\n")
    return 1 + before.count(b"\n") + before.count(b"\r")
