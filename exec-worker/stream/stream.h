/*
 * stream.h: the state of the stream role and what its files do for each other.
 * Runs in: exec-worker, stream role: confined, one channel, one guest.
 * Input: the judge is believed once its message fits its row; the guest never.
 */
#ifndef SALLYPORT_STREAM_H
#define SALLYPORT_STREAM_H

#include <sodium.h>

#include "exec-worker/stream/output.h"
#include "ipc/ipc.h"
#include "ipc/loop.h"
#include "ipc/util.h"
#include "ipc/value.h"
#include "policy/tools.h"
#include "policy/words.h"

#define PIECE		(32 * KiB)	/* bytes of data in one message */
#define QUEUE_SOFT	(256 * KiB)	/* bytes waiting: do not add more */
#define CALLS_WAITING	16		/* calls behind the one in flight */
#define GRACE_MS	2000		/* for the guest, after a deadline */
#define START_MS	15000		/* for the guest to say guest_ready */
#define TIMEOUT_MS	600000		/* of a call that names none */
#define FILES_MS	60000		/* most for one file operation */
#define FILE_MAX	(16 * MiB)	/* bytes that a file tool moves */
#define COLLECT_MAX	(64 * MiB)	/* bytes of one collected file */
#define LIST_ENTRIES	10000		/* most entries of one listing */
#define LIST_BYTES	(8 * MiB)	/* most bytes of its names */
#define SIZE_LIKELY	(UINT64_C(1) << 53)	/* larger numbers are lies */

struct stream;

/* What the guest may answer now; anything else is its fault. */
enum expect {
	EXPECT_nothing,
	EXPECT_exit,		/* guest_output, guest_exited */
	EXPECT_data,		/* guest_data */
	EXPECT_entries,		/* guest_entry, guest_done */
	EXPECT_entry,		/* one guest_entry, guest_done */
	EXPECT_done		/* guest_done */
};

/* Bytes of a file as they arrive: counted, digested, and kept or not. */
struct content {
	enum { KEEP_memory, KEEP_memfd, KEEP_nothing } keep;
	uint8_t		*data;		/* KEEP_memory, owned */
	size_t		 len, cap;
	int		 fd;		/* KEEP_memfd, owned, or -1 */
	uint64_t	 total;		/* bytes that came */
	uint64_t	 size;		/* of the file, as the guest says */
	bool		 failed;	/* could not be kept: errno in error */
	int		 error;
	crypto_hash_sha256_state digest;
};

struct entry {
	size_t		 name;		/* place in the arena */
	size_t		 len;
	uint32_t	 mode;
	uint64_t	 size;
	int64_t		 modified;	/* ms since 1970 */
};

struct listing {
	struct entry	*entries;	/* owned */
	size_t		 count, cap;
	struct pack	 names;		/* arena; bounded by LIST_BYTES */
	size_t		 prefix;	/* bytes put before each name later */
	size_t		 prefixes;	/* bytes of that in all */
	bool		 truncated;
	uint64_t	 left_out;	/* entries that did not fit */
};

/* An argument vector, or a file's new content, on its way to the guest. */
struct sending {
	struct bytes	*items;		/* owned array of borrowed bytes */
	size_t		 count, item;
	struct bytes	 data;		/* borrowed */
	int		 fd;		/* else read from here, or -1 */
	uint64_t	 len;		/* bytes of data or fd */
	uint64_t	 at;
	uint64_t	 credit;	/* of standard input, from the guest */
	enum { SEND_nothing, SEND_arguments, SEND_exec, SEND_input,
	    SEND_write } stage;
	bool		 append;
	bool		 has_input;
};

/* One tool call, or one collection of files. */
struct job {
	struct job	*next;
	bool		 collect;	/* collect_request, not a tool */
	uint64_t	 call;
	const struct tool *tool;
	struct blob	 arguments;	/* owned */
	struct blob	 input;		/* owned */
	struct value	*args;		/* owned */
	uint64_t	 timeout;	/* ms */
	uint64_t	 began;		/* now_mono_ms() */
	bool		 cancelled;
	char		*path;		/* owned, of the file tools, or cwd */

	uint64_t	 exchange;	/* number of its operation, or 0 */
	enum expect	 expect;
	uint64_t	 most;		/* bytes or entries it may still send */
	void		(*after)(struct stream *, const struct guest_failed *);

	struct sending	 sending;
	struct output	 out[2];	/* stdout, stderr */
	struct live	 live;
	struct content	 content;
	struct listing	 listing;
	struct pack	 text;		/* new content of replace_in_file */
	uint64_t	 replaced;

	size_t		 file;		/* collecting: place in the listing */
	uint64_t	 bytes_left;	/* of collect_request.most */
	uint32_t	 collected, left_out;
};

