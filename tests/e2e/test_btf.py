# SPDX-License-Identifier: Apache-2.0
"""Where the kernel's types come from: the next source serves when one is missing, and a wrong file is refused."""

import gzip
import os
import struct
import subprocess

import aa

SYSFS = "/sys/kernel/btf/vmlinux"
# Where kernel images with types may lie; a hidden host has none of them.
PLACES = ("/sys/kernel/btf", "/boot", "/lib/modules", "/usr/lib/modules", "/usr/lib/debug")
STRUCT = 4
# Bytes behind the 12 of each type: fixed, and for each of its vlen elements.
TAIL = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12), 17: (4, 0), 19: (0, 12)}


class Types:
	"""BTF whose members can be moved."""

	def __init__(self, data):
		self.data = bytearray(data)
		_, _, _, header, types, types_size, strings, _ = struct.unpack_from("=HBBIIIII", data)
		self.strings = header + strings
		self.structs = {}
		at, end = header + types, header + types + types_size
		while at < end:
			name, info, _ = struct.unpack_from("=III", data, at)
			kind, count = info >> 24 & 0x1F, info & 0xFFFF
			fixed, each = TAIL.get(kind, (0, 0))
			if kind == STRUCT:
				self.structs.setdefault(self.name(name), (at + 12, count))
			at += 12 + fixed + each * count

	def name(self, offset):
		start = self.strings + offset
		return bytes(self.data[start : self.data.index(b"\0", start)]).decode()

	def member(self, structure, name):
		start, count = self.structs[structure]
		for at in range(start, start + 12 * count, 12):
			if self.name(struct.unpack_from("=I", self.data, at)[0]) == name:
				return at
		raise KeyError(name)

	def swap(self, structure, one, other):
		a, b = (self.member(structure, name) + 8 for name in (one, other))
		self.data[a : a + 4], self.data[b : b + 4] = self.data[b : b + 4], self.data[a : a + 4]
		return self

	def shift(self, structure, name, bits):
		at = self.member(structure, name) + 8
		self.data[at : at + 4] = struct.pack("=I", struct.unpack_from("=I", self.data, at)[0] + bits)
		return self

	def rename(self, structure, name):
		at = self.strings + struct.unpack_from("=I", self.data, self.member(structure, name))[0]
		self.data[at] ^= 1
		return self


