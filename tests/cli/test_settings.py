"""Which shop the command works on: options before environment before file, and every mistake of a file at once."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from checkout_cli.config import BadConfig, Settings, named_db, read, settings_of
from checkout_cli.exits import WrongUsage
from checkout_core.pricing_policy import SETTINGS, CashRounding, PricingPolicy
from checkout_core.pricing_policy import settings_of as by_name

FULL = """
db = "shop.db"
locations = ["berlin", "dublin"]
gateways = ["sandbox"]
identity_secret = "0123456789abcdef"
busy_timeout = 3
promise_for = 3600
production = false

[gateway.sandbox]
name = "sandbox"

[mail]
host = "smtp.example.org"
port = 587
tls = "starttls"
user = "shop"
password = "hunter2hunter2"
sender = "shop@example.org"

[pricing]
tax_mode = "half_even"
discount_mode = "floor"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "checkout.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_option_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'db = "file.db"')
    assert settings_of("option.db", path, {"CHECKOUT_DB": "env.db"}).db == "option.db"
    assert settings_of(None, path, {"CHECKOUT_DB": "env.db"}).db == "env.db"
    assert settings_of(None, path, {}).db == str(tmp_path / "file.db")
    assert settings_of(None, None, {"CHECKOUT_CONFIG": str(path)}).db == str(tmp_path / "file.db")


def test_everything_in_a_file_is_read(tmp_path: Path) -> None:
    settings = read(written(tmp_path, FULL))
    assert settings.locations == ("berlin", "dublin")
    assert settings.identity_secret == b"0123456789abcdef"
    assert settings.busy_timeout == 3
    assert settings.promise_for == 3600
    assert (settings.mail.host, settings.mail.port, settings.mail.tls) == ("smtp.example.org", 587, "starttls")
    assert settings.pricing.tax.mode == "half_even"
    assert settings.pricing.discount_mode == "floor"


CHOSEN = [(name, value) for name, values in SETTINGS.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CHOSEN)
def test_each_value_of_each_setting_is_read(tmp_path: Path, name: str, value: str) -> None:
    """For the shop and for one channel: that setting is what the file says, and every other as before."""
    text, home = f'{name} = "{value}"\n', 'home = "DE"\n'
    settings = read(written(tmp_path, f"{home}[pricing]\n{text}"))
    assert by_name(settings.pricing) == by_name(PricingPolicy()) | {name: value}
    settings = read(written(tmp_path, f"{home}[channels.counter.pricing]\n{text}"))
    assert settings.pricing == PricingPolicy()
    assert by_name(settings.pricing_for("counter")) == by_name(PricingPolicy()) | {name: value}


def test_the_settings_that_are_numbers_are_read(tmp_path: Path) -> None:
    settings = read(written(tmp_path, '[pricing]\ntax_increment = 5\ncash = { increment = 10, mode = "half_even" }\n'))
    assert settings.pricing.tax.increment == 5
    assert settings.pricing.cash == CashRounding(10, "half_even")
    assert read(written(tmp_path, "[pricing]\ncash = { increment = 5 }\n")).pricing.cash == CashRounding(5)


def test_every_field_of_a_policy_has_a_setting() -> None:
    """A choice that is added to the arithmetic cannot be forgotten in the files."""
    policy = PricingPolicy()
    fields = {f"tax.{name.name}" for name in attrs.fields(type(policy.tax))} | {name.name for name in attrs.fields(PricingPolicy)} - {"tax"}
    assert len(fields) == len(SETTINGS) == len(by_name(policy))


def test_a_channel_has_what_the_shop_has_but_for_what_it_says(tmp_path: Path) -> None:
    text = """
    [pricing]
    tax_level = "unit"
    cash = { increment = 5 }
    [channels.web.pricing]
    cash = "none"
    [channels.counter.pricing]
    tax_level = "order"
    [channels.app]
    """
    settings = read(written(tmp_path, text))
    seen = {name: (p.tax.level, p.cash) for name, p in settings.channels.items()}
    assert seen == {"web": ("unit", None), "counter": ("order", CashRounding(5)), "app": ("unit", CashRounding(5))}
    assert settings.pricing_for() == settings.pricing_for("") == settings.pricing
    with pytest.raises(WrongUsage, match=r"Nothing is sold here through shop\. Use one of app, counter, web\."):
        settings.pricing_for("shop")
    with pytest.raises(WrongUsage, match=r"Leave it out: this shop has no channels\."):
        Settings().pricing_for("web")


def test_secrets_do_not_show(tmp_path: Path) -> None:
    """A log or a traceback that prints the settings tells no secret (R24)."""
    settings = read(written(tmp_path, FULL))
    assert "0123456789abcdef" not in repr(settings)
    assert "hunter2" not in repr(settings)
    assert "db='postgresql://shop:***@db/shop'" in repr(Settings(db="postgresql://shop:hunter2@db/shop"))


