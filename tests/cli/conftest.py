import pytest
from rich.console import Console

from hswarm.search.result import Node, Result, Score, SystemReport, UsageReport

NAMES = ("friends", "homes", "jobs", "pets")


def report(name, dev, test, *, p=None, p_test="McNemar", unscored=0, nodes=None):
    return SystemReport(
        name=name,
        nodes=nodes or (Node(agent="friends", coefficients={"friends": 1.0}, parents=()),),
        dev=Score(utility=dev, items=150),
        test=Score(utility=test, items=500 - unscored, unscored=unscored),
        p_value=p,
        p_test=p_test if p is not None else None,
    )


@pytest.fixture
def result():
    nodes = [
        Node(agent=name, coefficients={name: 1.0}, parents=(k - 1,) if k else ())
        for k, name in enumerate(NAMES)
    ]
    moved = {"friends": 0.05, "homes": -0.1, "jobs": 1.125, "pets": -0.075}
    nodes[2] = nodes[2].model_copy(update={"coefficients": moved})
    return Result(
        task="gaia-text (bundled)",
        pool="tiny",
        method="heterogeneous",
        seed=0,
        iterations=4,
        stopped="max-iterations",
        found=report("found system", 0.64, 0.612, nodes=tuple(nodes)),
        compared=(
            report("best single", 0.2, 0.214, p=3e-31),
            report("best of 5 chains", 0.5, 0.482, p=0.0123, unscored=2),
            report("best of 5 stars", 0.58, 0.566, p=0.25),
        ),
        search=UsageReport(
            answered=120_000, generated=30_000, prompt_tokens=900_000, generated_tokens=150_000
        ),
        total=UsageReport(
            answered=150_000, generated=50_000, prompt_tokens=1_500_000, generated_tokens=250_000
        ),
        failures=("test-0007: out of memory", "test-0012: out of memory"),
        found_in=3,
    )


@pytest.fixture
def printed():
    """Return a renderable as it is printed: 80 columns, no colour, no space at the ends."""

    def render(renderable):
        console = Console(width=80, color_system=None, markup=False, highlight=False, emoji=False)
        with console.capture() as captured:
            console.print(renderable)
        return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())

    return render
