"""JSON of answers and messages."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError


def json_of(model: TypeAdapter[Any], value: Any) -> bytes:
    """``value`` as JSON, whatever characters its texts have: those that UTF-8 has no form for (lone surrogates, from paths and
    notebooks) become escapes."""
    try:
        return model.dump_json(value)
    except PydanticSerializationError:
        return json.dumps(model.dump_python(value, mode="json")).encode()
