"""Runs from the browser's side: started, looked at, gone on with, deleted; on a real server with real runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from kfjlab.runs.database import Database
from kfjlab.runs.model import RunState
from kfjlab.runs.session import Session
from kfjlab.runs.store import RunStore
from tests.api.conftest import Ask
from tests.cli.conftest import write_notebook
from tests.runs.helpers import finish, new_run

MAKE = """
import pandas as pd
frame = pd.DataFrame({'a': range(n)})
print('made <b>&amp;</b>', n)
display(frame)
"""


@pytest.fixture
def notebook(jp_root_dir: Path) -> Path:
    folder = jp_root_dir / "my work ü"
    folder.mkdir()
    return write_notebook(
        folder / "nb.ipynb",
        ("pipeline-parameters", "n = 3  # rows"),
        ("step:make", MAKE),
        ("step:use", "total = int(frame.a.sum())\nassert n < 5, 'too many'\nprint(total)"),
        ("pipeline-metrics", "print(total)"),
    )


async def over(ask: Ask, run: str) -> Any:
    """A run's detail when it has ended."""
    while True:
        detail = await ask("GET", f"runs/{run}")
        if detail["summary"]["state"] not in ("queued", "running"):
            return detail
        await asyncio.sleep(0.05)


async def test_a_run_from_its_start_to_its_deletion(ask: Ask, notebook: Path, jp_fetch: Any) -> None:
    path = "my work ü/nb.ipynb"
    started = await ask("POST", "runs", {"path": path, "texts": {"n": "4"}})
    run = started["run"]["id"]
    assert (started["run"]["notebook"], started["run"]["file"]) == (path, str(notebook))
    detail = await over(ask, run)
    assert detail["summary"]["state"] == "succeeded"
    assert detail["summary"]["parameters"] == {"n": 4}
    assert detail["summary"]["metrics"] == {"total": 6.0}
    assert [(s["name"], s["state"], s["cells"]) for s in detail["steps"][:2]] == [
        ("make", "succeeded", ["c1"]),
        ("use", "succeeded", ["c2"]),
    ]
    assert ("make", "use", ["var:frame"]) in [
        (e["source"], e["target"], e["resources"]) for e in detail["edges"]
    ]

    events = (await ask("GET", f"runs/{run}/events"))["events"]
    assert [e["offset"] for e in events] == list(range(1, detail["offset"] + 1))
    assert (await ask("GET", f"runs/{run}/events", after=len(events) - 1))["events"] == events[-1:]

    log = await ask("GET", f"runs/{run}/log", step="make")
    assert log["text"].startswith("made <b>&amp;</b> 4\n") and log["next"] == log["size"]
    assert (await ask("GET", f"runs/{run}/log", step="make", after=5, limit=3))["text"] == "<b>"
    assert (await ask("GET", f"runs/{run}/log", step="make", after=-1))["start"] == log["size"] - 1
    found = await ask("GET", f"runs/{run}/log/search", step="make", text="MADE")
    assert [m["line"] for m in found["matches"]] == [1]
    file = await jp_fetch("kfjlab", "runs", run, "log", "download", params={"step": "make"})
    assert file.body.decode() == log["text"]
    assert file.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{run}-make.log"
    assert file.headers["Content-Type"].startswith("text/plain")

    executed = await ask("GET", f"runs/{run}/notebook", step="make")
    assert executed["nbformat"] == 4 and "display(frame)" in json.dumps(executed["cells"])
    outputs = (await ask("GET", f"runs/{run}/outputs"))["steps"]
    shown = next(s for s in outputs if s["step"] == "make")["outputs"][0]["data"]
    assert "</table>" in shown["text/html"]  # one text, though the file has a list of lines
    artifacts = (await ask("GET", f"runs/{run}/artifacts"))["artifacts"]
    assert [(a["step"], a["name"], a["kind"]) for a in artifacts] == [("make", "frame", "table")]
    lineage = await ask("GET", f"runs/{run}/lineage", digest=artifacts[0]["digest"])
    assert lineage["artifacts"] == artifacts
    preview = await ask("GET", f"runs/{run}/preview", step="make", name="frame")
    assert preview["table"] == {
        "columns": ["a"],
        "index": ["0", "1", "2", "3"],
        "rows": [["0"], ["1"], ["2"], ["3"]],
    }

    assert [r["id"] for r in (await ask("GET", "runs", notebook=path, text="n=4"))["runs"]] == [run]
    assert (await ask("GET", "runs", state="failed"))["runs"] == []
    assert (await ask("DELETE", f"runs/{run}"))["id"] == run
    assert (await ask("GET", f"runs/{run}"))[0] == 404


