/* Included behind settings.def: the row macros go, so that the next one can define its own. No guard:
 * it is included many times. */
#undef NSL_SETTING_BOOL
#undef NSL_SETTING_INT
#undef NSL_SETTING_DIGITS
#undef NSL_SETTING_SIZE
#undef NSL_SETTING_TEXT
#undef NSL_SETTING_CHOICE
#undef NSL_SETTING_ALIAS
#undef NSL_SETTING_IGNORED
