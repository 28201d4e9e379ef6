"""Elyra pipelines, imported for the browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.conftest import Ask
from tests.interchange.conftest import flow, node, notebook, write


@pytest.fixture
def pipeline(jp_root_dir: Path) -> str:
    """The path of a pipeline, for the contents API."""
    notebook(jp_root_dir / "work" / "a.ipynb", "x = 1")
    write(
        jp_root_dir / "work" / "p.pipeline", flow(node("a", "a.ipynb"), node("m", "m.r", "a"), name="Named")
    )
    return "work/p.pipeline"


async def test_the_notebook_is_written_and_what_is_left_out_told(
    ask: Ask, pipeline: str, jp_root_dir: Path
) -> None:
    answer = await ask("POST", "import", {"path": pipeline})
    assert answer["notes"][0].pop("why")
    assert answer == {
        "path": "work/p.ipynb",
        "name": "Named",
        "written": True,
        "steps": ["a"],
        "notes": [
            {
                "kind": "left-out",
                "node": "m",
                "what": "The node (m.r)",
                "todo": "Write what it does in Python",
            }
        ],
    }
    assert (jp_root_dir / "work" / "p.ipynb").is_file()


async def test_nothing_is_overwritten_unless_asked_for(ask: Ask, pipeline: str, jp_root_dir: Path) -> None:
    mine = jp_root_dir / "work" / "p.ipynb"
    mine.write_text("mine")
    answer = await ask("POST", "import", {"path": pipeline})
    assert (answer["path"], answer["written"], mine.read_text()) == ("work/p.ipynb", False, "mine")
    answer = await ask("POST", "import", {"path": pipeline, "existing": "rename"})
    assert (answer["path"], answer["written"], mine.read_text()) == ("work/p1.ipynb", True, "mine")
    answer = await ask("POST", "import", {"path": pipeline, "existing": "rename"})
    assert answer["path"] == "work/p2.ipynb"
    answer = await ask("POST", "import", {"path": pipeline, "existing": "replace"})
    assert (answer["path"], answer["written"]) == ("work/p.ipynb", True)
    assert mine.read_text().startswith("{")


async def test_nothing_outside_of_the_root_is_read(ask: Ask, jp_root_dir: Path) -> None:
    notebook(jp_root_dir.parent / "out.ipynb", "secret")
    write(jp_root_dir / "p.pipeline", flow(node("a", "../out.ipynb")))
    status, answer = await ask("POST", "import", {"path": "p.pipeline"})
    assert status == 422
    assert "outside of the folder that the server shows" in answer["problems"][1]["message"]
    assert not (jp_root_dir / "p.ipynb").exists()
    status, answer = await ask("POST", "import", {"path": "../p.pipeline"})
    assert (status, "is no path" in answer["message"]) == (422, True)
    status, answer = await ask("POST", "import", {"path": "gone.pipeline"})
    assert (status, "There is no file" in answer["message"]) == (422, True)


async def test_copies_are_numbered_as_jupyter_numbers_them(
    ask: Ask, pipeline: str, jp_root_dir: Path
) -> None:
    write(jp_root_dir / "work" / "p-1.pipeline", flow(node("a", "a.ipynb")))
    (jp_root_dir / "work" / "p-1.ipynb").write_text("mine")
    answer = await ask("POST", "import", {"path": "work/p-1.pipeline", "existing": "rename"})
    assert answer["path"] == "work/p-11.ipynb"


def hidden_files(root: Path) -> None:
    """A hidden pipeline, and one that is not, of hidden notebooks and another."""
    for folder in (root / ".secret", root):
        for name in ("a.ipynb", ".b.ipynb"):
            notebook(folder / name, "x = 1")
        nodes = [node("a", "a.ipynb"), node("b", ".b.ipynb"), node("c", ".secret/a.ipynb")]
        write(folder / "p.pipeline", flow(*nodes))


async def test_what_is_hidden_is_neither_read_nor_written(ask: Ask, jp_root_dir: Path) -> None:
    hidden_files(jp_root_dir)
    status, answer = await ask("POST", "import", {"path": ".secret/p.pipeline"})
    assert (status, "is hidden" in answer["message"]) == (422, True)
    assert not (jp_root_dir / ".secret" / "p.ipynb").exists()
    answer = await ask("POST", "import", {"path": "p.pipeline"})
    assert answer["steps"] == ["a"]
    assert [(note["node"], "is hidden" in note["why"]) for note in answer["notes"]] == [
        (".b", True),
        ("a", True),
    ]


class TestHiddenFilesAreShown:
    """By the contents manager."""

    @pytest.fixture
    def jp_server_config(self) -> dict[str, object]:
        return {
            "ServerApp": {"jpserver_extensions": {"kfjlab": True}},
            "ContentsManager": {"allow_hidden": True},
        }

    async def test_they_are_read(self, ask: Ask, jp_root_dir: Path) -> None:
        hidden_files(jp_root_dir)
        assert (await ask("POST", "import", {"path": ".secret/p.pipeline"}))["path"] == ".secret/p.ipynb"
        assert len((await ask("POST", "import", {"path": "p.pipeline"}))["steps"]) == 3


class TestSwitchedOff:
    """By the administrator."""

    @pytest.fixture
    def jp_server_config(self) -> dict[str, object]:
        return {
            "ServerApp": {"jpserver_extensions": {"kfjlab": True}},
            "KfjlabApp": {"features": {"import": False}},
        }

    async def test_it_is_refused(self, ask: Ask, pipeline: str, jp_root_dir: Path) -> None:
        status, answer = await ask("POST", "import", {"path": pipeline})
        assert (status, "switched off" in answer["message"]) == (403, True)
        assert not (jp_root_dir / "work" / "p.ipynb").exists()
