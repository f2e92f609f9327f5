"""One run played again in processes that share nothing with this one: what follows from seed and scenario alone is the same there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from checkout_cli.exits import BROKEN
from checkout_core.errors import Unavailable


def digests_of(
    scenario: Path, seed: int | None, tape: Path | None, level: str | None, hash_seeds: tuple[str, ...] = ("0", "1")
) -> tuple[str, ...]:
    """The digest of that run in fresh processes, one for each `PYTHONHASHSEED`. Raises Unavailable if one does not come to its end."""
    words = ["simulate", "replay", str(scenario), "--json"]
    words += ["--seed", str(seed)] if tape is None else ["--tape", str(tape)]
    words += [] if level is None else ["--level", str(level)]
    return tuple(_digest(words, hash_seed) for hash_seed in hash_seeds)


def _digest(words: list[str], hash_seed: str) -> str:
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-m", "checkout_cli", *words], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode not in (0, BROKEN):
        raise Unavailable(f"The run could not be repeated in another process (exit code {done.returncode}). Run the same command again.")
    data = json.loads(done.stdout)
    if "run" not in data:
        raise Unavailable("The run could not be repeated in another process. Run the same command again, without --twice.")
    return str(data["run"]["digest"])
