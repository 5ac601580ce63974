/*
 * report_main.h
 *	  "asyncdemo report": a saved run again, in any form.
 */
#ifndef REPORT_MAIN_H
#define REPORT_MAIN_H

/* argv[0] is "report"; the exit status. */
extern int report_main(int argc, char **argv);

#endif /* REPORT_MAIN_H */
