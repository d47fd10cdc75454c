/* Adds 2 ms to every flush of the disk, for LD_PRELOAD: what a disk without a battery-backed cache costs.
 * Compiled and used by scripts/bench; SLOW_FLUSH_MICROS changes the delay. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void wait_for_the_disk(void)
{
    static long micros = -1;
    if (micros < 0) {
        const char *text = getenv("SLOW_FLUSH_MICROS");
        micros = text ? atol(text) : 2000;
    }
    struct timespec delay = {micros / 1000000, (micros % 1000000) * 1000};
    nanosleep(&delay, NULL);
}

int fsync(int fd)
{
    static int (*next)(int);
    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_the_disk();
    return next(fd);
}

int fdatasync(int fd)
{
    static int (*next)(int);
    if (!next)
        next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_the_disk();
    return next(fd);
}

/* PostgreSQL uses it to start write-back early, which is no flush; only the forms that wait are slowed down. */
int sync_file_range(int fd, off64_t offset, off64_t count, unsigned int flags)
{
    static int (*next)(int, off64_t, off64_t, unsigned int);
    if (!next)
        next = (int (*)(int, off64_t, off64_t, unsigned int))dlsym(RTLD_NEXT, "sync_file_range");
    if (flags & (SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WAIT_AFTER))
        wait_for_the_disk();
    return next(fd, offset, count, flags);
}
