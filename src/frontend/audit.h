/* The audit log: who read personal data, and who changed what. */
#ifndef ELSE_FRONTEND_AUDIT_H
#define ELSE_FRONTEND_AUDIT_H

#include "frontend/worker.h"

/* Writes what the route asks for. When it cannot be written, what was read is not answered. */
void audit_add(struct worker *w, struct request *r);

#endif
