/* Fails to open /proc/PID/DENIED_FILE with the error DENIED_ERROR: a kernel or a security module that forbids it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int denied(const char *path)
{
    const char *file = getenv("DENIED_FILE"), *name = strrchr(path, '/');

    return file && name && !strncmp(path, "/proc/", 6) && !strcmp(name + 1, file);
}

int open64(const char *path, int flags, ...)
{
    int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
    int mode = 0;

    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list list;

        va_start(list, flags);
        mode = va_arg(list, int);
        va_end(list);
    }
    if (denied(path)) {
        errno = atoi(getenv("DENIED_ERROR"));
        return -1;
    }
    return next(path, flags, mode);
}

int open(const char *path, int flags, ...) __attribute__((alias("open64")));
