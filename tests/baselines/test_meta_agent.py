"""A model that designs graphs is read strictly."""

import asyncio
import sys
from pathlib import Path

import pytest

from hswarm.baselines.attempt import attempt
from hswarm.baselines.meta_agent import read_proposal, write_task
from hswarm.errors import HswarmError
from hswarm.search.events import Note

sys.path.insert(0, str(Path(__file__).parent))
from arena import Arena, make_trials

GOOD = '{"edges": [["b", "a"], ["c", "a"]]}'


@pytest.mark.parametrize("said", [GOOD, f"```json\n{GOOD}\n```", f"  {GOOD}\n"])
def test_a_proposal_is_a_system_of_those_it_names(said):
    candidate = read_proposal(said, make_trials())

    assert candidate.agents == (0, 1, 2)
    assert candidate.dag.edges == [(1, 0), (2, 0)]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("A better design is a chain.", "not JSON"),
        (f"Here it is: {GOOD}", "not JSON"),
        ('{"edges": []}', "not JSON"),
        ('{"edges": [["a", "b", "c"]]}', "not JSON"),
        ('{"edges": [["a", "b"]], "why": "it is good"}', "not JSON"),
        ('{"edges": [["a", "zoe"]]}', "no agent called 'zoe'"),
        ('{"edges": [["a", "b"], ["b", "a"]]}', "cycle"),
        ('{"edges": [["a", "a"]]}', "cycle"),
        ('{"edges": [["a", "b"], ["a", "c"]]}', "2 end nodes"),
    ],
)
def test_anything_else_is_refused_in_a_line(said, why):
    with pytest.raises(ValueError, match=why) as refused:
        read_proposal(said, make_trials())
    assert "\n" not in str(refused.value)


def test_a_bad_proposal_is_asked_for_again_with_what_was_wrong():
    prompts = []
    engine = Arena(scripted=["no idea", GOOD])
    plain = engine.generate

    async def overhear(request):
        prompts.append(request.prompt)
        return await plain(request)

    engine.generate = overhear
    asyncio.run(attempt("meta-agent", make_trials(engine=engine, limit=7)))
    designs = [prompt for prompt in prompts if prompt.startswith("Design")]
    assert "could not be used: it is not JSON" in designs[1]
    assert GOOD in designs[2]
    assert "could not be used" not in designs[2]


def test_three_bad_proposals_in_a_row_are_enough_and_what_was_made_by_hand_is_left():
    heard = []
    trials = make_trials(engine=Arena(scripted=["no"] * 3))
    object.__setattr__(trials.setting, "observe", heard.append)
    found, ending = asyncio.run(attempt("meta-agent", trials))

    assert ending == "done"
    assert any("3 proposals in a row" in note.text for note in heard if isinstance(note, Note))
    assert len(found.candidate.dag) == 4


def test_the_designer_is_told_who_is_good_at_what():
    trials = make_trials()
    trials.descriptions = {"a": "sums"}
    prompt = write_task(trials, {GOOD: 0.5})

    assert "- a: sums\n- b\n" in prompt
    assert f"- 0.500: {GOOD}" in prompt


def test_the_designer_can_be_named():
    with pytest.raises(HswarmError, match="'zoe'"):
        asyncio.run(attempt("meta-agent", make_trials(baseline={"designer": "zoe"})))
    trials = make_trials(baseline={"designer": "d"})
    asyncio.run(attempt("meta-agent", trials))
    assert trials.setting.tally.spent <= 20
