"""Texts of the files as values: each reader gives the value, or a ValueError that says what is wrong and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from checkout_adapters.files.mistakes import shown
from checkout_core.catalog import SIDE_AT_MOST
from checkout_core.customers import COUNTRIES, canonical_code, canonical_email, looks_like_card_number
from checkout_core.edge import TEXT_AT_MOST, checked_text
from checkout_core.money import CURRENCIES, Money, Ratio

QUANTITY_AT_MOST: Final = 1_000_000_000
_T = TypeVar("_T")


def words(text: str) -> str:
    """A text for people."""
    return _checked(text, TEXT_AT_MOST)


def source(text: str) -> str:
    """Where something is written: a text for people, a little longer."""
    return _checked(text, 500)


def name(text: str) -> str:
    """A SKU, or another name that files and commands refer to."""
    if not text:
        raise ValueError("It is empty. Name it.")
    if _NAME.fullmatch(text) is None:
        raise ValueError(f"{shown(text)} is no name. Use 1 to 64 letters A-Z or a-z, digits, and . _ + - after the first.")
    return text


def whole(text: str) -> int:
    """A whole number from 0."""
    if _WHOLE.fullmatch(text):
        return _within(int(text))
    if re.fullmatch(r"-[0-9]+", text):
        raise ValueError(f"{shown(text)} is negative. Give 0 or more.")
    raise ValueError(f"{shown(text)} is not a whole number. Write digits only, such as 250.")


def size(text: str) -> tuple[int, int, int]:
    """Length, width and height in millimetres, such as 300x200x100."""
    sides = text.split("x")
    if len(sides) != 3:
        raise ValueError("It is no size. Write length, width and height in millimetres, such as 300x200x100.")
    found = tuple([whole(side) for side in sides])
    if not all(0 < side <= SIDE_AT_MOST for side in found):
        raise ValueError(f"A side is 1 to {SIDE_AT_MOST} millimetres. Correct it, or leave the size out.")
    return found[0], found[1], found[2]


def yes_or_no(text: str) -> bool:
    """yes or no, and no other word for it."""
    if text not in ("yes", "no"):
        raise ValueError(f"{shown(text)} is neither yes nor no. Write one of the two.")
    return text == "yes"


def currency(text: str) -> str:
    """An active ISO 4217 code."""
    if text not in CURRENCIES:
        raise ValueError(f"{shown(text)} is not an active ISO 4217 currency. Use a code such as EUR.")
    return text


def one_of(what: str, known: tuple[_T, ...]) -> Callable[[str], _T]:
    """One of these words, and no other; `what` says what such a word is."""

    def read(text: str) -> _T:
        for word in known:
            if word == text:
                return word
        raise ValueError(f"{shown(text)} is not {what}. Use one of {', '.join(map(str, known))}.")

    return read


def amount(code: str, *, negative: bool = False) -> Callable[[str], Money]:
    """How an amount of that currency is read: major units with a decimal point, zero or more unless it may be `negative`."""

    def read(text: str) -> Money:
        if "," in text or re.search(r"\d[\s'’]\d", text):
            raise ValueError(f"{shown(text)} is written as in one country. Write 1234.50: a decimal point, and nothing between.")
        if re.fullmatch(r"-?[0-9.]+[eE][-+]?[0-9]+", text):
            raise ValueError(f"{shown(text)} has an exponent. Write the amount out, such as 1200.00.")
        money = Money.parse(text, code)
        if money.minor < 0 and not negative:
            raise ValueError(f"{shown(text)} is negative. Give 0 or more: promotions make things cheaper, and only a credit costs less.")
        return money

    return read


def rate(text: str) -> Ratio:
    """The rate of a tax, as a fraction of one."""
    if "%" in text or "," in text:
        raise ValueError(f"{shown(text)} is not a fraction of one. Write 19 % as 0.19.")
    ratio = Ratio.parse(text)
    if not 0 <= ratio.numerator <= ratio.denominator:
        raise ValueError(f"{shown(text)} is not between 0 and 1. A rate is a fraction of one: 19 % is 0.19.")
    return ratio


def percent(text: str) -> Ratio:
    """A percentage of more than 0 and at most 100."""
    ratio = percent_or_zero(text)
    if not ratio.numerator:
        raise ValueError(f"{shown(text)} is not a percentage that changes anything. It is more than 0 and at most 100.")
    return ratio


def percent_or_zero(text: str) -> Ratio:
    """A percentage from 0 to 100."""
    if "%" in text or "," in text:
        raise ValueError(f"{shown(text)} is not a number. Write 12.5 % as 12.5.")
    ratio = Ratio.parse(text)
    if not 0 <= ratio.numerator <= 100 * ratio.denominator:
        raise ValueError(f"{shown(text)} is not a percentage. It is at least 0 and at most 100.")
    return ratio


def country(text: str) -> str:
    """An ISO 3166-1 alpha-2 code."""
    if text not in COUNTRIES:
        hint = " The United Kingdom is GB." if text.upper() == "UK" else ""
        raise ValueError(f"{shown(text)} is not a country. Use an ISO 3166-1 code such as DE.{hint}")
    return text


def region(text: str) -> str:
    """The part of an ISO 3166-2 code after the dash."""
    if _REGION.fullmatch(text) is None:
        raise ValueError(f"{shown(text)} is not a region. Use what follows the dash in ISO 3166-2, such as NY.")
    return text


def code(text: str) -> str:
    """What a shopper types, as it is kept."""
    canonical = canonical_code(text)
    if canonical != text:
        raise ValueError(f"{shown(text)} is not how the code is kept. Write {canonical}.")
    return text


def email(text: str) -> str:
    """An address to send from."""
    words(text)
    canonical_email(text)
    return text


def or_none(read: Callable[[str], _T]) -> Callable[[str], _T | None]:
    """The same reader for a cell that may be empty."""
    return lambda text: read(text) if text else None


def refuse_card_numbers(text: str) -> None:
    """A card number has no place in any file; it is told without being repeated (R24)."""
    if looks_like_card_number(text):
        raise ValueError("It looks like a card number, which is kept nowhere. Take it out of the file.")


def _checked(text: str, at_most: int) -> str:
    for refused in checked_text("", text, at_most):
        raise ValueError(f"It has {refused.given}. {refused.hint}")
    return text


def _within(number: int) -> int:
    if number > QUANTITY_AT_MOST:
        raise ValueError(f"It is more than {QUANTITY_AT_MOST}. Give less.")
    return number


_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_REGION: Final = re.compile(r"[A-Z0-9]{1,3}")


def day(text: str) -> date:
    """A day of the calendar, `2026-01-01`."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise ValueError(f"{shown(text)} is not a day. Write it as 2026-01-01.")
    return found


def zone(text: str) -> str:
    """A time zone of the IANA list, `Europe/Berlin`."""
    try:
        ZoneInfo(text)
    except (KeyError, OSError, ValueError):  # not there, a folder of zones, a path
        raise ValueError(f"{shown(text)} is no time zone that this machine knows. Use a name such as Europe/Berlin.") from None
    return text
