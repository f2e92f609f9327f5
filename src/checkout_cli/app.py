"""The `checkout` command.

Exit codes: 0 done · 1 refused by a rule · 2 wrong usage · 3 something outside is unavailable · 4 an invariant is broken.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer

from checkout_core.errors import Broken, CheckoutError, Misconfigured, NoAnswer, NotFound, Unavailable
from checkout_core.refusals import Refusal

REFUSED, USAGE, UNAVAILABLE, BROKEN = 1, 2, 3, 4

Json = Annotated[bool, typer.Option("--json", help="Data instead of words: one JSON object on stdout, and nothing else.")]

app = typer.Typer(
    name="checkout",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="An embeddable checkout: from a cart to a paid, placed, refundable order.\n\n"
    "Start with [bold]checkout demo[/]: three shoppers, a sandbox gateway, and books that balance. "
    "[bold]checkout sandbox[/] lists what that gateway can play. The library itself is `from checkout_core import Shop`.",
    epilog="Exit codes: 0 done · 1 refused by a rule · 2 wrong usage · 3 something outside is unavailable · 4 an invariant is broken.",
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
    _version: Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="The installed version.")] = False,
) -> None:
    """Filled by `help=` above."""


@app.command()
def demo(as_json: Json = False) -> None:
    """Watch three shoppers go through a small shop: a coupon, a declined card, a 3-D Secure challenge.

    Everything is in memory, on a virtual clock, with a sandbox gateway: nothing real is charged, and it tells the same story every time.
    The last line compares the ledger with the gateway's own books, the orders with the stock; exit code 4 if they disagree.
    """
    from checkout_cli import demo as stories
    from checkout_cli import render
    from checkout_cli.wiring import demo_shop

    told = stories.tell(demo_shop())
    if as_json:
        show(render.demo_json(told))
    else:
        from rich.console import Console

        render.demo(told, Console(highlight=False))
    if told.imbalances:
        raise typer.Exit(BROKEN)


@app.command()
def sandbox(as_json: Json = False) -> None:
    """List the tokens of the sandbox gateway: what each of them makes happen."""
    from checkout_cli.wiring import SANDBOX_TOKENS

    if as_json:
        show({"tokens": [{"token": token, "says": says} for token, says in SANDBOX_TOKENS.items()]})
        return
    from rich.console import Console

    from checkout_cli import render

    render.tokens(dict(SANDBOX_TOKENS), Console(highlight=False))


def show(data: dict[str, Any]) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


def exit_code(error: CheckoutError) -> int:
    """What a fault means to the shell that called."""
    match error:
        case Broken():
            return BROKEN
        case Unavailable() | NoAnswer():
            return UNAVAILABLE
        case Misconfigured():
            return USAGE
        case Refusal() | NotFound() | _:
            return REFUSED


def main() -> None:
    """Run the command; an operator sees words and an exit code, never a traceback."""
    try:
        app()
    except CheckoutError as error:
        typer.echo(f"checkout: {error}", err=True)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        sys.stderr.close()  # whoever was reading has had enough
        sys.exit(0)


if __name__ == "__main__":
    main()
