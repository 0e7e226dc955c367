/*
 * test_dialer_process.c: the real dialer, confined, with a test that is its
 * judge, a server on loopback, and a name server that says what it is told.
 * Runs in: unit tests; those with the name server put a resolv.conf of their
 * own into a mount namespace.
 * Input: none.
 */
#include "tests/unit/as_judge.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/unit/own_mounts.h"

static struct {
	bool		flag;		/* an answer came */
	unsigned	answers;
	bool		dialed;
	uint64_t	dial;
	int		socket;
	char		text[257];	/* address or reason */
} seen = { .socket = -1 };

static int
driver_seen(struct channel *c, enum message type, void *m)
{
	struct dialed *dialed = m;
	struct dial_failed *failed = m;

	(void)c;
	if (type != MSG_dialed && type != MSG_dial_failed)
		return 0;
	seen.flag = true;
	seen.answers++;
	seen.dialed = type == MSG_dialed;
	if (seen.socket != -1)
		close(seen.socket);
	seen.socket = -1;
	if (seen.dialed) {
		seen.dial = dialed->dial;
		seen.socket = steal_fd(&dialed->socket);
		snprintf(seen.text, sizeof(seen.text), "%s", dialed->address);
	} else {
		seen.dial = failed->dial;
		snprintf(seen.text, sizeof(seen.text), "%s", failed->reason);
	}
	return 0;
}

static uint64_t dials;

static void
ask(struct worker *w, const char *host, unsigned port, bool private_allowed,
    uint32_t timeout)
{
	struct dial_request m = {
		.dial = ++dials,
		.port = port,
		.private_allowed = private_allowed,
		.timeout = timeout
	};

	snprintf(m.host, sizeof(m.host), "%s", host);
	assert_int_equal(send_dial_request(&w->c, &m), 0);
}

static void
dial(struct worker *w, const char *host, unsigned port, bool private_allowed,
    uint32_t timeout)
{
	seen.flag = false;
	ask(w, host, port, private_allowed, timeout);
	assert_true(worker_until(w, &seen.flag, 10000));
	assert_int_equal(seen.dial, dials);
}

static void
fails_with(struct worker *w, const char *host, unsigned port, bool allowed,
    const char *word)
{
	dial(w, host, port, allowed, 3000);
	if (seen.dialed || strstr(seen.text, word) == NULL)
		fail_msg("%s: '%s' has no '%s'", host, seen.text, word);
}

/* A socket on 127.0.0.1; its port. */
static int
bind_loopback(int type, unsigned *port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	*port = ntohs(sa.sin_port);
	return fd;
}

static void
start(struct worker *w)
{
	worker_start(w, DIALER, "dialer", &page_dialer, "/");
}

static void
test_dialer_hands_over_a_connected_socket(void **state)
{
	struct worker w;
	unsigned port;
	char text[6] = "";
	int server = bind_loopback(SOCK_STREAM, &port), peer;

	(void)state;
	assert_int_equal(listen(server, 5), 0);
	start(&w);
	dial(&w, "127.0.0.1", port, true, 3000);
	assert_true(seen.dialed);
	assert_string_equal(seen.text, "127.0.0.1");
	peer = accept(server, NULL, NULL);
	assert_int_equal(write(peer, "hello", 5), 5);
	fcntl(seen.socket, F_SETFL, 0);
	assert_int_equal(read(seen.socket, text, 5), 5);
	assert_string_equal(text, "hello");
	close(peer);
	dial(&w, "localhost", port, true, 3000);
	assert_true(seen.dialed);
	dial(&w, "x.LocalHost", port, true, 3000);
	assert_true(seen.dialed);
	assert_int_equal(worker_end(&w), 0);
	close(server);
}

static void
test_dialer_says_why_it_failed(void **state)
{
	struct worker w;
	unsigned port;
	int server = bind_loopback(SOCK_STREAM, &port);
	char wanted[64];

	(void)state;
	start(&w);
	snprintf(wanted, sizeof(wanted),
	    "connection refused by 127.0.0.1 port %u", port);
	fails_with(&w, "127.0.0.1", port, true, wanted);
	fails_with(&w, "127.0.0.1", 0, true, "not a port");
	fails_with(&w, "127.0.0.1", 65536, true, "not a port");
	assert_int_equal(worker_end(&w), 0);
	close(server);
}

