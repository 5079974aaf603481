# SPDX-License-Identifier: Apache-2.0
"""python3 run.py FILE.Class.test: runs one test. Exit status 77 says that it was skipped, on the last line why."""

import sys
import unittest


def main():
	suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:])
	result = unittest.TextTestRunner(verbosity=2).run(suite)
	if not result.wasSuccessful() or result.testsRun == 0:
		return 1
	for test, reason in result.skipped:
		print(f"SKIP {test.id()}: {reason}")
	return 77 if result.skipped else 0


if __name__ == "__main__":
	sys.exit(main())
