"""A statement costs no more in a larger shop. With 200,000 orders: `nox -s growth`; here with a few thousand, and with an index missing."""

from __future__ import annotations

import pytest

from tests.bench import growth
from tests.bench.growth import allowed, pages_of
from tests.postgres import Server, told


def test_every_statement_looks_at_the_same_pages(postgres: Server) -> None:
    """However many orders there were: an index has a level more, and no table is gone through."""
    small, large = pages_of(postgres, 1000), pages_of(postgres, 5000)
    assert len(large) > 20
    assert {statement: pages for statement, (pages, _) in large.items() if pages > small[statement][0] + allowed(statement)} == {}
    assert {statement: whole for statement, (_, whole) in large.items() if whole} == {}


def test_without_an_index_it_would_be_seen(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: no index leads to what is due."""
    plain = growth.begun  # type: ignore[attr-defined]

    def begun(shop: object) -> object:
        told(urls[-1], "DROP INDEX IF EXISTS ix_checkouts_due_at")
        return plain(shop)  # type: ignore[arg-type]

    urls, made = list[str](), Server.clone

    def clone(self: Server, of: str | None = None) -> str:
        urls.append(made(self, of))
        return urls[-1]

    monkeypatch.setattr(Server, "clone", clone)
    monkeypatch.setattr(growth, "begun", begun)
    assert any("checkouts" in whole for _, whole in pages_of(postgres, 2000).values())
