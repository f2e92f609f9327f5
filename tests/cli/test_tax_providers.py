"""A tax provider in the configuration: found by its entry point, asked for quotes, named by `tax show`; every mistake told."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from checkout_cli.config import BadConfig, Settings, read
from checkout_cli.opening import shop_of
from checkout_core import Card, Placed, TaxRate, TaxRow, TaxTable, plugins
from checkout_core.money import Ratio
from checkout_core.testing import TableTaxProvider
from tests.cli.conftest import Command
from tests.world import ADA, BERLIN

CART = 'currency = "EUR"\nshipping = "standard"\nship_to = { country = "DE" }\n[[lines]]\nsku = "MUG-STONE-GREY-350"\n'
SEVEN = (TaxRate("Seven", Ratio(7, 100), included=True),)


def made(edition: str = "1", away: bool = False) -> TableTaxProvider:
    """What stands behind the entry point."""
    rows = [TaxRow("DE", None, category, SEVEN) for category in ("standard", "tableware", "shipping")]
    return TableTaxProvider(TaxTable(rows), "acme", edition, away)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    load = plugins.load

    def registered(group: str, name: str) -> Any:
        return made if (group, name) == (plugins.TAX_PROVIDERS, "acme") else load(group, name)

    monkeypatch.setattr(plugins, "load", registered)


def configured(folder: Path, text: str) -> Path:
    path = folder / "checkout.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_quote_is_priced_by_the_provider_and_says_so(checkout: Command, db: Path, tmp_path: Path) -> None:
    config = configured(tmp_path, 'tax_provider = "acme"\n[tax.acme]\nedition = "2026"\n')
    (cart := tmp_path / "cart.toml").write_text(CART, encoding="utf-8")
    words = ("quote", cart, "--db", db, "--config", config)
    quote = checkout(*words, "--json").data["quote"]
    assert [tax["code"] for tax in quote["taxes"]] == ["Seven"]
    assert quote["tax_source"] == {"provider": "acme", "reference": "DE, edition 2026", "answered": True}
    assert "Tax rates: acme, DE, edition 2026." in checkout(*words, "--explain").out
    assert checkout("quote", cart, "--db", db, "--json").data["quote"]["tax_source"] is None


def test_away_is_refused_or_falls_back_as_configured(checkout: Command, db: Path, tmp_path: Path) -> None:
    """G2: exit code 1 with what to do, or the table's rates, said on the picture."""
    (cart := tmp_path / "cart.toml").write_text(CART, encoding="utf-8")
    away = 'tax_provider = "acme"\n{}[tax.acme]\naway = true\n'
    words = ("quote", cart, "--db", db, "--explain", "--config")
    refused = checkout(*words, configured(tmp_path, away.format("")))
    assert refused.code == 1
    assert "acme does not say what tax is due" in refused.err
    said = checkout(*words, configured(tmp_path, away.format('tax_outage = "fallback"\n')))
    assert said.code == 0
    assert "Tax rates: the shop's own table; acme was away." in said.out


def test_a_provider_that_hangs_counts_as_away(checkout: Command, db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `tax_seconds` the shop goes on without it, as configured; it still hangs when the answer is there."""
    hanging = threading.Event()
    monkeypatch.setattr(TableTaxProvider, "estimate", lambda *_: hanging.wait(60))
    (cart := tmp_path / "cart.toml").write_text(CART, encoding="utf-8")
    config = configured(tmp_path, 'tax_provider = "acme"\ntax_outage = "fallback"\ntax_seconds = 1\n')
    said = checkout("quote", cart, "--db", db, "--explain", "--config", config)
    assert not hanging.is_set()
    hanging.set()
    assert said.code == 0
    assert "acme was away" in said.out


def test_tax_show_says_who_is_asked_first(checkout: Command, db: Path, tmp_path: Path) -> None:
    words = ("tax", "show", "--country", "DE", "--db", db)
    away = {
        "block": "nothing is sold.",
        "fallback": "these rows hold.",
        "provisional": "these rows make a total to look at, and nothing is paid.",
    }
    for outage, told in away.items():
        config = configured(tmp_path, f'tax_provider = "acme"\ntax_outage = "{outage}"\n')
        assert checkout(*words, "--config", config, "--json").data["provider"] == {"name": "acme", "outage": outage}
        assert f"acme is asked first. While it is away {told}" in " ".join(checkout(*words, "--config", config).out.split())
    assert checkout(*words, "--json").data["provider"] is None


def test_the_worker_tells_the_provider_of_orders(checkout: Command, db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders whose quotes name it; those that the shop had before are not told."""
    made_here = list[TableTaxProvider]()

    def remembered(**given: Any) -> TableTaxProvider:
        made_here.append(made(**given))
        return made_here[-1]

    monkeypatch.setattr(plugins, "load", lambda group, name, load=plugins.load: remembered if name == "acme" else load(group, name))
    config = configured(tmp_path, 'tax_provider = "acme"\n')
    with shop_of(str(db), config) as backend:
        cart = backend.shop.open_cart(currency="EUR")
        backend.shop.add(cart.id, sku="MUG-STONE-GREY-350")
        c = backend.shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA)
        assert c.quote is not None
        assert isinstance(backend.shop.pay(c.id, Card("tok_ok"), expected=c.quote.hash, key="k1"), Placed)
    assert checkout("worker", "--once", "--db", db, "--config", config).code == 0
    assert list(made_here[-1].sales) == [f"{c.id}/tax"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('tax_provider = ""', "tax_provider is empty"),
        ('tax_provider = "a"\ntax_outage = "guess"', "tax_outage is block, fallback or provisional, not 'guess'"),
        ('tax_outage = "block"', "tax_outage says what to do while a tax_provider is away, and none is named"),
        ('tax_provider = "a"\ntax_seconds = 61', "tax_seconds is 1 to 60 seconds, not 61"),
        ("[tax.acme]\nkey = 1", "tax.acme is described but is not the tax_provider"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadConfig, match=told):
        read(configured(tmp_path, text))


def test_who_is_not_registered_or_cannot_be_made_is_named(checkout: Command, db: Path, tmp_path: Path) -> None:
    """Exit code 2, and what there is."""
    (cart := tmp_path / "cart.toml").write_text(CART, encoding="utf-8")
    for text, told in (
        ('tax_provider = "nobody"', "Nothing called 'nobody' is registered under checkout_core.tax_providers"),
        ('tax_provider = "acme"\n[tax.acme]\ncolour = 1', "The tax provider 'acme' cannot be made with what tax.acme says"),
    ):
        said = checkout("quote", cart, "--db", db, "--config", configured(tmp_path, text))
        assert (said.code, told in said.err) == (2, True), said


def test_what_it_is_made_with_is_not_shown() -> None:
    """It may be a secret (R24)."""
    assert "hunter2" not in repr(Settings(tax_provider="acme", taxes_made_with={"key": "hunter2"}))
