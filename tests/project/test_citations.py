"""Every id that code or tests cite has its sentence in docs/guarantees.md, so that no reader meets a riddle."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guarantees.md"
CITING = [path for folder in ("src", "adapters", "examples", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]

# Rules, invariants, liveness, quality and scenarios by their shape; faults by their catalogue, so that a B2B or an A4 is no citation.
FAULTS = {"A": 11, "B": 26, "C": 9, "D": 12, "E": 15, "F": 11, "G": 15, "K": 9, "M": 10, "T": 8, "S": 18, "O": 7, "Y": 3}
ID = re.compile(r"\b(?:[RO]B-\d{1,3}|[RI]\d{1,2}|[LQ]\d|[ABCDEFGKMTSOY]\d{1,2})\b(?!-\d)")
SENTENCE = re.compile(r"^- \*\*(?P<id>[A-Z]+-?\d+)\b[^*]*\*\* ?(?P<sentence>.{20,})$", re.MULTILINE)


def sentences() -> dict[str, str]:
    return {found["id"]: found["sentence"] for found in SENTENCE.finditer(PAGE.read_text(encoding="utf-8"))}


def cited(source: str) -> set[str]:
    """Ids in comments and docstrings, and those a test names in `@pytest.mark.fault(...)`."""
    texts = [token.string for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            texts.append(ast.get_docstring(node, clean=False) or "")
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.fault"):
            texts += [argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
    return {found for text in texts for found in ID.findall(text) if _in_catalogue(found)}


def _in_catalogue(id: str) -> bool:
    return "-" in id or id[0] not in FAULTS or 1 <= int(id[1:]) <= FAULTS[id[0]]


@pytest.mark.parametrize("path", CITING, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_cited_id_has_its_sentence(path: Path) -> None:
    assert sorted(cited(path.read_text(encoding="utf-8")) - sentences().keys()) == []


def test_all_rules_and_invariants_have_their_sentence() -> None:
    expected = {f"{family}{n}" for family, last in {"R": 28, "I": 25, "L": 5, "Q": 4}.items() for n in range(1, last + 1)}
    assert expected <= sentences().keys()


def test_no_id_has_two_sentences() -> None:
    ids = [found["id"] for found in SENTENCE.finditer(PAGE.read_text(encoding="utf-8"))]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("source", "ids"),
    [
        ('"""Never twice (I5, R2)."""', {"I5", "R2"}),
        ("x = 1  # see RB-64 and OB-3", {"RB-64", "OB-3"}),
        ("@pytest.mark.fault('B2', 'E4')\ndef f(): ...", {"B2", "E4"}),
        ('def f():\n    """A1–A3 and Q1."""', {"A1", "A3", "Q1"}),
        ("x = 'R77'", set()),
        ('"""B2B, A4 paper is a fault, B99 is none, UTF-8, H1, ISO4217."""', {"A4"}),
        ("# because of R77", {"R77"}),
    ],
)
def test_a_citation_is_seen_where_it_stands(source: str, ids: set[str]) -> None:
    assert cited(source) == ids


def test_a_planted_citation_without_a_sentence_is_seen() -> None:
    assert cited("# because of R77") - sentences().keys() == {"R77"}
