/* Numbers as text, on a machine without stdio. */
#include "board.h"

void board_print_number(uint32_t n)
{
    char text[11];
    char *p = text + 10;
    *p = 0;
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    board_print(p);
}
