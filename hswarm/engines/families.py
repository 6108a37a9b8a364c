"""Several families in one runner: each flush goes to their runners one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from hswarm.engines.batching import Audience, Batch, Ending, Runner
from hswarm.engines.request import Blend, Request
from hswarm.errors import HswarmError
from hswarm.experts.family import Family


@runtime_checkable
class Beside(Protocol):
    """A runner whose base another family's runner can share."""

    def adopt(self, family: Family, /) -> Runner:
        """Return a runner for `family`."""
        ...


class FamiliesRunner:
    """Answers requests for blends of the families whose runners it has, by fingerprint.

    One family at a time, each with the whole machine: their order, and so every answer, depends on
    nothing but what is asked.
    """

    def __init__(self, runners: Mapping[str, Runner]) -> None:
        self._runners = dict(runners)

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        """Answer `requests`, one family after the other; HswarmError if there is a foreign one."""
        shares: dict[str, list[int]] = {family: [] for family in self._runners}
        for place, request in enumerate(requests):
            model = request.model
            if not isinstance(model, Blend) or model.family not in shares:
                raise no_engine(request)
            shares[model.family].append(place)
        for family, places in shares.items():
            if places:
                share = [requests[place] for place in places]
                for batch in self._runners[family].run(share, audience.among(places)):
                    yield [(places[number], news) for number, news in batch]

    def check_adopting(self, beside: str, /) -> None:
        """Raise HswarmError if the runner of the family `beside` shares its base with nobody."""
        self._beside(beside)

    def adopt(self, family: Family, beside: str, /) -> None:
        """Take on `family`, on the base that the family `beside` has loaded; HswarmError if not."""
        self._runners[family.fingerprint] = self._beside(beside).adopt(family)

    def dismiss(self, fingerprint: str, /) -> None:
        """Let go of a family that was adopted."""
        del self._runners[fingerprint]

    def close(self) -> None:
        """End the runners."""
        for runner in self._runners.values():
            if isinstance(runner, Ending):
                runner.close()

    def _beside(self, family: str) -> Beside:
        runner = self._runners[family]
        if not isinstance(runner, Beside):
            raise HswarmError(
                "The engine vllm takes on no experts while it runs, and this method makes some.",
                hint="Use --engine transformers.",
            )
        return runner


def no_engine(request: Request) -> HswarmError:
    """Return the error for a request that nobody here can answer."""
    return HswarmError(
        f"No engine at hand runs {request.model}.",
        hint="It belongs to another pool, or its files have changed.",
    )
