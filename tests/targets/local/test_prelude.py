"""What the imports read of the world decides, too, whether steps are reused."""

from __future__ import annotations

import pytest

from .conftest import Lab

COMPUTED = "".join(["import os\nMODE = os.environ[", "''.join(['MO', 'DE'])", "]"])


@pytest.mark.parametrize(
    "source",
    [COMPUTED, "import config\nMODE = config.MODE", "MODE = !echo $MODE\nMODE = MODE[0]"],
    ids=["computed name", "module", "shell"],
)
def test_a_variable_of_the_environment(lab: Lab, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    (lab.folder / "config.py").write_text("import os\nMODE = os.environ.get('MODE')\n")
    cells = (("imports", source), ("step:show", "print(MODE)"))
    monkeypatch.setenv("MODE", "one")
    assert lab.run(*cells).outputs("show") == "one\n"
    assert lab.run(*cells).executed() == set()
    monkeypatch.setenv("MODE", "two")
    assert lab.run(*cells).outputs("show") == "two\n"
    monkeypatch.setenv("MODE", "one")
    assert lab.run(*cells).executed() == set()


def test_a_variable_that_a_step_looks_up(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = (
        ("step:show", "import os\nprint(os.path.expandvars('$' + 'MODE'), os.environ['PYTHONHASHSEED'])"),
    )
    monkeypatch.setenv("MODE", "one")
    assert lab.run(*cells).outputs("show") == "one 0\n"
    assert lab.run(*cells).executed() == set()
    monkeypatch.setenv("MODE", "two")
    assert lab.run(*cells).outputs("show") == "two 0\n"


def test_a_listing(lab: Lab) -> None:
    (lab.folder / "data").mkdir()
    (lab.folder / "data" / "a.txt").write_text("")
    cells = (
        ("imports", "import glob\nFILES = sorted(glob.glob('data/*'))"),
        ("step:show", "print(len(FILES))"),
    )
    assert lab.run(*cells).outputs("show") == "1\n"
    assert lab.run(*cells).executed() == set()
    (lab.folder / "data" / "b.txt").write_text("")
    assert lab.run(*cells).outputs("show") == "2\n"


def test_a_program_may_have_read_any_file_but_those_that_steps_write(lab: Lab) -> None:
    (lab.folder / "conf.txt").write_text("one")
    source = "import subprocess\nTEXT = subprocess.run(['cat', 'conf' + '.txt'], capture_output=True, text=True).stdout"
    write = "with open('o' + 'ut.txt', 'w') as file:\n    file.write(TEXT)\ndel file"
    cells = (("imports", source), ("step:write", write), ("step:show", "print(TEXT)"))
    assert lab.run(*cells).outputs("show") == "one\n"
    assert lab.run(*cells).executed() == set()
    (lab.folder / "conf.txt").write_text("two")
    assert lab.run(*cells).outputs("show") == "two\n"
    assert (lab.folder / "out.txt").read_text() == "two"
    assert lab.run(*cells).executed() == set()


def test_a_file_that_the_imports_change_themselves(lab: Lab) -> None:
    """The run can be resumed, and repeated, although the imports would find another file now."""
    source = "with open('log.txt', 'a') as file:\n    file.write('x')\ndel file"
    cells = (("imports", source), ("step:show", "print(1)"))
    lab.run(*cells)
    assert lab.run(*cells).executed() == set()
