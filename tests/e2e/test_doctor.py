# SPDX-License-Identifier: Apache-2.0
"""aa-record doctor: what it says about this host is what the kernel and aa-record run say, and it leaves nothing."""

import errno
import gzip
import json
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import time

import aa
import bpf
import terminal

TIERS = ("precise", "kprobe", "portable", "basic")
KINDS = ("process.fork", "process.exec", "process.exit", "process.rename", "process.cred", "process.setsid",
	 "process.exec_failed", "file.open", "file.names", "file.attributes", "file.place", "file.transfer", "file.mmap",
	 "file.close")
KERNEL_BTF = "/sys/kernel/btf/vmlinux"


def release():
	return tuple(int(number) for number in re.match(r"(\d+)\.(\d+)", platform.release()).groups())


def in_namespace(script):
	"""Prefix that runs a command in a mount namespace of its own, after the script."""
	return ["unshare", "-m", "sh", "-c", script + ' && exec "$@"', "sh"]


class Doctor(aa.Case):
	def doctor(self, *options, prefix=(), program=aa.RECORD, env=None, **keywords):
		keywords.setdefault("stdin", subprocess.DEVNULL)
		keywords.setdefault("stdout", subprocess.PIPE)
		keywords.setdefault("stderr", subprocess.PIPE)
		environment = aa.clean_environment(**({"COLUMNS": "100"} | (env or {})))
		return subprocess.run([*prefix, program, "doctor", *options], env=environment, timeout=aa.TIMEOUT,
				      check=False, **keywords)

	def report(self, *options, status=0, **keywords):
		done = self.doctor("--format", "json", *options, **keywords)
		self.assertEqual(done.returncode, status, (done.stdout, done.stderr))
		self.assertEqual(done.stderr, b"")
		report = json.loads(done.stdout)
		self.assertEqual(report["verdict"] == "cannot", status == 1, report["text"])
		self.assertEqual(report["verdict"] == "cannot", report["error"] is not None)
		return report

	@staticmethod
	def fact(report, name):
		return {fact["name"]: fact for fact in report["host"]}[name]

	@staticmethod
	def capability(report, name):
		return {row["name"]: row for row in report["capabilities"]}[name]

	def copied(self):
		"""aa-record where another user can run it."""
		program = self.path("aa-record")
		shutil.copy(aa.RECORD, program)
		os.chmod(program, 0o755)
		return program

	# --- what it says ------------------------------------------------------------------------------------

	def test_an_event_of_each_kind_arrives(self):
		report = self.report()
		self.assertIn(report["verdict"], ("records", "limits"))
		for kind in KINDS:
			row = self.capability(report, kind)
			with self.subTest(row=row):
				self.assertTrue(row["recorded"])
				self.assertIs(row["event_arrived"], True)
				self.assertGreater(row["event_delay_ns"], 0)
				self.assertLess(row["event_delay_ns"], report["times"]["doctor_ns"])
				self.assertEqual(row["tiers"][row["tier"]], "chosen")

	def test_text_and_json_say_the_same(self):
		report = self.report()
		done = self.doctor()
		self.assertEqual((done.returncode, done.stderr), (0, b""))
		text = done.stdout.decode()
		words = " ".join(text.split())
		self.assertTrue(words.startswith(report["text"]), words)
		for fact in report["host"]:
			self.assertIn(" ".join(f"{fact['name'].replace('_', ' ')} {fact['value']}".split()), words)
			self.assertIn(" ".join((fact["advice"] or "").split()), words)
		for row in report["capabilities"]:
			fields = re.search(rf"^  {re.escape(row['name'])} +(.*)$", text, re.M).group(1).split()
			self.assertEqual(fields[:4], [row["tiers"][tier] or "-" for tier in TIERS])
			for program in row["programs"]:
				if program["state"] == "works":
					self.assertEqual((program["errno"], program["reason"]), (0, None))
				else:
					self.assertTrue(program["reason"], program)
					if program["state"] == "untried" and row["tiers"][program["tier"]] in ("works", "chosen"):
						continue  # not needed
					self.assertIn(f"{program['tier']}, {program['state']}: ", words)

	def test_the_decisions_are_those_of_a_recording(self):
		report = self.report()
		recording = self.record("exit", "0")
		self.assertEqual(recording.status, 0, recording.err)
		rows = recording.session.rows("SELECT capability, tier, program, attached FROM probe WHERE session_id = ?",
					      recording.session.id)
		said = {(row["capability"], row["tier"], row["program"], int(row["attached"])) for row in report["probes"]}
		# The doctor asks for what attach needs, too.
		self.assertEqual({tuple(row.values()) for row in rows},
				 {row for row in said if row[0] != "process.snapshot"})

	def test_tiers_are_what_the_kernel_takes(self):
		types = bpf.Types()
		report = self.report()
		cells = self.capability(report, "process.exit")["tiers"]
		can = {
			"precise": bpf.fentry(types, "taskstats_exit") == 0,
			"kprobe": bpf.kprobe() == 0,
			"portable": bpf.tp_btf(types, "sched_process_exit") == 0,
			"basic": bpf.raw_tp("sched_process_exit") == 0,
		}
		self.assertEqual({tier: cells[tier] in ("chosen", "works") for tier in TIERS}, can)
		best = [tier for tier in TIERS if can[tier]]
		if report["probes"] and not self.preempts(report):
			self.assertEqual(self.capability(report, "process.exit")["tier"], best[0])
		precise = bpf.lsm(types, "bprm_check_security")
		if precise == errno.EPERM:
			self.assertNotIn("aa_note_lsm", [row["program"] for row in report["probes"] if row["attached"]])

	def preempts(self, report):
		return "interrupt" in (self.fact(report, "preemption")["advice"] or "")

	def test_only_one_tier(self):
		types = bpf.Types()
		can = {
			"precise": bpf.fentry(types, "taskstats_exit") == 0,
			"kprobe": bpf.kprobe() == 0,
			"portable": bpf.tp_btf(types, "sched_process_exit") == 0,
			"basic": bpf.raw_tp("sched_process_exit") == 0,
		}
		for tier in TIERS:
			with self.subTest(tier=tier):
				report = self.report("--tier", tier, status=0 if can[tier] else 1)
				self.assertEqual(report["asked_tier"], tier)
				recording = self.record("exit", "0", options=["--tier", tier])
				self.assertEqual(recording.status, 0 if can[tier] else 125, recording.err)
				if can[tier]:
					self.assertEqual(self.capability(report, "process.exit")["tier"], tier)
				else:
					self.assertIn(tier, report["text"])
				for row in report["capabilities"]:
					better = TIERS[: TIERS.index(tier)]
					self.assertEqual([row["tiers"][name] for name in better if row["tier"] == name], [])

	def test_lockdown_is_shown(self):
		shown = subprocess.run([*in_namespace("mount -t securityfs none /mnt"), "cat", "/mnt/lockdown"],
				       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode()
		word = re.search(r"\[(\w+)\]", shown)
		value = self.fact(self.report(), "lockdown")["value"]
		self.assertEqual(value.split()[0], word.group(1) if word else "none")

	def test_facts(self):
		report = self.report()
		self.assertEqual(self.fact(report, "kernel")["value"], f"Linux {platform.release()} {platform.machine()}")
		self.assertIn(KERNEL_BTF, self.fact(report, "btf")["value"])
		self.assertEqual(self.fact(report, "capabilities")["state"], "ok")
		report = self.report(prefix=["unshare", "--pid", "--fork"])
		self.assertIn("own pid namespace", self.fact(report, "namespaces")["value"])

	# --- less than root ----------------------------------------------------------------------------------

	def test_without_privileges(self):
		prefix = ["setpriv", "--reuid", str(aa.NOBODY), "--clear-groups"]
		report = self.report(status=1, prefix=prefix, program=self.copied())
		self.assertIn("CAP_BPF", report["text"])
		self.assertIn("CAP_PERFMON", report["text"])
		fact = self.fact(report, "capabilities")
		self.assertEqual(fact["state"], "bad")
		for name in ("CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE"):
			self.assertIn(name, fact["value"])
		self.assertIn("setcap", fact["advice"])
		# Every fact that can be had is still there.
		self.assertEqual(self.fact(report, "kernel")["value"], f"Linux {platform.release()} {platform.machine()}")
		self.assertIn(KERNEL_BTF, self.fact(report, "btf")["value"])
		done = self.doctor(prefix=prefix, program=self.copied())
		self.assertEqual((done.returncode, done.stderr), (1, b""))
		self.assertTrue(done.stdout.startswith(b"this host cannot record: "))
		directory = self.make_directory("mine")
		os.chown(directory, aa.NOBODY, aa.NOBODY)
		run = subprocess.run([*prefix, self.path("aa-record"), "run", "--db", directory + "/aa.db", "--", "true"],
				     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
				     env=aa.clean_environment(), check=False)
		self.assertEqual(run.returncode, 125)
		self.assertTrue(run.stderr.endswith(b"; aa-record doctor says more\n"), run.stderr)

	def as_nobody_with(self, *names):
		names = list(names) + (["sys_resource"] if release() < (5, 11) else [])
		words = ",".join(["-all"] + ["+" + name for name in names])
		return ["setpriv", "--reuid", str(aa.NOBODY), "--regid", str(aa.NOBODY), "--clear-groups", "--inh-caps=" + words,
			"--ambient-caps=" + words, "--bounding-set=" + words]

	def test_with_just_the_capabilities(self):
		program = self.copied()
		report = self.report(prefix=self.as_nobody_with("bpf", "perfmon", "sys_ptrace"), program=program)
		self.assertEqual(self.fact(report, "capabilities")["state"], "ok")
		for kind in KINDS:
			self.assertIs(self.capability(report, kind)["event_arrived"], True, kind)
		report = self.report(prefix=self.as_nobody_with("bpf", "perfmon"), program=program)
		self.assertEqual(report["verdict"], "limits")
		self.assertIn("CAP_SYS_PTRACE", self.fact(report, "capabilities")["value"])
		report = self.report(status=1, prefix=self.as_nobody_with("bpf"), program=program)
		self.assertIn("CAP_PERFMON", report["text"])

	def run_of(self, prefix):
		"""Exit status of a recording there: doctor must not promise more."""
		done = subprocess.run([*prefix, aa.RECORD, "run", "--quiet", "--db", self.database, "--", "true"], check=False,
				      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
				      env=aa.clean_environment(), timeout=aa.TIMEOUT)
		self.assertIn(done.returncode, (0, 125), done.stderr)
		return done.returncode

	def test_what_a_recording_needs_of_the_host(self):
		lacks = [(["setpriv", "--bounding-set=-sys_resource", "prlimit", "--nofile=150:150"], "ulimit -n")]
		if not aa.is_sanitized():  # the sanitizers themselves need it
			lacks.append((in_namespace("mount -t tmpfs none /proc"), "/proc"))
		for prefix, word in lacks:
			with self.subTest(word):
				self.assertEqual(self.run_of(prefix), 125)
				report = self.report(prefix=prefix, status=1)
				self.assertIn(word, report["text"])

	def test_soft_limits_are_lifted(self):
		prefix = ["prlimit", "--nofile=150:1024", "--fsize=100000:"]
		self.assertEqual(self.run_of(prefix), 0)
		self.report("--btf", KERNEL_BTF, prefix=prefix)

	def test_without_dev(self):
		"""What the self-test executes must not be heard where there is no /dev/null to send it to."""
		prefix = in_namespace("mount -t tmpfs none /dev")
		self.report(prefix=prefix)  # one object of JSON, and not a word more
		self.assertEqual(self.run_of(prefix), 0)

	# --- BTF ---------------------------------------------------------------------------------------------

	def test_hidden_btf(self):
		prefix = in_namespace("mount -t tmpfs none /sys/kernel/btf")
		run = subprocess.run([*prefix, aa.RECORD, "run", "--db", self.database, "--", "true"], check=False,
				     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
				     env=aa.clean_environment())
		self.assertIn(run.returncode, (0, 125), run.stderr)
		report = self.report(prefix=prefix, status=0 if run.returncode == 0 else 1)
		fact = self.fact(report, "btf")
		self.assertEqual(fact["state"] == "bad", run.returncode != 0)
		self.assertNotIn(KERNEL_BTF, fact["value"])
		if run.returncode == 0:
			# Without the kernel's own, libbpf cannot do more.
			self.assertLessEqual({row["tier"] for row in report["probes"] if row["attached"]}, {"kprobe", "basic"})
		else:
			self.assertIn("--btf", report["text"])

	def test_btf_from_a_file(self):
		with open(KERNEL_BTF, "rb") as file:
			data = file.read()
		with open(self.path("vmlinux.btf"), "wb") as file:
			file.write(data)
		with gzip.open(self.path("vmlinux.btf.gz"), "wb", 1) as file:
			file.write(data)
		shutil.copy(self.path("vmlinux.btf"), self.path("CAP_SYS_PTRACE"))  # a name is not a finding
		for name in ("vmlinux.btf", "vmlinux.btf.gz", "CAP_SYS_PTRACE"):
			report = self.report("--btf", self.path(name))
			self.assertIn(name, self.fact(report, "btf")["value"])
			self.assertNotIn("arguments of other users", report["text"])
			for kind in KINDS:
				self.assertIs(self.capability(report, kind)["event_arrived"], True, (name, kind))

	def test_hostile_btf(self):
		with open(KERNEL_BTF, "rb") as file:
			data = file.read()
		dice = random.Random(3)
		files = {
			"empty": b"",
			"garbage": bytes(dice.randrange(256) for _ in range(5000)),
			"magic": data[:2],
			"header": data[:24],
			"half": data[: len(data) // 2],
			"swapped": data[1::-1] + data[2:],
			"escape\x1b[31m": b"\0" * 4096,
		}
		for name, content in files.items():
			with open(self.path(name), "wb") as file:
				file.write(content)
		os.mkdir(self.path("directory"))
		os.mkfifo(self.path("fifo"))
		places = [self.path(name) for name in [*files, "directory", "fifo", "missing"]]
		for place in [*places, "/dev/zero", "/proc/self/mem", aa.RECORD]:
			with self.subTest(place=place):
				report = self.report("--btf", place, status=1)
				self.assertEqual(self.fact(report, "btf")["state"], "bad")
				done = self.doctor("--btf", place)
				self.assertEqual(done.returncode, 1)
				self.assertNotIn(b"\x1b", done.stdout + done.stderr)
				self.assertTrue(done.stdout.startswith(b"this host cannot record: "), done.stdout)

	# --- what is loaded ----------------------------------------------------------------------------------

	def test_verbose_counts_runs(self):
		report = self.report("--verbose")
		own = {row["name"]: row for row in report["loaded_programs"] if row["own"]}
		for row in report["probes"]:
			if not row["attached"]:
				continue
			for name in row["program"].split("+"):
				self.assertIn(name, own)
				self.assertEqual(own[name]["tier"], row["tier"])
		for kind in KINDS:
			rows = [own[name] for name in self.capability(report, kind)["program"].split("+")]
			# Not all of them: some are for 32-bit calls.
			ran = [row for row in rows if row["runs"] > 0]
			self.assertGreater(len(ran), 0, rows)
			for row in rows:
				self.assertEqual(row["mean_ns"] > 0, row in ran, row)
				self.assertGreater(row["memory_bytes"], 0, row)
				self.assertGreater(row["verified_instructions"], 0, row)
		rings = [row for row in report["loaded_maps"] if row["own"] and row["type"] == "ringbuf"]
		self.assertIn("aa_ring_lifecycle", [row["name"] for row in rings])
		for row in rings:
			self.assertEqual(row["fill"], 0, row)
		text = self.doctor("--verbose").stdout.decode()
		for name in own:
			self.assertRegex(text, rf"(?m)^  {re.escape(name)} +\w+ +\d+ +\d+")

	def test_verbose_lists_other_recorders(self):
		other = self.start("/bin/sh", "-c", "echo ready; cat", stdin=subprocess.PIPE)
		self.assertEqual(other.stdout.readline(), b"ready\n", "it does not record")
		ids = bpf.loaded_by(other.pid)
		self.assertGreater(len(ids), 0)
		report = self.report("--verbose")
		self.assertLessEqual(ids, {row["id"] for row in report["loaded_programs"] if not row["own"]})
		other.stdin.close()
		other.stdin = None
		self.assertEqual(other.wait(60), 0)

	# --- manners -----------------------------------------------------------------------------------------

	def test_beside_a_recorder(self):
		with self.truth_file() as fd:
			environment = aa.clean_environment(AA_TRUTH_FD=str(fd))
			process = self.start(self.workload, "storm", "1200", "2", env=environment, pass_fds=[fd])
			while process.poll() is None:
				self.report()
			recording = self.finish(process)
		self.assert_same(recording)

	def test_two_at_a_time(self):
		processes = [self.start_doctor() for _ in range(2)]
		for process in processes:
			out, err = process.communicate(timeout=aa.TIMEOUT)
			self.assertEqual((process.returncode, err), (0, b""), out)
			for row in json.loads(out)["capabilities"]:
				self.assertIsNot(row["event_arrived"], False, row)

	def start_doctor(self, **extra):
		process = subprocess.Popen([aa.RECORD, "doctor", "--format", "json"], stdin=subprocess.DEVNULL,
					   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=aa.clean_environment(**extra))
		self.addCleanup(self.stop, process)
		return process

	def marked(self):
		found = []
		for name in filter(str.isdigit, os.listdir("/proc")):
			try:
				with open(f"/proc/{name}/environ", "rb") as file:
					if self.directory.encode() in file.read() and aa.alive(int(name)):
						found.append(int(name))
			except OSError:
				continue
		return found

	def test_a_signal_leaves_nothing(self):
		dice = random.Random(7)
		start = time.monotonic()
		self.report()
		usual = time.monotonic() - start
		for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL) * 2:
			process = self.start_doctor(AA_MARKER=self.directory)
			end, ids = time.monotonic() + dice.random() * usual, set()
			while time.monotonic() < end:
				ids |= bpf.loaded_by(process.pid)
			process.send_signal(number)
			process.wait(60)
			self.assertIn(process.returncode, (0, -number))
			self.assertTrue(aa.wait_until(lambda: not self.marked()), "a process is left")
			self.assertTrue(aa.wait_until(lambda ids=ids: not any(bpf.is_loaded(i) for i in ids)), "a program is left")

	def test_leaves_nothing(self):
		before = set(os.listdir(self.directory))
		process = self.start_doctor(AA_MARKER=self.directory, AA_DB=self.path("none", "aa.db"), TMPDIR=self.directory)
		ids = set()
		while process.poll() is None:
			ids |= bpf.loaded_by(process.pid)
		self.assertGreater(len(ids), 0)
		self.assertTrue(aa.wait_until(lambda: not any(bpf.is_loaded(i) for i in ids)))
		self.assertTrue(aa.wait_until(lambda: not self.marked()), "a process is left")
		self.assertEqual(set(os.listdir(self.directory)), before)

	# What is about the output alone is asked of a doctor that may look at little, and is quick.

	def unable(self, **keywords):
		return self.doctor(prefix=self.as_nobody_with(), program=self.copied(), **keywords)

	def test_closed_and_full_outputs(self):
		self.assertEqual(self.with_closed(">&- 2>&- <&-", []).returncode, 0)
		for redirection in (">&-", "2>&-", "<&-"):
			done = self.with_closed(redirection, self.as_nobody_with())
			self.assertEqual((done.returncode, done.stderr), (1, b""), redirection)
		with open("/dev/full", "wb") as full:
			done = self.unable(stdout=full)
		self.assertEqual(done.returncode, 1)
		self.assertRegex(done.stderr, rb"\Aaa-record: .*No space left")
		read, write = os.pipe()
		os.close(read)
		try:
			self.assertNotEqual(self.unable(stdout=write).returncode, 0)
		finally:
			os.close(write)

	def with_closed(self, redirection, prefix):
		return subprocess.run([*prefix, "sh", "-c", f'exec "$0" doctor {redirection}', self.copied()],
				      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
				      env=aa.clean_environment(), timeout=aa.TIMEOUT, check=False)

	def test_narrow_and_odd_columns(self):
		for columns in ("1", "0", "-5", "x", "99999999999999999999"):
			done = self.unable(env={"COLUMNS": columns})
			self.assertEqual((done.returncode, done.stderr), (1, b""), columns)
			self.assertIn("CAP_BPF", done.stdout.decode())
		for columns in (20, 80):
			done = self.doctor(env={"COLUMNS": str(columns)})
			self.assertEqual((done.returncode, done.stderr), (0, b""), columns)
			for line in done.stdout.decode().splitlines():
				# A word that is longer stays whole, and begins a line.
				self.assertTrue(len(line) <= columns or " " not in line.strip(" X!"), line)

	def test_colors_only_on_a_terminal(self):
		self.assertNotIn(b"\x1b", self.unable(env={"TERM": "xterm"}).stdout)
		program = self.copied()
		for extra, colored in (({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
				       ({"TERM": "dumb"}, False)):
			screen = terminal.Terminal([*self.as_nobody_with(), program, "doctor"], aa.clean_environment(**extra))
			try:
				self.assertEqual(os.waitstatus_to_exitcode(screen.wait()), 1)
				self.assertEqual(b"\x1b[" in screen.all, colored, screen.all)
				self.assertIn(b"cannot record", screen.all)
			finally:
				screen.close()

	def test_usage(self):
		for arguments in (["operand"], ["--format", "xml"], ["--tier", "any"], ["--db", "x"], ["--btf", ""], ["--no-such"]):
			done = self.doctor(*arguments)
			self.assertEqual((done.returncode, done.stdout), (2, b""), arguments)
			self.assertRegex(done.stderr, rb"\Aaa-record: .+\n\Z")
		for arguments in (["doctor", "--help"], ["help", "doctor"]):
			done = subprocess.run([aa.RECORD, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
			self.assertEqual((done.returncode, done.stderr), (0, b""))
			for option in ("--tier", "--btf", "--format", "--verbose", "--debug"):
				self.assertIn(option.encode(), done.stdout)

	def test_debug_shows_the_log(self):
		done = self.doctor("--debug", "--format", "json")
		self.assertEqual(done.returncode, 0)
		json.loads(done.stdout)
		self.assertIn(b"libbpf", done.stderr)
