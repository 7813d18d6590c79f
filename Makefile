# pop-before-smtp: one plain Makefile. `make help` lists the targets.

BUILD	= build
SOURCE := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
ifneq ($(SOURCE),.)
# From another directory, as `make -f DIR/Makefile': it builds there, and leaves
# the sources as they are.
$(or $(MAKECMDGOALS),all): elsewhere ;
elsewhere:
	@$(MAKE) -C "$(SOURCE)" BUILD="$(abspath $(BUILD))" $(MAKECMDGOALS)
.PHONY: elsewhere $(MAKECMDGOALS)
else

# These, and CC, CPPFLAGS and LDFLAGS, may come from the environment.
CFLAGS	?= -O2 -g
PKG_CONFIG ?= pkg-config
V	?= 0
WARN	= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	  -Wwrite-strings -Wformat=2 -Wvla
# A level that a distribution asks for, or its compiler has, is not its rival.
FORTIFY	= $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),, \
	  -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN	= -fstack-protector-strong $(FORTIFY) -fPIE
SAN	=
ifneq ($(SAN),)
HARDEN	= -fsanitize=$(SAN) -fno-omit-frame-pointer
endif

prefix		= /usr/local
exec_prefix	= $(prefix)
bindir		= $(exec_prefix)/bin
sbindir		= $(exec_prefix)/sbin
libdir		= $(exec_prefix)/lib
libexecdir	= $(exec_prefix)/libexec
sysconfdir	= /etc
datadir		= $(prefix)/share
docdir		= $(datadir)/doc/pop-before-smtp
mandir		= $(datadir)/man
localstatedir	= /var
runstatedir	= /run
unitdir		= $(prefix)/lib/systemd/system
sysusersdir	= $(prefix)/lib/sysusers.d
tmpfilesdir	= $(prefix)/lib/tmpfiles.d
initdir		= $(sysconfdir)/init.d
logrotatedir	= $(sysconfdir)/logrotate.d
bashdir		= $(datadir)/bash-completion/completions
zshdir		= $(datadir)/zsh/site-functions
fishdir		= $(datadir)/fish/vendor_completions.d
moduledir	= $(libdir)/pop-before-smtp
patterndir	= $(datadir)/pop-before-smtp/patterns

INSTALL	= install
INSTALL_PROGRAM	= $(INSTALL)
INSTALL_SCRIPT	= $(INSTALL)
INSTALL_DATA	= $(INSTALL) -m 644

VERSION	= 2.0

all:

