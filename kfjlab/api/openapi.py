"""The OpenAPI document of the endpoints, from their functions' signatures. ``python -m kfjlab.api.openapi`` prints it."""

from __future__ import annotations

import json
import sys
from inspect import getdoc
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

import kfjlab

from .calling import signature_of
from .models import ClientMessage, Failure, ServerMessage
from .routes import ENDPOINTS

_REFERENCE = "#/components/schemas/{model}"
_MESSAGES: dict[tuple[str, JsonSchemaMode], Any] = {
    ("ClientMessage", "validation"): ClientMessage,
    ("ServerMessage", "serialization"): ServerMessage,
}


def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    adapters: dict[tuple[str, JsonSchemaMode], TypeAdapter[Any]] = {}
    for endpoint in ENDPOINTS:
        signature = signature_of(endpoint)
        key = f"{endpoint.method} {endpoint.path}"
        adapters[f"{key} answer", "serialization"] = signature.answer
        if signature.body is not None:
            adapters[f"{key} body", "validation"] = TypeAdapter(signature.body)
    adapters["failure", "serialization"] = TypeAdapter(Failure)
    # No path has these: they are what the event stream carries.
    adapters |= {key: TypeAdapter(message) for key, message in _MESSAGES.items()}
    schemas, definitions = TypeAdapter.json_schemas(
        [(key, mode, adapter) for (key, mode), adapter in adapters.items()], ref_template=_REFERENCE
    )
    messages = {name: schemas[name, mode] for name, mode in _MESSAGES}
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        signature = signature_of(endpoint)
        key = f"{endpoint.method} {endpoint.path}"
        operation: dict[str, Any] = {
            "operationId": endpoint.function.replace(":", "_"),
            "summary": (getdoc(endpoint.load()) or "").partition("\n")[0],
            "responses": {
                "200": _content("Done.", schemas[f"{key} answer", "serialization"]),
                "default": _content("Refused or failed.", schemas["failure", "serialization"]),
            },
        }
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in signature.path
        ]
        if signature.query is not None:
            parameters += _query(signature.query.model_json_schema(ref_template=_REFERENCE), definitions)
        if parameters:
            operation["parameters"] = parameters
        if signature.body is not None:
            operation["requestBody"] = {
                "required": True,
                **_content("", schemas[f"{key} body", "validation"]),
            }
            del operation["requestBody"]["description"]
        paths.setdefault(f"/{endpoint.path}", {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "kfjlab", "version": kfjlab.__version__},
        "paths": paths,
        "components": {"schemas": {**definitions.get("$defs", {}), **messages}},
    }


def _content(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _query(schema: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    definitions.setdefault("$defs", {}).update(schema.get("$defs", {}))
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema["properties"].items()
    ]


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")
