/*
 * replay.h: recorded turns of a model: what a line holds, and when it fits.
 * Runs in: cognition-worker.
 * Input: a replay file that a client sent: hostile.
 *
 * One JSON object a line:
 *   task   SHA-256 (hex) of the task (task.h), or an object {goal,
 *          constraints, context} that has it
 *   step   plan, think or reflect
 *   after  the calls before it: [{tool, arguments, ok}]; arguments is the
 *          SHA-256 (hex) of the canonical msgpack map, or the object itself
 *   reply  {text, calls: [{id, name, arguments}], finish, input_tokens,
 *          output_tokens}; arguments is a string or an object
 * A turn fits if task, step and after match what this run did; what the tools
 * answered is not compared.
 */
#ifndef SALLYPORT_REPLAY_H
#define SALLYPORT_REPLAY_H

#include <jansson.h>

#include "cognition-worker/history.h"
#include "cognition-worker/provider.h"

/* The turns compiled in, from etc/replay/primes.jsonl. */
extern const unsigned char replay_primes[];
extern const unsigned int replay_primes_len;

/* Whether a recorded line is for this moment, and if not, why not. */
enum fit { FIT, FIT_OTHER_TASK, FIT_OTHER_STEP, FIT_OTHER_CALLS, FIT_BROKEN };
enum fit	 replay_fit(const json_t *line, const uint8_t task[32],
		    enum step, const struct history *, char why[512]);

/* The reply of a line as a turn.  0, or -1 with turn->why. */
int		 replay_reply(const json_t *line, struct turn *);

/* A line for this turn, without its newline; to be freed. */
char		*record_line(const uint8_t task[32], enum step,
		    const struct history *, const struct turn *);

#endif
