"""How nodes run, in every way in which versions of Elyra have written it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kfjlab.interchange.elyra_settings import read_settings
from kfjlab.interchange.notes import Note
from kfjlab.notebook.pipeline import Resources, SecretRef, VolumeRef
from tests.interchange.conftest import flow, imported, node, notebook, pipeline_of, told

SETTINGS = {
    "image": "org/image:1",
    "env": {"URL": "http://x/?a=b", "N": "1"},
    "secrets": [{"secret": "s-1", "key": "k", "env": "TOKEN"}],
    "volumes": [{"name": "claim", "mount_path": "/mnt/data", "kind": "pvc"}],
    "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "labels": {"team": "a"},
    "annotations": {"note": "some: text"},
    "resources": {"cpu": "2", "memory": "3G", "gpu": {"kind": "amd.com/gpu", "count": 1}},
}
COMMON: dict[str, Any] = {
    "runtime_image": " org/image:1 ",
    "cpu": 2,
    "memory": 3,
    "gpu": 1,
    "gpu_vendor": "amd.com/gpu",
}
NEW: dict[str, Any] = {
    **COMMON,
    "env_vars": [
        {"env_var": "URL", "value": "http://x/?a=b"},
        {"env_var": "N", "value": 1},
        {"env_var": "EMPTY"},
    ],
    "kubernetes_secrets": [{"env_var": "TOKEN", "name": "s-1", "key": "k"}],
    "mounted_volumes": [{"path": "mnt/data/", "pvc_name": "claim", "sub_path": "", "read_only": False}],
    "kubernetes_tolerations": [{"key": "gpu", "operator": "Exists", "value": "", "effect": "NoSchedule"}],
    "kubernetes_pod_labels": [{"key": "team", "value": "a"}],
    "kubernetes_pod_annotations": [{"key": "note", "value": "some: text"}],
}
OLD: dict[str, Any] = {
    **COMMON,
    "env_vars": ["URL=http://x/?a=b", "N=1", "EMPTY=", ""],
    "kubernetes_secrets": ["TOKEN=s-1:k"],
    "mounted_volumes": ["/mnt/data=claim"],
    "kubernetes_tolerations": ["TOL_1=gpu:Exists::NoSchedule"],
    "kubernetes_pod_labels": ["team=a"],
    "kubernetes_pod_annotations": ["note=some: text"],
}


@pytest.mark.parametrize("properties", [NEW, OLD], ids=["version 8", "before"])
def test_all_of_it_is_read(properties: dict[str, Any]) -> None:
    notes: list[Note] = []
    assert read_settings(properties, "n", notes) == SETTINGS
    assert not notes


def test_it_is_what_the_step_has(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "1")
    notebook(tmp_path / "b.ipynb", "1")
    content = flow(
        node("a", "a.ipynb", **NEW),
        node("b", "b.ipynb"),
        pipeline_defaults={"env_vars": [{"env_var": "N", "value": "default"}], "runtime_image": "org/other"},
    )
    made = imported(tmp_path, content)
    settings = {step.name: step.settings for step in pipeline_of(made).steps}
    assert settings["a"].env == {"URL": "http://x/?a=b", "N": "1"}
    assert settings["a"].resources == Resources(2.0, 3_000_000_000, "amd.com/gpu", 1)
    assert settings["a"].secrets == (SecretRef("s-1", "k", "TOKEN"),)
    assert settings["a"].volumes == (VolumeRef("claim", "/mnt/data", "pvc"),)
    assert (settings["a"].image, settings["b"].image) == ("org/image:1", "org/other")
    assert settings["b"].env == {"N": "default"}
    assert not made.notes


@pytest.mark.parametrize(
    ("properties", "what"),
    [
        ({"kubernetes_shared_mem_size": {"size": 8, "units": "G"}}, "The size of shared memory (“8 GB”)"),
        ({"cos_object_prefix": "p"}, "The prefix of object names (“p”)"),
        ({"cpu": 1, "cpu_limit": 2}, "The limit of cpu (“2”)"),
        ({"memory": -1}, "The number for memory (“-1”)"),
        ({"gpu": "many"}, "The number for gpu (“many”)"),
        ({"gpu": 0.5}, "The gpu of the node"),
        ({"brand_new": {"a": 1}}, "The property “brand_new” (“{'a': 1}”)"),
        ({"runtime_image": "no image!"}, "The runtime image"),
        ({"env_vars": [{"env_var": "NOT OK", "value": "1"}]}, "The environment variable “NOT OK”"),
        ({"env_vars": [{"value": "1"}]}, "The environment variable “None” (“1”)"),
        ({"env_vars": "A=1"}, "The property “env_vars” (“A=1”)"),
        ({"env_vars": [["A"]]}, "An entry of “env_vars” (“['A']”)"),
        ({"kubernetes_secrets": [{"env_var": "A", "name": "S_", "key": "k"}]}, "The secret for “A”"),
        ({"mounted_volumes": [{"path": "/a/../b", "pvc_name": "c"}]}, "The volume at “/a/../b”"),
        ({"kubernetes_tolerations": [{"operator": "Maybe"}]}, "The toleration of “all”"),
        ({"kubernetes_pod_labels": [{"key": "a b", "value": "c"}]}, "The label “a b”"),
        ({"kubernetes_pod_annotations": [{"key": "", "value": "c"}]}, "The annotation “”"),
    ],
)
def test_what_has_no_place_is_told(properties: dict[str, Any], what: str) -> None:
    notes: list[Note] = []
    read_settings(properties, "n", notes)
    assert [(note.kind, note.node, note.what) for note in notes] == [("left-out", "n", what)]


def test_a_limit_alone_and_no_caching(tmp_path: Path) -> None:
    notes: list[Note] = []
    found = read_settings({"cpu_limit": 1.5, "memory_limit": "2", "disable_node_caching": "True"}, "n", notes)
    assert found == {"resources": {"cpu": "1.5", "memory": "2G"}, "cache": False}
    assert not notes


def test_of_a_pipeline_as_a_whole(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "1")
    made = imported(tmp_path, flow(node("a", "a.ipynb"), cos_object_prefix="p", name="a/b"))
    assert told(made) == {
        ("left-out", "", "The prefix of object names (“p”)"),
        ("differs", "", "The name “a/b”"),
    }
