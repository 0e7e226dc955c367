/*
 * test_judge_checkpoint.c: the real judge, confined: what it has signed, and
 * what it does with a record that contradicts a signature.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/judge_steps.h"

static void
whole_run(void)
{
	struct collect_done collected = { .files = 0 };

	started();
	phase(STEP_plan, 0);
	finish();
	(void)EXPECT(seat_of(STREAM), collect_request);
	send_collect_done(&seat_of(STREAM)->c, &collected);
	expect_end(STOP_finished);
}

static struct head_signed
signed_now(void)
{
	struct head_signed m = { .place = world.sign.place, .at = 77,
	    .signature_r = { 1 }, .signature_s = { 2 } };

	memcpy(m.head, world.sign.head, 32);
	return m;
}

static void
test_checkpoint_is_asked_for_at_the_end_of_a_run(void **state)
{
	struct checkpoint_store *kept;
	struct head_signed answer;

	(void)state;
	whole_run();
	UNTIL(world.signs == 1);
	assert_int_equal(world.sign.place, world.nevents);
	assert_memory_equal(world.sign.head, world.heads[world.nevents], 32);
	answer = signed_now();
	send_head_signed(&world.supervisor.c, &answer);
	kept = EXPECT(seat_of(TRACKER), checkpoint_store);
	assert_int_equal(kept->place, answer.place);
	assert_int_equal(kept->at, 77);
	assert_memory_equal(kept->head, answer.head, 32);
	assert_int_equal(kept->signature_r[0], 1);
	assert_int_equal(kept->signature_s[0], 2);
	/* The next one only signs what is new. */
	whole_run();
	UNTIL(world.signs == 2);
	assert_int_equal(world.sign.place, world.nevents);
	assert_memory_equal(world.sign.head, world.heads[world.nevents], 32);
}

static void
test_checkpoint_waits_for_the_answer_before_it_asks_again(void **state)
{
	struct head_signed answer;

	(void)state;
	whole_run();
	UNTIL(world.signs == 1);
	answer = signed_now();
	whole_run();
	expect_silence(&world.client, 100);
	assert_int_equal(world.signs, 1);
	send_head_signed(&world.supervisor.c, &answer);
	UNTIL(world.signs == 2);
	assert_int_equal(world.sign.place, world.nevents);
}

static void
test_checkpoint_leaves_out_what_could_not_be_recorded(void **state)
{
	struct head_signed answer;

	(void)state;
	world.fail = EVENT_phase_started;
	started();
	phase(STEP_plan, 0);
	expect_end(STOP_record_error);
	world.fail = EVENT_none;
	if (world.signs > 0) {
		answer = signed_now();
		send_head_signed(&world.supervisor.c, &answer);
	}
	whole_run();
	UNTIL(world.sign.place == world.nevents);
	assert_memory_equal(world.sign.head, world.heads[world.nevents], 32);
}

static void
ends_as_integrity(void)
{
	struct pack p;
	struct run_request m = order(&p);

	assert_int_equal(send_run_request(&world.client.c, &m), 0);
	(void)EXPECT(&world.client, run_accepted);
	expect_end(STOP_integrity);
	assert_int_equal(world.nevents, 0);
	pack_clear(&p);
}

static void
test_ledger_that_is_shorter_than_signed_ends_runs(void **state)
{
	struct head_signed known = { .place = 5, .head = { 9 } };

	(void)state;
	send_head_signed(&world.supervisor.c, &known);
	ends_as_integrity();
	/* And the next one, which comes when the tracker is there. */
	ends_as_integrity();
}

static void
test_ledger_with_another_head_ends_runs(void **state)
{
	struct head_signed known = { .place = 1, .head = { 9 } };

	(void)state;
	world.heads[1][0] = 8;
	world.held = 2;
	send_head_signed(&world.supervisor.c, &known);
	ends_as_integrity();
}

static void
test_ledger_of_a_new_tracker_must_hold_what_was_kept(void **state)
{
	struct pack p;
	struct run_request m = order(&p);

	(void)state;
	whole_run();
	world.lost = true;
	supervisor_kill(seat_of(TRACKER)->number);
	assert_int_equal(send_run_request(&world.client.c, &m), 0);
	(void)EXPECT(&world.client, run_accepted);
	expect_end(STOP_integrity);
	pack_clear(&p);
}

static void
test_ledger_that_fits_is_gone_on_with(void **state)
{
	(void)state;
	whole_run();
	supervisor_kill(seat_of(TRACKER)->number);
	whole_run();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_checkpoint_is_asked_for_at_the_end_of_a_run),
		CASE(test_checkpoint_waits_for_the_answer_before_it_asks_again),
		CASE(test_checkpoint_leaves_out_what_could_not_be_recorded),
		CASE(test_ledger_that_is_shorter_than_signed_ends_runs),
		CASE(test_ledger_with_another_head_ends_runs),
		CASE(test_ledger_of_a_new_tracker_must_hold_what_was_kept),
		CASE(test_ledger_that_fits_is_gone_on_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
