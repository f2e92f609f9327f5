"""The operator's day: looking, cancelling, receiving, resolving, telling again, on the database that the demo leaves behind."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checkout_cli.config import Settings
from checkout_cli.rendering.reasons import EVENT_WORDS, EXPLAINED
from checkout_cli.run import read_scripts
from checkout_cli.run import run as play
from checkout_cli.wiring import Backend, SeededIds, VirtualClock, opened, read_files, staged
from checkout_core.events import KINDS
from checkout_core.unit import Delivery
from tests.cli.conftest import EXAMPLES, Command, content

MUG = "MUG-STONE-GREY-350"
ORDER = {"id", "number", "customer", "total", "status", "payment", "fulfilment", "placed_at", "cancelled"}
LISTS = {
    "order list": ("orders", ORDER),
    "payment list": ("payments", {"id", "short", "number", "gateway", "method", "state", "amount", "received", "in_flight", "due_at"}),
    "payment list --due": ("payments", set()),
    "inventory list": ("inventory", {"sku", "name", "on_hand", "held", "committed", "available", "shortfall", "locations"}),
    "inventory holds": ("holds", {"checkout", "number", "pool", "amount", "state", "until"}),
    "coupon list": ("coupons", {"promotion", "code", "name", "kind", "limit", "per_person", "held", "used", "left", "people"}),
    "outbox list": ("events", {"position", "id", "checkout", "seq", "kind", "at", "facts", "deliveries"}),
    "outbox list --waiting": ("events", set()),
    "dead-letter list": ("dead_letters", set()),
    "db check": ("problems", set()),
    "fsck": ("checks", {"id", "sentence", "made", "ok", "count", "rows", "cure"}),
}


def backend(db: Path) -> Any:
    return opened(Settings(db=str(db)))


def an_order(checkout: Command, db: Path, *, status: str = "placed") -> dict[str, Any]:
    """An order with something paid and something sent."""
    orders = checkout("order", "list", "--db", db, "--status", status, "--limit", 100, "--json").data["orders"]
    return next(order for order in orders if order["total"]["minor"] and order["total"]["currency"] == "EUR")


# Looking.
@pytest.mark.parametrize("words", LISTS)
def test_every_list_is_one_named_list_with_stable_keys(checkout: Command, demo_db: Path, words: str) -> None:
    name, keys = LISTS[words]
    data = checkout(*words.split(), "--db", demo_db, "--json").data
    assert isinstance(data[name], list)
    assert [key for key in data if isinstance(data[key], list)] == [name]
    for one in data[name]:
        assert keys <= set(one)
    said = checkout(*words.split(), "--db", demo_db)
    assert said.code == 0
    assert said.out.strip()
    assert said.err == ""


def test_amounts_are_minor_units_with_their_currency(checkout: Command, demo_db: Path) -> None:
    for order in checkout("order", "list", "--db", demo_db, "--json").data["orders"]:
        assert set(order["total"]) == {"minor", "currency"}
        assert type(order["total"]["minor"]) is int


def test_an_order_is_found_however_its_number_was_typed(checkout: Command, demo_db: Path) -> None:
    order = an_order(checkout, demo_db)
    for typed in (order["number"], order["number"].lower(), order["number"].replace("-", ""), order["id"]):
        assert checkout("order", "show", typed, "--db", demo_db, "--json").data["order"]["id"] == order["id"]


@pytest.mark.parametrize("words", ["order show", "order explain", "payment show", "inventory show", "coupon show"])
def test_what_is_not_there_is_refused_in_words(checkout: Command, demo_db: Path, words: str) -> None:
    said = checkout(*words.split(), "ZZZZZ-ZZZZZ", "--db", demo_db)
    assert said.code == 1
    assert "There is no" in said.err
    assert checkout(*words.split(), "ZZZZZ-ZZZZZ", "--db", demo_db, "--json").data["error"]["code"] == "not-found"


def test_every_order_explains_itself_to_the_cent(checkout: Command, demo_db: Path) -> None:
    """The rows of every receipt add up to its total, and every state has its because."""
    for order in checkout("order", "list", "--db", demo_db, "--limit", 100, "--json").data["orders"]:
        told = checkout("order", "explain", order["number"], "--db", demo_db, "--json").data["explanation"]
        assert sum(row["amount"]["minor"] for row in told["rows"]) == order["total"]["minor"]
        assert told["reasons"][0].startswith(f"It is {order['status']}, because ")
        assert all(step["why"] for step in told["history"])
    said = checkout("order", "explain", order["number"], "--db", demo_db)
    assert "list price" in said.out
    assert "because" in said.out


def test_the_readme_shows_an_order_as_it_is_explained(checkout: Command, demo_db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^\$ checkout order explain (\S+)\n(.*?)…$", readme, re.MULTILINE | re.DOTALL)
    assert found is not None
    number, shown = found.groups()
    monkeypatch.setenv("COLUMNS", "80")
    told = checkout("order", "explain", number, "--db", demo_db).out
    assert "\n".join(line.rstrip() for line in told.strip().splitlines()).startswith(shown.rstrip())


def test_an_order_in_full_has_its_customer_lines_payments_and_history(checkout: Command, demo_db: Path) -> None:
    order = an_order(checkout, demo_db)
    said = checkout("order", "show", order["number"], "--db", demo_db).out
    for words in ("What it costs", "How it was paid", "What it holds", "What happened", "e-mail", "total", "was placed"):
        assert words in said


def test_every_event_has_its_words_and_its_explanation() -> None:
    """A kind of event that is added later must say what it means to an operator."""
    assert set(EVENT_WORDS) == set(EXPLAINED) == set(KINDS)


def test_low_stock_is_what_runs_out(checkout: Command, demo_db: Path) -> None:
    found = checkout("inventory", "list", "--low", 2, "--db", demo_db, "--json").data["inventory"]
    assert found
    assert all(one["available"] <= 2 for one in found)
    assert checkout("inventory", "list", "--location", "nowhere", "--db", demo_db).code == 2


def test_a_coupon_is_found_by_its_code_however_typed(checkout: Command, demo_db: Path) -> None:
    coupon = checkout("coupon", "show", "lucky20", "--db", demo_db, "--json").data["coupon"]
    assert (coupon["code"], coupon["left"]) == ("LUCKY20", 0)
    assert "used by orders" in checkout("coupon", "show", "one-only", "--db", demo_db).out


# Cancelling.
def test_cancelling_shows_what_goes_back_then_does_it(checkout: Command, db: Path) -> None:
    """Goods are in stock again and money goes back; before, the plan said so, and a dry run changed nothing."""
    order = an_order(checkout, db)
    before = content(db)
    words = ["order", "cancel", order["number"], "--reason", "wrong address", "--db", db]
    dry = checkout(*words, "--dry-run")
    assert dry.code == 0
    assert "back in stock" in dry.out
    assert "goes back in full" in dry.out
    assert checkout(*words).code == 2  # nobody to ask
    assert content(db) == before
    done = checkout(*words, "--yes", "--json").data
    assert done["done"] is True
    assert done["order"]["state"] == "cancelled"
    assert done["order"]["payment"] == "refunded"
    assert {hold["state"] for hold in done["order"]["holds"]} <= {"released"}
    assert checkout("fsck", "--db", db).code == 0
    again = checkout(*words, "--yes", "--json").data
    assert again["changes"] == []


def test_cancelling_needs_a_reason(checkout: Command, db: Path) -> None:
    said = checkout("order", "cancel", "X", "--db", db, "--yes")
    assert said.code == 2
    assert "--reason" in said.err


# Stock.
def test_goods_received_are_on_hand_with_who_and_why(checkout: Command, db: Path) -> None:
    words = ["inventory", "receive", MUG, 4, "--location", "dublin", "--reason", "delivery 4711", "--db", db]
    assert checkout(*words, "--dry-run").code == 0
    assert checkout(*words, "--yes").code == 0
    item = checkout("inventory", "show", MUG, "--db", db, "--json").data["item"]
    last = item["movements"][0]
    assert (last["delta"], last["reason"], last["actor"]) == (4, "delivery 4711", "tester")
    assert last["pool"]["location"] == "dublin"
    assert checkout("fsck", "--db", db).code == 0


def sold(checkout: Command, db: Path) -> tuple[str, str, int, int]:
    """A SKU and a location where something is sold: with what is on hand, and what is promised."""
    for one in checkout("inventory", "list", "--db", db, "--json").data["inventory"]:
        for place in one["locations"]:
            if place["committed"] and place["on_hand"]:
                return one["sku"], place["location"], place["on_hand"], place["committed"] + place["held"]
    raise AssertionError("nothing is sold")


def test_what_is_promised_is_not_counted_away_unless_forced(checkout: Command, db: Path) -> None:
    """RB-04: an adjustment below what is promised is refused; forced, it leaves a shortfall that everybody sees (F5)."""
    sku, place, _, promised = sold(checkout, db)
    words = ["inventory", "adjust", sku, "--location", place, "--to", promised - 1, "--reason", "stock-taking", "--db", db]
    refused = checkout(*words, "--yes")
    assert refused.code == 1
    assert "promised" in refused.err
    assert refused.out == ""  # no plan is shown for what will not be done
    plan = checkout(*words, "--force", "--dry-run")
    assert "shortfall" in plan.out
    assert checkout(*words, "--force", "--yes").code == 0
    item = checkout("inventory", "show", sku, "--db", db, "--json").data["item"]
    assert item["shortfall"] == 1
    assert "promised and not there" in checkout("inventory", "list", "--db", db).out
    assert checkout("fsck", "--db", db).code == 0


def test_more_may_be_sold_than_is_there(checkout: Command, db: Path) -> None:
    """F11: a limit of backorders is shown before it is set, adds to what can be had, and ends no further than what is promised."""
    sku, place, on_hand, promised = sold(checkout, db)
    words = ["inventory", "backorder", sku, on_hand + 20, "--location", place, "--reason", "delivery 4712", "--db", db]
    plan = checkout(*words, "--dry-run")
    assert plan.code == 0
    assert ["beyond", "0", str(on_hand + 20)] in [line.split() for line in plan.out.splitlines()]
    before = checkout("inventory", "show", sku, "--db", db, "--json").data["item"]
    assert checkout(*words, "--yes").code == 0
    item = checkout("inventory", "show", sku, "--db", db, "--json").data["item"]
    assert (item["backorder"], item["available"]) == (on_hand + 20, before["available"] + on_hand + 20)
    assert item["movements"][0]["backorder"] == on_hand + 20
    assert f"beyond: {on_hand + 20}" in checkout("inventory", "show", sku, "--db", db).out
    assert "Nothing to change" in checkout(*words, "--yes").out
    taken = ["inventory", "adjust", sku, "--location", place, "--to", 0, "--reason", "lost", "--yes", "--db", db]
    assert checkout(*taken).code == 0  # what is promised is covered by what may be promised
    end = ["inventory", "backorder", sku, 0, "--location", place, "--reason", "lost", "--yes", "--db", db]
    refused = checkout(*end)
    assert (refused.code, refused.out) == (1, "")
    assert f"{promised} of {sku} are promised that are not there" in refused.err
    assert checkout(*end, "--force").code == 0
    assert checkout("inventory", "show", sku, "--db", db, "--json").data["item"]["shortfall"] == promised
    assert checkout("fsck", "--db", db).code == 0


def test_an_adjustment_that_changes_nothing_does_nothing(checkout: Command, db: Path) -> None:
    sku, place, on_hand, _ = sold(checkout, db)
    before = content(db)
    said = checkout("inventory", "adjust", sku, "--location", place, "--to", on_hand, "--reason", "x", "--yes", "--db", db)
    assert said.code == 0
    assert "Nothing to change" in said.out
    assert content(db) == before


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["receive", "NO-SUCH", "1"], 1, "There is no SKU"),
        (["receive", MUG, "1", "--location", "mars"], 2, "Known: berlin and dublin"),
        (["receive", MUG, "0"], 2, "Error"),
        (["adjust", MUG, "--by", "-100000"], 1, "on hand"),
        (["backorder", MUG, "-1"], 2, "Error"),
        (["backorder", "NO-SUCH", "1"], 1, "There is no SKU"),
        (["backorder", MUG, "1", "--location", "mars"], 2, "Known: berlin and dublin"),
        (["adjust", MUG, "--by", "1", "--to", "2"], 2, "either --to N"),
    ],
)
def test_stock_moves_that_make_no_sense_are_refused(checkout: Command, db: Path, words: list[str], code: int, says: str) -> None:
    before = content(db)
    said = checkout("inventory", *words, "--reason", "x", "--yes", "--db", db)
    assert said.code == code
    assert says in said.err
    assert content(db) == before


# What is over.
def test_what_is_over_is_shown_before_it_goes(checkout: Command, db: Path) -> None:
    """Nothing is old in a young shop; then requests are, and go, and nothing else is touched."""
    words = ["db", "retire", "--db", db]
    young = checkout(*words, "--yes")
    assert (young.code, "Nothing is that old." in young.out) == (0, True)
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("UPDATE requests SET created_at = '2020-01-01T00:00:00.000000+00:00'")
        connection.commit()
        (old,) = connection.execute("SELECT count(*) FROM requests").fetchone()
    assert old > 10
    plan = checkout(*words, "--dry-run")
    assert ["requests", str(old), "0"] in [line.split() for line in plan.out.splitlines()]
    assert "Nothing is that old." in checkout(*words, "--requests", "0", "--yes").out
    assert checkout(*words, "--json", "--yes").data["removed"]["requests"] == old
    assert checkout(*words, "--requests", "-1").code == 2
    assert checkout("fsck", "--db", db).code == 0


# Payments.
PENDING = """
title = "Somebody who pays by UPI, and whose bank does not decide"
[shoppers.asha]
email = "asha@example.com"
[addresses.home]
name = "Asha Rao"
lines = ["12 MG Road"]
city = "Bengaluru"
postcode = "560001"
country = "IN"
region = "KA"
[[steps]]
do = "open"
currency = "INR"
[[steps]]
do = "add"
sku = "TEA-NILGIRI-250"
[[steps]]
do = "begin"
shipping = "standard"
address = "home"
[[steps]]
do = "pay"
upi = "upi_pending"
"""


@pytest.fixture
def pending(tmp_path: Path) -> Path:
    """A shop in which one payment is under way."""
    script = tmp_path / "pending.toml"
    script.write_text(PENDING, encoding="utf-8")
    with staged(
        tmp_path / "pending.db", read_files(EXAMPLES / "shop"), VirtualClock(datetime.now(UTC) - timedelta(hours=1)), SeededIds()
    ) as stage:
        assert play(stage, read_scripts([script])).exit == 0
    return tmp_path / "pending.db"


def test_a_payment_under_way_is_due_and_names_itself_shortly(checkout: Command, pending: Path) -> None:
    (payment,) = checkout("payment", "list", "--due", "--db", pending, "--json").data["payments"]
    assert checkout("payment", "show", payment["short"], "--db", pending, "--json").data["payment"]["id"] == payment["id"]
    assert checkout("payment", "show", payment["number"], "--db", pending, "--json").data["payment"]["id"] == payment["id"]


def test_resolving_asks_the_gateway(checkout: Command, pending: Path) -> None:
    """Asking is the default, and settles nothing that the gateway itself does not know."""
    (payment,) = checkout("payment", "list", "--db", pending, "--json").data["payments"]
    done = checkout("payment", "resolve", payment["short"], "--yes", "--db", pending, "--json").data
    assert done["payment"]["state"] in ("action", "processing")


def test_what_a_person_verified_counts_like_the_gateways_news(checkout: Command, pending: Path) -> None:
    """A statement needs a reason and a yes; then the order is placed by the same rules as ever (R6)."""
    (payment,) = checkout("payment", "list", "--db", pending, "--json").data["payments"]
    words = ["payment", "resolve", payment["short"], "--captured", "upi-42", "--db", pending]
    assert checkout(*words, "--yes").code == 2
    dry = checkout(*words, "--reason", "seen in the bank's report", "--dry-run")
    assert "captured" in dry.out
    assert "seen in the bank's report" in dry.out
    done = checkout(*words, "--reason", "seen in the bank's report", "--yes", "--json").data
    assert (done["payment"]["state"], done["payment"]["reference"]) == ("captured", "upi-42")
    events = checkout("outbox", "list", "--db", pending, "--json").data["events"]
    (said,) = [event["facts"] for event in events if event["kind"] == "payment.stated"]
    assert (said["by"], said["reason"]) == ("tester", "seen in the bank's report")
    assert len(checkout("order", "list", "--db", pending, "--json").data["orders"]) == 1


def test_two_statements_at_once_are_wrong_usage(checkout: Command, pending: Path) -> None:
    (payment,) = checkout("payment", "list", "--db", pending, "--json").data["payments"]
    said = checkout("payment", "resolve", payment["short"], "--captured", "x", "--voided", "--reason", "x", "--yes", "--db", pending)
    assert said.code == 2
    assert "--captured and --voided cannot both be" in said.err


# Messages.
def test_dead_letters_are_seen_requeued_and_delivered(checkout: Command, db: Path) -> None:
    """M3, M4: what was given up waits for a person; requeued once or twice, it is delivered once."""
    event = checkout("outbox", "list", "--db", db, "--json").data["events"][0]["id"]
    with backend(db) as b:
        bury(b, event)
    listed = checkout("dead-letter", "list", "--db", db)
    assert event in listed.out
    assert "the template has no subject" in listed.out
    words = ["dead-letter", "requeue", "--all", "--consumer", "mail", "--db", db]
    assert checkout(*words, "--dry-run").code == 0
    assert checkout(*words, "--yes").code == 0
    assert checkout(*words, "--yes", "--json").data["changes"] == []
    assert checkout("worker", "--once", "--db", db, "--json").data["worker"]["messages"] >= 1
    assert checkout("dead-letter", "list", "--db", db, "--json").data["dead_letters"] == []
    assert checkout("fsck", "--db", db).code == 0


def bury(b: Backend, event: str) -> None:
    letter = Delivery("mail", event, tries=12, dead=True, error="the template has no subject")
    b.storage.transact(lambda unit: unit.write(letter))


def test_replaying_an_order_mails_nobody_twice(checkout: Command, db: Path) -> None:
    """M1: the same event has the same id, so who has it already ignores it."""
    number = an_order(checkout, db)["number"]
    mails = sorted(path.name for path in Path(f"{db}.mail").iterdir())
    assert checkout("outbox", "replay", "--order", number, "--yes", "--db", db).code == 0
    assert checkout("worker", "--once", "--db", db, "--json").data["worker"]["messages"] >= 4
    assert sorted(path.name for path in Path(f"{db}.mail").iterdir()) == mails
    assert checkout("fsck", "--db", db).code == 0


def test_a_mail_folder_that_takes_nothing_makes_the_worker_say_unavailable(checkout: Command, db: Path, tmp_path: Path) -> None:
    """Something outside is down: exit 3, the message waits, and nothing else is touched."""
    (tmp_path / "no-folder").write_text("a file", encoding="utf-8")
    (tmp_path / "c.toml").write_text(f'db = "{db.name}"\n[mail]\nfolder = "no-folder"\n', encoding="utf-8")
    number = an_order(checkout, db)["number"]
    assert checkout("order", "cancel", number, "--reason", "x", "--yes", "--config", tmp_path / "c.toml").code == 0
    said = checkout("worker", "--once", "--config", tmp_path / "c.toml")
    assert said.code == 3
    assert "1 message not taken" in said.out
    assert "away" not in said.err
    assert checkout("outbox", "list", "--waiting", "--db", db, "--json").data["events"]
    assert checkout("fsck", "--db", db).code == 0


def test_the_worker_stops_after_its_step_when_it_is_asked_to(db: Path) -> None:
    """SIGTERM ends the loop cleanly: exit 0, nothing half done."""
    words = [sys.executable, "-m", "checkout_cli", "worker", "--every", "0.1", "--db", str(db)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "Working on" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "Stopped." in err
    assert "Traceback" not in out + err


# Checking.
def test_a_broken_invariant_is_exit_code_four_with_its_rows_and_the_cure(checkout: Command, db: Path) -> None:
    """A guard must have been seen failing: stock that nobody moved is found, and the cure is told."""
    assert checkout("fsck", "--db", db).code == 0
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("UPDATE pools SET on_hand = on_hand + 1 WHERE sku = ?", (MUG,))
        connection.commit()
    said = checkout("fsck", "--db", db)
    assert said.code == 4
    assert "Cure:" in said.out
    assert MUG in said.out
    told = checkout("fsck", "--db", db, "--json")
    assert told.code == 4
    assert told.data["ok"] is False
    assert [check["id"] for check in told.data["checks"] if check["ok"] is False] == ["I1-on-hand"]


# Pricing.
CART = """
currency = "EUR"
shipping = "standard"
codes = {codes}
ship_to = {{ country = "DE", postcode = "10119" }}
[[lines]]
sku = "{sku}"
quantity = {quantity}
options = {{ note = "[red]hot[/]" }}
"""


def cart(folder: Path, sku: str = MUG, quantity: int = 1, codes: str = "[]") -> Path:
    path = folder / "cart.toml"
    path.write_text(CART.format(sku=sku, quantity=quantity, codes=codes), encoding="utf-8")
    return path


def test_a_described_cart_costs_the_same_from_files_and_from_the_database(checkout: Command, demo_db: Path, tmp_path: Path) -> None:
    case = cart(tmp_path, quantity=2)
    stored = checkout("quote", case, "--db", demo_db, "--explain", "--json").data["quote"]
    files = checkout("quote", case, "--shop", EXAMPLES / "shop", "--explain", "--json").data["quote"]
    assert stored["hash"] == files["hash"]
    assert sum(row["amount"]["minor"] for row in stored["rows"]) == stored["totals"]["total"]["minor"]


def test_text_from_data_is_no_markup(checkout: Command, demo_db: Path, tmp_path: Path) -> None:
    """Square brackets in an option are square brackets on the screen."""
    assert "[red]hot[/]" in checkout("quote", cart(tmp_path), "--db", demo_db).out


def test_a_quote_refuses_with_every_reason_and_its_distance(checkout: Command, demo_db: Path, tmp_path: Path) -> None:
    case = cart(tmp_path, codes='["FIVE", "NOPE", "LUCKY20"]')
    said = checkout("quote", case, "--db", demo_db, "--json")
    assert said.code == 1
    reasons = {reason["reason"]: reason for reason in said.data["error"]["reasons"]}
    assert {"unknown-code", "minimum-spend", "coupon-used-up"} <= set(reasons)
    assert reasons["minimum-spend"]["how_far"]["missing"]["currency"] == "EUR"


def test_a_quote_tells_what_could_not_be_had(checkout: Command, demo_db: Path, tmp_path: Path) -> None:
    said = checkout("quote", cart(tmp_path, sku="POT-KYUSU-TOKONAME", quantity=2), "--db", demo_db)
    assert said.code == 0, said.err
    assert "can be had now" in said.out


def test_looking_changes_nothing(checkout: Command, db: Path, tmp_path: Path) -> None:
    """No list, no explanation, no quote and no check writes a byte into the database."""
    before, beside = content(db), sorted(path.name for path in db.parent.iterdir() if path.name != "cart.toml")
    for words in LISTS:
        checkout(*words.split(), "--db", db)
    number = an_order(checkout, db)["number"]
    for words in ("order show", "order explain", "payment show"):
        checkout(*words.split(), number, "--db", db)
    checkout("quote", cart(tmp_path), "--db", db)
    checkout("db", "current", "--db", db)
    assert content(db) == before
    assert {path.name for path in db.parent.iterdir()} - {"cart.toml", f"{db.name}-wal", f"{db.name}-shm"} == set(beside)


def test_a_checkout_that_cannot_be_read_keeps_nobodys_letters_back(checkout: Command, db: Path) -> None:
    """M3, A11: the worker says what is broken with exit code 4, and everybody else has their mail by then."""
    number = an_order(checkout, db)["number"]
    assert checkout("order", "cancel", number, "--reason", "x", "--yes", "--db", db).code == 0
    with closing(sqlite3.connect(db)) as connection, connection:
        id = connection.execute("SELECT id FROM checkouts WHERE state = 'abandoned' LIMIT 1").fetchone()[0]
        connection.execute("UPDATE checkouts SET document = '{}', due_at = '2026-01-01T00:00:00.000000+00:00' WHERE id = ?", [id])
    before = {path.name for path in Path(f"{db}.mail").iterdir()}
    said = checkout("worker", "--once", "--db", db)
    assert said.code == 4
    assert "cannot be read" in said.err
    assert {path.name for path in Path(f"{db}.mail").iterdir()} - before
