# make demo      set everything up and validate a phantom: out/demo/report.html
# make test      set everything up and run formatting, lint, types and tests
# make validate MAP=file CONTOUR=level [RESOLUTION=Å] [VOXEL=Å] [OUT=folder]
# make venv      only the virtual environment, in .venv

PYTHON ?= $(shell command -v python3.11 || command -v python3.10 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out/$(firstword $(subst ., ,$(notdir $(MAP))))

.PHONY: demo test venv validate clean

demo: venv
	$(BIN)/vrs demo --out out/demo

validate: venv
	@test -n "$(MAP)" -a -n "$(CONTOUR)" || { echo "usage: make validate MAP=file CONTOUR=level [RESOLUTION=Å] [VOXEL=Å] [OUT=folder]"; exit 2; }
	$(BIN)/vrs validate "$(MAP)" --contour=$(CONTOUR) $(if $(RESOLUTION),--resolution=$(RESOLUTION)) $(if $(VOXEL),--voxel=$(VOXEL)) --out "$(OUT)"

test: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

venv: $(VENV)/.installed

$(VENV)/.installed: setup.py
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 12))' || { echo "Python 3.10 or 3.11 is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "venv is missing: installing python3-venv"; apt-get update -qq && apt-get install -y -qq python3-venv; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
