# SPDX-License-Identifier: Apache-2.0
# waybill: build, test, install. `make help` lists the targets, V=1 shows the commands.

VERSION ?= 0.1.0
CC ?= cc
CFLAGS ?= -O2 -g
# A sanitizer variant has a build directory of its own: SAN=address,undefined or SAN=thread.
SAN ?=
B ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
FUZZ_SECONDS ?= 600
PYTEST_ARGS ?=
# Integration tests at a time, each with a Kafka of its own, which takes 400 MB of memory.
IT_JOBS ?= 3
IT_TESTS ?= tests/integration
IT_REPORT ?= build/it/junit.xml
# make model: how many lists, and which.
LISTS ?= 50
SEED ?= 1

comma := ,
Q := $(if $(V),,@)
# In front of a recipe line: a word of what is done, unless V=1 shows the whole command.
say = $(if $(V),,@printf '  %-6s %s\n' $(1) '$(2)';)
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
MAKEFLAGS += --no-print-directory

PKGS := rdkafka libpcre2-8 libconfig sqlite3 libsystemd libxxhash jansson libmicrohttpd ncursesw zlib libzstd liblzma \
	libcurl libcrypto
# pkg-config is asked once, and only when something is compiled.
pkg = $(shell pkg-config $(1) $(PKGS))$(if $(filter-out 0,$(.SHELLSTATUS)),$(error \
	Libraries are missing, see above; on Debian run: packaging/deps.sh build))
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(call pkg,--cflags))$(PKG_CFLAGS)
# Of xxHash there is only its header in the program.
PKG_LIBS = $(eval PKG_LIBS := $$(filter-out -lxxhash,$$(call pkg,--libs)))$(PKG_LIBS)

STD := -std=gnu11 -D_GNU_SOURCE -Iagent -I. -DWAYBILL_VERSION='"$(VERSION)"' -MMD -MP -pthread
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wformat=2 \
	-Wno-missing-field-initializers
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(filter x86_64,$(shell uname -m)),-fcf-protection) \
	$(if $(SAN)$(findstring FORTIFY,$(CFLAGS) $(CPPFLAGS)),,-D_FORTIFY_SOURCE=2)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
# Link-time optimization of the program, not of the tests: their objects hold both kinds of code.
LTO ?= $(if $(SAN)$(findstring clang,$(CC))$(findstring -flto,$(CFLAGS)),,-flto=auto)
ALL_CFLAGS = $(STD) $(WARN) $(HARDEN) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(SANFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -pthread $(CFLAGS) $(LDFLAGS) $(SANFLAGS)

SRC := $(filter-out agent/main.c,$(wildcard agent/*.c agent/*/*.c agent/*/*/*.c parsers/*.c parsers/*/*.c))
OBJ := $(SRC:%.c=$B/%.o)
SUPPORT := $(patsubst %.c,$B/%.o,$(wildcard tests/support/*.c))
UNIT := $(patsubst tests/unit/%.c,$B/unit/%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$B/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
STYLED = $(wildcard $(addsuffix /*.[ch],agent agent/* agent/*/* parsers parsers/* tests/* tests/*/*))
SCRIPTS = .ci/run $(wildcard packaging/*.sh tests/*.sh tests/*/*.sh)

all: $B/waybill  ## build/waybill (the default)

$B/waybill: $B/agent/main.o $(OBJ)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) $(LTO) -o $@ $^ $(PKG_LIBS)

# q and not r, which would keep one of several files of the same name in different rooms.
$B/libwaybill.a: $(OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) qcs $@ $(OBJ)

# To optimize the unit tests themselves takes three times as long as to compile them.
$B/tests/unit/%.o: TEST_CFLAGS += -O0 -U_FORTIFY_SOURCE

$B/%.o: %.c Makefile
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(if $(filter tests/%,$<),$(TEST_CFLAGS),$(LTO:%=% -ffat-lto-objects)) -c -o $@ $<

# Every byte that is read goes through it.
$B/agent/base/hash.o: ALL_CFLAGS += -O3

$B/unit/%: $B/tests/unit/%.o $(SUPPORT) $B/libwaybill.a
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -fno-lto -o $@ $^ $(PKG_LIBS) -lcriterion

