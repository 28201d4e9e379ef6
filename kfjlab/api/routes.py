"""Which function answers where."""

from __future__ import annotations

from typing import Final

from .endpoint import Endpoint

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint("GET", "about", "about:about"),
    Endpoint("GET", "policy", "about:policy"),
    Endpoint("GET", "examples", "examples:list_them", feature="examples"),
    Endpoint("POST", "examples", "examples:copy", activity=True, feature="examples"),
    Endpoint("POST", "import", "importing:import_elyra", activity=True, feature="import"),
    Endpoint("POST", "notebook/analysis", "notebooks:analyse"),
    Endpoint("POST", "notebook/suggestion", "notebooks:suggest", feature="suggest"),
    Endpoint("POST", "notebook/edits", "notebooks:edit"),
    Endpoint("POST", "notebook/export", "notebooks:export", feature="export"),
    Endpoint("GET", "runs", "runs:list_runs"),
    Endpoint("POST", "runs", "runs:start", activity=True, feature="run"),
    Endpoint("GET", "runs/{run}", "runs:get"),
    Endpoint("DELETE", "runs/{run}", "runs:delete", activity=True, feature="delete"),
    Endpoint("POST", "runs/{run}/cancel", "runs:cancel", activity=True),
    Endpoint("POST", "runs/{run}/resume", "runs:resume", activity=True, feature="run"),
    Endpoint("GET", "runs/{run}/events", "runs:events"),
    Endpoint("GET", "runs/{run}/log", "logs:read"),
    Endpoint("GET", "runs/{run}/log/search", "logs:search"),
    Endpoint("GET", "runs/{run}/notebook", "results:executed"),
    Endpoint("GET", "runs/{run}/outputs", "results:outputs"),
    Endpoint("GET", "runs/{run}/artifacts", "results:artifacts"),
    Endpoint("GET", "runs/{run}/preview", "results:preview", feature="preview"),
    Endpoint("GET", "runs/{run}/lineage", "results:lineage"),
)
"""REST below ``<base_url>kfjlab/``. ``{run}``: an id, a beginning of one, or ``last``. The event stream is
:mod:`kfjlab.api.stream`; whole logs are sent by :mod:`kfjlab.api.downloads`."""
