# Kvytok: `make demo` shows it at work, `make test` proves it. Both install what they need.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Debian packages: to build and run, and to test.
RUN_PACKAGES := libpq-dev libssl-dev libsodium-dev libuv1-dev libzip-dev zlib1g-dev libxlsxwriter-dev pkg-config \
  libxml2 postgresql libjs-leaflet libjs-chart.js curl
TEST_PACKAGES := chromium python3 python3-venv
TOOLS := .build-tools
PYTHON := $(TOOLS)/venv/bin/python3
DESCRIBE := $(TOOLS)/package.json
SHARED ?= ../shared
# How tests are built: `release` tests what is shipped, and takes longer after a change.
CONFIG ?= debug
# The compiler's memory in large pages: an eighth less of its time.
LARGE_PAGES = GLIBC_TUNABLES=glibc.malloc.hugetlb=1
BUILD_TESTS = $(LARGE_PAGES) swift build -c $(CONFIG) --build-tests --explicit-target-dependency-import-check error
# Called with how many minutes they may take.
RUN_TESTS = Tests/run $(1) -c $(CONFIG) --disable-xctest --skip-build

export KVYTOK_SHARED ?= $(abspath $(SHARED))
export KVYTOK_PYTHON ?= $(abspath $(PYTHON))
export KVYTOK_PACKAGE_JSON ?= $(abspath $(DESCRIBE))

.PHONY: help demo demo-stop test build release format lint simulate simulate-books simulate-days faults canary closures clean setup setup-test riga fuzz fuzzers

help: ## Lists these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(TOOLS)/run.stamp

$(TOOLS)/run.stamp: Makefile
	@mkdir -p $(TOOLS)
	@$(call install,$(RUN_PACKAGES))
	@touch $@

setup-test: $(TOOLS)/test.stamp

$(TOOLS)/test.stamp: $(TOOLS)/run.stamp
	@$(call install,$(TEST_PACKAGES))
	@echo "== A Python of its own for the outside readers of what Kvytok writes"
	@test -x $(PYTHON) || python3 -m venv $(TOOLS)/venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check gtfs-realtime-bindings==3.0.0 \
	  cryptography==50.0.2 sepaxml==2.7.0 openpyxl==3.1.5 gtfs-guru==1.0.0
	@touch $@

# Installs those of some Debian packages that are missing; says which, and with what rights.
define install
missing=""; for p in $(1); do \
  dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
if [ -n "$$missing" ]; then \
  echo "== Installing$$missing"; \
  as=""; [ "$$(id -u)" = 0 ] || as=sudo; \
  $$as apt-get update -qq; \
  DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
else echo "== All Debian packages are there"; fi
endef

build: setup ## Builds everything with its tests: CONFIG=debug
	@echo "== Building (first time: about 5 minutes)"
	@$(BUILD_TESTS)

release: setup ## Builds the commands as they are shipped
	@echo "== Building for release (first time: about 8 minutes)"
	@$(LARGE_PAGES) swift build -c release

demo: release ## Plays a day of an invented city through the running service
	@validator-sim/demo

demo-stop: ## Stops the service that the demo left running
	@validator-sim/demo stop

riga: release ## Puts a real day of Riga through a running service (needs ../shared/data)
	@validator-sim/demo riga

$(DESCRIBE): Package.swift $(TOOLS)/run.stamp
	@echo "== Reading the map of the house"
	@swift package describe --type json > $@.new && mv $@.new $@

test: setup-test $(DESCRIBE) ## Runs all tests: CONFIG=debug
	@echo "== Building the tests (first time: 5 to 10 minutes)"
	@$(BUILD_TESTS)
	@echo "== Testing"
	@$(call RUN_TESTS,40) --skip RigaTests --skip EndToEndTests.FaultTests
	@echo "== Testing with a real day of Riga, and breaking a real service and a real PostgreSQL: after the others"
	@$(call RUN_TESTS,30) --filter 'RigaTests|EndToEndTests.FaultTests'

faults: CONFIG = release
faults: setup-test ## Kills a service 100 times and amid a million taps, its PostgreSQL 30 times, fills its disk
	@$(BUILD_TESTS)
	@KVYTOK_BACKLOG_TAPS=1000000 KVYTOK_STANDSTILL_SECONDS=45 $(call RUN_TESTS,120) --filter 'EndToEndTests.FaultTests|CutTests'

SEEDS ?= 1000
simulate: setup-test ## Plays fleets with faults against the intake, and a checker apart: SEEDS=1000
	@$(BUILD_TESTS)
	@KVYTOK_SEEDS=$(SEEDS) $(call RUN_TESTS,600) --filter FleetSimulationTests

BOOK_SEEDS ?= 20
simulate-books: setup-test ## Plays weeks of money with crashes, and a checker apart: BOOK_SEEDS=20
	@$(BUILD_TESTS)
	@KVYTOK_BOOK_SEEDS=$(BOOK_SEEDS) KVYTOK_MONEY_SEEDS=$(BOOK_SEEDS) KVYTOK_MONEY_WEEKS=4 \
	  $(call RUN_TESTS,600) --filter 'BooksSimulationTests|MoneySimulationTests'

canary: setup-test ## Lets the simulated intake lose rows that it acknowledges, which the checker has to find
	@echo "== Building the simulation with a bug"
	@$(LARGE_PAGES) KVYTOK_PLANTED_BUG=1 swift build --build-tests
	@echo "== Playing fleets against it: the test has to fail"
	@if KVYTOK_SEEDS=10 KVYTOK_PLANTED_BUG=1 swift test --disable-xctest --skip-build \
	    --filter FleetSimulationTests.everyAcknowledgedTap >$(TOOLS)/canary.log 2>&1; then \
	  echo "== The planted bug was NOT found"; exit 1; \
	elif grep -Eq 'S[0-9]+-[0-9]+/[0-9]+/[0-9]+ is missing' $(TOOLS)/canary.log; then echo "== The planted bug was found"; \
	else tail -20 $(TOOLS)/canary.log; echo "== The test failed, but not over the bug"; exit 1; fi

closures: CONFIG = release
closures: setup-test ## Finds closures of tests that the compiler takes for one another
	@$(BUILD_TESTS)
	@Tests/closures $(CONFIG)

DAYS ?= 3
simulate-days: release ## Plays days with offline, repeating and lying validators: DAYS=3
	@validator-sim/demo simulate $(DAYS)

SECONDS := 60
FUZZERS ?= json protobuf gzip headers edge
fuzz: fuzzers ## Feeds the readers of outside bytes with damaged ones: SECONDS=60 FUZZERS="json edge"
	@Fuzz/run $(SECONDS) $(FUZZERS)

fuzzers: setup
	@echo "== Building the fuzzers (first time: 1 minute, with the edge 3)"
	@$(LARGE_PAGES) Fuzz/build $(FUZZERS)

lint: ## Checks the format of the code
	@echo "== Checking the format"
	@swift format lint --strict --recursive --parallel $$(git ls-files '*.swift' | grep -v /Generated/)

format: ## Formats the code
	@swift format --in-place --recursive --parallel $$(git ls-files '*.swift' | grep -v /Generated/)

clean: ## Removes what was built
	@rm -rf .build .build-*
