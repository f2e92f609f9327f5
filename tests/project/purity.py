"""What a pure room may not do: `violations(source)` names each line that asks the clock, chance, the machine or the world."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

WORLD = frozenset(
    "asyncio builtins concurrent ctypes fcntl getpass glob http importlib io locale logging mmap multiprocessing os pathlib platform "
    "queue random sched secrets select selectors shutil signal smtplib socket socketserver sqlite3 ssl subprocess sys tempfile "
    "threading time urllib uuid".split()
)
CALLS = frozenset({"open", "print", "input", "hash", "id", "eval", "exec", "breakpoint", "__import__"})
CLOCKS = frozenset({"now", "utcnow", "today"})
MONEY = frozenset({"money", "tax", "pricing", "promotions", "ledger", "receipt"})

_ORDER_DOES_NOT_MATTER = frozenset({"sorted", "set", "frozenset", "sum", "min", "max", "any", "all", "len"})
_ORDER_MATTERS = frozenset({"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "join", "dict", "fromkeys", "extend"})
_SET_TYPES = frozenset({"set", "frozenset", "Set", "AbstractSet", "MutableSet"})


@dataclass(frozen=True, order=True)
class Violation:
    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


def violations(source: str, *, money: bool = False) -> list[Violation]:
    """Every impurity in one module's text; `money` also refuses fractions of a minor unit."""
    tree = ast.parse(source)
    found = [*_world(tree), *_set_order(tree), *(_fractions(tree) if money else ())]
    return sorted(set(found))


def _world(tree: ast.Module) -> Iterator[Violation]:
    clocks = {"datetime", "date"}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for name in names:
                    if name.name.partition(".")[0] in WORLD:
                        yield Violation(node.lineno, f"imports {name.name}")
            case ast.ImportFrom(module=str(module), names=names):
                if module.partition(".")[0] in WORLD:
                    yield Violation(node.lineno, f"imports {module}")
                if module == "datetime":
                    clocks |= {name.asname for name in names if name.asname and name.name in clocks}
            case ast.Attribute(attr=attr, value=ast.Name(id=owner) | ast.Attribute(attr=owner)) if attr in CLOCKS and owner in clocks:
                yield Violation(node.lineno, f"reads the clock: {owner}.{attr}")
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield Violation(node.lineno, f"calls {name}()")
            case ast.keyword(arg="key", value=ast.Name(id="id" | "hash" as name)):
                yield Violation(node.value.lineno, f"orders by {name}")
            case _:
                pass


def _fractions(tree: ast.Module) -> Iterator[Violation]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() as value):
                yield Violation(node.lineno, f"a float: {value}")
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield Violation(node.lineno, "true division: name a rounding, or allocate")
            case ast.Call(func=ast.Name(id="float" | "round" as name)):
                yield Violation(node.lineno, f"calls {name}()")
            case _:
                pass


def _set_order(tree: ast.Module) -> Iterator[Violation]:
    """Iterating over a set where the order can show: it differs between processes, so a replay would differ too."""
    sets = _Sets.of(tree)
    excused = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func) in _ORDER_DOES_NOT_MATTER
        for argument in node.args
    }
    for scope, node in _scoped(tree, ()):
        looped: list[ast.expr] = []
        match node:
            case ast.For(iter=iterated):
                looped = [iterated]
            case ast.ListComp(generators=generators) | ast.GeneratorExp(generators=generators) | ast.DictComp(generators=generators):
                looped = [] if id(node) in excused else [generator.iter for generator in generators]
            case ast.Call(func=function, args=arguments) if _name(function) in _ORDER_MATTERS:
                looped = list(arguments)
            case ast.Call(func=ast.Attribute(attr="pop", value=owner), args=[]):
                looped = [owner]
            case ast.Starred(value=value) if id(node) not in excused:
                looped = [value]
            case ast.YieldFrom(value=value):
                looped = [value]
            case _:
                pass
        for expression in looped:
            if sets.has(expression, scope):
                yield Violation(expression.lineno, f"the order of a set shows: sort {ast.unparse(expression)}")


@dataclass
class _Sets:
    """Which expressions are sets, as far as one file tells: literals, calls, operators, and names or fields declared or assigned so."""

    names: dict[tuple[object, str], bool] = field(default_factory=dict)
    fields: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: ast.Module) -> _Sets:
        sets = cls()
        for scope, node in _scoped(tree, ()):
            match node:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    is_set = _set_type(annotation)
                    sets.note((_here(scope), name), is_set)
                    sets.fields[name] = sets.fields.get(name, True) and is_set
                case ast.arg(arg=name, annotation=ast.expr() as annotation):
                    sets.note((_here(scope), name), _set_type(annotation))
                case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.NamedExpr(target=ast.Name(id=name), value=value):
                    sets.note((_here(scope), name), sets.has(value, scope))
                case _:
                    pass
        return sets

    def note(self, place: tuple[object, str], is_set: bool) -> None:
        self.names[place] = self.names.get(place, True) and is_set

    def has(self, node: ast.expr, scope: tuple[ast.AST, ...]) -> bool:
        match node:
            case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
                return True
            case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), left=left, right=right):
                return any(self.has(side, scope) or _is_keys(side) for side in (left, right))
            case ast.Call(func=ast.Attribute(attr="union" | "intersection" | "difference" | "symmetric_difference")):
                return True
            case ast.IfExp(body=body, orelse=orelse):
                return self.has(body, scope) or self.has(orelse, scope)
            case ast.Name(id=name):
                for depth in range(len(scope), -1, -1):
                    if (known := self.names.get((_here(scope[:depth]), name))) is not None:
                        return known
                return False
            case ast.Attribute(attr=name):
                return self.fields.get(name, False)
            case _:
                return False


def _scoped(node: ast.AST, scope: tuple[ast.AST, ...]) -> Iterator[tuple[tuple[ast.AST, ...], ast.AST]]:
    """Every node below this one, with the functions and classes it stands in."""
    for child in ast.iter_child_nodes(node):
        yield scope, child
        inside = (*scope, child) if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef) else scope
        yield from _scoped(child, inside)


def _here(scope: tuple[ast.AST, ...]) -> object:
    return scope[-1] if scope else None


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""


def _is_keys(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) in {"keys", "items"}


def _set_type(annotation: ast.expr) -> bool:
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return _name(base) in _SET_TYPES


def third_parties(source: str, known: Set[str]) -> list[str]:
    """Top-level names imported anywhere in the text that are not among the known ones."""
    tops: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            tops |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            tops.add(node.module.partition(".")[0])
    return sorted(tops - known)
