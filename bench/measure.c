/*
 * measure.c: paired rounds, medians, ratios round by round.
 * Runs in: the benchmark, as the user who runs it.
 * Input: none.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "ipc/util.h"

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

void
measure(const char *title, const struct sample *s, size_t count,
    const struct rounds *rounds)
{
	size_t times = rounds->count;
	autofree double *took = xcalloc(count * times, sizeof(*took));
	autofree double *ratio = xcalloc(times, sizeof(*ratio));
	double start;

	for (size_t round = 0; round <= times; round++) {
		for (size_t i = 0; i < count; i++) {
			usleep(rounds->rest);
			if (s[i].before != NULL)
				s[i].before(s[i].arg);
			start = now_ms();
			if (s[i].once(s[i].arg) == -1)
				fatalx("%s: %s failed", title, s[i].name);
			if (round > 0)
				took[i * times + round - 1] = now_ms() - start;
		}
	}
	printf("\n%s (%zu rounds)\n\n", title, times);
	printf("| what | min ms | median ms | max ms | ratio to the first |\n");
	printf("|---|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++) {
		double *t = took + i * times;

		for (size_t k = 0; k < times; k++)
			ratio[k] = t[k] / took[k];
		/* The first row is sorted last, ratios need its order. */
		if (i == 0)
			continue;
		printf("| %s | ", s[i].name);
		printf("%.3f | ", (qsort(t, times, sizeof(*t), compare), t[0]));
		printf("%.3f | %.3f | %.2f |\n", median(t, times),
		    t[times - 1], median(ratio, times));
	}
	qsort(took, times, sizeof(*took), compare);
	printf("| %s | %.3f | %.3f | %.3f | 1 |\n", s[0].name, took[0],
	    median(took, times), took[times - 1]);
	fflush(stdout);
}

int
spawn_wait(char *const argv[])
{
	posix_spawn_file_actions_t actions;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY,
	    0);
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (errno != 0 || waitpid(pid, &status, 0) == -1)
		return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* --- memory of a supervisor and everything below it --- */

static size_t
read_file(const char *path, char *buf, size_t size)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static long
field_kib(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at != NULL ? strtol(at + strlen(name), NULL, 10) : 0;
}

static long
parent_of(long pid)
{
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	read_file(path, text, sizeof(text));
	return field_kib(text, "\nPPid:");
}

static bool
is_supervisor(long pid, const char *state_dir)
{
	char path[64], text[8192];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	len = read_file(path, text, sizeof(text));
	return len > 0 && strstr(text, "sallyportd") != NULL &&
	    memmem(text, len, state_dir, strlen(state_dir)) != NULL;
}

/* Its share of pages, its page tables, and a kernel stack of 16 KiB. */
static double
process_bytes(long pid)
{
	char path[64], text[8192];
	double kib;

	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
	read_file(path, text, sizeof(text));
	kib = (double)field_kib(text, "\nPss:");
	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	read_file(path, text, sizeof(text));
	return (kib + (double)field_kib(text, "\nVmPTE:") + 16) * 1024;
}

double
family_bytes(const char *state_dir)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	double bytes = 0;
	long pid, up;

	if (proc == NULL)
		fatal("open /proc");
	while ((entry = readdir(proc)) != NULL) {
		pid = strtol(entry->d_name, NULL, 10);
		if (pid <= 0)
			continue;
		for (up = pid; up > 1; up = parent_of(up)) {
			if (is_supervisor(up, state_dir)) {
				bytes += process_bytes(pid);
				break;
			}
		}
	}
	closedir(proc);
	return bytes;
}
