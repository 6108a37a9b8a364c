"""A run of a few iterations that writes everything a search writes, and is killed while it does.

    python small_run.py every-write FOLDER      kill it at each moment in turn, and resume it
    python small_run.py again-and-again FOLDER  kill it at random moments until it is through
    python small_run.py any-time FOLDER         kill it at 20 random times; look what is left

Each prints what it saw as JSON. The work is done in forked processes: starting Python takes longer
than the run.
"""

import itertools
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
from dying import die_at

from hswarm.config import RunConfig
from hswarm.engines.memo import Remembered
from hswarm.engines.request import Completion
from hswarm.store.journal import Journal, read_journal
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import JOURNAL, Run, is_run
from hswarm.store.state import load_state

ITERATIONS = 2
NEVER = -1


def work(folder, iterations=ITERATIONS, *, remember=False):
    """Begin or resume the run and see it through: each state follows from the one before it."""
    config = RunConfig(task="gaia-text")
    with Run.open(folder) if is_run(folder) else Run.create(folder, config, {}) as run:
        memo = SqliteMemo(run.memo) if remember else None
        swarm, first = np.arange(20.0), 0
        if run.resumed:
            swarm, first = run.resumed.state.payload["swarm"], run.resumed.state.payload["done"]
        for done in range(first + 1, iterations + 1):
            swarm = np.sin(swarm * 1.1 + done)
            run.journal.append({"iteration": done, "part": 1, "sum": float(swarm.sum())})
            run.timings.append({"iteration": done, "time": time.time()})
            run.journal.append({"iteration": done, "part": 2, "rows": swarm[:5]})
            if memo is not None:
                answer = Remembered(Completion("text" * 50, 1, 1), done)
                memo.save([(f"{done}-{number}", answer) for number in range(5)])
            run.save_state({"done": done, "swarm": swarm}, utility=float(swarm.max()))
        run.write_result({"swarm": swarm, "iterations": iterations})


def in_child(act):
    """Do `act` in another process; return the signal that ended it, 0 if it came to its end."""
    child = fork(act)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


def fork(act):
    child = os.fork()
    if child:
        return child
    try:
        act()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def dying_work(folder, moment):
    die_at(moment)
    work(folder)


def outcome(folder):
    return {name: (folder / name).read_text() for name in ("journal.jsonl", "result.json")}


def life(folder, moment):
    """Live until the moment; return whether this life came through."""
    ended = in_child(lambda: dying_work(folder, moment))
    assert ended in (0, signal.SIGKILL)
    return ended == 0


def every_write(folder):
    outcomes = []
    for moment in itertools.count(1):
        through = life(folder / str(moment), moment)
        assert through or life(folder / str(moment), NEVER)
        outcomes.append(outcome(folder / str(moment)))
        if through:
            break
    return outcomes


def again_and_again(folder):
    seen = []
    for seed in range(3):
        rng, lives = random.Random(seed), 1
        # 45 moments are enough for a life to bring the run one iteration further.
        while not life(folder / str(seed), rng.randint(1, 45)):
            lives += 1
        seen.append({"lives": lives, **outcome(folder / str(seed))})
    return seen


def any_time(folder):
    rng, seen = random.Random(0), []
    for _ in range(20):
        child = fork(lambda: work(folder, iterations=10**9, remember=True))
        time.sleep(rng.uniform(0.02, 0.12))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        seen.append(left_behind(folder))
    return seen


def left_behind(folder):
    """Say how far the state, the journal and the memo are, in iterations and journal lines."""
    if not is_run(folder):
        return {"done": 0, "lines": [], "lines_of_state": 0, "remembered": 0}
    Journal(folder / JOURNAL).close()  # a torn last line is nobody's
    content = (folder / JOURNAL).read_bytes()
    loaded = load_state(folder, journal_size=len(content))
    size = loaded.state.journal_size if loaded else 0
    with SqliteMemo(folder / "memo.sqlite") as memo:
        assert memo.note is None
        missing = next(n for n in itertools.count(1) if memo.load(f"{n}-4") is None)
    return {
        "done": loaded.state.payload["done"] if loaded else 0,
        "lines": [(line["iteration"], line["part"]) for line in read_journal(folder / JOURNAL)],
        "lines_of_state": content[:size].count(b"\n"),
        "remembered": missing - 1,
    }


if __name__ == "__main__":
    what, where = sys.argv[1:]
    acts = {"every-write": every_write, "again-and-again": again_and_again, "any-time": any_time}
    print(json.dumps(acts[what](Path(where))))
