#include "daemon/link/link_process.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/ipc/ipc_link.h"
#include "daemon/link/credentials.h"
#include "daemon/link/link.h"
#include "daemon/peers/sign_file.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/sys/guardian.h"

/* 1, 2, 4 ... 60 s: what kills it may be stored in an engine. */
enum { PAUSE_MAX_MS = 60 * 1000 };

/* Reads the files with secrets while it still may. */
static int
work(struct guarded *g, void *arg)
{
	const struct conf *conf = arg;
	struct credentials credentials;
	struct err err;
	int code = EX_OSERR;

	close(g->notices);
	if (credentials_open(&credentials, conf->peers, &err) != 0) {
		log_error("pbs-link: %s", err.text);
		return EX_CONFIG;
	}
	if (sandbox_link(conf, &err) != 0)
		log_error("pbs-link: %s", err.text);
	else
		code = link_run(g->end, &credentials);
	credentials_close(&credentials);
	return code;
}

/* ---- the keeper ---- */

static int
check_credentials(const struct conf *conf, struct err *err)
{
	struct credentials credentials;

	if (credentials_open(&credentials, conf->peers, err) != 0)
		return -1;
	credentials_close(&credentials);
	return 0;
}

static int
check_key(const struct conf *conf, struct err *err)
{
	unsigned char secret[SIGN_SECRET];

	if (conf->peers->key_file == NULL)
		return 0;
	if (sign_begin(err) != 0 ||
	    sign_file_read(secret, conf->peers->key_file, err) != 0)
		return err_prefix(err, "publish: key");
	sign_forget(secret, sizeof(secret));
	return 0;
}

/* In a child process: a secret read by the keeper would remain in the memory of
 * each worker. If no child can be created, starting pbs-link fails and reports
 * it. */
static int
in_child(int (*check)(const struct conf *, struct err *),
	 const struct conf *conf, struct err *err)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return 0;
	err->text[0] = '\0';
	pid = fork();
	if (pid == 0) {
		check(conf, err);
		_exit(write(ends[1], err, sizeof(*err)) < 0);
	}
	close(ends[1]);
	if (pid > 0 && read(ends[0], err, sizeof(*err)) != sizeof(*err))
		err_set(err, "the process that reads the secrets died");
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return err->text[0] == '\0' ? 0 : err_prefix(err, "peers");
}

int
link_process_check(const struct conf *conf, struct err *err)
{
	return in_child(check_credentials, conf, err);
}

int
link_process_check_key(const struct conf *conf, struct err *err)
{
	return in_child(check_key, conf, err);
}

/* Of a file that is not there it is the number of an empty one. */
static uint64_t
add_file(uint64_t hash, const char *file)
{
	struct stat st;

	if (file == NULL || stat(file, &st) != 0)
		return hash_bytes(hash, "", 0);
	hash = hash_bytes(hash, &st.st_dev, sizeof(st.st_dev));
	hash = hash_bytes(hash, &st.st_ino, sizeof(st.st_ino));
	hash = hash_bytes(hash, &st.st_size, sizeof(st.st_size));
	return hash_bytes(hash, &st.st_mtim, sizeof(st.st_mtim));
}

struct link_files
link_process_files(const struct conf *conf)
{
	const struct peers_conf *p = conf->peers;
	uint64_t hash = add_file(0, p->password_file);

	hash = add_file(hash, p->tls_ca);
	hash = add_file(hash, p->tls_cert);
	return (struct link_files){.credentials = add_file(hash, p->tls_key),
				   .key = add_file(0, p->key_file)};
}

int
link_process_renew(const struct guardian *link, struct err *err)
{
	struct ipc_link_packet packet;
	int sent;

	ipc_link_begin(&packet, IPC_LINK_RENEW, 1);
	sent = ipc_link_send(guardian_descriptor(link), &packet, err);
	return sent == 0 ? err_set(err, "it does not read messages")
			 : (sent < 0 ? -1 : 0);
}

struct guardian *
link_process_start(struct conf *conf, struct err *err)
{
	static const struct guardian_task task = {
	    .name = "pbs-link",
	    .title = "pbs-link",
	    .loss = "the guardian of pbs-link died: if pbs-link dies, too, "
		    "other hosts are not heard, nor told, until the daemon is "
		    "started again",
	    .run = work,
	    .pause_max_ms = PAUSE_MAX_MS};

	return guardian_start(&task, conf, conf->pidfile != NULL, err);
}
