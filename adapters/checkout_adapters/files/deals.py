"""promotions.toml: what makes things cheaper. A promotion may name SKUs, or categories of products.csv, or both."""

from __future__ import annotations

from typing import get_args

from checkout_adapters.files import cells
from checkout_adapters.files.conditions import read_conditions
from checkout_adapters.files.gains import COUNT_AT_MOST, Known, amounts, assortment, contradiction, read_gain, skus
from checkout_adapters.files.trees import Table
from checkout_core.errors import BadSetting
from checkout_core.promotions import Assortment, Promotion
from checkout_core.promotions.rules import Basis
from checkout_core.promotions.windows import Span, Window


def read_promotions(document: Table, known: Known) -> list[tuple[Promotion, int | None]]:
    """The promotions, each with its line; what is wrong is noted."""
    promotions, ids, codes = list[tuple[Promotion, int | None]](), dict[str, int | None](), dict[str, int | None]()
    for table in document.tables("promotions"):
        promotion = _promotion(table, known)
        for key, seen in (("id", ids), ("code", codes)):
            named = table.values.get(key)
            if not isinstance(named, str):
                continue
            if named in seen:
                table.wrong(key, f"The promotion of line {seen[named]} has this {key} already. Give each its own.")
                promotion = None
            seen.setdefault(named, table.line)
        promotions += [(promotion, table.line)] if promotion is not None else []
    document.close()
    return promotions


def _promotion(table: Table, known: Known) -> Promotion | None:
    before = len(table.notes.found)
    id_, name, gain = table.text("id", cells.name), table.text("name", cells.words), read_gain(table, known)
    code, starts, ends = table.text("code", cells.code, needed=False), table.instant("starts"), table.instant("ends")
    minimum, least_of = amounts(table, "minimum"), skus(table, known, "minimum_skus", None)
    basis: Basis = table.text("minimum_basis", cells.one_of("a basis", get_args(Basis)), needed=False) or "current"
    if table.has("minimum_basis") and not table.has("minimum"):
        table.wrong("minimum_basis", "It is about a minimum, and there is none. Give a minimum, or leave it out.")
    limit, per_person, over = _uses(table, "limit"), _uses(table, "per_person"), _uses(table, "over")
    by_code, per_code = table.truth("by_code"), _uses(table, "per_code")
    window, budget, cancelled = _window(table), amounts(table, "budget"), _when_cancelled(table)
    priority = table.whole("priority", least=-1_000_000, most=1_000_000, needed=False)
    exclusive, group = table.truth("exclusive"), table.text("group", cells.name, needed=False)
    lane, full_price = table.text("lane", cells.name, needed=False), table.truth("full_price")
    when, left_out = read_conditions(table, known), _left_out(table, known)
    kind = table.values.get("kind")
    table.close(where=f"in a promotion of the kind {kind}" if gain is not None else "here")
    if len(table.notes.found) > before or id_ is None or name is None or gain is None:
        return None
    goods = gain.goods
    try:
        return Promotion(
            id_,
            name,
            gain.benefit,
            skus=None if goods is None or (goods and not goods.skus) else goods.skus,
            categories=goods.categories or None if goods else None,
            attributes=goods.attributes or None if goods else None,
            but_not=left_out,
            methods=gain.methods,
            when=when,
            code=code,
            by_code=by_code,
            per_code=per_code if table.has("per_code") or not by_code else 1,
            starts=starts,
            ends=ends,
            minimum=minimum,
            minimum_basis=basis,
            minimum_skus=least_of,
            limit=limit,
            per_person=per_person,
            over=over or 0,
            window=window,
            budget=budget,
            kept_when_cancelled=cancelled,
            priority=priority or 0,
            exclusive=exclusive,
            group=group,
            lane=lane or "",
            full_price=full_price,
        )
    except BadSetting as error:
        contradiction(table, error)
        return None


def _window(table: Table) -> Window | None:
    """So many uses in each hour, day, week or month."""
    below = table.table("window", needed=False)
    if below is None:
        return None
    uses, zone = below.whole("uses", least=1, most=COUNT_AT_MOST), below.text("zone", cells.words, needed=False)
    per: Span | None = below.text("per", cells.one_of("a span of time", get_args(Span)))
    a_person, before = below.truth("a_person"), len(table.notes.found)
    below.close()
    if uses is None or per is None or len(table.notes.found) > before:
        return None
    try:
        return Window(uses, per, zone or "UTC", a_person)
    except BadSetting as error:
        below.wrong("zone", f"{error.problem[:1].upper()}{error.problem[1:]}. {error.cure}")
        return None


def _when_cancelled(table: Table) -> bool:
    """Whether a cancelled order keeps what it used; by default it gives that back."""
    return table.text("when_cancelled", cells.one_of("what becomes of its uses", ("given_back", "kept")), needed=False) == "kept"


def _left_out(table: Table, known: Known) -> Assortment | None:
    """The goods under `but_not`."""
    below = table.table("but_not", needed=False)
    if below is None:
        return None
    goods = assortment(below, known)
    below.close()
    if goods is None or not goods:
        below.wrong(None, "It names no goods. Give skus, categories or attributes, or leave it out.")
    return goods


def _uses(table: Table, key: str) -> int | None:
    return table.whole(key, least=1, most=COUNT_AT_MOST, needed=False)
