"""Our scopes against the compiler's: ``symtable`` is the oracle, on the standard library and on generated programs."""

from __future__ import annotations

import ast
import symtable
import sys
import sysconfig
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfjlab.notebook.flow.scopes import Scope, scopes_of

Answer = tuple[str, str, frozenset[str], frozenset[str], frozenset[str]]
_HIDDEN = {
    "__class__",
    "__classdict__",
    ".type_params",
    "__static_attributes__",
    "__type_params__",
    ".generic_base",
    "__conditional_annotations__",
}
_KINDS = {"function": "function", "class": "class", "module": "module"}


def ours(scope: Scope) -> list[Answer]:
    """The scopes below ``scope``, in order of appearance, scopes of types left out."""
    found: list[Answer] = []
    for child in scope.children:
        if child.kind != "types":
            names = child.bound | child.used | child.hinted | child.declared_global | child.declared_nonlocal
            local: set[str] = set()
            free: set[str] = set()
            outer: set[str] = set()
            for name in names:
                {"local": local, "free": free, "global": outer}[child.resolve(name)].add(name)
            kind = "function" if child.kind == "comprehension" else child.kind
            found.append(
                (
                    kind,
                    child.private,
                    frozenset(local - _HIDDEN),
                    frozenset(free - _HIDDEN),
                    frozenset(outer - _HIDDEN),
                )
            )
        found += ours(child)
    return found


def theirs(table: symtable.SymbolTable, private: str = "") -> list[Answer]:
    """The same from ``symtable``."""
    found: list[Answer] = []
    for child in table.get_children():
        kind = getattr(child.get_type(), "value", child.get_type())
        inner = child.get_name().lstrip("_") if kind == "class" else private
        if kind in _KINDS:
            local: set[str] = set()
            free: set[str] = set()
            outer: set[str] = set()
            for symbol in child.get_symbols():
                name = symbol.get_name()
                if (
                    name.startswith(".")
                    or name in _HIDDEN
                    or not (
                        symbol.is_referenced()
                        or symbol.is_assigned()
                        or symbol.is_parameter()
                        or symbol.is_imported()
                        or symbol.is_declared_global()
                        or symbol.is_nonlocal()
                        or symbol.is_annotated()
                        or symbol.is_free()
                    )
                ):
                    continue
                (free if symbol.is_free() else outer if symbol.is_global() else local).add(name)
            found.append((kind, inner, frozenset(local), frozenset(free), frozenset(outer)))
        found += theirs(child, inner)
    return found


def direct(answers: list[Answer]) -> list[Answer]:
    return sorted(answers, key=lambda a: (a[0], a[1], sorted(a[2]), sorted(a[3]), sorted(a[4])))


class _Generators(ast.NodeTransformer):
    """Makes all comprehensions generator expressions: the same scopes, and no Python inlines them."""

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.GeneratorExp:
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    visit_SetComp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> ast.GeneratorExp:
        self.generic_visit(node)
        return ast.GeneratorExp(ast.Tuple([node.key, node.value], ast.Load()), node.generators)


def symbols(code: str) -> symtable.SymbolTable:
    if sys.version_info >= (3, 12):  # PEP 709: comprehensions have no table of their own any more
        code = ast.unparse(_Generators().visit(ast.parse(code)))
    return symtable.symtable(code, "<test>", "exec")


def compare(code: str) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module, _ = scopes_of(ast.parse(code).body)
        table = symbols(code)
    mine, oracle = ours(module), theirs(table)
    # A scope that only hands a variable on to an inner one lists it as free in symtable; what it names itself must agree.
    assert len(mine) == len(oracle)
    mine, oracle = direct(mine), direct(oracle)
    for left, right in zip(mine, oracle, strict=True):
        assert left[:3] == right[:3], (left, right)
    return len(mine)


