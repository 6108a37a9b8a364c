"""How an item is put to a model."""

from __future__ import annotations

from collections.abc import Mapping


def question_text(question: str, choices: Mapping[str, str], template: str | None = None) -> str:
    """Return the question as a node sees it: the choices, if any, on lines of their own.

    A template says so otherwise: "{question}" and "{choices}" in it are replaced.
    """
    options = [f"{label}: {text}" for label, text in choices.items()]
    if template is None:
        return "\n".join((question, *options))
    # In this order: what a question happens to say is never taken for a place to fill.
    before, question_place, after = template.partition("{question}")
    shown = "\n".join(options)
    filled = [part.replace("{choices}", shown) for part in (before, after)]
    return (question if question_place else "").join(filled)


def after_demonstration(demonstration: str, question: str) -> str:
    """Return the question with a solved example before it, as one text.

    A node's prompt says "Question:" before this text, so where the demonstration begins with that
    word it is dropped there, and said again before the question that is really asked.
    """
    opening = "Question:"
    if demonstration.startswith(opening):
        question = f"{opening} {question}"
    return f"{demonstration.removeprefix(opening).strip()}\n{question}"
