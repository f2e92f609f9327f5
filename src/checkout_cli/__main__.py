"""`checkout`, and `python -m checkout_cli`: the command as the operating system starts it."""

from __future__ import annotations

import os
import signal
import sys

STOPPED = 130
NARROWEST = 20  # columns


def main() -> None:
    """Run the command on the words of this process. Ctrl-C is quiet while it is still being loaded, too, and when it is over."""
    try:
        open_streams()
        a_real_width()
        from checkout_cli.app import run

        code = run(sys.argv[1:])
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        code = STOPPED
    sys.exit(code)


def a_real_width() -> None:
    """Forget a width that some editors and schedulers set, in which nothing can be read."""
    width = os.environ.get("COLUMNS", "")
    if width.isdigit() and int(width) < NARROWEST:
        del os.environ["COLUMNS"]


def open_streams() -> None:
    """Give a stream that was closed beforehand to nobody: a database must not be opened under the number of stdout."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest that is free
        os.set_inheritable(number, True)
    os.close(number)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    main()