CASES = {
    "closures": "def f(a):\n    b = a\n    def g():\n        nonlocal b\n        b += c\n        return a\n    return g",
    "global below a local": "def f():\n    x = 1\n    def g():\n        global x\n        def h():\n            return x\n        return h",
    "class body": "x = 1\ndef f():\n    x = 2\n    class C:\n        y = x\n        x = 3\n        def m(self):\n            return x, y\n    return C",
    "comprehension": "def f(xs):\n    return [x + y for x in xs if x for y in x]",
    "first iterable is outside": "class C:\n    xs = [1]\n    ys = [x for x in xs]\n    zs = [y for x in xs for y in ys]",
    "walrus": "def f(xs):\n    [y := x for x in xs]\n    return y\n[z := x for x in []]",
    "walrus and global": "def f(xs):\n    global y\n    [y := x for x in xs]",
    "mangling": "class _C:\n    __a = 1\n    def m(self):\n        global __b\n        __b = __a\n        return __c__",
    "except": "def f():\n    try:\n        pass\n    except* ValueError as e:\n        print(e)"
    if sys.version_info >= (3, 11)
    else "pass",
    "match": "def f(v):\n    match v:\n        case [a, *b]: pass\n        case {'k': c, **d}: pass\n        case str() as e: pass\n        case g: pass",
    "annotations": "def f(a: T, *b: U, c: V = w) -> R:\n    d: S\n    e: S = 1\n    (g): S\n    return d",
    "defaults and decorators": "@deco(x)\ndef f(a=b, *, c=d):\n    return a",
    "lambda": "f = lambda x, *y, z=w: (lambda: x + q)",
    "imports": "def f():\n    import a.b, c.d as e\n    from g import h as i, j\n    return a",
    "super": "class C(B):\n    def m(self):\n        return super().m()",
    "delete": "def f():\n    del x\n    x",
    "generator in class": "class C:\n    a = 1\n    g = (a for _ in a for b in a)",
    "nested comprehension": "def f(a):\n    return {k: [i for i in v if k] for k, v in a.items()}",
}


@pytest.mark.parametrize("code", CASES.values(), ids=CASES)
def test_cases(code: str) -> None:
    assert code == "pass" or compare(code) > 0


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters came with Python 3.12")
@pytest.mark.parametrize(
    "code",
    [
        "def f[T: B](a: T) -> T:\n    x: T = a\n    def g(): return T\n    return g",
        "class C[T](Base[T]):\n    a: T\n    def m[U](self) -> U: return T, U, __p",
        "type A[T] = list[T]\ntype B = C",
    ],
)
def test_type_parameters(code: str) -> None:
    compare(code)


def test_standard_library() -> None:
    folder = Path(sysconfig.get_paths()["stdlib"])
    names = [
        "argparse",
        "ast",
        "asyncio/tasks",
        "collections/__init__",
        "dataclasses",
        "enum",
        "functools",
        "inspect",
        "typing",
        "turtle",
        "pdb",
        "tarfile",
    ]
    seen = sum(compare((folder / f"{name}.py").read_text(encoding="utf-8")) for name in names)
    assert seen > 1000


NAMES = st.sampled_from(["a", "b", "c", "__d"])


@st.composite
def programs(draw: st.DrawFn, depth: int = 3, function: bool = False) -> str:
    """Small programs of nested scopes."""
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        name, other, third = draw(NAMES), draw(NAMES), draw(NAMES)
        kind = draw(st.integers(0, 11 if depth else 6))
        if kind <= 6:
            lines.append(
                [
                    f"{name} = {other}",
                    f"{name} += 1",
                    f"[{name} for {name} in {other} if {third}]",
                    f"({name} := {other})" if depth == 3 or function else f"print({name})",
                    f"for {name} in {other}: pass",
                    f"f = lambda {name}: {name} + {other}",
                    f"del {name}",
                ][kind]
            )
            continue
        body = draw(programs(depth - 1, kind <= 9))
        if kind <= 9:
            start = ""
            if kind == 9:
                start = f"    global {third}\n"
                if third == name:
                    continue
            lines.append(f"def {name}({name}, p={other}):\n{start}" + indented(body))
        else:
            lines.append(f"class {'C' + name}({other}):\n" + indented(body))
    return "\n".join(lines)


def indented(text: str) -> str:
    return "\n".join("    " + line for line in text.split("\n"))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_generated(code: str) -> None:
    try:
        compile(code, "<test>", "exec")
    except SyntaxError:
        return
    compare(code)
