"""Money: exact amounts, roundings with a name, splits that lose nothing."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout_core.money import (
    ALLOCATIONS,
    CURRENCIES,
    MAX_MINOR,
    ROUNDINGS,
    Allocation,
    Money,
    Ratio,
    Rounding,
    allocate,
    cash_round,
    divide,
    round_to,
)

unhurried = settings(deadline=None)  # a busy machine is no broken promise

amounts = st.integers(-MAX_MINOR, MAX_MINOR)
positive = st.integers(0, 10**9)
currencies = st.sampled_from(sorted(CURRENCIES))
roundings = st.sampled_from(ROUNDINGS)
methods = st.sampled_from(ALLOCATIONS)
ratios = st.builds(Ratio, st.integers(-(10**9), 10**9), st.integers(1, 10**6))
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)
few_weights = st.lists(st.integers(0, 5), min_size=1, max_size=12).filter(any)  # small numbers: ties, and fewer units than shares
splits = st.tuples(positive, weights) | st.tuples(st.integers(0, 20), few_weights)

PILING = ("rounded_last_rest", "rounded_then_first", "sequential_from_last")  # the roundings of many may meet in one share
EXACT = Context(prec=100)
DECIMAL: dict[Rounding, str] = {
    "half_up": ROUND_HALF_UP,
    "half_down": ROUND_HALF_DOWN,
    "half_even": ROUND_HALF_EVEN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
    "ceiling": ROUND_CEILING,
    "floor": ROUND_FLOOR,
}


# --- amounts ---------------------------------------------------------------------------------------------------------------------


def floats_and_the_like() -> list[Any]:
    return [4.1, 4.0, True, Decimal(4), Fraction(4), "4", None]


@pytest.mark.parametrize("minor", floats_and_the_like(), ids=repr)
def test_only_whole_numbers_are_amounts(minor: Any) -> None:
    """Floats, booleans, decimals and text are refused: an amount is counted, not measured."""
    with pytest.raises(TypeError, match=r"int.*Money\.parse"):
        Money(minor, "EUR")


@pytest.mark.parametrize("currency", ["ABC", "eur", "", "EU", "EURO", "XAU", "€"])
def test_unknown_currencies_are_refused(currency: str) -> None:
    """Only active ISO 4217 codes, as written there."""
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, currency)


def test_a_currency_is_text() -> None:
    """Not the table's row, and nothing else."""
    with pytest.raises(TypeError, match="str"):
        Money(1, CURRENCIES["EUR"])  # type: ignore[arg-type]


def test_the_largest_amount_is_the_largest_exact_one() -> None:
    """2**53 - 1 minor units both ways; one more is refused, wherever it comes from."""
    largest = Money(MAX_MINOR, "EUR")
    assert (-largest).minor == -MAX_MINOR == -(2**53 - 1)
    with pytest.raises(ValueError, match="beyond"):
        Money(MAX_MINOR + 1, "EUR")
    with pytest.raises(ValueError, match="beyond"):
        Money(-MAX_MINOR - 1, "EUR")
    with pytest.raises(ValueError, match="beyond"):
        largest + Money(1, "EUR")
    with pytest.raises(ValueError, match="beyond"):
        largest * 2


