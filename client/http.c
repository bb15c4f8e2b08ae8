#include "client/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum { URL_MAX = 1024, CONNECT_MS = 5000, DEFAULT_MS = 90000 };

struct nsl_http {
    CURL *curl;
    struct curl_slist *headers;
    char base[URL_MAX];
    char error[CURL_ERROR_SIZE];
};

static bool is_base_url(const char *url)
{
    const char *host = strstr(url, "://");
    bool is_known = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    if (!is_known || host[3] == '\0' || host[3] == '/' || strlen(url) >= URL_MAX / 2) {
        return false;
    }
    const char *slash = strchr(host + 3, '/');
    return (slash == NULL || slash[1] == '\0') && strpbrk(host + 3, "?#@ \\") == NULL;
}

/* The name of an option is not a value, so these cannot be a table of one type. */
static bool set_options(struct nsl_http *http, const struct nsl_client_options *options)
{
    CURL *curl = http->curl;
    long timeout_ms = options->timeout_ms == 0 ? DEFAULT_MS : (long)options->timeout_ms;
    long is_checked = options->trust == NSL_CLIENT_VERIFY ? 1L : 0L;
    bool is_set =
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->error) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, is_checked) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, is_checked * 2) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, http->headers) == CURLE_OK;
    if (is_set && options->ca_file != NULL) {
        is_set = curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file) == CURLE_OK;
    }
    return is_set;
}

static bool add_header(struct nsl_http *http, const char *line)
{
    struct curl_slist *more = curl_slist_append(http->headers, line);
    if (more == NULL) {
        return false;
    }
    http->headers = more;
    return true;
}

nsl_err nsl_http_new(const struct nsl_client_options *options, struct nsl_http **ret_http)
{
    if (options->url == NULL || !is_base_url(options->url)) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    struct nsl_http *http = calloc(1, sizeof(*http));
    if (http == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    size_t size = strlen(options->url);
    size -= options->url[size - 1] == '/' ? 1 : 0;
    snprintf(http->base, sizeof(http->base), "%.*s", (int)size, options->url);
    http->curl = curl_easy_init();
    if (http->curl == NULL || !add_header(http, "Content-Type: application/json") ||
        !add_header(http, "Accept: application/json") || !add_header(http, "Expect:") ||
        !set_options(http, options)) {
        nsl_http_free(http);
        return NSL_ERR_NO_MEMORY;
    }
    *ret_http = http;
    return NSL_OK;
}

void nsl_http_free(struct nsl_http *http)
{
    if (http != NULL) {
        curl_easy_cleanup(http->curl);
        curl_slist_free_all(http->headers);
        free(http);
    }
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct nsl_buffer *body = context;
    return nsl_buffer_append(body, nsl_bytes_of(data, size * count)) == NSL_OK ? size * count : 0;
}

static enum nsl_client_status status_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return NSL_CLIENT_OK;
    case CURLE_OUT_OF_MEMORY:
        return NSL_CLIENT_NO_MEMORY;
    case CURLE_OPERATION_TIMEDOUT:
        return NSL_CLIENT_TIMEOUT;
    case CURLE_WRITE_ERROR:
        return NSL_CLIENT_TOO_LARGE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return NSL_CLIENT_NOT_TRUSTED;
    case CURLE_URL_MALFORMAT:
        return NSL_CLIENT_BAD_ARGUMENT;
    default:
        return NSL_CLIENT_UNREACHABLE;
    }
}

enum nsl_client_status nsl_http_post(struct nsl_http *http, const char *path, nsl_bytes json,
                                     struct nsl_buffer *body, struct nsl_http_answer *ret_answer)
{
    char url[URL_MAX];
    long status = 0;
    curl_off_t total_us = 0;
    snprintf(url, sizeof(url), "%s%s", http->base, path);
    http->error[0] = '\0';
    CURLcode code = curl_easy_setopt(http->curl, CURLOPT_URL, url);
    if (code == CURLE_OK) {
        code = curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, (const char *)json.data);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)json.size);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, take_body);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, body);
    }
    if (code == CURLE_OK) {
        code = curl_easy_perform(http->curl);
    }
    if (code != CURLE_OK) {
        if (http->error[0] == '\0') {
            snprintf(http->error, sizeof(http->error), "%s", curl_easy_strerror(code));
        }
        return status_of(code);
    }
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(http->curl, CURLINFO_TOTAL_TIME_T, &total_us);
    *ret_answer =
        (struct nsl_http_answer){.status = (unsigned)status, .round_trip_us = (uint64_t)total_us};
    return NSL_CLIENT_OK;
}

const char *nsl_http_error(const struct nsl_http *http)
{
    return http->error;
}
