# SPDX-License-Identifier: Apache-2.0
# What lies where after an installation, and the Debian package. Part of the Makefile.

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
DATADIR ?= $(PREFIX)/share
SYSCONFDIR ?= /etc
MANDIR ?= $(DATADIR)/man
# Where these are empty, install leaves their files out.
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
COMPLETIONDIR ?= $(DATADIR)/bash-completion/completions
# journalctl looks nowhere else: not below /usr/local.
CATALOGDIR ?= /usr/lib/systemd/catalog
DESTDIR ?=

CONFDIR := $(SYSCONFDIR)/waybill
TESTDIR := $(DATADIR)/waybill/tests
CONFS := $(patsubst conf/%,%,$(wildcard conf/*.conf conf/conf.d/*))
UNITS := build/systemd/waybill.service build/systemd/waybill@.service
# Without scdoc there are no man pages.
MAN = $(if $(shell command -v scdoc),$(patsubst packaging/man/%.scd,build/man/%,$(wildcard packaging/man/*.scd)))

man: $(MAN)  ## build/man, from packaging/man, with scdoc

# The first line asks for tbl, as man(7) has it: without it newer systems show no table.
build/man/%: packaging/man/%.scd
	$(call say,MAN,$@)mkdir -p $(@D) && { echo "'\\\" t"; scdoc <$<; } >$@

units:  ## build/systemd: the units for the directories named above
	$Qmkdir -p build/systemd
	$Qsed 's|/usr/sbin/|$(SBINDIR)/|; s|/etc/waybill|$(CONFDIR)|' packaging/systemd/waybill.service >build/systemd/waybill.service
	$Qsed -f packaging/systemd/instance.sed build/systemd/waybill.service >build/systemd/waybill@.service
	$Qcp packaging/systemd/waybill.sysusers build/systemd/waybill.conf

catalog: build/waybill.catalog  ## build/waybill.catalog: what journalctl -x says, from docs/messages.md

build/waybill.catalog: packaging/catalog.awk agent/ops/messages.c docs/messages.md
	$(call say,CAT,$@)mkdir -p $(@D) && awk -f $^ >$@

# What install puts where, and uninstall takes away: $(call places,put) and $(call places,out).
put = $(if $(and $(1),$(2)),install -D -m 644 -t $(DESTDIR)$(strip $(2)) $(1))
out = $(if $(2),rm -f $(addprefix $(DESTDIR)$(strip $(2))/,$(notdir $(1))))
define places
$(call $(1),$(UNITS),$(UNITDIR))
$(call $(1),build/systemd/waybill.conf,$(SYSUSERSDIR))
$(call $(1),packaging/completion/waybill,$(COMPLETIONDIR))
$(call $(1),build/waybill.catalog,$(CATALOGDIR))
$(call $(1),$(wildcard conf/parsers.d/*.conf),$(DATADIR)/waybill/parsers.d)
$(call $(1),$(wildcard contrib/provenance/*),$(DATADIR)/waybill/provenance)
$(call $(1),$(wildcard contrib/prometheus/*),$(DATADIR)/waybill/prometheus)
$(call $(1),$(wildcard contrib/grafana/*),$(DATADIR)/waybill/grafana)
$(call $(1),conf/tests/waybill.conf $(wildcard conf/tests/*.test),$(TESTDIR))
$(call $(1),$(filter %.5,$(MAN)),$(MANDIR)/man5)
$(call $(1),$(filter %.7,$(MAN)),$(MANDIR)/man7)
$(call $(1),$(filter %.8,$(MAN)),$(MANDIR)/man8)
endef

install: all units man catalog  ## the program, parsers, units, man pages, configuration (what exists stays)
	install -D -m 755 $B/waybill $(DESTDIR)$(SBINDIR)/waybill
	install -d $(DESTDIR)$(CONFDIR)/conf.d
	cd conf && for f in $(CONFS); do to=$(DESTDIR)$(CONFDIR)/$$f; test -e $$to || install -m 644 $$f $$to; done
	$(call places,put)
	install -d $(DESTDIR)$(TESTDIR)/conf.d && cp -P conf/tests/conf.d/* $(DESTDIR)$(TESTDIR)/conf.d

uninstall:  ## what install put there; a configuration that was edited stays
	rm -f $(DESTDIR)$(SBINDIR)/waybill
	cd conf && for f in $(CONFS); do to=$(DESTDIR)$(CONFDIR)/$$f; ! cmp -s $$f $$to || rm $$to; done
	$(call places,out)
	rm -rf $(DESTDIR)$(TESTDIR)/conf.d
	find $(DESTDIR)$(CONFDIR) $(DESTDIR)$(DATADIR)/waybill -depth -type d -empty -delete

check-install: all  ## install into a staging directory, run from there, uninstall: nothing stays
	$Qrm -rf build/staging
	$Q$(MAKE) -s install DESTDIR=$(CURDIR)/build/staging
	$Qfind build/staging -type f -printf '  %M %P\n'
	$Qbuild/staging$(SBINDIR)/waybill --version >/dev/null
	$Qbuild/staging$(SBINDIR)/waybill test build/staging$(TESTDIR)/*.test
	$Q$(MAKE) -s uninstall DESTDIR=$(CURDIR)/build/staging
	$Qleft=$$(find build/staging ! -type d); [ -z "$$left" ] || { echo "left behind: $$left"; exit 1; }

deb:  ## Debian packages in build/deb, checked by lintian
	$Qpackaging/deps.sh deb
	$Qpackaging/deb.sh $(VERSION)

check-docs: all man catalog  ## help, man pages, completion, conf/ and option table agree; examples, conf/tests run
	$Qtests/docs.sh $B/waybill
	$Qtests/examples.sh $B/waybill
	$Qtests/examples.sh $B/waybill docs/migration.md
	$Qtests/readme.py $B/waybill
	$Q$B/waybill test conf/tests/*.test
	$Qtests/catalog.sh

site:  ## the documents as pages of HTML in build/site; every link leads somewhere
	$Qpackaging/deps.sh site
	$Qdocs/site/build.py build/site

check-system:  ## the package's life under a booted systemd; "not run" (77) where none can be booted
	$Qpackaging/deps.sh system
	$QDEB_BUILD_OPTIONS=nocheck $(MAKE) deb
	tests/system/run.sh build/deb/waybill_$(VERSION)-*.deb

pictures: all  ## draws those of the documents anew, from a run of some minutes on a real Kafka and a Prometheus
	$Qtests/venv.sh
	$Qtests/kafka/fetch.sh
	$Qtests/promtool.sh prometheus
	build/venv/bin/python docs/site/pictures.py build/prom/usr/bin/prometheus

.PHONY: man units catalog install uninstall check-install check-docs check-system deb site pictures
