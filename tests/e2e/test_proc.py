# SPDX-License-Identifier: Apache-2.0
"""Running processes found by way of /proc, as the basic tier does it: whole trees, and clear words where /proc can't show them."""

import os
import shutil
import signal
import subprocess
import sys

import aa

BASIC = ("--tier", "basic")
# The main thread ends, another one stays: such a process has neither memory nor directories in its leader.
HEADLESS = """
import ctypes, platform, threading, time
thread = threading.Thread(target=lambda: (print("ready", flush=True), time.sleep(1000)))
thread.start()
time.sleep(0.2)
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)
"""


class Proc(aa.Case):
	def tree(self, *command):
		"""A process of which the last child has said that it is ready."""
		process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
		self.addCleanup(process.stdout.close)
		self.addCleanup(process.wait)
		self.addCleanup(aa.kill_group_quietly, process.pid)
		self.assertEqual(process.stdout.readline(), b"ready\n")
		return process

	def attach(self, pid, prefix=(), options=BASIC):
		command = [*prefix, *aa.recorder("attach", "--db", self.database, *options, str(pid))]
		process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
					   env=aa.clean_environment())
		self.addCleanup(self.stop, process)
		return process

	def attached(self, pid, execs, gaps=(), **keywords):
		"""Attaches until so many programs are stored, then ends the recording."""
		process = self.attach(pid, **keywords)

		def began():
			try:
				session = aa.Session(self.database)
			except aa.sqlite3.Error:
				return False
			try:
				return session.id and session.has("exec") and len(session.execs(source="snapshot")) >= execs
			except aa.sqlite3.Error:
				return False
			finally:
				session.close()

		aa.wait_until(lambda: began() or process.poll() is not None, 60)
		process.send_signal(signal.SIGINT)
		recording = self.finish(process)
		self.assertEqual(recording.status, 0, recording.err)
		self.assert_complete(recording.session, gaps)
		return recording.session

	def assert_attach_refused(self, process, *patterns):
		out, err = process.communicate(timeout=60)
		self.assertEqual((process.returncode, out), (1, b""), err)
		# A sanitizer has its own opinion of a missing /proc.
		text = "".join(line for line in err.decode().splitlines(True) if not line.startswith("=="))
		self.assertRegex(text, r"\Aaa-record: [^\n]*\n\Z")
		for pattern in patterns:
			self.assertRegex(text, pattern)

	def test_process_whose_leader_has_ended(self):
		"""Another thread tells what it runs."""
		script = f'"{sys.executable}" -c "$1" & wait'
		tree = self.tree("sh", "-c", script, "sh", HEADLESS)
		with open(f"/proc/{tree.pid}/task/{tree.pid}/children", encoding="ascii") as file:
			headless = int(file.read().split()[0])
		# The leader's state, once it has gone.
		self.assertTrue(aa.wait_until(lambda: not aa.alive(headless)))
		for tier in ("basic", None):
			with self.subTest(tier=tier):
				self.attempt += 1
				# /proc shows no arguments of such a process, and a gap says so.
				session = self.attached(tree.pid, 2, ["truncated"], options=("--tier", tier) if tier else ())
				rows = {row["pid"]: row for row in session.processes()}
				self.assertEqual(set(rows), {tree.pid, headless})
				self.assertEqual(rows[headless]["parent_pid"], tree.pid)
				exe = {row["exe"] for row in session.execs() if row["process_id"] == rows[headless]["id"]}
				self.assertEqual(exe, {os.path.realpath(f"/proc/{headless}/task/{self.thread_of(headless)}/exe")})
				# And itself as a root, although /proc calls it a zombie.
				self.attempt += 1
				session = self.attached(headless, 1, ["truncated"], options=("--tier", tier) if tier else ())
				self.assertEqual([(row["pid"], row["source"]) for row in session.processes()], [(headless, "root")])

	@staticmethod
	def thread_of(pid):
		return next(tid for tid in os.listdir(f"/proc/{pid}/task") if tid != str(pid))

	def test_generations(self):
		"""Grandchildren and orphans whose pids need not be in the order of the tree."""
		script = "(sh -c 'sleep 1000 & sleep 1000; true' & sh -c 'sh -c \"sleep 1000; true\"; true' & wait) & sleep 0.5; echo ready; wait"
		tree = self.tree("sh", "-c", script)
		session = self.attached(tree.pid, 7)
		commands = sorted(row["command"] for row in session.execs())
		self.assertEqual(len(session.processes()), 8)
		self.assertEqual(commands.count("sleep 1000"), 3)
		known = {row["id"] for row in session.processes()}
		self.assertTrue(all(row["parent_id"] in known for row in session.processes() if row["source"] != "root"))

	def test_proc_is_not_there(self):
		hidden = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
		self.assert_attach_refused(self.attach(os.getpid(), prefix=hidden), "/proc is not mounted")
		with self.truth_file() as fd:
			command = [*hidden, *aa.recorder("run", "--db", self.database, *BASIC), "--", self.workload, "exit", "0"]
			done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[fd],
					      env=aa.clean_environment(AA_TRUTH_FD=str(fd)), check=False, timeout=60)
		# LeakSanitizer cannot work without /proc, nor read there that it need not.
		self.assertIn(done.returncode, (125, 1) if aa.is_sanitized() else (125,), done.stderr)
		self.assertEqual(self.read_truth(), "")
		self.assertIn(b"/proc", done.stderr)

	def test_proc_of_another_pid_namespace(self):
		"""Whose numbers are others': a refusal, and never another process than the one that was meant."""
		outside = ["unshare", "-p", "-f", "--kill-child"]
		self.assert_attach_refused(self.attach(os.getppid(), prefix=outside), "pid namespace")
		inside = [*outside, "--mount-proc"]
		with self.truth_file() as fd:
			for prefix, status in ((outside, 125), (inside, 7)):
				command = [*prefix, *aa.recorder("run", "--db", self.database, *BASIC), "--", self.workload, "exit", "7"]
				done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[fd],
						      env=aa.clean_environment(AA_TRUTH_FD=str(fd)), check=False, timeout=60)
				self.assertEqual(done.returncode, status, done.stderr)
				self.assertEqual(bool(self.read_truth()), status == 7)
				if status == 125:
					self.assertIn(b"pid namespace", done.stderr)

	def test_proc_hides_others(self):
		"""With hidepid: root sees all, and who may not is told so, rather than given a part of the tree."""
		tree = self.tree("sh", "-c", "sleep 1000 & echo ready; wait")
		hiding = ["unshare", "-m", "sh", "-c", 'mount -t proc -o hidepid=2 none /proc && exec "$@"', "sh"]
		self.assertEqual(len(self.attached(tree.pid, 2, prefix=hiding).processes()), 2)
		program = self.path("aa-record")
		shutil.copy(aa.RECORD, program)
		os.chown(self.directory, aa.NOBODY, aa.NOBODY)
		user = aa.as_user(aa.NOBODY, *(name for name in aa.CAPABILITIES if name != "sys_ptrace"))
		command = [*hiding, *user, *aa.recorder("attach", "--db", self.path("aa.db"), *BASIC, str(tree.pid), program=program)]
		process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
					   env=aa.clean_environment())
		self.addCleanup(self.stop, process)
		self.assert_attach_refused(process, "hidepid", "CAP_SYS_PTRACE")
