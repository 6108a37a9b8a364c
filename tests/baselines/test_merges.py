"""Merged experts: made in a workshop, named by their content, kept only if they are the best."""

import asyncio
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from hswarm.baselines.attempt import attempt
from hswarm.baselines.workshop import open_found
from hswarm.errors import HswarmError
from hswarm.experts.blend import stack_experts
from hswarm.experts.change import change_of
from hswarm.experts.family import open_sibling
from hswarm.experts.merge import slerp
from hswarm.search.result import describe

sys.path.insert(0, str(Path(__file__).parent))
from arena import make_shop, make_trials, small_family


def test_what_is_written_is_the_merge_of_the_best_two():
    trials = make_shop()
    found, _ = asyncio.run(attempt("slerp", trials))

    # On the landscape the first two experts are the best.
    family, stack = small_family(), stack_experts(small_family())
    merged = slerp(*(change_of(family, stack, k) for k in (0, 1)))
    tensors = load_file(trials.workshop.folder / "slerp 2" / "adapter_model.safetensors")
    for module, factors in merged.items():
        up, down = (tensors[f"base_model.model.{module}.lora_{side}.weight"] for side in "BA")
        assert np.allclose(up @ down, factors.dense().numpy(), atol=1e-5)
    assert trials.setting.roster.name(found.candidate.agents[0]) == "slerp 2"


def test_a_merge_changes_the_model_by_what_it_says():
    """The engine adds factor · B·A, and the factor of what is written is 1."""
    trials = make_shop()
    asyncio.run(attempt("slerp", trials))
    merged = open_sibling(small_family(), "merged", trials.workshop.folder / "slerp 2")

    assert merged.scale.factor == 1.0
    assert merged.scale.rank == 2 * small_family().scale.rank
    assert merged.modules == small_family().modules
    assert merged.base_fingerprint == small_family().base_fingerprint
    assert merged.fingerprint != small_family().fingerprint


def test_only_the_best_is_kept_and_answered_for():
    trials = make_shop()
    found, _ = asyncio.run(attempt("dare-ties", trials))
    name = trials.setting.roster.name(found.candidate.agents[0])
    (model,) = found.candidate.models(trials.setting.roster)

    assert [path.name for path in trials.workshop.folder.iterdir()] == [name]
    assert trials.workshop.engine.here == [model.family]


def test_a_finished_expert_is_not_made_again():
    trials = make_shop()
    asyncio.run(attempt("slerp", trials))
    weights = trials.workshop.folder / "slerp 2" / "adapter_model.safetensors"
    before = weights.stat().st_mtime_ns
    again = make_shop()
    again.workshop.folder = trials.workshop.folder
    asyncio.run(attempt("slerp", again))

    assert weights.stat().st_mtime_ns == before
    assert again.found == trials.found


def test_what_was_found_is_found_again_and_nothing_else_is_taken_for_it():
    trials = make_shop()
    found, _ = asyncio.run(attempt("slerp", trials))
    nodes = describe(found.candidate, trials.setting.roster)
    folder = trials.workshop.folder

    (opened,) = open_found(nodes, [small_family()], folder)
    assert opened.fingerprint == nodes[0].made
    config = folder / "slerp 2" / "adapter_config.json"
    config.write_text(config.read_text().replace('"lora_alpha": 4', '"lora_alpha": 5'))
    with pytest.raises(HswarmError, match="not the one that the run found"):
        open_found(nodes, [small_family()], folder)


def test_a_pool_with_too_few_experts_is_refused_before_anything_is_evaluated():
    trials = make_trials(experts=2)
    with pytest.raises(HswarmError, match="model-stock merges 3 experts at least"):
        asyncio.run(attempt("model-stock", trials))
    assert trials.setting.tally.spent == 0


def test_what_no_task_has_a_part_in_is_made_once_for_all_runs(tmp_path):
    shops = [make_shop().workshop for _ in range(2)]
    family = small_family()
    made = []

    def write(folder):
        made.append(folder)
        shutil.copytree(family.experts[0].folder, folder)

    for shop in shops:
        shop.common = tmp_path / "common"
        shop.make("copy", family, write, common="copy, seed 0")
    assert len(made) == 1
    shops[0].make("copy", family, write, common="copy, seed 1")  # it is there
    shops[1].make("other", family, write, common="copy, seed 1")
    assert len(made) == 2
    assert {file.name for file in (shops[1].folder / "copy").iterdir()} == {
        file.name for file in family.experts[0].folder.iterdir()
    }
