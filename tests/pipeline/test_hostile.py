"""Folders from strangers: refused in one line, exit code 2, before any model is loaded."""

import json
import os
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

import hswarm
from hswarm.cli import app as cli
from hswarm.errors import HswarmError
from hswarm.experts.blend import stack_experts
from hswarm.pipeline.contents import open_contents
from hswarm.pipeline.folder import write_sums

WEIGHTS = "adapter_model.safetensors"
ADAPTER = f"adapters/friends/{WEIGHTS}"


def edit(folder, name, change):
    """Change a JSON file of the pipeline, whose checksums then agree with it."""
    content = json.loads((folder / name).read_text())
    change(content)
    (folder / name).write_text(json.dumps(content))
    write_sums(folder)


def sums(folder, change):
    path = folder / "SHA256SUMS"
    path.write_text(change(path.read_text()))


def folder_of(where):
    return lambda own: edit(
        own, "models.lock.json", lambda lock: lock["agents"]["friends"].update(folder=where)
    )


def base_of(base):
    return lambda own: edit(
        own, "models.lock.json", lambda lock: lock["families"]["tiny"].update(base=base)
    )


def parents(change):
    return lambda own: edit(own, "graph.json", lambda graph: change(graph["nodes"]))


def link_file(own):
    (own / "bases" / "tiny" / "config.json").rename(own.parent / "config.json")
    (own / "bases" / "tiny" / "config.json").symlink_to(own.parent / "config.json")


def link_folder(own):
    (own / "bases").rename(own.parent / "bases")
    (own / "bases").symlink_to(own.parent / "bases", target_is_directory=True)


def million_edges(own):
    nodes = json.loads((own / "graph.json").read_text())["nodes"]
    node = {**nodes[0], "role": "middle"}
    many = [{**node, "parents": list(range(k))} for k in range(1415)]
    many[0]["role"], many[-1]["role"] = "entry", "end"
    (own / "graph.json").write_text(json.dumps({"schema_version": 1, "nodes": many}))
    write_sums(own)


def many_nodes(own):
    nodes = json.loads((own / "graph.json").read_text())["nodes"]
    many = [{**nodes[1], "parents": []} for _ in range(5000)]
    (own / "graph.json").write_text(json.dumps({"schema_version": 1, "nodes": many}))
    write_sums(own)


def not_finite(own):
    tensors = load_file(own / ADAPTER)
    next(iter(tensors.values()))[0, 0] = torch.nan
    save_file(tensors, own / ADAPTER, metadata={"format": "pt"})
    write_sums(own)


def other_shape(own):
    tensors = load_file(own / ADAPTER)
    name = next(iter(tensors))
    tensors[name] = tensors[name][:-1].contiguous()
    save_file(tensors, own / ADAPTER, metadata={"format": "pt"})
    write_sums(own)


def pickled(name):
    def put(own):
        torch.save({"a": torch.zeros(1)}, own / name)
        write_sums(own)

    return put


def huge_header(own):
    (own / ADAPTER).write_bytes(struct.pack("<Q", 2**63) + b"{}")
    write_sums(own)


def pipe(own):
    (own / "graph.svg").unlink()
    os.mkfifo(own / "graph.svg")


