"""docs/pools.md says all that a pool file may hold, and its examples are pools."""

import re
from pathlib import Path

import pytest
import yaml

from hswarm.agents.pool import FamilyEntry, Pool, read_pool
from hswarm.engines.endpoint import Endpoint, Price
from hswarm.engines.tools.entry import CalculatorEntry, FunctionEntry, HttpEntry, McpEntry
from hswarm.engines.tools.given import Given
from hswarm.experts.corpus import TULU_DOMAINS
from hswarm.experts.recipe import OwnRecipe, Recipe

PAGE = (Path(__file__).parents[2] / "docs" / "pools.md").read_text()
MODELS = (
    *(Pool, FamilyEntry, Recipe, OwnRecipe, Endpoint, Price),
    *(CalculatorEntry, FunctionEntry, HttpEntry, McpEntry),
)


def examples():
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    return re.findall(r"```yaml\n(.*?)```", PAGE + readme, re.DOTALL)


@pytest.mark.parametrize("text", examples())
def test_every_example_is_a_pool(text, tmp_path):
    (tmp_path / "example.yaml").write_text(text)
    assert set(read_pool(tmp_path / "example.yaml").agents)


@pytest.mark.parametrize("model", MODELS)
def test_every_key_is_there(model):
    written = "".join(examples())
    for name in model.model_fields:
        assert f"`{name}`" in PAGE or re.search(rf"\b{name}:", written), name


@pytest.mark.parametrize("model", [Endpoint, HttpEntry, McpEntry])
def test_what_holds_without_a_number_is_as_it_says(model):
    for name in ("concurrency", "timeout", "attempts", "longest"):
        if name in model.model_fields:
            default = f"{model.model_fields[name].default:g}"
            rows = re.findall(rf"^\| `{name}` \|.* (\d+) \|$", PAGE, re.MULTILINE)
            assert default in rows, name


def test_what_an_address_is_sent_is_as_it_says():
    sent = re.search(r'```json\n(\{"question".*?)\n```', PAGE)[1]
    assert Given.read(sent).responses == ("3 miles",)
    assert yaml.safe_load(sent).keys() == {"question", "context", "responses"}


def test_what_training_is_without_a_key_is_as_it_says():
    recipe = Recipe()
    for name in ("epochs", "batch", "warm_up", "floor", "max_length", "held_out"):
        (said,) = re.findall(rf"^\| `{name}` \|.*\| ([\d.]+) \|$", PAGE, re.MULTILINE)
        assert float(said) == getattr(recipe, name), name
    assert f"| {recipe.rank}, {recipe.alpha:g} |" in PAGE
    assert all(f"`{domain}`" in PAGE for domain in TULU_DOMAINS)
