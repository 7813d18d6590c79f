#include "daemon/peers/sign_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/sys/secret_file.h"

enum { BYTES_MAX = 4096 };

int
sign_file_read(unsigned char secret[SIGN_SECRET], const char *file,
	       struct err *err)
{
	char *text = secret_file_read(file, BYTES_MAX, err);
	int result;

	if (text == NULL)
		return -1;
	result = sign_read_key(secret, text, err);
	sign_forget(text, strlen(text));
	free(text);
	return result == 0 ? 0 : err_prefix(err, "%s", file);
}
