/*
 * fuzz_audit_line.c: lines of an export: whatever is read is written again
 * in the same spelling, and the check of it ends in a verdict.
 * Runs in: the fuzzer.  Input: hostile, the fuzzer's.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "client/cli/audit.h"
#include "ipc/util.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct audit a;
	struct audit_text in = { 0 }, out = { 0 };
	struct audit_record r;
	char *line = xcalloc(1, size + 1);

	if (a.open == NULL && sodium_init() >= 0)
		audit_init(&a);
	memcpy(line, data, size);
	if (audit_line_read(&in, &r, line, size) == 0) {
		if (audit_line_write(&out, &r) == -1 || out.len != size ||
		    memcmp(out.text, line, size) != 0)
			abort();
		(void)audit_next(&a, &r);
	}
	audit_text_clear(&in);
	audit_text_clear(&out);
	free(line);
	return 0;
}
