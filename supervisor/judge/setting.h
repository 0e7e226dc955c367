/*
 * setting.h: one value of the configuration: its kind, bounds, and origin.
 * Runs in: judge; only config.c needs it.
 * Input: text and values of files and clients.
 */
#ifndef SALLYPORT_SETTING_H
#define SALLYPORT_SETTING_H

#include "supervisor/judge/config.h"

enum kind {
	KIND_integer, KIND_size, KIND_real, KIND_flag, KIND_text, KIND_choice,
	KIND_list
};

struct key_row {
	const char	*name;		/* "agents.max_iterations" */
	enum kind	 kind;
	const char	*initial;	/* the default, as text */
	double		 least;		/* numbers: bounds; text, list: most */
	double		 most;
	const char	*choices;	/* "a|b|c" */
	const char	*help;
};

extern const struct key_row key_rows[KEY_COUNT];

struct setting {
	int64_t	  integer;	/* integer, size, flag */
	double	  real;
	char	 *text;		/* text, choice; owned */
	char	**list;		/* owned, with its strings */
	size_t	  count;
	char	 *origin;	/* owned; NULL is the default */
};

void	 setting_clear(struct setting *);
void	 setting_copy(struct setting *to, const struct setting *from);

/*
 * Fill an empty setting.  0, or -1 with why; it is then to be cleared.
 */
int	 setting_from_text(const struct key_row *, struct setting *,
	    const char *text, char *why, size_t size);
int	 setting_from_value(const struct key_row *, struct setting *,
	    const struct value *, char *why, size_t size);
void	 setting_pack(struct pack *, const struct key_row *,
	    const struct setting *);

/* As a fresh C string, or NULL if it is not text or holds U+0000. */
char	*text_of(const struct value *);

/* Say why, and return -1. */
int	 refuse(char *why, size_t size, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

#endif
