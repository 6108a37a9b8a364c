"""What scorers that ask somebody outside the swarm have in common."""

from __future__ import annotations

from abc import abstractmethod

from pydantic import PrivateAttr

from hswarm.engines.memo import MemoStore
from hswarm.judging.rater import Detector, Judge, Rater, Rewarder
from hswarm.tasks.scorers.scorer import BaseScorer
from hswarm.tasks.task import Example


class RatedScorer(BaseScorer):
    """A scorer with a rater: each thing is asked once, and nobody before it is needed."""

    _rater: Rater = PrivateAttr()

    def model_post_init(self, context: object, /) -> None:
        """Prepare to ask."""
        self._rater = Rater(self.who())

    @abstractmethod
    def who(self) -> Judge | Rewarder | Detector:
        """Return who is asked."""

    def lacks(self, example: Example) -> str | None:
        """A question is all it takes."""
        return None

    def remember(self, store: MemoStore, /) -> None:
        """Keep what is said in `store`, and look there first."""
        self._rater.remember(store)

    async def aclose(self) -> None:
        """Store what was said and let go of the rater."""
        await self._rater.aclose()
