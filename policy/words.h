/*
 * words.h: enums and names from words.def.
 * Runs in: every process.  Input: none.
 */
#ifndef SALLYPORT_WORDS_H
#define SALLYPORT_WORDS_H

#define STOP(name, status, meaning)	STOP_##name,
enum stop {
#include "policy/words.def"
	STOP_COUNT
};
#undef STOP

#define ERROR(name, status, hint)	ERROR_##name,
enum error {
#include "policy/words.def"
	ERROR_COUNT
};
#undef ERROR

#define OUTCOME(name)	OUTCOME_##name,
enum outcome {
#include "policy/words.def"
	OUTCOME_COUNT
};
#undef OUTCOME

#define STEP(name)	STEP_##name,
enum step {
#include "policy/words.def"
	STEP_COUNT
};
#undef STEP

#define DELTA(name)	DELTA_##name,
enum delta {
#include "policy/words.def"
	DELTA_COUNT
};
#undef DELTA

#define EVENT(name, type)	EVENT_##name,
enum event_type {
#include "policy/words.def"
	EVENT_COUNT
};
#undef EVENT

#define QUERY(name)	QUERY_##name,
enum query_kind {
#include "policy/words.def"
	QUERY_COUNT
};
#undef QUERY

#define FOUND(name)	FOUND_##name,
enum found {
#include "policy/words.def"
	FOUND_COUNT
};
#undef FOUND

#define ACTION(name)	ACTION_##name,
enum action {
#include "policy/words.def"
	ACTION_COUNT
};
#undef ACTION

/* Exit statuses that do not follow from a stop reason (sysexits(3)). */
enum {
	EXIT_usage = 64,
	EXIT_data = 65,
	EXIT_unavailable = 69,
	EXIT_internal = 70,
	EXIT_record = 73,
	EXIT_later = 75,
	EXIT_integrity = 76,
	EXIT_denied = 77,
	EXIT_config = 78,
	EXIT_ours = 125		/* sandbox exec: not the command's own */
};

/* Names; an unknown number gives "?". */
const char	*stop_name(unsigned);
const char	*stop_meaning(unsigned);
int		 stop_status(unsigned);
const char	*error_name(unsigned);
const char	*error_hint(unsigned);
int		 error_status(unsigned);
const char	*outcome_name(unsigned);
const char	*step_name(unsigned);
const char	*delta_name(unsigned);
const char	*event_type_name(unsigned);
const char	*action_name(unsigned);

#endif
