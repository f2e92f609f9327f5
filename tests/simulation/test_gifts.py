"""Free gifts with everything going wrong: never more given away than there are, no sale lost for want of one, all of it judged (I1, I2)."""

from __future__ import annotations

from typing import Final

import pytest

from checkout_core.holds import Stock
from checkout_core.money import Money
from checkout_core.promotions import FreeGift, Promotion
from checkout_core.simulation.scenarios import Rate
from tests.simulation.small import a_scenario, buyer, played

GIFT: Final = Promotion("book", "A book with it", FreeGift("BOOK"), minimum=[Money(100, "EUR")])
STOCK: Final = {Stock("MUG"): 20, Stock("BOOK"): 2}


def test_where_nothing_goes_wrong_the_last_gift_is_given_and_everybody_buys() -> None:
    """F1: six shoppers and two gifts make six orders, two of them with one. One whose gift went meanwhile agrees to the new price."""
    run, came = played(a_scenario(buyer("rush", count=6, within=5), stock=STOCK, promotions=[GIFT]))
    assert came.violation is None
    tables = run.opened.tables
    assert tables is not None
    orders = [c for c in tables.checkouts.values() if c.order is not None and c.quote is not None]
    assert len(orders) == 6
    assert sorted([line.sku for c in orders if c.quote for line in c.quote.lines]) == ["BOOK"] * 2 + ["MUG"] * 6
    pool = tables.pools[Stock("BOOK")]
    assert (pool.on_hand, pool.committed, pool.held) == (2, 2, 0)


@pytest.mark.parametrize("seed", range(30))
def test_gifts_are_exact_whatever_happens(seed: int) -> None:
    """Crashes at every call, twins, declines and answers that are lost: the judges of the simulator see every state."""
    rates: dict[str, Rate] = {
        "crash_before": "common",
        "crash_after": "common",
        "decline": "common",
        "twin": "common",
        "ambig_applied": "common",
    }
    scenario = a_scenario(buyer("rush", count=6, within=5), stock=STOCK, promotions=[GIFT], rates=rates, swarm=True, processes=3, workers=2)
    _, came = played(scenario, seed=seed)
    assert came.violation is None
