# SPDX-License-Identifier: Apache-2.0
"""What every end-to-end test stands on: record a workload, read the database, compare with the truth.

Reads the database with Python's sqlite3 and nothing of ours. Each test has its own directory.
"""

import collections
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

RECORD = os.environ["AA_RECORD"]
QUERY = os.environ["AA_QUERY"]
WORKLOAD = os.environ["AA_WORKLOAD_PROGRAM"]
# With AA_TIER each recording is made with --tier of that name: the same tests, another way into the kernel.
TIER = os.environ.get("AA_TIER", "")
NOBODY = 65534
TIMEOUT = 280


def recorder(command, *options, program=RECORD):
	"""The beginning of a command line of aa-record."""
	return [program, command, *(["--tier", TIER] if TIER and "--tier" not in options else []), *options]


def kernel_before(*version):
	parts = os.uname().release.split(".")[:2]
	return tuple(int("".join(filter(str.isdigit, part))) for part in parts) < version


# All that recording needs, and attaching to others' processes. Before 5.11 the memory of BPF maps counts as locked memory.
CAPABILITIES = ("bpf", "perfmon", "sys_ptrace") + (("sys_resource",) if kernel_before(5, 11) else ())


def as_user(user, *capabilities):
	"""The beginning of a command line: as that user, with those capabilities and no way to get others."""
	plus = ",".join(f"+{name}" for name in capabilities)
	return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", f"--inh-caps={plus or '-all'}",
		f"--ambient-caps={plus or '-all'}", f"--bounding-set=-all{',' if plus else ''}{plus}"]


def namespace(name):
	return os.stat(f"/proc/self/ns/{name}").st_ino


def boot_ns():
	return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def clean_environment(**extra):
	"""Ours without what would reach into the recorded program."""
	names = ("AA_DB", "AA_RECORD", "AA_QUERY", "AA_WORKLOAD_PROGRAM", "AA_WORKLOAD", "AA_EXIT", "AA_TRUTH_FD",
		 "AA_TIER", "AA_TLS_PROGRAM", "AA_GO_PROGRAM", "AA_BUN")
	environment = {k: v for k, v in os.environ.items() if k not in names}
	environment.update(extra)
	return environment


def is_sanitized():
	with open(RECORD, "rb") as file:
		return b"__asan_init" in file.read()


def without_leak_check(**extra):
	"""For where LeakSanitizer cannot work: without another process."""
	options = [os.environ.get("ASAN_OPTIONS", ""), "detect_leaks=0"]
	return clean_environment(ASAN_OPTIONS=":".join(filter(None, options)), **extra)


def device(major, minor):
	return major << 20 | minor


def tty_name(number):
	"""tty_nr of proc_pid_stat(5) as the database names it."""
	if number == 0:
		return None
	major, minor = number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00
	if 136 <= major <= 143:
		return f"pts/{minor + 256 * (major - 136)}"
	return f"tty{minor}" if major == 4 and minor < 64 else f"{major}:{minor}"


class Process:
	"""One process as it described itself."""

	def __init__(self, line):
		self.pid = line["pid"]
		self.ns_pid = line.get("ns_pid")
		self.ns_pids = line.get("ns_pids", [self.pid])
		self.pid_ns = line.get("pid_ns")
		self.call = line["call"]
		self.parent = line["parent"]
		self.creator = line.get("creator", self.parent)
		self.creator_tid = line.get("creator_tid")
		self.ticks = line.get("start_ticks")
		# A child that is slow to ask may have been orphaned already; who made it is certain.
		if self.call != "clone-parent":
			self.parent = self.creator
		self.call = {"root": None, "clone-parent": "clone"}.get(self.call, self.call)
		self.execs = [{}] * line.get("execs", 0)
		self.failed = []
		self.exit = {"status": line["status"]} if "status" in line else None

	def __repr__(self):
		return f"<{self.pid} of {self.parent} by {self.call}>"


