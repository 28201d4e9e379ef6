"""The event stream of a real server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClientConnection

from kfjlab.api import feed
from kfjlab.runs.model import Run, RunState, StepRun, StepState
from kfjlab.runs.store import RunStore
from tests.api.closing import close_all
from tests.runs.helpers import finish, new_run, start_python

Connect = Callable[[], Awaitable[WebSocketClientConnection]]


@pytest.fixture
def run(store: RunStore) -> Run:
    made = new_run(store)
    assert store.claim(made.id)
    store.set_run_state(made.id, RunState.RUNNING)
    return made


@pytest.fixture
def connect(jp_ws_fetch: Any, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Connect]:
    connections: list[WebSocketClientConnection] = []

    async def connected() -> WebSocketClientConnection:
        connections.append(await jp_ws_fetch("kfjlab", "stream"))
        return connections[-1]

    yield connected
    jp_asyncio_loop.run_until_complete(close_all(*connections))
    jp_asyncio_loop.run_until_complete(threads_end())


async def say(connection: WebSocketClientConnection, **message: Any) -> None:
    await connection.write_message(json.dumps(message))


async def hear(connection: WebSocketClientConnection) -> dict[str, Any]:
    text = await asyncio.wait_for(connection.read_message(), 30)
    assert isinstance(text, str), "the server has closed the connection"
    message: dict[str, Any] = json.loads(text)
    return message


async def events(connection: WebSocketClientConnection, until: int) -> list[int]:
    """The offsets of the events that come, up to one."""
    offsets: list[int] = []
    while not offsets or offsets[-1] < until:
        offsets += [event["offset"] for event in (await hear(connection)).get("events", ())]
    return offsets


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that other threads do."""

    async def wait() -> None:
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), 30)


async def threads_end() -> None:
    """Wait until nothing reads the store any more."""
    await until(lambda: readers() == 0)


def readers() -> int:
    """How many threads read the store for pages."""
    return sum(thread.name == "kfjlab-feed" for thread in threading.enumerate())


async def test_a_run_is_followed_from_an_offset(connect: Connect, store: RunStore, run: Run) -> None:
    connection = await connect()
    store.append(run.id, "cell", "load", {"cell": 1})
    await say(connection, type="follow", run=run.id, after=1)
    message = await hear(connection)
    assert message["run"] == run.id and not message["over"]
    assert [(e["offset"], e["kind"], e["step"], e["data"]) for e in message["events"]] == [
        (2, "cell", "load", {"cell": 1})
    ]
    store.append(run.id, "log", "load", {"offset": 0, "length": 3})
    assert [event["kind"] for event in (await hear(connection))["events"]] == ["log"]


async def test_the_end_is_told_and_what_comes_after_a_resume(
    connect: Connect, store: RunStore, run: Run
) -> None:
    connection = await connect()
    await say(connection, type="follow", run=run.id, after=1)
    finish(store, run, RunState.FAILED)
    message = await hear(connection)
    assert message["over"] and [e["data"]["state"] for e in message["events"]] == ["failed"]
    store.restart_run(run.id)
    message = await hear(connection)
    assert not message["over"] and [e["data"]["state"] for e in message["events"]] == ["queued"]


async def test_following_what_is_over_already_says_so(connect: Connect, store: RunStore, run: Run) -> None:
    finish(store, run)
    connection = await connect()
    await say(connection, type="follow", run=run.id, after=2)
    assert await hear(connection) == {"type": "events", "run": run.id, "events": [], "over": True}


async def test_a_run_that_is_not_there_and_one_that_is_deleted(
    connect: Connect, store: RunStore, run: Run
) -> None:
    connection = await connect()
    await say(connection, type="follow", run="nosuchrun2")
    assert await hear(connection) == {"type": "gone", "run": "nosuchrun2"}
    finish(store, run)
    await say(connection, type="follow", run=run.id, after=2)
    assert (await hear(connection))["over"]
    store.delete_run(run.id)
    assert await hear(connection) == {"type": "gone", "run": run.id}


