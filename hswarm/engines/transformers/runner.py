"""The runner: requests in, answers out, through one resident base model."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from hswarm.config import EngineConfig
from hswarm.engines.allocator import keep_freed_memory, share_one_arena
from hswarm.engines.batching import Audience, Batch, Outcome
from hswarm.engines.families import no_engine
from hswarm.engines.request import Blend, CallFailed, Request, TooLong
from hswarm.engines.transformers.crew import Crew
from hswarm.engines.transformers.lane import Lane, Reach
from hswarm.engines.transformers.placement import (
    free_memory_of,
    is_out_of_memory,
    keep_few_kernels,
    memory_of,
    pick_device,
    pick_dtype,
    size_of,
)
from hswarm.engines.transformers.prompts import Prompts
from hswarm.engines.transformers.rows import Row
from hswarm.engines.transformers.sampling import draw_noise
from hswarm.engines.transformers.speaker import Instrument, Soloist, Speaker
from hswarm.engines.transformers.speech import Speech
from hswarm.errors import HswarmError
from hswarm.experts.blend import stack_experts
from hswarm.experts.family import Family
from hswarm.experts.folder import read_tensors, weight_files
from hswarm.experts.hush import hushed

_CPU_ROWS, _GPU_ROWS = 128, 256
"""Rows decoded at once; more make a pass no cheaper per row."""

_CPU_TOKENS, _GPU_TOKENS = 1024, 16_384
"""Tokens of prompts read at once. Few, on a CPU: that activations stay in its cache counts more
than large products do."""

_CPU_OVERHEAD, _GPU_OVERHEAD = 40, 512

SMALL: Final = 256 * 2**20
"""Bytes of weights up to which threads work side by side, each on rows of its own, rather than all
on one product. That way none waits for another: with a core taken away, by whatever else the
machine does, threads that meet at every product come almost to a stop."""

_WORTH, _MOST_WORTH = 512 * 2**20, 64
"""Bytes of weights, times rows, that are worth a lane of their own; and rows that always are. With
less, Python takes most of the time of a pass, and it runs in one thread at a time."""

_SMALLER: Final = "Use a smaller base, a shorter engine.dtype, or another engine.device."

_LANES: Final = 8
"""Threads side by side at most: Python runs in one of them at a time."""


@dataclass(frozen=True, slots=True)
class Team:
    """How the work is shared out: lanes side by side, the threads and the memory of each."""

    lanes: int
    threads: int
    reach: Reach
    fewest: int
    """Rows that are worth a lane of their own."""
    memory: int

    def gather(self, speakers: Sequence[Speaker]) -> Crew:
        """Return a lane per speaker, ready for work."""
        lanes = [Lane(speaker, reach=self.reach, memory=self.memory) for speaker in speakers]
        return Crew(lanes, self.threads, self.fewest)


class TransformersRunner:
    """Answers requests for the blends of one family, in this process.

    Greedy answers are those of `model.generate` with the blend loaded by PEFT: in float32 token by
    token, in shorter formats up to rounding, which then depends on what shares the batch. Of the
    model's generation settings only the end-of-sequence tokens are used.
    """

    def __init__(
        self,
        family: Family,
        config: EngineConfig | None = None,
        *,
        beside: TransformersRunner | None = None,
        processes: int = 1,
    ) -> None:
        """Load the family's base; `beside` a runner of the same base, share that one's.

        The machine's memory is shared with as many `processes` like this one.
        """
        config = config or EngineConfig()
        self._family = family
        self._config = config
        device = pick_device(config.device)
        on_cpu = device.type == "cpu"
        if on_cpu:
            share_one_arena()
            keep_freed_memory()
            keep_few_kernels()
            if config.threads is not None:
                # What is merged and trained beside the engine keeps to them, too: threads beyond
                # the cores, as of several processes, wait for each other at every product.
                torch.set_num_threads(config.threads)
        if beside is None:
            self.prompts = Prompts.load(family)
            model = _load(family, device, pick_dtype(config.dtype, device))
        else:
            self.prompts, model = beside.prompts, _twin(beside._bare)
        self._bare: PreTrainedModel = _twin(model)
        self.places = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        threads = config.threads or torch.get_num_threads()
        size = size_of(model)
        lanes = min(threads, _LANES) if on_cpu and size <= SMALL else 1
        self.team = Team(
            lanes,
            threads if lanes == 1 else 1,
            Reach(
                rows=config.batch_size or (_CPU_ROWS if on_cpu else _GPU_ROWS),
                tokens=_CPU_TOKENS if on_cpu else _GPU_TOKENS,
                overhead=_CPU_OVERHEAD if on_cpu else _GPU_OVERHEAD,
            ),
            max(1, min(_MOST_WORTH, _WORTH // size)),
            memory_of(device) // lanes // processes,
        )
        self._ends = _end_tokens(model, self.prompts)
        self._stack = stack_experts(family)
        self._crew = self.team.gather(
            [
                Soloist(self._instrument(twin, self.team.memory), self.prompts, self._ends)
                for twin in [_twin(model) for _ in range(lanes - 1)] + [model]
            ]
        )

    def instrument(self, memory: int) -> Instrument:
        """Return another instance of the family's model over the same weights."""
        return self._instrument(_twin(self._bare), memory)

    def _instrument(self, model: PreTrainedModel, memory: int) -> Instrument:
        return Instrument(model, self._family, self._stack, min(self._ends, default=0), memory)

    def adopt(self, family: Family, /) -> TransformersRunner:
        """Return a runner for another family on the same base, which is not loaded again."""
        return TransformersRunner(family, self._config, beside=self)

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        """Answer `requests`, yielding after each pass what has ended or is followed."""
        rows, refused = self._admit(requests)
        for row in rows:
            if row.place in audience.followed:
                row.speech = Speech(self.prompts.tokenizer)
        yield refused
        yield from self._crew.run(rows, audience)

    def _admit(self, requests: Sequence[Request]) -> tuple[list[Row], list[tuple[int, Outcome]]]:
        """Return the requests as rows, and what is to be said of those that cannot be run."""
        rows: list[Row] = []
        refused: list[tuple[int, Outcome]] = []
        most = self.places or math.inf
        prompts = self.prompts.encode([request.prompt for request in requests])
        for place, (request, prompt) in enumerate(zip(requests, prompts, strict=True)):
            model, sampling = request.model, request.sampling
            if not isinstance(model, Blend) or model.family != self._family.fingerprint:
                raise no_engine(request)
            row = model.row
            if len(row) not in {0, len(self._family)} or not all(map(math.isfinite, row)):
                refused.append((place, CallFailed(f"{list(row)} is no blend of the family")))
            elif not 0 < len(prompt) < most:
                why = f"the prompt has {len(prompt)} tokens, the model takes 1 to {most - 1}"
                refused.append((place, TooLong(why)))
            else:
                limit = int(min(sampling.max_tokens, most - len(prompt)))
                noise = draw_noise(sampling) if sampling.temperature > 0 else [0.0] * limit
                rows.append(Row(place, row, prompt, sampling, limit, noise))
        return rows, refused


