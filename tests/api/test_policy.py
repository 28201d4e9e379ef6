"""What the administrator has decided, told and enforced."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError

from kfjlab.extension import KfjlabApp
from kfjlab.notebook.analyze import analyze
from kfjlab.runs.store import RunStore
from kfjlab.targets.base import RunOptions
from kfjlab.targets.local import LocalTarget
from tests.api.conftest import Ask
from tests.api.test_runs import over
from tests.cli.conftest import write_notebook
from tests.runs.helpers import finish, new_run


@pytest.fixture
def configured() -> dict[str, Any]:
    return {
        "targets": ["local"],
        "images": ["registry.example/team/*"],
        "max_parallel": 2,
        "max_memory": "1Gi",
        "features": {"delete": False},
        "locks": {"cache": True, "kernel": None},
        "reason": "Ask the team.",
    }


@pytest.fixture
def jp_server_config(configured: dict[str, Any]) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"kfjlab": True}, "allow_unauthenticated_access": False},
        "KfjlabApp": configured,
    }


async def test_it_is_told(ask: Ask, jp_serverapp: Any) -> None:
    policy = await ask("GET", "policy")
    assert policy["features"]["run"] and not policy["features"]["delete"]
    del policy["features"]
    assert policy == {
        "targets": ["local"],
        "forbidden_targets": [],
        "images": ["registry.example/team/*"],
        "max_parallel": 2,
        "max_memory": 2**30,
        "locks": [
            {"setting": "cache", "value": True, "reason": "Ask the team."},
            {"setting": "kernel", "value": None, "reason": "Ask the team."},
        ],
        "reason": "Ask the team.",
    }
    page = json.loads(jp_serverapp.web_app.settings["page_config_data"]["kfjlab"])
    assert page["features"]["delete"] is False and page["locks"] == {"cache": True, "kernel": None}
    assert (page["max_parallel"], page["max_memory"]) == (2, 2**30)
    assert page["images"] == ["registry.example/team/*"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cache": False}, "cache is fixed to True"),
        ({"kernel": "other"}, "kernel is fixed"),
        ({"target": "elsewhere"}, "not allowed on 'elsewhere', only on: local"),
        ({"max_parallel": 3}, "At most 2 steps"),
    ],
)
async def test_what_is_not_allowed_is_refused_with_the_reason(
    ask: Ask, jp_root_dir: Path, asked: dict[str, Any], said: str
) -> None:
    write_notebook(jp_root_dir / "nb.ipynb", ("step:a", "x = 1"))
    status, answer = await ask("POST", "runs", {"path": "nb.ipynb", **asked})
    assert (status, answer["fix"]) == (403, "Ask the team.")
    assert said in answer["message"]
    assert (await ask("GET", "runs"))["total"] == 0


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("image:docker.io/evil/image", "image 'docker.io/evil/image'; allowed are: registry.example/team/*"),
        ("limit:memory:2Gi", "2,048 MiB of memory; at most 1,024"),
    ],
)
async def test_a_step_that_asks_for_too_much_is_refused(
    ask: Ask, jp_root_dir: Path, tag: str, said: str
) -> None:
    write_notebook(jp_root_dir / "nb.ipynb", (f"step:greedy & {tag}", "x = 1"))
    status, answer = await ask("POST", "runs", {"path": "nb.ipynb"})
    assert status == 403 and "'greedy'" in answer["message"] and said in answer["message"]


async def test_it_is_a_problem_of_the_notebook_before_it_runs(ask: Ask) -> None:
    cell = {
        "id": "c",
        "cell_type": "code",
        "source": "x = 1",
        "metadata": {"tags": ["step:greedy", "image:evil", "limit:memory:2Gi"]},
    }
    view = await ask("POST", "notebook/analysis", {"path": "nb.ipynb", "metadata": {}, "cells": [cell]})
    found = [(one["code"], one["severity"], one["step"], one["fix"]["title"]) for one in view["problems"]]
    assert ("image-not-allowed", "error", "greedy", "Ask the team.") in found
    assert ("memory-not-allowed", "error", "greedy", "Ask the team.") in found
    assert not view["runnable"]


@pytest.mark.parametrize("configured", [{"locks": {"cache": False, "keep_going": True}}])
async def test_what_is_fixed_holds_for_who_does_not_say_it(ask: Ask, jp_root_dir: Path) -> None:
    write_notebook(jp_root_dir / "nb.ipynb", ("step:a", "x = 1"))
    run = (await ask("POST", "runs", {"path": "nb.ipynb"}))["run"]["id"]
    options = (await over(ask, run))["options"]
    assert (options["cache"], options["keep_going"]) == (False, True)


async def test_also_when_a_run_is_to_go_on(ask: Ask, jp_root_dir: Path) -> None:
    write_notebook(jp_root_dir / "nb.ipynb", ("step:a & limit:memory:500Mi", "x = 1"))
    run = (await ask("POST", "runs", {"path": "nb.ipynb"}))["run"]["id"]
    detail = await over(ask, run)
    assert (detail["summary"]["state"], detail["options"]["max_parallel"]) == ("succeeded", 2)
    write_notebook(jp_root_dir / "nb.ipynb", ("step:a & limit:memory:2Gi", "x = 2"))
    assert (await ask("POST", f"runs/{run}/resume"))[0] == 403


async def test_a_run_of_before_the_limit_goes_on_within_it(ask: Ask, jp_root_dir: Path) -> None:
    notebook = jp_root_dir / "nb.ipynb"
    write_notebook(notebook, ("step:a", "x = 1"))
    run = LocalTarget().start(analyze(notebook), RunOptions())
    assert (await over(ask, run))["options"]["max_parallel"] == 0
    await ask("POST", f"runs/{run}/resume")
    assert (await over(ask, run))["options"]["max_parallel"] == 2


@pytest.mark.parametrize("configured", [{"locks": {"max_parallel": 0}, "max_parallel": 4}])
async def test_a_run_with_no_fixed_number_of_steps_within_a_limit_goes_on(
    ask: Ask, jp_root_dir: Path
) -> None:
    write_notebook(jp_root_dir / "nb.ipynb", ("step:a", "x = 1"))
    run = (await ask("POST", "runs", {"path": "nb.ipynb"}))["run"]["id"]
    assert (await over(ask, run))["options"]["max_parallel"] == 4
    assert (await ask("POST", f"runs/{run}/resume"))["run"]["id"] == run
    await over(ask, run)


@pytest.mark.parametrize("configured", [{"locks": {"target": "local"}}])
async def test_a_fixed_target_holds_for_steps(ask: Ask) -> None:
    cell = {
        "id": "c",
        "cell_type": "code",
        "source": "x = 1",
        "metadata": {"tags": ["step:far"], "kfjlab": {"target": "elsewhere"}},
    }
    view = await ask("POST", "notebook/analysis", {"path": "nb.ipynb", "metadata": {}, "cells": [cell]})
    assert "target-not-allowed" in [one["code"] for one in view["problems"]]


async def test_what_is_switched_off_is_refused(ask: Ask, store: RunStore) -> None:
    run = new_run(store)
    finish(store, run)
    status, answer = await ask("DELETE", f"runs/{run.id}")
    assert (status, answer["fix"]) == (403, "Ask the team.")
    store.get_run(run.id)  # is there still


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("features", {"rum": False}),
        ("locks", {"color": 1}),
        ("locks", {"max_parallel": "4"}),
        ("locks", {"cache": "yes"}),
        ("max_memory", "8Gib"),
        ("max_parallel", -1),
    ],
)
def test_what_does_not_exist_is_an_error_at_the_start(setting: str, value: Any) -> None:
    with pytest.raises(TraitError):
        KfjlabApp(**{setting: value})


@pytest.mark.parametrize(
    "settings",
    [
        {"locks": {"max_parallel": 8}, "max_parallel": 4},
        {"locks": {"target": "elsewhere"}, "targets": ["local"]},
    ],
)
def test_locks_that_refuse_every_run_are_an_error_at_the_start(settings: dict[str, Any]) -> None:
    with pytest.raises(TraitError, match="locks fix"):
        KfjlabApp(**settings)


def test_locks_on_the_command_line_have_the_types_of_the_options() -> None:
    app = KfjlabApp()
    app.parse_command_line(["--KfjlabApp.locks=cache=True", "--KfjlabApp.locks=max_parallel=3"])
    assert app.locks == {"cache": True, "max_parallel": 3}


def test_the_folder_of_the_runs_is_one_for_all_processes(tmp_path: Path) -> None:
    app = KfjlabApp(data=str(tmp_path / "elsewhere"))
    app.initialize_settings()
    assert os.environ["KFJLAB_DATA"] == str(tmp_path / "elsewhere")
