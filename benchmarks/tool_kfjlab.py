"""Answers each line of its input, the path of a notebook, by analysing it: a JSON object with ``seconds``, or with ``error``."""

from __future__ import annotations

import json
import resource
import sys
import time

from kfjlab.notebook.analyze import analyze

for line in sys.stdin:
    start = time.perf_counter()
    pipeline = analyze(line.strip())
    taken = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": taken, "steps": len(pipeline.steps), "memory": memory}), flush=True)
