/* The program that interrupts calls. */
#include "board.h"

#ifndef STRIDE
#define STRIDE 61
#endif

#ifdef OWN_CRITICAL
/* In the place of the library's, as a firmware with two cores has them: there a lock would follow, here they are counted. */
#include "sbn.h"

static volatile uint32_t entered, left;

uint32_t sbn_enter_critical(void)
{
    uint32_t before;
#ifdef __riscv
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(before) : : "memory");
#else
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before) : : "memory");
#endif
    entered++;
    return before;
}

void sbn_leave_critical(uint32_t before)
{
    left++;
#ifdef __riscv
    __asm__ volatile("csrs mstatus, %0" : : "r"(before & 8u) : "memory");
#else
    __asm__ volatile("msr primask, %0" : : "r"(before) : "memory");
#endif
}

static int own_were_taken(void)
{
    board_print("critical sections of the program: ");
    board_print_number(entered);
    board_print("\n");
    return entered > 1000 && entered == left;
}
#else
static int own_were_taken(void)
{
    return 1;
}
#endif

int main(void)
{
    return interrupts(STRIDE) + !own_were_taken();
}
