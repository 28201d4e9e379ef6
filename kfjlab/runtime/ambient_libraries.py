"""Ambient state of libraries. None is imported unless the notebook has done so, or a state says so that an earlier step left."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import sys
from typing import Any, Dict

from .ambient_base import Generator, Mapping
from .imports import imported

INLINE_BACKENDS = ("inline", "module://matplotlib_inline.backend_inline")


class LibraryMapping(Mapping):
    """Options of a library, there once ``module`` has been imported."""

    module = ""

    def available(self) -> bool:
        return imported(self.module)

    def load(self) -> None:
        importlib.import_module(self.module)

    def drop(self, name: str) -> None:
        """Options have a value always; a library of another version may lack one."""


class NumpyRandom(Generator):
    """numpy's legacy global generator (``numpy.random.seed``, ``numpy.random.rand`` …)."""

    name = "numpy.random"

    def available(self) -> bool:
        return imported("numpy.random.mtrand")

    def get(self) -> Any:
        state = self._module().get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            return {"generator": pickle.dumps(self._module().mtrand._rand._bit_generator), **_gauss(state)}
        return {"key": state["state"]["key"].tobytes(), "pos": int(state["state"]["pos"]), **_gauss(state)}

    def restore(self, state: Any) -> None:
        module = self._module()
        if "generator" in state:
            module.set_bit_generator(pickle.loads(state["generator"]))
            return
        numpy = importlib.import_module("numpy")
        key = numpy.frombuffer(state["key"], dtype=numpy.uint32)
        module.set_state(("MT19937", key, state["pos"], state["has_gauss"], state["gauss"]))

    def seed(self) -> None:
        self._module().seed()

    def _module(self) -> Any:
        return importlib.import_module("numpy.random")


def _gauss(state: Any) -> Dict[str, Any]:
    return {"has_gauss": int(state.get("has_gauss", 0)), "gauss": float(state.get("gauss", 0.0))}


class TorchRandom(Generator):
    """torch's default generators: that of the CPU, and those of CUDA devices once CUDA is in use."""

    name = "torch.random"

    def available(self) -> bool:
        return imported("torch")

    def get(self) -> Any:
        torch = sys.modules["torch"]
        states = [torch.get_rng_state()]
        if torch.cuda.is_initialized():
            states += torch.cuda.get_rng_state_all()
        return [bytes(state.tolist()) for state in states]

    def restore(self, state: Any) -> None:
        torch = importlib.import_module("torch")
        tensors = [torch.tensor(list(data), dtype=torch.uint8) for data in state]
        torch.set_rng_state(tensors[0])
        if len(tensors) > 1:
            torch.cuda.set_rng_state_all(tensors[1:])

    def seed(self) -> None:
        sys.modules["torch"].seed()


class NumpyPrintOptions(LibraryMapping):
    """How numpy prints arrays."""

    name = "numpy.printoptions"
    module = "numpy"

    def read(self) -> Dict[str, Any]:
        return dict(sys.modules["numpy"].get_printoptions())

    def put(self, name: str, value: Any) -> None:
        sys.modules["numpy"].set_printoptions(**{name: value})


class NumpyErrorState(LibraryMapping):
    """What numpy does about floating-point errors."""

    name = "numpy.errstate"
    module = "numpy"

    def read(self) -> Dict[str, Any]:
        numpy = sys.modules["numpy"]
        return {**numpy.geterr(), "call": numpy.geterrcall()}

    def put(self, name: str, value: Any) -> None:
        numpy = sys.modules["numpy"]
        if name == "call":
            numpy.seterrcall(value)
        else:
            numpy.seterr(**{name: value})


class PandasOptions(LibraryMapping):
    """``pandas.options``."""

    name = "pandas.options"
    module = "pandas"

    def read(self) -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        _flatten("", importlib.import_module("pandas._config.config")._global_config, found)
        return found

    def put(self, name: str, value: Any) -> None:
        sys.modules["pandas"].set_option(name, value)


def _flatten(prefix: str, nested: Dict[str, Any], found: Dict[str, Any]) -> None:
    for name, value in nested.items():
        if isinstance(value, dict):
            _flatten(f"{prefix}{name}.", value, found)
        else:
            found[prefix + name] = value


class PolarsConfig(LibraryMapping):
    """``polars.Config``; its entries are kept as polars saves them."""

    name = "polars.config"
    module = "polars"

    def read(self) -> Dict[str, Any]:
        saved = json.loads(sys.modules["polars"].Config.save())
        return {f"{part}:{name}": value for part in saved for name, value in saved[part].items()}

    def put(self, name: str, value: Any) -> None:
        part, _, option = name.partition(":")
        other = "direct" if part == "environment" else "environment"
        sys.modules["polars"].Config.load(json.dumps({part: {option: value}, other: {}}))


class MatplotlibParameters(LibraryMapping):
    """``matplotlib.rcParams`` with everything that styles change; the back end only when the notebook chose one itself."""

    name = "matplotlib.rcParams"
    module = "matplotlib"

    def read(self) -> Dict[str, Any]:
        parameters = sys.modules["matplotlib"].rcParams
        found = {
            name: list(value) if isinstance(value, list) else value for name, value in dict.items(parameters)
        }
        backend = found.pop("backend", None)
        chosen = (
            isinstance(backend, str)
            and backend not in INLINE_BACKENDS
            and backend != os.environ.get("MPLBACKEND")
        )
        if chosen:
            found["backend"] = backend
        return found

    def put(self, name: str, value: Any) -> None:
        matplotlib = sys.modules["matplotlib"]
        if name == "backend":
            matplotlib.use(value)
        else:
            matplotlib.rcParams[name] = value

    def drop(self, name: str) -> None:
        if name == "backend":
            sys.modules["matplotlib"].use(INLINE_BACKENDS[1])


class SklearnConfig(LibraryMapping):
    """``sklearn.set_config``."""

    name = "sklearn.config"
    module = "sklearn"

    def read(self) -> Dict[str, Any]:
        return dict(sys.modules["sklearn"].get_config())

    def put(self, name: str, value: Any) -> None:
        sys.modules["sklearn"].set_config(**{name: value})
