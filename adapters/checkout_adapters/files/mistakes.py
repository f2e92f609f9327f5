"""What is wrong in the files of a shop: every mistake with its file, row and column, and what to do about it."""

from __future__ import annotations

from typing import Final

from attrs import Factory, frozen

from checkout_core.customers import looks_like_card_number
from checkout_core.errors import CheckoutError

TOLD_AT_MOST: Final = 1000
"""Mistakes told of one file: whoever has more has one that repeats itself."""


@frozen
class Mistake:
    """One thing to mend. `row` is the line as an editor counts them, None for the whole file; `column` a column, or a key of TOML."""

    file: str
    row: int | None
    column: str | None
    message: str

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}:{self.row}"
        return f"{place}: {self.message}" if self.column is None else f"{place}: {self.column}: {self.message}"


class BadFiles(CheckoutError):
    """The files of a shop cannot be used as they are: mend what is listed, then try again. Nothing was changed."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        many = "There is 1 mistake" if len(self.mistakes) == 1 else f"There are {len(self.mistakes)} mistakes"
        return "\n".join([f"{many} in the files of the shop. Nothing was changed.", *map(str, self.mistakes)])


@frozen
class Notes:
    """The mistakes found in one file so far: the one thing here that grows."""

    file: str
    found: list[Mistake] = Factory(list)

    @property
    def full(self) -> bool:
        """Whether it is time to stop looking."""
        return len(self.found) >= TOLD_AT_MOST

    def add(self, message: str, row: int | None = None, column: str | None = None) -> None:
        """Note a mistake; of what is beyond the bound only that there is more."""
        if len(self.found) == TOLD_AT_MOST - 1:
            self.found.append(Mistake(self.file, None, None, "It has more mistakes than are told here. Mend these first."))
        elif not self.full:
            self.found.append(Mistake(self.file, row, column, message))


def shown(text: str) -> str:
    """The start of what was written, in quotes; what looks like a card number is never repeated (R24)."""
    return "'•••'" if looks_like_card_number(text) else repr(text[:40])
