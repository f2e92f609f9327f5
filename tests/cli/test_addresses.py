"""`checkout address`, and the configuration that names an address book."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout_cli.config import read
from tests.cli.conftest import Command

GOOD = ["--country", "GB", "--name", "Ada King", "--line", "12 St James's Square", "--city", "London", "--postcode", "sw1y4jh"]


def test_a_good_address_is_shown_as_it_is_kept_and_as_it_is_written(checkout: Command) -> None:
    said = checkout("address", "check", *GOOD, "--phone", "020 7946 0958", "--json")
    assert said.code == 0
    assert said.data["address"]["postcode"] == "SW1Y 4JH"
    assert said.data["phone"] == "+442079460958"
    assert [one["place"] for one in said.data["amended"]] == ["ship_to.postcode"]
    assert said.data["written"] == ["Ada King", "12 St James's Square", "LONDON", "SW1Y 4JH", "UNITED KINGDOM"]


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ([*GOOD[:-1], "1234"], ["ship_to.postcode"]),
        ([*GOOD, "--phone", "no"], ["contact.phone"]),
        ([*GOOD[:-1], "1234", "--phone", "no"], ["contact.phone", "ship_to.postcode"]),
        (["--country", "XX", *GOOD[2:]], ["XX"]),
        ([*GOOD, "--line", ""], ["ship_to.lines[2]"]),
    ],
)
def test_what_is_wrong_with_an_address_is_told_field_by_field(checkout: Command, words: list[str], places: list[str]) -> None:
    said = checkout("address", "check", *words, "--json")
    assert said.code == 1
    assert sorted(one["subject"] for one in said.data["error"]["reasons"]) == places


def test_a_country_shows_its_fields_in_its_own_order_and_its_regions(checkout: Command) -> None:
    layout = checkout("address", "layout", "--country", "JP", "--json").data["layout"]
    assert next(one["name"] for one in layout["fields"]) == "postcode"
    assert {"code": "13", "name": "Tokyo", "written": "東京都"} in layout["regions"]
    said = checkout("address", "layout", "--country", "XX")
    assert said.code == 1
    assert "ISO 3166-1" in said.err


def test_the_configuration_names_the_book(checkout: Command, db: Path, tmp_path: Path) -> None:
    """A script whose address is wrong is refused by a shop with the book, and taken by one without."""
    config = tmp_path / "checkout.toml"
    config.write_text('addresses = "plain"\n', encoding="utf-8")
    assert checkout("address", "check", *GOOD[:-1], "1234", "--config", config).code == 0
    config.write_text('addresses = "nobody"\n', encoding="utf-8")
    said = checkout("address", "check", *GOOD, "--config", config)
    assert said.code != 0
    assert "Registered: i18n, plain" in said.err
    config.write_text('addresses = ""\n', encoding="utf-8")
    assert "addresses is empty" in checkout("address", "layout", "--country", "DE", "--config", config).err


def test_a_shop_of_the_command_checks_by_the_book_that_it_names(db: Path, tmp_path: Path) -> None:
    from checkout_adapters.addresses import I18nAddresses
    from checkout_cli.wiring import opened
    from checkout_core.addresses import PlainAddresses

    config = tmp_path / "checkout.toml"
    for text, book in (('addresses = "i18n"\n', I18nAddresses), ("", PlainAddresses)):
        config.write_text(f'db = "{db}"\n{text}', encoding="utf-8")
        with opened(read(config)) as backend:
            assert isinstance(backend.shop.addresses, book)
