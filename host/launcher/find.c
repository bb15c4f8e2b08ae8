#include "host/launcher/find.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const places[] = {"/" NSL_ENCLAVE_PROGRAM,
                                     "/../libexec/neosl/" NSL_ENCLAVE_PROGRAM};

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

static nsl_err join(const char *folder, const char *rest, char *ret_path, size_t capacity)
{
    int size = snprintf(ret_path, capacity, "%s%s", folder, rest);
    return size < 0 || (size_t)size >= capacity ? NSL_ERR_TOO_LARGE : NSL_OK;
}

static nsl_err program_folder(char *ret_folder, size_t capacity)
{
    ssize_t size = readlink("/proc/self/exe", ret_folder, capacity - 1);
    if (size <= 0) {
        return NSL_ERR_IO;
    }
    ret_folder[size] = '\0';
    char *slash = strrchr(ret_folder, '/');
    if (slash == NULL) {
        return NSL_ERR_IO;
    }
    *slash = '\0';
    return NSL_OK;
}

nsl_err nsl_find_enclave(const char *wanted, char *ret_path, size_t capacity)
{
    if (wanted != NULL) {
        NSL_TRY(join("", wanted, ret_path, capacity));
        return is_program(ret_path) ? NSL_OK : NSL_ERR_NOT_FOUND;
    }
    char folder[PATH_MAX];
    NSL_TRY(program_folder(folder, sizeof(folder)));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        NSL_TRY(join(folder, places[i], ret_path, capacity));
        if (is_program(ret_path)) {
            return NSL_OK;
        }
    }
    NSL_TRY(join(folder, places[0], ret_path, capacity));
    return NSL_ERR_NOT_FOUND;
}
