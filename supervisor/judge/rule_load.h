/*
 * rule_load.h: [[agents.sandbox.tools.rules]] of a configuration file.
 * Runs in: judge; config.c and `policy check` need it.
 * Input: what the config-reader decoded of an operator's file.
 */
#ifndef SALLYPORT_RULE_LOAD_H
#define SALLYPORT_RULE_LOAD_H

#include "ipc/value.h"
#include "policy/rules.h"

#define RULES_KEY	"agents.sandbox.tools.rules"

/*
 * Build the rules of one file, run the tests that they carry, and mark those
 * that an earlier one covers.  NULL with why, "path:line: what", if a rule is
 * malformed, may not be there, or fails a test.
 */
struct rules	*rules_load(const struct value *list,
		    const struct value *lines, const char *path, char *why,
		    size_t size);

#endif
