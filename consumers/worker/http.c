#include "consumers/worker/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "base/bytes.h"
#include "base/log.h"

#define HTTP_MAGIC       0x68747470u
#define CONNECTIONS_MAX  32 /* a scraper, a probe and some people */
#define CONNECTION_S_MAX 10 /* an idle one is closed */
#define PAGE_SIZE_MAX    (4u << 20)
#define HOST_SIZE        64

struct http {
    uint32_t magic;
    const struct metrics *metrics;
    atomic_int readiness;
    struct MHD_Daemon *daemon;
};

const char *readiness_name(enum readiness readiness)
{
    static const char *const names[] = {"starting",    "standby",    "joining",  "claiming",
                                        "broker_away", "store_away", "stopping", "ready"};

    _Static_assert(sizeof(names) / sizeof(names[0]) == READINESS_N, "a word for each");
    assert(readiness < READINESS_N);
    return names[readiness];
}

struct page {
    unsigned status;
    const char *type;
    struct buffer text;
};

static void metrics_page(struct http *h, struct page *page)
{
    page->type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(h->metrics, &page->text);
}

static void livez_page(struct http *h, struct page *page)
{
    (void)h; /* that it answers is the answer; a hanging engine is the watchdog's matter */
    buffer_text(&page->text, "{\"status\":\"alive\"}\n");
}

static void readyz_page(struct http *h, struct page *page)
{
    const enum readiness readiness = (enum readiness)atomic_load(&h->readiness);

    page->status = readiness == READINESS_READY ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    buffer_printf(&page->text, "{\"status\":\"%s\"}\n", readiness_name(readiness));
}

typedef void page_fn(struct http *h, struct page *page);

static page_fn *find_page(const char *url)
{
    static const struct {
        const char *url;
        page_fn *page;
    } pages[] = {{"/metrics", metrics_page}, {"/livez", livez_page}, {"/readyz", readyz_page}};

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (strcmp(url, pages[i].url) == 0) {
            return pages[i].page;
        }
    }
    return NULL;
}

static void fill_page(struct http *h, const char *url, const char *method, struct page *page)
{
    page_fn *fill = find_page(url);

    if (!fill) {
        page->status = MHD_HTTP_NOT_FOUND;
        buffer_text(&page->text, "{\"error\":\"there are /metrics, /livez and /readyz\"}\n");
    } else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
               strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        page->status = MHD_HTTP_METHOD_NOT_ALLOWED;
        buffer_text(&page->text, "{\"error\":\"only GET\"}\n");
    } else {
        fill(h, page);
    }
}

static enum MHD_Result answer(void *opaque, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_n, void **state)
{
    struct http *h = opaque;
    struct page page = {.status = MHD_HTTP_OK, .type = "application/json"};
    struct MHD_Response *response;
    enum MHD_Result result = MHD_NO;

    (void)version;
    (void)upload;
    (void)state;
    assert(h->magic == HTTP_MAGIC);
    if (*upload_n) { /* nothing is uploaded here: read it away */
        *upload_n = 0;
        return MHD_YES;
    }
    buffer_init(&page.text, PAGE_SIZE_MAX);
    fill_page(h, url, method, &page);
    response = MHD_create_response_from_buffer(page.text.n, page.text.at, MHD_RESPMEM_MUST_COPY);
    if (response) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page.type);
        result = MHD_queue_response(connection, page.status, response);
        MHD_destroy_response(response);
    }
    buffer_fini(&page.text);
    return result;
}

static enum status bad_address(const char *text, struct failure *err)
{
    return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                       "'%s' is no address to listen on: write 127.0.0.1:9464, [::1]:9464 or none",
                       text);
}

static enum status read_address(const char *text, struct sockaddr_storage *ret, struct failure *err)
{
    const char *colon = strrchr(text, ':');
    const bool v6 = text[0] == '[';
    char host[HOST_SIZE] = "";
    char *end = NULL;
    size_t n;
    long port;

    memset(ret, 0, sizeof(*ret));
    if (!colon || (v6 && (colon == text || colon[-1] != ']'))) {
        return bad_address(text, err);
    }
    n = (size_t)(colon - text) - (v6 ? 2 : 0);
    port = strtol(colon + 1, &end, 10);
    if (n >= sizeof(host) || end == colon + 1 || *end || port < 0 || port > UINT16_MAX) {
        return bad_address(text, err);
    }
    memcpy(host, text + (v6 ? 1 : 0), n);
    if (v6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1 ? STATUS_OK : bad_address(text, err);
    }
    {
        struct sockaddr_in *in = (struct sockaddr_in *)ret;

        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        return inet_pton(AF_INET, host, &in->sin_addr) == 1 ? STATUS_OK : bad_address(text, err);
    }
}

enum status http_open(const char *listen, const struct metrics *metrics, struct http **ret,
                      struct failure *err)
{
    struct sockaddr_storage address;
    struct http *h;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;
    const enum status status = read_address(listen, &address, err);

    if (status != STATUS_OK) {
        return status;
    }
    h = calloc(1, sizeof(*h));
    if (!h) {
        return failure_set(err, STATUS_NOMEM, REMEDY_STOP, 0, "out of memory");
    }
    h->magic = HTTP_MAGIC;
    h->metrics = metrics;
    if (address.ss_family == AF_INET6) {
        flags |= MHD_USE_IPv6;
    }
    h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, answer, h, MHD_OPTION_SOCK_ADDR, &address,
                                 MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                                 MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_S_MAX, MHD_OPTION_END);
    if (!h->daemon) {
        const int os = errno;

        free(h);
        return failure_set(err, STATUS_IO, REMEDY_STOP, os,
                           "cannot listen on '%s': %s; take another with --listen, or none", listen,
                           strerror(os));
    }
    *ret = h;
    return STATUS_OK;
}

void http_close(struct http *h)
{
    if (!h) {
        return;
    }
    MHD_stop_daemon(h->daemon);
    free(h);
}

void http_set_readiness(struct http *h, enum readiness readiness)
{
    if (h) {
        atomic_store(&h->readiness, (int)readiness);
    }
}
