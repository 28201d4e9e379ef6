"""From the parts of a request to a call of an endpoint's function, and from what it returns to JSON."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from .context import Context
from .encoding import json_of
from .endpoint import Endpoint
from .failures import RequestFailure


@dataclass(frozen=True)
class Signature:
    """What a function takes and gives. ``path``: names of its arguments that come from the path."""

    path: tuple[str, ...]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answer: TypeAdapter[Any]


@functools.cache
def signature_of(endpoint: Endpoint) -> Signature:
    """The signature of an endpoint's function."""
    function = endpoint.load()
    hints = get_type_hints(function)
    names = [
        name for name in inspect.signature(function).parameters if name not in ("context", "query", "body")
    ]
    return Signature(tuple(names), hints.get("query"), hints.get("body"), TypeAdapter(hints["return"]))


def call(
    endpoint: Endpoint,
    context: Context,
    path: Mapping[str, str],
    query: Mapping[str, Sequence[str]],
    body: bytes,
) -> bytes:
    """Validate a request, call the function, and give the JSON of its answer. May take long: not for the event loop.

    Raises :class:`RequestFailure` (400) for what is not as the models say, and whatever the function raises.
    """
    signature = signature_of(endpoint)
    arguments: dict[str, Any] = dict(path)
    if signature.query is not None:
        arguments["query"] = _validated(signature.query, _query(signature.query, query), "query")
    if signature.body is not None:
        arguments["body"] = _validated(signature.body, _json(body), "body")
    answer = endpoint.load()(context, **arguments)
    return json_of(signature.answer, answer)


def _query(model: type[BaseModel], given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Lists where the model has lists, else the last value of each."""
    found: dict[str, Any] = {}
    for name, values in given.items():
        field = model.model_fields.get(name)
        many = field is not None and get_origin(field.annotation) is list
        found[name] = list(values) if many else values[-1]
    return found


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestFailure(400, f"The request is not JSON: {error}.") from error


def _validated(model: type[BaseModel], data: Any, where: str) -> BaseModel:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, (where, *e['loc'])))}: {e['msg']}"
            for e in error.errors(include_url=False)[:5]
        ]
        raise RequestFailure(400, "; ".join(faults)) from error
