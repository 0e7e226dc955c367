/*
 * internal.h: what the files of libsallyport share.
 * Runs in: programs that use libsallyport.
 * Input: messages of the judge; what it passes on is hostile.
 */
#ifndef SALLYPORT_CLIENT_INTERNAL_H
#define SALLYPORT_CLIENT_INTERNAL_H

#include "client/sallyport.h"
#include "ipc/ipc.h"
#include "ipc/value.h"
#include "policy/words.h"

#define DAEMON_SOCKET	"/run/sallyport/control.sock"
#define SOCKET_NAME	"control.sock"

/* A request that has not had its last event. */
struct request {
	uint64_t	 number;
	bool		 raw;		/* rows are bytes, not maps */
	bool		 run;		/* ends with ENDED */
	char		 id[37];	/* of the run, once accepted */
	uint64_t	 window;	/* rows or bytes under way at most */
	uint64_t	 used;		/* of them taken, not yet given back */
	struct request	*next;
};

/* The event that the caller looks at, and what it points into. */
struct current {
	bool		 present;
	struct sallyport_event event;
	struct value	*body;		/* owned */
	struct blob	 data;		/* owned */
	uint8_t		*copy;		/* owned; bytes that came inside */
	char		 message[2049], hint[513], provider[33], model[129];
};

struct sallyport {
	struct channel	 channel;
	struct current	 current;
	struct request	*requests;	/* owned list */
	uint64_t	 last_request;
	bool		 welcomed;
	bool		 over;		/* nothing more will come */
	struct sallyport_error error;
	struct sallyport_server server;
	char		 version[33], tenant[65], state_dir[4097], notice[513];
};

/* Fill *error; always returns -1. */
int	 error_set(struct sallyport_error *, int status, enum error,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void	 error_hint_set(struct sallyport_error *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* paths.c: the state directory by the rules of sallyport(1); 0 or -1. */
int	 state_directory(const char *wanted, char *path, size_t size,
	    struct sallyport_error *);
/* Make it and its parents, 0700; 0, or -1 with errno. */
int	 state_directory_make(const char *path);
/* The sallyportd to start; 0 or -1 if there is none. */
int	 server_find(const char *wanted, char *path, size_t size);

/*
 * socket.c: a connected control socket in that directory, or -1: errno ENOENT
 * or ECONNREFUSED if nobody listens, EPERM if it is not root's or ours.
 */
int	 socket_connect(const char *dir, const char *name);

/* start.c: start a supervisor; 0 once it serves, -1 with *error. */
int	 server_start(const struct sallyport_options *, const char *state_dir,
	    struct sallyport_error *);

/* receive.c: what the judge may say to a client. */
extern message_dispatch *const *const client_dispatch;

/* event.c */
void	 current_clear(struct current *);
void	 uuid_text(char text[37], const uint8_t id[16]);
struct request *request_find(struct sallyport *, uint64_t number);
void	 request_end(struct sallyport *, uint64_t number);
/* The run whose id this is, if it was requested here. */
struct request *request_of_run(struct sallyport *, const char *id);

#endif
