# SPDX-License-Identifier: Apache-2.0
"""Processes: how they begin, change and end. aa.Case.assert_same compares all facts."""

import os
import re

import aa

CRED_COLUMNS = {"Uid": ("uid", "euid", "suid", "fsuid"), "Gid": ("gid", "egid", "sgid", "fsgid")}
CAP_COLUMNS = {"CapInh": "cap_inheritable", "CapPrm": "cap_permitted", "CapEff": "cap_effective",
	       "CapBnd": "cap_bounding", "CapAmb": "cap_ambient"}


def status_columns(text):
	"""/proc/PID/status as columns of s0_cred."""
	values = {}
	for line in bytes.fromhex(text).decode().splitlines():
		name, _, rest = line.partition(":")
		if name in CRED_COLUMNS:
			values.update(zip(CRED_COLUMNS[name], map(int, rest.split())))
		elif name in CAP_COLUMNS:
			values[CAP_COLUMNS[name]] = int(rest, 16)
		elif name == "Groups":
			values["groups"] = len(rest.split())
	return values


class Process(aa.Case):
	def ids(self, recording):
		return {row["pid"]: row["id"] for row in recording.session.processes()}

	def test_every_way_to_fork(self):
		recording = self.record("forks")
		self.assert_same(recording)
		calls = [row["call"] for row in recording.session.processes()]
		self.assertEqual(calls, [None, "fork", "vfork", "clone", "clone", "clone", "clone", "vfork"])

	def test_clone_parent(self):
		recording = self.record("clone-parent")
		self.assert_same(recording)
		root, maker, sibling = recording.session.processes()
		self.assertEqual((sibling["parent_id"], sibling["creator_id"]), (root["id"], maker["id"]))
		self.assertNotEqual(sibling["parent_pid"], sibling["creator_pid"])

	def test_threads_that_fork(self):
		recording = self.record("thread-forks")
		self.assert_same(recording)
		rows = recording.session.processes()
		self.assertEqual(len(rows), 9)
		self.assertEqual(len({row["creator_tid"] for row in rows[1:]}), 8)
		self.assertNotIn(rows[0]["pid"], {row["creator_tid"] for row in rows[1:]})

	def test_daemon(self):
		recording = self.record("daemon")
		self.assert_same(recording)
		root, leader, daemon = recording.session.processes()
		self.assertEqual((daemon["parent_pid"], daemon["exit_code"]), (leader["pid"], 6))
		self.assertEqual([(row["process_id"], row["sid"], row["ns_sid"]) for row in recording.session.table("setsid")],
				 [(leader["id"], line["sid"], line["sid"]) for line in recording.truth.of("setsid")])
		self.assertEqual((daemon["sid"], root["sid"] != daemon["sid"]), (leader["pid"], True))
		self.assert_reparented(recording)

	def test_subreaper(self):
		recording = self.record("subreaper")
		self.assert_same(recording)
		self.assertEqual(len(recording.truth.of("reparent")), 3)
		self.assert_reparented(recording)
		root = recording.session.processes()[0]
		for row in recording.session.table("reparent"):
			self.assertEqual(row["parent_id"], root["id"])

	def assert_reparented(self, recording):
		ids = self.ids(recording)
		parents = {process.pid: process.parent for process in recording.truth.processes}
		self.assertEqual(
			sorted((row["process_id"], row["old_parent_pid"], row["old_parent_id"], row["parent_pid"],
				row["parent_id"]) for row in recording.session.table("reparent")),
			sorted((ids[line["pid"]], parents[line["pid"]], ids[parents[line["pid"]]], line["parent"],
				ids.get(line["parent"])) for line in recording.truth.of("reparent")))

	def test_leader_ends_before_its_threads(self):
		recording = self.record("leaders", "200")
		self.assert_same(recording)
		rows = recording.session.processes()
		self.assertEqual(len(rows), 1 + 4 + 200)
		# wait(2) was the truth; these are what POSIX says it must have been.
		self.assertEqual([(row["exit_code"], row["exit_signal"]) for row in rows[2:5]], [(8, None), (None, 9), (6, None)])

	def test_ends(self):
		directory = self.make_directory("d")
		recording = self.record("exits", directory)
		self.assert_same(recording)
		dumped = [process for process in recording.truth.processes if process.exit and process.exit["status"] & 0x80]
		if not dumped:
			self.skipTest("this machine's core_pattern writes no core files")
		self.assertEqual(sum(row["core_dumped"] for row in recording.session.processes()), len(dumped))
		self.assertEqual({row["exit_code"] for row in recording.session.processes()}, {0, 1, 7, 126, 127, 255, None})

	def test_resource_usage(self):
		recording = self.record("usage")
		self.assert_same(recording)
		row = recording.session.processes()[1]
		truth = recording.truth.processes[1].exit
		self.assertEqual(row["max_rss_bytes"], truth["max_rss_bytes"])
		self.assertGreater(row["max_rss_bytes"], 64 << 20)
		# Two threads of 150 ms each. wait4's sum is the precise run time, a little later; ticks only approximate it.
		total = (truth["user_us"] + truth["system_us"]) * 1000
		self.assertGreater(row["run_time_ns"], 290e6)
		self.assertLessEqual(row["run_time_ns"], total + 1000)
		self.assertGreater(row["run_time_ns"], total * 0.9)
		self.assertGreater(row["user_time_ns"], 0)

	def test_pid_namespaces(self):
		recording = self.record("pid-namespaces")
		self.assert_same(recording)
		rows = recording.session.processes()
		self.assertEqual(len(rows), 10 - 1)
		self.assertEqual(sorted(row["ns_pid"] for row in rows[1:]), [1, 1, 1, 2, 2, 3, 3] + [rows[-2]["pid"]])
		# The number of a namespace that is gone may be given to the next: compare those that lived together.
		root, outer, *_ = rows
		inner = next(row for row in rows if row["parent_id"] == outer["id"] and row["ns_pid"] == 1)
		self.assertEqual(len({row["pid_ns"] for row in (root, outer, inner)}), 3)
		self.assertNotEqual(rows[-1]["pid_ns"], root["pid_ns"])

	def test_pid_reuse(self):
		recording = self.record("pid-reuse", "20")
		self.assert_same(recording)
		rows = recording.session.processes()
		again = [row for row in rows if row["ns_pid"] == 2]
		self.assertEqual(len(again), 20)
		self.assertEqual(len({row["pid"] for row in again}), 1)
		self.assertEqual(len({row["start_boot_ns"] for row in again}), 20)
		self.assertEqual([row["exit_code"] for row in again], list(range(20)))
		for row in recording.session.execs()[1:]:
			self.assertEqual(again[row["process_id"] - again[0]["id"]]["exit_code"] % 2, 1)

	def test_namespaces(self):
		recording = self.record("namespaces")
		self.assert_same(recording)
		root, *rows = recording.session.execs()
		self.assertEqual(len(rows), 5)
		for column, count in (("mnt_ns", 2), ("net_ns", 1), ("uts_ns", 1), ("user_ns", 2)):
			self.assertEqual(sum(row[column] != root[column] for row in rows), count, column)
		# In a new user namespace without a mapping the kernel's own numbers stay.
		self.assertEqual({row["uid"] for row in rows}, {0})
		creds = recording.session.table("cred")
		self.assertEqual([(row["syscall"], row["old_user_ns"] != row["user_ns"]) for row in creds], [("unshare", True)] * 2)

	def cgroup_roots(self):
		with open("/proc/self/mounts", encoding="utf-8") as file:
			mounts = [line.split() for line in file]
		found = [where for _, where, kind, options, *_ in mounts
			 if kind == "cgroup" and {"memory", "pids"} & set(options.split(","))]
		return found or [where for _, where, kind, *_ in mounts if kind == "cgroup2"][:1]

	def test_cgroups(self):
		roots = self.cgroup_roots()
		if not roots:
			self.skipTest("no cgroup hierarchy is mounted")
		name = f"aa-e2e-{os.getpid()}"
		files = []
		for root in roots:
			try:
				os.makedirs(f"{root}/{name}/inner")
			except OSError as error:
				self.skipTest(f"cannot make a cgroup: {error}")
			self.addCleanup(os.rmdir, f"{root}/{name}")
			self.addCleanup(os.rmdir, f"{root}/{name}/inner")
			files.append(f"{root}/{name}/inner/cgroup.procs")
		recording = self.record("cgroups", *files)
		self.assert_same(recording)
		paths = [row["cgroup"] for row in recording.session.execs()[1:]]
		self.assertIn(f"/{name}/inner", paths)
		inner = [row for row in recording.session.processes() if row["cgroup"] == f"/{name}/inner"]
		self.assertEqual([row["exit_code"] for row in inner], [3])

	def test_credentials(self):
		recording = self.record("credentials")
		self.assert_same(recording)
		ids = self.ids(recording)
		expected = []
		for line in recording.truth.of("cred"):
			before, after = status_columns(line["before"]), status_columns(line["after"])
			if line["syscall"] == "":
				self.assertEqual(before, after)
				continue
			row = {f"old_{name}": value for name, value in before.items()} | after
			row |= {"process_id": ids[line["pid"]], "tid": line["tid"], "syscall": line["syscall"]}
			expected.append(row)
			if line["tid"] != line["pid"]:
				# The process's other thread still has what it had: seen when it ends.
				back = {f"old_{name}": value for name, value in after.items()} | before
				expected.append(back | {"process_id": ids[line["pid"]], "tid": line["pid"], "syscall": None})
		found = recording.session.table("cred", "time_ns")
		self.assertEqual(len(found), len(expected))
		for row, line in zip(found, expected):
			self.assertEqual({name: row[name] for name in line}, line)
		self.assertEqual([row["syscall"] for row in found if row["groups_changed"]], ["setgroups"])
		self.assertEqual([row["syscall"] for row in found if row["old_securebits"] != row["securebits"]], ["prctl"])

	def test_renames(self):
		recording = self.record("renames")
		self.assert_same(recording)
		root = recording.session.processes()[0]
		found = [(row["tid"], row["old"], row["new"], row["by_pid"]) for row in recording.session.table("comm", "time_ns")]
		expected = [(line["tid"], aa.escaped(bytes.fromhex(line["old"])), aa.escaped(bytes.fromhex(line["new"])),
			     line["by"]) for line in recording.truth.of("comm")]
		self.assertEqual(found, expected)
		self.assertEqual(root["comm"], "through proc")
		for row in recording.session.table("comm"):
			self.assertIsNone(re.search(r"[\x00-\x1f\x7f]", row["old"] + row["new"]))

	def test_long_chain(self):
		recording = self.record("chain", "300")
		self.assert_same(recording)
		depth = recording.session.value(
			"WITH RECURSIVE t(id, d) AS (SELECT id, 1 FROM s0_process WHERE source = 'root' UNION ALL "
			"SELECT p.id, d + 1 FROM s0_process AS p JOIN t ON p.parent_id = t.id) SELECT max(d) FROM t")
		self.assertEqual(depth, 301)
