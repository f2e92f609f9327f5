"""Issued codes: their batches, and one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType

from checkout_cli.rendering.facts import time_data, time_words
from checkout_cli.rendering.tables import cell, counted, facts, heading, table
from checkout_core.codes import grouped

if TYPE_CHECKING:
    from checkout_cli.wiring import BatchListed, CodeListed


def batch_data(one: BatchListed) -> dict[str, object]:
    """A batch as data."""
    return {
        "batch": one.batch.name,
        "promotion": one.batch.promotion,
        "prefix": one.batch.prefix,
        "until": time_data(one.batch.until),
        "issued": one.issued,
        "issued_at": time_data(one.issued_at),
        "issued_by": one.issued_by,
        "disabled": one.batch.disabled or None,
        "disabled_at": time_data(one.disabled_at),
        "disabled_by": one.disabled_by or None,
        "disabled_codes": one.disabled,
        "held": one.held,
        "used": one.used,
    }


def code_data(one: CodeListed) -> dict[str, object]:
    """A code as data; `code` as it is printed."""
    return {
        "code": grouped(one.issued.code, one.issued.batch.prefix),
        "batch": one.issued.batch.name,
        "until": time_data(one.issued.batch.until),
        "disabled": one.issued.disabled or one.issued.batch.disabled or None,
        "disabled_at": time_data(one.disabled_at),
        "disabled_by": one.disabled_by or None,
        "held": one.held,
        "used": one.used,
    }


def batches_words(found: Sequence[BatchListed]) -> Iterator[RenderableType]:
    """The batches of a promotion."""
    yield heading("Its codes")
    yield table(
        ("batch", "codes", "held", "used", "until", "state"),
        (
            (
                one.batch.name,
                one.issued,
                one.held or cell("0", "dim"),
                one.used or cell("0", "dim"),
                time_words(one.batch.until, "as the promotion"),
                _state(one),
            )
            for one in found
        ),
        right=("codes", "held", "used"),
        keep=("batch",),
        spare=("until", "held"),
    )


def _state(one: BatchListed) -> str:
    if one.batch.disabled:
        return f"disabled: {one.batch.disabled}"
    return f"{one.disabled} disabled" if one.disabled else "counts"


def codes_words(batch: BatchListed, shown: Sequence[CodeListed], limit: int) -> Iterator[RenderableType]:
    """Codes of a batch, each with its uses."""
    yield table(
        ("code", "held", "used", "state"),
        (
            (
                grouped(one.issued.code, batch.batch.prefix),
                one.held or cell("0", "dim"),
                one.used or cell("0", "dim"),
                f"disabled: {one.issued.disabled or batch.batch.disabled}" if one.issued.disabled or batch.batch.disabled else "counts",
            )
            for one in shown
        ),
        right=("held", "used"),
        keep=("code",),
    )
    yield counted(len(shown), limit, "code")


def code_words(one: CodeListed, per_code: int | None) -> Iterator[RenderableType]:
    """What is known of one code."""
    batch = one.issued.batch
    yield heading(f"The code {grouped(one.issued.code, batch.prefix)}")
    disabled = one.issued.disabled or batch.disabled
    yield facts(
        (
            ("batch", batch.name),
            ("good up to", time_words(batch.until) if batch.until else None),
            ("state", f"disabled: {disabled}" if disabled else "counts"),
            ("disabled", f"{time_words(one.disabled_at)} by {one.disabled_by}" if one.disabled_at else None),
            ("held by people who are paying", str(one.held)),
            ("used by orders", str(one.used)),
            ("left", "no limit" if per_code is None else str(max(per_code - one.held - one.used, 0))),
        )
    )
