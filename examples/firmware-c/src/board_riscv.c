/* QEMU's RISC-V machine `virt`: start-up code, its timer, and text through semihosting. */
#include "board.h"

extern uint32_t bss_start[], bss_end[];
int main(void);

#ifndef BOARD_QUARTERS
#error "BOARD_QUARTERS: four times the nanoseconds of a tick, from examples/firmware/boards.txt"
#endif

/* A counter, and the time of the next interrupt; the high words stay zero for 429 seconds. */
static volatile uint32_t *const now = (volatile uint32_t *)0x0200bff8u;
static volatile uint32_t *const next = (volatile uint32_t *)0x02004000u;

static uint32_t semihosting(uint32_t call, const void *argument)
{
    register uint32_t a0 __asm__("a0") = call;
    register const void *a1 __asm__("a1") = argument;
    /* The two shifts mark the break as a call. */
    __asm__ volatile(".balign 16\n\t.option push\n\t.option norvc\n\t"
                     "slli x0, x0, 0x1f\n\tebreak\n\tsrai x0, x0, 7\n\t.option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}

void board_print(const char *text)
{
    semihosting(0x04, text);
}

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

static void leave(int status)
{
    const uint32_t stopped[2] = {0x20026u, (uint32_t)status};
    for (;;)
        semihosting(0x20, stopped);
}

static uint32_t instructions_so_far(void)
{
    uint32_t n;
    __asm__ volatile("csrr %0, minstret" : "=r"(n));
    return n;
}

void board_interrupt_never(void)
{
    next[1] = 0xffffffffu;
}

/* The ticks are coarse: what is left over is spent in a slide of instructions that do nothing. */
__attribute__((noinline)) void board_interrupt_after(uint32_t instructions)
{
    const uint32_t at = now[0] + 3u + instructions / BOARD_NOPS * BOARD_TICKS;
    next[1] = 0xffffffffu;
    next[0] = at;
    next[1] = 0;
    /* Of an instruction a nanosecond; both counters run since the reset. */
    const uint32_t left = at * (BOARD_QUARTERS / 4u) - instructions_so_far();
    const uint32_t wait = BOARD_NOPS + instructions;
    const uint32_t nops = left > wait ? left - wait : 0;
    const uint32_t slide = 4u * (nops < 3u * BOARD_NOPS ? 3u * BOARD_NOPS - nops : 0u);
    __asm__ volatile(".option push\n\t.option norvc\n\t"
                     "la t0, 1f\n\t"
                     "add t0, t0, %0\n\t"
                     "jr t0\n\t"
                     "1: .rept 300\n\tnop\n\t.endr\n\t"
                     ".option pop"
                     :
                     : "r"(slide)
                     : "t0", "memory");
}

/* Of the timer, or else something is wrong. */
__attribute__((interrupt("machine"), aligned(4))) static void trap(void)
{
    uint32_t cause;
    __asm__ volatile("csrr %0, mcause" : "=r"(cause));
    if (cause != 0x80000007u) {
        board_print("fault\n");
        leave(70);
    }
    next[1] = 0xffffffffu;
    board_interrupt();
}

uint32_t board_ticks(void)
{
    return instructions_so_far();
}

uint32_t board_instructions_since(uint32_t ticks)
{
    return instructions_so_far() - ticks;
}

#define PAINT 0xa5c35ac3u

__attribute__((noinline)) uint32_t board_stack_of(void (*work)(void))
{
    volatile uint32_t *top, *p;
    __asm__ volatile("mv %0, sp" : "=r"(top));
    volatile uint32_t *const low = top - 2048 > bss_end ? top - 2048 : bss_end;
    for (p = low; p < top; p++)
        *p = PAINT;
    work();
    for (p = low; p < top && *p == PAINT; p++) {
    }
    return (uint32_t)((uintptr_t)top - (uintptr_t)p);
}

__attribute__((used)) static void start(void)
{
    for (uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    board_interrupt_never();
    __asm__ volatile("csrw mtvec, %0\n\tcsrs mie, %1\n\tcsrsi mstatus, 8" : : "r"(trap), "r"(1u << 7));
    leave(main());
}

__attribute__((section(".start"), naked, used)) void reset(void)
{
    __asm__ volatile("la sp, stack_top\n\tj start");
}

__attribute__((weak)) void board_interrupt(void)
{
}
