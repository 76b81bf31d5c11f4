# Two commands to know: `make lab` to learn, `make test` to test. `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
# More options: for JupyterLab, such as ARGS="--no-browser --port 9000", or which notebooks, such as ARGS="01 05".
ARGS ?=

.PHONY: help lab test browser mutants lint run slides outputs index tables experiments doctor clean

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

lab: .venv/installed  ## open the course in JupyterLab
	$(BIN)/jupyter lab $(ARGS) notebooks/00_start_here.ipynb

test: .venv/installed lint  ## run all tests: units, doctests, every notebook
	$(BIN)/python -m pytest

browser: .venv/installed  ## open every notebook in JupyterLab, run it, and turn the knobs (needs Chromium; 15 minutes)
	$(BIN)/python -m pytest tests/browser --all-notebooks

mutants: .venv/installed  ## make small wrong changes to the package and see that tests and notebooks notice
	$(BIN)/python tools/mutants.py $(ARGS)

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

experiments: .venv/installed  ## train the many runs of notebooks 10 and 12 whose tables are in notebooks/results/
	$(BIN)/python tools/experiments.py $(ARGS)

doctor: .venv/installed  ## tell whether the course can run here
	$(BIN)/lrcourse doctor

clean:  ## remove the environment and what was built
	rm -rf .venv build

# Made once, and again when what is to be installed changes.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"Python 3.11 or newer is needed, {sys.executable} is {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@
