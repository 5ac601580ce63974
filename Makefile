# The front door.  It only dispatches: how a thing is done stands in
# extension/Makefile, client/Makefile, and the programs of tests/.

VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" \
	extension/asyncdemo.control)
here  := $(CURDIR)
build := $(abspath $(or $(BUILD),build))
lib   := tests/lib
MAKEFLAGS += --no-print-directory
private := tests/private-server

PG_CONFIG := $(or $(shell $(lib)/find-pg-config),pg_config)
pgxs = mkdir -p $(build)/extension && $(MAKE) -C $(build)/extension \
	-f $(here)/extension/Makefile VPATH=$(here)/extension \
	PG_CONFIG=$(PG_CONFIG) with_llvm=no

all: ## build the extension and the client
	@$(lib)/locked $(build) $(MAKE) extension client

demo: ## run the experiments on a throw-away server; ARGS='--unit 3s' goes to them
	@$(lib)/install-deps build
	@$(private) sh -c 'psql -qXc "CREATE EXTENSION asyncdemo" && \
		exec asyncdemo demo "$$@"' demo $(ARGS)

check: ## every test; TESTS='t/020_*.pl unit/test_lex' for some
	@$(lib)/install-deps build check
	@$(private) $(lib)/check $(TESTS)

check-pgbench: ## 500 scripts through pgbench and through asyncdemo; ONLY=TEXT for some
	@$(lib)/install-deps build check
	@$(private) $(lib)/check pgbench/all.pl

check-kill: ## client and server killed at random moments, ROUNDS=200 jobs
	@$(lib)/install-deps build check
	@ASYNCDEMO_KILL_ROUNDS=$(or $(ROUNDS),200) \
		$(private) $(lib)/check 't/225_*.pl'

check-predictions: ## 200 random plans: predicted against measured, and the fix
	@$(lib)/install-deps build check
	@$(lib)/dispatch --server tests/predictions/run $(ARGS)

check-versions: ## extension and client on other PostgreSQL majors; MAJORS='13 17 18'
	@$(lib)/dispatch tests/versions/run $(MAJORS)

bench: ## benchmarks against peers; BENCH=rows for one, ARGS='--json'
	@$(lib)/install-deps bench
	@$(lib)/dispatch --server tests/bench/run $(ARGS)

bench-extension: ## benchmarks of the extension's HTTP functions
	@$(lib)/install-deps build
	@$(lib)/dispatch --server tests/bench/extension/run $(ARGS)

deps: ## install what is missing; WHAT='check lint' says for what
	@$(lib)/install-deps $(or $(WHAT),build check)

install: all ## install both; PREFIX and DESTDIR as usual
	+@$(pgxs) install
	@$(MAKE) -C client install BUILD=$(build)

uninstall: ## the other way round
	+@$(pgxs) uninstall
	@$(MAKE) -C client uninstall BUILD=$(build)

lint: ## layout, include owners, lengths, documents, scripts
	@$(lib)/install-deps build lint
	@$(lib)/lint

format: ## lay out the C sources anew
	@$(lib)/install-deps lint
	@$(lib)/lint --format

goldens: ## write the expected results of tests/plans anew
	@$(MAKE) all
	@UPDATE=1 PATH=$(build)/client:$$PATH prove -Itests/lib tests/t/010_plans.pl

sanitize: ## client and unit tests, then the demo, under ASan and UBSan
	@$(lib)/install-deps build check sanitize
	@SANITIZE=address,undefined $(private) $(lib)/instrumented sanitize $(ARGS)

tsan: ## what runs on several threads, under ThreadSanitizer
	@$(lib)/install-deps build check sanitize
	@SANITIZE=thread $(private) $(lib)/instrumented tsan $(ARGS)

valgrind: ## unit tests and the demo under valgrind
	@$(lib)/install-deps build check valgrind
	@$(private) $(lib)/instrumented valgrind $(ARGS)

.PHONY: valgrind-extension
valgrind-extension: ## the extension's tests, every process of the server under valgrind
	@$(lib)/install-deps build check valgrind
	@$(private) $(lib)/valgrind-server $(TESTS)

fuzz: ## every fuzz target for FUZZ_SECONDS=30
	@$(lib)/install-deps build fuzz
	@$(lib)/fuzz $(TESTS)

dist: ## a source archive of the last commit
	@mkdir -p $(build)
	git archive --prefix=asyncdemo-$(VERSION)/ \
		-o $(build)/asyncdemo-$(VERSION).tar.gz HEAD

clean: ## remove the build folder
	rm -rf $(build)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## /\1|/p' Makefile | \
		awk -F '|' '{ printf "  make %-16s %s\n", $$1, $$2 }'

# For the programs of tests/: build under the lock, and put into STAGE what a
# private server and its tests run, so that a later build cannot change it.
stage:
	@$(lib)/locked $(build) $(MAKE) stage-now
stage-now: extension client
	+@$(pgxs) install DESTDIR=$(STAGE)/install >/dev/null
	@$(MAKE) -C client stage BUILD=$(build)
stage-unit:
	@$(lib)/locked $(build) $(MAKE) stage-unit-now
stage-unit-now:
	@$(MAKE) -C client stage-unit BUILD=$(build)

extension:
	+@$(pgxs) all
client:
	@$(MAKE) -C client all BUILD=$(build)

.PHONY: all demo check check-kill check-pgbench check-predictions check-versions bench bench-extension \
	deps install uninstall lint format goldens sanitize tsan valgrind fuzz dist clean \
	help stage stage-now stage-unit stage-unit-now extension client
