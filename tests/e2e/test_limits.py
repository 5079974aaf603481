# SPDX-License-Identifier: Apache-2.0
"""Tight limits, wherever they strike: either a refusal before the command starts, or a whole recording. Nothing between."""

import os
import resource
import shutil
import subprocess

import aa


class Limits(aa.Case):
	def setUp(self):
		super().setUp()
		# Processes are counted by user: one that nobody else has.
		self.user = 200000 + os.getpid()
		self.program = self.path("aa-record")
		shutil.copy(aa.RECORD, self.program)
		os.chown(self.directory, self.user, self.user)

	def limited(self, *limits):
		"""The recorder as that user, with no more capabilities than it needs, under limits that it cannot lift."""
		return [*aa.as_user(self.user, *aa.CAPABILITIES), "prlimit", *limits]

	def attempt_with(self, *limits):
		"""Returns (exit status, what it said, whether the command ran)."""
		with self.truth_file() as fd:
			os.fchmod(fd, 0o666)
			command = [*self.limited(*limits), *aa.recorder("run", "--db", self.database, program=self.program), "--",
				   self.workload, "exit", "5"]
			done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
					      env=aa.without_leak_check(AA_TRUTH_FD=str(fd)), pass_fds=[fd], timeout=120)
			return done.returncode, done.stderr.decode(), bool(self.read_truth())

	def try_all(self, limits, pattern):
		"""From far too little to enough."""
		outcomes = []
		for limit in limits:
			with self.subTest(limit=limit):
				status, text, ran = self.attempt_with(limit)
				if "aa-record: " not in text and status != 5 and not ran:
					continue  # too little for the loader of setpriv, of prlimit or of the recorder
				self.assertIn(status, (5, 125), text)
				self.assertEqual(ran, status == 5, text)
				self.assertNotIn("Sanitizer", text)
				outcomes.append(status)
				if status == 125:
					self.assertRegex(text.lower(), r"\Aaa-record: .*(" + pattern + ")")
				else:
					session = aa.Session(self.database)
					self.addCleanup(session.close)
					self.assertEqual(session.row["state"], "complete")
					self.assertEqual(session.row["lost_count"], 0)
					self.assertEqual(session.row["exit_code"], 5)
		return outcomes

	def test_address_space(self):
		if aa.is_sanitized():
			return  # its shadow alone is terabytes: with any limit it does not start at all
		sizes = (16, 24, 32, 40, 48, 52, 56, 60, 64, 68, 72, 80, 96, 160, 1024)
		outcomes = self.try_all([f"--as={size << 20}" for size in sizes], "memory|ulimit -v")
		self.assertIn(125, outcomes)
		self.assertEqual(outcomes[-1], 5)

	def test_processes(self):
		outcomes = self.try_all([f"--nproc={count}" for count in (1, 2, 3, 4, 5, 6, 12)], "resource|ulimit")
		self.assertIn(125, outcomes)
		self.assertEqual(outcomes[-1], 5)

	def test_open_files(self):
		counts = (*range(6, 40, 5), 64, 128, 160, 190, 194, 197, 200, 203, 210, 256, 1024)
		outcomes = self.try_all([f"--nofile={count}" for count in counts], "ulimit -n")
		self.assertIn(125, outcomes)
		self.assertEqual(outcomes[-1], 5)

	def test_file_size(self):
		"""A soft limit that the recorder may lift is its own affair; the command finds it as it was."""
		soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
		recording = self.finish(self.start("sh", "-c", "ulimit -f", preexec_fn=lambda: resource.setrlimit(
			resource.RLIMIT_FSIZE, (4096, hard))))
		self.assertEqual((recording.status, recording.out), (0, b"8\n"), recording.err)
		self.assert_complete(recording.session)
		self.assertIsNotNone(soft)
