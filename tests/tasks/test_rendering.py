"""The text a node sees after "Question:"."""

from hswarm.tasks.rendering import after_demonstration, question_text


def test_choices_stand_on_lines_of_their_own():
    assert question_text("Which?", {"A": "cat", "B": "dog"}) == "Which?\nA: cat\nB: dog"


def test_a_question_without_choices_stays_as_it_is():
    assert question_text("How many?\n", {}) == "How many?\n"


def test_a_demonstration_goes_before_the_question():
    assert after_demonstration("Q: 1+1? The answer is 2.", "2+2?") == (
        "Q: 1+1? The answer is 2.\n2+2?"
    )


def test_question_is_said_once_before_each_of_both():
    text = after_demonstration("Question: 1+1?\nThe answer is 2.", "2+2?")
    assert f"Question: {text}" == "Question: 1+1?\nThe answer is 2.\nQuestion: 2+2?"
