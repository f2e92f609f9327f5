"""A database of the first revision, written by the release of that time (`databases/0001.sql`): upgraded, read, found sound, and used.

It has a purchase in every state, deals of each kind of that time, and the shop itself; its documents are of the first versions.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from checkout_adapters.files import Location, ShopFiles
from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.catalog import SqlCatalog, plan_load
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Misconfigured, Placed, Policy, Promotion, Ratio, Shop
from checkout_core.codec import decode
from checkout_core.money import Money
from checkout_core.pricing import Quote
from checkout_core.promotions import FREE_SHIPPING, AmountOff, Percent
from checkout_core.quote import intact
from checkout_core.receipt import figures_of, receipt_of, recompute
from tests.checked_shop import look
from tests.databases import told
from tests.world import NOON, SECRET, TestClock, begin, eur, german_taxes, parcels, products

FORMER = Path(__file__).parent / "databases" / "0001.sql"
DEALS = (
    Promotion("a/tenth", "A tenth off", Percent(Ratio(10)), code="TENTH", limit=30, per_person=9),
    Promotion("gratis", "All of it off", Percent(Ratio(100)), code="GRATIS"),
    Promotion("posted", "Posted free", FREE_SHIPPING, code="POSTED"),
    Promotion(
        *("fiver", "Five off mugs", AmountOff([eur(500), Money(600, "USD")])),
        skus={"MUG"},
        code="FIVER",
        minimum=[eur(1000), Money(1200, "USD")],
        limit=3,
        per_person=3,  # it said 9, more than all together
    ),
    Promotion("sale", "A third off downloads", Percent(Ratio(100, 3)), skus={"PDF"}, priority=5),
)
"""What the promotions in the database meant."""


def made(folder: Path) -> Path:
    path = folder / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FORMER.read_text(encoding="utf-8"))
    return path


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Upgraded once, to be copied."""
    path = made(tmp_path_factory.mktemp("former"))
    SqlAdmin(str(path)).upgrade()
    return path


@pytest.fixture
def upgraded(fresh: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(fresh, tmp_path / "shop.db"))


@pytest.fixture
def storage(upgraded: Path) -> Iterator[SqlStorage]:
    with SqlStorage(str(upgraded), clock=TestClock()) as opened:
        yield opened


@pytest.fixture
def shop(storage: SqlStorage) -> Shop:
    clock, policy = TestClock(), Policy(identity_secret=SECRET)
    return Shop(storage=storage, gateways=[SandboxGateway(clock=clock)], catalog=SqlCatalog(storage), clock=clock, policy=policy)


def ids(path: Path, state: str) -> list[str]:
    return [id for (id,) in told(path, f"SELECT id FROM checkouts WHERE state = '{state}' ORDER BY number")]


def test_it_is_not_opened_before_it_is_upgraded(tmp_path: Path) -> None:
    """And the upgrade changes no row."""
    former = made(tmp_path)
    tables = ("checkouts", "quotes", "orders", "order_lines", "payments", "ledger", "catalog")
    rows = [told(former, f"SELECT * FROM {table}") for table in tables]
    with pytest.raises(Misconfigured, match="checkout db upgrade"):
        SqlStorage(str(former))
    admin = SqlAdmin(str(former))
    assert [step.split()[0] for step in admin.upgrade()] == ["0002", "0003", "0004"]
    assert admin.check() == []
    assert [told(former, f"SELECT * FROM {table}") for table in tables] == rows


