"""Who owes less tax than the table says, and by what evidence: exemptions, and the reverse charge between businesses.

These are rules over facts. That a certificate or a VAT number is genuine is for the host to check, before it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from attrs import evolve

from checkout_core.customers import Destination, Exemption, VatId
from checkout_core.money import Ratio
from checkout_core.tax import TaxRate, ZeroReason

Taxes = Mapping[str, tuple[TaxRate, ...] | None]

EU: Final = frozenset("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split())
"""The member states of the European Union (ISO 3166-1), whose VAT is one system (Directive 2006/112/EC)."""


def relieved(
    taxes: Taxes, exemptions: Iterable[Exemption], vat_id: VatId | None, seller: str | None, to: Destination, now: datetime
) -> Taxes:
    """The rates that are due: those of the table, each at zero where an exemption or the reverse charge says so.

    What is not known stays unknown: nobody is exempt from a tax that was never looked up (G2). `seller` is the country the shop sells
    from. A buyer in another member state of the Union, with a checked number of that state, owes the tax themselves.
    """
    charged_there = vat_id is not None and seller in EU and to.country in EU and to.country != seller and vat_id.country == to.country
    if not charged_there and not exemptions:
        return taxes
    found = dict(taxes)
    for category, rates in taxes.items():
        exemption = next((one for one in exemptions if one.covers(to, category, now)), None)
        if rates is None:
            continue
        if exemption is not None:
            found[category] = _zero(rates, f"Exempt ({exemption.evidence})", exemption.reason)
        elif charged_there and vat_id is not None:
            found[category] = _zero(rates, f"Reverse charge ({vat_id.number})", "reverse-charge")
    return found


def _zero(rates: tuple[TaxRate, ...], code: str, reason: ZeroReason) -> tuple[TaxRate, ...]:
    """One rate of zero in their place; what is zero already keeps its own reason."""
    if not any(rate.rate.numerator for rate in rates):
        return rates
    included = any(rate.included for rate in rates)
    return (evolve(rates[0], code=code, rate=Ratio(0), included=included, compound=False, reason=reason),)
