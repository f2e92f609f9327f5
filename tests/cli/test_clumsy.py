"""A clumsy hour at the command: streams that are gone, files of the wrong kind, numbers without end. Typed, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checkout_cli.commands.stories import new_stage
from tests.cli.conftest import EXAMPLES, Command, content

CHECKOUT = f'"{sys.executable}" -m checkout_cli'
MUG = "MUG-STONE-GREY-350"


def shell(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "COLUMNS": "80", "CHECKOUT_ACTOR": "tester", "C": CHECKOUT, **env}
    done = subprocess.run(["/bin/sh", "-c", script.replace("$C", CHECKOUT)], capture_output=True, text=True, check=False, env=surroundings)
    assert "Traceback" not in done.stdout + done.stderr
    assert "Exception ignored" not in done.stderr
    return done


def on_hand(checkout: Command, db: Path) -> int:
    number: int = checkout("inventory", "show", MUG, "--db", db, "--json").data["item"]["on_hand"]
    return number


# Streams.
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_error(checkout: Command, db: Path, closed: str) -> None:
    """Cron and daemons close what they do not need: a change is made all the same, and without --yes it is not."""
    before = on_hand(checkout, db)
    receive = f"$C inventory receive {MUG} 1 --reason x --db {db}"
    assert shell(f"{receive} {closed}" if "<" in closed else f"{receive} {closed} </dev/null").returncode == 2
    assert on_hand(checkout, db) == before
    assert shell(f"{receive} --yes {closed}").returncode == 0
    assert on_hand(checkout, db) == before + 1


def test_a_yes_is_a_yes_although_nobody_reads_the_plan(checkout: Command, db: Path) -> None:
    """`--yes | head -1`: the pipe may break while the plan is shown; exit code 0 must not mean that nothing was done."""
    before = on_hand(checkout, db)
    assert shell(f"$C inventory receive {MUG} 1 --reason x --yes --db {db} | true").returncode == 0
    assert on_hand(checkout, db) == before + 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", ["sandbox", "sandbox --json", "--help"])
def test_a_full_disk_behind_stdout_is_told(words: str) -> None:
    done = shell(f"$C {words} >/dev/full")
    assert done.returncode == 3
    assert "--json" in words or "No space left" in done.stderr


def test_help_that_nobody_reads_to_the_end_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as nobody:
        command = [sys.executable, "-m", "checkout_cli", "order", "--help"]
        done = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("columns", ["0", "1", "-5", "wide"])
def test_a_width_in_which_nothing_can_be_read_is_not_believed(columns: str) -> None:
    assert "tok_declined" in shell("$C sandbox", COLUMNS=columns).stdout


def test_ctrl_c_while_the_command_is_still_being_loaded_is_quiet() -> None:
    """The first tenths of a second are imports: no traceback there either, and exit code 130."""
    program = (
        "import sys\n"
        "class Pressed:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "from checkout_cli.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


# Files.
def test_a_demo_that_ends_early_takes_nothing_of_a_like_name_with_it(tmp_path: Path) -> None:
    """`demo --keep shop` and Ctrl-C: what was there before, `shop.toml` or the folder `shop-files`, stays."""
    (tmp_path / "shop.toml").write_text("mine", encoding="utf-8")
    (tmp_path / "shop-files").mkdir()
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "shop")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop-files", "shop.toml"]


def interrupted(keep: Path) -> None:
    with new_stage(EXAMPLES / "shop", keep):
        assert keep.exists()
        raise KeyboardInterrupt


@pytest.mark.parametrize("left", [".sandbox", ".mail", ".key", "-wal"])
def test_a_demo_is_not_mixed_with_what_an_earlier_one_left(checkout: Command, tmp_path: Path, left: str) -> None:
    """Whoever removes shop.db and begins anew would have the old payments in the new books."""
    (tmp_path / f"shop.db{left}").write_text("", encoding="utf-8")
    said = checkout("demo", "--keep", tmp_path / "shop.db")
    assert said.code == 2
    assert f"shop.db{left} is there already. It belongs to a database" in said.err
    assert [path.name for path in tmp_path.iterdir()] == [f"shop.db{left}"]


def test_a_new_database_does_not_take_over_the_payments_of_another(checkout: Command, db: Path) -> None:
    db.unlink()
    said = checkout("init", "--yes", "--db", db)
    assert said.code == 2
    assert "payments of another database" in said.err
    assert not db.exists()


def test_a_secret_that_is_gone_is_not_replaced_without_a_word(checkout: Command, db: Path) -> None:
    Path(f"{db}.key").unlink()
    assert "counted anew" in checkout("init", "--dry-run", "--db", db).out


def test_where_there_is_no_folder_no_database_is_planned(checkout: Command, tmp_path: Path) -> None:
    said = checkout("init", "--yes", "--db", tmp_path / "nowhere" / "shop.db")
    assert (said.code, said.out) == (2, "")
    assert "no folder" in said.err


@pytest.mark.parametrize("name", [".", "/", ".."])
def test_a_folder_is_no_database_to_make(checkout: Command, name: str) -> None:
    for words in (["init", "--yes", "--db", name], ["demo", "--keep", name]):
        assert checkout(*words).code == 2


def test_the_sandbox_says_so_if_its_file_is_none_of_its_own(checkout: Command, db: Path) -> None:
    Path(f"{db}.sandbox").write_bytes(b"\x89PNG" * 300)
    before = content(db)
    said = checkout("order", "cancel", "5GYPS-FDKST", "--reason", "x", "--yes", "--db", db)
    assert said.code == 3
    assert "sandbox cannot use its file" in said.err
    assert content(db) == before


ENDLESS = {"number": "x = " + "9" * 5000, "depth": "x = " + "[" * 5000}


@pytest.mark.parametrize("what", ENDLESS)
@pytest.mark.parametrize("words", ["quote FILE --shop SHOP", "run FILE", "order list --config FILE"])
def test_numbers_and_brackets_without_end_are_bad_files(checkout: Command, tmp_path: Path, words: str, what: str) -> None:
    file = tmp_path / "file.toml"
    file.write_text(ENDLESS[what], encoding="utf-8")
    given = [{"FILE": str(file), "SHOP": str(EXAMPLES / "shop")}.get(word, word) for word in words.split()]
    said = checkout(*given)
    assert said.code == 2
    assert "too many digits" in said.err or "too deeply" in said.err
    assert len(said.err) < 500


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero here")
@pytest.mark.parametrize("words", ["quote /dev/zero --shop x", "run /dev/zero", "order list --config /dev/zero"])
def test_a_file_without_an_end_is_not_read_to_its_end(checkout: Command, words: str) -> None:
    assert checkout(*words.split()).code == 2


def test_a_broken_file_of_products_is_not_blamed_on_the_promotions(checkout: Command, tmp_path: Path) -> None:
    """One mistake, one line: a promotion for a category is not wrong because the products cannot be read."""
    for file in (EXAMPLES / "shop").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes().replace(b",", b";") if file.name == "products.csv" else file.read_bytes())
    reasons = checkout("shop", "check", tmp_path, "--json").data["error"]["reasons"]
    assert [reason["file"] for reason in reasons] == ["products.csv"]


@pytest.mark.parametrize("reason", ["", "   ", "a" * 201, "a\x1b[31mb"])
@pytest.mark.parametrize(
    "words", ["order cancel 5GYPS-FDKST", f"inventory receive {MUG} 1", f"inventory adjust {MUG} --to 3", "shop load SHOP"]
)
def test_a_reason_that_cannot_be_kept_is_refused_before_anybody_is_asked(checkout: Command, demo_db: Path, words: str, reason: str) -> None:
    given = [word.replace("SHOP", str(EXAMPLES / "shop")) for word in words.split()]
    said = checkout(*given, "--reason", reason, "--db", demo_db)
    assert (said.code, said.out) == (1, "")
    assert "reason is not acceptable" in said.err
