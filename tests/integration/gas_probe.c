/*
 * Does any built-in burn time for little gas, or charge much for little work?
 *
 * usage: gas_probe SCRIPT [--large SIZE] [--density N] [--only TEXT] [--lines N]
 *     [--limit] [--thin] [--all]
 *
 * Calls what gas_probe.js lists, each function in a process of its own, and compares nanoseconds
 * per gas unit with a plain loop: with large and hostile values none may take more than HIGH_LIMIT
 * times as long per unit, with small ones none may charge more than LOW_LIMIT times as much per
 * nanosecond. Prints the worst ten on each side. A process that dies otherwise than by leaving the
 * engine is a failure by itself. Times are real: run it on a quiet machine (--limit makes the exit
 * status depend on them).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <quickjs.h>

#include "enclave/engine/meter.h"

enum {
    FUNCTIONS_MAX = 4096,
    KEPT = 4,
    LABEL_MAX = 160,
    EXIT_LEFT = 42,
    HIGH_LIMIT = 100,
    LOW_LIMIT = 20,
    TRIAL_GAS = 6000000,
    TRIAL_HEAP = 900000000,
    TRIAL_SECONDS = 20,
    MEMORY_NS = 100000,
    SMALL_REPEATS = 48,
    VERIFY_REPEATS = 3,
    STACK_BYTES = 512 * 1024 * 1024,
};

/* One measured call; score is what is sorted by: times the loop's cost, either way. */
struct finding {
    double score;
    double ns;
    uint64_t gas;
    int trial;
    int function;
    char label[LABEL_MAX];
};

struct shared {
    struct finding kept[2][FUNCTIONS_MAX][KEPT]; /* by side, best first */
    int trial;                                   /* the one now running */
    bool is_small;
    int function;
    double loop_ns_per_gas;
    uint64_t trials;
    bool is_verifying;
    struct finding verified;
    char label[LABEL_MAX];
    double started_ns;
    uint64_t started_gas;
};

static struct shared *shared;
static JSContext *context;
static JSValue measure_large, measure_small;
static bool wants_all;

static double now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void finding_keep(struct finding *list, const struct finding *found)
{
    for (int i = 0; i < KEPT; i++) {
        if (found->score > list[i].score) {
            memmove(&list[i + 1], &list[i], (size_t)(KEPT - 1 - i) * sizeof(list[0]));
            list[i] = *found;
            return;
        }
    }
}

static void note(double ns, uint64_t gas)
{
    double per_gas = ns / (double)(gas == 0 ? 1 : gas);
    struct finding found = {
        .ns = ns, .gas = gas, .trial = shared->trial, .function = shared->function};
    found.score =
        shared->is_small ? shared->loop_ns_per_gas / per_gas : per_gas / shared->loop_ns_per_gas;
    snprintf(found.label, sizeof(found.label), "%s", shared->label);
    if (wants_all) {
        printf("%10.2f %12.0f %10llu %s\n", found.score, ns, (unsigned long long)gas, found.label);
        fflush(stdout);
    }
    if (shared->is_verifying) {
        if (shared->verified.score <= 0 || found.score < shared->verified.score) {
            shared->verified = found;
        }
    } else {
        finding_keep(shared->kept[shared->is_small][shared->function], &found);
    }
}

static void end_trial_and_exit(void)
{
    uint64_t gas = nsl_meter.gas_used - shared->started_gas;
    note(now_ns() - shared->started_ns, gas);
    _exit(EXIT_LEFT);
}

void nsl_meter_leave(enum nsl_leave why)
{
    if (shared == NULL || shared->label[0] == '\0') {
        fprintf(stderr, "gas_probe: left (%d) outside a trial\n", (int)why);
        _exit(1);
    }
    if (why == NSL_LEAVE_MEMORY && now_ns() - shared->started_ns < MEMORY_NS) {
        _exit(EXIT_LEFT); /* refused before the work: it ended the call */
    }
    end_trial_and_exit();
    abort();
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
    end_trial_and_exit();
}