def test_every_quote_is_intact_and_its_receipt_can_be_worked_out_again(upgraded: Path) -> None:
    """R7: read from documents of the first version, under the hashes of that time; every order's total is what its quote says is due."""
    stored = told(
        upgraded, "SELECT q.hash, q.document, o.total FROM quotes q JOIN checkouts c ON c.quote_hash = q.hash LEFT JOIN orders o USING (id)"
    )
    kinds = set()
    for hash_, document, total in stored:
        assert json.loads(document)["v"] == 1
        quote = decode(Quote, document)
        receipt = receipt_of(quote)
        assert (quote.hash, quote.scheme, intact(quote)) == (hash_, 1, True)
        assert recompute(receipt) == figures_of(quote)
        assert sum(row.amount for row in receipt.rows) == quote.totals.due
        assert total in (None, quote.totals.due)
        kinds |= {(type(used.benefit), getattr(used.benefit, "on", "")) for used in quote.promotions}
    assert len(stored) >= 10
    assert kinds == {(Percent, "order"), (Percent, "shipping"), (AmountOff, "order")}


def test_it_is_sound(upgraded: Path) -> None:
    assert look(upgraded, None, NOON) == ()


@pytest.mark.parametrize(
    ("check", "sql"),
    [
        ("I8-total", "UPDATE quotes SET document = json_set(document, '$.currency', 'USD') WHERE hash = {hash}"),
        ("I12-quote", "UPDATE quotes SET document = json_set(document, '$.shipping.gross', 1) WHERE hash = {hash}"),
        ("I12-lines", "UPDATE order_lines SET unit = unit + 1 WHERE order_id = {order} AND line = 0"),
        ("I12-lines", "UPDATE quotes SET document = json_set(document, '$.lines[0].unit', 1) WHERE hash = {hash}"),
    ],
)
def test_what_is_wrong_in_a_former_document_is_found(upgraded: Path, check: str, sql: str) -> None:
    """fsck reads both versions of a quote's document."""
    order = "(SELECT id FROM orders WHERE status <> 'cancelled' AND total = 5275)"
    told(upgraded, sql.format(order=order, hash=f"(SELECT quote_hash FROM checkouts WHERE id = {order})"))
    assert check in {finding.check for finding in look(upgraded, None, NOON)}


def test_the_shop_in_it_means_what_it_meant(storage: SqlStorage) -> None:
    """Loading what it was loaded from, in the words of today, would change nothing."""
    files = ShopFiles("Mugs", "shop@example.com", (Location("main", "Main"),), tuple(products()), DEALS, german_taxes(), parcels(), ())
    plan = storage.read(lambda connection: plan_load(connection, files))
    assert plan.changes == ()


def test_a_purchase_that_was_under_way_is_paid_for_the_price_that_was_quoted(upgraded: Path, shop: Shop) -> None:
    """R7: the quote of the former release is the one that is paid, and all is sound afterwards."""
    (begun,) = [id for id in ids(upgraded, "open") if not shop.status(id).attempts]
    quote = shop.status(begun).quote
    assert quote is not None
    assert quote.scheme == 1
    placed = shop.pay(begun, Card("tok_ok"), expected=quote.hash, key="late")
    assert isinstance(placed, Placed)
    assert placed.total == quote.total
    assert shop.status(begun).quote == quote
    assert look(upgraded, None, NOON) == ()


def test_an_order_of_that_time_is_cancelled(upgraded: Path, shop: Shop) -> None:
    """By its former quote; the books of then and of now add up."""
    ((free, number),) = told(upgraded, "SELECT id, number FROM orders WHERE total = 0")
    shop.cancel(free, reason="unread")
    assert told(upgraded, "SELECT number, status FROM orders WHERE total = 0") == [(number, "cancelled")]
    assert look(upgraded, None, NOON) == ()


def test_a_coupon_goes_on_being_counted(upgraded: Path, shop: Shop) -> None:
    """I9: one of three uses was in the former release, one is now; quotes of both versions stand side by side."""
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG", quantity=2)
    bought = begin(shop, cart.id, codes=["FIVER"])
    assert bought.quote is not None
    assert (bought.quote.scheme, bought.quote.total) == (2, eur(2490))
    assert isinstance(shop.pay(bought.id, Card("tok_ok"), expected=bought.total, key="now"), Placed)
    assert told(upgraded, "SELECT on_hand, held, committed FROM pools WHERE pool = 'coupon/fiver'") == [(3, 0, 2)]
    assert look(upgraded, None, NOON) == ()
