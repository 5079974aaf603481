# SPDX-License-Identifier: Apache-2.0
"""Header blocks of an HTTP/2 direction, decoded by libnghttp2 itself, without our code."""

import ctypes
import ctypes.util

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, PUSH_PROMISE, CONTINUATION = 1, 5, 9
END_HEADERS, PADDED, PRIORITY = 0x4, 0x8, 0x20


class Pair(ctypes.Structure):
	_fields_ = [("name", ctypes.POINTER(ctypes.c_uint8)), ("value", ctypes.POINTER(ctypes.c_uint8)), ("name_size", ctypes.c_size_t),
		    ("value_size", ctypes.c_size_t), ("flags", ctypes.c_uint8)]


class Inflater:
	def __init__(self):
		self.library = ctypes.CDLL(ctypes.util.find_library("nghttp2") or "libnghttp2.so.14")
		self.state = ctypes.c_void_p()
		self.library.nghttp2_hd_inflate_hd2.restype = ctypes.c_ssize_t
		self.library.nghttp2_hd_inflate_hd2.argtypes = [ctypes.c_void_p, ctypes.POINTER(Pair), ctypes.POINTER(ctypes.c_int), ctypes.c_char_p,
								ctypes.c_size_t, ctypes.c_int]
		assert self.library.nghttp2_hd_inflate_new(ctypes.byref(self.state)) == 0

	def block(self, data):
		"""All headers of a block."""
		headers = []
		while True:
			pair, flags = Pair(), ctypes.c_int()
			used = self.library.nghttp2_hd_inflate_hd2(self.state, ctypes.byref(pair), ctypes.byref(flags), data, len(data), 1)
			assert used >= 0, f"libnghttp2 cannot decode it: {used}"
			data = data[used:]
			if flags.value & 2:
				headers.append((ctypes.string_at(pair.name, pair.name_size), ctypes.string_at(pair.value, pair.value_size)))
			if flags.value & 1:
				self.library.nghttp2_hd_inflate_end_headers(self.state)
				return headers


def frames(data):
	"""(type, flags, stream, payload) of each whole frame."""
	at = len(PREFACE) if data.startswith(PREFACE) else 0
	while at + 9 <= len(data):
		length = int.from_bytes(data[at:at + 3], "big")
		yield data[at + 3], data[at + 4], int.from_bytes(data[at + 5:at + 9], "big"), data[at + 9:at + 9 + length]
		at += 9 + length
	assert at == len(data), "a frame at the end is not whole"


def header_lists(data):
	"""The headers of each block of a direction, from its first byte on."""
	inflater, lists, block = Inflater(), [], b""
	for kind, flags, _, payload in frames(bytes(data)):
		if kind not in (HEADERS, CONTINUATION):
			continue
		if kind == HEADERS:
			if flags & PADDED:
				payload = payload[1:len(payload) - payload[0]]
			if flags & PRIORITY:
				payload = payload[5:]
		block += payload
		if flags & END_HEADERS:
			lists.append(inflater.block(block))
			block = b""
	return lists
