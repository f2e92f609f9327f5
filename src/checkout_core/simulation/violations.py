"""An invariant that does not hold: its id, a sentence, and the two facts that contradict each other."""

from __future__ import annotations


class Violation(BaseException):
    """`id` does not hold, as `says` tells; `facts` are two sentences, each beginning with who says so, that cannot both be right.

    No `Exception`: it may be raised from inside the shop's own calls, whose business it is to survive whatever a port raises, and no
    `except Exception` on the way out may swallow it.
    """

    def __init__(self, id: str, says: str, facts: tuple[str, str], checkout: str = "") -> None:
        super().__init__(id, says, facts, checkout)  # as they came: it is copied and pickled by its arguments
        self.id = id
        self.says = says
        self.facts = facts
        self.checkout = checkout

    def __str__(self) -> str:
        return f"{self.id}: {self.says} ({'; '.join(self.facts)})"


def crashed(who: str, doing: str, about: str, error: Exception) -> Violation:
    """The shop has raised what nobody is told."""
    told = f"{who} was told: {type(error).__name__}: {str(error)[:300]}"
    says = f"the shop raised {type(error).__name__} in the middle of {doing or 'a journey'}"
    return Violation("guard", says, (told, "every answer is a result, a refusal, or that something is away"), about)
