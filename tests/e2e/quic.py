# SPDX-License-Identifier: Apache-2.0
"""A QUIC Initial packet of a client (RFC 9001), made with libcrypto: for version 1 and, with other labels, 2 (RFC 9369)."""

import ctypes
import ctypes.util
import hashlib
import hmac
import os

VERSIONS = {
	1: (0x00000001, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "quic", 0xC0),
	2: (0x6B3343CF, "0dede3def700a6db819381be6e269dcbf9bd2ed9", "quicv2", 0xD0),
}


def expand(secret, label, size):
	label = b"tls13 " + label.encode()
	info = size.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0"
	return hmac.new(secret, info + b"\1", hashlib.sha256).digest()[:size]


def encrypt(cipher, key, nonce, plain, associated):
	"""AES-128 in the mode of that name; with the tag, where it has one."""
	library = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
	library.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
	mode = getattr(library, cipher)
	mode.restype = ctypes.c_void_p
	context = ctypes.c_void_p(library.EVP_CIPHER_CTX_new())
	out, size, tag = ctypes.create_string_buffer(len(plain) + 32), ctypes.c_int(), ctypes.create_string_buffer(16)
	assert library.EVP_EncryptInit_ex(context, ctypes.c_void_p(mode()), None, key, nonce) == 1
	if associated is not None:
		assert library.EVP_EncryptUpdate(context, None, ctypes.byref(size), associated, len(associated)) == 1
	assert library.EVP_EncryptUpdate(context, out, ctypes.byref(size), plain, len(plain)) == 1
	result = out.raw[:len(plain)]
	if associated is not None:
		assert library.EVP_EncryptFinal_ex(context, out, ctypes.byref(size)) == 1
		assert library.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, tag) == 1
		result += tag.raw
	library.EVP_CIPHER_CTX_free(context)
	return result


def initial(hello, version=1, size=1200):
	"""The datagram whose CRYPTO frames hold that ClientHello (without the header of a TLS record), in two pieces."""
	number, salt, label, first = VERSIONS[version]
	to, at = os.urandom(8), len(hello) // 2

	def frame(begin, data):
		return b"\x06" + (0x4000 | begin).to_bytes(2, "big") + (0x4000 | len(data)).to_bytes(2, "big") + data

	# The later one first, as Chrome does it, and padding between them.
	frames = frame(at, hello[at:]) + bytes(7) + frame(0, hello[:at])
	header = bytes([first | 1]) + number.to_bytes(4, "big") + bytes([len(to)]) + to + b"\0" + b"\0"
	frames += bytes(size - len(header) - 2 - 2 - len(frames) - 16)
	header += (0x4000 | 2 + len(frames) + 16).to_bytes(2, "big") + (7).to_bytes(2, "big")
	secret = expand(hmac.new(bytes.fromhex(salt), to, hashlib.sha256).digest(), "client in", 32)
	key, iv, mask_key = expand(secret, label + " key", 16), expand(secret, label + " iv", 12), expand(secret, label + " hp", 16)
	nonce = iv[:-1] + bytes([iv[-1] ^ 7])
	packet = bytearray(header + encrypt("EVP_aes_128_gcm", key, nonce, frames, header))
	end = len(header)
	mask = encrypt("EVP_aes_128_ecb", mask_key, None, bytes(packet[end + 2:end + 18]), None)
	packet[0] ^= mask[0] & 0x0F
	packet[end - 2] ^= mask[1]
	packet[end - 1] ^= mask[2]
	return bytes(packet)
