// measure.c - runs a program, and writes to descriptor 3, as one JSON line, what it and all that it waited for cost:
//   {"wall":SECONDS,"user":SECONDS,"system":SECONDS,"rss":BYTES,"status":N}
// status is the exit status, or 128 and the number of the signal; rss is the peak of the largest process.
// It is a small program of its own because a process starts with the peak of the one that forked it: measured
// from node, every program would seem to need what node needs.
// SIGTERM ends the program too.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void end(int signal) {
	if (child > 0) kill(child, signal);
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double seconds(struct timeval t) {
	return t.tv_sec + t.tv_usec / 1e6;
}

int main(int count, char **words) {
	if (count < 2) {
		fputs("usage: measure PROGRAM [ARGUMENT...] 3>FILE\n", stderr);
		return 64;
	}
	fcntl(3, F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	double begun = now();
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(words[1], words + 1);
		perror(words[1]);
		_exit(127);
	}
	if (child < 0) {
		perror("measure");
		return 1;
	}
	signal(SIGTERM, end);
	signal(SIGINT, end);
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
	double wall = now() - begun;
	// what outlived its parent and is over by now counts too
	while (waitpid(-1, NULL, WNOHANG) > 0) continue;
	struct rusage used;
	getrusage(RUSAGE_CHILDREN, &used);
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	dprintf(3, "{\"wall\":%.6f,\"user\":%.6f,\"system\":%.6f,\"rss\":%ld,\"status\":%d}\n", wall, seconds(used.ru_utime),
		seconds(used.ru_stime), used.ru_maxrss * 1024, code);
	return 0;
}
