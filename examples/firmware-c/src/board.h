/* What differs between a board and a desktop. */
#ifndef BOARD_H
#define BOARD_H

/* Prints text as it is. */
void board_print(const char *text);

/* The number of cases that went wrong when the library was given bad input; prints them. */
int refusals(void);

#endif
