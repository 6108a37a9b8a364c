"""Workers under Ray, real processes: the same answers as without, whoever is killed meanwhile."""

import asyncio
import os
import signal
import tempfile
import threading

import pytest

import hswarm
from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.config import EngineConfig
from hswarm.engines.batching import BatchingEngine
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Asker, Blend, CallFailed, Request, Sampling
from hswarm.engines.shipment import Shipment, load_shipped
from hswarm.errors import HswarmError
from hswarm.testing.engines import EngineContract, run
from hswarm.testing.sleeping import SleepingRunner, load_sleeping

pytestmark = pytest.mark.ray


def ask(k, *, asker=None):
    return Request(Blend("f", (1.0, k / 7)), f"prompt {k} {'w ' * (k % 9)}", Sampling(32), asker)


@pytest.fixture
def hire():
    """Start workers that sleep so long per token; they end with the test, Ray goes on."""
    import ray

    from hswarm.engines.ray import RayRunner

    if not ray.is_initialized():
        ray.init(address="local", include_dashboard=False, log_to_driver=False)
    started = []

    def start(workers, per_token=0.0, load=load_sleeping):
        started.append(RayRunner(load, per_token, EngineConfig(workers=workers)))
        return started[-1]

    yield start
    for runner in started:
        runner.close()


def test_workers_say_what_one_says(hire):
    requests = [ask(k) for k in range(100)]
    assert run(hire(3), requests) == run(SleepingRunner(), requests)


def kill_soon(process):
    """Kill a worker in the middle of its work."""
    killer = threading.Timer(0.5, os.kill, (process, signal.SIGKILL))
    killer.start()
    return killer


@pytest.mark.parametrize("workers", [1, 3])
def test_who_is_killed_is_replaced_and_nothing_is_counted_twice(workers, hire):
    requests = [ask(k, asker=Asker(f"agent {k % 4}", k % 5)) for k in range(150)]

    def account(runner, kill):
        memo = MemoEngine(BatchingEngine(runner))

        async def main():
            killer = kill_soon(runner.processes[-1]) if kill else None
            answers = await asyncio.gather(*map(memo.generate, requests * 2))
            if killer is not None:
                killer.join()
            return answers

        answers = asyncio.run(main())
        snapshot = memo.usage.snapshot()
        for account in (*snapshot["agents"].values(), *snapshot["nodes"].values()):
            account.pop("seconds")
        return answers, snapshot, memo.usage.called

    runner = hire(workers, per_token=1.5e-3 * workers)
    calm = account(SleepingRunner(), kill=False)
    stormy = account(runner, kill=True)
    assert stormy == calm
    assert len(runner.processes) == workers + 1
    assert calm[1]["generated"] == 150


def test_requests_that_kill_whoever_has_them_are_given_up(hire):
    runner = hire(2, load=load_dying)
    with pytest.raises(HswarmError, match="3 workers died over the same requests"):
        run(runner, [ask(k) for k in range(4)])


class Dying(SleepingRunner):
    def run(self, requests, audience, /):
        os._exit(1)


def load_dying(cargo, config):
    return Dying()


class Tidy(SleepingRunner):
    def __init__(self, place):
        super().__init__()
        self.place = place

    def close(self):
        self.place.with_name(f"{os.getpid()} was here").touch()


def load_tidy(cargo, config):
    return Tidy(cargo)


def test_workers_clear_up_in_the_end(hire, tmp_path):
    runner = hire(2, tmp_path / "x", load=load_tidy)
    runner.close()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{process} was here" for process in runner.processes}


def test_what_was_unpacked_goes_with_the_runner(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    families = read_pool(find("agents", "tiny")).open().families
    runner = load_shipped(Shipment.pack(families), EngineConfig(threads=1))
    assert list(tmp_path.iterdir())
    runner.close()
    assert not list(tmp_path.iterdir())


def load_nothing(cargo, config):
    raise HswarmError("There is no such model.", hint="Look again.")


def test_what_is_wrong_with_a_model_is_said_as_without_workers(hire):
    with pytest.raises(HswarmError, match="no such model") as refused:
        hire(2, load=load_nothing)
    assert refused.value.hint == "Look again."


def test_a_cluster_that_is_not_there():
    import ray

    from hswarm.engines.ray import RayRunner

    ray.shutdown()
    with pytest.raises(HswarmError, match="no Ray cluster"):
        RayRunner(load_sleeping, 0.0, EngineConfig(workers=2, ray="127.0.0.1:1"))


def test_a_shipment_holds_the_same_family(tmp_path):
    families = read_pool(find("agents", "tiny")).open().families
    [family] = Shipment.pack(families).unpack(tmp_path)
    assert family.fingerprint == families[0].fingerprint
    for before, after in zip(families[0].experts, family.experts, strict=True):
        assert after.folder.is_relative_to(tmp_path)
        for file in after.folder.iterdir():
            assert file.read_bytes() == (before.folder / file.name).read_bytes()
    assert (family.base / "model.safetensors").read_bytes()


def optimize(folder, **engine):
    hswarm.optimize(
        "gaia-text",
        run=folder,
        limit=6,
        max_iterations=1,
        settings={"engine": {"threads": 1, **engine}},
    )
    return (folder / "result.json").read_bytes()


def test_a_search_finds_the_same_with_workers_of_this_machine_and_of_a_cluster(tmp_path):
    import ray
    from ray.cluster_utils import Cluster

    alone = optimize(tmp_path / "alone")
    assert optimize(tmp_path / "workers", workers=2) == alone
    assert not ray.is_initialized()
    machines = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        machines.add_node(num_cpus=1)
        assert optimize(tmp_path / "cluster", workers=2, ray=machines.address) == alone
    finally:
        machines.shutdown()


class TestRay(EngineContract):
    @pytest.fixture(autouse=True)
    def _open(self, hire):
        self.hire = hire

    def open_engine(self):
        return BatchingEngine(Shared(self.hire(2)))

    def requests(self):
        return [ask(k) for k in range(8)]

    def hopeless(self):
        return Request(Blend("f", (1.0,)), "hopeless", Sampling(4))


class Shared:
    """Workers that outlive the engine over them."""

    def __init__(self, runner):
        self.run = runner.run


def test_the_runner_says_so_if_a_call_fails(hire):
    [answer] = run(hire(1), [Request(Blend("f", (1.0,)), "hopeless", Sampling(4))])
    assert isinstance(answer, CallFailed)
