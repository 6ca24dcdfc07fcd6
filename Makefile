# One command each: `make help` lists them.
PYTHON ?= python3
ROWS ?=
SERVING ?=
KILLS ?= 20
SEED ?=
SHARE ?=
PART ?=
BRIEF ?=
BENCH_PATH = $(CURDIR)/common:$(CURDIR)/local:$(CURDIR)/tests:$(CURDIR)/model/src

# What a person has set for other programs of Python, or Jupyter has, is not for ours.
unexport MPLBACKEND MATPLOTLIBRC $(filter PYTHON%,$(.VARIABLES))

# A virtual environment does not outlive a move, or its Python: then it is made anew.
VENV_GONE := $(shell test -L .venv || test ! -d .venv || \
	{ test -x .venv/bin/python && grep -qsF "$$(pwd -P)/.venv/bin/python" .venv/bin/pip; } || echo gone)

.DEFAULT_GOAL := help
.PHONY: gone help run test test-e2e check docs format test-compose chaos bench acceptance train lock passwords reset clean
gone:

help:  ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/run  ## start broker and services here, without Docker; ROWS=1000 ends after so many rows, SERVING=1 adds gateway, trainer and model-by-id, DATASET=iris takes other rows
	@.venv/bin/python local/run.py $(if $(ROWS),--rows $(ROWS)) $(if $(filter-out 0,$(SERVING)),--serving)

test: .venv/test  ## the tests of each part, with a real RabbitMQ: it gets one if there is none
	.venv/bin/python -m pytest -n 4 --dist worksteal

test-e2e: .venv/test  ## the tests of the whole pipeline as processes, and of its pages in a browser
	.venv/bin/python -m pytest tests/e2e tests/browser -n 4 --dist worksteal

check: .venv/test  ## lint, formatting, types; the workflow and the issue forms of .github
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	.venv/bin/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	.venv/bin/zizmor --offline --quiet .github

docs: .venv/docs  ## the documents as a site, in site/index.html; a dead link or a page that nothing leads to fails
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build

format: .venv/test  ## put the code into its form
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

test-compose: .venv/test  ## the tests in real containers, two stacks at a time; needs Docker and its compose plugin
	.venv/bin/python -m pytest tests/compose tests/upgrade --ignore tests/compose/test_cluster.py -n 2 --dist loadfile --no-loadscope-reorder

chaos: .venv/test  ## break everything under a stream of rows; a long run: KILLS=200, again: SEED=7, some of it: SHARE=0.3
	.venv/bin/python -m pytest tests/chaos -v --kills $(KILLS) $(if $(SEED),--seed $(SEED)) $(if $(SHARE),--share $(SHARE))

bench: .venv/test  ## measure throughput, latency, growth and idling; some ten minutes, BRIEF=1 for a sign of life
	@PYTHONPATH="$(BENCH_PATH)" .venv/bin/python bench/bench.py $(if $(PART),--only $(PART)) $(if $(filter-out 0,$(BRIEF)),--brief)

acceptance: .venv/test  ## what takes too long for each change: all of chaos, the whole bench, the cluster; half an hour
	$(MAKE) chaos SHARE=
	$(MAKE) bench PART= BRIEF=
	.venv/bin/python -m pytest tests/compose/test_cluster.py -s

train: .venv/run  ## train the default model anew
	.venv/bin/python model/src/train.py

lock: .venv/test  ## pin all dependencies anew, from the requirements.in files
	.venv/bin/python local/lock.py

passwords:  ## new random passwords, into .env: of RabbitMQ in Docker, and of Flower
	@sh local/passwords.sh

reset:  ## begin again with nothing: no rows, messages, jobs and stored models of `make run`
	rm -rf .local/rabbitmq .local/redis models logs/*

clean:  ## remove what `make run` and `make test` made here, except logs/ and models/
	rm -rf .venv .local model/model.skops* model/model.onnx* model/model.json .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf common/*.egg-info common/build cli/*.egg-info cli/build site

.venv/run: local/requirements.txt common/pyproject.toml cli/pyproject.toml $(VENV_GONE)
	@$(PYTHON) local/environment.py local/requirements.txt
	@touch $@

.venv/test: tests/requirements.txt common/pyproject.toml cli/pyproject.toml $(VENV_GONE)
	@$(PYTHON) local/environment.py tests/requirements.txt
	@touch .venv/run $@

.venv/docs: docs/requirements.txt $(VENV_GONE)
	@$(PYTHON) local/environment.py docs/requirements.txt
	@touch $@