/* probe(this, function, arguments, label, trial) */
static JSValue probe(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    (void)argc;
    JSValue list[8];
    int64_t count = 0;
    int trial = 0;
    size_t size = 0;
    const char *label = JS_ToCStringLen(ctx, &size, argv[3]);
    JS_ToInt32(ctx, &trial, argv[4]);
    JS_GetLength(ctx, argv[2], &count);
    for (int64_t i = 0; i < count && i < 8; i++) {
        list[i] = JS_GetPropertyInt64(ctx, argv[2], i);
    }
    snprintf(shared->label, sizeof(shared->label), "%s", label);
    JS_FreeCString(ctx, label);
    shared->trial = trial;
    shared->trials++;
    int repeats = shared->is_small ? SMALL_REPEATS : 1;
    double best_ns = 0;
    uint64_t gas = 0;
    for (int i = 0; i < repeats; i++) {
        struct itimerval timer = {.it_value.tv_sec = TRIAL_SECONDS};
        if (!shared->is_small) {
            setitimer(ITIMER_REAL, &timer, NULL);
        }
        shared->started_gas = nsl_meter.gas_used;
        nsl_meter.gas_limit = nsl_meter.gas_used + TRIAL_GAS;
        shared->started_ns = now_ns();
        JSValue result = JS_Call(ctx, argv[1], argv[0], (int)count, (JSValueConst *)list);
        double ns = now_ns() - shared->started_ns;
        gas = nsl_meter.gas_used - shared->started_gas;
        nsl_meter.gas_limit = UINT64_MAX;
        if (JS_IsException(result)) {
            JS_FreeValue(ctx, JS_GetException(ctx));
        }
        JS_FreeValue(ctx, result);
        if (i == 0 || ns < best_ns) {
            best_ns = ns;
        }
    }
    note(best_ns, gas);
    for (int64_t i = 0; i < count && i < 8; i++) {
        JS_FreeValue(ctx, list[i]);
    }
    shared->label[0] = '\0';
    return JS_UNDEFINED;
}

/* Runs in the child: the trials of one function from `first` on, or one only. */
static void child_run(int first, int only)
{
    JSValue arguments[3] = {JS_NewInt32(context, shared->function), JS_NewInt32(context, first),
                            JS_NewInt32(context, only)};
    JSValue result = JS_Call(context, shared->is_small ? measure_small : measure_large,
                             JS_UNDEFINED, 3, (JSValueConst *)arguments);
    if (JS_IsException(result)) {
        JSValue error = JS_GetException(context);
        const char *text = JS_ToCString(context, error);
        fprintf(stderr, "gas_probe: the script failed: %s\n", text == NULL ? "?" : text);
        _exit(1);
    }
    fflush(stdout);
    _exit(0);
}

/* True when the process ended as it should. */
static bool run_trials(int first, int only)
{
    for (;;) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            signal(SIGALRM, on_alarm);
            child_run(first, only);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child) {
            perror("gas_probe: fork");
            return false;
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            return true;
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_LEFT) {
            printf("CRASH (%s %d) in %s\n", WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), shared->label);
            return false;
        }
        shared->label[0] = '\0';
        if (only >= 0) {
            return true;
        }
        first = shared->trial + 1;
    }
}

/* Measures the kept findings of a function again: the least of a few times is the true one. */
static void verify(int function, bool is_small)
{
    struct finding *list = shared->kept[is_small][function];
    shared->is_verifying = true;
    for (int i = 0; i < KEPT && list[i].score > (is_small ? LOW_LIMIT : HIGH_LIMIT) / 4; i++) {
        for (int k = 0; k < VERIFY_REPEATS; k++) {
            shared->verified = (struct finding){0};
            run_trials(list[i].trial, list[i].trial);
            if (shared->verified.score > 0 && shared->verified.score < list[i].score) {
                list[i] = shared->verified;
            }
        }
    }
    shared->is_verifying = false;
    for (int i = 1; i < KEPT; i++) {
        if (list[i].score > list[0].score) {
            list[0] = list[i];
        }
    }
}

static int compare_findings(const void *a, const void *b)
{
    double x = ((const struct finding *)a)->score, y = ((const struct finding *)b)->score;
    return (x < y) - (x > y);
}

static double print_worst(bool is_small, int function_count, const char *title, int lines)
{
    static struct finding worst[FUNCTIONS_MAX];
    for (int i = 0; i < function_count; i++) {
        worst[i] = shared->kept[is_small][i][0];
    }
    qsort(worst, (size_t)function_count, sizeof(worst[0]), compare_findings);
    printf("\n%s\n%10s %14s %12s  call\n", title, "x loop", "ns", "gas");
    for (int i = 0; i < lines && i < function_count; i++) {
        printf("%10.1f %14.0f %12llu  %s\n", worst[i].score, worst[i].ns,
               (unsigned long long)worst[i].gas, worst[i].label);
    }
    return worst[0].score;
}

static double loop_cost(JSValueConst baseline)
{
    double best = 0;
    for (int i = 0; i < 60; i++) {
        uint64_t gas = nsl_meter.gas_used;
        double start = now_ns();
        JS_FreeValue(context, JS_Call(context, baseline, JS_UNDEFINED, 0, NULL));
        double cost = (now_ns() - start) / (double)(nsl_meter.gas_used - gas);
        if (i == 0 || cost < best) {
            best = cost;
        }
    }
    return best;
}

