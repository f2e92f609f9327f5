"""Who buys, and where it goes. Names and addresses mask themselves: they must not reach a log or a traceback (R24)."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from attrs import field, frozen

from checkout_core.values import masked

# ISO 3166-1 alpha-2, the 249 officially assigned codes.
COUNTRIES: Final = frozenset(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI "
    "CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ "
    "GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS "
    "LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG "
    "PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK "
    "TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW".split()
)


def _lines(lines: Iterable[str]) -> tuple[str, ...]:
    if isinstance(lines, str):
        raise TypeError("An address has several lines. Give a sequence of them, not one text.")
    return tuple(lines)


@frozen
class Destination:
    """What pricing may know of an address: country (ISO 3166-1 alpha-2), region (the part of ISO 3166-2 after the dash), postcode."""

    country: str
    region: str | None = None
    postcode: str | None = field(default=None, repr=masked)


@frozen
class Address:
    """Where a parcel goes. Personal data: kept in the person row of a checkout and nowhere else."""

    name: str = field(repr=masked)
    lines: tuple[str, ...] = field(converter=_lines, repr=masked)
    city: str = field(repr=masked)
    postcode: str = field(repr=masked)
    country: str
    region: str | None = None

    @property
    def destination(self) -> Destination:
        """The share of this address that prices depend on."""
        return Destination(self.country, self.region, self.postcode)


@frozen
class Contact:
    """How to reach the shopper. Personal data, like `Address`."""

    email: str | None = field(default=None, repr=masked)
    phone: str | None = field(default=None, repr=masked)
    locale: str = "en"


ExemptBy = Literal["exempt", "zero-rated", "export", "out-of-scope"]


@frozen
class VatId:
    """A VAT number that the host has checked: `country` (ISO 3166-1; GR, whatever prefix the number has), `number` with its prefix.

    It stands on the receipt, as an invoice without tax has to name it (Directive 2006/112/EC, Article 226).
    """

    country: str
    number: str


def _only(categories: Iterable[str] | None) -> frozenset[str] | None:
    if isinstance(categories, str):
        raise TypeError(f"Give a list of tax categories, not the text {categories!r}.")
    return None if categories is None else frozenset(categories)


@frozen
class Exemption:
    """Nobody is to be charged tax: by which `evidence` (a certificate's number; it stands on the receipt), where, for what, and how long.

    `categories` None is everything. `since` and `until` are the first and the last day, by the calendar in `zone`.
    """

    evidence: str
    country: str
    region: str | None = None
    categories: frozenset[str] | None = field(default=None, converter=_only)
    since: date | None = None
    until: date | None = None
    zone: str = "UTC"
    reason: ExemptBy = "exempt"

    def __attrs_post_init__(self) -> None:
        if not self.evidence:
            raise ValueError("An exemption has its evidence. Name the certificate, or who granted it.")
        if self.country not in COUNTRIES:
            raise ValueError(f"{self.country!r} is not a country. Use an ISO 3166-1 code such as US.")
        if self.reason not in get_args(ExemptBy):
            raise ValueError(f"{self.reason!r} is no reason for an exemption. Use one of {', '.join(get_args(ExemptBy))}.")
        for day in (self.since, self.until):
            if day is not None and type(day) is not date:
                raise TypeError(f"An exemption begins and ends with a day (date), not {type(day).__name__}.")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError(f"The exemption {self.evidence} ends on {self.until}, before it begins on {self.since}.")

    def covers(self, to: Destination, category: str, now: datetime) -> bool:
        """Whether it is good for this category of goods, sent there, at that instant."""
        day = now.astimezone(ZoneInfo(self.zone)).date()
        there = to.country == self.country and self.region in (None, to.region)
        valid = (self.since is None or self.since <= day) and (self.until is None or day <= self.until)
        return there and valid and (self.categories is None or category in self.categories)


def _groups(groups: Iterable[str] | None) -> frozenset[str] | None:
    if isinstance(groups, str):
        raise TypeError(f"Give a list of groups, not the text {groups!r}.")
    return None if groups is None else frozenset(groups)


def _exemptions(exemptions: Iterable[Exemption]) -> tuple[Exemption, ...]:
    return tuple(exemptions)


@frozen
class Shopper:
    """What the host knows of who buys: the groups of customers they are in, and how many orders they have placed; None is not known.

    `exemptions` from tax and the `vat_id` of a business are what the host has checked.
    """

    groups: frozenset[str] | None = field(default=None, converter=_groups)
    orders: int | None = None
    exemptions: tuple[Exemption, ...] = field(default=(), converter=_exemptions)
    vat_id: VatId | None = None


UNKNOWN: Final = Shopper()
"""A guest, or a customer of whom nobody knows anything."""


def canonical_email(email: str) -> str:
    """The identity of an e-mail address: NFKC, trimmed, case-folded, without the `+tag`; dots count (R22).

    Folding more (dots, as one large provider does) merges different people elsewhere: a host that wants it passes its own function.
    Raises ValueError if it is no address.
    """
    text = _folded(email)
    match = re.fullmatch(r"([^@\s+]+)(?:\+[^@\s]*)?@([^@\s.]+(?:\.[^@\s.]+)+)", text)
    if match is None or len(text) > 254 or not text.isprintable():  # not printable: a zero-width letter would be a second person
        raise ValueError("This is no e-mail address. It needs a name, an @ and a domain.")
    return f"{match[1]}@{match[2]}"


def canonical_code(code: str) -> str:
    """What a typed code means: NFKC, trimmed, upper case of the case-folded text, letters A-Z, digits, `-` and `_` only (R22).

    Raises ValueError for anything else, so a homoglyph or a zero-width letter is never a second code.
    """
    text = _folded(code).upper()
    if not re.fullmatch(r"[A-Z0-9_-]{1,40}", text):
        raise ValueError("A code has 1 to 40 letters A-Z, digits, - or _.")
    return text


def identities(secret: bytes, customer_id: str | None, email: str | None) -> tuple[str, ...]:
    """The keys under which one person's uses are counted: account and e-mail, as HMACs, never in clear (R22, I9)."""
    named = [f"account:{customer_id}"] if customer_id is not None else []
    named += [f"email:{canonical_email(email)}"] if email else []
    return tuple([hmac.digest(secret, name.encode(), "sha256").hex()[:32] for name in named])


_UUID: Final = re.compile(
    r"(?<![0-9A-Za-z])(?=[0-9-]*[a-fA-F])[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}(?:\1[0-9a-fA-F]{4}){2}\1[0-9a-fA-F]{12}(?![0-9A-Za-z])"
)


_MANY_DIGITS: Final = re.compile(r"(?:\d\D*){13}")  # as many as the shortest card number has: most texts have fewer


def looks_like_card_number(text: str) -> bool:
    """Whether a text holds 13 to 19 digits that pass the Luhn check (ISO/IEC 7812-1): such a thing is refused at the edge (R24).

    Digits may stand in groups, and groups of three or more are also looked at without their neighbours: "2 x 4111 1111 1111 1111 12/29".
    The digits of a UUID are none: it is what most clients use for a key, and one in a few hundred would be refused by chance.
    """
    if _MANY_DIGITS.search(text) is None:
        return False
    for run in re.findall(r"\d+(?:[\s-]\d+)*", _UUID.sub("", text)):
        groups = re.split(r"[\s-]", run)
        if _passes_luhn("".join(groups)):
            return True
        for start in range(len(groups)):
            digits = ""
            for group in groups[start : start + 6]:
                if len(group) < 3:
                    break
                digits += group
                if _passes_luhn(digits):
                    return True
    return False


def _folded(text: str) -> str:
    """NFKC, trimmed, case-folded; empty if it is too long to be anything: normalising a long text can take a long time (R25)."""
    if len(text) > 300:
        return ""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def _passes_luhn(digits: str) -> bool:
    if not 13 <= len(digits) <= 19:
        return False
    doubled = [int(d) if i % 2 == 0 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
