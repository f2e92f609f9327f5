"""What came of a script, as values: each step with its answer in words and in data, and what was expected and did not come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from checkout_core.card_numbers import shown_number
from checkout_core.cart import MergeReport
from checkout_core.checkout import ActionRequired, Checkout, Pending, Placed, Result, answer
from checkout_core.money import Money
from checkout_core.orders import OrderState
from checkout_core.payments import AttemptState, Challenge
from checkout_core.refusals import WORDS, Change, Refused
from checkout_core.scripts import LOOKS, Backorder, Expect, Load, MoveStock, Outcome, Script, Step
from checkout_core.shipping import ShippingOption

MARKS: Final[Mapping[Outcome, str]] = {"placed": "✓", "refused": "✗", "action": "…", "pending": "…", "done": "·"}


@frozen
class Answer:
    """What a step was answered. `quiet` is what the quote or the next step tells as well."""

    outcome: Outcome
    text: str
    refused: tuple[Refused, ...] = ()
    total: Money | None = None
    quiet: bool = False


@frozen
class Told:
    """One step of the story: `number` counts from 1, `says` is the narrator's, the answer is the shop's."""

    number: int
    who: str
    word: str
    says: str
    answer: Answer

    @property
    def mark(self) -> str:
        return MARKS[self.answer.outcome]


@frozen
class Mismatch:
    """What was expected, and what came instead. `step` 0 is the end of the script; `refused` says that the shop said no, unasked."""

    step: int
    word: str
    expected: str
    got: str
    refused: bool = False

    def __str__(self) -> str:
        place = f"step {self.step} ({self.word})" if self.step else "at the end"
        return f"{place}: expected {self.expected}; got {self.got}"


@frozen
class Story:
    """A script that was played. `checkouts` are the purchases it began, as they stand at the end, each with its shopper."""

    script: Script
    told: tuple[Told, ...]
    checkouts: tuple[tuple[str, Checkout], ...] = ()
    mails: int = 0
    mismatches: tuple[Mismatch, ...] = ()

    @property
    def orders(self) -> tuple[str, ...]:
        """The numbers of the orders that stand."""
        return tuple(c.order.number for _, c in self.checkouts if c.order is not None and c.order.state is not OrderState.CANCELLED)

    @property
    def kept(self) -> tuple[Money, ...]:
        """The money that was taken and not sent back, by currency."""
        return summed(a.taken for _, c in self.checkouts for a in c.attempts if a.state is AttemptState.CAPTURED)

    @property
    def refunds(self) -> tuple[Money, ...]:
        """The money that went back, by currency."""
        return summed(a.taken for _, c in self.checkouts for a in c.attempts if a.state is AttemptState.REFUNDED)

    @property
    def refused(self) -> bool:
        """Whether the shop said no where nobody expected it."""
        return any(mismatch.refused for mismatch in self.mismatches)


def summed(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One amount a currency, those of nothing left out."""
    totals: dict[str, Money] = {}
    for amount in amounts:
        totals[amount.currency] = totals.get(amount.currency, Money.zero(amount.currency)) + amount
    return tuple(total for _, total in sorted(totals.items()) if total)


# What was expected.
def surprises(number: int, step: Step, came: Answer) -> tuple[Mismatch, ...]:
    """Where the answer is not what the step expects; a step that expects nothing expects not to be refused, unless it only looks."""
    reasons = ", ".join(refused.reason for refused in came.refused)
    got = f"{came.outcome} ({reasons})" if reasons else came.outcome
    no = came.outcome == "refused"
    if step.expect is None and no and not isinstance(step.do, LOOKS):
        return (Mismatch(number, step.word, "no refusal", f"{got}: {came.text}", refused=True),)
    if step.expect is not None and step.expect != came.outcome:
        return (Mismatch(number, step.word, step.expect, f"{got}: {came.text}", refused=no),)
    if step.reason is not None and step.reason not in [refused.reason for refused in came.refused]:
        return (Mismatch(number, step.word, f"refused ({step.reason})", got),)
    if step.total is not None and step.total != came.total:
        return (Mismatch(number, step.word, f"a total of {step.total}", str(came.total or "none yet")),)
    return ()


def at_the_end(expect: Expect, story: Story, before: Mapping[str, int], after: Mapping[str, int]) -> tuple[Mismatch, ...]:
    """Where the end is not what the script expects; `before` and `after` are what was left of each SKU."""
    found: list[tuple[str, str]] = []
    if expect.orders is not None and expect.orders != len(story.orders):
        found.append((f"{expect.orders} orders", str(len(story.orders))))
    if expect.kept is not None and summed(expect.kept) != story.kept:
        found.append((f"{money_text(summed(expect.kept))} kept", money_text(story.kept)))
    if expect.mails is not None and expect.mails != story.mails:
        found.append((f"{expect.mails} mails", str(story.mails)))
    found += [(f"{number} left of {sku}", str(after[sku])) for sku, number in expect.left if after[sku] != number]
    moves = [(sku, number, after[sku] - before[sku]) for sku, number in expect.moved]
    found += [(f"{sku} to move by {number}", str(move)) for sku, number, move in moves if move != number]
    return tuple(Mismatch(0, "", expected, got) for expected, got in found)


def money_text(amounts: Sequence[Money]) -> str:
    """Amounts as people list them: `1.00 EUR, 100 JPY and 1.00 USD`; `nothing` for none."""
    *first, last = [str(amount) for amount in amounts] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


# Answers in words.
def done(text: str, total: Money | None = None, *, quiet: bool = False) -> Answer:
    return Answer("done", text, total=total, quiet=quiet)


