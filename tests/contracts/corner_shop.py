"""A small good shop as texts of its files, for tests that write some of them otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from checkout_adapters.files import BadFiles, Mistake, read_shop

CARD = "4111 1111 1111 1111"
SHOP = """\
name = "Corner Shop"
sender = "shop@example.com"

[[locations]]
id = "main"
name = "Cellar"

[[locations]]
id = "attic"
name = "Attic"
"""
PRODUCTS = """\
sku,name,category,tax_category,weight_g,tracked,price_EUR,price_JPY
MUG,"Mug, blue",mugs,standard,380,yes,12.50,2000
TEA,Tea,tea,food,130,yes,8.90,
GUIDE,Guide,paper,standard,0,no,3.00,
"""
STOCK = """\
sku,location,quantity
MUG,main,10
MUG,attic,2
TEA,main,0
"""
TAXES = """\
country,region,category,code,rate,included,compound,source
DE,,standard,VAT 19 %,0.19,yes,no,UStG § 12 Abs. 1
DE,,food,VAT 7 %,0.07,yes,no,UStG § 12 Abs. 2
IN,KA,standard,CGST,0.09,yes,no,CGST Act
IN,KA,standard,SGST,0.09,yes,no,KGST Act
"""
SHIPPING = """\
[[methods]]
id = "parcel"
name = "Parcel"
tax_category = "standard"

[[methods.zones]]
countries = ["DE", "FR"]
days = [2, 3]
bands = [
    { up_to_g = 2000, EUR = "4.90", JPY = "850" },  # light
    { up_to_g = 9000, EUR = "7.90" },
]

[[methods.zones]]
countries = ["IN"]
regions = ["KA"]
bands = [{ up_to_g = 500, EUR = "20.00" }]
"""
PROMOTIONS = """\
[[promotions]]
id = "ten"
name = "Ten"
kind = "percent"
percent = "12.5"
code = "SAVE"
categories = ["mugs"]
skus = ["TEA"]
starts = 2026-06-01T02:00:00+02:00

[[promotions]]
id = "five"
name = "Five"
kind = "fixed"
amounts = { EUR = "5.00" }
minimum = { EUR = "20.00" }
limit = 1
"""
GOOD = {
    "shop.toml": SHOP,
    "products.csv": PRODUCTS,
    "stock.csv": STOCK,
    "taxes.csv": TAXES,
    "shipping.toml": SHIPPING,
    "promotions.toml": PROMOTIONS,
}

Folder = Callable[..., Path]


def mistakes(folder: Path) -> list[Mistake]:
    with pytest.raises(BadFiles) as caught:
        read_shop(folder)
    return list(caught.value.mistakes)


HEAD = PRODUCTS.splitlines()[0]
ROW = "MUG,Mug,mugs,standard,380,yes,12.50,2000"


def row(**cells: str) -> str:
    """A products.csv of one row, with some cells other than good ones."""
    names = HEAD.split(",")
    values = dict(zip(names, ROW.split(","), strict=True)) | cells
    return f"{HEAD}\n{','.join(values[name] for name in names)}\n"
