"""Random carts priced twice, by the engine and by the slow oracle on Fractions: every figure must be the same.

`python -m tests.core.differential --carts 100000 --jobs 2` is the nox session `differential`; a few thousand are in the default tests.
A cart on which they differ is cut down to what still differs, and printed as a case that `checkout quote` reads.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime
from multiprocessing import get_context
from random import Random
from typing import Any, Final

from checkout_cli.vectors import Unreadable, answer_of, read_worked
from checkout_core.pricing import Quote, price
from checkout_core.receipt import figures_of, receipt_of, recompute
from tests.core.oracle import calculate
from tests.core.random_carts import cart

Case = dict[str, Any]

NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
REFUSED: Final = ("contradictory policy", "a total below zero")


def differences(case: Case) -> list[str]:
    """Every figure on which the engine and the oracle differ, and what is wrong with the receipt. Raises Refused for no price."""
    try:
        worked = read_worked(case)
    except Unreadable as why:
        if "policy.discount_line_tax" in str(why):
            raise Refused(REFUSED[0]) from None
        raise
    quote = price(worked.basket, worked.facts, NOW, worked.policy)
    if not isinstance(quote, Quote):
        total = calculate(case)["totals"]["total"]
        if [one.reason for one in quote] != ["below-zero"] or total >= 0:
            return [f"refused ({' '.join(map(str, quote))}), but the total is {total}"]
        raise Refused(REFUSED[1])
    receipt = receipt_of(quote)
    wrong = list(_compared(calculate(case), answer_of(worked, quote), ""))
    if recompute(receipt) != figures_of(quote):
        wrong.append("recompute gives other figures")
    if (rows := sum(row.amount for row in receipt.rows)) != quote.totals.due:
        wrong.append(f"the rows add up to {rows}, not to {quote.totals.due}")
    return wrong


class Refused(Exception):
    """There is no price, and rightly so."""


def _compared(expected: Any, given: Any, where: str) -> Iterator[str]:
    if isinstance(expected, dict):
        for name, value in expected.items():
            if name not in given:
                yield f"{where}.{name}: expected {value!r}, got nothing"
            else:
                yield from _compared(value, given[name], f"{where}.{name}")
    elif expected != given:
        yield f"{where}: expected {expected!r}, got {given!r}"


def seeds(first: int, count: int) -> tuple[Counter[str], list[int]]:
    """What became of the carts of these seeds, and the seeds on which the two differ."""
    became: Counter[str] = Counter()
    bad = []
    for seed in range(first, first + count):
        case = cart(Random(seed))
        try:
            wrong = differences(case)
        except Refused as why:
            became[str(why)] += 1
            continue
        became["priced"] += 1
        became["with promotions that took something"] += any(calculate(case)["promotions"].values())
        if wrong:
            bad.append(seed)
    return became, bad


def smallest(case: Case) -> Case:
    """The case without everything that is not needed for a difference."""

    def differs(smaller: Case) -> bool:
        try:
            return bool(differences(smaller))
        except (Refused, Unreadable, KeyError, IndexError, ValueError):
            return False

    shrinking = True
    while shrinking:
        shrinking = False
        for smaller in _smaller(case):
            if differs(smaller):
                case, shrinking = smaller, True
                break
    return case


def _smaller(case: Case) -> Iterator[Case]:
    for name in ("promotions", "gift_cards", "shipping", "lines"):
        for n in range(len(case.get(name, []))):
            without = deepcopy(case)
            del without[name][n]
            yield without
    for key in case["policy"]:
        without = deepcopy(case)
        del without["policy"][key]
        yield without


def main(arguments: Sequence[str] | None = None) -> int:
    """Price `--carts` random carts from seed `--first` on in `--jobs` processes. 1 if any differs."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--carts", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args(arguments)
    became: Counter[str] = Counter()
    bad: list[int] = []
    step = 2_500
    starts = range(asked.first, asked.first + asked.carts, step)
    with ProcessPoolExecutor(asked.jobs, get_context("spawn")) as pool:
        sizes = [min(step, asked.first + asked.carts - start) for start in starts]
        for counted, differing in pool.map(seeds, starts, sizes):
            became += counted
            bad += differing
            print(f"\r{became['priced']:,} carts priced twice, {len(bad)} differ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(f"{asked.carts:,} random carts from seed {asked.first}: " + ", ".join(f"{count:,} {what}" for what, count in became.items()))
    for seed in bad[:5]:
        case = smallest(cart(Random(seed)))
        print(f"seed {seed}: {'; '.join(differences(case)[:5])}\n{json.dumps(case)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
