"""Pool files: relative to where they lie, strict about keys, clear about what is wrong."""

import re
import subprocess
import sys

import pytest

from hswarm.agents import pool as pool_module
from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.errors import HswarmError

MINIMAL = "base: base\nprompt: chat\nexperts:\n  ann: ann\n  bob: who/bob@v2\n"


@pytest.fixture
def write(tmp_path):
    """Write the pool file friends.yaml, beside the folders base and ann."""
    (tmp_path / "base").mkdir()
    (tmp_path / "ann").mkdir()

    def write_text(text):
        (tmp_path / "friends.yaml").write_text(text)
        return tmp_path / "friends.yaml"

    return write_text


def refused(path, message):
    with pytest.raises(HswarmError, match=message) as caught:
        read_pool(path)
    assert "\n" not in str(caught.value) + caught.value.hint
    assert str(path) in str(caught.value)
    return caught.value


def test_a_pool_is_named_after_its_file_and_finds_what_lies_beside_it(write, tmp_path, monkeypatch):
    path = write(MINIMAL)
    monkeypatch.chdir(tmp_path.parent)
    pool = read_pool(path.relative_to(tmp_path.parent))
    assert pool.name == "friends"
    family = pool.families["friends"]
    assert family.base == str(tmp_path / "base")
    assert family.experts == {"ann": str(tmp_path / "ann"), "bob": "who/bob@v2"}
    assert pool.agents == ("ann", "bob")
    assert not family.trust_remote_code


def test_adapters_are_experts_by_another_name(write):
    pool = read_pool(write(MINIMAL.replace("experts:", "adapters:")))
    assert pool.agents == ("ann", "bob")


def test_an_alias_that_leads_back_to_itself(write):
    refused(write(MINIMAL.replace("experts:", "experts: &e\n  eve: *e")), "experts")


def test_every_field_can_be_given(write, tmp_path):
    text = (
        "name: Friends 2\ndescription: two\nlicence: Apache-2.0\nversion: '1'\nrevision: main\n"
        "trust_remote_code: true\nbase: who/base\nprompt: plain\n"
        "experts: {zoe: ../zoe, ann: /models/ann}\ndescriptions: {ann: facts}\n"
    )
    pool = read_pool(write(text))
    family = pool.families["Friends 2"]
    assert family.trust_remote_code
    assert (pool.name, family.base, family.revision) == ("Friends 2", "who/base", "main")
    assert pool.agents == ("zoe", "ann")
    assert family.experts == {"zoe": str(tmp_path / "../zoe"), "ann": "/models/ann"}


def test_opening_a_pool_hands_on_what_the_file_says(write, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        pool_module, "open_family", lambda *args, **more: calls.append((args, more))
    )
    read_pool(write(MINIMAL)).open()
    sources = {"ann": str(tmp_path / "ann"), "bob": "who/bob@v2"}
    options = {"prompt": "chat", "revision": None, "trust_remote_code": False}
    assert calls == [(("friends", str(tmp_path / "base"), sources), options)]


def test_an_unknown_key_is_answered_with_the_nearest(write):
    error = refused(write(MINIMAL + "expert: {}\n"), "no key 'expert'")
    assert "Did you mean experts" in error.hint
    error = refused(write(MINIMAL + "trust-remote-code: true\n"), "no key 'trust-remote-code'")
    assert "Did you mean trust_remote_code" in error.hint
    refused(write(MINIMAL + "1: x\n"), "no key '1'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: base\nprompt: chat\nexperts: {}\n", "experts"),
        ("base: base\nprompt: chat\nexperts:\n", "experts"),
        ("base: base\nprompt: chat\n", "experts"),
        ("base: base\nprompt: chat\nexperts: {ann: ''}\n", "experts.ann"),
        ("base: base\nprompt: chat\nexperts: {ann: }\n", "experts.ann"),
        ("base: base\nprompt: chat\nexperts: {'': ann}\n", "experts"),
        ("base: base\nprompt: chat\nexperts: {../ann: ann}\n", "experts"),
        ("base: base\nprompt: loud\nexperts: {ann: ann}\n", "prompt"),
        ("base: ''\nprompt: chat\nexperts: {ann: ann}\n", "base"),
        (MINIMAL + "descriptions: {eve: x}\n", "no agent 'eve'"),
        ("base: base\n  prompt: chat\n", "line 2"),
        ("- base\n", "mapping"),
        (MINIMAL + "  ann: other\n", "line 6: 'ann' is there twice"),
        (MINIMAL + "base: other\n", "line 6: 'base' is there twice"),
    ],
)
def test_a_malformed_pool_is_one_clear_line(write, text, message):
    refused(write(text), message)


TWO = """\
families:
  llama: {base: base, prompt: chat, experts: {ann: ann, bob: who/bob}}
  gemma: {base: who/gemma, prompt: plain, experts: {cat: who/cat}}
descriptions: {ann: facts, cat: sums}
"""