def test_money_is_frozen() -> None:
    """An amount never changes under those who hold it."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Money(1, "EUR").minor = 2  # type: ignore[misc]


def test_arithmetic_in_one_currency() -> None:
    """Plus, minus, negation, size, and whole multiples from both sides."""
    assert Money(410, "EUR") + Money(90, "EUR") == Money(500, "EUR")
    assert Money(410, "EUR") - Money(500, "EUR") == Money(-90, "EUR")
    assert -Money(410, "EUR") == Money(-410, "EUR")
    assert abs(Money(-410, "EUR")) == Money(410, "EUR")
    assert Money(410, "EUR") * 3 == 3 * Money(410, "EUR") == Money(1230, "EUR")


def test_a_sum_starts_from_zero_in_a_currency() -> None:
    """`sum` works, and says in which currency nothing is."""
    assert sum([Money(1, "EUR"), Money(2, "EUR")], Money.zero("EUR")) == Money(3, "EUR")
    assert sum([], Money.zero("EUR")) == Money(0, "EUR")


def test_only_nothing_is_false() -> None:
    """Zero is false; a debt is not nothing."""
    assert not Money.zero("EUR")
    assert Money(1, "EUR")
    assert Money(-1, "EUR")


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge])
def test_currencies_do_not_mix(operation: Callable[[Any, Any], Any]) -> None:
    """Adding or ordering two currencies is a mistake, and the error names both."""
    with pytest.raises(ValueError, match="EUR and USD"):
        operation(Money(1, "EUR"), Money(1, "USD"))


def test_equality_between_currencies_is_false() -> None:
    """Asking whether they are the same is no mistake: they are not."""
    assert Money(1, "EUR") != Money(1, "USD")
    assert len({Money(1, "EUR"), Money(1, "USD"), Money(1, "EUR")}) == 2


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge])
@pytest.mark.parametrize("other", [1, 1.5, "1"])
def test_a_bare_number_is_no_money(operation: Callable[[Any, Any], Any], other: Any) -> None:
    """A number without a currency can neither be added nor compared, on either side."""
    with pytest.raises(TypeError):
        operation(Money(1, "EUR"), other)
    with pytest.raises(TypeError):
        operation(other, Money(1, "EUR"))


@pytest.mark.parametrize("times", [0.5, 2.0, True, Decimal(2), Fraction(1, 2), Ratio(1, 2), Money(2, "EUR")], ids=repr)
def test_only_whole_multiples(times: Any) -> None:
    """A rate needs a rounding with a name; `*` has none, so it takes whole numbers only."""
    with pytest.raises(TypeError, match=r"Ratio\.of"):
        Money(1, "EUR") * times


@given(amounts, amounts)
@unhurried
def test_amounts_are_ordered_like_their_minor_units(a: int, b: int) -> None:
    """All four comparisons agree with the whole numbers."""
    one, other = Money(a, "EUR"), Money(b, "EUR")
    assert (one < other, one <= other, one > other, one >= other, one == other) == (a < b, a <= b, a > b, a >= b, a == b)


# --- text ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (410, "EUR", "4.10 EUR"),
        (-410, "EUR", "-4.10 EUR"),
        (-1, "EUR", "-0.01 EUR"),
        (0, "EUR", "0.00 EUR"),
        (410, "JPY", "410 JPY"),
        (410, "KWD", "0.410 KWD"),
        (-5, "CLF", "-0.0005 CLF"),
        (MAX_MINOR, "EUR", "90071992547409.91 EUR"),
    ],
)
def test_text_has_the_decimals_of_the_currency(minor: int, currency: str, text: str) -> None:
    """Written exactly, with as many decimals as ISO 4217 gives the currency."""
    assert str(Money(minor, currency)) == text


@given(amounts, currencies)
@unhurried
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    """Text and back is the same amount, in every currency."""
    money = Money(minor, currency)
    text, _, code = str(money).partition(" ")
    assert Money.parse(text, code) == money


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_a_decimal_too_many_is_refused(currency: str) -> None:
    """Reading never rounds, in any currency; trailing zeros lose nothing."""
    exponent = CURRENCIES[currency].exponent
    assert Money.parse(f"1.{'0' * (exponent + 3)}", currency).minor == 10**exponent
    with pytest.raises(ValueError, match="decimals"):
        Money.parse(f"1.{'0' * exponent}1", currency)


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "4.10 ", " 4.10", "4.10\n", "4 10", "4_100", "4,10", "1,000.00", "+4.10", "--4", "-", ".", ".5", "5.", "1.2.3"],
        *["1e2", "1E2", "nan", "inf", "-inf", "0x10", "1/2", "4.10 EUR", "€4", "４.１０", "٤", "²", "−4", "9" * 101],
    ],
)
def test_other_text_is_refused(text: str) -> None:
    """Signs, spaces, underscores, exponents, nan, quotients and other scripts' digits are not guessed at."""
    with pytest.raises(ValueError, match="is not an amount"):
        Money.parse(text, "EUR")


