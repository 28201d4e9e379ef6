"""What an evaluation notes down on its way, other than what names hold."""

from __future__ import annotations

from ..problems import Severity
from .effects import Certainty, Finding, Read, Stray, Wild
from .sharing import Sharing

ANY_VARIABLE = "var:*"


class Notes:
    """The notes of one evaluation, and where in the code it is."""

    def __init__(self) -> None:
        self.line = 1
        self.pinned = 0  # in code of another cell: lines are those of the call
        self.definite: set[str] = set()
        self.conditional = 0
        self.guarded = 0
        self.depth = 0
        self.sharing = Sharing()
        self.reads: dict[str, Read] = {}
        self.indirect: set[str] = set()
        self.bound: dict[str, int] = {}
        self.mutated: set[str] = set()
        self.resource_reads: dict[str, int] = {}
        self.resource_writes: dict[str, int] = {}
        self.draws: dict[str, int] = {}
        self.drawn: set[str] = set()
        self.seeds: set[str] = set()
        self.environment: set[str] = set()
        self.wild: list[Wild] = []
        self.starred: set[str] = set()
        self.cached_calls: dict[str, int] = {}
        self.history: list[tuple[str, int, int]] = []
        self.strays: dict[str, Stray] = {}
        self.findings: dict[Finding, None] = {}
        self.builtins: set[str] = set()
        self.late: set[str] = set()
        self.plain = True

    @property
    def certainty(self) -> Certainty:
        """Whether what happens now happens in every execution of the piece."""
        if self.guarded:
            return Certainty.GUARDED
        return Certainty.POSSIBLE if self.conditional or self.depth else Certainty.CERTAIN

    def at(self, line: int) -> None:
        """The code at that line is evaluated next."""
        if not self.pinned:
            self.line = line

    def note_read(self, name: str) -> None:
        """A global name is read."""
        if name in self.definite:
            return
        certainty = (
            self.certainty if name not in self.bound else Certainty.GUARDED
        )  # the piece may have bound it
        known = self.reads.get(name)
        if known is None or known.certainty < certainty:
            self.reads[name] = Read(name, self.line, certainty, self.depth > 0, len(self.wild))

    def reads_resource(self, resource: str) -> None:
        """A file, folder, environment variable or piece of ambient state is read."""
        if resource not in self.definite:
            self.resource_reads.setdefault(resource, self.line)

    def reads_every_variable(self) -> None:
        """Something is done that can see all variables."""
        self.plain = False
        self.reads_resource(ANY_VARIABLE)

    def writes_resource(self, resource: str, definitely: bool = True) -> None:
        """The same is written; ``definitely``: nothing of what was there before is left."""
        self.plain = False
        self.resource_writes.setdefault(resource, self.line)
        if definitely:
            self.definite.add(resource)

    def draw(self, generator: str) -> None:
        """Random numbers are drawn from a generator (``numpy.random``)."""
        self.plain = False
        self.drawn.add(generator)
        if f"ambient:{generator}" not in self.definite:
            self.draws.setdefault(generator, self.line)

    def seed(self, generator: str) -> None:
        """A generator is given a state."""
        self.plain = False
        self.seeds.add(generator)
        self.definite.add(f"ambient:{generator}")

    def find(self, code: str, severity: Severity, message: str, remedy: str, line: int | None = None) -> None:
        """Note a problem."""
        self.findings.setdefault(
            Finding(code, severity, message, self.line if line is None else line, remedy)
        )

    def run_wild(self, what: str, reads_all: bool = True, module: str = "") -> None:
        """Something happens that can bind names that nobody sees here."""
        self.plain = False
        self.wild.append(Wild(what, self.line, module, reads_all))
