"""fsck finds nothing wrong in any state a shop can be in, and every check has been seen red."""

from __future__ import annotations

import ast
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from attrs import evolve, frozen

from checkout_adapters.sqlalchemy import fsck
from checkout_adapters.sqlalchemy.fsck import CHECKS, Check, Finding, GatewayRow
from checkout_adapters.sqlalchemy.fsck.dialects import spelled
from checkout_adapters.sqlalchemy.fsck.secrecy import has_address, has_card_number
from checkout_core import Placed, Policy, Product, Worker
from checkout_core.deliveries import TRIES_AT_MOST
from checkout_core.memory import MemoryCatalog
from checkout_core.payments import Captured
from checkout_core.pricing import CashRounding, PricingPolicy
from checkout_core.system import new_gift_card
from tests.checked_shop import Counter, a_day, empty_database, look, rows_of
from tests.project import fsck_page
from tests.world import NOON, SECRET, begin, eur, german_taxes, lost, parcels, products, unheard

LATER = "2026-06-09T12:00:00+00:00"
CURES = {check.id: check.cure for check in CHECKS}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_database(tmp_path_factory.mktemp("fsck"))


@pytest.fixture
def counter(empty: Path, tmp_path: Path) -> Iterator[Counter]:
    made = Counter(tmp_path / "shop.db", empty)
    yield made
    made.close()


# No false alarm: fsck looks after every single commit of these, gateway and all, and again at rest.
def a_code(counter: Counter) -> None:
    bought = counter.begin("MUG", 3, customer="ann", codes=["TENTH", "POSTED"])
    assert isinstance(counter.pay(bought), Placed)


def nothing_to_pay(counter: Counter) -> None:
    bought = counter.begin("PDF", shipping=None, codes=["GRATIS"])
    assert isinstance(counter.pay(bought), Placed)
    counter.shop.cancel(bought.id, reason="unread")


def another_card(counter: Counter) -> None:
    bought = counter.begin("BOOK", 2)
    counter.pay(bought, "tok_insufficient_funds", "k1")
    counter.shop.update(bought.id, shipping="standard", codes=["TENTH"])
    assert isinstance(counter.pay(counter.shop.status(bought.id), "tok_ok", "k2"), Placed)


def cancelled_and_sent_back(counter: Counter) -> None:
    for token in ("tok_ok", "tok_refund_no_answer", "tok_refund_refused"):
        bought = counter.begin("MUG")
        counter.pay(bought, token)
        counter.shop.cancel(bought.id, reason="too blue")
        counter.drain()
        paid = counter.shop.status(bought.id).attempts[0]
        assert bool(paid.stuck) is (token == "tok_refund_refused")
        if paid.stuck:
            counter.shop.retry(paid.key, reason="asked the bank", actor="ann")


def given_up(counter: Counter) -> None:
    counter.begin("MUG")
    counter.pay(counter.begin("BOOK"), "tok_3ds_abandoned")
    counter.pay(counter.begin("GIFT"), "upi_expired")
    counter.pay(counter.begin("GIFT", 2), "upi_late")


def no_answer(counter: Counter) -> None:
    for n, token in enumerate(("tok_no_answer_lost", "tok_no_answer_taken", "tok_no_answer_late", "tok_void_no_answer")):
        c = counter.begin("MUG", n + 1)
        counter.pay(c, token)
        if n == 3:
            counter.shop.cancel(c.id, reason="slow")


def crashed_before_and_after_each_call(counter: Counter) -> None:
    for after in (False, True):
        for op in ("authorize", "capture", "refund"):
            c = counter.begin("MUG", shop=counter.later)

            def life(c: object = c) -> None:
                counter.pay(c, shop=counter.later)  # type: ignore[arg-type]
                counter.shop.cancel(c.id, reason="changed")  # type: ignore[attr-defined]

            counter.crash(op, life, after=after)