async def test_who_watches_is_told_of_runs_that_start_change_and_go(connect: Connect, data: Path) -> None:
    connection = await connect()
    await say(connection, type="watch")
    assert await hear(connection) == {"type": "runs", "runs": []}
    with RunStore(data) as store:  # only now there is one at all
        run = new_run(store, steps=[StepRun("", "load", 0)])
        assert await hear(connection) == {"type": "runs", "runs": [run.id]}
        store.append(run.id, "cell", "load")  # changes no state
        store.update_step(run.id, "load", state=StepState.SUCCEEDED)
        assert await hear(connection) == {"type": "runs", "runs": [run.id]}
        finish(store, run)
        assert await hear(connection) == {"type": "runs", "runs": [run.id]}
        store.delete_run(run.id)
        assert await hear(connection) == {"type": "runs", "runs": [run.id]}


async def test_the_death_of_a_supervisor_is_told(connect: Connect, store: RunStore) -> None:
    run = new_run(store)
    process = start_python("import sys; sys.stdin.read()")
    assert store.claim(run.id, process.pid)
    store._claims.clear()  # as another process sees it
    connection = await connect()
    await say(connection, type="follow", run=run.id, after=1)
    process.kill()
    process.communicate()
    message = await hear(connection)
    assert message["over"] and message["events"][-1]["data"]["state"] == "interrupted"


