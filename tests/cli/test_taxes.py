"""`checkout tax`: what is due where and when, tables to start from, and carts of shoppers who owe less."""

from __future__ import annotations

import csv
import io
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from checkout_adapters.files import read_shop
from checkout_adapters.seeds import COLUMNS, SEEDS, STATES, TERRITORIES, seed_csv, seed_table
from checkout_core.customers import COUNTRIES
from checkout_core.tax_relief import EU
from tests.cli.conftest import EXAMPLES, Command

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SHOP = EXAMPLES / "shop"


def percents(checkout: Command, *words: object) -> dict[str, list[str]]:
    found = checkout("tax", "show", *words, "--json").data["taxes"]
    return {row["category"]: [rate["percent"] for rate in row["rates"]] for row in found}


@pytest.mark.parametrize(
    ("country", "on", "standard"),
    [
        ("DE", "2020-06-30", "19"),
        ("DE", "2020-07-01", "16"),
        ("DE", "2021-01-01", "19"),
        ("EE", "2025-06-30", "22"),
        ("EE", "2025-07-01", "24"),
        ("FI", "2024-09-01", "25.5"),
        ("RO", "2025-08-01", "21"),
        ("SK", "2025-01-01", "23"),
        ("CH", "2023-12-31", "7.7"),
        ("CH", "2024-01-01", "8.1"),
    ],
)
def test_a_rate_is_shown_as_on_a_day(checkout: Command, country: str, on: str, standard: str) -> None:
    assert percents(checkout, "--country", country, "--on", on, "--seed", "eu-vat")["standard"] == [standard]


def test_rates_of_a_shop_and_of_its_database_are_shown(checkout: Command, db: Path) -> None:
    """Those of a region in the place of its country's, with source and days."""
    files = percents(checkout, "--country", "IN-KA", "--shop", SHOP)
    assert files["standard"] == ["9", "9"]
    assert files == percents(checkout, "--country", "IN-KA", "--db", db)
    out = checkout("tax", "show", "--country", "DE", "--shop", SHOP).out
    assert "UStG" in out
    assert "inside the price" in " ".join(out.split())


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_is_a_taxes_csv(checkout: Command, tmp_path: Path, name: str) -> None:
    """What it prints is read by a shop, row by row with a source; today every place in it has a standard rate or its slabs."""
    said = checkout("tax", "seed", name, *(["--home", "KA"] if name == "india-gst" else []))
    shutil.copytree(EXAMPLES / "promotions", shop := tmp_path / "shop")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert tuple(rows[0]) == COLUMNS
    assert all(row["source"] and row["country"] in COUNTRIES for row in rows)
    own = (shop / "taxes.csv").read_text(encoding="utf-8").splitlines()[1:]
    kept = [line for line in own if name != "eu-vat" or ",standard," not in line]
    (shop / "taxes.csv").write_text(said.out + "".join(f"{_padded(line)}\n" for line in kept), encoding="utf-8")
    table = read_shop(shop).taxes
    places = {(row["country"], row["region"] or None) for row in rows}
    category = "gst-18" if name == "india-gst" else "standard"
    assert all(table.rates(country, region, category, NOW) for country, region in places)


def _padded(line: str) -> str:
    return line + "," * 4


def test_the_seeds_have_every_place_they_speak_of() -> None:
    vat = {row.country for row in seed_table("eu-vat").rows}
    assert vat == EU | {"GB", "CH", "NO"}
    states = {row.region for row in seed_table("us-sales-tax").rows}
    assert len(states) == 51
    assert {"CA", "DC", "OR"} <= {state or "" for state in states}
    assert len(STATES | TERRITORIES) == 36


def test_gst_goes_by_the_place_of_supply() -> None:
    """Within the state half is the centre's and half the state's or the territory's; elsewhere all of it is integrated."""
    table = seed_table("india-gst", "KA")
    assert table.rates("IN", "MH", "gst-18", datetime(2025, 9, 21, 18, 29, tzinfo=UTC)) is None
    for home, own in (("KA", "SGST 9 %"), ("LA", "UTGST 9 %"), ("DL", "SGST 9 %")):
        table = seed_table("india-gst", home)
        assert [rate.code for rate in table.rates("IN", home, "gst-18", NOW) or ()] == ["CGST 9 %", own]
        assert [rate.code for rate in table.rates("IN", "MH", "gst-18", NOW) or ()] == ["IGST 18 %"]
    assert seed_csv("india-gst").count("CGST ") == 0


