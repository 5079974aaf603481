/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libbpf (1.1, where nothing else is said) and the kernel's verifier printed when programs were loaded that can't be:
 * real logs, the long ones without their middle. clang-format would break the lines.
 */
#ifndef AA_TEST_EXPLAIN_LOGS_H
#define AA_TEST_EXPLAIN_LOGS_H

/* clang-format off */

/* Linux 5.10. */
static const char log_unbounded_510[] =
	"libbpf: prog 'bad_unbounded': BPF program load failed: Permission denied\n"
	"libbpf: prog 'bad_unbounded': -- BEGIN PROG LOAD LOG --\n"
	"arg#0 type is not a struct\n"
	"Unrecognized arg#0 type PTR\n"
	"; int bad_unbounded(void *ctx)\n"
	"0: (b4) w1 = 0\n"
	"; __u64 i = bpf_get_current_pid_tgid();\n"
	"8: (85) call bpf_get_current_pid_tgid#14\n"
	"; if (!v)\n"
	"9: (15) if r6 == 0x0 goto pc+4\n"
	" R0=inv(id=0) R6=map_value(id=0,off=0,ks=4,vs=64,imm=0) R10=fp0 fp-8=mmmm?\??\?\n"
	"; v[i & 0xffff] = 1;\n"
	"10: (57) r0 &= 65535\n"
	"; v[i & 0xffff] = 1;\n"
	"11: (0f) r6 += r0\n"
	"last_idx 11 first_idx 9\n"
	"regs=1 stack=0 before 10: (57) r0 &= 65535\n"
	"regs=1 stack=0 before 9: (15) if r6 == 0x0 goto pc+4\n"
	" R0_rw=invP(id=0) R6_rw=map_value_or_null(id=1,off=0,ks=4,vs=64,imm=0) R10=fp0 fp-8=mmmm?\??\?\n"
	"parent didn't have regs=1 stack=0 marks\n"
	"last_idx 8 first_idx 0\n"
	"regs=1 stack=0 before 8: (85) call bpf_get_current_pid_tgid#14\n"
	"12: (b4) w1 = 1\n"
	"; v[i & 0xffff] = 1;\n"
	"13: (73) *(u8 *)(r6 +0) = r1\n"
	" R0_w=inv(id=0,umax_value=65535,var_off=(0x0; 0xffff)) R1_w=inv1 R6_w=map_value(id=0,off=0,ks=4,vs=64,umax_value=65535,var_off=(0x0; 0xffff)) R10=fp0 fp-8=mmmm?\??\?\n"
	"invalid access to map value, value_size=64 off=65535 size=1\n"
	"R6 max value is outside of the allowed memory range\n"
	"processed 13 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_unbounded': failed to load: -13\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 6.18. */
static const char log_null_618[] =
	"libbpf: prog 'bad_null': BPF program load failed: Permission denied\n"
	"libbpf: prog 'bad_null': -- BEGIN PROG LOAD LOG --\n"
	"arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n"
	"0: R1=ctx() R10=fp0\n"
	"; __u32 z = bpf_ktime_get_ns(); @ bad.bpf.c:37\n"
	"0: (85) call bpf_ktime_get_ns#5       ; R0=scalar()\n"
	"1: (63) *(u32 *)(r10 -4) = r0         ; R0=scalar() R10=fp0 fp-8=mmmm?\??\?\n"
	"2: (bf) r2 = r10                      ; R2=fp0 R10=fp0\n"
	";  @ bad.bpf.c:0\n"
	"3: (07) r2 += -4                      ; R2=fp-4\n"
	"; char *v = bpf_map_lookup_elem(&values, &z); @ bad.bpf.c:38\n"
	"4: (18) r1 = 0xffff888114bfbe00       ; R1=map_ptr(map=values,ks=4,vs=64)\n"
	"6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=values,ks=4,vs=64)\n"
	"7: (b4) w1 = 1                        ; R1=1\n"
	"; v[3] = 1; @ bad.bpf.c:39\n"
	"8: (73) *(u8 *)(r0 +3) = r1\n"
	"R0 invalid mem access 'map_value_or_null'\n"
	"processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_null': failed to load: -13\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 6.18. */
