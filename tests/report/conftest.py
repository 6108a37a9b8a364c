"""Runs whose answers are made up: searched, recorded and compared as always, in a moment."""

import hashlib

import pytest

from hswarm.api import configure, start
from hswarm.engines import assemble
from hswarm.engines.request import Completion
from hswarm.session import Watch
from hswarm.tasks.load import load_task

ITEMS = 6


class MadeUp:
    """Knows an answer now and then, more often the more it is told; the same every time."""

    def __init__(self, task):
        self.gold = {e.question: e.answers[0] for e in (*task.dev, *task.test)}

    def check_adopting(self, beside, /):
        """Any family can be taken on."""

    def adopt(self, family, beside, /):
        """Answer for what is made, too, as for anybody."""

    def dismiss(self, fingerprint, /):
        """Forget nobody."""

    def run(self, requests, audience, /):
        yield [(place, self.answer(request)) for place, request in enumerate(requests)]

    def answer(self, request):
        gold = self.gold.get(request.prompt.partition("Question: ")[2], "nothing")
        told = request.prompt.count(f"The answer is {gold}.")
        luck = int(hashlib.sha256(request.key().encode()).hexdigest()[:6], 16) / 16**6
        said = gold if luck < 0.2 + 0.3 * told else f"guess {int(9 * luck)}"
        return Completion(f"So it is. The answer is {said}.", 20, 8)


@pytest.fixture(scope="session")
def making():
    """Make a run: its folder, and settings as `configure` takes them."""
    task = load_task("gaia-text", limit=ITEMS)

    def make(folder, *, pool="tiny", search=None, **options):
        small = {"role": {"particles": 3, "moves": 2, **(search or {}).pop("role", {})}}
        settings = {"search": {**small, **(search or {})}}
        config = configure("gaia-text", pool=pool, limit=ITEMS, settings=settings, **options)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(assemble, "load_runner", lambda *_: MadeUp(task))
            start(config, folder, Watch())
        return folder

    return make


@pytest.fixture(scope="session")
def made_up_run(making, tmp_path_factory):
    """A run of two iterations; for reading only."""
    return making(tmp_path_factory.mktemp("runs") / "whole", max_iterations=2)


@pytest.fixture
def made_up_models(monkeypatch):
    """Whoever is asked from now on makes it up."""
    task = load_task("gaia-text", limit=ITEMS)
    monkeypatch.setattr(assemble, "load_runner", lambda *_: MadeUp(task))


@pytest.fixture
def no_models(monkeypatch):
    """Whoever loads a model fails the test."""

    def load(families, config, mixtures):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(assemble, "load_runner", load)
