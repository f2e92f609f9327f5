"""Codes of a promotion that are issued in batches: how one is made and read, and what a catalogue answers for what was typed.

A code is a prefix, fourteen random symbols of Crockford's base 32 and a check symbol, as `SPRING-7K3QM-9XWT2-HV4RD`: 70 bits, which nobody
guesses. Any one wrong symbol and any two that have changed places are seen by the check symbol, before anybody looks anything up: it makes
the sum of aⁱ·sᵢ zero in the field of 32 elements, where no two of the weights are equal (a Reed–Solomon code of one symbol).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from checkout_core.errors import BadSetting
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refused
from checkout_core.values import ALPHABET, LOOK_ALIKES

BITS: Final = 70
RANDOM: Final = BITS // 5
SYMBOLS: Final = RANDOM + 1
PREFIX: Final = re.compile(r"[A-Z0-9]{0,12}")
_VALUE: Final = {symbol: n for n, symbol in enumerate(ALPHABET)}


def _powers() -> tuple[int, ...]:
    """The powers of a primitive element: a⁵ = a² + 1."""
    found, power = [], 1
    for _ in range(31):
        found.append(power)
        power <<= 1
        power ^= 0b100101 if power & 32 else 0
    return tuple(found)


_POWER: Final = _powers()
_LOG: Final = {power: n for n, power in enumerate(_POWER)}


def _sum(values: Sequence[int]) -> int:
    total = 0
    for n, value in enumerate(values, start=1):
        total ^= _POWER[(n + _LOG[value]) % 31] if value else 0
    return total


def new_code(bits: int, prefix: str = "") -> str:
    """The code of these random bits (0 up to 2⁷⁰ - 1) in its canonical spelling, without dashes. Raises BadSetting for a prefix."""
    if not PREFIX.fullmatch(prefix):
        raise BadSetting("prefix", f"{prefix!r:.30} is no prefix", "Use at most 12 capital letters A-Z and digits.")
    if not 0 <= bits < 1 << BITS:
        raise ValueError(f"A code has {BITS} random bits.")
    values = [(bits >> shift) & 31 for shift in range(BITS - 5, -1, -5)]
    return prefix + "".join([ALPHABET[value] for value in (*values, _sum(values))])


def grouped(code: str, prefix: str = "") -> str:
    """A code as it is printed; one that was not made here is left as it is."""
    body = code[len(prefix) :]
    if len(body) != SYMBOLS or any(symbol not in _VALUE for symbol in body):
        return code
    groups = [body[n : n + 5] for n in range(0, SYMBOLS, 5)]
    return "-".join([prefix, *groups] if prefix else groups)


def spelled(typed: str, prefixes: Iterable[str]) -> tuple[str, bool] | None:
    """The code that was typed in its canonical spelling, and whether its check symbol is right; None: it has not the form of one.

    `typed` is canonical (R22), dashes may stand anywhere, and what looks alike is read as what we write.
    """
    plain = typed.replace("-", "").replace("_", "")
    for prefix in prefixes:
        body = plain[len(prefix) :].translate(LOOK_ALIKES)
        if plain.startswith(prefix) and len(body) == SYMBOLS and all(symbol in _VALUE for symbol in body):
            values = [_VALUE[symbol] for symbol in body]
            return prefix + body, _sum(values[:RANDOM]) == values[RANDOM]
    return None


@frozen
class Batch:
    """Codes of one promotion that were issued together, good up to, but not at, `until` (UTC). `disabled`: why they count no more, or "".

    Raises BadSetting.
    """

    name: str
    promotion: str
    prefix: str = ""
    until: datetime | None = None
    disabled: str = ""

    def __attrs_post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", self.name):
            raise BadSetting("batch", f"{self.name!r:.30} is no name", "Use letters, digits, dots and dashes, at most 64.")
        if not PREFIX.fullmatch(self.prefix):
            raise BadSetting("prefix", f"{self.prefix!r:.30} is no prefix", "Use at most 12 capital letters A-Z and digits.")
        if self.until is not None and self.until.utcoffset() != timedelta(0):
            raise BadSetting("until", f"{self.until.isoformat()} is not in UTC", "Give a time in UTC, with its time zone.")


@frozen
class Issued:
    """One code, in its canonical spelling, and the batch that it is of. `disabled`: why it counts no more; "" is that it does."""

    code: str
    batch: Batch
    disabled: str = ""


def sought(typed: Iterable[str], deals: Iterable[Promotion], prefixes: Iterable[str]) -> list[str]:
    """The codes to look up among those that were issued, in their canonical spelling: what is no promotion's own, and may be one."""
    own, known, found = {deal.code for deal in deals}, tuple(prefixes), dict[str, None]()
    for code in typed:
        if code not in own:
            found[code] = None
            if (read := spelled(code, known)) is not None and read[1]:
                found[read[0]] = None
    return list(found)


def answered(
    typed: Sequence[str], deals: Sequence[Promotion], prefixes: Iterable[str], issued: Mapping[str, Issued]
) -> list[Promotion | Refused]:
    """What a catalogue answers for these typed codes: the automatic promotions, those behind the codes, and why the others do nothing.

    `deals` are all there are, `issued` what was found of what is `sought`. A promotion with codes of its own is given once, with the first
    code of it that was typed. The subject of a refusal is the code; a code of which nothing is said is unknown.
    """
    found: list[Promotion | Refused] = [deal for deal in deals if deal.automatic or deal.code in typed]
    own, by_id, known = {deal.code for deal in deals}, {deal.id: deal for deal in deals if deal.by_code}, tuple(prefixes)
    brought: dict[str, str] = {}
    for code in typed:
        if code in own:
            continue
        read = spelled(code, known)
        one = issued.get(code) or (issued.get(read[0]) if read is not None and read[1] else None)
        if one is None:
            found += [Refused("code-misspelt", code)] if read is not None and not read[1] else []
            continue
        deal = by_id.get(one.batch.promotion)
        if deal is None or one.disabled or one.batch.disabled:
            found.append(Refused("code-disabled", code))
        elif deal.id in brought:
            found.append(Refused("code-of-same", code, brought[deal.id]))
        else:
            brought[deal.id] = code
            found.append(_with_code(deal, code, one))
    return found


def _with_code(deal: Promotion, typed: str, one: Issued) -> Promotion | Refused:
    until = one.batch.until
    if until is not None and deal.starts is not None and until <= deal.starts:
        return Refused("expired", typed, until=until)
    ends = min([each for each in (deal.ends, until) if each is not None], default=None)
    return evolve(deal, code=typed, issued=one.code, ends=ends)


def parted(answers: Iterable[Promotion | Refused]) -> tuple[tuple[Promotion, ...], dict[str, Refused]]:
    """The promotions of an answer; and by code why the others do nothing."""
    given = tuple(answers)
    return tuple([one for one in given if isinstance(one, Promotion)]), {one.subject: one for one in given if isinstance(one, Refused)}
