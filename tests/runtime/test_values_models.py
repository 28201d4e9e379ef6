"""Models and tensors of libraries that not every environment has. Those of the Python under test (``KFJLAB_TEST_PYTHON``) count."""

from __future__ import annotations

import functools
import subprocess

import pytest

from tests.runtime.harness import PYTHON, Bench
from tests.runtime.values_harness import PATIENCE, Steps


@functools.lru_cache
def has(library: str) -> bool:
    """Whether the steps' Python can import a library."""
    return not subprocess.run(
        [PYTHON, "-c", f"import {library}"], capture_output=True, timeout=PATIENCE
    ).returncode


@pytest.fixture
def torch() -> None:
    if not has("torch"):
        pytest.skip("torch is not installed for the steps' Python")


@pytest.fixture
def xgboost() -> None:
    if not has("xgboost"):
        pytest.skip("xgboost is not installed for the steps' Python")


def test_boosted_trees(steps: Steps, xgboost: None) -> None:
    done = steps.run(
        """
        import numpy as np, xgboost
        X, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
        model = xgboost.XGBClassifier(n_estimators=3, max_depth=2).fit(X, y)
        booster = model.get_booster()
        expected = model.predict_proba(X)
        """
    )
    assert done.failures == {}
    assert done.values["model"]["kind"] == "model"
    read = steps.run(
        "assert (model.predict_proba(X) == expected).all() and booster.num_boosted_rounds() == 3"
    )
    assert read.changes["mutated"] == []
    assert "model" in steps.run("_ = model.fit(X, 1 - y)").changes["mutated"]
    steps.run("assert not (model.predict_proba(X) == expected).all()")


def test_tensors_arrive_and_views_stay_views(steps: Steps, torch: None) -> None:
    done = steps.run(
        """
        import torch
        t = torch.arange(200_000, dtype=torch.float32).reshape(1000, 200)
        row, small = t[3], torch.tensor([1, 2], dtype=torch.int8)
        leaf = torch.ones(3, requires_grad=True)
        leaf.sum().backward()
        sparse = torch.eye(4).to_sparse()
        kinds = [torch.float64, torch.device("cpu"), torch.Size([2, 3])]
        """
    )
    assert done.failures == {}
    assert done.values["t"]["group"] == ["row", "t"]
    read = steps.run(
        """
        assert t.shape == (1000, 200) and t.dtype == torch.float32 and float(t[3, 1]) == 601 and small.tolist() == [1, 2]
        assert leaf.requires_grad and leaf.grad.tolist() == [1, 1, 1] and float(sparse.to_dense().trace()) == 4
        assert kinds == [torch.float64, torch.device("cpu"), torch.Size([2, 3])]
        """
    )
    assert read.changes["mutated"] == []
    assert {"row", "t"} <= set(steps.run("row[0] = -1").changes["mutated"])
    steps.run("assert float(t[3, 0]) == -1")


def test_a_network_and_its_optimizer_go_on_together(steps: Steps, torch: None) -> None:
    made = steps.run(
        """
        import torch
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(300, 300), torch.nn.ReLU(), torch.nn.Linear(300, 1))
        optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
        data = torch.ones(8, 300)
        before = net(data).detach().clone()
        """
    )
    assert made.failures == {}
    assert made.values["net"]["kind"] == "model"
    assert made.values["net"]["group"] == ["net", "optimizer"]
    assert steps.run("assert torch.equal(net(data), before)").changes["mutated"] == []
    trained = steps.run(
        "loss = net(data).pow(2).mean(); loss.backward(); optimizer.step(); loss = loss.item()"
    )
    assert {"net", "optimizer"} <= set(trained.changes["mutated"])
    steps.run(
        "assert not torch.equal(net(data), before) and optimizer.param_groups[0]['params'][0] is net[0].weight"
    )


def test_what_backward_needs_does_not_travel(steps: Steps, torch: None) -> None:
    done = steps.run("import torch\nw = torch.ones(2, requires_grad=True)\nloss = (w * 2).sum()")
    assert set(done.failures) == {"loss"}
    assert ".detach()" in done.failures["loss"]


def test_the_stream_of_a_seeded_generator_goes_on(bench: Bench, torch: None) -> None:
    seeded = bench.run("import torch\ntorch.manual_seed(3)\na = torch.rand(2)")
    assert "ambient:torch.random" in seeded.writes
    after = bench.follow(
        seeded,
        "b = torch.rand(2).tolist()",
        "torch.manual_seed(3); torch.rand(2); assert torch.rand(2).tolist() == b",
    )
    assert after.error is None
