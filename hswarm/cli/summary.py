"""What a run found, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from textwrap import indent
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hswarm.cli.numerals import show_dollars, show_p_value, show_utility
from hswarm.config import SEARCHES, RunConfig
from hswarm.graph.dag import Dag
from hswarm.graph.draw import draw_text
from hswarm.report.numerals import show_count
from hswarm.search.result import Result, Score, Selection, SystemReport, TokensReport

BUNDLED: Final = "synthetic data made for the tiny models, not the benchmark."
_FAILURES_SHOWN: Final = 5
_TERMS_SHOWN: Final = 3


def summarise(result: Result, config: RunConfig) -> RenderableType:
    """Return the outcome of a run with the settings `config`, for 80 columns where names allow.

    The table of systems, what could not be scored, the found graph, why the search stopped and
    what it cost.
    """
    dag, names = found_graph(result)
    parts: list[RenderableType] = [
        _title(result),
        draw_reports((result.found, *result.compared)),
        *_remarks(result),
        Text("\nThe found graph:\n"),
        # Never wrapped: a broken line of a drawing is worse than one that is cut off.
        Text(indent(draw_text(dag, names), "  "), no_wrap=True, overflow="crop"),
        *_mixtures(result.found, result.tokens is not None),
        *_tokens(result.tokens),
        Text(f"\n{_stopped(result, config)} {_cost(result)}"),
    ]
    return Group(*parts)


def found_graph(result: Result) -> tuple[Dag, list[str]]:
    """Return the found system's graph and the name of who sits in each node."""
    nodes = result.found.nodes
    return Dag(tuple(node.parents for node in nodes)), [node.agent for node in nodes]


def _title(result: Result) -> Text:
    title = Text(
        f"{result.task} with {result.pool}, {result.method}, seed {result.seed}", style="bold"
    )
    if result.task.endswith("(bundled)"):
        title.append(f"\nBundled: {BUNDLED}", style="not bold")
    return title


