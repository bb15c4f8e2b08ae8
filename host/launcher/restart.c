#include "host/launcher/restart.h"

#define NS_PER_MS 1000000U

void nsl_restart_ready(struct nsl_restart *restart, uint64_t now_ns)
{
    restart->failed_starts = 0;
    restart->ready_since_ns = now_ns;
}

bool nsl_restart_ended(struct nsl_restart *restart, uint64_t now_ns, unsigned *ret_pause_ms)
{
    if (restart->ready_since_ns == 0) {
        restart->failed_starts++;
    } else if (now_ns - restart->ready_since_ns >= (uint64_t)NSL_RESTART_HEALTHY_MS * NS_PER_MS) {
        restart->pause_ms = 0;
    }
    restart->ready_since_ns = 0;
    if (restart->failed_starts > restart->max_restarts) {
        return false;
    }
    unsigned pause_ms = restart->pause_ms == 0 ? NSL_RESTART_FIRST_MS : restart->pause_ms * 2;
    if (pause_ms > NSL_RESTART_LONGEST_MS) {
        pause_ms = NSL_RESTART_LONGEST_MS;
    }
    restart->pause_ms = pause_ms;
    *ret_pause_ms = pause_ms;
    return true;
}
