# SPDX-License-Identifier: Apache-2.0
"""Without root: a refusal names what is missing, and with just that it records."""

import os
import shutil
import signal
import subprocess

import aa

NAMES = {"bpf": "CAP_BPF", "perfmon": "CAP_PERFMON", "sys_ptrace": "CAP_SYS_PTRACE", "sys_resource": "CAP_SYS_RESOURCE"}


class Privileges(aa.Case):
	def setUp(self):
		super().setUp()
		self.user = 300000 + os.getpid()
		self.program = self.path("aa-record")
		shutil.copy(aa.RECORD, self.program)
		os.chown(self.directory, self.user, self.user)

	def run_with(self, *capabilities, command="run", arguments=("forks",)):
		with self.truth_file() as fd:
			os.fchmod(fd, 0o666)
			full = [*aa.as_user(self.user, *capabilities), *aa.recorder(command, "--db", self.database, program=self.program)]
			full += ["--", self.workload, *arguments] if command == "run" else arguments
			done = subprocess.run(full, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[fd],
					      env=aa.clean_environment(AA_TRUTH_FD=str(fd)), check=False, timeout=120)
		return aa.Recording(self, self.database, done.returncode, done.stdout, done.stderr, self.read_truth())

	def test_refusal_names_what_is_missing(self):
		for given in ((), ("bpf",), ("perfmon",), ("sys_ptrace",), ("sys_ptrace", "bpf"), ("chown", "kill")):
			with self.subTest(given=given):
				recording = self.run_with(*given)
				self.assertEqual((recording.status, recording.truth_text), (125, ""), recording.err)
				text = recording.err.decode()
				self.assertRegex(text, r"\Aaa-record: [^\n]*\n\Z")
				missing = text[text.index("missing") :].split(")")[0]
				for name in ("bpf", "perfmon"):
					self.assertEqual(NAMES[name] in missing, name not in given, text)
				self.assertRegex(text, "setcap|AmbientCapabilities")
				self.assertFalse(os.path.exists(self.database), "an empty database was left behind")

	def test_refusal_of_attach(self):
		recording = self.run_with(command="attach", arguments=[str(os.getpid())])
		self.assertEqual(recording.status, 1)
		for name in ("bpf", "perfmon", "sys_ptrace"):
			self.assertIn(NAMES[name], recording.err.decode())

	def test_all_capabilities_of_a_user_namespace_are_not_enough(self):
		with self.truth_file() as fd:
			command = [*aa.as_user(self.user), "unshare", "-Ur", *aa.recorder("run", "--db", self.database, program=self.program), "--",
				   self.workload, "exit", "0"]
			done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[fd],
					      env=aa.clean_environment(AA_TRUTH_FD=str(fd)), check=False, timeout=60)
		if b"unshare:" in done.stderr:
			return  # this host forbids them, which is a refusal too
		self.assertEqual((done.returncode, self.read_truth()), (125, ""))
		self.assertRegex(done.stderr.decode(), r"\Aaa-record: .*user namespace")

	def test_just_those_capabilities_are_enough(self):
		needed = [name for name in aa.CAPABILITIES if name != "sys_ptrace"]
		recording = self.run_with(*needed)
		self.assert_same(recording)
		self.assertEqual({(row["uid"], row["cap_effective"] != 0) for row in recording.session.processes()}, {(self.user, True)})

	def test_files_are_the_users(self):
		self.assertEqual(self.run_with(*aa.CAPABILITIES).status, 0)
		for path, mode in ((self.database, 0o600), (os.path.dirname(self.database), 0o700)):
			status = os.stat(path)
			self.assertEqual((status.st_uid, status.st_gid, status.st_mode & 0o7777), (self.user, self.user, mode))

	def test_attach_to_anothers_process(self):
		"""With its arguments, which is what CAP_SYS_PTRACE is for."""
		tree = subprocess.Popen(["sh", "-c", "sleep 1000; true"], stdin=subprocess.DEVNULL, start_new_session=True)
		self.addCleanup(tree.wait)
		self.addCleanup(aa.kill_group_quietly, tree.pid)
		command = [*aa.as_user(self.user, *aa.CAPABILITIES),
			   *aa.recorder("attach", "--db", self.database, str(tree.pid), program=self.program)]
		process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
					   env=aa.clean_environment())
		self.addCleanup(self.stop, process)

		def began():
			try:
				session = aa.Session(self.database)
			except aa.sqlite3.Error:
				return False
			try:
				return session.id and session.has("exec") and len(session.execs(source="snapshot")) == 2
			except aa.sqlite3.Error:
				return False
			finally:
				session.close()

		self.assertTrue(aa.wait_until(began, 60))
		process.send_signal(signal.SIGINT)
		recording = self.finish(process)
		self.assertEqual(recording.status, 0, recording.err)
		self.assert_complete(recording.session)
		self.assertEqual({row["command"] for row in recording.session.execs()}, {"sh -c 'sleep 1000; true'", "sleep 1000"})
