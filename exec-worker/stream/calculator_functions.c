/*
 * calculator_functions.c: what the calculator's functions do.
 * Runs in: exec-worker, stream role, confined.
 * Input: numbers computed from hostile text; each step takes bounded time.
 * Rounding follows the Python library reference, round().
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec-worker/stream/calculator.h"
#include "ipc/util.h"

static int
refuse(const char **why, const char *text)
{
	*why = text;
	return -1;
}

static int
integer(struct number *value, int64_t n)
{
	*value = (struct number){ .type = NUMBER_INTEGER, .integer = n };
	return 0;
}

/* An integer if it is one that fits, else a real. */
static int
whole(struct number *value, double x, const char **why)
{
	if (x >= -0x1p63 && x < 0x1p63)
		return integer(value, (int64_t)x);
	return number_real(value, x, why);
}

static double
as_real(const struct number *n)
{
	return n->type == NUMBER_INTEGER ? (double)n->integer : n->real;
}

/* Functions: args are numbers, never truth values; count is checked. */
typedef int function(const struct number *args, size_t count,
    struct number *value, const char **why);

static int
call_abs(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	(void)count;
	*value = args[0];
	return as_real(args) < 0 ? number_negate(args, value, why) : 0;
}

static int
call_floor(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	(void)count;
	*value = args[0];
	return args->type == NUMBER_INTEGER ? 0 :
	    whole(value, floor(args->real), why);
}

static int
call_ceil(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	(void)count;
	*value = args[0];
	return args->type == NUMBER_INTEGER ? 0 :
	    whole(value, ceil(args->real), why);
}

/* To so many decimal places; printf(3) rounds the exact binary value. */
static int
round_places(double x, int64_t places, struct number *value,
    const char **why)
{
	char text[800];

	if (places < -308 || places > 308)
		return refuse(why, "places must be -308 to 308");
	if (places < 0) {
		double scale = pow(10, (double)-places);

		return number_real(value, nearbyint(x / scale) * scale, why);
	}
	snprintf(text, sizeof(text), "%.*f", (int)places, x);
	return number_real(value, strtod(text, NULL), why);
}

static int
call_round(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	*value = args[0];
	if (count == 2 && args[1].type != NUMBER_INTEGER)
		return refuse(why, "places must be an integer");
	if (args->type == NUMBER_INTEGER &&
	    (count == 1 || args[1].integer >= 0))
		return 0;
	if (count == 1)
		return whole(value, nearbyint(args->real), why);
	if (round_places(as_real(args), args[1].integer, value, why) == -1)
		return -1;
	return args->type == NUMBER_INTEGER ? whole(value, value->real, why) :
	    0;
}

static int
extreme(const struct number *args, size_t count, struct number *value,
    const char *operator)
{
	const char *why;
	bool better = false;

	*value = args[0];
	for (size_t i = 1; i < count; i++) {
		number_compare(operator, &args[i], value, &better, &why);
		if (better)
			*value = args[i];
	}
	return 0;
}

static int
call_min(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	(void)why;
	return extreme(args, count, value, "<");
}

static int
call_max(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	(void)why;
	return extreme(args, count, value, ">");
}

static uint64_t
magnitude(int64_t n)
{
	return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

static uint64_t
divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static int
from_magnitude(uint64_t n, struct number *value, const char **why)
{
	return n > INT64_MAX ? number_real(value, (double)n, why) :
	    integer(value, (int64_t)n);
}

static int
call_gcd(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	uint64_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (args[i].type != NUMBER_INTEGER)
			return refuse(why, "needs integers");
		n = divisor(n, magnitude(args[i].integer));
	}
	return from_magnitude(n, value, why);
}

static int
call_lcm(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	uint64_t n = 1, m;

	for (size_t i = 0; i < count; i++) {
		if (args[i].type != NUMBER_INTEGER)
			return refuse(why, "needs integers");
		m = magnitude(args[i].integer);
		if (m == 0)
			return integer(value, 0);
		if (__builtin_mul_overflow(n / divisor(n, m), m, &n))
			return refuse(why, "the result is too large");
	}
	return from_magnitude(n, value, why);
}

static int
call_factorial(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	int64_t n = args->integer, exact_product = 1;
	double product = 1;

	(void)count;
	if (args->type != NUMBER_INTEGER || n < 0)
		return refuse(why, "needs an integer that is not negative");
	if (n > 170)
		return refuse(why, "the result is too large");
	for (int64_t i = 2; i <= n; i++) {
		product *= (double)i;
		if (i <= 20)
			exact_product *= i;
	}
	return n <= 20 ? integer(value, exact_product) :
	    number_real(value, product, why);
}

