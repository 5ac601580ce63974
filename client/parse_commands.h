/*
 * parse_commands.h
 *	  One function a backslash command.  Private to the parse_*.c files.
 *
 * Each is called behind the command's name, reads the rest of its line, and
 * adds what it means to the plan.  False with p->err filled when it cannot.
 */
#ifndef PARSE_COMMANDS_H
#define PARSE_COMMANDS_H

#include "parser.h"

extern bool command_task(Parser *p);
extern bool command_setup(Parser *p);
extern bool command_teardown(Parser *p);
extern bool command_end(Parser *p);
extern bool command_gather(Parser *p);
extern bool command_if(Parser *p);
extern bool command_elif(Parser *p);
extern bool command_else(Parser *p);
extern bool command_endif(Parser *p);
extern bool command_startpipeline(Parser *p);
extern bool command_syncpipeline(Parser *p);
extern bool command_endpipeline(Parser *p);
extern bool command_blocking(Parser *p);
extern bool command_thread(Parser *p);
extern bool command_timeout(Parser *p);
extern bool command_retry(Parser *p);
extern bool command_gset(Parser *p);
extern bool command_aset(Parser *p);
extern bool command_http(Parser *p);
extern bool command_sleep(Parser *p);
extern bool command_set(Parser *p);
extern bool command_json(Parser *p);
extern bool command_emit(Parser *p);
extern bool command_assert(Parser *p);
extern bool command_echo(Parser *p);
extern bool command_shell(Parser *p);
extern bool command_setshell(Parser *p);
extern bool command_hold(Parser *p);
extern bool command_release(Parser *p);
extern bool command_hook(Parser *p);
extern bool command_option(Parser *p);
extern bool command_expect(Parser *p);
extern bool command_include(Parser *p);

#endif /* PARSE_COMMANDS_H */