def test_who_owes_less_is_priced_so(checkout: Command, tmp_path: Path) -> None:
    """A business in Ireland buys from Germany; a wrong number is told with its place, and so is an exemption without evidence."""
    config, cart = tmp_path / "checkout.toml", tmp_path / "cart.toml"
    config.write_text('home = "DE"\n[pricing]\nprices_keep = "net"\n', encoding="utf-8")
    text = 'currency = "EUR"\nshipping = "standard"\nship_to = { country = "IE" }\n[[lines]]\nsku = "MUG-STONE-GREY-350"\n'
    words = ("quote", cart, "--shop", SHOP, "--config", config, "--json")
    cart.write_text(text, encoding="utf-8")
    private = checkout(*words).data["quote"]["totals"]
    cart.write_text('shopper = { vat_id = "ie 6388047v" }\n' + text, encoding="utf-8")
    business = checkout(*words).data["quote"]
    assert business["totals"]["tax"]["minor"] == 0
    assert business["totals"]["net"] == private["net"]
    assert business["rates"]["tableware"][0]["reason"] == "reverse-charge"
    assert "Reverse charge (IE6388047V)" in checkout("quote", cart, "--shop", SHOP, "--config", config, "--explain").out
    for wrong, told in (
        ('shopper = { vat_id = "IE6388048V" }', "shopper.vat_id: VAT number is not acceptable: IE6388048V. Its check digits"),
        ("shopper = { vat_id = 5 }", "shopper.vat_id is a text"),
        ('shopper = { exemptions = [{ country = "DE" }] }', "shopper.exemptions[1].evidence is missing."),
        ('shopper = { exemptions = [{ evidence = "C", country = "XX" }] }', "shopper.exemptions[1]: 'XX' is not a country"),
        ("shopper = { exemptions = 3 }", "shopper.exemptions is a list"),
    ):
        cart.write_text(f"{wrong}\n{text}", encoding="utf-8")
        said = checkout(*words[:-1])
        assert (said.code, told in said.err) == (2, True), said
    cart.write_text('shopper = { exemptions = [{ evidence = "C-7", country = "IE" }] }\n' + text, encoding="utf-8")
    assert checkout(*words).data["quote"]["totals"]["tax"]["minor"] == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("tax", "show", "--country", "XX"), 2, "is no country"),
        (("tax", "show", "--country", "DE", "--seed", "eu-vat", "--shop", "SHOP"), 2, "Say one of --seed"),
        (("tax", "show", "--country", "DE", "--seed", "nope"), 2, "Use one of eu-vat, us-sales-tax, india-gst."),
        (("tax", "show", "--country", "DE", "--seed", "eu-vat", "--on", "tomorrow"), 2, "is no day"),
        (("tax", "show", "--country", "US-TX", "--shop", "SHOP"), 1, "We do not know the tax of anything in US-TX"),
        (("tax", "seed", "nope"), 2, "Use one of"),
        (("tax", "seed", "india-gst", "--home", "XX"), 2, "no state or territory"),
        (("tax", "show", "--country", "IN-XX", "--seed", "india-gst"), 2, "no state or territory"),
    ],
)
def test_wrong_use_says_what_to_do(checkout: Command, words: tuple[str, ...], code: int, told: str) -> None:
    said = checkout(*[SHOP if word == "SHOP" else word for word in words])
    assert (said.code, told in said.err) == (code, True), said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('home = "Atlantis"\n', "home: 'Atlantis' is no country"),
        ('[pricing]\nprices_keep = "net"\n', "home is missing: prices keep their net"),
        ('[channels.web.pricing]\nprices_keep = "net"\n', 'home = "DE" in the configuration'),
    ],
)
def test_a_home_that_is_missing_or_wrong_is_told(checkout: Command, tmp_path: Path, text: str, told: str) -> None:
    config = tmp_path / "checkout.toml"
    config.write_text(text, encoding="utf-8")
    said = checkout("quote", tmp_path / "cart.toml", "--config", config, "--shop", SHOP)
    assert said.code == 2
    (tmp_path / "cart.toml").write_text('currency = "EUR"\n[[lines]]\nsku = "MUG-STONE-GREY-350"\n', encoding="utf-8")
    assert told in checkout("quote", tmp_path / "cart.toml", "--config", config, "--shop", SHOP).err
