# SPDX-License-Identifier: Apache-2.0
"""Libraries are found by their code, wherever they lie and whenever they come; nobody stays stopped for it."""

import os
import random
import shutil
import subprocess
import time

import aa
import tls


def linked(program, name):
	"""The file that a program's library of that name is."""
	done = subprocess.run(["ldd", program], stdout=subprocess.PIPE, check=True, text=True)
	for line in done.stdout.splitlines():
		words = line.split()
		if words[0].startswith(name) and len(words) > 2:
			return os.path.realpath(words[2])
	raise FileNotFoundError(name)


def state(pid):
	with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
		return file.read().rsplit(")", 1)[1].split()[0]


class Discover(aa.Case):
	def setUp(self):
		super().setUp()
		if not tls.PROGRAM:
			self.skipTest("libssl-dev is not installed")
		self.library = linked(tls.PROGRAM, "libssl.so")
		self.name = os.path.basename(linked(tls.PROGRAM, "libssl.so"))

	def copy(self, *names):
		"""A file with the library's code that nobody has seen before, in a directory of its own."""
		directory = self.make_directory("-".join(names))
		shutil.copy(self.library, os.path.join(directory, self.name))
		return directory

	def copies(self, count):
		return [self.copy("copy", str(i)) for i in range(count)]

	def each(self, directories, server):
		"""One request with each."""
		return ["/bin/sh", "-ec", f'for directory in {" ".join(directories)}; do LD_LIBRARY_PATH=$directory "$@"; done', "sh",
			tls.PROGRAM, "mixed", str(server.port), "1000"]

	def found(self, session, directories):
		rows = [row for row in tls.libraries(session) if os.path.dirname(row["path"]) in directories]
		self.assertEqual(sorted(os.path.dirname(row["path"]) for row in rows), sorted(directories))
		for row in rows:
			file = os.stat(row["path"])
			self.assertEqual((row["inode"], row["device"], row["size_bytes"]),
					 (file.st_ino, aa.device(os.major(file.st_dev), os.minor(file.st_dev)), file.st_size))
			self.assertEqual((row["implementation"], row["attached"]), ("openssl", 1), row)
			self.assertTrue(row["hooks"])
			self.assertEqual(row["build_id"], self.build_id(), row)
		return rows

	def build_id(self):
		with open(self.library, "rb") as file:
			data = file.read()
		at = data.find(b"GNU\0", data.find(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"))
		return data[at + 4:at + 24].hex()

	# --- the first call -----------------------------------------------------------------------------------

	def test_first_calls_of_twenty_new_files(self):
		server, directories = tls.Server(self), self.copies(20)
		recording = self.record(*self.each(directories, server), options=["--quiet"])
		tls.check_all(self, recording, server, "openssl", 20)
		rows = self.found(recording.session, directories)
		for row in rows:
			self.assertGreater(row["held_ns"], 0, row)
			self.assertEqual(row["late"], 0, row)
		paths = {row["id"]: row["path"] for row in rows}
		used = [paths.get(row["library_id"]) for row in tls.connections(recording.session)]
		# Probes say which library's they are since 5.15.
		cookies = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2])) >= (5, 15)
		self.assertEqual(used, [os.path.join(directory, self.name) if cookies else None for directory in directories])

	def test_new_files_without_the_hold(self):
		"""Who is not held may be missed, but never silently."""
		server, directories = tls.Server(self), self.copies(20)
		recording = self.record(*self.each(directories, server), options=["--quiet", "--tls-hold", "off"])
		self.assertEqual(recording.status, 0, recording.err)
		session = recording.session
		rows = self.found(session, directories)
		self.assertEqual([(row["late"], row["held_ns"]) for row in rows], 20 * [(1, None)])
		self.assertEqual(len(server.settle()), 20)
		missed = 0
		for connection in server.connections:
			row = tls.row_of(self, session, connection)
			tls.check_peer(self, row, connection)
			if row["plaintext"] == "yes":
				tls.check_exact(self, session, connection, "openssl")
			else:
				self.assertIn("late", row["reason"].split(","), row)
				missed += 1
		print(f"{missed} of 20 were missed or came late")

	def test_one_file_by_many_processes_at_once(self):
		"""The second that maps a file while it is being looked at waits as well."""
		server, directory = tls.Server(self), self.copy("shared")
		recording = self.record("/bin/sh", "-c", f'for i in 1 2 3 4 5 6 7 8; do LD_LIBRARY_PATH={directory} "$@" & done; wait', "sh", tls.PROGRAM,
					"mixed", str(server.port), "1000", options=["--quiet"])
		tls.check_all(self, recording, server, "openssl", 8)
		self.found(recording.session, [directory])

	def test_stops_are_not_passed_on(self):
		"""Who started aa-record never sees it stopped, and the command's parent sees no end of it."""
		server, directories = tls.Server(self), self.copies(5)
		process = self.start(*self.each(directories, server), options=["--quiet"])
		seen = []
		while True:
			_, status = os.waitpid(process.pid, os.WUNTRACED | os.WCONTINUED)
			seen.append(status)
			if os.WIFEXITED(status) or os.WIFSIGNALED(status):
				break
		process.returncode = os.waitstatus_to_exitcode(seen[-1])
		self.assertEqual(seen, [0])
		self.assertEqual(len(server.settle()), 5)

	def test_file_is_written_over(self):
		"""Probes are off before a file changes, else they would be in the middle of other instructions; and on again behind it."""
		server, directory = tls.Server(self), self.copy("over")
		path = os.path.join(directory, self.name)
		script = f'export LD_LIBRARY_PATH={directory}; "$@"; cat {self.library} > {path}; "$@"; cp {self.library} {path}; "$@"'
		recording = self.record("/bin/sh", "-ec", script, "sh", tls.PROGRAM, "mixed", str(server.port), "1000", options=["--quiet"])
		tls.check_all(self, recording, server, "openssl", 3)
		rows = [row for row in tls.libraries(recording.session) if row["path"] == path]
		self.assertEqual([(row["attached"], row["late"], row["inode"]) for row in rows], 3 * [(1, 0, os.stat(path).st_ino)])

	# --- wherever they lie --------------------------------------------------------------------------------

	def in_namespace(self, script, server):
		recording = self.record("/usr/bin/unshare", "-m", "/bin/sh", "-ec", script, "sh", tls.PROGRAM, "mixed", str(server.port), "1000",
					options=["--quiet"])
		if recording.status == 99:
			self.skipTest(f"cannot mount here: {recording.err}")
		return recording

	def test_another_mount_namespace(self):
		"""A file that has no name where the recorder is."""
		server, directory = tls.Server(self), self.make_directory("private")
		recording = self.in_namespace(f"mount -t tmpfs none {directory} || exit 99\ncp {self.library} {directory}\nLD_LIBRARY_PATH={directory} \"$@\"",
					      server)
		self.assertEqual(os.listdir(directory), [])
		tls.check_all(self, recording, server, "openssl", 1)
		row, = [row for row in tls.libraries(recording.session) if row["path"] == os.path.join(directory, self.name)]
		self.assertEqual((row["attached"], row["implementation"]), (1, "openssl"))

	def test_overlayfs(self):
		"""The merged file and the lower one are the same code: each call is recorded once."""
		server, lower = tls.Server(self), self.copy("lower")
		merged = self.make_directory("merged")
		recording = self.in_namespace(f"mount -t tmpfs none {merged} || exit 99\nmkdir {merged}/u {merged}/w {merged}/m\n"
					      f"mount -t overlay -o lowerdir={lower},upperdir={merged}/u,workdir={merged}/w none {merged}/m || exit 99\n"
					      f'LD_LIBRARY_PATH={lower} "$@"\nLD_LIBRARY_PATH={merged}/m "$@"\nLD_LIBRARY_PATH={lower} "$@"', server)
		tls.check_all(self, recording, server, "openssl", 3)

	def test_another_name(self):
		"""Names mean nothing: found by what is in the file."""
		server, directory = tls.Server(self), self.make_directory("preload")
		path = os.path.join(directory, "innocent.data")
		shutil.copy(self.library, path)
		recording = self.record("/usr/bin/env", f"LD_PRELOAD={path}", tls.PROGRAM, "mixed", str(server.port), "1000", options=["--quiet"])
		tls.check_all(self, recording, server, "openssl", 1)
		self.assertIn(path, [row["path"] for row in tls.libraries(recording.session) if row["attached"]])

	def test_a_file_that_was_deleted(self):
		server, directory = tls.Server(self), self.copy("deleted")
		recording = self.record("/bin/sh", "-ec", f'LD_LIBRARY_PATH={directory} "$@" & rm -r {directory} || true; wait $!', "sh", tls.PROGRAM, "mixed",
					str(server.port), "1000", options=["--quiet"])
		# Whether the program found it, and then whether it still had a name, is a race; the bytes are there in any case.
		tls.check_all(self, recording, server, "openssl", 1)

	# --- under way ----------------------------------------------------------------------------------------

	def attach_under_way(self, *options):
		"""Attaches in the middle of a connection: its row, both directions as stored, and what the server got from then on."""
		server = tls.Server(self)
		client = subprocess.Popen([tls.PROGRAM, "wait", str(server.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
		self.addCleanup(self.stop, client)
		self.assertEqual(int(client.stdout.readline()), client.pid)
		process = self.start(client.pid, command="attach", options=["--quiet", *options])
		self.assertTrue(aa.wait_until(lambda: self.attached() or process.poll() is not None, aa.TIMEOUT / 2), "the library was not found")
		before = server.connections[0].received.bytes
		client.stdin.write(b"\n")
		client.stdin.close()
		self.assertEqual(client.wait(60), 0)
		recording = self.finish(process)
		self.assertEqual(recording.status, 0, recording.err)
		first, second = server.settle()
		session = recording.session
		tls.check_exact(self, session, second, "openssl")
		row, = [row for row in tls.connections(session) if row["time_ns"] < tls.row_of(self, session, second)["time_ns"]]
		self.assertEqual((row["plaintext"], row["pid"], row["peer_port"], row["local_port"]), ("partial", client.pid, server.port, first.port))
		self.assertIn("late", row["reason"])
		sent, received = (tls.Stored(self, session, row, direction) for direction in ("sent", "received"))
		tls.check_sums(self, row, "sent", sent)
		tls.check_sums(self, row, "received", received)
		return row, sent, received, bytes(first.received.data[before:])

	def test_attaching_to_a_connection_under_way(self):
		row, sent, received, truth = self.attach_under_way("--no-redact")
		self.assertEqual(sent.gaps + received.gaps, [], row)
		self.assertEqual(bytes(sent.data), truth)
		self.assertEqual(bytes(received.data), tls.payload(8000))

	def test_what_may_be_secret_of_a_connection_under_way(self):
		"""It may be HTTP/2, whose headers cannot be decoded without those before: what is no text is withheld, and counted."""
		row, sent, received, truth = self.attach_under_way()
		self.assertEqual({gap for _, _, gap in sent.gaps + received.gaps} - {"withheld"}, set(), row)
		self.assertEqual((sent.length, received.length), (len(truth), 8000))
		self.assertTrue(bytes(sent.data).startswith(truth[:truth.index(b"\n")]))
		if sent.gaps or received.gaps:
			self.assertIn("withheld", row["reason"].split(","))

	def attached(self):
		try:
			session = aa.Session(self.database)
		except aa.sqlite3.Error:
			return False
		try:
			return session.id and [row for row in tls.libraries(session) if row["attached"] and os.path.realpath(row["path"]) == self.library]
		except aa.sqlite3.Error:
			return False
		finally:
			session.close()

	# --- nobody stays stopped -----------------------------------------------------------------------------

	def marked(self):
		"""Processes of the command, which has the test's directory in its environment."""
		found = []
		for name in filter(str.isdigit, os.listdir("/proc")):
			try:
				with open(f"/proc/{name}/environ", "rb") as file:
					if b"AA_MARKER=" + self.directory.encode() in file.read() and aa.alive(int(name)):
						found.append(int(name))
			except OSError:
				continue
		return found

	def states(self):
		result = {}
		for pid in self.marked():
			try:
				result[pid] = state(pid)
			except OSError:
				continue
		return result

	def test_killing_the_recorder_during_a_hold(self):
		"""It is killed at any moment of a command that is held again and again; the command ends by itself each time."""
		seed = int(os.environ.get("AA_SEED", random.randrange(1 << 32)))
		print("AA_SEED", seed)
		dice = random.Random(seed)
		began = time.monotonic()
		self.assertEqual(self.run_held(0, None)[1], self.COUNT)
		whole = time.monotonic() - began
		attempt = killed = 0
		while killed < 6:
			attempt += 1
			self.assertLess(attempt, 60, "it ends before it can be killed")
			status, count = self.run_held(attempt, dice.random() * whole)
			killed += status != 0
			# It was killed before the command was let go, or the command went on.
			self.assertIn(count, (0, self.COUNT))

	COUNT = 12

	def run_held(self, attempt, kill_after):
		"""Runs the command, each round with a new file; returns the recorder's status and how far the command came."""
		script = (f'for i in $(seq {self.COUNT}); do mkdir {self.directory}/k{attempt}-$i; cp {self.library} {self.directory}/k{attempt}-$i; '
			  f'LD_LIBRARY_PATH={self.directory}/k{attempt}-$i "$@" 2>/dev/null; echo >>{self.directory}/count{attempt}; done')
		process = self.start("/bin/sh", "-c", script, "sh", tls.PROGRAM, "nothing", env=aa.clean_environment(AA_MARKER=self.directory),
				     options=["--quiet"])
		if kill_after is not None:
			time.sleep(kill_after)
			process.kill()
		# Its pipes stay open as long as the command and what guards it; that all of them end is what is tested.
		process.wait(timeout=60)
		self.assertTrue(aa.wait_until(lambda: not self.marked(), 30), f"they are still there: {self.states()}")
		path = self.path(f"count{attempt}")
		count = 0
		if os.path.exists(path):
			with open(path, encoding="ascii") as file:
				count = len(file.readlines())
		return process.returncode, count
