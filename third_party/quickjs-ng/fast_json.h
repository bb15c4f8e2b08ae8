/*
 * JSON text to values, the fast way. Ours; included at the end of quickjs.c by 80-json.anchors, because
 * it makes objects from shapes.
 *
 * Most objects of a text look like the one before at the same depth: the same keys in the same order. So
 * the last object's shape and keys are kept for each depth, a key is compared with the one expected
 * before it is looked up, and an object that fits is made in one piece. Small integers become integers
 * (JSON.parse upstream makes every number a double), and numbers with few digits are exact products of
 * doubles. Everything unusual, errors included, is left to the engine's own parser, which reads the text
 * from the start; what was charged by then stays charged.
 *
 * Same text, same value as JS_ParseJSON. Recursion is bounded by FAST_TEMPLATES.
 */
enum { FAST_TEMPLATES = 16, FAST_KEYS_MAX = 24 }; /* depths, and keys of an object */

typedef struct FastKey {
    const uint8_t *text; /* in the source, without quotes */
    size_t size;
} FastKey;

/* The last object read at a depth; no shape: none, or one that cannot serve. */
typedef struct FastTemplate {
    JSShape *shape; /* held */
    uint32_t count;
    FastKey keys[FAST_KEYS_MAX];
} FastTemplate;

typedef struct FastJson {
    JSContext *ctx;
    const uint8_t *at;
    const uint8_t *end;
    JSValue *stack; /* values of the open arrays and objects */
    size_t count;
    size_t capacity;
    uint32_t depth;
    FastTemplate templates[FAST_TEMPLATES];
} FastJson;

static const FastTemplate fast_no_template;

static bool fast_value(FastJson *s);

static bool fast_push(FastJson *s, JSValue value)
{
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 16;
        JSValue *stack = js_realloc(s->ctx, s->stack, capacity * sizeof(*stack));
        if (!stack) {
            JS_FreeValue(s->ctx, value);
            return false;
        }
        s->stack = stack;
        s->capacity = capacity;
    }
    s->stack[s->count++] = value;
    return true;
}

static void fast_drop(FastJson *s, size_t base)
{
    while (s->count > base) {
        JS_FreeValue(s->ctx, s->stack[--s->count]);
    }
}

static void fast_space(FastJson *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r')) {
        s->at++;
    }
}

/* True, and behind it, when the next character that is no space is this one. */
static bool fast_take(FastJson *s, uint8_t c)
{
    fast_space(s);
    if (s->at < s->end && *s->at == c) {
        s->at++;
        return true;
    }
    return false;
}

/* The content of a string whose opening quote was taken; false for one with escapes or bytes that are
 * not printable ASCII. */
static bool fast_plain(FastJson *s, FastKey *content)
{
    const uint8_t *at = s->at;
    while (at < s->end && *at != '"') {
        if (*at == '\\' || *at < 0x20 || *at >= 0x80) {
            return false;
        }
        at++;
    }
    if (at == s->end) {
        return false;
    }
    *content = (FastKey){s->at, (size_t)(at - s->at)};
    s->at = at + 1;
    return true;
}

static int fast_hex4(const uint8_t *at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = from_hex(at[i]);
        if (digit < 0) {
            return -1;
        }
        value = value << 4 | digit;
    }
    return value;
}

/* One escape behind its backslash; -1 for one that is not allowed. */
static int fast_escape(FastJson *s)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    if (s->end - s->at < 1) {
        return -1;
    }
    uint8_t c = *s->at++;
    if (c == 'u') {
        int unit = s->end - s->at < 4 ? -1 : fast_hex4(s->at);
        s->at += unit < 0 ? 0 : 4;
        return unit;
    }
    const char *name = c ? strchr(names, c) : NULL;
    return name ? values[name - names] : -1;
}

/* Any string, unit by unit. JS_EXCEPTION for what is not one. */
static JSValue fast_any_string(FastJson *s)
{
    StringBuffer b_s, *b = &b_s;
    if (string_buffer_init(s->ctx, b, 32)) {
        return JS_EXCEPTION;
    }
    while (s->at < s->end && *s->at != '"' && *s->at >= 0x20) {
        int unit;
        if (*s->at == '\\') {
            s->at++;
            unit = fast_escape(s);
        } else if (*s->at < 0x80) {
            unit = *s->at++;
        } else {
            size_t left = (size_t)(s->end - s->at);
            unit = (int)utf8_decode_len(s->at, left < 4 ? left : 4, &s->at);
            unit = unit == 0xfffd ? -1 : unit; /* what it gives for bytes that are not UTF-8, too */
        }
        if (unit < 0 || string_buffer_putc(b, (uint32_t)unit)) {
            string_buffer_free(b);
            return JS_EXCEPTION;
        }
    }
    if (s->at == s->end || *s->at != '"') {
        string_buffer_free(b);
        return JS_EXCEPTION;
    }
    s->at++;
    return string_buffer_end(b);
}

