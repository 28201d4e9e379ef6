"""The notebooks and pipelines that are measured, made for each tool from one description."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORK = 0.3
"""CPU seconds that each step computes."""

HEADER = "import time\nimport pandas as pd"
FUNCTION = """def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass"""


@dataclass(frozen=True)
class Task:
    """A step: its ``number`` and the numbers of the steps whose table it reads."""

    number: int
    needs: tuple[int, ...]

    @property
    def code(self) -> str:
        """What its cell does: compute, and make a small table from those that it reads (a new one: another name for the same table
        would have to stay the same table)."""
        table = (
            " + ".join([*(f"t{n}" for n in self.needs), "1"])
            if self.needs
            else "pd.DataFrame({'a': range(1000)})"
        )
        return f"work({WORK})\nt{self.number} = {table}"


def chain(count: int) -> list[Task]:
    """Each step needs the one before."""
    return [Task(i, (i - 1,) if i else ()) for i in range(count)]


def fan_out(count: int) -> list[Task]:
    """One step, and ``count`` that need it."""
    return [Task(0, ()), *(Task(i, (0,)) for i in range(1, count + 1))]


def write_notebook(
    path: Path, cells: list[tuple[str, list[str]]], metadata: dict[str, Any] | None = None
) -> Path:
    """A notebook of code cells, each with its tags."""
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            **(metadata or {}),
        },
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{i}",
                "metadata": {"tags": tags},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for i, (source, tags) in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(notebook), "utf-8")
    return path


def tagged(tasks: list[Task], path: Path) -> Path:
    """For kfjlab and nbclient."""
    steps = [(task.code, [f"step:s{task.number}"]) for task in tasks]
    return write_notebook(path, [(HEADER, ["imports"]), (FUNCTION, ["functions"]), *steps])


def for_elyra(tasks: list[Task], folder: Path) -> Path:
    """A notebook per step, whose tables pass through files, and the pipeline that joins them."""
    nodes = []
    for task in tasks:
        reads = [f"t{n} = pd.read_pickle('t{n}.pkl')" for n in task.needs]
        source = "\n".join(
            [HEADER, FUNCTION, *reads, task.code, f"t{task.number}.to_pickle('t{task.number}.pkl')"]
        )
        write_notebook(folder / f"s{task.number}.ipynb", [(source, [])])
        nodes.append(_elyra_node(task))
    pipeline = {
        "doc_type": "pipeline",
        "version": "3.0",
        "json_schema": "http://api.dataplatform.ibm.com/schemas/common-pipeline/pipeline-flow/pipeline-flow-v3-schema.json",
        "id": "benchmark",
        "primary_pipeline": "primary",
        "pipelines": [
            {
                "id": "primary",
                "nodes": nodes,
                "app_data": {
                    "ui_data": {"comments": []},
                    "version": 8,
                    "runtime_type": "LOCAL",
                    "properties": {"name": "benchmark", "runtime": "Local"},
                },
                "runtime_ref": "",
            }
        ],
        "schemas": [],
    }
    path = folder / "benchmark.pipeline"
    path.write_text(json.dumps(pipeline), "utf-8")
    return path


def _elyra_node(task: Task) -> dict[str, Any]:
    links = [
        {"id": f"l{n}-{task.number}", "node_id_ref": f"n{n}", "port_id_ref": "outPort"} for n in task.needs
    ]
    return {
        "id": f"n{task.number}",
        "type": "execution_node",
        "op": "execute-notebook-node",
        "app_data": {
            "component_parameters": {
                "filename": f"s{task.number}.ipynb",
                "runtime_image": "python:3.12",
                "dependencies": [],
                "include_subdirectories": False,
                "outputs": [],
                "env_vars": [],
            },
            "label": f"s{task.number}",
            "ui_data": {"label": f"s{task.number}", "x_pos": 0, "y_pos": 0},
        },
        "inputs": [
            {
                "id": "inPort",
                "app_data": {"ui_data": {"label": "Input Port"}},
                **({"links": links} if links else {}),
            }
        ],
        "outputs": [{"id": "outPort", "app_data": {"ui_data": {"label": "Output Port"}}}],
    }


def for_kfp(tasks: list[Task], path: Path) -> Path:
    """A program that runs the steps, of which each needs at most one, as components with kfp's local SubprocessRunner in its own
    environment. Tables pass as artifacts."""
    text = f"""
from kfp import dsl, local

local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root={str(path.parent / "artifacts")!r})


@dsl.component(install_kfp_package=False)
def first(table: dsl.Output[dsl.Dataset]):
    import time
    import pandas as pd
    end = time.process_time() + {WORK}
    while time.process_time() < end:
        pass
    pd.DataFrame({{"a": range(1000)}}).to_pickle(table.path)


@dsl.component(install_kfp_package=False)
def step(before: dsl.Input[dsl.Dataset], table: dsl.Output[dsl.Dataset]):
    import time
    import pandas as pd
    end = time.process_time() + {WORK}
    while time.process_time() < end:
        pass
    (pd.read_pickle(before.path) + 1).to_pickle(table.path)


@dsl.pipeline
def tasks():
    done = {{}}
    for number, needs in {[(task.number, task.needs) for task in tasks]!r}:
        done[number] = step(before=done[needs[0]].outputs["table"]) if needs else first()


tasks()
"""
    path.write_text(text, "utf-8")
    return path