class Truth:
	"""The lines of a workload, put together by process."""

	def __init__(self, text):
		self.lines = [json.loads(line) for line in text.splitlines()]
		self.processes = []
		latest = {}
		top = namespace("pid")
		for line in self.lines:
			pid_ns = line.get("pid_ns") or top
			if line["t"] == "process":
				process = Process(line)
				self.processes.append(process)
				latest[top, process.pid] = process
				latest[pid_ns, process.ns_pid or process.pid] = process
				# And as its parent sees it, who may be in a namespace between the two.
				parent = latest.get((top, process.parent))
				if parent and parent.pid_ns:
					latest[parent.pid_ns, process.ns_pids[len(parent.ns_pids) - 1]] = process
			elif line["t"] == "exec":
				latest[top, line["pid"]].execs.append(line)
			elif line["t"] == "exec_failed":
				latest[pid_ns, line["pid"]].failed.append(line)
			elif line["t"] == "exit":
				latest[pid_ns, line["pid"]].exit = line

	def of(self, kind):
		return [line for line in self.lines if line["t"] == kind]

	@property
	def root(self):
		return self.processes[0]


class Session:
	"""One session of a database, read with plain sqlite3."""

	def __init__(self, path, number=None):
		self.path = str(path)
		self.db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30)
		self.db.row_factory = sqlite3.Row
		self.id = number or self.value("SELECT max(id) FROM session")

	def close(self):
		self.db.close()

	def rows(self, sql, *values):
		return [dict(row) for row in self.db.execute(sql.replace("s0_", f"s{self.id}_"), values)]

	def value(self, sql, *values):
		row = self.db.execute(sql.replace("s0_", f"s{getattr(self, 'id', 0)}_"), values).fetchone()
		return row[0] if row else None

	def has(self, table):
		return self.value("SELECT count(*) FROM sqlite_master WHERE name = ?", f"s{self.id}_{table}") > 0

	def table(self, name, order="id"):
		return self.rows(f"SELECT * FROM s0_{name} ORDER BY {order}") if self.has(name) else []

	@property
	def row(self):
		return self.rows("SELECT * FROM session WHERE id = ?", self.id)[0]

	def processes(self):
		return self.table("process_view")

	def execs(self, **where):
		rows = self.table("exec_view", "time_ns, id")
		return [row for row in rows if all(row[k] == v for k, v in where.items())]

	def gaps(self):
		return self.table("gap")

	def commands(self):
		return self.rows("SELECT * FROM s0_commands")


def exact(row, column):
	"""The bytes behind an escaped column."""
	if row[column] is None:
		return None
	raw = row[column + "_raw"]
	return bytes(raw) if raw is not None else row[column].encode()


def escaped(data):
	"""The escaped form of schema/text.h, for bytes that hold no unprintable characters beyond ASCII."""
	names = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
	result = ""
	for char in data.decode("utf-8", "surrogateescape"):
		code = ord(char)
		if char in names:
			result += names[char]
		elif code < 32 or code == 127:
			result += f"\\x{code:02X}"
		elif 0xDC80 <= code <= 0xDCFF:
			result += f"\\x{code - 0xDC00:02X}"
		else:
			result += char
	return result


def arguments(row):
	if row["argv"] is not None:
		data = bytes(row["argv"])
		assert data.endswith(b"\0") or row["args_stored_bytes"] < row["args_bytes"], data[-40:]
		return data[:-1].split(b"\0") if data.endswith(b"\0") else data.split(b"\0")
	return row["command"].encode().split(b" ") if row["argc"] else []


def without_deleted(path):
	return path[: -len(b" (deleted)")] if path and path.endswith(b" (deleted)") else path


