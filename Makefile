# SPDX-License-Identifier: Apache-2.0
# waybill: build, test, install. `make help` lists the targets.

VERSION ?= 0.1.0
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
SYSCONFDIR ?= /etc
DATADIR ?= $(PREFIX)/share
DESTDIR ?=
CC ?= cc
CFLAGS ?= -O2 -g
# One sanitizer variant at a time, each in a build directory of its own: SAN=address,undefined
SAN ?=
B ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
comma := ,

PKGS := rdkafka libpcre2-8 libconfig sqlite3 libsystemd libxxhash
STD := -std=gnu11 -D_GNU_SOURCE -Iagent -I. -DWAYBILL_VERSION='"$(VERSION)"' -MMD -MP -pthread
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wformat=2 \
	-Wno-missing-field-initializers
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(SAN),,-D_FORTIFY_SOURCE=2) $(if $(filter x86_64,$(shell uname -m)),-fcf-protection)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
ALL_CFLAGS = $(STD) $(WARN) $(HARDEN) $(CFLAGS) $(CPPFLAGS) $(SANFLAGS) $(shell pkg-config --cflags $(PKGS))
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS) $(SANFLAGS) -pthread
LIBS = $(shell pkg-config --libs $(PKGS))

SRC := $(filter-out agent/main.c,$(wildcard agent/*.c agent/*/*.c parsers/*.c))
OBJ := $(SRC:%.c=$B/%.o)
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

all: $B/waybill  ## build/waybill

$B/waybill: $B/agent/main.o $B/libwaybill.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$B/libwaybill.a: $(OBJ)
	rm -f $@ && $(AR) rcs $@ $(OBJ)

$B/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$B/unit/%: $B/tests/unit/%.o $(patsubst tests/support/%.c,$B/tests/support/%.o,$(wildcard tests/support/*.c)) $B/libwaybill.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcriterion

clean:  ## remove build/
	rm -rf build

help:  ## this list
	@awk -F':.*## ' '/^[a-z%-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

.PHONY: all clean help
.SECONDARY:
-include $(shell find $B -name '*.d' 2>/dev/null)
