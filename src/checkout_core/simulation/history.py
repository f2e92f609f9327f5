"""What each shopper was told, and whether it was true: an answer may not change, lie, or stay open for ever (I15, I17, I21)."""

from __future__ import annotations

from attrs import define, field

from checkout_core.checkout import Pending, Placed
from checkout_core.refusals import Refused
from checkout_core.scripts import Step
from checkout_core.simulation.books import Books
from checkout_core.simulation.clients import Wished
from checkout_core.simulation.coverage import Coverage
from checkout_core.simulation.full import Told
from checkout_core.simulation.provider import Provider
from checkout_core.simulation.violations import Violation
from checkout_core.stories import Answer

FINAL = frozenset({"declined", "refunded", "not-completed", "cancelled", "amount-differs"})
"""Refusals that are said of an attempt. Any other changed nothing and is not final: the same request, asked again, is asked anew (R23)."""
_REFUSED_MARKS = {"out-of-stock": "out of stock", "coupon-used-up": "coupon used up", "quote-changed": "quote changed"}


@define(eq=False)
class History:
    """The shoppers' side of a run."""

    books: Books
    provider: Provider
    coverage: Coverage
    wished: list[Wished] = field(factory=list)
    told: list[Told] = field(factory=list)
    finished: dict[tuple[str, str], Placed | Refused] = field(factory=dict)
    refused: dict[str, int] = field(factory=dict)
    lost: int = 0
    resting: bool = False
    _seen: set[tuple[str, str]] = field(factory=set)

    def wishes(self, wish: Wished) -> None:
        """A shopper presses pay."""
        if (wish.checkout, wish.key) not in self._seen:
            self._seen.add((wish.checkout, wish.key))
            self.wished.append(wish)

    def answered(self, wish: Wished, said: object) -> None:
        """An answer to a wish to pay, whether it reached the shopper or not. Raises Violation."""
        evaluated = self.coverage.evaluated
        evaluated["I21"] += 1
        if isinstance(said, Refused) and said.reason not in FINAL:
            return
        self.told.append(Told(wish.who, wish.checkout, wish.key, said))
        c = self.books.docs.get(wish.checkout)
        if isinstance(said, Placed):
            order = None if c is None else c.order
            if order is None or order.number != said.number:
                raise Violation(
                    "I21",
                    "a shopper was told of an order that is not there",
                    (f"{wish.who} was told: order {said.number} is placed", f"the store: {'no order' if order is None else order.number}"),
                    wish.checkout,
                )
        if not isinstance(said, Placed | Refused) or not self.recorded(wish):
            return
        evaluated["I17"] += 1
        first = self.finished.setdefault((wish.checkout, wish.key), said)
        if first != said:
            raise Violation(
                "I17",
                "the same request was answered in two ways",
                (f"{wish.who} was told first: {_words(first)}", f"and later, for the same key: {_words(said)}"),
                wish.checkout,
            )
        if first is not said and not self.resting:
            self.coverage.marks["asked again"] += 1

    def recorded(self, wish: Wished) -> bool:
        """Whether the wish became an attempt: a refusal that changed nothing is not recorded, and asking again is asking anew."""
        return (wish.checkout, "pay", wish.key) in self.books.requests

    def step(self, name: str, step: Step, came: Answer) -> None:
        """A shopper has taken a step."""
        for one in came.refused:
            self.refused[one.reason] = self.refused.get(one.reason, 0) + 1
            if one.reason in _REFUSED_MARKS:
                self.coverage.marks[_REFUSED_MARKS[one.reason]] += 1

    def gave_up(self, name: str) -> None:
        """A shopper has left without an answer."""
        self.lost += 1

    def at_rest(self, wish: Wished, again: object) -> None:
        """Everything has drained, and the shopper asks once more (I17, I21). Raises Violation."""
        self.resting = True
        self.answered(wish, again)
        c = self.books.docs[wish.checkout]
        if not self.recorded(wish):
            return
        if not isinstance(again, Placed | Refused):
            until = again.until if isinstance(again, Pending) else None
            raise Violation(
                "I21",
                "everything is at rest, and a shopper is still told to wait",
                (f"{wish.who} is told to wait until {until}", f"the store: {[a.state.value for a in c.attempts]}, due {c.due_at}"),
                wish.checkout,
            )
        key = self.books.attempt_of(wish.checkout, wish.key)
        charged = [p for p in self.provider.payments_of(wish.checkout) if p.charged and p.key.startswith(key)]
        attempt = c.attempt(key)
        if isinstance(again, Refused) and charged and not (attempt is not None and attempt.stuck):
            raise Violation(
                "I21",
                "a shopper was refused, and is charged",
                (f"{wish.who} was told: {_words(again)}", f"the gateway's books: {charged[0].key} is {charged[0].state}"),
                wish.checkout,
            )


def _words(said: Placed | Refused) -> str:
    return f"order {said.number} is placed" if isinstance(said, Placed) else f"no, {said.reason} {said.given}".strip()
