/* Any text is a configuration or a list of what is wrong with it, one line each; never both. */
#include "config/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	struct buf problems = {0};
	bool good =
		config_parse(slice_of((const char *)data, size), "else.conf", &config, &problems);
	bool serves = config.n_listeners > 0 || config.has_frontend;
	if (good != (problems.n == 0) || good != serves)
		abort();
	for (size_t i = 0; i < config.n_listeners; i++)
		if (config.listeners[i].kind == CONFIG_KINDS)
			abort();
	if (problems.n && problems.p[problems.n - 1] != '\n')
		abort();
	config_fini(&config);
	buf_fini(&problems);
	return 0;
}
