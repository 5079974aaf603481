# SPDX-License-Identifier: Apache-2.0
"""What budget says of a table and of what was measured; no kernel, no root."""

import os
import subprocess
import sys
import tempfile
import unittest

BUDGET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "budget")
TABLE = """\
# comment
x86_64 clang-14  5.10   6.1
aa_a             1000  2000
aa_b                -   300
"""


class Budget(unittest.TestCase):
	def setUp(self):
		directory = tempfile.TemporaryDirectory(prefix="aa-budget-")
		self.addCleanup(directory.cleanup)
		self.table = os.path.join(directory.name, "table")
		self.measured = os.path.join(directory.name, "measured")
		with open(self.table, "w", encoding="utf-8") as file:
			file.write(TABLE)

	def budget(self, what, release, *lines, clang=14):
		with open(self.measured, "w", encoding="utf-8") as file:
			file.write("\n".join([f"measured x86_64 {release} clang {clang}", *lines, ""]))
		done = subprocess.run([sys.executable, "-B", BUDGET, what, "--table", self.table, self.measured],
				      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
		return done.returncode, done.stdout

	def check(self, release, *lines, **keywords):
		return self.budget("check", release, *lines, **keywords)

	def test_equal_or_a_little_less_is_silent(self):
		self.assertEqual(self.check("6.1.0-50-amd64", "aa_a 2000", "aa_b 290"), (0, ""))

	def test_growth_fails(self):
		status, said = self.check("6.1.0", "aa_a 2001", "aa_b 300")
		self.assertEqual(status, 1)
		self.assertIn("aa_a: 2001 instructions, 1 more", said)
		self.assertNotIn("aa_b", said)

	def test_shrinking_is_a_note(self):
		status, said = self.check("6.1.0", "aa_a 1899", "aa_b 300")
		self.assertEqual(status, 0)
		self.assertIn("note: aa_a: 1899 instructions, budget 2000: lower it", said)

	def test_unknown_program_fails(self):
		status, said = self.check("6.1.0", "aa_a 2000", "aa_b 300", "aa_c 1")
		self.assertEqual(status, 1)
		self.assertIn("aa_c", said)
		self.assertEqual(self.check("6.1.0", "aa_a 2000", "aa_b 300", "aa_c refused 13")[0], 1)

	def test_a_program_that_is_gone_fails(self):
		status, said = self.check("6.1.0", "aa_a 2000")
		self.assertEqual(status, 1)
		self.assertIn("aa_b: in the table", said)

	def test_refusal_of_what_loaded_fails(self):
		status, said = self.check("6.1.0", "aa_a refused 22", "aa_b 300")
		self.assertEqual(status, 1)
		self.assertIn("aa_a: refused (Invalid argument)", said)
		self.assertEqual(self.check("5.10.0", "aa_a 1000", "aa_b refused 22"), (0, ""))

	def test_policy_of_the_host_is_a_note(self):
		status, said = self.check("6.1.0", "aa_a refused 1", "aa_b 300")
		self.assertEqual(status, 0)
		self.assertIn("note: aa_a: refused", said)

	def test_loading_where_it_never_did_fails(self):
		self.assertEqual(self.check("5.10.0", "aa_a 1000", "aa_b 5")[0], 1)

	def test_other_kernels_and_compilers_are_a_note(self):
		for status, said in (self.check("6.2.0", "aa_a 9"), self.check("6.1.0", "aa_a 9", clang=19)):
			self.assertEqual(status, 0)
			self.assertIn("note: the table has no numbers", said)

	def test_nonsense_is_refused(self):
		with open(self.measured, "w", encoding="utf-8") as file:
			file.write("Segmentation fault\n")
		done = subprocess.run([sys.executable, "-B", BUDGET, "check", self.measured], stderr=subprocess.PIPE,
				      check=False)
		self.assertEqual(done.returncode, 2)

	def test_write(self):
		"""New numbers come in, gone programs go, other columns and blocks stay; then all is silent."""
		lines = ["aa_a 2500", "aa_c 7", "aa_d refused 22"]
		self.assertEqual(self.budget("write", "6.1.9", *lines)[0], 0)
		self.assertEqual(self.check("6.1.0", *lines), (0, ""))
		self.assertEqual(self.check("5.10.0", "aa_a 1000", "aa_c refused 2", "aa_d refused 2"), (0, ""))
		self.assertEqual(self.budget("write", "6.12.3", *lines, clang=19)[0], 0)
		self.assertEqual(self.check("6.12.0", *lines, clang=19), (0, ""))
		self.assertEqual(self.check("6.1.0", *lines), (0, ""))


if __name__ == "__main__":
	unittest.main()
