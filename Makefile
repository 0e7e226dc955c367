# sallyport: one Makefile, no configure.  `make help` lists the targets.
#
# Everything is built under $(O).  Each room becomes an archive and, where it
# is a process, a binary of its own; an archive gives a binary only the objects
# that it asks for, so no process carries another's code.

O	?= build
CC	?= cc
PREFIX	?= /usr/local
SHELL	= /bin/bash

# `make V=1` shows whole commands.
Q	= $(if $(V),,@)
say	= @printf '  %s\t%s\n'
.DELETE_ON_ERROR:
.SUFFIXES:

# `make SANITIZE=1` builds the same under build/asan with ASan and UBSan and
# the declared overlay of the policy pages.
ifdef SANITIZE
O	:= $(O)/asan
SANFLAGS = -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	   -fno-omit-frame-pointer
OVERLAY	 = --overlay sanitizer
OPT	?= -O1 -g
else
OPT	?= -O2 -g
HARDEN	 = -D_FORTIFY_SOURCE=3
endif

WARN	= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	  -Wpointer-arith -Wswitch-enum -Werror
CFLAGS	= -std=c17 -D_GNU_SOURCE $(OPT) $(HARDEN) $(SANFLAGS) $(WARN) -fPIE \
	  -fstack-protector-strong -ffunction-sections -fdata-sections
CPPFLAGS = -I. -I$(O)/gen
LDFLAGS	= -pie $(SANFLAGS) -Wl,-z,relro,-z,now,-z,noexecstack \
	  -Wl,--as-needed -Wl,--gc-sections

pkg	= $(shell pkg-config $(1) 2>/dev/null)
EVENT	= $(call pkg,--libs libevent_core libevent_extra)
MSGPACK	= $(call pkg,--libs msgpack)
CURL	= $(call pkg,--libs libcurl)
SSH2	= $(call pkg,--libs libssh2)
JANSSON	= $(call pkg,--libs jansson)
SODIUM	= $(call pkg,--libs libsodium)
SECCOMP	= $(call pkg,--libs libseccomp)
CRYPTO	= $(call pkg,--libs libcrypto)
LMDB	= -llmdb
CMOCKA	= $(call pkg,--libs cmocka)

# --- rooms: sources, one per line -------------------------------------------

ipc_SRC = \
	ipc/blob.c \
	ipc/bounds.c \
	ipc/channel.c \
	ipc/loop.c \
	ipc/message.c \
	ipc/pack.c \
	ipc/util.c \
	ipc/value.c \
	ipc/worker.c

policy_SRC = \
	policy/arguments.c \
	policy/confine.c \
	policy/confine_exec.c \
	policy/confine_steps.c \
	policy/decide.c \
	policy/landlock.c \
	policy/simulate.c \
	policy/tools.c \
	policy/url.c \
	policy/words.c

PAGES = \
	outer \
	supervisor \
	judge \
	dialer \
	config-reader \
	cognition-worker \
	exec-stream \
	tracker-record \
	sandbox-launcher \
	guest \
	sandboxed

policyc_SRC = \
	policy/policyc/check.c \
	policy/policyc/condition.c \
	policy/policyc/emit.c \
	policy/policyc/filter.c \
	policy/policyc/main.c \
	policy/policyc/names.c \
	policy/policyc/overlay.c \
	policy/policyc/parse.c

supervisor_SRC = \
	supervisor/main.c

judge_SRC = \
	supervisor/judge/config.c \
	supervisor/judge/setting.c \
	supervisor/judge/main.c

dialer_SRC = \
	supervisor/dialer/main.c

config-reader_SRC = \
	supervisor/config-reader/main.c \
	supervisor/config-reader/toml.c \
	supervisor/config-reader/toml_number.c \
	supervisor/config-reader/toml_pack.c \
	supervisor/config-reader/toml_text.c \
	supervisor/config-reader/toml_tree.c

cognition-worker_SRC = \
	cognition-worker/main.c

exec-stream_SRC = \
	exec-worker/stream/calculate.c \
	exec-worker/stream/calculator.c \
	exec-worker/stream/calculator_functions.c \
	exec-worker/stream/call.c \
	exec-worker/stream/collect.c \
	exec-worker/stream/command.c \
	exec-worker/stream/content.c \
	exec-worker/stream/files.c \
	exec-worker/stream/from_guest.c \
	exec-worker/stream/from_judge.c \
	exec-worker/stream/info.c \
	exec-worker/stream/listing.c \
	exec-worker/stream/live.c \
	exec-worker/stream/main.c \
	exec-worker/stream/output.c \
	exec-worker/stream/results.c \
	exec-worker/stream/to_guest.c

sandbox-launcher_SRC = \
	exec-worker/launcher/main.c \
	exec-worker/launcher/dev.c \
	exec-worker/launcher/etc.c \
	exec-worker/launcher/rights.c \
	exec-worker/launcher/root.c \
	exec-worker/launcher/start.c \
	exec-worker/launcher/user.c

