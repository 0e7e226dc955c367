/*
 * notify.c: telling those who started us that we serve.
 * Runs in: supervisor.
 * Input: NOTIFY_SOCKET and --ready-fd, of whoever started us.
 * Source: sd_notify(3), which needs no library.
 */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "ipc/util.h"
#include "supervisor/supervisor.h"

static void
systemd_tell(const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	autoclose int fd = -1;
	size_t len;

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len < 2 || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	len += offsetof(struct sockaddr_un, sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (struct sockaddr *)&address, (socklen_t)len) == -1)
		log_line(LOG_WARNING, "tell systemd: %s failed", text);
}

void
notify_ready(struct supervisor *s)
{
	systemd_tell("READY=1");
	if (s->options.ready_fd != -1 &&
	    write(s->options.ready_fd, "1", 1) == -1)
		log_line(LOG_DEBUG, "whoever waited for us is gone");
	close_fd(&s->options.ready_fd);
}

void
notify_stopping(void)
{
	systemd_tell("STOPPING=1");
}
