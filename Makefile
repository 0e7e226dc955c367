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
override O := $(O)/asan
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

comma	= ,
pkg	= $(shell pkg-config $(1) 2>/dev/null)
EVENT	= $(call pkg,--libs libevent_core libevent_extra)
MSGPACK	= $(call pkg,--libs msgpack)
CURL	= $(call pkg,--libs libcurl)
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
	policy/checkpoint.c \
	policy/confine.c \
	policy/confine_exec.c \
	policy/confine_steps.c \
	policy/decide.c \
	policy/glob.c \
	policy/landlock.c \
	policy/rules.c \
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
	supervisor/main.c \
	supervisor/cgroup.c \
	supervisor/cgroups.c \
	supervisor/children.c \
	supervisor/config_files.c \
	supervisor/from_judge.c \
	supervisor/notify.c \
	supervisor/options.c \
	supervisor/programs.c \
	supervisor/sandbox.c \
	supervisor/serve.c \
	supervisor/signing.c \
	supervisor/spawn.c \
	supervisor/state.c \
	supervisor/verify.c \
	supervisor/workers.c

judge_SRC = \
	supervisor/judge/call.c \
	supervisor/judge/checkpoint.c \
	supervisor/judge/client.c \
	supervisor/judge/config.c \
	supervisor/judge/dial.c \
	supervisor/judge/events.c \
	supervisor/judge/explain.c \
	supervisor/judge/finish.c \
	supervisor/judge/from_client.c \
	supervisor/judge/from_cognition.c \
	supervisor/judge/from_config.c \
	supervisor/judge/from_dialer.c \
	supervisor/judge/from_stream.c \
	supervisor/judge/from_supervisor.c \
	supervisor/judge/from_tracker.c \
	supervisor/judge/idle.c \
	supervisor/judge/journal.c \
	supervisor/judge/judge.c \
	supervisor/judge/limits.c \
	supervisor/judge/load.c \
	supervisor/judge/process.c \
	supervisor/judge/provider.c \
	supervisor/judge/query.c \
	supervisor/judge/rule_load.c \
	supervisor/judge/run.c \
	supervisor/judge/sandbox.c \
	supervisor/judge/setting.c \
	supervisor/judge/start.c \
	supervisor/judge/tracker.c \
	supervisor/judge/uuid.c \
	supervisor/judge/watch.c \
	supervisor/judge/main.c

dialer_SRC = \
	supervisor/dialer/address.c \
	supervisor/dialer/dial.c \
	supervisor/dialer/main.c \
	supervisor/dialer/name.c \
	supervisor/dialer/resolve.c

config-reader_SRC = \
	supervisor/config-reader/main.c \
	supervisor/config-reader/toml.c \
	supervisor/config-reader/toml_number.c \
	supervisor/config-reader/toml_pack.c \
	supervisor/config-reader/toml_text.c \
	supervisor/config-reader/toml_tree.c

cognition-worker_SRC = \
	cognition-worker/act.c \
	cognition-worker/ask_model.c \
	cognition-worker/conversation.c \
	cognition-worker/cycle.c \
	cognition-worker/from_judge.c \
	cognition-worker/history.c \
	cognition-worker/http.c \
	cognition-worker/http_head.c \
	cognition-worker/json.c \
	cognition-worker/main.c \
	cognition-worker/observe.c \
	cognition-worker/openai.c \
	cognition-worker/openai_reply.c \
	cognition-worker/openai_request.c \
	cognition-worker/prompts.c \
	cognition-worker/provider.c \
	cognition-worker/record.c \
	cognition-worker/replay.c \
	cognition-worker/replay_line.c \
	cognition-worker/retry.c \
	cognition-worker/sse.c \
	cognition-worker/task.c \
	cognition-worker/text.c \
	cognition-worker/tools.c

exec-stream_SRC = \
	exec-worker/stream/calculate.c \
	exec-worker/stream/calculator.c \
	exec-worker/stream/calculator_functions.c \
	exec-worker/stream/calculator_operators.c \
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
	tracker-worker/record/audit.c \
	tracker-worker/record/commit.c \
	tracker-worker/record/event.c \
	tracker-worker/record/find.c \
	tracker-worker/record/from_judge.c \
	tracker-worker/record/ledger.c \
	tracker-worker/record/main.c \
	tracker-worker/record/outputs.c \
	tracker-worker/record/query.c \
	tracker-worker/record/rows.c \
	tracker-worker/record/rows_out.c \
	tracker-worker/record/state.c \
	tracker-worker/record/store.c \
	tracker-worker/record/tools.c

