// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sockets, by the functions that all forms of the calls come together in: socketcall(2) of 32-bit programs, too, but not
 * io_uring, which has functions of its own. (net/socket.c, 5.10 to 7.2.) read(2) and write(2) are in vfs_transfer.bpf.c, and the
 * mapping of executable files, which is no more than a look, is done here at once: its result is an address, too long for
 * the way that vfs.h describes.
 */
#include "mapping.h"
#include "request.h"
#include "vfs.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("fexit/__sys_connect")
int BPF_PROG(aa_connect_fexit, int fd, const void *address, int length, long result)
{
	return aa_vfs_ended(AA_SYSCALL_SOCKET, (int)result);
}

SEC("fexit/__sys_accept4")
int BPF_PROG(aa_accept_fexit, int fd, const void *address, const void *length, int flags, long result)
{
	return aa_vfs_ended(AA_SYSCALL_SOCKET, (int)result);
}

SEC("fexit/__sys_sendto")
int BPF_PROG(aa_sendto_fexit, int fd, const void *buffer, __u64 length, unsigned int flags,
	     const void *address, int address_length, long result)
{
	return aa_vfs_ended(AA_SYSCALL_SOCKET, (int)result);
}

SEC("fexit/__sys_recvfrom")
int BPF_PROG(aa_recvfrom_fexit, int fd, const void *buffer, __u64 length, unsigned int flags,
	     const void *address, const void *address_length, long result)
{
	return aa_vfs_ended(AA_SYSCALL_SOCKET, (int)result);
}

SEC("fexit/__sys_sendmsg")
int BPF_PROG(aa_sendmsg_fexit, int fd, const void *message, unsigned int flags, bool forbid, long result)
{
	return aa_vfs_ended(AA_SYSCALL_SOCKET, (int)result);
}

SEC("fexit/__sys_recvmsg")
int BPF_PROG(aa_recvmsg_fexit, int fd, const void *message, unsigned int flags, bool forbid, long result)
{
	return aa_vfs_ended(AA_SYSCALL_SOCKET, (int)result);
}

SEC("fexit/__sys_sendmmsg")
int BPF_PROG(aa_sendmmsg_fexit, int fd, const void *messages, unsigned int count, unsigned int flags,
	     bool forbid, long result)
{
	return aa_vfs_ended(AA_SYSCALL_SOCKET, (int)result);
}

/*
 * By the calls, not by __sys_recvmmsg(): Debian's compilers put that into the call of 64-bit programs (seen in 6.1, 6.12, 6.18
 * and 7), and then it is not called.
 */
SEC("fexit/" AA_SYSCALL_FUNCTION(recvmmsg))
int BPF_PROG(aa_recvmmsg_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_SOCKET, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_COMPAT(recvmmsg_time32))
int BPF_PROG(aa_recvmmsg32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_SOCKET, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_COMPAT(recvmmsg_time64))
int BPF_PROG(aa_recvmmsg64_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_SOCKET, (int)result);
}

#define AA_SOCKETCALL_RECVMMSG 19 /* include/uapi/linux/net.h; what else it stands for is seen above */

SEC("fexit/" AA_SYSCALL_FUNCTION_COMPAT(socketcall))
int BPF_PROG(aa_socketcall32_fexit, const void *unused, long result)
{
	struct aa_vfs_call now = aa_vfs_call_now(AA_SYSCALL_SOCKET);

	if (now.call == AA_CALL_SOCKETCALL &&
	    aa_syscall_argument(now.regs, 0, now.compat) == AA_SOCKETCALL_RECVMMSG)
		aa_vfs_call_ended((int)result);
	return 0;
}

AA_SUBPROGRAM int aa_mapping_seen(__u64 address, __u64 length, __u64 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_header base;
	struct file *file;

	if (!aa_begin_untimed(&base, task))
		return 0;
	file = aa_file_of(task, (__u32)fd);
	return file ? aa_request_mapped((__u64)file, address, length, base.start_ns,
					aa_pack_where(&base, 0, 0))
		    : 0;
}

/* All of mmap(2)'s forms, see aa_mmap_fexit. */
SEC("fexit/ksys_mmap_pgoff")
int BPF_PROG(aa_mapping_fexit, unsigned long address, unsigned long length, unsigned long protection,
	     unsigned long flags, unsigned long fd, unsigned long offset, long result)
{
	if (!(protection & AA_PROT_EXEC) || flags & AA_MAP_ANONYMOUS ||
	    (result < 0 && result >= -AA_ERRNO_MAX))
		return 0;
	aa_mapping_seen((__u64)result, length, fd);
	return 0;
}
