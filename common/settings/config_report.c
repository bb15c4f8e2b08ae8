#include "common/settings/config_report.h"

#include "common/base/wipe.h"

struct config_note config_note_begin(struct nsl_config_report *report,
                                     enum nsl_config_severity severity, size_t line)
{
    if (severity == NSL_CONFIG_ERROR) {
        report->error_count++;
    }
    if (report->count == NSL_CONFIG_MESSAGES) {
        report->dropped_count++;
        return (struct config_note){0};
    }
    struct nsl_config_message *message = &report->messages[report->count++];
    *message = (struct nsl_config_message){.severity = severity, .line = line};
    return (struct config_note){.message = message};
}

void config_note_add(struct config_note *note, nsl_bytes text)
{
    if (note->message == NULL) {
        return;
    }
    /* The last byte stays NUL. A character that is cut at the end is left out whole by the log's
     * escaping, which works character by character. */
    size_t room = NSL_CONFIG_MESSAGE_BYTES - 1 - note->size;
    note->size += nsl_log_escape(text, note->message->text + note->size, room);
}

void config_note_add_text(struct config_note *note, const char *text)
{
    if (note->message == NULL) {
        return;
    }
    nsl_bytes bytes = nsl_bytes_text(text);
    size_t room = NSL_CONFIG_MESSAGE_BYTES - 1 - note->size;
    bytes.size = bytes.size < room ? bytes.size : room;
    nsl_copy(note->message->text + note->size, room, bytes);
    note->size += bytes.size;
}

void config_say(struct nsl_config_report *report, enum nsl_config_severity severity, size_t line,
                const char *path, const char *text)
{
    struct config_note note = config_note_begin(report, severity, line);
    config_note_add_text(&note, path);
    config_note_add_text(&note, ": ");
    config_note_add_text(&note, text);
}
