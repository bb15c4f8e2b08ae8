#include "enclave/engine/stack.h"

#include <string.h>
#include <sys/mman.h>

#include "enclave/engine/arena.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

enum {
    STACK_GUARD = 1 << 20,   /* larger than any frame */
    SCRUB_MARGIN = 4096,     /* bytes below the lowest pointer seen that are zeroed unseen */
    SCRUB_CLEAN_RUN = 16384, /* this many zeros below end the search */
    RETURN_ABOVE = 1 << 20,  /* bytes used: give pages back rather than writing zeros */
};

#define STACK_LOW (NSL_ARENA_BASE + NSL_ARENA_SIZE + 2 * NSL_ARENA_GUARD + STACK_GUARD)

/* Saves what the ABI says a call keeps, switches and calls. Leaving restores it. */
int stack_switch(void (*body)(void *argument), void *argument, uintptr_t top, uintptr_t *saved)
    __attribute__((visibility("hidden")));
void stack_return(uintptr_t saved, int reason) __attribute__((noreturn, visibility("hidden")));

#if defined(__x86_64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".hidden stack_switch\n"
        ".globl stack_switch\n"
        ".type stack_switch, @function\n"
        "stack_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rcx)\n"
        "    movq %rcx, %rbx\n"
        "    movq %rdi, %rax\n"
        "    movq %rsi, %rdi\n"
        "    movq %rdx, %rsp\n"
        "    xorl %ebp, %ebp\n"
        "    call *%rax\n"
        "    movq (%rbx), %rdi\n"
        "    xorl %esi, %esi\n"
        "    jmp stack_return\n"
        ".size stack_switch, .-stack_switch\n"
        ".p2align 4\n"
        ".hidden stack_return\n"
        ".globl stack_return\n"
        ".type stack_return, @function\n"
        "stack_return:\n"
        "    movq %rdi, %rsp\n"
        "    movl %esi, %eax\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size stack_return, .-stack_return\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".hidden stack_switch\n"
        ".globl stack_switch\n"
        ".type stack_switch, %function\n"
        "stack_switch:\n"
        "    stp x29, x30, [sp, #-160]!\n"
        "    stp x19, x20, [sp, #16]\n"
        "    stp x21, x22, [sp, #32]\n"
        "    stp x23, x24, [sp, #48]\n"
        "    stp x25, x26, [sp, #64]\n"
        "    stp x27, x28, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x3]\n"
        "    mov x19, x3\n"
        "    mov x9, x0\n"
        "    mov x0, x1\n"
        "    mov sp, x2\n"
        "    mov x29, #0\n"
        "    blr x9\n"
        "    ldr x0, [x19]\n"
        "    mov w1, #0\n"
        "    b stack_return\n"
        ".size stack_switch, .-stack_switch\n"
        ".p2align 4\n"
        ".hidden stack_return\n"
        ".globl stack_return\n"
        ".type stack_return, %function\n"
        "stack_return:\n"
        "    mov sp, x0\n"
        "    mov w0, w1\n"
        "    ldp x19, x20, [sp, #16]\n"
        "    ldp x21, x22, [sp, #32]\n"
        "    ldp x23, x24, [sp, #48]\n"
        "    ldp x25, x26, [sp, #64]\n"
        "    ldp x27, x28, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    ldp x29, x30, [sp], #160\n"
        "    ret\n"
        ".size stack_return, .-stack_return\n");
#else
#error "no stack switch for this architecture"
#endif

/* Where the running nsl_stack_run left its own stack; 0 when none runs. */
static uintptr_t stack_home;

#if defined(HAS_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

static struct {
    void (*body)(void *argument);
    void *argument;
    const void *home_bottom;
    size_t home_size;
    void *home_fake;
} fiber;

static void fiber_body(void *unused)
{
    (void)unused;
    __sanitizer_finish_switch_fiber(NULL, &fiber.home_bottom, &fiber.home_size);
    fiber.body(fiber.argument);
    __sanitizer_start_switch_fiber(NULL, fiber.home_bottom, fiber.home_size);
}

