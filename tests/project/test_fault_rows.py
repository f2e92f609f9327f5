"""Every fault of the catalogue strikes in a test, or waits for a feature that is named; `python -m tests.project.faults` lists both."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.project.faults import ROOT, marked, rows, struck, waiting


def test_every_fault_strikes_in_a_test_or_waits_for_a_feature() -> None:
    """One or the other, and never both: what strikes waits no longer."""
    tests, waits = struck(), waiting()
    assert {row for row in rows() if row not in tests and row not in waits} == set()
    assert sorted(waits.keys() & tests.keys()) == []


def test_no_test_and_no_feature_names_a_fault_that_is_not_in_the_catalogue() -> None:
    assert (struck().keys() | waiting().keys()) - rows().keys() == set()


def test_the_catalogue_is_read_whole() -> None:
    """154 faults in 13 families, as the page has them."""
    assert len(rows()) == 154
    assert rows()["B2"] == "Time-out, applied"
    assert "".join(dict.fromkeys(row[0] for row in rows())) == "ABCDEFGKMTSOY"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("@pytest.mark.fault('B2', 'E4')\ndef test_x(): ...", {"test_x": ["B2", "E4"]}),
        (
            "@pytest.mark.fault('A1')\nclass TestX:\n    @pytest.mark.fault('B2')\n    def test_x(self): ...",
            {"TestX::test_x": ["A1", "B2"]},
        ),
        ("@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.fault('B1'))])\ndef test_x(x): ...", {"test_x": ["B1"]}),
        (
            "ALL = [pytest.param(1, marks=pytest.mark.fault('B1'))]\n@pytest.mark.parametrize('x', ALL)\ndef test_x(x): ...",
            {"test_x": ["B1"]},
        ),
        ("ALL = [pytest.param(1, marks=pytest.mark.fault('B1'))]\ndef test_x(): ...", {"test_x": []}),
        ("@pytest.mark.fault('B2')\ndef tested(): ...", {}),
        ("def test_x():\n    '''pytest.mark.fault('B2')'''", {"test_x": []}),
    ],
)
def test_a_mark_counts_where_pytest_sees_it(source: str, found: dict[str, list[str]]) -> None:
    assert {name: list(faults) for name, faults in marked(ast.parse(source))} == found


def test_the_script_lists_what_waits() -> None:
    """Each with its feature, and the sum of both kinds."""
    said = subprocess.run(
        [sys.executable, "-m", "tests.project.faults", "--waiting"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()
    assert [line.split()[0] for line in said[:-1]] == [row for row in rows() if row in waiting()]
    assert all(" waits for " in line for line in said[:-1])
    assert said[-1] == f"154 faults: {154 - len(waiting())} strike in a test, {len(waiting())} wait for a feature."
