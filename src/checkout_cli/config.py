"""Which shop the command works on: from options, the environment and a TOML file, in that order.

    db = "shop.db"                      a path, or a URL such as postgresql://shop@db.example/shop
    locations = ["berlin", "dublin"]    where goods lie, in the order they are used
    gateways = ["sandbox"]              by the names they are registered under
    identity_secret = "…"               at least 16 bytes; or CHECKOUT_IDENTITY_SECRET; else the key file beside an SQLite database
    production = true                   refuses what is not meant for real money
    promise_for = 3600                  seconds that a checkout keeps a unit price it was quoted; 0 unless said
    unpaid_at_most = 20                 units that one person may hold without paying; as many as there are unless said
    tax_provider = "NAME"               who is asked what tax is due, by the name it is registered under; else the shop's own table
    addresses = "i18n"                  how addresses and phone numbers are checked, by its registered name; else they are taken as typed
    tax_outage = "block"                sell nothing while it is away, or by the shop's own table ("fallback"), or show that total
                                        and take no payment for it ("provisional")
    tax_seconds = 3                     a tax provider that takes longer counts as away
    carrier_outage = "fallback"         while a carrier is away, its ways to send cost what the table says, or are not offered ("block")
    carrier_seconds = 3                 a carrier that takes longer counts as away
    busy_timeout = 10                   seconds that a write waits for another program's, and for a connection; or CHECKOUT_BUSY_TIMEOUT

    [gateway.NAME]                      what that gateway is made with
    [tax.NAME]                          what that tax provider is made with
    [services]                          way = ["NAME", "CODE"]: the carrier that is asked what that way to send costs, and its name for it
    [carrier.NAME]                      what that carrier is made with
    [mail]                              folder = "mail", or host, port, tls, user, password; sender, shop
    [pricing]                           every setting of docs/pricing-policies.md, by its name there
    [channels.NAME.pricing]             what is otherwise in that channel; the rest is as in [pricing]

Relative paths in the file are relative to the file. Every mistake in it is told at once.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

from attrs import evolve, field, frozen

from checkout_cli.exits import WrongUsage, listed
from checkout_core.customers import COUNTRIES, Destination
from checkout_core.errors import BadSetting
from checkout_core.policy import Policy
from checkout_core.pricing_policy import PricingPolicy, policy_from
from checkout_core.refusals import Refused
from checkout_core.tax_provider import TaxOutage
from checkout_core.values import masked

ENV_DB, ENV_CONFIG, ENV_SECRET, ENV_ACTOR = "CHECKOUT_DB", "CHECKOUT_CONFIG", "CHECKOUT_IDENTITY_SECRET", "CHECKOUT_ACTOR"
ENV_BUSY = "CHECKOUT_BUSY_TIMEOUT"
SECRET_AT_LEAST: Final = 16  # bytes
BUSY_AT_MOST: Final = 3600  # seconds
LARGEST: Final = 1_000_000  # bytes of a configuration: more is another file

_PASSWORD: Final = re.compile("://([^:@/]*):[^@]*@")

Tls = Literal["none", "starttls", "ssl"]


@frozen
class Mail:
    """Where mails go: into a folder, or to an SMTP server. Without either, beside the database."""

    folder: Path | None = None
    host: str | None = None
    port: int = 25
    tls: Tls = "none"
    user: str | None = None
    password: str | None = field(default=None, repr=masked)
    sender: str | None = None
    shop: str | None = None


@frozen
class Settings:
    """Everything the command needs to know to open a shop. `config` is the file it was read from."""

    db: str | None = field(default=None, repr=lambda db: repr(db and _PASSWORD.sub("://\\1:***@", db)))
    locations: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ("sandbox",)
    made_with: Mapping[str, Mapping[str, object]] = field(factory=dict, repr=masked)
    identity_secret: bytes | None = field(default=None, repr=masked)
    production: bool = False
    busy_timeout: int = 10
    mail: Mail = Mail()
    pricing: PricingPolicy = PricingPolicy()
    channels: Mapping[str, PricingPolicy] = field(factory=dict)
    home: Destination | None = None
    promise_for: int = 0
    unpaid_at_most: int | None = None
    tax_provider: str | None = None
    tax_outage: TaxOutage = "block"
    taxes_made_with: Mapping[str, object] = field(factory=dict, repr=masked)
    addresses: str | None = None
    services: Mapping[str, tuple[str, str]] = field(factory=dict)
    carriers_made_with: Mapping[str, Mapping[str, object]] = field(factory=dict, repr=masked)
    carrier_outage: Literal["block", "fallback"] = "fallback"
    carrier_seconds: int = 3
    tax_seconds: int = 3
    config: Path | None = None

    def pricing_for(self, channel: str | None = None) -> PricingPolicy:
        """How prices are worked out in that channel; None is the shop's own way. Raises WrongUsage for an unknown one."""
        found = Policy(pricing=self.pricing, channels=self.channels, home=self.home).pricing_for(channel or "")
        if isinstance(found, Refused):
            raise WrongUsage(str(found))
        return found


