"""The house is in order: light to import, typed, files of a size one can read, and it speaks of itself alone."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "src" / "checkout_core", ROOT / "src" / "checkout_cli", ROOT / "adapters" / "checkout_adapters"]
SOURCES = [path for package in PACKAGES for path in sorted(package.rglob("*.py"))]

NEW_MODULES = """
import sys
before = set(sys.modules)
import checkout_core
for name in sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)):
    if not name.startswith("_sysconfigdata_"):  # of the standard library too: its name has that of the machine in it
        print(name)
"""


def tracked() -> list[Path]:
    """Files under version control, or about to be; in an unpacked release, every file of ours."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        return [
            path for folder in ("src", "adapters", "tests", "docs", "examples") for path in (ROOT / folder).rglob("*") if path.is_file()
        ]
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def test_importing_the_core_loads_attrs_and_cattrs_and_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", NEW_MODULES], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"checkout_core", "attr", "attrs", "cattr", "cattrs", "typing_extensions", "exceptiongroup"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_each_package_is_typed(package: Path) -> None:
    assert (package / "py.typed").exists()
    assert (package / "__init__.py").exists()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_left_for_later_and_every_name_says_what_it_is(path: Path) -> None:
    assert vague(path.stem, path.read_text(encoding="utf-8")) == []


def vague(stem: str, source: str) -> list[str]:
    """Notes to self, and names that could mean anything."""
    defined = [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    names = [name for name in [stem, *defined] if re.search(r"helper|manager|util(?!i[sz])", name, re.IGNORECASE)]
    return names + re.findall(r"\b(?:TODO|FIXME|XXX)\b", source)


@pytest.mark.parametrize(
    "planted",
    ["# TODO: later", "# FIXME", "class StockManager: ...", "def cart_helper(): ...", "async def util(): ...", "class Utils: ..."],
)
def test_a_planted_note_or_vague_name_is_seen(planted: str) -> None:
    assert vague("cart", planted)


def test_a_vague_file_name_is_seen() -> None:
    assert vague("money_utils", "")
    assert not vague("utilisation", "")


# Written in pieces, so that this file does not find itself.
HOSTS = re.compile(
    "|".join(re.escape(host) for host in ("pypi" + ".org", "pythonhosted" + ".org", "registry" + ".npmjs", "proxy" + ".golang"))
)
PLACES = re.compile(r"(?<![\w.*-])/(?:" + "|".join(("root", "home", "Users", "work", "tmp", "builds")) + r")/[\w.]")


def foreign(text: str) -> list[str]:
    return HOSTS.findall(text) + PLACES.findall(text)


def test_no_file_names_a_registry_or_a_place_on_someones_machine() -> None:
    found = {}
    for path in tracked():
        try:
            found[str(path.relative_to(ROOT))] = foreign(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue  # a picture
    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.parametrize(
    "planted", ["see " + "/ho" + "me/ann/shop", "--index-url https://" + "pypi" + ".org/simple", "'" + "/tm" + "p/x.db'"]
)
def test_a_planted_place_or_registry_is_seen(planted: str) -> None:
    assert foreign(planted)
