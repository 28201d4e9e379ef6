"""Runs on this machine: a supervisor process per run, steps in processes forked from one that has executed the imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from kfjlab.notebook.pipeline import Pipeline, Step
from kfjlab.notebook.problems import Problem, Severity
from kfjlab.targets.base import RefusedError, RunOptions

if TYPE_CHECKING:
    from pathlib import Path

    from kfjlab.runs.model import StepRun


class LocalTarget:
    """This machine as a target."""

    name = "local"

    def check(self, pipeline: Pipeline, options: RunOptions) -> list[Problem]:
        """What this machine does not do for a step; the steps run all the same."""
        return [*_ignored(pipeline.steps), *_unset_secrets(pipeline.steps)]

    def start(self, pipeline: Pipeline, options: RunOptions) -> str:
        """Start a run and return its id.

        Raises :class:`~kfjlab.targets.base.RefusedError` when the pipeline has errors, the kernel is not there, or a step is unknown.
        """
        from kfjlab.runs.store import RunStore

        from .interpreter import find_interpreter

        _refuse_errors(pipeline, options)
        find_interpreter(options.kernel or pipeline.kernel)
        known = {parameter.name: parameter.default for parameter in pipeline.parameters}
        stored = {**asdict(options), "given": sorted(options.parameters)}
        del stored["parameters"]
        with RunStore() as store:
            run = store.create_run(
                name=pipeline.name,
                notebook=str(_absolute(pipeline.path)),
                target=self.name,
                parameters={**known, **options.parameters},
                pipeline=pipeline.to_json(),
                options=stored,
                experiment=pipeline.experiment,
                steps=_waiting(pipeline),
            )
            _launch(run.id, store.location, _absolute(run.folder))
        return run.id

    def resume(self, run_id: str, pipeline: Pipeline | None = None, max_parallel: int | None = None) -> None:
        """Go on with a run that has ended. Raises :class:`~kfjlab.targets.base.RefusedError` while it still runs."""
        from kfjlab.runs.store import RunStore

        with RunStore() as store:
            run = store.get_run(run_id)
            if not run.state.final:
                raise RefusedError(
                    f"Run {run.id} is {run.state.value}; it can be resumed when it has ended (kfjlab cancel {run.id})."
                )
            if pipeline is None:
                pipeline = Pipeline.from_json(run.pipeline)
            _refuse_errors(pipeline, RunOptions())
            known = {parameter.name: parameter.default for parameter in pipeline.parameters}
            given = {name: run.parameters[name] for name in run.options.get("given", ()) if name in known}
            store.restart_run(
                run.id,
                pipeline=pipeline.to_json(),
                parameters={**known, **given},
                options=None if max_parallel is None else {**run.options, "max_parallel": max_parallel},
                steps=_waiting(pipeline),
            )
            _launch(run.id, store.location, _absolute(run.folder))

    def cancel(self, run_id: str) -> None:
        """Ask a run to stop; does nothing for one that has ended."""
        import os
        import signal

        from kfjlab.runs.store import RunStore

        with RunStore() as store:
            run = store.get_run(run_id)
            if run.state.final:
                return
            store.request_cancel(run.id)
            pid = store.supervisor_pid(run)
            if pid is not None:
                os.kill(pid, signal.SIGTERM)


def _waiting(pipeline: Pipeline) -> list[StepRun]:
    from kfjlab.runs.model import StepRun

    return [StepRun("", step.name, i) for i, step in enumerate(pipeline.steps)]


def _refuse_errors(pipeline: Pipeline, options: RunOptions) -> None:
    if pipeline.errors:
        raise RefusedError("The notebook has errors; the run was not started.", pipeline.problems)
    known = {step.name for step in pipeline.steps}
    for name in (*options.steps, *options.start_from):
        if name not in known:
            raise RefusedError(f"There is no step named {name!r}. Steps: {', '.join(sorted(known))}.")


def _ignored(steps: Sequence[Step]) -> Iterator[Problem]:
    """A warning for each setting that only a cluster can honour, and the steps that have it."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        settings = step.settings
        fields = {
            "image": settings.image,
            "resources.gpu": settings.resources.gpus,
            "volumes": settings.volumes,
            "node_selector": settings.node_selector,
            "tolerations": settings.tolerations,
        }
        for field, value in fields.items():
            if value:
                found.setdefault(field, []).append(step)
    for field, having in found.items():
        names = ", ".join(repr(step.name) for step in having)
        who = f"Step {names} has" if len(having) == 1 else f"Steps {names} have"
        message = (
            f"{who} the setting {field}; on this machine the notebook's own environment is used instead."
        )
        cell = having[0].cells[0].index if having[0].cells else None
        yield Problem("not-on-this-machine", Severity.WARNING, message, cell, step=having[0].name)


def _unset_secrets(steps: Sequence[Step]) -> Iterator[Problem]:
    """A warning for each secret whose variable is not set here."""
    import os

    for step in steps:
        cell = step.cells[0].index if step.cells else None
        for secret in step.settings.secrets:
            if secret.env not in os.environ:
                message = (
                    f"Step {step.name!r} takes {secret.env} from the secret {secret.secret!r}; on this machine it comes from the "
                    f"environment, where it is not set. Set {secret.env} before running."
                )
                yield Problem("secret-not-set", Severity.WARNING, message, cell, step=step.name)


def _absolute(path: str) -> Path:
    from pathlib import Path

    return Path(path).absolute()


def _launch(run_id: str, location: Path, folder: Path) -> None:
    """Start the supervisor in a session of its own, so that it outlives this process."""
    import subprocess
    import sys
    import threading

    with open(folder / "supervisor.log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kfjlab.targets.local.supervisor", run_id, str(location)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Where this process lives longer (a server), somebody has to take the exit status, or a zombie stays.
    threading.Thread(target=process.wait, name=f"kfjlab-{run_id}", daemon=True).start()
