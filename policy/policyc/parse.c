/*
 * parse.c: reads a page line by line.
 * Runs in: the build.
 * Input: policy/NAME.policy; every line but `process` must end in "# reason",
 * every word must be known, nothing may be said twice.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/landlock.h"
#include "policy/policyc/policyc.h"

#define KEYWORD_WIDTH	10	/* columns, in the lines that are shown */

static const char *const identities[] = {
	"root",			/* what started the supervisor */
	"judge", "dialer", "config-reader",	/* a uid of its own each */
	"tenant-range",		/* a uid of the tenant's, never shared */
	"sandbox",		/* the sandbox's own uid, from that range */
};

static char *
trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

/* Cut the first word off; the rest starts at its next word. */
static char *
word(char **rest)
{
	char *from = *rest, *p = from;

	while (*p != '\0' && !isspace((unsigned char)*p))
		p++;
	if (*p != '\0')
		*p++ = '\0';
	while (isspace((unsigned char)*p))
		p++;
	*rest = p;
	return from;
}

static void
parse_process(struct source *s, char *rest, struct place at)
{
	char *name = word(&rest);

	if (s->process != NULL)
		fail(at, "a second 'process'");
	if (*name == '\0' || *rest != '\0')
		fail(at, "one name must follow 'process'");
	for (const char *p = name; *p != '\0'; p++)
		if (!islower((unsigned char)*p) && *p != '-')
			fail(at, "a process is named in a-z and '-'");
	s->process = copy(name, strlen(name));
}

static void
parse_run_as(struct source *s, char *rest, struct place at)
{
	if (s->run_as != NULL)
		fail(at, "a second 'run-as'");
	for (size_t i = 0; i < sizeof(identities) / sizeof(identities[0]); i++)
		if (strcmp(rest, identities[i]) == 0)
			s->run_as = copy(rest, strlen(rest));
	if (s->run_as == NULL)
		fail(at, "unknown identity '%s'", rest);
}

static uint64_t
parse_size(const char *text, struct place at)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *text == '-')
		fail(at, "'%s' is no number", text);
	if (*end == '\0')
		return value;
	unit = strchr(units, *end);
	if (unit == NULL || end[1] != '\0' || value >> 33 != 0)
		fail(at, "'%s' is no size; units are K, M, G", text);
	return value << (10 * (unit - units + 1));
}

static void
parse_limit(struct source *s, char *rest, struct place at, bool overlay)
{
	struct limit l = { .at = at, .overlay = overlay };
	char *name = word(&rest);

	if (!name_limit(name, &l.resource))
		fail(at, "unknown limit '%s'", name);
	if (strcmp(rest, "none") == 0 && overlay)
		l.none = true;
	else
		l.value = parse_size(rest, at);
	for (size_t i = 0; i < s->nlimits; i++) {
		struct limit *have = &s->limit[i];

		if (have->resource != l.resource)
			continue;
		if (!overlay || have->overlay)
			fail(at, "limit '%s' is already set at line %u", name,
			    have->at.line);
		*have = l;
		return;
	}
	s->limit = more(s->limit, s->nlimits, sizeof(*s->limit));
	s->limit[s->nlimits++] = l;
}

static void
parse_file(struct source *s, char *rest, struct place at)
{
	struct file f = { .at = at };
	char *path = word(&rest);

	if (strcmp(path, "none") == 0 || strcmp(path, "unrestricted") == 0) {
		if (*rest != '\0' || s->file_none || s->file_any)
			fail(at, "'file %s' stands alone and once", path);
		s->file_none = path[0] == 'n';
		s->file_any = !s->file_none;
		s->file_at = at;
		return;
	}
	if (*path != '/' && strcmp(path, ".") != 0)
		fail(at, "'%s' is neither an absolute path nor '.'", path);
	for (size_t i = 0; i < s->nfiles; i++)
		if (strcmp(s->file[i].path, path) == 0)
			fail(at, "file '%s' is already at line %u", path,
			    s->file[i].at.line);
	f.path = copy(path, strlen(path));
	while (*rest != '\0') {
		char *name = word(&rest);
		uint64_t access;

		if (strcmp(name, "kept") == 0 && *rest == '\0')
			f.kept = true;
		else if (name_access(name, &access))
			f.access |= access;
		else
			fail(at, "unknown access '%s'", name);
	}
	if (f.access == 0)
		fail(at, "say what of '%s' is allowed", path);
	s->file = more(s->file, s->nfiles, sizeof(*s->file));
	s->file[s->nfiles++] = f;
}

