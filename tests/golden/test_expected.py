# SPDX-License-Identifier: Apache-2.0
"""Every command and format against an answer that a person has read (expected/). With UPDATE=1 it is written anew."""
import os

import golden

# Name of the file: what is asked, of which session.
CASES = {
    "sessions": ["sessions"],
    "sessions-one": ["--session", "builder-20251120-071600-1", "sessions"],
    "tree": ["tree"],
    "tree-utc": ["tree", "--utc"],
    "tree-color": ["tree", "--color", "always"],
    "tree-at-3.66": ["tree", "--at", "+3.66"],
    "tree-at-4": ["tree", "--at", "2025-11-20T07:16:04Z"],
    "tree-pid": ["tree", "--pid", "101"],
    "tree-comm": ["tree", "--comm", "gcc"],
    "tree-path": ["tree", "--path", "*/build.sh"],
    "tree-limit": ["tree", "--limit", "3"],
    "tree-window": ["tree", "--since", "+3.5", "--until", "+3.55"],
    "tree-interrupted": ["--session", "2", "tree"],
    "timeline": ["timeline"],
    "timeline-absolute": ["timeline", "--absolute", "--limit", "4"],
    "timeline-kind": ["timeline", "--kind", "exec,exec_failed"],
    "timeline-pid": ["timeline", "--pid", "105"],
    "timeline-comm": ["timeline", "--comm", "daemon"],
    "timeline-path": ["timeline", "--path", "/usr/local/*"],
    "timeline-window": ["timeline", "--since", "+2", "--until", "+2.01"],
    "timeline-interrupted": ["--session", "2", "timeline"],
    "timeline-all": ["--session", "all", "timeline"],
    "process": ["process"],
    "process-filtered": ["process", "--comm", "bash", "--since", "+3.6"],
    "process-all": ["--session", "all", "process"],
    "process-pid": ["process", "105"],
    "process-id": ["process", "--id", "7"],
    "process-gap": ["--session", "2", "process", "901"],
    "files": ["files"],
    "files-all": ["files", "--all"],
    "files-written": ["files", "--written"],
    "files-created-deleted": ["files", "--created", "--deleted"],
    "files-failed": ["files", "--failed"],
    "files-left": ["files", "--left"],
    "files-left-pid": ["files", "--left", "--pid", "106"],
    "files-tree": ["files", "--tree"],
    "files-filtered": ["files", "--path", "*/Makefile*", "--comm", "make", "--sort", "written"],
    "files-window": ["files", "--since", "+2.6", "--until", "+2.65", "--limit", "2"],
    "files-none": ["--session", "2", "files"],
    "history-renamed-over": ["history", "/home/user/project/Makefile"],
    "history-renamed-directory": ["history", "/home/user/project/src/util.c"],
    "history-all": ["history", "--all", "util.c"],
    "history-second-file": ["history", "scratch"],
    "history-exchanged": ["history", "/home/user/project/a"],
    "history-refused": ["history", "/etc/shadow"],
    "history-escaped": ["history", "/home/user/project/caf\\xe9\\nx"],
    "history-last": ["history", "--last", "util.c"],
    "history-not-written": ["history", "--last", "main.c"],
    "history-unknown": ["history", "/nosuch"],
    "history-none": ["--session", "2", "history", "/nosuch"],
    "timeline-file": ["timeline", "--kind", "open,unlink,rename"],
    "timeline-file-path": ["timeline", "--path", "*/scratch"],
    "gaps": ["gaps"],
    "gaps-some": ["--session", "2", "gaps"],
    "gaps-kind": ["--session", "2", "gaps", "--kind", "exec"],
    "gaps-all": ["--session", "all", "gaps"],
    "gaps-hooks": ["--session", "2", "gaps", "--hooks"],
    "sql": ["sql", "SELECT time, pid, command, status FROM commands"],
    "sql-many": ["sql", "SELECT 1 AS one, 'a' AS a; SELECT NULL AS nothing, X'00ff' AS blob, 0.1 AS real"],
}


class Expected(golden.Golden):
    def compare(self, name, content):
        path = golden.fixture.HERE / "expected" / name
        if os.environ.get("UPDATE"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        self.assertEqual(content.decode(), path.read_bytes().decode(), name)

    def test_answers(self):
        db = self.fixture()
        for name, words in CASES.items():
            formats = golden.FORMATS if len(words) == 1 or name in ("history-renamed-over", "files-failed", "files-left", "files-tree", "history-last") else ["text"]
            for form in formats:
                with self.subTest(name=name, format=form):
                    result = self.run_query(db, "--format", form, *words)
                    head = f"$ aa-query --format {form} {' '.join(words)}\n".encode()
                    tail = b"-- stderr\n" + result.stderr if result.stderr else b""
                    self.compare(f"{name}.{form}", head + result.stdout + tail + f"-- exit {result.returncode}\n".encode())

    def test_ascii(self):
        """Where the locale has no UTF-8, neither has the answer."""
        result = self.run_query(self.fixture(), "tree", env=golden.environment(LC_ALL="C"))
        self.assertTrue(result.stdout.isascii())
        self.compare("tree-ascii.text", result.stdout)

    def test_help(self):
        for command in [None, "sessions", "tree", "timeline", "process", "files", "history", "gaps", "sql"]:
            with self.subTest(command=command):
                words = [command, "--help"] if command else ["--help"]
                result = self.run_query(None, *words)
                self.assertEqual((result.returncode, result.stderr), (0, b""))
                self.compare(f"help-{command or 'all'}.text", result.stdout)
                if command:
                    self.assertEqual(self.run_query(None, "help", command).stdout, result.stdout)


if __name__ == "__main__":
    golden.main()
