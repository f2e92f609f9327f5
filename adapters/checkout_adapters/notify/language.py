"""A shopper's language: which we write in, and how amounts and dates look there.

The sentences come from a message catalogue (`<language>.po` beside the templates), the shapes of numbers from Babel. How many decimals
a currency has is ours to say (`checkout_core.money.CURRENCIES`): an amount in a mail is the amount that was charged, to the digit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

from attrs import frozen
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.messages.pofile import read_po
from babel.numbers import NumberPattern, format_decimal, parse_pattern

from checkout_core.money import CURRENCIES, Money

SOURCE: Final = "en"  # the language the templates are written in: it needs no catalogue
_TOUCHING: Final = re.compile(
    r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])"
)  # a code gets a space, a sign needs none (UTS 35, currency spacing)
_LOCALE_AT_MOST = 35  # characters of a BCP 47 tag that we look at


@frozen
class Catalogue:
    """The sentences of a language, by their English: an untranslated one stays English."""

    language: str
    sentences: Mapping[str, str]

    @classmethod
    def read(cls, language: str, files: Sequence[Path]) -> Catalogue:
        """From PO files; what an earlier one says counts before what a later one says."""
        sentences: dict[str, str] = {}
        for path in reversed(files):
            with path.open("rb") as stream:
                for message in read_po(stream, locale=language, abort_invalid=True):
                    if isinstance(message.id, str) and message.id and isinstance(message.string, str) and message.string:
                        sentences[message.id] = message.string
        return cls(language, sentences)

    def gettext(self, sentence: str) -> str:
        """The sentence in this language."""
        return self.sentences.get(sentence, sentence)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Of two sentences the one that fits the count."""
        return self.gettext(one if count == 1 else many)


def locale_of(wanted: str, languages: frozenset[str]) -> Locale:
    """The shopper's locale if we write its language, without its territory if nobody knows that; English otherwise.

    English words with Portuguese numbers would be worse than English: `1.234` must not mean two things in one letter.
    """
    text = wanted.split(".")[0].split("@")[0].replace("-", "_")[:_LOCALE_AT_MOST]
    for name in (text, text.split("_")[0]):
        try:
            locale = Locale.parse(name)
        except (ValueError, UnknownLocaleError, TypeError):
            continue
        if locale.language in languages:
            return locale
    return Locale(SOURCE)


def money(amount: Money, locale: Locale) -> str:
    """The amount as it is written there: `€23.70`, `23,70 €`, `₹1,23,456.00` for en_IN, `¥2,370`, `KWD 1.234`."""
    exponent = CURRENCIES[amount.currency].exponent
    value = Decimal(amount.minor).scaleb(-exponent)
    text = str(_pattern(str(locale), exponent).apply(value, locale, currency=amount.currency, currency_digits=False))
    return _TOUCHING.sub("\N{NO-BREAK SPACE}", text)


def number(value: int, locale: Locale) -> str:
    """A whole number as it is written there."""
    return format_decimal(value, locale=locale)


def date(at: datetime, locale: Locale, zone: tzinfo) -> str:
    """The day and the minute as they are written there, with the zone: `June 1, 2026, 12:00 PM UTC`, `1. Juni 2026, 12:00 UTC`."""
    local = at.astimezone(zone)
    day, minute = format_date(local, "long", locale=locale), format_time(local, "short", tzinfo=zone, locale=locale)
    return f"{day}, {minute} {local.tzname() or ''}".strip()


@lru_cache(maxsize=256)
def _pattern(locale: str, exponent: int) -> NumberPattern:
    pattern = parse_pattern(Locale.parse(locale).currency_formats["standard"].pattern)
    pattern.frac_prec = (exponent, exponent)
    return pattern
