"""Numbers of gift cards: how one is made and read, and the reference under which its balance is kept.

A number is worth its balance to whoever has it, so it is kept nowhere: a store, a quote and a log have its reference, the last four symbols
and a digest that is slow to make (R24). It is written like an issued code (`codes`): `GC-7K3QM-9XWT2-HV4RS`, 70 random bits and a check
symbol, so that a slip of the finger is seen before anybody looks anything up, and guessing finds nothing (S6).
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from checkout_core.codes import BITS, grouped, new_code, spelled
from checkout_core.customers import canonical_code
from checkout_core.refusals import Refused

PREFIX: Final = "GC"
CARD_BITS: Final = BITS
_ROUNDS: Final = 4096
"""Of PBKDF2 (RFC 8018): a millisecond for us, and years for whoever has a copy of the store and tries all numbers."""
_REFERENCE: Final = re.compile(r"[0-9A-Z]{4}-[0-9a-f]{32}")


def card_number(bits: int) -> str:
    """The number with these random bits (0 up to 2⁷⁰ - 1), as it is printed on the card."""
    return grouped(new_code(bits, PREFIX), PREFIX)


def card_reference(typed: object) -> str | Refused:
    """The reference of the card with this number, however it is spaced and written; or why it is no number of a card."""
    try:
        canonical = canonical_code("".join(typed.split())) if isinstance(typed, str) else ""
    except ValueError:
        canonical = ""
    read = spelled(canonical, (PREFIX,))
    if read is None:
        return Refused("unknown-gift-card", "What was typed")
    number, right = read
    if not right:
        return Refused("gift-card-misspelt", shown_number(number))
    digest = hashlib.pbkdf2_hmac("sha256", number.encode(), b"checkout-core gift card", _ROUNDS, dklen=16)
    return f"{number[-4:]}-{digest.hex()}"


def reference_of(number: str) -> str:
    """The reference of the card with this number, which is known to be one. Raises ValueError."""
    found = card_reference(number)
    if isinstance(found, Refused):
        raise ValueError(f"This is no number of a gift card ({found.reason}).")
    return found


def shown_number(reference_or_number: str) -> str:
    """How a card is called in public: by its last four symbols."""
    return f"…{reference_or_number[:4] if is_reference(reference_or_number) else reference_or_number[-4:]}"


def is_reference(text: str) -> bool:
    """Whether this is the reference of a card, which may be shown, and not its number."""
    return _REFERENCE.fullmatch(text) is not None
