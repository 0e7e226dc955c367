/*
 * judge_steps.h: what most tests of the judge do: start a run, walk through
 * its steps, look at how it ended.
 * Runs in: unit tests of the judge.  Include once.
 * Input: messages of the judge under test.
 */
#ifndef SALLYPORT_JUDGE_STEPS_H
#define SALLYPORT_JUDGE_STEPS_H

#include "tests/unit/judge_world.h"

static uint8_t ended_stop, ended_status;

/* The map {"goal": "count"}. */
static inline struct blob
task(struct pack *p)
{
	pack_init(p, 1024);
	pack_map(p, 1);
	pack_key_text(p, "goal", "count");
	return BLOB(p->data, p->len);
}

static inline struct blob
setting(struct pack *p, const char *key, const char *value)
{
	pack_init(p, 1024);
	pack_list(p, 1);
	pack_list(p, 3);
	pack_text(p, key);
	pack_text(p, value);
	pack_text(p, "-c");
	return BLOB(p->data, p->len);
}

static inline struct run_request
order(struct pack *p)
{
	struct run_request m = {
		.request = 1, .task = task(p), .provider = "replay",
		.sandbox = "native", .max_iterations = 2, .timeout = 60,
		.settings = BLOB_NONE, .deltas = true,
		.replay = BLOB_NONE, .ca_bundle = BLOB_NONE,
		.credential = BLOB_NONE,
	};

	return m;
}

/* Everything until the sandbox stands and cognition has its task. */
static inline void
run_until_started(const struct run_request *m)
{
	struct sandbox_ready ready = { .info = BLOB("\x80", 1) };

	assert_int_equal(send_run_request(&world.client.c, m), 0);
	(void)EXPECT(&world.client, run_accepted);
	UNTIL(seat_of(STREAM) != NULL && seat_of(COGNITION) != NULL &&
	    seat_of(TRACKER) != NULL);
	(void)EXPECT(seat_of(STREAM), stream_start);
	send_sandbox_ready(&seat_of(STREAM)->c, &ready);
	(void)EXPECT(seat_of(COGNITION), run_start);
}

static inline void
started(void)
{
	struct pack p;
	struct run_request m = order(&p);

	run_until_started(&m);
	pack_clear(&p);
}

static inline void
phase(enum step step, uint32_t iteration)
{
	struct phase_started m = { .step = step, .iteration = iteration };

	assert_int_equal(send_phase_started(&seat_of(COGNITION)->c, &m), 0);
}

static inline void
ask_tool(uint64_t call, const char *tool)
{
	struct tool_request m = { .call = call, .arguments = BLOB("\x80", 1) };

	snprintf(m.tool, sizeof(m.tool), "%s", tool);
	assert_int_equal(send_tool_request(&seat_of(COGNITION)->c, &m), 0);
}

static inline struct tool_done
outcome(uint64_t call)
{
	struct tool_done m = {
		.call = call, .outcome = OUTCOME_ok, .wall = 1000,
		.result = BLOB("\x80", 1),
	};

	return m;
}

static inline void
finish(void)
{
	struct run_done m = { .stop = STOP_finished, .answer = BLOB("25", 2) };

	assert_int_equal(send_run_done(&seat_of(COGNITION)->c, &m), 0);
}

static inline void
expect_end(enum stop stop)
{
	struct run_ended *m = EXPECT(&world.client, run_ended);

	ended_stop = m->stop;
	ended_status = m->status;
	assert_string_equal(stop_name(ended_stop), stop_name(stop));
	assert_int_equal(ended_status, stop_status(stop));
}

static inline size_t
count_events(enum event_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < world.nevents; i++)
		n += world.events[i] == type;
	return n;
}

/* Without anything that world_setup() does beyond the start. */
static inline int
start_only(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	alarm(60);
	world_start();
	return 0;
}

#define BARE(f)	cmocka_unit_test_setup_teardown(f, start_only, world_teardown)
#define CASE(f)	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

#endif
