"""Which shop the command works on: options before environment before file, and every mistake of a file at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout_cli.config import BadConfig, Settings, named_db, read, settings_of
from checkout_cli.exits import WrongUsage

FULL = """
db = "shop.db"
locations = ["berlin", "dublin"]
gateways = ["sandbox"]
identity_secret = "0123456789abcdef"
busy_timeout = 3
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
    assert (settings.mail.host, settings.mail.port, settings.mail.tls) == ("smtp.example.org", 587, "starttls")
    assert settings.pricing.tax.mode == "half_even"
    assert settings.pricing.discount_mode == "floor"


def test_secrets_do_not_show(tmp_path: Path) -> None:
    """A log or a traceback that prints the settings tells no secret (R24)."""
    settings = read(written(tmp_path, FULL))
    assert "0123456789abcdef" not in repr(settings)
    assert "hunter2" not in repr(settings)


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
        ('identity_secret = "short"', "identity_secret is shorter than 16 bytes"),
        ('[mail]\nhost = "x"\nfolder = "y"', "mail has a folder and a host"),
        ("[mail]\nport = 70000", "mail.port is 1 to 65535"),
        ('[mail]\ntls = "maybe"', "mail.tls is none, starttls or ssl, not 'maybe'"),
        ('[mail]\npasword = "x"', "'mail.pasword' is unknown"),
        ('[pricing]\ntax_mode = "up-ish"', "pricing: 'up-ish' is not a tax mode"),
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