tracker-record_SRC = \
	tracker-worker/record/append.c \
	tracker-worker/record/commit.c \
	tracker-worker/record/event.c \
	tracker-worker/record/find.c \
	tracker-worker/record/from_judge.c \
	tracker-worker/record/main.c \
	tracker-worker/record/outputs.c \
	tracker-worker/record/query.c \
	tracker-worker/record/rows.c \
	tracker-worker/record/rows_out.c \
	tracker-worker/record/state.c \
	tracker-worker/record/store.c \
	tracker-worker/record/tools.c

client_SRC = \
	client/main.c

# The guest is static and built with musl; it takes a part of ipc/ along.
guest_SRC = \
	exec-worker/guest/call.c \
	exec-worker/guest/list.c \
	exec-worker/guest/loop.c \
	exec-worker/guest/main.c \
	exec-worker/guest/paths.c \
	exec-worker/guest/processes.c \
	exec-worker/guest/read.c \
	exec-worker/guest/spawn.c \
	exec-worker/guest/start.c \
	exec-worker/guest/streams.c \
	exec-worker/guest/write.c
guest_IPC_SRC = \
	ipc/blob.c \
	ipc/channel.c \
	ipc/message.c \
	ipc/pack.c \
	ipc/util.c

# --- binaries: what each one links --------------------------------------------

ROOMS = supervisor judge dialer config-reader cognition-worker exec-stream \
	sandbox-launcher tracker-record client
libexec = $(O)/libexec/sallyport

supervisor_BIN		= $(O)/bin/sallyportd
supervisor_LIBS		= $(SODIUM)
judge_BIN		= $(libexec)/judge
judge_LIBS		= $(EVENT) $(MSGPACK) $(SODIUM)
dialer_BIN		= $(libexec)/dialer
dialer_LIBS		= $(EVENT)
config-reader_BIN	= $(libexec)/config-reader
config-reader_LIBS	=
cognition-worker_BIN	= $(libexec)/cognition-worker
cognition-worker_LIBS	= $(CURL) $(JANSSON) $(MSGPACK) $(CRYPTO) $(SODIUM)
exec-stream_BIN		= $(libexec)/exec-stream
exec-stream_LIBS	= $(EVENT) $(MSGPACK) $(SODIUM) -lm
sandbox-launcher_BIN	= $(libexec)/sandbox-launcher
# Static: loading libraries would be a third of the time it lives.
sandbox-launcher_LIBS	= $(if $(SANITIZE),,-static-pie)
tracker-record_BIN	= $(libexec)/tracker-record
tracker-record_LIBS	= $(EVENT) $(LMDB) $(MSGPACK) $(SODIUM)
client_BIN		= $(O)/bin/sallyport
client_LIBS		= $(MSGPACK) $(SECCOMP) $(JANSSON) $(SODIUM)

BINARIES = $(foreach r,$(ROOMS),$($(r)_BIN)) $(libexec)/guest
ARCHIVES = $(O)/lib/policy.a $(O)/lib/ipc.a

all: $(BINARIES)

define ROOM
$(O)/lib/$(1).a: $(patsubst %.c,$(O)/obj/%.o,$(filter-out %/main.c,$($(1)_SRC)))
$($(1)_BIN): $(patsubst %.c,$(O)/obj/%.o,$(filter %/main.c,$($(1)_SRC))) \
	    $(O)/lib/$(1).a $(ARCHIVES)
	@mkdir -p $$(@D)
	$$(say) LD $$@
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$($(1)_LIBS)
endef
$(foreach r,$(ROOMS),$(eval $(call ROOM,$(r))))

$(O)/lib/ipc.a: $(ipc_SRC:%.c=$(O)/obj/%.o)
$(O)/lib/policy.a: $(policy_SRC:%.c=$(O)/obj/%.o) \
	$(PAGES:%=$(O)/obj/gen/page-%.o)
$(O)/lib/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcs $@ $^

$(O)/obj/%.o: %.c $(O)/gen/protocol.h
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/obj/gen/page-%.o: $(O)/gen/page-%.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Both ends of a channel compare this digest before anything else.
$(O)/gen/protocol.h: policy/messages.def policy/words.def policy/tools.def
	@mkdir -p $(@D)
	printf '#define PROTOCOL_DIGEST 0x%.8su\n' \
	    "$$(cat $^ | sha256sum)" > $@

# policyc runs while we build, so it is never sanitized.
policyc = $(O)/policyc
$(policyc): $(policyc_SRC) policy/policyc/policyc.h policy/landlock.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c17 -D_GNU_SOURCE -O1 -g $(WARN) -o $@ \
	    $(policyc_SRC) $(SECCOMP)
$(O)/gen/page-%.c: policy/%.policy policy/outer.policy $(policyc)
	@mkdir -p $(@D)
	$(policyc) $(OVERLAY) -o $@ $<

# --- the guest ----------------------------------------------------------------

