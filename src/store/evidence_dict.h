/* What packing and training of evidence (evidence.h) must agree upon. */
#ifndef ELSE_STORE_EVIDENCE_DICT_H
#define ELSE_STORE_EVIDENCE_DICT_H

enum { EVIDENCE_LEVEL = 3 }; /* of zstd */

#endif
