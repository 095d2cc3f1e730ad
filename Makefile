# run, test, lint, bench: each does its own set-up. Needs only make and Python 3.11 or later.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PORT ?= 8501
# Compiled files are kept, wherever we are: a run, a test or a server starts half a dozen processes.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test lint bench clean

run: $(STAMPS)/app
	$(BIN)/streamlit run app.py --server.port $(PORT)

# Two at a time: much of a test is waiting, for a browser, a process or a model.
test: lint $(STAMPS)/browser
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations=30

lint: $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMPS)/browser $(STAMPS)/bench
	$(BIN)/python -m benchmarks.features
	$(BIN)/python -m benchmarks.head
	$(BIN)/python -m benchmarks.server
	$(BIN)/python -m benchmarks.dataset
	$(BIN)/python -m benchmarks.near_duplicates
	$(BIN)/python -m benchmarks.gallery
	$(BIN)/python -m benchmarks.recipe
	$(BIN)/python -m benchmarks.augmentation
	$(BIN)/python -m benchmarks.classify
	$(BIN)/python -m benchmarks.live
	$(BIN)/python -m benchmarks.upload
	$(BIN)/python -m benchmarks.preview
	$(BIN)/python -m benchmarks.watching
	$(BIN)/python -m benchmarks.watchers
	$(BIN)/python -m benchmarks.estimate
	$(BIN)/python -m benchmarks.kills

clean:
	rm -rf $(VENV)

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Pawlab needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	mkdir -p $(STAMPS) && touch $@

$(STAMPS)/app: requirements.txt | $(STAMPS)/venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(STAMPS)/dev: requirements.txt requirements-dev.txt | $(STAMPS)/venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $(STAMPS)/app $@

# What only benchmarks compare with. numpy and opencv stay what requirements.txt says.
$(STAMPS)/bench: requirements-bench.txt $(STAMPS)/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	touch $@

# Chromium for the browser tests: the machine's own, else Debian's where we are root, else Playwright's.
$(STAMPS)/browser: $(STAMPS)/dev
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	  else \
	    $(BIN)/playwright install chromium; \
	  fi
	touch $@
