"""The files of a shop: read whole, or every mistake told at once with its file, row and column, and never a traceback."""

from __future__ import annotations

import random
import re
import shutil
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from checkout_adapters.files import BadFiles, Location, OpeningStock, ShopFiles, read_shop
from checkout_adapters.files.folder import FILES
from checkout_adapters.files.goods import PRODUCT_COLUMNS, STOCK_COLUMNS
from checkout_adapters.files.lines import lines_of
from checkout_adapters.files.mistakes import TOLD_AT_MOST, Notes
from checkout_adapters.files.rates import TAX_COLUMNS
from checkout_adapters.files.tables import ROWS_AT_MOST, read_rows
from checkout_adapters.files.texts import BYTES_AT_MOST
from checkout_core.catalog import Product
from checkout_core.errors import CheckoutError
from checkout_core.money import Money, Ratio
from checkout_core.promotions import AmountOff, Percent
from checkout_core.shipping import Band, ShippingMethod, Zone
from checkout_core.tax import TaxRate, TaxRow
from tests.contracts.corner_shop import CARD, GOOD, HEAD, PRODUCTS, PROMOTIONS, SHIPPING, SHOP, STOCK, TAXES, Folder, mistakes, row
from tests.world import NOON


def places(folder: Path) -> list[tuple[str, int | None, str | None]]:
    return [(mistake.file, mistake.row, mistake.column) for mistake in mistakes(folder)]


def test_a_good_folder_is_read_into_the_values_of_the_core(folder: Folder) -> None:
    """Amounts, rates, days, times and rows of several rates are what the files say, exactly."""
    shop = read_shop(folder())
    assert (shop.name, shop.sender) == ("Corner Shop", "shop@example.com")
    assert shop.locations == (Location("main", "Cellar"), Location("attic", "Attic"))
    prices = [Money(1250, "EUR"), Money(2000, "JPY")]
    assert shop.products[0] == Product("MUG", "Mug, blue", prices, "standard", 380, True, categories={"mugs"})
    assert [product.tracked for product in shop.products] == [True, True, False]
    assert shop.stock == (OpeningStock("MUG", "main", 10), OpeningStock("MUG", "attic", 2), OpeningStock("TEA", "main", 0))
    both = [TaxRate("CGST", Ratio.parse("0.09"), True), TaxRate("SGST", Ratio.parse("0.09"), True)]
    assert shop.taxes.row("IN", "KA", "standard", NOON) == TaxRow("IN", "KA", "standard", both, "CGST Act; KGST Act")
    zone = Zone({"DE", "FR"}, [Band(2000, [Money(490, "EUR"), Money(850, "JPY")]), Band(9000, [Money(790, "EUR")])], days=(2, 3))
    far = Zone({"IN"}, [Band(500, [Money(2000, "EUR")])], regions={"KA"})
    assert shop.shipping.methods == (ShippingMethod("parcel", "Parcel", (zone, far), "standard"),)
    ten, five = shop.promotions
    assert (ten.benefit, ten.code) == (Percent(Ratio.parse("12.5")), "SAVE")
    assert (ten.skus, ten.categories) == (frozenset({"TEA"}), frozenset({"mugs"}))
    assert ten.starts is not None
    assert ten.starts.isoformat() == "2026-06-01T00:00:00+00:00"
    assert five.benefit == AmountOff([Money(500, "EUR")])
    assert (five.limit, five.minimum["EUR"]) == (1, Money(2000, "EUR"))
    catalog = shop.catalog()
    assert set(catalog.products(["MUG", "NONE"])) == {"MUG"}


@pytest.mark.parametrize("change", [lambda b: b"\xef\xbb\xbf" + b, lambda b: b.replace(b"\n", b"\r\n")], ids=["BOM", "CRLF"])
def test_what_other_programs_save_is_read_alike(folder: Folder, change: Callable[[bytes], bytes]) -> None:
    """A byte order mark of UTF-8, and line ends of two characters, change nothing."""
    plain = read_shop(folder())
    other = {name.replace(".", "__"): change(text.encode()) for name, text in GOOD.items()}
    assert read_shop(folder(**other)) == plain


