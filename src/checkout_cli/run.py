"""`checkout run`: scripts from files, played on a shop; their stories, and the exit code that says whether all went as expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from attrs import frozen

from checkout_cli.exits import BROKEN, REFUSED
from checkout_cli.stage import Stage
from checkout_cli.table_files import mistaken, read_all, read_table
from checkout_core.script_reader import script_of
from checkout_core.scripts import BadScript, Script
from checkout_core.stories import Story


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
    """The scripts of these files, and of the `.toml` files in these folders, in order. Raises BadTables with every mistake in any."""
    return read_all(paths, "script", read_script)


def read_script(file: Path) -> Script:
    """The script in one file. Raises BadTables."""
    table = read_table(file, "script")
    try:
        return script_of(table, file.stem)
    except BadScript as bad:
        raise mistaken(file, bad.mistakes) from None
