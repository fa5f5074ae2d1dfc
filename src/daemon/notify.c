#include "daemon/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/slice.h"
#include "base/time.h"

void
notify(const char *state)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;
	if (n < 2 || n >= sizeof(to.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(to.sun_path, path, n);
	if (*path == '@') /* abstract */
		to.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	/* When the manager is gone nothing can be done about it. */
	ssize_t sent =
		sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, length);
	(void)sent;
	close(fd);
}

/* Half of the time within which it wants to hear WATCHDOG=1; 0 = it does not. */
static int64_t
watchdog_us(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	uint64_t us;
	if (!text || !slice_to_u64(slice_of_str(text), &us) || us > INT64_MAX)
		return 0;
	return (int64_t)(us / 2);
}

int
notify_wait(const sigset_t *set)
{
	int64_t step_us = watchdog_us() ? watchdog_us() : TIME_HOUR_US;
	const struct timespec step = {
		.tv_sec = step_us / TIME_SECOND_US, .tv_nsec = step_us % TIME_SECOND_US * 1000};
	int number = sigtimedwait(set, NULL, &step);
	return number > 0 ? number : 0;
}

void
notify_alive(void)
{
	if (watchdog_us())
		notify("WATCHDOG=1");
}
