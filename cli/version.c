/* nsl version: this program, and the engine of the enclave it would start. */
#include <limits.h>
#include <stdio.h>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "common/settings/settings.h"
#include "host/launcher/find.h"
#include "host/launcher/probe.h"

static const struct nsl_flag flag_table[] = {
    {"enclave", "PATH", "The enclave program. Default: nsl-enclave as installed with this program.",
     NSL_FLAG_ONCE},
};

static void print_ready(const char *path, const struct nsl_control_ready *ready)
{
    fputs("engine       ", stdout);
    nsl_print_escaped(stdout, nsl_bytes_text(ready->engine_version));
    printf("\ngas table    %u\nenclave      ", ready->gas_version);
    nsl_print_escaped(stdout, nsl_bytes_text(path));
    fputs(" (simulation)\nwalls        ", stdout);
    if (ready->missing_walls == 0) {
        puts("all up");
        return;
    }
    fputs("missing here:", stdout);
    for (uint32_t bit = 1; bit <= NSL_WALL_ALL; bit <<= 1) {
        if ((ready->missing_walls & bit) != 0) {
            printf(" %s;", nsl_wall_text(bit));
        }
    }
    putchar('\n');
}

static enum nsl_exit run(const struct nsl_flags *flags)
{
    char path[PATH_MAX];
    struct nsl_settings settings;
    struct nsl_control_ready ready;
    NSL_AUTO(nsl_buffer) encoded = {0};
    nsl_buffer_init(&encoded, NSL_SETTINGS_WIRE_MAX_BYTES, NSL_BUFFER_PLAIN);
    puts("nsl          " NSL_VERSION);
    fflush(stdout);
    if (nsl_find_enclave(nsl_flags_value(flags, "enclave"), path, sizeof(path)) != NSL_OK) {
        nsl_complain("there is no enclave program %s", path);
        return NSL_EXIT_ENCLAVE;
    }
    nsl_settings_init(&settings);
    nsl_err err = nsl_settings_encode(&settings, &encoded);
    if (err == NSL_OK) {
        err = nsl_probe_enclave(path, nsl_buffer_bytes(&encoded), NSL_CONTROL_READY_MS, &ready);
    }
    if (err != NSL_OK) {
        nsl_complain("the enclave program %s could not be asked: %s", path, nsl_err_text(err));
        return NSL_EXIT_ENCLAVE;
    }
    print_ready(path, &ready);
    return NSL_EXIT_OK;
}

const struct nsl_command nsl_command_version = {
    .name = "version",
    .words = "",
    .summary = "Shows the versions of this program, the engine and the gas table",
    .details = "The enclave program is started for a moment and asked. `nsl --version` prints only "
               "this program's version and starts nothing.",
    NSL_FLAG_TABLE(flag_table),
    .run = run,
};
