# make demo   install what is missing, render two scenes, score six methods, build the leaderboard's site
# make data   build blb-mini once (about an hour on two cores) into $BOKEHBENCH_DATA, or data/; resumes after a kill
# make site   build the leaderboard's site from the checkout's results into site/, with pictures where the dataset is in $BOKEHBENCH_DATA
# make vendor compare the site's JavaScript libraries with npm's (needs npm)
# make speed  measure speed: scripts in tests/speed, each against what it claims to beat
# make test   install what is missing, then lint, type-check and run all tests that are not marked slow
# Everything lives in .venv; DEMO=folder moves the demo's output.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO ?= demo-out
DATA := $(or $(BOKEHBENCH_DATA),data)
BLENDER_LIBRARIES := libx11-6 libxrender1 libxfixes3 libxi6 libxkbcommon0 libsm6 libgl1

.PHONY: help demo data site vendor test test-all browser speed lint format clean

help:
	@sed -n 's/^# //p' Makefile

demo: $(READY)
	@$(BIN)/bokehbench demo --out "$(DEMO)"

data: $(READY)
	@$(BIN)/bokehbench generate --preset blb-mini --out "$(DATA)/blb-mini"
	@$(BIN)/bokehbench dataset validate "$(DATA)/blb-mini"

site: $(READY)
	@files=$$(sed -n 's/.*"files_sha256": "\(.\{12\}\).*/\1/p' "$(DATA)/blb-mini/dataset.json" 2>/dev/null || true); \
	pictures=(); \
	if [ -n "$$files" ] && compgen -G "leaderboards/datasets/*/$$files.json" >/dev/null; then \
	  pictures=(--dataset "$(DATA)/blb-mini"); \
	  if [ -d "$(DATA)/run" ]; then pictures+=(--run "$(DATA)/run"); fi; \
	else \
	  echo "No pictures: $(DATA)/blb-mini is not there, or is not the rendering that the results are of."; \
	fi; \
	$(BIN)/bokehbench leaderboard build --out site "$${pictures[@]}"

vendor: $(READY)
	@$(BIN)/python -m tests.leaderboards.vendoring

speed: $(READY)
	@for script in tests/speed/[a-z]*.py; do \
	  echo "== $$script"; $(BIN)/python -m "tests.speed.$$(basename "$$script" .py)"; \
	done

browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing chromium, in which the site is tested"; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium && exit 0; \
	fi; \
	echo "No chromium: the site is not tested in a browser. To have it:  sudo apt-get install chromium"

test: $(READY) lint browser
	@$(BIN)/python -m pytest

test-all: $(READY) lint browser
	@$(BIN)/python -m pytest -m ""

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml constraints.txt Makefile
	@missing=""; \
	if command -v dpkg-query >/dev/null; then \
	  for package in $(BLENDER_LIBRARIES); do \
	    dpkg-query -W -f='$${db:Status-Abbrev}' "$$package" 2>/dev/null | grep -q '^ii' || missing="$$missing $$package"; \
	  done; \
	else \
	  echo "Not a Debian or Ubuntu system: Blender needs the libraries that Debian calls $(BLENDER_LIBRARIES)."; \
	fi; \
	if [ -n "$$missing" ]; then \
	  echo "Blender needs these system libraries:$$missing"; \
	  if [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing; \
	  else \
	    echo "Install them with this line, then run make again:"; \
	    echo "  sudo apt-get install --no-install-recommends$$missing"; \
	    exit 2; \
	  fi; \
	fi
	@is_311() { "$$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }; \
	if [ -x $(BIN)/python ] && is_311 $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1; then exit 0; fi; \
	rm -rf $(VENV); \
	for python in python3.11 python3; do \
	  if is_311 "$$python"; then \
	    echo "Making $(VENV) with $$python"; \
	    if ! "$$python" -c 'import ensurepip' 2>/dev/null; then \
	      if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get update -qq && apt-get install -y -qq --no-install-recommends python3.11-venv; \
	      else \
	        echo "$$python has no venv module: install it with  sudo apt-get install python3.11-venv  and run make again."; \
	        exit 2; \
	      fi; \
	    fi; \
	    "$$python" -m venv $(VENV); \
	    exit 0; \
	  fi; \
	done; \
	if command -v uv >/dev/null; then \
	  echo "Making $(VENV) with a Python 3.11 fetched by uv"; \
	  uv venv --quiet --seed --python 3.11 $(VENV); \
	else \
	  echo "Python 3.11 is needed (Blender's module exists for no other): install python3.11 and python3.11-venv, or uv, and run make again."; \
	  exit 2; \
	fi
	@echo "Installing bokehbench and what it needs into $(VENV) (once; about 2 GB, a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	@$(BIN)/python -c 'import bpy' >/dev/null 2>$(VENV)/bpy-import.log || { \
	  echo "Blender's module does not load: $$(tail -n 1 $(VENV)/bpy-import.log)"; exit 1; }
	@touch $@
