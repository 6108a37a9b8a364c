"""What each model does in the found graph, and what it is made of."""

from __future__ import annotations

from statistics import fmean

from hswarm.analysis.composition import coefficient_matrix, shares
from hswarm.analysis.roles import LABELS, Label, role_shares
from hswarm.figures.composition import draw_composition
from hswarm.figures.graph import NodeFacts, draw_graph
from hswarm.figures.roles import draw_roles
from hswarm.report.evidence import Evidence
from hswarm.report.section import Cell, Section, Shown, Table


def graph(evidence: Evidence) -> Section:
    """Return the found graph with what is known of each node."""
    run = evidence.run
    nodes, dag = run.result.found.nodes, run.dag
    singles = evidence.singles["dev"]
    roles = node_roles(evidence)
    facts = [
        NodeFacts(
            node.agent,
            singles[node.agent].utility if node.agent in singles else None,
            _tokens(evidence, place),
            roles.get(place),
        )
        for place, node in enumerate(nodes)
    ]
    rows = [
        (
            place,
            fact.agent,
            " ".join(map(str, nodes[place].parents)),
            fact.utility,
            fact.tokens,
            *((fact.roles or {}).get(label) for label in LABELS),
        )
        for place, fact in enumerate(facts)
    ]
    end = nodes[dag.end].agent
    return Section(
        "graph",
        "Who reads whose answer",
        [
            f"{len(nodes)} models with {len(dag.edges)} edges in {len(dag.layers())} layers; "
            f"{end} answers in the end."
        ],
        [
            Shown(
                "graph",
                draw_graph(dag, facts),
                "Layers from left to right, going on below; arrows lead from who is read to who "
                "reads; the thick frame answers. In a box: the utility on dev of the model as it "
                "came, alone, and the tokens that the node writes per item. Colour and letter: "
                "its most frequent role.",
            )
        ],
        [
            Table(
                "nodes",
                ("node", "agent", "reads", "alone on dev", "tokens per item", *LABELS),
                rows,
            )
        ],
    )


def node_roles(evidence: Evidence) -> dict[int, dict[Label, float]]:
    """Return the role shares of the found system's nodes."""
    return role_shares((o.node, o.label) for o in evidence.outputs if o.iteration is None)


def roles(evidence: Evidence) -> Section | None:
    """Return the roles by node and over the iterations; None where nothing was labelled."""
    by_node = node_roles(evidence)
    if not by_node:
        return None
    nodes = evidence.run.result.found.nodes
    named = {f"{place} {nodes[place].agent}": share for place, share in sorted(by_node.items())}
    by_iteration = role_shares(
        (o.iteration, o.label) for o in evidence.outputs if o.iteration is not None
    )
    overall = role_shares(("", o.label) for o in evidence.outputs if o.iteration is None)[""]
    figures = [
        Shown("roles-by-node", draw_roles(named, "node"), "Roles in the found system, by node.")
    ]
    if len(by_iteration) > 1:
        drawn = draw_roles({str(k): v for k, v in by_iteration.items()}, "iteration")
        caption = "Roles in the best system so far, whenever a better one was found."
        figures.append(Shown("roles-by-iteration", drawn, caption))
    rows: list[tuple[Cell, ...]] = [("all nodes", *(overall[label] for label in LABELS))]
    rows += [(name, *(share[label] for label in LABELS)) for name, share in named.items()]
    over: list[tuple[Cell, ...]] = [
        (k, *(v[label] for label in LABELS)) for k, v in by_iteration.items()
    ]
    return Section(
        "roles",
        "Roles",
        [
            "Divide: solves part of the problem. Refine: goes on from what others said. Feedback: "
            "judges or confirms what others said. Irrelevant: neither.",
            f"Labelled by the judge {evidence.judge}."
            if evidence.judge
            else "Labelled by local rules, which see whether an output says something new, not "
            "whether it helps; a judge (--judge) reads what it means.",
        ],
        figures,
        [
            Table("roles-by-node", ("node", *LABELS), rows, shown=False),
            Table("roles-by-iteration", ("iteration", *LABELS), over, shown=False),
        ],
    )


def composition(evidence: Evidence) -> Section | None:
    """Return what the found models are made of; None if no expert sits in the graph."""
    nodes = [node for node in evidence.run.result.found.nodes if node.coefficients]
    if not nodes:
        return None
    made = {node.agent: node.coefficients for node in nodes}
    experts = [name for family in evidence.run.roster.families for name in family.names]
    experts += [name for row in made.values() for name in row if name not in experts]
    mixed = {agent: row for agent, row in made.items() if len(row) > 1}
    texts = [f"{agent}: {_in_words(row)}." for agent, row in mixed.items()]
    if not mixed:
        texts = ["Every model in the graph is still the expert that it came as."]
    matrix = coefficient_matrix(list(made.values()), experts)
    rows = [(agent, *values) for agent, values in zip(made, matrix.tolist(), strict=True)]
    return Section(
        "composition",
        "What the models are made of",
        [*texts, "Shares are of absolute coefficients; a coefficient may be negative."],
        [
            Shown(
                "composition",
                draw_composition(matrix, list(made), experts),
                "Coefficients of the models in the graph (rows) over the experts (columns).",
            )
        ],
        [Table("coefficients", ("model", *experts), rows, shown=False)],
    )


def _in_words(row: dict[str, float]) -> str:
    parts = [(name, share) for name, share in shares(row).items() if share >= 0.005]
    return ", ".join(f"{share:.0%} {name}" for name, share in parts)


def _tokens(evidence: Evidence, node: int) -> float | None:
    for split in ("test", "dev"):
        said = [t for t in evidence.found[split].transcripts if t is not None]
        if said:
            return fmean(t.turns[node].completion.generated_tokens for t in said)
    return None
