"""No request, whatever is in it, is answered with an error of the server's own; requests are made from the OpenAPI document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.openapi import from_dict

from kfjlab.api.calling import call
from kfjlab.api.context import Context
from kfjlab.api.endpoint import Endpoint
from kfjlab.api.failures import failure_of
from kfjlab.api.openapi import document
from kfjlab.api.routes import ENDPOINTS
from kfjlab.api.rules import Rules
from kfjlab.notebook.pipeline import Pipeline
from kfjlab.runs.model import RunState, StepRun
from kfjlab.runs.store import RunStore
from tests.runs.helpers import finish, new_run

OPERATIONS: dict[str, Any] = {
    found.ok().label: found.ok()
    for found in from_dict(document()).get_all_operations()
    if isinstance(found, Ok)
}
EXAMPLES = 15


@pytest.fixture
def surroundings(tmp_path: Path, store: RunStore) -> Context:
    (tmp_path / "root").mkdir()
    return Context(tmp_path / "root", {}, "python3", Rules())


@pytest.fixture
def ids(store: RunStore) -> list[str]:
    """Runs of several kinds."""
    pipeline = Pipeline("nb", "/not/there.ipynb", ()).to_json()
    queued = new_run(store, supervised=False, pipeline=pipeline)
    over = new_run(
        store,
        pipeline=pipeline,
        name="\ud800",
        parameters={"\udcff": float("nan")},
        steps=[StepRun("", "a\ud800", 0)],
    )
    store.append_log(over.id, "make", "text\n" * 100)
    finish(store, over, RunState.FAILED)
    return [queued.id, over.id, "last", queued.id[:3], "", "..", "A" * 65]


def test_every_endpoint_is_in_the_document() -> None:
    assert OPERATIONS.keys() == {f"{endpoint.method} /{endpoint.path}" for endpoint in ENDPOINTS}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_every_request_has_an_answer(
    endpoint: Endpoint, mode: GenerationMode, surroundings: Context, ids: list[str]
) -> None:
    operation = OPERATIONS[f"{endpoint.method} /{endpoint.path}"]
    if mode is GenerationMode.NEGATIVE and not operation.query and not operation.body:
        pytest.skip("every request is right")

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode), st.sampled_from(ids))
    def ask(case: Any, run: str) -> None:
        path = {"run": run} if "{run}" in endpoint.path else {}
        query = {
            str(name): [str(one) for one in (value if isinstance(value, list) else [value])] or [""]
            for name, value in (case.query or {}).items()
        }
        body = case.body if isinstance(case.body, bytes) else json.dumps(case.body, default=str).encode()
        try:
            json.loads(call(endpoint, surroundings, path, query, body))
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            assert failure.status < 500
            json.dumps(failure.answer().model_dump(mode="json"))

    ask()


async def test_a_request_that_is_too_large_is_refused_in_words(jp_fetch: Any) -> None:
    source = "x" * (51 * 1024 * 1024)
    body = json.dumps({"path": "a.ipynb", "cells": [{"id": "a", "cell_type": "code", "source": source}]})
    answer = await jp_fetch(
        "kfjlab", "notebook", "analysis", method="POST", body=body, raise_error=False, request_timeout=60
    )
    assert answer.code == 413
    assert "51 MiB" in json.loads(answer.body)["message"]
