"""What the command says, and how it ends: exit codes, errors as data, plans before changes, terminals that cannot be steered."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from checkout_cli.asking import Change, Consent, Plan, actor_of, agreed
from checkout_cli.exits import SaidNo, WrongUsage, ending_of
from checkout_cli.output import Output, as_text, neutral
from checkout_core.errors import Broken, CheckoutError, Misconfigured, NoAnswer, NotFound, Unavailable
from checkout_core.money import Money
from checkout_core.refusals import Refusal, Refused
from tests.cli.conftest import Command

PLAN = Plan("Paint the shed", (Change("shed", "green", "red"),), ("It takes a day.",))


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (Refusal(Refused("empty-cart")), 1, "refused"),
        (NotFound("order", "x"), 1, "not-found"),
        (SaidNo("x"), 1, "said-no"),
        (CheckoutError("x"), 1, "refused"),
        (WrongUsage("x"), 2, "usage"),
        (Misconfigured("x"), 2, "misconfigured"),
        (FileNotFoundError(2, "No such file", "x"), 2, "usage"),
        (Unavailable("x"), 3, "unavailable"),
        (NoAnswer("x"), 3, "no-answer"),
        (MemoryError(), 3, "unavailable"),
        (Broken("x"), 4, "broken"),
        (KeyError("ada@example.com"), 4, "broken"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_every_end_has_its_exit_code_and_its_name(error: BaseException, code: int, name: str) -> None:
    """0 done, 1 refused, 2 usage, 3 unavailable, 4 broken, 130 stopped: one table for every command."""
    ending = ending_of(error)
    assert (ending.exit, ending.code) == (code, name)
    assert set(ending.data["error"]) == {"code", "message", "reasons"}  # type: ignore[call-overload]


def test_what_nobody_foresaw_is_told_without_what_it_holds() -> None:
    """The text of a foreign exception may hold an address: only its kind is told (R24)."""
    message = ending_of(KeyError("ada@example.com")).message
    assert "KeyError" in message
    assert "ada" not in message


def test_a_refusal_as_data_says_how_far_away_yes_is() -> None:
    ending = ending_of(Refusal(Refused("minimum-spend", "FIVE", missing=Money(410, "EUR")), Refused("empty-cart")))
    assert [reason["reason"] for reason in ending.reasons] == ["minimum-spend", "empty-cart"]
    assert ending.reasons[0]["how_far"] == {"missing": {"minor": 410, "currency": "EUR"}}


# Plan, then ask.
def test_without_a_terminal_and_without_yes_nothing_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    """A script that forgot --yes is told so, after it has seen the plan."""
    with pytest.raises(WrongUsage, match="no terminal to ask at"):
        agreed(PLAN, Consent(), Output())
    shown = capsys.readouterr().out
    assert "green" in shown
    assert "red" in shown


def test_yes_goes_on_and_a_dry_run_stops(capsys: pytest.CaptureFixture[str]) -> None:
    assert agreed(PLAN, Consent(yes=True), Output())
    assert not agreed(PLAN, Consent(dry_run=True), Output())
    assert not agreed(PLAN, Consent(yes=True, dry_run=True), Output())
    assert "Nothing was changed (--dry-run)." in capsys.readouterr().out


def test_without_changes_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert not agreed(Plan("Paint the shed", ()), Consent(yes=True), Output())
    assert "Nothing to change." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "goes_on"), [("y\n", True), ("Yes\n", True), ("n\n", False), ("\n", False), ("", False), ("yep\n", False)]
)
def test_at_a_terminal_only_a_clear_yes_is_one(monkeypatch: pytest.MonkeyPatch, typed: str, goes_on: bool) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    if goes_on:
        assert agreed(PLAN, Consent(), Output())
    else:
        with pytest.raises(SaidNo):
            agreed(PLAN, Consent(), Output())


def test_with_json_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """stdout is data: a plan is printed as data on a dry run, and a change needs --yes."""
    with pytest.raises(WrongUsage, match="--json"):
        agreed(PLAN, Consent(), Output(as_json=True))
    assert not agreed(PLAN, Consent(dry_run=True), Output(as_json=True))
    assert json.loads(capsys.readouterr().out)["changes"] == [{"what": "shed", "now": "green", "then": "red"}]


def test_the_actor_is_who_is_named_then_the_environment_then_the_login() -> None:
    assert actor_of("ann", {"CHECKOUT_ACTOR": "bob"}) == "ann"
    assert actor_of(None, {"CHECKOUT_ACTOR": "bob"}) == "bob"
    assert actor_of(None, {})


# Terminals.
@pytest.mark.parametrize("text", ["\x1b[31mred", "a\nb", "a\rb", "\x9b31m", "‮evil", "\x00", "﻿", "​"])
def test_data_cannot_steer_a_terminal(text: str) -> None:
    """Control characters, C1 among them, and marks that turn the direction are written out, in words and in JSON (S14)."""
    assert neutral(text).isprintable()
    printed = as_text({"name": text})
    assert printed.replace("\n", "").isprintable()
    assert json.loads(printed) == {"name": text}


def test_wide_letters_stay_as_they_are() -> None:
    assert neutral("抹茶 ☕ Ärmel") == "抹茶 ☕ Ärmel"
    assert "抹茶" in as_text({"name": "抹茶"})


# Help.
HEAVY = {"sqlalchemy", "alembic", "babel", "jinja2", "aiosqlite", "checkout_adapters"}


@pytest.mark.parametrize("words", ["--help", "order --help", "shop load --help"])
def test_help_is_quick_because_it_imports_no_adapter(words: str) -> None:
    program = (
        "import sys, contextlib, io\nfrom checkout_cli.app import run\n"
        f"with contextlib.redirect_stdout(io.StringIO()): code = run({words.split()!r})\n"
        "print(code, *{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    code, *modules = done.stdout.split()
    assert code == "0"
    assert HEAVY.isdisjoint(modules)


GROUPS: dict[str, list[str]] = {
    "": [
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
        "inventory",
        "coupon",
        "worker",
        "fsck",
        "db",
    ],
    "order": ["list", "show", "explain", "cancel"],
    "inventory": ["list", "show", "receive", "adjust", "holds"],
    "payment": ["list", "show", "resolve"],
    "coupon": ["list", "show"],
    "outbox": ["list", "replay"],
    "dead-letter": ["list", "requeue"],
    "db": ["upgrade", "current", "check"],
    "shop": ["check", "load"],
    "simulate": ["run", "replay", "shrink", "explain", "sweep"],
    "simulate scenario": ["check", "list"],
}
COMMANDS = [(group, command) for group, commands in GROUPS.items() for command in commands if command not in GROUPS]


@pytest.mark.parametrize(("group", "command"), COMMANDS, ids=[" ".join(pair).strip() for pair in COMMANDS])
def test_every_command_teaches_by_an_example_and_speaks_json(checkout: Command, group: str, command: str) -> None:
    said = checkout(*f"{group} {command}".split(), "--help")
    assert said.code == 0
    assert f"Example: checkout {group} {command}".replace("  ", " ") in " ".join(said.out.split())
    assert "--json" in said.out


def test_the_first_screen_says_what_to_type_first_and_lists_everything(checkout: Command) -> None:
    shown = checkout("--help").out
    assert all(name in shown for name in GROUPS[""])
    assert "checkout demo --keep shop.db" in " ".join(shown.split())
    assert shown.index(" demo ") < shown.index(" order ") < shown.index(" worker ")
    assert "Exit codes" in shown


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["demmo"], "Did you mean 'demo'"),
        (["order", "lst"], "Did you mean 'list'"),
        (["demo", "--jsn"], "--json"),
        (["demo", "extra"], "unexpected extra argument"),
        (["order", "show"], "Missing argument"),
        (["order", "list", "--status", "lost"], "placed"),
        (["order", "list", "--limit", "0"], "--limit"),
        (["order", "list"], "No database is named"),
        (["order", "list", "--db", "x.db", "--before", "noon"], "is no time"),
        (["inventory", "adjust", "MUG", "--reason", "x", "--db", "x.db"], "--to N"),
        (["outbox", "replay", "--db", "x.db"], "Say which"),
        (["dead-letter", "requeue", "--db", "x.db"], "Say which"),
        (["quote", "no.toml", "--shop", "x", "--db", "x.db"], "--shop or --db"),
        (["quote", "nowhere.toml", "--shop", "x"], "nowhere.toml"),
    ],
)
def test_wrong_usage_is_told_in_words_and_as_data(checkout: Command, words: list[str], says: str) -> None:
    """A clumsy user gets exit code 2 and what to do, never a traceback; with --json it is data on stdout."""
    said = checkout(*words)
    assert said.code == 2
    assert says in " ".join(said.err.replace("│", " ").split()), said.err
    assert said.out == ""
    told = checkout(*words, "--json")
    assert told.code == 2
    assert says in told.data["error"]["message"]
    assert told.data["error"]["code"] == "usage"


def test_a_reader_who_has_had_enough_is_no_error() -> None:
    """`checkout sandbox | head -1`: silence, and exit code 0 (BrokenPipe)."""
    for json_too in ([], ["--json"]):
        words = [sys.executable, "-m", "checkout_cli", "sandbox", *json_too]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        with process.stderr:
            assert process.stderr.read() == b""
        assert process.wait() == 0
