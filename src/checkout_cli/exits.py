"""How the command ends: exit codes, and what an operator is told when something is in the way.

    0 done · 1 refused by a rule, or by you · 2 wrong usage · 3 something outside is unavailable · 4 an invariant is broken · 130 stopped

Bad files and a wrong configuration are wrong usage: what has to change lies with whoever called.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from attrs import frozen

from checkout_core.errors import Broken, CheckoutError, Misconfigured, NoAnswer, NotFound, Unavailable
from checkout_core.money import Money
from checkout_core.refusals import Change, Refusal, Refused

REFUSED, USAGE, UNAVAILABLE, BROKEN, STOPPED = 1, 2, 3, 4, 130


class WrongUsage(CheckoutError):
    """The command was called in a way that cannot be done: the text says how it can."""


class SaidNo(CheckoutError):
    """The operator looked at the plan and said no."""


@frozen
class Ending:
    """Why a command ends early: a stable `code`, the exit code, words, and every reason apart."""

    code: str
    exit: int
    message: str
    reasons: tuple[Mapping[str, object], ...] = ()
    unforeseen: bool = False

    @property
    def data(self) -> dict[str, object]:
        """What `--json` prints."""
        return {"error": {"code": self.code, "message": self.message, "reasons": list(self.reasons)}}


def ending_of(error: BaseException) -> Ending:
    """What an error means to the shell that called, and in which words."""
    match error:
        case Refusal():
            return Ending("refused", REFUSED, str(error), tuple(reason_data(one) for one in error.refused))
        case NotFound():
            return Ending("not-found", REFUSED, str(error))
        case SaidNo():
            return Ending("said-no", REFUSED, str(error))
        case Broken():
            return Ending("broken", BROKEN, str(error))
        case Unavailable():
            return Ending("unavailable", UNAVAILABLE, str(error))
        case NoAnswer():
            return Ending("no-answer", UNAVAILABLE, str(error))
        case Misconfigured():
            return Ending("misconfigured", USAGE, str(error))
        case CheckoutError() if (mistakes := getattr(error, "mistakes", None)) is not None:  # bad files and bad scripts carry all of theirs
            return Ending("bad-files", USAGE, str(error), tuple(_mistake_data(one) for one in mistakes))
        case WrongUsage():
            return Ending("usage", USAGE, str(error))
        case CheckoutError():
            return Ending("refused", REFUSED, str(error))
        case ModuleNotFoundError():
            missing = str(error.name).partition(".")[0]
            return Ending(
                "misconfigured", USAGE, f"{missing} is not installed. Install what the command needs: pip install 'checkout-core[cli]'."
            )
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EIO | errno.EMFILE | errno.ENFILE):
            return Ending("unavailable", UNAVAILABLE, _of_file(error))
        case OSError():
            return Ending("usage", USAGE, _of_file(error))
        case KeyboardInterrupt():
            return Ending("stopped", STOPPED, "Stopped. What was not finished is undone; run the same command again.")
        case MemoryError():
            return Ending("unavailable", UNAVAILABLE, "There is not enough memory. Free some, and run the same command again.")
        case _:
            # Its text may hold anything, an address too (R24): the kind is all that is told.
            words = f"Something went wrong that should not ({type(error).__name__}). Stop, and show it to whoever looks after this shop."
            return Ending("broken", BROKEN, f"{words} CHECKOUT_TRACEBACK=1 shows where it happened.", unforeseen=True)


def exit_code(error: BaseException) -> int:
    """The exit code alone."""
    return ending_of(error).exit


def reason_data(refused: Refused) -> dict[str, object]:
    """A refusal as data: the reason's key, what it is about, the words, and how far away yes is."""
    return {
        "reason": refused.reason,
        "subject": refused.subject,
        "message": str(refused),
        "how_far": {name: _plain(value) for name, value in refused.how_far.items()},
    }


def _plain(value: object) -> object:
    match value:
        case Money(minor, currency):
            return {"minor": minor, "currency": currency}
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Change(what, before, after):
            return {"what": what, "before": before, "after": after}
        case tuple() | list():
            return [_plain(one) for one in value]
        case _:
            return value


def _mistake_data(mistake: object) -> Mapping[str, object]:
    if isinstance(mistake, str):
        return {"message": mistake}
    return {name: getattr(mistake, name, None) for name in ("file", "row", "column", "message")}


def _of_file(error: OSError) -> str:
    what = (error.strerror or type(error).__name__).rstrip(".")
    where = f"{error.filename}: " if error.filename else ""
    cure = {
        "FileNotFoundError": "Check the path.",
        "PermissionError": "Ask for the right to use it, or name another.",
        "IsADirectoryError": "Name a file, not a folder.",
        "NotADirectoryError": "Name a folder, not a file.",
        "FileExistsError": "Name another, or move it away.",
    }.get(type(error).__name__, "Look at the disk and the path, and run the same command again.")
    return f"{where}{what}. {cure}"


def listed(words: Sequence[str], last: str = "or") -> str:
    """Words as a person lists them: `a, b or c`."""
    return "".join((", ".join(words[:-1]), f" {last} " if len(words) > 1 else "", *words[-1:]))
