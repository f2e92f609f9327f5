"""Chance, addressed: what is drawn at an address depends on the seed and that address alone.

Taking one decision away shifts no other, because nothing is drawn from a shared stream. The same seed and address give the same number in
every process, on every machine and version of Python: it is BLAKE2b (RFC 7693) of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def draw(seed: bytes, address: str) -> int:
    """A number of 128 bits."""
    return int.from_bytes(blake2b(address.encode(), digest_size=16, key=seed).digest(), "little")


def seed_bytes(seed: int) -> bytes:
    """The key of a numbered seed."""
    return seed.to_bytes(8, "little", signed=True)


class Draws:
    """Several small numbers out of one draw, without a second one."""

    __slots__ = ("bits",)

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        self.bits, number = divmod(self.bits, limit)
        return number

    def one_of(self, choices: Sequence[T]) -> T:
        """One of these."""
        return choices[self.below(len(choices))]
