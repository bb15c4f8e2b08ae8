#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/terminal.h"

enum { CHUNK_BYTES = 64 * 1024 };

static nsl_err read_all(int fd, struct nsl_buffer *buffer)
{
    for (;;) {
        size_t room = buffer->max - buffer->size;
        if (room == 0) {
            /* Exactly full is fine; one byte more is not. */
            uint8_t extra;
            ssize_t more = read(fd, &extra, 1);
            return more == 0 ? NSL_OK : more < 0 ? NSL_ERR_IO : NSL_ERR_TOO_LARGE;
        }
        room = room < CHUNK_BYTES ? room : CHUNK_BYTES;
        NSL_TRY(nsl_buffer_reserve(buffer, room));
        ssize_t size = read(fd, buffer->data + buffer->size, room);
        if (size == 0) {
            return NSL_OK;
        }
        if (size < 0 && errno != EINTR) {
            return NSL_ERR_IO;
        }
        buffer->size += size > 0 ? (size_t)size : 0;
    }
}

nsl_err nsl_file_read(const char *path, struct nsl_buffer *buffer)
{
    if (strcmp(path, "-") == 0) {
        return read_all(STDIN_FILENO, buffer);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return NSL_ERR_NOT_FOUND;
    }
    nsl_err err = read_all(fd, buffer);
    int number = errno;
    close(fd);
    errno = number;
    return err;
}

nsl_err nsl_file_read_or_complain(const char *path, struct nsl_buffer *buffer)
{
    nsl_err err = nsl_file_read(path, buffer);
    if (err == NSL_ERR_TOO_LARGE) {
        nsl_complain("%s: larger than %zu bytes", path, buffer->max);
    } else if (err == NSL_ERR_NOT_FOUND || err == NSL_ERR_IO) {
        nsl_complain("%s: %s", path, strerror(errno));
    } else if (err != NSL_OK) {
        nsl_complain("%s: %s", path, nsl_err_text(err));
    }
    return err;
}
