"""The same with Kale, in its environment. ``graph``: the seconds until its graph of steps was there, before it writes code from it."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

from kale.common import kfputils
from kale.compiler import Compiler
from kale.processors import NotebookProcessor

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # Kale logs to standard output
for line in sys.stdin:
    path = line.strip()
    os.chdir(Path(path).parent)  # where it writes what it generates
    try:
        start = time.perf_counter()
        processor = NotebookProcessor(path, {"experiment_name": "bench", "pipeline_name": "bench"})
        pipeline = processor.run()
        graph = time.perf_counter() - start
        script = Compiler(pipeline, processor.get_imports_and_functions()).compile()
        kfputils.compile_pipeline(script, pipeline.config.pipeline_name)
        taken = time.perf_counter() - start
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        answer: dict[str, object] = {"error": f"{type(error).__name__}: {error}"}
    else:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        steps = len(list(pipeline.steps))
        answer = {"seconds": taken, "graph": graph, "steps": steps, "memory": memory}
    print(json.dumps(answer), file=answers, flush=True)
