"""Tasks of Inspect for the tests."""

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import choice, includes, match
from inspect_ai.solver import generate, multiple_choice, prompt_template, system_message, use_tools
from inspect_ai.tool import tool

PLACES = {"France": "Paris", "Japan": "Tokyo", "Kenya": "Nairobi", "Peru": "Lima"}


@task
def capitals():
    return Task(
        dataset=[Sample(input=f"Capital of {k}?", target=v) for k, v in PLACES.items()],
        solver=[system_message("Be brief."), prompt_template("Say it: {prompt}"), generate()],
        scorer=includes(),
    )


@task
def chosen():
    samples = [
        Sample(input=f"Capital of {k}?", choices=["Oslo", v], target="B") for k, v in PLACES.items()
    ]
    return Task(dataset=samples, solver=multiple_choice(), scorer=choice())


@task
def twice():
    return Task(
        dataset=[Sample(input=k, target=v) for k, v in PLACES.items()],
        solver=[generate(), generate()],
        scorer=match(),
    )


@tool
def adder():
    async def execute(a: int, b: int):
        """Add numbers.

        Args:
            a: One.
            b: The other.
        """
        return a + b

    return execute


@task
def tooled():
    return Task(
        dataset=[Sample(input=k, target=v) for k, v in PLACES.items()],
        solver=[use_tools(adder()), generate()],
        scorer=match(),
    )