def test_an_amount_too_large_to_read_is_refused() -> None:
    """The bound holds for text as well."""
    with pytest.raises(ValueError, match="beyond"):
        Money.parse("9" * 40, "EUR")


@pytest.mark.parametrize("text", [4.1, 4, None, b"4.10", Decimal("4.10")], ids=repr)
def test_only_text_is_read(text: Any) -> None:
    """`parse` reads what people or files wrote, and nothing that has been a float."""
    with pytest.raises(TypeError):
        Money.parse(text, "EUR")


def test_an_unknown_currency_is_not_read() -> None:
    """Without its decimals an amount cannot be read."""
    with pytest.raises(ValueError, match="ISO 4217"):
        Money.parse("4.10", "ABC")


def test_currencies_carry_their_iso_facts() -> None:
    """A row says code, number, decimals and name, and the table cannot be changed."""
    assert attrs.astuple(CURRENCIES["KWD"]) == ("KWD", "414", 3, "Kuwaiti Dinar")
    assert all(code == currency.code for code, currency in CURRENCIES.items())
    assert len({currency.numeric for currency in CURRENCIES.values()}) == len(CURRENCIES)
    with pytest.raises(TypeError):
        CURRENCIES["ABC"] = CURRENCIES["EUR"]  # type: ignore[index]


# --- rounding --------------------------------------------------------------------------------------------------------------------


def oracle(numerator: int, denominator: int, mode: Rounding) -> int:
    """The same by Python's decimal module; the three modes it lacks follow from those it has."""
    quotient = EXACT.divide(Decimal(numerator), Decimal(denominator))
    if mode == "half_odd":  # one more makes odd even
        return int((quotient + 1).to_integral_value(ROUND_HALF_EVEN, EXACT)) - 1
    if mode == "half_ceiling":
        mode = "half_up" if numerator >= 0 else "half_down"
    elif mode == "half_floor":
        mode = "half_down" if numerator >= 0 else "half_up"
    return int(quotient.to_integral_value(DECIMAL[mode], EXACT))


@given(st.integers(-(10**20), 10**20) | st.integers(-50, 50), st.integers(1, 10**12) | st.integers(1, 10), roundings)
@settings(deadline=None, max_examples=500)
def test_roundings_agree_with_decimal(numerator: int, denominator: int, mode: Rounding) -> None:
    """Every mode gives what the decimal module gives, for both signs, ties and whole results."""
    assert divide(numerator, denominator, mode) == oracle(numerator, denominator, mode)


@pytest.mark.parametrize("mode", ROUNDINGS)
def test_small_quotients_agree_with_decimal(mode: Rounding) -> None:
    """The same for each quotient of small numbers: no tie is left to luck."""
    for denominator in range(1, 13):
        for numerator in range(-40, 41):
            assert divide(numerator, denominator, mode) == oracle(numerator, denominator, mode), (numerator, denominator)


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_is_positive(denominator: int) -> None:
    """Nothing is divided by zero, and the sign belongs to the numerator."""
    with pytest.raises(ValueError, match="denominator"):
        divide(1, denominator)


@pytest.mark.parametrize("numerator", [1, 2])
def test_an_unknown_rounding_is_refused(numerator: int) -> None:
    """Also when there is nothing to round."""
    with pytest.raises(ValueError, match="half_even"):
        divide(numerator, 2, "bankers")  # type: ignore[arg-type]


