"""Whatever somebody points the command at: typed errors, the exit codes that are promised, and a database that is as it was."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from checkout_cli.app import run
from tests.cli.conftest import Command, content

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "shop"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the example shop, made once."""
    path = tmp_path_factory.mktemp("made") / "shop.db"
    assert run(["init", "--db", str(path), "--yes", "--json"]) == 0
    assert run(["shop", "load", str(SHOP), "--db", str(path), "--yes", "--json"]) == 0
    return path


@pytest.fixture
def db(made: Path, tmp_path: Path) -> Path:
    """A copy of it to break."""
    shutil.copy(made, tmp_path / "shop.db")
    shutil.copy(f"{made}.key", tmp_path / "shop.db.key")
    return tmp_path / "shop.db"


# Databases.
def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.commit()


def picture(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)


def folder(path: Path) -> None:
    path.mkdir()


def nothing(path: Path) -> None: ...


def newer(path: Path) -> None:
    assert run(["init", "--db", str(path), "--yes", "--json"]) == 0
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


@pytest.mark.parametrize("words", [["order", "list"], ["db", "upgrade", "--yes"], ["fsck"], ["worker", "--once"]], ids=" ".join)
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (foreign, "belongs to another program"),
        (picture, "no SQLite database"),
        (folder, "is a folder"),
        (nothing, "checkout init"),
        (newer, "Upgrade checkout-core"),
    ],
)
def test_a_database_that_is_none_of_ours_is_refused_and_stays_as_it_was(
    checkout: Command, tmp_path: Path, make: Callable[[Path], None], says: str, words: list[str]
) -> None:
    path = tmp_path / "other.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    said = checkout(*words, "--db", path)
    assert said.code == 2, said.err
    assert says in said.err
    assert checkout(*words, "--db", path, "--json").data["error"]["code"] == "misconfigured"
    assert (path.read_bytes() if path.is_file() else None) == before
    assert not Path(f"{path}.sandbox").exists()


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("mysql://shop:hunter2@db/shop", 2, "not supported"),
        ("postgresql+asyncpg://shop:hunter2@db/shop", 2, "not supported"),
        ("postgresql://shop:hunter2@localhost:1/shop", 3, "cannot be reached"),
        ("postgresql://shop:hunter2@localhost", 2, "names no database"),
    ],
)
def test_a_server_that_cannot_be_used_is_refused_and_its_password_is_not_told(url: str, code: int, says: str, checkout: Command) -> None:
    said = checkout("order", "list", "--db", url)
    assert said.code == code
    assert says in said.err
    assert "hunter2" not in said.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_database_that_may_only_be_read_refuses_changes(checkout: Command, db: Path) -> None:
    db.chmod(0o400)
    said = checkout("shop", "load", SHOP, "--db", db, "--yes")
    assert said.code in (2, 3)


