# SPDX-License-Identifier: Apache-2.0
"""A recorded command behaves, and is treated, as if it ran alone."""

import os
import resource
import signal
import subprocess
import time

import aa
import terminal


class Transparent(aa.Case):
	def test_exit_status(self):
		for code in (0, 1, 2, 7, 124, 125, 126, 127, 128, 255):
			with self.subTest(code):
				recording = self.record("exit", str(code))
				self.assertEqual(recording.status, code, recording.err)
				session = aa.Session(self.database)
				self.assertEqual((session.row["exit_code"], session.row["exit_signal"]), (code, None))
				session.close()

	def test_death_by_signal(self):
		for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP, signal.SIGSEGV, signal.SIGPIPE,
			       signal.SIGUSR1, signal.SIGRTMAX):
			with self.subTest(number):
				recording = self.record("signal", str(int(number)), cwd=self.directory)
				self.assertEqual(recording.status, -number, recording.err)
				session = aa.Session(self.database)
				self.assertEqual((session.row["exit_code"], session.row["exit_signal"]), (None, number))
				self.assertEqual(session.row["state"], "complete")
				session.close()
		self.assertEqual([name for name in os.listdir(self.directory) if name.startswith("core")], [])

	def test_command_that_cannot_start(self):
		recording = self.record("/nonexistent/command")
		self.assertEqual(recording.status, 127)
		self.assertIn(b"/nonexistent/command", recording.err)
		plain = self.path("plain")
		with open(plain, "w", encoding="ascii") as file:
			file.write("not executable")
		self.assertEqual(self.record(plain).status, 126)
		session = aa.Session(self.database, 1)
		self.assertEqual([(row["error_name"], row["filename"]) for row in session.execs()],
				 [("ENOENT", "/nonexistent/command")])
		self.assertEqual(session.row["exit_code"], 127)
		session.close()

	def test_path_is_searched(self):
		directory = self.make_directory("bin")
		os.symlink(self.workload, f"{directory}/some-command")
		process = self.start("some-command", "exit", "3", env=aa.clean_environment(PATH=f"/nonexistent:{directory}:/bin"))
		self.assertEqual(self.finish(process).status, 3)

	def test_pipes(self):
		data = os.urandom(3 << 20)
		process = self.start("cat", options=["--quiet"], stdin=subprocess.PIPE)
		out, err = process.communicate(data, timeout=aa.TIMEOUT)
		self.assertEqual((process.returncode, err), (0, b""))
		self.assertEqual(out, data)

	def test_a_reader_that_goes_away(self):
		recorder = " ".join(aa.recorder("run", "--quiet", "--db", self.database))
		done = subprocess.run(["bash", "-c", f"{recorder} -- yes | head -c 10; echo ${{PIPESTATUS[0]}}"],
				      stdout=subprocess.PIPE, check=True, env=aa.clean_environment(), timeout=aa.TIMEOUT,
				      stdin=subprocess.DEVNULL)
		self.assertEqual(done.stdout, b"y\ny\ny\ny\ny\n141\n")

	def test_standard_error_is_the_commands(self):
		process = self.start("sh", "-c", "echo out; echo err >&2", options=["--quiet"])
		recording = self.finish(process)
		self.assertEqual((recording.out, recording.err), (b"out\n", b"err\n"))

	# --- what the command finds ------------------------------------------------------------------------

	def compare_inside(self, options=(), preexec=None, environment=None, **keywords):
		keywords.setdefault("stdin", subprocess.DEVNULL)

		def run(*command):
			# Dispositions as they are, except what Python itself changed.
			out = self.path("out")
			with open(out, "wb") as file:
				def before():
					os.dup2(file.fileno(), 1)
					if preexec:
						preexec()
				status = subprocess.call([*command, self.workload, "inside", "an argument"], stdout=file,
							 stderr=file, env=aa.clean_environment(A="1", B="two\nlines") if environment is None else environment,
							 preexec_fn=before, timeout=aa.TIMEOUT, **keywords)
			with open(out, encoding="utf-8") as file:
				return status, file.read()

		alone = run()
		recorded = run(*aa.recorder("run", "--quiet", "--db", self.database, *options), "--")
		self.assertEqual(recorded[1].splitlines(), alone[1].splitlines())
		self.assertEqual(recorded[0], alone[0])
		self.assertGreater(len(alone[1].splitlines()), 20)
		return alone[1]

	def test_inside_plain(self):
		self.compare_inside()

	def test_inside_without_python_dispositions(self):
		self.compare_inside(restore_signals=False)

	def test_inside_with_ignored_and_blocked_signals(self):
		def before():
			for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD,
				       signal.SIGTSTP, signal.SIGTTOU, signal.SIGTTIN, signal.SIGUSR1, signal.SIGRTMIN + 3):
				signal.signal(number, signal.SIG_IGN)
			signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGALRM, signal.SIGCHLD, signal.SIGRTMAX])
		text = self.compare_inside(preexec=before, restore_signals=False)
		self.assertIn("signal 17 ignored", text)

	def test_inside_with_limits(self):
		def before():
			os.umask(0o027)
			os.nice(5)
			resource.setrlimit(resource.RLIMIT_NOFILE, (333, 444))
			resource.setrlimit(resource.RLIMIT_CORE, (4096, 8192))
			resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
			resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 2 << 20))
			os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
			with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
				file.write("321")
			with open("/proc/self/timerslack_ns", "w", encoding="ascii") as file:
				file.write("77000")
		self.compare_inside(preexec=before, cwd=self.make_directory("here"))

	def test_inside_with_descriptors(self):
		files = [os.open(self.workload, os.O_RDONLY) for _ in range(3)]
		self.addCleanup(lambda: [os.close(fd) for fd in files])
		text = self.compare_inside(pass_fds=files)
		for fd in files:
			self.assertIn(f"fd {fd} {self.workload}", text)

	def test_inside_with_closed_descriptors(self):
		for closed in ([0], [2], [0, 2]):
			with self.subTest(closed):
				self.compare_inside(preexec=lambda closed=closed: [os.close(fd) for fd in closed], stdin=None)

	def test_inside_in_a_session_of_its_own(self):
		def before():
			with open("/proc/self/coredump_filter", "w", encoding="ascii") as file:
				file.write("0x7")
		self.compare_inside(preexec=before)

	def test_inside_with_an_environment_of_ours(self):
		environment = {"AA_DB": "/nonexistent/x.db", "UV_THREADPOOL_SIZE": "9", "UV_USE_IO_URING": "1", "EMPTY": "", "PATH": "/bin"}
		# A build with sanitizers would otherwise change the core limit.
		sanitizers = {name: os.environ[name] for name in ("ASAN_OPTIONS",) if name in os.environ}
		self.compare_inside(environment=environment | sanitizers)
		self.compare_inside(environment=sanitizers)

	# --- signals and leftovers ---------------------------------------------------------------------------

	def test_signals_are_forwarded(self):
		script = "trap 'echo $0; exit 9' TERM HUP USR1 USR2; echo ready; while :; do sleep 0.05; done"
		for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
			with self.subTest(number.name):
				process = self.start("sh", "-c", script, "caught", options=["--quiet"])
				self.assertEqual(process.stdout.readline(), b"ready\n")
				process.send_signal(number)
				recording = self.finish(process, timeout=60)
				self.assertEqual((recording.status, recording.out), (9, b"caught\n"))

	def test_leftovers_are_followed(self):
		recording = self.record("leftovers", "1500", "3")
		self.assert_same(recording, status=3)
		self.assertIn(b"aa-record: ", recording.err)

	def test_leftovers_with_quiet(self):
		recording = self.record("leftovers", "300", "3", options=["--quiet"])
		self.assert_same(recording, status=3)
		self.assertEqual(recording.err, b"")

	def leftover_pids(self):
		return [line["pid"] for line in map(aa.json.loads, self.read_truth().splitlines()) if line["t"] == "process"][1:]

	def test_detach_on_exit(self):
		# The leftovers keep what they have of standard output and error: no pipes, then.
		recording = self.record("leftovers", "60000", "3", options=["--detach-on-exit"], stdout=subprocess.DEVNULL,
					stderr=subprocess.DEVNULL)
		self.assertEqual(recording.status, 3)
		self.assertEqual(recording.session.row["state"], "complete")
		running = [pid for pid in self.leftover_pids() if aa.alive(pid)]
		self.assertEqual(len(running), 2)
		open_rows = [row["pid"] for row in recording.session.processes() if row["exit_time_ns"] is None]
		self.assertEqual(sorted(open_rows), sorted(running))
		for pid in running:
			aa.kill_quietly(pid)

	def test_a_signal_ends_following_leftovers(self):
		for number in (signal.SIGINT, signal.SIGTERM):
			with self.subTest(number.name), self.truth_file() as fd:
				process = self.start(self.workload, "leftovers", "60000", "3", pass_fds=[fd],
						     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
						     env=aa.clean_environment(AA_TRUTH_FD=str(fd)))
				# The root has ended when its children have another parent.
				self.assertTrue(aa.wait_until(lambda: len(self.leftover_pids()) == 3 and not aa.alive(self.root_pid())))
				time.sleep(0.3)
				process.send_signal(number)
				recording = self.finish(process, timeout=60)
				self.assertEqual(recording.status, 3, recording.err)
				running = [pid for pid in self.leftover_pids() if aa.alive(pid)]
				self.assertEqual(len(running), 2)
				for pid in running:
					aa.kill_quietly(pid)

	def root_pid(self):
		return aa.json.loads(self.read_truth().splitlines()[0])["pid"]

	# --- terminals ---------------------------------------------------------------------------------------

	def open_terminal(self, *arguments, **environment):
		environment = {"TERM": "dumb", "PS1": "$ ", "HISTFILE": "", **environment}
		opened = terminal.Terminal(list(arguments), aa.clean_environment(**environment))
		self.addCleanup(opened.close)
		return opened

	def recorder(self, *command):
		return [*aa.recorder("run", "--quiet", "--db", self.database), "--", *command]

	def assert_recorded(self, code=None, number=None):
		session = aa.Session(self.database)
		self.addCleanup(session.close)
		row = session.row
		self.assertEqual((row["exit_code"], row["exit_signal"], row["state"]), (code, number, "complete"))
		self.assertEqual(session.gaps(), [])
		return session

	def test_terminal_input_and_output(self):
		opened = self.open_terminal(*self.recorder("sh", "-c", "read x; echo got $x; test -t 0 && test -t 2 && tty; exit 4"))
		opened.send("hello\n")
		opened.expect("got hello")
		opened.expect("/dev/pts/")
		self.assertEqual(os.WEXITSTATUS(opened.wait()), 4)
		session = self.assert_recorded(4)
		self.assertTrue(all(row["tty"].startswith("pts/") for row in session.execs()))

	def test_terminal_interrupt(self):
		opened = self.open_terminal(*self.recorder("sh", "-c", "echo ready; exec sleep 1000"))
		opened.expect("ready")
		time.sleep(0.1)
		opened.send("\x03")
		self.assertEqual(os.WTERMSIG(opened.wait()), signal.SIGINT)
		self.assert_recorded(None, signal.SIGINT)

	def test_terminal_interrupt_that_the_command_handles(self):
		opened = self.open_terminal(*self.recorder("sh", "-c", "trap 'echo caught' INT; echo ready; sleep 1000; echo on; exit 5"))
		opened.expect("ready")
		time.sleep(0.1)
		opened.send("\x03")
		opened.expect("caught")
		opened.expect("on")
		self.assertEqual(os.WEXITSTATUS(opened.wait()), 5)
		self.assert_recorded(5)

	def shell(self, *prefix):
		opened = self.open_terminal(*prefix, "bash", "--norc", "--noprofile", "-i", PS1="prompt> ")
		opened.expect("prompt> ")
		return opened

	def test_stop_and_continue_from_a_shell(self):
		opened = self.shell()
		opened.send(" ".join(self.recorder("sh", "-c", "'echo rea''dy; exec sleep 1000'")) + "\n")
		opened.expect("ready")
		time.sleep(0.2)
		opened.send("\x1a")
		opened.expect("Stopped")
		opened.expect("prompt> ")
		opened.send("fg\n")
		opened.expect("sleep 1000'")
		time.sleep(0.3)
		opened.send("\x03")
		opened.expect("prompt> ")
		opened.send("echo st''atus $?\n")
		opened.expect("status 130")
		opened.send("exit 0\n")
		opened.wait()
		self.assert_recorded(None, signal.SIGINT)

	def test_background_job_that_reads(self):
		opened = self.shell()
		opened.send(" ".join(self.recorder("sh", "-c", "'read x; echo go''t $x; exit 6'")) + " &\n")
		opened.expect("prompt> ")
		self.assertTrue(self.until_jobs(opened, "Stopped"))
		opened.send("fg; echo st''atus $?\n")
		opened.expect("exit 6'")
		time.sleep(0.3)
		opened.send("text\n")
		opened.expect("got text")
		opened.expect("status 6")
		opened.send("exit 0\n")
		opened.wait()
		self.assert_recorded(6)

	def until_jobs(self, opened, state):
		for _ in range(100):
			opened.send("jobs; echo li''sted\n")
			if state.encode() in opened.expect("listed"):
				return True
			time.sleep(0.1)
		return False

	def test_job_control_inside(self):
		opened = self.shell(*self.recorder())
		self.assertNotIn(b"no job control", opened.all)
		opened.send("sleep 1000\n")
		time.sleep(0.3)
		opened.send("\x1a")
		opened.expect("Stopped")
		opened.expect("prompt> ")
		opened.send("jobs\n")
		opened.expect("sleep 1000")
		opened.expect("prompt> ")
		opened.send("bg\n")
		opened.expect("prompt> ")
		opened.send("fg\n")
		opened.expect("sleep 1000")
		time.sleep(0.3)
		opened.send("\x03")
		opened.expect("prompt> ")
		opened.send("echo interrupted $?\n")
		opened.expect("interrupted 130")
		opened.send("exit 7\n")
		self.assertEqual(os.WEXITSTATUS(opened.wait()), 7)
		session = self.assert_recorded(7)
		self.assertEqual([row["exit_signal"] for row in session.processes() if row["comm"] == "sleep"], [signal.SIGINT])

	def test_shell_in_a_recorded_shell_is_stopped(self):
		"""suspend stops the command and the recorder with it, and fg brings both back."""
		opened = self.shell()
		opened.send("PS1='inner> ' " + " ".join(self.recorder("bash", "--norc", "--noprofile", "-i")) + "\n")
		opened.expect("inner> ")
		opened.send("suspend\n")
		opened.expect("Stopped")
		opened.expect("prompt> ")
		opened.send("fg\n")
		opened.expect("inner> ")
		opened.send("exit 8\n")
		opened.expect("prompt> ")
		opened.send("echo st''atus $?\n")
		opened.expect("status 8")
		opened.send("exit 0\n")
		opened.wait()
		self.assert_recorded(8)

	def test_terminal_that_hangs_up(self):
		opened = self.open_terminal(*self.recorder("sh", "-c", "echo ready; exec sleep 1000"))
		opened.expect("ready")
		time.sleep(0.1)
		pid = opened.pid
		os.close(opened.fd)
		opened.fd = None
		self.assertTrue(aa.wait_until(lambda: os.waitpid(pid, os.WNOHANG)[0], 60))
		opened.pid = None
		self.assert_recorded(None, signal.SIGHUP)