$B/model/rig: $B/tests/model/rig.o $B/tests/model/broker.o $B/libwaybill.a
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -fno-lto -o $@ $^ $(PKG_LIBS)

$B/fuzz/%: $B/tests/fuzz/%.o $(SUPPORT) $B/libwaybill.a
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

demo:  ## install what the build lacks, build, run build/waybill demo
	$Qpackaging/deps.sh build
	$Q$(MAKE) $(JOBS) all
	$Qbuild/waybill demo

check:  ## install what the tests need and run all of them (what CI runs)
	$Qpackaging/deps.sh test
	$Q$(MAKE) $(JOBS) check-fast check-install site
	$Q$(MAKE) $(JOBS) check-unit
	$Q$(MAKE) $(JOBS) check-unit SAN=address,undefined
	$Q$(MAKE) $(JOBS) fuzz-short
	$Q$(MAKE) $(JOBS) model
	$Q$(MAKE) $(JOBS) check-it

# One compilation serves them all: the objects with warnings as errors are those whose calls and
# state are looked at, and their program is the one that the documents are held against.
check-fast: format-check  ## floors, format, lint, documents: a minute of CPU time, seconds once it is compiled
	$Q$(MAKE) $(LINT) warnings floors references check-docs

# What sweeps and it-long try more with WAYBILL_LONG. All parts run, whatever one of them says, and what could not
# be tried for want of an environment is told at the end.
LONG := $(addprefix $B/unit/test_,kill_sweep power_loss)
NIGHTLY := sweeps it-long it-newest model-long fuzz-long check-system
# What an outage, a refusal or a fault of Kafka does depends on the library.
NEWEST := doors fatal moved_broker order outage outage_kill partition_change quota refused renumbered \
	restart rough_sea shuffle size stop three topic topic_plans unreached waits

nightly:  ## what check does in short, in its long form, and check-system: some hours
	$Qpackaging/deps.sh test
	$Q$(MAKE) $(JOBS) all $(LONG)
	$QMAKE='$(MAKE)' tests/nightly.sh $(NIGHTLY)

