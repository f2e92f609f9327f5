"""The few words in which databases differ, spelled out for one of them. Everything else in the checks is plain SQL.

    TEXT_OF(x, 'a.b')            what a document says there, as text; NULL if it says nothing, or is no document
    INT_OF(x, 'a.b')             … as a whole number        TIME_OF(…) … as an instant        BOOL_OF(…) … as true or false
    EACH_OF(x, 'a') AS y         its items, one a row: `y.value`, and PLACE_OF(y) counts them from 1
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

_EACH: Final = re.compile(r"EACH_OF\(([\w.:]+), '([\w.]*)'\) AS (\w+)")
_PLACE: Final = re.compile(r"PLACE_OF\((\w+)\)")
_VALUE: Final = re.compile(r"(TEXT|INT|TIME|BOOL)_OF\(([\w.:]+), '([\w.]*)'\)")
_JSON: Final = re.compile(r"IS_JSON\(([\w.]+)\)")


@cache
def spelled(sql: str, dialect: str) -> str:
    """The statement in the words of that database. Raises ValueError for one we do not know."""
    if dialect not in _SPELLINGS:
        raise ValueError(f"{dialect} is not supported. Use sqlite or postgresql.")
    return _SPELLINGS[dialect](sql.replace("WITH_GATEWAY", GATEWAY))


def _sqlite(sql: str) -> str:
    def path(text: str) -> str:
        return "$" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in text.split(".") if part)

    def value(found: re.Match[str]) -> str:
        what, at = found[2], found[3]
        return f"CASE WHEN json_valid({what}) THEN json_extract({what}, '{path(at)}') END" if at else what

    sql = _EACH.sub(lambda m: f"json_each(CASE WHEN json_valid({m[1]}) THEN {m[1]} ELSE '{{}}' END, '{path(m[2])}') AS {m[3]}", sql)
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

    sql = _EACH.sub(
        lambda m: f"jsonb_array_elements(({read(m[1])}) #> '{{{m[2].replace('.', ',')}}}') WITH ORDINALITY AS {m[3]}(value, place)", sql
    )
    sql = _VALUE.sub(value, _PLACE.sub(r"\1.place", sql))
    sql = _JSON.sub(r"(\1 IS JSON OBJECT)", sql)
    return sql.replace("DIFFERS FROM", "IS DISTINCT FROM")


_SPELLINGS: Final[dict[str, Callable[[str], str]]] = {"sqlite": _sqlite, "postgresql": _postgresql}
