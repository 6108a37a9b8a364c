"""A baseline is run, exported and asked like a search, one that makes an expert included."""

import json
import shutil
from pathlib import Path

import pytest

import hswarm
from hswarm.api import Watch, resume
from hswarm.baselines import cbtm
from hswarm.errors import HswarmError
from hswarm.pipeline.export import export
from hswarm.report.write import write_report

TINY = Path(__file__).parents[2] / "agents" / "tiny"


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """A run of slerp, on two items, that was first given too small a budget."""
    folder = tmp_path_factory.mktemp("runs") / "slerp"
    settings = {"engine": {"threads": 1}}
    with pytest.raises(HswarmError, match="before it had a system") as refused:
        hswarm.optimize(
            "gaia-text", method="slerp", limit=2, max_evaluations=9, run=folder, settings=settings
        )
    assert "--max-evaluations" in refused.value.hint
    resume(folder, Watch(), {"budget": {"max_evaluations": 11}})
    return folder


def test_a_baseline_gives_the_same_kind_of_result(merged):
    result = json.loads((merged / "result.json").read_text())

    assert (result["method"], result["stopped"], result["evaluations"]) == ("slerp", "done", 11)
    assert result["found"]["nodes"][0]["agent"] == "slerp 2"
    assert result["found"]["test"]["items"] == 2
    assert result["compared"][0]["name"] == "best single"


def test_resumed_it_finds_the_same_again(merged):
    before = (merged / "result.json").read_bytes()
    (merged / "result.json").unlink()
    resume(merged, Watch())

    assert (merged / "result.json").read_bytes() == before


def test_what_was_made_is_exported_and_answers_as_it_did(merged, tmp_path):
    contents = export(merged, tmp_path / "pipeline")

    assert contents.report.golden.recorded == contents.report.golden.same == 2
    with hswarm.load(tmp_path / "pipeline") as pipeline:
        assert [turn.agent for turn in pipeline.answer("Who is Ada?").turns] == ["slerp 2"]


def test_a_vote_is_exported_verified_and_served_as_one_model(tmp_path):
    folder = tmp_path / "run"
    result = hswarm.optimize(
        "gaia-text",
        method="prediction-merge",
        limit=2,
        run=folder,
        settings={"engine": {"threads": 1}},
    )
    (node,) = result.found.nodes
    assert (node.agent, len(node.members), result.evaluations) == ("plurality", 10, 1)

    contents = export(folder, tmp_path / "pipeline")
    assert contents.report.golden.recorded == contents.report.golden.same == 2
    assert contents.blueprint.models.agents["plurality"].members == node.members
    with hswarm.load(tmp_path / "pipeline") as pipeline:
        (turn,) = pipeline.answer("Who is Ada?").turns
    assert turn.agent == "plurality"
    assert turn.completion.generated_tokens >= 10


def test_who_is_nearest_by_an_encoder_is_told_by_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(cbtm, "DOCUMENTS", 2)
    encoder = Path(shutil.copytree(TINY / "base", tmp_path / "encoder"))
    settings = {
        "engine": {"threads": 1},
        "search": {"baseline": {"embedder": str(encoder)}},
    }
    run, out = tmp_path / "run", tmp_path / "pipeline"
    hswarm.optimize(
        "gaia-text", method="cbtm", limit=2, max_evaluations=1, run=run, settings=settings
    )
    contents = export(run, out)

    assert contents.blueprint.models.agents["nearest 2"].rule.embedder == str(encoder)
    assert str(encoder) in (out / "README.md").read_text()
    with hswarm.load(out) as pipeline:
        assert [turn.agent for turn in pipeline.answer("Who is Ada?").turns] == ["nearest 2"]
    config = encoder / "config.json"
    config.write_text(config.read_text().replace('"rms_norm_eps"', '"norm_eps"'))
    with pytest.raises(HswarmError, match="is not the one that questions were compared by"):
        hswarm.load(out)


def test_what_was_made_is_reported_and_can_be_asked_more(merged, tmp_path):
    html = write_report(merged, out=tmp_path, ask=True).read_text()
    assert "slerp 2 was made in the run and lies in its folder: experts/slerp 2." in html
    assert "Mean entropy of the answers in bits: found system" in html  # of questions put anew
