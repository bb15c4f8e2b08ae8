/*
 * Runs one CPU program in one engine and prints what it cost: linked twice by bench/run, with the
 * unpatched and with the patched engine, with equal flags.
 *
 * usage: metering FILE. The file's first line says `expect: TEXT`, what the script's last value must
 * be; the run counts only when it is. Output: CPU nanoseconds and gas units of compile and run.
 */
#include "bench/engine/metering.h"

#include <quickjs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SOURCE_MAX = 64 * 1024,
    HELD_STEP = 8, /* bytes; finer than the engine's size classes */
    HELD_COUNT = 64,
};

static long long cpu_ns(void)
{
    struct timespec now = {0};
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0) {
        perror("metering: clock_gettime");
        exit(1);
    }
    return (long long)now.tv_sec * 1000000000LL + now.tv_nsec;
}

static size_t source_read(const char *path, char *source)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "metering: cannot open %s\n", path);
        exit(1);
    }
    size_t size = fread(source, 1, SOURCE_MAX, file);
    if (ferror(file) || !feof(file) || size == SOURCE_MAX) {
        fprintf(stderr, "metering: cannot read %s, or it is larger than %d bytes\n", path,
                SOURCE_MAX);
        exit(1);
    }
    fclose(file);
    source[size] = '\0';
    return size;
}

static bool is_expected(const char *source, const char *answer)
{
    static const char mark[] = "/* expect: ";
    size_t size = strlen(answer);
    return strncmp(source, mark, sizeof(mark) - 1) == 0 &&
           strncmp(source + sizeof(mark) - 1, answer, size) == 0 &&
           strncmp(source + sizeof(mark) - 1 + size, " */\n", 4) == 0;
}

/* One living block of each small size. Without it a program that only ever holds temporary blocks of
 * one size makes and destroys that size's pool with every allocation, or not, by chance: that would
 * drown what metering costs. */
static void blocks_hold(JSRuntime *runtime, void *held[HELD_COUNT])
{
    for (size_t i = 0; i < HELD_COUNT; i++) {
        held[i] = js_malloc_rt(runtime, (i + 1) * HELD_STEP);
        if (held[i] == NULL) {
            fprintf(stderr, "metering: no memory\n");
            exit(1);
        }
    }
}

static void blocks_release(JSRuntime *runtime, void *held[HELD_COUNT])
{
    for (size_t i = 0; i < HELD_COUNT; i++) {
        js_free_rt(runtime, held[i]);
    }
}

int main(int argc, char **argv)
{
    static char source[SOURCE_MAX + 1];
    if (argc != 2) {
        fprintf(stderr, "usage: metering FILE\n");
        return 2;
    }
    size_t size = source_read(argv[1], source);
    bench_meter_open();
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = runtime == NULL ? NULL : JS_NewContext(runtime);
    if (context == NULL) {
        fprintf(stderr, "metering: no engine\n");
        return 1;
    }
    JS_SetMaxStackSize(runtime, 0);
    void *held[HELD_COUNT] = {0};
    blocks_hold(runtime, held);
    long long start_ns = cpu_ns();
    JSValue value = JS_Eval(context, source, size, argv[1], JS_EVAL_TYPE_GLOBAL);
    long long spent_ns = cpu_ns() - start_ns;
    if (JS_IsException(value)) {
        value = JS_GetException(context);
    }
    const char *answer = JS_ToCString(context, value);
    if (answer == NULL || !is_expected(source, answer)) {
        fprintf(stderr, "metering: %s answered %s\n", argv[1], answer == NULL ? "?" : answer);
        return 1;
    }
    printf("%lld %llu\n", spent_ns, bench_meter_gas());
    JS_FreeCString(context, answer);
    JS_FreeValue(context, value);
    JS_FreeContext(context);
    blocks_release(runtime, held);
    JS_FreeRuntime(runtime);
    return 0;
}
