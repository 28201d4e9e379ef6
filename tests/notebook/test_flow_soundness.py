"""Generated programs are executed: what the analysis says about each step must cover what the step really does.

Each step is executed on a copy of the true state before it that holds only what the step is predicted to read; what it leaves must be the
true state after it, and what it is not predicted to write must not have changed.
"""

from __future__ import annotations

import copy
import types
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .flowing import codes, flow_of, variables

PRELUDE = """
import contextlib
class Box:
    def __init__(self, v):
        self.v = v
    def add(self, x):
        self.v.append(x)
        return self.v
    def __eq__(self, other):
        return isinstance(other, Box) and self.v == other.v
    __hash__ = None
"""
START = """
la = [1]; lb = [2, 3]; lc = []
da = {'k': [4]}; db = {}
na = 1; nb = 2
oa = Box([5])
def fa(x): return x
def fb(x): return list(x)
"""
LISTS, DICTS, NUMBERS, FUNCTIONS = ["la", "lb", "lc"], ["da", "db"], ["na", "nb"], ["fa", "fb"]
TEMPLATES = """
{L}.append({N})
{L} += [{N}]
{L} = {M}
{L} = [*{M}]
{L} = list({M})
{L} = {M}[:]
{L} = {M} + [{N}]
{D}['k'] = {L}
{L} = {D}.get('k', {M})
{L} = {D}.setdefault('k', {M})
{D} = dict({E})
{D} = {E}
{D} = {{'k': {L}}}
{D}.update(k={L})
{D}.pop('k', None)
del {L}[:1]
{L}[0:0] = [{N}]
{L}.sort()
{N} += 1
{N} = len({L})
{N} = sum({L}) + {O}
{L}, {M} = {M}, {L}
({N} := len({L}))
{L} = [{N} for {N} in {M}]
{L} = [{N} + {O} for {O} in {M} if {O} != {N}]
pair = ({L}, {M}); pair[0].append({N})
pair = [{L}, {M}]; pair[-1].append(7)
for {N} in list({L}): {M}.append({N})
for one in ({L}, {M}): one.append(8)
for one in {D}.values(): one.append(9)
if {N} % 2: {L} = {M}
if {N} % 2: {L} = []
if len({L}) > 1: {N} = 0
{L} = {M} if {N} % 2 else []
while {N} > 0: {N} -= 1
with contextlib.nullcontext({L}) as {M}: {M}.append(1)
with contextlib.suppress(KeyError): {L} = {D}['k']
oa = Box({L})
oa.v.append({N})
oa.add({N})
{L} = oa.v
oa.v = {L}
{L} = oa.add(3)
{F}({L})
{L} = {F}({M})
{L} = {G}({F}({M}))
{L} = sorted({F}({M}))
{L} = [{F}(one) for one in ({M},)][0]
list(map({F}, [{L}]))
{F} = {G}
{F} = lambda x: x + {L}
{F} = lambda x: {L}
def {F}(x):|    x.append({N})|    return x
def {F}(x):|    {L}.append({N})|    return x
def {F}(x):|    return x + {L}
def {F}(x):|    global {N}|    {N} = {O} + 1|    return [{N}]
def {F}(x):|    global {L}|    {L} = x|    return []
def {F}(x):|    y = x|    y.append(0)|    return [y[-1]]
def {F}(x, y={L}):|    y.append(1)|    return x
def {F}(x):|    def inner():|        x.append({N})|        return x|    return inner()
def {F}(x):|    if {N} % 2:|        return x|    return {L}
def {F}(x):|    for x in [x, {L}]:|        x.append(2)|    return x
def {F}(x):|    {D}['k'] = x|    return {L}
def {F}(x):|    return Box(x).add(1)
def make(x):|    return lambda y: x + y
{F} = (lambda x: lambda y: x.append(6) or y)({L})
try:|    {L} = {D}['missing']|except KeyError:|    {L} = {M}
try:|    {L} = {D}['k']|except KeyError:|    pass|else:|    {L}.append(1)
try:|    {M}.append({N})|finally:|    {N} = 3
match {L}:|    case [{N}, *rest]:|        {M} = rest|    case _:|        pass
match {D}:|    case {{'k': {L}}}:|        {L}.append(1)
class Other:|    v = {L}|    n = {N}
class Other:|    v = []|    v.append({N})|{L} = Other.v
[{L}.append(one) for one in [1, 2]]
{N} and {L}.append(1)
eval('{L}.append({N})')
exec('{L} = {M}')
{L} = (lambda: {M})()
globals_free = [*{L}, {N}]
for {N}, one in enumerate([{L}]):|    one.append({N})
for one, two in zip([{L}], [{M}]):|    one.append(1)|    two = []
keep = {L}|while len(keep) < 4:|    keep.append({N})|    keep = keep if {N} else keep[:]
prev = None|for one in [{L}, {M}]:|    if prev is not None:|        prev.append(5)|    prev = one
del {N}|{N} = 4
""".strip().split("\n")


