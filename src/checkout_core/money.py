"""Whole minor units: `Money`, roundings with a name, exact ratios, and splits that lose nothing.

Functions work on plain ints, because they are the inner loop of pricing; `Money` is the object at the edge. There is no float,
Decimal or Fraction here. `CURRENCIES` at the end of the file is our own ISO 4217 table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import gcd, lcm
from types import MappingProxyType
from typing import Final, Literal, get_args

from attrs import frozen

from checkout_core.values import Table

Rounding = Literal["half_up", "half_down", "half_even", "half_odd", "half_ceiling", "half_floor", "up", "down", "ceiling", "floor"]
ROUNDINGS: Final[tuple[Rounding, ...]] = get_args(Rounding)

Allocation = Literal[
    "floor_first",
    "floor_last",
    "largest_remainder",
    "largest_weight",
    "sequential_from_last",
    "rounded_last_rest",
    "rounded_then_first",
    "cumulative",
    "largest_remainder_floor",
]
ALLOCATIONS: Final[tuple[Allocation, ...]] = get_args(Allocation)

ZeroTotal = Literal["error", "equal", "zero"]
ZERO_TOTALS: Final[tuple[ZeroTotal, ...]] = get_args(ZeroTotal)

MAX_MINOR: Final = 2**53 - 1
"""The largest amount, in minor units, that every JSON reader keeps exactly (RFC 8259, section 6)."""


@frozen
class Currency:
    """One active ISO 4217 currency: alphabetic code, numeric code, number of decimals of the minor unit, name."""

    code: str
    numeric: str
    exponent: int
    name: str


@frozen
class Money:
    """An exact amount: a whole number of minor units and an ISO 4217 code. `Money(410, "EUR")` is 4.10 EUR.

    Raises TypeError for anything but an int, and ValueError for an unknown currency or an amount beyond `MAX_MINOR`. Adding or
    ordering two currencies is a ValueError; `==` between them is False. Sum with `sum(amounts, Money.zero("EUR"))`.
    """

    minor: int
    currency: str

    def __attrs_post_init__(self) -> None:
        if type(self.minor) is not int:  # not isinstance: a bool is an int to Python, and never an amount
            raise TypeError(f"An amount is a whole number of minor units (int), not {_shown(self.minor)}. To read text, use Money.parse.")
        if type(self.currency) is not str:
            raise TypeError(f"A currency is an ISO 4217 code (str), not {_shown(self.currency)}.")
        if self.currency not in _EXPONENTS:
            raise ValueError(f"{self.currency[:40]!r} is not an active ISO 4217 currency. Use a code such as EUR.")
        if not -MAX_MINOR <= self.minor <= MAX_MINOR:
            raise ValueError(f"The amount is beyond {MAX_MINOR} minor units, the largest we keep exactly.")

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in that currency: the start of a sum."""
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """The amount written in major units with a decimal point: `Money.parse("4.10", "EUR")` is 410 minor units.

        Only ASCII digits, one point and a leading minus are read. ValueError for anything else, and for more digits than the currency
        has (ISO 4217 minor unit): rounding is never a side effect of reading. Extra trailing zeros lose nothing and are fine.
        """
        exponent = cls.zero(currency)._exponent
        sign, whole, decimals, _ = _number(text, "an amount such as 4.10", quotients=False)
        if len(decimals.rstrip("0")) > exponent:
            raise ValueError(f"{text!r} has more than the {exponent} decimals of {currency}. Round it first, by name.")
        return cls(sign * int(whole + decimals[:exponent].ljust(exponent, "0")), currency)

    def allocate(
        self,
        weights: Sequence[int | Ratio],
        method: Allocation = "largest_remainder",
        *,
        mode: Rounding = "half_up",
        step: int = 1,
        zero_total: ZeroTotal = "error",
        caps: Sequence[int] | None = None,
    ) -> tuple[Money, ...]:
        """This amount split by `weights`, one share each, with nothing lost: see `allocate`. `step` and `caps` are in minor units."""
        shares = allocate(self.minor, weights, method, mode=mode, step=step, zero_total=zero_total, caps=caps)
        return tuple(Money(share, self.currency) for share in shares)

    def __str__(self) -> str:
        exponent = self._exponent
        if not exponent:
            return f"{self.minor} {self.currency}"
        digits = str(abs(self.minor)).rjust(exponent + 1, "0")
        return f"{'-' if self.minor < 0 else ''}{digits[:-exponent]}.{digits[-exponent:]} {self.currency}"

    def __bool__(self) -> bool:
        return self.minor != 0

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            raise TypeError(f"Money is multiplied by whole numbers only, not {_shown(times)}. For a rate use Ratio.of, with a rounding.")
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.minor > other.minor

    def __ge__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return self.minor >= other.minor

    @property
    def _exponent(self) -> int:
        return _EXPONENTS[self.currency]

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self} and {other} are different currencies: {self.currency} and {other.currency}. Convert one first.")