MUSL_CC = musl-gcc
GUEST_CFLAGS = -std=c17 -D_GNU_SOURCE -Os -g $(WARN) -static \
	-ffunction-sections -fdata-sections -fstack-protector-strong \
	-I. -I$(O)/gen -idirafter /usr/include \
	-idirafter /usr/include/$(shell gcc -print-multiarch)
guest_OBJ = $(patsubst %.c,$(O)/obj/musl/%.o,$(guest_SRC) $(guest_IPC_SRC))

$(O)/obj/musl/%.o: %.c $(O)/gen/protocol.h
	@mkdir -p $(@D)
	$(say) MUSL $<
	$(Q)$(MUSL_CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(libexec)/guest: $(guest_OBJ)
	@mkdir -p $(@D)
	$(MUSL_CC) $(GUEST_CFLAGS) -Wl,--gc-sections -o $@ $^

# --- unit tests: tests/unit/test_NAME.c, by the room whose objects they link ----

UNIT_ipc = \
	test_blob \
	test_channel \
	test_guest_commands \
	test_guest_files \
	test_guest_walls \
	test_pack \
	test_util \
	test_value \
	test_wire
policy_LIBS = $(SECCOMP)
UNIT_policy = \
	test_arguments \
	test_confine \
	test_decide \
	test_policyc \
	test_simulate \
	test_url
UNIT_supervisor =
UNIT_judge = \
	test_config
UNIT_dialer =
UNIT_config-reader =
UNIT_cognition-worker =
UNIT_exec-stream =
UNIT_tracker-record =
UNIT_client =

define UNIT
$(O)/tests/$(2): $(patsubst %.c,$(O)/obj/%.o,$(wildcard tests/*/$(2).c)) $(if $(filter ipc policy,$(1)),,$(O)/lib/$(1).a) $(ARCHIVES)
	@mkdir -p $$(@D)
	$$(say) LD $$@
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$($(1)_LIBS) $$(MSGPACK) $$(EVENT) $$(CMOCKA)
UNIT_TESTS += $(O)/tests/$(2)
endef
$(foreach r,ipc policy $(ROOMS),$(foreach t,$(UNIT_$(r)),$(eval $(call UNIT,$(r),$(t)))))

# These run the real guest, which they find beside themselves.
$(O)/tests/test_guest_commands $(O)/tests/test_guest_files \
    $(O)/tests/test_guest_walls: | $(libexec)/guest

# --- fuzz targets: tests/fuzz/fuzz_NAME.c, with the sources that it drives -------

FUZZ_message = $(filter-out ipc/loop.c ipc/worker.c,$(ipc_SRC))

FUZZ_CC	= clang
FUZZ_CFLAGS = -std=c17 -D_GNU_SOURCE -O1 -g -I. -I$(O)/gen -Wall -Wextra \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZERS	= $(patsubst tests/fuzz/fuzz_%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

$(O)/fuzz/%: tests/fuzz/fuzz_%.c $(O)/gen/protocol.h
	@mkdir -p $(@D)
	$(say) FUZZ $<
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $< $(FUZZ_$*) $(FUZZ_LIBS_$*) \
	    $(MSGPACK)

# --- what people type -------------------------------------------------------------

GOAL = Write a Python script that finds all primes up to 100, save it as primes.py, run it and report the output

help:	## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' \
	    $(MAKEFILE_LIST)

deps:	## install the packages that are missing (apt, as root or through sudo)
	@./deps.sh

run: deps	## build, then run the example task; GOAL='...' runs another
	@$(MAKE) --no-print-directory all
	@$(O)/bin/sallyport run "$(GOAL)"

check-deps:
	@./deps.sh check

check: check-deps	## build and run every test; TEST=word runs some
	@$(MAKE) --no-print-directory test-builds
	@tests/run -b $(O) -b $(O)/asan $(TEST)

test-builds: all unit-binaries probe $(FUZZERS)
	@$(MAKE) --no-print-directory SANITIZE=1 O=$(O) all unit-binaries

unit-binaries: $(UNIT_TESTS) $(TEST_PROGRAMS)

unit: unit-binaries	## run the unit tests alone
	@for t in $(UNIT_TESTS); do $$t || exit 1; done

bench: check-deps	## measure against the alternatives on this machine
	@$(MAKE) --no-print-directory all $(O)/bench/bench
	@bench/run $(O)

lint: check-deps	## include rules, format, policy reasons, lengths
	@$(MAKE) --no-print-directory all
	@tests/lint $(O)

install: all	## into DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/sallyport \
	    $(DESTDIR)/etc/sallyport
	install $(O)/bin/sallyport $(O)/bin/sallyportd $(DESTDIR)$(PREFIX)/bin/
	install $(libexec)/* $(DESTDIR)$(PREFIX)/libexec/sallyport/
	[ -e $(DESTDIR)/etc/sallyport/sallyport.toml ] || install -m 644 \
	    etc/sallyport.toml $(DESTDIR)/etc/sallyport/sallyport.toml

clean:	## remove what was built
	rm -rf $(O)

.PHONY: all help deps run check check-deps test-builds unit unit-binaries \
	probe bench lint install clean
-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)