@given(ratios, st.integers(1, 1000), roundings)
@unhurried
def test_rounding_to_an_increment_is_one_exact_step(value: Ratio, increment: int, mode: Rounding) -> None:
    """The result is a multiple, less than one increment away, and the one that dividing by the increment says."""
    rounded = round_to(value, increment, mode)
    exact = Fraction(value.numerator, value.denominator)
    assert rounded % increment == 0
    assert abs(rounded - exact) < increment
    assert rounded == increment * oracle(value.numerator, value.denominator * increment, mode)


@pytest.mark.parametrize("increment", [0, -5])
def test_an_increment_is_positive(increment: int) -> None:
    """There is no coin of nothing."""
    with pytest.raises(ValueError, match="increment"):
        cash_round(100, increment, "half_up")


@pytest.mark.parametrize("increment", [0.05, True, "5"])
def test_an_increment_is_an_int(increment: Any) -> None:
    """Coins are counted in minor units."""
    with pytest.raises(TypeError, match="increment"):
        cash_round(100, increment, "half_up")


def test_cash_is_rounded_to_the_smallest_coin() -> None:
    """2.52 and 2.53 in coins of five."""
    assert [cash_round(amount, 5, "half_up") for amount in (252, 253, -252, -253)] == [250, 255, -250, -255]


# --- ratios ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numerator", "denominator"),
    [("0.19", 19, 100), ("12.5", 25, 2), ("101/700", 101, 700), ("-3", -3, 1), ("-2/4", -1, 2), ("0.50", 1, 2), ("0", 0, 1), (7, 7, 1)],
)
def test_ratios_are_read_exactly(text: str | int, numerator: int, denominator: int) -> None:
    """Decimals, quotients and ints, in lowest terms."""
    ratio = Ratio.parse(text)
    assert (ratio.numerator, ratio.denominator) == (numerator, denominator)


@pytest.mark.parametrize(
    "text", ["", " 1", "1e3", "1_0", "nan", "1/0", "1/-2", "0.5/2", "1/2/3", "1/", "/2", "19%", "１", "1/２", "1/" + "9" * 100]
)
def test_other_ratios_are_refused(text: str) -> None:
    """What is not plainly a number is not guessed at."""
    with pytest.raises(ValueError):
        Ratio.parse(text)


@pytest.mark.parametrize("text", [0.19, True, None, Decimal("0.19")], ids=repr)
def test_ratios_are_not_made_of_floats(text: Any) -> None:
    """0.19 as a float is another number."""
    with pytest.raises(TypeError):
        Ratio.parse(text)
    with pytest.raises(TypeError):
        Ratio(text, 1)


@given(ratios)
@unhurried
def test_a_ratio_is_read_back(ratio: Ratio) -> None:
    """Text and back is the same ratio, and the text is the same number to Python's fractions."""
    assert Ratio.parse(str(ratio)) == ratio
    assert Fraction(str(ratio)) == Fraction(ratio.numerator, ratio.denominator)


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**6), st.integers(1, 100))
@unhurried
def test_equal_ratios_are_equal_values(numerator: int, denominator: int, times: int) -> None:
    """However they are written, they compare and hash as one."""
    assert Ratio(numerator, denominator) == Ratio(numerator * times, denominator * times)
    assert hash(Ratio(numerator, denominator)) == hash(Ratio(numerator * times, denominator * times))


def test_a_share_of_an_amount_is_rounded_by_name() -> None:
    """19 % of 2.50 is 47.5: up by default, down when asked."""
    assert Ratio.parse("0.19").of(250) == 48
    assert Ratio.parse("0.19").of(250, "half_down") == 47
    assert Ratio.parse("0.19").of(-250) == -48


# --- splits ----------------------------------------------------------------------------------------------------------------------