def test_several_families_have_names(write, tmp_path):
    pool = read_pool(write(TWO))
    assert list(pool.families) == ["llama", "gemma"]
    assert pool.families["llama"].experts["ann"] == str(tmp_path / "ann")
    assert pool.agents == ("ann", "bob", "cat")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TWO + "base: base\n", "'base' outside of them"),
        (TWO.replace("cat: who/cat", "ann: who/cat"), "two agents are called 'ann'"),
        (TWO.replace("prompt: plain", "prompt: loud"), "families.gemma.prompt"),
        (TWO.replace("cat: sums", "eve: sums"), "no agent 'eve'"),
        ("families: {}\n", "families"),
        ("description: nobody\n", "base"),
    ],
)
def test_malformed_families_are_one_clear_line(write, text, message):
    refused(write(text), message)


REMOTE = """\
remote:
  far: {model: m-1, base_url: "https://a.example/v1", key: FAR_KEY}
  gem: {provider: gemini, model: g-1, key: GEM_KEY, price: {prompt: 0.1, generated: 0.4}}
"""


def test_models_behind_an_api_may_stand_alone_or_beside_a_family(write):
    assert read_pool(write(REMOTE)).agents == ("far", "gem")
    pool = read_pool(write(MINIMAL + REMOTE))
    assert pool.agents == ("ann", "bob", "far", "gem")
    assert list(pool.families) == ["friends"]
    opened = read_pool(write(REMOTE)).open()
    assert len(opened) == 2
    assert [*opened.others] == ["far", "gem"]


def test_who_is_in_it_is_what_a_pools_fingerprint_says(write):
    def fingerprint(text):
        return read_pool(write(text)).open().fingerprint

    whole = fingerprint(REMOTE)
    assert fingerprint(REMOTE.replace("far:", "near:").replace("FAR_KEY", "NEAR_KEY")) == whole
    assert fingerprint(REMOTE.replace("m-1", "m-2")) != whole
    assert fingerprint(REMOTE.replace("a.example", "b.example")) != whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (REMOTE.replace("FAR_KEY", "sk-abc"), "remote.far.key: a key is given by the name"),
        (REMOTE.replace("model: m-1", "modle: m-1"), "remote.far.m"),
        (MINIMAL + REMOTE.replace("far:", "ann:"), "two agents are called 'ann'"),
        ("remote: {}\n", "nobody"),
    ],
)
def test_malformed_remote_models_are_one_clear_line(write, text, message):
    assert "sk-abc" not in refused(write(text), message).hint


def test_a_missing_file_is_one_clear_line(tmp_path):
    refused(tmp_path / "none.yaml", "cannot be read")


def test_reading_a_pool_loads_no_torch():
    code = "import sys, hswarm.agents.pool; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("entry", "message", "hint"),
    [
        (
            "remote: {far: {key: sk-abc}}",
            "remote.far.model: it is required",
            "Keys there: provider",
        ),
        ("remote: {far: {model: m, key: sk-abc}}", "remote.far.key: a key is given", "not shown"),
        ("remote: {far: {model: m, api_key: sk-abc}}", "remote.far.api_key", "Did you mean key?"),
        (
            "remote: {far: {model: m, price: {prompts: 1}}}",
            "remote.far.price.prompts",
            "Did you mean prompt? Keys there: prompt, generated.",
        ),
        ("remote: {far: {model: m, timeout: 0}}", "remote.far.timeout", "It is 0 now."),
        ("remote: {far: {model: m, provider: sk-abc}}", "'openai' or 'gemini'", "not shown"),
        ("tools: {far: {url: 'https://x', key: sk-abc}}", "its kind is required", "http, mcp"),
        (
            "tools: {far: {kind: calculater, key: sk-abc}}",
            "its kind is 'calculater'",
            "Did you mean calculator?",
        ),
        (
            "tools: {far: {kind: mcp, tool: t, arguments: {}, environment: {KEY: sk-abc}}}",
            "tools.far.mcp.environment: Input should be a list",
            "Keys there: timeout",
        ),
        (
            "tools: {far: {kind: mcp, command: sk-abc}}",
            "command: Input should be a list",
            "not shown",
        ),
        ("tools: {far: {kind: http, uri: x}}", "tools.far.http.uri", "Did you mean url?"),
    ],
)
def test_a_key_that_was_pasted_anywhere_is_not_repeated(write, entry, message, hint):
    error = refused(write(entry), re.escape(message))
    assert hint in error.hint
    assert "sk-abc" not in f"{error} {error.hint}"


def test_two_bases_are_those_of_the_mixed_pool():
    mixed, two = (read_pool(find("agents", name)) for name in ("mixed", "two-bases"))
    assert two.families == mixed.families
    assert two.descriptions.items() <= mixed.descriptions.items()
    assert not two.remote
    assert not two.tools
