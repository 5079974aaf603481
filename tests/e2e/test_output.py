# SPDX-License-Identifier: Apache-2.0
"""What aa-query shows of real recordings: safe on a terminal, exact for programs, while recording too."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import time

import aa
import terminal

COMMANDS = (("sessions",), ("tree",), ("timeline",), ("process",), ("gaps",), ("sql", "SELECT * FROM exec"),
	    ("sql", "SELECT * FROM process"), ("sql", "SELECT * FROM comm"))
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


class Output(aa.Case):
	def record_hostile(self):
		"""A session full of escapes: names, arguments, paths, environment, session and agent."""
		evil = "evil \x1b[31m\x1b]0;owned\x07 \u202e \x9b31m, \"q\" 'p'\r\n\t$(x)"
		directory = self.make_directory(evil.replace("/", "_"))
		options = ["--session", evil, "--agent", evil, "--env", "EVIL"]
		first = self.record("arguments-bytes", options=options, env={"EVIL": evil})
		self.assertEqual(first.status, 0, first.err)
		self.assertIsNone(UNSAFE.search(first.err.decode()), first.err)
		for arguments in (("renames",), ("fail", directory), ("relative", self.make_directory("r")), ("deep", directory, "20")):
			done = self.record(*arguments, options=options)
			self.assertEqual(done.status, 0, done.err)
		return evil

	def all_commands(self):
		for session in range(1, 6):
			for command in COMMANDS:
				yield ("--session", str(session), *command)

	def test_escapes_never_reach_a_pipe(self):
		self.record_hostile()
		for arguments in self.all_commands():
			for form in ("text", "json", "jsonl", "csv"):
				done = self.query("--format", form, *arguments, check=False)
				self.assertIn(done.returncode, (0, 1), (arguments, done.stderr))
				text = done.stdout.decode() + done.stderr.decode()
				if form == "csv":
					text = text.replace("\r\n", "\n")
				self.assertIsNone(UNSAFE.search(text), (form, arguments, UNSAFE.search(text)))

	def test_escapes_never_reach_a_terminal(self):
		self.record_hostile()
		for arguments in self.all_commands():
			opened = terminal.Terminal([aa.QUERY, "--db", self.database, "--color", "always", *arguments],
						   aa.clean_environment(TERM="xterm", PAGER="cat"))
			self.addCleanup(opened.close)
			status = opened.wait()
			self.assertIn(os.WEXITSTATUS(status), (0, 1), arguments)
			text = COLOUR.sub(b"", opened.all).decode().replace("\r\n", "\n")
			self.assertIsNone(UNSAFE.search(text), (arguments, UNSAFE.search(text)))

	def test_json_and_csv_give_what_the_database_holds(self):
		self.record_hostile()
		for number in range(1, 6):
			session = aa.Session(self.database, number)
			self.addCleanup(session.close)
			for view, table in (("process", "process_view"), ("exec", "exec_view"), ("comm", "comm"), ("env", "env")):
				if not session.has(table):
					continue
				with self.subTest(session=number, view=view):
					self.compare_formats(session, view, session.rows(f"SELECT * FROM s0_{table} ORDER BY id"))

	def compare_formats(self, session, view, rows):
		columns = [name for name in rows[0] if not isinstance(rows[0][name], bytes)]
		columns = [name for name in columns if all(not isinstance(row[name], bytes) for row in rows)]
		chosen = ", ".join(f'"{name}"' for name in columns)
		expected = [{name: row[name] for name in columns} for row in rows]
		arguments = ("--session", str(session.id), "sql", f"SELECT {chosen} FROM {view} ORDER BY id")
		self.assertEqual(json.loads(self.query("--format", "json", *arguments).stdout), expected)
		lines = self.query("--format", "jsonl", *arguments).stdout.decode().splitlines()
		self.assertEqual([json.loads(line) for line in lines], expected)
		text = self.query("--format", "csv", *arguments).stdout.decode()
		found = list(csv.reader(io.StringIO(text, newline=""), strict=True))
		self.assertEqual(found[0], columns)
		self.assertEqual(found[1:], [["" if row[name] is None else str(row[name]) for name in columns] for row in rows])

	def test_arguments_survive_the_way_through_json(self):
		recording = self.record("arguments-bytes")
		rows = json.loads(self.query("--format", "json", "sql", "SELECT command, hex(argv) AS argv FROM exec ORDER BY id").stdout)
		argv = bytes.fromhex(rows[1]["argv"]).split(b"\0")[:-1]
		self.assertEqual(argv, [bytes.fromhex(a) for a in recording.truth.of("exec")[1]["argv"]])

	def test_tree_and_timeline_have_every_process(self):
		recording = self.record("subreaper")
		pids = {process.pid for process in recording.truth.processes}
		for command in ("tree", "timeline", "process"):
			rows = json.loads(self.query("--format", "json", command).stdout)
			self.assertEqual({row["pid"] for row in rows}, pids, command)
			text = self.query(command).stdout.decode()
			for pid in pids:
				self.assertIn(str(pid), text, command)

	def test_readme_query(self):
		"""The documented query, with the sqlite3 program alone, on a file that is called aa.db."""
		with open(os.environ["AA_README"], encoding="utf-8") as file:
			readme = file.read()
		found = re.search(r"^(?: {4}|\$ )?(sqlite3 [^\n\"]*aa\.db \"[^\"]+\")$", readme, re.M)
		self.assertIsNotNone(found, "README.md has no query for sqlite3")
		command = found[1]
		self.record_ends()
		os.rename(self.database, self.path("aa.db"))
		done = subprocess.run(["bash", "-c", command], cwd=self.directory, stdout=subprocess.PIPE,
				      stderr=subprocess.STDOUT, check=False, stdin=subprocess.DEVNULL)
		text = done.stdout.decode()
		self.assertEqual(done.returncode, 0, text)
		places = [text.find(part) for _, part in self.ENDS]
		self.assertNotIn(-1, places, text)
		lines = [line for line in text.splitlines() if re.search("exit [0-9]|SIG|exec", line)]
		for (name, status), line in zip(self.ENDS, lines):
			self.assertIn(name, line)
			self.assertIn(status, line)
		self.assertEqual(len(lines), len(self.ENDS), text)

	ENDS = (("/bin/sh", "replaced by exec"), ("/bin/true", "exit 0"), ("/bin/false", "exit 1"), ("sh", "exit 3"),
		("sh", "SIGKILL"), ("/nonexistent/x", "exec failed: ENOENT"), ("/bin/sh", "exit 5"))

	def record_ends(self):
		"""A shell whose commands end in different ways."""
		script = "/bin/true; /bin/false; sh -c 'exit 3'; sh -c 'kill -9 $$'; /nonexistent/x; exec /bin/sh -c 'exit 5'"
		recording = self.finish(self.start("/bin/sh", "-c", script, cwd=self.directory))
		self.assertEqual(recording.status, 5, recording.err)
		return recording

	def test_commands_view_tells_how_each_ended(self):
		recording = self.record_ends()
		names = {row["id"]: aa.arguments(row)[0].decode() if row["argc"] else row["filename"]
			 for row in recording.session.execs()}
		found = [(names[row["exec_id"]], row["status"]) for row in recording.session.commands()]
		self.assertEqual(found, list(self.ENDS))

	def test_queries_while_recording(self):
		with self.truth_file() as fd:
			process = self.start(self.workload, "storm", "8000", "2", pass_fds=[fd],
					     env=aa.clean_environment(AA_TRUTH_FD=str(fd)))
			self.assertTrue(aa.wait_until(lambda: self.query("sessions", check=False).returncode == 0))
			count = 0
			while process.poll() is None:
				for command in ("sessions", "tree", "timeline", "gaps"):
					done = self.query(command, check=False)
					self.assertIn(done.returncode, (0, 1), (command, done.stderr))
					count += 1
			self.assertGreater(count, 3)
			recording = self.finish(process)
		self.assert_same(recording)
		rows = json.loads(self.query("--format", "json", "process").stdout)
		self.assertEqual(len(rows), 8003)

	def test_a_session_that_is_being_recorded_says_so(self):
		process = self.start("sleep", "1000")
		self.assertTrue(aa.wait_until(lambda: b"sleep 1000" in self.query("tree", check=False).stdout, 60))
		self.assertRegex(self.query("tree").stdout.decode().strip().splitlines()[-1], "(?i)still|recording")
		self.assertIn("recording", self.query("sessions").stdout.decode())
		process.send_signal(signal.SIGTERM)
		self.assertEqual(self.finish(process).status, -signal.SIGTERM)

	def test_a_killed_recorder_is_seen_at_once(self):
		process = self.start("sleep", "20")
		self.assertTrue(aa.wait_until(lambda: b"sleep 20" in self.query("tree", check=False).stdout, 60))
		child = aa.Session(self.database)
		pid = child.row["root_pid"]
		child.close()
		process.kill()
		process.wait()
		self.addCleanup(aa.kill_quietly, pid)
		self.assertIn("interrupted", self.query("sessions").stdout.decode())
		self.assertRegex(self.query("tree").stdout.decode().strip().splitlines()[-1], "(?i)interrupted")

	def test_pipe_into_head(self):
		recording = self.record("storm", "2000", "2")
		self.assertEqual(recording.status, 0)
		for command in ("timeline", "tree", "process"):
			began = time.monotonic()
			done = subprocess.run(["bash", "-o", "pipefail", "-c", f"{aa.QUERY} --db {self.database} {command} | head -3"],
					      stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, stdin=subprocess.DEVNULL,
					      timeout=aa.TIMEOUT)
			self.assertEqual(len(done.stdout.splitlines()), 3)
			self.assertEqual(done.stderr, b"")
			self.assertLess(time.monotonic() - began, aa.TIMEOUT)

	def test_read_only_file_in_a_read_only_directory(self):
		recording = self.record("forks")
		self.assertEqual(recording.status, 0)
		recording.session.close()
		before = self.query("--format", "json", "tree").stdout
		directory = os.path.dirname(self.database)
		os.chmod(self.database, 0o444)
		os.chmod(directory, 0o555)
		program = self.path("aa-query")
		with open(aa.QUERY, "rb") as source, open(program, "wb") as target:
			target.write(source.read())
		os.chmod(program, 0o755)
		done = subprocess.run([program, "--db", self.database, "--format", "json", "tree"], stdout=subprocess.PIPE,
				      stderr=subprocess.PIPE, check=False, user=aa.NOBODY, group=aa.NOBODY, extra_groups=[],
				      env=aa.clean_environment(), cwd="/", stdin=subprocess.DEVNULL)
		self.assertEqual((done.returncode, done.stdout), (0, before), done.stderr)
		self.assertEqual(os.listdir(directory), ["aa.db"])
