"""The page about scripts is true: its example is played, its tables name every word of the language and no other."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from checkout_cli.demo import tell
from checkout_core.script_reader import WORDS, script_of
from checkout_core.scripts import BadScript
from tests.cli.playhouse import playhouse

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "scripts.md").read_text(encoding="utf-8")
EVERY_STEP = ["do", "who", "says", "expect", "reason", "total"]


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def example() -> dict[str, object]:
    found = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return tomllib.loads(found[0])


def known(table: Mapping[str, object], place: str) -> list[str]:
    """What the reader says may stand at that place of a script, when something stands there that may not."""
    with pytest.raises(BadScript) as raised:
        script_of(table, "x")
    (told,) = (
        found[1] for mistake in raised.value.mistakes if (found := re.fullmatch(rf'{place}: unknown word "zzz"; known: (.*)', mistake))
    )
    return str(told).split(", ")


def test_the_example_is_played_as_it_stands() -> None:
    """It is a whole script, and ends at the example shop as it says."""
    told = tell(playhouse().stage, [script_of(example(), "the-page")])
    assert [str(mismatch) for _, mismatch in told.mismatches] == []
    assert told.balanced


def test_the_table_of_steps_names_every_word_and_no_other() -> None:
    """What a step may say is what the reader asks it for."""
    table = {cells[0].strip("`"): re.findall(r"`(\w+)`", cells[1]) for cells in rows("What can be done")}
    assert list(table) == list(WORDS)
    for word, words in table.items():
        step = {"title": "T", "shoppers": {"ada": {}}, "steps": [{"do": word, "zzz": 1}]}
        assert [one for one in known(step, rf"step 1 \({word}\)") if one not in EVERY_STEP] == words, word
    assert [cells[0].strip("`") for cells in rows("Every step")] == EVERY_STEP


def test_the_tables_of_the_frame_and_the_end_are_whole() -> None:
    """The same for shoppers, addresses and what is expected."""
    frame = {"title": "T", "zzz": 1, "shoppers": {"ada": {"zzz": 1}}, "addresses": {"home": {"zzz": 1}}, "expect": {"zzz": 1}}
    told = " ".join(cells[1] for cells in rows("The frame"))
    for place in ("shoppers, ada", "addresses, home"):
        assert [word for word in known(frame, place) if f"`{word}`" not in told] == []
    assert sorted(cells[0].strip("`") for cells in rows("How it must end")) == sorted(known(frame, "expect"))
