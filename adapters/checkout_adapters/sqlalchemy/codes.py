"""Issued codes in the database: a batch is written whole or not at all; codes and batches are disabled and enabled, and looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from attrs import frozen

from checkout_adapters.sqlalchemy.faults import translated
from checkout_adapters.sqlalchemy.shelf import new_number
from checkout_adapters.sqlalchemy.tables import code_batches, codes, pools
from checkout_adapters.sqlalchemy.turns import one_by_one
from checkout_core.codec import pool_text
from checkout_core.codes import Batch, Issued, new_code, spelled
from checkout_core.customers import canonical_code
from checkout_core.holds import CodeUses
from checkout_core.refusals import Refusal, Refused

if TYPE_CHECKING:
    from checkout_adapters.sqlalchemy.store import SqlStorage

AT_ONCE: Final = 5_000  # rows of one statement
ISSUED_AT_MOST: Final = 1_000_000  # codes of a batch: more are several batches


@frozen
class BatchListed:
    """A batch with what became of its codes: how many were issued, are disabled one by one, and are held and used."""

    batch: Batch
    issued: int
    issued_at: datetime
    issued_by: str
    disabled_at: datetime | None
    disabled_by: str
    disabled: int
    held: int
    used: int


@frozen
class CodeListed:
    """A code with its uses. `disabled_at` and `disabled_by` are of the code alone."""

    issued: Issued
    disabled_at: datetime | None
    disabled_by: str
    held: int
    used: int


class SqlCodes:
    """The issued codes in the database of this storage: what an operator, or a host, does with them.

        codes = SqlCodes(storage)
        codes.issue(Batch("spring", "newsletter", "TEA"), 1000, lambda: secrets.randbits(BITS), actor="marketing")

    A batch is stored whole or not at all. `draw` gives random bits, `codes.BITS` of them, which nobody can guess.
    """

    def __init__(self, storage: SqlStorage) -> None:
        self._storage = storage

    def issue(
        self, batch: Batch, count: int, draw: Callable[[], int], *, actor: str, told: Callable[[int], None] = lambda done: None
    ) -> Sequence[str]:
        """So many new codes in their canonical spelling; `told` is called now and then with how many there are.

        Raises Refusal if the batch is there already.
        """
        made: dict[str, None] = {}
        while len(made) < count:
            made[new_code(draw(), batch.prefix)] = None
        return self.store(batch, list(made), actor=actor, told=told)

    def store(self, batch: Batch, made: Sequence[str], *, actor: str, told: Callable[[int], None] = lambda done: None) -> Sequence[str]:
        """These codes as a batch. Raises Refusal if the batch, or one of the codes, is there already."""
        with translated(), self._storage.engine.begin() as connection:
            one_by_one(connection)
            if connection.execute(sa.select(code_batches.c.name).where(code_batches.c.name == batch.name)).first() is not None:
                raise Refusal(Refused("invalid", "batch", batch.name, hint="There is one of that name already. Name another."))
            row = {"name": batch.name, "promotion": batch.promotion, "prefix": batch.prefix, "until": batch.until, "issued": len(made)}
            connection.execute(sa.insert(code_batches), {**row, "issued_at": self._storage.clock.now(), "issued_by": actor, **_ENABLED})
            for first in range(0, len(made), AT_ONCE):
                part = made[first : first + AT_ONCE]
                if taken := find(connection, part):
                    raise Refusal(Refused("invalid", "code", min(taken), hint="It is issued already. Choose another."))
                connection.execute(sa.insert(codes), [{"code": code, "batch": batch.name, **_ENABLED} for code in part])
                told(first + len(part))
            new_number(connection)
        return made

    def batches(self, *, name: str | None = None, promotion: str | None = None) -> Sequence[BatchListed]:
        """The batches, or that one, or those of a promotion, in the order in which they were issued."""
        return self._storage.read(lambda connection: _batches(connection, name, promotion))

    def typed(self, text: str) -> CodeListed | None:
        """The issued code that a person typed, however; None if there is none."""
        try:
            code = canonical_code(text)
        except ValueError:
            return None

        def look(connection: sa.Connection) -> CodeListed | None:
            read = spelled(code, prefixes(connection))
            return _look_at(connection, code) or (None if read is None else _look_at(connection, read[0]))

        return self._storage.read(look)

    def some(self, batch: Batch, limit: int, after: str = "") -> Sequence[CodeListed]:
        """Codes of a batch in their order, after that one, each with its uses."""
        given = {"batch": batch.name, "pool": _pool(batch.promotion, ""), "after": after, "limit": limit}
        rows = self._storage.read(lambda connection: connection.execute(_LISTED, given).all())
        return [CodeListed(Issued(r.code, batch, r.disabled), r.disabled_at, r.disabled_by, r.held or 0, r.used or 0) for r in rows]

    def all(self, batch: Batch) -> Iterator[CodeListed]:
        """All codes of a batch, a part at a time."""
        after = ""
        while part := self.some(batch, AT_ONCE, after):
            yield from part
            after = part[-1].issued.code

    def disable(self, *, code: str | None = None, batches: Sequence[str] = (), reason: str, actor: str) -> int:
        """Let a code, in its canonical spelling, or all of these batches count no more; how many rows that changes."""
        gone = {"disabled": reason, "disabled_at": self._storage.clock.now(), "disabled_by": actor}
        return self._switch(code, batches, gone, lambda table: table.c.disabled == "")

    def enable(self, *, code: str | None = None, batches: Sequence[str] = ()) -> int:
        """Let them count again; a code that was disabled alone stays so while only its batch is named."""
        return self._switch(code, batches, _ENABLED, lambda table: table.c.disabled != "")

    def _switch(
        self, code: str | None, batches: Sequence[str], values: Mapping[str, object], other: Callable[[sa.Table], sa.ColumnElement[bool]]
    ) -> int:
        with translated(), self._storage.engine.begin() as connection:
            changed = 0
            if code is not None:
                changed += connection.execute(sa.update(codes).where(codes.c.code == code, other(codes)).values(**values)).rowcount
            if batches:
                chosen = sa.update(code_batches).where(code_batches.c.name.in_(batches), other(code_batches))
                changed += connection.execute(chosen.values(**values)).rowcount
            return changed


def find(connection: sa.Connection, sought: Sequence[str]) -> dict[str, Issued]:
    """Those of these codes that were issued, by code."""
    rows = connection.execute(_FOUND, {"sought": list(sought)})
    return {row.code: Issued(row.code, _batch(row), row.disabled) for row in rows}


def prefixes(connection: sa.Connection) -> frozenset[str]:
    """What issued codes begin with."""
    return frozenset(connection.execute(sa.select(code_batches.c.prefix).distinct()).scalars())


def _batches(connection: sa.Connection, name: str | None, promotion: str | None) -> list[BatchListed]:
    chosen = sa.select(code_batches).order_by(code_batches.c.issued_at, code_batches.c.name)
    if name is not None:
        chosen = chosen.where(code_batches.c.name == name)
    if promotion is not None:
        chosen = chosen.where(code_batches.c.promotion == promotion)
    found = []
    for row in connection.execute(chosen):
        counted = sa.select(sa.func.count()).select_from(codes).where(codes.c.batch == row.name, codes.c.disabled != "")
        held, used = connection.execute(_USES, {"batch": row.name, "pool": _pool(row.promotion, "")}).one()
        batch = Batch(row.name, row.promotion, row.prefix, row.until, row.disabled)
        disabled = connection.execute(counted).scalar() or 0
        by = (row.issued, row.issued_at, row.issued_by, row.disabled_at, row.disabled_by)
        found.append(BatchListed(batch, *by, disabled, held or 0, used or 0))
    return found


def _look_at(connection: sa.Connection, code: str) -> CodeListed | None:
    """One code with its uses."""
    one = find(connection, [code]).get(code)
    if one is None:
        return None
    row = connection.execute(sa.select(codes.c.disabled_at, codes.c.disabled_by).where(codes.c.code == code)).one()
    uses = connection.execute(
        sa.select(pools.c.held, pools.c.committed).where(pools.c.pool == _pool(one.batch.promotion, code))
    ).one_or_none()
    held, used = (uses.held, uses.committed) if uses else (0, 0)
    return CodeListed(one, row.disabled_at, row.disabled_by, held, used)


def _batch(row: sa.Row[tuple[object, ...]]) -> Batch:
    return Batch(row.name, row.promotion, row.prefix, row.until, row.batch_disabled)


def _pool(promotion: str, code: str) -> str:
    """The key of a code's pool; of no code what all of a promotion begin with: in a code nothing is escaped."""
    return pool_text(CodeUses(promotion, code))


