"""Shares: what is asked at once, dealt out to several processes."""

from __future__ import annotations

from collections.abc import Sequence

from hswarm.engines.request import Blend, Request


def deal(requests: Sequence[Request], count: int) -> list[list[int]]:
    """Deal requests, by place, into at most `count` shares, none of them empty.

    Shares are alike in what is read and by whom; which request is in which depends on them alone.
    """
    order = sorted(range(len(requests)), key=lambda place: _order(requests[place]))
    return [order[k::count] for k in range(min(count, len(order)))]


def _order(request: Request) -> tuple[object, ...]:
    model = request.model
    blend = (model.family, model.row) if isinstance(model, Blend) else ("", ())
    how = request.sampling
    heat = (how.max_tokens, how.temperature, how.top_p, how.seed)
    return (blend[0], -len(request.prompt), blend[1], request.prompt, heat)
