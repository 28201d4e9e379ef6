"""``kfjlab diff``: why is this run's result (or time) another than that one's?"""

from __future__ import annotations

from typing import Any

import click

from kfjlab.targets.base import RefusedError
from kfjlab.verbs.wording import duration, printable, value_text

from . import exits
from .output import Out, emit_json, json_option


@click.command("diff")
@click.argument("first")
@click.argument("second", required=False)
@json_option
def command(first: str, second: str | None, as_json: bool) -> int:
    """Compare two runs: parameters, metrics, code, state and time of steps, artifacts.

    Each is an id, a beginning of one, or 'last'. Without SECOND, FIRST is compared with the last run.
    """
    from kfjlab.verbs import diff

    found = diff(first, second or "last")
    if second is None and found["runs"][0]["id"] == found["runs"][1]["id"]:
        raise RefusedError(
            f"{first} is the last run itself. Name the one to compare it with; kfjlab runs lists them."
        )
    if as_json:
        emit_json(found)
        return exits.SUCCEEDED
    out = Out()
    for sign, run in zip("-+", found["runs"], strict=True):
        line = f"{sign} run {run['id']}  {run['state']}  {duration(run['seconds'])}  {printable(run['notebook'])}"
        out.line(_coloured(out, line.rstrip()))
    _pairs(out, "parameters", found["parameters"])
    _pairs(out, "metrics", found["metrics"])
    _code(out, "imports and functions", found["prelude"])
    for name, differs in found["steps"].items():
        _step(out, name, differs)
    if found["artifacts"]:
        out.line()
        rows = [(a["name"], a["step"], _change(a["first"], a["second"])) for a in found["artifacts"]]
        out.table(("ARTIFACT", "STEP", "CHANGE"), rows)
    if not any(found[key] for key in ("parameters", "metrics", "prelude", "steps", "artifacts")):
        out.line("No differences.")
    return exits.SUCCEEDED


def _change(first: dict[str, Any] | None, second: dict[str, Any] | None) -> str:
    """From which artifact to which, on one line."""
    one, other = (
        "not there" if side is None else side["summary"] or side["type"] for side in (first, second)
    )
    return f"{one}, other content" if one == other else f"{one} → {other}"


def _coloured(out: Out, line: str) -> str:
    return out.styled(line, {"+": "green", "-": "red"}.get(line[:1]))


def _pairs(out: Out, title: str, pairs: dict[str, list[Any]]) -> None:
    if not pairs:
        return
    out.line()
    out.line(title)
    for name, (one, other) in pairs.items():
        for sign, value in (("-", one), ("+", other)):
            if value is not None:
                out.line(_coloured(out, f"{sign} {printable(name)} = {value_text(value)}"))


def _code(out: Out, title: str, diff: list[str]) -> None:
    if not diff:
        return
    out.line()
    out.line(f"code of {title}")
    for line in diff:
        out.line(_coloured(out, printable(line)))


def _step(out: Out, name: str, differs: dict[str, Any]) -> None:
    out.line()
    out.line(f"step {printable(name)}")
    if "state" in differs:
        one, other = (state or "not there" for state in differs["state"])
        out.line(f"  {one} → {other}")
    if "cached" in differs:
        one, other = ("reused" if cached else "executed" for cached in differs["cached"])
        out.line(f"  {one} → {other}")
    if "seconds" in differs:
        out.line(f"  {duration(differs['seconds'][0])} → {duration(differs['seconds'][1])}")
    for line in differs.get("code", ()):
        out.line("  " + _coloured(out, printable(line)))
