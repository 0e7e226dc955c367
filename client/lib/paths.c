/*
 * paths.c: where the state directory and the supervisor's program are.
 * Runs in: programs that use libsallyport.
 * Input: the environment and options of our own user: trusted, but checked.
 */
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "client/lib/internal.h"
#include "ipc/util.h"

/* The variable's value if it is an absolute path, else NULL (XDG says so). */
static const char *
absolute(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] == '/' ? value : NULL;
}

static const char *
home(void)
{
	const char *path = absolute("HOME");
	struct passwd *pw;

	if (path != NULL)
		return path;
	pw = getpwuid(geteuid());
	return pw != NULL ? pw->pw_dir : NULL;
}

/* A relative path is meant from here, but the supervisor lives in /. */
static int
from_here(const char *wanted, char *path, size_t size)
{
	char here[PATH_MAX];

	if (wanted[0] == '/')
		return snprintf(path, size, "%s", wanted);
	if (getcwd(here, sizeof(here)) == NULL)
		return -1;
	return snprintf(path, size, "%s/%s", here, wanted);
}

int
state_directory(const char *wanted, char *path, size_t size,
    struct sallyport_error *e)
{
	const char *base;
	int n;

	if (wanted == NULL)
		wanted = getenv("SALLYPORT_STATE_DIR");
	if (wanted != NULL && wanted[0] != '\0')
		n = from_here(wanted, path, size);
	else if ((base = absolute("XDG_STATE_HOME")) != NULL)
		n = snprintf(path, size, "%s/sallyport", base);
	else if ((base = home()) != NULL)
		n = snprintf(path, size, "%s/.local/state/sallyport", base);
	else
		n = -1;
	if (n > 0 && (size_t)n < size)
		return 0;
	error_set(e, EXIT_config, ERROR_ConfigError,
	    "find the state directory: %s",
	    n < 0 ? "neither HOME nor XDG_STATE_HOME is set" :
	    "the path is too long");
	error_hint_set(e, "give --state-dir DIR or set SALLYPORT_STATE_DIR");
	return -1;
}

int
state_directory_make(const char *path)
{
	char part[PATH_MAX];
	char *slash;

	if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (slash = strchr(part + 1, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0700) == -1 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return mkdir(part, 0700) == -1 && errno != EEXIST ? -1 : 0;
}

int
server_find(const char *wanted, char *path, size_t size)
{
	static const char *const places[] = {
		"/usr/local/bin/sallyportd", "/usr/bin/sallyportd",
		"/usr/local/sbin/sallyportd", "/usr/sbin/sallyportd"
	};
	char self[PATH_MAX];
	char *slash;
	ssize_t n;

	if (wanted != NULL) {
		snprintf(path, size, "%s", wanted);
		return access(path, X_OK);
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL)
			*slash = '\0';
		if ((size_t)snprintf(path, size, "%s/sallyportd", self) < size
		    && access(path, X_OK) == 0)
			return 0;
	}
	for (size_t i = 0; i < nitems(places); i++) {
		snprintf(path, size, "%s", places[i]);
		if (access(path, X_OK) == 0)
			return 0;
	}
	return -1;
}
