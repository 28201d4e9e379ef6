"""Python's scopes: for every function, lambda, class and comprehension, which of its names are its own, an enclosing function's, or
global.

The standard library's ``symtable`` gives the same answers (the tests compare the two) but works on source text, so it would parse every
cell again, does not take IPython's syntax, and does not say which syntax node a table belongs to; the evaluator needs the nodes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(eq=False, repr=False)
class Scope:
    """One scope. ``kind``: module, function, class, comprehension or types (the scope of type parameters).

    ``bound``: names it binds itself (parameters included); ``used``: names it loads; ``hinted``: names in
    annotations of local variables, which nobody evaluates; ``declared_global`` and ``declared_nonlocal``: by
    statement. ``private``: the innermost class's name, for name mangling.
    """

    kind: str
    parent: Scope | None
    private: str = ""
    bound: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    hinted: set[str] = field(default_factory=set)
    declared_global: set[str] = field(default_factory=set)
    declared_nonlocal: set[str] = field(default_factory=set)
    children: list[Scope] = field(default_factory=list)
    _late: frozenset[str] | None = None
    _late_bound: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.parent is not None:
            self.parent.children.append(self)

    def mangled(self, name: str) -> str:
        """``name`` as the compiler stores it."""
        if not self.private or not name.startswith("__") or name.endswith("__"):
            return name
        return f"_{self.private}{name}"

    def owns(self, name: str) -> bool:
        """Whether ``name`` is a local variable here."""
        return name in self.bound and name not in self.declared_global and name not in self.declared_nonlocal

    def resolve(self, name: str) -> str:
        """``local``, ``free`` (an enclosing function's) or ``global``."""
        if self.kind == "module" or name in self.declared_global:
            return "global"
        if self.owns(name):
            return "local"
        return "free" if self.home(name) is not None else "global"

    def home(self, name: str) -> Scope | None:
        """The enclosing function scope whose variable ``name`` is, seen from here; ``None`` when it is global."""
        scope = self.parent
        while scope is not None and scope.kind != "module":
            if scope.kind != "class":
                if name in scope.declared_global:
                    return None
                if scope.owns(name):
                    return scope
            elif name == "__class__":
                return scope
            scope = scope.parent
        return None

    @property
    def late_globals(self) -> frozenset[str]:
        """The global names that are looked up when functions in this scope (or the function whose scope this is) are called."""
        if self._late is None:
            names: set[str] = set()
            if self.kind != "class":
                names.update(name for name in self.used if self.resolve(name) == "global")
            for child in self.children:
                if self.kind != "class" or child.kind in ("function", "class", "types"):
                    names |= child.late_globals
            self._late = frozenset(names)
        return self._late

    @property
    def late_bound(self) -> frozenset[str]:
        """The global names that functions in this scope (or the function whose scope this is) may bind when they are called."""
        if self._late_bound is None:
            own = self.bound & self.declared_global
            self._late_bound = frozenset(own.union(*(child.late_bound for child in self.children)))
        return self._late_bound


ScopeMap = dict[ast.AST, Scope]
"""Syntax node → its scope (functions, lambdas, classes, comprehensions)."""


def scopes_of(body: Iterable[ast.stmt]) -> tuple[Scope, ScopeMap]:
    """The module scope of ``body`` and the scopes in it."""
    module = Scope("module", None)
    builder = _Builder(module)
    for statement in body:
        builder.visit(statement)
    return module, builder.scopes


class _Builder(ast.NodeVisitor):
    """Collects what each scope binds and loads."""

    def __init__(self, module: Scope) -> None:
        self.scope = module
        self.scopes: ScopeMap = {}

    # -- names

    def bind(self, name: str) -> None:
        self.scope.bound.add(self.scope.mangled(name))

    def visit_Name(self, node: ast.Name) -> None:
        name = self.scope.mangled(node.id)
        if isinstance(node.ctx, ast.Load):
            self.scope.used.add(name)
            if name == "super" and self.scope.kind != "module":
                self.scope.used.add("__class__")
        else:
            self.scope.bound.add(name)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.scope.used.add(self.scope.mangled(node.target.id))
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.scope.declared_global.update(map(self.scope.mangled, node.names))

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.scope.declared_nonlocal.update(map(self.scope.mangled, node.names))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name != "*":
                self.bind(alias.asname or alias.name)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.bind(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.bind(node.rest)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        target = self.scope
        while target.kind == "comprehension" and target.parent is not None:
            target = target.parent
        name = target.mangled(node.target.id)
        target.bound.add(name)
        if target is not self.scope:
            self._walrus_through(name, target)
        self.visit(node.value)

    def _walrus_through(self, name: str, target: Scope) -> None:
        """A walrus in a comprehension binds in the scope around it; the comprehension sees that variable, not one of its own."""
        scope: Scope | None = self.scope
        while scope is not None and scope is not target:
            outside = target.kind == "module" or name in target.declared_global
            (scope.declared_global if outside else scope.declared_nonlocal).add(name)
            scope = scope.parent

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if isinstance(node.target, ast.Name):
            if node.simple or node.value is not None:
                self.bind(node.target.id)
        else:
            self.visit(node.target)
        used, scope = set(self.scope.used), self.scope
        self.visit(node.annotation)
        if scope.kind == "function" and isinstance(node.target, ast.Name) and node.simple:
            scope.hinted |= scope.used - used
            scope.used = used
        if node.value is not None:
            self.visit(node.value)

    # -- scopes

    def inside(self, node: ast.AST | None, kind: str, private: str | None = None) -> Scope:
        scope = Scope(kind, self.scope, self.scope.private if private is None else private)
        if node is not None:
            self.scopes[node] = scope
        return scope

    def enter(self, scope: Scope, nodes: Iterable[ast.AST]) -> None:
        outer, self.scope = self.scope, scope
        for node in nodes:
            self.visit(node)
        self.scope = outer

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.bind(node.name)
        for expression in [*node.decorator_list, *default_values(node.args)]:
            self.visit(expression)
        outer = self.scope
        self._type_parameters(node)
        for annotation in annotations_of(node):
            self.visit(annotation)
        self._function(node, node.args, node.body)
        self.scope = outer

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for expression in default_values(node.args):
            self.visit(expression)
        self._function(node, node.args, [node.body])

    def _function(self, node: FunctionNode, arguments: ast.arguments, body: Sequence[ast.AST]) -> None:
        scope = self.inside(node, "function")
        scope.parameters = {scope.mangled(argument.arg) for argument in all_arguments(arguments)}
        scope.bound |= scope.parameters
        self.enter(scope, body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bind(node.name)
        for expression in node.decorator_list:
            self.visit(expression)
        outer = self.scope
        self._type_parameters(node, node.name.lstrip("_"))
        bases: list[ast.AST] = [*node.bases, *node.keywords]
        for base in bases:
            self.visit(base)
        scope = self.inside(node, "class", node.name.lstrip("_"))
        self.enter(scope, node.body)
        self.scope = outer

    def _type_parameters(self, node: ast.AST, private: str | None = None) -> None:
        """Enter the scope of ``def f[T]``, ``class C[T]`` or ``type A[T]``, if there is one."""
        parameters: list[ast.AST] = getattr(node, "type_params", [])
        if not parameters:
            return
        self.scope = Scope("types", self.scope, self.scope.private if private is None else private)
        for parameter in parameters:
            self.bind(parameter.name)  # type: ignore[attr-defined]
        for parameter in parameters:
            for part in (getattr(parameter, "bound", None), getattr(parameter, "default_value", None)):
                if part is not None:
                    self.enter(self.inside(None, "types"), [part])

    def visit_TypeAlias(self, node: ast.AST) -> None:
        self.visit(node.name)  # type: ignore[attr-defined]
        outer = self.scope
        self._type_parameters(node)
        self.enter(self.inside(None, "types"), [node.value])  # type: ignore[attr-defined]
        self.scope = outer

    def visit_ListComp(self, node: Comprehension) -> None:
        first, *others = node.generators
        self.visit(first.iter)
        scope = self.inside(node, "comprehension")
        outer, self.scope = self.scope, scope
        self.visit(first.target)
        for condition in first.ifs:
            self.visit(condition)
        for generator in others:
            self.visit(generator)
        for element in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(element)
        self.scope = outer

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp


def all_arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    """The parameters of a function, in the order in which they are written."""
    yield from arguments.posonlyargs
    yield from arguments.args
    if arguments.vararg:
        yield arguments.vararg
    yield from arguments.kwonlyargs
    if arguments.kwarg:
        yield arguments.kwarg


def default_values(arguments: ast.arguments) -> list[ast.expr]:
    """The default values of a function's parameters, which are evaluated where it is defined."""
    return [*arguments.defaults, *(value for value in arguments.kw_defaults if value is not None)]


def annotations_of(node: FunctionNode) -> list[ast.expr]:
    """The annotations of a function's parameters and result."""
    if isinstance(node, ast.Lambda):
        return []
    found = [argument.annotation for argument in all_arguments(node.args) if argument.annotation is not None]
    return [*found, *([node.returns] if node.returns is not None else [])]


_CATCHES_NAME_ERROR = frozenset({"NameError", "Exception", "BaseException", "UnboundLocalError"})


def catches_name_error(kind: ast.expr | None) -> bool:
    """Whether ``except kind`` handles that a name is not bound."""
    if isinstance(kind, ast.Tuple):
        return any(map(catches_name_error, kind.elts))
    return kind is None or (isinstance(kind, ast.Name) and kind.id in _CATCHES_NAME_ERROR)