class BadConfig(WrongUsage):
    """The configuration cannot be read: correct it. `mistakes` has all of them."""

    def __init__(self, path: Path, mistakes: tuple[str, ...]) -> None:
        super().__init__(path, mistakes)
        self.path = path
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(f"{self.path}: {mistake}" for mistake in self.mistakes)


def settings_of(db: str | None = None, config: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings: what the options say, else the environment, else the file. Raises BadConfig, WrongUsage, OSError."""
    env = os.environ if environment is None else environment
    path = config or (Path(named) if (named := env.get(ENV_CONFIG)) else None)
    settings = Settings() if path is None else read(path)
    if secret := env.get(ENV_SECRET):
        settings = evolve(settings, identity_secret=_secret(secret, ENV_SECRET))
    if seconds := env.get(ENV_BUSY):
        if not seconds.isascii() or not seconds.isdigit() or int(seconds[:6]) > BUSY_AT_MOST:
            raise WrongUsage(f"{ENV_BUSY} is a whole number of seconds, at most {BUSY_AT_MOST}.")
        settings = evolve(settings, busy_timeout=int(seconds))
    return evolve(settings, db=db or env.get(ENV_DB) or settings.db)


def named_db(settings: Settings) -> str:
    """The database that was named. Raises WrongUsage if none was."""
    if not settings.db:
        raise WrongUsage(f"No database is named. Name one: --db shop.db, or {ENV_DB}=shop.db, or db in the --config file.")
    return settings.db


def _secret(text: str, where: str) -> bytes:
    if len(text.encode()) < SECRET_AT_LEAST:
        raise WrongUsage(f"{where} is shorter than {SECRET_AT_LEAST} bytes. Use a longer secret, and never change it.")
    return text.encode()


# The file.
KEYS: Final = (
    *(
        "db",
        "locations",
        "gateways",
        "identity_secret",
        "production",
        "busy_timeout",
        "promise_for",
        "unpaid_at_most",
        "tax_provider",
        "tax_outage",
        "tax_seconds",
    ),
    *("carrier_outage", "carrier_seconds", "services", "carrier"),
    *("gateway", "tax", "mail", "pricing", "channels", "home", "addresses"),
)


def _place(home: str | None) -> Destination | None:
    """`DE`, or `US-CA`."""
    if home is None:
        return None
    country, _, region = home.partition("-")
    return Destination(country, region or None)


def read(path: Path) -> Settings:
    """The settings of that file. Raises BadConfig with every mistake, OSError if it cannot be read."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadConfig(path, (f"The file has more than {LARGEST} bytes. This is no configuration.",))
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadConfig(path, (f"It is not UTF-8 (byte {error.start + 1}). Save it as UTF-8.",)) from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(path, (f"It is not TOML: {error}.",)) from None
    except RecursionError:
        raise BadConfig(path, ("It is nested too deeply.",)) from None
    except ValueError:
        raise BadConfig(path, ("It has a number with too many digits.",)) from None
    mistakes: list[str] = []
    top = _Table("", table, path.parent, mistakes)
    top.only(KEYS)
    mail, made_with = top.table("mail"), top.tables("gateway")
    pricing = _pricing(top.table("pricing"), PricingPolicy())
    secret = top.text("identity_secret")
    if secret is not None and len(secret.encode()) < SECRET_AT_LEAST:
        mistakes.append(f"identity_secret is shorter than {SECRET_AT_LEAST} bytes. Use a longer one, and never change it.")
    home = top.text("home")
    if home is not None and home.partition("-")[0] not in COUNTRIES:
        mistakes.append(f"home: {home!r:.20} is no country. Write an ISO 3166-1 code such as DE, or with its region US-CA.")
    channels = _channels(top.table("channels"), pricing, home)
    if home is None and "net" in (pricing.prices_keep, *(each.prices_keep for each in channels.values())):
        mistakes.append('home is missing: prices keep their net, and nobody says where they are at home. Write home = "DE".')
    busy = top.number("busy_timeout")
    if busy is not None and not 0 <= busy <= BUSY_AT_MOST:
        mistakes.append(f"busy_timeout is 0 to {BUSY_AT_MOST} seconds, not {busy}.")
    promise = top.number("promise_for") or 0
    if promise < 0:
        mistakes.append(f"promise_for is 0 or more seconds, not {promise}.")
    unpaid = top.number("unpaid_at_most")
    if unpaid is not None and unpaid < 1:
        mistakes.append(f"unpaid_at_most is 1 or more units, not {unpaid}. Leave it out for no limit.")
    provider, tax_made_with = top.text("tax_provider"), top.tables("tax")
    mistakes += [
        f"tax.{name} is described but is not the tax_provider. Name it there, or leave it out."
        for name in tax_made_with
        if name != provider
    ]
    outage = top.one_of("tax_outage", get_args(TaxOutage))
    if outage is not None and provider is None:
        mistakes.append("tax_outage says what to do while a tax_provider is away, and none is named. Name one, or leave it out.")
    services, carriers, outages = _services(top.table("services")), top.tables("carrier"), ("block", "fallback")
    named = {carrier for carrier, _ in services.values()}
    unused = [name for name in carriers if name not in named]
    mistakes += [f"carrier.{name} is described but has no services. Name one in [services], or leave it out." for name in unused]
    carrier_outage = top.one_of("carrier_outage", outages)
    given = {key: top.number(key) for key in ("carrier_seconds", "tax_seconds")}
    mistakes += [
        f"{key} is 1 to 60 seconds, not {seconds}." for key, seconds in given.items() if seconds is not None and not 0 < seconds <= 60
    ]
    gateways = top.texts("gateways")
    mistakes += [
        f"gateway.{name} is described but not among gateways. Add it there, or leave it out."
        for name in made_with
        if name not in (gateways if gateways is not None else ("sandbox",))
    ]
    settings = Settings(
        db=_database(top),
        locations=top.texts("locations") or (),
        gateways=gateways if gateways is not None else ("sandbox",),
        made_with=MappingProxyType(made_with),
        identity_secret=secret.encode() if secret else None,
        production=bool(top.flag("production")),
        busy_timeout=Settings().busy_timeout if busy is None else busy,
        mail=_mail(mail),
        pricing=pricing,
        home=_place(home),
        channels=channels,
        promise_for=promise,
        unpaid_at_most=unpaid,
        tax_provider=provider,
        tax_outage=cast(TaxOutage, outage or "block"),
        taxes_made_with=tax_made_with.get(provider or "", {}),
        addresses=top.text("addresses"),
        services=services,
        carriers_made_with=MappingProxyType(carriers),
        carrier_outage=cast(Literal["block", "fallback"], carrier_outage or "fallback"),
        carrier_seconds=given["carrier_seconds"] or Settings().carrier_seconds,
        tax_seconds=given["tax_seconds"] or Settings().tax_seconds,
        config=path,
    )
    if mistakes:
        raise BadConfig(path, tuple(mistakes))
    return settings


def _database(top: _Table) -> str | None:
    named = top.text("db")
    return named if named is None or "://" in named else str(top.beside / named)


def _mail(table: _Table) -> Mail:
    table.only(("folder", "host", "port", "tls", "user", "password", "sender", "shop"))
    folder, host, port = table.text("folder"), table.text("host"), table.number("port")
    if folder is not None and host is not None:
        table.mistakes.append("mail has a folder and a host. Name one of them.")
    if port is not None and not 0 < port < 65536:
        table.mistakes.append(f"mail.port is 1 to 65535, not {port}.")
    return Mail(
        folder=None if folder is None else table.beside / folder,
        host=host,
        port=port or 25,
        tls=cast(Tls, table.one_of("tls", ("none", "starttls", "ssl")) or "none"),
        user=table.text("user"),
        password=table.text("password"),
        sender=table.text("sender"),
        shop=table.text("shop"),
    )


def _services(table: _Table) -> dict[str, tuple[str, str]]:
    """By the way to send, its carrier and what that calls it."""
    found = {}
    for method in table.values:
        named = table.texts(method)
        if named is not None and len(named) == 2:
            found[method] = (named[0], named[1])
        elif named is not None:
            table.mistakes.append(f'{table.name}.{method} names a carrier and what it calls the service, such as ["acme", "X24"].')
    return found


def _pricing(table: _Table, base: PricingPolicy) -> PricingPolicy:
    made = policy_from(table.values, base)
    if isinstance(made, PricingPolicy):
        return made
    table.mistakes.extend(f"{table.name}.{mistake}" for mistake in made)
    return base


def _channels(table: _Table, base: PricingPolicy, home: str | None) -> Mapping[str, PricingPolicy]:
    """Each channel prices as the shop does, but for what its own table says."""
    found = {}
    for name in table.values:
        channel = table.table(name)
        channel.only(("pricing",))
        found[name] = _pricing(channel.table("pricing"), base)
    try:
        return Policy(channels=found, home=_place(home)).channels
    except BadSetting as error:
        table.mistakes.append(str(error))
        return {}


@frozen
class _Table:
    """A table of the file that notes what is wrong with what it is asked for."""

    name: str
    values: Mapping[str, object]
    beside: Path
    mistakes: list[str]

    def only(self, known: tuple[str, ...]) -> None:
        for key in self.values:
            if key not in known:
                self.mistakes.append(f"{self._place(key)!r} is unknown. Known: {listed(known, 'and')}.")

    def text(self, key: str) -> str | None:
        value = self._of(key, str, "a text")
        if isinstance(value, str) and not value.strip():
            self.mistakes.append(f"{self._place(key)} is empty. Leave it out, or fill it in.")
        return value if isinstance(value, str) else None

    def number(self, key: str) -> int | None:
        value = self._of(key, int, "a whole number")
        return value if isinstance(value, int) else None

    def flag(self, key: str) -> bool | None:
        value = self._of(key, bool, "true or false")
        return value if isinstance(value, bool) else None

    def one_of(self, key: str, choices: tuple[str, ...]) -> str | None:
        value = self.text(key)
        if value is not None and value not in choices:
            self.mistakes.append(f"{self._place(key)} is {listed(choices)}, not {value!r}.")
            return None
        return value

    def texts(self, key: str) -> tuple[str, ...] | None:
        value = self._of(key, list, "a list of texts")
        if not isinstance(value, list):
            return None
        if not value or any(type(one) is not str or not one for one in value) or len(set(map(str, value))) != len(value):
            self.mistakes.append(f"{self._place(key)} is a list of one or more different texts.")
            return None
        return tuple(value)

    def table(self, key: str) -> _Table:
        value = self._of(key, dict, "a table")
        return _Table(self._place(key), value if isinstance(value, dict) else {}, self.beside, self.mistakes)

    def tables(self, key: str) -> dict[str, Mapping[str, object]]:
        outer = self.table(key)
        return {name: MappingProxyType(dict(outer.table(name).values)) for name in outer.values}

    def _of(self, key: str, kind: type, wanted: str) -> object:
        value = self.values.get(key)
        if value is None:
            return None
        if type(value) is not kind:
            self.mistakes.append(f"{self._place(key)} is {wanted}, not {type(value).__name__}.")
            return None
        return value

    def _place(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key
