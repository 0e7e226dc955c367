/*
 * guest.c: plays the guest for tests of the launcher: a shell on the stream,
 * with nothing between it and what the launcher has left.
 * Runs in: PID 1 of a native sandbox.
 * Input: commands of the test, on descriptor 3.
 */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(void)
{
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", *envp[] = { path,
	    NULL };
	int status;
	pid_t pid;

	prctl(PR_SET_DUMPABLE, 0);
	for (int i = 0; i < 3; i++)
		dup2(3, i);
	close(3);
	if ((pid = fork()) == 0) {
		execle("/bin/sh", "sh", "-s", (char *)NULL, envp);
		_exit(127);
	}
	while (wait(&status) != pid)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}
