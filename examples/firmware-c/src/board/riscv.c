/* A RISC-V as QEMU's machine `virt` has it: start-up code, the machine's timer, and text through semihosting. */
#include "board.h"

extern uint32_t bss_start[], bss_end[];
int main(void);
void reset(void);

static volatile uint32_t *const now = (volatile uint32_t *)0x0200bff8u, *const due = (volatile uint32_t *)0x02004000u;

#ifndef BOARD_QUARTERS
#error "BOARD_QUARTERS: four times the nanoseconds of a tick, from examples/firmware/boards.txt"
#endif

/* Three instructions that are not compressed, in one page, are a call of the debugger. */
static uint32_t semihosting(uint32_t call, const void *argument)
{
    register uint32_t a0 __asm__("a0") = call;
    register const void *a1 __asm__("a1") = argument;
    __asm__ volatile(".option push\n\t.option norvc\n\t"
                     ".balign 16\n\t"
                     "slli zero, zero, 0x1f\n\tebreak\n\tsrai zero, zero, 7\n\t"
                     ".option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}

void board_print(const char *text)
{
    semihosting(0x04, text);
}

static void leave(int status)
{
    const uint32_t stopped[2] = {0x20026u, (uint32_t)status};
    for (;;)
        semihosting(0x20, stopped);
}

void board_interrupt_never(void)
{
    due[0] = 0xffffffffu;
}

/* Instructions since the last tick: the emulator counts both with one clock. */
static uint32_t since_tick(void)
{
    uint32_t low, high;
    __asm__ volatile(".option push\n\t.option arch, +zicsr\n\tcsrr %0, mcycle\n\tcsrr %1, mcycleh\n\t.option pop"
                     : "=r"(low), "=r"(high));
    /* 2^32 is 96 modulo 100. */
    return (high % BOARD_NOPS * 96u + low % BOARD_NOPS) % BOARD_NOPS;
}

/* The ticks are coarse: what is left over is spent in a slide of instructions that do nothing. It is so long that some of
   the smallest numbers interrupt the slide itself. */
__attribute__((noinline)) void board_interrupt_after(uint32_t instructions)
{
    const uint32_t slide = 2u * (BOARD_NOPS - 1u - instructions % BOARD_NOPS);
    const uint32_t ticks = 1u + instructions / BOARD_NOPS * BOARD_TICKS;
    /* The emulator counts from the store on, in whole ticks: none may pass between that and the load. */
    while (since_tick() > BOARD_NOPS / 2u) {
    }
    due[0] = now[0] + ticks;
    __asm__ volatile("la t0, 1f\n\t"
                     "add t0, t0, %0\n\t"
                     "jr t0\n"
                     "1:\n\t"
                     ".rept 100\n\tc.nop\n\t.endr"
                     :
                     : "r"(slide)
                     : "t0", "memory");
}

__attribute__((interrupt("machine"), aligned(4))) static void trap(void)
{
    uint32_t cause;
    __asm__ volatile(".option push\n\t.option arch, +zicsr\n\tcsrr %0, mcause\n\t.option pop" : "=r"(cause));
    if (cause != 0x80000007u) {
        board_print("fault\n");
        leave(70);
    }
    board_interrupt_never();
    board_interrupt();
}

__attribute__((used)) void reset(void)
{
    for (uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    due[1] = 0;
    board_interrupt_never();
    /* The timer's interrupt, and interrupts at all. */
    __asm__ volatile(".option push\n\t.option arch, +zicsr\n\t"
                     "csrw mtvec, %0\n\tcsrs mie, %1\n\tcsrs mstatus, %2\n\t"
                     ".option pop"
                     :
                     : "r"(trap), "r"(1u << 7), "r"(1u << 3)
                     : "memory");
    leave(main());
}

__attribute__((weak)) void board_interrupt(void)
{
}

__asm__(".pushsection .start, \"ax\"\n\t"
        ".globl start\n"
        "start:\n\t"
        ".option push\n\t.option norelax\n\tla gp, __global_pointer$\n\t.option pop\n\t"
        "la sp, stack_top\n\t"
        "j reset\n\t"
        ".popsection");