def draw_reports(reports: Sequence[SystemReport]) -> Table:
    """Return a table of systems; the first is what the others are compared with."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("system")
    for heading in ("dev", "items", "test", "items", "p"):
        table.add_column(heading, justify="right")
    for report in reports:
        own = report is reports[0]
        table.add_row(
            report.name,
            show_utility(report.dev.utility),
            f"{report.dev.items:,}",
            show_utility(report.test.utility),
            f"{report.test.items:,}",
            "" if own else show_p_value(report.p_value),
            style="bold" if own else None,
        )
    return table


def _remarks(result: Result) -> Iterator[Text]:
    by_test: dict[str, list[str]] = {}
    for report in result.compared:
        if report.p_test is not None:
            by_test.setdefault(report.p_test, []).append(report.name)
    if by_test:
        tests = (
            next(iter(by_test))
            if len(by_test) == 1
            else "; ".join(f"{test} for {', '.join(names)}" for test, names in by_test.items())
        )
        yield Text(
            f"p: one-sided, that the found system is no better than this one on test ({tests})."
        )
    if result.race is not None:
        yield Text(
            f"Raced, and so approximate: systems fell out that were worse at {result.race:.0%} "
            f"confidence each; {show_count(result.spared, 'dev item')} not run.",
            style="yellow",
        )
    elif result.spared:
        yield Text(f"{show_count(result.spared, 'dev item')} not run that could change nothing.")
    if result.selection is not None and result.selection.bias is not None:
        yield Text(_bias(result.selection, result.found.test))
    for report in (result.found, *result.compared):
        for split, score in (("dev", report.dev), ("test", report.test)):
            if score.unscored:
                yield Text(_unscored(report.name, split, score), style="yellow")
    if result.failures:
        yield Text(f"Not scored ({show_count(len(result.failures), 'failure')}):", style="yellow")
        yield from (Text(f"  {failure}") for failure in result.failures[:_FAILURES_SHOWN])
        if len(result.failures) > _FAILURES_SHOWN:
            yield Text(f"  and {len(result.failures) - _FAILURES_SHOWN} more, in result.json")


def _bias(selection: Selection, test: Score) -> str:
    """Say by how much the choice made the found system look better than it is."""
    parts = [f"{show_utility(selection.searched.utility)} on the {selection.searched.items:,} dev "]
    parts[0] += "items that the search chose by"
    if selection.held is not None:
        held = selection.held
        parts.append(f"{show_utility(held.utility)} on the {held.items:,} held out")
    parts.append(f"{show_utility(test.utility)} on test")
    return f"Selection bias, dev less test: {selection.bias:+.3f} ({', '.join(parts)})."


def _unscored(system: str, split: str, score: Score) -> str:
    return (
        f"{system}: {show_count(score.unscored, 'item')} of {score.items + score.unscored:,} on "
        f"{split} could not be scored and count for nothing."
    )


def _mixtures(found: SystemReport, tokens: bool) -> Iterator[RenderableType]:
    """Say how those who are no longer one expert are made up, once each."""
    mixed = {
        node.agent: node.coefficients
        for node in found.nodes
        if node.coefficients not in ({}, {node.agent: 1.0})
    }
    if not mixed:
        return
    what = "Next-token probabilities" if tokens else "Weights"
    yield Text(f"\n{what} that are no longer one expert's:")
    table = Table.grid(padding=(0, 1))
    for agent, coefficients in mixed.items():
        table.add_row("", agent, "=", _mixture(coefficients))
    yield table


def _tokens(tokens: TokensReport | None) -> Iterator[Text]:
    """Say over which tokens probabilities were mixed, and what that left out."""
    if tokens is None:
        return
    shares = ", ".join(
        f"{own.shared:,} of {own.family}'s {own.tokens:,}" for own in tokens.families
    )
    yield Text(
        f"\nMixed over the tokens that all bases share: {shares}. Left out, because others do not "
        f"have them: {tokens.left_out:.2%} of the probability, a mean over all generated tokens."
    )


def _mixture(coefficients: Mapping[str, float]) -> str:
    ranked = sorted(coefficients.items(), key=lambda term: -abs(term[1]))
    terms = [f"{'−' if c < 0 else '+'} {abs(c):.3f} {name}" for name, c in ranked[:_TERMS_SHOWN]]
    rest = len(ranked) - _TERMS_SHOWN
    more = f" and {show_count(rest, 'smaller term')}" if rest > 0 else ""
    return " ".join(terms).removeprefix("+ ") + more


def _stopped(result: Result, config: RunConfig) -> str:
    done = f"after {show_count(result.iterations, 'iteration')}"
    tried = f"{show_count(result.evaluations, 'evaluation')} on all dev items"
    searched = result.method in SEARCHES
    ended = f"The search stopped {done}" if searched else f"It stopped after {tried}"
    reasons = {
        "max-iterations": f"The search stopped {done}, as many as it was allowed.",
        "patience": f"The search stopped {done}: the last {config.search.patience} brought "
        "nothing better.",
        "max-tokens": f"{ended}: its tokens were spent (--max-tokens).",
        "max-seconds": f"{ended}: its time was up (--max-seconds).",
        "max-dollars": f"{ended}: its dollars were spent (--max-dollars).",
        "max-evaluations": f"{ended}: its evaluations were spent (--max-evaluations).",
        "done": f"{result.method} ended of itself after {tried}.",
    }
    if not searched:
        return reasons[result.stopped]
    found = "at the start" if result.found_in == 0 else f"in iteration {result.found_in}"
    return f"{reasons[result.stopped]} The system was found {found}."


def _cost(result: Result) -> str:
    search, total = result.search, result.total
    spent, spent_in_all = (
        f" and {show_dollars(report.dollars)}" if total.dollars else ""
        for report in (search, total)
    )
    return (
        f"The search asked {search.answered:,} times, of which {search.generated:,} were generated "
        f"({search.generated_tokens:,} tokens{spent}) and {search.answered - search.generated:,} "
        f"saved by the memo; with the comparisons it was {total.generated_tokens:,} tokens"
        f"{spent_in_all}."
    )


def suggest(result: Result, config: RunConfig, folder: Path) -> list[str]:
    """Return commands after the run in `folder`: a report, more budget, a seed, an export."""
    search, budget = config.search, config.budget
    more = {
        "max-iterations": ("--max-iterations", max(1, 2 * search.max_iterations)),
        "max-tokens": ("--max-tokens", 2 * (budget.max_tokens or 0)),
        "max-seconds": ("--max-seconds", f"{2 * (budget.max_seconds or 0):g}"),
        "max-dollars": ("--max-dollars", f"{2 * (budget.max_dollars or 0):g}"),
        "max-evaluations": ("--max-evaluations", 2 * (budget.max_evaluations or 0)),
    }
    commands = []
    if result.stopped in more:
        option, value = more[result.stopped]
        commands.append(f"hswarm optimize --resume {quote(str(folder))} {option} {value}")
    settings = quote(str(folder / "config.yaml"))
    return [
        f"hswarm report {quote(str(folder))}",
        *commands,
        f"hswarm optimize --config {settings} --seed {search.seed + 1}",
        f"hswarm export {quote(str(folder))} --out my-pipeline",
    ]
