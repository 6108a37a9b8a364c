"""How long and how fast experts of a pool are trained further."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Recipe(BaseModel):
    """What a pool says of training: the defaults are usual for LoRA on models of some billions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: Annotated[int, Field(ge=1)] = 300
    """Steps of an expert that is trained from nothing."""
    batch: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 2e-4