def cancelled_under_way(counter: Counter) -> None:
    c = counter.begin("BOOK", shop=counter.later)
    counter.crash("capture", lambda: counter.pay(c, shop=counter.later))
    counter.shop.cancel(c.id, reason="late wish")
    waiting = counter.begin("MUG")
    counter.pay(waiting, "tok_3ds_ok")
    counter.shop.cancel(waiting.id, reason="no")


def another_amount(counter: Counter) -> None:
    counter.pay(counter.begin("MUG"), "tok_amount_drift")
    counter.pay(counter.begin("MUG", shop=counter.later), "tok_amount_drift", shop=counter.later)


def money_after_a_no(counter: Counter) -> None:
    c = counter.begin("MUG")
    counter.gateway.upset("authorize", unheard)
    counter.gateway.upset("inquire", lost)
    counter.pay(c)
    counter.shop.cancel(c.id, reason="never mind")


def sent_back_at_the_gateway(counter: Counter) -> None:
    c = counter.begin("MUG")
    counter.pay(c, "upi_paid")
    counter.clock.forward(seconds=12)
    key = counter.shop.status(c.id).attempts[0].key
    payment = counter.sandbox.books.payments()[0]
    counter.shop.learn(key, Captured(payment.reference, eur(payment.captured)))


def carts_come_together(counter: Counter) -> None:
    guest, account = counter.shop.open_cart(currency="EUR"), counter.shop.open_cart(currency="EUR", customer="ann", key="once")
    counter.shop.add(guest.id, sku="MUG", quantity=2, key="twice")
    counter.shop.add(account.id, sku="BOOK")
    counter.shop.merge(guest.id, account.id)
    counter.pay(begin(counter.shop, account.id))


def from_two_warehouses(counter: Counter) -> None:
    shop = counter.open(Policy(identity_secret=SECRET, locations=("north", "main")))
    shop.receive("MUG", 2, location="north", reason="opening stock", actor="test")
    bought = counter.begin("MUG", 21, shop=shop)
    assert isinstance(counter.pay(bought, shop=shop), Placed)
    assert counter.value(f"SELECT COUNT(*) FROM holds WHERE checkout_id = '{bought.id}' AND pool LIKE 'stock/%'") == 2
    shop.cancel(bought.id, reason="one of them is enough")


def too_little_on_the_shelf(counter: Counter) -> None:
    counter.pay(counter.begin("MUG", 5))
    counter.shop.receive("MUG", -18, reason="broken", actor="test", force=True)
    counter.pay(counter.begin("BOOK"))
    counter.shop.receive("MUG", 2, reason="found", actor="test")


def by_gift_card(counter: Counter) -> None:
    """Two orders spend one card, and one of them gives it back; another is kept while somebody tries a second means, and is let go."""
    number = new_gift_card()
    counter.shop.load_gift_card(number, eur(3000), reason="sold", actor="till")
    first, second = counter.begin("MUG", gift_cards=[number]), counter.begin("MUG", gift_cards=[number])
    counter.pay(first)
    assert counter.pay(second).reason == "quote-changed"
    assert isinstance(counter.pay(counter.shop.begin(second.cart), key="k2"), Placed)
    counter.shop.cancel(first.id, reason="too blue")
    counter.shop.load_gift_card(number, eur(-10), reason="a mistake", actor="till")
    counter.pay(counter.begin("BOOK", gift_cards=[number]), "tok_insufficient_funds")


def coins_and_credits(counter: Counter) -> None:
    """What is paid is no sum of lines, a line is below zero, and nothing but the deposit is a reason to pay less."""
    pfand = Product("PFAND", "Deposit back", [eur(-25)], credit=True, tracked=False)
    counter.shelf = MemoryCatalog([*products(), pfand], (), german_taxes(), parcels())
    shop = counter.open(Policy(identity_secret=SECRET, pricing=PricingPolicy(cash=CashRounding(10))))
    for reason in ("", "too round"):
        cart = shop.open_cart(currency="EUR")
        shop.add(cart.id, sku="MUG", quantity=2)
        shop.add(cart.id, sku="PFAND", quantity=3)
        bought = begin(shop, cart.id)
        assert bought.quote is not None
        assert (bought.quote.totals.total, bought.quote.total) == (2915, eur(2920))
        assert isinstance(counter.pay(bought, shop=shop), Placed)
        assert counter.value(f"SELECT MIN(net) FROM order_lines WHERE order_id = '{bought.id}'") == -63
        if reason:
            shop.cancel(bought.id, reason=reason)


