"""The mark `fault` keeps its word: a test about a fault fails when the fault stayed away."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.fixture
def outcomes(pytester: pytest.Pytester) -> Outcomes:
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers = fault(*ids): see conftest\naddopts = --strict-markers -p no:randomly -p no:xdist")
    return Outcomes(pytester)


class Outcomes:
    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester

    def of(self, body: str) -> tuple[dict[str, int], str]:
        self.pytester.makepyfile("import pytest\n" + body)
        result = self.pytester.runpytest_inprocess()
        return result.parseoutcomes(), result.stdout.str() + result.stderr.str()


def test_a_fault_that_strikes_lets_the_test_pass(outcomes: Outcomes) -> None:
    assert outcomes.of("@pytest.mark.fault('B2')\ndef test_x(struck): struck.add('B2')")[0] == {"passed": 1}


def test_a_fault_that_never_strikes_fails_the_test_and_is_named(outcomes: Outcomes) -> None:
    counts, text = outcomes.of("@pytest.mark.fault('B2', 'A3')\ndef test_x(struck): struck.add('A3')")
    assert counts == {"failed": 1}
    assert "Fault B2 never struck" in text


def test_a_marked_test_that_forgets_the_recorder_fails(outcomes: Outcomes) -> None:
    assert outcomes.of("@pytest.mark.fault('B2')\ndef test_x(): pass")[0] == {"failed": 1}


def test_every_mark_counts_not_only_the_nearest(outcomes: Outcomes) -> None:
    body = "@pytest.mark.fault('A1')\nclass TestX:\n    @pytest.mark.fault('B2')\n    def test_x(self, struck): struck.add('B2')"
    assert outcomes.of(body)[0] == {"failed": 1}


def test_the_recorder_starts_empty_for_each_test(outcomes: Outcomes) -> None:
    body = "def test_1(struck): struck.add('B2')\n@pytest.mark.fault('B2')\ndef test_2(struck): pass"
    assert outcomes.of(body)[0] == {"passed": 1, "failed": 1}


def test_a_failing_body_keeps_its_own_reason(outcomes: Outcomes) -> None:
    counts, text = outcomes.of("@pytest.mark.fault('B2')\ndef test_x(struck): assert 1 == 2")
    assert counts == {"failed": 1}
    assert "never struck" not in text


def test_an_unmarked_test_owes_nothing(outcomes: Outcomes) -> None:
    assert outcomes.of("def test_x(): pass")[0] == {"passed": 1}


def test_a_mark_without_a_name_is_a_mistake(outcomes: Outcomes) -> None:
    assert "name the fault" in outcomes.of("@pytest.mark.fault\ndef test_x(): pass")[1]
