/*
 * fuzz_toml.c: any bytes are read as TOML; what is accepted must be msgpack.
 * Runs in: the fuzzer.
 * Input: hostile.
 */
#include "ipc/util.h"
#include "supervisor/config-reader/toml.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must_be_map(const struct pack *p)
{
	struct unpack u;
	uint32_t count;
	const char *why;

	if (p->failed)
		return;
	if (msgpack_bounds(p->data, p->len, 64, 1u << 20, &why) == -1)
		abort();
	unpack_init(&u, p->data, p->len);
	if (unpack_map(&u, &count) == -1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct toml_problem problem = { .line = 0 };
	struct toml *doc = toml_parse(data, size, &problem);
	struct pack map, lines;

	if (doc == NULL) {
		if (problem.line == 0 || problem.reason[0] == '\0')
			abort();
		return 0;
	}
	pack_init(&map, 1u << 20);
	pack_init(&lines, 1u << 20);
	toml_pack(&map, doc);
	toml_pack_lines(&lines, doc);
	must_be_map(&map);
	must_be_map(&lines);
	pack_clear(&map);
	pack_clear(&lines);
	toml_free(doc);
	return 0;
}
