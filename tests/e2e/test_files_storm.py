# SPDX-License-Identifier: Apache-2.0
"""Many files at once: all of them once, or an exact number of those that are missing."""

import collections
import os
import signal
import subprocess

import aa
import files

KINDS = ("open", "close", "rename", "unlink")
# All of it by default; less where a machine is slow (AA_FILE_STORM).
COUNT = int(os.environ.get("AA_FILE_STORM", "200000"))


class FileStorm(aa.Case):
	def setUp(self):
		super().setUp()
		self.root = self.make_directory("w")

	def lost(self, session):
		count = collections.Counter()
		for gap in session.gaps():
			count[gap["lane"], gap["kind"], gap["reason"]] += gap["count"]
		return count

	def counts(self, session):
		return {row["kind"]: row["n"] for row in session.rows(
			"SELECT f.kind, count(*) AS n FROM s0_file AS f LEFT JOIN s0_string AS s ON s.id = f.path_id "
			# On a busy machine a file may be open for so long that sums of it are sent in between.
			"WHERE s.text GLOB ? AND f.kind <> 'io' GROUP BY f.kind", f"{self.root}/*/[fr]*")}

	def test_200000_files(self):
		recording = self.record("file-storm", self.root, str(COUNT), "4")
		self.assertEqual(recording.status, 0, recording.err)
		session, truth = recording.session, recording.truth
		self.assert_complete(session)
		self.assertEqual(session.gaps(), [])
		self.assertEqual(self.counts(session), {kind: COUNT for kind in KINDS})
		for line in truth.of("files"):
			self.assert_each_once(session, line)
		self.assert_same_processes(session, truth)

	def assert_each_once(self, session, line):
		directory, count = f"{self.root}/{line['worker']}", line["count"]
		by_name = ("SELECT count(*) AS n, count(DISTINCT s.text) AS names FROM s0_file AS f JOIN s0_process AS p ON p.id = f.process_id "
			   "JOIN s0_string AS s ON s.id = f.path_id WHERE f.error = 0 AND f.kind = ? AND p.pid = ? AND s.text GLOB ?")
		for kind, pattern in (("open", "f*"), ("close", "f*"), ("rename", "f*"), ("unlink", "r*")):
			rows = session.rows(by_name, kind, line["pid"], f"{directory}/{pattern}")
			self.assertEqual(rows, [{"n": count, "names": count}], (kind, line))
		sums = session.rows("SELECT sum(f.write_bytes) AS bytes, sum(f.write_calls) AS calls, count(DISTINCT f.open_id) AS opens FROM s0_file AS f "
				    "JOIN s0_process AS p ON p.id = f.process_id JOIN s0_string AS s ON s.id = f.path_id "
				    "WHERE f.kind IN ('close', 'io') AND p.pid = ? AND s.text GLOB ?", line["pid"], f"{directory}/f*")
		self.assertEqual(sums, [{"bytes": line["bytes"], "calls": count, "opens": count}], line)
		renamed = session.value("SELECT count(*) FROM s0_file AS f JOIN s0_string AS a ON a.id = f.path_id JOIN s0_string AS b ON b.id = f.path2_id "
					"WHERE f.kind = 'rename' AND a.text GLOB ? AND replace(a.text, '/f', '/r') = b.text", f"{directory}/f*")
		self.assertEqual(renamed, count, line)

	def test_tiny_ring_and_a_recorder_that_sleeps(self):
		"""Present and missing add up to the truth, for every kind; what processes do is not touched by it."""
		count = 4000
		with self.truth_file() as fd:
			process = self.start(self.workload, "file-storm", self.root, str(count), "2", "hold", options=["--file-ring-size", "64K"],
					     env=aa.clean_environment(AA_TRUTH_FD=str(fd)), pass_fds=[fd], stdin=subprocess.PIPE)
			self.assertTrue(aa.wait_until(lambda: "ready" in self.read_truth()))
			os.kill(process.pid, signal.SIGSTOP)
			process.stdin.write(b"x")
			process.stdin.flush()
			self.assertTrue(aa.wait_until(lambda: "done" in self.read_truth(), 120))
			os.kill(process.pid, signal.SIGCONT)
			recording = self.finish(process)
		self.assertEqual(recording.status, 0, recording.err)
		session, lost = recording.session, self.lost(recording.session)
		self.assertEqual({(lane, reason) for lane, kind, reason in lost if reason != "incomplete"},
				 {("activity", "ring-full")}, lost)
		rows = {row["kind"]: row["n"] for row in session.rows("SELECT kind, count(*) AS n FROM s0_file GROUP BY kind")}
		# Whose files: the storm's, and a few that each process opens itself, which are in neither of the two or in one.
		for kind in ("rename", "unlink"):
			self.assertEqual(rows.get(kind, 0) + lost["activity", kind, "ring-full"], count, (kind, rows, lost))
		for kind in ("open", "close"):
			total = rows.get(kind, 0) + lost["activity", kind, "ring-full"]
			self.assertGreaterEqual(total, count, (kind, rows, lost))
			self.assertLessEqual(total, count + 60, (kind, rows, lost))
		self.assertGreater(lost["activity", "rename", "ring-full"], 0, "nothing was lost: the test is too weak")
		self.assertGreater(session.row["lost_count"], 0)
		self.assert_same_processes(session, recording.truth)
		self.assertRegex(recording.err.decode(), r"(?i)lost \d+ events")

	def test_more_open_files_than_asked_for(self):
		"""The table of open files is full: what is missing is counted, and each open that has no sums says so."""
		os.rmdir(self.root)
		acts = files.Acts(self)
		opened = [acts.open(acts.path(f"f{i}")) for i in range(100)]
		for act in opened:
			acts.do("write", act, files.buffer(1), 1)
		acts.record(options=["--max-open-files", "64"], complete=False)
		rows = [acts.one(act, "open") for act in opened]
		without = [row for row in rows if "no-sums" in acts.marks(row)]
		self.assertGreater(len(without), 0)
		for row in rows:
			if row not in without:
				acts.check_sums(row, written=(1, 1))
		full = collections.Counter()
		for gap in acts.session.gaps():
			if gap["reason"] == "files-full":
				full[gap["kind"]] += gap["count"]
		self.assertEqual(full["open"], len(without))
		self.assertGreaterEqual(full["io"], len(without), "each was written once")
		self.assertEqual(acts.session.row["state"], "complete")