ATTACKS = {
    "adapter outside": (folder_of("../../elsewhere"), "folder: "),
    "adapter at an absolute path": (folder_of("/etc"), "folder: "),
    "adapter that is not there": (folder_of("nobody"), "adapters/friends, which is"),
    "checksum of a file outside": (
        lambda own: sums(own, lambda text: text + f"{'0' * 64}  ../outside\n"),
        "'../outside', which is no file of",
    ),
    "checksum of an absolute path": (
        lambda own: sums(own, lambda text: text + f"{'0' * 64}  /etc/passwd\n"),
        "'/etc/passwd', which is no file of",
    ),
    "base of another machine": (
        base_of({"kind": "local", "path": "/nowhere/base", "fingerprint": "0" * 64}),
        "does not name bases",
    ),
    "base at a path that climbs": (
        base_of({"kind": "local", "path": "../base", "fingerprint": "0" * 64}),
        "base.local.path",
    ),
    "base with an id that is a path": (
        base_of({"kind": "hub", "id": "../../x", "revision": "main", "fingerprint": "0" * 64}),
        "base.hub.id",
    ),
    "link in place of a file": (link_file, "is a link"),
    "link in place of a folder": (link_folder, "is a link"),
    "pipe in place of a file": (pipe, "no plain file"),
    "cycle": (parents(lambda nodes: nodes[1].update(parents=[2])), "cycle"),
    "node that reads itself": (parents(lambda nodes: nodes[1].update(parents=[1])), "cycle"),
    "edge from nowhere": (parents(lambda nodes: nodes[1].update(parents=[99])), "invalid parents"),
    "two end nodes": (
        parents(lambda nodes: (nodes[0].update(parents=[3]), nodes[2].update(parents=[0]))),
        "2 end nodes",
    ),
    "role of another": (parents(lambda nodes: nodes[0].update(role="end")), "which it is not"),
    "agent that there is not": (parents(lambda nodes: nodes[0].update(agent="eve")), "'eve'"),
    "million edges": (million_edges, "larger than"),
    "thousands of nodes": (many_nodes, "512"),
    "wrong hash": (lambda own: sums(own, lambda text: "0" * 64 + text[64:]), "checksum differs"),
    "other bytes": (lambda own: (own / ADAPTER).write_bytes(b"x"), "checksum differs"),
    "file that is not listed": (
        lambda own: sums(own, lambda text: text.partition("\n")[2]),
        "does not list",
    ),
    "NaN in an adapter": (not_finite, "NaN or an infinity"),
    "adapter of another shape": (other_shape, "inconsistent"),
    "pickled weights beside": (pickled("adapters/friends/adapter_model.bin"), "pickled"),
    "pickle by a harmless name": (pickled(ADAPTER), "not a complete safetensors file"),
    "header without end": (huge_header, "not a complete safetensors file"),
    "code": (lambda own: (own / "bases" / "tiny" / "modeling.py").touch(), "no place"),
    "anything else": (lambda own: (own / "notes.txt").touch(), "no place"),
    "weights that are another's": (
        lambda own: edit(
            own,
            "models.lock.json",
            lambda lock: lock["agents"]["friends"].update(fingerprint="0" * 64),
        ),
        "its fingerprint differs",
    ),
    "adapter that names a base elsewhere": (
        lambda own: edit(
            own,
            "adapters/friends/adapter_config.json",
            lambda config: config.update(base_model_name_or_path="/etc"),
        ),
        "names another base",
    ),
    "newer format": (
        lambda own: edit(own, "pipeline.json", lambda content: content.update(schema_version=2)),
        "format 2",
    ),
    "NaN in JSON": (
        lambda own: edit(
            own,
            "graph.json",
            lambda graph: graph["nodes"][0]["sampling"].update(temperature=float("nan")),
        ),
        "temperature",
    ),
    "JSON without end": (
        lambda own: (own / "report.json").write_text("[" * 500_000),
        "no JSON object",
    ),
    "golden answers of another graph": (
        lambda own: (own / "golden.jsonl").write_text(
            '{"id":"","question":"","context_chunks":[],"turns":[],"answer":""}\n'
        ),
        "line 1",
    ),
    "no golden answers": (lambda own: (own / "golden.jsonl").write_text(""), "no golden answer"),
    "file that is missing": (lambda own: (own / "report.json").unlink(), "no report.json"),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("command", ["verify", "ask"])
def test_it_is_refused_in_one_line(attack, command, own, monkeypatch, capsys):
    tamper, says = ATTACKS[attack]
    tamper(own)
    # Models would come by way of this; a folder like that must not get so far.
    monkeypatch.setitem(sys.modules, "hswarm.engines.transformers", None)
    question = ["Who?"] if command == "ask" else []
    monkeypatch.setattr(sys, "argv", ["hswarm", command, str(own), *question])
    with pytest.raises(SystemExit) as end:
        cli.main()

    error, hint = capsys.readouterr().err.splitlines()
    assert end.value.code == 2
    assert error.startswith("error: ")
    assert says in error
    assert hint.startswith("hint: ")


def test_names_that_a_terminal_would_obey_are_not_printed(own, monkeypatch, capsys):
    (own / "\x1b[2Jfile\nerror: all is well").touch()
    monkeypatch.setattr(sys, "argv", ["hswarm", "verify", str(own)])
    with pytest.raises(SystemExit):
        cli.main()

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "\x1b" not in lines[0]


def test_a_refusal_loads_no_torch(own):
    not_finite(own)
    script = (
        "import sys\n"
        f"sys.argv = ['hswarm', 'verify', {str(own)!r}]\n"
        "from hswarm.cli.app import main\n"
        "try:\n    main()\nfinally:\n    print('torch' in sys.modules)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(hswarm.__file__).parents[1])}
    asked = [sys.executable, "-c", script]
    done = subprocess.run(asked, capture_output=True, text=True, env=environment, check=False)

    assert (done.returncode, done.stdout) == (2, "False\n")


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
FUZZED = (
    "pipeline.json",
    "graph.json",
    "models.lock.json",
    "report.json",
    "adapters/friends/adapter_config.json",
    "bases/tiny/config.json",
)


def places(content):
    """Every place in nested JSON, as (container, key)."""
    entries = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in list(entries):
        yield content, key
        if isinstance(value, dict | list):
            yield from places(value)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=st.sampled_from(FUZZED), data=st.data())
def test_whatever_stands_in_the_files_it_is_sound_or_refused(own, exported, name, data):
    original = (exported / name).read_text()
    content = json.loads(original)
    container, key = data.draw(st.sampled_from(list(places(content))))
    container[key] = data.draw(JSONS)
    (own / name).write_text(json.dumps(content))
    write_sums(own)
    with suppress(HswarmError):
        open_contents(own)
    (own / name).write_text(original)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_stands_in_a_header_it_is_sound_or_refused(own, exported, data):
    original = (exported / ADAPTER).read_bytes()
    size = int(np.frombuffer(original[:8], "<u8")[0])
    header = json.loads(original[8 : 8 + size])
    container, key = data.draw(st.sampled_from(list(places(header))))
    container[key] = data.draw(JSONS)
    text = json.dumps(header).encode()
    (own / ADAPTER).write_bytes(struct.pack("<Q", len(text)) + text + original[8 + size :])
    write_sums(own)
    with suppress(HswarmError):
        stack_experts(open_contents(own).blueprint.pool.families[0])
