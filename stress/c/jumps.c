/*
 * Frames that end without returning: `longjmp` past several of them at once.
 *
 * Every frame that is jumped over is a C frame of this file. The callbacks into Rust have returned by then.
 */

#include "stress.h"

#include <setjmp.h>
#include <string.h>

struct landing {
    jmp_buf place;
    int is_used;
};

STRESS_FRAME static void descend(int levels, struct landing *out, size_t bytes, stress_callback call, void *argument) {
    char buffer[bytes];
    memset(buffer, levels, bytes);
    if (levels > 0) {
        descend(levels - 1, out, bytes / 2 + 16, call, argument);
    } else {
        call(argument);
        if (out->is_used) {
            longjmp(out->place, 1);
        }
    }
    STRESS_KEEP(buffer);
}

/* Calls back below up to four frames, jumps out of them three times in four, and calls back again where they were. */
STRESS_FRAME void stress_longjmp(size_t bytes, stress_callback call, void *argument) {
    struct landing out = {.is_used = bytes % 16 < 12};
    if (setjmp(out.place) == 0) {
        descend((int)(bytes % 4), &out, bytes, call, argument);
    } else {
        call(argument);
    }
    STRESS_KEEP(&out);
}
