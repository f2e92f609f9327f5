"""Addresses: a country's fields, and an address that was checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from checkout_cli.rendering.tables import table
from checkout_core.addresses import Amended, Layout
from checkout_core.customers import Address


def layout_data(layout: Layout) -> dict[str, object]:
    return {
        "country": layout.country,
        "fields": [
            {"name": one.name, "label": one.label, "required": one.required, "examples": list(one.examples)} for one in layout.fields
        ],
        "regions": [{"code": one.code, "name": one.name, "written": one.written} for one in layout.regions],
    }


def layout_words(layout: Layout) -> Iterator[RenderableType]:
    yield table(
        ("field", "called", "required", "such as"),
        ((one.name, one.label, "yes" if one.required else "no", " or ".join(one.examples[:2])) for one in layout.fields),
        keep=("field",),
    )
    if layout.regions:
        yield ""
        yield table(("region", "name", "written"), ((one.code, one.name, one.written) for one in layout.regions), keep=("region",))


def checked_data(address: Address, phone: str | None, changed: Sequence[Amended], lines: Sequence[str]) -> dict[str, object]:
    return {
        "address": {
            "name": address.name,
            "lines": list(address.lines),
            "city": address.city,
            "postcode": address.postcode,
            "country": address.country,
            "region": address.region,
        },
        "phone": phone,
        "amended": [{"place": one.place, "before": one.before, "after": one.after} for one in changed],
        "written": list(lines),
    }


def checked_words(phone: str | None, changed: Sequence[Amended], lines: Sequence[str]) -> Iterator[RenderableType]:
    yield "\n".join(lines)
    if phone is not None:
        yield phone
    if changed:
        yield ""
        yield table(("changed", "typed", "kept"), ((one.place, one.before, one.after) for one in changed), keep=("changed",))
