/*
 * socket.c: connecting to a control socket, and who listens there.
 * Runs in: programs that use libsallyport.
 * Input: paths of our own user; the peer may be anybody until it is checked.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "client/lib/internal.h"
#include "ipc/util.h"

/*
 * The kernel says who made the listening socket.  Root may read our key
 * anyway; anybody else could have put a socket of theirs in our way.
 */
static int
check_peer(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return -1;
	if (cred.uid == 0 || cred.uid == geteuid())
		return 0;
	errno = EPERM;
	return -1;
}

int
socket_connect(const char *dir, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int dirfd = -1;
	autoclose int fd = -1;

	/* The path may be longer than sun_path holds; a descriptor is not. */
	dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd == -1)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path),
	    "/proc/self/fd/%d/%s", dirfd, name);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&address,
	    sizeof(address)) == -1 || check_peer(fd) == -1)
		return -1;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		return -1;
	return steal_fd(&fd);
}
