"""promotions.toml: what makes things cheaper. A promotion may name SKUs, or categories of products.csv, or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from checkout_adapters.files import cells
from checkout_adapters.files.goods import Goods
from checkout_adapters.files.mistakes import shown
from checkout_adapters.files.trees import Table
from checkout_core.money import Money
from checkout_core.promotions import Basis, Kind, Promotion

COUNT_AT_MOST = 1_000_000_000


def read_promotions(document: Table, goods: Goods | None) -> list[Promotion]:
    """The promotions; what is wrong is noted. `goods`: what products.csv says, None if that is unclear."""
    promotions, ids, codes = list[Promotion](), dict[str, int | None](), dict[str, int | None]()
    for table in document.tables("promotions"):
        promotion = _promotion(table, goods)
        for key, seen in (("id", ids), ("code", codes)):
            named = table.values.get(key)
            if not isinstance(named, str):
                continue
            if named in seen:
                table.wrong(key, f"The promotion of line {seen[named]} has this {key} already. Give each its own.")
                promotion = None
            seen.setdefault(named, table.line)
        promotions += [promotion] if promotion is not None else []
    document.close()
    return promotions


def _promotion(table: Table, goods: Goods | None) -> Promotion | None:
    before = len(table.notes.found)
    id_, name, kind = table.text("id", cells.name), table.text("name", cells.words), table.text("kind", _kind)
    percent, amounts = table.text("percent", cells.percent, needed=False), _amounts(table, "amounts")
    skus, code = _skus(table, goods), table.text("code", cells.code, needed=False)
    starts, ends = table.instant("starts"), table.instant("ends")
    minimum, basis = _amounts(table, "minimum"), table.text("minimum_basis", _basis, needed=False)
    limit, per_person = _uses(table, "limit"), _uses(table, "per_person")
    priority = table.whole("priority", least=-1_000_000, most=1_000_000, needed=False)
    exclusive = table.truth("exclusive")
    table.close()
    if len(table.notes.found) > before or id_ is None or name is None or kind is None:
        return None
    try:
        return Promotion(
            id_,
            name,
            kind,
            percent=percent,
            amounts=amounts,
            skus=skus,
            code=code,
            starts=starts,
            ends=ends,
            minimum=minimum,
            minimum_basis=basis or "current",
            limit=limit,
            per_person=per_person,
            priority=priority or 0,
            exclusive=exclusive,
        )
    except ValueError as error:
        table.wrong(None, str(error))
        return None


def _uses(table: Table, key: str) -> int | None:
    return table.whole(key, least=1, most=COUNT_AT_MOST, needed=False)


def _amounts(table: Table, key: str) -> Mapping[str, Money]:
    below, found = table.table(key, needed=False), dict[str, Money]()
    for code in below.others() if below is not None else ():
        assert below is not None
        try:
            cells.currency(code)
        except ValueError as error:
            below.wrong(None, str(error))
            continue
        money = below.text(code, cells.amount(code))
        if money is not None and not money:
            below.wrong(code, "It is zero. Leave the currency out instead.")
        elif money is not None:
            found[code] = money
    return found


def _skus(table: Table, goods: Goods | None) -> set[str] | None:
    skus, categories = table.texts("skus", cells.name, needed=False), table.texts("categories", cells.name, needed=False)
    found = set(skus or ())
    for n, sku in enumerate(skus or ()):
        if goods is not None and sku not in goods.counted:
            table.wrong("skus", f"No row of products.csv has the SKU {shown(sku)} (number {n + 1}). Add the product, or take it out.")
    for category in categories or ():
        if goods is not None and category not in goods.categories:
            known = ", ".join(sorted(goods.categories)) or "none"
            table.wrong("categories", f"No row of products.csv has the category {shown(category)}. Known: {known}.")
        elif goods is not None:
            found |= goods.categories[category]
    if goods is None and table.has("categories"):
        return None  # what they cover is unknown as long as products.csv is: its own mistakes are told
    return found if table.has("skus") or table.has("categories") else None


def _kind(text: str) -> Kind:
    for kind in get_args(Kind):
        if kind == text:
            found: Kind = kind
            return found
    raise ValueError(f"{shown(text)} is not a kind. Use one of {', '.join(get_args(Kind))}.")


def _basis(text: str) -> Basis:
    for basis in get_args(Basis):
        if basis == text:
            found: Basis = basis
            return found
    raise ValueError(f"{shown(text)} is not a basis. Use one of {', '.join(get_args(Basis))}.")
