#include "enclave/engine/tracking.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "enclave/engine/arena.h"

enum { PAGE_BYTES = 4096, PAGES_MAX = 16384, RUNS_MAX = 512 };

struct run {
    uint32_t first_page;
    uint32_t page_count;
};

static struct {
    bool is_on;
    bool is_changed; /* runs are out of date */
    uint32_t page_count;
    uint32_t run_count;
    struct run runs[RUNS_MAX];
    uint8_t is_open[PAGES_MAX];
    struct sigaction before;
} tracked;

static uint8_t *page_at(size_t page)
{
    return (uint8_t *)(uintptr_t)(NSL_ARENA_BASE + NSL_ARENA_COLD) + page * PAGE_BYTES;
}

/* Opens the page an address lies in. False: the fault is not ours. */
static bool open_page(uintptr_t address)
{
    uintptr_t start = (uintptr_t)page_at(0);
    size_t page = (address - start) / PAGE_BYTES;
    if (!tracked.is_on || address < start || page >= tracked.page_count || tracked.is_open[page]) {
        return false;
    }
    if (mprotect(page_at(page), PAGE_BYTES, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    tracked.is_open[page] = 1;
    tracked.is_changed = true;
    return true;
}

/* Gives a fault that is not ours to whoever had it before; by default, the end of the process. */
static void pass_on(int signal, siginfo_t *info, void *context)
{
    if ((tracked.before.sa_flags & SA_SIGINFO) != 0) {
        tracked.before.sa_sigaction(signal, info, context);
    } else if (tracked.before.sa_handler == SIG_DFL || tracked.before.sa_handler == SIG_IGN) {
        sigaction(SIGSEGV, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    } else {
        tracked.before.sa_handler(signal);
    }
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    if (!open_page((uintptr_t)info->si_addr)) {
        pass_on(signal, info, context);
    }
}

static bool install(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGSEGV, &action, &before) != 0) {
        return false;
    }
    if ((before.sa_flags & SA_SIGINFO) == 0 || before.sa_sigaction != on_fault) {
        tracked.before = before;
    }
    return true;
}

void nsl_tracking_take_signal(void)
{
    if (tracked.is_on) {
        nsl_assert(install());
    }
}

/* True when a write to a read-only page really faults: tried on the last page. */
static bool faults_come(void)
{
    uint32_t page = tracked.page_count - 1;
    volatile uint8_t *byte = page_at(page);
    uint8_t value = *byte;
    *byte = value;
    return tracked.is_open[page] != 0;
}

/* Closes the page that was tried. */
static bool close_last(void)
{
    uint32_t page = tracked.page_count - 1;
    tracked.is_open[page] = 0;
    return mprotect(page_at(page), PAGE_BYTES, PROT_READ) == 0;
}

nsl_err nsl_tracking_start(size_t cold_bytes)
{
    nsl_assert(!tracked.is_on && cold_bytes % PAGE_BYTES == 0);
    tracked.page_count = (uint32_t)(cold_bytes / PAGE_BYTES);
    memset(tracked.is_open, 0, sizeof(tracked.is_open));
    tracked.is_changed = true;
    if (tracked.page_count == 0 || tracked.page_count > PAGES_MAX || !install()) {
        return NSL_ERR_UNSUPPORTED;
    }
    tracked.is_on = true;
    if (mprotect(page_at(0), cold_bytes, PROT_READ) != 0 || !faults_come() || !close_last()) {
        nsl_tracking_stop();
        return NSL_ERR_UNSUPPORTED;
    }
    return NSL_OK;
}

void nsl_tracking_stop(void)
{
    if (tracked.is_on) {
        tracked.is_on = false;
        nsl_assert(mprotect(page_at(0), tracked.page_count * (size_t)PAGE_BYTES,
                            PROT_READ | PROT_WRITE) == 0);
    }
}

bool nsl_tracking_is_open(size_t page)
{
    return page < PAGES_MAX && tracked.is_open[page] != 0;
}

/* The open pages as runs. Beyond RUNS_MAX runs, the last one takes in what lies between. */
static void list_runs(void)
{
    tracked.run_count = 0;
    struct run *run = NULL;
    for (uint32_t page = 0; page < tracked.page_count; page++) {
        bool is_next = run != NULL && run->first_page + run->page_count == page;
        if (!tracked.is_open[page]) {
            continue;
        }
        if (!is_next && tracked.run_count < RUNS_MAX) {
            run = &tracked.runs[tracked.run_count++];
            run->first_page = page;
        }
        run->page_count = page + 1 - run->first_page;
    }
    tracked.is_changed = false;
}

void nsl_tracking_restore(const uint8_t *cold_image, size_t cold_bytes)
{
    if (!tracked.is_on) {
        memcpy(page_at(0), cold_image, cold_bytes);
        return;
    }
    if (tracked.is_changed) {
        list_runs();
    }
    for (uint32_t i = 0; i < tracked.run_count; i++) {
        size_t from = tracked.runs[i].first_page * (size_t)PAGE_BYTES;
        memcpy(page_at(0) + from, cold_image + from,
               tracked.runs[i].page_count * (size_t)PAGE_BYTES);
    }
}

size_t nsl_tracking_open_bytes(size_t cold_bytes)
{
    if (!tracked.is_on) {
        return cold_bytes;
    }
    size_t bytes = 0;
    for (uint32_t page = 0; page < tracked.page_count; page++) {
        bytes += tracked.is_open[page] ? PAGE_BYTES : 0;
    }
    return bytes;
}
