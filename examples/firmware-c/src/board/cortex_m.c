/* A Cortex-M as QEMU has it (mps2 boards, microbit): start-up code, SysTick, and text through semihosting. */
#include "board.h"

extern uint32_t stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];
int main(void);
void reset(void);

static volatile uint32_t *const systick = (volatile uint32_t *)0xE000E010u;

#ifndef BOARD_QUARTERS
#error "BOARD_QUARTERS: four times the nanoseconds of a tick, from examples/firmware/boards.txt"
#endif

static uint32_t semihosting(uint32_t call, const void *argument)
{
    register uint32_t r0 __asm__("r0") = call;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
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
    systick[0] = 0;
    /* One that is pending already is taken back. */
    *(volatile uint32_t *)0xE000ED04u = 1u << 25;
}

/* The ticks are coarse: what is left over is spent in a slide of instructions that do nothing. It is so long that the
   smallest numbers interrupt the slide itself. */
__attribute__((noinline)) void board_interrupt_after(uint32_t instructions)
{
    const uint32_t slide = 2u * (BOARD_NOPS - 1u - instructions % BOARD_NOPS);
    /* Two ticks at least, or SysTick is off. */
    systick[1] = 2u + instructions / BOARD_NOPS * BOARD_TICKS;
    systick[2] = 0;
    systick[0] = 7;
    /* The lowest bit of the address says Thumb: an odd distance. */
    __asm__ volatile("mov r3, pc\n\t"
                     "add r3, %0\n\t"
                     ".syntax unified\n\tadds r3, #7\n\t"
                     "bx r3\n\t"
                     "nop\n\t"
                     ".rept 190\n\tnop\n\t.endr"
                     :
                     : "r"(slide)
                     : "r3", "cc", "memory");
}

static void tick(void)
{
    systick[0] = 0;
    board_interrupt();
}

uint32_t board_ticks(void)
{
    if ((systick[0] & 1u) == 0) {
        systick[1] = 0xffffffu;
        systick[2] = 0;
        systick[0] = 5;
    }
    return 0xffffffu - systick[2];
}

uint32_t board_instructions_since(uint32_t ticks)
{
    return ((board_ticks() - ticks) & 0xffffffu) / 4u * BOARD_QUARTERS;
}

#define PAINT 0xa5c35ac3u

__attribute__((noinline)) uint32_t board_stack_of(void (*work)(void))
{
    volatile uint32_t *top, *p;
    __asm__ volatile("mov %0, sp" : "=r"(top));
    volatile uint32_t *const low = top - 2048 > bss_end ? top - 2048 : bss_end;
    for (p = low; p < top; p++)
        *p = PAINT;
    work();
    for (p = low; p < top && *p == PAINT; p++) {
    }
    return (uint32_t)((uintptr_t)top - (uintptr_t)p);
}

void reset(void)
{
#ifdef __ARM_FP
    /* Full access to the FPU. */
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
    __asm__ volatile("dsb\n\tisb");
#endif
    for (uint32_t *to = data_start, *from = data_load; to < data_end;)
        *to++ = *from++;
    for (uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    leave(main());
}

static void fault(void)
{
    board_print("fault\n");
    leave(70);
}

__attribute__((weak)) void board_interrupt(void)
{
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handlers[15])(void);
} vectors = {stack_top, {reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, tick}};
