"""Settings of steps that this machine does not have."""

from __future__ import annotations

import pytest

from kfjlab.notebook.pipeline import Pipeline, SecretRef, Step, StepSettings
from kfjlab.targets.base import RunOptions
from kfjlab.targets.local import LocalTarget


def problems(*steps: Step) -> list[tuple[str, str]]:
    return [(p.code, p.message) for p in LocalTarget().check(Pipeline("nb", "nb.ipynb", steps), RunOptions())]


def test_what_only_a_cluster_does_is_said_once_for_all_steps() -> None:
    elsewhere = StepSettings(image="some/image:1")
    ((code, message),) = problems(
        Step("a", (), settings=elsewhere), Step("b", ()), Step("c", (), settings=elsewhere)
    )
    assert code == "not-on-this-machine"
    assert message.startswith("Steps 'a', 'c' have the setting image; on this machine")
    ((_, message),) = problems(Step("a", (), settings=elsewhere))
    assert message.startswith("Step 'a' has the setting image;")
    assert problems(Step("b", ())) == []


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step("a", (), settings=StepSettings(secrets=(SecretRef("store", "key", "TOKEN_OF_A_TEST"),)))
    ((code, message),) = problems(step)
    assert code == "secret-not-set"
    assert "Set TOKEN_OF_A_TEST before running." in message
    monkeypatch.setenv("TOKEN_OF_A_TEST", "x")
    assert problems(step) == []