static const char log_negative_618[] =
	"libbpf: prog 'bad_negative': BPF program load failed: Invalid argument\n"
	"libbpf: prog 'bad_negative': -- BEGIN PROG LOAD LOG --\n"
	"arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n"
	"0: R1=ctx() R10=fp0\n"
	"; int bad_negative(void *ctx) @ bad.bpf.c:43\n"
	"0: (b4) w1 = 0                        ; R1=0\n"
	"; __u32 z = 0; @ bad.bpf.c:45\n"
	"1: (63) *(u32 *)(r10 -4) = r1         ; R1=0 R10=fp0 fp-8=0000?\??\?\n"
	"2: (bf) r2 = r10                      ; R2=fp0 R10=fp0\n"
	";  @ bad.bpf.c:0\n"
	"3: (07) r2 += -4                      ; R2=fp-4\n"
	"; char *v = bpf_map_lookup_elem(&values, &z); @ bad.bpf.c:46\n"
	"4: (18) r1 = 0xffff888114bfbe00       ; R1=map_ptr(map=values,ks=4,vs=64)\n"
	"6: (85) call bpf_map_lookup_elem#1    ; R0=map_value(map=values,ks=4,vs=64)\n"
	"7: (bf) r6 = r0                       ; R0=map_value(map=values,ks=4,vs=64) R6=map_value(map=values,ks=4,vs=64)\n"
	"; long i = (int)bpf_get_current_pid_tgid(); @ bad.bpf.c:47\n"
	"8: (85) call bpf_get_current_pid_tgid#14      ; R0=scalar()\n"
	"; if (!v) @ bad.bpf.c:48\n"
	"9: (15) if r6 == 0x0 goto pc+8        ; R6=map_value(map=values,ks=4,vs=64)\n"
	"10: (67) r0 <<= 32                    ; R0=scalar(smax=0x7fffffff00000000,umax=0xffffffff00000000,smin32=0,smax32=umax32=0,var_off=(0x0; 0xffffffff00000000))\n"
	"11: (18) r1 = 0x3bffffffff            ; R1=0x3bffffffff\n"
	"13: (6d) if r0 s> r1 goto pc+4        ; R0=scalar(smax=0x3b00000000,umax=0xffffffff00000000,smin32=0,smax32=umax32=0,var_off=(0x0; 0xffffffff00000000)) R1=0x3bffffffff\n"
	"; long i = (int)bpf_get_current_pid_tgid(); @ bad.bpf.c:47\n"
	"14: (c7) r0 s>>= 32                   ; R0=scalar(smin=0xffffffff80000000,smax=smax32=59)\n"
	"; v[i] = 1; @ bad.bpf.c:51\n"
	"15: (0f) r6 += r0\n"
	"value -2147483648 makes map_value pointer be out of bounds\n"
	"processed 14 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_negative': failed to load: -22\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 5.10. */
static const char log_size_510[] =
	"libbpf: prog 'bad_size': BPF program load failed: Permission denied\n"
	"libbpf: prog 'bad_size': -- BEGIN PROG LOAD LOG --\n"
	"arg#0 type is not a struct\n"
	"Unrecognized arg#0 type PTR\n"
	"; int bad_size(void *ctx)\n"
	"0: (bf) r6 = r1\n"
	"2: (63) *(u32 *)(r10 -4) = r1\n"
	"last_idx 2 first_idx 0\n"
	"regs=2 stack=0 before 1: (b4) w1 = 0\n"
	"3: (bf) r2 = r10\n"
	"; \n"
	"4: (07) r2 += -4\n"
	"; char *v = bpf_map_lookup_elem(&values, &z);\n"
	"5: (18) r1 = 0xffff88803fe2ae00\n"
	"7: (85) call bpf_map_lookup_elem#1\n"
	"8: (bf) r7 = r0\n"
	"; __u32 n = bpf_get_current_pid_tgid();\n"
	"9: (85) call bpf_get_current_pid_tgid#14\n"
	"; if (!v)\n"
	"10: (15) if r7 == 0x0 goto pc+4\n"
	" R0=inv(id=0) R6=ctx(id=0,off=0,imm=0) R7=map_value(id=0,off=0,ks=4,vs=64,imm=0) R10=fp0 fp-8=mmmm?\??\?\n"
	"; bpf_probe_read_kernel(v, n, ctx);\n"
	"11: (bf) r1 = r7\n"
	"12: (bc) w2 = w0\n"
	"13: (bf) r3 = r6\n"
	"14: (85) call bpf_probe_read_kernel#113\n"
	" R0=inv(id=0) R1_w=map_value(id=0,off=0,ks=4,vs=64,imm=0) R2_w=inv(id=0,umax_value=4294967295,var_off=(0x0; 0xffffffff)) R3_w=ctx(id=0,off=0,imm=0) R6=ctx(id=0,off=0,imm=0) R7=map_value(id=0,off=0,ks=4,vs=64,imm=0) R10=fp0 fp-8=mmmm?\??\?\n"
	"R2 unbounded memory access, use 'var &= const' or 'if (var < const)'\n"
	"processed 14 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_size': failed to load: -13\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 5.10. */
