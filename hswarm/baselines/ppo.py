"""PPO: the best single expert, trained on the scores of what it answers (Schulman et al., 2017,
"Proximal policy optimization algorithms").

Model Swarms (Feng et al., 2024), §4, compares with it where a reward model scores; here any score
will do.

Searched: the weights themselves, by gradients. Evaluations: as many as there are agents, to find
the best single one, and 1; beside these thirty steps of sixteen answers, which TRL generates, so
that the tokens in a result leave them out. Departure: TRL has no PPO with a critic any more; the
objective is PPO's clipped one with the advantages of GRPO, see
`hswarm.experts.preference.train_ppo`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from hswarm.baselines.trials import Trials
from hswarm.baselines.tuning import ask, best_expert, column, gently, score
from hswarm.experts.preference import train_ppo
from hswarm.experts.supervised import import_trl

STEPS: Final = 30


async def ppo(trials: Trials) -> None:
    """Enter the best single expert, trained on the scores of what it answers."""
    import_trl("ppo")
    expert, family = await best_expert(trials)
    asked = {ask(example): example for example in trials.setting.examples}

    async def reward(prompts: Sequence[str], answers: Sequence[str]) -> list[float | None]:
        pairs = zip(prompts, answers, strict=True)
        return [await score(trials, asked[prompt], answer) for prompt, answer in pairs]

    train = partial(
        train_ppo,
        family,
        column(trials, expert),
        gently(trials, STEPS),
        prompts=list(asked),
        reward=reward,
        max_tokens=trials.setting.sampling.max_tokens,
    )
    await trials.enter_made(trials.made_name("ppo", expert, 1), expert, train)