static void
parse_net(struct source *s, char *rest, struct place at)
{
	if (s->has_net)
		fail(at, "a second 'net'");
	if (strcmp(rest, "connect") == 0)
		s->net = LANDLOCK_NET_CONNECT_TCP;
	else if (strcmp(rest, "any") == 0)
		s->net = LANDLOCK_NET_CONNECT_TCP | LANDLOCK_NET_BIND_TCP;
	else
		fail(at, "'net' is connect or any; absent is none");
	s->has_net = true;
}

static void
parse_default(struct source *s, char *rest, struct place at)
{
	unsigned number;

	if (s->has_default)
		fail(at, "a second 'default'");
	if (s->nrules != 0)
		fail(at, "'default' stands before the rules");
	s->has_default = true;
	if (strcmp(rest, "allow") == 0)
		s->action = SCMP_ACT_ALLOW;
	else if (strcmp(rest, "none") == 0)
		s->no_filter = true;
	else if (name_errno(rest, &number) && number != 0)
		s->action = SCMP_ACT_ERRNO(number);
	else
		fail(at, "'default' is allow, none or an errno; "
		    "absent is kill");
}

static void
parse_outer(struct source *s, char *rest, struct place at)
{
	size_t before = s->nexcept;
	char *name, *saved = NULL;

	if (strcmp(word(&rest), "except") != 0)
		fail(at, "only 'outer except NAME, NAME' is known");
	for (name = strtok_r(rest, ",", &saved); name != NULL;
	    name = strtok_r(NULL, ",", &saved)) {
		name = trim(name);
		s->except = more(s->except, s->nexcept, sizeof(*s->except));
		s->except[s->nexcept++] = (struct except){ at,
		    copy(name, strlen(name)) };
	}
	if (s->nexcept == before)
		fail(at, "say what is excepted");
}

static void
add_rule(struct source *s, char *name, uint32_t action, const char *condition,
    struct place at)
{
	struct rule r = { .at = at, .action = action };

	r.nr = seccomp_syscall_resolve_name(name);
	if (r.nr == __NR_SCMP_ERROR)
		fail(at, "unknown syscall '%s'", name);
	r.name = copy(name, strlen(name));
	r.text = copy(condition, strlen(condition));
	if (*condition != '\0')
		condition_read(&r.when, condition, at);
	s->rule = more(s->rule, s->nrules, sizeof(*s->rule));
	s->rule[s->nrules++] = r;
}

/* NAME[, NAME]...[: ERRNO][: CONDITION], the errno only after `deny`. */
static void
parse_rule(struct source *s, char *rest, struct place at, uint32_t action)
{
	char *condition, *error, *name, *saved = NULL;
	unsigned number = 0;

	condition = strchr(rest, ':');
	if (condition != NULL)
		*condition++ = '\0';
	if (action == SCMP_ACT_ERRNO(0)) {
		if (condition == NULL)
			fail(at, "'deny NAME: ERRNO' needs the errno");
		error = condition;
		condition = strchr(error, ':');
		if (condition != NULL)
			*condition++ = '\0';
		error = trim(error);
		if (!name_errno(error, &number))
			fail(at, "unknown errno '%s'", error);
		action = SCMP_ACT_ERRNO(number);
	}
	if (condition != NULL && *(condition = trim(condition)) == '\0')
		fail(at, "an empty condition");
	for (name = strtok_r(rest, ",", &saved); name != NULL;
	    name = strtok_r(NULL, ",", &saved))
		add_rule(s, trim(name), action,
		    condition != NULL ? condition : "", at);
}

