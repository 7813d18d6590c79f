# pop-before-smtp: one plain Makefile. `make help` lists the targets.

BUILD	= build
CC	= cc
CFLAGS	= -O2 -g
WARN	= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	  -Wwrite-strings -Wformat=2 -Wvla
HARDEN	= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
SAN	=
ifneq ($(SAN),)
HARDEN	= -fsanitize=$(SAN) -fno-omit-frame-pointer
endif

prefix		= /usr/local
exec_prefix	= $(prefix)
sbindir		= $(exec_prefix)/sbin
sysconfdir	= /etc
datadir		= $(prefix)/share
mandir		= $(datadir)/man
localstatedir	= /var
unitdir		= $(prefix)/lib/systemd/system
patterndir	= $(datadir)/pop-before-smtp/patterns

VERSION	= 2.0

ALL_CPPFLAGS = -I. -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-DPATTERN_DIR='"$(patterndir)"' -DSYSCONF_DIR='"$(sysconfdir)"' \
	-DSTATE_DIR='"$(localstatedir)/lib/pop-before-smtp"' $(CPPFLAGS)
ALL_CFLAGS = -std=c11 $(WARN) $(HARDEN) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

# The four of the card, and what may be missing: one file, one line each.
LIBS	= -ldb -lpcre2-8 -lyaml
have	= $(shell pkg-config --exists $(1) 2>/dev/null && echo yes)
ifeq ($(call have,libsystemd),yes)
LIBS	+= -lsystemd
else
OMIT	+= daemon/source_journal.c
ALL_CPPFLAGS += -DWITHOUT_JOURNAL
endif

ROOMS	= base patterns maps daemon
sources	= $(filter-out $(OMIT) daemon/main.c,$(wildcard $(1)/*.c))
objects	= $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))

PROGRAMS = $(BUILD)/pop-before-smtp $(BUILD)/pbsctl
UNITS	= $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))

all: $(PROGRAMS)

$(BUILD)/pop-before-smtp: $(BUILD)/daemon/main.o $(ROOMS:%=$(BUILD)/lib%.a)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(archives) $(LIBS)

$(BUILD)/pbsctl: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/*.c)) \
    $(ROOMS:%=$(BUILD)/lib%.a)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(archives) $(LIBS)

# Each room is an archive; later ones may use earlier ones.
archives = $(BUILD)/libdaemon.a $(BUILD)/libmaps.a $(BUILD)/libpatterns.a \
	   $(BUILD)/libbase.a

define room
$(BUILD)/lib$(1).a: $(call objects,$(1))
	@rm -f $$@
	$(AR) rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/tests/tap.o \
    $(ROOMS:%=$(BUILD)/lib%.a)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(archives) $(LIBS)

units: $(UNITS)

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o
	$(CC) $(ALL_LDFLAGS) -o $@ $<

clean:
	rm -rf $(BUILD)

.PHONY: all units clean
.SECONDARY:
.DELETE_ON_ERROR:
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/tests/*/*.d)