static const char log_stack_510[] =
	"libbpf: prog 'bad_stack': BPF program load failed: Permission denied\n"
	"libbpf: prog 'bad_stack': -- BEGIN PROG LOAD LOG --\n"
	"combined stack size of 2 calls is 640. Too large\n"
	"processed 4823 insns (limit 1000000) max_states_per_insn 4 total_states 65 peak_states 65 mark_read 65\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_stack': failed to load: -13\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 5.10; the beginning of its 40 megabytes was not kept. */
static const char log_loop_510[] =
	"; x++;\n"
	"2: (79) r1 = *(u64 *)(r10 -8)\n"
	"3: (07) r1 += 1\n"
	"4: (7b) *(u64 *)(r10 -8) = r1\n"
	"; if (x == bpf_ktime_get_ns())\n"
	"5: (79) r6 = *(u64 *)(r10 -8)\n"
	"; if (x == bpf_ktime_get_ns())\n"
	"6: (85) call bpf_ktime_get_ns#5\n"
	"; if (x == bpf_ktime_get_ns())\n"
	"7: (5d) if r6 != r0 goto pc-6\n"
	" R0_w=inv125000 R6_w=inv125000 R10=fp0 fp-8_w=inv125000\n"
	"BPF program is too large. Processed 1000001 insn\n"
	"processed 1000001 insns (limit 1000000) max_states_per_insn 4 total_states 17858 peak_states 17858 mark_read 1\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_loop': failed to load: -7\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 6.18. */
static const char log_helper_618[] =
	"libbpf: prog 'bad_helper_type': BPF program load failed: Invalid argument\n"
	"libbpf: prog 'bad_helper_type': -- BEGIN PROG LOAD LOG --\n"
	"arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n"
	"0: R1=ctx() R10=fp0\n"
	"; return bpf_override_return(ctx, 0); @ bad.bpf.c:86\n"
	"0: (b7) r2 = 0                        ; R2=0\n"
	"1: (85) call bpf_override_return#58\n"
	"program of this type cannot use helper bpf_override_return#58\n"
	"processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_helper_type': failed to load: -22\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 5.10. */
static const char log_d_path_510[] =
	"libbpf: prog 'bad_d_path': BPF program load failed: Invalid argument\n"
	"libbpf: prog 'bad_d_path': -- BEGIN PROG LOAD LOG --\n"
	"arg#0 type is not a struct\n"
	"Unrecognized arg#0 type PTR\n"
	"; return bpf_d_path((void *)ctx[0], b, sizeof b);\n"
	"0: (79) r1 = *(u64 *)(r1 +0)\n"
	"func 'sched_process_exit' arg0 has btf_id 132 type STRUCT 'task_struct'\n"
	"1: (bf) r2 = r10\n"
	"; \n"
	"2: (07) r2 += -32\n"
	"; return bpf_d_path((void *)ctx[0], b, sizeof b);\n"
	"3: (b4) w3 = 32\n"
	"4: (85) call bpf_d_path#147\n"
	"helper call is not allowed in probe\n"
	"processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_d_path': failed to load: -22\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 6.18. */
static const char log_member_618[] =
	"libbpf: prog 'bad_member': BPF program load failed: Invalid argument\n"
	"libbpf: prog 'bad_member': -- BEGIN PROG LOAD LOG --\n"
	"arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n"
	"0: R1=ctx() R10=fp0\n"
	"; struct task_struct *t = (void *)bpf_get_current_task(); @ bad.bpf.c:68\n"
	"0: (85) call bpf_get_current_task#35          ; R0=scalar()\n"
	"1: <invalid CO-RE relocation>\n"
	"failed to resolve CO-RE relocation <byte_off> [26] struct task_struct.aa_no_such_member (0:2 @ offset 8)\n"
	"processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_member': failed to load: -22\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 5.10. */
