"""This machine's clock and source of ids: the default adapters of those two ports, and the one place that touches them."""

from __future__ import annotations

import os
import secrets
import uuid
from datetime import UTC, datetime

from attrs import frozen

from checkout_core.card_numbers import CARD_BITS, card_number
from checkout_core.values import ALPHABET, LOOK_ALIKES

CHECKS = ALPHABET + "*~$=U"  # its check symbols: the value modulo 37


@frozen
class SystemClock:
    """The machine's wall clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@frozen
class SystemIds:
    """Random ids: UUID version 7 (RFC 9562), which sort by time, and order numbers of 45 random bits with a check symbol."""

    def new(self) -> str:
        millis = int(datetime.now(UTC).timestamp() * 1000)
        number = (millis << 80) | int.from_bytes(os.urandom(10), "big")
        number = (number & ~(0xF << 76)) | (0x7 << 76)
        number = (number & ~(0x3 << 62)) | (0x2 << 62)
        return str(uuid.UUID(int=number))

    def order_number(self) -> str:
        return number_of(secrets.randbits(45))


def new_gift_card() -> str:
    """The number of a new gift card, as it is printed on it (`card_numbers`); nobody guesses it, and it has no money yet.

    It is kept nowhere: give it to whom it is for. `Shop.load_gift_card` makes it worth something.
    """
    return card_number(secrets.randbits(CARD_BITS))


def number_of(value: int) -> str:
    """An order number for a value of 45 bits: nine symbols and a check symbol, as `ABCDE-FGHJ*`."""
    symbols = "".join(ALPHABET[(value >> shift) & 31] for shift in range(40, -1, -5))
    return f"{symbols[:5]}-{symbols[5:]}{CHECKS[value % 37]}"


def canonical_order_number(text: str) -> str:
    """A typed order number as it is stored: what looks alike is read as what we write, and the dash is put back."""
    symbols = _symbols(text)
    return f"{symbols[:5]}-{symbols[5:]}"


def _symbols(text: str) -> str:
    return text.strip().upper().replace("-", "").replace(" ", "").translate(LOOK_ALIKES)


def is_order_number(text: str) -> bool:
    """Whether a typed order number can be one of ours; catches every single wrong symbol."""
    symbols = _symbols(text)
    if len(symbols) != 10 or any(s not in ALPHABET for s in symbols[:9]):
        return False
    value = sum(ALPHABET.index(s) << shift for s, shift in zip(symbols[:9], range(40, -1, -5), strict=True))
    return symbols[9] == CHECKS[value % 37]
