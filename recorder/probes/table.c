// SPDX-License-Identifier: Apache-2.0
/*
 * The hook table. Every function below was looked up in the BTF of Debian's 5.10, 6.1, 6.12, 6.18 and 7.2
 * kernels, and of the arm64 ones of 5.10, 6.1 and 6.12; what a program reads there, and why its hook sees
 * every case, stands above it in bpf/.
 *
 * Why the order. LSM before fentry for the note, because LSM hooks are a documented interface and security_*
 * are internals; where bpf is not among the active LSMs the program attaches and stays silent, which the
 * self-test notices. No kprobe for failed execs: a kretprobe has a limited number of instances and loses
 * silently.
 */
#include "table.h"

#include <errno.h>
#include <string.h>

#include "order.h"

#if defined(__x86_64__)
#define SYSCALL_FUNCTION(name)	      "__x64_sys_" name
#define SYSCALL_FUNCTION_COMPAT(name) "__ia32_compat_sys_" name
#define SYSCALL_FUNCTION_32(name)     "__ia32_sys_" name
#define SYSCALL_FUNCTION_WIDE(name)   "__ia32_sys_ia32_" name
#elif defined(__aarch64__)
#define SYSCALL_FUNCTION(name)	      "__arm64_sys_" name
#define SYSCALL_FUNCTION_COMPAT(name) "__arm64_compat_sys_" name
#define SYSCALL_FUNCTION_32(name)     "__arm64_no_sys_" name /* 32-bit calls have those of 64 bits */
#define SYSCALL_FUNCTION_WIDE(name)   "__arm64_compat_sys_aarch32_" name
#else
#error "add the names of this architecture's system call functions"
#endif

#define FORK_SIGNATURE	 "task_struct*,8"
#define BINPRM_SIGNATURE "linux_binprm*"
#define EXIT_SIGNATURE	 "task_struct*,4"
#define RENAME_SIGNATURE "task_struct*,*,1"
#define CRED_SIGNATURE	 "cred*"
#define TASK_SIGNATURE	 "task_struct*"
#define CALL_SIGNATURE	 "pt_regs*"
/* Names were the program's own strings up to 5.14 in some: d62cb0aba67a and its kin (5.15) pass what was fetched. */
#define NAME_SIGNATURE "4,filename*"
/* user_data stands before the result: 5.10; 5.19; 6.3. Without types it is tried, and refused where it is attached. */
#define COMPLETE_SIGNATURE "*,8|*,*,8|io_ring_ctx*,*,8"

