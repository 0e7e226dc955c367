/*
 * toml_dump.c: TOML on stdin, the tagged JSON of toml-test on stdout.
 * Runs in: tests/integration/toml_cases.sh.
 * Input: conformance cases; exit 1 with "line N: reason" on stderr if broken.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "ipc/util.h"
#include "supervisor/config-reader/toml.h"

static void
print_text(const char *text, size_t len)
{
	size_t i;

	putchar('"');
	for (i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			printf("\\%c", text[i]);
		else if ((uint8_t)text[i] < 0x20)
			printf("\\u%04x", (unsigned)text[i]);
		else
			putchar(text[i]);
	}
	putchar('"');
}

static void
print_node(const struct toml_node *n)
{
	const struct toml_node *child;

	switch (n->type) {
	case TOML_TEXT:
		printf("{\"type\":\"string\",\"value\":");
		print_text(n->text.data, n->text.len);
		putchar('}');
		return;
	case TOML_INTEGER:
		printf("{\"type\":\"integer\",\"value\":\"%" PRId64 "\"}",
		    n->integer);
		return;
	case TOML_REAL:
		printf("{\"type\":\"float\",\"value\":\"%.17g\"}", n->real);
		return;
	case TOML_BOOLEAN:
		printf("{\"type\":\"bool\",\"value\":\"%s\"}",
		    n->boolean ? "true" : "false");
		return;
	case TOML_TABLE:
	case TOML_ARRAY:
		break;
	}
	putchar(n->type == TOML_TABLE ? '{' : '[');
	for (child = n->first; child != NULL; child = child->next) {
		if (child->key != NULL) {
			print_text(child->key, child->key_len);
			putchar(':');
		}
		print_node(child);
		if (child->next != NULL)
			putchar(',');
	}
	putchar(n->type == TOML_TABLE ? '}' : ']');
}

int
main(void)
{
	static char text[TOML_BYTES + 2];
	struct toml_problem problem;
	struct toml *doc;
	size_t len = fread(text, 1, sizeof(text), stdin);

	if ((doc = toml_parse(text, len, &problem)) == NULL) {
		fprintf(stderr, "line %u: %s\n", problem.line,
		    problem.reason);
		return 1;
	}
	print_node(toml_root(doc));
	putchar('\n');
	toml_free(doc);
	return 0;
}
