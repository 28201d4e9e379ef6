"""What goes wrong in a call, as a status and an answer. The one place where exceptions become HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kfjlab.notebook.problems import Problem

    from .models import Failure


class RequestFailure(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, fix: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.status, self.message, self.fix, self.problems = status, message, fix, tuple(problems)

    def answer(self) -> Failure:
        """The body of the answer."""
        from .models import Failure

        return Failure(message=self.message, fix=self.fix, problems=list(self.problems))


_STORE_STATUS = {
    "unknown-run": 404,
    "missing": 404,
    "conflict": 409,
    "locked": 503,
    "full": 507,
    "read-only": 403,
}


def failure_of(error: Exception) -> RequestFailure | None:
    """What an exception of a room means for the request; None when it is nothing that a room is known to raise."""
    from kfjlab.notebook.edit import ConflictError
    from kfjlab.notebook.edits import EditError
    from kfjlab.notebook.problems import NotebookError
    from kfjlab.runs.errors import StoreError
    from kfjlab.targets.base import RefusedError
    from kfjlab.verbs.previewing import PreviewError

    if isinstance(error, RequestFailure):
        return error
    if isinstance(error, NotebookError):
        return RequestFailure(422, error.problems[0].message, problems=error.problems)
    if isinstance(error, RefusedError):
        return RequestFailure(422, str(error), problems=error.problems)
    if isinstance(error, StoreError):
        return RequestFailure(_STORE_STATUS.get(error.kind, 500), error.message, error.fix)
    if isinstance(error, ConflictError):
        return RequestFailure(409, str(error))
    if isinstance(error, EditError):
        return RequestFailure(422, str(error))
    if isinstance(error, PreviewError):
        return RequestFailure(404 if error.missing else 422, str(error))
    return None
