"""`checkout run`: scripts from files, every mistake in them at once, and an exit code that says what became of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from attrs import evolve
from rich.console import Console

from checkout_cli.exits import ending_of
from checkout_cli.rendering.stories import ran_data, ran_words, story_words
from checkout_cli.run import Ran, read_scripts, run
from checkout_cli.table_files import LARGEST, BadTables
from checkout_core.stories import Story
from tests.cli.playhouse import EXAMPLES, Playhouse, playhouse

GOOD = """
title = "A mug"
[addresses.home]
name = "Ada Winter"
lines = ["Torstraße 112"]
city = "Berlin"
postcode = "10119"
country = "DE"
[shoppers.ada]
email = "ada@example.com"
address = "home"
[[steps]]
do = "open"
currency = "EUR"
[[steps]]
do = "add"
sku = "MUG-ENAMEL-400"
[[steps]]
do = "begin"
shipping = "standard"
[[steps]]
do = "pay"
card = "tok_ok"
"""


@pytest.fixture(scope="module")
def house() -> Playhouse:
    return playhouse()


def written(folder: Path, text: str | bytes, name: str = "mug.toml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def ran(house: Playhouse, path: Path) -> Ran:
    return run(house.stage, read_scripts([path]))


def words(made: Ran) -> str:
    console = Console(width=100, color_system=None, highlight=False, emoji=False)
    with console.capture() as capture:
        for part in ran_words(made):
            console.print(part)
    return capture.get()


def mistakes(*paths: Path) -> list[tuple[str, int | None, int | None, str]]:
    with pytest.raises(BadTables) as raised:
        read_scripts(paths)
    assert ending_of(raised.value).exit == 2
    return [(Path(one.file).name, one.row, one.column, one.message) for one in raised.value.mistakes]


@pytest.mark.parametrize(
    ("text", "exit", "said"),
    [
        (GOOD, 0, "As expected: 1 script."),
        (GOOD.replace("tok_ok", "tok_declined"), 1, "mug: step 4 (pay): expected no refusal; got refused (declined)"),
        (GOOD.replace("MUG-ENAMEL-400", "NO-SUCH-MUG"), 1, "mug: step 2 (add): expected no refusal; got refused (unknown-sku)"),
        (GOOD + 'expect = "refused"\n', 4, "mug: step 4 (pay): expected refused; got placed"),
        (GOOD + "[expect]\norders = 2\n", 4, "mug: at the end: expected 2 orders; got 1"),
        (GOOD + 'total = "1.00"\n', 4, "mug: step 4 (pay): expected a total of 1.00 EUR; got 14.80 EUR"),
    ],
)
def test_the_exit_code_says_what_became_of_it(house: Playhouse, tmp_path: Path, text: str, exit: int, said: str) -> None:
    """0 as expected; 1 refused where nobody expected it; 4 something else than what was expected."""
    made = ran(house, written(tmp_path, text))
    assert made.exit == exit
    assert said in " ".join(words(made).split())
    data = json.loads(json.dumps(ran_data(made)))
    assert data["as_expected"] is (exit == 0)
    assert [one["name"] for one in data["stories"]] == ["mug"]


def test_what_was_not_expected_outweighs_what_was_refused(house: Playhouse, tmp_path: Path) -> None:
    """Of two scripts that go wrong, the worse decides; both are told."""
    written(tmp_path, GOOD.replace("tok_ok", "tok_declined"), "a.toml")
    written(tmp_path, GOOD + "[expect]\norders = 2\n", "b.toml")
    heard = list[int]()
    made = run(house.stage, read_scripts([tmp_path]), heard.append)
    assert (made.exit, heard) == (4, [1, 2])


def test_a_folder_means_its_scripts_in_order(tmp_path: Path) -> None:
    """`checkout run examples/checkouts` plays them all, by name."""
    assert [script.name for script in read_scripts([EXAMPLES / "checkouts"])][:2] == ["01-guest", "02-registered"]
    written(tmp_path, GOOD, "notes.txt")
    assert mistakes(tmp_path) == [
        (tmp_path.name, None, None, "There is no script in this folder. Scripts are files that end in .toml."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n").encode()],
    ids=["a byte order mark", "lines that end in CRLF"],
)
def test_what_editors_leave_is_read(tmp_path: Path, text: bytes) -> None:
    """A byte order mark and Windows line ends change nothing."""
    plain = read_scripts([written(tmp_path, GOOD)])
    assert read_scripts([written(tmp_path, text)]) == plain


@pytest.mark.parametrize(
    ("text", "row", "said"),
    [
        (b'title = "A"\nabout = "caf\xe9"\n', 2, "It is not UTF-8: byte 25 of the file. Save it as UTF-8."),
        (b'title = "A\n', 1, "It is not TOML: Illegal character"),
        (b'title = "A"\n[[steps]\n', 2, "It is not TOML: Expected ']]' at the end of an array declaration."),
        (b'title = "A"\ntitle = "B"\n', 2, "It is not TOML: Cannot overwrite a value."),
        (b"a = " + b"[" * 100_000, None, "It is nested too deeply."),
        (b"#" * (LARGEST + 1), None, "It has more than 1000000 bytes. This is no script."),
        (b"", None, '"title" is missing.'),
        (b'title = "A"\x00', 1, "It is not TOML"),
    ],
    ids=["Latin-1", "a text that does not end", "half a heading", "a key twice", "nested", "huge", "empty", "NUL"],
)
def test_a_file_that_is_no_script_is_told_with_its_place(tmp_path: Path, text: bytes, row: int | None, said: str) -> None:
    """File, line and column as far as they are known, and what to do; never a traceback."""
    name, at, column, message = mistakes(written(tmp_path, text))[0]
    assert (name, at) == ("mug.toml", row)
    assert (column is not None) == (row is not None and message.startswith("It is not TOML"))
    assert message.startswith(said)


def test_every_mistake_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    """Whoever corrects scripts sees all of it in one go, file by file."""
    bad = written(tmp_path, GOOD.replace("sku", "sko"), "a.toml")
    worse = written(tmp_path, b"\xff", "b.toml")
    found = mistakes(bad, worse, tmp_path / "none.toml", written(tmp_path, GOOD, "c.toml"))
    assert [(name, message.split(":")[0]) for name, _, _, message in found] == [
        ("a.toml", "step 2 (add)"),
        ("a.toml", "step 2 (add)"),
        ("b.toml", "It is not UTF-8"),
        ("none.toml", "It cannot be read"),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    path.chmod(0)
    assert mistakes(path)[0][3] == "It cannot be read: Permission denied. Check the path and its permissions."


def test_data_cannot_steer_the_terminal(house: Playhouse, tmp_path: Path) -> None:
    """S14: a name from data is shown as it is: no markup of ours, no control character of a terminal's."""
    (made,) = ran(house, written(tmp_path, GOOD)).stories
    quote = made.checkouts[0][1].quote
    assert quote is not None
    nasty = evolve(quote, lines=tuple(evolve(line, name="[red]Mug[/] \x1b[2J\u202e") for line in quote.lines))
    story: Story = evolve(made, checkouts=(("ada", evolve(made.checkouts[0][1], quote=nasty)),))
    console = Console(width=100, color_system=None, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(story_words(story))
    assert "[red]Mug[/] \\x1b[2J\\u202e" in capture.get()
    assert "\x1b" not in capture.get()