def mend(notebook: Path) -> None:
    notebook.write_text(notebook.read_text("utf-8").replace("n < 5", "n < 50"), "utf-8")


async def test_a_run_that_fails_is_mended_and_goes_on(ask: Ask, notebook: Path) -> None:
    started = await ask("POST", "runs", {"path": "my work ü/nb.ipynb", "parameters": {"n": 7}})
    run = started["run"]["id"]
    detail = await over(ask, run)
    assert detail["summary"]["state"] == "failed" and "too many" in detail["summary"]["error"]
    fault = next(s["error"] for s in detail["steps"] if s["name"] == "use")
    assert (fault["kind"], fault["cell"], fault["line"]) == ("AssertionError", 2, 2)
    mend(notebook)
    again = await ask("POST", f"runs/{run}/resume")
    assert again["run"]["id"] == run
    detail = await over(ask, run)
    assert detail["summary"]["state"] == "succeeded"
    assert [end["state"] for end in detail["earlier_ends"]] == ["failed"]
    assert next(s for s in detail["steps"] if s["name"] == "make")["cached"]


async def test_a_run_is_stopped(ask: Ask, jp_root_dir: Path) -> None:
    write_notebook(jp_root_dir / "long.ipynb", ("step:wait", "import time\ntime.sleep(1000)"))
    run = (await ask("POST", "runs", {"path": "long.ipynb"}))["run"]["id"]
    assert (await ask("POST", f"runs/{run}/resume"))[0] == 422
    assert (await ask("DELETE", f"runs/{run}"))[0] == 409
    await ask("POST", f"runs/{run}/cancel")
    assert (await over(ask, run))["summary"]["state"] == "cancelled"