@frozen(init=False)
class Ratio:
    """An exact rational number, for rates, percents and weights: `Ratio.parse("0.19")` is 19/100, always in lowest terms.

    Raises TypeError for anything but ints, and ValueError for a denominator below 1.
    """

    numerator: int
    denominator: int

    def __init__(self, numerator: int, denominator: int = 1) -> None:
        if type(numerator) is not int or type(denominator) is not int:
            raise TypeError(f"A ratio is made of ints, not {_shown(numerator)} and {_shown(denominator)}. To read text, use Ratio.parse.")
        if denominator < 1:
            raise ValueError(f"The denominator of a ratio is at least 1, not {denominator}.")
        shared = gcd(numerator, denominator)  # lowest terms make equal ratios equal values
        self.__attrs_init__(numerator // shared, denominator // shared)

    @classmethod
    def parse(cls, text: str | int) -> Ratio:
        """The exact number written as a decimal ("0.19", "-3"), as a quotient of whole numbers ("101/700"), or given as an int.

        Raises ValueError for other text (exponents, underscores, spaces, nan, other scripts' digits), TypeError for other types.
        """
        if not isinstance(text, str):
            return cls(text)
        sign, whole, decimals, below = _number(text, "a number such as 0.19 or 101/700", quotients=True)
        return cls(sign * int(whole + decimals), int(below) if below else 10 ** len(decimals))

    def of(self, amount: int, mode: Rounding = "half_up") -> int:
        """This share of a whole `amount`, rounded once: `Ratio.parse("0.19").of(100)` is 19."""
        return divide(amount * self.numerator, self.denominator, mode)

    def __str__(self) -> str:
        """The shortest decimal where one exists ("0.19"), else the quotient ("1/3"); `parse` reads both back."""
        for places in range(_DECIMALS_SHOWN + 1):
            scaled, rest = divmod(abs(self.numerator) * 10**places, self.denominator)
            if rest == 0:
                digits, sign = str(scaled).rjust(places + 1, "0"), "-" if self.numerator < 0 else ""
                return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
        return f"{self.numerator}/{self.denominator}"


def by_currency(amounts: Mapping[str, Money] | Iterable[Money], what: str) -> Mapping[str, Money]:
    """Amounts filed under their currencies, as a value. ValueError for two in one currency, or one filed under another, of `what`."""
    given = list(amounts.values() if isinstance(amounts, Mapping) else amounts)
    table = Table({amount.currency: amount for amount in given})
    if len(table) != len(given):
        raise ValueError(f"{what}: two amounts in one currency. Keep one.")
    if isinstance(amounts, Mapping) and set(table) != set(amounts):
        wrong = next(currency for currency in amounts if amounts[currency].currency != currency)
        raise ValueError(f"{what}: the amount filed under {wrong} is in {amounts[wrong].currency}. File each under its own currency.")
    return table


def divide(numerator: int, denominator: int, mode: Rounding = "half_up") -> int:
    """The exact quotient rounded to a whole number. ValueError for a denominator below 1 or an unknown mode.

    The names are those of Python's `decimal` (General Decimal Arithmetic), with `half_odd`, and `half_ceiling` and `half_floor` for
    ties towards plus and minus infinity. `half_up` sends ties away from zero.
    """
    if denominator < 1:
        raise ValueError(f"The denominator is at least 1, not {denominator}. Move the sign to the numerator.")
    if mode == "half_up":
        twice = 2 * denominator
        return (2 * numerator + denominator) // twice if numerator >= 0 else -((denominator - 2 * numerator) // twice)
    if mode not in _ROUNDINGS:
        raise ValueError(f"{mode!r} is not a rounding. Use one of {', '.join(ROUNDINGS)}.")
    below, rest = divmod(numerator, denominator)  # floored: the answer is `below` or the whole number above it
    if rest == 0:
        return below
    side = 2 * rest - denominator  # negative: nearer to `below`; zero: a tie
    if side and mode.startswith("half_"):
        return below + (side > 0)
    match mode:
        case "half_down" | "down":
            return below + (numerator < 0)
        case "up":
            return below + (numerator > 0)
        case "half_even":
            return below + (below & 1)
        case "half_odd":
            return below + 1 - (below & 1)
        case "half_ceiling" | "ceiling":
            return below + 1
        case _:  # half_floor, floor
            return below


def round_to(value: Ratio | int, increment: int, mode: Rounding = "half_up") -> int:
    """The multiple of `increment` that `value` (in units of one) rounds to, in one exact step: never by way of whole units.

    Rounding 1944.5 to tens gives 1940; by way of 1945 it would give 1950. ValueError for an increment below 1.
    """
    _positive(increment, "increment")
    if isinstance(value, Ratio):
        return increment * divide(value.numerator, value.denominator * increment, mode)
    return increment * divide(value, increment, mode)


def cash_round(amount: int, increment: int, mode: Rounding = "half_up") -> int:
    """The amount to pay in cash, in minor units: the multiple of the smallest coin `increment` that `amount` rounds to."""
    return round_to(amount, increment, mode)


def allocate(
    amount: int,
    weights: Sequence[int | Ratio],
    method: Allocation = "largest_remainder",
    *,
    mode: Rounding = "half_up",
    step: int = 1,
    zero_total: ZeroTotal = "error",
    caps: Sequence[int] | None = None,
) -> list[int]:
    """`amount` split by `weights`: one whole share each, which add up to the amount. A zero weight gets nothing.

    - `method` says who gets the spare units; ties go to the earlier entry. `largest_remainder` (Hamilton) is the default.
      `largest_weight`, `floor_first`, `floor_last` give them to the heaviest, the first, the last; `sequential_from_last` truncates
      what is left over the weights left, from the end; `rounded_last_rest`, `rounded_then_first` and `cumulative` round with `mode`.
    - A negative amount is the mirror image of the positive one; only `largest_remainder_floor` floors towards minus infinity.
    - `step`: shares are multiples of it, and so must the amount be.
    - `zero_total`: all weights zero is an error, an `equal` split, or `zero` for everyone (then nothing is placed).
    - `caps`: the largest size of each share. What is over a cap is split again over the others; what finds no place is not allocated,
      so only then, and with `zero`, may the shares add up to less.

    Raises ValueError for no weights, a negative weight, an amount off the `step`, or an unknown name; TypeError for floats.
    """
    if type(amount) is not int:
        raise TypeError(f"An amount is a whole number of minor units (int), not {_shown(amount)}.")
    if method not in _ALLOCATIONS:
        raise ValueError(f"{method!r} is not a way to allocate. Use one of {', '.join(ALLOCATIONS)}.")
    if mode not in _ROUNDINGS:
        raise ValueError(f"{mode!r} is not a rounding. Use one of {', '.join(ROUNDINGS)}.")
    if zero_total not in ZERO_TOTALS:
        raise ValueError(f"{zero_total!r} does not say what to do when all weights are zero. Use one of {', '.join(ZERO_TOTALS)}.")
    whole = _whole(weights)
    if min(whole) < 0:
        raise ValueError("A weight is negative. Weights are zero or more.")
    if not any(whole):
        if zero_total == "error":
            raise ValueError("All weights are zero, so there is no proportion to split by. Say what to do with zero_total.")
        if zero_total == "zero":
            return [0] * len(whole)
        whole = [1] * len(whole)
    if caps is not None or step != 1 or type(step) is not int:  # True == 1
        return _stepped(amount, whole, method, mode, step, caps)
    return _split(amount, whole, method, mode)


def _split(amount: int, weights: Sequence[int], method: Allocation, mode: Rounding) -> list[int]:
    if amount < 0 and method != "largest_remainder_floor":
        return [-share for share in _split(-amount, weights, method, mode)]
    match method:
        case "largest_remainder" | "largest_remainder_floor":
            return by_remainder(amount, weights)
        case "sequential_from_last":
            return _from_last(amount, weights)
        case "rounded_last_rest":
            return _last_rest(amount, weights, mode)
        case "rounded_then_first":
            return _then_first(amount, weights, mode)
        case "cumulative":
            return _cumulative(amount, weights, mode)
        case _:
            total = sum(weights)
            shares = [amount * weight // total for weight in weights]
            order = [i for i, weight in enumerate(weights) if weight]
            if method == "floor_last":
                order.reverse()
            elif method == "largest_weight":
                order.sort(key=lambda i: -weights[i])  # stable: of equal weights the earlier comes first
            for i in order[: amount - sum(shares)]:
                shares[i] += 1
            return shares


def by_remainder(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` by largest remainder over weights of zero or more that are not all zero. Unchecked: `allocate` is the door."""
    total = sum(weights)
    shares = [amount * weight // total for weight in weights]
    spare = amount - sum(shares)
    if spare:
        rests = [amount * weight % total for weight in weights]
        for i in sorted(range(len(rests)), key=rests.__getitem__, reverse=True)[:spare]:  # stable: ties go to the earlier entry
            shares[i] += 1
    return shares


def _from_last(amount: int, weights: Sequence[int]) -> list[int]:
    shares, left, weight_left = [0] * len(weights), amount, sum(weights)
    for i in reversed(range(len(weights))):
        if weights[i]:
            shares[i] = left * weights[i] // weight_left
            left -= shares[i]
            weight_left -= weights[i]
    return shares


def _last_rest(amount: int, weights: Sequence[int], mode: Rounding) -> list[int]:
    total, left = sum(weights), amount
    last = max(i for i, weight in enumerate(weights) if weight)
    shares = [0] * len(weights)
    for i in range(last):
        shares[i] = min(divide(amount * weights[i], total, mode), left)  # many shares rounded up must not leave a negative rest
        left -= shares[i]
    shares[last] = left
    return shares


def _then_first(amount: int, weights: Sequence[int], mode: Rounding) -> list[int]:
    total = sum(weights)
    shares = [divide(amount * weight, total, mode) for weight in weights]
    missing = amount - sum(shares)
    unit = 1 if missing > 0 else -1
    able = [i for i, weight in enumerate(weights) if weight and shares[i] + unit >= 0]  # no share turns negative
    for i in able[: abs(missing)]:
        shares[i] += unit
    return shares


def _cumulative(amount: int, weights: Sequence[int], mode: Rounding) -> list[int]:
    total, running, placed = sum(weights), 0, 0
    shares = []
    for weight in weights:
        running += weight
        upto = divide(amount * running, total, mode)
        shares.append(upto - placed)
        placed = upto
    return shares


def _stepped(amount: int, weights: Sequence[int], method: Allocation, mode: Rounding, step: int, caps: Sequence[int] | None) -> list[int]:
    """The split counted in steps; a cap between two steps counts as the lower one."""
    _positive(step, "step")
    if amount % step:
        raise ValueError(f"{amount} is not a multiple of the step {step}. Round it first.")
    if caps is None:
        shares = _split(amount // step, weights, method, mode)
    else:
        if len(caps) != len(weights):
            raise ValueError(f"There are {len(caps)} caps for {len(weights)} weights. Give one each.")
        for cap in caps:
            if type(cap) is not int:
                raise TypeError(f"A cap is a whole number of minor units (int), not {_shown(cap)}.")
            if cap < 0:
                raise ValueError("A cap is negative. Caps are sizes: zero or more, whatever the sign of the amount.")
        shares = _capped(amount // step, weights, method, mode, [cap // step for cap in caps])
    return [share * step for share in shares]


def _capped(amount: int, weights: Sequence[int], method: Allocation, mode: Rounding, caps: Sequence[int]) -> list[int]:
    """Each round places all that is left, or at least one entry is full and leaves: so the loop ends."""
    sign = 1 if amount >= 0 else -1
    shares, left, open_ = [0] * len(weights), amount, [i for i, weight in enumerate(weights) if weight]
    while left and open_:
        for i, more in zip(open_, _split(left, [weights[i] for i in open_], method, mode), strict=True):
            shares[i] += more
        left, still_open = 0, []
        for i in open_:
            over = shares[i] - sign * caps[i]
            if over * sign < 0:
                still_open.append(i)
            else:
                left += over
                shares[i] -= over
        open_ = still_open
    return shares


def _whole(weights: Sequence[int | Ratio]) -> Sequence[int]:
    """The same proportions in ints. Ratios cost a pass more; plain ints are only looked at."""
    if not weights:
        raise ValueError("There are no weights to split by. Give at least one.")
    kinds = set(map(type, weights))
    if kinds == {int}:
        return weights  # type: ignore[return-value]
    if not kinds <= {int, Ratio}:
        raise TypeError(f"Weights are ints or Ratios, not {', '.join(sorted(kind.__name__ for kind in kinds - {int, Ratio}))}.")
    ratios = [weight if isinstance(weight, Ratio) else Ratio(weight) for weight in weights]
    common = lcm(*(ratio.denominator for ratio in ratios))
    return [ratio.numerator * (common // ratio.denominator) for ratio in ratios]


def _positive(number: int, name: str) -> None:
    if type(number) is not int:
        raise TypeError(f"The {name} is an int, not {_shown(number)}.")
    if number < 1:
        raise ValueError(f"The {name} is at least 1, not {number}.")


def _number(text: str, wanted: str, *, quotients: bool) -> tuple[int, str, str, str]:
    """Sign, whole digits, decimals, and the denominator of a quotient, each as written."""
    if type(text) is not str:
        raise TypeError(f"{_shown(text)} is not text. Write {wanted}.")
    match = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None or (match["below"] and not quotients):
        raise ValueError(f"{text[:40]!r} is not {wanted}.")
    return -1 if match["sign"] else 1, match["whole"], match["decimals"] or "", match["below"] or ""


def _shown(value: object) -> str:
    return f"{type(value).__name__} {str(value)[:40]!r}"


_LONGEST: Final = 100  # longer text is no number a shop works with, and reading digits takes quadratic time
_DECIMALS_SHOWN: Final = 20
_NUMBER: Final = re.compile(r"(?P<sign>-)?(?P<whole>[0-9]+)(?:\.(?P<decimals>[0-9]+)|/(?P<below>[0-9]+))?")  # [0-9]: \d has other scripts
_ROUNDINGS: Final = frozenset(ROUNDINGS)
_ALLOCATIONS: Final = frozenset(ALLOCATIONS)

# ISO 4217, active codes with a minor unit: code, number, decimals, name. No metals, test codes or withdrawn currencies.
_ISO_4217: Final = """
AED 784 2 UAE Dirham; AFN 971 2 Afghani; ALL 008 2 Lek; AMD 051 2 Armenian Dram; AOA 973 2 Kwanza; ARS 032 2 Argentine Peso;
AUD 036 2 Australian Dollar; AWG 533 2 Aruban Florin; AZN 944 2 Azerbaijan Manat; BAM 977 2 Convertible Mark; BBD 052 2 Barbados Dollar;
BDT 050 2 Taka; BHD 048 3 Bahraini Dinar; BIF 108 0 Burundi Franc; BMD 060 2 Bermudian Dollar; BND 096 2 Brunei Dollar;
BOB 068 2 Boliviano; BOV 984 2 Mvdol; BRL 986 2 Brazilian Real; BSD 044 2 Bahamian Dollar; BTN 064 2 Ngultrum; BWP 072 2 Pula;
BYN 933 2 Belarusian Ruble; BZD 084 2 Belize Dollar; CAD 124 2 Canadian Dollar; CDF 976 2 Congolese Franc; CHE 947 2 WIR Euro;
CHF 756 2 Swiss Franc; CHW 948 2 WIR Franc; CLF 990 4 Unidad de Fomento; CLP 152 0 Chilean Peso; CNY 156 2 Yuan Renminbi;
COP 170 2 Colombian Peso; COU 970 2 Unidad de Valor Real; CRC 188 2 Costa Rican Colon; CUP 192 2 Cuban Peso; CVE 132 2 Cabo Verde Escudo;
CZK 203 2 Czech Koruna; DJF 262 0 Djibouti Franc; DKK 208 2 Danish Krone; DOP 214 2 Dominican Peso; DZD 012 2 Algerian Dinar;
EGP 818 2 Egyptian Pound; ERN 232 2 Nakfa; ETB 230 2 Ethiopian Birr; EUR 978 2 Euro; FJD 242 2 Fiji Dollar;
FKP 238 2 Falkland Islands Pound; GBP 826 2 Pound Sterling; GEL 981 2 Lari; GHS 936 2 Ghana Cedi; GIP 292 2 Gibraltar Pound;
GMD 270 2 Dalasi; GNF 324 0 Guinean Franc; GTQ 320 2 Quetzal; GYD 328 2 Guyana Dollar; HKD 344 2 Hong Kong Dollar; HNL 340 2 Lempira;
HTG 332 2 Gourde; HUF 348 2 Forint; IDR 360 2 Rupiah; ILS 376 2 New Israeli Sheqel; INR 356 2 Indian Rupee; IQD 368 3 Iraqi Dinar;
IRR 364 2 Iranian Rial; ISK 352 0 Iceland Krona; JMD 388 2 Jamaican Dollar; JOD 400 3 Jordanian Dinar; JPY 392 0 Yen;
KES 404 2 Kenyan Shilling; KGS 417 2 Som; KHR 116 2 Riel; KMF 174 0 Comorian Franc; KPW 408 2 North Korean Won; KRW 410 0 Won;
KWD 414 3 Kuwaiti Dinar; KYD 136 2 Cayman Islands Dollar; KZT 398 2 Tenge; LAK 418 2 Lao Kip; LBP 422 2 Lebanese Pound;
LKR 144 2 Sri Lanka Rupee; LRD 430 2 Liberian Dollar; LSL 426 2 Loti; LYD 434 3 Libyan Dinar; MAD 504 2 Moroccan Dirham;
MDL 498 2 Moldovan Leu; MGA 969 2 Malagasy Ariary; MKD 807 2 Denar; MMK 104 2 Kyat; MNT 496 2 Tugrik; MOP 446 2 Pataca; MRU 929 2 Ouguiya;
MUR 480 2 Mauritius Rupee; MVR 462 2 Rufiyaa; MWK 454 2 Malawi Kwacha; MXN 484 2 Mexican Peso;
MXV 979 2 Mexican Unidad de Inversion (UDI); MYR 458 2 Malaysian Ringgit; MZN 943 2 Mozambique Metical; NAD 516 2 Namibia Dollar;
NGN 566 2 Naira; NIO 558 2 Cordoba Oro; NOK 578 2 Norwegian Krone; NPR 524 2 Nepalese Rupee; NZD 554 2 New Zealand Dollar;
OMR 512 3 Rial Omani; PAB 590 2 Balboa; PEN 604 2 Sol; PGK 598 2 Kina; PHP 608 2 Philippine Peso; PKR 586 2 Pakistan Rupee;
PLN 985 2 Zloty; PYG 600 0 Guarani; QAR 634 2 Qatari Rial; RON 946 2 Romanian Leu; RSD 941 2 Serbian Dinar; RUB 643 2 Russian Ruble;
RWF 646 0 Rwanda Franc; SAR 682 2 Saudi Riyal; SBD 090 2 Solomon Islands Dollar; SCR 690 2 Seychelles Rupee; SDG 938 2 Sudanese Pound;
SEK 752 2 Swedish Krona; SGD 702 2 Singapore Dollar; SHP 654 2 Saint Helena Pound; SLE 925 2 Leone; SOS 706 2 Somali Shilling;
SRD 968 2 Surinam Dollar; SSP 728 2 South Sudanese Pound; STN 930 2 Dobra; SVC 222 2 El Salvador Colon; SYP 760 2 Syrian Pound;
SZL 748 2 Lilangeni; THB 764 2 Baht; TJS 972 2 Somoni; TMT 934 2 Turkmenistan New Manat; TND 788 3 Tunisian Dinar; TOP 776 2 Pa’anga;
TRY 949 2 Turkish Lira; TTD 780 2 Trinidad and Tobago Dollar; TWD 901 2 New Taiwan Dollar; TZS 834 2 Tanzanian Shilling;
UAH 980 2 Hryvnia; UGX 800 0 Uganda Shilling; USD 840 2 US Dollar; USN 997 2 US Dollar (Next day);
UYI 940 0 Uruguay Peso en Unidades Indexadas (UI); UYU 858 2 Peso Uruguayo; UYW 927 4 Unidad Previsional; UZS 860 2 Uzbekistan Sum;
VED 926 2 Bolívar Soberano; VES 928 2 Bolívar Soberano; VND 704 0 Dong; VUV 548 0 Vatu; WST 882 2 Tala; XAD 396 2 Arab Accounting Dinar;
XAF 950 0 CFA Franc BEAC; XCD 951 2 East Caribbean Dollar; XCG 532 2 Caribbean Guilder; XOF 952 0 CFA Franc BCEAO; XPF 953 0 CFP Franc;
YER 886 2 Yemeni Rial; ZAR 710 2 Rand; ZMW 967 2 Zambian Kwacha; ZWG 924 2 Zimbabwe Gold
"""

CURRENCIES: Final[Mapping[str, Currency]] = MappingProxyType(
    {row[0]: Currency(row[0], row[1], int(row[2]), row[3]) for row in (entry.split(maxsplit=3) for entry in _ISO_4217.strip().split(";"))}
)
_EXPONENTS: Final[dict[str, int]] = {code: currency.exponent for code, currency in CURRENCIES.items()}  # a plain dict: faster to ask