def test_hidden_files_and_a_readme_are_left_alone(folder: Folder) -> None:
    where = folder()
    (where / ".DS_Store").write_bytes(b"\0")
    (where / "README.md").write_text("Our shop.")
    assert isinstance(read_shop(where), ShopFiles)


IN_PRODUCTS: list[tuple[str, int | None, str | None, str]] = [
    (PRODUCTS.replace(",weight_g", "").replace(",380", "").replace(",130", "").replace(",0,no", ",no"), 1, "weight_g", "missing"),
    (row().replace("tracked,", "tracked,colour,").replace("yes,", "yes,blue,"), 1, "colour", "not a column"),
    (row().replace("price_JPY", "price_YEN"), 1, "price_YEN", "not an active ISO 4217 currency"),
    (row().replace("price_JPY", "price_EUR"), 1, "price_EUR", "twice"),
    (HEAD.replace(",price_EUR,price_JPY", "") + "\nMUG,Mug,mugs,standard,380,yes\n", 1, None, "no column with prices"),
    (row(price_EUR="12.505"), 2, "price_EUR", "more than the 2 decimals"),
    (row(price_JPY="12.50"), 2, "price_JPY", "more than the 0 decimals"),
    (row(price_EUR='"12,50"'), 2, "price_EUR", "decimal point"),
    (row(price_EUR='"1 250.00"'), 2, "price_EUR", "nothing between"),
    (row(price_EUR="1e3"), 2, "price_EUR", "exponent"),
    (row(price_EUR="1.5E+1"), 2, "price_EUR", "exponent"),
    (row(price_EUR="-1"), 2, "price_EUR", "negative"),
    (row(price_EUR="nan"), 2, "price_EUR", "not an amount"),
    (row(price_EUR="12.50 EUR"), 2, "price_EUR", "not an amount"),
    (row(price_EUR="٤"), 2, "price_EUR", "not an amount"),
    (row(price_EUR="99999999999999999"), 2, "price_EUR", "beyond"),
    (row(price_EUR=CARD), 2, "price_EUR", "card number"),
    (row(price_EUR="", price_JPY=""), 2, None, "no price in any currency"),
    (row(weight_g="heavy"), 2, "weight_g", "not a whole number"),
    (row(weight_g="1.5"), 2, "weight_g", "not a whole number"),
    (row(weight_g="-5"), 2, "weight_g", "negative"),
    (row(weight_g="5000000000"), 2, "weight_g", "more than"),
    (row(tracked="true"), 2, "tracked", "neither yes nor no"),
    (row(tax_category="luxury"), 2, "tax_category", "taxes.csv"),
    (row(sku="A B"), 2, "sku", "no name"),
    (row(sku=""), 2, "sku", "empty"),
    (row(sku="A" * 65), 2, "sku", "no name"),
    (row(name="M" * 201), 2, "name", "Give 1 to 200"),
    (row(name=""), 2, "name", "0 characters"),
    (row(name="Mug\x1b[31m"), 2, "name", "control characters"),
    (row(name='"Mug\nblue"'), 2, "name", "control characters"),
    (row(name=f"Mug {CARD}"), 2, "name", "card number"),
    (row() + 'MUG,"Mug again",mugs,standard,1,yes,1.00,\n', 3, "sku", "on line 2 already"),
    (row() + "TEA,Tea,tea,food,130,yes,8,90,\n", 3, None, "9 cells, more than the 8"),
    (row() + "TEA,Tea,tea,food,130,yes\n", 3, None, "6 cells, fewer than the 8"),
    (row() + '"TEA,Tea,tea,food,130,yes,8.90,\n', 3, None, "double quotes"),
    (row() + 'TEA,"Tea"x,tea,food,130,yes,8.90,\n', 3, None, "double quotes"),
    (row() + f'TEA,"{"T" * 200_000}",tea,food,130,yes,8.90,\n', 3, None, "double quotes"),
    (HEAD + "\n", 1, None, "no product"),
    (PRODUCTS.replace(",", ";"), 1, None, "not separated by commas"),
    (PRODUCTS.replace("\n", "\n\n").replace("8.90", "8.905"), 5, "price_EUR", "decimals"),
    (row().replace("price_JPY", "floor_YEN"), 1, "floor_YEN", "not an active ISO 4217 currency"),
    (row().replace("price_JPY", "floor_USD"), 2, "floor_USD", "no price in USD"),
    (row(price_JPY="-1.00").replace("price_JPY", "floor_EUR"), 2, "floor_EUR", "negative"),
    (row(price_JPY="true").replace("price_JPY", "credit"), 2, "credit", "neither yes nor no"),
    (row(price_EUR="-1", price_JPY="no").replace("price_JPY", "credit"), 2, "price_EUR", "only a credit costs less"),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), IN_PRODUCTS, ids=[f"{c or 'row'}: {w}" for _, _, c, w in IN_PRODUCTS])