@given(st.tuples(amounts, weights) | splits, methods, roundings)
@settings(deadline=None, max_examples=500)
def test_a_split_loses_nothing(split: tuple[int, list[int]], method: Allocation, mode: Rounding) -> None:
    """By every method and rounding, for both signs, the shares add up to the amount."""
    amount, given_weights = split
    assert sum(allocate(amount, given_weights, method, mode=mode)) == amount


@given(splits, methods, roundings)
@settings(deadline=None, max_examples=500)
def test_a_share_lies_between_nothing_and_all(split: tuple[int, list[int]], method: Allocation, mode: Rounding) -> None:
    """No share of a positive amount is negative or exceeds the amount, by any method."""
    amount, given_weights = split
    assert all(0 <= share <= amount for share in allocate(amount, given_weights, method, mode=mode))


@given(splits, methods, roundings)
@unhurried
def test_a_zero_weight_gets_nothing(split: tuple[int, list[int]], method: Allocation, mode: Rounding) -> None:
    """Neither its part nor a spare unit."""
    amount, given_weights = split
    shares = allocate(amount, given_weights, method, mode=mode)
    assert not any(share for share, weight in zip(shares, given_weights, strict=True) if not weight)


@given(splits, st.sampled_from([m for m in ALLOCATIONS if m not in PILING]))
@unhurried
def test_a_share_is_within_one_unit_of_its_exact_part(split: tuple[int, list[int]], method: Allocation) -> None:
    """Nobody pays for another's rounding by more than one minor unit; methods that pile it up apart."""
    amount, given_weights = split
    total = sum(given_weights)
    exact = [Fraction(amount * weight, total) for weight in given_weights]
    assert all(abs(s - e) <= 1 for s, e in zip(allocate(amount, given_weights, method), exact, strict=True))


@given(splits, methods.filter(lambda method: method != "largest_remainder_floor"), roundings)
@unhurried
def test_a_negative_amount_is_split_as_the_mirror_image(split: tuple[int, list[int]], method: Allocation, mode: Rounding) -> None:
    """What is given back is what was taken, share by share."""
    amount, given_weights = split
    taken = allocate(amount, given_weights, method, mode=mode)
    assert allocate(-amount, given_weights, method, mode=mode) == [-share for share in taken]


@given(st.integers(1, 50), st.integers(1, 12))
@unhurried
def test_ties_go_to_the_earlier_entry(amount: int, entries: int) -> None:
    """Equal weights: the first ones have the spare units, each time again."""
    base, spare = divmod(amount, entries)
    for method in ("largest_remainder", "largest_weight", "floor_first"):
        assert allocate(amount, [7] * entries, method) == [base + 1] * spare + [base] * (entries - spare)


@given(splits, methods, st.integers(1, 1000))
@unhurried
def test_only_the_proportion_of_weights_counts(split: tuple[int, list[int]], method: Allocation, times: int) -> None:
    """Weights scaled by a whole number or written as ratios give the same shares."""
    amount, given_weights = split
    shares = allocate(amount, given_weights, method)
    assert allocate(amount, [weight * times for weight in given_weights], method) == shares
    assert allocate(amount, [Ratio(weight, times) for weight in given_weights], method) == shares


@given(splits, methods, st.sampled_from([1, 5, 100]))
@unhurried
def test_shares_are_multiples_of_the_step(split: tuple[int, list[int]], method: Allocation, step: int) -> None:
    """On a grid of coins the split is that of the coins."""
    amount, given_weights = split
    shares = allocate(amount * step, given_weights, method, step=step)
    assert shares == [share * step for share in allocate(amount, given_weights, method)]


