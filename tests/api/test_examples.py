"""Examples, copied to where the browser can open them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError


async def test_an_example_is_copied_into_a_folder(jp_fetch: Any, jp_root_dir: Path) -> None:
    (jp_root_dir / "work").mkdir()
    examples = json.loads((await jp_fetch("kfjlab", "examples")).body)["examples"]
    body = json.dumps({"name": examples[0]["name"], "folder": "work"})
    answer = json.loads((await jp_fetch("kfjlab", "examples", method="POST", body=body)).body)
    assert answer == {"path": "work/first-tour.ipynb"}
    assert (jp_root_dir / "work" / "first-tour.ipynb").stat().st_size > 1000


@pytest.mark.parametrize(
    ("name", "folder"), [("no-such", ""), ("../forecast", ""), ("forecast", ".."), ("forecast", "a/../../x")]
)
async def test_what_is_not_there_is_refused(jp_fetch: Any, name: str, folder: str) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("kfjlab", "examples", method="POST", body=json.dumps({"name": name, "folder": folder}))
    assert refused.value.code == 422
    assert refused.value.response is not None
    assert json.loads(refused.value.response.body)["message"]
