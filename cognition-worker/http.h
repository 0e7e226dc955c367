/*
 * http.h: one POST to a model server over a socket that was handed to us.
 * Runs in: cognition-worker.
 * Input: what the server sends is hostile: every part of it is bounded.
 */
#ifndef SALLYPORT_HTTP_H
#define SALLYPORT_HTTP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/pack.h"

struct run;

#define HTTP_BODY_MAX	(16u << 20)	/* decoded bytes of one plain reply */
#define HTTP_STREAM_MAX	(64u << 20)	/* of a stream, used up as it comes */
#define HTTP_ERROR_MAX	(64u << 10)	/* kept of the body of an error */
#define HTTP_HEAD_MAX	(256u << 10)	/* all header lines, 1xx included */

enum http_end {
	HTTP_DONE,		/* a whole reply; look at status */
	HTTP_ENOUGH,		/* the reader had all it wanted */
	HTTP_BROKEN,		/* no reply, or one that was cut or too large */
	HTTP_CANCELLED		/* run_cancel came */
};

/* Who wants the bytes of a stream as they come. */
struct http_reader {
	/* 0 to go on, 1 if that was enough, -1 if it is broken. */
	int	(*take)(void *, const uint8_t *, size_t);
	void	*arg;
};

struct http_ask {
	const char	*url;		/* http or https, our own text */
	const char	*credential;	/* or NULL */
	const char	*body;		/* JSON */
	size_t		 body_len;
	bool		 stream;	/* an event stream is wanted */
	uint64_t	 deadline;	/* now_mono_ms() when it must be over */
	struct http_reader reader;	/* of an event stream with status 200 */
};

struct http_reply {
	long		 status;
	char		 type[128];	/* media type, lower case, or "" */
	char		 location[256];	/* where a redirect points, escaped */
	bool		 encoded;	/* a content-encoding was used */
	int		 should;	/* x-should-retry: -1, 0, 1 */
	int64_t		 after;		/* ms of retry-after, or -1 */
	bool		 began;		/* bytes of a good reply came */
	bool		 streamed;	/* the reader got them */
	struct pack	 body;		/* else here; of an error 64 KiB */
	char		 why[512];	/* HTTP_BROKEN: what happened */
};

/* The transfer engine; make it before the filter is on. */
struct http {
	CURLM		*multi;
	struct curl_blob ca;		/* PEM, borrowed */
};

int		 http_init(struct http *);	/* 0, or -1 */
void		 http_clear(struct http *);
enum http_end	 http_post(struct run *, struct http *,
		    const struct http_ask *, struct http_reply *);
void		 http_reply_clear(struct http_reply *);

/*
 * Host (without brackets) and port of a URL, by the same parser that makes the
 * request.  0, or -1 with why set if it is not a plain http or https address.
 */
int		 http_where(const char *url, char host[254], uint32_t *port,
		    char why[512]);

#endif
