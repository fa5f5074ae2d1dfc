/* The table behind codes.h, as scripts/embed/embed_codes.py writes it from data/codes. */
#ifndef ELSE_CODES_CODES_TABLE_H
#define ELSE_CODES_CODES_TABLE_H

#include "codes/codes.h"

#define CODES_ANY UINT16_MAX

enum codes_row_kind { CODES_ROW_ENHANCED, CODES_ROW_SMTP, CODES_ROW_REASON, CODES_ROW_ANY };

struct codes_row {
	const char *key; /* as in data/codes: "45.2.2" */
	enum codes_row_kind kind;
	bool wild;	      /* its key has a "*" */
	uint8_t classes;      /* bit 4 for class 4 */
	uint16_t subject;     /* CODES_ANY: any */
	uint16_t first, last; /* details, or SMTP codes */
	enum reason reason;
	enum codes_who who;
	enum codes_retry retry;
	enum codes_severity severity;
	size_t text;	      /* index of codes_text_keys and of each catalogue */
	const char *provider; /* NULL: any */
	const char *words;    /* lower case, '|' between; NULL: any */
};

struct codes_provider {
	const char *name;
	const char *domains; /* of its servers, '|' between */
	const char *words;   /* of its answers, lower case, '|' between */
};

struct codes_catalogue {
	const char *name;
	const char *words[CODES_WORD_COUNT];
	const struct codes_text *texts;
};

extern const struct codes_row codes_rows[];
extern const size_t codes_rows_n;
extern const struct codes_provider codes_providers[];
extern const size_t codes_providers_n;
extern const char *const codes_text_keys[];
extern const struct codes_catalogue codes_catalogues[CODES_LANGUAGE_COUNT];

/* Its key for a code of this class: "4.2.2". */
void codes_row_add_key(struct buf *b, const struct codes_row *row, uint64_t class);

/* What a row says for a code of this class (2 .. 5; 0: none is known). */
enum codes_retry codes_row_retry(const struct codes_row *row, uint64_t class);
enum codes_severity codes_row_severity(const struct codes_row *row, uint64_t class);

#endif
