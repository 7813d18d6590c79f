#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "daemon/link/tls.h"
#include "daemon/link/tls_module.h"

struct openssl_context {
	struct tls_context common;
	SSL_CTX *ctx;
};

struct openssl {
	struct tls common;
	SSL *ssl;
};

/* ---- what went wrong ---- */

/* The first error in OpenSSL's queue, which is cleared. */
static const char *
first_error(void)
{
	unsigned long code = ERR_get_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return reason != NULL ? reason : "TLS failed";
}

static int
fail_with(struct err *err, const char *what, const char *file)
{
	return err_set(err, "%s: %s: %s", what, file, first_error());
}

/* ---- contexts ---- */

/* For a key with a passphrase, OpenSSL would prompt on a terminal that we lack.
 */
static int
no_passphrase(char *buffer, int size, int writing, void *arg)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int
fill(SSL_CTX *ctx, const char *ca, const char *cert, const char *key,
     struct err *err)
{
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		return err_set(err, "TLS 1.2: %s", first_error());
	if (SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1)
		return fail_with(err, "ca", ca);
	if (cert == NULL)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return fail_with(err, "cert", cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return fail_with(err, "key", key);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return fail_with(err, "key", key);
	return 0;
}

static void
context_free(struct tls_context *common)
{
	struct openssl_context *context = (struct openssl_context *)common;

	SSL_CTX_free(context->ctx);
	free(context);
}

static struct tls_context *
context_new(const char *ca, const char *cert, const char *key, struct err *err)
{
	struct openssl_context *context = alloc_zero(1, sizeof(*context));

	ERR_clear_error();
	context->ctx = SSL_CTX_new(TLS_client_method());
	if (context->ctx == NULL)
		err_set(err, "TLS: %s", first_error());
	else if (fill(context->ctx, ca, cert, key, err) == 0)
		return &context->common;
	context_free(&context->common);
	return NULL;
}

/* ---- connections ---- */

/* A certificate has addresses and host names in different fields. A server
 * selects a certificate by the name sent (SNI), which is never an address. */
static bool
expect_name(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	struct addr addr;

	if (addr_parse(&addr, name, strlen(name)) == 0)
		return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 &&
	       SSL_set_tlsext_host_name(ssl, name) == 1;
}

static void
close_connection(struct tls *common)
{
	struct openssl *tls = (struct openssl *)common;

	SSL_free(tls->ssl);
	free(tls);
	ERR_clear_error();
}

static struct tls *
open_connection(struct tls_context *common, int fd, const char *name,
		struct err *err)
{
	const struct openssl_context *context =
	    (const struct openssl_context *)common;
	struct openssl *tls = alloc_zero(1, sizeof(*tls));

	ERR_clear_error();
	tls->ssl = SSL_new(context->ctx);
	if (tls->ssl != NULL && SSL_set_fd(tls->ssl, fd) == 1 &&
	    expect_name(tls->ssl, name)) {
		SSL_set_connect_state(tls->ssl);
		return &tls->common;
	}
	err_set(err, "TLS: %s", first_error());
	close_connection(&tls->common);
	return NULL;
}

/* Whether the other end has rejected our certificate, or its absence. */
static bool
is_about_certificates(unsigned long code)
{
	switch (ERR_GET_REASON(code)) {
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
	case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
	case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
		return true;
	}
	return false;
}

/* Why the last call returned `result', and what to do; 0: end of stream. */
static int
outcome(SSL *ssl, int result, int error, struct err *err)
{
	long verified = SSL_get_verify_result(ssl);
	unsigned long code = ERR_peek_error();

	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return TLS_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		if (code == 0 && error == 0)
			return 0;
		if (code == 0)
			return err_set(err, "%s", strerror(error));
	}
	if (verified != X509_V_OK) {
		err_set(err, "its certificate: %s",
			X509_verify_cert_error_string(verified));
		ERR_clear_error();
		return TLS_REFUSED;
	}
	/* OpenSSL 3 reports this where earlier ones return an end of file. */
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
	if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		return 0;
	}
#endif
	err_set(err, "TLS: %s", first_error());
	return is_about_certificates(code) ? TLS_REFUSED : TLS_FAILED;
}

static int
handshake(struct tls *common, struct err *err)
{
	SSL *ssl = ((struct openssl *)common)->ssl;
	int result, error, what;

	ERR_clear_error();
	errno = 0;
	result = SSL_do_handshake(ssl);
	error = errno;
	if (result == 1)
		return 0;
	what = outcome(ssl, result, error, err);
	return what != 0 ? what
			 : err_set(err, "closed during the TLS handshake");
}

static int
bounded(size_t len)
{
	return len < INT_MAX ? (int)len : INT_MAX;
}

static ssize_t
read_bytes(struct tls *common, void *bytes, size_t len, struct err *err)
{
	SSL *ssl = ((struct openssl *)common)->ssl;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_read(ssl, bytes, bounded(len));
	return result > 0 ? result : outcome(ssl, result, errno, err);
}

static ssize_t
write_bytes(struct tls *common, const void *bytes, size_t len, struct err *err)
{
	SSL *ssl = ((struct openssl *)common)->ssl;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_write(ssl, bytes, bounded(len));
	return result > 0 ? result : outcome(ssl, result, errno, err);
}

/* ---- what the module exports ---- */

const struct tls_module tls_module = {.version = VERSION,
				      .context_new = context_new,
				      .context_free = context_free,
				      .open = open_connection,
				      .close = close_connection,
				      .handshake = handshake,
				      .read = read_bytes,
				      .write = write_bytes};
