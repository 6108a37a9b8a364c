"""How well every expert says what was held out of each one's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch

from hswarm.experts.corpus import Conversation
from hswarm.experts.family import Family
from hswarm.experts.perplexity import response_losses
from hswarm.making.domains import read_domain
from hswarm.making.plan import Plan, sources_of
from hswarm.store import values
from hswarm.store.disk import explained, replace_file

JSON: Final = "held-out.json"
MARKDOWN: Final = "held-out.md"
SEED: Final = 0

Table = Mapping[str, Mapping[str, float]]
"""Model -> domain -> mean loss in nats per token of what is to be said."""


def measure_held_out(plan: Plan, device: torch.device) -> None:
    """Write held-out.json and held-out.md: a row per model, a column per expert's data.

    What was measured of the same experts on the same domains before stands.
    """
    path = plan.record / JSON
    with explained(path):
        before: dict[str, Any] = values.loads(path.read_bytes()) if path.is_file() else {}
    domains: dict[str, Sequence[Conversation]] = {}
    tables: dict[str, Table] = {}
    for name, entry in plan.pool.families.items():
        family = entry.open(name)
        key = f"{family.fingerprint} {' '.join(sources_of(plan.pool).values())}"
        if key not in before:
            domains = domains or _read_domains(plan)
            before[key] = _measure(family, domains, plan, device)
        tables[key] = before[key]
    replace_file(path, values.dumps(tables, indent=1).encode() + b"\n")
    rows = {model: row for table in tables.values() for model, row in table.items()}
    replace_file(plan.record / MARKDOWN, markdown(rows).encode())


def markdown(table: Table) -> str:
    """Return the losses; in bold that of the model which is best at a domain."""
    names = list(next(iter(table.values()), {}))
    best = {name: min(row[name] for row in table.values()) for name in names}
    lines = [
        "Mean loss in nats per token on held-out data; lower is better.",
        "",
        f"| model | {' | '.join(names)} |",
        "|---" * (1 + len(names)) + "|",
    ]
    for model, row in table.items():
        cells = [f"**{row[n]:.3f}**" if row[n] == best[n] else f"{row[n]:.3f}" for n in names]
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _read_domains(plan: Plan) -> dict[str, Sequence[Conversation]]:
    """Return what was held out of each expert's data, where anything was."""
    read = {
        name: read_domain(source, plan.pool.training.of(name), seed=SEED).held_out
        for name, source in sources_of(plan.pool).items()
    }
    return {name: held for name, held in read.items() if held}


def _measure(
    family: Family,
    domains: Mapping[str, Sequence[Conversation]],
    plan: Plan,
    device: torch.device,
) -> Table:
    longest = plan.pool.training.max_length
    losses = response_losses(family, list(domains.values()), device, longest=longest)
    base = "base" if len(plan.pool.families) == 1 else f"base of {family.name}"
    return {
        model: dict(zip(domains, row, strict=True))
        for model, row in zip((base, *family.names), losses, strict=True)
    }