static const char log_struct_510[] =
	"libbpf: prog 'bad_struct': BPF program load failed: Invalid argument\n"
	"libbpf: prog 'bad_struct': -- BEGIN PROG LOAD LOG --\n"
	"arg#0 type is not a struct\n"
	"Unrecognized arg#0 type PTR\n"
	"; struct aa_no_such_struct *t = (void *)bpf_get_current_task();\n"
	"0: (85) call bpf_get_current_task#35\n"
	"1: <invalid CO-RE relocation>\n"
	"failed to resolve CO-RE relocation <byte_off> [30] struct aa_no_such_struct.a (0:0 @ offset 0)\n"
	"processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_struct': failed to load: -22\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 6.18. */
static const char log_uninit_618[] =
	"libbpf: prog 'bad_uninit': BPF program load failed: Permission denied\n"
	"libbpf: prog 'bad_uninit': -- BEGIN PROG LOAD LOG --\n"
	"arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n"
	"0: R1=ctx() R10=fp0\n"
	"; asm volatile(\"%0 = r5\" : \"=r\"(r)); @ bad.bpf.c:127\n"
	"0: (bf) r0 = r5\n"
	"R5 !read_ok\n"
	"processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_uninit': failed to load: -13\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 6.18. */
static const char log_context_618[] =
	"libbpf: prog 'bad_ctx': BPF program load failed: Permission denied\n"
	"libbpf: prog 'bad_ctx': -- BEGIN PROG LOAD LOG --\n"
	"0: R1=ctx() R10=fp0\n"
	"; return ctx[7]; @ bad.bpf.c:165\n"
	"0: (79) r0 = *(u64 *)(r1 +56)\n"
	"func 'sched_process_exit' doesn't have 5-th argument\n"
	"invalid bpf_context access off=56 size=8\n"
	"processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'bad_ctx': failed to load: -13\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 6.18. */
static const char log_function_618[] =
	"libbpf: prog 'bad_function': failed to find kernel BTF type ID of 'aa_no_such_function': -3\n"
	"libbpf: prog 'bad_function': failed to prepare load attributes: -3\n"
	"libbpf: prog 'bad_function': failed to load: -3\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 6.18 in a virtual machine that forbids fentry. */
static const char log_fentry_618[] =
	"libbpf: prog 'bad_fentry': BPF program load failed: Operation not permitted\n"
	"libbpf: permission error while running as root; try raising 'ulimit -l'? current value: 8.0 MiB\n"
	"libbpf: prog 'bad_fentry': failed to load: -1\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 6.18, attaching. */
static const char log_kprobe_618[] =
	"libbpf: failed to add legacy kprobe event for 'taskstats_exit+0x0': No such file or directory\n"
	"libbpf: prog 'bad_kprobe': failed to create kprobe 'taskstats_exit+0x0' perf event: No such file or directory\n";

/* Linux 6.12, lockdown=confidentiality. */
static const char log_lockdown_612[] =
	"libbpf: prog 'good_raw': BPF program load failed: Invalid argument\n"
	"libbpf: prog 'good_raw': -- BEGIN PROG LOAD LOG --\n"
	"0: R1=ctx() R10=fp0\n"
	"; return bpf_probe_read_kernel(b, 8, (void *)ctx[0]); @ bad.bpf.c:170\n"
	"0: (79) r3 = *(u64 *)(r1 +0)          ; R1=ctx() R3_w=scalar()\n"
	"1: (bf) r1 = r10                      ; R1_w=fp0 R10=fp0\n"
	";  @ bad.bpf.c:0\n"
	"2: (07) r1 += -8                      ; R1_w=fp-8\n"
	"; return bpf_probe_read_kernel(b, 8, (void *)ctx[0]); @ bad.bpf.c:170\n"
	"3: (b4) w2 = 8                        ; R2_w=8\n"
	"4: (85) call bpf_probe_read#4\n"
	"program of this type cannot use helper bpf_probe_read#4\n"
	"processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'good_raw': failed to load: -22\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 5.10, lockdown=confidentiality. */
