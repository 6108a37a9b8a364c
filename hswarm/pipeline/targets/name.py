"""The names of the targets; nothing heavy comes along with them."""

from __future__ import annotations

from enum import StrEnum


class TargetName(StrEnum):
    """What a pipeline can be written for besides hswarm."""

    VLLM = "vllm"
    LANGGRAPH = "langgraph"
    MLFLOW = "mlflow"
