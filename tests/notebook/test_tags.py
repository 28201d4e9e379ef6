"""What tags and metadata say, and what is said about the ones that are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from kfjlab.notebook.notebook_tags import read_notebook
from kfjlab.notebook.pipeline import Role, SecretRef, VolumeRef
from kfjlab.notebook.problems import Problem, Severity
from kfjlab.notebook.settings import build
from kfjlab.notebook.tags import CellTags, read_cell

GIB = 2**30


def read(*tags: Any, **metadata: Any) -> tuple[CellTags, list[Problem]]:
    problems: list[Problem] = []
    if tags:
        metadata["tags"] = list(tags)
    return read_cell(5, metadata, problems), problems


def good(*tags: Any, **metadata: Any) -> CellTags:
    found, problems = read(*tags, **metadata)
    assert problems == []
    return found


def fault(*tags: Any, **metadata: Any) -> Problem:
    _, problems = read(*tags, **metadata)
    assert len(problems) == 1
    assert problems[0].cell == 5
    return problems[0]


@pytest.mark.parametrize(
    ("tag", "role"),
    [
        ("imports", Role.IMPORTS),
        ("functions", Role.FUNCTIONS),
        ("pipeline-parameters", Role.PARAMETERS),
        ("parameters", Role.PARAMETERS),
        ("pipeline-metrics", Role.METRICS),
        ("skip", Role.SKIP),
    ],
)
def test_roles(tag: Any, role: Any) -> None:
    assert good(tag).role is role


@pytest.mark.parametrize("tag", ["step:train", "block:train"])
def test_step_tags(tag: Any) -> None:
    assert good(tag).step == "train"


@pytest.mark.parametrize("tag", ["step:", "block:", "prev:"])
def test_a_tag_without_a_name_means_nothing_and_says_so(tag: str) -> None:
    found, problems = read(tag)  # Kale's editor writes it on cells that belong to the step before
    assert found == CellTags()
    (problem,) = problems
    assert (problem.code, problem.severity.value, problem.cell) == ("nameless-tag", "warning", 5)
    assert repr(tag) in problem.message
    assert problem.fix is not None
    assert (problem.fix.action, problem.fix.arguments) == (
        "replace-tag",
        {"cell": 5, "old": tag, "new": None},
    )


def test_prev_repeats() -> None:
    assert good("prev:a", "step:x", "prev:b", "prev:a").after == ("a", "b")


def test_values_keep_their_colons() -> None:
    facets = good("step:x", "annotation:example.org/url:http://h:80/p", "label:team:a").facets
    settings = build(facets)
    assert settings.annotations == {"example.org/url": "http://h:80/p"}
    assert settings.labels == {"team": "a"}


def test_image_keeps_its_colons() -> None:
    assert (
        build(good("step:x", "image:registry.example:5000/team/img:3.12").facets).image
        == "registry.example:5000/team/img:3.12"
    )


def test_limits() -> None:
    resources = build(
        good("step:x", "limit:cpu:1500m", "limit:memory:4Gi", "limit:nvidia.com/gpu:2").facets
    ).resources
    assert (resources.cpu, resources.memory, resources.gpu_kind, resources.gpus) == (
        1.5,
        4 * GIB,
        "nvidia.com/gpu",
        2,
    )


def test_mig_devices() -> None:
    resources = build(good("step:x", "limit:nvidia.com/mig-1g.5gb:1").facets).resources
    assert (resources.gpu_kind, resources.gpus) == ("nvidia.com/mig-1g.5gb", 1)


def test_no_gpu_is_no_kind() -> None:
    assert build(good("step:x", "limit:nvidia.com/gpu:0").facets).resources.gpu_kind is None


def test_secret() -> None:
    assert build(good("step:x", "secret:db:password:DB_PASSWORD").facets).secrets == (
        SecretRef("db", "password", "DB_PASSWORD"),
    )


def test_cache_and_report() -> None:
    settings = build(good("step:x", "cache:disabled", "report:enabled").facets)
    assert (settings.cache, settings.report) == (False, True)


@pytest.mark.parametrize(
    "tag",
    [
        "limit:cpu",
        "limit:cpu:many",
        "limit:memory:4GB",
        "limit:nvidia.com/gpu:0.5",
        "secret:a:b",
        "secret:A B:k:V",
        "secret:a:k:1V",
        "annotation:k",
        "annotation:-k:v",
        "label:k:v w",
        "label:k:" + "x" * 64,
        "image:",
        "image:a b",
        "cache:yes",
        "report:",
        "image:$(rm -rf /)",
    ],
)
def test_tags_that_cannot_be_read(tag: Any) -> None:
    found = fault("step:x", tag)
    assert (found.code, found.severity) == ("bad-tag", Severity.ERROR)


def test_limits_that_kfjlab_has_not_are_a_warning() -> None:
    found = fault("step:x", "limit:ephemeral-storage:1Gi")
    assert (found.code, found.severity) == ("unknown-limit", Severity.WARNING)


def test_foreign_tags_are_silent() -> None:
    good(
        "hide-input",
        "slideshow",
        "raises-exception",
        "nbgrader",
        "remove_cell",
        "my:own:tag",
        "test",
        "hide_output",
        "solution",
    )


@pytest.mark.parametrize(
    ("tag", "meant"),
    [
        ("Step:train", "step:train"),
        ("steps:train", "step:train"),
        ("step :train", "step:train"),
        ("imports ", "imports"),
        ("Imports", "imports"),
        ("import", "imports"),
        ("function", "functions"),
        ("pipeline_parameters", "pipeline-parameters"),
        ("pipeline-metric", "pipeline-metrics"),
        ("Skip", "skip"),
        ("pre:load", "prev:load"),
        ("limits:cpu:2", "limit:cpu:2"),
    ],
)
def test_near_misses_are_warned_about_with_a_fix(tag: Any, meant: Any) -> None:
    found = fault(tag)
    assert (found.code, found.severity) == ("misspelt-tag", Severity.WARNING)
    assert found.fix is not None
    assert found.fix.action == "replace-tag"
    assert found.fix.arguments == {"cell": 5, "old": tag, "new": meant}


@pytest.mark.parametrize("tags", ["step:x", {"a": 1}, 3])
def test_tags_that_are_no_list(tags: Any) -> None:
    assert fault(tags=tags).code == "bad-tags"


def test_a_tag_that_is_no_text() -> None:
    assert fault(3).code == "bad-tags"


def test_several_steps() -> None:
    found = fault("step:a", "step:b")
    assert (found.code, found.severity) == ("several-steps", Severity.ERROR)
    assert read("step:a", "step:b")[0].step == "a"


def test_the_same_step_twice_is_fine() -> None:
    assert good("step:a", "block:a", kfjlab={"step": "a"}).step == "a"


def test_role_wins_over_step_as_in_kale() -> None:
    found, problems = read("step:a", "imports")
    assert (found.role, found.step) == (Role.IMPORTS, None)
    assert [(p.code, p.severity) for p in problems] == [("conflicting-roles", Severity.WARNING)]


def test_first_of_two_roles_wins() -> None:
    found, problems = read("pipeline-metrics", "imports")
    assert found.role is Role.METRICS
    assert problems[0].fix is not None and problems[0].fix.arguments["role"] == "pipeline-metrics"


def test_imports_with_functions_is_no_conflict() -> None:
    assert good("imports", "functions").role is Role.IMPORTS
    assert good("parameters", "pipeline-parameters").role is Role.PARAMETERS


def test_skip_keeps_its_step_quietly() -> None:
    assert good("step:a", "skip", "prev:zzz") == CellTags(Role.SKIP, "a", ("zzz",))


def test_settings_on_a_prelude_cell_have_no_effect() -> None:
    found, problems = read("functions", "prev:a")
    assert found.after == ()
    assert problems[0].code == "tag-without-step"


def test_sub_pipelines_are_refused() -> None:
    found = fault("notebook:other", notebook_path="./other.ipynb")
    assert (found.code, found.severity) == ("sub-pipeline", Severity.ERROR)
    assert "Kubeflow target" in found.message


def test_our_own_metadata() -> None:
    own: dict[str, Any] = {
        "step": "train",
        "after": ["load", "clean"],
        "resources": {"cpu": 2, "memory": "4Gi", "gpu": {"kind": "amd.com/gpu", "count": 2}},
        "image": "python:3.12",
        "retries": 3,
        "retry_delay": "10s",
        "timeout": "10m",
        "cache": False,
        "report": True,
        "env": {"MODE": "fast"},
        "secrets": [{"secret": "s", "key": "k", "env": "E"}],
        "volumes": [{"name": "data", "mount_path": "/data", "read_only": True, "size": "10Gi"}],
        "node_selector": {"example.org/pool": "gpu"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 5}],
        "labels": {"team": "a"},
        "annotations": {"note": "b: c"},
        "target": "local",
    }
    found = good(kfjlab=own)
    assert (found.step, found.after) == ("train", ("load", "clean"))
    settings = build(found.facets)
    assert (settings.resources.cpu, settings.resources.memory) == (2.0, 4 * GIB)
    assert (settings.resources.gpu_kind, settings.resources.gpus) == ("amd.com/gpu", 2)
    assert (settings.image, settings.retries, settings.retry_delay, settings.timeout) == (
        "python:3.12",
        3,
        10.0,
        600.0,
    )
    assert (settings.cache, settings.report, settings.target) == (False, True, "local")
    assert settings.env == {"MODE": "fast"}
    assert settings.secrets == (SecretRef("s", "k", "E"),)
    assert settings.volumes == (VolumeRef("data", "/data", "pvc", "", True, "10Gi"),)
    assert settings.node_selector == {"example.org/pool": "gpu"}
    assert settings.tolerations == (own["tolerations"][0],)
    assert (settings.labels, settings.annotations) == ({"team": "a"}, {"note": "b: c"})


def test_gpu_shorthand_and_null() -> None:
    settings = build(good(kfjlab={"resources": {"gpu": 1, "cpu": None}, "image": None, "step": None}).facets)
    assert (settings.resources.gpu_kind, settings.resources.gpus) == ("nvidia.com/gpu", 1)


def test_role_in_our_metadata() -> None:
    assert good(kfjlab={"role": "metrics"}).role is Role.METRICS
    assert good(kfjlab={"role": "step", "step": "a"}).step == "a"
    assert good(kfjlab={"after": "a"}).after == ("a",)


def test_misspelt_field_has_a_fix_that_renames_it() -> None:
    found = fault(kfjlab={"retrys": 3})
    assert (found.code, found.severity) == ("bad-metadata", Severity.ERROR)
    assert "kfjlab.retrys" in found.message and "'retries'" in found.message
    assert found.fix is not None
    assert found.fix.arguments == {"cell": 5, "patch": {"retrys": None, "retries": 3}}


def test_misspelt_field_deep_inside() -> None:
    found = fault(kfjlab={"resources": {"gpu": {"cuont": 2}}})
    assert "kfjlab.resources.gpu.cuont" in found.message
    assert found.fix is not None
    assert found.fix.arguments["patch"] == {"resources": {"gpu": {"cuont": None, "count": 2}}}


@pytest.mark.parametrize(
    ("own", "place"),
    [
        ({"retries": "3"}, "retries"),
        ({"retries": True}, "retries"),
        ({"retries": -1}, "retries"),
        ({"timeout": "soon"}, "timeout"),
        ({"timeout": 0}, "timeout"),
        ({"cache": "yes"}, "cache"),
        ({"resources": 4}, "resources"),
        ({"resources": {"memory": "4GB"}}, "resources.memory"),
        ({"resources": {"cpu": 0}}, "resources.cpu"),
        ({"env": {"A": 1}}, "env.A"),
        ({"env": {"A B": "x"}}, "env.A B"),
        ({"env": {"A": "x\0"}}, "env.A"),
        ({"env": []}, "env"),
        ({"secrets": [{"secret": "s", "key": "k"}]}, "secrets.0.env"),
        ({"secrets": [{"secret": "s", "key": "k", "env": "E", "value": "v"}]}, "secrets.0.value"),
        ({"volumes": [{"name": "v"}]}, "volumes.0.mount_path"),
        ({"volumes": [{"name": "v", "mount_path": "../x"}]}, "volumes.0.mount_path"),
        ({"volumes": [{"name": "v", "mount_path": "/x", "kind": "nfs"}]}, "volumes.0.kind"),
        ({"volumes": {}}, "volumes"),
        ({"tolerations": [{"effect": "Never"}]}, "tolerations.0.effect"),
        ({"tolerations": [{"tolerationSeconds": "5"}]}, "tolerations.0.tolerationSeconds"),
        ({"labels": {"k": "v w"}}, "labels.k"),
        ({"node_selector": {"k": 1}}, "node_selector.k"),
        ({"image": 3}, "image"),
        ({"step": 3}, "step"),
        ({"role": "boss"}, "role"),
        ({"after": [1]}, "after"),
    ],
)
def test_wrong_types_and_values(own: Any, place: Any) -> None:
    found = fault(kfjlab=own)
    assert (found.code, found.severity) == ("bad-metadata", Severity.ERROR)
    assert f"kfjlab.{place}'" in found.message


def test_our_metadata_is_no_object() -> None:
    assert fault(kfjlab=[]).code == "bad-metadata"


def test_tag_and_metadata_that_contradict_each_other() -> None:
    found = fault("step:x", "image:a:1", kfjlab={"image": "a:2"})
    assert (found.code, found.severity) == ("contradiction", Severity.ERROR)


def test_tag_and_metadata_that_agree() -> None:
    assert (
        build(
            good("step:x", "limit:memory:1Gi", kfjlab={"resources": {"memory": "1024Mi"}}).facets
        ).resources.memory
        == GIB
    )


# ---- the notebook


def read_all(metadata: dict[str, Any]) -> Any:
    problems: list[Problem] = []
    return read_notebook(metadata, problems), problems


def test_kales_notebook_metadata() -> None:
    found, problems = read_all(
        {
            "kubeflow_notebook": {
                "pipeline_name": "my-pipe",
                "experiment_name": "exp",
                "pipeline_description": "it's",
                "base_image": "python:3.12",
                "enable_caching": False,
                "steps_defaults": ["label:team:a", "limit:nvidia.com/gpu:1"],
                "volumes": [
                    {
                        "name": "data",
                        "mount_point": "/data",
                        "type": "pvc",
                        "size": 5,
                        "size_type": "Gi",
                        "snapshot": False,
                    }
                ],
                "katib_run": True,
                "timeout": 3,
            }
        }
    )
    assert problems == []
    assert (found.name, found.experiment, found.description) == ("my-pipe", "exp", "it's")
    settings = build(found.defaults)
    assert (settings.image, settings.cache, settings.labels) == ("python:3.12", False, {"team": "a"})
    assert settings.resources.gpus == 1
    assert settings.timeout is None
    assert settings.volumes == (VolumeRef("data", "/data", "pvc", size="5Gi"),)


def test_kales_old_docker_image_and_empty_texts() -> None:
    found, problems = read_all(
        {
            "kubeflow_notebook": {
                "docker_image": "a:1",
                "base_image": "",
                "experiment_name": "",
                "pipeline_name": "",
            }
        }
    )
    assert problems == []
    assert (found.name, found.experiment, build(found.defaults).image) == (None, None, "a:1")


def test_kales_metadata_of_wrong_types_does_not_stop_anything() -> None:
    _, problems = read_all(
        {
            "kubeflow_notebook": {
                "pipeline_name": 3,
                "volumes": [3, {"name": "x"}],
                "steps_defaults": "label:a:b",
            }
        }
    )
    assert {p.severity for p in problems} == {Severity.WARNING}
    assert read_all({"kubeflow_notebook": [1]})[1] == []


def test_bad_step_defaults_of_kale() -> None:
    _, problems = read_all({"kubeflow_notebook": {"steps_defaults": ["limit:cpu:many"]}})
    assert [(p.code, p.cell) for p in problems] == [("bad-tag", None)]


def test_our_notebook_metadata() -> None:
    found, problems = read_all(
        {
            "kfjlab": {
                "name": "Pipe 2.0",
                "experiment": "e",
                "description": "d",
                "random": "serial",
                "kernel": "k",
                "defaults": {"retries": 2, "env": {"A": "1"}},
            }
        }
    )
    assert problems == []
    assert (found.name, found.experiment, found.description, found.random, found.kernel) == (
        "Pipe 2.0",
        "e",
        "d",
        "serial",
        "k",
    )
    assert (build(found.defaults).retries, build(found.defaults).env) == (2, {"A": "1"})


def test_kales_name_goes_before_ours_and_our_defaults_before_kales() -> None:
    found, _ = read_all(
        {
            "kubeflow_notebook": {"pipeline_name": "kale", "base_image": "a:1"},
            "kfjlab": {"name": "ours", "defaults": {"image": "b:1"}},
        }
    )
    assert (found.name, build(found.defaults).image) == ("kale", "b:1")


@pytest.mark.parametrize(
    ("own", "place"),
    [
        ({"nmae": "x"}, "kfjlab.nmae"),
        ({"random": "seriel"}, "kfjlab.random"),
        ({"name": 3}, "kfjlab.name"),
        ({"defaults": []}, "kfjlab.defaults"),
        ({"defaults": {"retrys": 1}}, "kfjlab.defaults.retrys"),
        ({"defaults": {"step": "x"}}, "kfjlab.defaults.step"),
        ([], "kfjlab"),
    ],
)
def test_wrong_notebook_metadata(own: Any, place: Any) -> None:
    _, problems = read_all({"kfjlab": own})
    assert [(p.code, p.severity, p.cell) for p in problems] == [("bad-metadata", Severity.ERROR, None)]
    assert place in problems[0].message


def test_misspelt_default_has_a_fix() -> None:
    _, problems = read_all({"kfjlab": {"defaults": {"retrys": 1}}})
    assert problems[0].fix is not None
    assert problems[0].fix.arguments == {"cell": None, "patch": {"defaults": {"retrys": None, "retries": 1}}}


@pytest.mark.parametrize("name", ["../../x", "$(rm -rf)", "🚀", "x" * 300, "a\nb"])
def test_hostile_pipeline_names(name: Any) -> None:
    for metadata in ({"kfjlab": {"name": name}}, {"kubeflow_notebook": {"pipeline_name": name}}):
        found, problems = read_all(metadata)
        assert found.name is None
        assert [(p.code, p.severity) for p in problems] == [("bad-name", Severity.ERROR)]
        assert all(char.isprintable() for char in problems[0].message)
