"""`nox` runs lint and tests. Environments are kept, and filled again only when pyproject.toml changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "tests"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
TWINS = "tests/project/twins.py"


@nox.session
def tests(session: nox.Session) -> None:
    """Every test; arguments after `--` go to pytest."""
    install(session, "test")
    session.run("pytest", *(session.posargs or ["-n", "2", "--dist", "worksteal"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, layers, and the sync twins being what the tool makes of their source."""
    install(session, "test", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")
    session.run("python", TWINS)


@nox.session
def crashes(session: nox.Session) -> None:
    """Real processes, really killed: the count of edges, and what became of each. Arguments after `--` go to pytest."""
    install(session, "test")
    session.run("pytest", "-p", "no:randomly", "tests/processes", *session.posargs)


@nox.session
def nightly(session: nox.Session) -> None:
    """Many seeds of every shipped scenario, and whether they reached all that can be reached; arguments after `--`: --seeds N …"""
    install(session, "test")
    session.run("python", "-m", "tests.simulation.nightly", *(session.posargs or ["--seeds", "1800"]))


@nox.session
def differential(session: nox.Session) -> None:
    """100,000 random carts priced by the engine and by exact fractions; arguments after `--`: --carts N --first SEED --jobs N."""
    install(session, "test")
    session.run("python", "-m", "tests.core.differential", *session.posargs)


@nox.session
def sqlite_storm(session: nox.Session) -> None:
    """The shipped scenarios on real SQLite files, 100 seeds each, each run ending with fsck; arguments after `--` go to `simulate run`."""
    install(session, "test")
    session.run("checkout", "simulate", "run", "examples/scenarios", "--level", "sqlite", "--seeds", "100", *session.posargs)


@nox.session
@nox.parametrize("major", ["16", "18"])
def postgres(session: nox.Session, major: str) -> None:
    """Contracts, faults, races, migrations and every scenario on a real PostgreSQL of that release; arguments after `--` go to pytest."""
    install(session, "test")
    env = {"CHECKOUT_TEST_POSTGRES_MAJOR": major, "CHECKOUT_TEST_POSTGRES_ALL": "1"}
    session.run("pytest", "-n", "2", "-k", "postgres", "tests", *session.posargs, env=env)


@nox.session
def pooler(session: nox.Session) -> None:
    """Thirty-two processes through a real pgbouncer in transaction mode. Needs the program `pgbouncer`, and says so if there is none."""
    install(session, "test")
    session.run("python", "-m", "tests.processes.pooler", *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Two minutes on a real PostgreSQL: a kill a second, five restarts, lines cut; then planted bugs. After `--`: --seconds N …"""
    install(session, "test")
    session.run("python", "-m", "tests.processes.chaos", *(session.posargs or ["--seconds", "120", "--restarts", "5"]))
    for bug in () if session.posargs else ("halves", "holds", "twice", "declined"):
        session.run("python", "-m", "tests.processes.chaos", "--planted", bug, silent=True)


@nox.session
def stock_race(session: nox.Session) -> None:
    """Thirty-two processes, a thousand mugs, each fault of a server; then ten thousand attempts each. After `--`: CLASS … --attempts N"""
    install(session, "test")
    for words in [session.posargs] if session.posargs else [[], ["none", "--attempts", "10000"]]:
        session.run("python", "-m", "tests.processes.stock_race", *words)


@nox.session
def pairs(session: nox.Session) -> None:
    """Every two things that can go wrong in a canonical journey. Hours: name the journeys to sweep after `--`, to go on where it ended."""
    install(session, "test")
    names = ",".join(session.posargs) or "all"
    session.run("pytest", "-n", "2", "tests/simulation/test_sweep.py", "-k", "pair_of", env={"SWEEP_PAIRS": names})


@nox.session
def mutants(session: nox.Session) -> None:
    """Every planted bug, hunted in all worlds: who is first to see it, which is not caught. `-- --anew` forgets where each was caught."""
    install(session, "test")
    session.run("python", "-m", "tests.simulation.catching", "--seeds", "250", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Prices beside the same sums on bare ints; purchases a second beside the same durable writes: arguments after `--` go to those."""
    install(session, "test")
    session.run("python", "-m", "tests.bench.prices")
    session.run("python", "-m", "tests.bench.purchases", *session.posargs)
    session.run("python", "-m", "tests.bench.simulation")


@nox.session
def server_bench(session: nox.Session) -> None:
    """Purchases a second on a durable PostgreSQL beside the least that any shop must write. After `--`: --clients 1 8 --purchases N …"""
    install(session, "test")
    session.run("python", "-m", "tests.bench.server", *session.posargs)


@nox.session
def growth(session: nox.Session) -> None:
    """The pages each statement looks at with 200,000 orders behind it, beside 1,000. After `--`: --large N."""
    install(session, "test")
    session.run("python", "-m", "tests.bench.growth", *session.posargs)


@nox.session
def twins(session: nox.Session) -> None:
    """Make the sync twins anew from their async source."""
    session.run("python", TWINS, "--write")


def install(session: nox.Session, *groups: str) -> None:
    """The project, editable with all its extras, and the named groups; nothing at all if that is what is there already."""
    wanted = [*nox.project.dependency_groups(PYPROJECT, *groups), "-e", ".[all]"]
    digest = hashlib.sha256(Path("pyproject.toml").read_bytes() + repr((wanted, Path.cwd())).encode()).hexdigest()
    stamp = Path(session.virtualenv.location) / "installed.sha256"
    if stamp.exists() and stamp.read_text() == digest:
        return
    session.install(*wanted)
    stamp.write_text(digest)
