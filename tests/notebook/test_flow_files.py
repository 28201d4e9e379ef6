"""Files: which paths code reads and writes, and the order that follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfjlab.notebook.flow.files import in_workspace, plain_path

from .flowing import arrows, flow_of, others

PRELUDE = """
import os, io, glob, json, pickle, shutil, sqlite3, zipfile, tarfile, gzip, joblib, urllib.request
from os.path import join
from pathlib import Path
import numpy as np, pandas as pd, polars as pl, pyarrow.parquet as pq, torch, matplotlib.pyplot as plt
from PIL import Image
from lib import thing, unknown
ROOT = "data"
NAME = ROOT + "/a.csv"
FOLDER = Path("out")
"""


def touched(source: str) -> tuple[set[str], set[str]]:
    flow = flow_of(source, prelude=[PRELUDE]).flows[0]
    return others(flow.reads), others(flow.writes)


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        # paths
        ("open('a.txt')", "a.txt", ""),
        ("open('./x/../a.txt')", "a.txt", ""),
        ("open('../a.txt')", "../a.txt", ""),
        ("open(NAME)", "data/a.csv", ""),
        ("p = f'{ROOT}/b.txt'\nopen(p)", "data/b.txt", ""),
        ("open('%s/b.txt' % ROOT)", "data/b.txt", ""),
        ("open('%s/%s.txt' % (ROOT, 'b'))", "data/b.txt", ""),
        ("open('{}/{x}.txt'.format(ROOT, x='b'))", "data/b.txt", ""),
        ("open(os.path.join(ROOT, 'c', 'b.txt'))", "data/c/b.txt", ""),
        ("open(join(ROOT, 'b.txt'))", "data/b.txt", ""),
        ("open(Path(ROOT) / 'b.txt')", "data/b.txt", ""),
        ("open(Path(ROOT, 'c').joinpath('b.txt'))", "data/c/b.txt", ""),
        ("open((FOLDER / 'x.csv').with_suffix('.txt'))", "out/x.txt", ""),
        ("open(FOLDER.parent / 'x.csv')", "x.csv", ""),
        ("paths = {'a': 'x.csv'}\nopen(paths['a'])", "x.csv", ""),
        ("for n in ['a', 'b']: open(n + '.txt')", "", ""),
        ("open(unknown)\nopen(unknown + '.txt')\nopen(f'{unknown}.txt')", "", ""),
        ("pd.read_csv('https://x.org/a.csv')", "", ""),
        ("sqlite3.connect(':memory:')", "", ""),
        ("open('/dev/null', 'w')", "", ""),
        ("open(0)", "", ""),
        # modes
        ("open('a', 'w')", "", "a"),
        ("open('a', mode='wb')", "", "a"),
        ("open('a', 'x')", "", "a"),
        ("open('a', 'a')", "a", "a"),
        ("open('a', 'r+')", "a", "a"),
        ("open('a', unknown)", "a", "a"),
        ("gzip.open('a.gz', 'wt')", "", "a.gz"),
        ("open('a', 'w')\nopen('a')", "", "a"),
        ("open('a')\nopen('a', 'w')", "a", "a"),
        ("if unknown: open('a', 'w')\nopen('a')", "a", "a"),
        # libraries
        ("df = pd.read_csv('a.csv')", "a.csv", ""),
        ("df = pd.read_parquet(path='a.pq')", "a.pq", ""),
        ("unknown.to_csv('a.csv', index=False)", "", "a.csv"),
        ("unknown.to_parquet(path='a.pq')", "", "a.pq"),
        ("unknown.to_dict('records'); unknown.to('cuda')", "", ""),
        ("pl.scan_csv('a.csv').sink_parquet('b.pq')", "a.csv", "b.pq"),
        ("np.save('a.npy', 1); np.load('b.npy')", "b.npy", "a.npy"),
        ("np.save('a', 1); np.savez('b', x=1); np.savez_compressed('c.npz', x=1)", "", "a.npy b.npz c.npz"),
        ("joblib.dump(1, 'a.joblib'); joblib.load('b.joblib')", "b.joblib", "a.joblib"),
        ("torch.save(1, 'a.pt'); torch.load('b.pt')", "b.pt", "a.pt"),
        ("pickle.dump(1, open('a.pkl', 'wb'))", "", "a.pkl"),
        ("with open('a.json') as f: json.load(f)", "a.json", ""),
        ("plt.savefig('a.png'); unknown.savefig('b.png')", "", "a.png b.png"),
        ("Image.open('a.png').save('b.png')", "a.png", "b.png"),
        ("pq.write_table(1, 'a.pq'); pq.read_table('b.pq')", "b.pq", "a.pq"),
        ("unknown.save_model('a.json'); unknown.load_model('b.json')", "b.json", "a.json"),
        ("import lightgbm as lgb; lgb.Booster(model_file='a.txt'); lgb.Dataset('b.csv')", "a.txt b.csv", ""),
        ("import xgboost as xgb; xgb.train({}, xgb.DMatrix(unknown), xgb_model='a.json')", "a.json", ""),
        ("thing.load_dataset('iris')", "", ""),
        ("sqlite3.connect('a.db')", "a.db", "a.db"),
        ("zipfile.ZipFile('a.zip').extractall('x')", "a.zip", "x"),
        ("tarfile.open('a.tar', 'w:gz')", "", "a.tar"),
        ("urllib.request.urlretrieve('https://x.org/a', 'a.zip')", "", "a.zip"),
        ("shutil.copy('a', 'b')", "a", "b"),
        ("shutil.move('a', 'b'); os.rename('c', 'd')", "", "a b c d"),
        ("os.remove('a')", "", "a"),
        ("shutil.rmtree('a')", "dir:a", "a"),
        ("os.makedirs('a/b', exist_ok=True)", "", "a/b"),
        ("os.path.exists('a'), os.path.getsize('b')", "a b", ""),
        ("os.listdir('a'); os.listdir(); glob.glob('b/*.csv'); glob.glob('c/**/x')", "dir:a dir:. dir:b dir:c", ""),
        # pathlib
        ("Path('a').read_text()", "a", ""),
        ("Path('a').write_text('x')", "", "a"),
        ("Path('a').open('w')", "", "a"),
        ("Path('a').unlink(); Path('b').touch(); Path('c').mkdir()", "", "a b c"),
        ("Path('a').rename('b')", "", "a b"),
        ("list(FOLDER.glob('*.csv')); [p for p in FOLDER.iterdir()]", "dir:out", ""),
        ("FOLDER.exists()", "out", ""),
        # through functions
        ("def save(x, path): x.to_csv(path)\nsave(unknown, 'a.csv')", "", "a.csv"),
        ("def load(name='b.csv'): return pd.read_csv(name)\nload()", "b.csv", ""),
        ("def load(): return pd.read_csv(NAME)\nload()", "data/a.csv", ""),
        ("class C:\n    def __init__(self, path): self.path = path\n    def load(self): return pd.read_csv(self.path)\nC('a.csv').load()", "a.csv", ""),
        ("class C:\n    PATH = 'a.csv'\n    def load(self): return pd.read_csv(self.PATH)\nC().load()", "a.csv", ""),
        ("class C:\n    PATH = 'a.csv'\nopen(C.PATH)", "a.csv", ""),
        ("def load(): return pd.read_csv('a.csv')", "", ""),
    ],
)  # fmt: skip
def test_touches(source: str, reads: str, writes: str) -> None:
    def named(text: str) -> set[str]:
        return {word if ":" in word else f"file:{word}" for word in text.split()}

    found = touched(source)
    assert found[0] == named(reads)
    assert found[1] == named(writes)


def test_files_make_edges() -> None:
    result = flow_of(
        "open('a.csv', 'w').write('1')",
        "text = open('a.csv').read()",
        "n = len(open('a.csv').read())",
        "open('a.csv', 'w').write('2')",
        "print(open('a.csv').read())",
        "x = 1",
    )
    assert {(e.source + e.target, e.kind, e.resources) for e in result.edges} == {
        ("ab", "file", ("file:a.csv",)),
        ("ac", "file", ("file:a.csv",)),
        ("bd", "order", ("file:a.csv",)),
        ("cd", "order", ("file:a.csv",)),
        ("ad", "order", ("file:a.csv",)),
        ("de", "file", ("file:a.csv",)),
    }


def test_folders_are_made_before_they_are_used_and_listed_after_they_are_filled() -> None:
    result = flow_of(
        "import os\nos.makedirs('out')",
        "open('out/a', 'w')",
        "open('out/b', 'w')",
        "print(os.listdir('out'))",
        "open('out/sub/c', 'w')",
    )
    assert arrows(result) == {"ab", "ac", "bd", "cd", "ad", "ae"}


def test_a_listing_of_everything_sees_every_file_of_the_workspace() -> None:
    result = flow_of("open('x/a', 'w')", "open('/elsewhere/b', 'w')", "import os\nos.walk('.')")
    assert arrows(result) == {"ac"}


def test_a_file_written_while_a_folder_was_listed_waits_for_that() -> None:
    result = flow_of("import os\nos.listdir('x')", "open('x/a', 'w')")
    assert [(e.kind, e.source, e.target) for e in result.edges] == [("order", "a", "b")]


def test_paths_from_parameters_are_followed_through_their_defaults() -> None:
    result = flow_of("open(path, 'w')", "open(path)", parameters="path = 'a.csv'", names=["path"])
    assert "file:a.csv" in result.flows[0].writes
    assert arrows(result) == {"ab"}


def test_paths_inside_the_workspace_are_relative_to_it(tmp_path: Path) -> None:
    result = flow_of(f"open({str(tmp_path / 'a.csv')!r})", "open('/elsewhere/b')", workspace=tmp_path)
    assert set(result.flows[0].reads) == {"file:a.csv"}
    assert set(result.flows[1].reads) == {"file:/elsewhere/b"}
    assert in_workspace(f"dir:{tmp_path}", tmp_path) == "dir:."


def test_names_of_paths() -> None:
    assert plain_path("a//b/./c") == "a/b/c"
    assert plain_path("b", "a") == "a/b"
    assert plain_path("b", None) is None
    assert plain_path("/b", None) == "/b"
    assert plain_path("s3://a/b") is None
    assert plain_path("a\0b") is None
    assert plain_path("~/a") == f"{Path.home()}/a"