def _load(family: Family, device: torch.device, dtype: torch.dtype) -> PreTrainedModel:
    """Load the family's base model, or raise HswarmError."""
    needed = dtype.itemsize * sum(
        math.prod(tensor.shape) for tensor in read_tensors(weight_files(family.base)).values()
    )
    free = free_memory_of(device)
    if needed > free:
        raise HswarmError(
            f"The base model in {family.base} needs {needed / 1e9:.3g} GB of memory as"
            f" {str(dtype).removeprefix('torch.')} and {device} has {free / 1e9:.3g} GB free.",
            hint=_SMALLER,
        )
    try:
        with hushed():
            model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
                family.base,
                dtype=dtype,
                trust_remote_code=family.trust_remote_code,
                local_files_only=True,
                use_safetensors=True,
            )
        model.to(device)  # type: ignore[arg-type]
    except (OSError, ValueError) as error:
        raise HswarmError(
            f"The base model in {family.base} cannot be loaded: {str(error).splitlines()[0]}",
            hint="It has to be a causal language model that transformers knows.",
        ) from None
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise HswarmError(
            f"The base model in {family.base} does not fit into the memory of {device}.",
            hint=_SMALLER,
        ) from None
    model.eval()  # type: ignore[no-untyped-call]
    return model


def _twin(model: PreTrainedModel) -> PreTrainedModel:
    """Return a model with layers of its own over the same weights."""
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared)


def _end_tokens(model: PreTrainedModel, prompts: Prompts) -> frozenset[int]:
    """Return the ids after which an answer is over."""
    settings = model.generation_config
    ends = settings.eos_token_id if settings is not None else None
    if ends is None:
        ends = prompts.tokenizer.eos_token_id
    if ends is None:
        return frozenset()
    return frozenset([ends] if isinstance(ends, int) else ends)