def test_while_another_program_writes_a_change_is_unavailable(checkout: Command, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writers: the second waits a while, then says that nothing happened (exit 3)."""
    monkeypatch.setenv("CHECKOUT_BUSY_TIMEOUT", "0")
    before = content(db)
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        said = checkout("shop", "load", another_shop(db.parent), "--db", db, "--yes")
        other.execute("ROLLBACK")
    assert said.code == 3
    assert "busy" in said.err
    assert content(db) == before


def another_shop(folder: Path) -> Path:
    """The example shop with one price changed."""
    target = folder / "another"
    shutil.copytree(SHOP, target)
    products = target / "products.csv"
    products.write_text(products.read_text(encoding="utf-8").replace("14.90", "15.90"), encoding="utf-8")
    return target


# Shops.
@pytest.fixture
def shop(tmp_path: Path) -> Path:
    shutil.copytree(SHOP, tmp_path / "shop")
    return tmp_path / "shop"


def edited(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


BROKEN: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "missing column": ("products.csv", lambda text: text.replace(b"tax_category", b"taxes", 1), "products.csv"),
    "wrong type": ("products.csv", lambda text: text.replace(b",130,", b",heavy,", 1), "products.csv:2: weight_g"),
    "duplicate SKU": ("products.csv", lambda text: text + text.splitlines(keepends=True)[1], "sku"),
    "Latin-1 bytes": ("products.csv", lambda text: text + "X,Müsli,".encode("latin-1"), "UTF-8"),
    "overlapping tax rows": ("taxes.csv", lambda text: text + b"DE,,standard,MwSt 19 %,0.19,yes,no,again\n", "taxes.csv"),
    "broken TOML": ("shop.toml", lambda text: text + b"\nname = ", "shop.toml"),
    "NUL bytes": ("stock.csv", lambda text: text + b"\x00\x00", "stock.csv"),
    "stock of nothing": ("stock.csv", lambda text: text + b"NO-SUCH-SKU,berlin,3\n", "stock.csv"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_shop_is_refused_with_file_row_and_column_and_changes_nothing(checkout: Command, db: Path, shop: Path, what: str) -> None:
    file, change, says = BROKEN[what]
    edited(shop / file, change)
    before = content(db)
    for words in (["shop", "check", shop], ["shop", "load", shop, "--db", db, "--yes"]):
        said = checkout(*words)
        assert said.code == 2
        assert says in said.err
        reasons = checkout(*words, "--json").data["error"]["reasons"]
        assert {"file", "row", "column", "message"} == set(reasons[0])
    assert content(db) == before


BAD_RULES = {
    "promotions.toml": """
[[promotions]]
id = "ten"
name = "Ten"
kind = "percent"
percent = "ten"
code = "TEN"

[[promotions]]
id = "five"
name = "Five"
kind = "fixed"
amounts = { EUR = 5.00 }

[[promotions]]
id = "late"
name = "Late"
kind = "percent"
percent = "5"
starts = 2026-06-02T00:00:00Z
ends = 2026-06-01T00:00:00Z

[[promotions]]
id = "odd"
name = "Odd"
kind = "lottery"
""",
    "taxes.csv": """Germany,,standard,VAT,0.19,yes,no,law
DE,,standard,VAT,19,yes,no,law
DE,,reduced,VAT,0.07,perhaps,no,law
""",
    "shipping.toml": """
[[methods]]
id = "parcel"
name = "Parcel"
tax_category = "standard"

[[methods.zones]]
countries = ["Germany"]
days = [3, 2]
bands = [{ up_to_g = 2000, EUR = "4,90" }]
""",
}


def test_every_mistake_of_all_rule_files_is_told_at_once_with_a_cure_and_nothing_is_loaded(checkout: Command, db: Path, shop: Path) -> None:
    """Given eleven mistakes in promotions, taxes and carriage; when they are loaded, then each is told with its place and cure, once.

    Nothing is changed: the good products beside them are not loaded either.
    """
    rows = (shop / "taxes.csv").read_bytes()
    for name, text in BAD_RULES.items():
        (shop / name).write_bytes((rows if name == "taxes.csv" else b"") + text.encode())
    edited(shop / "products.csv", lambda text: text.replace(b"14.90", b"15.90"))
    last, before = rows.count(b"\n"), content(db)
    for words in (["shop", "check", shop], ["shop", "load", shop, "--db", db, "--yes"]):
        said = checkout(*words, "--json")
        assert said.code == 2
        reasons = said.data["error"]["reasons"]
        assert [(one["file"], one["row"], one["column"]) for one in reasons] == [
            ("taxes.csv", last + 1, "country"),
            ("taxes.csv", last + 2, "category"),
            ("taxes.csv", last + 2, "rate"),
            ("taxes.csv", last + 3, "included"),
            ("shipping.toml", 8, "methods[1].zones[1].countries[1]"),
            ("shipping.toml", 9, "methods[1].zones[1].days"),
            ("shipping.toml", 10, "methods[1].zones[1].bands[1].EUR"),
            ("promotions.toml", 6, "promotions[1].percent"),
            ("promotions.toml", 13, "promotions[2].amounts.EUR"),
            ("promotions.toml", 21, "promotions[3].ends"),
            ("promotions.toml", 26, "promotions[4].kind"),
        ]
        assert all(re.search("Use |Put |Write |Correct |A rate is |such as ", one["message"]) for one in reasons)
    assert content(db) == before


@pytest.mark.parametrize("change", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")], ids=["BOM", "CRLF"])
def test_a_byte_order_mark_and_windows_line_ends_are_welcome(checkout: Command, shop: Path, change: Callable[[bytes], bytes]) -> None:
    for file in shop.iterdir():
        edited(file, change)
    assert checkout("shop", "check", shop).code == 0


@pytest.mark.parametrize("name", ["nowhere", "a-file"])
def test_a_shop_that_is_no_folder_is_wrong_usage(checkout: Command, tmp_path: Path, name: str) -> None:
    (tmp_path / "a-file").write_text("x", encoding="utf-8")
    said = checkout("shop", "check", tmp_path / name)
    assert said.code == 2
    assert "no such folder" in said.err


def test_loading_twice_is_loading_once(checkout: Command, db: Path) -> None:
    """The second load of the same files has nothing to do, and writes nothing."""
    before = content(db)
    said = checkout("shop", "load", SHOP, "--db", db, "--yes", "--json")
    assert said.code == 0
    assert said.data["changes"] == []
    assert content(db) == before


def test_a_load_shows_what_it_will_change_before_it_does(checkout: Command, db: Path, tmp_path: Path) -> None:
    files = another_shop(tmp_path)
    before = content(db)
    said = checkout("shop", "load", files, "--db", db, "--dry-run")
    assert said.code == 0
    assert "14.90 EUR" in said.out
    assert "15.90 EUR" in said.out
    assert content(db) == before
    assert checkout("shop", "load", files, "--db", db).code == 2  # nobody to ask
    assert content(db) == before
    assert checkout("shop", "load", files, "--db", db, "--yes").code == 0
    assert content(db) != before


@pytest.mark.fault("O3")
@pytest.mark.parametrize("delay", [0, 20, 40])
def test_ctrl_c_in_the_middle_of_a_load_leaves_all_or_nothing(tmp_path: Path, made: Path, delay: int, struck: set[str]) -> None:
    """A real process is interrupted at some moment: exit 130 and one line, and the database is as before or complete."""
    path = tmp_path / "shop.db"
    assert run(["init", "--db", str(path), "--yes", "--json"]) == 0
    before, complete = content(path), shapes(made)
    process = subprocess.Popen([*CHECKOUT, "shop", "load", SHOP, "--db", path, "--yes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()  # the plan is being shown: the load is next
    time.sleep(delay / 1000)
    process.send_signal(signal.SIGINT)
    struck.add("O3")
    _, err = process.communicate(timeout=30)
    assert b"Traceback" not in err
    if process.returncode == 130:
        assert err.count(b"\n") == 1
    else:
        assert process.returncode in (0, -signal.SIGINT)  # it was over already, or the interpreter was on its way out
    assert content(path) == before or shapes(path) == complete


@pytest.mark.fault("O3")
def test_ctrl_c_while_a_connection_is_given_back_is_one_line_too(db: Path, struck: set[str]) -> None:
    """SQLAlchemy's pool logs what goes wrong while it cleans up; no handler is set, so Python would print its traceback."""
    process = subprocess.run([sys.executable, "-c", INTERRUPTED, str(db)], capture_output=True, check=False, timeout=60)
    assert process.returncode == 130
    struck.add("O3")
    assert b"Traceback" not in process.stderr
    assert process.stderr.count(b"\n") == 1


INTERRUPTED = """
import sys
from sqlalchemy.pool import base
from checkout_cli.app import run

def interrupted(*_, **__):
    raise KeyboardInterrupt

base._ConnectionFairy._reset = interrupted
sys.exit(run(["coupon", "list", "--db", sys.argv[1]]))
"""

CHECKOUT = [sys.executable, "-m", "checkout_cli"]


def shapes(path: Path) -> dict[str, int]:
    """How many rows each table has."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


# Carts.
CASES = {
    "": "lines",
    "currency = 3": "currency",
    'currency = "EUR"\nlines = []': "There are no lines",
    'currency = "EUR"\n[[lines]]\nsku = "X"\nqty = 2': "'lines[1].qty' is unknown",
    'currency = "EUR"\n[[lines]]\nquantity = 2': "lines[1].sku is missing",
    'currency = "EUR"\n[[lines]]\nsku = "X"\nquantity = 1.5': "lines[1].quantity is a whole number",
    'currency = "EUR"\n[[lines]]\nsku = "X"\nquantity = -1': "lines[1]",
    'currency = "ZZZ"\n[[lines]]\nsku = "X"': "not an active ISO 4217 currency",
    'currency = "EUR"\nship_to = { country = "Germany" }\n[[lines]]\nsku = "X"': "not a country",
    'currency = "EUR"\nship_to = "DE"\n[[lines]]\nsku = "X"': "ship_to is a table",
    'currency = "EUR"\ncodes = "A"\n[[lines]]\nsku = "X"': "codes is a list",
    'currency = "EUR"\n[[lines]]\nsku = "4111 1111 1111 1111"': "card number",
    "currency = ": "It is not TOML",
}


@pytest.mark.parametrize("text", CASES)
def test_a_described_cart_that_cannot_be_read_names_what_is_wrong(checkout: Command, tmp_path: Path, text: str) -> None:
    case = tmp_path / "cart.toml"
    case.write_text(text, encoding="utf-8")
    said = checkout("quote", case, "--shop", SHOP)
    assert said.code == 2
    assert CASES[text] in said.err
    assert "4111" not in said.err


def test_a_cart_may_be_json(checkout: Command, tmp_path: Path) -> None:
    case = tmp_path / "cart.json"
    case.write_text('{"currency": "EUR", "lines": [{"sku": "NO-SUCH"}]}', encoding="utf-8")
    said = checkout("quote", case, "--shop", SHOP, "--json")
    assert said.code == 1
    assert {reason["reason"] for reason in said.data["error"]["reasons"]} == {"unknown-sku", "needs-address"}
    case.write_text("{", encoding="utf-8")
    assert "not JSON" in checkout("quote", case, "--shop", SHOP).err
