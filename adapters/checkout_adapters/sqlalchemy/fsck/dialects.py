"""The few words in which databases differ, spelled out for one of them. Everything else in the checks is plain SQL.

    TEXT_OF(x, 'a.b')            what a document says there, as text; NULL if it says nothing, or is no document
    INT_OF(x, 'a.b')             … as a whole number        TIME_OF(…) … as an instant        BOOL_OF(…) … as true or false
    EACH_OF(x, 'a') AS y         its items, one a row, if it is a list: `y.value`, and PLACE_OF(y) counts them from 1
    DUE_OF(q), CARDS_OF(q), ROUNDED_OF(q)   figures of a quote; those of the first version have none of these, and the total is due
    IS_JSON(x)                   whether it is a document at all
    a DIFFERS FROM b             unequal, where NULL is equal to NULL
    WITH_GATEWAY                 the gateway's own record as the table `gateway` (key, payment_id, currency, captured, …)

A document that cannot be read says nothing, so that only the check of documents speaks of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

GATEWAY: Final = """WITH gateway AS MATERIALIZED (
    SELECT TEXT_OF(g.value, 'key') AS key, REPLACE(TEXT_OF(g.value, 'key'), '/authorize', '') AS payment_id,
           TEXT_OF(g.value, 'currency') AS currency, INT_OF(g.value, 'captured') AS captured,
           INT_OF(g.value, 'refunded') AS refunded, TEXT_OF(g.value, 'state') AS state
    FROM EACH_OF(:gateway, 'rows') AS g
)"""

_FIGURES: Final = {
    "DUE": "COALESCE(INT_OF({0}.document, 'totals.due'), INT_OF({0}.document, 'totals.total'))",
    "CARDS": "COALESCE(INT_OF({0}.document, 'totals.cards') + INT_OF({0}.document, 'totals.card_tax'), 0)",
    "ROUNDED": "COALESCE(INT_OF({0}.document, 'totals.rounded'), 0)",
}
_FIGURE: Final = re.compile(r"(DUE|CARDS|ROUNDED)_OF\((\w+)\)")
_EACH: Final = re.compile(r"EACH_OF\(([\w.:]+), '([\w.]*)'\) AS (\w+)")
_PLACE: Final = re.compile(r"PLACE_OF\((\w+)\)")
_VALUE: Final = re.compile(r"(TEXT|INT|TIME|BOOL)_OF\(([\w.:]+), '([\w.]*)'\)")
_JSON: Final = re.compile(r"IS_JSON\(([\w.]+)\)")


@cache
def spelled(sql: str, dialect: str) -> str:
    """The statement in the words of that database. Raises ValueError for one we do not know."""
    if dialect not in _SPELLINGS:
        raise ValueError(f"{dialect} is not supported. Use sqlite or postgresql.")
    sql = _FIGURE.sub(lambda found: _FIGURES[found[1]].format(found[2]), sql)
    return _SPELLINGS[dialect](sql.replace("WITH_GATEWAY", GATEWAY))


def _sqlite(sql: str) -> str:
    def path(text: str) -> str:
        return "$" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in text.split(".") if part)

    def value(found: re.Match[str]) -> str:
        what, at = found[2], found[3]
        return f"CASE WHEN json_valid({what}) THEN json_extract({what}, '{path(at)}') END" if at else what

    def each(found: re.Match[str]) -> str:
        what, at = found[1], path(found[2])
        items = f"CASE json_type({what}, '{at}') WHEN 'array' THEN {what} END"
        return f"json_each(CASE WHEN json_valid({what}) THEN {items} END, '{at}') AS {found[3]}"

    sql = _EACH.sub(each, sql)
    sql = _VALUE.sub(value, _PLACE.sub(r"(\1.key + 1)", sql))
    sql = _JSON.sub(r"(json_valid(\1) AND json_type(CASE WHEN json_valid(\1) THEN \1 END) = 'object')", sql)
    return sql.replace("DIFFERS FROM", "IS NOT")


_CASTS: Final = {"INT": "bigint", "TIME": "timestamptz", "BOOL": "boolean"}


def _postgresql(sql: str) -> str:
    def read(what: str) -> str:
        return f"CASE WHEN CAST({what} AS text) IS JSON THEN CAST({what} AS jsonb) END"

    def value(found: re.Match[str]) -> str:
        kind, what, at = found[1], found[2], found[3]
        text = f"(({read(what)}) #>> '{{{at.replace('.', ',')}}}')"
        return text if kind == "TEXT" else f"CAST({text} AS {_CASTS[kind]})"

    def each(found: re.Match[str]) -> str:
        items = f"({read(found[1])}) #> '{{{found[2].replace('.', ',')}}}'"
        return f"jsonb_array_elements(CASE jsonb_typeof({items}) WHEN 'array' THEN {items} END) WITH ORDINALITY AS {found[3]}(value, place)"

    sql = _EACH.sub(each, sql)
    sql = _VALUE.sub(value, _PLACE.sub(r"\1.place", sql))
    sql = _JSON.sub(r"(\1 IS JSON OBJECT)", sql)
    return sql.replace("DIFFERS FROM", "IS DISTINCT FROM")


_SPELLINGS: Final[dict[str, Callable[[str], str]]] = {"sqlite": _sqlite, "postgresql": _postgresql}
