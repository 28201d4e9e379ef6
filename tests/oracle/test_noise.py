"""What the oracle takes for noise in outputs, and what it does not."""

from __future__ import annotations

import pytest

from .oracle import normal_text


def test_seconds_that_a_search_shows_are_noise_and_its_scores_are_not() -> None:
    pytest.importorskip("sklearn")
    from sklearn.model_selection import GridSearchCV
    from sklearn.tree import DecisionTreeClassifier

    samples = [[i, i % 3] for i in range(30)]
    search = GridSearchCV(DecisionTreeClassifier(random_state=1), {"max_depth": [1, 2]}, cv=3)
    search.fit(samples, [i % 2 for i in range(30)])
    before = search._repr_html_()
    search.refit_time_ = 12.5
    search.cv_results_["mean_fit_time"][:] = 34.5
    search.cv_results_["std_score_time"][:] = 0.75
    slower = search._repr_html_()
    assert slower != before
    assert normal_text(slower) == normal_text(before)
    if "best_score_" not in before:
        pytest.skip("this scikit-learn does not show the scores of a search")
    search.best_score_ = 0.125
    assert normal_text(search._repr_html_()) != normal_text(before)


def test_a_shortened_address_is_noise() -> None:
    assert normal_text("<td>&lt;sklearn.tree...x7f8cf59ed610&gt;") == normal_text(
        "<td>&lt;sklearn.tree...x7fee590e9610&gt;"
    )
    assert normal_text("12...34567") == "12...34567"
