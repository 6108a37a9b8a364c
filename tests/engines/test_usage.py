"""Accounts: in all, by agent, by node, exact however many ask at once."""

import asyncio
import random

from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Asker, Blend, Completion, Request, Sampling
from hswarm.engines.usage import COUNTERS, Usage

SAMPLING = Sampling(8)


def ask(prompt, agent="ann", node=0):
    return Request(Blend("f", (1.0,)), prompt, SAMPLING, Asker(agent, node))


class Priced:
    """Answers after a random number of passes; a prompt's length is its price."""

    def __init__(self):
        self.asked = 0

    async def generate(self, request, /):
        self.asked += 1
        for _ in range(random.randrange(5)):
            await asyncio.sleep(0)
        return Completion("x", 3, 2, picodollars=len(request.prompt))


def answered(requests, **options):
    memo = MemoEngine(Priced(), **options)

    async def main():
        memo.begin_step(0)
        await asyncio.gather(*map(memo.generate, requests))

    asyncio.run(main())
    return memo


def test_who_asks_makes_no_difference_to_the_request():
    assert ask("a") == ask("a", "bob", 3)
    assert ask("a").key() == ask("a", "bob", 3).key()


def test_accounts_of_agents_and_nodes_add_up_to_the_whole():
    rng = random.Random(0)
    requests = [
        ask("p" * rng.randrange(1, 40), rng.choice(["ann", "bob", "cat"]), rng.randrange(4))
        for _ in range(2000)
    ]
    usage = answered(requests).usage
    distinct = {request.prompt for request in requests}
    assert (usage.answered, usage.generated) == (2000, len(distinct))
    assert usage.picodollars == sum(map(len, distinct))
    for accounts in (usage.agents, usage.nodes):
        for counter in COUNTERS:
            total = sum(getattr(account, counter) for account in accounts.values())
            assert total == getattr(usage, counter)


def test_what_the_memo_answers_costs_nothing():
    memo = answered([ask("a")])
    before = memo.usage.picodollars
    asyncio.run(memo.generate(ask("a", "bob")))
    assert memo.usage.picodollars == before
    assert memo.usage.agents["bob"].answered == 1
    assert memo.usage.agents["bob"].generated == 0


def test_a_snapshot_restores_every_account():
    usage = answered([ask("a"), ask("bb", "bob", 2)]).usage
    other = Usage()
    other.restore(usage.snapshot())
    assert other.snapshot() == usage.snapshot()
    assert other.agents["bob"].seconds == usage.agents["bob"].seconds


def test_a_dropped_step_is_on_nobodys_account():
    memo = answered([ask("a")])
    before = memo.usage.snapshot()

    async def second():
        memo.begin_step(1)
        await memo.generate(ask("b", "bob", 1))
        memo.drop_step()

    asyncio.run(second())
    assert memo.usage.snapshot() == before
