/*
 * Accepts connections and passes them, unread, to the enclave: the host never sees a byte of HTTP,
 * and of TLS only what the wire shows. Accepted connections wait in one small queue; when the
 * enclave cannot take more, accepting stops and clients wait in the kernel's backlog.
 */
#ifndef NSL_HOST_INGRESS_INGRESS_H
#define NSL_HOST_INGRESS_INGRESS_H

#include "host/ingress/listener.h"
#include "host/launcher/channel.h"

struct nsl_ingress {
    struct nsl_channel_connection queue[NSL_CHANNEL_BATCH];
    size_t first; /* queue[first .. first + count) wait to be passed on */
    size_t count;
};

/*
 * Accepts from listener until the queue is full or nobody waits. OK; IO: the machine has no
 * descriptor or memory left (pause, then try again). What was accepted before stays queued.
 */
NSL_MUST_USE nsl_err nsl_ingress_accept(struct nsl_ingress *ingress,
                                        const struct nsl_listener *listener);

/* Passes the queue to the enclave. OK: it is empty. AGAIN, FULL, CLOSED, IO: the rest is kept. */
NSL_MUST_USE nsl_err nsl_ingress_flush(struct nsl_ingress *ingress, int control_fd);

/* Closes what is queued. */
void nsl_ingress_done(struct nsl_ingress *ingress);

#endif
