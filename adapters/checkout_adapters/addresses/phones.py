"""A phone number as E.164, if there is one way to read it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import phonenumbers

from checkout_core.refusals import Refused

_DIALLED: Final = re.compile(r"\+?[0-9 ()./-]{3,40}")  # letters, extensions and words around it would be lost
_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))


def read_phone(text: str, country: str | None) -> str | Refused:
    """The number in E.164; typed as in that country, or with + and a country's code."""
    typed = unicodedata.normalize("NFKC", text).translate(_DASHES).strip()
    if _DIALLED.fullmatch(typed) and (country is not None or typed.startswith("+")):
        try:
            number = phonenumbers.parse(typed, country)
        except phonenumbers.NumberParseException:
            return _unreadable(country)
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return _unreadable(country)


def _unreadable(country: str | None) -> Refused:
    example = phonenumbers.example_number(country) if country is not None else None
    if example is None:
        return Refused("phone-unreadable", "contact.phone", "with a country's code", hint="Write + and the code first, then digits only.")
    home, abroad = (
        phonenumbers.format_number(example, form)
        for form in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    )
    hint = f"Write digits only, such as {home} or {abroad}; one of another country begins with + and its code."
    return Refused("phone-unreadable", "contact.phone", f"of {country}", hint=hint)
