/*
 * A fiber: a call on another stack, taken from the heap, by `makecontext` and `swapcontext`.
 *
 * Its outermost frame is libc's, and says that it is the outermost: a stack captured on a fiber ends there.
 */

#include "stress.h"

#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

enum { STACK_BYTES = 512 * 1024 };

struct fiber {
    stress_callback call;
    void *argument;
};

/* `makecontext` passes on numbers of 32 bits only. */
static void enter(unsigned low, unsigned high) {
    struct fiber *fiber = (struct fiber *)((uintptr_t)high << 32 | low);
    fiber->call(fiber->argument);
}

/* Calls back on a fiber of its own. Returns whether there was memory for it. */
STRESS_FRAME int stress_fiber(stress_callback call, void *argument) {
    struct fiber fiber = {call, argument};
    uintptr_t address = (uintptr_t)&fiber;
    ucontext_t here, there;
    char *stack = malloc(STACK_BYTES);
    if (stack == NULL || getcontext(&there) != 0) {
        free(stack);
        return 0;
    }
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = STACK_BYTES;
    there.uc_link = &here;
    makecontext(&there, (void (*)(void))enter, 2, (unsigned)address, (unsigned)(address >> 32));
    int swapped = swapcontext(&here, &there);
    free(stack);
    return swapped == 0;
}
