/*
 * calculator.c: read an expression from left to right and evaluate it.
 * Runs in: exec-worker, stream role, confined; no sandbox is needed.
 * Input: hostile text from a model.  A recursive descent over at most
 * CALCULATOR_LENGTH bytes and CALCULATOR_DEPTH levels; nothing is allocated.
 *
 *   comparison = sum { ("<" | "<=" | ">" | ">=" | "==" | "!=") sum }
 *   sum        = product { ("+" | "-") product }
 *   product    = sign { ("*" | "/" | "//" | "%") sign }
 *   sign       = ("+" | "-") sign | power
 *   power      = atom [ "**" sign ]
 *   atom       = number | constant | function "(" list ")"
 *              | "(" comparison ")"
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "exec-worker/stream/calculator.h"
#include "ipc/util.h"

struct reader {
	const char	*start;
	const char	*at;
	const char	*end;
	unsigned	 depth;
	char		*why;		/* empty until something is wrong */
	size_t		 size;
};

static int	read_comparison(struct reader *, struct number *);
static int	read_sign(struct reader *, struct number *);

static int
wrong(struct reader *r, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
wrong(struct reader *r, const char *at, const char *fmt, ...)
{
	size_t position = 1;
	va_list ap;
	char text[160];

	for (const char *p = r->start; p < at; p++)
		position += ((unsigned char)*p & 0xc0) != 0x80;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(r->why, r->size, "position %zu: %s", position, text);
	return -1;
}

static int
enter(struct reader *r)
{
	if (++r->depth > CALCULATOR_DEPTH)
		return wrong(r, r->at, "nested more than %d deep",
		    CALCULATOR_DEPTH);
	return 0;
}

static void
skip_space(struct reader *r)
{
	while (r->at < r->end && memchr(" \t\r\n", *r->at, 4) != NULL)
		r->at++;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Take the operator if it is next; never half of a longer one. */
static bool
take(struct reader *r, const char *operator)
{
	static const char *const longer[] = { "**", "//", "<=", ">=" };
	size_t len = strlen(operator);

	skip_space(r);
	if ((size_t)(r->end - r->at) < len ||
	    memcmp(r->at, operator, len) != 0)
		return false;
	for (size_t i = 0; len == 1 && i < nitems(longer); i++)
		if (r->end - r->at >= 2 && memcmp(r->at, longer[i], 2) == 0)
			return false;
	r->at += len;
	return true;
}

/* The characters of a number without "_", which may stand between digits. */
static int
copy_digits(struct reader *r, char *to, size_t size, bool *real)
{
	const char *start = r->at;
	size_t len = 0;

	for (; r->at < r->end && len + 1 < size; r->at++) {
		char c = *r->at;

		if (c == '_') {
			if (r->at == start || !is_digit(r->at[-1]) ||
			    r->at + 1 == r->end || !is_digit(r->at[1]))
				return wrong(r, r->at, "misplaced '_'");
			continue;
		}
		if (c == '.' || c == 'e' || c == 'E')
			*real = true;
		else if ((c == '+' || c == '-') && r->at > start &&
		    (r->at[-1] == 'e' || r->at[-1] == 'E'))
			;
		else if (!is_digit(c))
			break;
		to[len++] = c;
	}
	to[len] = '\0';
	return 0;
}

static int
read_hexadecimal(struct reader *r, struct number *value)
{
	const char *start = r->at;
	uint64_t n = 0;
	size_t digits = 0;

	for (r->at += 2; r->at < r->end; r->at++, digits++) {
		char c = *r->at;
		unsigned digit;

		if (is_digit(c))
			digit = (unsigned)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (unsigned)((c | 0x20) - 'a' + 10);
		else
			break;
		if (n > ((uint64_t)INT64_MAX - digit) / 16)
			return wrong(r, start, "number does not fit 64 bits");
		n = n * 16 + digit;
	}
	if (digits == 0 || (r->at < r->end && is_letter(*r->at)))
		return wrong(r, start, "not a hexadecimal number");
	*value = (struct number){ .type = NUMBER_INTEGER,
	    .integer = (int64_t)n };
	return 0;
}

static int
read_number(struct reader *r, struct number *value)
{
	const char *start = r->at, *why;
	char digits[512], *end;
	bool real = false;

	if (r->end - r->at > 1 && r->at[0] == '0' && (r->at[1] | 0x20) == 'x')
		return read_hexadecimal(r, value);
	if (copy_digits(r, digits, sizeof(digits), &real) == -1)
		return -1;
	if (strlen(digits) + 1 == sizeof(digits))
		return wrong(r, start, "number has too many digits");
	errno = 0;
	if (!real) {
		*value = (struct number){ .type = NUMBER_INTEGER,
		    .integer = strtoll(digits, &end, 10) };
		real = errno == ERANGE;
	}
	if (real && (number_real(value, strtod(digits, &end), &why) == -1))
		return wrong(r, start, "number is too large");
	if (end == digits || *end != '\0' ||
	    (r->at < r->end && (is_letter(*r->at) || *r->at == '.')))
		return wrong(r, start, "not a number");
	return 0;
}

static int
read_arguments(struct reader *r, struct number *args, size_t *count)
{
	*count = 0;
	if (take(r, ")"))
		return 0;
	do {
		if (*count == CALCULATOR_ARGUMENTS)
			return wrong(r, r->at, "more than %d arguments",
			    CALCULATOR_ARGUMENTS);
		if (read_comparison(r, &args[*count]) == -1)
			return -1;
		(*count)++;
	} while (take(r, ","));
	if (!take(r, ")"))
		return wrong(r, r->at, "expected ',' or ')'");
	return 0;
}

static int
read_call(struct reader *r, const char *name, size_t len, struct number *value)
{
	struct number args[CALCULATOR_ARGUMENTS];
	const char *why;
	size_t count;

	if (enter(r) == -1 || read_arguments(r, args, &count) == -1)
		return -1;
	r->depth--;
	if (number_call(name, len, args, count, value, &why) == -1)
		return wrong(r, name, "%.*s: %s", (int)len, name, why);
	return 0;
}

static int
read_name(struct reader *r, struct number *value)
{
	static const struct { const char *name; double value; } constants[] = {
		{ "pi", M_PI }, { "e", M_E }, { "tau", 2 * M_PI },
	};
	const char *name = r->at;
	size_t len;

	while (r->at < r->end && (is_letter(*r->at) || is_digit(*r->at)))
		r->at++;
	len = (size_t)(r->at - name);
	for (size_t i = 0; i < nitems(constants); i++)
		if (strlen(constants[i].name) == len &&
		    memcmp(constants[i].name, name, len) == 0) {
			*value = (struct number){ .type = NUMBER_REAL,
			    .real = constants[i].value };
			return 0;
		}
	if (!number_function_exists(name, len))
		return wrong(r, name, "unknown name '%.*s'",
		    len > 40 ? 40 : (int)len, name);
	if (!take(r, "("))
		return wrong(r, r->at, "expected '(' after '%.*s'", (int)len,
		    name);
	return read_call(r, name, len, value);
}

static int
unexpected(struct reader *r)
{
	unsigned char c;

	if (r->at == r->end)
		return wrong(r, r->at, "the expression ends here");
	c = (unsigned char)*r->at;
	if (c == '^')
		return wrong(r, r->at, "unexpected '^': powers are written **");
	if (c > 0x20 && c < 0x7f)
		return wrong(r, r->at, "unexpected '%c'", c);
	return wrong(r, r->at, "unexpected character (byte 0x%02x)", c);
}

static int
read_atom(struct reader *r, struct number *value)
{
	skip_space(r);
	if (r->at < r->end && (is_digit(*r->at) || *r->at == '.'))
		return read_number(r, value);
	if (r->at < r->end && is_letter(*r->at))
		return read_name(r, value);
	if (!take(r, "("))
		return unexpected(r);
	if (enter(r) == -1 || read_comparison(r, value) == -1)
		return -1;
	r->depth--;
	if (!take(r, ")"))
		return r->at == r->end ? wrong(r, r->at, "missing ')'") :
		    unexpected(r);
	return 0;
}

static int
operate(struct reader *r, const char *at, const char *operator,
    struct number *value, const struct number *right)
{
	struct number left = *value;
	const char *why;

	if (number_operate(operator, &left, right, value, &why) == -1)
		return wrong(r, at, "%s", why);
	return 0;
}

static int
read_power(struct reader *r, struct number *value)
{
	struct number right;
	const char *at;

	if (read_atom(r, value) == -1)
		return -1;
	skip_space(r);
	at = r->at;
	if (!take(r, "**"))
		return 0;
	if (enter(r) == -1 || read_sign(r, &right) == -1)
		return -1;
	r->depth--;
	return operate(r, at, "**", value, &right);
}

static int
read_sign(struct reader *r, struct number *value)
{
	struct number operand;
	const char *at, *why;
	bool minus;

	skip_space(r);
	at = r->at;
	minus = take(r, "-");
	if (!minus && !take(r, "+"))
		return read_power(r, value);
	if (enter(r) == -1 || read_sign(r, &operand) == -1)
		return -1;
	r->depth--;
	if (number_negate(&operand, value, &why) == -1)
		return wrong(r, at, "%s", why);
	if (!minus)
		*value = operand;
	return 0;
}

/* Left-associative operators of one level; next reads the level below. */
static int
read_level(struct reader *r, struct number *value,
    const char *const *operators, size_t count,
    int (*next)(struct reader *, struct number *))
{
	struct number right;

	if (next(r, value) == -1)
		return -1;
	for (size_t i = 0; i < count; ) {
		const char *at;

		skip_space(r);
		at = r->at;
		if (!take(r, operators[i])) {
			i++;
			continue;
		}
		if (next(r, &right) == -1 ||
		    operate(r, at, operators[i], value, &right) == -1)
			return -1;
		i = 0;
	}
	return 0;
}

static int
read_product(struct reader *r, struct number *value)
{
	static const char *const operators[] = { "*", "//", "/", "%" };

	return read_level(r, value, operators, nitems(operators), read_sign);
}

static int
read_sum(struct reader *r, struct number *value)
{
	static const char *const operators[] = { "+", "-" };

	return read_level(r, value, operators, nitems(operators),
	    read_product);
}

/* a < b < c means what it means in mathematics: both hold. */
static int
read_comparison(struct reader *r, struct number *value)
{
	static const char *const operators[] =
	    { "<=", ">=", "==", "!=", "<", ">" };
	struct number left, right;
	bool all = true, holds, any = false;
	const char *why;

	if (read_sum(r, &left) == -1)
		return -1;
	for (size_t i = 0; i < nitems(operators); ) {
		const char *at;

		skip_space(r);
		at = r->at;
		if (!take(r, operators[i])) {
			i++;
			continue;
		}
		if (read_sum(r, &right) == -1)
			return -1;
		if (number_compare(operators[i], &left, &right, &holds,
		    &why) == -1)
			return wrong(r, at, "%s", why);
		all = all && holds;
		any = true;
		left = right;
		i = 0;
	}
	*value = any ? (struct number){ .type = NUMBER_TRUTH, .truth = all } :
	    left;
	return 0;
}

int
calculate(const char *text, size_t len, struct number *value, char *why,
    size_t size)
{
	struct reader r = { .start = text, .at = text, .end = text + len,
	    .why = why, .size = size };

	if (len > CALCULATOR_LENGTH)
		return wrong(&r, text, "expression is longer than %d bytes",
		    CALCULATOR_LENGTH);
	skip_space(&r);
	if (r.at == r.end)
		return wrong(&r, r.at, "the expression is empty");
	if (read_comparison(&r, value) == -1)
		return -1;
	skip_space(&r);
	return r.at == r.end ? 0 : unexpected(&r);
}
