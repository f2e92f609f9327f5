"""Sets of postcodes, written as people write them: `10115`, `BT*`, `10000..14199`. Capitals, spaces and dashes make no difference."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import takewhile

from attrs import field, frozen

_LONGEST = 12
_LAST = "\x7f"  # after all letters and digits
Interval = tuple[str, str]


def plain(postcode: str) -> str:
    """A postcode as it is compared: capitals and digits alone."""
    return "".join([letter for letter in postcode.upper() if letter.isascii() and letter.isalnum()])


def near(one: str | None, other: str | None) -> int:
    """How alike two postcodes are: the number of characters that both begin with. Most countries number by district."""
    pairs = zip(plain(one or ""), plain(other or ""), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _texts(patterns: Iterable[str]) -> tuple[str, ...]:
    if isinstance(patterns, str):
        raise TypeError(f"Give a list of postcodes, not the text {patterns!r}.")
    return tuple(patterns)


@frozen
class Postcodes:
    """Postcodes that are one of `patterns`. ValueError for a pattern that says nothing.

    `10115` is that one. `BT*` are all that begin so. `10000..14199` are those whose first characters lie between the two, which are as
    long as each other, with letters and digits in the same places; both ends are in it.
    """

    patterns: tuple[str, ...] = field(converter=_texts)
    _exact: frozenset[str] = field(init=False, eq=False, repr=False)
    _between: Mapping[int, tuple[Interval, ...]] = field(init=False, eq=False, repr=False)

    @_exact.default
    def _ones(self) -> frozenset[str]:
        return frozenset([plain(_checked(pattern, pattern)) for pattern in self.patterns if not _is_range(pattern)])

    @_between.default
    def _ranges(self) -> Mapping[int, tuple[Interval, ...]]:
        found: dict[int, list[Interval]] = {}
        for pattern in self.patterns:
            if _is_range(pattern):
                low, high = _ends(pattern)
                found.setdefault(len(low), []).append((low, high))
        return {length: _merged(intervals) for length, intervals in found.items()}

    def __attrs_post_init__(self) -> None:
        if not self.patterns:
            raise ValueError("There is no postcode. Give at least one, or leave postcodes out.")

    def has(self, postcode: str) -> bool:
        """Whether that postcode is one of them."""
        code = plain(postcode)
        return code in self._exact or any(
            len(code) >= length and _within(code[:length], intervals) for length, intervals in self._between.items()
        )

    def overlaps(self, other: Postcodes) -> bool:
        """Whether some postcode, or one that there could be, is of both."""
        if any(other.has(code) for code in self._exact) or any(self.has(code) for code in other._exact):
            return True
        mine, theirs = self._all(), other._all()
        i = j = 0
        while i < len(mine) and j < len(theirs):
            if mine[i][0] <= theirs[j][1] and theirs[j][0] <= mine[i][1]:
                return True
            if mine[i][1] < theirs[j][1]:
                i += 1
            else:
                j += 1
        return False

    def _all(self) -> tuple[Interval, ...]:
        """All that begin with something between, in order."""
        return _merged([(low, high + _LAST) for intervals in self._between.values() for low, high in intervals])


def _within(code: str, intervals: tuple[Interval, ...]) -> bool:
    i = bisect_right(intervals, (code, _LAST)) - 1
    return i >= 0 and code <= intervals[i][1]


def _merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """In order, and none touching another."""
    found: list[Interval] = []
    for low, high in sorted(intervals):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def _is_range(pattern: str) -> bool:
    return ".." in pattern or pattern.endswith("*")


def _ends(pattern: str) -> Interval:
    if pattern.endswith("*"):
        begin = plain(_checked(pattern[:-1], pattern))
        return begin, begin
    low, high = [plain(_checked(end, pattern)) for end in pattern.split("..", 1)]
    if [letter.isdigit() for letter in low] != [letter.isdigit() for letter in high]:
        raise ValueError(f"The ends of {pattern!r:.30} are not alike. Give both as many characters, letters and digits in the same places.")
    if low > high:
        raise ValueError(f"{pattern!r:.30} ends before it begins. Write the lower one first.")
    return low, high


def _checked(text: str, pattern: str) -> str:
    code = text.replace(" ", "").replace("-", "")
    if not code or len(code) > _LONGEST or not (code.isascii() and code.isalnum()):
        raise ValueError(f"{pattern!r:.30} is no postcode. Write one such as 10115, a beginning such as BT*, or 10000..14199.")
    return text
