# The commands of the project. Each installs what it needs first (scripts/setup), so a bare clone is enough.
#   make demo ARGS="--rate 500 --for 60s"      make run CONFIG=/etc/caseloom/caseloom.toml      make test SUITES="engine shell"

CONFIG ?= config/caseloom.toml
ARGS ?=
SUITES ?=
SCHEDULES ?= 1000
SEED ?= 1
KILLS ?= 10

.DEFAULT_GOAL := help
.PHONY: help demo run test sim kill-test bench lint fmt

help: ## these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: ## the whole pipeline with live alerts and no Kafka: open http://127.0.0.1:8080
	@scripts/setup build
	@scripts/cargo run --release --locked --bin caseloom -- demo $(ARGS)

run: ## the daemon with CONFIG (config/caseloom.toml)
	@scripts/setup build
	@scripts/cargo run --release --locked --quiet --bin caseloom -- run --config "$(CONFIG)" $(ARGS)

test: ## all tests, an Apache Kafka included; SUITES picks some: engine files shell kafka eval
	@scripts/setup build test
	@scripts/test $(SUITES)

sim: ## owner and publisher lane in a simulated world, with a crash at every step; SCHEDULES=n SEED=s
	@scripts/setup build
	@CASELOOM_SIM_SCHEDULES=$(SCHEDULES) CASELOOM_SIM_SEED=$(SEED) scripts/cargo test --release --locked --quiet --test sim -- --nocapture what_is_promised

kill-test: ## the binary killed KILLS times under load against an Apache Kafka that is started here; prints what was lost or doubled
	@scripts/setup build test
	@CASELOOM_TEST_KILLS=$(KILLS) scripts/test kills

bench: ## all benchmarks; ARGS="-- NAME" picks some
	@scripts/setup build
	@scripts/cargo bench --locked --workspace $(ARGS)

lint: ## format, clippy, docs, shell scripts, licences: what CI checks beside the tests
	@scripts/setup build lint
	@scripts/lint

fmt: ## formats the code
	@scripts/cargo fmt --all
