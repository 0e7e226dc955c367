/*
 * test_calculator.c: the calculator is exact where it can be, and cannot be
 * made to work long, go deep or give what is no number.
 * Runs in: unit tests.  Input: hostile expressions.
 */
#include <math.h>

#include "tests/unit/unit.h"

#include "exec-worker/stream/calculator.h"
#include "ipc/util.h"

static char why[256];

static struct number
value_of(const char *text)
{
	struct number n = { .type = NUMBER_TRUTH };

	if (calculate(text, strlen(text), &n, why, sizeof(why)) == -1)
		fail_msg("%s: %s", text, why);
	return n;
}

static void
is_integer(const char *text, int64_t expected)
{
	struct number n = value_of(text);

	if (n.type != NUMBER_INTEGER || n.integer != expected)
		fail_msg("%s is not the integer %lld", text,
		    (long long)expected);
}

static void
is_real(const char *text, double expected)
{
	struct number n = value_of(text);

	if (n.type != NUMBER_REAL ||
	    fabs(n.real - expected) > fabs(expected) * 1e-14)
		fail_msg("%s is %.17g, not %.17g", text, n.real, expected);
}

static void
is_truth(const char *text, bool expected)
{
	struct number n = value_of(text);

	if (n.type != NUMBER_TRUTH || n.truth != expected)
		fail_msg("%s is not %d", text, expected);
}

static void
is_wrong(const char *text, const char *expected)
{
	struct number n;

	if (calculate(text, strlen(text), &n, why, sizeof(why)) == 0)
		fail_msg("%.60s was accepted", text);
	if (strstr(why, expected) == NULL)
		fail_msg("%.60s: '%s' does not hold '%s'", text, why, expected);
}

static void
test_calculate_precedence(void **state)
{
	(void)state;
	is_integer("2+3*4", 14);
	is_integer("(2+3)*4", 20);
	is_integer("2**3**2", 512);
	is_integer("-2**2", -4);
	is_real("2**-1", 0.5);
	is_integer("- -3", 3);
	is_integer("+-+3", -3);
	is_integer("10-4-3", 3);
	is_integer("2*3%4", 2);
	is_integer(" \t1\n+\r1 ", 2);
	is_integer("7//2*2", 6);
	is_real("8/2/2", 2);
}

static void
test_calculate_integers_exact(void **state)
{
	(void)state;
	is_integer("9223372036854775807", INT64_MAX);
	is_integer("-9223372036854775807-1", INT64_MIN);
	is_integer("3037000499**2", INT64_C(9223372030926249001));
	is_integer("2**62", INT64_C(1) << 62);
	is_integer("(-2)**63", INT64_MIN);
	is_integer("0x7fffffffffffffff", INT64_MAX);
	is_integer("1_000_000", 1000000);
	is_integer("0**0", 1);
	is_integer("(-1)**9223372036854775807", -1);
	is_integer("factorial(20)", INT64_C(2432902008176640000));
}

static void
test_calculate_overflow_becomes_real(void **state)
{
	(void)state;
	is_real("9223372036854775807+1", 0x1p63);
	is_real("2**63", 0x1p63);
	is_real("2**1023", 0x1p1023);
	is_real("-(-9223372036854775807-1)", 0x1p63);
	is_real("abs(-9223372036854775807-1)", 0x1p63);
	is_real("(-9223372036854775807-1)//-1", 0x1p63);
	is_integer("(-9223372036854775807-1)%-1", 0);
	is_real("gcd(-9223372036854775807-1,0)", 0x1p63);
	is_real("factorial(21)", 51090942171709440000.0);
	is_real("9223372036854775808", 0x1p63);
}

static void
test_calculate_division_as_python(void **state)
{
	(void)state;
	is_real("6/3", 2);
	is_integer("-7//2", -4);
	is_integer("7//-2", -4);
	is_integer("-7%2", 1);
	is_integer("7%-2", -1);
	is_integer("-7%-2", -1);
	is_real("-7.5%2", 0.5);
	is_real("7.5//-2", -4);
	is_wrong("1/0", "position 2: division by zero");
	is_wrong("1//0", "division by zero");
	is_wrong("1%0.0", "division by zero");
	is_wrong("0**-1", "division by zero");
	is_wrong("mod(1,0)", "division by zero");
}

