"""The Jupyter server extension: settings and routes. Nothing heavy is imported here; every server start pays for it."""

from __future__ import annotations

import json
import os
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Dict, Int, List, TraitError, Unicode, validate

from .api import downloads, stream
from .api.handler import routes
from .api.routes import ENDPOINTS
from .api.rules import FEATURES, LOCKABLE, MOST_PARALLEL, Rules


class KfjlabApp(ExtensionApp):
    """Serves what the JupyterLab panel asks for, below ``<base_url>kfjlab/``."""

    name = "kfjlab"

    targets = List(
        Unicode(),
        help="Where runs may happen, for example ['local']. Empty: on all targets that are installed.",
    ).tag(config=True)
    images = List(
        Unicode(),
        help="Container images that steps may ask for, as patterns: ['registry.example/team/*']. Empty: any.",
    ).tag(config=True)
    max_parallel = Int(0, min=0, help="Steps of a run at the same time at most. 0: no limit.").tag(
        config=True
    )
    max_memory = Unicode(
        "", help="Memory that a step may ask for at most, for example '8Gi'. Empty: no limit."
    ).tag(config=True)
    features = Dict(
        key_trait=Unicode(),
        value_trait=Bool(),
        help=f"Features to be switched off: {{'delete': False}}. There are: {', '.join(FEATURES)}.",
    ).tag(config=True)
    locks = Dict(
        key_trait=Unicode(),
        per_key_traits={
            "cache": Bool(),
            "keep_going": Bool(),
            "max_parallel": Int(min=0, max=MOST_PARALLEL),
            "kernel": Unicode(allow_none=True),
            "target": Unicode(),
        },
        help=f"Options of runs that users cannot change: {{'cache': True}}. There are: {', '.join(LOCKABLE)}.",
    ).tag(config=True)
    reason = Unicode(
        "", help="Shown with everything that is locked or refused: who has decided so, and whom to ask."
    ).tag(config=True)
    data = Unicode(
        "",
        help="The folder where runs are kept, for the server and its kernels. Empty: as KFJLAB_DATA says, "
        "else the folder kfjlab in Jupyter's data folder.",
    ).tag(config=True)

    @validate("features")
    def _known_features(self, proposal: Any) -> Any:
        return _known(proposal["value"], FEATURES, "feature")

    @validate("locks")
    def _possible_locks(self, proposal: Any) -> Any:
        locks = _known(proposal["value"], LOCKABLE, "option of runs")
        if isinstance(locks.get("max_parallel"), bool):
            raise TraitError("locks: max_parallel is a number of steps, 0 for no limit.")
        _consistent(locks, self.targets, self.max_parallel)
        return locks

    @validate("targets")
    def _targets_with_the_fixed_one(self, proposal: Any) -> Any:
        _consistent(self.locks, proposal["value"], self.max_parallel)
        return proposal["value"]

    @validate("max_parallel")
    def _limit_of_the_fixed_number(self, proposal: Any) -> Any:
        _consistent(self.locks, self.targets, proposal["value"])
        return proposal["value"]

    @validate("max_memory")
    def _readable_memory(self, proposal: Any) -> Any:
        _bytes(proposal["value"])
        return proposal["value"]

    @property
    def rules(self) -> Rules:
        """What is configured."""
        return Rules(
            targets=tuple(self.targets),
            images=tuple(self.images),
            max_parallel=self.max_parallel,
            max_memory=_bytes(self.max_memory),
            features=dict(self.features),
            locks=dict(self.locks),
            reason=self.reason,
        )

    def initialize_settings(self) -> None:
        """Called by Jupyter Server when it links the extension."""
        if self.data:
            # The supervisors of runs and the kernels, which are to find the same runs, inherit it.
            os.environ["KFJLAB_DATA"] = os.path.abspath(os.path.expanduser(self.data))
        configured = self.rules
        shown = {
            "targets": configured.allowed_targets,
            "images": configured.images,
            "max_parallel": configured.max_parallel or None,
            "max_memory": configured.max_memory or None,
            "features": {name: configured.features.get(name, True) for name in FEATURES},
            "locks": configured.locks,
            "reason": configured.reason,
        }
        self.settings.setdefault("page_config_data", {})["kfjlab"] = json.dumps(shown)

    def initialize_handlers(self) -> None:
        """Called by Jupyter Server when it links the extension."""
        self.handlers.extend([*routes(ENDPOINTS, self.rules), stream.rule(self.log), downloads.rule()])


def _known(given: dict[str, Any], names: tuple[str, ...], what: str) -> dict[str, Any]:
    unknown = sorted(given.keys() - set(names))
    if unknown:
        raise TraitError(f"There is no {what} {unknown[0]!r}; there are {', '.join(names)}.")
    return given


def _consistent(locks: dict[str, Any], targets: list[str], max_parallel: int) -> None:
    """Raise :class:`TraitError` for a lock with which every run would be refused."""
    if 0 < max_parallel < locks.get("max_parallel", 0):
        raise TraitError(
            f"locks fix max_parallel to {locks['max_parallel']}, which is more than max_parallel allows ({max_parallel})."
        )
    if targets and locks.get("target", targets[0]) not in targets:
        raise TraitError(
            f"locks fix target to {locks['target']!r}, which is not among targets ({', '.join(targets)})."
        )


def _bytes(text: str) -> int:
    if not text:
        return 0
    from kfjlab.notebook.quantities import parse_bytes

    try:
        return parse_bytes(text)
    except ValueError as error:
        raise TraitError(f"max_memory: {error}.") from error
