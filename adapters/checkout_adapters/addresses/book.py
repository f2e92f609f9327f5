"""The address book of all countries."""

from __future__ import annotations

import re
import unicodedata

from attrs import evolve

from checkout_adapters.addresses.countries import FIELDS, Country, country_of, squeezed
from checkout_adapters.addresses.phones import read_phone
from checkout_core.addresses import Layout
from checkout_core.customers import Address
from checkout_core.refusals import Refused


class I18nAddresses:
    """Checks what a country requires, its postcodes, its regions, and phone numbers, by data that come with the libraries.

    It writes spaces, the case and the separators of postcodes, and regions as their codes: these have one reading. What has none, or two,
    is refused.
    """

    def checked(self, address: Address) -> Address | tuple[Refused, ...]:
        """The address with its region as a code and its postcode in the country's form; or one refusal for each field that is wrong."""
        country = country_of(address.country)
        if country is None:
            return (Refused("unknown-country", address.country[:20]),)
        read = evolve(
            address,
            name=squeezed(address.name),
            lines=tuple(map(squeezed, address.lines)),
            city=squeezed(address.city),
            postcode=squeezed(address.postcode),
            region=squeezed(address.region or "") or None,
        )
        wrong = [_missing(letter, country) for letter in FIELDS if letter in country.required and not _text_of(read, letter)]
        if read.region is not None and country.parts:
            part = country.part(read.region)
            if part is None:
                wrong.append(Refused("unknown-region", "ship_to.region", f"{country.labels['S']} of {country.code}", hint=_known(country)))
            else:
                read = evolve(read, region=part.region.code)
        if read.postcode:
            wrong += _located(read, country)
            read = evolve(read, postcode=country.postcode(read.postcode) or "")
        return tuple(wrong) or read

    def layout(self, country: str) -> Layout | Refused:
        """The fields and regions of that country."""
        known = country_of(country)
        if known is None:
            return Refused("unknown-country", country[:20])
        return Layout(known.code, known.fields(), tuple(part.region for part in known.parts))

    def written(self, address: Address) -> tuple[str, ...]:
        """The lines of an address, its country last, as the post there wants them; an address in Latin letters in the order for those."""
        country = country_of(address.country)
        if country is None:
            return ()
        texts = (address.name, *address.lines, address.city)
        latin = all(_is_latin(letter) for text in texts for letter in text)
        part = country.part(address.region) if address.region else None
        region = address.region or "" if part is None else part.latin if latin else part.region.written
        values = {
            "N": squeezed(address.name),
            "A": "\n".join(map(squeezed, address.lines)),
            "C": squeezed(address.city),
            "S": region,
            "Z": squeezed(address.postcode),
        }
        values = {letter: text.upper() if letter in country.upper else text for letter, text in values.items()}
        form = _form_for(values, country.latin if latin else country.native, country)
        lines = [line for row in form.split("%n") for line in _row(row, values).split("\n") if line]
        return (*lines, country.name) if country.name not in lines else tuple(lines)

    def phone(self, text: str, country: str | None) -> str | Refused:
        """The number in E.164."""
        return read_phone(text, country)


def _text_of(address: Address, letter: str) -> str:
    value: str | tuple[str, ...] | None = getattr(address, FIELDS[letter])
    return (value or "") if isinstance(value, str | None) else "".join(value)


def _missing(letter: str, country: Country) -> Refused:
    hint = _known(country) if letter == "S" and country.parts else _example(country) if letter == "Z" else ""
    return Refused("field-missing", f"ship_to.{FIELDS[letter]}", country.labels[letter], hint=hint)


def _located(address: Address, country: Country) -> list[Refused]:
    """Why this postcode is none there; or none of the region, if that is known."""
    postcode, part = country.postcode(address.postcode), country.part(address.region) if address.region else None
    if postcode is None:
        return [Refused("postcode-format", "ship_to.postcode", f"{country.labels['Z']} of {country.code}", hint=_example(country))]
    if part is not None and country.postcodes is not None and not part.has(postcode):
        return [Refused("postcode-elsewhere", "ship_to.postcode", part.region.name)]
    return []


def _example(country: Country) -> str:
    return f"Write one such as {' or '.join(country.examples[:2])}."


def _known(country: Country) -> str:
    named = [part.region for part in country.parts]
    return f"Known: {', '.join(one.code if one.code == one.name else f'{one.code} {one.name}' for one in named)}."


def _is_latin(letter: str) -> bool:
    return not letter.isalpha() or unicodedata.name(letter, "LATIN").startswith("LATIN")


def _form_for(values: dict[str, str], form: str, country: Country) -> str:
    """The form with a place for what this country has no field for, and without the sign before a postcode that is not there."""
    if values["C"] and "%C" not in form:
        inward = not form.startswith(("%N", "%O"))  # from the largest to the smallest
        form = form.replace("%A", "%C%n%A" if inward else "%A%n%C")
    if values["Z"] and "%Z" not in form:
        form = form.replace("%C", "%C %Z") if values["C"] else f"{form}%n%Z"
    if not values["Z"]:
        form = re.sub(f"(?:〒|{re.escape(country.prefix)})%Z", "%Z", form)
    return form


def _row(row: str, values: dict[str, str]) -> str:
    """One row of the form, filled in; what stands between two fields is left out where one of them is empty."""
    said = re.sub("%([A-Z])", lambda found: values.get(found[1], ""), row)
    if all(values.get(letter) for letter in re.findall("%([A-Z])", row)):
        return said
    return "\n".join(map(squeezed, said.strip(" ,-").split("\n")))
