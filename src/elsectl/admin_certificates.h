/* elsectl admin certificates: a small CA of one's own, and certificates for the receiver and the
 * senders of logs, with one command each. */
#ifndef ELSE_ELSECTL_ADMIN_CERTIFICATES_H
#define ELSE_ELSECTL_ADMIN_CERTIFICATES_H

#include "elsectl/app.h"
#include "elsectl/certificate.h"

int admin_certificates(struct app *app, int argc, char **argv);

/* admin_certificates_show.c: one certificate for people, or as an object of JSON. `key` is the path
 * of its key, NULL when it is not there. */
void admin_certificate_print(
	struct app *app, const char *path, const char *key, X509 *certificate, int64_t now_us);

/* All certificates of a folder, by name; APP_NOTHING when there are none. */
int admin_certificates_show(struct app *app, const char *folder);

#endif
