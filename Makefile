# The menu. Everything runs in .venv, made here from hash-pinned requirements; the program is .venv/bin/tongxin.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PACKAGES := pyproject.toml drill/pyproject.toml
PHONE := phone/node_modules/.made
APP := src/tongxin/host/files/phone/index.html

.PHONY: help demo up app test check fix bench prove simulate torture torture-phone bare browser pictures screens vectors openapi messages lock clean
help:           ## this menu
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: .venv/drill $(APP)       ## a whole first night, then the desk at http://127.0.0.1:8000 (PORT=… for another port, EXIT=1 to end by itself)
	@$(BIN)/tongxin drill first-night $(if $(EXIT),--leave,--stay)

up: .venv/drill $(APP)       ## the desk on whatever is stored, without a drill
	@$(BIN)/tongxin up

test: .venv/dev browser $(PHONE) $(APP)  ## every test
	bash scripts/node npm --silent test
	$(BIN)/python -m pytest $(ARGS)

app: $(APP)                 ## the phone's app, built to where the desk serves it at /phone/

check: .venv/dev $(PHONE)   ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src drill/src tests bench scripts
	$(BIN)/lint-imports --no-cache
	bash scripts/node npm --silent run check

fix: .venv/dev $(PHONE)     ## mend format and what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	bash scripts/node npm --silent run fix

bench: .venv/dev            ## the benchmarks, printed
	$(BIN)/python bench/first_night.py
	$(BIN)/python bench/intake.py
	$(BIN)/python bench/drill.py
	$(BIN)/python bench/imports.py
	$(BIN)/python bench/county_ready.py
	$(BIN)/python bench/desk.py

simulate: .venv/dev         ## phones and server in virtual worlds: SEEDS=n worlds from number FROM=k on
	$(BIN)/python bench/simulate.py --seeds $(or $(SEEDS),2000) --from $(or $(FROM),0)

torture: .venv/dev          ## kill -9, lost requests, forks, poison, full disks: SCHEDULES=n schedules from seed SEED=s on
	$(BIN)/python bench/torture.py --schedules $(or $(SCHEDULES),100) --seed $(or $(SEED),1)

torture-phone: .venv/dev browser bare  ## kill the browser in which a phone's page saves: KILLS=n kills from seed SEED=s on
	$(BIN)/python bench/torture_phone.py --kills $(or $(KILLS),100) --seed $(or $(SEED),1) $(ARGS)

bare: phone/dist/bare/index.html  ## the page on which the phone's store is tried out

prove: .venv/prove bare     ## the long proofs; results go to docs/proofs/
	$(BIN)/python bench/torture_phone.py --kills 500 --seed 1 --write docs/proofs/torture-phone.json
	$(BIN)/python bench/kills.py --nights 20 --write docs/proofs/kills.json
	$(BIN)/python bench/simulate.py --seeds 100000 --from 0 --write docs/proofs/simulate.json
	$(BIN)/python bench/torture.py --schedules 1000 --seed 1 --write docs/proofs/torture.json
	$(BIN)/python bench/intake.py --rows 10000000 --minutes 10 --json docs/proofs/intake.json
	$(BIN)/python bench/mutants.py --write docs/proofs/mutants.json

pictures: .venv/dev browser ## the README's pictures, made anew by the test that makes them
	@mkdir -p docs/pictures
	TONGXIN_PICTURES=docs/pictures $(BIN)/python -m pytest tests/e2e/test_desk.py -k pictures

screens: .venv/dev browser  ## a picture of every page in both languages, kept in docs/screens by the test that looks at them
	@mkdir -p docs/screens
	TONGXIN_SCREENS=docs/screens $(BIN)/python -m pytest tests/e2e/test_every_page.py

vectors: .venv/dev          ## the protocol's test vectors, made anew (a changed file is a changed protocol)
	PYTHONPATH=. $(BIN)/python tests/vectors/build.py

openapi: .venv/dev          ## docs/openapi.json, made anew from the table of calls
	$(BIN)/python scripts/openapi.py

messages: .venv/dev         ## compile the English catalogue after a change of its .po file
	$(BIN)/pybabel --quiet compile -D django -d src/tongxin/locale

lock: .venv/dev             ## pin requirements anew
	@for name in app drill dev prove node; do CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --upgrade --generate-hashes \
	  --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements/$$name.txt requirements/$$name.in; done

clean:                      ## remove the demo's database and .venv
	@if [ -x $(BIN)/tongxin ]; then $(BIN)/tongxin clean; fi
	rm -rf var .venv phone/node_modules src/tongxin/host/files

browser:                    ## Chromium and Chinese fonts, for tests in a browser
	@bash scripts/browser

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tongxin needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Type: make PYTHON=python3.11 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) lacks the venv module. Type: sudo apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/drill: requirements/drill.txt $(PACKAGES) | .venv/bin/python
	@echo "Installing what Tongxin needs into .venv …"
	@$(PIP) install --require-hashes -r requirements/drill.txt
	@$(PIP) install --no-deps --no-build-isolation -e . -e drill
	@touch $@

.venv/prove: requirements/prove.txt .venv/dev
	@echo "Installing what the long proofs need into .venv …"
	@$(PIP) install --require-hashes -r requirements/prove.txt
	@touch $@

.venv/dev: requirements/dev.txt .venv/drill
	@echo "Installing what checks and tests need into .venv …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(PHONE): phone/package-lock.json phone/.npmrc | .venv/bin/python
	@echo "Installing what the phone's app needs into phone/node_modules …"
	@bash scripts/node npm ci --ignore-scripts --loglevel=error
	@touch $@

phone/dist/bare/index.html: $(PHONE) $(wildcard phone/bare/* phone/src/store/*)
	@bash scripts/node npm --silent run bare -- --logLevel warn

$(APP): $(PHONE) phone/index.html phone/vite.config.ts phone/package.json $(wildcard phone/src/* phone/src/*/*)
	@echo "Building the phone's app …"
	@bash scripts/node npm --silent run build -- --logLevel warn
	@touch $@