static bool fast_string(FastJson *s)
{
    FastKey content;
    JSValue value = fast_plain(s, &content)
                        ? js_new_string8_len(s->ctx, (const char *)content.text, (int)content.size)
                        : fast_any_string(s);
    return !JS_IsException(value) && fast_push(s, value);
}

static bool fast_literal(FastJson *s, const char *text, size_t size, JSValue value)
{
    if ((size_t)(s->end - s->at) < size || memcmp(s->at, text, size) != 0) {
        return false;
    }
    s->at += size;
    return fast_push(s, value);
}

/* Digits into *mantissa; returns how many. More than 15 in all are not read exactly. */
static int fast_digits(FastJson *s, uint64_t *mantissa, int so_far)
{
    int count = 0;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        if (so_far + count < 16) {
            *mantissa = *mantissa * 10 + (uint64_t)(*s->at - '0');
        }
        count++;
        s->at++;
    }
    return count;
}

/* An integer or decimal fraction of at most 15 digits: then mantissa and power of ten are doubles
 * exactly, and one division rounds right (Clinger, "How to Read Floating Point Numbers Accurately"). */
static bool fast_number(FastJson *s)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    uint64_t mantissa = 0;
    int fraction = 0;
    bool is_negative = *s->at == '-';
    s->at += is_negative;
    const uint8_t *first = s->at;
    int whole = fast_digits(s, &mantissa, 0);
    if (whole == 0 || (whole > 1 && *first == '0')) {
        return false;
    }
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        fraction = fast_digits(s, &mantissa, whole);
        if (fraction == 0) {
            return false;
        }
    }
    if (whole + fraction > 15 || (s->at < s->end && (*s->at == 'e' || *s->at == 'E'))) {
        return false;
    }
    NSL_COUNT(NUMBER);
    if (fraction == 0 && mantissa <= INT32_MAX && !(is_negative && mantissa == 0)) {
        return fast_push(s, js_int32(is_negative ? -(int32_t)mantissa : (int32_t)mantissa));
    }
    double value = (double)mantissa / powers[fraction];
    return fast_push(s, js_float64(is_negative ? -value : value));
}

static bool fast_array(FastJson *s)
{
    size_t base = s->count;
    if (!fast_take(s, ']')) {
        do {
            if (!fast_value(s)) {
                return false;
            }
        } while (fast_take(s, ','));
        if (!fast_take(s, ']')) {
            return false;
        }
    }
    JSValue array = JS_NewArrayFrom(s->ctx, (int)(s->count - base), s->stack + base);
    s->count = base; /* the values are the array's, or freed with it */
    return !JS_IsException(array) && fast_push(s, array);
}

/* The next key and its colon. */
static bool fast_key(FastJson *s, const FastTemplate *expected, uint32_t index, FastKey *key)
{
    fast_space(s);
    if (s->at == s->end || *s->at++ != '"') {
        return false;
    }
    if (index < expected->count) {
        const FastKey *guess = &expected->keys[index];
        if ((size_t)(s->end - s->at) > guess->size && s->at[guess->size] == '"' &&
            memcmp(s->at, guess->text, guess->size) == 0) {
            s->at += guess->size + 1;
            *key = *guess;
            return fast_take(s, ':');
        }
    }
    return fast_plain(s, key) && fast_take(s, ':');
}

static bool fast_define(FastJson *s, JSValue object, JSAtom atom, JSValue value)
{
    return JS_DefinePropertyValue(s->ctx, object, atom, value, JS_PROP_C_W_E) >= 0;
}

/* The object so far, whose first values fitted the template: one property at a time from here. */
static JSValue fast_begin_object(FastJson *s, const FastTemplate *fitted, size_t base)
{
    JSValue object = JS_NewObject(s->ctx);
    if (JS_IsException(object)) {
        return object;
    }
    size_t count = s->count - base;
    JSShapeProperty *properties = fitted->shape ? get_shape_prop(fitted->shape) : NULL;
    for (size_t i = 0; i < count; i++) {
        JSValue value = s->stack[base + i];
        s->stack[base + i] = JS_UNDEFINED;
        if (!fast_define(s, object, properties[i].atom, value)) {
            JS_FreeValue(s->ctx, object);
            return JS_EXCEPTION;
        }
    }
    s->count = base;
    return object;
}

static void fast_forget(FastJson *s, FastTemplate *template)
{
    if (template->shape) {
        js_free_shape(s->ctx->rt, template->shape);
        template->shape = NULL;
    }
    template->count = 0;
}

/* Keeps the finished object's shape, if its properties are its keys in order. */
static void fast_learn(FastJson *s, JSValue object, const FastKey *keys, uint32_t count)
{
    FastTemplate *template = &s->templates[s->depth % FAST_TEMPLATES];
    JSShape *shape = JS_VALUE_GET_OBJ(object)->shape;
    fast_forget(s, template);
    if (count > FAST_KEYS_MAX || !shape->is_hashed || shape->deleted_prop_count != 0 ||
        (uint32_t)shape->prop_count != count) {
        return;
    }
    template->shape = js_dup_shape(shape);
    template->count = count;
    memcpy(template->keys, keys, count * sizeof(*keys));
}

