# SPDX-License-Identifier: Apache-2.0
"""Signals and stops reach the command exactly as often as without the recorder, whoever sent them to whom."""

import os
import pty
import select
import signal
import time

import aa

# Counts what it gets, from the line with its pid until it is told to end; prints each and in the end the counts.
COUNTER = """
import os, select, signal, sys
counts = {}
def count(number, frame):
	counts[number] = counts.get(number, 0) + 1
	os.write(1, b"got\\n")
for number in (1, 2, 3, 10, 12, 15, 18, 28, 35):
	signal.signal(number, count)
# A signal just before a blocking read would not be handled until the next one; this pipe ends the wait.
woken, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)
print(os.getpid(), flush=True)
while 0 not in select.select([0, woken], [], [])[0]:
	os.read(woken, 64)
print(sorted(counts.items()), flush=True)
"""


def children(pid):
	with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
		return [int(child) for child in file.read().split()]


class Signals(aa.Case):
	def start_counter(self):
		process = self.start("python3", "-S", "-c", COUNTER, options=["--quiet"], stdin=aa.subprocess.PIPE,
				     preexec_fn=os.setpgrp)
		return process, int(process.stdout.readline())

	def wait_signals(self, process, count):
		for _ in range(count):
			self.assertEqual(process.stdout.readline(), b"got\n")

	def counts(self, process, count=1):
		"""Waits for that many signals, and a moment more for those that should not come."""
		self.wait_signals(process, count)
		time.sleep(0.3)
		process.stdin.write(b"end\n")
		recording = self.finish(process, timeout=60)
		self.assertEqual(recording.status, 0, recording.err)
		return recording.out.decode().strip()

	def wait_state(self, process, options, check):
		pid, status = os.waitpid(process.pid, options)
		self.assertEqual(pid, process.pid)
		self.assertTrue(check(status), status)
		return status

	def test_to_the_recorder_only(self):
		for number in (15, 1, 2, 3, 10, 28, 35):
			with self.subTest(number):
				process, _ = self.start_counter()
				process.send_signal(number)
				self.assertEqual(self.counts(process), f"[({number}, 1)]")

	def test_to_the_group(self):
		for number in (15, 1, 2, 10):
			with self.subTest(number):
				process, _ = self.start_counter()
				os.killpg(process.pid, number)
				self.assertEqual(self.counts(process), f"[({number}, 1)]")

	def test_to_each_one(self):
		"""As a supervisor does that goes through a cgroup."""
		process, command = self.start_counter()
		everybody = [process.pid, *children(process.pid)]
		self.assertIn(command, everybody)
		for pid in everybody:
			os.kill(pid, signal.SIGTERM)
		self.assertEqual(self.counts(process), "[(15, 1)]")

	def test_to_the_command_only(self):
		process, command = self.start_counter()
		os.kill(command, signal.SIGTERM)
		self.assertEqual(self.counts(process), "[(15, 1)]")

	def test_twice(self):
		process, _ = self.start_counter()
		process.send_signal(signal.SIGTERM)
		self.wait_signals(process, 1)
		process.send_signal(signal.SIGTERM)
		self.assertEqual(self.counts(process), "[(15, 2)]")

	def test_continue_without_stop(self):
		process, _ = self.start_counter()
		process.send_signal(signal.SIGCONT)
		self.assertEqual(self.counts(process, 0), "[]")

	def test_command_stopped_and_continued_alone(self):
		process, command = self.start_counter()
		os.kill(command, signal.SIGSTOP)
		status = self.wait_state(process, os.WUNTRACED, os.WIFSTOPPED)
		self.assertEqual(os.WSTOPSIG(status), signal.SIGSTOP)
		os.kill(command, signal.SIGCONT)
		self.wait_state(process, os.WCONTINUED, os.WIFCONTINUED)
		self.assertEqual(self.counts(process), "[(18, 1)]")

	def test_recorder_continued_alone(self):
		process, command = self.start_counter()
		os.kill(command, signal.SIGSTOP)
		self.wait_state(process, os.WUNTRACED, os.WIFSTOPPED)
		process.send_signal(signal.SIGCONT)
		self.assertEqual(self.counts(process), "[(18, 1)]")

	def test_group_stopped_and_continued(self):
		process, _ = self.start_counter()
		os.killpg(process.pid, signal.SIGTSTP)
		status = self.wait_state(process, os.WUNTRACED, os.WIFSTOPPED)
		self.assertEqual(os.WSTOPSIG(status), signal.SIGTSTP)
		os.killpg(process.pid, signal.SIGCONT)
		self.assertEqual(self.counts(process), "[(18, 1)]")

	def test_stopped_command_is_killed(self):
		process, command = self.start_counter()
		os.kill(command, signal.SIGSTOP)
		self.wait_state(process, os.WUNTRACED, os.WIFSTOPPED)
		os.kill(command, signal.SIGKILL)
		recording = self.finish(process, timeout=60)
		self.assertEqual(recording.status, -signal.SIGKILL)
		self.assertEqual(recording.session.row["exit_signal"], signal.SIGKILL)

	def test_recorder_is_killed(self):
		process, command = self.start_counter()
		others = [pid for pid in children(process.pid) if pid != command]
		process.kill()
		process.wait()
		self.assertTrue(aa.wait_until(lambda: not any(map(aa.alive, others))))
		process.stdin.write(b"end\n")
		process.stdin.flush()
		self.assertEqual(process.stdout.readline(), b"[]\n")
		self.assertTrue(aa.wait_until(lambda: not aa.alive(command)))

	# --- leader of a terminal's session ------------------------------------------------------------------

	def lead(self, script, *prefix):
		"""Runs a shell script as the leader of a terminal's session; returns its status when the terminal is free."""
		pid, fd = pty.fork()
		if pid == 0:
			try:
				os.execvpe("env", ["env", *prefix, "sh", "-c", script], aa.clean_environment())
			finally:
				os._exit(255)
		try:
			while True:
				select.select([fd], [], [], 60)
				if not os.read(fd, 4096):
					break
		except OSError:  # EIO: nobody has the other side any more
			pass
		os.close(fd)
		_, status = os.waitpid(pid, 0)
		return os.waitstatus_to_exitcode(status)

	def test_end_of_a_session_leader(self):
		"""Its children in the foreground are hung up on, and what left the session is followed to its end."""
		recorder = [*aa.recorder("run", "--quiet", "--db", self.database), "--"]
		for script in ("sleep 1000 & sleep 0.3; exit 6",
			       "setsid sleep 1 & sleep 0.3; exit 6"):
			with self.subTest(script):
				self.assertEqual(self.lead(script), 6)
				self.assertEqual(self.lead(script, *recorder), 6)
				session = aa.Session(self.database)
				self.addCleanup(session.close)
				self.assertEqual(session.row["state"], "complete")
				self.assertEqual([row["pid"] for row in session.processes() if row["exit_time_ns"] is None], [])
