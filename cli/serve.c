/* nsl serve: the untrusted host, which starts the enclave and passes connections to it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "cli/settings_load.h"
#include "cli/terminal.h"
#include "common/wire/control.h"
#include "host/ingress/listener.h"
#include "host/launcher/find.h"
#include "host/serve/serve.h"

static const struct nsl_flag flag_table[] = {
    {"config", "FILE", "Read the settings from this JSON file.", NSL_FLAG_ONCE},
    {"dev", NULL, "For development: refused unless in simulation and on loopback.", NSL_FLAG_ONCE},
    {"port", "N", "Port for plain HTTP, on loopback only. 0: any free one, -1: off. Default 8080.",
     NSL_FLAG_ONCE},
    {"https-port", "N", "Port for HTTPS. 0: any free one, -1: off. Default 8443.", NSL_FLAG_ONCE},
    {"listen", "ADDRESS", "Numeric address to listen on. Default 127.0.0.1.", NSL_FLAG_ONCE},
    {"allow-remote-simulation", NULL,
     "Let the simulation back end listen on an address that other machines can reach. It protects "
     "nothing from this machine's owner.",
     NSL_FLAG_ONCE},
    {"backend", "NAME", "simulation, occlum or nitro. Default: what the settings say.",
     NSL_FLAG_ONCE},
    {"enclave", "PATH", "The enclave program. Default: nsl-enclave as installed with this program.",
     NSL_FLAG_ONCE},
    {"runners", "N", "Processes that run functions side by side.", NSL_FLAG_ONCE},
    {"max-restarts", "N",
     "Give up when the enclave ended so often in a row without ever being ready.", NSL_FLAG_ONCE},
    {"log-level", "LEVEL", "trace, debug, info, warn, error or off.", NSL_FLAG_ONCE},
    {"pid-file", "FILE", "Write this process's id there; removed at the end.", NSL_FLAG_ONCE},
};

static const struct nsl_setting_flag setting_flags[] = {
    {"port", "Server.HttpPort"},
    {"https-port", "Server.HttpsPort"},
    {"listen", "Server.ListenAddress"},
    {"backend", "Tee.Type"},
    {"runners", "Functions.Runners"},
    {"max-restarts", "Server.MaxRestarts"},
    {"log-level", "Logging.LogLevel.Default"},
};

/* Simulation protects nothing from this machine's owner, so it stays on this machine. */
static enum nsl_exit check_simulation(const struct nsl_flags *flags,
                                      const struct nsl_settings *settings)
{
    struct nsl_address address;
    if (nsl_settings_backend(settings) != NSL_BACKEND_SIMULATION) {
        nsl_complain("the back end '%s' is not part of this build; 'simulation' is",
                     nsl_backend_name(nsl_settings_backend(settings)));
        return NSL_EXIT_CONFIG;
    }
    if (nsl_address_parse(settings->server_listen_address, &address) != NSL_OK) {
        nsl_complain("Server.ListenAddress: '%s' is no IPv4 or IPv6 address",
                     settings->server_listen_address);
        return NSL_EXIT_CONFIG;
    }
    if (!nsl_address_is_loopback(&address) && !nsl_flags_has(flags, "allow-remote-simulation")) {
        nsl_complain("Server.ListenAddress: the simulation back end listens on loopback only, and "
                     "other machines reach %s. If that is meant: --allow-remote-simulation",
                     settings->server_listen_address);
        return NSL_EXIT_CONFIG;
    }
    return NSL_EXIT_OK;
}

static enum nsl_exit find_ports(const struct nsl_flags *flags, const struct nsl_settings *settings,
                                struct nsl_serve_options *options)
{
    struct nsl_address address;
    bool is_loopback = nsl_address_parse(settings->server_listen_address, &address) == NSL_OK &&
                       nsl_address_is_loopback(&address);
    if (!is_loopback && (nsl_flags_has(flags, "dev") || nsl_flags_has(flags, "port"))) {
        nsl_complain("serve: --dev and --port are for loopback, and other machines reach %s",
                     settings->server_listen_address);
        return NSL_EXIT_USAGE;
    }
    options->http_port = is_loopback ? (int)settings->server_http_port : NSL_SERVE_OFF;
    options->https_port = (int)settings->server_https_port;
    if (options->http_port == NSL_SERVE_OFF && options->https_port == NSL_SERVE_OFF) {
        nsl_complain("HTTPS is off (Server.HttpsPort is -1) and so is plain HTTP: nothing to "
                     "listen on");
        return NSL_EXIT_CONFIG;
    }
    return NSL_EXIT_OK;
}

/* --enclave must exist; Tee.EnclavePath counts only when it names a program (older configurations
 * name a library there). */
