# SPDX-License-Identifier: Apache-2.0
"""Kernel images with types, where distributions put them: taken if they are of this very build."""

import os
import re
import struct
import subprocess

import aa

SYSFS = "/sys/kernel/btf/vmlinux"
NOTES = "/sys/kernel/notes"
HEADER = 64
SECTION = 64
MACHINE = {"x86_64": 62, "aarch64": 183}
PROGBITS, STRTAB, NOTE = 1, 3, 7


def note(kind, content):
	return struct.pack("=III4s", 4, len(content), kind, b"GNU\0") + content + bytes(-len(content) % 4)


def image(types, notes, machine=None):
	"""An ELF file with the two sections that matter of a vmlinux."""
	names = b"\0.BTF\0.notes\0.names\0"
	parts, headers, at = [], [bytes(SECTION)], HEADER
	for name, kind, content in ((b".BTF", PROGBITS, types), (b".notes", NOTE, notes), (b".names", STRTAB, names)):
		headers.append(struct.pack("=IIQQQQIIQQ", names.index(name + b"\0"), kind, 0, 0, at, len(content), 0, 0, 1, 0))
		parts.append(content + bytes(-len(content) % 8))
		at += len(parts[-1])
	header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
		"=HHIQQQIHHHHHH", 2, machine or MACHINE[os.uname().machine], 1, 0, 0, at, 0, HEADER, 0, 0, SECTION, len(headers), 3)
	return header + b"".join(parts) + b"".join(headers)


class Image(aa.Case):
	# The kernel's types are hidden, and without CAP_SYS_ADMIN they can't be had by id; the image is put to its place.
	SCRIPT = ('for d in /sys/kernel/btf /boot /lib/modules /usr/lib/debug; do\n'
		  'test ! -d $d || mount -t tmpfs none $d || exit 99; done\n'
		  'place=$1 image=$2; shift 2; mkdir -p "${place%/*}" && cp "$image" "$place" || exit 99\n'
		  'exec setpriv --bounding-set=-sys_admin "$@"')

	def setUp(self):
		super().setUp()
		if not os.path.isdir("/boot"):
			self.skipTest("there is no /boot to put an image to")
		if not os.path.exists(SYSFS):
			self.skipTest("this kernel has no BTF of its own to make an image of")
		with open(SYSFS, "rb") as file:
			self.types = file.read()

	def run_beside(self, content, place="/boot/vmlinux-{}"):
		"""Records with that image as the only source of types."""
		self.attempt += 1
		path = self.path(f"image{self.attempt}")
		with open(path, "wb") as file:
			file.write(content)
		command = ["unshare", "-m", "sh", "-c", self.SCRIPT, "sh", place.format(os.uname().release), path,
			   *aa.recorder("run", "--db", self.database), "--", "sh", "-c", "exit 9"]
		return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=aa.clean_environment(),
				      check=False, timeout=120)

	def require_serving(self, done):
		if aa.TIER in ("precise", "portable"):
			self.assertEqual(done.returncode, 125, done.stderr)
			self.assertIn(aa.TIER, done.stderr.decode())
			return
		self.assertEqual(done.returncode, 9, done.stderr)

	def build_id(self):
		"""That of the running kernel."""
		with open(NOTES, "rb") as file:
			notes = file.read()
		at = notes.index(b"GNU\0") - 12
		while True:
			name, size, kind = struct.unpack_from("=III", notes, at)
			start = at + 12 + (name + 3) // 4 * 4
			if kind == 3 and notes[at + 12 : at + 16] == b"GNU\0":
				return notes[start : start + size]
			at = start + (size + 3) // 4 * 4

	def test_is_found_in_each_place(self):
		for place in ("/boot/vmlinux-{}", "/lib/modules/{}/build/vmlinux", "/usr/lib/debug/boot/vmlinux-{}",
			      "/usr/lib/debug/lib/modules/{}/vmlinux"):
			top = re.match("/boot|/lib/modules|/usr/lib/debug", place)[0]
			if not os.path.isdir(top):
				continue  # nothing can be mounted there, and nothing is left behind
			with self.subTest(place):
				self.require_serving(self.run_beside(image(self.types, note(1, b"\0" * 16)), place))

	def test_build_id_is_compared(self):
		if not os.path.exists(NOTES):
			self.skipTest("this kernel has no build id")
		own = self.build_id()
		self.require_serving(self.run_beside(image(self.types, note(1, b"x") + note(3, own))))
		other = bytes(byte ^ 1 for byte in own)
		done = self.run_beside(image(self.types, note(1, b"x") + note(3, other)))
		self.assertEqual(done.returncode, 125, done.stderr)
		self.assertRegex(done.stderr.decode(), re.escape(f"/boot/vmlinux-{os.uname().release}") + ".*another kernel build")

	def test_what_does_not_serve_is_said(self):
		wrong = 183 if os.uname().machine == "x86_64" else 62
		cases = {
			"another machine": image(self.types, b"", machine=wrong),
			"truncated": image(self.types, b"")[: len(self.types) // 2],
			"without a .BTF section": image(self.types, b"").replace(b"\0.BTF\0", b"\0.XTF\0"),
			"not BTF": b"this is no image",
		}
		for words, content in cases.items():
			with self.subTest(words):
				done = self.run_beside(content)
				self.assertEqual(done.returncode, 125, done.stderr)
				self.assertRegex(done.stderr.decode(), f"/boot/vmlinux-.*: [^;]*{words}")
