"""What tax is due, as a shop asks it: of a tax provider, or of its own table. And what holds while the provider is away."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime

from checkout_core.customers import Destination
from checkout_core.errors import CheckoutError
from checkout_core.ports import AsyncTaxProvider, AsyncTaxRates
from checkout_core.tax_provider import TaxEstimate, TaxOutage, TaxSource
from checkout_core.tax_relief import Taxes


async def taxes_due(
    own: AsyncTaxRates,
    provider: AsyncTaxProvider | None,
    outage: TaxOutage,
    to: Destination,
    categories: Sequence[str],
    at: datetime,
) -> tuple[Taxes, TaxSource | None]:
    """What is due there and then, and who says so. With nobody to ask nothing is known, which refuses the sale (G2)."""
    if provider is None:
        return await own.rates(to, categories, at), None
    estimate = await _estimate(provider, to, categories, at)
    if estimate is not None:
        return estimate.rates, TaxSource(provider.name, estimate.reference)
    rates: Taxes = await own.rates(to, categories, at) if outage != "block" else {}
    return rates, TaxSource(provider.name, answered=False)


async def _estimate(provider: AsyncTaxProvider, to: Destination, categories: Sequence[str], at: datetime) -> TaxEstimate | None:
    """What it answers; None if it is away, or what it says makes no sense."""
    answer: object
    try:
        answer = await provider.estimate(to, categories, at)
    except CheckoutError:
        return None
    except Exception as error:
        answer = error
    if isinstance(answer, TaxEstimate):
        return answer
    kind = type(answer).__name__  # no more: its text may hold anything (R24)
    warnings.warn(f"The tax provider {provider.name!r} gave {kind}, which is taken as no answer.", RuntimeWarning, stacklevel=2)
    return None