/* One program reads better in one line. */
/* clang-format off */
const struct aa_program_info aa_program_infos[] = {
	{ "aa_fork_fentry", AA_PROGRAM_FENTRY, "uprobe_copy_process", FORK_SIGNATURE },
	{ "aa_fork_kprobe", AA_PROGRAM_KPROBE, "uprobe_copy_process", FORK_SIGNATURE },
	{ "aa_fork_btf", AA_PROGRAM_TP_BTF, "task_newtask", "task_struct*,8" },
	{ "aa_fork_raw", AA_PROGRAM_RAW_TP, "task_newtask", "task_struct*,8" },
	{ "aa_note_lsm", AA_PROGRAM_LSM, "bprm_check_security", NULL },
	{ "aa_note_fentry", AA_PROGRAM_FENTRY, "security_bprm_check", NULL },
	{ "aa_note_kprobe", AA_PROGRAM_KPROBE, "security_bprm_check", NULL },
	{ "aa_exec_fentry", AA_PROGRAM_FENTRY, "finalize_exec", BINPRM_SIGNATURE },
	{ "aa_exec_kprobe", AA_PROGRAM_KPROBE, "finalize_exec", BINPRM_SIGNATURE },
	{ "aa_exec_btf", AA_PROGRAM_TP_BTF, "sched_process_exec", "task_struct*,4,linux_binprm*" },
	{ "aa_exec_raw", AA_PROGRAM_RAW_TP, "sched_process_exec", "task_struct*,4,linux_binprm*" },
	{ "aa_exit_fentry", AA_PROGRAM_FENTRY, "taskstats_exit", EXIT_SIGNATURE },
	{ "aa_exit_kprobe", AA_PROGRAM_KPROBE, "taskstats_exit", EXIT_SIGNATURE },
	{ "aa_exit_btf", AA_PROGRAM_TP_BTF, "sched_process_exit", "task_struct*" },
	{ "aa_exit_raw", AA_PROGRAM_RAW_TP, "sched_process_exit", "task_struct*" },
	{ "aa_rename_fentry", AA_PROGRAM_FENTRY, "__set_task_comm", RENAME_SIGNATURE },
	{ "aa_rename_kprobe", AA_PROGRAM_KPROBE, "__set_task_comm", RENAME_SIGNATURE },
	{ "aa_rename_btf", AA_PROGRAM_TP_BTF, "task_rename", "task_struct*,*" },
	{ "aa_rename_raw", AA_PROGRAM_RAW_TP, "task_rename", "task_struct*,*" },
	{ "aa_cred_fentry", AA_PROGRAM_FENTRY, "commit_creds", CRED_SIGNATURE },
	{ "aa_cred_kprobe", AA_PROGRAM_KPROBE, "commit_creds", CRED_SIGNATURE },
	{ "aa_setsid_fentry", AA_PROGRAM_FENTRY, "sched_autogroup_create_attach", TASK_SIGNATURE },
	{ "aa_setsid_kprobe", AA_PROGRAM_KPROBE, "sched_autogroup_create_attach", TASK_SIGNATURE },
	{ "aa_execve_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("execve"), CALL_SIGNATURE },
	{ "aa_execveat_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("execveat"), CALL_SIGNATURE },
	{ "aa_execve32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_COMPAT("execve"), CALL_SIGNATURE },
	{ "aa_execveat32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_COMPAT("execveat"), CALL_SIGNATURE },
	{ "aa_sysexit_btf", AA_PROGRAM_TP_BTF, "sys_exit", "pt_regs*,8" },
	{ "aa_sysexit_raw", AA_PROGRAM_RAW_TP, "sys_exit", "pt_regs*,8" },
	{ "aa_sysexit_tp", AA_PROGRAM_TRACEPOINT, "sys_exit", NULL },
	{ "aa_vfs_fentry", AA_PROGRAM_FENTRY, "bpf_get_numa_node_id", "8" },
	{ "aa_open_fexit", AA_PROGRAM_FEXIT, "do_sys_openat2", "4,*,open_how*" },
	{ "aa_open_handle_fexit", AA_PROGRAM_FEXIT, "do_handle_open", "4,file_handle*,4" },
	{ "aa_mmap_fexit", AA_PROGRAM_FEXIT, "ksys_mmap_pgoff", "8,8,8,8,8,8" },
	{ "aa_unlink_fexit", AA_PROGRAM_FEXIT, "do_unlinkat", NAME_SIGNATURE },
	{ "aa_unlink7_fexit", AA_PROGRAM_FEXIT, "filename_unlinkat", NAME_SIGNATURE },
	{ "aa_rmdir_fexit", AA_PROGRAM_FEXIT, "do_rmdir", NAME_SIGNATURE },
	{ "aa_rmdir7_fexit", AA_PROGRAM_FEXIT, "filename_rmdir", NAME_SIGNATURE },
	{ "aa_move_fexit", AA_PROGRAM_FEXIT, "do_renameat2", "4,filename*,4,filename*,4" },
	{ "aa_move7_fexit", AA_PROGRAM_FEXIT, "filename_renameat2", "4,filename*,4,filename*,4" },
	{ "aa_link_fexit", AA_PROGRAM_FEXIT, "do_linkat", "4,filename*,4,filename*,4|4,*,4,*,4" },
	{ "aa_link7_fexit", AA_PROGRAM_FEXIT, "filename_linkat", "4,filename*,4,filename*,4" },
	{ "aa_symlink_fexit", AA_PROGRAM_FEXIT, "do_symlinkat", "filename*,4,filename*|*,4,*" },
	{ "aa_symlink7_fexit", AA_PROGRAM_FEXIT, "filename_symlinkat", "filename*,4,filename*" },
	{ "aa_mkdir_fexit", AA_PROGRAM_FEXIT, "do_mkdirat", "4,filename*,2|4,*,2" },
	{ "aa_mkdir7_fexit", AA_PROGRAM_FEXIT, "filename_mkdirat", "4,filename*,2" },
	{ "aa_mknod_fexit", AA_PROGRAM_FEXIT, "do_mknodat", "4,filename*,2,4|4,*,2,4" },
	{ "aa_mknod7_fexit", AA_PROGRAM_FEXIT, "filename_mknodat", "4,filename*,2,4" },
	{ "aa_unlink_node", AA_PROGRAM_FENTRY, "security_inode_unlink", "inode*,dentry*" },
	{ "aa_rmdir_node", AA_PROGRAM_FENTRY, "security_inode_rmdir", "inode*,dentry*" },
	{ "aa_move_node", AA_PROGRAM_FENTRY, "security_inode_rename", "inode*,dentry*,inode*,dentry*,4" },
	{ "aa_link_node", AA_PROGRAM_FENTRY, "security_inode_link", "dentry*,inode*,dentry*" },
	{ "aa_symlink_node", AA_PROGRAM_FENTRY, "security_inode_symlink", "inode*,dentry*,*" },
	{ "aa_mkdir_node", AA_PROGRAM_FENTRY, "security_inode_mkdir", "inode*,dentry*,2" },
	{ "aa_mknod_node", AA_PROGRAM_FENTRY, "security_inode_mknod", "inode*,dentry*,2,4" },
	{ "aa_create_node", AA_PROGRAM_FENTRY, "security_inode_create", "inode*,dentry*,2" },
	{ "aa_mount_node", AA_PROGRAM_FENTRY, "mnt_want_write", "vfsmount*" },
	{ "aa_chown_fexit", AA_PROGRAM_FEXIT, "do_fchownat", "4,*,4,4,4" },
	{ "aa_utimes_fexit", AA_PROGRAM_FEXIT, "do_utimes", "4,*,timespec64*,4" },
	{ "aa_truncate_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("truncate"), CALL_SIGNATURE },
	{ "aa_truncate32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_COMPAT("truncate"), CALL_SIGNATURE },
	{ "aa_truncate64_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_WIDE("truncate64"), CALL_SIGNATURE },
	{ "aa_fchmod_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("fchmod"), CALL_SIGNATURE },
	{ "aa_fchown_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("fchown"), CALL_SIGNATURE },
	{ "aa_ftruncate_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("ftruncate"), CALL_SIGNATURE },
	{ "aa_fallocate_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("fallocate"), CALL_SIGNATURE },
	{ "aa_fsetxattr_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("fsetxattr"), CALL_SIGNATURE },
	{ "aa_fremovexattr_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("fremovexattr"), CALL_SIGNATURE },
	{ "aa_fchmod32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("fchmod"), CALL_SIGNATURE },
	{ "aa_fchown32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("fchown"), CALL_SIGNATURE },
	{ "aa_fchown16_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("fchown16"), CALL_SIGNATURE },
	{ "aa_ftruncate32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_COMPAT("ftruncate"), CALL_SIGNATURE },
	{ "aa_ftruncate64_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_WIDE("ftruncate64"), CALL_SIGNATURE },
	{ "aa_fallocate32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_WIDE("fallocate"), CALL_SIGNATURE },
	{ "aa_fsetxattr32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("fsetxattr"), CALL_SIGNATURE },
	{ "aa_fremovexattr32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("fremovexattr"), CALL_SIGNATURE },
	{ "aa_chmod_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("chmod"), CALL_SIGNATURE },
	{ "aa_fchmodat_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("fchmodat"), CALL_SIGNATURE },
	{ "aa_fchmodat2_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("fchmodat2"), CALL_SIGNATURE },
	{ "aa_chmod32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("chmod"), CALL_SIGNATURE },
	{ "aa_fchmodat32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("fchmodat"), CALL_SIGNATURE },
	{ "aa_fchmodat2_32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("fchmodat2"), CALL_SIGNATURE },
	{ "aa_setxattr_fexit", AA_PROGRAM_FEXIT, "path_setxattr", "*,*,*,8,4,4" },
	{ "aa_setxattrat_fexit", AA_PROGRAM_FEXIT, "path_setxattrat", "4,*,4,*,*,8,4" },
	{ "aa_removexattr_fexit", AA_PROGRAM_FEXIT, "path_removexattr", "*,*,4" },
	{ "aa_removexattrat_fexit", AA_PROGRAM_FEXIT, "path_removexattrat", "4,*,4,*" },
	{ "aa_chdir_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("chdir"), CALL_SIGNATURE },
	{ "aa_fchdir_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("fchdir"), CALL_SIGNATURE },
	{ "aa_chroot_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("chroot"), CALL_SIGNATURE },
	{ "aa_mount_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("mount"), CALL_SIGNATURE },
	{ "aa_umount_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("umount"), CALL_SIGNATURE },
	{ "aa_move_mount_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("move_mount"), CALL_SIGNATURE },
	{ "aa_pivot_root_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("pivot_root"), CALL_SIGNATURE },
	{ "aa_chdir32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("chdir"), CALL_SIGNATURE },
	{ "aa_fchdir32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("fchdir"), CALL_SIGNATURE },
	{ "aa_chroot32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("chroot"), CALL_SIGNATURE },
	{ "aa_mount32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("mount"), CALL_SIGNATURE },
	{ "aa_umount32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("umount"), CALL_SIGNATURE },
	{ "aa_oldumount32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("oldumount"), CALL_SIGNATURE },
	{ "aa_move_mount32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("move_mount"), CALL_SIGNATURE },
	{ "aa_pivot_root32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("pivot_root"), CALL_SIGNATURE },
	{ "aa_read_fexit", AA_PROGRAM_FEXIT, "vfs_read", "file*,*,8,*" },
	{ "aa_write_fexit", AA_PROGRAM_FEXIT, "vfs_write", "file*,*,8,*" },
	{ "aa_readv_fexit", AA_PROGRAM_FEXIT, "vfs_readv", "file*,iovec*,8,*,4" },
	{ "aa_writev_fexit", AA_PROGRAM_FEXIT, "vfs_writev", "file*,iovec*,8,*,4" },
	{ "aa_list_fexit", AA_PROGRAM_FEXIT, "iterate_dir", "file*,dir_context*" },
	{ "aa_sendfile_fexit", AA_PROGRAM_FEXIT, "do_sendfile", "4,4,*,8,8" },
	{ "aa_splice_fexit", AA_PROGRAM_FEXIT, "do_splice", "file*,*,file*,*,8,4" },
	{ "aa_tee_fexit", AA_PROGRAM_FEXIT, "do_tee", "file*,file*,8,4" },
	{ "aa_copy_fexit", AA_PROGRAM_FEXIT, "vfs_copy_file_range", "file*,8,file*,8,8,4" },
	{ "aa_clone_fexit", AA_PROGRAM_FEXIT, "ioctl_file_clone", "file*,8,8,8,8" },
	{ "aa_vmsplice_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("vmsplice"), CALL_SIGNATURE },
	{ "aa_vmsplice32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_32("vmsplice"), CALL_SIGNATURE },
	{ "aa_connect_fexit", AA_PROGRAM_FEXIT, "__sys_connect", "4,sockaddr*,4" },
	{ "aa_accept_fexit", AA_PROGRAM_FEXIT, "__sys_accept4", "4,sockaddr*,*,4" },
	{ "aa_sendto_fexit", AA_PROGRAM_FEXIT, "__sys_sendto", "4,*,8,4,sockaddr*,4" },
	{ "aa_recvfrom_fexit", AA_PROGRAM_FEXIT, "__sys_recvfrom", "4,*,8,4,sockaddr*,*" },
	{ "aa_sendmsg_fexit", AA_PROGRAM_FEXIT, "__sys_sendmsg", "4,user_msghdr*,4,1" },
	{ "aa_recvmsg_fexit", AA_PROGRAM_FEXIT, "__sys_recvmsg", "4,user_msghdr*,4,1" },
	{ "aa_sendmmsg_fexit", AA_PROGRAM_FEXIT, "__sys_sendmmsg", "4,mmsghdr*,4,4,1" },
	{ "aa_recvmmsg_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION("recvmmsg"), CALL_SIGNATURE },
	{ "aa_recvmmsg32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_COMPAT("recvmmsg_time32"), CALL_SIGNATURE },
	{ "aa_recvmmsg64_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_COMPAT("recvmmsg_time64"), CALL_SIGNATURE },
	{ "aa_socketcall32_fexit", AA_PROGRAM_FEXIT, SYSCALL_FUNCTION_COMPAT("socketcall"), CALL_SIGNATURE },
	{ "aa_mapping_fexit", AA_PROGRAM_FEXIT, "ksys_mmap_pgoff", "8,8,8,8,8,8" },
	{ "aa_state_btf", AA_PROGRAM_TP_BTF, "inet_sock_set_state", "sock*,4,4" },
	{ "aa_state_raw", AA_PROGRAM_RAW_TP, "inet_sock_set_state", "sock*,4,4" },
	{ "aa_state_tp", AA_PROGRAM_TRACEPOINT, "inet_sock_set_state", NULL },
	{ "aa_socket_sweep_run", AA_PROGRAM_RUN, "", NULL },
	{ "aa_close_fentry", AA_PROGRAM_FENTRY, "__fput", "file*" },
	{ "aa_close_kprobe", AA_PROGRAM_KPROBE, "__fput", "file*" },
	{ "aa_close_raw", AA_PROGRAM_RAW_TP, "kmem_cache_free", "8,*,kmem_cache*|8,*,*" },
	{ "aa_close_site_raw", AA_PROGRAM_RAW_TP, "kmem_cache_free", NULL },
	{ "aa_sweep_run", AA_PROGRAM_RUN, "", NULL },
	{ "aa_uring_submit_req_raw", AA_PROGRAM_RAW_TP, "io_uring_submit_req", NULL },
	{ "aa_uring_submit_sqe_raw", AA_PROGRAM_RAW_TP, "io_uring_submit_sqe", NULL },
	{ "aa_uring_complete_args_raw", AA_PROGRAM_RAW_TP, "io_uring_complete", COMPLETE_SIGNATURE },
	{ "aa_uring_complete_raw", AA_PROGRAM_RAW_TP, "io_uring_complete", NULL },
	{ "aa_adopt_iter", AA_PROGRAM_ITERATOR, "task", NULL },
	{ "aa_adopt_run", AA_PROGRAM_RUN, "", NULL },
	{ "aa_snap_iter", AA_PROGRAM_ITERATOR, "task", NULL },
	{ "aa_snap_run", AA_PROGRAM_RUN, "", NULL },
};
/* clang-format on */
const unsigned aa_program_info_count = sizeof(aa_program_infos) / sizeof(aa_program_infos[0]);

#define FORK   .capability = "process.fork", .required = true, .provable = true, .proof = AA_PROOF_FORK
#define EXEC   .capability = "process.exec", .required = true, .provable = true, .proof = AA_PROOF_EXEC
#define EXIT   .capability = "process.exit", .required = true, .provable = true, .proof = AA_PROOF_EXIT
#define ADOPT  .capability = "process.adopt", .required = true, .provable = true, .proof = AA_PROOF_ADOPT
#define SNAP   .capability = "process.snapshot", .snapshot = true
#define RENAME .capability = "process.rename", .provable = true, .proof = AA_PROOF_RENAME
#define CRED   .capability = "process.cred", .provable = true, .proof = AA_PROOF_CRED
#define SETSID .capability = "process.setsid", .provable = true, .proof = AA_PROOF_SETSID
#define FAILED .capability = "process.exec_failed", .provable = true, .proof = AA_PROOF_EXEC_FAILED

/* All of files: the hooks of io_uring are others, in every tier. */
#define FILES .files = true, .provable = true
#define OPEN  .capability = "file.open", FILES, .proof = AA_PROOF_FILE_OPEN, .duties = AA_FILE_DUTY_URING_OPEN
#define NAMES \
	.capability = "file.names", FILES, .proof = AA_PROOF_FILE_NAMES, .duties = AA_FILE_DUTY_URING_NAMES
#define ATTRIBUTES .capability = "file.attributes", FILES, .proof = AA_PROOF_FILE_ATTRIBUTES
#define PLACE	   .capability = "file.place", FILES, .proof = AA_PROOF_FILE_PLACE
#define TRANSFER \
	.capability = "file.transfer", FILES, .proof = AA_PROOF_FILE_TRANSFER, .duties = AA_FILE_DUTY_URING_IO
#define MMAP  .capability = "file.mmap", FILES, .proof = AA_PROOF_FILE_MMAP
#define CLOSE .capability = "file.close", FILES, .proof = AA_PROOF_FILE_CLOSE
#define SWEEP .capability = "file.sweep", .files = true
#define URING .capability = "file.uring", FILES, .proof = AA_PROOF_FILE_URING, .optional = true

/* All of TLS that no library has to be attached for. Nothing of it is required. */
#define TLS_SOCKET \
	.capability = "tls.socket", .optional = true, .tls = AA_TLS_MODE_METADATA, .provable = true, \
	.proof = AA_PROOF_TLS_SOCKET
#define TLS_END \
	.capability = "tls.end", .optional = true, .tls = AA_TLS_MODE_METADATA, .provable = true, \
	.proof = AA_PROOF_TLS_END
#define TLS_SWEEP .capability = "tls.sweep", .optional = true, .tls = AA_TLS_MODE_METADATA
#define TLS_MAPPING \
	.capability = "tls.mapping", .optional = true, .tls = AA_TLS_MODE_ALL, .provable = true, \
	.proof = AA_PROOF_TLS_MAPPING

/* clang-format off */
/* The end of every system call; the classic tracepoint comes first where the kernel preempts eBPF programs (choose.c). */
#define AT_SYSEXIT(name, mask) \
	{ name, PORTABLE, .programs = { "aa_sysexit_btf" }, .syscalls = (mask) }, \
	{ name, BASIC, .programs = { "aa_sysexit_raw" }, .syscalls = (mask) }, \
	{ name, BASIC, .programs = { "aa_sysexit_tp" }, .syscalls = (mask) }
/* clang-format on */

#define PRECISE	 .tier = AA_TIER_PRECISE
#define KPROBE	 .tier = AA_TIER_KPROBE
#define PORTABLE .tier = AA_TIER_PORTABLE
#define BASIC	 .tier = AA_TIER_BASIC

/*
 * What the programs cost:
 *
 *                       verified instructions        ns a run, tracked process
 *                    5.10 / 6.1    6.12     6.18     6.18, 2 vCPU, no wake-ups
 * aa_fork_btf            18,394  13,587   13,777     3,400
 * aa_exec_btf            62,571  54,979   55,184     5,700
 * aa_exit_btf            79,218  46,708   46,830     1,800
 * aa_rename_btf             228     228      228       540
 * aa_sysexit_btf         46,251  44,396   44,388     150 on average over all system calls
 * aa_adopt_iter           8,273   7,555    7,662     a task: 240
 * aa_snap_iter           58,020  54,123   54,228
 */
/* clang-format off */
const struct aa_hook aa_hooks[] = {
	{ FORK, PRECISE, .programs = { "aa_fork_fentry" } },
	{ FORK, KPROBE, .programs = { "aa_fork_kprobe" } },
	{ FORK, PORTABLE, .programs = { "aa_fork_btf" } },
	{ FORK, BASIC, .programs = { "aa_fork_raw" } },
	{ EXEC, PRECISE, .programs = { "aa_note_lsm", "aa_exec_fentry" } },
	{ EXEC, PRECISE, .programs = { "aa_note_fentry", "aa_exec_fentry" } },
	{ EXEC, KPROBE, .programs = { "aa_note_kprobe", "aa_exec_kprobe" } },
	{ EXEC, PORTABLE, .programs = { "aa_exec_btf" } },
	{ EXEC, BASIC, .programs = { "aa_exec_raw" } },
	{ EXIT, PRECISE, .programs = { "aa_exit_fentry" } },
	{ EXIT, KPROBE, .programs = { "aa_exit_kprobe" } },
	{ EXIT, PORTABLE, .programs = { "aa_exit_btf" } },
	{ EXIT, BASIC, .programs = { "aa_exit_raw" } },
	{ ADOPT, PORTABLE, .programs = { "aa_adopt_iter" } },
	{ ADOPT, BASIC, .programs = { "aa_adopt_run" } },
	{ SNAP, PORTABLE, .programs = { "aa_snap_iter" } },
	{ SNAP, BASIC, .programs = { "aa_snap_run" } },
	{ FAILED, PRECISE, .programs = { "aa_execve_fexit", "aa_execveat_fexit", "?aa_execve32_fexit",
					 "?aa_execveat32_fexit" } },
	{ FAILED, PORTABLE, .programs = { "aa_sysexit_btf" }, .syscalls = AA_SYSCALL_MASK_EXEC_FAILED },
	{ FAILED, BASIC, .programs = { "aa_sysexit_raw" }, .syscalls = AA_SYSCALL_MASK_EXEC_FAILED },
	{ FAILED, BASIC, .programs = { "aa_sysexit_tp" }, .syscalls = AA_SYSCALL_MASK_EXEC_FAILED },
	{ CRED, PRECISE, .programs = { "aa_cred_fentry" } },
	{ CRED, KPROBE, .programs = { "aa_cred_kprobe" } },
	{ CRED, PORTABLE, .programs = { "aa_sysexit_btf" }, .syscalls = AA_SYSCALL_MASK_CRED },
	{ CRED, BASIC, .programs = { "aa_sysexit_raw" }, .syscalls = AA_SYSCALL_MASK_CRED },
	{ CRED, BASIC, .programs = { "aa_sysexit_tp" }, .syscalls = AA_SYSCALL_MASK_CRED },
	{ SETSID, PRECISE, .programs = { "aa_setsid_fentry" } },
	{ SETSID, KPROBE, .programs = { "aa_setsid_kprobe" } },
	{ SETSID, PORTABLE, .programs = { "aa_sysexit_btf" }, .syscalls = AA_SYSCALL_MASK_SETSID },
	{ SETSID, BASIC, .programs = { "aa_sysexit_raw" }, .syscalls = AA_SYSCALL_MASK_SETSID },
	{ SETSID, BASIC, .programs = { "aa_sysexit_tp" }, .syscalls = AA_SYSCALL_MASK_SETSID },
	{ RENAME, PRECISE, .programs = { "aa_rename_fentry" } },
	{ RENAME, KPROBE, .programs = { "aa_rename_kprobe" } },
	{ RENAME, PORTABLE, .programs = { "aa_rename_btf" } },
	{ RENAME, BASIC, .programs = { "aa_rename_raw" } },
	{ OPEN, PRECISE, .programs = { "aa_vfs_fentry", "aa_open_fexit", "?aa_open_handle_fexit" } },
	AT_SYSEXIT(OPEN, 1u << AA_SYSCALL_OPEN),
	{ NAMES, PRECISE, .programs = { "aa_vfs_fentry", "aa_unlink_node", "aa_rmdir_node", "aa_move_node",
					"aa_link_node", "aa_symlink_node", "aa_mkdir_node", "aa_mknod_node",
					"?aa_create_node", "?aa_mount_node",
					"aa_unlink_fexit|aa_unlink7_fexit", "aa_rmdir_fexit|aa_rmdir7_fexit",
					"aa_move_fexit|aa_move7_fexit", "aa_link_fexit|aa_link7_fexit",
					"aa_symlink_fexit|aa_symlink7_fexit", "aa_mkdir_fexit|aa_mkdir7_fexit",
					"aa_mknod_fexit|aa_mknod7_fexit" } },
	/* Without a kernel that asks security modules the inodes are not known. */
	{ NAMES, PRECISE, .programs = { "aa_vfs_fentry", "aa_unlink_fexit|aa_unlink7_fexit",
					"aa_rmdir_fexit|aa_rmdir7_fexit", "aa_move_fexit|aa_move7_fexit",
					"aa_link_fexit|aa_link7_fexit", "aa_symlink_fexit|aa_symlink7_fexit",
					"aa_mkdir_fexit|aa_mkdir7_fexit", "aa_mknod_fexit|aa_mknod7_fexit" } },
	AT_SYSEXIT(NAMES, 1u << AA_SYSCALL_NAMES),
	{ ATTRIBUTES, PRECISE, .programs = { "aa_vfs_fentry", "?aa_chmod_fexit", "aa_fchmodat_fexit", "?aa_fchmodat2_fexit", "?aa_chmod32_fexit", "?aa_fchmodat32_fexit", "?aa_fchmodat2_32_fexit",
					     "aa_chown_fexit", "aa_utimes_fexit", "aa_truncate_fexit",
					     "aa_fchmod_fexit", "aa_fchown_fexit", "aa_ftruncate_fexit",
					     "aa_fallocate_fexit", "?aa_fchmod32_fexit", "?aa_fchown32_fexit",
					     "?aa_fchown16_fexit", "?aa_truncate32_fexit", "?aa_truncate64_fexit", "?aa_ftruncate32_fexit", "?aa_ftruncate64_fexit",
					     "?aa_fallocate32_fexit", "aa_setxattrat_fexit", "aa_removexattrat_fexit" } },
	{ ATTRIBUTES, PRECISE, .programs = { "aa_vfs_fentry", "?aa_chmod_fexit", "aa_fchmodat_fexit", "?aa_fchmodat2_fexit", "?aa_chmod32_fexit", "?aa_fchmodat32_fexit", "?aa_fchmodat2_32_fexit",
					     "aa_chown_fexit", "aa_utimes_fexit", "aa_truncate_fexit",
					     "aa_fchmod_fexit", "aa_fchown_fexit", "aa_ftruncate_fexit",
					     "aa_fallocate_fexit", "?aa_fchmod32_fexit", "?aa_fchown32_fexit",
					     "?aa_fchown16_fexit", "?aa_truncate32_fexit", "?aa_truncate64_fexit", "?aa_ftruncate32_fexit", "?aa_ftruncate64_fexit",
					     "?aa_fallocate32_fexit", "aa_setxattr_fexit", "aa_removexattr_fexit",
					     "aa_fsetxattr_fexit", "aa_fremovexattr_fexit", "?aa_fsetxattr32_fexit",
					     "?aa_fremovexattr32_fexit" } },
	AT_SYSEXIT(ATTRIBUTES, 1u << AA_SYSCALL_ATTRIBUTES),
	{ PLACE, PRECISE, .programs = { "aa_vfs_fentry", "aa_chdir_fexit", "aa_fchdir_fexit", "aa_chroot_fexit", "aa_mount_fexit",
					"aa_umount_fexit", "aa_move_mount_fexit", "aa_pivot_root_fexit",
					"?aa_chdir32_fexit", "?aa_fchdir32_fexit", "?aa_chroot32_fexit",
					"?aa_mount32_fexit", "?aa_umount32_fexit", "?aa_oldumount32_fexit",
					"?aa_move_mount32_fexit", "?aa_pivot_root32_fexit" } },
	AT_SYSEXIT(PLACE, 1u << AA_SYSCALL_PLACE),
	{ TRANSFER, PRECISE, .programs = { "aa_vfs_fentry", "aa_read_fexit", "aa_write_fexit", "aa_readv_fexit", "aa_writev_fexit",
					   "aa_list_fexit", "aa_sendfile_fexit", "aa_splice_fexit", "aa_tee_fexit",
					   "aa_copy_fexit", "?aa_clone_fexit", "aa_vmsplice_fexit",
					   "?aa_vmsplice32_fexit" },
	  .syscalls = AA_SYSCALL_MASK(TRANSFER) << AA_SYSCALL_ASKED },
	AT_SYSEXIT(TRANSFER, 1u << AA_SYSCALL_TRANSFER),
	{ MMAP, PRECISE, .programs = { "aa_vfs_fentry", "aa_mmap_fexit" } },
	AT_SYSEXIT(MMAP, 1u << AA_SYSCALL_MMAP),
	/* There is no tracepoint of __fput(): see close.bpf.c for what the two do. */
	{ CLOSE, PRECISE, .programs = { "aa_close_fentry" } },
	{ CLOSE, KPROBE, .programs = { "aa_close_kprobe" } },
	{ CLOSE, BASIC, .programs = { "aa_close_raw" } },
	{ CLOSE, BASIC, .programs = { "aa_close_site_raw" } },
	{ SWEEP, BASIC, .programs = { "aa_sweep_run" } },
	/* uring.bpf.c says which kernels have which; the one with more arguments cannot be attached where there are fewer. */
	{ URING, BASIC, .programs = { "aa_uring_submit_req_raw", "aa_uring_complete_args_raw" } },
	{ URING, BASIC, .programs = { "aa_uring_submit_req_raw", "aa_uring_complete_raw" } },
	{ URING, BASIC, .programs = { "aa_uring_submit_sqe_raw", "aa_uring_complete_args_raw" } },
	{ TLS_SOCKET, PRECISE, .programs = { "aa_vfs_fentry", "aa_read_fexit", "aa_write_fexit", "aa_readv_fexit", "aa_writev_fexit",
					     "aa_connect_fexit", "aa_accept_fexit", "aa_sendto_fexit", "aa_recvfrom_fexit",
					     "aa_sendmsg_fexit", "aa_recvmsg_fexit", "aa_sendmmsg_fexit", "aa_recvmmsg_fexit",
					     "?aa_recvmmsg32_fexit", "?aa_recvmmsg64_fexit", "?aa_socketcall32_fexit" },
	  .syscalls = AA_SYSCALL_MASK(SOCKET) << AA_SYSCALL_ASKED },
	AT_SYSEXIT(TLS_SOCKET, AA_SYSCALL_MASK(SOCKET)),
	{ TLS_END, PORTABLE, .programs = { "aa_state_btf" } },
	{ TLS_END, BASIC, .programs = { "aa_state_raw" } },
	{ TLS_END, BASIC, .programs = { "aa_state_tp" } },
	{ TLS_SWEEP, BASIC, .programs = { "aa_socket_sweep_run" } },
	{ TLS_MAPPING, PRECISE, .programs = { "aa_mapping_fexit" } },
	AT_SYSEXIT(TLS_MAPPING, AA_SYSCALL_MASK(MAPPING)),
};
/* clang-format on */
const unsigned aa_hook_count = sizeof(aa_hooks) / sizeof(aa_hooks[0]);

_Static_assert(sizeof(aa_hooks) / sizeof(aa_hooks[0]) <= AA_HOOKS_MAX, "room for the state of a row");
_Static_assert(sizeof(aa_hooks) / sizeof(aa_hooks[0]) <= AA_SURVEY_ROWS, "room for a row of the survey");

const struct aa_program_info *aa_program_info(const char *name)
{
	size_t length;

	if (*name == '?')
		name++;
	length = strcspn(name, "|");
	for (unsigned i = 0; i < aa_program_info_count; i++) {
		const char *known = aa_program_infos[i].name;

		if (strncmp(known, name, length) == 0 && known[length] == '\0')
			return &aa_program_infos[i];
	}
	return NULL;
}

enum aa_feature_id aa_program_feature(enum aa_program_kind kind)
{
	switch (kind) {
	case AA_PROGRAM_LSM:
		return AA_FEATURE_LSM;
	case AA_PROGRAM_FENTRY:
		return AA_FEATURE_FENTRY;
	case AA_PROGRAM_FEXIT:
		return AA_FEATURE_FEXIT;
	case AA_PROGRAM_KPROBE:
		return AA_FEATURE_KPROBE;
	case AA_PROGRAM_TP_BTF:
		return AA_FEATURE_TP_BTF;
	case AA_PROGRAM_ITERATOR:
		return AA_FEATURE_ITERATOR;
	case AA_PROGRAM_RAW_TP:
		return AA_FEATURE_RAW_TP;
	case AA_PROGRAM_TRACEPOINT:
		return AA_FEATURE_TRACEPOINT;
	case AA_PROGRAM_RUN:
		return AA_FEATURE_TEST_RUN;
	}
	return AA_FEATURE_COUNT;
}

const char *aa_tier_name(enum aa_tier tier)
{
	static const char *const names[AA_TIER_COUNT] = {
		[AA_TIER_ANY] = "any",		 [AA_TIER_PRECISE] = "precise", [AA_TIER_KPROBE] = "kprobe",
		[AA_TIER_PORTABLE] = "portable", [AA_TIER_BASIC] = "basic",
	};

	return tier < AA_TIER_COUNT ? names[tier] : "?";
}

int aa_tier_parse(const char *name, enum aa_tier *ret_tier)
{
	for (enum aa_tier tier = AA_TIER_PRECISE; tier < AA_TIER_COUNT; tier++) {
		if (strcmp(aa_tier_name(tier), name) == 0) {
			*ret_tier = tier;
			return 0;
		}
	}
	return -EINVAL;
}
