"""Several families in one runner: each flush goes to their runners one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hswarm.engines.batching import Ending, Outcome, Runner
from hswarm.engines.request import Blend, Request
from hswarm.errors import HswarmError


class FamiliesRunner:
    """Answers requests for blends of the families whose runners it has, by fingerprint.

    One family at a time, each with the whole machine: their order, and so every answer, depends on
    nothing but what is asked.
    """

    def __init__(self, runners: Mapping[str, Runner]) -> None:
        self._runners = runners

    def run(self, requests: Sequence[Request], /) -> Iterator[Sequence[tuple[int, Outcome]]]:
        """Answer `requests`, one family after the other; HswarmError if there is a foreign one."""
        shares: dict[str, list[int]] = {family: [] for family in self._runners}
        for place, request in enumerate(requests):
            model = request.model
            if not isinstance(model, Blend) or model.family not in shares:
                raise no_engine(request)
            shares[model.family].append(place)
        for family, places in shares.items():
            if places:
                for batch in self._runners[family].run([requests[place] for place in places]):
                    yield [(places[place], outcome) for place, outcome in batch]

    def close(self) -> None:
        """End the runners."""
        for runner in self._runners.values():
            if isinstance(runner, Ending):
                runner.close()


def no_engine(request: Request) -> HswarmError:
    """Return the error for a request that nobody here can answer."""
    return HswarmError(
        f"No engine at hand runs {request.model}.",
        hint="It belongs to another pool, or its files have changed.",
    )
