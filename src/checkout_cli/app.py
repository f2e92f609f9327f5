"""The `checkout` command.

Exit codes: 0 done · 1 refused by a rule, or by you · 2 wrong usage · 3 something outside is unavailable · 4 an invariant is broken.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, Protocol, runtime_checkable

import typer
from typer.core import TyperGroup

from checkout_cli.commands import (
    addresses,
    coupon_codes,
    databases,
    experiments,
    gift_cards,
    inventory,
    orders,
    outbox,
    payments,
    prices,
    promotions,
    quotes,
    running,
    shipping,
    shops,
    simulations,
    stories,
    taxes,
)
from checkout_cli.exits import STOPPED, USAGE, Ending, ending_of
from checkout_cli.output import ReaderGone, as_text, neutral, written

START, LOOK, ACT, RUN = "Start here", "What happened", "What is for sale", "Keeping it running"
ORDER = (
    *(
        "demo",
        "init",
        "shop",
        "quote",
        "run",
        "simulate",
        "sandbox",
        "order",
        "payment",
        "outbox",
        "dead-letter",
        "promotion",
        "experiment",
        "price",
        "tax",
        "shipping",
        "address",
    ),
    *("inventory", "coupon", "gift-card"),
)


class InOrder(TyperGroup):
    """The commands in the order in which somebody needs them, groups among them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Those of ORDER first, then the rest as they were added."""
        return sorted(super().list_commands(ctx), key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


app = typer.Typer(
    name="checkout",
    cls=InOrder,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="An embeddable checkout: from a cart to a paid, placed, refundable order.\n\n"
    "Three things to type first: [bold]checkout demo --keep shop.db[/] watches shoppers go through a tea shop, "
    "[bold]checkout order list --db shop.db[/] shows what they bought, and "
    "[bold]checkout order explain N --db shop.db[/] why it cost what it cost. The library itself is `from checkout_core import Shop`.",
    epilog="Every change shows its plan and asks; --yes does it, --dry-run stops there. --json prints data, errors too, on stdout. "
    "Exit codes: 0 done · 1 refused by a rule · 2 wrong usage · 3 something outside is unavailable · 4 an invariant is broken.",
)


def show_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"checkout-core {version('checkout-core')}")
        except PackageNotFoundError:
            typer.echo("checkout-core, not installed")
        raise typer.Exit


@app.callback()
def checkout(
    _version: Annotated[
        bool, typer.Option("--version", metavar="", callback=show_version, is_eager=True, help="The installed version.")
    ] = False,
) -> None:
    """Filled by `help=` above."""


app.command(rich_help_panel=START)(stories.demo)
app.command(rich_help_panel=START)(databases.init)
app.add_typer(shops.app, name="shop", rich_help_panel=START)
app.command(rich_help_panel=START)(quotes.quote)
app.command(rich_help_panel=START)(stories.run)
app.add_typer(simulations.app, name="simulate", rich_help_panel=START)
app.command(rich_help_panel=START)(stories.sandbox)
app.add_typer(orders.app, name="order", rich_help_panel=LOOK)
app.add_typer(payments.app, name="payment", rich_help_panel=LOOK)
app.add_typer(outbox.outbox_app, name="outbox", rich_help_panel=LOOK)
app.add_typer(outbox.dead_app, name="dead-letter", rich_help_panel=LOOK)
app.add_typer(inventory.app, name="inventory", rich_help_panel=ACT)
app.add_typer(coupon_codes.app, name="coupon", rich_help_panel=ACT)
app.add_typer(gift_cards.app, name="gift-card", rich_help_panel=ACT)
app.add_typer(prices.app, name="price", rich_help_panel=LOOK)
app.add_typer(taxes.app, name="tax", rich_help_panel=LOOK)
app.add_typer(shipping.app, name="shipping", rich_help_panel=LOOK)
app.add_typer(addresses.app, name="address", rich_help_panel=LOOK)
app.add_typer(promotions.app, name="promotion", rich_help_panel=LOOK)
app.add_typer(experiments.app, name="experiment", rich_help_panel=LOOK)
app.command(rich_help_panel=RUN)(running.worker)
app.command(rich_help_panel=RUN)(running.fsck)
app.add_typer(databases.app, name="db", rich_help_panel=RUN)


def flowing(text: str) -> str:
    """A docstring as help: its paragraphs as wide as the terminal, its example apart."""
    said, _, example = inspect.cleandoc(text).partition("Example: ")
    parts = [" ".join(part.split()) for part in said.split("\n\n")]
    return "\n\n".join([part for part in parts if part] + [f"Example: {' '.join(example.split())}"])


def _flow(group: typer.Typer) -> None:
    """The same for every command of a group, and of the groups in it."""
    for one in group.registered_commands:
        one.help = flowing((one.callback.__doc__ if one.callback else None) or "")
    for below in group.registered_groups:
        if below.typer_instance is not None:
            _flow(below.typer_instance)


_flow(app)


@runtime_checkable
class _SaysWhatIsWrong(Protocol):
    """A usage error of the parser: Typer brings a parser of its own, or uses the one that is installed, by its release."""

    exit_code: int

    def format_message(self) -> str: ...


def run(words: Sequence[str]) -> int:
    """Run the command on these words: the exit code. An operator sees words, never a traceback."""
    as_json = "--json" in words
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        # With --json the parser's own errors are data too, so it must raise them instead of printing them.
        answer = typer.main.get_command(app).main(list(words), prog_name="checkout", standalone_mode=not as_json)
        return answer if isinstance(answer, int) else 0
    except SystemExit as end:
        if end.code == STOPPED:
            return _told(ending_of(KeyboardInterrupt()), as_json)
        if isinstance(end.__context__, BrokenPipeError):  # nobody read the parser's help, or its error, to the end
            return 0 if "--help" in words else USAGE
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except ReaderGone:
        return 0
    except BaseException as error:
        if isinstance(error, _SaysWhatIsWrong):
            return _told(Ending("usage", USAGE, error.format_message()), as_json)
        ending = ending_of(error)
        if ending.unforeseen and os.environ.get("CHECKOUT_TRACEBACK"):
            raise
        return _told(ending, as_json)


def _told(ending: Ending, as_json: bool) -> int:
    with suppress(ReaderGone, OSError):  # a stream that takes nothing, such as a file on a full disk: the exit code says it
        if as_json:
            written(as_text(ending.data))
        else:
            lines = [str(reason["message"]) for reason in ending.reasons] if ending.code == "refused" else ending.message.splitlines()
            sys.stderr.write("".join(f"checkout: {neutral(line)}\n" if n == 0 else f"  {neutral(line)}\n" for n, line in enumerate(lines)))
            sys.stderr.flush()
    return ending.exit
