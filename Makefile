# The project's commands. Every target sets itself up on a machine with only Python 3.11+.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
# [[[cog d.extras() ]]]
EXTRAS := intake review scheduling billing portal sandbox demo
# [[[end]]]
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version 3.11 \
	--no-emit-index-url --custom-compile-command "make lock" pyproject.toml

.PHONY: setup demo run up test quick compose-test images backup restore simulate bench check format lock generate env

setup: .venv/.ready

.venv/.ready: requirements/dev.txt requirements/uv.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	@$(BIN)/lingjun demo $(ARGS)

run: setup
	@$(BIN)/lingjun run $(ARGS)

test: setup
	@$(BIN)/python -m tests.servers install
	@$(BIN)/python -m pytest -n 2 --dist loadscope -m "not compose" $(ARGS)

# Run the tests that need neither a server nor a browser, while you write: rules, contracts, translations, files, demo data.
quick: setup
	@LINGJUN_TEST_SERVERS=none $(BIN)/python -m pytest -q -n 2 tests/rules tests/contracts tests/demo \
		tests/sandbox --ignore tests/demo/test_ending.py --ignore tests/sandbox/test_mutations.py $(ARGS)

# Start the installation in containers and keep it running: needs a Docker engine, or root on Debian to start one.
up: images
	@$$(docker compose version >/dev/null 2>&1 && echo docker compose || echo $(BIN)/docker-compose) up --detach --wait

images: setup env
	@$(BIN)/python -m tests.servers engine
	@deploy/images.sh

# Back up an installation in containers into a new folder, and restore it: make backup TO=folder, make restore FROM=folder.
backup:
	@deploy/backup.sh $(TO)

restore:
	@deploy/restore.sh $(FROM)

# Run the tests in containers, which `make test` skips.
compose-test: images
	@$(BIN)/python -m pytest -m compose tests/compose $(ARGS)

# Run simulated worlds of all services: make simulate WORLDS=10000, or repeat one: make simulate SEED=123.
simulate: setup
	@$(BIN)/lingjun simulate $(if $(SEED),--seed $(SEED),--worlds $(or $(WORLDS),200)) $(ARGS)

# Measure the product beside the usual stack: all rows, or ARGS="--rounds 5 --only relay".
bench: setup
	@$(BIN)/python -m tests.servers install
	@$(BIN)/lingjun bench $(ARGS)

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry --no-ansi shared services
	@$(BIN)/python -m pytest -q tests/contracts

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Write what is generated: the event documents and snapshots from shared/events, the page of problems from the refusals in the
# source, and the blocks that name every service from the registry of services.
generate: setup
	@$(BIN)/python -m tools.event_docs
	@$(BIN)/python -m tools.problems
	@$(BIN)/python -m tools.deployment

# Compile the extras of pyproject.toml into hash-locked files without URLs: shared.txt for the common dependencies, one file
# per service, and dev.txt for everything. openapi_client.txt has the generator of Python clients, which needs an older typer;
# tests/foreign/package-lock.json has the npm packages of the tests.
WITHOUT_FUNDING := const fs = require("fs"), name = "package-lock.json"; \
	const lock = JSON.parse(fs.readFileSync(name), (key, value) => key === "funding" ? undefined : value); \
	fs.writeFileSync(name, JSON.stringify(lock, null, 2) + "\n")
lock:
	@test -x $(BIN)/uv || ($(PYTHON) -m venv .venv && $(BIN)/pip install --quiet uv)
	@echo uv | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version 3.11 \
		--no-emit-index-url --custom-compile-command "make lock" - -o requirements/uv.txt
	@echo openapi-python-client | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version 3.11 \
		--no-emit-index-url --custom-compile-command "make lock" - -o requirements/openapi_client.txt
	@$(COMPILE) -o requirements/shared.txt
	@for extra in $(EXTRAS) dev; do $(COMPILE) --extra $$extra -o requirements/$$extra.txt || exit 1; done
	@sed -i '/^lingjun/d' requirements/*.txt
	@cd tests/foreign && npm install --package-lock-only --silent && node -e '$(WITHOUT_FUNDING)'

# Write the secrets that docker-compose.yml requires into .env; existing values are not changed.
env:
	@umask 077; touch .env; fresh=$$(test -s .env || echo yes); while IFS= read -r line; do case "$$line" in \
		*"[[["*) continue;; \
		LINGJUN_*) grep -q "^$${line%%=*}=" .env && continue; \
			test -n "$${line#*=}" || line="$$line$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')";; \
		*) test -n "$$fresh" || continue;; \
	esac; echo "$$line" >> .env; done < .env.example
