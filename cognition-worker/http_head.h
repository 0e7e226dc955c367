/*
 * http_head.h: one transfer under way: its header lines, and how it failed.
 * Runs in: cognition-worker.
 * Input: header lines of a model server: hostile.
 */
#ifndef SALLYPORT_HTTP_HEAD_H
#define SALLYPORT_HTTP_HEAD_H

#include "cognition-worker/http.h"

struct transfer {
	struct run		*run;
	const struct http_ask	*ask;
	struct http_reply	*reply;
	char			 name[300];	/* for CURLOPT_RESOLVE */
	char			 error[CURL_ERROR_SIZE];
	size_t			 head;		/* header bytes so far */
	size_t			 taken;		/* body bytes so far */
	bool			 enough;	/* we ended it, content */
	bool			 large;		/* we ended it: too much */
};

/* CURLOPT_HEADERFUNCTION: takes what we use of a header line. */
size_t	transfer_head(char *, size_t size, size_t count, void *transfer);
/* The reply is an event stream and not one document. */
bool	transfer_is_stream(const struct transfer *);
/* Say in reply->why what a CURLcode means for the person. */
void	transfer_explain(struct transfer *, int result);

#endif
