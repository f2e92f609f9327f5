"""`checkout run`: scripts from files, played on a shop; their stories, and the exit code that says whether all went as expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from attrs import frozen

from checkout_cli.exits import BROKEN, REFUSED
from checkout_cli.stage import Stage
from checkout_core.errors import CheckoutError
from checkout_core.script_reader import script_of
from checkout_core.scripts import BadScript, Script
from checkout_core.stories import Story

LARGEST: Final = 1_000_000
"""The bytes a script may have (R25)."""


@frozen
class ScriptMistake:
    """What is wrong with a script: the file, its line if that is known, and what to do."""

    file: str
    row: int | None
    column: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}{'' if self.row is None else f':{self.row}'}: {self.message}"


class BadScripts(CheckoutError):
    """Scripts that cannot be read: correct them. `mistakes` has everything that is wrong with any of them."""

    def __init__(self, mistakes: tuple[ScriptMistake, ...]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))


@frozen
class Ran:
    """Scripts that were played, in order."""

    stories: tuple[Story, ...]

    @property
    def exit(self) -> int:
        """0 all as expected; 1 the shop said no where nobody expected it; 4 what was expected did not happen."""
        wrong = [mismatch for story in self.stories for mismatch in story.mismatches]
        if any(not mismatch.refused for mismatch in wrong):
            return BROKEN
        return REFUSED if wrong else 0


def run(stage: Stage, scripts: Iterable[Script], told: Callable[[int], None] = lambda _: None) -> Ran:
    """Play them in order; `told` hears how many there were so far. Raises Unavailable if the shop cannot be reached."""
    player, stories = stage.player, list[Story]()
    for script in scripts:
        stories.append(player.play(script))
        told(len(stories))
    return Ran(tuple(stories))


def read_scripts(paths: Iterable[Path]) -> tuple[Script, ...]:
    """The scripts of these files, and of the `.toml` files in these folders, in order. Raises BadScripts with every mistake in any."""
    scripts, mistakes = list[Script](), list[ScriptMistake]()
    for path in paths:
        files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not files:
            mistakes.append(ScriptMistake(str(path), None, None, "There is no script in this folder. Scripts are files that end in .toml."))
        for file in files:
            try:
                scripts.append(_read(file))
            except BadScript as bad:
                mistakes += [ScriptMistake(str(file), None, None, f"{mistake}.") for mistake in bad.mistakes]
            except BadScripts as bad:
                mistakes += bad.mistakes
    if mistakes:
        raise BadScripts(tuple(mistakes))
    return tuple(scripts)


def _read(file: Path) -> Script:
    def bad(message: str, row: int | None = None, column: int | None = None) -> BadScripts:
        return BadScripts((ScriptMistake(str(file), row, column, message),))

    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise bad(f"It cannot be read: {error.strerror}. Check the path and its permissions.") from None
    if len(content) > LARGEST:
        raise bad(f"It has more than {LARGEST} bytes. This is no script.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise bad(f"It is not UTF-8: byte {error.start + 1} of the file. Save it as UTF-8.", row) from None
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise bad("It is nested too deeply.") from None
    except ValueError as error:  # tomllib.TOMLDecodeError, and a number of more digits than Python reads
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        said = str(error).split(" (at ")[0] if isinstance(error, tomllib.TOMLDecodeError) else "a number has too many digits"
        raise bad(f"It is not TOML: {said}.", int(place[1]) if place else None, int(place[2]) if place else None) from None
    return script_of(table, file.stem)
