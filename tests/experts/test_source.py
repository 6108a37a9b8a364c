"""Models are found in folders and in the hub's cache; nothing here goes to the network."""

import shutil

import huggingface_hub.constants
import pytest

from hswarm.errors import HswarmError
from hswarm.experts.family import open_family
from hswarm.experts.source import is_hub_id, locate

COMMITS = {"main": "a" * 40, "v2": "b" * 40}


def cache_model(cache, repository, folder, revision="main"):
    """Lay `folder` into a cache the way huggingface_hub does: blobs, links to them, a ref."""
    root = cache / f"models--{repository.replace('/', '--')}"
    snapshot = root / "snapshots" / COMMITS[revision]
    for path in (root / "blobs", root / "refs", snapshot):
        path.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        blob = root / "blobs" / f"{revision}-{file.name}"
        shutil.copy(file, blob)
        (snapshot / file.name).symlink_to(f"../../blobs/{blob.name}")
    (root / "refs" / revision).write_text(COMMITS[revision])
    return root


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty hub cache and no network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def test_a_family_from_the_hubs_cache_is_the_one_from_its_folders(cache, own, opened):
    cache_model(cache, "who/base", own / "base")
    cache_model(cache, "who/ann", own / "ann")
    cache_model(cache, "who/ann", own / "bob", "v2")
    adapters = {"ann": "who/ann", "bob": "who/ann@v2"}
    family = open_family("hub", "who/base", adapters, prompt="plain")
    assert family.fingerprint == opened(own, ("ann", "bob")).fingerprint
    assert family.base_source == "who/base"
    assert family.base.name == COMMITS["main"]
    assert family.experts[1].folder.name == COMMITS["v2"]


def test_a_revision_picks_the_base(cache, own):
    cache_model(cache, "who/base", own / "base", "v2")
    assert locate("who/base", revision="v2").name == COMMITS["v2"]
    assert locate("who/base", revision=COMMITS["v2"]).name == COMMITS["v2"]
    with pytest.raises(HswarmError, match="the hub did not give it"):
        locate("who/base")


def test_a_cached_models_folder_stands_for_its_snapshot(cache, own):
    root = cache_model(cache, "who/base", own / "base", "v2")
    assert locate(str(root), revision="v2").name == COMMITS["v2"]
    with pytest.raises(HswarmError, match="no revision 'main'") as caught:
        locate(str(root))
    assert COMMITS["v2"] in caught.value.hint


def test_what_is_in_no_cache_is_one_clear_line(cache):
    with pytest.raises(HswarmError, match="who/what is no folder here") as caught:
        locate("who/what")
    assert "\n" not in str(caught.value)
    assert "HF_HUB_OFFLINE" in caught.value.hint


def test_an_adapter_of_another_hub_model_is_refused(cache, own):
    cache_model(cache, "who/base", own / "base")
    config = own / "ann" / "adapter_config.json"
    trained_for = config.read_text()
    config.write_text(trained_for.replace("../base", "else/base"))
    with pytest.raises(HswarmError, match="'ann' was trained for base else/base, not for who/base"):
        open_family("hub", "who/base", {"ann": str(own / "ann")}, prompt="plain")
    cache_model(cache, "else/base", own / "base")
    open_family("hub", "who/base", {"ann": str(own / "ann")}, prompt="plain")


def test_an_adapter_of_a_cached_hub_model_is_compared_with_a_local_base(cache, own, opened):
    config = own / "ann" / "adapter_config.json"
    config.write_text(config.read_text().replace("../base", "who/base"))
    cache_model(cache, "who/base", own / "base")
    opened(own, ("ann",))
    (own / "base" / "model.safetensors").unlink()
    shutil.copy(own / "ann" / "adapter_model.safetensors", own / "base" / "model.safetensors")
    with pytest.raises(HswarmError, match="'ann' was trained for base who/base"):
        opened(own, ("ann",))


@pytest.mark.parametrize("text", ["gpt2", "who/what", "Qwen/Qwen3-0.6B", "a.b/c_d-e"])
def test_hub_ids(text):
    assert is_hub_id(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "../x", "/x/y", "a/b/c", "~/x", "a b", "x/", "./x"]
)
def test_paths_are_no_hub_ids(text):
    assert not is_hub_id(text)
