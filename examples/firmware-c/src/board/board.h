/* What differs between a board and a desktop. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* Prints text as it is, and a number. */
void board_print(const char *text);
void board_print_number(uint32_t n);

/* Nanoseconds of a tick of SysTick, four times, and the fewest ticks that are a whole number of nanoseconds. */
#ifdef BOARD_QUARTERS
#define BOARD_TICKS (BOARD_QUARTERS % 4 == 0 ? 1u : BOARD_QUARTERS % 2 == 0 ? 2u : 4u)
#define BOARD_NOPS (BOARD_QUARTERS * BOARD_TICKS / 4u)
#endif

/* Interrupts what runs, once, after so many instructions and a constant, under an emulator that executes one each
   nanosecond. */
void board_interrupt_after(uint32_t instructions);
void board_interrupt_never(void);

/* Called by the interrupt: of the program. */
void board_interrupt(void);

/* A count of SysTick, and the instructions since then: at most 600 million. */
uint32_t board_ticks(void);
uint32_t board_instructions_since(uint32_t ticks);

/* Bytes of stack that `work` takes, its own frame included. */
uint32_t board_stack_of(void (*work)(void));

/* The number of cases that went wrong when the library was given bad input; prints them. */
int refusals(void);

/* The same of a record whose power is lost; of windows, conditional networks, estimators and the detector. */
int power(void);
int stream(void);

/* The number of pairs of calls that saw half of each other; every `stride`th instruction of a long call is interrupted. */
int interrupts(uint32_t stride);

#endif
