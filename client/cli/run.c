/*
 * run.c: start a run, follow it, and end with its status.
 * Runs in: sallyport.
 * Input: events of the run: texts of models and sandboxes, hostile.
 */
#include <errno.h>
#include <string.h>

#include "client/cli/run.h"

#define TICK		250	/* ms between looks of the indicator */
#define KILL_GRACE	3000	/* ms that a killed run may take to end */

struct following {
	struct plan	 plan;
	struct show	 show;
	char		 run[37];	/* "" until it is accepted */
	char		 provider[33];
	bool		 own;		/* it ends with us */
	uint64_t	 watch;		/* our request to see a daemon's run */
	bool		 completed;	/* run.completed was printed */
	unsigned	 interrupts;	/* that were answered */
	uint64_t	 give_up;	/* ms, monotonic; 0: not yet */
};

static int
detached(struct cli *cli, struct following *f)
{
	autojson struct json j = { 0 };

	if (cli->json) {
		json_open(&j, '{');
		json_key(&j, "run");
		json_text(&j, f->run);
		json_close(&j, '}');
		print_json(&j);
	} else {
		puts(f->run);
	}
	fprintf(stderr, "follow it: sallyport logs %s --follow\n"
	    "end it:    sallyport runs cancel %s\n", f->run, f->run);
	return 0;
}

/*
 * -1: go on, else the exit status.  A run that outlives us is one that we
 * watch like anybody else, unless its turns are recorded here.
 */
static int
on_accepted(struct cli *cli, struct following *f,
    const struct sallyport_event *e)
{
	snprintf(f->run, sizeof(f->run), "%s", e->run);
	snprintf(f->provider, sizeof(f->provider), "%s", e->provider);
	if (e->message[0] != '\0') {
		show_clear(&f->show);
		fprintf(stderr, "%s", style(stderr, YELLOW));
		print_foreign(stderr, e->message, strlen(e->message), false);
		fprintf(stderr, "%s\n", style(stderr, PLAIN));
	}
	fprintf(stderr, "run %s\n", f->run);
	if (arg_flag(&cli->args, "detach"))
		return detached(cli, f);
	if (f->own || f->plan.run.record)
		return -1;
	f->watch = sallyport_watch(cli->h, f->run, 0, f->plan.run.deltas);
	return f->watch != 0 ? -1 :
	    fail_error(cli, sallyport_last_error(cli->h));
}

/*
 * Ctrl-C: the first asks a private run to end and leaves a daemon's run
 * alone; the second kills; the third does not wait for anybody.  -1: go on.
 */
static int
on_interrupt(struct cli *cli, struct following *f)
{
	show_clear(&f->show);
	while (f->interrupts < signals_seen()) {
		f->interrupts++;
		if (f->run[0] == '\0' || f->interrupts > 2)
			return stop_status(STOP_cancelled);
		if (!f->own) {
			fprintf(stderr, "the run goes on; follow it: "
			    "sallyport logs %s --follow\nend it: sallyport "
			    "runs cancel %s\n", f->run, f->run);
			return stop_status(STOP_cancelled);
		}
		fprintf(stderr, f->interrupts == 1 ?
		    "cancelling; Ctrl-C again kills\n" : "killing\n");
		if (sallyport_cancel(cli->h, f->run, f->interrupts > 1) == 0)
			return stop_status(STOP_cancelled);
		if (f->interrupts > 1)
			f->give_up = now_mono_ms() + KILL_GRACE;
	}
	return -1;
}

static int
write_turn(struct cli *cli, struct following *f,
    const struct sallyport_event *e)
{
	if (f->plan.record == NULL)
		return -1;
	if (fwrite(e->data, 1, e->len, f->plan.record) == e->len &&
	    fputc('\n', f->plan.record) != EOF &&
	    fflush(f->plan.record) == 0)
		return -1;
	return fail_with(cli, EXIT_record, ERROR_none, "write %s: %s",
	    arg_text(&cli->args, "record"), strerror(errno));
}

static void
print_event(struct following *f, const struct sallyport_event *e)
{
	autofree char *json = NULL;

	show_event(&f->show, e);
	if (f->plan.format != FORMAT_stream)
		return;
	f->completed = f->completed || e->code == EVENT_run_completed;
	json = sallyport_event_json(e);
	puts(json);
	fflush(stdout);
}

static int
on_ended(struct cli *cli, struct following *f,
    const struct sallyport_event *e)
{
	struct sallyport_event last = *e;
	autofree char *json = NULL;

	show_clear(&f->show);
	if (f->plan.format == FORMAT_stream && !f->completed) {
		/* It could not be recorded: the stream still has an end. */
		last.kind = SALLYPORT_EVENT;
		last.type = event_type_name(EVENT_run_completed);
		last.at = now_wall_ms();
		json = sallyport_event_json(&last);
		puts(json);
	}
	return run_end(cli, &f->plan, f->provider, e);
}

/* One event: -1 go on, else the exit status. */
static int
on_event(struct cli *cli, struct following *f,
    const struct sallyport_event *e)
{
	switch (e->kind) {
	case SALLYPORT_REFUSED:
		show_clear(&f->show);
		/* A cancel that came too late is no failure of the run. */
		return f->run[0] != '\0' && e->request != f->watch ? -1 :
		    fail_event(cli, e);
	case SALLYPORT_ACCEPTED:
		return on_accepted(cli, f, e);
	case SALLYPORT_EVENT:
		print_event(f, e);
		return -1;
	case SALLYPORT_TURN:
		return write_turn(cli, f, e);
	case SALLYPORT_ENDED:
		return on_ended(cli, f, e);
	case SALLYPORT_DONE:
	case SALLYPORT_ROW:
	case SALLYPORT_OPENED:
	case SALLYPORT_OUTPUT:
	case SALLYPORT_EXITED:
		break;
	}
	return -1;
}

static int
follow(struct cli *cli, struct following *f)
{
	const struct sallyport_event *e;
	int n, status = -1;

	while (status == -1) {
		n = event_wait(cli, f->show.terminal || f->give_up > 0 ?
		    TICK : -1, &e);
		if (n == 2)
			status = on_interrupt(cli, f);
		else if (n == 1)
			status = on_event(cli, f, e);
		else if (n == 0)
			show_waiting(&f->show);
		else
			show_clear(&f->show);
		if (n == -1)
			return fail_error(cli, sallyport_last_error(cli->h));
		if (f->give_up > 0 && now_mono_ms() > f->give_up)
			return stop_status(STOP_cancelled);
		if (ferror(stdout))
			return output_end(cli, 0);
	}
	return status;
}

static int
start(struct cli *cli, struct following *f)
{
	uint64_t request;

	f->own = sallyport_server(cli->h)->user_mode && !f->plan.run.detach;
	/* A daemon's run outlives a terminal that closes. */
	f->plan.run.detach = !f->own;
	if (!sallyport_server(cli->h)->user_mode)
		f->plan.run.credential = NULL;	/* the daemon has its own */
	show_init(&f->show, stderr, f->plan.level);
	request = sallyport_run(cli->h, &f->plan.run);
	if (request == 0)
		return fail_error(cli, sallyport_last_error(cli->h));
	return follow(cli, f);
}

int
run_verb(struct cli *cli)
{
	struct following f = { .run = "" };
	int status;

	signals_catch();
	status = plan_make(cli, &f.plan);
	if (status == 0)
		status = cli_connect(cli);
	if (status == 0) {
		status = start(cli, &f);
		show_clear(&f.show);
	}
	plan_clear(&f.plan);
	return status;
}