client_SRC = \
	client/cli/args.c \
	client/cli/audit.c \
	client/cli/audit_chain.c \
	client/cli/audit_file.c \
	client/cli/audit_line.c \
	client/cli/config.c \
	client/cli/content.c \
	client/cli/doctor.c \
	client/cli/doctor_kernel.c \
	client/cli/doctor_system.c \
	client/cli/exec.c \
	client/cli/fail.c \
	client/cli/files.c \
	client/cli/help.c \
	client/cli/logs.c \
	client/cli/nearest.c \
	client/cli/policy.c \
	client/cli/policy_json.c \
	client/cli/policy_rules.c \
	client/cli/policy_test.c \
	client/cli/print.c \
	client/cli/private.c \
	client/cli/rows.c \
	client/cli/run.c \
	client/cli/run_end.c \
	client/cli/run_options.c \
	client/cli/runs.c \
	client/cli/sandbox.c \
	client/cli/search.c \
	client/cli/settings.c \
	client/cli/show.c \
	client/cli/signals.c \
	client/cli/simulate.c \
	client/cli/stats.c \
	client/cli/tools.c \
	client/cli/verbs.c \
	client/cli/when.c \
	client/main.c

# The door that programs use too; client_SRC stands on it.
libsallyport_SRC = \
	client/lib/connect.c \
	client/lib/error.c \
	client/lib/event.c \
	client/lib/json_write.c \
	client/lib/paths.c \
	client/lib/receive.c \
	client/lib/request.c \
	client/lib/socket.c \
	client/lib/start.c \
	client/lib/tool_list.c

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
client_LIBS		= $(MSGPACK) $(SECCOMP) $(JANSSON) $(SODIUM) $(CRYPTO)

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

$(O)/lib/client.a: $(libsallyport_SRC:%.c=$(O)/obj/%.o)

# libsallyport.a stands alone: one object with what it needs of ipc/ and
# policy/, in which only sallyport_* can be seen from outside.
all: $(O)/lib/libsallyport.a
$(O)/lib/libsallyport.a: $(O)/lib/libsallyport.o
$(O)/lib/libsallyport.o: $(libsallyport_SRC:%.c=$(O)/obj/%.o) $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(LD) -r -o $@ $^
	$(Q)objcopy --wildcard --keep-global-symbol='sallyport_*' $@

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

# The turns of the replay provider that are there without any file.
$(O)/gen/replay-%.c: etc/replay/%.jsonl
	@mkdir -p $(@D)
	{ echo 'extern const unsigned char replay_$*[];'; \
	  echo 'extern const unsigned int replay_$*_len;'; \
	  echo 'const unsigned char replay_$*[] = {'; \
	  od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	  echo '};'; \
	  echo 'const unsigned int replay_$*_len = sizeof(replay_$*);'; } > $@
$(O)/obj/gen/replay-%.o: $(O)/gen/replay-%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(O)/lib/cognition-worker.a: $(O)/obj/gen/replay-primes.o
.SECONDARY: $(O)/gen/replay-primes.c $(PAGES:%=$(O)/gen/page-%.c)

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
	test_glob \
	test_policyc \
	test_rules \
	test_simulate \
	test_url
UNIT_supervisor = \
	test_cgroup \
	test_children \
	test_config_files \
	test_options \
	test_signing \
	test_state_dir \
	test_verify
UNIT_judge = \
	test_call_queue \
	test_config \
	test_journal \
	test_judge_checkpoint \
	test_judge_clients \
	test_judge_faults \
	test_judge_life \
	test_judge_run \
	test_provider
UNIT_dialer = \
	test_address \
	test_dialer_process
UNIT_config-reader = \
	test_config_reader_process \
	test_toml
UNIT_cognition-worker = \
	test_cognition_process \
	test_json \
	test_openai_reply \
	test_openai_request \
	test_replay_line \
	test_retry \
	test_sse \
	test_text
UNIT_exec-stream = \
	hostile_guest \
	test_calculator \
	test_output \
	test_stream_calls \
	test_stream_pair
UNIT_tracker-record = \
	test_append \
	test_ledger \
	test_outputs \
	test_query \
	test_run_state \
	test_store \
	test_tracker_process
UNIT_client = \
	test_client_args \
	test_client_paths \
	test_client_print \
	test_client_settings \
	test_json_write

