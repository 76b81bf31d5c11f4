# Two commands to know: `make lab` to learn, `make test` to test. `make help` lists the rest.

BIN := .venv/bin
# Which torch .venv has: pypi or cpu. Nothing where there is no .venv, or the Python that it was made with has gone.
HAS := $(shell $(BIN)/python -c 'from importlib.util import find_spec as find; find("torch") and print(open(".venv/installed").read() or "pypi")' 2>/dev/null)
# PyTorch's own index of wheels without CUDA, see "Get started" at pytorch.org.
CPU_WHEELS := https://download.pytorch.org/whl/cpu

## PYTHON=python3.13  the Python that .venv is made with, 3.11 to 3.14 (python3); to change it, make clean first
PYTHON ?= python3
## TORCH=cpu          PyTorch without CUDA, on Linux without an NVIDIA GPU; TORCH=pypi for the usual one again
TORCH := $(or $(HAS),pypi)
$(if $(filter cpu pypi,$(TORCH)),,$(error TORCH=$(TORCH) is not known: say TORCH=cpu or TORCH=pypi))
## ARGS="..."         options of JupyterLab, such as "--no-browser --port 9000", or which notebooks or experiments: "01 05"
ARGS ?=
## DESK=folder        where your copies of the lessons are (my_lessons)
DESK ?=

.PHONY: help lab test notebooks integrations browser mutants mutation lint run slides outputs index tables experiments results progress doctor clean

help:  ## list the commands
	@awk -F ':.*## +' '/^[a-z]+:.*##/ {printf "%-20s%s\n", $$1, $$2} /^## / {more = more substr($$0, 4) "\n"} \
		END {printf "\n%s", more}' $(MAKEFILE_LIST)

lab: .venv/installed  ## open your copies of the lessons in JupyterLab
	$(BIN)/lrcourse lab $(DESK) -- $(ARGS)

# What somebody has set for pytest, or for all of Python, is not for these tests.
unexport PYTEST_ADDOPTS PYTEST_PLUGINS PYTHONWARNINGS PYTHONOPTIMIZE
# Whole files side by side, so that each notebook has one kernel, and the longest first: conftest.py sorts them.
SIDE_BY_SIDE := --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

test: .venv/installed lint  ## run all tests: units, doctests, every notebook
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

notebooks: .venv/installed  ## run the notebooks alone, on the data set that is found
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) notebooks

integrations: .venv/installed  ## install the trainers that record works with (0.4 GB), and test it with each
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --constraint tests/integrations/constraints.txt \
		--editable '.[test,integrations]'
	$(BIN)/python -m pytest tests/integrations lrcourse/integrations

browser: .venv/installed  ## open every notebook in JupyterLab, run it, and turn the knobs (needs Chromium; 15 minutes)
	$(BIN)/python -m pytest tests/browser --all-notebooks

mutants: .venv/installed  ## make small wrong changes to the package and see that tests and notebooks notice
	$(BIN)/python tools/mutants.py $(ARGS)

mutation: .venv/installed  ## let mutmut make small wrong changes to a part: ARGS="base --sample 150" (install .[mutation])
	$(BIN)/python tools/mutation.py $(ARGS)

lint: .venv/installed  ## check style, of the notebooks too
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

run: .venv/installed  ## execute all notebooks from fresh kernels and write them as HTML to build/
	$(BIN)/python tools/notebooks.py html $(ARGS)

slides: .venv/installed  ## write the lessons as slide shows to build/slides/
	$(BIN)/python tools/slides.py $(ARGS)

outputs: .venv/installed  ## execute all notebooks and write their outputs back into them
	$(BIN)/python tools/notebooks.py outputs $(ARGS)

index: .venv/installed  ## write docs/questions.md from the notebooks
	$(BIN)/python tools/question_index.py

tables: .venv/installed  ## measure and write the tables of docs/optimizers.md and docs/schedulers.md
	$(BIN)/python tools/scheduler_table.py
	$(BIN)/python tools/optimizer_table.py

experiments: .venv/installed  ## train the many runs whose tables are in notebooks/results/; stop it at any time
	$(BIN)/python -m experiments $(ARGS)

results: .venv/installed  ## write docs/results.md from the tables in notebooks/results/
	$(BIN)/python -m experiments.report

progress: .venv/installed  ## tell what you have done, lesson by lesson
	$(BIN)/lrcourse progress $(DESK)

doctor: .venv/installed  ## tell whether the course can run here
	$(BIN)/lrcourse doctor

clean:  ## remove the environment and what was built
	rm -rf .venv build

# Made once, brought up to date when what is to be installed changes, and made anew when another torch is asked for.
ifneq ($(TORCH),$(HAS))
.PHONY: .venv/installed
endif
.venv/installed: pyproject.toml constraints.txt
ifneq ($(TORCH),$(HAS))
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v <= (3, 14) and f"Python 3.11 to 3.14 is needed, {sys.executable} is {v[0]}.{v[1]}: make PYTHON=python3.13 ...")'
	@test $(TORCH) = cpu || test "$$(uname)" != Linux || command -v nvidia-smi >/dev/null || echo "No NVIDIA GPU is seen here. To leave out CUDA, 4 of 6 GB: stop this (Ctrl-C), then make lab TORCH=cpu"
	$(PYTHON) -m venv --clear .venv
endif
ifeq ($(TORCH),cpu)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps --index-url $(CPU_WHEELS) torch torchvision
	@$(BIN)/python -c 'import importlib.metadata as m, sys; sys.exit(sys.platform == "linux" and "nvidia" in " ".join(m.requires("torch")) and "This torch, from another index of pip, has CUDA: can $(CPU_WHEELS) be reached? Without it: make TORCH=pypi ...")'
endif
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	@echo $(TORCH) > $@
