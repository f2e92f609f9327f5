"""What the screens look like in any window: words stay whole, what has no room is named, nothing is told twice."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import pytest
from rich.console import Console

from checkout_cli.app import flowing
from checkout_cli.rendering.tables import Fitting, table
from tests.cli.conftest import EXAMPLES, Command

LISTS = ("order list", "payment list", "inventory list", "inventory holds", "coupon list", "outbox list", "sandbox", "fsck")
SPLIT = {("payment list", 60): ("insufficient-fund", "s")}  # a word longer than what is left of so narrow a window
ROWS = [("TEA-DARJEELING-100", "Darjeeling First Flush", 12, 3), ("POT", "Teapot", 1, 0)]


def drawn(made: Fitting, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(made)
    return out.getvalue()


def goods() -> Fitting:
    return table(("sku", "product", "on hand", "held"), ROWS, right=("on hand", "held"), keep=("sku",), spare=("product", "held"))


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("words", LISTS)
def test_no_word_of_a_list_is_broken_in_a_narrow_window(
    checkout: Command, demo_db: Path, monkeypatch: pytest.MonkeyPatch, words: str, width: int
) -> None:
    """Whatever stands in a narrow list stands in a wide one too, as the same words, and no line is wider than the window."""
    db = [] if words == "sandbox" else ["--db", demo_db]
    monkeypatch.setenv("COLUMNS", "500")
    wide = set(checkout(*words.split(), *db).out.split())
    monkeypatch.setenv("COLUMNS", str(width))
    said = checkout(*words.split(), *db).out
    table, _, after = said.partition("Left out")
    assert {word for word in table.split() if not word.startswith("─")} - wide <= set(SPLIT.get((words, width), ()))
    assert not after or " ".join(after.split()).partition(". ")[2].startswith("--json has everything.")
    assert max(map(len, said.splitlines())) <= width


def test_a_table_with_room_shows_everything() -> None:
    shown = drawn(goods(), 80)
    assert "TEA-DARJEELING-100  Darjeeling First Flush       12     3" in shown
    assert "Left out" not in shown


def test_words_go_on_in_a_second_line_before_anything_is_left_out() -> None:
    shown = drawn(goods(), 46)
    assert "Darjeeling" in shown
    assert "Left out" not in shown
    assert len(shown.splitlines()) == 5  # heading, rule, two lines for the first row, one for the second


def test_what_has_no_room_is_left_out_by_name_and_numbers_stay_whole() -> None:
    shown = drawn(goods(), 36)
    assert "Darjeeling" not in shown
    assert "TEA-DARJEELING-100       12     3" in shown
    assert "Left out for lack of room: product." in shown


def test_the_narrowest_window_still_shows_every_letter() -> None:
    shown = drawn(goods(), 12)
    assert "".join(line[:9] for line in shown.splitlines()).replace(" ", "").startswith("sku")
    assert max(map(len, shown.splitlines())) <= 12


def test_help_flows_to_the_width_of_the_window_and_the_example_stands_apart() -> None:
    """The lines of a docstring end where the source does; on the screen they do not."""
    text = "Do it.\n\n    It is\n    done.\n    Example: checkout do\n    "
    assert flowing(text) == "Do it.\n\nIt is done.\n\nExample: checkout do"


@pytest.mark.parametrize("words", ["run", "worker", "demo", "payment resolve"])
def test_help_has_no_line_that_stops_halfway(checkout: Command, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = checkout(*words.split(), "--help").out.split("╭")[0].splitlines()
    prose = [line.strip() for line in said if line.strip() and "Usage" not in line]
    for line, following in itertools.pairwise(prose):
        if not line.endswith((".", '"')) and not following.startswith("Example"):
            assert len(line) + 1 + len(following.split()[0]) > 77, line


def test_the_scripts_and_shops_that_help_names_are_there(checkout: Command) -> None:
    for words in ("run", "shop load", "shop check"):
        example = checkout(*words.split(), "--help").out.split("Example:")[1].split("╭")[0]
        (path,) = [word for word in example.split() if word.startswith("examples/")]
        assert (EXAMPLES.parent / path).exists()


def test_one_persons_use_of_a_code_is_told_once(checkout: Command, db: Path, tmp_path: Path) -> None:
    """It is counted under the account and under the e-mail; to an operator it is one use."""
    script = (EXAMPLES / "checkouts" / "01-guest.toml").read_text(encoding="utf-8").partition("[expect]")[0]
    script = script.replace('total = "41.20"', "").replace("[shoppers.ada]", '[shoppers.ada]\ncustomer = "customer-1"')
    (tmp_path / "script.toml").write_text(script.replace('do = "begin"', 'do = "begin"\ncodes = ["welcome10"]'), encoding="utf-8")
    assert checkout("run", tmp_path / "script.toml", "--db", db, "--yes").code == 0
    order = checkout("order", "list", "--limit", 1, "--db", db, "--json").data["orders"][0]
    holds = checkout("order", "show", order["id"], "--db", db, "--json").data["order"]["holds"]
    assert [hold["pool"]["kind"] for hold in holds].count("coupon-by") == 2
    for words in (["show"], ["explain"], ["cancel", "--reason", "x", "--dry-run"]):
        assert checkout("order", words[0], order["id"], *words[1:], "--db", db).out.count("one person's use of welcome") == 1


def test_what_was_withdrawn_says_so_and_what_is_not_counted_too(checkout: Command, db: Path, tmp_path: Path) -> None:
    """An operator who looks at a product sees that nobody can buy it; who receives a download is told that it counts for nothing."""
    shop = tmp_path / "without"
    shop.mkdir()
    for file in (EXAMPLES / "shop").iterdir():
        text = file.read_text(encoding="utf-8")
        gone = ("MUG-ENAMEL-400,",) if file.suffix == ".csv" else ()
        (shop / file.name).write_text(
            "".join(line for line in text.splitlines(keepends=True) if not line.startswith(gone or "\0")), "utf-8"
        )
    assert checkout("inventory", "show", "MUG-ENAMEL-400", "--db", db, "--json").data["item"]["for_sale"] is True
    assert checkout("shop", "load", shop, "--yes", "--db", db).code == 0
    assert checkout("inventory", "show", "MUG-ENAMEL-400", "--db", db, "--json").data["item"]["for_sale"] is False
    assert "withdrawn" in checkout("inventory", "show", "MUG-ENAMEL-400", "--db", db).out
    products = (EXAMPLES / "shop" / "products.csv").read_text(encoding="utf-8").splitlines()
    download = next(line.split(",")[0] for line in products if ",no," in line)
    said = checkout("inventory", "receive", download, 3, "--reason", "x", "--dry-run", "--db", db)
    assert "is not counted" in said.out


def test_a_payment_that_waits_for_a_person_says_so_everywhere(checkout: Command, db: Path, tmp_path: Path) -> None:
    """The bank refuses a refund: no worker will look again, and the operator is led to the command that goes on."""
    script = (EXAMPLES / "checkouts" / "01-guest.toml").read_text(encoding="utf-8").replace("tok_ok", "tok_refund_refused")
    (tmp_path / "script.toml").write_text(script.partition("[expect]")[0], encoding="utf-8")
    assert checkout("run", tmp_path / "script.toml", "--db", db, "--yes").code == 0
    number = checkout("order", "list", "--limit", 1, "--db", db, "--json").data["orders"][0]["number"]
    done = checkout("order", "cancel", number, "--reason", "x", "--yes", "--db", db)
    for said in (done.out, checkout("order", "explain", number, "--db", db).out):
        assert "Next: a person looks" in said
        assert "at no set time" not in said
    assert "--retry lets it go on" in checkout("payment", "show", number, "--db", db).out
    assert "a person must look" in " ".join(checkout("payment", "list", "--due", "--db", db).out.split())


def test_a_number_in_a_hint_can_be_pasted_into_a_shell(checkout: Command, demo_db: Path) -> None:
    assert "checkout order explain '1HC8X-3K77*'" in checkout("order", "show", "1HC8X-3K77*", "--db", demo_db).out


def test_scripts_are_played_on_the_shop_that_a_configuration_names(checkout: Command, db: Path, tmp_path: Path) -> None:
    """`run --config` does not silently play somewhere else; CHECKOUT_DB alone does."""
    (tmp_path / "c.toml").write_text(f"db = '{db}'", encoding="utf-8")
    said = checkout("run", EXAMPLES / "checkouts" / "01-guest.toml", "--config", tmp_path / "c.toml", "--dry-run")
    assert said.code == 0
    assert "Play scripts" in said.out
    assert "--dry-run" in said.out
