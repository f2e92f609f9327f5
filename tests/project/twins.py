"""The sync twins: what the async rooms of `checkout_core` (ROOMS) say, without `async` and `await`.

    python tests/project/twins.py            compare; exit 1 names the twins that differ
    python tests/project/twins.py --write    make them anew

The async text is the source. What these files may contain, so that its twin is right:

- A module-level class is `Async…`, a Protocol, or private. A value that both sides exchange lives in another room: there must be one of it.
- Imports are absolute, one room per line: `from checkout_core.ports import AsyncStorage`.
- No `await` inside an f-string.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src" / "checkout_core"
ROOMS = ("ports", "runner", "facts_first", "shop", "worker", "player", "regulars", "tax_reports", "tax_asking", "carriers")
HEADER = "# Made from ../{room}.py by tests/project/twins.py; do not edit.\n"
INIT = '"""The sync twins of the rooms whose source is async; made by tests/project/twins.py."""\n'

_ROOM = "|".join(ROOMS)
_RENAMES = (
    (re.compile(r"\bStopAsync(?=[A-Z])"), "Stop"),
    (re.compile(r"\bAsync(?=[A-Z])"), ""),
    (re.compile(r"\b(_+)Async(?=[A-Z])"), r"\1"),
    (re.compile(r"\b__a(enter|exit|iter|next)__"), r"__\1__"),
    (re.compile(rf"\bcheckout_core\.({_ROOM})\b"), r"checkout_core.sync.\1"),
)
_IMPORT = re.compile(r"^(?P<indent>\s*)from checkout_core import (?P<names>[\w, ]+)$", re.MULTILINE)
_Place = tuple[int, int]


def strip(source: str) -> str:
    """The sync twin of an async module's text. Layout, comments and strings stay as they are, but for the names."""
    _refuse_what_cannot_be_stripped(source)
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    out, done = [], 0
    for start, end, text in _edits(source):
        first, last = (starts[row - 1] + column for row, column in (start, end))
        out += [source[done:first], text]
        done = last
    stripped = "".join([*out, source[done:]])
    for pattern, replacement in _RENAMES:
        stripped = pattern.sub(replacement, stripped)
    return _IMPORT.sub(_whole_rooms, stripped)


def twins(core: Path = CORE) -> dict[Path, str]:
    """Where each twin stands and what it must say. A room that is not built yet has no twin."""
    made = {
        core / "sync" / f"{room}.py": HEADER.format(room=room) + strip(source.read_text(encoding="utf-8"))
        for room in ROOMS
        if (source := core / f"{room}.py").exists()
    }
    return {core / "sync" / "__init__.py": INIT, **made} if made else {}


def stale(core: Path = CORE) -> list[Path]:
    """Files that are not what the tool makes: changed, missing, or left over."""
    wanted = twins(core)
    differ = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return differ + sorted(path for path in (core / "sync").glob("*.py") if path not in wanted)


def _edits(source: str) -> Iterator[tuple[_Place, _Place, str]]:
    """Pieces to leave out: `async `, `await `, and the wrapping of `Awaitable[X]` and `Coroutine[Any, Any, X]`."""
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type not in (tokenize.NL, tokenize.COMMENT)]
    closing: list[int] = []  # for each open bracket its depth's fate: 1 = drop the bracket that closes it
    skip_until = -1
    for i, token in enumerate(tokens):
        if i < skip_until:
            continue
        follower = tokens[i + 1] if i + 1 < len(tokens) else token
        if token.type == tokenize.NAME and token.string in ("async", "await"):
            yield token.start, follower.start, ""
        elif token.type == tokenize.NAME and token.string in ("Awaitable", "Coroutine") and follower.string == "[":
            inner = i + 2 if token.string == "Awaitable" else _third_argument(tokens, i + 2)
            yield token.start, tokens[inner].start, ""
            closing.append(1)
            skip_until = inner
        elif token.type == tokenize.OP and token.string in "([{":
            closing.append(0)
        elif token.type == tokenize.OP and token.string in ")]}" and closing.pop():
            yield token.start, token.end, ""


def _third_argument(tokens: list[tokenize.TokenInfo], at: int) -> int:
    depth = commas = 0
    while commas < 2:
        text = tokens[at].string
        depth += (text in "([{") - (text in ")]}") if tokens[at].type == tokenize.OP else 0
        commas += text == "," and depth == 0
        at += 1
    return at


def _whole_rooms(found: re.Match[str]) -> str:
    names = [name.strip().split(" ")[0] for name in found["names"].split(",")]
    twinned = [name for name in names if name in ROOMS]
    if twinned and len(twinned) < len(names):
        raise ValueError(f"{found[0].strip()!r} mixes rooms with and without a twin: use two lines")
    return f"{found['indent']}from checkout_core.sync import {found['names']}" if twinned else found[0]


def _refuse_what_cannot_be_stripped(source: str) -> None:
    for node in (tree := ast.parse(source)).body:
        if isinstance(node, ast.ClassDef) and not _has_a_twin(node):
            raise ValueError(f"line {node.lineno}: the value {node.name} would exist twice; give it another room, or call it Async…")
    for inner in ast.walk(tree):
        if isinstance(inner, ast.ImportFrom) and inner.level:
            raise ValueError(f"line {inner.lineno}: a relative import means something else in sync/; write it absolutely")
        if isinstance(inner, ast.JoinedStr) and any(isinstance(part, ast.Await) for part in ast.walk(inner)):
            raise ValueError(f"line {inner.lineno}: await inside an f-string; give the value a name first")


def _has_a_twin(node: ast.ClassDef) -> bool:
    return node.name.startswith(("Async", "_")) or any("Protocol" in ast.unparse(base) for base in node.bases)


def main(arguments: list[str]) -> int:
    if arguments == ["--write"]:
        for path, text in twins().items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    elif arguments:
        print(__doc__)
        return 2
    for path in (differ := stale()):
        print(f"{path.relative_to(ROOT)} is not what its source says: run `nox -s twins`")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
