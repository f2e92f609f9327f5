"""What each shopper was told, and whether it was true: an answer may not change, lie, or stay open for ever (I15, I17, I21)."""

from __future__ import annotations

from datetime import datetime

from attrs import define, field

from checkout_core.checkout import ActionRequired, Checkout, Pending, Placed
from checkout_core.holds import CardBalance
from checkout_core.money import Money
from checkout_core.refusals import Refusal, Refused
from checkout_core.simulation.books import Books
from checkout_core.simulation.clients import Wished
from checkout_core.simulation.coverage import Coverage
from checkout_core.simulation.full import Told
from checkout_core.simulation.full.told import FINAL
from checkout_core.simulation.provider import Provider
from checkout_core.simulation.violations import Violation
from checkout_core.simulation.watching import Watched
from checkout_core.stories import Answer
from checkout_core.unit import Request

_REFUSED_MARKS = {
    "out-of-stock": "out of stock",
    **dict.fromkeys(("coupon-used-up", "coupon-used-by-you", "budget-spent"), "coupon used up"),
    "quote-changed": "quote changed",
}


@define(eq=False)
class History:
    """The shoppers' side of a run."""

    books: Books
    provider: Provider
    coverage: Coverage
    wished: list[Wished] = field(factory=list)
    told: list[Told] = field(factory=list)
    agreed: dict[tuple[str, str], list[Money | str]] = field(factory=dict)
    """What the shopper was ready to pay, by checkout and key: a total, or the hash of a quote."""
    finished: dict[tuple[str, str], Placed | Refused] = field(factory=dict)
    refused: dict[str, int] = field(factory=dict)
    resting: bool = False
    _seen: set[tuple[str, str]] = field(factory=set)

    def wishes(self, wish: Wished) -> None:
        """A shopper presses pay."""
        if (wish.checkout, wish.key) not in self._seen:
            self._seen.add((wish.checkout, wish.key))
            self.wished.append(wish)
        self.agreed.setdefault((wish.checkout, wish.key), []).append(wish.expected)

    def stored(self, request: Request) -> None:
        """A wish to pay has become an attempt, or joined one: is that what its shopper agreed to? Raises Violation."""
        agreed = self.agreed.get((request.scope, request.key))
        if request.operation != "pay" or agreed is None or self.books.payers.get(request.attempt) != 1:
            return  # who joins somebody's payment is told what that one costs
        c = self.books.docs[request.scope]
        attempt = c.attempt(request.attempt)
        self.coverage.evaluated["I8"] += 1
        if attempt is not None and c.quote is not None and attempt.amount not in agreed and c.quote.hash not in agreed:
            raise Violation(
                "I8",
                "another amount is charged than the shopper agreed to",
                (f"the shopper agreed to: {', '.join(map(str, agreed))}", f"the attempt: {attempt.amount}"),
                c.id,
            )

    def refused_now(self, wish: Wished, refusal: Refusal, now: datetime) -> None:
        """A unit refuses a wish to pay, at this very moment. Raises Violation."""
        c = self.books.docs.get(wish.checkout)
        promised = c is not None and c.quote is not None and c.quote_until is not None and now < c.quote_until
        if c is None or c.quote is None or not promised or all(one.reason != "quote-changed" for one in refusal.refused):
            return
        self.coverage.evaluated["Q2"] += 1
        if wish.expected in (c.quote.total, c.quote.hash) and not self._card_is_spent(c):
            raise Violation(
                "Q2",
                "a shopper was refused the price that was promised",
                (f"{wish.who} agreed to: {wish.expected}", f"the quote: {c.quote.total}, promised until {c.quote_until}, and it is {now}"),
                c.id,
            )

    def _card_is_spent(self, c: Checkout) -> bool:
        """Whether others have meanwhile what this checkout was to pay by gift card: its price stands, and more of it is paid otherwise."""
        held = self.books.held.get(c.id, {})
        for card in c.quote.cards if c.quote is not None else ():
            key = CardBalance(card.id, c.currency)
            ours = self.books.counts.get(key)
            if card.used and (ours is None or ours.on_hand - ours.promised + held.get(key, 0) < card.used):
                return True
        return False

    def ran_again(self, first: Watched, again: Watched) -> None:
        """A unit was run again after a commit that nobody answered: what it did once it does not do again (R12). Raises Violation."""
        self.coverage.evaluated["I17"] += 1
        if not again.written:
            self.coverage.marks["rerun found its record"] += 1
        before, now = ([record for record in unit.written if isinstance(record, Request)] for unit in (first, again))
        if before and now:
            raise Violation(
                "I17",
                "a unit that had committed had its effect once more",
                (
                    f"committed: {before[0].operation} under {before[0].key}",
                    f"written again: {now[0].operation} under {now[0].key}",
                ),
                again.about,
            )

    def used_again(self, wish: Wished, value: object, error: Exception | None) -> None:
        """The key of a recorded wish came again with another card, and this came of it (S4). Raises Violation."""
        said = error.refused[0] if isinstance(error, Refusal) else value
        if error is not None and not isinstance(error, Refusal):
            return
        self.coverage.evaluated["I17"] += 1
        if isinstance(said, Refused) and said.reason == "key-reused":
            return
        raise Violation(
            "I17",
            "a key that stood for one request did something else",
            (f"the key {wish.key} of {wish.who}: it is recorded", f"the other request under it was told: {said}"),
            wish.checkout,
        )

    def merged(self, guest: str, into: str) -> None:
        """A shopper was told that one cart has gone into another (I18). Raises Violation."""
        self.coverage.evaluated["I18"] += 1
        cart = self.books.carts.get(guest)
        if cart is None or cart.merged_into != into:
            where = (
                "there is no such cart" if cart is None else f"it went into {cart.merged_into}" if cart.merged_into else "it is still open"
            )
            raise Violation(
                "I18",
                "the lines of a merged cart are in two carts",
                (f"a shopper was told: {guest} went into {into}", f"the cart {guest}: {where}"),
            )

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
        evaluated["I17"] += 1
        if isinstance(said, Placed | ActionRequired) and not self.recorded(wish):
            raise Violation(
                "I17",
                "a wish to pay was answered, and is not written down",
                (
                    f"{wish.who} was told: {type(said).__name__}, under {wish.key}",
                    "the store: no such request",
                ),
                wish.checkout,
            )
        if not isinstance(said, Placed | Refused) or not self.recorded(wish):
            return
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

    def step(self, came: Answer) -> None:
        """A shopper has taken a step, and this came of it."""
        for one in came.refused:
            self.refused[one.reason] = self.refused.get(one.reason, 0) + 1
            if one.reason in _REFUSED_MARKS:
                self.coverage.marks[_REFUSED_MARKS[one.reason]] += 1

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