class Btf(aa.Case):
	def setUp(self):
		super().setUp()
		if not os.path.exists(SYSFS):
			self.skipTest("this kernel has no BTF of its own to test with")

	def run_recorder(self, *options, prefix=(), command="forks"):
		with self.truth_file() as fd:
			full = [*prefix, *aa.recorder("run", "--db", self.database, *options), "--", self.workload, command]
			done = subprocess.run(full, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[fd],
					      env=aa.clean_environment(AA_TRUTH_FD=str(fd)), check=False, timeout=120)
		return aa.Recording(self, self.database, done.returncode, done.stdout, done.stderr, self.read_truth())

	def assert_refused(self, recording, *patterns):
		self.assertEqual((recording.status, recording.truth_text), (125, ""), recording.err)
		text = recording.err.decode()
		self.assertRegex(text, r"\Aaa-record: [^\n]*\n\Z")
		for pattern in patterns:
			self.assertRegex(text, pattern)

	def file(self, data, name="types.btf"):
		path = self.path(name)
		with open(path, "wb") as file:
			file.write(data)
		return path

	@staticmethod
	def original():
		with open(SYSFS, "rb") as file:
			return file.read()

	def tiers(self, recording):
		return {row["tier"] for row in recording.session.rows("SELECT tier FROM probe WHERE attached = 1")}

	def hidden(self, *more):
		"""A command line's beginning: what follows runs where no place of the file system has types."""
		script = f'for d in {" ".join(PLACES)}; do test -d $d && mount -t tmpfs none $d; done; exec "$@"'
		return ["unshare", "-m", "sh", "-c", script, "sh", *more]

	# --- the right ones ----------------------------------------------------------------------------------

	def test_given_file(self):
		for name, data in (("types.btf", self.original()), ("types.btf.gz", gzip.compress(self.original(), 1))):
			with self.subTest(name):
				self.attempt += 1
				recording = self.run_recorder("--btf", self.file(data, name))
				self.assert_same(recording)

	def test_given_file_where_all_else_is_hidden(self):
		"""Without types of its own that libbpf finds, the kernel still takes raw tracepoints."""
		recording = self.run_recorder("--btf", self.file(self.original()), prefix=self.hidden())
		if aa.TIER in ("precise", "portable"):
			self.assert_refused(recording, aa.TIER)
			return
		self.assert_same(recording)
		self.assertLessEqual(self.tiers(recording), {"kprobe", "basic"})

	def test_hidden_types_come_from_the_kernel(self):
		"""By id, from 5.11 on; before, a clear refusal."""
		recording = self.run_recorder(prefix=self.hidden())
		if aa.kernel_before(5, 11) or aa.TIER in ("precise", "portable"):
			self.assert_refused(recording)
			return
		self.assert_same(recording)
		self.assertLessEqual(self.tiers(recording), {"kprobe", "basic"})

	def test_refuses_without_any(self):
		"""Says what was looked at, and what to do."""
		prefix = self.hidden("setpriv", "--bounding-set=-sys_admin")
		self.assert_refused(self.run_recorder(prefix=prefix), "BTF", SYSFS, "/boot", "--btf", "CAP_SYS_ADMIN")

	# --- wrong ones --------------------------------------------------------------------------------------

	def wrong(self):
		"""Types of a kernel that is not this one, in ways that a load would not notice."""
		yield "tgid", Types(self.original()).swap("task_struct", "tgid", "exit_code")
		yield "start", Types(self.original()).shift("task_struct", "start_boottime", 128)
		yield "comm", Types(self.original()).shift("task_struct", "comm", 64)
		yield "leader", Types(self.original()).shift("task_struct", "group_leader", 128)
		yield "uid", Types(self.original()).shift("cred", "uid", 64 * 8)
		yield "parent", Types(self.original()).shift("task_struct", "real_parent", 128)

	def test_wrong_file_is_noticed(self):
		"""Read through it, the recorder itself looks like somebody else."""
		for name, types in self.wrong():
			for hide in (False, True):
				with self.subTest(name, hidden=hide):
					path = self.file(bytes(types.data), f"{name}.btf")
					self.assert_refused(self.run_recorder("--btf", path, prefix=self.hidden() if hide else ()),
							    f"{name}.btf")

	def test_wrong_file_that_reads_as_nothing(self):
		"""A null pointer reads as 0 all the way, which nobody can tell from the truth; then nothing can be taken into scope."""
		path = self.file(bytes(Types(self.original()).shift("task_struct", "thread_pid", 64).data))
		self.assert_refused(self.run_recorder("--btf", path), "process.adopt|types.btf")

	def test_file_that_lacks_a_member(self):
		types = Types(self.original()).rename("task_struct", "start_boottime")
		path = self.file(bytes(types.data))
		self.assert_refused(self.run_recorder("--btf", path), "start_boottime|task_struct|types.btf")

	def test_hostile_files(self):
		data = self.original()
		cases = {
			"empty": b"",
			"one": b"\x9f",
			"text": b"this is no BTF\n" * 1000,
			"random": os.urandom(1 << 20),
			"header": data[:24],
			"truncated": data[: len(data) // 2],
			"endian": data[1::-1] + data[2:],
			"zeros": data[:2] + bytes(1 << 16),
			"lengths": data[:8] + b"\xff" * 16 + data[24:],
			"gzip": gzip.compress(os.urandom(1 << 16)),
			"torn-gzip": gzip.compress(data, 1)[: 1 << 20],
			"bomb": gzip.compress(bytes(1 << 29), 1),
			"elf": b"\x7fELF" + bytes(4096),
			"program": self.bytes_of(aa.WORKLOAD),
		}
		for name, content in cases.items():
			with self.subTest(name):
				self.assert_refused(self.run_recorder("--btf", self.file(content, name), command="exit"), f"--btf.*{name}")

	@staticmethod
	def bytes_of(path):
		with open(path, "rb") as file:
			return file.read()

	def test_what_is_no_file(self):
		os.mkfifo(self.path("fifo"))
		os.symlink(self.path("fifo"), self.path("link"))
		os.symlink("loop", self.path("loop"))
		for name in ("fifo", "link", "loop", "missing", "."):
			with self.subTest(name):
				self.assert_refused(self.run_recorder("--btf", self.path(name), command="exit"), "--btf")
		for path in ("/dev/zero", "/dev/null", "/proc/self/mem", "/proc/kmsg"):
			with self.subTest(path):
				self.assert_refused(self.run_recorder("--btf", path, command="exit"), "--btf")
