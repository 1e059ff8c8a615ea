/*
 * Frames whose size or place is known only while they run.
 *
 * A compiler finds the locals of such a frame by rbp, and so does the unwinder: the caller's stack pointer follows from
 * rbp and not from the frame's own stack pointer. The last function is the opposite: rbp is a register like any other.
 */

#include "stress.h"

#include <alloca.h>
#include <string.h>

/* A frame as large as it is asked for. */
STRESS_FRAME void stress_variable_length(size_t bytes, stress_callback call, void *argument) {
    char buffer[bytes];
    memset(buffer, (int)bytes, bytes);
    call(argument);
    STRESS_KEEP(buffer);
}

/* As above, and what the buffer holds stays what dead frames left there. */
STRESS_FRAME void stress_uninitialised(size_t bytes, stress_callback call, void *argument) {
    char buffer[bytes];
    STRESS_KEEP(buffer);
    call(argument);
    STRESS_KEEP(buffer);
}

/* One frame that grows from call to call: one return address each, at three stack pointers. */
STRESS_FRAME void stress_alloca(size_t bytes, stress_callback call, void *argument) {
    for (int times = 1; times <= 3; times++) {
        char *buffer = alloca(bytes / times);
        buffer[0] = (char)times;
        call(argument);
        STRESS_KEEP(buffer);
    }
}

/* A frame that begins at a multiple of 64. */
STRESS_FRAME void stress_realigned(size_t bytes, stress_callback call, void *argument) {
    __attribute__((aligned(64))) char buffer[64];
    memset(buffer, (int)bytes, sizeof buffer);
    call(argument);
    STRESS_KEEP(buffer);
}

/* Realigned and of variable length: the caller's stack pointer is kept in the frame. */
STRESS_FRAME void stress_realigned_variable_length(size_t bytes, stress_callback call, void *argument) {
    __attribute__((aligned(64))) char fixed[64];
    char buffer[bytes];
    memset(fixed, (int)bytes, sizeof fixed);
    memset(buffer, (int)bytes, bytes);
    call(argument);
    STRESS_KEEP(fixed);
    STRESS_KEEP(buffer);
}

/* Six values that live across the calls: every register that a callee keeps is in use, rbp among them. */
STRESS_FRAME void stress_registers(size_t bytes, stress_callback call, void *argument) {
    size_t first = bytes * 3, second = bytes ^ 0x5555, third = bytes << 7;
    __asm__ volatile("" : "+r"(first), "+r"(second), "+r"(third));
    call(argument);
    first += second * third;
    second ^= first;
    __asm__ volatile("" : "+r"(first), "+r"(second), "+r"(third));
    call(argument);
    __asm__ volatile("" : : "r"(first), "r"(second), "r"(third), "r"(bytes));
}