static void
parse_words(struct source *s, char *text, struct place at, bool overlay)
{
	char *rest = text, *keyword = word(&rest);

	if (*rest == '\0')
		fail(at, "nothing follows '%s'", keyword);
	if (strcmp(keyword, "limit") == 0)
		parse_limit(s, rest, at, overlay);
	else if (strcmp(keyword, "file") == 0)
		parse_file(s, rest, at);
	else if (strcmp(keyword, "syscall") == 0)
		parse_rule(s, rest, at, SCMP_ACT_ALLOW);
	else if (strcmp(keyword, "deny") == 0)
		parse_rule(s, rest, at, SCMP_ACT_ERRNO(0));
	else if (overlay)
		fail(at, "'%s' cannot be in an overlay", keyword);
	else if (strcmp(keyword, "kill") == 0)
		parse_rule(s, rest, at, SCMP_ACT_KILL_PROCESS);
	else if (strcmp(keyword, "process") == 0)
		parse_process(s, rest, at);
	else if (strcmp(keyword, "run-as") == 0)
		parse_run_as(s, rest, at);
	else if (strcmp(keyword, "net") == 0)
		parse_net(s, rest, at);
	else if (strcmp(keyword, "default") == 0)
		parse_default(s, rest, at);
	else if (strcmp(keyword, "outer") == 0)
		parse_outer(s, rest, at);
	else
		fail(at, "unknown keyword '%s'", keyword);
}

static void
parse_overlay(struct source *s, char *rest, struct place at)
{
	size_t rules = s->nrules, files = s->nfiles;
	static struct source ignored;

	if (strcmp(word(&rest), "sanitizer") != 0)
		fail(at, "the only overlay is 'sanitizer'");
	if (s->overlay) {
		parse_words(s, rest, at, true);
		for (; rules < s->nrules; rules++)
			s->rule[rules].overlay = true;
		for (; files < s->nfiles; files++)
			s->file[files].overlay = true;
		return;
	}
	/* Read it all the same: a mistake shows in every build. */
	ignored = (struct source){ .path = s->path };
	parse_words(&ignored, rest, at, true);
}

/* For people: the keyword in a column of its own, one blank between words. */
static void
remember(struct source *s, const char *text, const char *reason)
{
	size_t keyword = strcspn(text, " \t"), len = 0;
	char *line = more(NULL, 0, strlen(text) + KEYWORD_WIDTH + 1);

	for (const char *p = text; *p != '\0'; p++) {
		if (!isspace((unsigned char)*p)) {
			line[len++] = *p;
			continue;
		}
		if (!isspace((unsigned char)p[1]))
			line[len++] = ' ';
		while (p < text + keyword + 1 && len < KEYWORD_WIDTH)
			line[len++] = ' ';
	}
	line[len] = '\0';
	s->line = more(s->line, s->nlines, sizeof(*s->line));
	s->line[s->nlines++] = (struct line){ line, copy(reason,
	    strlen(reason)) };
}

static void
parse_line(struct source *s, char *text, struct place at)
{
	char *reason = strchr(text, '#'), *rest;
	bool overlay;

	if (reason != NULL)
		*reason++ = '\0';
	text = trim(text);
	if (*text == '\0')
		return;
	reason = reason != NULL ? trim(reason) : text + strlen(text);
	overlay = strncmp(text, "overlay", 7) == 0 &&
	    isspace((unsigned char)text[7]);
	if (*reason == '\0' && strncmp(text, "process", 7) != 0)
		fail(at, "the line has no '# reason'");
	if (s->process == NULL && strncmp(text, "process", 7) != 0)
		fail(at, "a page begins with 'process NAME'");
	if (!overlay || s->overlay)
		remember(s, text, reason);
	if (overlay) {
		rest = text + 7;
		parse_overlay(s, trim(rest), at);
	} else
		parse_words(s, text, at, false);
}

void
page_read(struct source *s, const char *path, bool overlay)
{
	struct place at = { .file = path };
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *in;

	*s = (struct source){ .path = path, .overlay = overlay,
	    .action = SCMP_ACT_KILL_PROCESS };
	in = fopen(path, "re");
	if (in == NULL)
		fail(at, "cannot open: %s", strerror(errno));
	while ((len = getline(&text, &size, in)) != -1) {
		at.line++;
		if (strlen(text) != (size_t)len)
			fail(at, "a NUL byte");
		parse_line(s, text, at);
	}
	if (ferror(in))
		fail(at, "cannot read: %s", strerror(errno));
	free(text);
	fclose(in);
	if (s->process == NULL)
		fail(at, "no 'process' line");
}
