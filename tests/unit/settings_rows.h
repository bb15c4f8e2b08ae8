/* What the tests of settings and of the configuration both need to work on all rows. */
#ifndef NSL_TESTS_UNIT_SETTINGS_ROWS_H
#define NSL_TESTS_UNIT_SETTINGS_ROWS_H

#include "common/settings/settings.h"

/* The highest number a row takes; of a choice its last value (their values have no gaps). */
static inline int64_t row_max(const struct nsl_setting *row)
{
    int64_t max = row->max;
    if (row->kind == NSL_SETTING_IS_CHOICE) {
        max = row->min;
        while (nsl_choice_name(row->choices, max + 1) != NULL) {
            max++;
        }
    }
    return max;
}

/* Every field at a value that is allowed and not its default. */
static inline void fill_unusual(struct nsl_settings *settings)
{
    for (size_t i = 0; i < nsl_setting_count(); i++) {
        const struct nsl_setting *row = nsl_setting_at(i);
        if (nsl_setting_has_number(row)) {
            int64_t number = row->default_number == row_max(row) ? row->min : row_max(row);
            assert_int_equal(nsl_settings_set_number(settings, row, number), NSL_OK);
        } else if (row->kind == NSL_SETTING_IS_TEXT) {
            assert_int_equal(nsl_settings_set_text(settings, row, NSL_TEXT("a \"b\" \\ \xc3\xa9")),
                             NSL_OK);
        }
    }
}

static inline void assert_same_value(const struct nsl_settings *a, const struct nsl_settings *b,
                                     const struct nsl_setting *row)
{
    if (row->kind == NSL_SETTING_IS_TEXT) {
        assert_string_equal(nsl_settings_text(a, row), nsl_settings_text(b, row));
    } else if (nsl_setting_has_number(row)) {
        assert_true(nsl_settings_number(a, row) == nsl_settings_number(b, row));
    }
}

#endif
