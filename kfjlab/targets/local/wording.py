"""What the local engine says in its own words: errors and problems that no worker could tell."""

from __future__ import annotations

from pathlib import Path

from kfjlab.notebook.pipeline import Step
from kfjlab.notebook.problems import Fix, Problem, Severity
from kfjlab.runtime.protocol import StepError, StepRecord

CANCELLED = StepError("Cancelled", "The run was cancelled.", fix="kfjlab resume goes on where it stopped.")

THINGS = {"var": "variable", "file": "file", "dir": "folder", "ambient": "state"}


def runs_again(step: str, resource: str, writer: str | None) -> str:
    """Why a step runs again that had read ``resource`` in a wrong state. ``writer``: the step that left the right one."""
    kind, name = resource.split(":", 1)
    thing = THINGS.get(kind, kind)
    if resource == "file:*":
        return (
            f"Files that step {step!r} may have read were written after it had started; the step runs again."
        )
    if writer is None:
        return f"{thing} {name!r} changed while step {step!r} was running; the step runs again."
    return f"Step {step!r} had read {thing} {name!r} without what step {writer!r} left there; {step!r} runs again."


def attempt_begins(attempt: int) -> str:
    """The line of a log between what earlier attempts have printed and what this one prints."""
    return f"\n[kfjlab: attempt {attempt} begins; what stands above is of an earlier one]\n"


def outdated(step: str, resource: str, writer: str) -> StepError:
    """An attempt is ended that had read ``resource`` in a wrong state."""
    return StepError("Outdated", runs_again(step, resource, writer))


def unforeseen(step: str, resource: str, writer: str) -> Problem:
    """A dependency that the text does not show, found while running."""
    fix = Fix(f"Let {step!r} run after {writer!r}", "add-after", {"step": step, "after": writer})
    message = runs_again(step, resource, writer)
    return Problem("unforeseen-change", Severity.WARNING, message, step=step, fix=fix)


def unstable(step: str, resource: str) -> StepError:
    """A step read ``resource`` in another state at each execution."""
    name = resource.split(":", 1)[1]
    return StepError(
        "Unstable",
        f"Step {step!r} ran again and again, because {name!r} was different each time.",
        fix=f"Something outside the pipeline changes {name!r}, or it is too large to be kept in versions: let only one step write it.",
    )


def runs_again_lost(step: str, resource: str) -> str:
    """Why a step runs again whose stored result ``resource`` cannot be read back."""
    return f"What step {step!r} left in {_thing(resource)} is missing from the store, or damaged there; the step runs again."


def results_lost(step: str, resource: str) -> StepError:
    """The store lost what a step made, again and again."""
    return StepError(
        "StorageError",
        f"What step {step!r} left in {_thing(resource)} was stored again and again and could not be read back.",
        fix="Look for errors of the disk, or whether something else deletes files in the store; then kfjlab resume.",
    )


def content_lost(step: str, resource: str) -> StepError:
    """A step that has read a file too late, and what was in it before is not known."""
    return StepError(
        "FileLost",
        f"Step {step!r} has to see {_thing(resource)} as it was before the run, but a later step changed it outside of Python, so that "
        "what was in it could not be kept.",
        fix=f"Put the file back as it was, let the step that changes it come after {step!r} (tag it prev:{step}), then run again.",
    )


def file_lost(step: str, resource: str) -> StepError:
    """A step has to see a file as it was before the run, which is not kept any more."""
    return StepError(
        "FileLost",
        f"Step {step!r} has to see {_thing(resource)} as it was before the run, but a later step changed it and what was kept of it "
        "is damaged.",
        fix="Put the file back as it was, then kfjlab resume.",
    )


def not_kept(resource: str) -> Problem:
    """A file could not be put back at the end of a run to what it was before a step that did not succeed."""
    message = (
        f"A step that did not succeed changed {_thing(resource)}; what was kept of it from before is damaged."
    )
    return Problem("file-lost", Severity.WARNING, message)


def _thing(resource: str) -> str:
    kind, name = resource.split(":", 1)
    return f"{THINGS.get(kind, kind)} {name!r}"


def cannot_arrive(step: Step, name: str, writer: StepRecord | None) -> StepError:
    """A step reads variable ``name``, which could not be stored after the step that left it (``writer``: that step's record)."""
    warnings = [] if writer is None else writer.warnings
    found = next((w for w in warnings if w.get("code") == "cannot-travel" and w.get("name") == name), None)
    why = found["message"] if found else f"Variable {name!r} cannot be carried to another process."
    return StepError(
        "CannotTravel",
        f"Step {step.name!r} reads {name!r}. {why}",
        cell=step.cells[0].index,
        fix="Make it in the step that uses it.",
    )


def imports_died(times: int, log: str) -> StepError:
    """The process to fork steps from ended by itself, ``times`` times."""
    return StepError(
        "Crashed",
        f"The process that holds the notebook's imports died {times} times.",
        fix=f"See {log}.",
    )


def put_back(resources: list[str], kept: Path | None) -> Problem:
    """Files were put back that steps had changed which run again. ``kept``: the folder where their content is now."""
    names = ", ".join(_thing(resource) for resource in resources[:5]) + (" …" if len(resources) > 5 else "")
    message = f"Before steps that changed it run again, {names} is put back to what it was before them."
    if kept is not None:
        message += f" What was in it last is in {kept}."
    return Problem("put-back", Severity.INFO, message)


def log_cut(step: str | None) -> Problem:
    """What a step (None: the prelude) prints from now on is not kept."""
    whose = "the imports and functions cells" if step is None else f"step {step!r}"
    message = (
        f"The disk is full: what {whose} printed from here on is missing in the log. 'kfjlab gc' makes room."
    )
    return Problem("log-cut", Severity.WARNING, message, step=step)


def no_fork(why: str) -> Problem:
    """Steps cannot be forked from the process that has executed the prelude."""
    return Problem("no-fork", Severity.INFO, f"Each step starts a process of its own, because {why}.")