@given(splits, methods, st.data())
@unhurried
def test_caps_hold_and_leave_over_only_what_has_no_place(split: tuple[int, list[int]], method: Allocation, data: st.DataObject) -> None:
    """No share exceeds its cap; all is placed, or everyone who may get something is full. Negative amounts mirror."""
    amount, given_weights = split
    caps = data.draw(st.lists(st.integers(0, 2 * amount), min_size=len(given_weights), max_size=len(given_weights)))
    shares = allocate(amount, given_weights, method, caps=caps)
    assert all(0 <= share <= cap for share, cap in zip(shares, caps, strict=True))
    room = sum(cap for cap, weight in zip(caps, given_weights, strict=True) if weight)
    assert sum(shares) == min(amount, room)
    if method != "largest_remainder_floor":
        assert allocate(-amount, given_weights, method, caps=caps) == [-share for share in shares]


def test_what_is_over_a_cap_is_split_again_over_the_others() -> None:
    """100 over three, the first holds 10: its excess of 24 goes to the other two."""
    assert allocate(100, [1, 1, 1], caps=[10, 100, 100]) == [10, 45, 45]


def test_an_entry_exactly_at_its_cap_leaves() -> None:
    """The first share is full at 1 from the start, so it takes no part when the excess of the second is split again."""
    assert allocate(3, [1, 3, 1, 1], caps=[1, 0, 2, 1]) == [1, 0, 1, 1]


def test_caps_and_steps_together() -> None:
    """A cap between two steps counts as the lower one."""
    assert allocate(100, [1, 1], step=5, caps=[12, 100]) == [10, 90]


def test_all_weights_zero_needs_a_decision() -> None:
    """An error unless the caller says what to do: an equal split, or nothing for anyone."""
    with pytest.raises(ValueError, match="zero_total"):
        allocate(100, [0, 0, 0])
    assert allocate(100, [0, 0, 0], zero_total="equal") == [34, 33, 33]
    assert allocate(100, [0, 0, 0], zero_total="zero") == [0, 0, 0]


def test_shares_rounded_up_do_not_leave_a_negative_rest() -> None:
    """Two units over four, each rounded half up, are gone after two: the last gets nothing, not minus one."""
    assert allocate(2, [1, 1, 1, 1], "rounded_last_rest") == [1, 1, 0, 0]
    assert allocate(2, [1, 100, 100, 100], "rounded_then_first") == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("weights_given", "options", "words"),
    [
        ([], {}, "no weights"),
        ([1, -1], {}, "negative"),
        ([Ratio(-1, 2), 1], {}, "negative"),
        ([1], {"method": "by_beauty"}, "largest_remainder"),
        ([1], {"mode": "sideways"}, "half_up"),
        ([1], {"zero_total": "perhaps"}, "equal"),
        ([1], {"step": 0}, "step"),
        ([1], {"step": 3}, "multiple"),
        ([1, 1], {"caps": [1]}, "caps"),
        ([1, 1], {"caps": [1, -1]}, "negative"),
    ],
)
def test_a_split_without_sense_is_refused(weights_given: list[int], options: dict[str, Any], words: str) -> None:
    """No weights, negative ones, unknown names and amounts off the step are mistakes, and the text says what to do."""
    with pytest.raises(ValueError, match=words):
        allocate(100, weights_given, **options)


@pytest.mark.parametrize("wrong", floats_and_the_like(), ids=repr)
def test_a_split_takes_no_floats(wrong: Any) -> None:
    """Not as the amount, a weight, a step or a cap."""
    with pytest.raises(TypeError):
        allocate(wrong, [1])
    with pytest.raises(TypeError):
        allocate(1, [1, wrong])
    with pytest.raises(TypeError):
        allocate(1, [1], step=wrong)
    with pytest.raises(TypeError):
        allocate(1, [1], caps=[wrong])


@given(amounts, currencies, weights, methods)
@unhurried
def test_money_is_split_into_money(minor: int, currency: str, given_weights: list[int], method: Allocation) -> None:
    """The same shares as the ints, in the same currency, adding up to the same amount."""
    money = Money(minor, currency)
    parts = money.allocate(given_weights, method)
    assert [part.minor for part in parts] == allocate(minor, given_weights, method)
    assert sum(parts, Money.zero(currency)) == money
