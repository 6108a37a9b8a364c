"""What each model does in the found graph, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from hswarm.analysis.composition import coefficient_matrix, shares
from hswarm.analysis.roles import LABELS, Label, role_shares
from hswarm.baselines.workshop import FOLDER
from hswarm.figures.composition import draw_composition
from hswarm.figures.graph import NodeFacts, draw_graph
from hswarm.figures.roles import draw_roles
from hswarm.report.evidence import Evidence
from hswarm.report.numerals import show_count
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
    labels = LABELS if roles else ()
    rows = [
        (
            place,
            fact.agent,
            " ".join(map(str, nodes[place].parents)),
            fact.utility,
            fact.tokens,
            *((fact.roles or {}).get(label) for label in labels),
        )
        for place, fact in enumerate(facts)
    ]
    return Section(
        "graph",
        "Who reads whose answer",
        list(_who_answers(evidence)),
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
                ("node", "agent", "reads", "alone on dev", "tokens per item", *labels),
                rows,
            )
        ],
    )


def _who_answers(evidence: Evidence) -> Iterator[str]:
    """Say how many models there are, who they are where a node does not show it, who ends."""
    nodes, dag = evidence.run.result.found.nodes, evidence.run.dag
    end = nodes[dag.end].agent
    if len(nodes) == 1:
        yield f"Nobody reads anybody: {end} answers alone."
    else:
        yield (
            f"{show_count(len(nodes), 'node')} with {show_count(len(dag.edges), 'edge')} in "
            f"{show_count(len(dag.layers()), 'layer')}; {end} answers in the end."
        )
    for name, members in {node.agent: node.members for node in nodes if node.members}.items():
        yield (
            f"{name} is {show_count(len(members), 'model')} that answer as one: "
            f"{', '.join(members)}."
        )
    for name in sorted({node.agent for node in nodes if node.made}):
        yield f"{name} was made in the run and lies in its folder: {FOLDER}/{name}."


def node_roles(evidence: Evidence) -> dict[int, dict[Label, float]]:
    """Return the role shares of the found system's nodes; {} of one that works for nobody else."""
    if len(evidence.run.result.found.nodes) < 2:
        return {}
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
    """Return what the found models are made of; None if no expert of the pool sits in the graph."""
    nodes = [n for n in evidence.run.result.found.nodes if n.coefficients and n.made is None]
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