@st.composite
def statements(draw: st.DrawFn) -> str:
    template = draw(st.sampled_from(TEMPLATES))
    lists, dicts, numbers = (draw(st.permutations(names)) for names in (LISTS, DICTS, NUMBERS))
    functions = draw(st.permutations(FUNCTIONS))
    return template.replace("|", "\n").format(
        L=lists[0],
        M=lists[1],
        D=dicts[0],
        E=dicts[1],
        N=numbers[0],
        O=numbers[1],
        F=functions[0],
        G=functions[1],
    )


PROGRAMS = st.lists(st.lists(statements(), min_size=1, max_size=3).map("\n".join), min_size=2, max_size=5)


def copied(state: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """The named part of a state, aliases kept, with functions that see the copy as their globals."""
    new: dict[str, Any] = {}
    memo: dict[int, Any] = {}
    for name, value in state.items():
        if name in names or name in ("Box", "contextlib", "__builtins__"):
            new[name] = renewed(value, new, memo)
    return new


def renewed(value: Any, namespace: dict[str, Any], memo: dict[int, Any]) -> Any:
    if isinstance(value, types.FunctionType):
        if id(value) not in memo:
            cells = tuple(types.CellType() for _ in value.__closure__ or ())
            function = types.FunctionType(value.__code__, namespace, value.__name__, None, cells)
            memo[id(value)] = function
            for new, old in zip(cells, value.__closure__ or (), strict=True):
                new.cell_contents = renewed(old.cell_contents, namespace, memo)
            function.__defaults__ = (
                tuple(renewed(d, namespace, memo) for d in value.__defaults__ or ()) or None
            )
        return memo[id(value)]
    if isinstance(value, types.ModuleType | type):
        return value
    return copy.deepcopy(value, memo)


def plain(value: Any) -> Any:
    """Something comparable that stands for a value."""
    if isinstance(value, types.FunctionType):
        captured = [plain(c.cell_contents) for c in value.__closure__ or ()]
        return value.__code__.co_code, captured, [plain(d) for d in value.__defaults__ or ()]
    if isinstance(value, type):
        return {k: plain(v) for k, v in vars(value).items() if not k.startswith("__")}
    return value


def seen(state: dict[str, Any]) -> dict[str, Any]:
    hidden = ("Box", "contextlib", "__builtins__")
    return {name: copy.deepcopy(plain(value)) for name, value in state.items() if name not in hidden}


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@example(["oa = Box(la)", "oa.v.append(1)", "la.append(2)"])
@example(["fa = (lambda x: lambda y: x.append(6) or y)(la)", "fa(lb)", "la.append(1)"])
@given(PROGRAMS)
def test_predictions_cover_what_happens(program: list[str]) -> None:
    steps = [START, *program]
    result = flow_of(*steps, prelude=[PRELUDE])
    state: dict[str, Any] = {}
    exec(PRELUDE, state)
    for source, flow in zip(steps, result.flows, strict=True):
        before = seen(state)
        given_names = variables(flow.reads)
        alone = copied(state, given_names)
        try:
            exec(source, state)
        except Exception:  # noqa: BLE001
            return  # the program itself is wrong
        after = seen(state)
        writes = variables(flow.writes)
        exec(source, alone)
        left = seen(alone)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name, ...) != after.get(name, ...):
                assert name in writes, f"{name} changes and is not predicted to, in\n{source}"
        for name in sorted(writes & after.keys()):
            if before.get(name, ...) != after.get(name, ...) or name in left:
                assert left.get(name) == after[name], (
                    f"{name} differs from what the whole notebook gives, in\n{source}"
                )
    assert not [code for code in codes(result) if code.startswith("error")]
