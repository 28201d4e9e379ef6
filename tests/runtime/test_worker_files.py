"""Files that a step reads and writes are seen, with the content that it saw."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kfjlab.runtime
from kfjlab.runtime.file_kernel import listen
from kfjlab.runtime.files import DIRECTORY, file_digest, folder_names, survey
from kfjlab.runtime.objects import ObjectStore
from kfjlab.runtime.protocol import ABSENT, CHANGED, StepRecord
from tests.runtime.harness import Bench, cells


@pytest.fixture
def bench(shared: Bench) -> Bench:
    """The shared bench with an empty workspace."""
    for path in shared.workspace.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return shared


GO = ".kfjlab-go"
"""A file that is no part of the data. Steps with :data:`UNTIL_GO` say that they are on, and wait until it is there."""
UNTIL_GO = f"import os, time\nprint('on', flush=True)\nwhile not os.path.exists({GO!r}): time.sleep(0.01)\n"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def files(resources: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in resources.items() if name.startswith(("file:", "dir:"))}


def inside(resources: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in files(resources).items() if not name.startswith("file:/")}


def touched(record: StepRecord) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    assert record.state == "succeeded", record.error
    return files(record.reads), files(record.writes), record.preimages


def test_reading(bench: Bench) -> None:
    (bench.workspace / "data").mkdir()
    (bench.workspace / "data" / "a.csv").write_text("x,y\n1,2\n")
    record = bench.run(
        "import os\nos.chdir('data')\nopen('a.csv').read()",
        "from pathlib import Path\nPath('a.csv').read_text()",
    )
    assert touched(record) == ({"file:data/a.csv": sha("x,y\n1,2\n")}, {}, {})


def test_writing(bench: Bench) -> None:
    (bench.workspace / "old.txt").write_text("old")
    record = bench.run(
        "open('new.txt', 'w').write('new')\nwith open('old.txt', 'w') as f: f.write('changed')\nopen('new.txt').read()"
    )
    new, changed = sha("new"), sha("changed")
    assert touched(record) == (
        {},
        {"file:new.txt": new, "file:old.txt": changed},
        {"file:new.txt": ABSENT, "file:old.txt": sha("old")},
    )
    store = ObjectStore(str(bench.objects))
    assert all(store.contains(digest) for digest in (new, changed, sha("old")))


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("open('f', 'a').write('+')", "old+"),
        ("f = open('f', 'r+')\nf.write('n')\nf.close()", "nld"),
        ("open('f').read()\nopen('f', 'w').write('w')", "w"),
    ],
)
def test_changing_what_was_read(bench: Bench, source: str, after: str) -> None:
    (bench.workspace / "f").write_text("old")
    record = bench.run(source)
    assert touched(record) == ({"file:f": sha("old")}, {"file:f": sha(after)}, {"file:f": sha("old")})


def test_exclusive_creation_reads_absence(bench: Bench) -> None:
    record = bench.run("open('f', 'x').write('1')")
    assert touched(record) == ({"file:f": ABSENT}, {"file:f": sha("1")}, {"file:f": ABSENT})


def test_removing_and_renaming(bench: Bench) -> None:
    for name in ("gone", "from", "tree/x", "tree/y/z", "moved/m"):
        path = bench.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    record = bench.run(
        "import os, shutil\nos.remove('gone')\nos.replace('from', 'to')\nshutil.rmtree('tree')\nshutil.move('moved', 'there')"
    )
    reads, writes, preimages = touched(record)
    for name in ("gone", "from", "tree/x", "tree/y/z", "moved/m"):
        assert reads[f"file:{name}"] == preimages[f"file:{name}"] == sha(name)
        assert writes[f"file:{name}"] == ABSENT
    assert writes["file:to"] == sha("from") and preimages["file:to"] == ABSENT
    assert writes["file:there/m"] == sha("moved/m")
    assert writes["file:there"] == "directory" and writes["file:tree"] == ABSENT


def test_looking(bench: Bench) -> None:
    (bench.workspace / "here").write_text("h")
    (bench.workspace / "folder").mkdir()
    record = bench.run(
        "import os\nfrom pathlib import Path\nos.path.exists('missing')\nPath('also/missing').exists()\nos.path.getsize('here')\n"
        "os.path.isdir('folder')\nos.path.isfile('/nowhere/at/all')\nos.access('third', os.R_OK)"
    )
    reads, writes, _ = touched(record)
    assert (
        reads
        == {
            "file:missing": ABSENT,
            "file:also": ABSENT,
            "file:also/missing": ABSENT,
            "file:here": sha("h"),
            "file:folder": DIRECTORY,
            "file:third": ABSENT,
            "file:/nowhere": ABSENT,
            "file:/nowhere/at": ABSENT,
            "file:/nowhere/at/all": ABSENT,
        }
        and not writes
    )


def test_looking_at_the_entries_of_a_folder(bench: Bench) -> None:
    (bench.workspace / "data" / "sub").mkdir(parents=True)
    (bench.workspace / "data" / "a").write_text("a")
    (bench.workspace / "data" / "b").write_text("b")
    listed = json.dumps(["a", "b", "sub"])
    record = bench.run(
        "import os\nwith os.scandir('data') as found: kinds = sorted((e.name, e.is_dir(), isinstance(e, os.DirEntry)) for e in found)\n"
        "assert kinds == [('a', False, True), ('b', False, True), ('sub', True, True)]\nlen([open(e) for e in os.scandir('data') if e.name == 'a'])"
    )
    sub = {"file:data/sub": DIRECTORY}
    assert touched(record)[0] == {"dir:data": listed, "file:data/a": sha("a"), "file:data/b": sha("b"), **sub}
    record = bench.run(
        "import glob, os\nfor _ in os.walk('data'): pass\nglob.glob('data/*')\n[e.name for e in os.scandir('data')]"
    )
    assert touched(record)[0] == {"dir:data": listed, "dir:data/sub": "[]", **sub}


def test_settings_and_caches_count_when_the_notebook_asks_for_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".config").mkdir(parents=True)
    (home / ".tool").mkdir()
    (home / ".config" / "mine.txt").write_text("1")
    (home / ".tool" / "data.csv").write_text("a\n1\n")
    (home / "plain.txt").write_text("2")
    bench = Bench(tmp_path, {"HOME": str(home), "XDG_CONFIG_HOME": ""})
    record = bench.run(
        "from pathlib import Path\nimport os, pandas as pd\n(Path.home() / '.config' / 'mine.txt').read_text()\n"
        "pd.read_csv(Path.home() / '.tool' / 'data.csv')\nos.path.exists('/etc/none')\nos.path.getsize(Path.home() / 'plain.txt')"
    )
    bench.close()
    assert touched(record)[0] == {
        f"file:{home}/.config/mine.txt": sha("1"),
        f"file:{home}/plain.txt": sha("2"),
        "file:/etc/none": ABSENT,
    }


def test_packages_look_at_nothing_that_counts(bench: Bench) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    record = bench.run(
        "import matplotlib.pyplot as plt, pandas as pd, datetime, locale, mimetypes, tempfile, sklearn.linear_model, zoneinfo, platform\n"
        "pd.Timestamp('2024-01-01', tz='Europe/Berlin')\nzoneinfo.ZoneInfo('Europe/Berlin')\nplt.figure().savefig('f.png')\n"
        "plt.close('all')\nplatform.platform()\nlocale.getlocale()\ndatetime.datetime.now().astimezone()\n"
        "with tempfile.NamedTemporaryFile() as f: f.write(b'1')\n"
        "with tempfile.TemporaryDirectory() as d: open(d + '/x', 'w').close(); open(d + '/x').close()"
    )
    # matplotlib and scipy 1.18 look for files of these names in the working folder
    assert set(touched(record)[0]) <= {"file:f.png", "file:matplotlibrc", "file:odr"}


def test_a_missing_file_is_a_read_of_a_failed_step_too(bench: Bench) -> None:
    record = bench.run("import pandas as pd\npd.read_csv('later.csv')")
    assert record.state == "failed" and record.error is not None and record.error.kind == "FileNotFoundError"
    assert record.reads["file:later.csv"] == ABSENT


def test_made_and_gone_within_the_step(bench: Bench) -> None:
    record = bench.run(
        "import os, tempfile\nopen('t', 'w').write('1')\nos.remove('t')\nwith tempfile.TemporaryDirectory() as d:\n    open(d + '/x', 'w').write('1')\n"
        "os.mkdir('d')\nos.rmdir('d')"
    )
    assert touched(record) == ({}, {}, {})


def test_folders(bench: Bench) -> None:
    for name in ("b", "a", ".git"):
        (bench.workspace / name).mkdir()
    record = bench.run(
        "import os\nopen('new', 'w').close()\nos.makedirs('out/deep', exist_ok=True)\nsorted(os.listdir('.'))",
        "import glob\nglob.glob('a/*.csv')",
    )
    reads, writes, preimages = touched(record)
    assert reads == {"dir:.": json.dumps(["a", "b"]), "dir:a": "[]"}
    assert writes == {"file:new": sha(""), "file:out": "directory", "file:out/deep": "directory"}
    assert preimages == {"file:new": ABSENT, "file:out": ABSENT, "file:out/deep": ABSENT}
    again = bench.run(
        "import os\nos.makedirs('out/deep', exist_ok=True)\nos.path.exists('out') or os.mkdir('out')"
    )
    assert touched(again) == ({}, {}, {})


def test_that_a_folder_is_there_is_a_read_unless_the_step_would_make_it(bench: Bench) -> None:
    (bench.workspace / "out").mkdir()
    record = bench.run("import os\nos.path.isdir('out')\nos.path.exists('.')\nos.path.exists('..')")
    assert touched(record) == ({"file:out": DIRECTORY}, {}, {})
    wanted = "import os\nfrom pathlib import Path\nPath('out').mkdir(exist_ok=True)\nos.makedirs('out/a', exist_ok=True)\nos.path.exists('out')"
    assert "file:out" not in bench.run(wanted).reads
    gone = bench.run("import os\nos.rmdir('out/a')\nos.path.exists('out/a')")
    assert touched(gone) == ({"file:out/a": DIRECTORY}, {"file:out/a": ABSENT}, {"file:out/a": DIRECTORY})
    in_child = "import multiprocessing, os\nos.makedirs('out', exist_ok=True)\nwith multiprocessing.get_context('fork').Pool(1) as p: p.map({}, ['out'])"
    assert "file:out" not in bench.run(in_child.format("os.path.exists")).reads


def test_folders_that_programs_make_and_remove(bench: Bench) -> None:
    (bench.workspace / "old").mkdir()
    _, writes, preimages = touched(bench.run("!mkdir -p new/deep; rmdir old"))
    assert writes == {"file:new": DIRECTORY, "file:new/deep": DIRECTORY, "file:old": ABSENT}
    assert preimages == {"file:new": ABSENT, "file:new/deep": ABSENT, "file:old": DIRECTORY}


def test_imports_list_no_folders_and_local_modules_are_reads(bench: Bench) -> None:
    (bench.workspace / "pkg").mkdir()
    (bench.workspace / "pkg" / "__init__.py").write_text("from . import inner\n")
    (bench.workspace / "pkg" / "inner.py").write_text("value = 1\n")
    for _ in range(2):  # the second time from the compiled files
        record = bench.run(
            "import pkg, importlib.metadata, tqdm\nimportlib.metadata.version('ipython')\npkg.inner.value"
        )
        assert touched(record) == (
            {"file:pkg/__init__.py": sha("from . import inner\n"), "file:pkg/inner.py": sha("value = 1\n")}, {}, {},
        )  # fmt: skip
    made = bench.run("import pkg")
    assert "file:pkg/inner.py" in bench.follow(made, "pkg.inner").reads


def test_a_module_that_was_not_there_is_a_read(bench: Bench) -> None:
    (bench.workspace / "wants.py").write_text("import deeper\n")
    absent = {"file:later": ABSENT, "file:later.py": ABSENT, "file:later/__init__.py": ABSENT}
    tried = bench.run("import tqdm\ntry: import later\nexcept ImportError: later = None")
    assert tried.state == "succeeded" and inside(tried.reads) == absent
    failed = bench.run("import later")
    assert failed.state == "failed" and inside(failed.reads) == absent
    inner = bench.run("import wants")
    assert inner.state == "failed"
    assert inner.reads["file:deeper.py"] == ABSENT and "file:wants.py" in inner.reads


def test_the_preludes_reads(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (bench.workspace / "helper.py").write_text("value = 1\n")
    (bench.workspace / "settings.json").write_text("{}")
    ready = bench.prelude(*cells("import helper, json\njson.load(open('settings.json'))", role="imports"))
    bench.close()
    reads = {"file:helper.py": sha("value = 1\n"), "file:settings.json": sha("{}")}
    assert ready["record"]["reads"] == reads
    bench = Bench(tmp_path)  # now from the compiled file
    ready = bench.prelude(*cells("import helper, json\njson.load(open('settings.json'))", role="imports"))
    bench.close()
    assert ready["record"]["reads"] == reads


def test_modules_outside_the_workspace(bench: Bench) -> None:
    lib = bench.root / "lib"
    lib.mkdir(exist_ok=True)
    (lib / "outlib.py").write_text("value = 1\n")
    source = f"import sys\nsys.path.insert(0, {str(lib)!r})\nimport outlib\ntry: import outlib_extra\nexcept ImportError: pass"
    for _ in range(2):  # the second time from the compiled file
        reads = touched(bench.run(source))[0]
        assert reads[f"file:{lib}/outlib.py"] == sha("value = 1\n")
        assert reads[f"file:{lib}/outlib_extra.py"] == reads["file:outlib_extra.py"] == ABSENT
        assert len([name for name in reads if "outlib_extra" not in name]) == 1


def test_links(bench: Bench) -> None:
    for name in ("real/a", "v1"):
        (bench.workspace / name).parent.mkdir(exist_ok=True)
        (bench.workspace / name).write_text(name)
    (bench.workspace / "link").symlink_to("real")
    (bench.workspace / "deep").symlink_to("link")
    (bench.workspace / "cur").symlink_to("v1")
    record = bench.run(
        "import os\nopen('deep/a').read()\nopen('cur').read()\nos.listdir('link')\nos.path.exists('deep/none')"
    )
    assert touched(record) == (
        {
            "file:deep": "link:link", "file:link": "link:real", "file:real/a": sha("real/a"), "file:cur": "link:v1",
            "file:v1": sha("v1"), "dir:real": '["a"]', "file:real/none": ABSENT,
        }, {}, {},
    )  # fmt: skip
    record = bench.run("open('deep/new', 'w').write('1')\nopen('cur', 'a').write('+')")
    _, writes, preimages = touched(record)
    assert writes == {"file:real/new": sha("1"), "file:v1": sha("v1+")}
    assert preimages == {"file:real/new": ABSENT, "file:v1": sha("v1")}
    looks = bench.run("import os\nos.path.islink('cur')\nos.readlink('link')\nos.path.lexists('none')")
    assert touched(looks)[0] == {"file:cur": "link:v1", "file:link": "link:real", "file:none": ABSENT}


def test_links_that_a_step_makes(bench: Bench) -> None:
    (bench.workspace / "v1").write_text("1")
    (bench.workspace / "runs" / "1").mkdir(parents=True)
    (bench.workspace / "runs" / "1" / "o").write_text("o")
    (bench.workspace / "old").symlink_to("v1")
    record = bench.run(
        "import os\nos.symlink('v1', 'cur')\nos.symlink('runs/1', 'latest')\nopen('latest/o').read()\nos.remove('latest')\n"
        "os.symlink('runs', 'latest')\nopen('latest/1/o', 'a').write('+')\nos.rename('old', 'older')\nos.chmod('v1', 0o600)"
    )
    reads, writes, preimages = touched(record)
    assert writes == {
        "file:cur": "link:v1", "file:latest": "link:runs", "file:runs/1/o": sha("o+"), "file:old": ABSENT, "file:older": "link:v1",
    }  # fmt: skip
    assert preimages["file:latest"] == ABSENT and preimages["file:old"] == "link:v1"
    assert reads == {"file:old": "link:v1", "file:runs/1/o": sha("o")}


def test_times_that_programs_set_do_not_hide_a_change(bench: Bench) -> None:
    save = "import os\nwith open('o', 'w') as f: f.write('{}')\nos.utime('o', (0, 0))"
    bench.run(save.format("aaa"))
    assert touched(bench.run("open('o').read()"))[0] == {"file:o": sha("aaa")}
    assert touched(bench.run(save.format("bbb")))[1] == {"file:o": sha("bbb")}
    assert touched(bench.run("open('o').read()"))[0] == {"file:o": sha("bbb")}


def test_other_times_and_permissions_are_no_change(bench: Bench) -> None:
    (bench.workspace / "f").write_text("f")
    (bench.workspace / "g").write_text("g")
    record = bench.run(
        "import os\nfrom pathlib import Path\nopen('f').read()\nos.path.exists('g')\nos.chmod('f', 0o600)\nos.chmod('g', 0o600)\n"
        "Path('g').touch()\nPath('f').touch()\nos.link('f', 'h')"
    )
    assert touched(record)[:2] == ({"file:f": sha("f"), "file:g": sha("g")}, {"file:h": sha("f")})
    assert [w["code"] for w in record.warnings] == ["hard-link"]


def test_databases(bench: Bench) -> None:
    with sqlite3.connect(bench.workspace / "d.db") as database:
        database.execute("create table t (x)")
    database.close()
    before = file_digest(str(bench.workspace / "d.db"), 10**9)
    reader = bench.run(
        "import sqlite3\nc = sqlite3.connect('d.db')\nc.execute('select * from t').fetchall()\nc.close()\ndel c"
    )
    assert touched(reader)[:2] == ({"file:d.db": before}, {})
    writer = bench.run(
        "import sqlite3\nc = sqlite3.connect('d.db')\nc.execute('insert into t values (1)')\nc.commit()\nc.close()\ndel c"
    )
    reads, writes, preimages = touched(writer)
    assert reads["file:d.db"] == preimages["file:d.db"] == before != writes["file:d.db"]


@pytest.mark.parametrize(
    "source",
    [
        "!echo x > made; cp in out",
        "%%bash\necho x > made; cp in out",
        "import subprocess\nsubprocess.run('echo x > made; cp in out', shell=True)",
        "import os\nos.system('echo x > made; cp in out')",
    ],
)
def test_programs(bench: Bench, source: str) -> None:
    (bench.workspace / "in").write_text("i")
    (bench.workspace / "out").write_text("before")
    record = bench.run(source)
    reads, writes, preimages = touched(record)
    assert reads == {"file:*": "any"}
    assert writes == {"file:made": sha("x\n"), "file:out": sha("i")} and preimages == {"file:made": ABSENT}
    assert [w["code"] for w in record.warnings] == ["content-lost"]


def test_where_ipython_looks_for_the_shell_is_no_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHELL", raising=False)  # as under many service managers
    bench = Bench(tmp_path, {"PATH": f"{tmp_path}/no/bin:{os.environ['PATH']}"})
    try:
        assert touched(bench.run("!echo x"))[0] == {"file:*": "any"}
        assert f"file:{tmp_path}/no/bin/git" in bench.run("import shutil\nshutil.which('git')").reads
    finally:
        bench.close()


def test_harmless_programs(bench: Bench) -> None:
    record = bench.run(
        "import subprocess\nsubprocess.run(['uname', '-s'], capture_output=True)\nimport platform\nplatform.processor()"
    )
    assert "file:*" not in record.reads


needs_kernel = pytest.mark.skipif(
    listen(os.getcwd(), [""]) is None, reason="this system does not tell what compiled code does with files"
)


@needs_kernel
def test_compiled_code_that_reads(bench: Bench) -> None:
    pytest.importorskip("polars")
    (bench.workspace / "sub").mkdir()
    (bench.workspace / "sub" / "a.csv").write_text("a\n1\n")
    record = bench.run("import polars as pl\nname = 'sub/a.csv'\npl.read_csv(name)")
    assert touched(record) == ({"file:sub/a.csv": sha("a\n1\n")}, {}, {})
    record = bench.run(
        "import polars as pl\nd = pl.read_csv('sub/a.csv') * 2\nimport time\ntime.sleep(0.1)\n"
        "with open('sub/a.csv', 'w') as file: file.write(d.write_csv())"
    )
    reads, writes, preimages = touched(record)
    assert reads == preimages == {"file:sub/a.csv": sha("a\n1\n")}
    assert writes == {"file:sub/a.csv": sha("a\n2\n")} and record.inferred == []


@needs_kernel
def test_what_others_do_is_not_the_steps(bench: Bench) -> None:
    (bench.workspace / "seen").write_text("1")
    attempt = bench.step("import time\nprint('on', flush=True)\ntime.sleep(0.3)")
    attempt.until(type="log")
    (bench.workspace / "seen").read_text()
    (bench.workspace / "new.bin").write_text("2")
    assert touched(attempt.result()) == ({}, {}, {})


@needs_kernel
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_kernel_tells_unprivileged_processes_of_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    for parent in tmp_path.parents:
        if parent.stat().st_mode & 0o777 == 0o700:
            parent.chmod(0o755)
    tmp_path.chmod(0o755)
    code = (
        "import os, sys\nfrom kfjlab.runtime.file_kernel import listen\nos.setgid(65534)\nos.setuid(65534)\n"
        "k = listen(sys.argv[1], [''])\nopen(sys.argv[1] + '/mine', 'w').write('1')\nos.system('echo > ' + sys.argv[1] + '/childs')\n"
        "open(sys.argv[1] + '/theirs').close()\nprint(sorted(set(k.events())))"
    )
    (folder / "theirs").write_text("t")
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(kfjlab.runtime.__file__).parents[2],
    )
    assert done.stdout == "[('mine', True), ('theirs', False)]\n", done.stderr


def test_compiled_code_that_writes(bench: Bench) -> None:
    pytest.importorskip("polars")
    record = bench.run("import polars as pl\npl.DataFrame({'a': [1]}).write_csv('p.csv')")
    _, writes, preimages = touched(record)
    assert writes == {"file:p.csv": sha("a\n1\n")} and preimages == {"file:p.csv": ABSENT}
    record = bench.run("import polars as pl\npl.DataFrame({'a': [2]}).write_csv('p.csv')")
    assert touched(record)[1] == {"file:p.csv": sha("a\n2\n")}


@needs_kernel
def test_what_compiled_code_overwrites_is_told_once(bench: Bench) -> None:
    pytest.importorskip("polars")
    (bench.workspace / "p.csv").write_text("a\n1\n")
    write = "import os\nimport polars as pl\nfound = os.path.exists('p.csv')\npl.DataFrame({'a': [2]}).write_csv('p.csv')"
    (warning,) = bench.run(write).warnings
    assert warning["code"] == "content-lost" and "had looked for it" in warning["message"]


def test_others_changes_are_not_taken_for_the_steps(bench: Bench) -> None:
    (bench.workspace / "notes.md").write_text("1")
    attempt = bench.step("import time\ntime.sleep(0.5)")
    attempt.until(type="cell")
    (bench.workspace / "notes.md").write_text("edited")
    (bench.workspace / "x.ipynb").write_text("{}")
    assert touched(attempt.result()) == ({}, {}, {})


def test_steps_beside_each_other(bench: Bench) -> None:
    writer = bench.step("import time\nopen('mine', 'w').write('1')\ntime.sleep(0.4)", name="writer")
    runner = bench.step("import time\ntime.sleep(0.2)\n!echo 1 > by_program", name="runner")
    idle = bench.step("import time\ntime.sleep(0.6)", name="idle")
    assert touched(writer.result())[1] == {"file:mine": sha("1")}
    assert touched(runner.result())[1] == {"file:by_program": sha("1\n")}
    assert touched(idle.result())[1] == {}


def test_a_file_that_someone_else_changes(bench: Bench) -> None:
    data = bench.workspace / "big"
    data.write_bytes(b"1" * (9 * 1024 * 1024))
    attempt = bench.step(
        "import time\nf = open('big')\nf.close()\nprint('read', flush=True)\ntime.sleep(0.3)"
    )
    attempt.until(type="log")
    time.sleep(0.02)
    data.write_bytes(b"2")
    assert touched(attempt.result())[0] == {"file:big": "changed"}


def test_a_file_that_another_step_writes_while_it_is_open(bench: Bench) -> None:
    """Neither what was read nor what was left is what the step alone would have read and left."""
    (bench.workspace / "log").write_text("before")
    first = bench.step(f"f = open('log', 'a')\n{UNTIL_GO}f.write('1')\nf.close()\ndel f", name="first")
    first.until(type="log")
    second = bench.run("with open('log', 'a') as f: f.write('2')")
    (bench.workspace / GO).touch()
    for record in (second, first.result()):
        reads, _, preimages = touched(record)
        assert reads == {"file:log": CHANGED} and preimages == {"file:log": sha("before")}
    assert touched(bench.run("open('log', 'a').write('3')"))[0] == {"file:log": sha("before21")}


def test_a_file_that_another_step_writes_before_it_is_read(bench: Bench) -> None:
    (bench.workspace / "d").write_text("old")
    slow = bench.step(f"f = open('d')\n{UNTIL_GO}f.read()\nf.close()\ndel f")
    slow.until(type="log")
    bench.run("open('d', 'w').write('new')")
    (bench.workspace / GO).touch()
    assert touched(slow.result())[0] == {"file:d": CHANGED}


def test_the_first_of_writers_that_overlap_knows_what_was_there(bench: Bench) -> None:
    (bench.workspace / "d").write_text("old")
    first = bench.step(f"open('d', 'w').write('1')\n{UNTIL_GO}")
    first.until(type="log")
    second = bench.run("open('d', 'w').write('2')")
    (bench.workspace / GO).touch()
    assert touched(second) == ({"file:d": CHANGED}, {"file:d": sha("2")}, {"file:d": sha("old")})
    assert touched(first.result())[0] == {"file:d": CHANGED}


def test_a_step_that_died_writes_no_more(bench: Bench) -> None:
    dead = bench.step("open('d', 'w').write('1')\nprint('on', flush=True)\nimport time\ntime.sleep(30)")
    dead.until(type="log")
    dead.kill()
    while bench.answer()["type"] != "exited":
        pass
    assert touched(bench.run("open('d', 'w').write('2')"))[0] == {}


def test_a_module_that_is_edited_after_it_was_imported(bench: Bench) -> None:
    (bench.workspace / "tool.py").write_text("value = 1\n")
    attempt = bench.step("import tool, time\nprint('on', flush=True)\ntime.sleep(0.2)")
    attempt.until(type="log")
    (bench.workspace / "tool.py").write_text("value = 20\n")
    assert touched(attempt.result())[0] == {"file:tool.py": sha("value = 1\n")}


def test_large_files_are_told_by_size_and_time(bench: Bench) -> None:
    (bench.workspace / "in").write_bytes(b"1" * 2000)
    record = bench.run("open('out', 'wb').write(open('in', 'rb').read())", store_limit=1000)
    reads, writes, _ = touched(record)
    status = os.stat(bench.workspace / "out")
    assert writes == {"file:out": f"stat:2000:{status.st_mtime_ns}"}
    assert reads["file:in"] == file_digest(str(bench.workspace / "in"), 1000)


@pytest.mark.parametrize("how", ["fork", "spawn", "loky"])
def test_child_processes_report(bench: Bench, how: str) -> None:
    (bench.workspace / "in.txt").write_text("in")
    (bench.workspace / "work.py").write_text(
        "def copy(i):\n    open(f'out{i}', 'w').write(open('in.txt').read())\n"
    )
    start = f"import multiprocessing as mp\nwith mp.get_context('{how}').Pool(2) as pool: pool.map(work.copy, range(2))"
    if how == "loky":
        pytest.importorskip("joblib")
        start = "from joblib import Parallel, delayed\n_ = Parallel(n_jobs=2)(delayed(work.copy)(i) for i in range(2))"
    record = bench.run(f"import work\n{start}")
    reads, writes, preimages = touched(record)
    assert reads == {
        "file:in.txt": sha("in"),
        "file:work.py": file_digest(str(bench.workspace / "work.py"), 10**6),
    }
    assert writes == {"file:out0": sha("in"), "file:out1": sha("in")} and set(preimages.values()) == {ABSENT}


def test_nothing_is_watched_when_not_asked_for(bench: Bench) -> None:
    record = bench.run("open('f', 'w').write('1')", watch_files=False)
    assert touched(record) == ({}, {}, {})


def test_a_full_disk_ends_the_step(bench: Bench) -> None:
    record = bench.run(
        "import errno, os\nreal = os.open\ndef full(path, *a, **k):\n    if '.writing-' in str(path): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "    return real(path, *a, **k)\nos.open = full\nx = 1"
    )
    assert record.state == "failed" and record.error is not None and record.error.kind == "DiskFull"


def test_digests(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("abc")
    assert file_digest(str(tmp_path / "f"), 100) == sha("abc")
    assert file_digest(str(tmp_path / "f"), 2).startswith("stat:3:")
    assert file_digest(str(tmp_path / "none"), 100) == file_digest(str(tmp_path / "f" / "x"), 100) == ABSENT
    assert file_digest(str(tmp_path), 100) == "directory"
    (tmp_path / "f").write_text("abd")
    assert file_digest(str(tmp_path / "f"), 100) == sha("abd")


def test_snapshots(tmp_path: Path) -> None:
    for name in ("a", "sub/b", ".git/c", "env/pyvenv.cfg", "env/d", "__pycache__/e.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert set(survey(str(tmp_path)).files) == {"a", "sub/b"}
    assert folder_names(str(tmp_path)) == ["a", "env", "sub"] and folder_names(str(tmp_path / "none")) == []
    assert len(survey(str(tmp_path), limit=1).files) <= 1


BY_COMPILED_CODE = "import polars as pl\npl.DataFrame({'a': [2]}).write_csv('p.csv')\n"


@needs_kernel
@pytest.mark.parametrize("writing", [BY_COMPILED_CODE, "!echo a > p.csv; echo 2 >> p.csv\n"])
@pytest.mark.parametrize("before", ["a\n1\n", None])
def test_what_a_step_finds_in_a_file_that_its_compiled_code_wrote_is_its_own(
    bench: Bench, writing: str, before: str | None
) -> None:
    pytest.importorskip("polars")
    if before is not None:
        (bench.workspace / "p.csv").write_text(before)
    record = bench.run(writing + "with open('p.csv', 'a') as file: at = file.write('3\\n')")
    reads, writes, preimages = touched(record)
    assert reads.get("file:p.csv", ABSENT) == ABSENT
    assert writes == {"file:p.csv": sha("a\n2\n3\n")}
    assert preimages == ({"file:p.csv": ABSENT} if before is None else {})


@needs_kernel
def test_a_model_that_compiled_code_writes_anew_is_not_read(bench: Bench) -> None:
    pytest.importorskip("lightgbm")
    train = (
        "import numpy as np, lightgbm as lgb\nX = np.arange(60.0).reshape(30, 2)\n"
        "model = lgb.train({'verbosity': -1, 'num_threads': 1}, lgb.Dataset(X, X[:, 0]), 2)\n"
    )
    (bench.workspace / "model.txt").write_text("an older model\n")
    record = bench.run(train + "model = model.save_model('model.txt')")
    reads, writes, _ = touched(record)
    assert set(writes) == {"file:model.txt"}
    # For these look matplotlib, which some lightgbm import, and some scipy (os.path.exists("odr")), when they are imported.
    assert reads.keys() <= {"file:matplotlibrc", "file:odr"}


def test_what_compiled_code_did_not_find_may_be_any_file(bench: Bench) -> None:
    pytest.importorskip("polars")
    missing = bench.run("import polars as pl\npl.read_parquet('no-such.parquet')")
    assert missing.state == "failed" and missing.reads["file:*"] == "any"
    other = bench.run("import polars as pl\n1 / 0")
    assert other.state == "failed" and "file:*" not in other.reads
