"""A plain table being read: what is asked of it is what may stand there, and everything else is a mistake with its place.

Scripts and scenarios are read with it. A mistake is a sentence that says where, what, and what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Final

from attrs import define, field

from checkout_core.card_numbers import card_reference
from checkout_core.cart import Options
from checkout_core.customers import looks_like_card_number
from checkout_core.money import CURRENCIES, Money
from checkout_core.refusals import Refused

TEXT_AT_MOST: Final = 600  # (R25)


@define
class Table:
    """A table being read: it notes what was asked for, so that the rest can be named as a mistake."""

    rows: Mapping[str, object]
    place: str
    mistakes: list[str]
    known: list[str] = field(factory=list)

    def wrong(self, message: str) -> None:
        self.mistakes.append(f"{self.place}: {message}" if self.place else message)

    def has(self, word: str) -> bool:
        return word in self.rows

    def text(self, word: str) -> str | None:
        """A text, if it is there."""
        value = self._asked(word)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(f'"{word}" is a text in quotes, not {shown(value)}')
        elif looks_like_card_number(value):
            self.wrong(f'"{word}" looks like a card number. Use a token of the gateway')
        elif not 1 <= len(value) <= TEXT_AT_MOST or not value.isprintable():
            self.wrong(f'"{word}" is a text of 1 to {TEXT_AT_MOST} characters in one line, without control characters')
        else:
            return value
        return None

    def gift_card(self, word: str) -> str:
        """The number of a gift card, which must be there; "" if it is none, and that is noted."""
        number = self.need(word)
        if number and isinstance(card_reference(number), Refused):
            self.wrong(f'"{word}" is no number of a gift card, such as GC-7K3QM-9XWT2-HV4RS: a letter is wrong, or one is missing')
            return ""
        return number

    def need(self, word: str) -> str:
        """A text that must be there."""
        if word not in self.rows:
            self.known.append(word)
            self.wrong(f'"{word}" is missing')
        return self.text(word) or ""

    def whole(self, word: str, least: int, most: int = 10**9) -> int | None:
        """A whole number, if it is there."""
        value = self._asked(word)
        if value is None:
            return None
        if type(value) is not int or not least <= value <= most:
            self.wrong(f'"{word}" is a whole number from {least} to {most}, not {shown(value)}')
            return None
        return value

    def need_whole(self, word: str, least: int, most: int = 10**9) -> int:
        """A whole number that must be there."""
        if word not in self.rows:
            self.wrong(f'"{word}" is missing')
        return self.whole(word, least, most) or 0

    def flag(self, word: str, *, default: bool = False) -> bool:
        """True or false; the default if nobody says."""
        value = self._asked(word)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.wrong(f'"{word}" is true or false, not {shown(value)}')
        return value is True

    def choice(self, word: str, choices: tuple[str, ...]) -> str | None:
        """One of these words, if it is there."""
        value = self.text(word)
        if value is not None and value not in choices:
            self.wrong(f'"{word}" is one of {", ".join(choices)}, not {shown(value)}{near(value, choices)}')
            return None
        return value

    def texts(self, word: str) -> tuple[str, ...] | None:
        """A list of texts, if it is there."""
        value = self._asked(word)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > 50:
            self.wrong(f'"{word}" is a list of texts, not {shown(value)}')
            return None
        inner = self._inner(word, {f"number {n}": one for n, one in enumerate(value, start=1)})
        return tuple(inner.text(number) or "" for number in inner.rows)

    def table(self, word: str) -> Table:
        """The table of that name; an empty one if it is not there."""
        value = self._asked(word)
        if value is not None and not isinstance(value, Mapping):
            self.wrong(f'"{word}" is a table, not {shown(value)}')
            value = None
        return self._inner(word, value or {})

    def tables(self, word: str, most: int) -> list[Table]:
        """The tables `[[word]]`, at most so many; none if it is not there."""
        value = self._asked(word)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > most or not all(isinstance(one, Mapping) for one in value):
            self.wrong(f'"{word}" is up to {most} tables, each [[{word}]], not {shown(value)}')
            return []
        return [self._inner(f"{word}, number {n}", one) for n, one in enumerate(value, start=1)]

    def moment(self, word: str) -> datetime | None:
        """An instant in UTC, if it is there."""
        value = self._asked(word)
        if value is None:
            return None
        if not isinstance(value, datetime) or value.utcoffset() != timedelta(0):
            self.wrong(f'"{word}" is a time in UTC without quotes, such as 2026-06-01T09:00:00Z, not {shown(value)}')
            return None
        return value.astimezone(UTC)

    def pairs(self, word: str) -> Options:
        """A table of texts."""
        inner = self.table(word)
        return tuple(sorted((key, inner.text(key) or "") for key in inner.rows))

    def money(self, word: str, currency: str) -> Money | None:
        """An amount of that currency, if it is there. It is a text, because a number with a point is not exact."""
        value = self._asked(word)
        if value is None or currency not in CURRENCIES:
            return None
        if not isinstance(value, str):
            self.wrong(f'"{word}" is an amount in quotes, such as "73.90", not {shown(value)}')
            return None
        try:
            amount = Money.parse(value, currency)
        except ValueError as error:
            self.wrong(f'"{word}": {str(error).rstrip(".")}')
            return None
        if amount.minor < 0:
            self.wrong(f'"{word}" is not below zero')
        return amount

    def currency(self, word: str = "currency", default: str | None = None) -> str:
        """An ISO 4217 code; the default, if there is one and nobody says."""
        code = self.need(word) if default is None else self.text(word) or default
        if code and code not in CURRENCIES:
            self.wrong(f"{shown(code)} is not an active ISO 4217 currency")
        return code

    def over(self) -> None:
        """Name what nobody asked for."""
        for word in self.rows:
            if word not in self.known:
                self.wrong(f'unknown word "{plain(word)}"{near(word, self.known)}; known: {", ".join(dict.fromkeys(self.known))}')

    def _asked(self, word: str) -> object:
        self.known.append(word)
        return self.rows.get(word)

    def _inner(self, word: str, rows: Mapping[str, object]) -> Table:
        return Table(rows, f"{self.place}, {word}" if self.place else word, self.mistakes)


def near(word: str, known: Iterable[str]) -> str:
    """` (did you mean "that"?)` for the known word that is nearest to this one; nothing if none is near."""
    found = get_close_matches(word[:60], list(known), n=1, cutoff=0.65)
    return f' (did you mean "{found[0]}"?)' if found else ""


def plain(text: str) -> str:
    """At most 40 characters of a text, harmless, and never a card number (R24)."""
    return "•••" if looks_like_card_number(text) else "".join(c if c.isprintable() else "?" for c in text[:40])


def shown(value: object) -> str:
    """At most 40 characters of anything, and never a card number (R24)."""
    if isinstance(value, Mapping | list):
        return "a table" if isinstance(value, Mapping) else "a list"
    try:
        text = str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # Python writes out no int of thousands of digits
        return "a huge number"
    return "•••" if looks_like_card_number(text) else text[:40]
