/*
 * A folder of certificates, as files in PEM form:
 *
 *	ca.crt  ca.key                         who signs the others
 *	server-NAME.crt  server-NAME.key       of the receiver, NAME is its first name
 *	client-NAME.crt  client-NAME.key       of a sender
 *
 * Keys have mode 0600 from their first moment on. A file appears whole or not at all.
 */
#ifndef ELSE_ELSECTL_CERTIFICATE_FOLDER_H
#define ELSE_ELSECTL_CERTIFICATE_FOLDER_H

#include <sys/types.h>

#include "elsectl/certificate.h"

/* "DIR/server-NAME" and `suffix`; the text is good until `b` changes. `name` is of no account for a
 * CA. */
const char *certificate_path(struct buf *b, const char *folder, enum certificate_kind kind,
	struct slice name, const char *suffix);

/* Where certificates lie by default: /etc/else/certificates for root, else
 * ~/.config/else/certificates (XDG_CONFIG_HOME). */
void certificate_default_folder(struct buf *b);

/* Makes the folder and those above it, mode 0755 less the umask; one that is there is left alone.
 */
bool certificate_make_folder(const char *folder, struct error *err);

struct certificate_file {
	const char *path;
	struct slice bytes;
	mode_t mode;
	uid_t owner; /* (uid_t)-1: as we are */
	gid_t group; /* (gid_t)-1 */
	bool replace;
};

/* Durable when it returns true. Without `replace` a file that is there is an error. */
bool certificate_write(const struct certificate_file *file, struct error *err);

/* The CA of the folder with its key. False and `err` when it is missing, no CA, over, or the key is
 * another one's. The caller frees both. */
bool certificate_load_ca(
	const char *folder, int64_t now_us, X509 **ca, EVP_PKEY **key, struct error *err);

#endif
