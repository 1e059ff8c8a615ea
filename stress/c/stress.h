/* What every C frame of the stress does: it calls back into Rust, and the walk goes on there. */

#ifndef STRESS_H
#define STRESS_H

#include <stddef.h>

/* The walk goes on. The argument is handed through unchanged. */
typedef void (*stress_callback)(void *argument);

/* A frame that stays a frame of its own. */
#define STRESS_FRAME __attribute__((noinline, noclone))

/* The memory behind the pointer counts as read and written, so that the call before it is no tail call. */
#define STRESS_KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

#endif