static int switch_to(void (*body)(void *argument), void *argument)
{
    fiber.body = body;
    fiber.argument = argument;
    __sanitizer_start_switch_fiber(&fiber.home_fake, (void *)(uintptr_t)STACK_LOW, NSL_STACK_SIZE);
    int reason = stack_switch(fiber_body, NULL, nsl_stack_top(), &stack_home);
    __sanitizer_finish_switch_fiber(fiber.home_fake, NULL, NULL);
    return reason;
}

static void before_return(void)
{
    __sanitizer_start_switch_fiber(NULL, fiber.home_bottom, fiber.home_size);
}

__attribute__((no_sanitize("address"))) static void unpoison(uintptr_t from)
{
    ASAN_UNPOISON_MEMORY_REGION((void *)from, nsl_stack_top() - from);
}
#else
static int switch_to(void (*body)(void *argument), void *argument)
{
    return stack_switch(body, argument, nsl_stack_top(), &stack_home);
}

static void before_return(void)
{
}

static void unpoison(uintptr_t from)
{
    (void)from;
}
#endif

uintptr_t nsl_stack_top(void)
{
    return (uintptr_t)(STACK_LOW + NSL_STACK_SIZE);
}

int nsl_stack_run(void (*body)(void *argument), void *argument)
{
    nsl_assert(stack_home == 0);
    int reason = switch_to(body, argument);
    stack_home = 0;
    return reason;
}

void nsl_stack_leave(int reason)
{
    nsl_assert(stack_home != 0 && reason != 0);
    before_return();
    stack_return(stack_home, reason);
}

nsl_err nsl_stack_map(void)
{
    uint64_t size = NSL_STACK_SIZE + 2 * (uint64_t)STACK_GUARD;
    void *wanted = (void *)(uintptr_t)(STACK_LOW - STACK_GUARD);
    void *mapped = mmap(wanted, size, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (mapped != wanted) {
        if (mapped != MAP_FAILED) {
            munmap(mapped, size);
        }
        return NSL_ERR_NO_MEMORY;
    }
    if (mprotect((void *)(uintptr_t)STACK_LOW, NSL_STACK_SIZE, PROT_READ | PROT_WRITE) != 0) {
        munmap(mapped, size);
        return NSL_ERR_NO_MEMORY;
    }
    return NSL_OK;
}

void nsl_stack_unmap(void)
{
    munmap((void *)(uintptr_t)(STACK_LOW - STACK_GUARD),
           NSL_STACK_SIZE + 2 * (uint64_t)STACK_GUARD);
}

static const uint8_t zero_line[512];

/* The lowest address with anything in it, looking down from `at` until a long clean run. */
static uintptr_t lowest_dirty(uintptr_t at)
{
    uintptr_t lowest = at;
    while (at > STACK_LOW + SCRUB_CLEAN_RUN && lowest - at < SCRUB_CLEAN_RUN) {
        at -= sizeof(zero_line);
        if (memcmp((const void *)at, zero_line, sizeof(zero_line)) != 0) {
            lowest = at;
        }
    }
    return lowest;
}

void nsl_stack_scrub(uintptr_t lowest)
{
    uintptr_t top = nsl_stack_top();
    uintptr_t from = top;
    if (lowest > STACK_LOW + SCRUB_MARGIN && lowest < top) {
        from = (lowest - SCRUB_MARGIN) & ~(uintptr_t)511;
    }
    unpoison(from - SCRUB_CLEAN_RUN > STACK_LOW ? from - SCRUB_CLEAN_RUN : from);
    from = lowest_dirty(from);
    if (top - from > RETURN_ABOVE) {
        uintptr_t end = (top - RETURN_ABOVE) & ~(uintptr_t)4095;
        uintptr_t start = from & ~(uintptr_t)4095;
        if (madvise((void *)start, end - start, MADV_DONTNEED) == 0) {
            from = end;
        }
    }
    memset((void *)from, 0, top - from);
}
