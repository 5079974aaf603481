# SPDX-License-Identifier: Apache-2.0
"""Files and their histories: what is left, who wrote last, where the tiers know different things; old databases; many rows."""
import sqlite3
import time

import golden

START = 1763622960000000000


class Files(golden.Golden):
    def session(self, rows, version=2, tables=golden.fixture.TABLES):
        """A session of these rows: (kind, path, {column: value})."""
        path = golden.fixture.empty(str(self.directory / f"files-{time.monotonic_ns()}.db"), version)
        db = sqlite3.connect(path)
        golden.fixture.session(db, 1, tables)
        db.execute("INSERT INTO agent VALUES (1, 'a', 0)")
        db.execute("INSERT INTO session (id, agent_id, name, mode, state, start_ns, end_ns, boot_offset_ns, boot_id, host, kernel, machine,"
                   " recorder, recorder_pid, recorder_start_ticks) VALUES (1, 1, 'files', 'run', 'complete', ?, ?, 0, '', '', '', '', '', 1, 1)",
                   (START, START + 10**9))
        db.executemany("INSERT INTO s1_process (id, pid, start_boot_ns, time_ns, source, parent_id, parent_pid, comm) VALUES (?, ?, 0, ?, 'fork', ?, 1, ?)",
                       [(1, 101, START, None, "sh"), (2, 102, START + 1, 1, "vi"), (3, 103, START + 2, 2, "child")])
        db.execute("INSERT INTO s1_exec (id, process_id, time_ns, source, tid, error, command, comm) VALUES (1, 2, ?, 'event', 102, 0, 'vi x', 'vi')",
                   (START + 2,))
        strings = {}
        for number, (kind, name, extra) in enumerate(rows, 1):
            values = {"id": number, "process_id": 1, "time_ns": START + number * 1000, "tid": 1, "kind": kind, "error": 0}
            for column, text in (("path_id", name), ("path2_id", extra.pop("path2", None))):
                if text is not None and text not in strings:
                    strings[text] = len(strings) + 1
                    db.execute("INSERT INTO s1_string (id, text) VALUES (?, ?)", (strings[text], text))
                values[column] = strings.get(text)
            if "inode" in extra:
                values.update({"device": 8388609, "generation": 1, "type": "file"})
            values.update(extra)
            db.execute(f"INSERT INTO s1_file ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values()))
        db.commit()
        db.close()
        return path

    def left(self, rows, *words):
        return {row["path"]: row["what"] for row in self.rows(self.session(rows), "files", "--left", *words)}

    def test_left_by_creation_rename_and_link(self):
        new = {"marks": "created", "flags": 577}
        self.assertEqual(self.left([
            ("open", "/w/a", {"inode": 1, **new}),
            ("open", "/w/gone", {"inode": 2, **new}),
            ("unlink", "/w/gone", {}),
            ("open", "/w/tmp", {"inode": 3, **new}),
            ("rename", "/w/tmp", {"path2": "/w/kept"}),
            ("open", "/w/old", {"inode": 4, "flags": 0}),
            ("link", "/w/old", {"path2": "/w/second", "inode": 4}),
            ("open", "/w/here", {"inode": 5, "flags": 1}),
        ]), {"/w/a": "created", "/w/kept": "renamed", "/w/second": "linked"})

    def test_left_follows_directories(self):
        """A directory that is renamed takes its names along, also those that are seen only later, and those far below."""
        self.assertEqual(self.left([
            ("mkdir", "/w/one", {"type": "dir"}),
            ("open", "/w/one/deep/file", {"inode": 1, "marks": "created"}),
            ("rename", "/w/one", {"path2": "/w/two"}),
            ("rename", "/w/two", {"path2": "/w/three"}),
            ("open", "/w/three/deep/late", {"inode": 2, "marks": "created"}),
            ("unlink", "/w/three/deep/file", {}),
        ]), {"/w/three": "renamed", "/w/three/deep/late": "created"})

    def test_left_of_a_directory_that_was_there(self):
        rows = self.rows(self.session([
            ("open", "/w/src/x", {"inode": 7, "flags": 0}),
            ("rename", "/w/src", {"path2": "/w/lib", "inode": 9, "type": "dir", "source": "kernel"}),
            ("open", "/w/lib/y", {"inode": 8, "flags": 0}),
        ]), "files", "--left")
        self.assertEqual([(row["path"], row["renamed_from"], row["certain"]) for row in rows],
                         [("/w/lib", "/w/src", 1), ("/w/lib/x", "/w/src/x", 1), ("/w/lib/y", "/w/src/y", 1)])

    def test_left_replaces_what_was_there(self):
        """A file written anew by a rename, as editors do it, was there before: its name is not left behind."""
        new = {"marks": "created", "flags": 577}
        self.assertEqual(self.left([
            ("open", "/w/file", {"inode": 1, "flags": 0}),
            ("open", "/w/.file.swp", {"inode": 2, **new}),
            ("rename", "/w/.file.swp", {"path2": "/w/file"}),
            ("unlink", "/w/other", {"inode": 3}),
            ("open", "/w/other", {"inode": 4, **new}),
            ("open", "/w/x", {"inode": 5, **new}),
            ("rename", "/w/x", {"path2": "/w/y", "inode": 5, "inode2": 6, "device2": 8388609}),
        ]), {})

    def test_left_when_the_tier_knows_no_inodes(self):
        rows = self.rows(self.session([("rename", "/w/a", {"path2": "/w/b"})]), "files", "--left")
        self.assertEqual([(row["path"], row["certain"]) for row in rows], [("/w/b", 0)])
        rows = self.rows(self.session([("rename", "/w/a", {"path2": "/w/b", "flags": 1})]), "files", "--left")
        self.assertEqual([(row["path"], row["certain"]) for row in rows], [("/w/b", 1)])
        # That it was not there has been seen.
        rows = self.rows(self.session([("open", "/w/b", {"error": 2}), ("rename", "/w/a", {"path2": "/w/b"})]), "files", "--left")
        self.assertEqual([(row["path"], row["certain"]) for row in rows], [("/w/b", 1)])

    def test_left_by_way_of_a_directory_that_is_gone(self):
        """rmdir ../d in d: its base is what it removed."""
        self.assertEqual(self.left([
            ("mkdir", "/w/d", {"source": "user"}),
            ("chdir", "/w/d", {"inode": 1, "type": "dir", "source": "kernel"}),
            ("rmdir", "/w/d", {"source": "user", "marks": "path-unlinked"}),
            ("mkdir", "/w/d/e", {"source": "user", "marks": "path-unlinked", "error": 2}),
            ("open", "/w/f", {"inode": 2, "marks": "created", "source": "kernel"}),
            ("unlink", "/w/f", {"inode": 3, "marks": "path-unlinked", "source": "kernel"}),
        ]), {"/w/f": "created"})

    def test_left_where_something_was_mounted(self):
        """The type of a mount is its file system's; and what is found in a new directory was renamed by nobody."""
        rows = self.rows(self.session([
            ("mkdir", "/w/m", {"source": "user"}),
            ("mount", "/w/m", {"type": "overlay", "source": "kernel"}),
            ("open", "/w/m/lower", {"inode": 2, "flags": 0}),
            ("mkdir", "/w/t", {"source": "user"}),
            ("mount", "/w/t", {"type": "tmpfs", "source": "kernel"}),
        ]), "files", "--left")
        self.assertEqual([(row["path"], row["what"], row["type"], row["renamed_from"]) for row in rows],
                         [("/w/m", "created", "dir", None), ("/w/m/lower", "in new directory", "file", None), ("/w/t", "created", "dir", None)])

    def test_bytes_that_nobody_counted(self):
        """--max-open-files: what was opened beyond it says so everywhere, and is no file of 0 bytes."""
        db = self.session([
            ("open", "/w/new", {"inode": 1, "marks": "created,no-sums", "flags": 577, "size_bytes": 0}),
            ("open", "/w/old", {"inode": 2, "marks": "no-sums", "flags": 1025, "size_bytes": 7}),
            ("open", "/w/read", {"inode": 3, "marks": "no-sums", "flags": 0, "size_bytes": 7}),
            ("open", "/w/both", {"inode": 4, "marks": "created,no-sums", "flags": 577, "size_bytes": 0}),
            ("open", "/w/both", {"inode": 4, "flags": 2}),
            ("close", "/w/both", {"inode": 4, "open_id": 5, "write_bytes": 5, "read_bytes": 0, "size_bytes": 9}),
        ])
        rows = {row["path"]: row for row in self.rows(db, "files")}
        self.assertEqual((rows["/w/new"]["write_bytes"], rows["/w/new"]["what"]), (None, "created, bytes not counted"))
        self.assertEqual((rows["/w/read"]["read_bytes"], rows["/w/read"]["what"]), (None, "bytes not counted"))
        self.assertEqual((rows["/w/both"]["write_bytes"], rows["/w/both"]["read_bytes"]), (5, None))
        self.assertEqual([row["path"] for row in self.rows(db, "files", "--written")], ["/w/both", "/w/new", "/w/old"])
        self.assertEqual({row["path"]: row["size_bytes"] for row in self.rows(db, "files", "--left")}, {"/w/both": 9, "/w/new": None})
        text = self.text(db, "history", "/w/old")
        self.assertIn("/w/old opened for writing, bytes not counted", text)

    def test_left_by_whom(self):
        rows = [("open", "/w/a", {"inode": 1, "marks": "created"}), ("open", "/w/b", {"inode": 2, "marks": "created", "process_id": 2})]
        self.assertEqual(self.left(rows, "--pid", "102"), {"/w/b": "created"})
        self.assertEqual(self.left(rows, "--comm", "sh"), {"/w/a": "created"})
        self.assertEqual(self.left(rows, "--path", "*b"), {"/w/b": "created"})

    def history(self, rows, path, *words):
        return self.rows(self.session(rows), "history", path, *words)

    def test_history_names_who_it_was_then(self):
        """Not what the process executed afterwards."""
        db = self.session([
            ("open", "/w/f", {"inode": 1, "marks": "created", "flags": 577, "process_id": 2}),
            ("close", "/w/f", {"inode": 1, "open_id": 1, "write_bytes": 5, "process_id": 2}),
            ("chmod", "/w/f", {"inode": 1, "mode": 0o600, "process_id": 3}),
            ("unlink", "/w/f", {"inode": 1, "process_id": 3}),
        ])
        with sqlite3.connect(db) as other:
            for number, process, when, comm in ((2, 2, 2500, "sleep"), (3, 3, 3500, "rm")):
                other.execute("INSERT INTO s1_exec (id, process_id, time_ns, source, tid, error, command, comm) VALUES (?, ?, ?, 'event', 1, 0, 'x', ?)",
                              (number, process, START + when, comm))
                other.execute("UPDATE s1_process SET comm = ? WHERE id = ?", (comm, process))
        other.close()
        self.assertEqual([(row["kind"], row["comm"]) for row in self.rows(db, "history", "/w/f")],
                         [("open", "vi"), ("close", "vi"), ("chmod", "vi"), ("unlink", "rm")])
        self.assertEqual([row["comm"] for row in self.rows(db, "history", "--last", "/w/f")], ["vi"])

    def test_history_of_all_sessions(self):
        """In text each session is named, and times are those since its start."""
        db = self.session([("open", "/w/f", {"inode": 1, "marks": "created", "flags": 577})])
        with sqlite3.connect(db) as other:
            golden.fixture.session(other, 2)
            other.execute("INSERT INTO session (id, agent_id, name, mode, state, start_ns, end_ns, boot_offset_ns, boot_id, host, kernel, machine, recorder,"
                          " recorder_pid, recorder_start_ticks) SELECT 2, agent_id, 'second', mode, state, start_ns + 5000, end_ns, boot_offset_ns, boot_id,"
                          " host, kernel, machine, recorder, recorder_pid, recorder_start_ticks FROM session")
            other.execute("INSERT INTO s2_string SELECT * FROM s1_string")
            other.execute("INSERT INTO s2_file (id, process_id, time_ns, tid, kind, error, path_id, inode, device, flags, marks)"
                          " SELECT id, process_id, time_ns + 10000, tid, kind, error, path_id, inode, device, flags, marks FROM s1_file")
        other.close()
        text = self.text(db, "--session", "all", "history", "/w/f").splitlines()
        heads = [line for line in text if line.startswith("session")]
        self.assertEqual([line.split()[:3] for line in heads], [["session", "1", "files"], ["session", "2", "second"]])
        self.assertEqual([line.split()[0] for line in text if " created: " in line], ["+0.000001", "+0.000006"])
        self.assertEqual(text[text.index(heads[1]) - 1], "")

    def test_history_as_a_shell_completes_it(self):
        """The end of a path with its exact bytes, or as it is shown; with what says nothing in front and behind."""
        db = self.session([
            ("open", "/w/src/x\\xFF\\ny", {"inode": 1, "marks": "created", "flags": 577}),
            ("mkdir", "/w/src/back\\\\slash", {"inode": 2, "type": "dir"}),
        ])
        for typed in (b"x\xff\ny", b"src/x\xff\ny", b"./src/x\xff\ny", b"x\\xFF\\ny", b".//x\xff\ny",
                      b"/w/src/x\xff\ny"):
            with self.subTest(typed=typed):
                self.assertEqual([row["inode"] for row in self.rows(db, "history", typed)], [1])
        for typed in ("back\\slash", "back\\slash/", "src/back\\\\slash", "./src/back\\slash//", "/w/src/back\\slash/"):
            with self.subTest(typed=typed):
                self.assertEqual([row["inode"] for row in self.rows(db, "history", typed)], [2])
        for typed in ("./", ".", "slash", "src"):
            with self.subTest(typed=typed):
                self.assertEqual(self.rows(db, "history", typed), [])

    def test_history_by_any_name(self):
        rows = [
            ("open", "/w/a", {"inode": 1, "flags": 2}),
            ("rename", "/w/a", {"path2": "/w/b"}),
            ("close", "/w/a", {"inode": 1, "open_id": 1, "write_bytes": 5}),
            ("rename", "/w", {"path2": "/v"}),
            ("open", "/v/b", {"inode": 1, "flags": 1}),
            ("open", "/v/c", {"inode": 2, "flags": 1, "marks": "created"}),
            ("unlink", "/v/b", {}),
        ]
        expected = [1, 2, 3, 5, 7]
        for path in ("/w/a", "/w/b", "/v/b", "a"):
            with self.subTest(path=path):
                self.assertEqual([row["row_id"] for row in self.history([(k, p, dict(e)) for k, p, e in rows], path)], expected)

    def test_history_of_a_name_before_its_directory_was_renamed(self):
        rows = self.history([("rename", "/w/src", {"path2": "/w/lib", "type": "dir"}), ("open", "/w/lib/x", {"inode": 1, "flags": 1})], "/w/src/x")
        self.assertEqual([row["row_id"] for row in rows], [2])

    def test_history_of_files_that_shared_a_name(self):
        rows = self.history([
            ("open", "/w/a", {"inode": 1, "marks": "created"}),
            ("unlink", "/w/a", {}),
            ("close", "/w/a", {"inode": 1, "open_id": 1, "write_bytes": 1, "nlink": 0}),
            ("open", "/w/a", {"inode": 1, "marks": "created", "generation": 2}),
            ("close", "/w/a", {"inode": 1, "open_id": 4, "write_bytes": 2, "generation": 2}),
        ], "/w/a")
        self.assertEqual([(row["file"], row["row_id"]) for row in rows], [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5)])

    def test_history_binds_names_to_inodes_seen_later(self):
        """The portable tier makes a directory, renames and deletes by name only."""
        rows = self.history([
            ("mkdir", "/w/d", {"type": "dir"}),
            ("rename", "/w/d", {"path2": "/w/e"}),
            ("chdir", "/w/e", {"inode": 5, "type": "dir"}),
            ("rename", "/w/e", {"path2": "/w/f"}),
            ("rmdir", "/w/f", {}),
        ], "/w/d")
        self.assertEqual([(row["file"], row["row_id"]) for row in rows], [(1, n) for n in range(1, 6)])

    def test_a_link_is_the_same_file(self):
        rows = self.history([
            ("link", "/w/a", {"path2": "/w/b", "inode": 1}),
            ("open", "/w/b", {"inode": 1, "flags": 1}),
            ("close", "/w/b", {"inode": 1, "open_id": 2, "write_bytes": 9, "process_id": 3}),
        ], "/w/a")
        self.assertEqual([row["row_id"] for row in rows], [1, 2, 3])

    def test_last(self):
        """Who wrote last, by any name; a process without an exec has the command of the one that it was forked from."""
        db = self.session([
            ("open", "/w/a", {"inode": 1, "marks": "created", "process_id": 1}),
            ("close", "/w/a", {"inode": 1, "open_id": 1, "write_bytes": 5, "process_id": 1}),
            ("link", "/w/a", {"path2": "/w/b", "inode": 1}),
            ("close", "/w/b", {"inode": 1, "open_id": 2, "write_bytes": 9, "process_id": 3}),
            ("close", "/w/a", {"inode": 1, "open_id": 1, "write_bytes": 0, "read_bytes": 7, "process_id": 1}),
        ])
        rows = self.rows(db, "history", "--last", "/w/a")
        self.assertEqual([(row["row_id"], row["pid"], row["write_bytes"]) for row in rows], [(4, 103, 9)])
        self.assertEqual(self.run_query(db, "history", "--last", "/w/none").returncode, 1)

    def test_ambiguous_and_odd_arguments(self):
        db = self.session([("open", "/w/one/a", {"inode": 1, "flags": 0}), ("open", "/w/two/a", {"inode": 2, "flags": 0}),
                           ("open", "/w/\\x1B\\\\", {"inode": 3, "flags": 0})])
        result = self.run_query(db, "history", "a")
        self.assertEqual((result.returncode, result.stderr.count(b"/w/one/a, /w/two/a")), (2, 1))
        for path in ("/w/\x1b\\", "/w/\\x1B\\\\", "//w/one/a/", "/w/one/a"):
            with self.subTest(path=path):
                self.assertEqual(len(self.rows(db, "history", path)), 1)
        for words in (["history"], ["history", ""], ["history", "a", "b"], ["files", "--left", "--tree"], ["files", "--failed", "--written"],
                      ["history", "--last", "--diff", "1", "/a"]):
            self.assertEqual(self.run_query(db, *words).returncode, 2, words)

    def test_bytes_and_calls_are_summed(self):
        rows = self.rows(self.session([
            ("open", "/w/a", {"inode": 1, "flags": 2}),
            ("io", "/w/a", {"inode": 1, "open_id": 1, "write_bytes": 5, "read_bytes": 1}),
            ("close", "/w/a", {"inode": 1, "open_id": 1, "write_bytes": 6, "read_bytes": 2, "process_id": 2}),
            ("open", "/w/a", {"error": 13, "flags": 1}), ("open", "/w/a", {"error": 13, "flags": 1}),
        ]), "files")
        self.assertEqual([(row["opens"], row["read_bytes"], row["write_bytes"], row["failed"], row["error"], row["process_count"]) for row in rows],
                         [(1, 3, 11, 2, 13, 2)])

    def test_old_database(self):
        """Of a version that knew no files, and no options."""
        db = self.session([], version=1, tables=[table for table in golden.fixture.TABLES if table not in ("file", "content", "blob")])
        for words in (["files"], ["files", "--left"], ["history", "/x"], ["history", "--last", "x"]):
            result = self.run_query(db, *words)
            self.assertEqual(result.returncode, 1, words)
            self.assertIn(b"no files were recorded in this session (--files none, all left out, or recorded by an older version)", result.stderr)
        self.assertEqual(self.rows(db, "sessions")[0]["options"], [])
        self.assertEqual(self.rows(db, "process", "102")[0]["files_read"], None)

    def test_many_rows(self):
        """A hundred thousand files, renamed in a chain and in directories that move: each is told once."""
        count = 100000
        db = self.session([])
        connection = sqlite3.connect(db)
        connection.execute(f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1})"
                           " INSERT INTO s1_string (id, text) SELECT 10 + i, '/w/d' || (i % 100) || '/f' || i FROM n")
        connection.execute(f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1})"
                           " INSERT INTO s1_file (id, process_id, time_ns, tid, kind, error, path_id, device, inode, generation, type, flags, marks)"
                           " SELECT i + 1, 1, i, 1, 'open', 0, 10 + i, 1, i, 1, 'file', 65, 'created' FROM n")
        connection.execute("INSERT INTO s1_string (id, text) VALUES (1, '/w'), (2, '/v')")
        connection.execute("INSERT INTO s1_file (id, process_id, time_ns, tid, kind, error, path_id, path2_id)"
                           f" VALUES ({count + 1}, 1, {count}, 1, 'rename', 0, 1, 2)")
        connection.commit()
        connection.close()
        rows = self.rows(db, "files", "--left")
        self.assertEqual(len(rows), count + 1)
        self.assertEqual(rows[1]["path"], "/v/d0/f0")
        self.assertEqual([row["row_id"] for row in self.rows(db, "history", "/v/d0/f100")], [101])
        self.assertEqual(self.rows(db, "files", "--tree")[0]["created"], count)
        self.assertEqual(len(self.rows(db, "files", "--limit", "7")), 7)


if __name__ == "__main__":
    golden.main()
