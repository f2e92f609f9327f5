"""What a tax provider answers, and what a quote keeps of it.

A provider says which rates are due where; amounts are worked out here, by the one order of calculation. So the parts add up to the total
to the minor unit whoever answered (I12), and a receipt can be recomputed when the provider is long gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import field, frozen

from checkout_core.tax import TaxRate
from checkout_core.values import Table

TaxOutage = Literal["block", "fallback", "provisional"]
REFERENCE_AT_MOST: Final = 200  # characters (R25)


@frozen
class TaxSource:
    """Where the rates of a quote are from: the provider that was asked, and what it calls these rates.

    Not `answered`: it was away, and what stands in the quote is from the shop's own table. A quote without a source is, too: nobody else
    was asked.
    """

    provider: str
    reference: str = ""
    answered: bool = True


def awaited(source: TaxSource | None, outage: TaxOutage) -> str:
    """The provider without whose answer a total is there to be seen but not to be paid: it was away, and our own table stands in; or ""."""
    return source.provider if outage == "provisional" and source is not None and not source.answered else ""


def _rates(given: Mapping[str, tuple[TaxRate, ...] | None]) -> Mapping[str, tuple[TaxRate, ...] | None]:
    found: dict[str, tuple[TaxRate, ...] | None] = {}
    for category, rates in given.items():
        found[category] = None if rates is None else tuple(rates)
        for rate in found[category] or ():
            if not isinstance(rate, TaxRate):
                raise TypeError(f"The taxes of {category} are TaxRates, not {type(rate).__name__}.")
    return Table(found)


@frozen
class TaxEstimate:
    """What a provider answers: the rates of each tax category, None where it does not know them; no tax is `()`.

    `reference` is what it calls these rates (a jurisdiction, an edition of its tables). It stays the same while they do: it is part of
    the quote's hash. Raises TypeError for what are no rates, ValueError for a reference that is too long.
    """

    rates: Mapping[str, tuple[TaxRate, ...] | None] = field(converter=_rates)
    reference: str = ""

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.reference, str):
            raise TypeError(f"A reference is a text, not {type(self.reference).__name__}.")
        if len(self.reference) > REFERENCE_AT_MOST:
            raise ValueError(f"A reference has at most {REFERENCE_AT_MOST} characters, not {len(self.reference)}.")
