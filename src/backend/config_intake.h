/* From the configuration to the options of the intake (intake/intake.h). */
#ifndef ELSE_BACKEND_CONFIG_INTAKE_H
#define ELSE_BACKEND_CONFIG_INTAKE_H

#include "config/config.h"
#include "intake/intake.h"

struct config_intake {
	struct intake_options options; /* the callbacks are the caller's to set */
	struct intake_listener listeners[CONFIG_MAX_LISTENERS];
	const char *files[CONFIG_MAX_LISTENERS];
	struct intake_sender *senders;
};

/* Borrows from `config`. Listeners of kind follow are files. */
void config_intake_init(struct config_intake *out, const struct config *config);
void config_intake_fini(struct config_intake *out);

#endif
