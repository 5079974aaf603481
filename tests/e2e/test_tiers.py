# SPDX-License-Identifier: Apache-2.0
"""Which programs serve: every decision is a row and true of this kernel, every tier records the same, none fails silently."""

import collections
import ctypes
import errno
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time

import aa
import bpf

TIERS = ("precise", "kprobe", "portable", "basic")
LSM_LIST = "/sys/kernel/security/lsm"
# What each capability could be served by.
CAPABILITIES = {
	"process.fork": TIERS,
	"process.exec": TIERS,
	"process.exit": TIERS,
	"process.rename": TIERS,
	"process.cred": TIERS,
	"process.setsid": TIERS,
	"process.exec_failed": ("precise", "portable", "basic"),
	"process.adopt": ("portable", "basic"),
	"process.snapshot": ("portable", "basic"),
	"file.open": ("precise", "portable", "basic"),
	"file.names": ("precise", "portable", "basic"),
	"file.attributes": ("precise", "portable", "basic"),
	"file.place": ("precise", "portable", "basic"),
	"file.transfer": ("precise", "portable", "basic"),
	"file.mmap": ("precise", "portable", "basic"),
	"file.close": ("precise", "kprobe", "basic"),
	"file.sweep": ("basic",),
	"file.uring": ("basic",),
	"tls.socket": ("precise", "portable", "basic"),
	"tls.end": ("portable", "basic"),
	"tls.sweep": ("basic",),
	"tls.mapping": ("precise", "portable", "basic"),
	"tls.calls": ("basic",),
}
FILES = {capability for capability in CAPABILITIES if capability.startswith("file.")}
# A kernel may be built without what they hang at.
OPTIONAL = {"file.uring"}
# Hooks that stand for their tier: if the kernel takes them, it takes the tier.
FUNCTION, TRACEPOINT = "commit_creds", "sched_process_exit"
PTRACE_TRACEME, PTRACE_CONT = 0, 7


def offered():
	"""Tier to 0, or the errno of what the kernel says of it."""
	answers = {"kprobe": bpf.kprobe(), "basic": bpf.raw_tp(TRACEPOINT), "precise": errno.ENOENT, "portable": errno.ENOENT}
	if os.path.exists("/sys/kernel/btf/vmlinux"):
		types = bpf.Types()
		answers["precise"] = bpf.fentry(types, FUNCTION)
		answers["portable"] = bpf.tp_btf(types, TRACEPOINT)
	return answers