def test_a_mistake_in_the_products_is_told_with_its_row_and_column(
    folder: Folder, text: str, line: int | None, column: str | None, words: str
) -> None:
    """One mistake, one line: the row as an editor counts it, the column, and what to do."""
    where = folder(products__csv=text, stock__csv=STOCK.splitlines()[0] + "\n", promotions__toml="promotions = []\n")
    (mistake,) = mistakes(where)
    assert (mistake.file, mistake.row, mistake.column) == ("products.csv", line, column)
    assert words in mistake.message
    assert CARD not in str(mistake)


def test_rows_are_counted_as_an_editor_counts_them(folder: Folder) -> None:
    """A line end inside quotes does not shift the numbers of the rows below it."""
    text = row(name='"Mug\r\nblue"') + "TEA,Tea,tea,food,130,maybe,8.90,\n"
    found = places(folder(products__csv=text, stock__csv="sku,location,quantity\n", promotions__toml="promotions = []\n"))
    assert found == [("products.csv", 2, "name"), ("products.csv", 4, "tracked")]


TAX_HEAD = TAXES.splitlines()[0] + "\n"
ELSEWHERE: list[tuple[str, str, int | None, str | None, str]] = [
    ("stock.csv", STOCK + "NONE,main,1\n", 5, "sku", "products.csv"),
    ("stock.csv", STOCK + "GUIDE,main,1\n", 5, "sku", "not tracked"),
    ("stock.csv", STOCK + "TEA,moon,1\n", 5, "location", "attic, main"),
    ("stock.csv", STOCK + "MUG,main,3\n", 5, "sku", "on line 2 already"),
    ("stock.csv", STOCK + "TEA,attic,-1\n", 5, "quantity", "negative"),
    ("stock.csv", STOCK + "TEA,attic,1.0\n", 5, "quantity", "not a whole number"),
    ("stock.csv", STOCK + "TEA,attic,9999999999999\n", 5, "quantity", "more than"),
    ("taxes.csv", TAXES + "DE,,standard,VAT,0.19,yes,no,UStG\n", 6, "category", "begin on line 2 already"),
    ("taxes.csv", TAXES + "IN,KA,standard,CGST,0.02,yes,no,CGST Act\n", 6, "code", "on line 4 already"),
    ("taxes.csv", TAXES + "XX,,standard,VAT,0.19,yes,no,law\n", 6, "country", "not a country"),
    ("taxes.csv", TAXES + "UK,,standard,VAT,0.2,yes,no,law\n", 6, "country", "GB"),
    ("taxes.csv", TAXES + "US,New York,standard,VAT,0.2,yes,no,law\n", 6, "region", "ISO 3166-2"),
    ("taxes.csv", TAXES + "FR,,standard,TVA,20,yes,no,law\n", 6, "rate", "0.19"),
    ("taxes.csv", TAXES + "FR,,standard,TVA,20 %,yes,no,law\n", 6, "rate", "0.19"),
    ("taxes.csv", TAXES + "FR,,standard,TVA,2e-1,yes,no,law\n", 6, "rate", "not a number"),
    ("taxes.csv", TAXES + "FR,,standard,TVA,1/0,yes,no,law\n", 6, "rate", "denominator"),
    ("taxes.csv", TAXES + "FR,,standard,TVA,-0.2,yes,no,law\n", 6, "rate", "between 0 and 1"),
    ("taxes.csv", TAXES + 'FR,,standard,TVA,"0,2",yes,no,law\n', 6, "rate", "0.19"),
    ("taxes.csv", TAXES + "FR,,standard,TVA,0.2,1,no,law\n", 6, "included", "neither yes nor no"),
    ("taxes.csv", TAXES + "FR,,standard,,0.2,yes,no,law\n", 6, "code", "0 characters"),
    ("taxes.csv", TAXES + "FR,,standard,TVA,0.2,yes,no,\n", 6, "source", "0 characters"),
    ("shop.toml", SHOP.replace("sender", "from"), 2, "from", "not known here"),
    ("shop.toml", SHOP.replace("shop@example.com", "nobody"), 2, "sender", "no e-mail address"),
    ("shop.toml", SHOP.replace('"Corner Shop"', "7"), 1, "name", "not a text"),
    ("shop.toml", SHOP.replace('id = "attic"', 'id = "main"'), 9, "locations[2].id", "line 4"),
    ("shop.toml", SHOP + 'colour = "red"\n', 11, "locations[2].colour", "Known: id, name"),
    ("shop.toml", "name = \n" + SHOP, 1, None, "not TOML"),
    ("shop.toml", SHOP + "x = " + "[" * 20_000 + "]" * 20_000, None, None, "too deep"),
    ("shop.toml", SHOP + f"x = {'9' * 5000}\n", 11, None, "too long"),
    ("shipping.toml", SHIPPING.replace('"4.90"', "4.90"), 10, "methods[1].zones[1].bands[1].EUR", "in quotes"),
    ("shipping.toml", SHIPPING.replace('"7.90"', "8"), 11, "methods[1].zones[1].bands[2].EUR", "in quotes"),
    ("shipping.toml", SHIPPING.replace('"7.90"', '"7,90"'), 11, "methods[1].zones[1].bands[2].EUR", "decimal point"),
    ("shipping.toml", SHIPPING.replace("9000", "1000"), 6, "methods[1].zones[1]", "light to heavy"),
    ("shipping.toml", SHIPPING.replace("9000", "-9"), 11, "methods[1].zones[1].bands[2].up_to_g", "not between"),
    ("shipping.toml", SHIPPING.replace("9000", "9000.5"), 11, "methods[1].zones[1].bands[2].up_to_g", "whole number"),
    ("shipping.toml", SHIPPING.replace("[2, 3]", "[3, 2]"), 8, "methods[1].zones[1].days", "business days"),
    ("shipping.toml", SHIPPING.replace("[2, 3]", '["2", 3]'), 8, "methods[1].zones[1].days", "whole numbers"),
    ("shipping.toml", SHIPPING.replace('"FR"', '"XX"'), 7, "methods[1].zones[1].countries[2]", "not a country"),
    ("shipping.toml", SHIPPING.replace('"IN"', '"FR"'), 14, "methods[1].zones[2]", "overlaps"),
    ("shipping.toml", SHIPPING.replace('"20.00"', '"20.00", XYZ = "1"'), 17, "methods[1].zones[2].bands[1].XYZ", "and currencies"),
    ("shipping.toml", SHIPPING.replace(', EUR = "20.00"', ""), 17, "methods[1].zones[2].bands[1]", "no price"),
    ("shipping.toml", SHIPPING.replace("[{ up_to_g = 500, EUR", "[7, { up_to_g = 500, EUR"), 17, "methods[1].zones[2].bands[1]", "a table"),
    ("shipping.toml", SHIPPING.replace('"standard"', '"carriage"'), 4, "methods[1].tax_category", "taxes.csv"),
    ("shipping.toml", SHIPPING.replace('name = "Parcel"\n', ""), 1, "methods[1].name", "missing"),
    (
        "shipping.toml",
        "[[methods]]\nid = 'x'\nname = 'X'\ntax_category = 'food'\nzones = []\n" + SHIPPING,
        5,
        "methods[1].zones",
        "nowhere",
    ),
    ("shipping.toml", SHIPPING + SHIPPING, 19, "methods[2].id", "line 1"),
    ("shipping.toml", "[other]\n", None, "methods", "missing"),
    ("promotions.toml", PROMOTIONS.replace('"five"', '"ten"'), 12, "promotions[2].id", "line 1"),
    ("promotions.toml", PROMOTIONS + 'code = "SAVE"\n', 18, "promotions[2].code", "line 1"),
    ("promotions.toml", PROMOTIONS.replace('"SAVE"', '"save"'), 6, "promotions[1].code", "Write SAVE"),
    ("promotions.toml", PROMOTIONS.replace('"SAVE"', '"SÄVE"'), 6, "promotions[1].code", "A-Z"),
    ("promotions.toml", PROMOTIONS.replace('"12.5"', "12.5"), 5, "promotions[1].percent", "in quotes"),
    ("promotions.toml", PROMOTIONS.replace('"12.5"', '"120"'), 5, "promotions[1].percent", "at most 100"),
    ("promotions.toml", PROMOTIONS.replace('"12.5"', '"12.5 %"'), 5, "promotions[1].percent", "12.5"),
    ("promotions.toml", PROMOTIONS.replace('percent = "12.5"\n', ""), 1, "promotions[1].percent", "missing"),
    ("promotions.toml", PROMOTIONS + 'percent = "5"\n', 18, "promotions[2].percent", "not known in a promotion of the kind fixed"),
    ("promotions.toml", PROMOTIONS.replace('"percent"', '"gift"'), 4, "promotions[1].kind", "free_shipping"),
    (
        "promotions.toml",
        PROMOTIONS.replace('minimum = { EUR = "20.00" }', 'minimum = { USD = "20.00" }'),
        16,
        "promotions[2].minimum",
        "Give both in one currency",
    ),
    ("promotions.toml", PROMOTIONS.replace("limit = 1", "limit = 0"), 17, "promotions[2].limit", "not between 1"),
    ("promotions.toml", PROMOTIONS.replace("limit = 1", "limit = true"), 17, "promotions[2].limit", "whole number"),
    ("promotions.toml", PROMOTIONS + "ends = 2026-06-01\n", 18, "promotions[2].ends", "offset"),
    ("promotions.toml", PROMOTIONS + "ends = 2026-06-01T00:00:00\n", 18, "promotions[2].ends", "offset"),
    ("promotions.toml", PROMOTIONS + "ends = 9999-12-31T23:00:00-09:00\n", 18, "promotions[2].ends", "calendar"),
    (
        "promotions.toml",
        PROMOTIONS.replace("starts = ", "ends = 2020-01-01T00:00:00Z\nstarts = "),
        9,
        "promotions[1].ends",
        "before it starts",
    ),
    ("promotions.toml", PROMOTIONS.replace('["TEA"]', '["NONE"]'), 8, "promotions[1].skus", "'NONE'"),
    ("promotions.toml", PROMOTIONS.replace('["TEA"]', '"TEA"'), 8, "promotions[1].skus", "list of texts"),
    ("promotions.toml", PROMOTIONS.replace('["TEA"]', "[7]"), 8, "promotions[1].skus[1]", "not a text"),
    ("promotions.toml", PROMOTIONS.replace('["mugs"]', '["cups"]'), 7, "promotions[1].categories", "mugs, paper, tea"),
    ("promotions.toml", PROMOTIONS.replace('"Five"', f'"{CARD}"'), 13, "promotions[2].name", "card number"),
    ("promotions.toml", PROMOTIONS.replace('"5.00"', '"0.00"'), 15, "promotions[2].amounts.EUR", "zero"),
    ("promotions.toml", PROMOTIONS.replace('{ EUR = "5.00" }', '{ EUX = "5.00" }'), 15, "promotions[2].amounts", "ISO 4217"),
    ("promotions.toml", "promotions = 7\n", 1, "promotions", "list of tables"),
]


