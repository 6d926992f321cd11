/* The program that interrupts calls. */
#include "board/board.h"

#ifndef STRIDE
#define STRIDE 61
#endif

int main(void)
{
    return interrupts(STRIDE);
}