static void
test_dialer_refuses_what_the_operator_did_not_name(void **state)
{
	struct worker w;
	unsigned port;
	int server = bind_loopback(SOCK_STREAM, &port);

	(void)state;
	assert_int_equal(listen(server, 5), 0);
	start(&w);
	fails_with(&w, "127.0.0.1", port, false, "is loopback and the");
	fails_with(&w, "localhost", port, false, "is loopback and the");
	fails_with(&w, "::ffff:127.0.0.1", port, false, "loopback");
	fails_with(&w, "10.1.2.3", port, false, "private");
	fails_with(&w, "169.254.169.254", 80, false, "metadata");
	fails_with(&w, "fe80::1", 80, false, "link-local");
	fails_with(&w, "0.0.0.0", port, true, "is unspecified");
	fails_with(&w, "224.0.0.1", 80, true, "multicast");
	fails_with(&w, "127.1", port, true, "looks like an address");
	fails_with(&w, "0x7f000001", port, true, "looks like an address");
	fails_with(&w, "localhost.", port, true, "dot");
	fails_with(&w, "a b", port, true, "not a host name");
	assert_int_equal(fcntl(server, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(accept(server, NULL, NULL), -1);
	assert_int_equal(worker_end(&w), 0);
	close(server);
}

static void
test_dialer_bounds_dials_on_their_way(void **state)
{
	struct worker w;
	unsigned port;
	int server = bind_loopback(SOCK_STREAM, &port);

	(void)state;
	assert_int_equal(listen(server, 1000), 0);
	start(&w);
	seen.answers = 0;
	for (int i = 0; i < 400; i++)
		ask(&w, "127.0.0.1", port, true, 5000);
	while (seen.answers < 400) {
		seen.flag = false;
		assert_true(worker_until(&w, &seen.flag, 10000));
		assert_true(seen.dialed ||
		    strstr(seen.text, "too many") != NULL);
	}
	dial(&w, "127.0.0.1", port, true, 5000);
	assert_true(seen.dialed);
	assert_int_equal(worker_end(&w), 0);
	close(server);
}

/* --- with a name server --- */

static const struct {
	const char	*name;
	uint16_t	 type;		/* 1: A, 28: AAAA, 5: CNAME */
	const char	*data;
} zone[] = {
	{ "good.test", 1, "127.0.0.1" },
	{ "meta.test", 1, "169.254.169.254" },
	{ "six.test", 28, "::ffff:127.0.0.1" },
	{ "alias.test", 5, "\4good\4test" },
	{ "alias.test", 1, "127.0.0.1" },
	{ "mixed.test", 1, "10.255.255.1" },
	{ "mixed.test", 1, "127.0.0.1" },
	{ "two.test", 1, "127.0.0.2" },
	{ "two.test", 1, "127.0.0.1" },
};

static bool
question_name(const uint8_t *packet, size_t len, char *name, size_t size,
    size_t *end)
{
	size_t at = 12, n = 0, label;

	while (at < len && (label = packet[at]) != 0) {
		if (at + 1 + label >= len || n + label + 2 > size)
			return false;
		if (n > 0)
			name[n++] = '.';
		for (size_t i = 0; i < label; i++)
			name[n++] = (char)(packet[at + 1 + i] | 0x20);
		at += 1 + label;
	}
	name[n] = '\0';
	*end = at + 5;
	return *end <= len;
}

static size_t
add_answer(uint8_t *out, uint16_t type, const char *data)
{
	uint8_t rdata[64];
	size_t len = type == 1 ? 4 : type == 28 ? 16 : strlen(data) + 1;
	const uint8_t head[] = { 0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 9,
	    0, (uint8_t)len };

	if (type == 5)
		memcpy(rdata, data, len);
	else
		inet_pton(type == 1 ? AF_INET : AF_INET6, data, rdata);
	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), rdata, len);
	return sizeof(head) + len;
}

/* Answer one question from the zone; names that are not there: NXDOMAIN. */
static size_t
answer(uint8_t *p, size_t len)
{
	char name[256];
	size_t end;
	bool known = false;
	uint16_t type;

	if (len < 17 || !question_name(p, len, name, sizeof(name), &end) ||
	    strstr(name, "silent") != NULL)
		return 0;
	type = (uint16_t)(p[end - 4] << 8 | p[end - 3]);
	p[2] = 0x81;
	p[3] = 0x80;
	memset(p + 6, 0, 6);
	len = end;
	for (size_t i = 0; i < nitems(zone); i++) {
		if (strcmp(zone[i].name, name) != 0)
			continue;
		known = true;
		if (zone[i].type == type || (zone[i].type == 5 && type == 1)) {
			len += add_answer(p + len, zone[i].type, zone[i].data);
			p[7]++;
		}
	}
	if (!known)
		p[3] |= 3;
	return len;
}

static pid_t
name_server(unsigned *port)
{
	int fd = bind_loopback(SOCK_DGRAM, port);
	struct sockaddr_storage from;
	socklen_t size;
	uint8_t packet[1024];
	ssize_t n;
	pid_t pid = fork();

	if (pid != 0) {
		close(fd);
		return pid;
	}
	for (;;) {
		size = sizeof(from);
		n = recvfrom(fd, packet, 512, 0, (struct sockaddr *)&from,
		    &size);
		n = n > 0 ? (ssize_t)answer(packet, (size_t)n) : 0;
		if (n > 0)
			sendto(fd, packet, (size_t)n, 0,
			    (struct sockaddr *)&from, size);
	}
}

