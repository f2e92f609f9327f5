"""Which faults of docs/guarantees.md strike in which tests, and which wait for a feature.

    python -m tests.project.faults            every row with its tests, or with what it waits for
    python -m tests.project.faults --waiting  only those that wait

That a test strikes a fault is said once, by its mark: `@pytest.mark.fault("B2")`, on the test or on one of its parameters. A marked test in
which the fault never struck fails (tests/conftest.py), so what is listed here is what has happened.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, TypeGuard

ROOT: Final = Path(__file__).parents[2]
WAITS: Final = Path(__file__).with_name("fault_rows.toml")
ROW: Final = re.compile(r"^- \*\*(?P<row>[A-Z]\d{1,2}) (?P<says>[^*]+?)\.?\*\*", re.MULTILINE)


def rows() -> dict[str, str]:
    """Every fault of the catalogue, and what it is, in the page's order."""
    page = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    chapter = page.partition("\n## Faults\n")[2].partition("\n## ")[0]
    return {found["row"]: found["says"] for found in ROW.finditer(chapter)}


def waiting() -> dict[str, str]:
    """The faults that cannot strike yet, each with the feature that is not there."""
    table = tomllib.loads(WAITS.read_text(encoding="utf-8"))
    return {row: feature for feature, faults in table["waits"].items() for row in faults}


@cache
def struck() -> Mapping[str, Sequence[str]]:
    """The tests that strike each fault."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for test, faults in marked(ast.parse(path.read_text(encoding="utf-8"))):
            for fault in faults:
                found[fault].append(f"{path.relative_to(ROOT)}::{test}")
    return found


def marked(module: ast.Module) -> Iterator[tuple[str, Sequence[str]]]:
    """Each test of a module with the faults that it, its class or one of its parameters is marked with."""
    lists = {target.id: node.value for node in module.body if isinstance(node, ast.Assign) for target in node.targets
             if isinstance(target, ast.Name)}  # fmt: skip
    lists |= {node.target.id: node.value for node in module.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
              and node.value is not None}  # fmt: skip
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            of_class = _faults(node.decorator_list, lists)
            for inner in node.body:
                if _is_test(inner):
                    yield f"{node.name}::{inner.name}", [*of_class, *_faults(inner.decorator_list, lists)]
        elif _is_test(node):
            yield node.name, _faults(node.decorator_list, lists)


def _is_test(node: ast.stmt) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")


def _faults(decorators: Sequence[ast.expr], lists: Mapping[str, ast.expr]) -> list[str]:
    """The marks among these decorators, in their arguments, and in the lists that are named there."""
    trees = [tree for decorator in decorators for tree in (decorator, *_named(decorator, lists))]
    calls = (
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.fault")
    )
    return list(dict.fromkeys(str(argument.value) for call in calls for argument in call.args if isinstance(argument, ast.Constant)))


def _named(decorator: ast.expr, lists: Mapping[str, ast.expr]) -> Iterator[ast.expr]:
    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("mark.parametrize"):
        for argument in decorator.args:
            if isinstance(argument, ast.Name) and argument.id in lists:
                yield lists[argument.id]


def main(arguments: Sequence[str]) -> int:
    tests, waits = struck(), waiting()
    for row, says in rows().items():
        if row in waits:
            print(f"{row:4} waits for {waits[row]}: {says}")
        elif "--waiting" not in arguments:
            print(f"{row:4} {says}\n     " + "\n     ".join(tests.get(row, ["no test strikes it"])))
    print(f"{len(rows())} faults: {len(rows()) - len(waits)} strike in a test, {len(waits)} wait for a feature.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
