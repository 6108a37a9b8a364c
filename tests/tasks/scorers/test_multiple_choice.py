"""Which option an answer picks, and when it picks none."""

import pytest

from hswarm.tasks.scorers.multiple_choice import MultipleChoice, picked
from hswarm.tasks.task import Example
from hswarm.testing.scorers import ScorerContract

ANIMALS = {"A": "cat", "B": "dog", "C": "New York", "D": "York"}
BLANKS = {
    "A": "blank 1: Delph; blank 2: Alvia;",
    "B": "blank 1: Orsa; blank 2: Frisia;",
    "C": "blank 1: Orsa; blank 2: Alvia;",
    "D": "blank 1: Arlo; blank 2: Alvia;",
}
MANY = {letter: f"{number} units" for number, letter in enumerate("ABCDEFGHIJ")}


def item(gold, choices):
    return Example("0", "?", (gold,), choices)


class TestMultipleChoice(ScorerContract):
    scorer = MultipleChoice()
    examples = (
        item("A", ANIMALS),
        item("B", BLANKS),
        item("I", MANY),
        item("2", {"1": "", "2": "x"}),
    )


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        # A bare label
        ("B", "B"),
        ("b", "B"),
        (" (b)\n", "B"),
        ("**B**", "B"),
        ("_B_", "B"),
        ("Option B.", "B"),
        ("Answer: B", "B"),
        # At the start
        ("B. dog", "B"),
        ("B) dog", "B"),
        ("(B) dog", "B"),
        ("B: dog", "B"),
        ("B - dog", "B"),
        ("B\nbecause it barks", "B"),
        ("B because it barks", "B"),
        ("B is right, as dogs bark", "B"),
        ("A is right, as cats purr", "A"),
        ("A, as cats purr", "A"),
        # After "answer is", which outweighs what stands elsewhere
        ("The answer is B.", "B"),
        ("The answer is (B).", "B"),
        ("the ANSWER IS: **B**", "B"),
        ("The answer is option B, since dogs bark.", "B"),
        (r"The answer is $\boxed{B}$", "B"),
        ("The answer is A. No, wait. The answer is B.", "B"),
        ("A. cats meow. B. dogs bark. The answer is B.", "B"),
        ("The answer is B and not plan C", "B"),
        ("The answer is dog, not cat.", None),
        ("A cat is wrong. The answer is dog.", "B"),
        # At the end
        ("Maybe B.", "B"),
        ("Ada's pet is dog. Maybe B.", "B"),
        ("So I choose (B)!", "B"),
        ("It has to be **B**.", "B"),
        # The only choice whose text occurs
        ("It is a dog.", "B"),
        ("A cat", "A"),
        ("A CAT\nof course", "A"),
        ("New York", "C"),
        ("Not New York but York", None),
        ("York", "D"),
        ("A cat and a dog", None),
        # Letters inside words, and words that look like letters
        ("A horse", None),
        ("Dear me, dunno", None),
        ("Concatenate doggedly", None),
        ("A's", None),
        ("B12", None),
        ("DB", None),
        ("hepatitis-B", None),
        ("C++ is a language", None),
        ("D.A. Smith said so", None),
        # Several labels pick none
        ("A or B", None),
        ("A, B and C", None),
        ("Either B/C", None),
        ("A and B are wrong, so C.", "C"),
        ("Between A and B. The answer is B.", "B"),
        ("It is not B.", None),
        ("Made in the USA, B", "B"),
        # Nothing to go by
        ("", None),
        ("The answer is unknown.", None),
        ("The answer is", None),
        ("E", None),
        ("Ｂ", None),
        ("…", None),
    ],
)
def test_reads(answer, label):
    assert picked(answer, ANIMALS) == label


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("Umar's city is Orsa. Orsa's country is Frisia. The answer is B.", "B"),
        ("Umar's city is Orsa. Maybe C.", "C"),
        ("Umar's city is Orsa. The answer is unknown.", None),
        ("blank 1: Orsa; blank 2: Frisia", "B"),
        ("Blank 1: Orsa", None),
        ("A: blank 1: Delph; blank 2: Alvia;\nB: blank 1: Orsa; blank 2: Frisia;\nAnswer: B", "B"),
    ],
)
def test_reads_blanks(answer, label):
    assert picked(answer, BLANKS) == label


@pytest.mark.parametrize(
    ("answer", "label"),
    [("I", "I"), ("I.", "I"), ("I think it's J", "J"), ("I'd say 3 units", "D")],
)
def test_the_letter_i_is_a_word_too(answer, label):
    assert picked(answer, MANY) == label


@pytest.mark.parametrize(
    ("example", "lack"),
    [
        (Example("0", "?", ("A",)), "has no choices"),
        (item("E", ANIMALS), "has the answer 'E', which is none of its choices"),
        (Example("0", "?", (), ANIMALS), "has no answer"),
        (item("A", ANIMALS), None),
    ],
)
def test_says_what_an_item_lacks(example, lack):
    assert MultipleChoice().lacks(example) == lack
