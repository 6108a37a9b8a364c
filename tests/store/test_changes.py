"""What a resumed run may change."""

import pytest

from hswarm.config import BudgetConfig, EngineConfig, RunConfig, SearchConfig, merge
from hswarm.errors import HswarmError
from hswarm.store.changes import Difference, compare_configs, differences, refuse_changes

OLD = RunConfig(
    task="gaia-text",
    search=SearchConfig(max_iterations=4),
    budget=BudgetConfig(max_tokens=1000),
    engine=EngineConfig(batch_size=8),
)


def changed(**changes):
    return RunConfig.model_validate(merge(OLD.model_dump(), changes))


def test_equal_configs_have_no_differences():
    assert compare_configs(OLD, changed()) == ()


def test_differences_are_named_by_dotted_key():
    new = changed(task="gsm8k", search={"role": {"top_p": 0.8, "shapes": []}})
    assert compare_configs(OLD, new) == (
        Difference("search.role.shapes", list(OLD.search.role.shapes), []),
        Difference("search.role.top_p", 0.0, 0.8),
        Difference("task", "gaia-text", "gsm8k"),
    )


def test_difference_reads_as_old_to_new():
    assert str(Difference("search.seed", 0, 1)) == "search.seed: 0 → 1"


def test_keys_that_come_and_go_are_differences():
    old = {"versions": {"torch": "2.13.0", "peft": "0.21"}}
    assert differences(old, {"versions": {"torch": "2.14.0", "numpy": "2.4"}}) == (
        Difference("versions.numpy", None, "2.4"),
        Difference("versions.peft", "0.21", None),
        Difference("versions.torch", "2.13.0", "2.14.0"),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"search": {"max_iterations": 5}},
        {"budget": {"max_tokens": 1001}},
        {"budget": {"max_tokens": None}},
        {"engine": {"batch_size": 2, "threads": 1}},
        {"engine": {"batch_size": None}},
    ],
)
def test_what_may_change(changes):
    new = changed(**changes)
    assert refuse_changes(OLD, new) == compare_configs(OLD, new)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"search": {"seed": 1}}, "search.seed: 0 → 1"),
        ({"search": {"patience": 7}}, "search.patience: 6 → 7"),
        ({"task": "gsm8k"}, "task: 'gaia-text' → 'gsm8k'"),
        ({"limit": 3}, "limit: None → 3"),
        ({"engine": {"dtype": "bfloat16"}}, "engine.dtype: 'auto' → 'bfloat16'"),
        ({"engine": {"memo": False}}, "engine.memo: True → False"),
        ({"search": {"max_iterations": 3}}, "search.max_iterations: 4 → 3"),
        ({"budget": {"max_tokens": 999}}, "budget.max_tokens: 1000 → 999"),
        ({"budget": {"max_seconds": 60}}, "budget.max_seconds: None → 60"),
    ],
)
def test_what_may_not(changes, shown):
    with pytest.raises(HswarmError) as caught:
        refuse_changes(OLD, changed(**changes))
    assert shown in str(caught.value)


def test_only_what_is_refused_is_shown_and_all_of_it():
    new = changed(search={"seed": 1, "max_iterations": 9}, pool="other")
    with pytest.raises(HswarmError) as caught:
        refuse_changes(OLD, new)
    assert "search.seed: 0 → 1" in str(caught.value)
    assert "pool: 'tiny' → 'other'" in str(caught.value)
    assert "max_iterations" not in str(caught.value)


def test_hint_knows_a_lowered_budget():
    with pytest.raises(HswarmError) as caught:
        refuse_changes(OLD, changed(search={"max_iterations": 1}))
    assert "not lowered" in caught.value.hint
