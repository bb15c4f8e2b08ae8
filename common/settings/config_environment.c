/* What the environment says, and the rules between settings. */
#include "common/settings/config.h"
#include "common/settings/config_report.h"

static const char *look_up(nsl_config_lookup *lookup, void *context, const char *name)
{
    const char *value = lookup(context, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static void refuse(struct nsl_config_report *report, const char *name, const char *allowed,
                   const char *value)
{
    struct config_note note = config_note_begin(report, NSL_CONFIG_ERROR, 0);
    config_note_add_text(&note, name);
    config_note_add_text(&note, ": must be ");
    config_note_add_text(&note, allowed);
    config_note_add_text(&note, "; found \"");
    config_note_add(&note, nsl_bytes_text(value));
    config_note_add_text(&note, "\"");
}

/* OCCLUM_SIMULATION and SGX_MODE say which back end; they must not contradict each other. */
static void apply_backend(const char *simulation, const char *sgx_mode,
                          struct nsl_settings *settings, struct nsl_config_report *report)
{
    bool is_on =
        simulation != NULL && (strcmp(simulation, "1") == 0 || strcmp(simulation, "true") == 0);
    bool is_off =
        simulation != NULL && (strcmp(simulation, "0") == 0 || strcmp(simulation, "false") == 0);
    if (simulation != NULL && !is_on && !is_off) {
        refuse(report, "OCCLUM_SIMULATION", "1 or 0", simulation);
    }
    bool is_sim = sgx_mode != NULL && strcmp(sgx_mode, "SIM") == 0;
    bool is_hw = sgx_mode != NULL && strcmp(sgx_mode, "HW") == 0;
    if (sgx_mode != NULL && !is_sim && !is_hw) {
        refuse(report, "SGX_MODE", "SIM or HW", sgx_mode);
    }
    if (is_on && is_hw) {
        config_say(report, NSL_CONFIG_ERROR, 0, "SGX_MODE",
                   "HW contradicts OCCLUM_SIMULATION=1; set only one of them");
    } else if (is_on || is_sim) {
        settings->tee_simulation_mode = true;
    } else if (is_hw) {
        settings->tee_simulation_mode = false;
        settings->tee_type = NSL_BACKEND_OCCLUM;
    }
}

static void apply_choice(const char *name, const char *value, const char *path, const char *allowed,
                         struct nsl_settings *settings, struct nsl_config_report *report)
{
    const struct nsl_setting *setting = nsl_setting_find(path);
    nsl_assert(setting != NULL && setting->kind == NSL_SETTING_IS_CHOICE);
    int64_t number = 0;
    if (value == NULL) {
        return;
    }
    if (!nsl_choice_parse(setting->choices, nsl_bytes_text(value), &number) ||
        nsl_settings_set_number(settings, setting, number) != NSL_OK) {
        refuse(report, name, allowed, value);
    }
}

nsl_err nsl_config_apply_environment(nsl_config_lookup *lookup, void *context,
                                     struct nsl_settings *settings,
                                     struct nsl_config_report *report)
{
    static const char levels[] = "trace, debug, info, warn, error or off";
    size_t errors_before = report->error_count;
    struct nsl_settings changed = *settings;
    apply_backend(look_up(lookup, context, "OCCLUM_SIMULATION"),
                  look_up(lookup, context, "SGX_MODE"), &changed, report);
    apply_choice("NEO_SERVICE_MODE", look_up(lookup, context, "NEO_SERVICE_MODE"), "Server.Mode",
                 "development or production", &changed, report);
    const char *level = look_up(lookup, context, "OCCLUM_LOG_LEVEL");
    apply_choice("OCCLUM_LOG_LEVEL", level, "Logging.LogLevel.Default", levels, &changed, report);
    if (report->error_count > errors_before) {
        return NSL_ERR_CONFIG;
    }
    if (level != NULL) {
        changed.occlum_log_level = changed.log_level;
    }
    *settings = changed;
    return NSL_OK;
}

static void check_production(const struct nsl_settings *settings, struct nsl_config_report *report)
{
    if (nsl_settings_backend(settings) == NSL_BACKEND_SIMULATION) {
        config_say(
            report, NSL_CONFIG_ERROR, 0, "Server.Mode",
            "production refuses the simulation back end: set Tee.Type to Occlum or Nitro and "
            "Tee.SimulationMode to false");
    }
    if (settings->tee_debug) {
        config_say(report, NSL_CONFIG_ERROR, 0, "Tee.Debug", "must be false in production");
    }
    if (settings->occlum_enable_debug_mode) {
        config_say(report, NSL_CONFIG_ERROR, 0, "Tee.Occlum.EnableDebugMode",
                   "must be false in production");
    }
    if (settings->functions_runner_mode == NSL_RUNNER_SHARED) {
        config_say(report, NSL_CONFIG_NOTICE, 0, "Functions.RunnerMode",
                   "shared lets one process serve several tenants");
    }
}

nsl_err nsl_config_check(const struct nsl_settings *settings, struct nsl_config_report *report)
{
    size_t errors_before = report->error_count;
    if (settings->service_mode == NSL_SERVICE_PRODUCTION) {
        check_production(settings, report);
    }
    if (settings->server_http_port > 0 &&
        settings->server_http_port == settings->server_https_port) {
        config_say(report, NSL_CONFIG_ERROR, 0, "Server.HttpsPort",
                   "must differ from Server.HttpPort");
    }
    if (settings->server_http_port < 0 && settings->server_https_port < 0) {
        config_say(report, NSL_CONFIG_ERROR, 0, "Server.HttpPort",
                   "is off and Server.HttpsPort too: nothing would be served");
    }
    return report->error_count > errors_before ? NSL_ERR_CONFIG : NSL_OK;
}
