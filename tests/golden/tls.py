# SPDX-License-Identifier: Apache-2.0
"""A session with TLS, as the recorder would store it: conversations are made here byte by byte, without any of our code."""
import sqlite3
import struct
import zlib

import fixture

START = 1763622960000000000
TABLES = fixture.TABLES + ["tls_connection", "tls", "tls_library", "redaction"]
KEY = "00112233445566778899aabbccddeeff" * 2
SECRET = "sk-test-1234567890"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def gzip(data):
    """A stored block: the same bytes whichever zlib made them."""
    packer = zlib.compressobj(0, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def chunked(data, size=7):
    parts = [data[i:i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def hpack(*fields):
    """Literals without indexing; texts of less than 127 bytes."""
    return b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in fields)


def websocket(opcode, payload, mask=None, final=True):
    head = bytes([(0x80 if final else 0) | opcode, (0x80 if mask else 0) | len(payload)])
    if mask:
        return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return head + payload


class Maker:
    def __init__(self, path, version=2, tables=TABLES):
        self.db = sqlite3.connect(path)
        fixture.catalogue(self.db, version)
        fixture.session(self.db, 1, tables)
        self.connections = {}
        self.time_ns = START
        self.db.execute("INSERT INTO agent VALUES (1, 'talker', ?)", (START,))
        self.db.execute("INSERT INTO session (id, agent_id, name, mode, state, start_ns, end_ns, boot_offset_ns, boot_id, host, kernel, machine,"
                        " recorder, recorder_pid, recorder_start_ticks) VALUES (1, 1, 'talker-1', 'run', 'complete', ?, ?, 0, '', '', '', '', '', 1, 1)",
                        (START, START + 10**10))
        self.db.executemany("INSERT INTO s1_process (id, pid, start_boot_ns, time_ns, source, parent_id, parent_pid, comm, exit_time_ns, exit_status, exit_code)"
                            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
                            [(1, 100, 0, START, "root", None, 1, "bash", START + 10**10), (2, 101, 1, START + 10**6, "fork", 1, 100, "curl", START + 5 * 10**9),
                             (3, 102, 2, START + 2 * 10**6, "fork", 1, 100, "node", START + 9 * 10**9)])

    def connection(self, number, process_id=2, **values):
        row = {"id": number, "process_id": process_id, "time_ns": START + number * 10**8, "end_ns": START + number * 10**8 + 5 * 10**7, "end_reason": "freed",
               "transport": "tcp", "implementation": "openssl", "plaintext": "yes", "role": "client", "version": "TLSv1.3", "sent_bytes": 0, "received_bytes": 0,
               "sent_calls": 0, "received_calls": 0, "sent_gap_bytes": 0, "received_gap_bytes": 0, "redactions": 0, "local_address": "10.0.0.2", "local_port": 40000 + number,
               "peer_port": 443, "method": "call", "handshake": "done", "handshake_ns": 12000000}
        row.update(values)
        self.connections[number] = {"sent": 0, "received": 0}
        self.time_ns = row["time_ns"]
        self.insert("s1_tls_connection", row)

    def insert(self, table, row):
        self.db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def say(self, number, direction, data, pack=False, **values):
        at = self.connections[number]
        self.time_ns += 10**6
        row = {"connection_id": number, "process_id": 2, "tid": 101, "time_ns": self.time_ns, "direction": direction, "call": 0, "offset": at[direction],
               "bytes": len(data or b""), "size": None if data is None else len(data), "encoding": "zlib" if pack else None,
               "data": zlib.compress(data) if pack else data}
        row.update(values)
        at[direction] += row["bytes"]
        self.insert("s1_tls", row)
        self.db.execute(f"UPDATE s1_tls_connection SET {direction}_bytes = {direction}_bytes + ?, {direction}_calls = {direction}_calls + 1 WHERE id = ?",
                        (row["bytes"], number))

    def hole(self, number, direction, count, why="ring-full"):
        self.say(number, direction, None, bytes=count, gap=why, call=None)
        self.db.execute(f"UPDATE s1_tls_connection SET {direction}_gap_bytes = {direction}_gap_bytes + ? WHERE id = ?", (count, number))
        self.insert("s1_gap", {"time_ns": self.time_ns, "end_ns": self.time_ns, "lane": "payload", "kind": "tls_data", "reason": why, "count": count, "process_id": 2,
                               "detail": f"TLS connection {number}"})

    def close(self):
        self.db.commit()
        self.db.close()


def make(path):
    maker = Maker(path)
    maker.insert("session_option", {"id": 1, "session_id": 1, "name": "redact", "value": "on"})
    maker.insert("session_option", {"id": 2, "session_id": 1, "name": "redact-key", "value": KEY})
    maker.insert("s1_tls_library", {"id": 1, "time_ns": START, "number": 1, "path": "/usr/lib/x86_64-linux-gnu/libssl.so.3", "device": 8388609, "inode": 77,
                                    "size_bytes": 700000, "build_id": "abcd", "implementation": "openssl", "version": "3.0.11", "attached": 1,
                                    "hooks": "ssl_write_internal,ssl_read_internal,SSL_free", "how": "internal", "late": 0})
    maker.insert("s1_tls_library", {"id": 2, "time_ns": START + 10**8, "number": 2, "process_id": 3, "path": "/opt/agent/bin\\x1b[31m", "path_raw": b"/opt/agent/bin\x1b[31m",
                                    "device": 8388609, "inode": 78, "size_bytes": 9000000, "implementation": "rustls", "attached": 0, "late": 1, "held_ns": 16000000,
                                    "reason": "no known hooks"})
    http1(maker)
    http2(maker)
    talk_websocket(maker)
    maker.connection(4, 3, implementation=None, library_id=2, plaintext="no", reason="no-library", sni="telemetry.example.com", peer_address="2001:db8::1", alpn_offered="h2,http/1.1",
                     method="hello", wire_sent_bytes=5000, wire_received_bytes=70000, end_reason="socket", version="TLSv1.2", handshake=None, handshake_ns=None)
    late(maker)
    other(maker)
    maker.close()
    return path


def http1(maker):
    maker.connection(1, sni="example.com", peer_address="93.184.216.34", alpn="http/1.1", cipher="TLS_AES_256_GCM_SHA384", library_id=1, redactions=1)
    request = (b"POST /v1/things?q=1 HTTP/1.1\r\nHost: example.com\r\nAuthorization: Bearer [redacted sha256:ab12]\r\n"
               b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\r\na=1&b=two+x")
    maker.say(1, "sent", request[:40])
    maker.say(1, "sent", request[40:], marks="redacted")
    body = b'{"id":12345678901234567890,"name":"caf\xc3\xa9","list":[1,2.50,{"a":null}],"empty":{}}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    for part in (head, chunked(gzip(body), 30)):
        maker.say(1, "received", part, pack=True)
    maker.say(1, "sent", b"HEAD /nothing HTTP/1.1\r\nHost: example.com\r\n\r\nGET /missing\x1b[2J HTTP/1.1\r\nHost: other.example.com\r\n\r\n")
    maker.say(1, "received", b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 10011\r\n\r\nnot \x1b[31mhere")
    maker.hole(1, "received", 9996)
    maker.say(1, "received", b"!\n")
    maker.insert("s1_redaction", {"id": 1, "time_ns": START + 10**8, "process_id": 2, "row_table": "tls", "row_id": 1, "direction": "sent", "offset": 71, "length": 18,
                                  "what": "authorization", "fingerprint": fingerprint(SECRET)})
    maker.insert("s1_redaction", {"id": 2, "time_ns": START + 2 * 10**8, "process_id": 3, "row_table": "env", "row_id": 1, "offset": 0, "length": 18,
                                  "what": "token: openai", "fingerprint": fingerprint(SECRET)})


def fingerprint(secret):
    import hashlib
    import hmac

    return hmac.new(bytes.fromhex(KEY), secret.encode(), hashlib.sha256).hexdigest()[:32]


def http2(maker):
    maker.connection(2, 3, sni="api.example.com", peer_address="192.0.2.7", alpn="h2", method="fingerprint")
    post = hpack((b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"api.example.com"), (b":path", b"/v1/messages"), (b"content-type", b"application/json"))
    get = hpack((b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"api.example.com"), (b":path", b"/v1/models"))
    maker.say(2, "sent", PREFACE + frame(4, 0, 0) + frame(1, 4, 1, post) + frame(0, 1, 1, b'{"prompt":"hello","stream":true}'))
    maker.say(2, "sent", frame(1, 5, 3, get[:20])[:9 + 20] .replace(b"\x05", b"\x01", 1) + frame(9, 4, 3, get[20:]))
    ok = hpack((b":status", b"200"), (b"content-type", b"text/event-stream; charset=utf-8"))
    json = hpack((b":status", b"503"), (b"content-type", b"application/json"))
    events = b'event: start\ndata: {"n":1}\n\nid: 7\ndata: two\ndata: lines\n\ndata: [DONE]\n\n'
    maker.say(2, "received", frame(4, 0, 0) + frame(1, 4, 1, ok) + frame(0, 0, 1, events[:35]) + frame(1, 4, 3, json))
    maker.say(2, "received", frame(0, 8, 1, b"\x03" + events[35:] + b"\0\0\0") + frame(0, 0, 3, b"x" * 5000)[:1009])
    maker.hole(2, "received", 4000)
    maker.say(2, "received", frame(1, 5, 1, hpack((b"x-checksum", b"ok"))) + frame(0, 1, 3))


def talk_websocket(maker):
    maker.connection(3, 3, sni="ws.example.com", peer_address="192.0.2.8", alpn="http/1.1", implementation="boringssl", method="client-random")
    maker.say(3, "sent", b"GET /socket HTTP/1.1\r\nHost: ws.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: [redacted]\r\n\r\n")
    maker.say(3, "received", b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + websocket(1, b'{"hello":"client"}'))
    maker.say(3, "sent", websocket(1, b"first ", b"abcd", False) + websocket(9, b"", b"efgh") + websocket(0, b"second", b"ijkl"))
    maker.say(3, "received", websocket(2, bytes(range(100))) + websocket(8, b"\x03\xe8bye"))


def late(maker):
    maker.connection(5, 3, sni="late.example.com", peer_address="192.0.2.9", alpn="h2", plaintext="partial", reason="late")
    maker.say(5, "sent", frame(1, 5, 9, b"\x82\xbe"))
    maker.say(5, "received", b"the middle of a frame")
    maker.say(5, "received", frame(1, 4, 9, b"\x88") + frame(0, 1, 9, b"late body"))


def other(maker):
    maker.connection(6, peer_address="192.0.2.10", peer_port=993, alpn=None, role=None, implementation="gnutls")
    maker.say(6, "received", b"* OK ready\r\n", pack=True)
    maker.say(6, "sent", b"a LOGIN me \x1b]0;title\x07\r\n")
    maker.say(6, "received", b"\0\1\2\3")


if __name__ == "__main__":
    import sys

    make(sys.argv[1])