def test_floors_and_credits_are_read(folder: Folder) -> None:
    """A floor for each currency that has a price, and less than nothing for a credit alone."""
    text = PRODUCTS.replace("price_JPY", "price_JPY,floor_EUR,credit").replace(",2000", ",2000,9.00,no").replace("8.90,", "8.90,,,")
    text = text.replace("3.00,", "-3.00,,,yes")
    mug, tea, guide = read_shop(folder(products__csv=text)).products
    assert (mug.floors, tea.floors) == ({"EUR": Money(900, "EUR")}, {})
    assert (guide.price_in("EUR"), guide.credit, mug.credit) == (Money(-300, "EUR"), True, False)


@pytest.mark.parametrize(
    ("file", "text", "line", "column", "words"), ELSEWHERE, ids=[f"{f}:{r} {c or 'row'}: {w}" for f, _, r, c, w in ELSEWHERE]
)
def test_a_mistake_in_another_file_is_told_with_its_row_and_column(
    folder: Folder, file: str, text: str, line: int | None, column: str | None, words: str
) -> None:
    """Also the key of a TOML file, with the line on which it stands; the first mistake told is this one, and all are in this file."""
    found = mistakes(folder(**{file.replace(".", "__"): text}))
    assert {mistake.file for mistake in found} == {file}
    assert (line, column) in [(mistake.row, mistake.column) for mistake in found]
    assert any(words in mistake.message for mistake in found if (mistake.row, mistake.column) == (line, column))
    assert not [mistake for mistake in found if CARD in str(mistake)]


