"""The demo's purchases, played by the real command in a process of its own: every price in its database is explained to the last unit."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from attrs import frozen

from checkout_core.codec import decode, decode_checkout
from checkout_core.pricing import Quote, intact
from checkout_core.receipt import figures_of, receipt_of, recompute


@frozen
class Bought:
    """An order as its tables have it, in minor units: its total, and what came in for it, also if it went back later."""

    id: str
    quote: Quote
    total: int
    received: int


@frozen
class Kept:
    """What the demo left: quotes by the hash they are filed under, and orders that stand or were cancelled."""

    quotes: Mapping[str, Quote]
    orders: tuple[Bought, ...]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The database of `checkout demo --keep FILE`, read with nothing but SQL and the codec."""
    path = tmp_path_factory.mktemp("demo") / "shop.db"
    command = [sys.executable, "-m", "checkout_cli", "demo", "--keep", str(path)]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("CHECKOUT_")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    assert "The books balance" in done.stdout
    return read(path)


def read(path: Path) -> Kept:
    with closing(sqlite3.connect(path)) as database:
        quotes = {hash: decode(Quote, document) for hash, document in database.execute("SELECT hash, document FROM quotes")}
        orders = []
        for id, total, document, filed in database.execute(
            "SELECT o.id, o.total, c.document, c.quote_hash FROM orders o JOIN checkouts c ON c.id = o.id"
        ):
            checkout = decode_checkout(document, quotes[filed])
            assert checkout.quote is quotes[filed]
            (received,) = database.execute(
                "SELECT COALESCE(SUM(received), 0) FROM payments WHERE checkout_id = ? AND state IN ('captured', 'refunded')", (id,)
            ).fetchone()
            orders.append(Bought(id, quotes[filed], total, received))
    return Kept(quotes, tuple(orders))


def explained(quote: Quote) -> int:
    """What the rows of its receipt come to."""
    return sum(row.amount for row in receipt_of(quote).rows)


def test_the_rows_of_every_quote_add_up_to_what_is_due(kept: Kept) -> None:
    """I12: an explanation that leaves a unit out, or counts one twice, is none."""
    assert {hash: explained(quote) for hash, quote in kept.quotes.items()} == {
        hash: quote.totals.due for hash, quote in kept.quotes.items()
    }


def test_every_quote_is_the_one_its_hash_names(kept: Kept) -> None:
    """R7: what was shown is what is kept."""
    assert [hash for hash, quote in kept.quotes.items() if quote.hash != hash or not intact(quote)] == []


def test_every_quote_is_recomputed_from_what_went_in(kept: Kept) -> None:
    """I12: list prices, rules, rates and policy lead to the same figure of every entry, share and total."""
    for quote in kept.quotes.values():
        assert recompute(receipt_of(quote)) == figures_of(quote)


def test_every_order_was_paid_as_it_is_explained(kept: Kept) -> None:
    """I8, I12: the rows, the order and the money that came are one sum; and what the order was placed for is recomputed from its rules."""
    assert len(kept.orders) >= 20
    for order in kept.orders:
        assert (explained(order.quote), order.received) == (order.total, order.total), order.id
        assert recompute(receipt_of(order.quote)) == figures_of(order.quote)


def test_the_demo_shows_what_makes_a_price(kept: Kept) -> None:
    """The tests above would say little of a shop without discounts, carriage, added taxes and several currencies."""
    steps = {row.step for quote in kept.quotes.values() for row in receipt_of(quote).rows}
    assert steps >= {"price", "shipping", "discount", "line-share", "shipping-share", "line-tax", "shipping-tax"}
    assert {row.rule for quote in kept.quotes.values() for row in receipt_of(quote).rows} >= {"included", "added"}
    assert len({quote.currency for quote in kept.quotes.values()}) >= 4