static void
test_calculate_reals(void **state)
{
	(void)state;
	is_real(".5+1.", 1.5);
	is_real("1e3", 1000);
	is_real("1E+3", 1000);
	is_real("1e-3*1000", 1);
	is_real("pi", M_PI);
	is_real("tau/2-pi+e", M_E);
	is_wrong("1e999", "too large");
	is_wrong("1e308*10", "too large");
	is_wrong("1.2.3", "not a number");
	is_wrong("1e", "not a number");
	is_wrong("12abc", "not a number");
	is_wrong(".", "not a number");
	is_wrong("1__0", "misplaced '_'");
	is_wrong("1_", "misplaced '_'");
	is_wrong("0x", "hexadecimal");
	is_wrong("0x8000000000000000", "64 bits");
}

static void
test_calculate_functions(void **state)
{
	(void)state;
	is_real("sqrt(2)**2", 2);
	is_real("cbrt(27)", 3);
	is_real("log(e)", 1);
	is_real("log(8,2)", 3);
	is_real("log2(8)+log10(100)", 5);
	is_real("exp(0)", 1);
	is_real("sin(pi/2)+cos(0)", 2);
	is_real("atan2(1,1)*4", M_PI);
	is_real("degrees(pi)", 180);
	is_real("radians(180)", M_PI);
	is_real("hypot(3,4,12)", 13);
	is_real("sinh(0)+cosh(0)+tanh(0)+tan(0)+asin(0)+atan(0)", 1);
	is_integer("floor(-1.5)", -2);
	is_integer("ceil(-1.5)", -1);
	is_integer("round(2.5)", 2);
	is_integer("round(3.5)", 4);
	is_real("round(2.675,2)", 2.67);
	is_integer("round(12355,-1)", 12360);
	is_integer("abs(-3)", 3);
	is_integer("min(3,1,2)+max(1,7,3)", 8);
	is_integer("gcd(12,18)", 6);
	is_integer("lcm(4,6)", 12);
	is_integer("pow(2,10)", 1024);
	is_integer("mod(-1,5)", 4);
	is_wrong("sqrt(-1)", "sqrt: the result is not defined");
	is_wrong("log(0)", "above 0");
	is_wrong("log(2,1)", "base");
	is_wrong("acos(2)", "not defined");
	is_wrong("(-8)**0.5", "not defined");
	is_wrong("gcd(1.5,2)", "needs integers");
	is_wrong("factorial(-1)", "not negative");
	is_wrong("factorial(2.5)", "integer");
	is_wrong("sqrt()", "too few");
	is_wrong("sqrt(1,2)", "too many");
	is_wrong("lcm(9223372036854775807,9223372036854775806)", "too large");
}

static void
test_calculate_comparison(void **state)
{
	(void)state;
	is_truth("1<2", true);
	is_truth("1<2<3", true);
	is_truth("1<3<2", false);
	is_truth("2>=2", true);
	is_truth("1+1==2.0", true);
	is_truth("1!=1", false);
	is_truth("9007199254740993 > 9007199254740992.0", true);
	is_truth("9223372036854775807 < 2.0**63", true);
	is_wrong("(1<2)+1", "comparison is not a number");
	is_wrong("-(1<2)", "comparison is not a number");
	is_wrong("sqrt(1<2)", "comparison is not a number");
	is_wrong("(1<2)<3", "comparison is not a number");
}

static void
test_calculate_names_the_position(void **state)
{
	(void)state;
	is_wrong("", "position 1: the expression is empty");
	is_wrong("   ", "empty");
	is_wrong("1+", "position 3: the expression ends here");
	is_wrong("(1", "position 3: missing ')'");
	is_wrong("1)", "position 2: unexpected ')'");
	is_wrong("2^3", "powers are written **");
	is_wrong("1 2", "position 3");
	is_wrong("\xc3\xa4+1", "position 1: unexpected character");
	is_wrong("1+\xc3\xa4*1", "position 3");
	is_wrong("pi+\xe2\x82\xac", "position 4");
	is_wrong("1,2", "position 2: unexpected ','");
	is_wrong("sqrt 2", "expected '(' after 'sqrt'");
	is_wrong("max(1,", "ends here");
	is_wrong("max(1 2)", "expected ',' or ')'");
	is_wrong("1=1", "unexpected '='");
}

