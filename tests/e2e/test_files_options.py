# SPDX-License-Identifier: Apache-2.0
"""What is left out on request is counted exactly; files that stay open are reported while they do."""

import collections
import os
import signal
import subprocess
import time

import aa
import files
from files import CWD, buffer, text


class Options(aa.Case):
	def setUp(self):
		super().setUp()
		self.root = None

	def fresh(self):
		"""The same acts on the same files, once more, into another database."""
		if self.root:
			os.rename(self.root, f"{self.root}-{self.attempt}")
		self.attempt += 1
		acts = files.Acts(self)
		self.root = acts.root
		for name in ("read", "secret", "skip.o"):
			with open(acts.path(name), "w", encoding="ascii") as file:
				file.write("content")
		os.chmod(acts.path("secret"), 0o600)
		os.mkdir(acts.path("skip"))
		return acts

	def mixture(self, options):
		acts = self.fresh()
		w = acts.path
		reads = [acts.open(w("read"), os.O_RDONLY) for _ in range(7)]
		acts.do("read", reads[0], buffer(3), 3)
		acts.open(w("none"), os.O_RDONLY)
		for name in ("new", "skip/one", "skip/two", "other.o", "skip.o"):
			act = acts.open(w(name), os.O_RDWR | os.O_CREAT)
			acts.do("write", act, buffer(5), 5)
			acts.do("close", act)
		acts.do("fchmodat", CWD, text(w("skip/one")), 0o600)
		acts.do("mkdirat", CWD, text(w("skip/dir")), 0o755)
		acts.do("unlinkat", CWD, text(w("other.o")), 0)
		acts.do("unlinkat", CWD, text(w("skip/two")), 0)
		acts.open(w("skip"), os.O_RDONLY)
		acts.do("setgid", aa.NOBODY), acts.do("setuid", aa.NOBODY)
		acts.open(w("secret"), os.O_RDONLY)
		return acts.record(options, gaps=("excluded",))

	@staticmethod
	def kinds(acts):
		return collections.Counter(row["kind"] for row in acts.all)

	@staticmethod
	def excluded(acts):
		count = collections.Counter()
		for gap in acts.session.gaps():
			if gap["reason"] == "excluded":
				count[gap["kind"]] += gap["count"]
		return count

	def assert_counted(self, everything, part):
		"""What is there and what was left out make up the whole, for each kind."""
		self.assertEqual(self.excluded(everything), {})
		self.assertEqual(self.kinds(part) + self.excluded(part), self.kinds(everything))
		self.assertEqual(part.session.row["lost_count"], 0)
		self.assertEqual([gap for gap in part.session.gaps() if gap["reason"] != "excluded"], [])

	def test_files_writes(self):
		everything, part = self.mixture([]), self.mixture(["--files", "writes"])
		self.assert_counted(everything, part)
		self.assertGreater(self.excluded(part)["open"], 8)
		root = os.fsencode(part.root) + b"/"
		opens = [(path[len(root):], row["error"]) for path, row in part.below("open")]
		self.assertEqual(sorted(opens), sorted([(b"new", 0), (b"skip/one", 0), (b"skip/two", 0), (b"other.o", 0), (b"skip.o", 0), (b"secret", 13)]))
		self.assertEqual(sorted(row["write_bytes"] for _, row in part.below("close")), [5] * 5)

	def test_files_all_is_the_default(self):
		everything, same = self.mixture([]), self.mixture(["--files", "all"])
		self.assertEqual(self.kinds(everything), self.kinds(same))
		self.assertEqual(everything.session.gaps(), [])

	def test_files_none(self):
		acts = self.mixture(["--files", "none"])
		self.assertEqual(acts.all, [])
		self.assertEqual(acts.session.gaps(), [])
		self.assert_same_processes(acts.session, acts.recording.truth)

	def exclude(self, patterns, is_out):
		everything = self.mixture([])
		part = self.mixture([word.replace("ROOT", everything.root) for pattern in patterns for word in ("--exclude", pattern)])
		self.assert_counted(everything, part)
		root = os.fsencode(part.root) + b"/"

		def names(acts, keep):
			return sorted((path[len(root):], row["kind"], row["error"]) for path, row in acts.below() if keep(path[len(root):]))

		self.assertEqual(names(part, lambda name: True), names(everything, lambda name: not is_out(name)))
		self.assertGreater(len(names(everything, is_out)), 0)

	def test_exclude_a_directory(self):
		self.exclude(["ROOT/skip/*"], lambda name: name.startswith(b"skip/"))

	def test_exclude_by_pattern(self):
		self.exclude(["*.o"], lambda name: name.endswith(b".o"))
		self.exclude(["*/w/skip*", "ROOT/ne[vw]"], lambda name: name.startswith(b"skip") or name == b"new")

	# --- files that stay open -------------------------------------------------------------------------

	def test_a_file_that_is_written_for_long(self):
		acts = files.Acts(self)
		file = acts.open(acts.path("file"))
		for _ in range(13):
			acts.do("write", file, buffer(100), 100)
			acts.do("sleep", 1000)
		acts.do("close", file)
		acts.record()
		row = acts.check_open(file)
		acts.check_sums(row, written=(1300, 13))
		acts.check_closed(row)
		between = acts.of_open(row, "io")
		self.assertGreaterEqual(len(between), 1)
		self.assertLessEqual(len(between), 6)
		self.assertEqual([other["path"] for other in between], [row["path"]] * len(between))

	def test_written_once_and_kept_open(self):
		"""Nothing is written after the first instant; its bytes come before the end, all the same."""
		acts = files.Acts(self)
		file = acts.open(acts.path("file"))
		acts.do("write", file, buffer(100), 100)
		acts.do("sleep", 9000)
		acts.do("close", file)
		acts.record()
		row = acts.check_open(file)
		acts.check_sums(row, written=(100, 1))
		between = acts.of_open(row, "io")
		self.assertEqual([other["write_bytes"] for other in between], [100])
		self.assertLess(between[0]["time_ns"] - row["time_ns"], 9 * 10**9)

	def test_still_open_at_the_end(self):
		acts = files.Acts(self)
		file = acts.open(acts.path("file"))
		acts.do("write", file, buffer(10), 10)
		acts.child("beside")
		acts.do("write", file, buffer(100), 100)
		acts.do("openat", CWD, text(acts.path("told")), os.O_RDWR | os.O_CREAT, 0o600)
		acts.do("sleep", 100000)
		acts.end()
		acts.do("sleep", 1500)
		acts.add("exit")
		with self.truth_file() as fd:
			process = self.start(self.workload, "acts", *acts.words, options=["--detach-on-exit"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
					     env=aa.clean_environment(AA_TRUTH_FD=str(fd)), pass_fds=[fd])
			recording = self.finish(process)
		acts.recording = recording
		left = [p.pid for p in recording.truth.processes[1:]]
		for pid in left:
			self.addCleanup(aa.kill_quietly, pid, signal.SIGKILL)
		self.assertTrue(all(aa.alive(pid) for pid in left))
		acts.read_lines()
		session = acts.session
		acts.offset = session.row["boot_offset_ns"]
		acts.all = session.rows("SELECT * FROM s0_file_view ORDER BY time_ns, id")
		row = acts.check_open(file)
		acts.check_sums(row, written=(110, 2))
		closes = acts.closes(row)
		self.assertEqual([other["kind"] for other in closes], ["io"] * len(closes))
		self.assertIn("still-open", acts.marks(closes[-1]))
		self.assertEqual([gap for gap in session.gaps() if gap["lane"] == "activity"], [])

	def test_stopped_recorder_leaves_the_program_alone(self):
		"""Ended by a signal in the middle: what was written until then is there."""
		acts = files.Acts(self)
		file = acts.open(acts.path("file"))
		acts.do("write", file, buffer(10), 10)
		acts.do("sleep", 100000)
		with self.truth_file() as fd:
			process = self.start(self.workload, "acts", *acts.words, options=["--detach-on-exit"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
					     env=aa.clean_environment(AA_TRUTH_FD=str(fd)), pass_fds=[fd])
			self.assertTrue(aa.wait_until(lambda: '"write"' in self.read_truth()))
			time.sleep(0.2)
			process.send_signal(signal.SIGTERM)
			recording = self.finish(process)
		acts.recording = recording
		for p in recording.truth.processes:
			self.addCleanup(aa.kill_quietly, p.pid, signal.SIGKILL)
		acts.read_lines()
		acts.offset = acts.session.row["boot_offset_ns"]
		acts.all = acts.session.rows("SELECT * FROM s0_file_view ORDER BY time_ns, id")
		row = acts.check_open(file)
		acts.check_sums(row, written=(10, 1))
