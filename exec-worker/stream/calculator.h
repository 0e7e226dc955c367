/*
 * calculator.h: arithmetic for models, without an interpreter.
 * Runs in: exec-worker, stream role.
 * Input: hostile text; work grows with its length only, which is bounded.
 */
#ifndef SALLYPORT_CALCULATOR_H
#define SALLYPORT_CALCULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALCULATOR_LENGTH	4096	/* bytes of an expression */
#define CALCULATOR_DEPTH	100	/* nested parentheses, calls, signs */
#define CALCULATOR_ARGUMENTS	32	/* of one function */

enum number_type { NUMBER_INTEGER, NUMBER_REAL, NUMBER_TRUTH };

struct number {
	enum number_type type;
	union {
		int64_t	integer;
		double	real;		/* always finite */
		bool	truth;		/* what a comparison gives */
	};
};

/*
 * Evaluate an expression.  0 and *value, or -1 with why set to a text that
 * begins with the position: "position 3: ...", counted in characters from 1.
 * Integers are exact while they fit 64 bits and become reals beyond; what is
 * infinite or not a number is an error.  Signs and rounding are Python's:
 * // and % go with the divisor, round() to the even neighbour.
 */
int	calculate(const char *text, size_t len, struct number *value,
	    char *why, size_t size);

/*
 * For calculator.c: what operators (calculator_operators.c) and functions
 * (calculator_functions.c) do.  0, or -1 with *why a static text.  The name of
 * a function is len bytes.
 */
int	number_operate(const char *operator, const struct number *a,
	    const struct number *b, struct number *value, const char **why);
int	number_negate(const struct number *, struct number *,
	    const char **why);
int	number_compare(const char *operator, const struct number *,
	    const struct number *, bool *, const char **why);
int	number_call(const char *name, size_t len, const struct number *args,
	    size_t count, struct number *value, const char **why);
bool	number_function_exists(const char *name, size_t len);
int	number_real(struct number *, double, const char **why);

#endif