def somebody_is_deaf(counter: Counter) -> None:
    bad, good = counter.begin("MUG"), counter.begin("BOOK")
    counter.pay(bad)
    counter.pay(good)
    for _ in range(TRIES_AT_MOST + 2):
        counter.relay(bad.id)
        counter.clock.forward(hours=2)
    counter.relay()
    worker = Worker(counter.shop, [counter.bell])
    worker.requeue(counter.bell.name, f"{bad.id}/1")
    worker.replay(counter.bell.name, f"{good.id}/2")
    counter.relay()


STORIES: tuple[Callable[[Counter], None], ...] = (
    a_code,
    nothing_to_pay,
    another_card,
    cancelled_and_sent_back,
    given_up,
    no_answer,
    crashed_before_and_after_each_call,
    cancelled_under_way,
    another_amount,
    money_after_a_no,
    sent_back_at_the_gateway,
    carts_come_together,
    from_two_warehouses,
    too_little_on_the_shelf,
    by_gift_card,
    coins_and_credits,
    somebody_is_deaf,
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_no_state_on_the_way_is_a_finding(counter: Counter, story: Callable[[Counter], None]) -> None:
    """I1–I20: after each commit of a purchase, whatever goes wrong with it, nothing is found; neither when all has come to rest."""
    story(counter)
    before = counter.looked.commits
    assert before > 5
    counter.drain()
    assert look(counter.path, rows_of(counter.sandbox), counter.clock.now()) == ()


# Every check has been seen red.
@frozen
class Broken:
    """Rows that break one check, as raw SQL past every constraint, or as the gateway's record; `also` is what cannot but break with it."""

    sql: tuple[str, ...] = ()
    gateway: Callable[[Sequence[GatewayRow], dict[str, str]], list[GatewayRow]] | None = None
    also: frozenset[str] = frozenset()
    now: str = NOON.isoformat()


def broken(*sql: str, also: str = "", now: str = NOON.isoformat()) -> Broken:
    return Broken(sql, None, frozenset(also.split()), now)


def said(id: str, **changed: object) -> Broken:
    """The gateway says something else of that checkout's payment."""

    def tell(rows: Sequence[GatewayRow], ids: dict[str, str]) -> list[GatewayRow]:
        return [evolve(row, **changed) if row.key.startswith(f"{ids[id]}/") else row for row in rows]  # type: ignore[arg-type]

    return Broken(gateway=tell)


def also_said(row: GatewayRow) -> Broken:
    return Broken(gateway=lambda rows, ids: [*rows, row])


def doc(table: str, key: str, *changes: str) -> str:
    """Change a document where it says so: path, value, path, value …"""
    pairs = ", ".join(f"'$.{path}', {value}" for path, value in zip(changes[::2], changes[1::2], strict=True))
    column = {"quotes": "hash"}.get(table, "id")
    return f"UPDATE {table} SET document = json_set(document, {pairs}) WHERE {column} = {key}"


def both(name: str, column: str, path: str, value: str) -> tuple[str, str]:
    """Change the last payment of a checkout, in its row and in its document."""
    last = f"(SELECT json_extract(document, '$.attempts[#-1].key') FROM checkouts WHERE id = :{name})"
    return f"UPDATE payments SET {column} = {value} WHERE id = {last}", doc("checkouts", f":{name}", f"attempts[#-1].{path}", value)


QUOTE_OF = "(SELECT quote_hash FROM checkouts WHERE id = :{})"
CART_OF = "(SELECT cart_id FROM checkouts WHERE id = :{})"
MUG = "'stock/MUG/main'"
GONE_HOLDS = doc("checkouts", ":gone", "held", f"json_array(json_object('pool', {MUG}, 'amount', 5, 'limit', NULL))")
LAST_SEQ = "(SELECT MAX(seq) FROM events WHERE checkout_id = :bought)"

BROKEN: dict[str, Broken] = {
    "file": broken(f"INSERT INTO movements (pool, delta, reason, actor, at) VALUES ({MUG}, 0, 'r', 'a', '2026-06-01')"),
    "references": broken("INSERT INTO persons VALUES ('nobody', '{}')"),
    "inventory-view": broken(
        "DROP VIEW inventory",
        "CREATE VIEW inventory AS SELECT sku AS product_id, on_hand AS available_stock, held + committed AS reserved_stock, updated_at"
        " FROM pools WHERE kind = 'stock'",
    ),
    "cart-lines-view": broken(
        "DROP VIEW cart_lines", "CREATE VIEW cart_lines AS SELECT id AS cart_id, 'MUG' AS product_id, 1 AS quantity FROM carts"
    ),
    "I1-on-hand": broken(f"UPDATE pools SET on_hand = on_hand + 1 WHERE pool = {MUG}"),
    "I1-holds": broken(f"UPDATE pools SET committed = committed - 1 WHERE pool = {MUG}"),
    "I2-oversold": broken(
        "INSERT INTO movements (pool, delta, reason, actor, at)"
        f" SELECT pool, 1 - on_hand, 'r', 'a', '2026-06-01' FROM pools WHERE pool = {MUG}",
        f"UPDATE pools SET on_hand = 1 WHERE pool = {MUG}",
        also="file",
    ),
    "I10-balance": broken(
        "UPDATE pools SET on_hand = 1 WHERE pool = :card",
        "INSERT INTO movements (pool, delta, reason, actor, at) SELECT :card, 1 - SUM(delta), 'r', 'a', '2026-06-01'"
        " FROM movements WHERE pool = :card",
        also="file",
    ),
    "I10-cards": broken(
        "UPDATE holds SET amount = 1 WHERE checkout_id = :carded AND pool = :card",
        "UPDATE pools SET committed = 1 WHERE pool = :card",
        "UPDATE checkouts SET document = json_set(document, '$.held[' || (SELECT k.key FROM json_each(document, '$.held') k"
        " WHERE json_extract(k.value, '$.pool') = :card) || '].amount', 1) WHERE id = :carded",
        also="I11-books",
    ),
    "I25-unpaid": broken(
        "INSERT INTO pools (pool, kind, on_hand, held, committed, backorder, shortfall, updated_at)"
        " VALUES ('unpaid/ab12', 'unpaid', 3, 0, 1, 0, 0, '2026-06-01T00:00:00.000000+00:00')",
        also="I1-holds",
    ),
    "I2-shortfall": broken(f"UPDATE pools SET shortfall = 1 WHERE pool = {MUG}"),
    "I3-backing": broken(
        f"UPDATE holds SET amount = 1 WHERE checkout_id = :bought AND pool = {MUG}",
        f"UPDATE pools SET committed = committed - 1 WHERE pool = {MUG}",
        "UPDATE checkouts SET document = json_set(document, '$.held[' || (SELECT k.key FROM json_each(document, '$.held') k"
        f" WHERE json_extract(k.value, '$.pool') = {MUG}) || '].amount', 1) WHERE id = :bought",
    ),
    "I3-committed": broken(
        f"UPDATE holds SET state = 'committed' WHERE checkout_id = :gone AND pool = {MUG}",
        f"UPDATE pools SET committed = committed + 5 WHERE pool = {MUG}",
        GONE_HOLDS,
    ),
    "I3-held": broken(
        f"UPDATE holds SET state = 'held' WHERE checkout_id = :gone AND pool = {MUG}",
        f"UPDATE pools SET held = held + 5 WHERE pool = {MUG}",
        GONE_HOLDS,
    ),
    "I3-claims": broken(doc("checkouts", ":begun", "held", "json_array()")),
    "I9-limit": broken("UPDATE pools SET on_hand = 0 WHERE kind = 'coupon'", also="file"),
    "I9-uses": broken(doc("quotes", QUOTE_OF.format("bought"), "promotions[0].limit", "NULL")),
    "I16-lapsed": broken("UPDATE checkouts SET due_at = NULL WHERE id = :begun", doc("checkouts", ":begun", "due_at", "NULL"), now=LATER),
    "I18-turn": broken("UPDATE pools SET on_hand = 2 WHERE kind = 'cart'"),
    "I18-bought-once": broken(
        "DROP INDEX uq_orders_cart_id",
        f"UPDATE orders SET cart_id = {CART_OF.format('bought')} WHERE id = :flying",
        doc("checkouts", ":flying", "cart", CART_OF.format("bought")),
        f"UPDATE checkouts SET cart_id = {CART_OF.format('bought')} WHERE id = :flying",
        also="I18-cart",
    ),
    "I18-cart": broken(
        f"UPDATE carts SET ordered = NULL WHERE id = {CART_OF.format('bought')}", doc("carts", CART_OF.format("bought"), "ordered", "NULL")
    ),
    "I18-merged": broken(
        f"UPDATE carts SET merged_into = 'nowhere' WHERE id = {CART_OF.format('begun')}",
        doc("carts", CART_OF.format("begun"), "merged_into", "'nowhere'"),
    ),
    "I4-paid": broken(
        *both("flying", "state", "state", "'voided'"),
        "UPDATE orders SET payment = 'voided' WHERE id = :flying",
        "UPDATE checkouts SET lapses_at = json_extract(document, '$.deadline') WHERE id = :flying",
    ),
    "I5-once": broken(
        "UPDATE payments SET state = 'authorized', received = amount, received_currency = currency WHERE checkout_id = :flying",
        doc(
            "checkouts",
            ":flying",
            *("attempts[0].state", "'authorized'"),
            *("attempts[0].received", "json_extract(document, '$.attempts[0].amount')"),
        ),
    ),
    "I5-once-there": Broken(gateway=lambda rows, ids: [*rows, *(row for row in rows if row.state == "authorized")]),
    "I6-stranded": broken("DELETE FROM refunds WHERE checkout_id = :refunding", also="I13-refund"),
    "I6-due": broken("UPDATE checkouts SET due_at = NULL WHERE id = :challenged", doc("checkouts", ":challenged", "due_at", "NULL")),
    "I6-unknown-there": also_said(GatewayRow("nobody/authorize", "EUR", 500, 0, "captured")),
    "I7-refunds": broken("UPDATE refunds SET amount = amount + 1 WHERE checkout_id = :cancelled"),
    "I7-refunds-there": also_said(GatewayRow("nobody/authorize", "EUR", 100, 200, "refunded")),
    "I8-amount": broken(*both("challenged", "amount", "amount[0]", "1")),
    "I8-received": broken(*both("flying", "received", "received[0]", "99999")),
    "I8-received-there": said("refunding", captured=1),
    "I8-total": broken(doc("quotes", QUOTE_OF.format("cancelled"), "currency", "'USD'")),
    "I11-posting": broken(
        "INSERT INTO ledger SELECT 'one', 'gateway', 5, 'EUR', :bought, 'r', '2026-06-01'",
        "INSERT INTO ledger SELECT 'two', 'gateway', -5, 'EUR', :bought, 'r', '2026-06-01'",
    ),
    "I11-books": broken(
        "INSERT INTO ledger SELECT 'one', 'sales', 5, 'EUR', :bought, 'r', '2026-06-01'",
        "INSERT INTO ledger SELECT 'one', 'shipping', -5, 'EUR', :bought, 'r', '2026-06-01'",
    ),
    "I11-rest": broken(
        "UPDATE checkouts SET due_at = NULL WHERE id = :flying", doc("checkouts", ":flying", "due_at", "NULL"), also="I6-due"
    ),
    "I12-line": broken("UPDATE order_lines SET tax = tax + 1 WHERE order_id = :bought AND line = 1", also="file I11-books"),
    "I12-order": broken(
        "UPDATE order_lines SET gross = gross + 1, tax = tax + 1 WHERE order_id = :bought AND line = 1", also="I12-lines I11-books"
    ),
    "I12-quote": broken(doc("quotes", QUOTE_OF.format("gone"), "totals.total", "1")),
    "I12-lines": broken("UPDATE order_lines SET unit = unit + 1 WHERE order_id = :bought AND line = 1"),
    "I13-order": broken("UPDATE checkouts SET state = 'cancelled' WHERE id = :bought", also="I13-checkout-row"),
    "I13-checkout-row": broken("UPDATE checkouts SET version = version + 1 WHERE id = :bought"),
    "I13-order-row": broken("UPDATE orders SET fulfilment = 'fulfilled' WHERE id = :bought"),
    "I13-order-money": broken("UPDATE orders SET payment = 'authorized' WHERE id = :bought"),
    "I13-payment-row": broken("UPDATE payments SET reference = 'another' WHERE checkout_id = :bought"),
    "I13-attempts": broken(
        doc("checkouts", ":bought", "attempts[#]", "json_set(json_extract(document, '$.attempts[0]'), '$.key', 'another')")
    ),
    "I13-refund": broken("UPDATE refunds SET state = 'due' WHERE checkout_id = :cancelled"),
    "I13-cart-row": broken(f"UPDATE carts SET version = version + 1 WHERE id = {CART_OF.format('begun')}"),
    "I13-quote-row": broken(doc("quotes", QUOTE_OF.format("gone"), "hash", "'another'")),
    "I13-documents": broken("UPDATE persons SET document = '{' WHERE checkout_id = :bought"),
    "I14-sequence": broken(
        "DELETE FROM deliveries WHERE checkout_id = :bought AND seq = 1", "DELETE FROM events WHERE checkout_id = :bought AND seq = 1"
    ),
    "I14-announced-once": broken(
        "INSERT INTO events (checkout_id, seq, kind, at, facts)"
        f" SELECT checkout_id, {LAST_SEQ} + 1, kind, at, facts FROM events WHERE checkout_id = :bought AND kind = 'order.placed'",
        doc("checkouts", ":bought", "events", LAST_SEQ),
    ),
    "I14-mark": broken("UPDATE consumers SET position = position + 1"),
    "I14-delivered": broken("UPDATE deliveries SET state = 'waiting' WHERE checkout_id = :bought AND seq = 1"),
    "I15-order": broken(
        "UPDATE events SET facts = replace(facts, '\"number\",\"N', '\"number\",\"M') WHERE checkout_id = :bought AND kind = 'order.placed'"
    ),
    "I15-cancelled": broken("UPDATE events SET kind = 'order.cancelled' WHERE checkout_id = :bought AND seq = 1"),
    "I15-received": broken("UPDATE events SET kind = 'payment.started' WHERE checkout_id = :bought AND kind = 'payment.received'"),
    "I17-attempt": broken("UPDATE requests SET attempt = 'nobody' WHERE scope = :bought AND operation = 'pay'"),
    "I20-state": said("bought", state="refunded"),
    "I20-cash": said("bought", refunded=5),
    "I22-cards": broken("UPDATE movements SET reason = 'from 4111 1111 1111 1111'"),
    "I22-addresses": broken("UPDATE requests SET key = 'ada@example.com' WHERE scope = :bought"),
}


@pytest.fixture(scope="module")
def day(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], tuple[GatewayRow, ...]]:
    """A database with a checkout in every kind of state, their ids by name, and the gateway's record."""
    counter = Counter(tmp_path_factory.mktemp("day") / "day.db", empty)
    ids = a_day(counter)
    counter.close()
    return counter.path, ids, rows_of(counter.sandbox)


