/*
 * fuzz_calculator.c: any bytes are an expression or an error with a position;
 * a result is never infinite and never 'not a number'.
 * Runs in: the fuzzer.
 * Input: hostile.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exec-worker/stream/calculator.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct number n = { .type = NUMBER_REAL, .real = NAN };
	char why[256] = "";

	if (calculate((const char *)data, size, &n, why, sizeof(why)) == -1) {
		if (strncmp(why, "position ", 9) != 0)
			abort();
		return 0;
	}
	if (n.type == NUMBER_REAL && !isfinite(n.real))
		abort();
	return 0;
}
