"""What scorers that ask somebody outside the swarm have in common."""

from __future__ import annotations

from abc import abstractmethod

from pydantic import PrivateAttr

from hswarm.engines.memo import MemoStore
from hswarm.engines.purse import Purse
from hswarm.judging.rater import Rater, Who
from hswarm.tasks.scorers.scorer import BaseScorer
from hswarm.tasks.task import Example


class RatedScorer(BaseScorer):
    """A scorer with a rater: each thing is asked once, and nobody before it is needed."""

    _rater: Rater = PrivateAttr()

    def model_post_init(self, context: object, /) -> None:
        """Prepare to ask."""
        self._rater = Rater(self.who())

    @abstractmethod
    def who(self) -> Who:
        """Return who is asked."""

    def lacks(self, example: Example) -> str | None:
        """A question is all it takes."""
        return None

    def check(self, *, limited: bool = False) -> None:
        """Raise HswarmError where the rater cannot be asked."""
        self._rater.check(limited=limited)

    def prepare(self, store: MemoStore, purse: Purse | None = None, /) -> None:
        """Keep what is said in `store`, and look there first; pay from `purse`."""
        self._rater.prepare(store, purse)

    async def aclose(self) -> None:
        """Store what was said and let go of the rater."""
        await self._rater.aclose()
