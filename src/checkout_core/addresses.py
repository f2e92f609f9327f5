"""What a country asks of an address: its fields in order, what is refused, and how it is written on a parcel.

The core has no data of countries: `PlainAddresses` asks the same of all of them. A book with data stands behind the port `AddressBook`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from attrs import field, frozen

from checkout_core.customers import COUNTRIES, Address
from checkout_core.refusals import Refused
from checkout_core.values import masked

Name = Literal["name", "lines", "city", "region", "postcode"]

_REGION_AT_MOST: Final = 20


@frozen
class Region:
    """A part of a country. `code` is what an Address has and prices go by (ISO 3166-2 after the dash), `written` what the post wants.

    Where ISO has no code of its own (islands, military post), it is what the post writes.
    """

    code: str
    name: str
    written: str


@frozen
class AddressField:
    """A field of an address as a form shows it. `name` is that of `Address`; `label` is an English word, one of few: translate by it."""

    name: Name
    label: str
    required: bool
    examples: tuple[str, ...] = ()


@frozen
class Layout:
    """The fields of a country, in the order in which it writes them, and its regions where known; the country itself is no field."""

    country: str
    fields: tuple[AddressField, ...]
    regions: tuple[Region, ...] = ()

    def field(self, name: Name) -> AddressField | None:
        """The field of that name; None if this country has none."""
        return next((one for one in self.fields if one.name == name), None)


@frozen
class Amended:
    """A field that a book wrote otherwise than it was typed, in the only way it can be read. The texts mask themselves (R24)."""

    place: str
    before: str = field(repr=masked)
    after: str = field(repr=masked)


def amended(typed: Address, checked: Address) -> tuple[Amended, ...]:
    """What a book changed of an address: to be shown to the shopper."""
    return tuple(_amended(typed, checked))


def _amended(typed: Address, checked: Address) -> Iterator[Amended]:
    for name in ("name", "city", "postcode", "region", "country"):
        before, after = getattr(typed, name) or "", getattr(checked, name) or ""
        if before != after:
            yield Amended(f"ship_to.{name}", before, after)
    for n, (before, after) in enumerate(zip(typed.lines, checked.lines, strict=True), start=1):
        if before != after:
            yield Amended(f"ship_to.lines[{n}]", before, after)


class PlainAddresses:
    """Asks for a city everywhere, and changes nothing. It knows neither postcodes nor regions, and takes any text for a phone number."""

    def checked(self, address: Address) -> Address | tuple[Refused, ...]:
        """The address as it is; or why it is none."""
        wrong = []
        if not address.city.strip():
            wrong.append(Refused("field-missing", "ship_to.city", "city"))
        if address.region is not None and len(address.region) > _REGION_AT_MOST:
            hint = f"Give at most {_REGION_AT_MOST}."
            wrong.append(Refused("invalid", "ship_to.region", f"{len(address.region)} characters", hint=hint))
        return tuple(wrong) or address

    def layout(self, country: str) -> Layout | Refused:
        """The same fields everywhere."""
        if country not in COUNTRIES:
            return Refused("unknown-country", country[:20])
        return Layout(
            country,
            (
                AddressField("name", "name", True),
                AddressField("lines", "street address", True),
                AddressField("postcode", "postal code", False),
                AddressField("city", "city", True),
                AddressField("region", "region", False),
            ),
        )

    def written(self, address: Address) -> tuple[str, ...]:
        """Name, street, postcode and city, region, country: one line each."""
        parts = (address.name, *address.lines, f"{address.postcode} {address.city}", address.region or "", address.country)
        return tuple(line for part in parts if (line := " ".join(part.split())))

    def phone(self, text: str, country: str | None) -> str | Refused:
        """The text as it is."""
        return text
