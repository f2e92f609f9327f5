"""Which planted bugs the ordinary tests let live: those are what a simulator is for.

    python -m tests.simulation.survivors                       every bug
    python -m tests.simulation.survivors "half a take" …       these
    python -m tests.simulation.survivors --quick               core and scenarios only

Each bug is planted in a fresh session that stops at its first failure; the suites run one after another, the quick ones first. A test has
found the bug if it fails again with it, and passes without: one that needs luck, or that fails anyhow, is named, left out, and the rest of
its suite goes on. Tests in which the simulator itself runs are not ordinary. What is printed at the end goes into `mutants/measured.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.simulation.mutants import ALL, Mutant, named

ROOT: Final = Path(__file__).parents[2]
LIKELY: Final = [f"tests/core/test_{name}.py" for name in ("shop", "flow", "requests", "worker", "cart", "promotions", "customers")]
QUICK: Final = (LIKELY, ["tests/core", *(f"--ignore={path}" for path in LIKELY)], ["tests/scenarios"])
SIMULATOR: Final = [f"--ignore=tests/cli/test_{name}.py" for name in ("simulate", "simulate_scenarios")]
SUITES: Final = (*QUICK, ["tests/contracts"], ["tests/cli", *SIMULATOR], ["tests/project"], ["tests/processes"])
Suites = tuple[list[str], ...]
PATIENCE: Final = 900  # seconds for one suite: a bug that hangs it is found too
NO_END: Final = "does not end"
NO_START: Final = "does not start"
FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$", re.MULTILINE)


def main(arguments: list[str]) -> int:
    suites = QUICK if "--quick" in arguments else SUITES
    names = [argument for argument in arguments if not argument.startswith("--")]
    alive: list[str] = []
    for bug in [named(name) for name in names] or ALL:
        begun = time.monotonic()
        killer = killed_by(bug, suites)
        print(f"{bug.name}: {killer or 'SURVIVES'} ({time.monotonic() - begun:.0f} s)", flush=True)
        alive += [] if killer else [bug.name]
    print(f"{len(alive)} survive:")
    print("\n".join(f'        "{name}",' for name in sorted(alive)))
    return 0


def killed_by(bug: Mutant, suites: Suites = SUITES) -> str:
    """The test that finds this bug first; empty if it survives."""
    return next((killer for suite in suites if (killer := _killed_in(suite, bug))), "")


def _killed_in(suite: list[str], bug: Mutant) -> str:
    planted = ["-p", "tests.simulation.planting", "--plant", bug.name]
    unsure: list[str] = []
    while True:
        failed = _first_to_fail([*planted, *suite, *(f"--deselect={test}" for test in unsure)])
        if not failed or failed in unsure or failed.endswith((NO_END, NO_START)):
            return failed
        if _first_to_fail([*planted, failed]) and not _first_to_fail([failed]):
            return failed
        print(f"  {failed} fails, but not by {bug.name!r} alone", flush=True)
        unsure.append(failed)


def _first_to_fail(arguments: list[str]) -> str:
    """The first test that fails in a session with these arguments; empty if none does, and a sentence if it does not end or begin."""
    options = ["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    with tempfile.TemporaryDirectory() as memory:  # what a property found against a planted bug is not to be remembered
        environment = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": memory}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *options, *arguments],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            return f"{arguments[-1]} {NO_END}"
    if done.returncode == 0:
        return ""
    found = FAILED.search(done.stdout)
    return found[1] if found else f"{done.stdout[-500:]}{done.stderr[-500:]}{arguments[-1]} {NO_START}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
