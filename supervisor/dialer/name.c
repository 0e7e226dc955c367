/*
 * name.c: which names may be looked up.
 * Runs in: dialer, and tests.  Pure.
 * Input: names that models and sandboxes chose.  Nothing may be a name here
 * and an address for somebody else: 127.1, 0x7f.1 and 2130706433 are neither.
 */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "supervisor/dialer/address.h"

#define NAME_MAX_LEN	253
#define LABEL_MAX_LEN	63

static const char digits[] = "0123456789";

/* A last label of digits, or 0x and hexadecimal digits, reads as a number. */
static bool
ends_in_number(const char *last)
{
	size_t len = strlen(last);

	if (strspn(last, digits) == len)
		return true;
	return strncasecmp(last, "0x", 2) == 0 &&
	    strspn(last + 2, "0123456789abcdefABCDEF") == len - 2;
}

static const char *
label_problem(const char *label, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

	if (len == 0)
		return "it has an empty part between its dots";
	if (len > LABEL_MAX_LEN)
		return "one of its parts has more than 63 characters";
	if (strspn(label, allowed) < len)
		return "it has characters other than letters, digits, - and "
		    "dots";
	if (label[0] == '-' || label[len - 1] == '-')
		return "one of its parts begins or ends with -";
	return NULL;
}

const char *
name_problem(const char *name)
{
	const char *label = name, *problem;
	size_t len = strlen(name);

	if (len == 0)
		return "it is empty";
	if (len > NAME_MAX_LEN)
		return "it has more than 253 characters";
	if (name[len - 1] == '.')
		return "it ends with a dot: write it without";
	for (;;) {
		len = strcspn(label, ".");
		if ((problem = label_problem(label, len)) != NULL)
			return problem;
		if (label[len] == '\0')
			break;
		label += len + 1;
	}
	if (ends_in_number(label))
		return "it looks like an address but is none: write four "
		    "numbers from 0 to 255";
	return NULL;
}

bool
name_is_local(const char *name)
{
	static const char local[] = "localhost";
	size_t len = strlen(name), want = sizeof(local) - 1;

	return len >= want && strcasecmp(name + len - want, local) == 0 &&
	    (len == want || name[len - want - 1] == '.');
}
