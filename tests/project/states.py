"""`docs/states.md`, drawn from the transition tables that the code uses.

python tests/project/states.py            compare; exit 1 if the page differs
python tests/project/states.py --write    draw it anew
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from checkout_core.holds import HOLD_MOVES, HoldState
from checkout_core.orders import FULFILMENT_MOVES, ORDER_MOVES, PAYMENT_MOVES, FulfilmentState, OrderState, PaymentState
from checkout_core.payments import ATTEMPT_MOVES, AttemptState

PAGE = Path(__file__).parents[2] / "docs" / "states.md"

TABLES: tuple[tuple[str, str, Mapping[Any, frozenset[Any]], tuple[StrEnum, ...]], ...] = (
    ("Order", "orders.ORDER_MOVES: whether the order stands.", ORDER_MOVES, (OrderState.PLACED,)),
    (
        "Payment of an order",
        "orders.PAYMENT_MOVES: where its money is; derived from the attempts, never set.",
        PAYMENT_MOVES,
        (PaymentState.AUTHORIZED, PaymentState.PAID),
    ),
    ("Fulfilment", "orders.FULFILMENT_MOVES: where the goods are.", FULFILMENT_MOVES, (FulfilmentState.UNFULFILLED,)),
    (
        "Attempt to be paid",
        "payments.ATTEMPT_MOVES: whoever brings the news. A closed attempt has one way out: money that comes after a no, and goes back.",
        ATTEMPT_MOVES,
        (AttemptState.INTENDED,),
    ),
    ("Hold", "holds.HOLD_MOVES: a checkout's share of anything scarce.", HOLD_MOVES, (HoldState.HELD,)),
)


def drawn() -> str:
    """The page."""
    parts = ["# States\n", "Drawn from the tables in the code by `tests/project/states.py`; a test compares.\n"]
    for title, says, moves, starts in TABLES:
        parts += [f"## {title}\n", f"`{says.split(':')[0]}`:{says.split(':', 1)[1]}\n", "```mermaid", "stateDiagram-v2"]
        parts += [f"    [*] --> {name(start)}" for start in starts]
        for old, news in moves.items():
            parts += [f"    {name(old)} --> {name(new)}" for new in sorted(news, key=list(moves).index)]
            parts += [] if news else [f"    {name(old)} --> [*]"]
        parts += ["```\n"]
    return "\n".join(parts)


def name(state: StrEnum) -> str:
    return state.value.replace(" ", "_")


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(drawn(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != drawn():
        sys.exit("docs/states.md is not what the tables say. Run: python tests/project/states.py --write")
