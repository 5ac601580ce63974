/*
 * asyncdemo.c
 *		What the server calls when it loads this library.
 */
#include "postgres.h"

#include "fmgr.h"

#include "http_handles.h"
#include "http_settings.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "asyncdemo", .version = ASYNCDEMO_VERSION);
#else
PG_MODULE_MAGIC;
#endif

void _PG_init(void);

void
_PG_init(void)
{
	settings_define();
	handles_install_hook();
}