_ENABLED: Final[Mapping[str, object]] = {"disabled": "", "disabled_at": None, "disabled_by": ""}
_FOUND: Final = (
    sa.select(codes.c.code, codes.c.disabled, code_batches.c.disabled.label("batch_disabled"))
    .add_columns(code_batches.c.name, code_batches.c.promotion, code_batches.c.prefix, code_batches.c.until)
    .join(code_batches, code_batches.c.name == codes.c.batch)
    .where(codes.c.code.in_(sa.bindparam("sought", expanding=True)))
)
_OF_CODE: Final = pools.c.pool == sa.bindparam("pool", type_=sa.String) + codes.c.code
_USES: Final = (
    sa.select(sa.func.sum(pools.c.held), sa.func.sum(pools.c.committed))
    .select_from(codes.join(pools, _OF_CODE))
    .where(codes.c.batch == sa.bindparam("batch"))
)
_LISTED: Final = (
    sa.select(codes.c.code, codes.c.disabled, codes.c.disabled_at, codes.c.disabled_by, pools.c.held, pools.c.committed.label("used"))
    .select_from(codes.outerjoin(pools, _OF_CODE))
    .where(codes.c.batch == sa.bindparam("batch"), codes.c.code > sa.bindparam("after"))
    .order_by(codes.c.code)
    .limit(sa.bindparam("limit"))
)