class Tiers(aa.Case):
	def setUp(self):
		super().setUp()
		self.offered = offered()

	def probes(self, session):
		rows = collections.defaultdict(list)
		for row in session.rows("SELECT * FROM probe WHERE session_id = ? ORDER BY id", session.id):
			rows[row["capability"]].append(row)
		return rows

	def assert_rows(self, session, tier=None, mode="run"):
		"""One program serves each capability; each that was preferred to it has a row that says why not."""
		found = self.probes(session)
		expected = set(CAPABILITIES) - ({"process.snapshot"} if mode == "run" else set())
		self.assertEqual(set(found) | OPTIONAL, expected)
		for capability, rows in found.items():
			with self.subTest(capability=capability, tier=tier):
				self.assert_decided(capability, rows, tier)

	def assert_decided(self, capability, rows, tier):
		serving = [row for row in rows if row["attached"]]
		if capability in OPTIONAL and not serving:
			self.assertTrue(all(row["error"] and row["reason"] for row in rows), rows)
			return
		self.assertEqual(len(serving), 1, rows)
		self.assertEqual((serving[0]["error"], self.offered[serving[0]["tier"]]), (0, 0), serving)
		self.assertRegex(serving[0]["program"], r"\A[a-z0-9_]+[*]?(\+[a-z0-9_]+[*]?)*\Z")
		allowed = list(CAPABILITIES[capability])
		if tier:
			allowed = [tier] if tier in allowed else [t for t in allowed if TIERS.index(t) > TIERS.index(tier)]
		self.assertIn(serving[0]["tier"], allowed)
		said = {row["tier"] for row in rows if not row["attached"]}
		for better in allowed[: allowed.index(serving[0]["tier"])]:
			self.assertIn(better, said)
		for row in rows:
			if not row["attached"]:
				self.assertIn(row["tier"], CAPABILITIES[capability])
				self.assertRegex(row["reason"], r"\A[ -~]{8,}\Z", "words, and printable")
				# Nothing is wrong with what was passed over, and only with that.
				self.assertEqual(row["error"] == 0, row["reason"].startswith("passed over: "), row)
				if row["tier"] in allowed and self.offered[row["tier"]]:
					self.assertNotEqual(row["error"], 0, row)

	def test_every_decision_is_a_row(self):
		recording = self.record("exit", "0")
		self.assertEqual(recording.status, 0, recording.err)
		self.assert_rows(recording.session, aa.TIER or None)
		self.assert_complete(recording.session)
		# Not a gap, as long as some program serves.
		done = self.query("gaps", check=False)
		self.assertEqual((done.returncode, b"replaced" in done.stdout), (1, False), done.stdout)
		passed = recording.session.rows("SELECT program FROM probe WHERE attached = 0")
		done = self.query("--format", "json", "gaps", "--hooks", check=False)
		self.assertEqual([row["program"] for row in json.loads(done.stdout)], [row["program"] for row in passed])

	def test_without_files(self):
		"""--files none: no row of files, and no program of theirs."""
		recording = self.record("exit", "0", options=["--files", "none"])
		self.assertEqual(recording.status, 0, recording.err)
		found = self.probes(recording.session)
		self.assertEqual(set(found), set(CAPABILITIES) - FILES - {"process.snapshot"})

	def test_without_tls(self):
		"""--tls none: no row of TLS; metadata: none of libraries."""
		for mode, missing in (("none", {c for c in CAPABILITIES if c.startswith("tls.")}),
				      ("metadata", {"tls.mapping", "tls.calls"})):
			with self.subTest(mode=mode):
				recording = self.record("exit", "0", options=["--tls", mode])
				self.assertEqual(recording.status, 0, recording.err)
				found = self.probes(recording.session)
				self.assertEqual(set(found) | OPTIONAL, set(CAPABILITIES) - missing - {"process.snapshot"})

	def test_untouched_system_calls(self):
		"""Where the precise tier serves all that is offered in it, nothing hangs at the end of every system call."""
		if self.offered["precise"]:
			self.skipTest("this kernel offers no precise tier")
		recording = self.forced("precise")
		self.assertEqual(recording.status, 0, recording.err)
		found = self.probes(recording.session)
		served = {capability for capability, rows in found.items() if any(row["attached"] for row in rows)}
		self.assertEqual({capability for capability, tiers in CAPABILITIES.items() if "precise" in tiers} - served, set())
		for capability, rows in found.items():
			for row in rows:
				if row["attached"]:
					self.assertNotIn("sysexit", row["program"], capability)
					if "precise" in CAPABILITIES[capability]:
						self.assertEqual(row["tier"], "precise", row)

	def test_errors_are_the_kernels(self):
		"""A refused tier's rows carry the errno that the kernel gives for it."""
		recording = self.record("exit", "0")
		for rows in self.probes(recording.session).values():
			for row in rows:
				if row["tier"] in ("precise", "kprobe") and self.offered[row["tier"]] and not aa.TIER:
					self.assertEqual(row["error"], self.offered[row["tier"]], row)

	def test_attach_has_rows_for_the_snapshot(self):
		process, _ = self.attached()
		process.send_signal(signal.SIGINT)
		self.assertEqual(self.finish(process).status, 0)
		session = aa.Session(self.database)
		self.addCleanup(session.close)
		self.assert_rows(session, aa.TIER or None, mode="attach")

	def attached(self, *options):
		"""A recorder of a shell with a child, once it has taken both."""
		tree = subprocess.Popen(["sh", "-c", "sleep 1000; true"], stdin=subprocess.DEVNULL, start_new_session=True)
		self.addCleanup(tree.wait)
		self.addCleanup(aa.kill_group_quietly, tree.pid)
		children = f"/proc/{tree.pid}/task/{tree.pid}/children"
		self.assertTrue(aa.wait_until(lambda: pathlib.Path(children).read_text(encoding="ascii")))
		process = self.start(tree.pid, command="attach", options=options)
		self.assertTrue(aa.wait_until(lambda: self.count("SELECT count(*) FROM s1_exec WHERE source = 'snapshot'") == 2, 60))
		return process, tree

	def count(self, sql):
		try:
			session = aa.Session(self.database, 1)
		except aa.sqlite3.Error:
			return None
		try:
			return session.value(sql)
		except aa.sqlite3.Error:
			return None
		finally:
			session.close()

	# --- forced ------------------------------------------------------------------------------------------

	def forced(self, tier, *arguments, **keywords):
		# A database for each, so that rows have the same numbers.
		self.attempt += 1
		return self.record(*(arguments or ("exit", "0")), options=["--tier", tier], **keywords)

	def test_forced_tier(self):
		"""Served by that tier alone, or refused with words that name it."""
		for tier in TIERS:
			with self.subTest(tier=tier):
				recording = self.forced(tier)
				if not self.offered[tier]:
					self.assertEqual(recording.status, 0, recording.err)
					self.assert_rows(recording.session, tier)
					continue
				self.assertEqual((recording.status, recording.truth_text), (125, ""))
				text = recording.err.decode()
				self.assertRegex(text, rf"\Aaa-record: [^\n]*\b{tier}\b[^\n]*\n")
				self.assertIn(os.strerror(self.offered[tier]).lower(), text.lower())

	def test_forced_tier_of_attach(self):
		for tier in TIERS:
			with self.subTest(tier=tier):
				process = self.start(os.getppid(), command="attach", options=["--tier", tier])
				if self.offered[tier]:
					done = self.finish(process, timeout=60)
					self.assertEqual(done.status, 1, done.err)
					self.assertIn(tier, done.err.decode())
				else:
					self.assertIsNone(process.poll())
					process.terminate()
					self.finish(process)

	def test_nonsense_is_a_usage_error(self):
		for tier in ("best", "Precise", "portable,basic", "any"):
			with self.subTest(tier=tier):
				recording = self.forced(tier)
				self.assertEqual((recording.status, recording.truth_text), (125, ""))
				self.assertRegex(recording.err.decode(), r"\Aaa-record: .*--tier")
				done = self.finish(self.start("1", command="attach", options=["--tier", tier]))
				self.assertEqual(done.status, 2, done.err)

	def everything(self, session, recording):
		"""All that a session says, without what differs from run to run."""
		numbers = {row["pid"]: f"process {i}" for i, row in enumerate(sorted(session.processes(), key=lambda r: r["time_ns"]))}
		volatile = ("_ns", "_raw", "_bytes", "time", "id")
		volatile += ("user_time_ns", "args_stored_bytes", "boot_id")

		def plain(row):
			result = {}
			for key, value in row.items():
				if key.endswith(volatile) and key not in ("uid", "euid", "suid", "fsuid", "gid", "egid", "parent_pid"):
					continue
				if key.endswith(("pid", "tid", "sid", "pgid")):
					value = numbers.get(value, "other" if value else value)
				if isinstance(value, str):
					value = value.replace(os.path.dirname(recording.database), "").replace(str(recording.truth.root.pid), "ROOT")
				result[key] = value
			return result

		tables = {}
		for name in ("process_view", "exec_view", "cred", "comm", "setsid", "reparent", "gap"):
			key = "time_ns, id" if name != "process_view" else "time_ns"
			tables[name] = [plain(row) for row in session.table(name, key)]
		return tables

	def test_tiers_record_the_same(self):
		"""The same workload, by each tier that this kernel offers: the same rows."""
		directory = self.make_directory("w")
		for workload in (("forks",), ("exit", "3"), ("signal", "9"), ("renames",), ("credentials",), ("fail", directory), ("daemon",),
				 ("arguments-empty",), ("subreaper",), ("spawns", "3"), ("scripts", directory)):
			first = None
			for tier in TIERS:
				if self.offered[tier]:
					continue
				with self.subTest(workload=workload, tier=tier):
					shutil.rmtree(directory)
					os.mkdir(directory)
					recording = self.forced(tier, *workload)
					self.assertLess(recording.status, 125, recording.err)
					self.assert_complete(recording.session)
					rows = self.everything(recording.session, recording)
					first = first or rows
					for name, expected in first.items():
						self.assertEqual(rows[name], expected, name)

	def test_tiers_record_the_same_of_files(self):
		directory = self.make_directory("w")
		script = (f"cd {directory} && echo one > a && cat a && mkdir d && mv a d/b && ln d/b c && ln -s c l && echo two >> l && "
			  "chmod 600 c && touch -d 2020-01-01 c && mkfifo p && rm p l d/b c && rmdir d; rm missing; cd /missing; cat d/b")
		first = None
		for tier in TIERS:
			if self.offered[tier]:
				continue
			with self.subTest(tier=tier):
				self.attempt += 1
				command = ["run", "--quiet", "--tier", tier, "--db", self.database]
				done = subprocess.run([*aa.recorder(*command), "--", "sh", "-c", script], stdin=subprocess.DEVNULL,
						      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=aa.TIMEOUT,
						      env=aa.clean_environment())
				self.assertEqual(done.returncode, 1, done.stderr)
				session = aa.Session(self.database)
				self.addCleanup(session.close)
				self.assert_complete(session)
				rows = collections.Counter()
				for row in session.table("file_view"):
					# Who closed is not known where a file's memory is freed by somebody else.
					marks = [mark for mark in (row["marks"] or "").split(",") if mark and mark != "by-last-user"]
					path = re.sub(r"^pipe:.*", "pipe", row["path"] or "")
					rows[(row["kind"], row["error"], path, row["path2"], row["target"], row["read_bytes"],
					      row["write_bytes"], row["write_calls"], row["flags"], row["mode"], *marks)] += 1
				kinds = {row[0] for row in rows}
				self.assertLessEqual({"open", "close", "mkdir", "rename", "link", "symlink", "unlink", "rmdir", "chmod",
						      "utimes", "mknod", "chdir"}, kinds)
				first = first or rows
				self.assertEqual((rows - first, first - rows), (collections.Counter(), collections.Counter()))

	def test_snapshot_waits_for_room(self):
		"""Through /proc a tree of any size goes through a ring of any size."""
		tree = subprocess.Popen(["sh", "-c", "for i in $(seq 600); do sleep 1000 & done; echo ready; wait"], stdin=subprocess.DEVNULL,
					stdout=subprocess.PIPE, start_new_session=True)
		self.addCleanup(tree.stdout.close)
		self.addCleanup(tree.wait)
		self.addCleanup(aa.kill_group_quietly, tree.pid)
		self.assertEqual(tree.stdout.readline(), b"ready\n")
		process = self.start(tree.pid, command="attach", options=["--tier", "basic", "--ring-size", "64K"])
		self.assertTrue(aa.wait_until(lambda: self.count("SELECT count(*) FROM s1_exec") == 601, 60))
		process.send_signal(signal.SIGINT)
		recording = self.finish(process)
		self.assertEqual(recording.status, 0, recording.err)
		self.assert_complete(recording.session)
		self.assertEqual(len(recording.session.processes()), 601)

	# --- the self-test -----------------------------------------------------------------------------------

	def own_program(self):
		"""A copy of aa-record, so that its processes are told from all others."""
		program = self.path("aa-record-under-test")
		shutil.copy(aa.RECORD, program)
		return program

	def processes_of(self, program):
		found = []
		for name in filter(str.isdigit, os.listdir("/proc")):
			try:
				if os.readlink(f"/proc/{name}/exe").startswith(program) and aa.alive(int(name)):
					found.append(int(name))
			except OSError:
				continue
		return found

	def begin(self, program, *arguments, **keywords):
		command = [*aa.recorder("run", "--quiet", "--db", self.database, program=program), "--", *arguments]
		keywords.setdefault("stdin", subprocess.DEVNULL)
		process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=aa.clean_environment(), **keywords)
		self.addCleanup(self.stop, process)
		return process

	def test_self_test_leaves_nothing(self):
		"""While the command runs, only the witness and the guard stand beside it: no process, zombie, record or gap of the test."""
		program = self.own_program()
		process = self.begin(program, "cat", stdin=subprocess.PIPE)
		self.assertTrue(aa.wait_until(lambda: self.count("SELECT count(*) FROM s1_exec") == 1, 60))
		with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
			children = [int(pid) for pid in file.read().split()]
		names = []
		for pid in children:
			with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
				names.append(file.read().strip())
		self.assertEqual(sorted(names), ["aa-guard", "aa-witness", "cat"])
		process.stdin.close()
		self.assertEqual(process.wait(timeout=60), 0)
		# But for aa-detach, which waits for the kernel to let go of the programs.
		self.assertTrue(aa.wait_until(lambda: not self.processes_of(program), 60), "it is still there")
		session = aa.Session(self.database)
		self.addCleanup(session.close)
		self.assert_complete(session)
		self.assertEqual(session.gaps(), [])
		self.assertEqual([row["comm"] for row in session.processes()], ["cat"])
		self.assertEqual(session.value("SELECT count(*) FROM session"), 1)

	def test_recorder_killed_while_it_starts(self):
		"""At any moment, the middle of the self-test among them: nobody stays behind."""
		program = self.own_program()
		began = time.monotonic()
		self.assertEqual(self.begin(program, "true").wait(timeout=60), 0)
		whole = time.monotonic() - began
		seed = int(os.environ.get("AA_SEED", random.randrange(1 << 32)))
		print("AA_SEED", seed)
		dice = random.Random(seed)
		for _ in range(25):
			process = self.begin(program, "true")
			time.sleep(dice.random() * whole)
			process.kill()
			process.wait()
			self.assertIsNotNone(aa.wait_until(lambda: not self.processes_of(program), 20), "it is still there")
		self.assert_same(self.record("exit", "0"))

	def test_self_test_under_other_dispositions(self):
		"""The caller's dispositions, mask, and children of its own do not disturb it."""
		def ignore():
			for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
				signal.signal(number, signal.SIG_IGN)

		def block():
			signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())

		def nice():
			os.nice(19)

		def have_children():
			if os.fork() == 0:
				os.close(1)
				os.close(2)
				time.sleep(1)
				os._exit(0)
			if os.fork() == 0:
				os._exit(0)

		for before in (ignore, block, nice, have_children):
			with self.subTest(before=before.__name__):
				self.attempt += 1
				process = self.begin(aa.RECORD, "true", preexec_fn=before)
				out, err = process.communicate(timeout=60)
				self.assertEqual((process.returncode, out, err), (0, b"", b""))
				session = aa.Session(self.database)
				self.addCleanup(session.close)
				self.assert_complete(session)

	def test_self_test_in_a_traced_recorder(self):
		"""Under ptrace each signal is first the tracer's, that of an ended child too."""
		libc = ctypes.CDLL(None, use_errno=True)
		process = self.begin(aa.RECORD, "true", preexec_fn=lambda: libc.ptrace(PTRACE_TRACEME, 0, 0, 0))
		deadline = time.monotonic() + 60
		while True:
			self.assertLess(time.monotonic(), deadline)
			pid, status = os.waitpid(process.pid, 0)
			if not os.WIFSTOPPED(status):
				break
			number = os.WSTOPSIG(status)
			libc.ptrace(PTRACE_CONT, pid, 0, 0 if number == signal.SIGTRAP else number)
		process.returncode = os.waitstatus_to_exitcode(status)
		self.assertEqual(process.returncode, 0, process.stderr.read())

	def test_without_tracefs(self):
		"""Nothing here needs it."""
		script = ("for d in /sys/kernel/tracing /sys/kernel/debug; do ! grep -q \" $d \" /proc/self/mounts || mount -t tmpfs none $d; done; "
			  "test ! -e /sys/kernel/tracing/events && test ! -e /sys/kernel/debug/tracing/events && exec \"$@\"")
		with self.truth_file() as fd:
			command = ["unshare", "-m", "sh", "-c", script, "sh", *aa.recorder("run", "--db", self.database), "--", self.workload, "forks"]
			done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[fd],
					      env=aa.clean_environment(AA_TRUTH_FD=str(fd)), check=False, timeout=60)
		recording = aa.Recording(self, self.database, done.returncode, done.stdout, done.stderr, self.read_truth())
		self.assert_same(recording)
		self.assert_rows(recording.session, aa.TIER or None)

	def test_the_lsm_is_believed_only_if_it_fires(self):
		"""Where bpf is not among the active LSMs, its programs attach and stay silent: then another one serves."""
		recording = self.record("exit", "0")
		self.assertEqual(recording.status, 0, recording.err)
		try:
			with open(LSM_LIST, encoding="ascii") as file:
				active = "bpf" in file.read().strip().split(",")
		except OSError:
			active = None  # not mounted: the self-test alone decides
		for row in self.probes(recording.session)["process.exec"]:
			if "lsm" in row["program"] and active is False:
				self.assertEqual(row["attached"], 0, row)
