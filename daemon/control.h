/*
 * control: a Unix socket on which pbsctl and --list ask the running daemon.
 *
 * One request line, one answer, closed. The socket lies beside the checkpoint
 * (NAME.ctl, mode 0600).
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

struct authtab;
struct control;
struct err;
struct loop;

/* What the socket can ask for beyond the table. */
struct control_ops {
	/* YAML-free "key value" lines for `status`; buffer is a FILE. */
	void (*status)(void *arg, void *stdio_file);
	void *arg;
};

struct control *control_new(struct loop *, const char *path, struct authtab *,
    const struct control_ops *, struct err *);
void control_free(struct control **);

/* The client's side: sends request, copies the answer to a FILE. 1 = answered,
 * 0 = nobody listens, -1. */
int control_ask(const char *path, const char *request, void *stdio_file,
    struct err *);

#endif