static char *read_script(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);
    if (file == NULL || text == NULL) {
        fprintf(stderr, "gas_probe: cannot read %s\n", path);
        exit(1);
    }
    *ret_size = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    return text;
}

/* The realm as functions get it, then the script's values, which stay as they are. */
static JSValue open_realm(const char *path, int size, int density)
{
    JSRuntime *runtime = JS_NewRuntime();
    context = JS_NslNewRealm(runtime);
    JS_NslHardenAll(context);
    size_t text_size = 0;
    char *text = read_script(path, &text_size);
    JSValue make = JS_Eval(context, text, text_size, "gas_probe.js", JS_EVAL_TYPE_GLOBAL);
    JSValue arguments[3] = {JS_NewInt32(context, size), JS_NewInt32(context, density),
                            JS_NewCFunction(context, probe, "probe", 5)};
    JSValue tool = JS_Call(context, make, JS_UNDEFINED, 3, (JSValueConst *)arguments);
    if (JS_IsException(make) || JS_IsException(tool)) {
        JSValue error = JS_GetException(context);
        fprintf(stderr, "gas_probe: %s\n%s\n", JS_ToCString(context, error),
                JS_ToCString(context, JS_GetPropertyStr(context, error, "stack")));
        exit(1);
    }
    JS_NslSetCodeGeneration(context, false);
    nsl_meter.heap_limit = TRIAL_HEAP;
    free(text);
    return tool;
}

/* The counted depth needs more native stack than a process has by default. */
static void ensure_stack(char **argv)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        limit.rlim_cur < STACK_BYTES) {
        limit.rlim_cur = STACK_BYTES;
        if (setrlimit(RLIMIT_STACK, &limit) == 0) {
            execv("/proc/self/exe", argv);
        }
        fprintf(stderr, "gas_probe: no stack of %d bytes to be had\n", STACK_BYTES);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int size = 60000, density = 14, lines = 10;
    bool has_limit = false, is_thin = false, is_ok = true;
    const char *only = NULL, *script = NULL;
    ensure_stack(argv);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--large") == 0 && i + 1 < argc) {
            size = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--density") == 0 && i + 1 < argc) {
            density = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            only = argv[++i];
        } else if (strcmp(argv[i], "--lines") == 0 && i + 1 < argc) {
            lines = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--limit") == 0) {
            has_limit = true;
        } else if (strcmp(argv[i], "--thin") == 0) {
            is_thin = true; /* large values only */
        } else if (strcmp(argv[i], "--all") == 0) {
            wants_all = true;
        } else {
            script = argv[i];
        }
    }
    if (script == NULL) {
        fprintf(stderr, "usage: gas_probe SCRIPT [--large SIZE] [--density N] [--only TEXT] "
                        "[--limit] [--all]\n");
        return 2;
    }
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("gas_probe: mmap");
        return 1;
    }
    JSValue tool = open_realm(script, size, density);
    measure_large = JS_GetPropertyStr(context, tool, "measureLarge");
    measure_small = JS_GetPropertyStr(context, tool, "measureSmall");
    JSValue names = JS_GetPropertyStr(context, tool, "names");
    int64_t count = 0;
    JS_GetLength(context, names, &count);
    shared->loop_ns_per_gas = loop_cost(JS_GetPropertyStr(context, tool, "baseline"));
    printf("%d functions, a plain loop takes %.2f ns per gas unit\n", (int)count,
           shared->loop_ns_per_gas);
    for (int i = 0; i < (int)count && i < FUNCTIONS_MAX; i++) {
        const char *name = JS_ToCString(context, JS_GetPropertyUint32(context, names, (uint32_t)i));
        if (only != NULL && strstr(name, only) == NULL) {
            continue;
        }
        if (wants_all) {
            printf("%s\n", name);
        }
        for (int side = 0; side < (is_thin ? 1 : 2); side++) {
            shared->function = i;
            shared->is_small = side == 1;
            is_ok = run_trials(0, -1) && is_ok;
            verify(i, side == 1);
        }
    }
    double high = print_worst(false, (int)count, "Time per gas, most first (large values)", lines);
    double low =
        is_thin ? 0
                : print_worst(true, (int)count, "Gas per time, most first (small values)", lines);
    printf("\n%llu trials; time per gas at most %.1f times the loop's (limit %d), gas per time at "
           "most "
           "%.1f times (limit %d)\n",
           (unsigned long long)shared->trials, high, HIGH_LIMIT, low, LOW_LIMIT);
    if (has_limit && (high > HIGH_LIMIT || low > LOW_LIMIT)) {
        is_ok = false;
    }
    return is_ok ? 0 : 1;
}