static enum nsl_exit find_program(const struct nsl_flags *flags,
                                  const struct nsl_settings *settings, char path[PATH_MAX])
{
    const char *wanted = nsl_flags_value(flags, "enclave");
    if (wanted == NULL && *settings->tee_enclave_path != '\0' &&
        nsl_find_enclave(settings->tee_enclave_path, path, PATH_MAX) == NSL_OK) {
        return NSL_EXIT_OK;
    }
    if (nsl_find_enclave(wanted, path, PATH_MAX) != NSL_OK) {
        nsl_complain("there is no enclave program %s", path);
        return NSL_EXIT_ENCLAVE;
    }
    return NSL_EXIT_OK;
}

static enum nsl_exit write_pid_file(const char *path)
{
    if (path == NULL) {
        return NSL_EXIT_OK;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
        nsl_complain("%s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NSL_EXIT_FILE;
    }
    close(fd);
    return NSL_EXIT_OK;
}

static enum nsl_exit explain_failure(nsl_err err, const struct nsl_serve_options *options,
                                     const struct nsl_serve_failure *failure)
{
    const char *reason = failure->number == 0 ? nsl_err_text(err) : strerror(failure->number);
    bool is_listening = strncmp(failure->what, "listen", 6) == 0;
    if (is_listening) {
        bool is_https = strcmp(failure->what, "listen for HTTPS") == 0;
        nsl_complain("cannot %s on %s port %d: %s", failure->what, options->listen_address,
                     is_https ? options->https_port : options->http_port, reason);
        return NSL_EXIT_LISTEN;
    }
    nsl_complain("cannot %s: %s", failure->what, reason);
    return err == NSL_ERR_NOT_FOUND ? NSL_EXIT_ENCLAVE : NSL_EXIT_INTERNAL;
}

static enum nsl_exit serve(const struct nsl_serve_options *options)
{
    enum nsl_serve_end end;
    struct nsl_serve_failure failure;
    nsl_err err = nsl_serve_run(options, &end, &failure);
    if (err != NSL_OK) {
        return explain_failure(err, options, &failure);
    }
    if (end == NSL_SERVE_GAVE_UP) {
        nsl_complain("the enclave never became ready, given up after %u restarts; the log above "
                     "says more (program: %s)",
                     options->max_restarts, options->enclave_path);
        return NSL_EXIT_ENCLAVE;
    }
    if (end == NSL_SERVE_KILLED) {
        nsl_complain("the enclave was ended by force; calls that ran then have no answer");
    }
    return NSL_EXIT_OK;
}

static enum nsl_exit run(const struct nsl_flags *flags)
{
    struct nsl_settings settings;
    char path[PATH_MAX];
    NSL_AUTO(nsl_buffer) encoded = {0};
    nsl_buffer_init(&encoded, NSL_SETTINGS_WIRE_MAX_BYTES, NSL_BUFFER_PLAIN);
    struct nsl_serve_options options = {
        .enclave_path = path, .announce_fd = STDOUT_FILENO, .log_fd = STDERR_FILENO};
    enum nsl_exit exit_code =
        nsl_settings_load(nsl_flags_value(flags, "config"), flags, setting_flags,
                          sizeof(setting_flags) / sizeof(setting_flags[0]), &settings);
    exit_code = exit_code != NSL_EXIT_OK ? exit_code : check_simulation(flags, &settings);
    exit_code = exit_code != NSL_EXIT_OK ? exit_code : find_ports(flags, &settings, &options);
    exit_code = exit_code != NSL_EXIT_OK ? exit_code : find_program(flags, &settings, path);
    if (exit_code != NSL_EXIT_OK) {
        return exit_code;
    }
    if (nsl_settings_encode(&settings, &encoded) != NSL_OK) {
        nsl_complain("%s", nsl_err_text(NSL_ERR_NO_MEMORY));
        return NSL_EXIT_INTERNAL;
    }
    options.listen_address = settings.server_listen_address;
    options.max_restarts = (unsigned)settings.server_max_restarts;
    options.ready_ms = (unsigned)settings.server_start_timeout_ms;
    options.stop_ms = (unsigned)settings.server_stop_timeout_ms;
    options.settings = nsl_buffer_bytes(&encoded);
    const char *pid_file = nsl_flags_value(flags, "pid-file");
    exit_code = write_pid_file(pid_file);
    if (exit_code != NSL_EXIT_OK) {
        return exit_code;
    }
    nsl_log_init(STDERR_FILENO, (enum nsl_log_level)settings.log_level, "host");
    exit_code = serve(&options);
    if (pid_file != NULL) {
        unlink(pid_file);
    }
    return exit_code;
}

const struct nsl_command nsl_command_serve = {
    .name = "serve",
    .words = "",
    .summary = "Starts the service and runs it until Ctrl-C",
    .details =
        "Prints one line `listening on URL` for each port as soon as calls can be answered. Ctrl-C "
        "or SIGTERM lets running calls finish (Server.StopTimeoutMs); a second one ends at once. "
        "The environment's OCCLUM_SIMULATION, SGX_MODE, NEO_SERVICE_MODE and OCCLUM_LOG_LEVEL go "
        "before the file, flags before both.",
    NSL_FLAG_TABLE(flag_table),
    .run = run,
};