def test_nothing_named_says_how_to_name_it() -> None:
    with pytest.raises(WrongUsage, match=r"--db shop\.db, or CHECKOUT_DB"):
        named_db(Settings())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('dbs = "x"', "'dbs' is unknown. Known: db, locations"),
        ("db = 3", "db is a text, not int"),
        ('db = ""', "db is empty"),
        ("locations = []", "locations is a list of one or more different texts"),
        ('locations = ["a", "a"]', "locations is a list of one or more different texts"),
        ("production = 1", "production is true or false, not int"),
        ("busy_timeout = -1", "busy_timeout is 0 to 3600 seconds, not -1"),
        ("promise_for = -1", "promise_for is 0 or more seconds, not -1"),
        ('identity_secret = "short"', "identity_secret is shorter than 16 bytes"),
        ('[mail]\nhost = "x"\nfolder = "y"', "mail has a folder and a host"),
        ("[mail]\nport = 70000", "mail.port is 1 to 65535"),
        ('[mail]\ntls = "maybe"', "mail.tls is none, starttls or ssl, not 'maybe'"),
        ('[mail]\npasword = "x"', "'mail.pasword' is unknown"),
        ('[pricing]\ntax_mode = "up-ish"', "pricing.tax_mode: 'up-ish' is unknown. Use one of half_up, "),
        ("[pricing]\ntax_level = 3", "pricing.tax_level: 3 is unknown. Use one of line, unit, order."),
        ('[pricing]\ntax_levl = "unit"', "pricing.tax_levl: there is no such setting. Use one of tax_level, tax_mode, "),
        ("[pricing]\ntax_increment = 0", "pricing.tax_increment: it is a whole number of minor units from 1 to 1000000, not 0. "),
        ("[pricing]\ncash = 5", "pricing.cash: it is a table with an increment and a mode, not 5. Write { increment = 5, mode"),
        ("[pricing]\ncash = {}", "pricing.cash.increment: it is a whole number of minor units from 1 to 1000000, not NoneType."),
        ("[pricing]\ncash = { increment = true }", "pricing.cash.increment: it is a whole number of minor units"),
        ('[pricing]\ncash = { increment = 5, mode = "near" }', "pricing.cash.mode: 'near' is unknown. Use one of half_up, "),
        ("[pricing]\ncash = { increment = 5, coin = 5 }", "pricing.cash.coin: there is no such setting. Use increment and mode."),
        (
            '[pricing]\ntax_base = "before_discount"\ndiscount_line_tax = "separate"',
            "pricing.discount_line_tax: tax is taken before discounts, so a discount has no tax that could be worked out separately. Use ",
        ),
        (
            '[pricing]\ntax_base = "before_discount"\n[channels.app.pricing]\ndiscount_line_tax = "separate"',
            "channels.app.pricing.discount_line_tax: tax is taken before discounts",
        ),
        ('[channels.app.pricing]\nstacking = "some"', "channels.app.pricing.stacking: 'some' is unknown. Use one of sequential, parallel."),
        ("[channels.app]\nprice = 1", "'channels.app.price' is unknown. Known: pricing."),
        ("[channels]\napp = 1", "channels.app is a table, not int"),
        ('[channels."the app".pricing]\n', "channels: 'the app' is no name for a channel. Use a letter, then up to 39 letters"),
        ("[gateway.other]\nkey = 1", "gateway.other is described but not among gateways"),
        ("db = ", "It is not TOML"),
        ("gateway = 3", "gateway is a table, not int"),
    ],
)
def test_each_mistake_of_a_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadConfig) as bad:
        read(written(tmp_path, text))
    assert any(says in mistake for mistake in bad.value.mistakes), bad.value.mistakes
    assert not any("short" in mistake and "'short'" in mistake for mistake in bad.value.mistakes)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as bad:
        read(written(tmp_path, 'dbs = 1\nproduction = "yes"\n[mail]\nport = "x"\n'))
    assert len(bad.value.mistakes) == 3


def test_a_file_that_is_not_utf8_says_where(tmp_path: Path) -> None:
    path = tmp_path / "checkout.toml"
    path.write_bytes('db = "Müller.db"'.encode("latin-1"))
    with pytest.raises(BadConfig, match="not UTF-8"):
        read(path)


@pytest.mark.parametrize("seconds", ["-1", "ten", "99999", "1.5", "²"])
def test_a_busy_timeout_that_is_no_number_of_seconds_is_wrong_usage(seconds: str) -> None:
    with pytest.raises(WrongUsage, match="CHECKOUT_BUSY_TIMEOUT"):
        settings_of("x.db", None, {"CHECKOUT_BUSY_TIMEOUT": seconds})


def test_a_short_secret_in_the_environment_is_wrong_usage() -> None:
    with pytest.raises(WrongUsage, match="shorter than 16 bytes"):
        settings_of("x.db", None, {"CHECKOUT_IDENTITY_SECRET": "short"})
