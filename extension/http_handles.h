/*
 * http_handles.h
 *		Requests that outlive the statement that sent them.
 */
#ifndef ASYNCDEMO_HTTP_HANDLES_H
#define ASYNCDEMO_HTTP_HANDLES_H

/* Make DISCARD ALL end them; called once, from _PG_init. */
extern void handles_install_hook(void);

#endif /* ASYNCDEMO_HTTP_HANDLES_H */