async def test_fifty_pages_that_follow_one_run_get_everything_and_the_store_is_read_once(
    connect: Connect, store: RunStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = [await connect() for _ in range(50)]
    for connection in connections:
        await say(connection, type="follow", run=run.id, after=1)
    stored = 1

    pages: list[int] = []
    real = RunStore.page

    def page(self: RunStore, *arguments: Any) -> Any:
        found = real(self, *arguments)
        pages.append(len(found[0]))
        return found

    monkeypatch.setattr(RunStore, "page", page)

    async def write() -> None:
        nonlocal stored
        for _ in range(40):
            offsets = await asyncio.to_thread(store.append_many, run.id, [("cell", "load", {})] * 25)
            stored = offsets[-1]

    everything, _ = await asyncio.gather(
        asyncio.gather(*(events(connection, 1001) for connection in connections)), write()
    )
    assert stored == 1001
    assert all(offsets == list(range(2, 1002)) for offsets in everything)
    # Each event is read for all; were it read for each, this would be 50,000.
    assert sum(pages) < 10_000


async def test_a_page_that_does_not_read_holds_up_nobody_and_costs_no_memory(
    connect: Connect, store: RunStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over: list[int] = []
    real = feed.Feed._send

    def send(self: Any, listener: Any, text: bytes, *arguments: Any, **named: Any) -> None:
        handed_over.append(len(text))
        real(self, listener, text, *arguments, **named)

    monkeypatch.setattr(feed.Feed, "_send", send)
    slow = await connect()
    await say(slow, type="follow", run=run.id, after=1)
    big = {"text": "x" * 20_000}
    store.append_many(run.id, [("cell", "load", big)] * 1000)  # 20 MB, more than sockets take
    await until(lambda: sum(handed_over) >= feed.LARGEST // 2)
    quick = await connect()
    await say(quick, type="follow", run=run.id, after=1001)
    store.append(run.id, "metrics", "load", {"a": 1})
    assert await events(quick, 1002) == [1002]
    before = sum(handed_over)
    store.append(run.id, "metrics", "load", {"a": 2})
    assert await events(quick, 1003) == [1003]
    assert before < 16 * feed.LARGEST, "all was handed over, though nobody took it"
    assert await events(slow, 1003) == list(range(2, 1004))


async def test_nothing_reads_the_store_when_nobody_listens(
    connect: Connect, store: RunStore, run: Run
) -> None:
    connection = await connect()
    await threads_end()
    await say(connection, type="follow", run=run.id, after=0)
    await say(connection, type="watch")
    await events(connection, 1)
    assert readers() == 1
    await say(connection, type="unfollow", run=run.id)
    await say(connection, type="unwatch")
    await threads_end()
    await say(connection, type="follow", run=run.id, after=0)
    await events(connection, 1)
    connection.close()
    await threads_end()


@pytest.mark.parametrize(
    "message",
    ["", "{", "null", '{"type": "follow"}', '{"type": "rule"}', '{"type": "follow", "run": "x", "after": -1}',
     '{"type": "follow", "run": "x", "after": 1e400}', '{"type":"follow","run":"x","after":9223372036854775808}',
     '{"type": "watch", "more": 1}', '{"type": "follow", "run": "' + "x" * 65 + '"}', "[" * 10_000],
)  # fmt: skip
async def test_a_message_that_is_none_is_refused_and_the_next_is_heard(
    connect: Connect, run: Run, message: str
) -> None:
    connection = await connect()
    await connection.write_message(message)
    answer = await hear(connection)
    assert answer["type"] == "failure" and "not understood" in answer["failure"]["message"]
    await say(connection, type="follow", run=run.id)
    assert await events(connection, 1) == [1]


async def test_nobody_can_follow_without_end(connect: Connect, store: RunStore) -> None:
    runs = [new_run(store).id for _ in range(feed.MOST_FOLLOWED + 1)]
    assert all(store.claim(run) for run in runs)
    connection = await connect()
    for run in runs:
        await say(connection, type="follow", run=run)
    heard = [await hear(connection) for _ in runs]
    refused = [message["failure"]["message"] for message in heard if message["type"] == "failure"]
    assert refused == [f"One page can follow {feed.MOST_FOLLOWED} runs at a time."]
    await say(connection, type="unfollow", run=runs[0])
    await say(connection, type="follow", run=runs[-1])
    assert (await hear(connection))["run"] == runs[-1]


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "last", "\0", "%", "'; DROP TABLE runs;--", "\ud800"])
async def test_only_whole_ids_name_runs(connect: Connect, run: Run, run_id: str) -> None:
    connection = await connect()
    await say(connection, type="follow", run=run_id)
    assert (await hear(connection))["type"] in ("gone", "failure")


async def test_texts_that_utf_8_has_no_form_for_are_sent(connect: Connect, store: RunStore, run: Run) -> None:
    store.append(run.id, "log", "\ud800", {"path": "\udcff", "number": float("nan")})
    connection = await connect()
    await say(connection, type="follow", run=run.id, after=1)
    event = (await hear(connection))["events"][0]
    assert (event["step"], event["data"]) == ("\ud800", {"path": "\udcff", "number": None})


async def test_a_store_that_cannot_be_read_is_told_once_and_tried_again(
    connect: Connect, store: RunStore, run: Run
) -> None:
    from kfjlab.runs.errors import StoreError

    def broken(self: RunStore) -> Any:
        raise StoreError("locked", "Somebody has it.", "Wait.")

    connection = await connect()
    await say(connection, type="follow", run=run.id)
    await say(connection, type="watch")
    await events(connection, 1)
    assert (await hear(connection))["type"] == "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "_RETRY", 0.01)
        patch.setattr(RunStore, "version", broken)
        answer = await hear(connection)
        finish(store, run)
    assert answer["failure"] == {"message": "Somebody has it.", "fix": "Wait.", "problems": []}
    heard = [await hear(connection), await hear(connection)]
    assert {message["type"] for message in heard} == {"events", "runs"}


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", ""])
async def test_a_page_of_another_site_is_refused(
    jp_fetch: Any, jp_ws_fetch: Any, jp_serverapp: Any, origin: str
) -> None:
    jp_serverapp.web_app.settings["allow_origin"] = ""  # pytest-jupyter allows any
    cookies = (await jp_fetch("kfjlab", "about")).headers.get_list("Set-Cookie")
    browser = {"Cookie": "; ".join(cookie.partition(";")[0] for cookie in cookies), "Authorization": ""}
    own = f"http://127.0.0.1:{jp_serverapp.port}"
    connection = await jp_ws_fetch(
        "kfjlab", "stream", headers={**browser, "Origin": own, "Host": own.partition("//")[2]}
    )
    await close_all(connection)
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("kfjlab", "stream", headers={**browser, "Origin": origin})
    assert refused.value.code == 403


@pytest.mark.parametrize("authorization", ["", "token wrong"], ids=["no token", "a wrong token"])
async def test_a_stranger_is_refused(jp_ws_fetch: Any, authorization: str) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("kfjlab", "stream", headers={"Authorization": authorization})
    assert refused.value.code == 403


class NotKfjlab(Authorizer):
    """Lets everybody use everything but kfjlab."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "kfjlab"


async def test_it_obeys_the_authorizer_of_the_server(jp_ws_fetch: Any, jp_serverapp: Any) -> None:
    jp_serverapp.web_app.settings["authorizer"] = NotKfjlab(parent=jp_serverapp)
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("kfjlab", "stream")
    assert refused.value.code == 403
