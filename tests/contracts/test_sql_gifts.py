"""Free gifts in a database: every hold and every line of an order in place, as fsck sees it, which shares nothing with what decides."""

from __future__ import annotations

from pathlib import Path

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.fsck import check
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Placed, Policy, Shop
from checkout_core.money import Money
from checkout_core.promotions import FreeGift, Promotion
from tests.world import ADA, BERLIN, SECRET, TestClock, catalog

GIFT = Promotion("book", "A book with it", FreeGift("BOOK"), minimum=[Money(100, "EUR")])


def test_a_database_with_gifts_is_in_order(tmp_path: Path) -> None:
    """Bought, cancelled, and sold without when the last one is gone (I1, I2, F1)."""
    clock, path = TestClock(), str(tmp_path / "shop.db")
    SqlAdmin(path).upgrade()
    with SqlStorage(path, clock=clock) as storage:
        policy = Policy(identity_secret=SECRET)
        shop = Shop(storage=storage, catalog=catalog([GIFT]), gateways=[SandboxGateway(clock=clock)], clock=clock, policy=policy)
        shop.receive("MUG", 10, reason="opening", actor="test")
        shop.receive("BOOK", 2, reason="opening", actor="test")
        found = []
        for n in range(3):
            cart = shop.open_cart(currency="EUR")
            shop.add(cart.id, sku="MUG")
            c = shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA)
            assert c.quote is not None
            assert isinstance(shop.pay(c.id, Card("tok_ok"), expected=c.quote.hash, key=f"k{n}"), Placed)
            found.append((c.id, [line.sku for line in c.quote.lines]))
        assert [skus for _, skus in found] == [["MUG", "BOOK"], ["MUG", "BOOK"], ["MUG"]]
        shop.cancel(found[0][0], reason="changed my mind")
        level = shop.stock("BOOK")["BOOK"]
        assert (level.committed, level.available) == (1, 1)
        with storage.engine.connect() as connection:
            assert check(connection, now=clock.now()) == ()
