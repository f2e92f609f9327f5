"""Sets of postcodes, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.postcodes import Postcodes, near, plain

CODES = st.text("019AB", min_size=1, max_size=4)
PATTERNS = st.one_of(
    CODES,
    CODES.map(lambda code: f"{code}*"),
    st.lists(st.text("0159", min_size=2, max_size=2), min_size=2, max_size=2).map(lambda ends: "..".join(sorted(ends))),
)


def has(pattern: str, code: str) -> bool:
    """What one pattern means, said the long way round."""
    if pattern.endswith("*"):
        return code.startswith(pattern[:-1])
    if ".." in pattern:
        low, high = pattern.split("..")
        return len(code) >= len(low) and low <= code[: len(low)] <= high
    return code == pattern


@given(st.lists(PATTERNS, min_size=1, max_size=5), CODES)
def test_a_set_has_what_one_of_its_patterns_has(patterns: list[str], code: str) -> None:
    assert Postcodes(patterns).has(code) is any(has(pattern, code) for pattern in patterns)


@given(st.lists(PATTERNS, min_size=1, max_size=4), st.lists(PATTERNS, min_size=1, max_size=4), CODES)
def test_sets_that_share_a_code_overlap(one: list[str], other: list[str], code: str) -> None:
    """And it makes no difference which of them is asked."""
    mine, theirs = Postcodes(one), Postcodes(other)
    assert mine.overlaps(theirs) is theirs.overlaps(mine)
    if mine.has(code) and theirs.has(code):
        assert mine.overlaps(theirs)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("10000..10999", "11000..11999", False),
        ("BT*", "BS*", False),
        ("10115", "10117", False),
        ("99501", "9950", False),
        ("1000..1009", "10115", False),
        ("1000..1199", "10115", True),
        ("AB1*", "AB1", True),
        ("AB1*", "AB12..AB15", True),
    ],
)
def test_sets_overlap_if_some_code_could_be_of_both(one: str, other: str, both: bool) -> None:
    assert Postcodes([one]).overlaps(Postcodes([other])) is both


def test_capitals_spaces_and_dashes_make_no_difference() -> None:
    codes = Postcodes(["bt1 *", "SW1A 1AA", "1010-001..1010-999"])
    assert codes.has("BT1 5GS")
    assert codes.has("sw1a1aa")
    assert codes.has("1010 500")
    assert not codes.has("1011-001")


def test_a_range_looks_at_the_first_characters() -> None:
    """American ZIP+4 lies where its ZIP code does, and what is shorter than a range lies in none."""
    alaska = Postcodes(["99501..99950"])
    assert alaska.has("99701-1234")
    assert not alaska.has("997")


@pytest.mark.parametrize(
    ("patterns", "words"),
    [
        ([], "no postcode"),
        ([""], "no postcode"),
        (["*"], "no postcode"),
        (["10115;10117"], "no postcode"),
        (["1234567890123"], "no postcode"),
        (["200..100"], "ends before it begins"),
        (["100..20"], "not alike"),
        (["1A..11"], "not alike"),
        (["..11"], "no postcode"),
        (["Å1"], "no postcode"),
    ],
)
def test_what_says_nothing_is_refused(patterns: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Postcodes(patterns)


def test_a_text_is_no_list() -> None:
    with pytest.raises(TypeError, match="list of postcodes"):
        Postcodes("10115")


def test_neighbours_begin_alike() -> None:
    assert near("10115", "10119") == 4
    assert near("BT1 5GS", "bt15xx") == 4
    assert near(None, "10115") == near("", None) == 0
    assert plain(" sw1a-1aa ") == "SW1A1AA"


def test_ten_thousand_patterns_are_looked_up_by_halves() -> None:
    """A table of a whole country: a look costs comparisons by the logarithm, whatever was written."""
    many = Postcodes([f"{n:05}..{n + 4:05}" for n in range(0, 99_990, 10)])
    assert max(len(intervals) for intervals in many._between.values()) == 9_999
    assert many.has("55553")
    assert not many.has("55557")
