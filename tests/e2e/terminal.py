# SPDX-License-Identifier: Apache-2.0
"""A program under a terminal of its own, driven by what it prints."""

import os
import pty
import select
import signal
import time


class Terminal:
	def __init__(self, arguments, environment):
		self.seen = b""
		self.all = b""
		self.pid, self.fd = pty.fork()
		if self.pid == 0:
			try:
				os.execvpe(arguments[0], arguments, environment)
			finally:
				os._exit(255)

	def read(self, seconds):
		ready, _, _ = select.select([self.fd], [], [], seconds)
		if not ready:
			return None
		try:
			data = os.read(self.fd, 65536)
		except OSError:  # EIO: nobody has the other side any more
			data = b""
		self.seen += data
		self.all += data
		return data

	def expect(self, text, seconds=60):
		"""Waits for text; forgets what came up to it. Returns what came before."""
		end = time.monotonic() + seconds
		wanted = text.encode()
		while wanted not in self.seen:
			left = end - time.monotonic()
			if left <= 0 or self.read(left) == b"":
				raise AssertionError(f"expected {text!r}, have {self.seen!r} of {self.all[-2000:]!r}")
		before, self.seen = self.seen.split(wanted, 1)
		return before

	def send(self, text):
		os.write(self.fd, text.encode())

	def foreground(self):
		return os.tcgetpgrp(self.fd)

	def wait(self, seconds=60):
		"""Reads to the end; returns the wait status."""
		end = time.monotonic() + seconds
		while time.monotonic() < end:
			data = self.read(0.05)
			pid, status = os.waitpid(self.pid, os.WNOHANG)
			if pid:
				while data:
					data = self.read(0)
				self.pid = None
				return status
		raise AssertionError(f"it does not end: {self.all[-2000:]!r}")

	def close(self):
		if self.pid:
			os.kill(self.pid, signal.SIGKILL)
			os.waitpid(self.pid, 0)
			self.pid = None
		if self.fd is not None:
			os.close(self.fd)
			self.fd = None
