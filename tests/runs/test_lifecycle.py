"""Runs from their creation to their deletion."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfjlab.runs.model import Artifact, Run, RunState, StepRun, StepState
from kfjlab.runs.store import RunStore, StoreError, UnknownRunError
from tests.runs.helpers import finish, new_run


def kinds(store: RunStore, run: Run) -> list[tuple[str, str | None, object]]:
    return [(event.kind, event.step, event.data.get("state")) for event in store.events(run.id)]


def test_a_new_run(either: RunStore) -> None:
    before = time.time()
    run = new_run(
        either,
        parameters={"alpha": 0.1, "names": ["a", "b"]},
        pipeline={"steps": [1]},
        options={"cache": True},
        experiment="first",
        owner="jo",
        steps=[StepRun("", "load", 0), StepRun("", "fit", 1)],
    )
    assert either.get_run(run.id) == run
    assert run.state is RunState.QUEUED
    assert (run.name, run.notebook, run.target, run.experiment) == (
        "iris",
        "/notebooks/iris.ipynb",
        "local",
        "first",
    )
    assert run.parameters == {"alpha": 0.1, "names": ["a", "b"]}
    assert (run.pipeline, run.options, run.owner) == ({"steps": [1]}, {"cache": True}, "jo")
    assert before <= run.created <= time.time()
    assert (run.started, run.ended, run.error, run.supervisor, run.metrics) == (None, None, None, None, {})
    assert Path(run.folder).is_dir() and Path(run.folder) == either.run_folder(run.id)
    assert kinds(either, run) == [("run", None, "queued")]
    assert [step.run_id for step in either.get_steps(run.id)] == [run.id] * 2


def test_found_by_id_by_a_beginning_and_as_the_last(store: RunStore) -> None:
    runs = [new_run(store) for _ in range(40)]
    assert store.get_run("last").id == runs[-1].id
    for run in runs:
        assert store.get_run(run.id).id == run.id
        unique = next(run.id[:n] for n in range(1, 11) if sum(r.id.startswith(run.id[:n]) for r in runs) == 1)
        assert store.get_run(unique).id == run.id


@pytest.mark.parametrize(
    "name", ["", "nothere", "../../x", "%", "_", "'; DROP TABLE runs; --", "LAST", "a" * 300, "é"]
)
def test_what_is_not_found(store: RunStore, name: str) -> None:
    with pytest.raises(UnknownRunError, match=r"no runs yet|[Nn]o run|several"):
        store.get_run(name)
    with pytest.raises(UnknownRunError, match="no run"):
        store.get_steps(name)


@pytest.mark.parametrize("name", ["", "..", "a/b", "é", "a-b"])
def test_the_folder_of_a_run_is_inside_of_the_folder_of_runs(store: RunStore, name: str) -> None:
    with pytest.raises(UnknownRunError, match="not the id"):
        store.run_folder(name)


def test_a_beginning_that_fits_several_is_not_guessed(store: RunStore) -> None:
    first = {new_run(store).id[0] for _ in range(30)}
    runs = store.list_runs(100)
    letter = next(c for c in first if sum(run.id[0] == c for run in runs) > 1)
    with pytest.raises(UnknownRunError, match="Several runs begin with"):
        store.get_run(letter)


def test_the_last_of_none(store: RunStore) -> None:
    with pytest.raises(UnknownRunError, match="no runs yet"):
        store.get_run("last")


def test_states_errors_and_times(store: RunStore, run: Run) -> None:
    store.set_run_state(run.id, RunState.RUNNING, started=10.0)
    seen = store.get_run(run.id)
    assert (seen.state, seen.started, seen.ended, seen.error) == (RunState.RUNNING, 10.0, None, None)
    store.set_run_state(run.id, RunState.FAILED, error={"kind": "ValueError"}, ended=20.0)
    seen = store.get_run(run.id)
    assert (seen.state, seen.started, seen.ended, seen.error) == (
        RunState.FAILED,
        10.0,
        20.0,
        {"kind": "ValueError"},
    )


def test_a_run_that_is_over_has_an_end(store: RunStore, run: Run) -> None:
    store.set_run_state(run.id, RunState.SUCCEEDED)
    ended = store.get_run(run.id).ended
    assert ended is not None and abs(ended - time.time()) < 5


# Lists ----------------------------------------------------------------------------------------------------------------


def test_lists_page_and_filter(store: RunStore) -> None:
    runs = [
        new_run(
            store,
            name=f"run {i}",
            experiment="odd" if i % 2 else None,
            target="local" if i < 5 else "kubeflow",
        )
        for i in range(10)
    ]
    ids = [run.id for run in reversed(runs)]
    assert [run.id for run in store.list_runs()] == ids
    assert [run.id for run in store.list_runs(3)] == ids[:3]
    assert [run.id for run in store.list_runs(3, offset=3)] == ids[3:6]
    assert [run.id for run in store.list_runs(3, before=ids[2])] == ids[3:6]
    assert [run.id for run in store.list_runs(experiment="odd")] == ids[0::2]
    assert [run.id for run in store.list_runs(target="local")] == ids[5:]
    finish(store, runs[3])
    assert [run.id for run in store.list_runs(state=RunState.SUCCEEDED)] == [runs[3].id]
    assert store.count_runs(state=[RunState.SUCCEEDED, RunState.QUEUED]) == 10
    assert store.count_runs(state=[]) == 0
    assert store.count_runs(experiment="odd", target="local") == 2


def test_lists_leave_the_pipeline_out_unless_asked(store: RunStore) -> None:
    new_run(store, pipeline={"a": 1})
    assert store.list_runs()[0].pipeline == {}
    assert store.list_runs(with_pipeline=True)[0].pipeline == {"a": 1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("IRIS", {"a", "b"}),
        ("iris forest", {"b"}),
        ("alpha=0.5", {"a"}),
        ("straße", {"c"}),
        ("STRASSE", {"c"}),
        ("wine.ipynb", {"c"}),
        ("100%", {"c"}),
        ("_", set()),
        ("%", {"c"}),
        ("", {"a", "b", "c"}),
        ("' OR 1=1", set()),
    ],
)
def test_text_is_searched_in_names_notebooks_and_parameters(
    store: RunStore, text: str, found: set[str]
) -> None:
    new_run(store, name="Iris tree", owner="a", notebook="/x/iris.ipynb", parameters={"alpha": 0.5})
    new_run(store, name="Iris forest", owner="b", notebook="/x/iris.ipynb")
    new_run(store, name="Weinstraße 100%", owner="c", notebook="/x/wine.ipynb")
    assert {run.owner for run in store.list_runs(text=text)} == found
    assert store.count_runs(text=text) == len(found)


def test_ten_thousand_runs_are_listed_quickly(store: RunStore) -> None:
    with store._db.write() as session:
        values = (
            (
                f"x{i:09d}",
                f"run {i}",
                f"/nb/{i % 100}.ipynb",
                "succeeded",
                float(i),
                float(i),
                f"run {i}\nalpha={i}",
            )
            for i in range(10_000)
        )
        session.run_many(
            """INSERT INTO runs (id, name, notebook, target, owner, state, created, queued, search, parameters, options, supervised)
            VALUES (?, ?, ?, 'local', '', ?, ?, ?, ?, '{}', '{}', 1)""",
            values,
        )
        session.run("INSERT INTO metrics SELECT seq, '', 'accuracy', 0.5 FROM runs")
    began = time.perf_counter()
    page, seen = store.list_runs(100), 0
    while page:
        seen += len(page)
        page = store.list_runs(100, before=page[-1].id)
    each = (time.perf_counter() - began) / 100
    assert seen == 10_000
    assert each < 0.05  # a page of 100; measured 2 ms
    began = time.perf_counter()
    assert [run.name for run in store.list_runs(text="ALPHA=9999")] == ["run 9999"]
    assert len(store.list_runs(1000, notebook="/nb/7.ipynb")) == 100
    assert time.perf_counter() - began < 0.2


# Hostile text ---------------------------------------------------------------------------------------------------------

anything = st.text(st.characters(exclude_categories=()), max_size=60)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=anything,
    step=anything,
    data=st.dictionaries(anything, anything | st.floats() | st.none(), max_size=3),
)
def test_any_text_comes_back_as_it_was(
    store: RunStore, name: str, step: str, data: dict[str, object]
) -> None:
    run = new_run(store, name=name, notebook=f"/x/{name}", experiment=step, parameters=data)
    seen = store.get_run(run.id)
    assert (seen.name, seen.notebook, seen.experiment) == (name, f"/x/{name}", step)
    assert repr(seen.parameters) == repr(data)
    assert [r.id for r in store.list_runs(experiment=step, notebook=f"/x/{name}")] == [run.id] + [
        r.id for r in store.list_runs(before=run.id, experiment=step, notebook=f"/x/{name}")
    ]
    store.put_steps(run.id, [StepRun(run.id, step, 0)])
    store.update_step(run.id, step, state=StepState.FAILED, error=data, log=name)
    found = store.get_steps(run.id)[0]
    assert (found.name, found.log, repr(found.error)) == (step, name, repr(data))
    store.append(run.id, "problem", step, data)
    event = store.events(run.id)[-1]
    assert (event.step, repr(event.data)) == (step, repr(data))
    store.append_log(run.id, step, name)
    assert store.read_log(run.id, step)[0] == name.encode("utf-8", "backslashreplace").decode()
    assert store.log_path(run.id, step).parent == store.run_folder(run.id) / "logs"


# Steps ----------------------------------------------------------------------------------------------------------------


def test_steps_change_field_by_field(either: RunStore) -> None:
    run = new_run(either, steps=[StepRun("", "b", 1), StepRun("", "a", 0)])
    assert [step.name for step in either.get_steps(run.id)] == ["a", "b"]
    either.update_step(run.id, "a", state=StepState.RUNNING, attempt=1, started=5.0)
    either.update_step(
        run.id, "a", state=StepState.SUCCEEDED, cached=True, record={"reads": {}}, peak_memory=2**40
    )
    step = either.get_steps(run.id)[0]
    assert step == StepRun(
        run.id, "a", 0, StepState.SUCCEEDED, True, 1, started=5.0, record={"reads": {}}, peak_memory=2**40
    )
    with pytest.raises(StoreError, match="has no step 'c'"):
        either.update_step(run.id, "c", attempt=1)
    with pytest.raises(TypeError, match="nonsense"):
        either.update_step(run.id, "a", nonsense=1)


# Metrics and artifacts ------------------------------------------------------------------------------------------------


def artifact(name: str, digest: str, *inputs: str) -> Artifact:
    return Artifact(
        "",
        "",
        name,
        "table",
        "pandas.DataFrame",
        digest * 64,
        10,
        f"{name} 3 × 4",
        tuple(i * 64 for i in inputs),
    )


def test_metrics_of_the_last_step_win_and_not_a_number_stays_one(store: RunStore, run: Run) -> None:
    store.put_steps(run.id, [StepRun(run.id, "z", 0), StepRun(run.id, "a", 1)])
    store.set_metrics(run.id, {"accuracy": 0.5, "loss": math.inf}, step="z")
    store.set_metrics(run.id, {"accuracy": 0.9, "f1": math.nan}, step="a")
    metrics = store.get_run(run.id).metrics
    assert (metrics["accuracy"], metrics["loss"]) == (0.9, math.inf)
    assert math.isnan(metrics["f1"])
    assert store.list_runs()[0].metrics.keys() == metrics.keys()
    store.set_metrics(run.id, {"recall": 1}, step="a")
    assert store.get_run(run.id).metrics == {"accuracy": 0.5, "loss": math.inf, "recall": 1.0}


def test_metrics_and_artifacts_are_those_of_the_latest_attempt(store: RunStore, run: Run) -> None:
    store.put_steps(run.id, [StepRun(run.id, "a", 0), StepRun(run.id, "b", 1)])
    for step in ("a", "b"):
        store.set_metrics(run.id, {step: 1.0}, step=step)
        store.put_artifacts(run.id, step, [artifact(f"x{step}", "1")])
    store.update_step(run.id, "a", state=StepState.WAITING, cached=False)
    assert store.get_run(run.id).metrics == {"b": 1.0}
    assert [a.name for a in store.get_artifacts(run.id)] == ["xb"]
    assert [a.name for a in store.get_artifacts(run.id, "a")] == []


def test_lineage_goes_through_runs(store: RunStore) -> None:
    run, other = new_run(store, steps=[StepRun("", "a", 1), StepRun("", "z", 0)]), new_run(store)
    store.put_artifacts(run.id, "z", [artifact("raw", "1")])
    store.put_artifacts(run.id, "a", [artifact("clean", "2", "1"), artifact("plot", "3", "1")])
    store.put_artifacts(other.id, "fit", [artifact("model", "4", "2", "9")])
    store.put_artifacts(other.id, "loop", [artifact("loop", "5", "4", "5")])
    assert [a.name for a in store.get_artifacts(run.id)] == ["raw", "clean", "plot"]
    found = store.lineage("2" * 64)
    assert [(a.name, a.run_id, a.step, a.summary) for a in found.artifacts] == [
        ("clean", run.id, "a", "clean 3 × 4")
    ]
    assert [a.name for a in found.sources] == ["raw"]
    assert [a.name for a in found.uses] == ["model", "loop"]
    assert [a.name for a in store.lineage("5" * 64).sources] == ["model", "clean", "raw"]
    assert {a.name for a in store.lineage("1" * 64).uses} == {"clean", "plot", "model", "loop"}
    assert store.lineage("9" * 64).artifacts == ()
    assert [a.name for a in store.lineage("9" * 64).uses] == ["model", "loop"]


# Again, and away ------------------------------------------------------------------------------------------------------


def test_a_run_that_is_over_can_be_queued_again(store: RunStore, run: Run) -> None:
    store.put_steps(run.id, [StepRun(run.id, "a", 0)])
    store.set_metrics(run.id, {"m": 1}, step="a")
    store.request_cancel(run.id)
    finish(store, run, RunState.FAILED)
    steps = [StepRun("", "a", 0), StepRun("", "b", 1)]
    again = store.restart_run(
        run.id, pipeline={"new": 1}, parameters={"x": 2}, options={"keep_going": True}, steps=steps
    )
    assert again == store.get_run(run.id)
    assert (again.state, again.ended, again.error, again.supervisor) == (RunState.QUEUED, None, None, None)
    assert (again.pipeline, again.parameters, again.options) == ({"new": 1}, {"x": 2}, {"keep_going": True})
    assert (again.created, again.metrics) == (run.created, {})
    assert not store.cancel_requested(run.id)
    assert [step.name for step in store.get_steps(run.id)] == ["a", "b"]
    assert [state for _, _, state in kinds(store, run)] == ["queued", "failed", "queued"]
    assert [r.id for r in store.list_runs(text="x=2")] == [run.id]


def test_what_is_not_given_stays(store: RunStore) -> None:
    run = new_run(
        store, pipeline={"a": 1}, parameters={"x": 1}, options={"o": 1}, steps=[StepRun("", "s", 0)]
    )
    store.set_metrics(run.id, {"m": 1}, step="s")
    finish(store, run)
    again = store.restart_run(run.id)
    assert (again.pipeline, again.parameters, again.options, again.metrics) == (
        {"a": 1},
        {"x": 1},
        {"o": 1},
        {"m": 1.0},
    )
    assert [step.name for step in store.get_steps(run.id)] == ["s"]


def test_a_run_that_goes_on_is_neither_restarted_nor_deleted(store: RunStore, run: Run) -> None:
    for forbidden in (store.restart_run, store.delete_run):
        with pytest.raises(StoreError, match=f"{run.id} is queued") as caught:
            forbidden(run.id)
        assert caught.value.kind == "conflict" and "cancel" in caught.value.fix
    assert store.get_run(run.id).state is RunState.QUEUED


def test_a_deleted_run_leaves_nothing_but_its_cached_records(either: RunStore) -> None:
    run, other = new_run(either, steps=[StepRun("", "a", 0)]), new_run(either)
    either.append_log(run.id, "a", "text")
    either.put_artifacts(run.id, "a", [artifact("x", "1", "2")])
    either.set_metrics(run.id, {"m": 1})
    either.put_record("key", {"r": 1}, run_id=run.id, step="a", size=1)
    finish(either, run)
    either.delete_run(run.id)
    assert not Path(run.folder).exists()
    with pytest.raises(UnknownRunError):
        either.get_run(run.id)
    with pytest.raises(UnknownRunError):
        either.append(run.id, "cell")
    assert either.lineage("1" * 64).artifacts == ()
    assert either.records("key")[0][1] == {"r": 1}
    with either._db.read() as session:
        for table in ("pipelines", "steps", "events", "metrics", "artifacts", "artifact_inputs"):
            rows = session.rows(f"SELECT * FROM {table}")
            assert all("run" in row.keys() and row["run"] == 2 for row in rows), table  # noqa: SIM118
    assert either.get_run("last").id == other.id
