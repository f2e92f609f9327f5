"""What an instrument's token makes happen where nothing is real: at the sandbox gateway and at the simulator's provider alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import frozen

Act = Literal["approve", "deny", "leave"]
PAYER_TAKES, CHALLENGE_LASTS, INTENT_LASTS, ARRIVES_LATE = 10, 10 * 60, 5 * 60, 60  # seconds


@frozen
class Token:
    """What an instrument makes happen, in words and in figures; times in seconds from the first call.

    `refused` at once for that reason, or the payer must `act` after so long, or the money is there at once. `busy`: when it is out of
    the payer's hands and not decided. The first call of the operation `lost` never arrives, or only `arrives` so much later; the first of
    `silent` acts without an answer.
    """

    says: str
    method: str = "card"
    refused: str = ""
    act: Act | None = None
    after: int = PAYER_TAKES
    busy: int | None = None
    lost: str = ""
    silent: str = ""
    arrives: int | None = None
    slow: bool = False
    drift: int = 0
    refunds: bool = True


TOKENS: Final[Mapping[str, Token]] = {
    "tok_ok": Token("the money is reserved or taken at once"),
    "tok_declined": Token("declined", refused="declined"),
    "tok_insufficient_funds": Token("declined, there is too little on the account", refused="insufficient-funds"),
    "tok_expired_card": Token("declined, the card has expired", refused="expired-card"),
    "tok_stolen": Token("declined, the card is reported stolen; do not try it again", refused="stolen-card"),
    "tok_3ds_ok": Token("a challenge, which the payer passes 10 seconds later", act="approve"),
    "tok_3ds_denied": Token("a challenge, which the payer fails 10 seconds later", act="deny"),
    "tok_3ds_abandoned": Token("a challenge to which the payer never comes; over after 10 minutes", act="leave", after=CHALLENGE_LASTS),
    "tok_slow": Token("works, but every answer takes long", slow=True),
    "tok_amount_drift": Token("one minor unit more than asked is reserved or taken", drift=1),
    "tok_no_answer_lost": Token("the first authorize has no answer and never arrived; later ones work", lost="authorize"),
    "tok_no_answer_taken": Token("the first authorize works, but has no answer", silent="authorize"),
    "tok_no_answer_late": Token(
        "the first authorize has no answer, and arrives a minute later unless it is voided before", lost="authorize", arrives=ARRIVES_LATE
    ),
    "tok_capture_no_answer": Token("the first capture works, but has no answer", silent="capture"),
    "tok_void_no_answer": Token("the first void works, but has no answer", silent="void"),
    "tok_refund_no_answer": Token("the first refund works, but has no answer", silent="refund"),
    "tok_refund_refused": Token("works, but the money is not sent back", refunds=False),
    "upi_paid": Token("the payer approves after 10 seconds", "upi", act="approve"),
    "upi_denied": Token("the payer says no after 10 seconds", "upi", act="deny"),
    "upi_expired": Token("the payer never comes; over after 5 minutes", "upi", act="leave", after=INTENT_LASTS),
    "upi_pending": Token(
        "the payer approves after 10 seconds, and the bank never decides; over after 2 days",
        "upi",
        act="leave",
        after=2 * 24 * 3600,
        busy=PAYER_TAKES,
    ),
    "upi_late": Token(
        "the payer approves too late: the money comes 2 minutes after the 5 of the intent", "upi", act="approve", after=INTENT_LASTS + 120
    ),
}
"""Every token there is."""
UNKNOWN: Final = Token("declined", method="", refused="unknown-token")
"""Any other."""
