"""The README is true: its Python runs, and its test command is the one that is run for every change."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = ROOT / ".ci" / "run"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_python_blocks_run_in_order_as_one_program() -> None:
    assert blocks("python")
    program = "\n".join(blocks("python"))
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_embedding_example_stays_ten_lines() -> None:
    """Names may improve; the length may not grow. Imports, blank lines and comments are free."""
    lines = [line for line in blocks("python")[0].splitlines() if line.strip() and not line.startswith(("#", "from ", "import "))]
    assert len(lines) <= 10


def test_two_commands_are_the_whole_way_in() -> None:
    demo, tests = (block.strip() for block in blocks("sh"))
    assert demo.endswith("checkout demo")
    assert tests.endswith("nox")
    assert "\n" not in demo + tests


def test_ci_runs_the_readmes_test_command_word_for_word() -> None:
    assert blocks("sh")[1].strip() in CI.read_text(encoding="utf-8").splitlines()
    assert os.access(CI, os.X_OK)


def test_every_local_link_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_the_place_to_start_reading_exists() -> None:
    file, function = re.findall(r"Start reading at `([\w/.]+)`, function `(\w+)`", README)[0]
    assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8")