async def test_a_run_is_seen_however_fast_it_prints(
    ask: Ask, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads until there is nothing new comes to no end while a step prints faster than that."""
    run = new_run(store)
    read, reads = Database.read, 0

    @contextlib.contextmanager
    def read_after_something_was_printed(database: Database) -> Iterator[Session]:
        nonlocal reads
        reads += 1
        if database is not store._db and reads < 1000:
            store.append(run.id, "log", "talk", {"offset": 0, "length": 0})
        with read(database) as session:
            yield session

    monkeypatch.setattr(Database, "read", read_after_something_was_printed)
    detail = await ask("GET", f"runs/{run.id}")
    assert 0 < detail["offset"] < reads < 100


async def test_what_cannot_be_run_is_refused_with_the_reasons(
    ask: Ask, notebook: Path, jp_root_dir: Path
) -> None:
    status, answer = await ask(
        "POST", "runs", {"path": "my work ü/nb.ipynb", "texts": {"n": "many", "m": "1"}}
    )
    assert status == 422 and len(answer["problems"]) == 2
    write_notebook(jp_root_dir / "bad.ipynb", ("step:a", "x = ("))
    status, answer = await ask("POST", "runs", {"path": "bad.ipynb"})
    assert status == 422 and answer["problems"][0]["cell"] == 0
    assert (await ask("POST", "runs", {"path": "not-there.ipynb"}))[0] == 422
    assert (await ask("GET", "runs"))["total"] == 0


@pytest.mark.parametrize(
    "path",
    [
        "../out.ipynb",
        "a/../../out.ipynb",
        "..",
        ".",
        "",
        "/",
        "a\0.ipynb",
        "./x.ipynb",
    ],
)
async def test_no_path_leads_out_of_the_root(ask: Ask, jp_root_dir: Path, path: str) -> None:
    write_notebook(jp_root_dir.parent / "out.ipynb", ("step:a", "x = 1"))
    status, answer = await ask("POST", "runs", {"path": path})
    assert status == 422, "it was run"
    assert answer["message"]


async def test_a_link_leads_where_it_leads_the_contents_api(
    ask: Ask, jp_root_dir: Path, tmp_path: Path, jp_fetch: Any
) -> None:
    """Shared folders are linked into homes; what the browser can open and save, it can run."""
    (tmp_path / "shared").mkdir()
    write_notebook(tmp_path / "shared" / "nb.ipynb", ("step:a", "x = 1"))
    (jp_root_dir / "link").symlink_to(tmp_path / "shared")
    assert json.loads((await jp_fetch("api", "contents", "link", "nb.ipynb")).body)["type"] == "notebook"
    run = (await ask("POST", "runs", {"path": "link/nb.ipynb"}))["run"]
    assert run["notebook"] == "link/nb.ipynb"
    await over(ask, run["id"])


async def test_an_absolute_path_is_below_the_root(ask: Ask, jp_root_dir: Path) -> None:
    write_notebook(jp_root_dir / "nb.ipynb", ("step:a", "x = 1"))
    run = (await ask("POST", "runs", {"path": "/nb.ipynb"}))["run"]
    assert run["file"] == str(jp_root_dir / "nb.ipynb")
    await over(ask, run["id"])


HOSTILE = [
    "..",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%00",
    "%",
    "x" * 5000,
    "%ff%fe",
    "'%20OR%201=1",
    "A",
    "*",
    "%F0%9F%98%80",
    "last~",
]


@pytest.mark.parametrize("run_id", HOSTILE)
@pytest.mark.parametrize(
    "path",
    ["", "/events", "/log", "/log/download", "/log/search?text=x", "/preview?step=a&name=b", "/artifacts"],
)
async def test_no_id_leads_anywhere_else(
    http_server_client: Any, jp_base_url: str, jp_auth_header: Any, run_id: str, path: str, store: RunStore
) -> None:
    new_run(store)
    response = await http_server_client.fetch(
        f"{jp_base_url}kfjlab/runs/{run_id}{path}", headers=jp_auth_header, raise_error=False
    )
    assert response.code in (400, 404), response.body


def many_runs(store: RunStore) -> None:
    """Ten thousand runs, "run 0" to "run 9999"."""
    finish(store, new_run(store, name="run 0"))
    with store._db.write() as session:
        columns = [row["name"] for row in session.rows("PRAGMA table_info(runs)")]
        kept = ", ".join(name for name in columns if name not in ("seq", "id", "name"))
        session.run(
            f"""INSERT INTO runs (id, name, {kept})
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 9999)
            SELECT id || n, 'run ' || n, {kept} FROM numbers, runs ORDER BY n"""
        )


async def test_ten_thousand_runs_are_listed_by_pages(ask: Ask, store: RunStore) -> None:
    many_runs(store)
    first = await ask("GET", "runs", limit=500)
    assert (first["total"], len(first["runs"])) == (10_000, 500)
    names = [run["name"] for run in first["runs"]]
    page = first
    new_run(store, name="newer")  # disturbs nothing
    while page["next"] is not None:
        page = await ask("GET", "runs", limit=500, before=page["next"])
        names += [run["name"] for run in page["runs"]]
    assert names == [f"run {number}" for number in reversed(range(10_000))]


async def test_the_end_of_a_list_is_known(ask: Ask, store: RunStore) -> None:
    assert await ask("GET", "runs") == {"runs": [], "total": 0, "next": None}
    for _ in range(2):
        finish(store, new_run(store), RunState.SUCCEEDED)
    page = await ask("GET", "runs", limit=2)
    assert (await ask("GET", "runs", limit=2, before=page["next"]))["runs"] == []


async def test_what_was_not_printed_cannot_be_downloaded(jp_fetch: Any, store: RunStore) -> None:
    run = new_run(store)
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("kfjlab", "runs", run.id, "log", "download", params={"step": "../../../secret"})
    assert refused.value.code == 404


async def test_a_long_log_is_downloaded_whole(jp_fetch: Any, store: RunStore) -> None:
    run = new_run(store)
    text = "".join(f"line {number}\n" for number in range(500_000))
    store.append_log(run.id, "make", text)
    response = await jp_fetch("kfjlab", "runs", run.id, "log", "download", params={"step": "make"})
    assert response.body.decode() == text
