# SPDX-License-Identifier: Apache-2.0
"""Many processes at once: all of them, or an exact number of those that are missing."""

import collections
import json
import os
import signal
import subprocess
import time

import aa


class Storm(aa.Case):
	def test_20000_processes(self):
		recording = self.record("storm", "20000", "4")
		self.assert_same(recording)
		self.assertEqual(len(recording.session.processes()), 20000 + 5)
		self.assertEqual(recording.session.gaps(), [])

	def test_two_recorders_into_one_database(self):
		directories = [self.make_directory("one"), self.make_directory("two")]
		started = []
		for directory in directories:
			fd = os.open(f"{directory}/truth", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
			started.append(self.start(self.workload, "storm", "3000", "2", options=["--session", directory],
						  env=aa.clean_environment(AA_TRUTH_FD=str(fd)), pass_fds=[fd]))
			os.close(fd)
		for process, directory in zip(started, directories):
			done = self.finish(process)
			self.assertEqual(done.status, 0, done.err)
		session = aa.Session(self.database)
		self.addCleanup(session.close)
		self.assertEqual(session.value("SELECT count(*) FROM session"), 2)
		for process, directory in zip(started, directories):
			with open(f"{directory}/truth", encoding="ascii") as file:
				truth = aa.Truth(file.read())
			session.id = session.value("SELECT id FROM session WHERE name = ?", directory)
			self.assert_complete(session)
			self.assert_same_processes(session, truth)

	def test_tiny_ring_and_a_recorder_that_sleeps(self):
		"""Present and missing add up to the truth, for every kind."""
		with self.truth_file() as fd:
			process = self.start(self.workload, "storm", "6000", "2", "hold", options=["--ring-size", "64K"],
					     env=aa.clean_environment(AA_TRUTH_FD=str(fd)), pass_fds=[fd],
					     stdin=subprocess.PIPE)
			self.assertTrue(aa.wait_until(lambda: "ready" in self.read_truth()))
			os.kill(process.pid, signal.SIGSTOP)
			process.stdin.write(b"x")
			process.stdin.flush()
			self.assertTrue(aa.wait_until(lambda: "done" in self.read_truth(), 120))
			os.kill(process.pid, signal.SIGCONT)
			recording = self.finish(process)
		self.assertEqual(recording.status, 0)
		session, truth = recording.session, recording.truth
		self.assertEqual(session.row["state"], "complete")
		lost = collections.Counter()
		for gap in session.gaps():
			if gap["reason"] == "ring-full":
				lost[gap["kind"]] += gap["count"]
				self.assertLessEqual(gap["time_ns"], gap["end_ns"])
				self.assertEqual(gap["lane"], "lifecycle")
		self.assertEqual({gap["reason"] for gap in session.gaps()} - {"ring-full", "incomplete"}, set())
		rows = session.processes()
		self.assertEqual(sum(row["source"] in ("fork", "root") for row in rows) + lost["fork"], len(truth.processes))
		self.assertEqual(sum(row["exit_time_ns"] is not None for row in rows) + lost["exit"], len(truth.processes))
		self.assertEqual(len(session.execs(error=0)) + lost["exec"], sum(len(p.execs) for p in truth.processes))
		self.assertGreater(min(lost["fork"], lost["exec"], lost["exit"]), 0, "nothing was lost: the test is too weak")
		self.assertGreaterEqual(session.row["lost_count"], lost["fork"] + lost["exec"] + lost["exit"])
		self.assertRegex(recording.err.decode(), r"(?i)lost \d+ events")
		for command in ("tree", "timeline", "gaps"):
			last = self.query(command).stdout.decode().strip().splitlines()[-1]
			self.assertRegex(last, r"(?i)incomplete|lost", command)

	def test_more_processes_than_asked_for(self):
		recording = self.record("chain", "300", options=["--max-processes", "64"])
		self.assertEqual(recording.status, 0)
		session, truth = recording.session, recording.truth
		gaps = [gap for gap in session.gaps() if gap["reason"] == "scope-full"]
		present = {row["pid"] for row in session.processes()}
		# The children of known processes that are missing; what is below them nobody could see.
		missing = [p for p in truth.processes if p.pid not in present and p.parent in present]
		self.assertEqual(sum(gap["count"] for gap in gaps), len(missing))
		self.assertGreater(len(missing), 0)
		self.assertEqual(session.row["state"], "complete")
		self.assertGreater(session.row["lost_count"], 0)

	def attach(self, *pids, **keywords):
		# A forest goes on for as long as it takes, and on a busy machine takes the processor from the recorder.
		return self.start(*pids, command="attach", options=["--ring-size", "256M"], **keywords)

	def start_workload(self, fd, *arguments):
		process = subprocess.Popen([self.workload, *arguments], env=aa.clean_environment(AA_TRUTH_FD=str(fd)),
					   pass_fds=[fd], stdin=subprocess.PIPE)
		self.addCleanup(self.stop, process)
		self.assertTrue(aa.wait_until(lambda: any(json.loads(line) == {"t": "ready", "pid": process.pid}
							  for line in self.read_truth().splitlines())))
		return process

	def test_attach_to_a_tree_that_forks(self):
		"""All processes that were there or came, each once, and none of those that had gone."""
		for self.attempt in range(3):
			with self.subTest(self.attempt):
				self.attach_to_forest()

	def attach_to_forest(self):
		with self.truth_file() as fd:
			workload = self.start_workload(fd, "forest")
			process = self.attach(workload.pid)
			self.assertTrue(aa.wait_until(self.recording_began, 60))
			time.sleep(1)
			workload.stdin.close()
			self.assertEqual(workload.wait(timeout=60), 0)
			recording = self.finish(process)
		self.assertEqual(recording.status, 0, recording.err)
		session = aa.Session(self.database)
		self.addCleanup(session.close)
		# The arguments of a process that ends before user space can look are gone, and said to be.
		self.assert_complete(session, gaps=["truncated"])
		offset = session.row["boot_offset_ns"]
		rows = session.processes()
		self.assertEqual([row["pid"] for row in rows if row["source"] == "root"], [workload.pid])
		self.assertEqual({row["source"] for row in rows}, {"root", "snapshot", "fork"})
		self.assertEqual(len({(row["pid"], row["start_boot_ns"]) for row in rows}), len(rows))
		began = min(row["time_ns"] for row in rows) - offset
		ready = max(row["time_ns"] for row in rows if row["source"] == "snapshot") - offset
		by_pid = collections.defaultdict(list)
		for row in rows:
			self.assertIsNotNone(row["exit_time_ns"])
			by_pid[row["pid"]].append(row)
		missing, unexpected = [], len(rows) - 1
		for slot in recording.truth.of("slot"):
			# The latest identity with that pid that had begun before the process looked at the clock.
			found = [row for row in by_pid[slot["pid"]]
				 if row["start_boot_ns"] <= slot["begin"] <= row["exit_time_ns"] - offset]
			self.assertLessEqual(len(found), 1)
			unexpected -= len(found)
			if slot["end"] > ready and not found:
				missing.append(slot)
			if found:
				self.assertGreater(found[0]["exit_time_ns"] - offset, began)
		self.assertEqual(missing, [])
		self.assertEqual(unexpected, 0)
		known = {row["id"] for row in rows}
		for row in rows:
			if row["source"] != "root":
				self.assertIn(row["parent_id"], known)
		self.assert_snapshot_execs(session, rows)

	def assert_snapshot_execs(self, session, rows):
		execs = session.execs()
		self.assertEqual({row["source"] for row in execs}, {"snapshot"})
		number = next(row["id"] for row in rows if row["source"] == "root")
		root = next(row for row in execs if row["process_id"] == number)
		self.assertIsNone(root["marks"])
		self.assertEqual((root["exe"], aa.arguments(root)),
				 (self.workload, [self.workload.encode(), b"forest"]))

	def test_attach_to_several(self):
		with self.truth_file() as fd:
			workloads = [self.start_workload(fd, "forest") for _ in range(2)]
			process = self.attach(*[w.pid for w in workloads])
			self.assertTrue(aa.wait_until(self.recording_began, 60))
			for workload in workloads:
				workload.stdin.close()
			recording = self.finish(process)
		self.assertEqual(recording.status, 0, recording.err)
		self.assert_complete(recording.session, gaps=["truncated"])
		roots = [row["pid"] for row in recording.session.processes() if row["source"] == "root"]
		self.assertEqual(sorted(roots), sorted(w.pid for w in workloads))

	def test_attach_never_records_the_recorder(self):
		"""The recorder is a descendant of the process that it attaches to."""
		process = self.attach(os.getpid(), stderr=subprocess.PIPE)
		self.assertTrue(aa.wait_until(self.recording_began, 60))
		with self.truth_file() as fd:
			done = subprocess.run([self.workload, "forks"], env=aa.clean_environment(AA_TRUTH_FD=str(fd)), pass_fds=[fd],
					      check=False, stdin=subprocess.DEVNULL)
		self.assertEqual(done.returncode, 0)
		process.send_signal(signal.SIGINT)
		recording = self.finish(process)
		self.assertEqual(recording.status, 0, recording.err)
		session = recording.session
		self.assert_complete(session)
		rows = session.processes()
		self.assertEqual(rows[0]["pid"], os.getpid())
		self.assertNotIn(process.pid, {row["pid"] for row in rows})
		truth = {p.pid for p in recording.truth.processes}
		self.assertEqual({row["pid"] for row in rows[1:]}, truth)

	def recording_began(self):
		"""True once the snapshot of the root's program is in the database."""
		if not os.path.exists(self.database):
			return False
		try:
			session = aa.Session(self.database)
		except aa.sqlite3.Error:
			return False
		try:
			return bool(session.id and session.has("exec") and session.execs(source="snapshot"))
		except aa.sqlite3.Error:
			return False
		finally:
			session.close()

	def test_attach_ends_on_a_signal_and_disturbs_nobody(self):
		for number in (signal.SIGINT, signal.SIGTERM):
			with self.subTest(number.name), self.truth_file() as fd:
				if os.path.exists(self.database):
					os.unlink(self.database)
				workload = self.start_workload(fd, "storm", "200", "1", "hold")
				process = self.attach(workload.pid)
				self.assertTrue(aa.wait_until(self.recording_began, 60))
				process.send_signal(number)
				done = self.finish(process)
				self.assertEqual(done.status, 0, done.err)
				session = aa.Session(self.database)
				self.assertEqual(session.row["state"], "complete")
				session.close()
				# It waits for the end of its standard input, still.
				self.assertIsNone(workload.poll())
				workload.stdin.close()
				self.assertEqual(workload.wait(timeout=60), 0)