static char conf_path[64], hosts_path[64];

static bool
mounts_work(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(own_mounts() ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool
put_file(const char *from, const char *to)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd != -1 && close(fd) == 0 &&
	    mount(from, to, NULL, MS_BIND, NULL) == 0;
}

/*
 * In the worker's child: an /etc with resolv.conf and hosts of its own.  Not
 * every machine has those files, or has them as files.
 */
static void
own_resolv_conf(void)
{
	if (!own_mounts() ||
	    mount("none", "/etc", "tmpfs", 0, "mode=755") == -1 ||
	    !put_file(conf_path, "/etc/resolv.conf") ||
	    !put_file(hosts_path, "/etc/hosts"))
		_exit(114);
}

/* A file with that text; its path. */
static void
make_file(char *path, size_t size, const char *text)
{
	FILE *f;
	int fd;

	snprintf(path, size, "/tmp/dialer-test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	fputs(text, f);
	fclose(f);
}

static pid_t
start_with_names(struct worker *w)
{
	unsigned port;
	char text[128];
	pid_t server = name_server(&port);

	snprintf(text, sizeof(text),
	    "nameserver 127.0.0.1:%u\nsearch example.org\n", port);
	make_file(conf_path, sizeof(conf_path), text);
	make_file(hosts_path, sizeof(hosts_path), "127.0.0.1 here.test\n");
	worker_prepare = own_resolv_conf;
	start(w);
	worker_prepare = NULL;
	unlink(conf_path);
	unlink(hosts_path);
	return server;
}

static void
test_dialer_judges_what_a_name_server_answers(void **state)
{
	struct worker w;
	unsigned port;
	int server, status;
	pid_t names;

	(void)state;
	if (!mounts_work())
		skip();
	server = bind_loopback(SOCK_STREAM, &port);
	assert_int_equal(listen(server, 50), 0);
	names = start_with_names(&w);
	dial(&w, "good.test", port, true, 3000);
	assert_true(seen.dialed);
	dial(&w, "GOOD.test", port, true, 3000);
	assert_true(seen.dialed);
	dial(&w, "alias.test", port, true, 3000);
	assert_true(seen.dialed);
	dial(&w, "six.test", port, true, 3000);
	assert_true(seen.dialed);
	dial(&w, "here.test", port, true, 3000);
	assert_true(seen.dialed);
	fails_with(&w, "here.test", port, false, "loopback");
	fails_with(&w, "good.test", port, false, "loopback");
	fails_with(&w, "alias.test", port, false, "loopback");
	fails_with(&w, "six.test", port, false, "loopback");
	fails_with(&w, "mixed.test", port, false, "the operator did not name");
	fails_with(&w, "meta.test", 80, false, "metadata");
	fails_with(&w, "none.test", 80, true, "no such host: none.test");
	assert_int_equal(worker_end(&w), 0);
	kill(names, SIGKILL);
	waitpid(names, &status, 0);
	close(server);
}

static void
test_dialer_tries_every_address_and_keeps_its_time(void **state)
{
	struct worker w;
	uint64_t began;
	unsigned port;
	int server, status;
	pid_t names;

	(void)state;
	if (!mounts_work())
		skip();
	server = bind_loopback(SOCK_STREAM, &port);
	assert_int_equal(listen(server, 50), 0);
	names = start_with_names(&w);
	dial(&w, "two.test", port, true, 3000);	/* 127.0.0.2 refuses */
	assert_true(seen.dialed);
	assert_string_equal(seen.text, "127.0.0.1");
	began = now_mono_ms();
	ask(&w, "silent.test", port, true, 700);
	dial(&w, "good.test", port, true, 3000);	/* is not delayed */
	assert_true(seen.dialed);
	assert_true(now_mono_ms() - began < 600);
	seen.flag = false;
	assert_true(worker_until(&w, &seen.flag, 5000));
	assert_non_null(strstr(seen.text, "no name server answered for"));
	assert_in_range(now_mono_ms() - began, 600, 1500);
	assert_int_equal(worker_end(&w), 0);
	kill(names, SIGKILL);
	waitpid(names, &status, 0);
	close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialer_hands_over_a_connected_socket),
		cmocka_unit_test(test_dialer_says_why_it_failed),
		cmocka_unit_test(
		    test_dialer_refuses_what_the_operator_did_not_name),
		cmocka_unit_test(test_dialer_bounds_dials_on_their_way),
		cmocka_unit_test(test_dialer_judges_what_a_name_server_answers),
		cmocka_unit_test(
		    test_dialer_tries_every_address_and_keeps_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