WHOLE: list[tuple[str, bytes, int | None, str]] = [
    ("empty", b"", None, "empty"),
    ("blank", b" \n\n", None, "empty"),
    ("nothing but a mark", b"\xef\xbb\xbf", None, "empty"),
    ("latin-1", PRODUCTS.replace("blue", "größe").encode("latin-1"), 2, "byte 81 of the file is 0xf6"),
    ("latin-1 after a mark", b"\xef\xbb\xbf\xe9", 1, "byte 4 of the file is 0xe9"),
    ("latin-1 after CRLF", b"sku\r\n\r\n\xe9", 3, "byte 8 of the file is 0xe9"),
    ("utf-16", PRODUCTS.encode("utf-16"), 1, "UTF-16"),
    ("half a letter", PRODUCTS.encode() + "é".encode()[:1], 5, "0xc3"),
    ("a surrogate", b"sku\n\xed\xa0\x80", 2, "not UTF-8"),
    ("nul", PRODUCTS.replace("Tea", "T\0a").encode(), 3, "NUL"),
    ("huge", b"x" * (BYTES_AT_MOST + 1), None, "16 MiB"),
]


@pytest.mark.parametrize(("content", "line", "words"), [case[1:] for case in WHOLE], ids=[case[0] for case in WHOLE])
@pytest.mark.parametrize("file", ["products.csv", "shipping.toml"])
def test_a_file_that_is_no_text_of_ours_is_told_once(folder: Folder, file: str, content: bytes, line: int | None, words: str) -> None:
    """With the byte and its line; and what other files would need of it is not blamed on them."""
    (mistake,) = mistakes(folder(**{file.replace(".", "__"): content}))
    assert (mistake.file, mistake.row, mistake.column) == (file, line, None)
    assert words in mistake.message


