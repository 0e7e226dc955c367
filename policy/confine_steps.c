/*
 * confine_steps.c: single steps of confining, shared by the two sides of exec.
 * Runs in: children of the supervisor, workers, the launcher.
 * Input: pages, which are constants; paths on them are of root's own places.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <unistd.h>

#include "ipc/util.h"
#include "policy/confine_steps.h"
#include "policy/landlock.h"

/*
 * Hard limits are lowered only: raising needs CAP_SYS_RESOURCE, which even root
 * may lack.
 */
int
step_limits(const struct page *page)
{
	for (size_t i = 0; i < page->nlimits; i++) {
		const struct page_limit *l = &page->limits[i];
		struct rlimit rl;

		if (getrlimit((__rlimit_resource_t)l->resource, &rl) == -1)
			return -1;
		if (rl.rlim_max > l->value)
			rl.rlim_max = l->value;
		rl.rlim_cur = rl.rlim_max;
		if (setrlimit((__rlimit_resource_t)l->resource, &rl) == -1)
			return -1;
	}
	return 0;
}

int
step_no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int
step_filter(const struct sock_filter *filter, unsigned short len)
{
	struct sock_fprog prog = { .len = len, .filter = NULL };

	/* The kernel only reads it; its header forgot the const. */
	memcpy(&prog.filter, &filter, sizeof(filter));
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

static int
add_path(int rules, const struct page_file *file, int dir)
{
	autoclose int opened = -1;
	int fd = dir;

	if (strcmp(file->path, ".") != 0 || dir == -1) {
		opened = open(file->path, O_PATH | O_CLOEXEC);
		if (opened == -1)
			return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
		fd = opened;
	}
	return landlock_allow(rules, fd, file->access);
}

int
step_files(int rules, const struct page *page, int dir, bool kept_only)
{
	for (size_t i = 0; i < page->nfiles; i++)
		if ((page->files[i].kept || !kept_only) &&
		    add_path(rules, &page->files[i], dir) == -1)
			return -1;
	return 0;
}