static void
test_calculate_knows_no_other_name(void **state)
{
	(void)state;
	is_wrong("__import__('os')", "position 1: unknown name '__import__'");
	is_wrong("eval(1)", "unknown name 'eval'");
	is_wrong("system", "unknown name");
	is_wrong("nan", "unknown name");
	is_wrong("inf", "unknown name");
	is_wrong("True", "unknown name");
	is_wrong("pi.real", "unexpected '.'");
	is_wrong("'a'", "unexpected '''");
	is_wrong("[1]", "unexpected '['");
	is_wrong("x:=1", "unknown name");
	is_wrong("lambda", "unknown name");
}

static void
test_calculate_work_is_bounded(void **state)
{
	uint64_t begin = now_mono_ms();

	(void)state;
	is_wrong("9**9**9", "too large");
	is_wrong("9**9**9**9**9", "too large");
	is_wrong("factorial(1000000000)", "too large");
	is_wrong("factorial(171)", "too large");
	is_wrong("factorial(9223372036854775807)", "too large");
	is_integer("gcd(7540113804746346429,4660046610375530309)", 1);
	is_integer("1**9223372036854775807", 1);
	is_wrong("round(1.5, 99999999999)", "places");
	assert_true(now_mono_ms() - begin < 1000);
}

/* n times the text, then the middle, then n times the other text. */
static char *
around(size_t n, const char *before, const char *middle, const char *behind)
{
	char *text = xcalloc(1, n * (strlen(before) + strlen(behind)) +
	    strlen(middle) + 1), *at = text;

	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, before);
	at = stpcpy(at, middle);
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, behind);
	return text;
}

static void
deep(size_t n, const char *before, const char *middle, const char *behind,
    const char *expected)
{
	char *text = around(n, before, middle, behind);

	if (expected != NULL)
		is_wrong(text, expected);
	else
		value_of(text);
	free(text);
}

static void
test_calculate_depth_is_bounded(void **state)
{
	(void)state;
	deep(99, "(", "1", ")", NULL);
	deep(101, "(", "1", ")", "nested more than 100 deep");
	deep(2000, "(", "1", ")", "nested more than 100 deep");
	deep(4000, "(", "", "", "nested more than 100 deep");
	deep(4000, "-", "1", "", "nested more than 100 deep");
	deep(500, "sqrt(", "1", ")", "nested more than 100 deep");
	deep(1000, "1**", "1", "", "nested more than 100 deep");
	deep(90, "abs(", "1", ")", NULL);
	deep(2000, "1+", "1", "", NULL);
	deep(2047, "1*", "1", "", NULL);
}

static void
test_calculate_length_is_bounded(void **state)
{
	(void)state;
	deep(4096, "1", "", "", "too many digits");
	deep(100000, "1+", "1", "", "longer than 4096 bytes");
	deep(40, "1,", "1", ")", "unexpected ','");
	deep(1, "max(", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
	    "1,1,1,1,1,1,1,1", ")", "more than 32 arguments");
}

/* The bytes behind the end are not ours to read, and may not matter. */
static void
test_calculate_stops_at_the_end(void **state)
{
	const char text[] = { '1', '+', '2', '3', '*', '(' };
	struct number n;

	(void)state;
	assert_int_equal(calculate(text, 3, &n, why, sizeof(why)), 0);
	assert_int_equal(n.integer, 3);
	assert_int_equal(calculate("1\0+1", 4, &n, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "position 2"));
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(test_calculate_precedence),
		cmocka_unit_test(test_calculate_integers_exact),
		cmocka_unit_test(test_calculate_overflow_becomes_real),
		cmocka_unit_test(test_calculate_division_as_python),
		cmocka_unit_test(test_calculate_reals),
		cmocka_unit_test(test_calculate_functions),
		cmocka_unit_test(test_calculate_comparison),
		cmocka_unit_test(test_calculate_names_the_position),
		cmocka_unit_test(test_calculate_knows_no_other_name),
		cmocka_unit_test(test_calculate_work_is_bounded),
		cmocka_unit_test(test_calculate_depth_is_bounded),
		cmocka_unit_test(test_calculate_length_is_bounded),
		cmocka_unit_test(test_calculate_stops_at_the_end),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