@pytest.mark.parametrize("file", sorted(GOOD))
def test_a_missing_file_is_told(folder: Folder, file: str) -> None:
    (mistake,) = mistakes(folder(**{file.replace(".", "__"): None}))
    assert (mistake.file, mistake.row) == (file, None)
    assert "no such file" in mistake.message


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path / "none")
    assert "no such folder" in mistake.message


def test_a_file_of_an_unknown_name_is_told(folder: Folder) -> None:
    """A `product.csv` beside the files would be overlooked in silence."""
    where = folder()
    (where / "product.csv").write_text("sku\n")
    (where / "old").mkdir()
    assert places(where) == [("old", None, None), ("product.csv", None, None)]
    assert "products.csv" in mistakes(where)[1].message


def test_what_is_no_file_is_told(folder: Folder) -> None:
    where = folder(stock__csv=None)
    (where / "stock.csv").mkdir()
    assert "not a file" in mistakes(where)[0].message


def test_a_file_that_may_not_be_read_is_told(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason of the operating system."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    where = folder()
    monkeypatch.setattr(Path, "open", refuse)
    told = {(mistake.file, mistake.message) for mistake in mistakes(where)}
    assert ("stock.csv", "It cannot be read: Permission denied. Look at its permissions.") in told


def test_every_mistake_of_every_file_is_told_at_once(folder: Folder) -> None:
    """File after file, row after row; nothing that follows from another mistake is told as one of its own."""
    where = folder(
        shop__toml=SHOP.replace("shop@example.com", "nobody"),
        products__csv=PRODUCTS.replace("12.50", "12,50,0").replace("8.90", "x"),
        stock__csv=STOCK + "MUG,moon,-1\n",
        taxes__csv=TAXES.replace("0.07", "7"),
        shipping__toml=SHIPPING.replace('"20.00"', "20.00").replace("[2, 3]", "[]"),
        promotions__toml=None,
    )
    assert places(where) == [
        ("shop.toml", 2, "sender"),
        ("products.csv", 2, None),
        ("products.csv", 3, "price_EUR"),
        ("stock.csv", 5, "quantity"),
        ("stock.csv", 5, "location"),
        ("taxes.csv", 3, "rate"),
        ("shipping.toml", 8, "methods[1].zones[1].days"),
        ("shipping.toml", 17, "methods[1].zones[2].bands[1].EUR"),
        ("promotions.toml", None, None),
    ]


def test_the_error_is_typed_and_says_it_all_in_words(folder: Folder) -> None:
    with pytest.raises(CheckoutError) as caught:
        read_shop(folder(stock__csv=STOCK + "NONE,main,1\n"))
    told = str(caught.value)
    assert told.startswith("There is 1 mistake in the files of the shop. Nothing was changed.\nstock.csv:5: sku: No row of products.csv")


def test_a_file_full_of_mistakes_is_told_up_to_a_bound(folder: Folder) -> None:
    """The reading stops: nobody mends a hundred thousand mistakes one by one."""
    many = "".join(f"SKU{n},main,many\n" for n in range(50_000))
    found = mistakes(folder(stock__csv=f"sku,location,quantity\n{many}"))
    assert len(found) == TOLD_AT_MOST
    assert "more mistakes" in found[0].message


def test_more_rows_than_a_shop_has_are_refused() -> None:
    """With the limit, and the line at which the reading stops."""
    notes = Notes("stock.csv")
    assert len(read_rows("sku\n" + "MUG\n" * (ROWS_AT_MOST + 1), notes, ["sku"]) or ()) == ROWS_AT_MOST
    assert [(mistake.row, "200000" in mistake.message) for mistake in notes.found] == [(ROWS_AT_MOST + 2, True)]


def test_the_line_of_every_value_is_known() -> None:
    """Through comments, quoted keys, strings over several lines, dotted keys and inline tables, each in its place."""
    text = '''# one
a = """
[[b]]
x = 1 \\""" still
"""""
"c d".'e' = [ # five
  1, [2,
  { f = 'g # no', h.i = "]" } ],
]
[[b]]
[b.k]
l = 2026-01-01T00:00:00Z # m
[[b.n]]
[[b.n]]
o = {}
[[b]]
[[b.n]]
'''
    tomllib.loads(text)
    assert lines_of(text) == {
        ("a",): 2,
        ("c d", "e"): 6,
        ("c d", "e", 0): 7,
        ("c d", "e", 1): 7,
        ("c d", "e", 1, 0): 7,
        ("c d", "e", 1, 1): 8,
        ("c d", "e", 1, 1, "f"): 8,
        ("c d", "e", 1, 1, "h", "i"): 8,
        ("b",): 10,
        ("b", 0): 10,
        ("b", 0, "k"): 11,
        ("b", 0, "k", "l"): 12,
        ("b", 0, "n"): 13,
        ("b", 0, "n", 0): 13,
        ("b", 0, "n", 1): 14,
        ("b", 0, "n", 1, "o"): 15,
        ("b", 1): 16,
        ("b", 1, "n"): 17,
        ("b", 1, "n", 0): 17,
    }


def test_whatever_is_in_the_files_there_is_an_answer(folder: Folder) -> None:
    """Files with pieces cut, doubled, swapped and strewn with odd characters are read or refused, and nothing else is ever raised."""
    chance = random.Random(4711)
    odd = [
        '"',
        "'",
        '"""',
        "'''",
        "\\",
        "[",
        "]",
        "[[",
        "{",
        "}",
        "=",
        ",",
        "\n",
        "\r",
        "#",
        ".",
        "é",
        "\ud7ff",
        "\x7f",
        "9" * 40,
        "\t",
        "-",
    ]
    where = folder()
    for _ in range(1000):
        name = chance.choice(list(GOOD))
        text = GOOD[name]
        for _ in range(chance.randint(1, 3)):
            start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
            piece = chance.choice(["", chance.choice(odd), text[start : min(end, start + 40)] * 2])
            text = text[:start] + piece + text[start + chance.randint(0, 3) :]
        (where / name).write_bytes(text.encode())
        with suppress(BadFiles):
            assert isinstance(read_shop(where), ShopFiles)
        (where / name).write_text(GOOD[name])
    shutil.rmtree(where)


PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "shop-files.md").read_text(encoding="utf-8")


