"""A run follows from its scenario and its seed alone: fresh processes with other hashes tell the same story to the last call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEEDS = range(3)
PROGRAM = """
import json, sys
from pathlib import Path
from checkout_cli.simulating import read_scenarios
from checkout_core.simulation.running import run_once

found = {}
for one in read_scenarios([Path(sys.argv[1])]):
    for seed in map(int, sys.argv[2:]):
        outcome = run_once(one.scenario, seed)
        taped = run_once(one.scenario, tape=outcome.tape)
        found[f"{one.scenario.name} {seed}"] = outcome.digest, taped.digest, len(outcome.tape), outcome.steps
print(json.dumps(found))
"""


def digests(hash_seed: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    words = [sys.executable, "-c", PROGRAM, str(ROOT / "examples" / "scenarios"), *map(str, SEEDS)]
    return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True)


def test_each_run_is_the_same_in_two_fresh_processes() -> None:
    """Every shipped scenario, some seeds each, other hashes of Python's own: one digest. And the run's tape is the run."""
    started = [digests(hash_seed) for hash_seed in ("1", "4242")]
    first, second = (json.loads(process.communicate(timeout=300)[0]) for process in started)
    assert len(first) == 19 * len(SEEDS)
    assert first == second
    assert [name for name, (digest, taped, _, _) in first.items() if digest != taped] == []
    assert len({digest for digest, *_ in first.values()}) == len(first)