# Plain `make' uses all processors, if -j does not say otherwise.
ifeq ($(MAKECMDGOALS)$(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

# What this machine has. Made before all else, and make then begins anew with
# it. Plain `make', `run' and `test' install packages; the others say what is
# missing.
LIBS	= -pthread -ldl
NEED	= $(if $(MAKECMDGOALS),$(if $(filter run test,$(MAKECMDGOALS)),,--check))
ifneq ($(filter-out clean help coverage cross deb rpm,$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/config.mk
endif

$(BUILD)/config.mk: packaging/install-packages packaging/find-libraries
	@mkdir -p $(@D)
	@CC="$(CC)" CPPFLAGS="$(CPPFLAGS)" \
	    packaging/install-packages $(NEED) build
	@CC="$(CC)" CPPFLAGS="$(CPPFLAGS)" PKG_CONFIG="$(PKG_CONFIG)" \
	    packaging/find-libraries >$@

# Sanitizers do at the end what the sandbox forbids.
ifneq ($(SAN),)
OPTIONS	+= -DWITHOUT_SANDBOX
endif

ALL_CPPFLAGS = -I. -D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(OPTIONS) $(CPPFLAGS)
# Where things will be, for those files alone that have to know.
PLACES	= -DPATTERN_DIR='"$(patterndir)"' -DSYSCONF_DIR='"$(sysconfdir)"' \
	-DSBIN_DIR='"$(sbindir)"' \
	-DLIBEXEC_DIR='"$(libexecdir)/pop-before-smtp"' \
	-DSTATE_DIR='"$(localstatedir)/lib/pop-before-smtp"' \
	-DMODULE_DIR='"$(moduledir)"' \
	-DRUN_DIR='"$(runstatedir)/pop-before-smtp"'
PLACED	= patterns/match/patterndir daemon/sandbox/sandbox \
	daemon/conf/conf_defaults daemon/conf/conf_load daemon/conf/options \
	daemon/keeper/boot_map daemon/link/tls \
	tools/doctor/manager tools/doctor/places tools/doctor/remedies \
	tools/import/import_perl \
	tools/postfix/importing \
	tools/setup/map_choice tools/setup/service tools/setup/plan
# Where it was built is no part of what is built.
ALL_CFLAGS = -std=c11 $(WARN) $(HARDEN) -ffile-prefix-map="$(CURDIR)"=. $(CFLAGS)
# Each program is linked with the libraries that it uses itself.
ALL_LDFLAGS = -pie -Wl,--as-needed,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

ROOMS	= base patterns maps daemon tools
MAINS	= daemon/main.c tools/pbsctl.c
# OpenSSL is in a module, which daemon/link/tls.c loads, with what its source
# uses of base.
MODULE_MAIN = daemon/link/tls_openssl.c
MODULE	= $(if $(filter-out $(OMIT),$(MODULE_MAIN)),$(BUILD)/pbs-tls.so)
MODULE_OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(MODULE_MAIN) \
		 base/addr.c base/alloc.c base/err.c)
# A room may have rooms inside.
sources	= $(filter-out $(OMIT) $(MAINS) $(MODULE_MAIN),$(sort $(wildcard $(1)/*.c $(1)/*/*.c)))
objects	= $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))

PROGRAMS = $(BUILD)/pop-before-smtp $(BUILD)/pbsctl $(MODULE)
UNITS	= $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))
BENCHES	= $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/*.c))
HELPERS	= $(patsubst tests/format/%.c,$(BUILD)/tests/format/%,$(wildcard tests/format/*.c)) \
	  $(MODULE:$(BUILD)/%=$(BUILD)/tests/format/%)
FAULTLIB = $(BUILD)/tests/lib/faultlib.so $(BUILD)/tests/lib/clocklib.so
MANUALS	= $(wildcard daemon/*.5 daemon/*.8 patterns/*.5 tools/*.8)

# What is done; with V=1, the commands.
say	= $(if $(filter 1,$(V))$(findstring s,$(firstword -$(MAKEFLAGS))),,@echo '$(1) $(2:$(BUILD)/%=%)';)

all: $(PROGRAMS)

$(BUILD)/pop-before-smtp: $(BUILD)/daemon/main.o $(ROOMS:%=$(BUILD)/lib%.a)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $< $(archives) $(LIBS)

$(BUILD)/pbsctl: $(BUILD)/tools/pbsctl.o $(ROOMS:%=$(BUILD)/lib%.a)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $< $(archives) $(LIBS)

# It exports its table alone. A sanitizer's own symbols are in the program.
$(BUILD)/pbs-tls.so: $(MODULE_OBJECTS)
	$(call say,LD,$@)$(CC) $(filter-out -pie,$(ALL_LDFLAGS)) -shared \
	    $(if $(SAN),,-Wl,-z,defs) -o $@ $^ $(LIBS)

$(MODULE_OBJECTS): MODULE_FLAGS = -fPIC -fvisibility=hidden

# Each room is an archive; later ones may use earlier ones.
archives = $(BUILD)/libtools.a $(BUILD)/libdaemon.a $(BUILD)/libmaps.a \
	   $(BUILD)/libpatterns.a $(BUILD)/libbase.a

define room
$(BUILD)/lib$(1).a: $(call objects,$(1))
	@rm -f $$@
	$$(call say,AR,$$@)$(AR) rcsD $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

# What is compiled in. `make install prefix=/usr' compiles anew only the files
# that know a place.
define remember
$(BUILD)/$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$$($(2))' | cmp -s - $$@ || \
	    printf '%s\n' '$$($(2))' >$$@
endef
$(eval $(call remember,options,ALL_CPPFLAGS))
$(eval $(call remember,places,PLACES))

FORCE:

$(PLACED:%=$(BUILD)/%.o): PLACE_FLAGS = $(PLACES)
$(PLACED:%=$(BUILD)/%.o): $(BUILD)/places

$(BUILD)/%.o: %.c $(BUILD)/options
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CPPFLAGS) $(PLACE_FLAGS) $(ALL_CFLAGS) \
	    $(MODULE_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/tests/tap.o \
    $(ROOMS:%=$(BUILD)/lib%.a)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(archives) $(LIBS)

# The model is in several files.
$(BUILD)/tests/unit/follow_starred: $(BUILD)/tests/model/calls.o \
    $(BUILD)/tests/model/program.o
$(BUILD)/tests/unit/follow_model: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/model/*.c))

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(ROOMS:%=$(BUILD)/lib%.a)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $< $(archives) $(LIBS)

$(BUILD)/tests/format/%: $(BUILD)/tests/format/%.o $(ROOMS:%=$(BUILD)/lib%.a)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $< $(archives) $(LIBS)

# Beside the program that loads it.
$(BUILD)/tests/format/pbs-tls.so: $(BUILD)/pbs-tls.so
	@mkdir -p $(@D)
	@cp $< $@

# Preloaded by tests: calls that fail. It must not be instrumented itself.
$(BUILD)/tests/lib/%.so: tests/lib/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CPPFLAGS) -std=c11 $(WARN) -O2 -g -fPIC -shared -o $@ $< -ldl

run: $(PROGRAMS)
	@BUILD=$(BUILD) packaging/sample/run

units: $(UNITS)

# Where a long has 32 bits: the unit tests, in an emulator.
CROSS	= armhf i386
cross:
	@packaging/install-packages cross
	@BUILD=$(BUILD) MAKE="$(MAKE)" tests/cross $(CROSS)

# Mail servers that exclude each other: for tests/e2e/servers.t. And promtool,
# whose package would start a server.
UNPACKED = popa3d solid-pop3d liblockfile1

# A browser for tests/e2e/page.t: 100 MB, so `make test' unpacks it only for CI.
BROWSER = packaging/unpack-packages --whole $(BUILD)/chromium \
	chromium-headless-shell

page-test: $(PROGRAMS)
	@$(BROWSER)
	@BUILD=$(BUILD) CI=true tests/run e2e/page

test: $(PROGRAMS) $(UNITS) $(BENCHES) $(HELPERS) $(FAULTLIB)
	@packaging/install-packages test
	@packaging/unpack-packages $(BUILD)/servers $(UNPACKED) || \
	    test -z "$$CI"
	@packaging/unpack-packages $(BUILD)/promtool prometheus || \
	    test -z "$$CI"
	@test -z "$$CI" || $(BROWSER)
	@$(MAKE) -s BUILD=$(BUILD)/sanitized SAN=address,undefined fuzzers
	@BUILD=$(BUILD) CC="$(CC)" tests/run

check: $(PROGRAMS) $(UNITS) $(BENCHES) $(HELPERS) $(FAULTLIB)
	@$(MAKE) -s BUILD=$(BUILD)/sanitized SAN=address,undefined fuzzers
	@BUILD=$(BUILD) CC="$(CC)" tests/run --unprivileged

# Minutes: the figures in BENCHMARKS.md; PARTS="replay latency" picks some.
bench: $(PROGRAMS) $(BENCHES) $(HELPERS)
	@packaging/install-packages test bench
	@BUILD=$(BUILD) tests/bench/run $(PARTS)

# The oracle's test with logs of a million lines.
oracle: $(PROGRAMS) $(BENCHES)
	@BUILD=$(BUILD) ORACLE_LINES=1000000 tests/run -v oracle

# Attacks made out of the samples of all rules: one that is believed fails it.
FORGERIES = 1000000
SEED	= 1
forge: $(BUILD)/pbsctl
	@$(BUILD)/pbsctl check --patterns patterns --forgeries $(FORGERIES) \
	    --seed $(SEED) >$(BUILD)/forge.tap; status=$$?; \
	    grep -v -e '^ok' -e '^1\.\.' $(BUILD)/forge.tap; exit $$status

install: all
	$(INSTALL) -d "$(DESTDIR)$(sbindir)" "$(DESTDIR)$(bindir)" \
	    "$(DESTDIR)$(libexecdir)/pop-before-smtp" \
	    "$(DESTDIR)$(patterndir)" "$(DESTDIR)$(docdir)" \
	    "$(DESTDIR)$(datadir)/pop-before-smtp/grafana" \
	    "$(DESTDIR)$(datadir)/pop-before-smtp/prometheus" \
	    "$(DESTDIR)$(unitdir)" "$(DESTDIR)$(sysusersdir)" \
	    "$(DESTDIR)$(tmpfilesdir)" "$(DESTDIR)$(sysconfdir)/pop-before-smtp" \
	    "$(DESTDIR)$(localstatedir)/lib/pop-before-smtp" \
	    "$(DESTDIR)$(initdir)" "$(DESTDIR)$(logrotatedir)" \
	    "$(DESTDIR)$(bashdir)" "$(DESTDIR)$(zshdir)" "$(DESTDIR)$(fishdir)"
	$(INSTALL_PROGRAM) $(BUILD)/pop-before-smtp "$(DESTDIR)$(sbindir)"
	$(INSTALL_PROGRAM) $(BUILD)/pbsctl "$(DESTDIR)$(bindir)"
	$(if $(MODULE),$(INSTALL) -d "$(DESTDIR)$(moduledir)")
	$(if $(MODULE),$(INSTALL_PROGRAM) $(MODULE) "$(DESTDIR)$(moduledir)")
	$(INSTALL_SCRIPT) tools/import/import-perl \
	    "$(DESTDIR)$(libexecdir)/pop-before-smtp"
	$(INSTALL_DATA) patterns/*.yaml "$(DESTDIR)$(patterndir)"
	$(INSTALL_DATA) packaging/grafana/*.json \
	    "$(DESTDIR)$(datadir)/pop-before-smtp/grafana"
	$(INSTALL_DATA) packaging/prometheus/*.yml \
	    "$(DESTDIR)$(datadir)/pop-before-smtp/prometheus"
	$(INSTALL_DATA) README.md INSTALL CHANGES LICENSE SECURITY.md patterns/WANTED \
	    packaging/pop-before-smtp.yaml "$(DESTDIR)$(docdir)"
	for m in $(notdir $(MANUALS)); do \
	    $(INSTALL) -d "$(DESTDIR)$(mandir)/man$${m##*.}" || exit; done
	for m in $(MANUALS); do $(INSTALL_DATA) $$m \
	    "$(DESTDIR)$(mandir)/man$${m##*.}" || exit; done
	sed -i 's,/usr/local/share/pop-before-smtp/patterns,$(patterndir),' \
	    "$(DESTDIR)$(docdir)/pop-before-smtp.yaml" \
	    "$(DESTDIR)$(mandir)/man8/pop-before-smtp.8"
	sed 's,@sbindir@,$(sbindir),' packaging/pop-before-smtp.service \
	    >"$(DESTDIR)$(unitdir)/pop-before-smtp.service"
	sed 's,@bindir@,$(bindir),' packaging/pop-before-smtp-recipients@.service \
	    >"$(DESTDIR)$(unitdir)/pop-before-smtp-recipients@.service"
	$(INSTALL_DATA) packaging/sysusers.conf \
	    "$(DESTDIR)$(sysusersdir)/pop-before-smtp.conf"
	$(INSTALL_DATA) packaging/tmpfiles.conf \
	    "$(DESTDIR)$(tmpfilesdir)/pop-before-smtp.conf"
	sed 's,^DAEMON=.*,DAEMON=$(sbindir)/pop-before-smtp,; s,^STATE=.*,STATE=$(localstatedir)/lib/pop-before-smtp,' \
	    packaging/pop-before-smtp.init \
	    >"$(DESTDIR)$(initdir)/pop-before-smtp"
	chmod 755 "$(DESTDIR)$(initdir)/pop-before-smtp"
	$(INSTALL_DATA) packaging/pop-before-smtp.logrotate \
	    "$(DESTDIR)$(logrotatedir)/pop-before-smtp"
	for p in pop-before-smtp pbsctl; do \
	    $(INSTALL_DATA) packaging/completions/pop-before-smtp.bash \
		"$(DESTDIR)$(bashdir)/$$p" && \
	    $(INSTALL_DATA) packaging/completions/pop-before-smtp.fish \
		"$(DESTDIR)$(fishdir)/$$p.fish" || exit; done
	$(INSTALL_DATA) packaging/completions/pop-before-smtp.zsh \
	    "$(DESTDIR)$(zshdir)/_pop-before-smtp"
	test -e "$(DESTDIR)$(sysconfdir)/pop-before-smtp/pop-before-smtp.yaml" || \
	    $(INSTALL_DATA) "$(DESTDIR)$(docdir)/pop-before-smtp.yaml" \
	    "$(DESTDIR)$(sysconfdir)/pop-before-smtp"
	@$(if $(DESTDIR),,echo "Installed. Next: pbsctl setup shows what is" \
	    "missing, pbsctl setup --write does it; see $(docdir)/INSTALL")

# Packages, built from what git has of this tree; they stay in $(BUILD)/deb and
# $(BUILD)/rpm.
deb:
	@rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb/pop-before-smtp-$(VERSION)
	@git ls-files -z --cached --others --exclude-standard | \
	    tar -c --null -T - | tar -x -C $(BUILD)/deb/pop-before-smtp-$(VERSION)
	cd $(BUILD)/deb/pop-before-smtp-$(VERSION) && mv packaging/debian debian && \
	    dpkg-buildpackage -us -uc

# Debian's rpm knows no installed packages.
RPMFLAGS = $(if $(wildcard /etc/debian_version),--nodeps)
rpm:
	@rm -rf $(BUILD)/rpm && mkdir -p $(BUILD)/rpm/SOURCES
	@git ls-files -z --cached --others --exclude-standard | tar -c --null -T - \
	    --transform 's,^,pop-before-smtp-$(VERSION)/,' -z \
	    -f $(BUILD)/rpm/SOURCES/pop-before-smtp-$(VERSION).tar.gz
	rpmbuild --define '_topdir $(abspath $(BUILD))/rpm' \
	    -bb packaging/pop-before-smtp.spec $(RPMFLAGS)

# The configuration and the map are the user's: they stay. `systemctl enable' may
# have linked the script from /etc/rc?.d.
uninstall:
	@test -n "$(DESTDIR)" || { . ./packaging/map-in-use; warn_map_in_use \
	    "A map in /run is gone after the next reboot: then Postfix answers \
	451 to every client."; } || :
	@if test -z "$(DESTDIR)" && test -e "$(initdir)/pop-before-smtp" && \
	    command -v update-rc.d >/dev/null; then \
	    update-rc.d -f pop-before-smtp remove || :; fi
	rm -f "$(DESTDIR)$(sbindir)/pop-before-smtp" "$(DESTDIR)$(bindir)/pbsctl" \
	    "$(DESTDIR)$(unitdir)/pop-before-smtp.service" \
	    "$(DESTDIR)$(unitdir)/pop-before-smtp-recipients@.service" \
	    "$(DESTDIR)$(sysusersdir)/pop-before-smtp.conf" \
	    "$(DESTDIR)$(tmpfilesdir)/pop-before-smtp.conf" \
	    "$(DESTDIR)$(initdir)/pop-before-smtp" \
	    "$(DESTDIR)$(logrotatedir)/pop-before-smtp" \
	    "$(DESTDIR)$(bashdir)/pop-before-smtp" "$(DESTDIR)$(bashdir)/pbsctl" \
	    "$(DESTDIR)$(fishdir)/pop-before-smtp.fish" \
	    "$(DESTDIR)$(fishdir)/pbsctl.fish" \
	    "$(DESTDIR)$(zshdir)/_pop-before-smtp"
	for m in $(notdir $(MANUALS)); do \
	    rm -f "$(DESTDIR)$(mandir)/man$${m##*.}/$$m"; done
	rm -rf "$(DESTDIR)$(datadir)/pop-before-smtp" "$(DESTDIR)$(docdir)" \
	    "$(DESTDIR)$(libexecdir)/pop-before-smtp" "$(DESTDIR)$(moduledir)"

memcheck: $(PROGRAMS) $(UNITS) $(BENCHES) $(FAULTLIB)
	@packaging/install-packages test
	@BUILD=$(BUILD) tests/run --valgrind unit/ daemon/

sanitize:
	@packaging/install-packages test
	$(MAKE) -s BUILD=$(BUILD)/sanitized SAN=address,undefined sanitized

sanitized: $(PROGRAMS) $(UNITS) $(BENCHES) $(HELPERS) $(FAULTLIB)
	@BUILD=$(BUILD) tests/run unit/ daemon/

# Each parser for a while, with clang's libFuzzer, from what is kept in
# tests/fuzz/corpus; what it finds stays in $(BUILD)/fuzz/corpus.
FUZZ_SECONDS = 60
FUZZERS	= $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZ_MAIN = $(BUILD)/tests/fuzzdriver.o $(BUILD)/tests/tap.o

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_MAIN) \
    $(ROOMS:%=$(BUILD)/lib%.a)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(archives) $(LIBS)

fuzzers: $(FUZZERS)

fuzz:
	@packaging/install-packages lint
	$(MAKE) BUILD=$(BUILD)/fuzz CC=clang SAN=address,undefined \
	    CFLAGS='-O1 -g -fsanitize=fuzzer-no-link' FUZZ_MAIN= \
	    LDFLAGS=-fsanitize=fuzzer fuzzers
	@for f in $(notdir $(FUZZERS)); do echo "$$f, $(FUZZ_SECONDS) s"; \
	    mkdir -p $(BUILD)/fuzz/corpus/$$f; $(BUILD)/fuzz/tests/fuzz/$$f \
	    -max_total_time=$(FUZZ_SECONDS) -verbosity=0 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/fuzz/$$f. $(BUILD)/fuzz/corpus/$$f \
	    tests/fuzz/corpus/$$f || exit; done

# What takes an hour: random programs against the model of following, kills of one
# host and of several, programs of what happens to the clocks, and sixty rotations
# with SOAK_LOGINS each (10,000 a second, as fast as it goes).
SOAK_PROGRAMS = 10000
SOAK_KILLS = 1000
SOAK_PEER_KILLS = 100
SOAK_LOGINS = 600000
SOAK_CLOCKS = 60
soak: $(PROGRAMS) $(UNITS) $(BENCHES) $(FAULTLIB)
	@packaging/install-packages test
	@FOLLOW_PROGRAMS=$(SOAK_PROGRAMS) FOLLOW_SEED=$(SEED) \
	    $(BUILD)/tests/unit/follow_model
	@BUILD=$(BUILD) CRASH_KILLS=$(SOAK_KILLS) CRASH_ALL=1 \
	    tests/daemon/crash.t
	@BUILD=$(BUILD) PEER_KILLS=$(SOAK_PEER_KILLS) tests/daemon/peers_kills.t
	@BUILD=$(BUILD) CLOCK_PROGRAMS=$(SOAK_CLOCKS) tests/daemon/clocks.t
	@BUILD=$(BUILD) HOUR_LOGINS=$(SOAK_LOGINS) tests/daemon/hour.t

# Servers and syslog daemons of Debian trixie and sid, and the three commands on
# a stock Debian that boots, in systems below $(BUILD)/wide. Needs root,
# debootstrap, systemd-nspawn and the network.
e2e-wide: $(PROGRAMS)
	@BUILD=$(BUILD) tests/wide/run
	@BUILD=$(BUILD) tests/wide/newcomer

# Which lines and branches the tests run, in all processes; fails below what
# tests/coverage asks for.
COUNTED	= CFLAGS='-O0 -g --coverage -fprofile-update=atomic' \
	  LDFLAGS='--coverage $(BUILD)/coverage/tests/lib/gcovexit.o'
coverage:
	@packaging/install-packages test cover
	$(MAKE) -s BUILD=$(BUILD)/coverage \
	    CFLAGS=-O2 $(BUILD)/coverage/tests/lib/gcovexit.o
	$(MAKE) -s BUILD=$(BUILD)/coverage $(COUNTED) covered

covered: $(PROGRAMS) $(UNITS) $(BENCHES) $(HELPERS) $(FAULTLIB)
	@tests/coverage begin $(BUILD)
	@BUILD=$(BUILD) tests/run unit/ daemon/ format/ e2e/ || :
	@tests/coverage tell $(BUILD)

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            install what is missing, build into $(BUILD)/'
	@echo 'make all        build; installs nothing'
	@echo 'make run        install what is missing, build, follow the mail log'
	@echo 'make test       install what the tests need, build, run every test'
	@echo 'make check      the tests that need no root; installs nothing'
	@echo 'make bench      measure; make oracle: a million lines, key by key'
	@echo 'make memcheck   unit and daemon tests under valgrind'
	@echo 'make sanitize   the same, built with SAN=address,undefined'
	@echo 'make fuzz       fuzz each parser for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make soak       kill it SOAK_KILLS=$(SOAK_KILLS) times, and more that takes an hour'
	@echo 'make e2e-wide   real servers, and newcomers to Debian, in chroots: root, network'
	@echo 'make page-test  show the page of pbsctl report in Chromium, unpacked here'
	@echo 'make forge      attack all rules: FORGERIES=$(FORGERIES) SEED=$(SEED)'
	@echo 'make coverage   test, and tell what no test has run'
	@echo 'make units      build the unit tests'
	@echo 'make cross      for $(CROSS), too, and run them in an emulator'
	@echo 'make install    into $$(DESTDIR)$$(prefix), by default $(prefix)'
	@echo 'make deb        Debian package, in $(BUILD)/deb; make rpm: in $(BUILD)/rpm'
	@echo 'make uninstall  undo that; configuration and map stay'
	@echo 'make clean      remove $(BUILD)/'
	@echo 'Variables: CC CFLAGS CPPFLAGS LDFLAGS PKG_CONFIG V=1 BUILD SAN=address,undefined prefix DESTDIR'

.PHONY: FORCE all run test check cross deb rpm bench oracle memcheck sanitize \
	sanitized fuzz fuzzers coverage covered soak e2e-wide page-test forge \
	units install uninstall clean help
.SECONDARY:
.DELETE_ON_ERROR:
-include $(foreach r,$(ROOMS) tests,$(wildcard $(BUILD)/$(r)/*.d \
	   $(BUILD)/$(r)/*/*.d))
endif
