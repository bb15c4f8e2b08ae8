# A thin front to Meson and Ninja; `make help` lists the targets. BUILD=dir builds elsewhere.
BUILD ?= build
ONLY ?=
JOBS ?= $(shell nproc)
NINJA = ninja -C $(BUILD) -j$(JOBS) --quiet

.PHONY: all help run demo test test-full check fuzz soak bench install clean distclean

all: ## build
	@tools/prepare --build $(BUILD) build test
	@$(NINJA)

run: ## build, start the service, run the README's example, keep serving until Ctrl-C
	@tools/prepare --may-float --build $(BUILD) build test
	@$(NINJA)
	@NSL_BUILD=$(BUILD) tools/run

demo: ## the same, then exit
	@tools/prepare --may-float --build $(BUILD) build test
	@$(NINJA)
	@NSL_BUILD=$(BUILD) tools/run --demo

test: ## build and run all tests; ends with "N passed, N failed"
	@tools/prepare --may-float --build $(BUILD) build test
	@$(NINJA)
	@tools/test --build $(BUILD) --only "$(ONLY)"

test-full: ## the long tests too, and everything of tools/check
	@tools/prepare --build $(BUILD) build test check
	@$(NINJA)
	@tools/check
	@tools/test --build $(BUILD) --full --only "$(ONLY)"

check: ## format, bans, layers, links, both compilers, sanitizers
	@tools/prepare --build $(BUILD) build test check
	@tools/check

fuzz: ## run every fuzz target for FUZZ_SECONDS (default 60)
	@tools/prepare --build $(BUILD) build test check
	@tools/fuzz $(ONLY)

soak: ## serve under load for SOAK_MINUTES (default 30), watching memory and answers
	@tools/prepare --build $(BUILD) build test
	@$(NINJA)
	@NSL_BUILD=$(BUILD) tools/soak

bench: ## benchmarks; ONLY=group runs one group
	@tools/prepare --build $(BUILD) build test bench
	@$(NINJA)
	@NSL_BUILD=$(BUILD) bench/run $(ONLY)

install: all ## meson install (DESTDIR is honoured)
	@meson install -C $(BUILD) --no-rebuild

clean: ## remove what was built; keeps the downloaded sources
	@rm -rf $(BUILD) build-*

distclean: clean ## remove the downloaded sources too
	@rm -rf .deps

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
