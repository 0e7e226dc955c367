/*
 * conversation.h: what was said between us and the model, in our own form.
 * Runs in: cognition-worker.
 * Input: texts are UTF-8 without U+0000 (text.h makes them so); what they say
 * is hostile.
 */
#ifndef SALLYPORT_CONVERSATION_H
#define SALLYPORT_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/pack.h"
#include "policy/words.h"

struct tool;

#define CALLS_MAX	64	/* of one turn; further ones are dropped */
#define CALL_ID_MAX	128	/* bytes; a longer id is replaced by ours */
#define CALL_NAME_MAX	64	/* bytes, as the providers have it */

enum role { ROLE_system, ROLE_user, ROLE_assistant, ROLE_tool };

/* One tool call of the model. */
struct call {
	char		*id;		/* printable ASCII; theirs or ours */
	char		*name;		/* letters, digits, _ and - */
	char		*arguments;	/* JSON object, as it came, else {} */
	char		*raw;		/* as it came, if it was none */
	char		*problem;	/* not run, and why; or NULL */
	const struct tool *tool;	/* set if it may be asked for */
	struct pack	 packed;	/* arguments, canonical msgpack map */
	int		 asked;		/* place in run->asked, or -1 */
	enum outcome	 outcome;	/* once it is answered */
};

struct said {
	enum role	 role;
	char		*text;		/* owned, never NULL */
	struct call	*calls;		/* assistant: owned */
	size_t		 ncalls;
	char		*call_id;	/* tool: which call this answers */
};

struct conversation {
	struct said	*messages;	/* in order */
	size_t		 count;
	size_t		 cap;
	size_t		 bytes;		/* of all texts and arguments */
};

void	conversation_clear(struct conversation *);
/* Add a message; the text is copied. */
void	conversation_say(struct conversation *, enum role, const char *text);
/* Add the model's turn; takes the calls. */
struct said *conversation_turn(struct conversation *, const char *text,
	    struct call *calls, size_t ncalls);
/* Add the result of a call. */
void	conversation_result(struct conversation *, const struct call *,
	    const char *text);
/*
 * Keep it below so many bytes, if that can be done: first the oldest tool
 * results are replaced by one line each, then what the model said before its
 * newest turn.  Calls and their results stay together, as providers want it.
 */
void	conversation_shrink(struct conversation *, size_t most);

void	call_clear(struct call *);
void	calls_free(struct call *, size_t count);

#endif