def test_the_page_about_the_files_names_everything_that_is_known() -> None:
    """Every file, column and key has its place on the page, so that nobody has to guess."""
    for known in {*PRODUCT_COLUMNS, *STOCK_COLUMNS, *TAX_COLUMNS, "floor_EUR", "credit", "countries", "regions", "up_to_g", "sender"}:
        assert re.search(rf"`[^`]*\b{known}\b[^`]*`", PAGE), known
    assert all(f"## {file}" in PAGE for file in FILES)
    assert f"{ROWS_AT_MOST:,} rows" in PAGE
    assert f"{TOLD_AT_MOST:,} mistakes" in PAGE


def test_the_program_on_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(program, names)
    assert "catalog" in names


TAXES_HEAD = "country,region,category,code,rate,included,compound,source,since,until,zone,reason\n"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("DE,,standard,V,0.19,yes,no,law,2026-13-01,,,\n", "since: '2026-13-01' is not a day. Write it as 2026-01-01."),
        ("DE,,standard,V,0.19,yes,no,law,2026-02-01,2026-01-01,,\n", "until: It ends on 2026-01-01, before it begins on 2026-02-01."),
        ("DE,,standard,V,0.19,yes,no,law,,,Moon/Base,\n", "zone: 'Moon/Base' is no time zone"),
        ("DE,,standard,V,0.19,yes,no,law,,,,exempt\n", "reason: V is 0.19 and has a reason to be zero"),
        ("DE,,standard,V,0,yes,no,law,,,,because\n", "reason: 'because' is not a reason. Use one of zero-rated"),
        (
            "DE,,standard,V,0.19,yes,no,law,2026-01-01,,,\nDE,,standard,W,0.2,yes,no,law,2026-06-01,,,\n",
            "taxes.csv:3: since: standard in DE has two tax rows from 2026-06-01 on.",
        ),
    ],
)
def test_a_mistake_in_the_days_of_a_tax_is_told_with_its_cure(tmp_path: Path, rows: str, told: str) -> None:
    for name, text in GOOD.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "taxes.csv").write_text(TAXES_HEAD + rows, encoding="utf-8")
    with pytest.raises(BadFiles) as bad:
        read_shop(tmp_path)
    assert told in str(bad.value)
