"""Fifty shoppers in ten processes, and codes that are not enough for all: one use, two uses a person, and 100.00 to give away.

    python -m tests.processes.coupons FOLDER

All are shown the price with the code, wait for each other, and pay at once. What became of each is printed as JSON, with the numbers of
the pools afterwards, and what is wrong.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from checkout_adapters.sqlalchemy.codes import SqlCodes
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Ratio, Refusal, Shop
from checkout_core.codes import Batch, grouped, new_code
from checkout_core.customers import identities
from checkout_core.holds import CodeUses, CouponBudget, CouponUses, CouponUsesBy, PoolKey
from checkout_core.money import Money
from checkout_core.promotions import AmountOff, Percent, Promotion
from tests.processes.buyers import PATIENCE
from tests.processes.ground import Shopper, forked, make_shop, opened, wrong
from tests.world import ADA, SECRET

PROCESSES: Final = 10
EACH: Final = 5
ONCE: Final = Promotion("once", "Once", AmountOff([Money(500, "EUR")]), code="ONCE", limit=1)
TWICE: Final = Promotion("twice", "Twice", Percent(Ratio(10)), code="TWICE", per_person=2)
CODED: Final = Promotion("coded", "By issued codes", Percent(Ratio(10)), by_code=True, per_code=1)
CODE: Final = new_code(7, "TEA")
BUDGET: Final = Promotion("budget", "60 %", Percent(Ratio(60)), code="SIXTY", budget=[Money(10_000, "EUR")])
"""60 % of a mug at 12.50 are 7.50: 100.00 are enough for thirteen of them, and 2.50 are left."""


@frozen
class Rush:
    """A code, how many have it in the end, and the pools that say so."""

    deal: Promotion
    orders: int
    pools: tuple[PoolKey, ...]


RUSHES: Final = {
    "once": Rush(ONCE, 1, (CouponUses("once"),)),
    "twice": Rush(TWICE, 2, tuple(CouponUsesBy("twice", who) for who in identities(SECRET, None, ADA.email))),
    "coded": Rush(CODED, 1, (CodeUses("coded", CODE),)),
    "budget": Rush(BUDGET, 13, (CouponBudget("budget", "EUR"),)),
}


def rush(path: Path, code: str) -> dict[str, Any]:
    """Let all fifty pay with this code at once."""
    asked = RUSHES[code]
    make_shop(path, PROCESSES * EACH, (asked.deal,))
    if asked.deal.by_code:
        with SqlStorage(str(path)) as storage:
            SqlCodes(storage).store(Batch("spring", asked.deal.id, "TEA"), [CODE], actor="test")
    typed = asked.deal.code or grouped(CODE, "TEA")
    fork = multiprocessing.get_context("fork")
    tills = fork.Barrier(PROCESSES * EACH)

    def work(name: int) -> Callable[[Callable[[object], None]], int]:
        def buy(say: Callable[[object], None]) -> int:
            with opened(path, busy_timeout=PATIENCE) as shop:
                crowd = [threading.Thread(target=one, args=(shop, f"shopper-{name}-{n}", say)) for n in range(EACH)]
                for thread in crowd:
                    thread.start()
                for thread in crowd:
                    thread.join()
            return 0

        return buy

    def one(shop: Shop, name: str, say: Callable[[object], None]) -> None:
        shopper = Shopper(name, codes=(typed,))
        try:
            shopper.buy(shop, before_paying=lambda: tills.wait(PATIENCE))
            say({"answer": "placed" if shopper.order else shopper.refused})
        except Refusal as refusal:
            tills.abort()
            say({"answer": f"refused too early: {refusal}"})
        except Exception as error:
            say({"answer": f"{type(error).__name__}: {error}"})

    ended = [child.ended() for child in [forked(work(n)) for n in range(PROCESSES)]]
    answers = Counter(str(said["answer"]) for _, told in ended for said in told)
    with SqlStorage(str(path)) as storage:
        pools = storage.pools(asked.pools)
    return {
        "answers": dict(answers),
        "pools": [[pool.on_hand, pool.held, pool.committed] for pool in pools.values()],
        "wrong": wrong(path, orders=asked.orders, stock=PROCESSES * EACH),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    print(json.dumps({code: rush(folder / f"{code}.db", code) for code in RUSHES}))


if __name__ == "__main__":
    main()
