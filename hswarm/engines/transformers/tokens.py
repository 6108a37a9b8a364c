"""The runner of a mixture: requests in, answers out, through the models of several families."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hswarm.engines.batching import Audience, Batch, Outcome
from hswarm.engines.families import no_engine
from hswarm.engines.request import Blend, CallFailed, Request, TooLong
from hswarm.engines.transformers.choir import Choir, Section
from hswarm.engines.transformers.rows import Row
from hswarm.engines.transformers.runner import TransformersRunner
from hswarm.engines.transformers.sampling import draw_noise
from hswarm.engines.transformers.speech import Speech
from hswarm.experts.mixture import Mixture
from hswarm.experts.vocabulary import share, vocabulary_of


class TokensRunner:
    """Answers requests for rows of one mixture, in this process.

    It shares the bases with the `runners` of the mixture's families. An expert that counts for
    nothing in a row is not run. What an answer took is told in tokens of the first base that is.
    """

    def __init__(self, mixture: Mixture, runners: Sequence[TransformersRunner]) -> None:
        self._mixture = mixture
        self._runners = runners
        vocabularies = [vocabulary_of(family) for family in mixture.families]
        share(vocabularies)  # said now if there is nothing to mix
        starts = [sum(map(len, mixture.families[:k])) for k in range(len(runners))]
        self._columns = [
            range(start, start + len(family))
            for start, family in zip(starts, mixture.families, strict=True)
        ]
        team = min((runner.team for runner in runners), key=lambda team: team.lanes)
        memory = team.memory // len(runners)

        def choir() -> Choir:
            return Choir(
                [
                    Section(runner.instrument(memory), runner.prompts, vocabulary, columns)
                    for runner, vocabulary, columns in zip(
                        runners, vocabularies, self._columns, strict=True
                    )
                ]
            )

        self._crew = team.gather([choir() for _ in range(team.lanes)])

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        """Answer `requests`, yielding after each pass what has ended or is followed."""
        rows: list[Row] = []
        refused: list[tuple[int, Outcome]] = []
        written = [
            runner.prompts.encode([request.prompt for request in requests])
            for runner in self._runners
        ]
        for place, request in enumerate(requests):
            row = self._admit(place, request, [prompts[place] for prompts in written])
            if isinstance(row, Row):
                if place in audience.followed:
                    row.speech = Speech(self._first(row.shares).prompts.tokenizer)
                rows.append(row)
            else:
                refused.append((place, row))
        yield refused
        yield from self._crew.run(rows, audience)

    def _admit(
        self, place: int, request: Request, prompts: Sequence[list[int]]
    ) -> Row | CallFailed:
        """Return a request as a row, or what is to be said of it if it cannot be run."""
        model, sampling = request.model, request.sampling
        if not isinstance(model, Blend) or model.family != self._mixture.fingerprint:
            raise no_engine(request)
        shares = model.row
        fits = len(shares) == len(self._mixture) and all(map(math.isfinite, shares))
        if not fits or not any(shares):
            return CallFailed(f"{list(shares)} is no mixture of the experts")
        limit = sampling.max_tokens
        read = []
        for runner, columns, prompt in zip(self._runners, self._columns, prompts, strict=True):
            if any(shares[column] for column in columns):
                most = runner.places or math.inf
                if not 0 < len(prompt) < most:
                    why = f"the prompt has {len(prompt)} tokens, a model takes 1 to {most - 1}"
                    return TooLong(why)
                limit = int(min(limit, most - len(prompt)))
                read.append(prompt)
        noise = draw_noise(sampling) if sampling.temperature > 0 else [0.0] * limit
        return Row(place, (), read[0], sampling, limit, noise, shares=shares, prompts=tuple(read))

    def _first(self, shares: Sequence[float]) -> TransformersRunner:
        """Return the runner of the first base of whose experts one counts."""
        return next(
            runner
            for runner, columns in zip(self._runners, self._columns, strict=True)
            if any(shares[column] for column in columns)
        )