/* The rest of an object member by member; its next key was read. */
static bool fast_slow_object(FastJson *s, size_t base, FastKey key, FastKey *keys, uint32_t index)
{
    JSValue object = fast_begin_object(s, &s->templates[s->depth % FAST_TEMPLATES], base);
    if (JS_IsException(object) || !fast_push(s, object)) {
        return false;
    }
    for (;;) {
        JSAtom atom = JS_NewAtomLen(s->ctx, (const char *)key.text, key.size);
        bool is_read = atom != JS_ATOM_NULL && fast_value(s) &&
                       fast_define(s, object, atom, s->stack[--s->count]);
        JS_FreeAtom(s->ctx, atom);
        if (!is_read) {
            return false;
        }
        if (index < FAST_KEYS_MAX) {
            keys[index] = key;
        }
        index++;
        if (!fast_take(s, ',')) {
            break;
        }
        if (!fast_key(s, &fast_no_template, index, &key)) {
            return false;
        }
    }
    if (!fast_take(s, '}')) {
        return false;
    }
    fast_learn(s, object, keys, index);
    return true;
}

/* All values are on the stack, in the order of the template's properties. */
static bool fast_make_object(FastJson *s, const FastTemplate *template, size_t base)
{
    JSValue object =
        JS_NewObjectFromShape(s->ctx, js_dup_shape(template->shape), JS_CLASS_OBJECT, NULL);
    if (JS_IsException(object)) {
        return false;
    }
    JSProperty *properties = JS_VALUE_GET_OBJ(object)->prop;
    for (uint32_t i = 0; i < template->count; i++) {
        properties[i].u.value = s->stack[base + i];
    }
    s->count = base;
    return fast_push(s, object);
}

static bool fast_object(FastJson *s)
{
    size_t base = s->count;
    FastTemplate *template = &s->templates[s->depth % FAST_TEMPLATES];
    FastKey keys[FAST_KEYS_MAX];
    uint32_t index = 0;
    if (fast_take(s, '}')) {
        JSValue empty = JS_NewObject(s->ctx);
        return !JS_IsException(empty) && fast_push(s, empty);
    }
    do {
        FastKey key;
        if (!fast_key(s, template, index, &key)) {
            return false;
        }
        if (index >= template->count || key.text != template->keys[index].text) {
            return fast_slow_object(s, base, key, keys, index);
        }
        if (!fast_value(s)) {
            return false;
        }
        keys[index++] = key;
    } while (fast_take(s, ','));
    if (!fast_take(s, '}')) {
        return false;
    }
    if (index == template->count) {
        return fast_make_object(s, template, base);
    }
    JSValue object = fast_begin_object(s, template, base);
    return !JS_IsException(object) && fast_push(s, object);
}

/* Nested values may replace the template of a depth that is FAST_TEMPLATES away, not of an open one:
 * deeper nesting than that goes to the engine's own parser. */
static bool fast_nested(FastJson *s, bool (*read)(FastJson *s))
{
    if (s->depth + 1 >= FAST_TEMPLATES) {
        return false;
    }
    s->at++;
    s->depth++;
    bool is_read = read(s);
    s->depth--;
    return is_read;
}

static bool fast_value(FastJson *s)
{
    fast_space(s);
    if (s->at == s->end) {
        return false;
    }
    switch (*s->at) {
    case '{':
        return fast_nested(s, fast_object);
    case '[':
        return fast_nested(s, fast_array);
    case '"':
        s->at++;
        return fast_string(s);
    case 't':
        return fast_literal(s, "true", 4, JS_TRUE);
    case 'f':
        return fast_literal(s, "false", 5, JS_FALSE);
    case 'n':
        return fast_literal(s, "null", 4, JS_NULL);
    default:
        return (*s->at == '-' || (*s->at >= '0' && *s->at <= '9')) && fast_number(s);
    }
}

JSValue JS_NslParseJSON(JSContext *ctx, const char *text, size_t size, const char *filename)
{
    FastJson reader, *s = &reader; /* on the stack: it is no memory of the function's */
    JSValue value = JS_EXCEPTION;
    bool is_read = false;
    NSL_CHARGE_SHARE(JSON, size);
    s->ctx = ctx;
    s->at = (const uint8_t *)text;
    s->end = s->at + size;
    s->stack = NULL;
    s->count = 0;
    s->capacity = 0;
    s->depth = 0;
    for (int i = 0; i < FAST_TEMPLATES; i++) {
        s->templates[i].shape = NULL;
        s->templates[i].count = 0;
    }
    if (fast_value(s)) {
        fast_space(s);
        is_read = s->at == s->end;
    }
    if (is_read) {
        value = s->stack[--s->count];
    }
    fast_drop(s, 0);
    for (int i = 0; i < FAST_TEMPLATES; i++) {
        fast_forget(s, &s->templates[i]);
    }
    js_free(ctx, s->stack);
    return is_read ? value : JS_ParseJSON(ctx, text, size, filename);
}
