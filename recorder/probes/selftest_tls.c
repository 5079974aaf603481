// SPDX-License-Identifier: Apache-2.0
/*
 * What the self-test's second process does for TLS: maps a file that code may run from, and says hello over connections with
 * itself, once in each way in which bytes go into a socket and out of it, as the precise tier has a function for each. Only
 * what is safe between fork and exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "selftest_child.h"

#define FILE_BYTES 4096
#define WAYS	   5 /* read and write, and their kin */

/*
 * A ClientHello for nobody: record header, type, length, version, a random that begins with its number, no session, one cipher suite,
 * no compression, no extensions. Longer than it need be for none of it.
 */
static const unsigned char hello[] = {
	22,  3,	  1,	0,    45,     /* handshake, of 45 bytes */
	1,   0,	  0,	41,   3,   3, /* ClientHello, of 41 */
	'a', 'a', '-',	's',  'e', 'l', 'f', '-', 't', 'e', 's', 't', 0, 0, 0, 0, 0,
	0,   0,	  0,	0,    0,   0,	0,   0,	  0,   0,   0,	 0,   0, 0, 0, 0, /* session id */
	0,   2,	  0x13, 0x01,							  /* TLS_AES_128_GCM_SHA256 */
	1,   0,									  /* compression */
	0,   0,									  /* extensions */
};

static ssize_t send_by(int fd, unsigned way)
{
	struct iovec vector = { (void *)(uintptr_t)hello, sizeof(hello) };
	struct mmsghdr many = { .msg_hdr = { .msg_iov = &vector, .msg_iovlen = 1 } };

	switch (way) {
	case 0:
		return write(fd, hello, sizeof(hello));
	case 1:
		return writev(fd, &vector, 1);
	case 2:
		return send(fd, hello, sizeof(hello), MSG_NOSIGNAL);
	case 3:
		return sendmsg(fd, &many.msg_hdr, MSG_NOSIGNAL);
	default:
		return sendmmsg(fd, &many, 1, MSG_NOSIGNAL) == 1 ? (ssize_t)many.msg_len : -1;
	}
}

static ssize_t receive_by(int fd, unsigned way)
{
	unsigned char buffer[sizeof(hello)];
	struct iovec vector = { buffer, sizeof(buffer) };
	struct mmsghdr many = { .msg_hdr = { .msg_iov = &vector, .msg_iovlen = 1 } };

	switch (way) {
	case 0:
		return read(fd, buffer, sizeof(buffer));
	case 1:
		return readv(fd, &vector, 1);
	case 2:
		return recv(fd, buffer, sizeof(buffer), 0);
	case 3:
		return recvmsg(fd, &many.msg_hdr, 0);
	default:
		return recvmmsg(fd, &many, 1, 0, NULL) == 1 ? (ssize_t)many.msg_len : -1;
	}
}

/* Over one connection in one way; adds the hellos that must be recorded. Returns 0 or an errno. */
static int say_hello(int listener, const struct sockaddr_in *address, unsigned way,
		     struct aa_selftest_report *report)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server = -1, error = 0;

	if (client < 0)
		return errno;
	if (connect(client, (const struct sockaddr *)address, sizeof(*address)) == 0)
		server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		error = errno;
	else if (send_by(client, way) == (ssize_t)sizeof(hello))
		report->hellos += 1u + (receive_by(server, way) == (ssize_t)sizeof(hello));
	if (server >= 0)
		(void)close(server);
	(void)close(client);
	return error;
}

/* Where there is no loopback interface, or a filter refuses sockets, silence proves nothing. */
static int say_hellos(struct aa_selftest_report *report)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;

	if (listener < 0)
		return errno;
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, WAYS) != 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		error = errno;
	for (unsigned way = 0; way < WAYS && error == 0; way++)
		error = say_hello(listener, &address, way, report);
	(void)close(listener);
	return error;
}

static int map_code(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), error = 0;
	void *memory;

	if (fd < 0)
		return errno;
	memory = mmap(NULL, FILE_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (memory == MAP_FAILED)
		error = errno;
	else
		(void)munmap(memory, FILE_BYTES);
	(void)close(fd);
	return error;
}

void aa_selftest_tls(struct aa_selftest_report *report)
{
	report->error[AA_PROOF_TLS_SOCKET] = say_hellos(report);
	report->error[AA_PROOF_TLS_END] = report->error[AA_PROOF_TLS_SOCKET];
	report->error[AA_PROOF_TLS_MAPPING] = map_code();
}
