/*
 * util.h: the few things that every room needs: logging, ending, ownership.
 * Runs in: every process, with that process's rights.
 * Input: text of ours; foreign text must be escaped (log_escape) first.
 */
#ifndef SALLYPORT_UTIL_H
#define SALLYPORT_UTIL_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/*
 * Where log lines go.  The default writes "level=... process=..." to
 * descriptor 2; a worker replaces it so that its lines travel to the judge.
 */
typedef void log_sink(enum log_level, const char *line);

void	log_init(const char *process, enum log_level most);
void	log_to(log_sink *);
void	log_line(enum log_level, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* End the process with status 70; fatal() appends strerror(errno). */
void	fatal(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2), noreturn));
void	fatalx(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2), noreturn));

/* malloc and friends that end the process when there is no memory. */
void	*xcalloc(size_t count, size_t size);
void	*xrealloc(void *, size_t size);
char	*xstrdup(const char *);

/*
 * Copy foreign text for a log line or a terminal: C0, C1, DEL, bidirectional
 * controls and invalid UTF-8 become \xNN or \u{N}; cut at size - 1 bytes.
 * Returns dst.
 */
char	*text_escape(char *dst, size_t size, const void *src, size_t len);

/* True if the bytes are UTF-8 (RFC 3629: no surrogates, no overlong forms). */
int	utf8_valid(const void *, size_t len);

/* The value of one hexadecimal digit, or -1. */
int	hex_digit(char);

/* Milliseconds: wall clock since 1970, and a clock that never goes back. */
uint64_t now_wall_ms(void);
uint64_t now_mono_ms(void);

void	free_pointer(void *);

/* Close it if it is open, keep errno, and leave -1. */
void	close_fd(int *);

#define autofree	__attribute__((cleanup(free_pointer)))
#define autoclose	__attribute__((cleanup(close_fd)))

/* Take a descriptor or pointer out of its auto variable. */
static inline int
steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *
steal_pointer(void *pp)
{
	void **p = pp, *taken = *p;

	*p = NULL;
	return taken;
}

#define nitems(a)	(sizeof(a) / sizeof((a)[0]))

#endif