class Recording:
	"""A run of aa-record that has ended."""

	def __init__(self, case, database, status, out, err, truth):
		self.case, self.database = case, database
		self.status, self.out, self.err = status, out, err
		self.truth_text = truth

	@property
	def truth(self):
		if not hasattr(self, "_truth"):
			self._truth = Truth(self.truth_text)
		return self._truth

	@property
	def session(self):
		if not hasattr(self, "_session"):
			self._session = Session(self.database)
			self.case.addCleanup(self._session.close)
		return self._session


class Case(unittest.TestCase):
	maxDiff = 4000

	def setUp(self):
		# Not /tmp: it may be mounted nosuid, and the set-user-ID tests need more.
		base = os.environ.get("AA_E2E_DIRECTORY", "/var/tmp")
		self.directory = tempfile.mkdtemp(prefix="aa-e2e-", dir=base)
		os.chmod(self.directory, 0o755)
		self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
		# The workload where other users and chroots can reach it.
		self.workload = os.path.join(self.directory, "aa-workload")
		shutil.copy(WORKLOAD, self.workload)
		os.chmod(self.workload, 0o755)

	def path(self, *names):
		return os.path.join(self.directory, *names)

	def make_directory(self, name):
		path = self.path(name)
		os.mkdir(path, 0o755)
		return path

	# Part of the directory's name: a test that records into several files sets another for each.
	attempt = 0

	@property
	def database(self):
		# A directory of its own, so that what stands beside the file can be checked.
		return self.path(f"db{self.attempt or ''}", "aa.db")

	def start(self, *arguments, options=(), command="run", database=None, **keywords):
		"""Starts aa-record; the caller waits for it."""
		full = recorder(command, "--db", database or self.database, *options)
		full += ["--", *arguments] if command == "run" else [str(a) for a in arguments]
		keywords.setdefault("stdin", subprocess.DEVNULL)
		keywords.setdefault("stdout", subprocess.PIPE)
		keywords.setdefault("stderr", subprocess.PIPE)
		keywords.setdefault("env", clean_environment())
		process = subprocess.Popen(full, **keywords)
		self.addCleanup(self.stop, process)
		return process

	@staticmethod
	def stop(process):
		for stream in (process.stdin, process.stdout, process.stderr):
			if stream:
				with contextlib.suppress(OSError):
					stream.close()
		if process.poll() is None:
			process.kill()
			process.wait()

	@contextlib.contextmanager
	def truth_file(self):
		fd = os.open(self.path("truth"), os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o666)
		try:
			yield fd
		finally:
			os.close(fd)

	def read_truth(self):
		with open(self.path("truth"), encoding="ascii") as file:
			return file.read()

	def finish(self, process, database=None, timeout=TIMEOUT):
		try:
			out, err = process.communicate(timeout=timeout)
		except subprocess.TimeoutExpired:
			process.kill()
			out, err = process.communicate()
			self.fail(f"aa-record did not end; it said: {err!r}")
		truth = self.read_truth() if os.path.exists(self.path("truth")) else ""
		return Recording(self, database or self.database, process.returncode, out or b"", err or b"", truth)

	def record(self, *arguments, options=(), database=None, env=None, **keywords):
		"""Records the workload of that name, or with a path any program, to its end."""
		first, *rest = arguments
		program = [first, *rest] if "/" in str(first) else [self.workload, first, *rest]
		with self.truth_file() as fd:
			environment = clean_environment(AA_TRUTH_FD=str(fd), **(env or {}))
			process = self.start(*program, options=options, database=database, env=environment, pass_fds=[fd],
					     **keywords)
			return self.finish(process, database)

	def query(self, *arguments, check=True, database=None, **keywords):
		keywords.setdefault("stdin", subprocess.DEVNULL)
		keywords.setdefault("env", clean_environment())
		done = subprocess.run([QUERY, "--db", database or self.database, *arguments], stdout=subprocess.PIPE,
				      stderr=subprocess.PIPE, timeout=TIMEOUT, check=False, **keywords)
		if check:
			self.assertEqual(done.returncode, 0, (arguments, done.stdout, done.stderr))
		return done

	# --- comparing -------------------------------------------------------------------------------------

	def assert_complete(self, session, gaps=()):
		"""Nothing is missing, and the session says so."""
		self.assertEqual(session.value("PRAGMA integrity_check"), "ok")
		# What one program could not do, another did.
		self.assertEqual(session.rows("SELECT capability FROM probe WHERE session_id = ? GROUP BY 1 HAVING max(attached) = 0",
					      session.id), [])
		self.assertEqual([gap for gap in session.gaps() if gap["reason"] not in gaps], [])
		row = session.row
		self.assertEqual(row["state"], "complete")
		self.assertEqual(row["sealed"], 1)
		self.assertEqual(row["lost_count"], 0)
		self.assertGreaterEqual(row["end_ns"], row["start_ns"])

	def assert_same(self, recording, gaps=(), status=0):
		"""Those processes, programs, failures and ends that the truth has, and no others."""
		session, truth = recording.session, recording.truth
		if status is not None:
			self.assertEqual(recording.status, status, recording.err)
		self.assert_complete(session, gaps)
		self.assert_same_processes(session, truth)
		rows = session.processes()
		self.assertEqual(session.row["root_pid"], truth.root.pid)
		self.assertEqual([row["pid"] for row in rows if row["source"] == "root"], [truth.root.pid])

	def assert_same_processes(self, session, truth):
		rows = collections.defaultdict(list)
		expected = collections.defaultdict(list)
		for row in sorted(session.processes(), key=lambda row: row["start_boot_ns"]):
			rows[row["pid"]].append(row)
		for process in truth.processes:
			expected[process.pid].append(process)
		counted = {pid: len(found) for pid, found in rows.items()}
		self.assertEqual(counted, {pid: len(processes) for pid, processes in expected.items()})
		by_process = collections.defaultdict(list)
		for row in session.table("exec_view", "time_ns, id"):
			by_process[row["process_id"]].append(row)
		self.assertLessEqual(set(by_process), {row["id"] for found in rows.values() for row in found})
		for pid, processes in expected.items():
			if len(processes) > 1 and any(process.ticks is None for process in processes):
				self.assert_same_set(rows[pid], processes, by_process)
				continue
			for row, process in zip(rows[pid], processes):
				self.assert_same_process(row, process)
				self.assert_same_execs(by_process[row["id"]], process)

	def assert_same_set(self, rows, processes, by_process):
		"""Processes that shared a pid and whose order the truth does not know."""
		found = [(row["parent_pid"], row["call"], row["exit_status"], len(by_process[row["id"]])) for row in rows]
		self.assertEqual(sorted(found),
				 sorted((p.parent, p.call, p.exit["status"], len(p.execs)) for p in processes))

	def assert_same_process(self, row, process):
		self.assertEqual(row["call"], process.call, process)
		self.assertEqual(row["parent_pid"], process.parent, process)
		if process.call is not None:
			self.assertEqual(row["creator_pid"], process.creator, process)
			self.assertEqual(row["creator_tid"], process.creator_tid or process.creator, process)
		if process.ns_pid is not None:
			self.assertEqual(row["ns_pid"], process.ns_pid, process)
			self.assertEqual(row["pid_ns"], process.pid_ns, process)
		if process.ticks is not None:
			self.assertEqual(row["start_boot_ns"] * os.sysconf("SC_CLK_TCK") // 10**9, process.ticks, process)
		self.assertIsNotNone(row["exit_time_ns"], process)
		self.assertLessEqual(row["time_ns"], row["exit_time_ns"], process)
		if process.exit is not None:
			status = process.exit["status"]
			self.assertEqual(row["exit_status"], status, process)
			self.assertEqual(row["exit_code"], os.WEXITSTATUS(status) if os.WIFEXITED(status) else None)
			self.assertEqual(row["exit_signal"], os.WTERMSIG(status) if os.WIFSIGNALED(status) else None)
			self.assertEqual(row["core_dumped"], int(os.WIFSIGNALED(status) and os.WCOREDUMP(status)))

	def assert_same_execs(self, rows, process):
		done = [row for row in rows if row["error"] == 0]
		failed = [row for row in rows if row["error"] != 0]
		self.assertEqual(len(done), len(process.execs), (process, rows))
		for row, line in zip(done, process.execs):
			if "argv" in line:
				self.assert_same_exec(row, line, process)
		self.assertEqual([(row["error"], exact(row, "filename"), row["tid"]) for row in failed],
				 [(line["error"], bytes.fromhex(line["filename"]) if "filename" in line else None,
				   line["tid"] if process.pid_ns in (None, namespace("pid")) else process.pid)
				  for line in process.failed], process)

	def assert_same_exec(self, row, line, process):
		def same(column, value):
			self.assertEqual(row[column], value, (column, process, row["command"][:200]))

		argv = [bytes.fromhex(argument) for argument in line["argv"]]
		size = sum(len(argument) + 1 for argument in argv)
		same("argc", len(argv))
		same("args_bytes", size)
		if row["args_stored_bytes"] == size:
			self.assertEqual(arguments(row), argv, process)
		self.assertEqual(exact(row, "filename"), bytes.fromhex(line["filename"]), process)
		self.assert_same_executable(row, line)
		same("source", "event")
		same("comm", escaped(bytes.fromhex(line["comm"])))
		if line["user_ns"] == namespace("user"):
			# Seen from inside another user namespace, ids are mapped; and an exec there loses capabilities.
			same("privileged", line["secure"])
			for column in ("uid", "euid", "gid", "egid", "cap_effective", "cap_permitted"):
				same(column, line[column])
		for column in ("pid_ns", "mnt_ns", "net_ns", "user_ns", "uts_ns", "ns_pid", "sid", "pgid"):
			same(column, line[column])
		same("tty", tty_name(line["tty_nr"]))
		groups = [group.split(":", 2) for group in bytes.fromhex(line["cgroup"]).decode().splitlines()]
		self.assertIn(row["cgroup"], [path for _, names, path in groups if names in ("", "memory", "pids")])

	def assert_same_executable(self, row, line):
		exe, cwd = bytes.fromhex(line["exe"]), bytes.fromhex(line["cwd"])
		root = bytes.fromhex(line["chroot"]) if "chroot" in line and exe.startswith(b"/bin/program") else None
		if root:
			exe, cwd = root + exe, root + cwd
		kind = "file"
		if exe.endswith(b" (deleted)"):
			kind = "memfd" if exe.startswith(b"/memfd:") else "unlinked"
		exe = without_deleted(exe)
		if kind == "memfd":
			exe = exe[1:]
		self.assertEqual(row["exe_type"], kind)
		self.assertEqual(exact(row, "exe"), exe)
		self.assertEqual(exact(row, "cwd"), without_deleted(cwd))
		self.assertEqual(exact(row, "root"), root)
		self.assertEqual(row["exe_device"], device(line["exe_major"], line["exe_minor"]))
		for column in ("exe_inode", "exe_mode", "exe_bytes"):
			self.assertEqual(row[column], line[column], column)


def wait_until(condition, seconds=30):
	"""Polls; returns what the condition gave, or None after so many seconds."""
	end = time.monotonic() + seconds
	while time.monotonic() < end:
		result = condition()
		if result:
			return result
		time.sleep(0.01)
	return None


def alive(pid):
	try:
		with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
			return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
	except OSError:
		return False


def kill_quietly(pid, number=signal.SIGKILL):
	with contextlib.suppress(ProcessLookupError):
		os.kill(pid, number)


def kill_group_quietly(group, number=signal.SIGKILL):
	with contextlib.suppress(ProcessLookupError):
		os.killpg(group, number)