static const char log_lockdown_510[] =
	"libbpf: prog 'good_raw': BPF program load failed: Invalid argument\n"
	"libbpf: prog 'good_raw': -- BEGIN PROG LOAD LOG --\n"
	"arg#0 type is not a struct\n"
	"Unrecognized arg#0 type PTR\n"
	"; return bpf_probe_read_kernel(b, 8, (void *)ctx[0]);\n"
	"0: (79) r3 = *(u64 *)(r1 +0)\n"
	"1: (bf) r1 = r10\n"
	"; \n"
	"2: (07) r1 += -8\n"
	"; return bpf_probe_read_kernel(b, 8, (void *)ctx[0]);\n"
	"3: (b4) w2 = 8\n"
	"4: (85) call bpf_probe_read#4\n"
	"unknown func bpf_probe_read#4\n"
	"processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	"-- END PROG LOAD LOG --\n"
	"libbpf: prog 'good_raw': failed to load: -22\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 5.10, a map type of the future. */
static const char log_strange_510[] =
	"libbpf: Error in bpf_create_map_xattr(strange):Invalid argument(-22). Retrying without BTF.\n"
	"libbpf: map 'strange': failed to create: Invalid argument(-22)\n"
	"libbpf: failed to load object 'strange.o'\n";

/* Linux 6.18, a map of 8 TB. */
static const char log_huge_618[] =
	"libbpf: Error loading .BTF into kernel: -22. BTF is optional, ignoring.\n"
	"libbpf: map 'huge': failed to create: Cannot allocate memory(-12)\n"
	"libbpf: failed to load object 'huge.o'\n";

/* Linux 5.10, the same. */
static const char log_huge_510[] =
	"libbpf: Error loading .BTF into kernel: -22. BTF is optional, ignoring.\n"
	"libbpf: map 'huge': failed to create: Argument list too long(-7)\n"
	"libbpf: failed to load object 'huge.o'\n";

/* RLIMIT_NOFILE of 4. */
static const char log_files[] =
	"libbpf: Error in bpf_create_map_xattr(values):Too many open files(-24). Retrying without BTF.\n"
	"libbpf: map 'values': failed to create: Too many open files(-24)\n"
	"libbpf: failed to load object 'bad.o'\n";

/* /sys/kernel/btf hidden. */
static const char log_no_btf[] =
	"libbpf: failed to find valid kernel BTF\n"
	"libbpf: Error loading vmlinux BTF: -3\n"
	"libbpf: failed to load object 'bad.o'\n";

/* A pinned map with another number of entries. */
static const char log_pinned[] =
	"libbpf: couldn't reuse pinned map at '/sys/fs/bpf/aa_pinned': parameter mismatch\n"
	"libbpf: map 'aa_pinned': error reusing pinned map\n"
	"libbpf: map 'aa_pinned': failed to create: Invalid argument(-22)\n"
	"libbpf: failed to load object 'pin2.o'\n";

/* Without CAP_BPF. */
static const char log_unprivileged[] =
	"libbpf: Failed to bump RLIMIT_MEMLOCK (err = -1), you might need to do it explicitly!\n"
	"libbpf: Error in bpf_object__probe_loading():Operation not permitted(1). Couldn't load trivial BPF program. Make sure your kernel supports BPF (CONFIG_BPF_SYSCALL=y) and/or that RLIMIT_MEMLOCK is set to big enough value.\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Without CAP_PERFMON. */
static const char log_no_perfmon[] =
	"libbpf: prog 'good_raw': BPF program load failed: Operation not permitted\n"
	"libbpf: permission error while running as root; try raising 'ulimit -l'? current value: 8.0 MiB\n"
	"libbpf: prog 'good_raw': failed to load: -1\n"
	"libbpf: failed to load object 'bad.o'\n";

/* Linux 6.18, libbpf 0.5, with what log.c keeps of its debug messages. */
static const char log_libbpf_05[] =
	"libbpf: prog 'bad_member': relo #0: kind <byte_off> (0), spec is [26] struct task_struct.aa_no_such_member (0:2 @ offset 8)\n"
	"libbpf: prog 'bad_member': relo #0: substituting insn #1 w/ invalid insn\n"
	"libbpf: load bpf program failed: Invalid argument\n"
	"libbpf: -- BEGIN DUMP LOG ---\n"
	"libbpf: \n"
	"arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n"
	"0: R1=ctx() R10=fp0\n"
	"; struct task_struct *t = (void *)bpf_get_current_task(); @ bad.bpf.c:68\n"
	"0: (85) call bpf_get_current_task#35          ; R0=scalar()\n"
	"1: (85) call unknown#195896080\n"
	"invalid func unknown#195896080\n"
	"processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	"\n"
	"libbpf: -- END LOG --\n"
	"libbpf: failed to load program 'bad_member'\n"
	"libbpf: failed to load object 'bad.o'\n";

/* clang-format on */

#endif