define UNIT
$(O)/tests/$(2): $(patsubst %.c,$(O)/obj/%.o,$(wildcard tests/*/$(2).c)) $(if $(filter ipc policy,$(1)),,$(O)/lib/$(1).a) $(ARCHIVES)
	@mkdir -p $$(@D)
	$$(say) LD $$@
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$($(1)_LIBS) $$(MSGPACK) $$(EVENT) $$(CMOCKA)
UNIT_TESTS += $(O)/tests/$(2)
endef
$(foreach r,ipc policy $(ROOMS),$(foreach t,$(UNIT_$(r)),$(eval $(call UNIT,$(r),$(t)))))

$(O)/tests/test_stream_pair: | $(exec-stream_BIN) $(libexec)/guest
$(O)/tests/hostile_guest: | $(exec-stream_BIN)

# These run the real guest, which they find beside themselves.
$(O)/tests/test_guest_commands $(O)/tests/test_guest_files \
    $(O)/tests/test_guest_walls: | $(libexec)/guest

# These play the judge to a real worker, which they find beside themselves.
$(O)/tests/test_tracker_process: | $(tracker-record_BIN)
$(O)/tests/test_cognition_process: | $(cognition-worker_BIN)
$(O)/tests/test_dialer_process: | $(dialer_BIN)
$(O)/tests/test_config_reader_process: | $(config-reader_BIN)
$(O)/tests/test_judge_checkpoint \
    $(O)/tests/test_judge_clients $(O)/tests/test_judge_faults \
    $(O)/tests/test_judge_life $(O)/tests/test_judge_run: | $(judge_BIN)

# For record_kill.sh.
TEST_PROGRAMS += $(O)/tests/record_writer
$(O)/tests/record_writer: $(O)/obj/tests/record_writer.o \
	    $(O)/lib/tracker-record.a $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(tracker-record_LIBS)

# For audit_verify.sh and the benchmark: an export of any length.
TEST_PROGRAMS += $(O)/tests/audit_maker
$(O)/tests/audit_maker: $(O)/obj/tests/audit_maker.o $(O)/lib/client.a \
	    $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(client_LIBS)

# For audit_tampered.sh.
TEST_PROGRAMS += $(O)/tests/record_tamper
$(O)/tests/record_tamper: $(O)/obj/tests/record_tamper.o \
	    $(O)/lib/tracker-record.a $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(tracker-record_LIBS)

# For toml_cases.sh.
TEST_PROGRAMS += $(O)/tests/toml_dump
$(O)/tests/toml_dump: $(O)/obj/tests/toml_dump.o $(O)/lib/config-reader.a \
	    $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

# Players stand in for the judge, a worker or the guest, to test supervisor and
# launcher; supervisor_*.sh and sandbox_*.sh arrange them.
PLAYERS	= $(addprefix $(O)/players/,judge worker worker-unconfined \
	worker-silent guest launch)
TEST_PROGRAMS += $(PLAYERS)
PLAYER_CC = $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
# A program on libsallyport alone, built as its own comment says.
TEST_PROGRAMS += $(O)/examples/api
$(O)/examples/api: examples/api.c client/sallyport.h $(O)/lib/libsallyport.a
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) -Iclient $(OPT) $(SANFLAGS) $(WARN) -o $@ examples/api.c \
	    $(O)/lib/libsallyport.a $(MSGPACK)
# client_*.sh let it stand in for a judge before a real client.
TEST_PROGRAMS += $(O)/players/client-judge
$(O)/players/client-judge: tests/players/client_judge.c $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(PLAYER_CC) -o $@ $< $(ARCHIVES) $(MSGPACK)
$(O)/players/guest: tests/players/guest.c
	@mkdir -p $(@D)
	$(say) MUSL $<
	$(Q)$(MUSL_CC) -std=c17 -D_GNU_SOURCE -Os $(WARN) -static -o $@ $<
$(O)/players/launch: tests/players/launch.c ipc/launch.h $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(PLAYER_CC) -o $@ $< $(ARCHIVES)
$(O)/players/judge: tests/players/judge.c tests/players/unexpected.c \
	    $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(PLAYER_CC) -o $@ $^
$(O)/players/worker: PLAYER_IS =
$(O)/players/worker-unconfined: PLAYER_IS = -DUNCONFINED
$(O)/players/worker-silent: PLAYER_IS = -DSILENT
$(O)/players/worker $(O)/players/worker-unconfined $(O)/players/worker-silent: \
	    tests/players/worker.c $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(PLAYER_CC) $(PLAYER_IS) -o $@ $^

# --- probe builds ---------------------------------------------------------------
# Each worker as it is, but for one step: instead of working it tries a
# forbidden act (tests/probe/probe.c).  The driver starts them.

PROBED	= judge dialer config-reader cognition-worker exec-stream \
	tracker-record
PROBES	= $(PROBED:%=$(O)/probe/%) $(PROBED:%=$(O)/probe/missing/%) \
	$(O)/probe/driver

define PROBE
$(O)/probe/$(1): $(patsubst %.c,$(O)/obj/%.o,$(filter %/main.c,$($(1)_SRC))) \
	    $(O)/obj/tests/probe/probe.o $(O)/obj/tests/probe/acts.o \
	    $(O)/lib/$(1).a $(ARCHIVES)
	@mkdir -p $$(@D)
	$$(say) LD $$@
	$$(Q)$$(CC) $$(LDFLAGS) -Wl,--wrap=confine -o $$@ $$^ $$($(1)_LIBS)
endef
$(foreach r,$(PROBED),$(eval $(call PROBE,$(r))))

$(O)/probe/driver: $(O)/obj/tests/probe/driver.o $(O)/obj/tests/probe/acts.o \
	    $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

# Each of them once more without its own filter: the supervisor must refuse it.
define MISSING
$(O)/probe/missing/$(1): $(patsubst %.c,$(O)/obj/%.o,$(filter %/main.c,$($(1)_SRC))) \
	    $(O)/obj/tests/probe/confine_missing.o $(O)/lib/$(1).a $(ARCHIVES)
	@mkdir -p $$(@D)
	$$(say) LD $$@
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$($(1)_LIBS)
endef
$(foreach r,$(PROBED),$(eval $(call MISSING,$(r))))

probe: $(PROBES)

# --- leak builds ------------------------------------------------------------------
# Nothing that looks for leaks can work in a confined process.  These are the
# sanitized processes without any confinement, with a supervisor that bears it;
# no_leaks.sh runs them.  They have no other use and cannot be installed.

ifdef SANITIZE
LEAKY	= judge dialer config-reader cognition-worker exec-stream \
	tracker-record
LEAKS	= $(LEAKY:%=$(O)/leaks/libexec/sallyport/%) \
	$(addprefix $(O)/leaks/,bin/sallyport bin/sallyportd faulty forgetful)
leak_OBJ = $(patsubst %.c,$(O)/obj/%.o,$(filter %/main.c,$($(1)_SRC))) \
	$(O)/obj/tests/$(2).o $(O)/obj/tests/leaks/look.o \
	$(O)/lib/$(1).a $(ARCHIVES)
TEST_PROGRAMS += $(LEAKS)

define LEAK
$(O)/leaks/$(1): $(call leak_OBJ,$(2),$(3))
	@mkdir -p $$(@D)
	$$(say) LD $$@
	$$(Q)$$(CC) $$(LDFLAGS) $(4) -o $$@ $$^ $$($(2)_LIBS)
endef
$(foreach r,$(LEAKY),$(eval $(call LEAK,libexec/sallyport/$(r),$(r),probe/confine_missing)))
$(eval $(call LEAK,forgetful,dialer,leaks/forgets))
# This one is confined as always, and has a fault that a report must come of.
$(O)/leaks/faulty: $(filter-out %/look.o,$(call leak_OBJ,dialer,leaks/faults))
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -Wl,--wrap=confine -o $@ $^ $(dialer_LIBS)
$(eval $(call LEAK,bin/sallyport,client,leaks/look))
$(eval $(call LEAK,bin/sallyportd,supervisor,leaks/lets_go,$(addprefix \
    -Wl$(comma)--wrap=,confine_before_exec child_verify child_kill \
    children_end)))
endif

# --- fuzz targets: tests/fuzz/fuzz_NAME.c, with the sources that it drives -------

FUZZ_event = ipc/bounds.c ipc/pack.c ipc/util.c ipc/value.c \
	tracker-worker/record/event.c
FUZZ_toml = ipc/bounds.c ipc/pack.c ipc/util.c \
	$(filter-out %/main.c,$(config-reader_SRC))
FUZZ_guest_requests = $(guest_IPC_SRC) \
	$(filter-out %/main.c %/loop.c,$(guest_SRC))
FUZZ_sse = ipc/pack.c ipc/util.c cognition-worker/sse.c
FUZZ_openai = $(filter-out ipc/loop.c ipc/worker.c,$(ipc_SRC)) \
	policy/arguments.c policy/tools.c policy/words.c \
	$(filter-out %/main.c,$(cognition-worker_SRC)) \
	$(O)/gen/replay-primes.c
FUZZ_LIBS_openai = $(CURL) $(JANSSON) $(SODIUM)
$(O)/fuzz/openai: $(O)/gen/replay-primes.c
FUZZ_calculator = exec-worker/stream/calculator.c \
	exec-worker/stream/calculator_functions.c \
	exec-worker/stream/calculator_operators.c
FUZZ_LIBS_calculator = -lm
FUZZ_guest_frames = $(filter-out %/main.c,$(exec-stream_SRC)) \
	$(filter-out ipc/worker.c,$(ipc_SRC)) \
	policy/arguments.c policy/tools.c policy/words.c
FUZZ_LIBS_guest_frames = $(exec-stream_LIBS)
FUZZ_glob = ipc/util.c policy/glob.c
FUZZ_audit_line = ipc/bounds.c ipc/pack.c ipc/util.c ipc/value.c \
	policy/checkpoint.c policy/words.c client/lib/json_write.c \
	client/cli/audit_chain.c client/cli/audit_line.c
FUZZ_LIBS_audit_line = $(SODIUM) $(CRYPTO)
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

# --- the benchmark: a program on libsallyport -------------------------------------

bench_SRC = \
	bench/floor.c \
	bench/main.c \
	bench/measure.c

$(O)/bench/bench: $(bench_SRC:%.c=$(O)/obj/%.o) $(O)/lib/libsallyport.a $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(client_LIBS)

$(O)/bench/decide: $(O)/obj/bench/decide.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(MSGPACK)

# --- what people type -------------------------------------------------------------

# All processors, unless whoever called us has said how many.
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

GOAL = Write a Python script that finds all primes up to 100, save it as primes.py, run it and report the output

help:	## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' \
	    $(MAKEFILE_LIST)

deps:	## install the packages that are missing (apt, as root or through sudo)
	@./deps.sh

run: deps	## build, then run the example task; GOAL='...' runs another
	@$(MAKE) --no-print-directory $(jobs) all
	@$(O)/bin/sallyport run "$(GOAL)"

check-deps:
	@./deps.sh check

check: check-deps	## build and run every test; TEST=word runs some
	@$(MAKE) --no-print-directory $(jobs) test-builds
	@tests/run -b $(O) -b $(O)/asan $(TEST)

check-vm: check-deps	## the kernel floor and cgroup v2, in a virtual machine (root)
	@./deps.sh vm
	@$(MAKE) --no-print-directory all unit-binaries probe
	@tests/vm/run $(O)

test-builds: all unit-binaries probe $(FUZZERS)
	@$(MAKE) --no-print-directory SANITIZE=1 O=$(O) all unit-binaries probe

unit-binaries: $(UNIT_TESTS) $(TEST_PROGRAMS)

unit: unit-binaries	## run the unit tests alone
	@for t in $(UNIT_TESTS); do $$t || exit 1; done

bench: check-deps	## measure against the alternatives on this machine
	@$(MAKE) --no-print-directory all $(O)/bench/bench $(O)/bench/decide \
	    $(O)/players/launch $(O)/tests/audit_maker
	@bench/run $(O)

lint: check-deps	## include rules, format, policy reasons, lengths
	@$(MAKE) --no-print-directory all
	@tests/lint $(O)

man:	## write sallyport.toml(5) from the table of keys
	etc/man/keys.py > etc/man/sallyport.toml.5

install: all	## into DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/sallyport \
	    $(DESTDIR)/etc/sallyport
	install $(O)/bin/sallyport $(O)/bin/sallyportd $(DESTDIR)$(PREFIX)/bin/
	install $(libexec)/* $(DESTDIR)$(PREFIX)/libexec/sallyport/
	[ -e $(DESTDIR)/etc/sallyport/sallyport.toml ] || install -m 644 \
	    etc/sallyport.toml $(DESTDIR)/etc/sallyport/sallyport.toml
	install -d $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include \
	    $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/man/man5 \
	    $(DESTDIR)$(PREFIX)/share/man/man7 \
	    $(DESTDIR)$(PREFIX)/share/man/man8 \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 $(O)/lib/libsallyport.a $(DESTDIR)$(PREFIX)/lib/
	install -m 644 client/sallyport.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 etc/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 etc/man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 644 etc/man/*.7 $(DESTDIR)$(PREFIX)/share/man/man7/
	install -m 644 etc/man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	install -m 644 etc/completions/sallyport.bash \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/sallyport

clean:	## remove what was built
	rm -rf $(O)

.PHONY: all help deps run check check-vm check-deps test-builds unit unit-binaries \
	probe bench lint install clean
-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)
