"""How experts of a pool are trained, and trained further."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from hswarm.experts.corpus import locate_corpus

Steps = Annotated[int, Field(ge=1)]
Epochs = Annotated[float, Field(gt=0.0, le=1000.0)]
Rate = Annotated[float, Field(gt=0.0, le=1.0)]
Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OwnRecipe(_Frozen):
    """What is different for one of the experts."""

    data: Annotated[str, Field(min_length=1)] | None = None
    """What it is trained on, where that is not what `data` of the pool says."""
    steps: Steps | None = None
    epochs: Epochs | None = None
    learning_rate: Rate | None = None


class Recipe(_Frozen):
    """What a pool says of training. The defaults are the papers' (Model Swarms, appendix C).

    They do not say the adapters' rank and scale.
    """

    steps: Steps | None = None
    """Steps of an expert that is trained from nothing; null is as many as `epochs` take."""
    epochs: Epochs = 5.0
    batch: Annotated[int, Field(ge=1)] = 32
    at_once: Annotated[int, Field(ge=1)] | None = None
    """Conversations of one forward pass; a batch is made of several. null is 4 on a GPU, on a CPU
    the whole batch."""
    learning_rate: Rate = 2e-4
    """At its peak. It goes down by a cosine."""
    warm_up: Share = 0.1
    """The share of the steps in which it rises."""
    floor: Share = 0.0
    """The share of the peak at which it ends."""
    rank: Annotated[int, Field(ge=1, le=1024)] = 16
    alpha: Annotated[float, Field(gt=0.0)] = 32.0
    """LoRA's scale times its rank."""
    max_length: Annotated[int, Field(ge=8)] = 2048
    """Tokens of a conversation; what is beyond is cut off."""
    held_out: Annotated[int, Field(ge=0)] = 100
    """Conversations of each expert's data that nobody is trained on, at most a tenth of them."""
    stored: Literal["float32", "float16", "bfloat16"] = "float32"
    """What the adapters are written down in."""
    experts: Mapping[str, OwnRecipe] = {}
    """Expert -> what is different for it."""

    def of(self, expert: str) -> Recipe:
        """Return the recipe of one expert. Its own steps or epochs go before the pool's."""
        own = self.experts.get(expert, OwnRecipe())
        changes: dict[str, Any] = own.model_dump(exclude={"data"}, exclude_none=True)
        if "epochs" in changes:
            changes.setdefault("steps", None)
        return self.model_copy(update={**changes, "experts": {}})

    def resolve(self, folder: Path) -> Self:
        """Return the recipe with absolute paths, relative ones starting from `folder`."""
        experts = {
            name: own.model_copy(update={"data": locate_corpus(own.data, folder)})
            if own.data is not None
            else own
            for name, own in self.experts.items()
        }
        return self.model_copy(update={"experts": experts})
