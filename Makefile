# run, test, lint, bench, lock, ray, hooks, screenshots: each does its own set-up. Needs only make and Python 3.11 or later.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PORT ?= 8501
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --custom-compile-command 'make lock'
# Of a lock, what the app's does not have: this one is installed with it.
define REST
NR == FNR { if (/^[a-z0-9]/) app[$$1] = 1; next }
FNR == 1 { print "-r requirements.txt" }
/^-r requirements.txt/ { next }
/^[a-z0-9]/ { skip = ($$1 in app) }
!skip
endef
export REST
# Compiled files are kept, wherever we are: a run, a test or a server starts half a dozen processes.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-fast lint bench ray lock hooks screenshots clean

run: $(STAMPS)/app
	$(BIN)/streamlit run app.py --server.port $(PORT)

# Three at a time, also on two cores: half of the time of a test is waiting, for a browser, a process or a model.
test: lint $(STAMPS)/browser
	$(BIN)/python -m pytest -n 3 --dist loadfile --durations=30

# What tests/marks.py does not call slow: no browser, no page, no trained run, no Keras, no process of ours.
test-fast: $(STAMPS)/dev
	$(BIN)/python -m pytest --fast -n 2 --dist loadfile --durations=10

lint: $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMPS)/browser $(STAMPS)/bench $(STAMPS)/ray
	$(BIN)/python -m benchmarks.features
	$(BIN)/python -m benchmarks.head
	$(BIN)/python -m benchmarks.server
	$(BIN)/python -m benchmarks.dataset
	$(BIN)/python -m benchmarks.near_duplicates
	$(BIN)/python -m benchmarks.gallery
	$(BIN)/python -m benchmarks.recipe
	$(BIN)/python -m benchmarks.quality --presets fast
	$(BIN)/python -m benchmarks.augmentation
	$(BIN)/python -m benchmarks.classify
	$(BIN)/python -m benchmarks.pixels
	$(BIN)/python -m benchmarks.unknown
	$(BIN)/python -m benchmarks.advise
	$(BIN)/python -m benchmarks.conformal
	$(BIN)/python -m benchmarks.calibration
	$(BIN)/python -m benchmarks.live
	$(BIN)/python -m benchmarks.upload
	$(BIN)/python -m benchmarks.preview
	$(BIN)/python -m benchmarks.watching
	$(BIN)/python -m benchmarks.watchers
	$(BIN)/python -m benchmarks.estimate
	$(BIN)/python -m benchmarks.sessions
	$(BIN)/python -m benchmarks.kills
	$(BIN)/python -m benchmarks.hostile
	$(BIN)/python -m benchmarks.scale

# The extra for clusters, and its tests, also that against a server of S3.
ray: $(STAMPS)/ray $(STAMPS)/s3
	$(BIN)/python -m pytest tests/scale --durations=5

# Resolves requirements*.in: versions stay what they are where they still fit. `make lock UPGRADE=--upgrade` renews all.
lock: $(STAMPS)/dev
	$(COMPILE) $(UPGRADE) requirements.in -o requirements.txt
	$(COMPILE) $(UPGRADE) -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(COMPILE) $(UPGRADE) -c requirements.txt -c requirements-dev.txt requirements-bench.in -o requirements-bench.txt
	$(COMPILE) $(UPGRADE) -c requirements.txt -c requirements-dev.txt requirements-ray.in -o requirements-ray.txt
	$(COMPILE) $(UPGRADE) requirements-s3.in -o requirements-s3.txt
	for lock in dev bench ray; do awk "$$REST" requirements.txt requirements-$$lock.txt > .lock && mv .lock requirements-$$lock.txt; done

# What `make lint` runs, before each commit; and the length of its subject.
hooks: $(STAMPS)/dev
	$(BIN)/pre-commit install --hook-type pre-commit --hook-type commit-msg

# docs/images/*.webp from the drawn sample and a real run, in Chromium.
screenshots: $(STAMPS)/browser
	$(BIN)/python -m docs.screenshots

clean:
	rm -rf $(VENV)

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Pawlab needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	mkdir -p $(STAMPS) && touch $@

$(STAMPS)/app: requirements.txt | $(STAMPS)/venv
	$(INSTALL) -r requirements.txt
	touch $@

$(STAMPS)/dev: requirements.txt requirements-dev.txt | $(STAMPS)/venv
	$(INSTALL) -r requirements-dev.txt
	touch $(STAMPS)/app $@

# What only benchmarks compare with.
$(STAMPS)/bench: requirements-bench.txt $(STAMPS)/dev
	$(INSTALL) -r requirements-bench.txt
	touch $@

$(STAMPS)/ray: requirements-ray.txt $(STAMPS)/dev
	$(INSTALL) -r requirements-ray.txt
	touch $@

# Wants another python-dateutil than the app.
$(STAMPS)/s3: requirements-s3.txt | $(STAMPS)/venv
	$(PYTHON) -m venv $(VENV)/s3
	$(VENV)/s3/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-s3.txt
	touch $@

# What the browser tests need. Chromium: the machine's own, else Debian's where we are root, else Playwright's. And npm,
# which fetches ONNX Runtime Web; where it is missing, PAWLAB_ORT_WEB can name the file.
$(STAMPS)/browser: $(STAMPS)/dev
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium-headless-shell >/dev/null; \
	  else \
	    $(BIN)/playwright install chromium; \
	  fi
	@command -v npm >/dev/null || test -n "$$PAWLAB_ORT_WEB" || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm >/dev/null; \
	  else \
	    echo "The tests of the HTML file need npm (it comes with Node.js), or PAWLAB_ORT_WEB"; \
	  fi
	touch $@
