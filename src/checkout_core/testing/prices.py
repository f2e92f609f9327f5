"""What everything that answers with price lists promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from checkout_core.catalog import Product
from checkout_core.money import Money
from checkout_core.prices import ANYBODY, Buyer, PriceBook, PriceList, PriceRow, shown_price, unit_price

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)


def _eur(minor: int) -> Money:
    return Money(minor, "EUR")


PRODUCTS: Final = (
    Product("mug", "Mug", [_eur(1200)], floors=[_eur(500)]),
    Product("tea", "Tea", [_eur(800), Money(900, "USD")]),
    Product("book", "Book", [_eur(2000)]),
)
LISTS: Final = (
    PriceList("trade", [PriceRow("mug", _eur(900)), PriceRow("mug", _eur(700), 12), PriceRow("tea", _eur(600))], {"trade"}, None, 5),
    PriceList("counter", [PriceRow("mug", _eur(1100)), PriceRow("tea", Money(1000, "JPY"))], None, {"counter", ""}),
    PriceList("sale", [PriceRow("mug", _eur(1000), 1, NOON - 9 * DAY, NOON - 2 * DAY), PriceRow("mug", _eur(950), 1, NOON)], priority=1),
    PriceList("also", [PriceRow("tea", _eur(700)), PriceRow("mug", _eur(400), 99)], None, {"app"}, 1),
)
"""Lists with everything a list may say."""

BUYERS: Final = (ANYBODY, Buyer(frozenset({"trade", "staff"})), Buyer(channel="app"), Buyer(frozenset({"trade"}), "app"))


class PricesContract:
    """Say how yours is made."""

    def make(self, lists: Sequence[PriceList], products: Sequence[Product]) -> Any:
        """Something (the sync face) that answers `prices(skus)` with these lists; these are the products they speak of."""
        raise NotImplementedError

    def test_a_shop_without_lists_answers_with_an_empty_book(self) -> None:
        """It has the prices of its catalogue, and is asked like any other."""
        answer = self.make((), PRODUCTS).prices(["mug"])
        assert isinstance(answer, PriceBook)
        assert not answer.names("mug", "EUR")
        assert unit_price(PRODUCTS[0], "EUR", 1, NOON, answer) == (1200, None)

    def test_every_price_is_that_of_the_lists(self) -> None:
        """Of each product, for each buyer, quantity and time; whatever is asked for together."""
        right, port = PriceBook(LISTS), self.make(LISTS, PRODUCTS)
        for skus in (["mug"], ["tea"], ["book"], ["tea", "mug", "book"]):
            answer = port.prices(skus)
            for product in (product for product in PRODUCTS if product.sku in skus):
                for buyer in BUYERS:
                    for quantity in (1, 11, 12, 99):
                        for at in (NOON - 10 * DAY, NOON - 3 * DAY, NOON - DAY, NOON, NOON + DAY):
                            asked = (product, "EUR", quantity, at)
                            assert unit_price(*asked, answer, buyer) == unit_price(*asked, right, buyer)

    def test_what_is_over_stays_as_history(self) -> None:
        """The lowest price before a reduction is told from it (Directive 98/6/EC, Article 6a)."""
        right, answer = PriceBook(LISTS), self.make(LISTS, PRODUCTS).prices(["mug"])
        assert shown_price(PRODUCTS[0], "EUR", NOON, answer) == shown_price(PRODUCTS[0], "EUR", NOON, right)

    def test_every_currency_is_there(self) -> None:
        """Also one in which only a list has a price."""
        answer = self.make(LISTS, PRODUCTS).prices(["tea"])
        assert answer.names("tea", "JPY")
        assert not answer.names("tea", "GBP")
        assert unit_price(PRODUCTS[1], "JPY", 1, NOON, answer) == unit_price(PRODUCTS[1], "JPY", 1, NOON, PriceBook(LISTS))

    def test_what_is_in_no_list_is_no_fault(self) -> None:
        """A SKU that nobody knows, or none at all."""
        port = self.make(LISTS, PRODUCTS)
        assert not port.prices(["nothing"]).names("nothing", "EUR")
        assert isinstance(port.prices([]), PriceBook)

    def test_asking_changes_nothing(self) -> None:
        """The same question has the same answer."""
        port = self.make(LISTS, PRODUCTS)
        first = port.prices(["mug", "tea"])
        port.prices(["book"])
        assert port.prices(["mug", "tea"]) == first
