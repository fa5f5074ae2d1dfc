/* api/openapi.yaml as JSON, embedded when the program is built. */
#ifndef ELSE_FRONTEND_OPENAPI_H
#define ELSE_FRONTEND_OPENAPI_H

extern const char openapi_json[];

#endif