def refusal(refused: Sequence[Refused], words: Mapping[str, str] = WORDS) -> Answer:
    """No, in the words of a table, with every reason. Of what has changed, the text has what a shopper would look at."""
    every = tuple(other for one in refused for other in (one, *one.others))
    said = [evolve(one, changes=tuple(dict.fromkeys(change for change in one.changes if _of_interest(change)))) for one in every]
    return Answer("refused", " ".join(one.words(words) for one in said), every, next((r.total for r in every if r.total is not None), None))


def paid(result: Result, words: Mapping[str, str] = WORDS) -> Answer:
    """What `pay` answered."""
    match result:
        case Placed(number=number, total=total):
            return Answer("placed", f"{f'paid {total}' if total else 'nothing to pay'}, order {number} placed", total=total)
        case ActionRequired(action, until):
            asked = (
                "the bank asks the payer to confirm"
                if isinstance(action, Challenge)
                else "the payer is asked to approve it in their UPI app"
            )
            return Answer("action", f"{asked}, until {_moment(until)}")
        case Pending(until):
            return Answer("pending", f"not decided yet{'' if until is None else f'; the gateway is asked again at {_moment(until)}'}")
        case Refused():
            return refusal((result,), words)


def standing(c: Checkout, words: Mapping[str, str] = WORDS) -> Answer:
    """What became of a checkout so far: a function of what is stored."""
    if c.order is not None and c.order.state is not OrderState.CANCELLED:
        return Answer("placed", f"order {c.order.number} is placed, {c.order.total} paid", total=c.order.total)
    if c.order is not None:
        return evolve(refusal((Refused("cancelled", c.order.number, c.order.cancelled),), words), text=over(c))
    if not c.attempts:
        return refusal((Refused("abandoned", given=c.because or c.abandoned),), words) if c.abandoned else _looked_at(c, words)
    came = paid(answer(c, c.attempts[-1]), words)
    back = _sent_back(c)
    return evolve(came, text=f"{came.text} {money_text(back)} went back.") if back and came.outcome == "refused" else came


def begun(c: Checkout) -> Answer:
    if c.quote is None:
        return done("the total is known when address and shipping are")
    return done(f"the total is {c.quote.total}", c.quote.total)


def _looked_at(c: Checkout, words: Mapping[str, str]) -> Answer:
    """The total, and the promotions that are near: how far away each is."""
    misses = [missed for missed in c.quote.near_misses if missed.how_far] if c.quote is not None else []
    return evolve(begun(c), text="; ".join([begun(c).text, *(missed.words(words).rstrip(".") for missed in misses)]))


def over(c: Checkout) -> str:
    """How a checkout that was turned back stands."""
    name, why = (f"order {c.order.number}", c.order.cancelled) if c.order is not None else ("the checkout", c.because or c.abandoned)
    back, coming = _sent_back(c), summed(a.taken for a in c.attempts if a.state is AttemptState.CAPTURED)
    if back or coming:
        money = f"{money_text(back)} went back" if back else f"{money_text(coming)} goes back"
    else:
        money = "money that still comes goes back" if any(a.open and a.amount for a in c.attempts) else "nothing was charged"
    return f"{name} is cancelled ({why}); {money}" if why else f"{name} stands as it is: it is too late to cancel it"


def _sent_back(c: Checkout) -> tuple[Money, ...]:
    return summed(a.taken for a in c.attempts if a.state is AttemptState.REFUNDED)


def merged(report: MergeReport) -> Answer:
    rows = [f"{row.result} × {row.sku} ({row.what})" if row.result else f"{row.sku} dropped" for row in report.rows]
    return done(f"the guest's cart goes into the account's: {', '.join(rows) or 'both were empty'}")


def offered(options: Iterable[ShippingOption | Refused], words: Mapping[str, str] = WORDS) -> Answer:
    """Each way to send it with its price, or why not."""
    return done(
        "; ".join(_option(one) if isinstance(one, ShippingOption) else one.words(words).rstrip(".") for one in options)
        or "no way to send it"
    )


def moved(do: MoveStock) -> Answer:
    way = f"{do.delta} × {do.sku} come in" if do.delta > 0 else f"{-do.delta} × {do.sku} go out"
    return done(f"{way} at {do.location} ({do.reason})")


def allowed(do: Backorder) -> Answer:
    return done(f"{do.limit} × {do.sku} may be sold that are not there, at {do.location} ({do.reason})")


def loaded(do: Load) -> Answer:
    way = f"{do.amount} on" if do.amount.minor > 0 else f"{-do.amount} off"
    return done(f"{way} the gift card {shown_number(do.card)} ({do.reason})")


def span(seconds: int) -> str:
    """A length of time for people: "2 days", "90 seconds", "1 minute"."""
    unit, size = next((unit, size) for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)) if seconds % size == 0)
    number = seconds // size
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _of_interest(change: Change) -> bool:
    """Whether a change is one of price, quantity or discount, of a whole line, carriage or promotion, or of what a gift card pays."""
    thing, _, what = change.what.partition(" ")
    if thing == "gift":  # what a card pays
        return what.endswith(" used")
    if thing in ("line", "promotion"):
        return " " not in what or what.endswith((" unit price", " quantity", " discount"))
    return change.what == "total" or (thing == "shipping" and bool(what) and (" " not in what or what.endswith(" price")))


def _option(option: ShippingOption) -> str:
    if option.days is None:
        return f"{option.name} {option.price}"
    low, high = option.days
    days = "the same day" if not high else "the next day" if (low, high) == (1, 1) else f"{low if low == high else f'{low}-{high}'} days"
    return f"{option.name} {option.price}, {days}"


def _moment(at: datetime) -> str:
    return f"{at:%-d %b %H:%M} UTC"
