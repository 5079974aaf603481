# SPDX-License-Identifier: Apache-2.0
"""Kills, full disks and everything that aa-record has to refuse."""

import os
import random
import shutil
import sqlite3
import subprocess
import time

import aa


def mount(*arguments):
	return subprocess.run(["mount", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


class Robust(aa.Case):
	def marked(self, marker):
		"""Processes whose environment holds the marker."""
		found = []
		for name in os.listdir("/proc"):
			try:
				with open(f"/proc/{name}/environ", "rb") as file:
					if marker.encode() in file.read() and aa.alive(int(name)):
						found.append(int(name))
			except (OSError, ValueError):
				continue
		return found

	def start_storm(self, fd, *arguments, marker="", **keywords):
		environment = aa.clean_environment(AA_TRUTH_FD=str(fd), AA_MARKER=marker)
		return self.start(self.workload, "storm", *arguments, env=environment, pass_fds=[fd], **keywords)

	# --- kill -9 -----------------------------------------------------------------------------------------

	def test_kill_at_any_time(self):
		"""Twenty-five kills under load: the workload goes on, the database is whole and has only what happened."""
		seed = int(os.environ.get("AA_SEED", random.randrange(1 << 32)))
		print("AA_SEED", seed)
		dice = random.Random(seed)
		truths = []
		for _ in range(25):
			with self.truth_file() as fd:
				process = self.start_storm(fd, "1200", "2", marker=self.directory)
				if dice.random() < 0.8:
					aa.wait_until(lambda: self.read_truth() or process.poll() is not None)
				time.sleep(dice.random() * 0.5)
				process.kill()
				process.wait()
				self.assertIsNotNone(aa.wait_until(lambda: not self.marked(self.directory), 60), "it is still there")
				text = self.read_truth()
			if text:
				# It ran, so it ran to its end.
				self.assertIn('"t":"done"', text)
				truths.append(aa.Truth(text))
		self.assertGreater(len(truths), 5)
		if os.path.exists(self.database):
			self.check_killed(truths)
		recording = self.record("storm", "500", "2")
		self.assert_same(recording)
		rows = recording.session.rows("SELECT * FROM session ORDER BY id")
		for row in rows[:-1]:
			self.assertIn(row["state"], ("interrupted", "complete"))
		self.assertEqual(rows[-1]["state"], "complete")
		self.query("sessions")

	def check_killed(self, truths):
		session = aa.Session(self.database)
		self.addCleanup(session.close)
		self.assertEqual(session.value("PRAGMA integrity_check"), "ok")
		by_root = {truth.root.pid: truth for truth in truths}
		for row in session.rows("SELECT * FROM session"):
			session.id = row["id"]
			if not session.has("process"):
				continue
			rows = session.processes()
			self.assertIn(row["root_pid"], [None, *by_root])
			truth = by_root.get(row["root_pid"])
			known = {}
			for process in truth.processes if truth else []:
				known.setdefault(process.pid, []).append((process.parent, process.call))
			ids = {found["id"] for found in rows}
			for found in rows:
				if found["source"] != "root":
					self.assertIn((found["parent_pid"], found["call"]), known[found["pid"]])
					self.assertIn(found["parent_id"], ids)
			self.assertEqual(len({(found["pid"], found["start_boot_ns"]) for found in rows}), len(rows))
			self.assertLessEqual({found["process_id"] for found in session.execs()}, ids)
			self.assertEqual(session.gaps(), [])
			for command in ("tree", "timeline", "process"):
				done = self.query("--session", str(row["id"]), command, check=False)
				self.assertIn(done.returncode, (0, 1), (command, done.stderr))

	def test_kill_between_fork_and_go(self):
		"""A recorder that dies before its child was let go: the command does not run, and nobody stays behind."""
		began = time.monotonic()
		recording = self.record("storm", "1", "1")
		self.assertEqual(recording.status, 0, recording.err)
		whole = time.monotonic() - began
		outcomes = set()
		for attempt in range(40):
			with self.truth_file() as fd:
				process = self.start_storm(fd, "1", "1", marker=self.directory, options=["--quiet"])
				time.sleep(whole * attempt / 40)
				process.kill()
				process.wait()
				self.assertIsNotNone(aa.wait_until(lambda: not self.marked(self.directory), 30), "it is still there")
				text = self.read_truth()
			outcomes.add(bool(text))
			if text:
				self.assertIn('"t":"done"', text)
		self.assertIn(False, outcomes)
		session = aa.Session(self.database)
		self.assertEqual(session.value("PRAGMA integrity_check"), "ok")
		session.close()

	# --- disk full ---------------------------------------------------------------------------------------

	def small_disk(self, size):
		where = self.make_directory("disk")
		done = mount("-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", where)
		if done.returncode != 0:
			self.skipTest(f"cannot mount a tmpfs: {done.stdout!r}")
		self.addCleanup(subprocess.run, ["umount", "-l", where], check=False)
		return where

	def fill(self, where):
		with open(f"{where}/ballast", "ab", buffering=0) as file:
			size = 1 << 20
			while size:
				try:
					file.write(b"x" * size)
				except OSError:
					size //= 2

	def test_disk_full_from_the_start(self):
		where = self.small_disk("1M")
		self.fill(where)
		recording = self.record("forks", database=f"{where}/aa.db")
		self.assertEqual(recording.status, 125)
		self.assertRegex(recording.err.decode(), r"^aa-record: .*(disk|space)")
		self.assertEqual(recording.truth_text, "")

	def test_disk_full_while_recording(self):
		"""The command is not disturbed, the failure is said, and the database is whole."""
		where = self.small_disk("2M")
		database = f"{where}/aa.db"
		with self.truth_file() as fd:
			process = self.start_storm(fd, "4000", "2", "hold", database=database, stdin=subprocess.PIPE)
			self.assertTrue(aa.wait_until(lambda: "ready" in self.read_truth()))
			self.fill(where)
			recording = self.finish_storm(process, database)
		self.assertEqual(recording.status, 0)
		self.assertRegex(recording.err.decode(), r"aa-record: .*(disk|space|full)")
		self.assertIn('"t":"done"', recording.truth_text)
		os.unlink(f"{where}/ballast")
		self.assertEqual(recording.session.value("PRAGMA integrity_check"), "ok")
		self.query("sessions", database=database)

	def finish_storm(self, process, database):
		process.stdin.write(b"x")
		process.stdin.flush()
		self.assertTrue(aa.wait_until(lambda: "done" in self.read_truth(), 120))
		return self.finish(process, database)

	def test_disk_full_for_a_while_loses_nothing(self):
		"""What could not be stored stays in the ring until it can."""
		where = self.small_disk("24M")
		database = f"{where}/aa.db"
		with self.truth_file() as fd:
			process = self.start_storm(fd, "3000", "2", "hold", database=database, stdin=subprocess.PIPE)
			self.assertTrue(aa.wait_until(lambda: "ready" in self.read_truth()))
			self.fill(where)
			process.stdin.write(b"x")
			process.stdin.flush()
			self.assertTrue(aa.wait_until(lambda: "done" in self.read_truth(), 120))
			os.unlink(f"{where}/ballast")
			recording = self.finish(process, database)
		self.assert_same(recording)

	# --- a database that goes away -----------------------------------------------------------------------

	def lose_the_database(self, lose):
		"""What it says when the database goes away between two commits; the command is not disturbed."""
		with self.truth_file() as fd:
			process = self.start_storm(fd, "50", "1", "hold", stdin=subprocess.PIPE)
			self.assertTrue(aa.wait_until(lambda: "ready" in self.read_truth()))
			lose()
			recording = self.finish_storm(process, self.database)
		self.assertEqual(recording.status, 0)
		text = recording.err.decode()
		self.assertRegex(text, "moved, deleted or replaced")
		self.assertNotIn("nothing lost", text)
		self.assertIn("LOST", text)
		self.assertNotIn("aa-query", text)
		return text

	def test_database_is_deleted(self):
		self.lose_the_database(lambda: shutil.rmtree(os.path.dirname(self.database)))

	def test_database_is_replaced(self):
		"""The other one is neither taken for ours, nor are the files beside it."""
		self.assertEqual(self.record("exit", "0", options=["--session", "the other"]).status, 0)
		other = self.path("other.db")
		os.rename(self.database, other)
		wal = self.database + "-wal"

		def replace():
			os.rename(other, self.database)
			os.unlink(wal)
			with open(wal, "wb") as file:
				file.write(b"the other's")

		self.assertNotIn("the other", self.lose_the_database(replace))
		with open(wal, "rb") as file:
			self.assertEqual(file.read(), b"the other's")

	# --- refusals ----------------------------------------------------------------------------------------

	def assert_refused(self, pattern, *options, status=125, prefix=(), database=None, program=aa.RECORD, **keywords):
		with self.truth_file() as fd:
			command = [*prefix, *aa.recorder("run", "--db", database or self.database, *options, program=program), "--",
				   self.workload, "exit", "0"]
			done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
					      env=aa.clean_environment(AA_TRUTH_FD=str(fd)), pass_fds=[fd], check=False, timeout=60,
					      **keywords)
			self.assertEqual(self.read_truth(), "", "the command ran")
		text = done.stderr.decode()
		self.assertEqual(done.returncode, status, text)
		self.assertRegex(text, r"\Aaa-record: ")
		self.assertRegex(text.lower(), pattern)
		self.assertNotIn("Sanitizer", text)

	def existing(self, content):
		path = self.path("existing.db")
		with open(path, "wb") as file:
			file.write(content)
		return path

	def unchanged(self, path, *arguments):
		with open(path, "rb") as file:
			before = file.read()
		self.assert_refused(*arguments, database=path)
		with open(path, "rb") as file:
			self.assertEqual(file.read(), before)
		self.assertEqual([name for name in os.listdir(self.directory) if name.startswith("existing.db-")], [])

	def test_refuses_what_is_not_a_database(self):
		self.unchanged(self.existing(b"This is the only copy of my thesis.\n" * 100), "not a.*database")
		self.unchanged(self.existing(b"x"), "not a.*database")

	def sqlite_file(self, *statements):
		path = self.path("existing.db")
		db = sqlite3.connect(path)
		for statement in statements:
			db.execute(statement)
		db.commit()
		db.close()
		return path

	def test_refuses_another_application(self):
		self.unchanged(self.sqlite_file("CREATE TABLE t (x)", "PRAGMA application_id = 252006674"), "another application|not.*aa-record")

	def test_refuses_a_database_without_application_id(self):
		self.unchanged(self.sqlite_file("CREATE TABLE t (x)"), "another application|not.*aa-record")

	def test_refuses_a_newer_version(self):
		self.assertEqual(self.record("exit", "0").status, 0)
		db = sqlite3.connect(self.database)
		db.execute("PRAGMA user_version = 999")
		db.close()
		self.assert_refused("newer|version 999")
		self.assertEqual(self.query("sessions", check=False).returncode, 3)

	def test_refuses_a_directory_a_fifo_and_a_device(self):
		self.assert_refused("directory|not a", database=self.make_directory("directory.db"))
		os.mkfifo(self.path("fifo.db"))
		self.assert_refused("regular|not a", database=self.path("fifo.db"))
		self.assert_refused("regular|not a", database="/dev/null")

	def test_refuses_a_link_to_nowhere_and_a_long_name(self):
		os.symlink(self.path("\x1b[31mnowhere"), self.path("link.db"))
		self.assert_refused(r"symbolic link to .*\\x1b\[31mnowhere, which does not exist", database=self.path("link.db"))
		self.assertFalse(os.path.exists(self.path("\x1b[31mnowhere")))
		self.assert_refused("file name of the database is too long.* 247 bytes", database=self.path("x" * 248))
		self.assertEqual(self.record("exit", "0", database=self.path("x" * 247)).status, 0)

	def test_refuses_a_read_only_disk(self):
		where = self.small_disk("4M")
		if mount("-o", "remount,ro", where).returncode != 0:
			self.skipTest("cannot remount")
		self.assert_refused("read-only", database=f"{where}/aa.db")

	def test_refuses_a_symlink_where_others_write(self):
		directory = self.make_directory("public")
		os.chmod(directory, 0o1777)
		victim = self.path("victim")
		os.symlink(victim, f"{directory}/aa.db")
		self.assert_refused("symbolic link|symlink", database=f"{directory}/aa.db")
		self.assertFalse(os.path.exists(victim))

	def test_refuses_without_privileges(self):
		directory = self.make_directory("mine")
		os.chown(directory, aa.NOBODY, aa.NOBODY)
		program = self.path("aa-record")
		shutil.copy(aa.RECORD, program)
		self.assert_refused("root|cap_", database=f"{directory}/aa.db", cwd=directory, program=program,
				    user=aa.NOBODY, group=aa.NOBODY, extra_groups=[])

	def test_refuses_nonsense(self):
		for options in (["--ring-size", "100K"], ["--ring-size", "64X"], ["--max-processes", "0"], ["--no-such-option"],
				["--env", "A=B"], ["--user", "no-such-user-here"]):
			with self.subTest(options=options):
				self.assert_refused(".", *options)

	def attach_refused(self, pid, pattern):
		done = self.finish(self.start(pid, command="attach"), timeout=60)
		self.assertEqual(done.status, 1, done.err)
		self.assertRegex(done.err.decode(), r"\Aaa-record: ")
		self.assertRegex(done.err.decode().lower(), pattern)

	def kernel_thread(self):
		for name in filter(str.isdigit, os.listdir("/proc")):
			with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
				if int(file.read().rsplit(")", 1)[1].split()[6]) & 0x200000:  # PF_KTHREAD
					return int(name)
		return self.skipTest("no kernel thread is visible from here")

	def test_attach_refuses(self):
		zombie = subprocess.Popen([self.workload, "exit", "0"], env=aa.clean_environment())
		self.assertTrue(aa.wait_until(lambda: not aa.alive(zombie.pid)))
		self.attach_refused(zombie.pid, "zombie|no such process|ended")
		zombie.wait()
		self.attach_refused(zombie.pid, "no such process|does not exist")
		self.attach_refused(self.kernel_thread(), "kernel thread")
		done = self.finish(self.start("nonsense", command="attach"), timeout=60)
		self.assertEqual(done.status, 2)

	def test_files_are_private(self):
		self.assertEqual(self.record("exit", "0").status, 0)
		self.assertEqual(os.stat(self.database).st_mode & 0o7777, 0o600)
		self.assertEqual(os.stat(os.path.dirname(self.database)).st_mode & 0o7777, 0o700)
		self.assertEqual(os.listdir(os.path.dirname(self.database)), ["aa.db"])