static int
call_hypot(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	double x = 0;

	for (size_t i = 0; i < count; i++)
		x = hypot(x, as_real(&args[i]));
	return number_real(value, x, why);
}

static int
call_log(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	double x = as_real(&args[0]), base;

	if (x <= 0)
		return refuse(why, "needs a number above 0");
	if (count == 1)
		return number_real(value, log(x), why);
	base = as_real(&args[1]);
	if (base <= 0 || base == 1)
		return refuse(why, "the base must be above 0 and not 1");
	if (base == 2 || base == 10)
		return number_real(value, base == 2 ? log2(x) : log10(x), why);
	return number_real(value, log(x) / log(base), why);
}

static int
call_pow(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	(void)count;
	return number_operate("**", &args[0], &args[1], value, why);
}

static int
call_mod(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	(void)count;
	return number_operate("%", &args[0], &args[1], value, why);
}

static int
call_atan2(const struct number *args, size_t count, struct number *value,
    const char **why)
{
	(void)count;
	return number_real(value, atan2(as_real(&args[0]), as_real(&args[1])),
	    why);
}

static double
degrees(double x)
{
	return x * (180 / M_PI);
}

static double
radians(double x)
{
	return x * (M_PI / 180);
}

/* Either plain (one real in, one out; NaN out is an error) or call. */
static const struct {
	const char	*name;
	size_t		 least, most;	/* arguments */
	double		(*plain)(double);
	function	*call;
} functions[] = {
	{ "sqrt",	1, 1, sqrt, NULL },
	{ "cbrt",	1, 1, cbrt, NULL },
	{ "exp",	1, 1, exp, NULL },
	{ "log",	1, 2, NULL, call_log },
	{ "log2",	1, 1, log2, NULL },
	{ "log10",	1, 1, log10, NULL },
	{ "sin",	1, 1, sin, NULL },
	{ "cos",	1, 1, cos, NULL },
	{ "tan",	1, 1, tan, NULL },
	{ "asin",	1, 1, asin, NULL },
	{ "acos",	1, 1, acos, NULL },
	{ "atan",	1, 1, atan, NULL },
	{ "atan2",	2, 2, NULL, call_atan2 },
	{ "sinh",	1, 1, sinh, NULL },
	{ "cosh",	1, 1, cosh, NULL },
	{ "tanh",	1, 1, tanh, NULL },
	{ "floor",	1, 1, NULL, call_floor },
	{ "ceil",	1, 1, NULL, call_ceil },
	{ "round",	1, 2, NULL, call_round },
	{ "abs",	1, 1, NULL, call_abs },
	{ "min",	1, CALCULATOR_ARGUMENTS, NULL, call_min },
	{ "max",	1, CALCULATOR_ARGUMENTS, NULL, call_max },
	{ "gcd",	1, CALCULATOR_ARGUMENTS, NULL, call_gcd },
	{ "lcm",	1, CALCULATOR_ARGUMENTS, NULL, call_lcm },
	{ "factorial",	1, 1, NULL, call_factorial },
	{ "hypot",	1, CALCULATOR_ARGUMENTS, NULL, call_hypot },
	{ "degrees",	1, 1, degrees, NULL },
	{ "radians",	1, 1, radians, NULL },
	{ "pow",	2, 2, NULL, call_pow },
	{ "mod",	2, 2, NULL, call_mod },
};

static size_t
find_function(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < nitems(functions); i++)
		if (strlen(functions[i].name) == len &&
		    memcmp(functions[i].name, name, len) == 0)
			break;
	return i;
}

bool
number_function_exists(const char *name, size_t len)
{
	return find_function(name, len) < nitems(functions);
}

int
number_call(const char *name, size_t len, const struct number *args,
    size_t count, struct number *value, const char **why)
{
	size_t i = find_function(name, len);

	if (i == nitems(functions))
		return refuse(why, "unknown function");
	if (count < functions[i].least)
		return refuse(why, "too few arguments");
	if (count > functions[i].most)
		return refuse(why, "too many arguments");
	for (size_t k = 0; k < count; k++)
		if (args[k].type == NUMBER_TRUTH)
			return refuse(why, "a comparison is not a number");
	if (functions[i].plain != NULL)
		return number_real(value, functions[i].plain(as_real(args)),
		    why);
	return functions[i].call(args, count, value, why);
}
