"""Our scorers beside the reference implementations, on a thousand generated answers each.

Every difference must be of a kind that the scorer's own docstring explains.
"""

import random
import re
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from types import SimpleNamespace

import pytest

from hswarm.tasks.scorers.gaia import Gaia
from hswarm.tasks.scorers.last_number import LastNumber
from hswarm.tasks.scorers.multiple_choice import MultipleChoice
from hswarm.tasks.task import Example

COUNT = 1000


def draw(seed):
    return random.Random(seed)


def gaia_pair(rng):
    """A gold answer and an answer as GAIA asks for it: bare, more or less right."""
    words = ["Lund", "St. Petersburg", "egg whites", "Ada-Marie", "blue", "Ångström"]
    kind = rng.choice(["number", "text", "list", "numbers"])
    if kind == "number":
        gold = rng.choice(["17", "3.5", "1234", "-8", "0.20"])
        said = rng.choice(
            [gold, f"${gold}", f"{gold}%", "1,234", f"{gold} ", f"{gold}0", "17.0", "two", ""]
        )
    elif kind == "text":
        gold = rng.choice(words)
        said = rng.choice(
            [gold, gold.upper(), f" {gold}", gold.replace(" ", ""), f"{gold}!", rng.choice(words)]
        )
    else:
        size = rng.randint(2, 3)
        parts = [rng.choice(words if kind == "list" else ["3", "12", "4.5"]) for _ in range(size)]
        gold = rng.choice([", ", "; ", ","]).join(parts)
        other = rng.sample(parts, size)
        said = rng.choice(
            [gold, ", ".join(other), ";".join(parts), ", ".join(parts[:-1]), gold.lower()]
        )
    return gold, said


def official():
    """Return the module with the leaderboard's scorer, without its package's requirements."""
    (folder,) = find_spec("inspect_evals").submodule_search_locations
    spec = spec_from_file_location("official_gaia", f"{folder}/gaia/scorer.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.needs_inspect_evals
def test_gaia_agrees_with_the_official_question_scorer():
    question_scorer = official().question_scorer
    rng = draw(1)
    for _ in range(COUNT):
        gold, said = gaia_pair(rng)
        ours = Gaia()(Example("0", "?", (gold,)), said)
        assert bool(ours) == question_scorer(said, gold)[0], (gold, said)


GSM8K = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")


def gsm8k_pair(rng):
    """A gold number and worked steps that end in it, or in another one."""
    gold = rng.choice([3, 18, 1200, 45, -7])
    end = gold if rng.random() < 0.7 else rng.choice([5, 12, 99])
    shown = rng.choice(
        [f"{end}", f"{end:,}", f"${end}", f"{end} apples", f"{end}.", f"{end:,} dollars."]
    )
    steps = rng.choice(["", "3 * 4 = 12. ", "She has 5 left, and then\n", "So 20% of 60 is 12.\n"])
    return str(gold), steps + rng.choice(["The answer is ", "#### ", "That makes ", ""]) + shown


@pytest.mark.needs_lm_eval
def test_gsm8k_agrees_with_the_harness():
    from lm_eval.api.metrics import exact_match_hf_evaluate
    from lm_eval.filters.extraction import RegexFilter

    extract = RegexFilter(GSM8K.pattern, group_select=-1)
    ignored = [",", r"\$", r"(?s).*#### ", r"\.$"]
    rng = draw(2)
    for _ in range(COUNT):
        gold, said = gsm8k_pair(rng)
        (found,) = extract.apply([[said]], [{}])
        theirs = exact_match_hf_evaluate(
            predictions=found, references=[gold], regexes_to_ignore=ignored, ignore_case=True
        )["exact_match"]
        ours = LastNumber()(Example("0", "?", (gold,)), said)
        assert ours == float(theirs), (gold, said)


def choice_pair(rng):
    """Four choices and an answer that says its letter in one of the usual ways, or none."""
    letter = rng.choice("ABCD")
    form = rng.choice(
        [
            "The answer is ({}).",
            "the answer is {}",
            "The answer is {}.",
            "Cats purr, so the answer is ({}).",
            "First it seemed the answer is (A). But the answer is ({}).",
            "I cannot tell.",
            "",
        ]
    )
    return letter, form.format(letter)


MMLU_PRO = re.compile(r"answer is \(?([ABCDEFGHIJ])\)?")


@pytest.mark.needs_lm_eval
def test_multiple_choice_agrees_with_the_harness():
    """The harness takes the first "answer is"; ours the last, for a model may change its mind."""
    from lm_eval.filters.extraction import RegexFilter

    extract = RegexFilter(MMLU_PRO.pattern)
    choices = {"A": "a lake", "B": "a river", "C": "a hill", "D": "a well"}
    rng = draw(3)
    for _ in range(COUNT):
        gold = rng.choice("ABCD")
        _, said = choice_pair(rng)
        (found,) = extract.apply([[said]], [{}])
        ours = MultipleChoice()(Example("0", "?", (gold,), choices), said)
        changed = len(MMLU_PRO.findall(said)) > 1
        assert changed or ours == float(found[0] == gold), (gold, said)
        if changed:
            assert ours == float(MMLU_PRO.findall(said)[-1] == gold)


@pytest.mark.needs_inspect
def test_multiple_choice_agrees_with_inspect():
    from inspect_ai.solver._multiple_choice import parse_answers

    choices = {"A": "a lake", "B": "a river", "C": "a hill", "D": "a well"}
    rng = draw(4)
    for _ in range(COUNT):
        gold, letter = rng.choice("ABCD"), rng.choice("ABCD")
        form = rng.choice(
            ["ANSWER: {}", "Because it is wet.\n\nANSWER: {}", "answer: {}", "It is wet."]
        )
        said = form.format(letter)
        state = SimpleNamespace(output=SimpleNamespace(completion=said), choices=list(choices))
        theirs = parse_answers(state, multiple_correct=False) == {gold}
        assert bool(MultipleChoice()(Example("0", "?", (gold,), choices), said)) == theirs, said
