# SPDX-License-Identifier: Apache-2.0
"""What the kernel takes, asked with bpf(2) itself: ground truth for what aa-record says about tiers.

Programs of two instructions, "return 0"; nothing of libbpf and nothing of ours.
"""

import contextlib
import ctypes
import errno
import os
import platform
import resource
import struct

BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
LIBC = ctypes.CDLL(None, use_errno=True)

PROG_LOAD, RAW_TRACEPOINT_OPEN = 5, 17
KPROBE, RAW_TRACEPOINT, TRACING, LSM = 2, 17, 26, 29
TRACE_RAW_TP, TRACE_FENTRY, LSM_MAC = 23, 24, 27

RETURN_0 = struct.pack("<BBhi", 0xB7, 0, 0, 0) + struct.pack("<BBhi", 0x95, 0, 0, 0)

# Bytes behind the 12 of each type: fixed, and for each of its vlen elements.
BTF_TAIL = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12), 17: (4, 0),
	    19: (0, 12)}
BTF_TYPEDEF, BTF_FUNC = 8, 12


def call(command, attributes):
	buffer = ctypes.create_string_buffer(attributes, len(attributes))
	result = LIBC.syscall(BPF, command, buffer, len(attributes))
	if result < 0:
		code = ctypes.get_errno()
		raise OSError(code, os.strerror(code))
	return result


def load(kind, attach_type=0, btf_id=0):
	"""Loads a program; returns its descriptor."""
	code = ctypes.create_string_buffer(RETURN_0, len(RETURN_0))
	licence = ctypes.create_string_buffer(b"GPL")
	return call(PROG_LOAD, struct.pack("=IIQQIIQII16sIIIIQIIQII", kind, len(RETURN_0) // 8, ctypes.addressof(code),
					   ctypes.addressof(licence), 0, 0, 0, 0, 0, b"", 0, attach_type, 0, 0, 0, 0, 0, 0, 0,
					   btf_id))


def attach(program, name=None):
	"""By raw_tracepoint_open, which also attaches what knows its target since it was loaded."""
	text = ctypes.create_string_buffer(name.encode()) if name else None
	return call(RAW_TRACEPOINT_OPEN, struct.pack("=QII", ctypes.addressof(text) if text else 0, program, 0))


class Types:
	"""Names of the kernel's functions and typedefs, by a BTF reader that knows no more than it must."""

	def __init__(self, path="/sys/kernel/btf/vmlinux"):
		with open(path, "rb") as file:
			data = file.read()
		_, _, _, header, types, types_size, strings, _ = struct.unpack_from("=HBBIIIII", data)
		self.ids = {}
		at, end, number = header + types, header + types + types_size, 1
		while at < end:
			name, info, _ = struct.unpack_from("=III", data, at)
			kind, count = info >> 24 & 0x1F, info & 0xFFFF
			if kind in (BTF_TYPEDEF, BTF_FUNC):
				start = header + strings + name
				self.ids[kind, data[start : data.index(b"\0", start)].decode()] = number
			fixed, each = BTF_TAIL.get(kind, (0, 0))
			at += 12 + fixed + each * count
			number += 1


def possible(action):
	"""Tries; closes what it got. Returns 0 or the errno."""
	fds = []
	limits = resource.getrlimit(resource.RLIMIT_MEMLOCK)
	try:
		# Before Linux 5.11 programs of all the user's processes count against it; newer kernels don't ask.
		with contextlib.suppress(ValueError, OSError):
			resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
		action(fds)
		return 0
	except OSError as error:
		return error.errno
	finally:
		for fd in reversed(fds):
			os.close(fd)
		resource.setrlimit(resource.RLIMIT_MEMLOCK, limits)


def take(types, kind, attach_type, name):
	if name not in types.ids:
		return errno.ENOENT

	def action(fds):
		fds.append(load(kind, attach_type, types.ids[name]))
		fds.append(attach(fds[-1]))

	return possible(action)


def fentry(types, function):
	return take(types, TRACING, TRACE_FENTRY, (BTF_FUNC, function))


def lsm(types, hook):
	return take(types, LSM, LSM_MAC, (BTF_FUNC, "bpf_lsm_" + hook))


def tp_btf(types, tracepoint):
	return take(types, TRACING, TRACE_RAW_TP, (BTF_TYPEDEF, "btf_trace_" + tracepoint))


def raw_tp(tracepoint):
	def action(fds):
		fds.append(load(RAW_TRACEPOINT))
		fds.append(attach(fds[-1], tracepoint))

	return possible(action)


def kprobe():
	"""A program of that type, on a kernel that has the events to attach it to."""
	if not os.path.exists("/sys/bus/event_source/devices/kprobe"):
		return errno.ENOENT
	return possible(lambda fds: fds.append(load(KPROBE)))


def loaded_by(pid):
	"""Ids of the programs that a process has descriptors of."""
	ids = set()
	try:
		for name in os.listdir(f"/proc/{pid}/fdinfo"):
			with open(f"/proc/{pid}/fdinfo/{name}", encoding="ascii") as file:
				ids.update(int(line.split()[1]) for line in file if line.startswith("prog_id:"))
	except (OSError, IndexError, ValueError):
		pass
	return ids


def is_loaded(program_id):
	"""BPF_PROG_GET_FD_BY_ID."""
	return possible(lambda fds: fds.append(call(13, struct.pack("=III", program_id, 0, 0)))) != errno.ENOENT
