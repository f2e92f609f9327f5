"""The house stands: who may import whom, and a guard that has been seen failing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = "Rooms: a file imports only what stands below it here"
ALONE = "The core knows neither the command nor any adapter, nor their libraries"
SECOND_OPINION = "fsck is a second opinion: it shares nothing with what it checks"
RUN = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def lint(root: Path) -> tuple[int, str]:
    path = os.pathsep.join(str(root / folder) for folder in ("src", "adapters"))
    environment = {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "300", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", RUN], cwd=root, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy to plant in."""
    for folder in ("src", "adapters"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_import_contract_holds() -> None:
    code, text = lint(ROOT)
    assert code == 0, text


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("src/checkout_core/money.py", "from checkout_core import pricing", ROOMS),
        ("src/checkout_core/flow.py", "import checkout_core.runner", ROOMS),
        ("src/checkout_core/stray.py", "", ROOMS),
        ("src/checkout_core/orders.py", "import rich", ALONE),
        ("src/checkout_core/runner.py", "import checkout_adapters", ALONE),
        ("src/checkout_core/checkout.py", "import cattrs", "Only codec imports cattrs"),
        ("adapters/checkout_adapters/sandbox.py", "import checkout_cli.app", "Adapters do not import the command"),
        ("src/checkout_cli/app.py", "from checkout_adapters import sandbox", "Only checkout_cli.wiring chooses adapters"),
        ("adapters/checkout_adapters/sqlalchemy/fsck/money.py", "from checkout_core import ledger", SECOND_OPINION),
        ("adapters/checkout_adapters/sqlalchemy/fsck/run.py", "from checkout_adapters.sqlalchemy import rows", SECOND_OPINION),
    ],
)
def test_each_planted_import_turns_its_contract_red(house: Path, file: str, line: str, contract: str) -> None:
    planted = house / file
    planted.write_text((planted.read_text(encoding="utf-8") if planted.exists() else "") + f"\n{line}\n", encoding="utf-8")
    code, text = lint(house)
    assert code == 1
    assert f"{contract} BROKEN" in text, text


def test_wiring_may_choose_adapters(house: Path) -> None:
    wiring = house / "src/checkout_cli/wiring.py"
    wiring.write_text(wiring.read_text(encoding="utf-8") + "\nfrom checkout_adapters import sandbox\n", encoding="utf-8")
    code, text = lint(house)
    assert code == 0, text
