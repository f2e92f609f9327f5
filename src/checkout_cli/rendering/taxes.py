"""Tax rates: by category, with their source and their days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import RenderableType

from checkout_cli.rendering.tables import cell, table
from checkout_core.money import Ratio
from checkout_core.tax import TaxRate, TaxRow


def rows_data(rows: Sequence[TaxRow]) -> list[dict[str, object]]:
    return [
        {
            "country": row.country,
            "region": row.region,
            "category": row.category,
            "rates": [
                {
                    "code": rate.code,
                    "percent": _percent(rate),
                    "included": rate.included,
                    "compound": rate.compound,
                    "reason": rate.reason,
                }
                for rate in row.rates
            ],
            "since": None if row.since is None else row.since.isoformat(),
            "until": None if row.until is None else row.until.isoformat(),
            "zone": row.zone,
            "source": row.source,
        }
        for row in rows
    ]


_AWAY: Final = {
    "block": "nothing is sold",
    "fallback": "these rows hold",
    "provisional": "these rows make a total to look at, and nothing is paid",
}


def place_words(rows: Sequence[TaxRow], provider: Mapping[str, str] | None = None) -> Iterator[RenderableType]:
    if provider is not None:
        away = _AWAY[provider["outage"]]
        yield f"{provider['name']} is asked first. While it is away {away}."
    yield table(
        ("category", "tax", "percent", "how", "since", "until", "source"),
        (
            (
                row.category if n == 0 else "",
                rate.code,
                _percent(rate),
                _how(rate),
                (row.since or cell("", "dim")) if n == 0 else "",
                (row.until or cell("", "dim")) if n == 0 else "",
                row.source if n == 0 else "",
            )
            for row in rows
            for n, rate in enumerate(row.rates)
        ),
        right=("percent",),
        keep=("tax",),
        spare=("source", "until", "since"),
    )


def _percent(rate: TaxRate) -> str:
    return str(Ratio(rate.rate.numerator * 100, rate.rate.denominator))


def _how(rate: TaxRate) -> str:
    if rate.reason is not None:
        return rate.reason
    return f"{'inside the price' if rate.included else 'on top'}{', on the taxes above too' if rate.compound else ''}"