sweeps: $(LONG)
	$QWAYBILL_LONG=1 UNIT_TIMEOUT=36000 tests/unit/run.sh $B/reports/long $(LONG)
	$Qgrep -h 'killed at\|power fails' $B/reports/long/*.log

it-long:
	$QWAYBILL_LONG=1 $(MAKE) check-it IT_REPORT=build/it/long.xml PYTEST_ARGS='-m long'

# The agent with another librdkafka than the one it was built with.
it-newest: all  ## outages, refusals and faults of Kafka with the newest librdkafka that comes as source
	$Qtests/kafka/newest.sh
	$Qexport LD_LIBRARY_PATH=$(abspath build/librdkafka) && build/waybill --version && $(MAKE) check-it \
		IT_REPORT=build/it/newest.xml IT_TESTS='$(NEWEST:%=tests/integration/test_%.py)'

model-long:
	$Q$(MAKE) $(JOBS) model LISTS=20000 SEED=$$(date +%Y%m%d)

fuzz-long:
	$Q$(MAKE) $(JOBS) fuzz FUZZ_SECONDS=180

check-unit: $(UNIT)  ## unit tests: no network, no broker; SAN= for a sanitizer
	$Qtests/unit/run.sh $B/reports $(UNIT)

check-it: all  ## integration tests on a real Kafka, or on $WAYBILL_TEST_BROKERS
	$Qtests/venv.sh
	$Qtests/promtool.sh
	$Qif [ -z "$$WAYBILL_TEST_BROKERS" ]; then tests/kafka/fetch.sh; fi
	$Qmkdir -p build/it
	build/venv/bin/pytest -p no:cacheprovider -rs -n $(IT_JOBS) --dist worksteal \
		--junitxml=$(IT_REPORT) $(IT_TESTS) $(PYTEST_ARGS)

model: $B/model/rig  ## random lists of what happens to files, against a model: LISTS=50 SEED=1
	$Qtests/venv.sh
	MODEL_RIG=$(abspath $<) MODEL_LISTS=$(LISTS) MODEL_SEED=$(SEED) build/venv/bin/pytest \
		-p no:cacheprovider -n $(shell nproc) --dist worksteal --junitxml=$B/model/junit.xml \
		tests/model $(PYTEST_ARGS)

references:  ## comments and documents name files and scenarios that are there
	$Qtests/references.py
	$Qtests/references.py --self-test
	$Qtests/messages.py
	$Qtests/messages.py --self-test
	$Qtests/scenarios.py --quiet
	$Qtests/scenarios.py --self-test

scenarios:  ## tests/scenarios.md with what the last run of its tests said; FAMILY=A,B for a part, STRICT=1
	$Qtests/scenarios.py --tap $B/reports --junit build/it/junit.xml \
		$(FAMILY:%=--family %) $(if $(STRICT),--strict)

BENCHED := $(addprefix build/bench/,bare rules kinds reader reader-unchained unchained)

bench: all $(BENCHED)  ## waybill beside a bare producer: one table; BENCH=latency,idle for parts of it
	$Qpackaging/deps.sh bench
	$Qtests/venv.sh && tests/kafka/fetch.sh
	$QPYTHONPATH=tests/integration build/venv/bin/python tests/bench/bench.py

bench-peers: all build/bench/bare  ## rsyslog and syslog-ng beside waybill; unpacked below build/, not installed
	$Qpackaging/deps.sh peers
	$Qtests/bench/peers.sh
	$Qtests/venv.sh && tests/kafka/fetch.sh
	$QPYTHONPATH=tests/integration build/venv/bin/python tests/bench/peers.py

build/bench/rules build/bench/kinds: build/bench/%: $B/tests/bench/%.o $B/libwaybill.a
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# The program as it is but for one object, and what it reads with, both ways.
build/bench/unchained: $B/agent/main.o $(OBJ) $B/tests/bench/unchained.o
build/bench/reader: $B/tests/bench/reader.o $(OBJ)
build/bench/reader-unchained: $B/tests/bench/reader.o $(OBJ) $B/tests/bench/unchained.o
build/bench/unchained build/bench/reader build/bench/reader-unchained:
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $(LTO) -o $@ \
		$(filter-out $(if $(findstring unchained,$@),%/tail_chain.o),$^) $(PKG_LIBS)

build/bench/bare: $B/tests/bench/bare.o
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -o $@ $< $(PKG_LIBS)

fuzz:  ## every fuzzer for FUZZ_SECONDS; inputs that broke something are left in build/fuzz
	$Q$(MAKE) fuzz-run CC=clang SAN=fuzzer-no-link,address,undefined B=build/fuzz

fuzz-short:  ## every fuzzer for 10 seconds
	$Q$(MAKE) fuzz FUZZ_SECONDS=10

fuzz-run: $(FUZZERS)
	$Qtests/fuzz/run.sh $B $(FUZZ_SECONDS) $(FUZZERS)

# Nobody debugs or runs what is built here, but the program; half of the time would be the tests'.
LINT = B=build/lint LTO= CFLAGS='$(CFLAGS) -g0 -Werror' TEST_CFLAGS='-O0 -U_FORTIFY_SOURCE'

lint:  ## build with -Werror in a directory of its own; shellcheck
	$Q$(MAKE) $(LINT) warnings

warnings: all $(UNIT:$B/%=$B/tests/%.o) $B/tests/model/rig.o $B/tests/model/broker.o
	shellcheck $(SCRIPTS)

format:  ## clang-format all of it
	clang-format -i $(STYLED)

format-check:  ## what `make format` would change, and lines above 100 columns
	$Qclang-format --dry-run -Werror $(STYLED)
	@export LC_ALL=C.UTF-8; for f in $(STYLED); do ! expand $$f | grep -Hn --label=$$f '.\{101\}' || wide=1; done; \
		[ -z "$$wide" ] || { echo 'these lines are wider than 100 columns'; exit 1; }

floors: $(OBJ)  ## includes, calls, libraries, sizes and state; tests/floors.sh says what holds
	$Qtests/floors.sh $(OBJ)
	$Qtests/floors.sh --self-test

include packaging/install.mk

clean:  ## remove build/
	rm -rf build

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile packaging/install.mk

.PHONY: all demo check nightly sweeps it-long it-newest model-long fuzz-long check-fast check-unit check-it model \
	references scenarios bench bench-peers fuzz fuzz-short fuzz-run lint warnings format format-check floors clean help
.SECONDARY:
-include $(wildcard $(OBJ:.o=.d) $B/agent/main.d $B/tests/*/*.d)
