"""The papers' z-test on what they print: do the stars follow from the accuracies and the sizes?"""

import pytest

from hswarm.analysis.importance import role_weight_importance
from hswarm.analysis.statistics import stars, z_test

# Heterogeneous Swarms, Table 1 (its result, the best baseline), Table 5 (test size, stars).
PRINTED = {
    "MMLU-pro": (0.312, 0.254, 1000, "***"),
    "K-Crosswords": (0.450, 0.428, 1000, "***"),
    "COM2": (0.579, 0.539, 1000, "**"),
    "GSM8k": (0.481, 0.459, 1000, ""),
    "NLGraph": (0.660, 0.672, 1000, ""),
    "Normad": (0.588, 0.554, 2000, "**"),
    "GAIA-text": (0.250, 0.143, 28, ""),
    "AgentBench-KG": (0.425, 0.392, 120, ""),
    "AgentBench-LTP": (0.215, 0.148, 50, ""),
    "Qasper": (0.266, 0.225, 100, ""),
    "AbstainQA": (0.220, 0.175, 1000, "***"),
    "WoW": (0.590, 0.565, 1000, ""),
}
DISAGREES = "K-Crosswords"


def marked(found, best_baseline, size, _):
    return stars(z_test((round(found * size), round(best_baseline * size)), (size, size)))


@pytest.mark.parametrize("name", sorted(set(PRINTED) - {DISAGREES}))
def test_the_stars_follow_from_the_accuracies(name):
    assert marked(*PRINTED[name]) == PRINTED[name][-1]


def test_those_of_knowledge_crosswords_do_not():
    assert marked(*PRINTED[DISAGREES]) == ""
    found, best_baseline, size, _ = PRINTED[DISAGREES]
    # z = .022 / sqrt(.439 · .561 · 2/1000) = .991
    assert z_test((450, 428), (size, size)) == pytest.approx(0.1608, abs=1e-4)
    assert found - best_baseline == pytest.approx(0.022)


@pytest.mark.parametrize(
    ("p", "mark"), [(0.0099, "***"), (0.01, "**"), (0.05, "*"), (0.0999, "*"), (0.1, ""), (1.0, "")]
)
def test_stars(p, mark):
    assert stars(p) == mark


# Heterogeneous Swarms, Table 2: B_r, B_w, w/o role, w/o weight, consistent?
IMPORTANCE = {
    "MMLU-pro": (0.218, 0.222, 0.242, 0.237, True),
    "K-Crosswords": (0.318, 0.352, 0.352, 0.342, True),
    "COM2": (0.486, 0.490, 0.515, 0.492, True),
    "GSM8k": (0.323, 0.325, 0.392, 0.363, True),
    "NLGraph": (0.531, 0.538, 0.530, 0.588, False),
    "Normad": (0.480, 0.494, 0.564, 0.557, True),
    "GAIA-text": (0.095, 0.082, 0.107, 0.143, True),
    "AgentBench-KG": (0.318, 0.342, 0.317, 0.325, False),
    "AgentBench-LTP": (0.132, 0.112, 0.140, 0.164, True),
    "Qasper": (0.205, 0.169, 0.222, 0.241, True),
    "AbstainQA": (0.042, 0.067, 0.133, 0.119, True),
    "WoW": (0.488, 0.516, 0.539, 0.510, True),
}


@pytest.mark.parametrize("name", IMPORTANCE)
def test_the_consistency_of_table_2(name):
    role, weight, without_role, without_weight, consistent = IMPORTANCE[name]
    importance = role_weight_importance(
        [role], [weight], without_role=without_role, without_weight=without_weight
    )
    assert importance.consistent is consistent


def test_means_are_over_the_baselines_and_equal_means_say_nothing():
    importance = role_weight_importance([0.2, 0.4], [0.3], without_role=0.1, without_weight=0.1)
    assert importance.role_baselines == pytest.approx(0.3)
    assert importance.in_search == "neither"
    assert not importance.consistent
    with pytest.raises(ValueError, match="both kinds"):
        role_weight_importance([], [0.3], without_role=0.1, without_weight=0.2)
