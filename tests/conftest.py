"""`@pytest.mark.fault("B2")` means: fault B2 of docs/guarantees.md strikes in this test, or the test proves nothing and fails.

The injector says so itself: a test asks for the `struck` fixture and hands it on, and whatever makes the fault happen calls
`struck.add("B2")` at that moment.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from tests.postgres import Server, running

# Speed is measured in tests/bench; a busy machine must not turn a property red.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_STRUCK = pytest.StashKey[set[str]]()


@pytest.fixture
def struck(request: pytest.FixtureRequest) -> set[str]:
    """The ids of the faults that have struck so far in this test."""
    item: pytest.Item = request.node
    return item.stash.setdefault(_STRUCK, set())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for this worker, started by the first test that asks for it."""
    with running() as server:
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    result = yield
    promised = {str(fault) for mark in pyfuncitem.iter_markers("fault") for fault in mark.args}
    seen: set[str] = pyfuncitem.stash.setdefault(_STRUCK, set())
    if missed := sorted(promised - seen):
        pytest.fail(f"Fault {', '.join(missed)} never struck: let the injector call struck.add(), or take the mark away.", pytrace=False)
    return result


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(not mark.args for mark in item.iter_markers("fault")):
            raise pytest.UsageError(f"{item.nodeid}: name the fault, as in @pytest.mark.fault('B2')")
    # What takes longest comes first, in whatever order it stands: then no worker is left alone with it at the end.
    items.sort(key=lambda item: next((n for n, folder in enumerate(("simulation", "processes")) if folder in item.path.parts), 2))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the explorer and its planted bugs found, at the end of the session, whichever worker ran them."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind) if report.when == "call"]
    lines = sorted(str(says) for report in reports for name, says in report.user_properties if name == "explored")
    if lines:
        terminalreporter.section("explored")
        for line in lines:
            terminalreporter.write_line(line)
