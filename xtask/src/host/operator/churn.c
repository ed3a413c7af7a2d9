/* Starts an agent in this network namespace, then makes COUNT control groups one after the other. In each a process sends
 * BYTES bytes over a TCP connection and lives on until WINDOW others were made after it; then its group is removed. Prints
 * "ready" once the agent has written METRICS, "batch" after each WINDOW of groups, to wait there for a byte of standard
 * input, and "done" after the last group, on standard error. At the end of standard input the last groups are removed and the agent is ended.
 *
 *   churn FOLDER COUNT WINDOW BYTES METRICS AGENT [ARGUMENT]... */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int fine, const char *what)
{
	if (!fine) {
		fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int socket_of_request = socket(AF_INET, SOCK_DGRAM, 0);

	check(ioctl(socket_of_request, SIOCGIFFLAGS, &request) == 0, "reading the flags of lo");
	request.ifr_flags |= IFF_UP;
	check(ioctl(socket_of_request, SIOCSIFFLAGS, &request) == 0, "raising lo");
	close(socket_of_request);
}

static pid_t fork_into(int group)
{
	struct clone_args arguments = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = group };

	return syscall(SYS_clone3, &arguments, sizeof(arguments));
}

/* A process in a group of its own, and the connection over which it has sent. */
struct member {
	pid_t child;
	int connection;
};

static void end(const char *folder, long number, struct member *member)
{
	char path[4096];
	int status;

	close(member->connection);
	check(waitpid(member->child, &status, 0) == member->child && status == 0, "a process of a group");
	snprintf(path, sizeof(path), "%s/group-%ld", folder, number);
	while (rmdir(path) && errno == EBUSY)
		usleep(1000);
}

int main(int count_of_arguments, char **arguments)
{
	if (count_of_arguments < 7)
		return 2;
	const char *folder = arguments[1], *metrics = arguments[5];
	long count = atol(arguments[2]), window = atol(arguments[3]), bytes = atol(arguments[4]);
	char path[4096];

	raise_loopback();
	pid_t agent = fork();
	check(agent >= 0, "fork");
	if (agent == 0) {
		execv(arguments[6], arguments + 6);
		check(0, arguments[6]);
	}
	while (access(metrics, F_OK)) {
		check(waitpid(agent, NULL, WNOHANG) == 0, "the agent has ended");
		usleep(10000);
	}
	fputs("ready\n", stderr);

	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	check(bind(listener, (void *)&address, length) == 0 && listen(listener, 16) == 0, "listening");
	getsockname(listener, (void *)&address, &length);
	char *body = malloc(bytes);
	check(body != NULL, "malloc");

	struct member *members = calloc(window, sizeof(*members));
	check(members != NULL, "calloc");
	for (long number = 0; number < count; number++) {
		struct member *member = &members[number % window];

		if (number > 0 && number % window == 0) {
			fputs("batch\n", stderr);
				check(read(0, path, 1) == 1, "reading standard input");
		}
		if (number >= window)
			end(folder, number - window, member);
		snprintf(path, sizeof(path), "%s/group-%ld", folder, number);
		check(mkdir(path, 0755) == 0, path);
		int group = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		check(group >= 0, path);
		member->child = fork_into(group);
		check(member->child >= 0, "clone3 into a control group");
		if (member->child == 0) {
			/* The connections of the others end with their own processes. */
			syscall(SYS_close_range, 3, ~0U, 0);
			int own = socket(AF_INET, SOCK_STREAM, 0);
			/* No two groups send the same. */
			for (long at = 0; at < bytes; at++)
				body[at] = (char)((uint64_t)(number + 1) * 0x9e3779b97f4a7c15ull >> at % 57);
			_exit(connect(own, (void *)&address, length) || send(own, body, bytes, 0) != bytes || read(own, body, 1));
		}
		close(group);
		member->connection = accept(listener, NULL, NULL);
		check(member->connection >= 0, "accept");
		for (long left = bytes; left > 0;) {
			long got = read(member->connection, path, sizeof(path));
			check(got > 0, "read");
			left -= got;
		}
	}
	fputs("done\n", stderr);
	while (read(0, path, sizeof(path)) > 0)
		;
	for (long number = count > window ? count - window : 0; number < count; number++)
		end(folder, number, &members[number % window]);
	kill(agent, SIGINT);
	waitpid(agent, NULL, 0);
	return 0;
}
