"""Tax rates to start from, as rows with their source and the days on which they are in force: a copy to be checked, not advice.

    eu-vat          the 27 member states, the United Kingdom, Switzerland and Norway: standard and reduced rates by number
    us-sales-tax    the base rates of the 50 states and the District of Columbia, without those of counties and cities
    india-gst       the slabs since 22 September 2025: CGST with SGST or UTGST within the seller's own state, IGST to all others

Which goods are in which category is for the shop to say: a category such as `reduced-7` is a rate, and no list of goods.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from checkout_adapters.files.mistakes import Notes
from checkout_adapters.files.rates import TAX_COLUMNS, TAX_MAY_HAVE, read_taxes
from checkout_core.tax import TaxTable

SEEDS: Final = ("eu-vat", "us-sales-tax", "india-gst")
COLUMNS: Final = (*TAX_COLUMNS, *TAX_MAY_HAVE)

_SLABS: Final = {"gst-0": "0", "gst-3": "3", "gst-5": "5", "gst-18": "18", "gst-40": "40"}
_HALVES: Final = {"gst-0": "0", "gst-3": "1.5", "gst-5": "2.5", "gst-18": "9", "gst-40": "20"}
_LAW: Final = "CGST Act 2017 s. 9, SGST/UTGST Acts; rates notified from 2025-09-22"
_IGST: Final = "IGST Act 2017 s. 5, s. 7, s. 10; rates notified from 2025-09-22"
STATES: Final = frozenset("AP AR AS BR CT DL GA GJ HP HR JH JK KA KL MH ML MN MP MZ NL OR PB PY RJ SK TG TN TR UP UT WB".split())
"""States, and union territories with a legislature, where State GST is levied (ISO 3166-2:IN, the part after the dash)."""
TERRITORIES: Final = frozenset("AN CH DH LA LD".split())
"""Union territories without a legislature, where Union Territory GST is levied instead (UTGST Act 2017)."""


def seed_csv(name: str, home: str | None = None) -> str:
    """A seed as the text of a taxes.csv. `home` is the seller's own state, for `india-gst`. Raises ValueError."""
    if name not in SEEDS:
        raise ValueError(f"{name[:40]!r} is no table to start from. Use one of {', '.join(SEEDS)}.")
    if name != "india-gst":
        return (files(__name__) / f"{name}.csv").read_text(encoding="utf-8")
    if home is not None and home not in STATES | TERRITORIES:
        raise ValueError(f"{home!r} is no state or territory of India. Use the part of ISO 3166-2 after the dash, such as KA.")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_gst(home))
    return text.getvalue()


def seed_table(name: str, home: str | None = None) -> TaxTable:
    """The same as a table, for a program."""
    notes = Notes("taxes.csv")
    rates = read_taxes(seed_csv(name, home), notes)
    assert rates is not None
    assert not notes.found, notes.found
    return rates.taxes


def _gst(home: str | None) -> Iterator[list[str]]:
    """Place of supply: within the seller's own state half goes to each of the two, everywhere else all of it is integrated."""

    def row(region: str, category: str, tax: str, percent: str, source: str) -> list[str]:
        reason = "zero-rated" if percent == "0" else ""
        rate = f"0.{percent.replace('.', '').zfill(2 + len(percent.partition('.')[2]))}" if percent != "0" else "0"
        return ["IN", region, category, f"{tax} {percent} %", rate, "yes", "no", source, "2025-09-22", "", "Asia/Kolkata", reason]

    for category, half in _HALVES.items() if home is not None else ():
        yield row(home or "", category, "CGST", half, _LAW)
        yield row(home or "", category, "UTGST" if home in TERRITORIES else "SGST", half, _LAW)
    for category, whole in _SLABS.items():
        yield row("", category, "IGST", whole, _IGST)
