/* A desktop. */
#include "board.h"
#include <inttypes.h>
#include <stdio.h>

void board_print(const char *text)
{
    fputs(text, stdout);
}

void board_print_number(uint32_t n)
{
    printf("%" PRIu32, n);
}
