"""Every request and response: the one definition from which validation, the OpenAPI document and the TypeScript types come.

Values of other rooms that are plain data as they are (:class:`~kfjlab.notebook.problems.Problem`, …) are used themselves.
Times are Unix seconds, durations seconds, sizes bytes. Cells are known by id; ``cell`` in a problem is the index among
the cells that were sent.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kfjlab.interchange.notes import Note
from kfjlab.notebook.pipeline import Edge, Parameter, Role, StepSettings
from kfjlab.notebook.problems import Problem
from kfjlab.runs.model import Artifact, RunEvent, RunState, StepState

RunId = Annotated[str, Field(max_length=64, description="A run's id.")]
StepName = Annotated[str, Field(max_length=400)]
Offset = Annotated[int, Field(ge=0, lt=2**63, description="0: from the first event on.")]
ContentsPath = Annotated[
    str,
    Field(max_length=4096, description="As the contents API names it: relative to the server's root folder."),
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# ---- errors


class Failure(_Model):
    """Why a request was refused or failed. ``fix``: what to do; ``problems``: what is wrong with a notebook."""

    message: str
    fix: str = ""
    problems: list[Problem] = []


# ---- what is installed, what is allowed


class Kernel(_Model):
    """A kernel of the server."""

    name: str
    display_name: str
    language: str


class About(_Model):
    """What is installed."""

    version: str
    python: str
    implementation: str
    executable: str
    platform: str
    jupyter_server: str
    default_kernel: str
    kernels: list[Kernel]


class Lock(_Model):
    """An option of runs that an administrator has fixed. ``reason`` is shown beside it."""

    setting: str
    value: Any
    reason: str


class Policy(_Model):
    """What the administrator has decided. ``targets``: where runs may happen; ``forbidden_targets``: installed, but not allowed;
    ``images``: patterns of those that steps may ask for, empty for any; ``max_parallel``, ``max_memory`` (bytes): None for no limit;
    ``features``: feature → whether it is on; ``reason``: to be shown beside what is not allowed."""

    targets: list[str]
    forbidden_targets: list[str]
    images: list[str]
    max_parallel: int | None
    max_memory: int | None
    features: dict[str, bool]
    locks: list[Lock]
    reason: str


# ---- examples


class Example(_Model):
    """An example notebook that comes along."""

    name: str
    title: str
    description: str


class Examples(_Model):
    """The one to start with first."""

    examples: list[Example]


class ExampleRequest(_Model):
    """An example to be copied into a folder of the contents API (empty: its root)."""

    name: str = Field(max_length=100)
    folder: str = Field("", max_length=4096)


class ExampleCopy(_Model):
    """``path``: of the copy, for the contents API."""

    path: str


# ---- pipelines of other tools


class ImportRequest(_Model):
    """An Elyra pipeline that is to become a notebook. ``existing``: what to do when that notebook is there already: nothing, replace it, or
    give the new one a number."""

    path: ContentsPath
    existing: Literal["keep", "replace", "rename"] = "keep"


class ImportAnswer(_Model):
    """``path``: of the notebook, for the contents API; None when that cannot show it. ``written``: false when it was there already and was
    to be kept; nothing was done then. ``steps``: their names; ``notes``: what is not as it was."""

    path: str | None
    name: str
    written: bool
    steps: list[str]
    notes: list[Note]


# ---- notebooks


class NotebookCell(_Model):
    """A cell as the browser has it, saved or not. Outputs are not sent."""

    id: str = Field(max_length=256)
    cell_type: str = Field(max_length=32)
    source: str
    metadata: dict[str, Any] = {}


class Notebook(_Model):
    """A notebook as the browser has it."""

    path: ContentsPath
    metadata: dict[str, Any] = {}
    cells: list[NotebookCell]


class CellView(_Model):
    """What a code cell is in the pipeline. ``tagged``: by a tag of its own; else it follows the cell before or what analysis says.
    ``after``: what its own tags say. ``step``: the step it belongs to."""

    id: str
    index: int
    role: Role | None
    step: str | None
    tagged: bool
    after: list[str]


class StepView(_Model):
    """A step. ``cells``: ids. ``reads`` and ``writes``: resources (``var:x``, ``file:data.csv``, ``ambient:numpy.random``)."""

    name: str
    role: Role
    implicit: bool
    cells: list[str]
    after: list[str]
    settings: StepSettings
    reads: list[str]
    writes: list[str]


class PipelineView(_Model):
    """The pipeline that a notebook is. ``untagged``: nobody has tagged it, so that it is one step. ``runnable``: no error.
    ``steps`` and ``edges`` are empty when no pipeline could be made; ``problems`` then says why."""

    name: str
    description: str
    experiment: str | None
    kernel: str
    untagged: bool
    runnable: bool
    cells: list[CellView]
    steps: list[StepView]
    edges: list[Edge]
    parameters: list[Parameter]
    problems: list[Problem]


class Edit(_Model):
    """One change of tags or metadata: an edit's name and its arguments, the same as in a problem's fix."""

    action: str = Field(max_length=64)
    arguments: dict[str, Any] = {}


class EditRequest(_Model):
    """Edits to be made, one after the other, in a notebook as the browser has it."""

    notebook: Notebook
    edits: list[Edit]


class MetadataChange(_Model):
    """The new metadata of a cell (or, without ``cell``, of the notebook), whole."""

    cell: str | None
    metadata: dict[str, Any]


class Edited(_Model):
    """What edits change, and the pipeline that this gives."""

    changes: list[MetadataChange]
    pipeline: PipelineView


class Proposal(_Model):
    """What a cell should be, and why. ``tag``: a tag is to be written; other cells follow the one before."""

    cell: str
    role: Role
    step: str | None
    reason: str
    tag: bool


class Suggestion(_Model):
    """Steps proposed for a notebook that has none. ``note`` says why there are no proposals."""

    note: str
    proposals: list[Proposal]
    pipeline: PipelineView


class ExportRequest(_Model):
    """A pipeline as a text."""

    notebook: Notebook
    format: Literal["mermaid", "dot", "json", "python"]


class Exported(_Model):
    """The text, and what to call the file."""

    file_name: str
    text: str


# ---- runs


class RunRequest(_Model):
    """How a saved notebook is to be run. ``texts``: parameters as typed by a person; ``parameters``: as values."""

    path: ContentsPath
    parameters: dict[str, Any] = {}
    texts: dict[str, str] = {}
    steps: list[StepName] = []
    start_from: list[StepName] = []
    cache: bool = True
    keep_going: bool = False
    max_parallel: int = Field(0, ge=0, le=4096)
    kernel: str | None = Field(None, max_length=256)
    target: str = Field("local", max_length=64)


class RunSummary(_Model):
    """A run as a list shows it. ``notebook``: its path for the contents API, None when it is outside of the server's root; ``file``: its
    path on the machine. ``given``: names of the parameters that were given; the others had their defaults.
    """

    id: str
    name: str
    notebook: str | None
    file: str
    target: str
    experiment: str | None
    owner: str
    state: RunState
    created: float
    started: float | None
    ended: float | None
    parameters: dict[str, Any]
    given: list[str]
    metrics: dict[str, float | None]
    steps: dict[StepState, int]
    error: str | None


class RunQuery(_Model):
    """Which runs. ``text``: words in name, path or parameters; ``before``: runs older than this one (for paging)."""

    text: str = Field("", max_length=1000)
    state: list[RunState] = []
    notebook: ContentsPath | None = None
    experiment: str | None = Field(None, max_length=400)
    target: str | None = Field(None, max_length=64)
    before: RunId | None = None
    limit: int = Field(50, ge=1, le=500)


class RunPage(_Model):
    """Runs, newest first. ``total``: how many fit in all; ``next``: the value of ``before`` for the next page."""

    runs: list[RunSummary]
    total: int
    next: str | None


class StepFault(_Model):
    """Why a step failed. ``cell``: index in the notebook as it was run; ``traceback``: for people who ask for it."""

    kind: str
    message: str
    cell: int | None
    line: int | None
    fix: str | None
    traceback: str


class StepRunView(_Model):
    """A step of a run. ``cells``: ids; ``indices``: where they were in the notebook as it was run."""

    name: str
    position: int
    role: Role
    cells: list[str]
    indices: list[int]
    state: StepState
    cached: bool
    attempt: int
    started: float | None
    ended: float | None
    seconds: float | None
    peak_memory: int | None
    error: StepFault | None


class EarlierEnd(_Model):
    """How a run had ended before it was resumed."""

    time: float
    state: str
    error: str | None


class RunDetail(_Model):
    """A run. ``offset``: that of its newest event; following it from there misses nothing."""

    summary: RunSummary
    offset: int
    steps: list[StepRunView]
    edges: list[Edge]
    problems: list[Problem]
    earlier_ends: list[EarlierEnd]
    options: dict[str, Any]
    environment: dict[str, str]


class Started(_Model):
    """A run that was started or goes on."""

    run: RunSummary
    problems: list[Problem]


class EventQuery(_Model):
    """The events behind offset ``after``."""

    after: Offset = 0
    limit: int = Field(1000, ge=1, le=10_000)


class Events(_Model):
    """What happened in a run, in order."""

    events: list[RunEvent]


class LogQuery(_Model):
    """A part of a log. ``step``: empty for that of the run's own process; ``after``: the offset in bytes to begin at, negative: from the
    end."""

    step: StepName = ""
    after: int = Field(0, gt=-(2**63), lt=2**63)
    limit: int = Field(256 * 1024, ge=1, le=4 * 1024 * 1024)


class LogPart(_Model):
    """``start`` and ``next``: offsets of the text in bytes; ``size``: bytes that there are so far."""

    text: str
    start: int
    next: int
    size: int


class LogSearch(_Model):
    """Lines that have a text, capitals or not. ``after`` and ``line``: ``next`` and ``next_line`` of the answer before."""

    step: StepName = ""
    text: str = Field(min_length=1, max_length=1000)
    after: Offset = 0
    line: int = Field(1, ge=1, lt=2**63)
    limit: int = Field(100, ge=1, le=1000)


class LogMatch(_Model):
    """A line, counted from 1. ``offset``: of its first byte; ``text``: of a long line the part around the match."""

    line: int
    offset: int
    text: str


class LogMatches(_Model):
    """``next`` and ``next_line``: where a further search goes on; None when there is no more."""

    matches: list[LogMatch]
    next: int | None
    next_line: int | None


class StepQuery(_Model):
    """``step``: empty for all."""

    step: StepName = ""


class Output(_Model):
    """A rich output of a cell: a mime bundle of its richest forms that are not too large, else only what they would have been."""

    cell: str
    data: dict[str, Any]
    left_out: list[str]


class StepOutputs(_Model):
    """The rich outputs (figures, tables, HTML) of a step, in their order."""

    step: str
    outputs: list[Output]


class Outputs(_Model):
    """The rich outputs of steps."""

    steps: list[StepOutputs]


class Artifacts(_Model):
    """What the steps of a run made."""

    artifacts: list[Artifact]


class PreviewQuery(_Model):
    """A variable, as it was after a step."""

    step: StepName
    name: str = Field(max_length=1000)


class PreviewTable(_Model):
    """The head of a table, as texts."""

    columns: list[str]
    index: list[str]
    rows: list[list[str]]


class PreviewView(_Model):
    """What there is to see of a value: one of ``table``, ``png`` (base64) and ``text``. ``kind``: as of an artifact."""

    kind: str
    type: str
    summary: str
    size: int
    table: PreviewTable | None
    png: str | None
    text: str | None


class LineageQuery(_Model):
    """``digest``: of an artifact."""

    digest: str = Field(max_length=128, pattern="^[0-9a-f]*$")


class LineageView(_Model):
    """Where an artifact comes from, and what was made of it, nearest first."""

    artifacts: list[Artifact]
    sources: list[Artifact]
    uses: list[Artifact]


# ---- the event stream: messages of the browser


class Follow(_Model):
    """From now on, send the events of a run behind offset ``after``, those to come as well; also after it was over, since it may be
    resumed. Instead of what was asked for the same run before."""

    type: Literal["follow"]
    run: RunId
    after: Offset = 0


class Unfollow(_Model):
    """Send no more events of a run."""

    type: Literal["unfollow"]
    run: RunId


class Watch(_Model):
    """From now on, tell which runs were started, changed their state or were deleted."""

    type: Literal["watch"]


class Unwatch(_Model):
    """Tell that no more."""

    type: Literal["unwatch"]


ClientMessage = Annotated[Follow | Unfollow | Watch | Unwatch, Field(discriminator="type")]
"""A JSON text that the browser sends over the event stream."""


# ---- … and of the server


class EventsMessage(_Model):
    """What happened in a run, in order. ``over``: the run has ended, and these were its last events unless it is resumed."""

    type: Literal["events"] = "events"
    run: str
    events: list[RunEvent]
    over: bool


class GoneMessage(_Model):
    """There is no such run (any more); it is followed no longer."""

    type: Literal["gone"] = "gone"
    run: str


class RunsMessage(_Model):
    """Runs that were started, came a step further, changed their state or were deleted. Empty: any may have, as when somebody has just
    begun to watch."""

    type: Literal["runs"] = "runs"
    runs: list[str]


class FailureMessage(_Model):
    """A message that was not understood or refused, or: runs cannot be read at the moment, which is tried again and again."""

    type: Literal["failure"] = "failure"
    failure: Failure


ServerMessage = Annotated[
    EventsMessage | GoneMessage | RunsMessage | FailureMessage, Field(discriminator="type")
]
"""A JSON text that the server sends over the event stream."""
