"""The console notifier keeps the contract, and its lines are safe to look at."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Sequence
from typing import Any

import pytest

from checkout_adapters.console import AsyncConsoleNotifier, ConsoleNotifier, line_of, masked
from checkout_core.customers import Contact
from checkout_core.errors import Unavailable
from checkout_core.testing import NotifierContract, synced
from checkout_core.testing.notifier import a_notice


class TestConsoleNotifier(NotifierContract):
    def make(self) -> Any:
        self.stream = io.StringIO()
        return ConsoleNotifier(self.stream)

    def delivered(self, notifier: Any) -> Sequence[str]:
        return re.findall(r"\[([^\]\s]+)\]$", self.stream.getvalue(), re.MULTILINE)


class TestAsyncConsoleNotifier(TestConsoleNotifier):
    def make(self) -> Any:
        self.stream = io.StringIO()
        return synced(AsyncConsoleNotifier(self.stream))


def test_a_line_says_what_which_how_much_and_to_whom() -> None:
    notice = a_notice(7, number="T7K2-9QX", contact=Contact("ann@example.org"))
    assert line_of(notice) == "order.placed  T7K2-9QX  34.90 EUR  some-experiments  to a***@example.org  [c1/7]"
    assert line_of(a_notice(2, "payment.refund_due", reason="late")) == "payment.refund_due  c1  34.90 EUR  late  [c1/2]"
    assert line_of(a_notice(1, "checkout.begun", cart="k1")) == "checkout.begun  c1  k1  [c1/1]"


def test_no_address_is_shown_wherever_it_stands() -> None:
    """R24: the shopper's, and one that an operator typed as a reason."""
    notice = a_notice(kind="order.cancelled", reason="asked by ben@example.com", contact=Contact("ann@example.org"))
    assert "ben@" not in line_of(notice)
    assert "ann@" not in line_of(notice)
    assert masked("no address") == "***"


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\r\n", "\u202e", "\u2028", "\x07", "\x9b31m", "\ud800"])
def test_nothing_steers_the_terminal(hostile: str) -> None:
    """S14: one event is one line, and shows what it says."""
    line = line_of(a_notice(kind="payment.declined", reason=f"a{hostile}b"))
    assert line.isprintable()
    assert "a\\" in line


def test_a_narrow_terminal_gets_escapes() -> None:
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding="ascii")
    ConsoleNotifier(terminal).notify(a_notice(kind="order.cancelled", reason="süß"))
    assert b"s\\xfc\\xdf" in raw.getvalue()


def test_a_closed_terminal_is_tried_again() -> None:
    """What could not be written does not count as written (M8)."""
    stream = io.StringIO()
    notifier = ConsoleNotifier(stream)
    stream.close()
    for _ in range(2):
        with pytest.raises(Unavailable):
            notifier.notify(a_notice())


def test_standard_output_is_where_it_is_now(capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(AsyncConsoleNotifier().notify(a_notice(number="T7K2-9QX")))
    assert capsys.readouterr().out.startswith("order.placed  T7K2-9QX  34.90 EUR")
