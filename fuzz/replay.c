/*
 * Runs a fuzz target on the files of folders, without a fuzzer: TAP, one case a file. So every input
 * that once crashed a target is a test of every build.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* False when the file cannot be read. */
static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        return 0;
    }
    long size = ftell(file);
    rewind(file);
    /* Exactly as large as the input, so that the sanitizer sees a read behind it. */
    uint8_t *data = size >= 0 ? malloc((size_t)size + (size == 0)) : NULL;
    int is_read = data != NULL && fread(data, 1, (size_t)size, file) == (size_t)size;
    fclose(file);
    if (is_read) {
        LLVMFuzzerTestOneInput(data, (size_t)size);
    }
    free(data);
    return is_read;
}

int main(int argc, char **argv)
{
    int count = 0;
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        struct dirent **names = NULL;
        int found = scandir(argv[i], &names, NULL, alphasort);
        for (int j = 0; j < found; j++) {
            char path[4096];
            if (names[j]->d_name[0] != '.') {
                snprintf(path, sizeof path, "%s/%s", argv[i], names[j]->d_name);
                int is_ok = replay(path);
                failed += !is_ok;
                printf("%sok %d - %s\n", is_ok ? "" : "not ", ++count, names[j]->d_name);
                fflush(stdout);
            }
            free(names[j]);
        }
        free(names);
    }
    printf("1..%d\n", count);
    return failed > 0 || count == 0;
}
