"""The shop in examples/shop: it loads clean, is worth looking at, and prices carts to the cent with the taxes of each place."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from checkout_adapters.files import ShopFiles, read_shop
from checkout_core.cart import Line
from checkout_core.customers import Destination
from checkout_core.pricing import Basket, Facts, Quote, price
from checkout_core.promotions import FREE_SHIPPING, AmountOff, Percent
from checkout_core.refusals import Refused
from checkout_core.shipping import Parcel, Shipment

FOLDER = Path(__file__).parents[2] / "examples" / "shop"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PLACES = [("DE", None), ("FR", None), ("IE", None), ("US", "NY"), ("US", "CA"), ("IN", "KA"), ("JP", None)]


@cache
def shop() -> ShopFiles:
    return read_shop(FOLDER)


def quoted(
    currency: str, country: str, region: str | None, skus: str, *codes: str, method: str | None = "standard"
) -> Quote | tuple[Refused, ...]:
    """The price of a cart such as "2 MUG, 1 TEA", sent there by that method."""
    catalog, destination = shop().catalog(), Destination(country, region)
    lines = tuple(Line(sku, int(count)) for count, sku in (each.split() for each in skus.split(", ")))
    products = catalog.products([line.sku for line in lines])
    weight = sum(products[line.sku].weight * line.quantity for line in lines)
    options = tuple(catalog.options(Shipment(destination, currency, [Parcel(weight)])))
    rates = catalog.rates(destination, sorted({product.tax_category for product in products.values()} | {"shipping"}), NOW)
    facts = Facts(products, tuple(catalog.promotions(codes)), rates, options)
    return price(Basket(currency, lines, destination, () if method is None else (method,), codes), facts, NOW)


def test_it_is_a_shop_worth_looking_at() -> None:
    """Many products with weights, prices in four currencies but not all of them, two warehouses, and a dozen promotions."""
    products = shop().products
    assert len(products) >= 60
    assert {currency for product in products for currency in product.prices} == {"EUR", "USD", "INR", "JPY"}
    assert any(len(product.prices) < 4 for product in products)
    assert all((product.weight > 0) is product.tracked for product in products)
    assert any(not product.tracked for product in products)
    assert [location.id for location in shop().locations] == ["berlin", "dublin"]
    assert len(shop().promotions) >= 12
    assert {type(promotion.benefit) for promotion in shop().promotions} == {Percent, AmountOff}
    assert FREE_SHIPPING in [promotion.benefit for promotion in shop().promotions]


def test_some_things_are_scarce_or_lie_in_one_warehouse_only() -> None:
    """One SKU with a single unit, some with two or three, and some at only one of the two places."""
    units: dict[str, list[int]] = {}
    for stock in shop().stock:
        units.setdefault(stock.sku, []).append(stock.quantity)
    totals = sorted(map(sum, units.values()))
    assert totals[0] == 1
    assert {2, 3} & set(totals)
    assert len([sku for sku, each in units.items() if len(each) == 1]) >= 5
    assert set(units) == {product.sku for product in shop().products if product.tracked}


@pytest.mark.parametrize(("country", "region"), PLACES)
def test_everything_has_a_rate_everywhere_and_every_rate_a_source(country: str, region: str | None) -> None:
    """G2: where nothing is due, a rate of 0 says why; and each row names the law or the authority."""
    for category in {product.tax_category for product in shop().products} | {"shipping"}:
        assert shop().taxes.rates(country, region, category, NOW)
    assert all(len(row.source) > 10 for row in shop().taxes.rows)
    assert shop().taxes.rates("US", "TX", "standard", NOW) is None


# Worked out by hand, in minor units: currency, place, goods; total, and tax by code.
CARTS = [
    # 2980 + 1150 + 490. 2980 × 19/119 = 475.80, 490 × 19/119 = 78.24, 1150 × 7/107 = 75.23
    ("EUR", "DE", None, "2 MUG-STONE-BLUE-350, 1 TEA-ASSAM-250", 4620, {"MwSt 19 %": 476 + 78, "MwSt 7 %": 75}),
    # 1990 - 100 (5 % of 1990 is 99.5) + 3290 + 990. 1890 × 5.5/105.5 = 98.53, 3290/6 = 548.33, 990/6 = 165
    ("EUR", "FR", None, "1 BOOK-COFFEE-BASICS, 1 BREW-MOKA-6", 6170, {"TVA 20 %": 548 + 165, "TVA 5,5 %": 99}),
    # 1980 + 1990 + 990. 1990 × 23/123 = 372.11, 990 × 23/123 = 185.12
    ("EUR", "IE", None, "2 TEA-BREAKFAST-250, 1 GLASS-DOUBLE-WALL-2", 4960, {"VAT 23 %": 372 + 185, "VAT zero rate": 0}),
    # 1150 + 1350 + 1850 - 93 (5 % of 1850 is 92.5) + 1890 + tax. 1150 × 4 % = 46, 1757 × 4 % = 70.28, 1890 × 4 % = 75.6
    (
        *("USD", "US", "NY", "1 MUG-ENAMEL-400, 1 COF-COLOMBIA-250, 1 BOOK-TEA-CEREMONY"),
        *(6147 + 192, {"NY state sales tax": 46 + 70 + 76, "NY exempt: food": 0}),
    ),
    # 3300 + 1550 + 750 + 1890 + tax. 3300 × 7.25 % = 239.25
    (
        *("USD", "US", "CA", "1 FLASK-STEEL-500, 1 TEA-SENCHA-100, 1 EBOOK-BREWING-GUIDE"),
        *(7490 + 239, {"CA sales tax": 239, "CA exempt: food": 0, "CA not taxed: download": 0, "CA exempt: delivery": 0}),
    ),
    # 219000 + 64000 + 89900 - 4495 (5 % of the book) + 34900. × 2.5/105: 5214.29, 1523.81; 34900 × 9/118 = 2661.86
    (
        *("INR", "IN", "KA", "1 POT-PORCELAIN-1000, 1 TEA-ASSAM-250, 1 BOOK-COFFEE-BASICS", 403305),
        {"CGST 2.5 %": 5214 + 1524, "SGST 2.5 %": 5214 + 1524, "CGST 9 %": 2662, "SGST 9 %": 2662, "GST nil: books": 0},
    ),
    # 1600 + 2400 + 2400. 1600 × 8/108 = 118.52, 2400/11 = 218.18, twice
    ("JPY", "JP", None, "1 TEA-SENCHA-100, 1 MUG-STONE-GREY-350", 6400, {"消費税 10 %": 218 + 218, "消費税 8 %": 119}),
]


@pytest.mark.parametrize(("currency", "country", "region", "goods", "total", "taxes"), CARTS, ids=[f"{c[1]}-{c[2]}" for c in CARTS])
def test_a_cart_is_priced_to_the_cent(
    currency: str, country: str, region: str | None, goods: str, total: int, taxes: dict[str, int]
) -> None:
    """The figures were worked out by hand from the prices, rates and discounts as they stand in the files."""
    quote = quoted(currency, country, region, goods)
    assert isinstance(quote, Quote), quote
    assert quote.total.minor == total
    assert dict(quote.totals.tax_by_code) == taxes


def test_promotions_of_the_shop_do_what_their_names_say() -> None:
    """A code, an automatic one at its minimum, one that stands alone, all of it for nothing, one that is over, one for other goods."""
    tea = quoted("EUR", "DE", None, "1 TEA-MATCHA-30", "WELCOME10")
    assert isinstance(tea, Quote)
    assert tea.total.minor == 2850 - 285 + 490
    free = quoted("EUR", "DE", None, "1 POT-CAST-IRON-800")
    assert isinstance(free, Quote)
    assert free.total.minor == 6900
    alone = quoted("EUR", "DE", None, "1 POT-CAST-IRON-800", "STAFF30")
    assert isinstance(alone, Quote)
    assert alone.total.minor == 6900 - 2070 + 490
    gone = quoted("EUR", "DE", None, "1 EBOOK-TEA-TASTING", "ONTHEHOUSE", method=None)
    assert isinstance(gone, Quote)
    assert gone.total.minor == 0
    for code, reason in (("SUMMER25", "expired"), ("MUGMONDAY", "not-these-goods")):
        refused = quoted("EUR", "DE", None, "1 TEA-MATCHA-30", code)
        assert isinstance(refused, tuple)
        assert [each.reason for each in refused] == [reason]


def test_only_the_sale_of_last_year_is_idle() -> None:
    """Every other promotion has goods, carriage and a currency in this shop."""
    assert [(one.column, one.message.split(":")[0]) for one in shop().idle(NOW)] == [("ends", "Promotion summer-2025")]


def test_an_offer_says_its_days_and_a_place_out_of_reach_is_refused() -> None:
    """Business days come with each option; the courier rides in Berlin only."""
    catalog = shop().catalog()
    options = catalog.options(Shipment(Destination("DE", "BE"), "EUR", [Parcel(500)]))
    assert [(option.id, option.days) for option in options if not isinstance(option, Refused)] == [
        ("standard", (2, 3)),
        ("express", (1, 1)),
        ("bike", (0, 0)),
    ]
    assert isinstance(catalog.options(Shipment(Destination("DE", "BY"), "EUR", [Parcel(500)]))[2], Refused)
