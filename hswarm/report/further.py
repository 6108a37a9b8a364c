"""Which analyses take more than one run, and how to get them."""

from __future__ import annotations

from shlex import quote

from hswarm.report.evidence import Evidence
from hswarm.report.section import Section


def further(evidence: Evidence) -> Section:
    """Return what `hswarm compare` says of this run beside others."""
    folder = quote(str(evidence.run.record.folder))
    config = f"hswarm optimize --config {folder}/config.yaml"
    if not evidence.run.searched:
        return Section(
            "further",
            "What takes more runs",
            [
                "Side by side with a search on the same task and pool, hswarm compare tests one "
                "against the other on the same items. Beside runs of role-only, weight-only and "
                "baselines of both kinds it says how much roles and weights matter."
            ],
            commands=[f"{config} --method heterogeneous", f"hswarm compare OTHER-RUN {folder} …"],
        )
    return Section(
        "further",
        "What takes more runs",
        [
            "Side by side with runs in which one thing is different, hswarm compare says: how much "
            "roles and weights matter (--method role-only, weight-only); what more models, more "
            "diverse ones, or only the weaker ones can do (another --pool); what sparser graphs "
            "(τ and λ) and skipped steps save; whether another seed finds as much."
        ],
        commands=[
            f"{config} --seed {evidence.run.result.seed + 1}",
            f"{config} --method role-only",
            f"{config} --method weight-only",
            f"{config} --set search.role.threshold=0.1",
            f"{config} --set search.role.density_penalty=0.05",
            f"{config} --set search.role.dropout=0.5",
            f"hswarm compare {folder} OTHER-RUN …",
        ],
    )