struct stream {
	struct event_base *base;
	struct channel	 judge;
	struct channel	 guest;
	message_dispatch *const *table;
	int		 guest_fd;	/* 4 until the guest channel owns it */
	enum { GUEST_none, GUEST_awaited, GUEST_up, GUEST_gone } state;
	bool		 started;	/* stream_start came */
	char		 gone[512];	/* why the guest is gone, for people */
	uint64_t	 output_kept;	/* bytes of each stream */
	struct value	*info;		/* from stream_start, owned */
	struct guest_ready facts;
	uint64_t	 exchanges;	/* guest operations so far */
	struct job	*now;		/* in flight, owned */
	struct job	*waiting;	/* owned, oldest first */
	size_t		 waiting_count;
	struct event	*deadline;	/* of the call, or of guest_ready */
	struct event	*stall;		/* the judge gives no more credit */
	struct event	*guest_writable;	/* NULL without a guest */
	struct event	*judge_writable;
};

/* call.c: one call at a time. */
void	stream_init(struct stream *, struct event_base *, int judge_fd,
	    int guest_fd, message_dispatch *const *table);
void	stream_serve(struct stream *, void (*)(struct channel *, const char *));
void	stream_clear(struct stream *);
int	call_add(struct stream *, struct job *);	/* takes the job */
void	call_cancel(struct stream *, uint64_t call);
void	call_end(struct stream *);	/* frees `now`, starts the next */
void	call_next(struct stream *);	/* if none is in flight */
void	call_deadline(struct stream *, uint64_t ms);
void	job_free(struct job *);
/* Refuse or end the call in flight with a named error; outcome not ok. */
void	call_fail(struct stream *, enum outcome, enum error, const char *hint,
	    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The guest cannot be used any more: answer everything, say sandbox_failed. */
void	guest_lost(struct stream *, enum error, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* to_guest.c: what goes to the guest, never more than it reads. */
uint64_t exchange_begin(struct stream *, enum expect, uint64_t most,
	    void (*after)(struct stream *, const struct guest_failed *));
void	guest_pump(struct stream *);
void	guest_write_begin(struct stream *, struct bytes, bool append,
	    void (*after)(struct stream *, const struct guest_failed *));
void	guest_read_begin(struct stream *, uint64_t offset, uint64_t most,
	    void (*after)(struct stream *, const struct guest_failed *));
struct bytes job_path(const struct job *);

/* live.c: output on its way to the judge, within credits. */
void	live_begin(struct stream *, struct job *);
void	live_pass(struct stream *, unsigned source, const struct bytes *);
void	live_credit(struct stream *, uint64_t);
void	live_stalled(struct stream *);
void	live_grant(struct stream *);

/* command.c, files.c, listing.c, collect.c, calculate.c, info.c */
typedef void tool_start(struct stream *, struct job *);
tool_start	start_shell, start_python, start_command;
void	command_exited(struct stream *, const struct guest_exited *);
void	command_lost(struct stream *, enum outcome, enum error,
	    const char *message);
tool_start	start_save, start_load, start_append, start_replace,
		start_exists, start_delete, start_mkdir, start_list;
void	listing_init(struct listing *, size_t prefix);
void	listing_add(struct listing *, const struct guest_entry *);
void	listing_sort(struct listing *);
void	listing_clear(struct listing *);
const char *entry_type(uint32_t mode);
void	start_collect(struct stream *, struct job *);
void	collect_continue(struct stream *, uint32_t kept);
void	collect_end(struct stream *, const char *reason);
void	answer_calculator(struct stream *, struct job *);
void	answer_info(struct stream *, struct job *);
void	info_pack(const struct stream *, struct pack *);

/* content.c */
void	content_init(struct content *, int keep);
void	content_add(struct content *, const uint8_t *, size_t);
void	content_digest(struct content *, uint8_t digest[32]);
int	content_seal(struct content *);		/* the memfd, or -1; taken */
void	content_clear(struct content *);

/* results.c: the maps that go to the model. */
#define RESULT_MAX	(16 * MiB)

struct result {
	struct pack	 pack;		/* owned */
	unsigned	 count;		/* entries */
};

void	result_init(struct result *);
void	result_text(struct result *, const char *key, const char *);
void	result_either(struct result *, const char *key, const void *, size_t);
void	result_uint(struct result *, const char *key, uint64_t);
void	result_flag(struct result *, const char *key, bool);
void	result_hex(struct result *, const char *key, const uint8_t digest[32]);
void	result_time(struct result *, const char *key, int64_t ms);
void	result_key(struct result *, const char *key);	/* value follows */
void	result_error(struct result *, enum error, const char *message,
	    const char *hint);
/* Send tool_done with this map and clear it; m has the rest. */
void	result_send(struct stream *, struct result *, struct tool_done *m);
/* The same for the call in flight that ended well; starts the next. */
void	result_ok(struct stream *, struct result *);
/* "2026-11-22T10:00:00Z"; times that do not fit become the nearest that do. */
void	time_text(char text[24], int64_t ms);
/* Cut a half UTF-8 sequence off the end of a text that was cut. */
void	text_trim(char *);
void	guest_error(struct stream *, const struct guest_failed *);

#endif
