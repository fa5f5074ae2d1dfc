/* What the files of the configuration's reader share; see config.h. */
#ifndef ELSE_CONFIG_CONFIG_PART_H
#define ELSE_CONFIG_CONFIG_PART_H

#include "config/config.h"

enum config_section {
	CONFIG_BACKEND,
	CONFIG_LISTENER,
	CONFIG_SENDER,
	CONFIG_TLS,
	CONFIG_LIMITS,
	CONFIG_RETENTION,
	CONFIG_SPOOL,
	CONFIG_METRICS,
	CONFIG_FRONTEND,
	CONFIG_SECTIONS /* none, or an unknown one: its keys are passed over */
};

enum { CONFIG_MAX_KEYS = 48 }; /* of all sections: rows of the table */

struct config_reader {
	const char *file;
	struct buf *problems;
	unsigned n_problems;
	unsigned line;	 /* at hand */
	const char *key; /* whose value is read */

	enum config_section section;
	unsigned section_line;
	void *target;			     /* struct config, config_listener or config_sender */
	unsigned key_line[CONFIG_MAX_KEYS];  /* where this section sets it; 0 = it does not */
	unsigned seen_line[CONFIG_SECTIONS]; /* where a section that comes once begins */

	struct config *config;
	size_t cap_listeners, cap_senders; /* of the lists in config; malloc'ed while it is read */
};

/* One line of the messages, about a line of the file; with `line` 0 about the file. Returns false.
 */
bool config_problem(struct config_reader *r, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same about the value at hand; returns false. */
bool config_bad_value(struct config_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A text of the file in quotes, fit for a message: short and printable. */
struct config_quoted {
	char text[72];
};
struct config_quoted config_quote(struct slice text);

/* A copy in the config's arena that ends with NUL. */
struct slice config_keep(struct config_reader *r, struct slice text);
struct slice config_keep_lower(struct config_reader *r, struct slice text);

struct config_key;

/* Reads a value, which is not empty, into `to`; or says what is wrong and returns false. */
typedef bool config_read_value(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to);

struct config_key {
	enum config_section section;
	const char *name;
	config_read_value *read;
	size_t offset; /* of `to` in the section's struct */
	uint64_t least, most;
	bool adds; /* a list: may come again, and adds up */
};

/* config_key.c: all keys and sections. */
extern const struct config_key config_keys[];
extern const size_t config_n_keys;
const struct config_key *config_find_key(enum config_section section, struct slice name);
const char *config_section_name(enum config_section section);
enum config_section config_find_section(struct slice name); /* CONFIG_SECTIONS: there is none */
bool config_section_has_name(enum config_section section);  /* [listener NAME] */

/* What is wrong with a key or a section that is not there, and what was meant. */
bool config_unknown_key(struct config_reader *r, struct slice name);
bool config_unknown_section(struct config_reader *r, struct slice name);

/* Where the section at hand sets the key; 0 = it does not. */
unsigned config_key_line(const struct config_reader *r, const char *name);

/* config_value.c, config_list.c: the kinds of values. */
config_read_value config_read_text;	/* const char * */
config_read_value config_read_path;	/* const char * */
config_read_value config_read_address;	/* const char * */
config_read_value config_read_host;	/* const char *, lower case */
config_read_value config_read_number;	/* uint64_t */
config_read_value config_read_mode;	/* uint64_t */
config_read_value config_read_size;	/* uint64_t, bytes */
config_read_value config_read_duration; /* uint64_t, seconds */
config_read_value config_read_days;	/* uint64_t */
config_read_value config_read_yes;	/* bool */
config_read_value config_read_any;	/* bool */
config_read_value config_read_kind;	/* enum config_kind */
config_read_value config_read_domains;	/* struct config_texts, as all below but the last */
config_read_value config_read_certificates;
config_read_value config_read_fingerprints;
config_read_value config_read_hosts;
config_read_value config_read_sender_networks;
config_read_value config_read_networks; /* struct config_networks */

/* config_check.c: what a section, and the whole file, must have; fills in what follows from the
 * rest. */
void config_check_section(struct config_reader *r);
void config_check_all(struct config_reader *r);

#endif