Day = tuple[Path, dict[str, str], tuple[GatewayRow, ...]]


def plant(path: Path, ids: dict[str, str], *sql: str) -> None:
    """Write past every constraint, as another program would."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in sql:
            done = connection.execute(statement, ids)
            assert done.rowcount != 0, f"changed nothing: {statement}"
        connection.commit()
    finally:
        connection.close()


def found_by(day: Day, tmp_path: Path, wrong: Broken, *, gateway: bool) -> dict[str, Finding]:
    path, ids, rows = day
    shutil.copyfile(path, tmp_path / "broken.db")
    plant(tmp_path / "broken.db", ids, *wrong.sql)
    told = wrong.gateway(rows, ids) if wrong.gateway else rows
    return {finding.check: finding for finding in look(tmp_path / "broken.db", told if gateway else None, wrong.now)}


def test_every_check_has_a_row_that_breaks_it() -> None:
    """A check that nothing has ever turned red may be one that cannot."""
    assert sorted(BROKEN) == sorted(check.id for check in CHECKS)


def test_a_day_with_every_kind_of_state_is_clean(day: Day, tmp_path: Path) -> None:
    for now in (NOON.isoformat(), LATER):
        assert found_by(day, tmp_path, broken(now=now), gateway=True) == {}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_planted_row_turns_exactly_its_check_red(day: Day, tmp_path: Path, check: Check) -> None:
    """Each check sees what breaks it, says what to do, and is the only one to see it, but for those that say the same in other words."""
    wrong = BROKEN[check.id]
    found = found_by(day, tmp_path, wrong, gateway=check.asks_gateway)
    assert found.keys() == {check.id, *wrong.also}
    finding = found[check.id]
    assert finding.rows
    assert finding.count == len(finding.rows)
    assert (finding.sentence, finding.cure) == (check.sentence, check.cure)


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ("I8-total", broken(doc("quotes", QUOTE_OF.format("bought"), "totals.due", "1"), also="I8-amount I12-quote")),
        ("I12-quote", broken(doc("quotes", QUOTE_OF.format("gone"), "totals.rounded", "1"))),
        ("I12-quote", broken(doc("quotes", QUOTE_OF.format("gone"), "totals.card_tax", "1"))),
        ("I12-quote", broken(doc("quotes", QUOTE_OF.format("gone"), "shipping[0].gross", "1"))),
        ("I12-order", broken(doc("quotes", QUOTE_OF.format("bought"), "totals.cards", "1"), also="I12-quote I10-cards")),
        ("I12-lines", broken(doc("quotes", QUOTE_OF.format("bought"), "shipping[0].discount", "1"))),
        ("I12-lines", broken(doc("quotes", QUOTE_OF.format("bought"), "shipping[#]", "json_object('gross', 5)"), also="I12-quote")),
        ("I12-lines", broken("UPDATE order_lines SET line = -1 WHERE order_id = :bought AND line = 0")),
        ("I12-line", broken("UPDATE order_lines SET unit = -unit WHERE order_id = :bought AND line = 1", also="I12-lines")),
    ],
)  # fmt: skip
def test_what_is_due_and_carriage_are_looked_at(day: Day, tmp_path: Path, check: str, wrong: Broken) -> None:
    """Due is the total less gift cards, in coins; carriage is as many entries as there are."""
    assert found_by(day, tmp_path, wrong, gateway=False).keys() == {check, *wrong.also}


def test_what_asks_the_gateway_is_left_out_without_it(day: Day, tmp_path: Path) -> None:
    seen: list[str] = []
    look(day[0], None, NOON, lambda check, finding: seen.append(check.id))
    assert seen == [check.id for check in CHECKS if not check.asks_gateway]
    seen.clear()
    look(day[0], day[2], NOON, lambda check, finding: seen.append(check.id))
    assert seen == [check.id for check in CHECKS]


def test_rows_are_bounded_and_counted(day: Day, tmp_path: Path) -> None:
    """Twenty rows are shown of a thousand, and a thousand are counted."""
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
    wrong = broken(f"INSERT INTO persons {many} SELECT 'nobody-' || i, '{{}}' FROM n")
    found = found_by(day, tmp_path, wrong, gateway=False)
    assert (len(found["references"].rows), found["references"].count) == (fsck.ROWS_AT_MOST, 1000)


@pytest.mark.parametrize("table", ["checkouts", "carts", "quotes"])
def test_a_document_that_cannot_be_read_is_one_finding(day: Day, tmp_path: Path, table: str) -> None:
    """What cannot be read is told as that, and nothing is concluded from it."""
    key = {"checkouts": "id = :bought", "carts": f"id = {CART_OF.format('begun')}", "quotes": f"hash = {QUOTE_OF.format('bought')}"}[table]
    found = found_by(day, tmp_path, broken(f"UPDATE {table} SET document = '{{' WHERE {key}"), gateway=True)
    assert found.keys() == {"I13-documents"}


def test_nothing_that_is_found_repeats_a_secret(day: Day, tmp_path: Path) -> None:
    """I22: the finding says where a card number or an address stands, and never what it is."""
    wrong = broken(
        "UPDATE requests SET key = '4111111111111111' WHERE scope = :bought",
        "UPDATE checkouts SET customer_id = 'ada@example.com' WHERE id = :begun",
        doc("checkouts", ":begun", "customer", "'ada@example.com'"),
    )
    told = repr(found_by(day, tmp_path, wrong, gateway=False))
    assert "'requests', 'column': 'key'" in told
    assert "4111" not in told
    assert "ada@" not in told


@pytest.mark.parametrize(
    ("text", "card"),
    [
        ("4111111111111111", True),
        ("paid with 4111-1111-1111-1111, thanks", True),
        ('{"note":"4111 1111 1111 1111"}', True),
        ("4111111111111112", False),
        ("2026-06-01T12:00:00.000000+00:00", False),
        ("0197c0de-4111-7111-8111-111111111111", False),
        ("authorize_ab4111111111111111cd", False),
        ("411111111111", False),
    ],
)
def test_a_card_number_is_seen_and_an_id_is_none(text: str, card: bool) -> None:
    assert has_card_number(text) is card


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('{"to":"ada@example.com"}', True),
        ("a.b+c@mail.example.co.uk", True),
        ("upi://pay?pa=sandbox@invalid&am=12.50", False),
        ("ada@bank", False),
    ],
)
def test_an_address_is_seen_and_a_payers_handle_is_none(text: str, address: bool) -> None:
    assert has_address(text) is address


# A second opinion, in words that every database understands.
def test_it_imports_nothing_whose_mistakes_it_is_to_find() -> None:
    """The store, the tables and the core are what is checked: only SQLAlchemy, attrs and the standard library are used."""
    allowed = {*sys.stdlib_module_names, "sqlalchemy", "attrs"}
    for path in Path(fsck.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            foreign = [n for n in names if n.split(".")[0] not in allowed and not n.startswith("checkout_adapters.sqlalchemy.fsck")]
            assert foreign == [], path.name


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_every_word_of_ours_is_spelled_out(dialect: str) -> None:
    for check in CHECKS:
        assert re.findall(r"\w+_OF\(|IS_JSON|DIFFERS|WITH_GATEWAY", spelled(check.sql, dialect)) == []


def test_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="sqlite or postgresql"):
        spelled("SELECT 1", "oracle")


def test_a_time_without_its_zone_is_refused(day: Day) -> None:
    with pytest.raises(ValueError, match="time zone"):
        look(day[0], now="2026-06-01T12:00:00")


def test_each_sentence_names_its_invariant_and_each_cure_says_something() -> None:
    for check in CHECKS:
        assert check.id.startswith("I") is (re.match(r"I\d+: ", check.sentence) is not None)
        assert check.sentence.endswith(".")
        assert check.cure.endswith(".")
        assert len(check.cure) > 40


def test_the_page_is_as_the_checks_are() -> None:
    """`docs/how-to/fsck.md` is made from the checks: python tests/project/fsck_page.py --write."""
    assert fsck_page.PAGE.read_text(encoding="utf-8") == fsck_page.written()
