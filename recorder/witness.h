/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small process beside the recorder, in its process group, for two questions that the recorder cannot answer
 * alone:
 *  - Was a signal sent to the recorder only, so that it must be passed on to the command, or to everybody (kill to
 *    the group, a supervisor that goes through the cgroup), so that the command has it already? Many programs take
 *    a second SIGTERM or SIGINT as "now, without cleaning up", so a doubled one does harm.
 *  - While the recorder is stopped together with the command: has somebody continued the command alone?
 * It reads signals and reports them; it does nothing else, sleeps otherwise, and ends with the recorder.
 */
#ifndef AA_RECORDER_WITNESS_H
#define AA_RECORDER_WITNESS_H

#include <sys/types.h>

struct aa_witness {
	pid_t pid; /* 0: there is none */
	int fd; /* non-blocking; readable when it has seen a signal, end of file when it is gone. -1: none */
};

/* Forks. To be called early, while there is little to inherit. Returns 0 or a negative errno. */
int aa_witness_start(struct aa_witness *witness);
void aa_witness_end(struct aa_witness *witness);

/*
 * Asks for an answer, which comes after the report of every signal that the witness has got by then: however busy
 * the machine is, what it has not reported before its answer has not been sent to it.
 */
void aa_witness_ask(struct aa_witness *witness);

/*
 * The next thing it says: a signal that it got, or 0 for an answer. Returns 1, 0 if there is nothing now, -EPIPE if
 * the witness is gone.
 */
int aa_witness_read(struct aa_witness *witness, int *ret_signal);

/*
 * From now on, send us SIGCONT as soon as the process runs again (pid > 0), or don't (pid 0). Checks every 50 ms,
 * and only while asked to.
 */
void aa_witness_watch(struct aa_witness *witness, pid_t pid);

#endif
