/*
 * words.c: names of the closed lists in words.def.
 * Runs in: every process.
 * Input: numbers, which may be hostile: an unknown one is "?".
 */
#include "ipc/util.h"
#include "policy/words.h"

#define LOOK_UP(function, table)					\
const char *								\
function(unsigned n)							\
{									\
	return n < nitems(table) ? table[n] : "?";			\
}

#define STOP(name, status, meaning)	#name,
static const char *const stop_names[] = {
#include "policy/words.def"
};
#undef STOP
#define STOP(name, status, meaning)	meaning,
static const char *const stop_meanings[] = {
#include "policy/words.def"
};
#undef STOP
#define STOP(name, status, meaning)	status,
static const int stop_statuses[] = {
#include "policy/words.def"
};
#undef STOP

#define ERROR(name, status, hint)	#name,
static const char *const error_names[] = {
#include "policy/words.def"
};
#undef ERROR
#define ERROR(name, status, hint)	hint,
static const char *const error_hints[] = {
#include "policy/words.def"
};
#undef ERROR
#define ERROR(name, status, hint)	status,
static const int error_statuses[] = {
#include "policy/words.def"
};
#undef ERROR

#define OUTCOME(name)	#name,
static const char *const outcome_names[] = {
#include "policy/words.def"
};
#undef OUTCOME

#define STEP(name)	#name,
static const char *const step_names[] = {
#include "policy/words.def"
};
#undef STEP

#define DELTA(name)	#name,
static const char *const delta_names[] = {
#include "policy/words.def"
};
#undef DELTA

#define EVENT(name, type)	type,
static const char *const event_type_names[] = {
#include "policy/words.def"
};
#undef EVENT

#define ACTION(name)	#name,
static const char *const action_names[] = {
#include "policy/words.def"
};
#undef ACTION

LOOK_UP(stop_name, stop_names)
LOOK_UP(stop_meaning, stop_meanings)
LOOK_UP(error_name, error_names)
LOOK_UP(error_hint, error_hints)
LOOK_UP(outcome_name, outcome_names)
LOOK_UP(step_name, step_names)
LOOK_UP(delta_name, delta_names)
LOOK_UP(event_type_name, event_type_names)
LOOK_UP(action_name, action_names)

int
stop_status(unsigned n)
{
	return n < nitems(stop_statuses) ? stop_statuses[n] : EXIT_internal;
}

int
error_status(unsigned n)
{
	return n < nitems(error_statuses) ? error_statuses[n] : EXIT_internal;
}
