/*
 * calculator_operators.c: what the calculator's operators do.
 * Runs in: exec-worker, stream role, confined.
 * Input: numbers computed from hostile text; each step takes bounded time.
 * Signs and rounding follow the Python language reference, 6.7 and 6.10.
 */
#include <math.h>
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

int
number_real(struct number *value, double x, const char **why)
{
	if (isnan(x))
		return refuse(why, "the result is not defined");
	if (isinf(x))
		return refuse(why, "the result is too large");
	*value = (struct number){ .type = NUMBER_REAL, .real = x };
	return 0;
}

static double
as_real(const struct number *n)
{
	return n->type == NUMBER_INTEGER ? (double)n->integer : n->real;
}

static bool
is_zero(const struct number *n)
{
	return n->type == NUMBER_INTEGER ? n->integer == 0 : n->real == 0;
}

static int
floor_divide(int64_t a, int64_t b, struct number *value, const char **why)
{
	int64_t quotient;

	if (b == -1)
		return a == INT64_MIN ? number_real(value, 0x1p63, why) :
		    integer(value, -a);
	quotient = a / b;
	if (a % b != 0 && (a < 0) != (b < 0))
		quotient--;
	return integer(value, quotient);
}

static int
modulo(int64_t a, int64_t b, struct number *value)
{
	int64_t rest = b == -1 ? 0 : a % b;

	if (rest != 0 && (rest < 0) != (b < 0))
		rest += b;
	return integer(value, rest);
}

static double
real_modulo(double a, double b)
{
	double rest = fmod(a, b);

	return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/* Squaring: at most 63 steps; what does not fit becomes a real. */
static int
integer_power(int64_t base, int64_t exponent, struct number *value,
    const char **why)
{
	double real = pow((double)base, (double)exponent);
	int64_t result = 1;

	for (int64_t left = exponent; left > 0; left >>= 1) {
		if ((left & 1) && __builtin_mul_overflow(result, base, &result))
			return number_real(value, real, why);
		if (left > 1 && __builtin_mul_overflow(base, base, &base))
			return number_real(value, real, why);
	}
	return integer(value, result);
}

static int
power(const struct number *a, const struct number *b, struct number *value,
    const char **why)
{
	double x = as_real(a), y = as_real(b);

	if (is_zero(a) && y < 0)
		return refuse(why, "division by zero");
	if (a->type == NUMBER_INTEGER && b->type == NUMBER_INTEGER && y >= 0)
		return integer_power(a->integer, b->integer, value, why);
	return number_real(value, pow(x, y), why);
}

static int
operate_integers(char operator, int64_t a, int64_t b, struct number *value,
    const char **why)
{
	int64_t n = 0;
	double x = 0;
	bool over = false;

	switch (operator) {
	case '+':
		over = __builtin_add_overflow(a, b, &n);
		x = (double)a + (double)b;
		break;
	case '-':
		over = __builtin_sub_overflow(a, b, &n);
		x = (double)a - (double)b;
		break;
	case '*':
		over = __builtin_mul_overflow(a, b, &n);
		x = (double)a * (double)b;
		break;
	case 'q':
		return floor_divide(a, b, value, why);
	case '%':
		return modulo(a, b, value);
	default:
		return number_real(value, (double)a / (double)b, why);
	}
	return over ? number_real(value, x, why) : integer(value, n);
}

static int
operate_reals(char operator, double a, double b, struct number *value,
    const char **why)
{
	switch (operator) {
	case '+':
		return number_real(value, a + b, why);
	case '-':
		return number_real(value, a - b, why);
	case '*':
		return number_real(value, a * b, why);
	case 'q':
		return number_real(value, floor(a / b), why);
	case '%':
		return number_real(value, real_modulo(a, b), why);
	default:
		return number_real(value, a / b, why);
	}
}

int
number_operate(const char *operator, const struct number *a,
    const struct number *b, struct number *value, const char **why)
{
	char op = strcmp(operator, "//") == 0 ? 'q' : operator[0];

	if (a->type == NUMBER_TRUTH || b->type == NUMBER_TRUTH)
		return refuse(why, "a comparison is not a number");
	if (strcmp(operator, "**") == 0)
		return power(a, b, value, why);
	if (strchr("q%/", op) != NULL && is_zero(b))
		return refuse(why, "division by zero");
	if (a->type == NUMBER_INTEGER && b->type == NUMBER_INTEGER)
		return operate_integers(op, a->integer, b->integer, value,
		    why);
	return operate_reals(op, as_real(a), as_real(b), value, why);
}

int
number_negate(const struct number *n, struct number *value, const char **why)
{
	if (n->type == NUMBER_TRUTH)
		return refuse(why, "a comparison is not a number");
	if (n->type == NUMBER_REAL)
		return number_real(value, -n->real, why);
	if (n->integer == INT64_MIN)
		return number_real(value, 0x1p63, why);
	return integer(value, -n->integer);
}

/* long double holds every int64_t and every double exactly. */
static long double
exact(const struct number *n)
{
	return n->type == NUMBER_INTEGER ? (long double)n->integer :
	    (long double)n->real;
}

int
number_compare(const char *operator, const struct number *a,
    const struct number *b, bool *holds, const char **why)
{
	long double x, y;

	if (a->type == NUMBER_TRUTH || b->type == NUMBER_TRUTH)
		return refuse(why, "a comparison is not a number");
	x = exact(a);
	y = exact(b);
	if (operator[0] == '=')
		*holds = x == y;
	else if (operator[0] == '!')
		*holds = x != y;
	else if (operator[0] == '<')
		*holds = operator[1] == '=' ? x <= y : x < y;
	else
		*holds = operator[1] == '=' ? x >= y : x > y;
	return 0;
}
