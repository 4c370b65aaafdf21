/* Preloaded into a process: writes down what it does to the files below KALENDS_DISK_ROOT, in order, into
   KALENDS_DISK_LOG, and lets calls fail when it is told to.

   A record: kind (1 octet), inode, a, b (8 octets each), length of path, length of data (4 octets each), path, data; all
   of the machine's own order of octets. Calls that change a file are made and written down under one lock, so that their
   order here is their order there. A flush is two records, for what is written while it runs is not covered by it;
   sync_file_range promises nothing about the disk and is not written down.

   Removing `KALENDS_DISK_ROOT/fault.OPERATION.NTH.ERRNO.COUNT` removes nothing: it makes COUNT calls of OPERATION (write,
   sync, size, open for writing, all of these; or read) fail from the NTH on; a COUNT of 0: all of them until another
   fault is named. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SIZE, SYNC_BEGINS, SYNC_ENDS, CREATE, RENAME, UNLINK };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static char root[PATH_MAX];
static size_t root_length;
static uint64_t syncs;

static struct {
    char operation[16];
    long nth, count;
    int error, forever;
} fault;

static void give_up(const char *why) {
    fprintf(stderr, "the recorder cannot follow: %s\n", why);
    abort();
}

__attribute__((constructor)) static void start(void) {
    const char *folder = getenv("KALENDS_DISK_ROOT"), *log = getenv("KALENDS_DISK_LOG");
    if (!folder || !log) return;
    if (!realpath(folder, root)) give_up("the root");
    root_length = strlen(root);
    log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0) give_up("the log");
}

static void put(const void *octets, size_t length) {
    const char *at = octets;
    while (length > 0) {
        ssize_t done = syscall(SYS_write, log_fd, at, length);
        if (done <= 0) give_up("the log cannot be written");
        at += done;
        length -= done;
    }
}

static void record(uint8_t kind, uint64_t inode, uint64_t a, uint64_t b, const char *path, const void *data,
                   size_t length) {
    char front[33];
    uint32_t lengths[2] = {path ? (uint32_t)strlen(path) : 0, (uint32_t)length};
    front[0] = kind;
    memcpy(front + 1, &inode, 8);
    memcpy(front + 9, &a, 8);
    memcpy(front + 17, &b, 8);
    memcpy(front + 25, lengths, 8);
    put(front, sizeof front);
    put(path, lengths[0]);
    put(data, length);
}

/* The path below the root, or nothing if it lies elsewhere. `.` and `..` do not occur in a store. */
static const char *below(int folder, const char *path, char whole[PATH_MAX]) {
    if (log_fd < 0 || !path) return NULL;
    if (path[0] == '/') {
        snprintf(whole, PATH_MAX, "%s", path);
    } else {
        char base[PATH_MAX], link[64];
        ssize_t length;
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        length = readlink(link, base, sizeof base - 1);
        if (length < 0) return NULL;
        base[length] = 0;
        if (snprintf(whole, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return NULL;
    }
    if (strncmp(whole, root, root_length) != 0 || whole[root_length] != '/') return NULL;
    return whole + root_length + 1;
}

/* The inode of an open file below the root, or 0. */
static uint64_t inode_of(int fd) {
    char link[64], path[PATH_MAX];
    struct stat status;
    ssize_t length;
    if (log_fd < 0 || fd == log_fd) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < (ssize_t)root_length || strncmp(path, root, root_length) != 0) return 0;
    if (length > (ssize_t)root_length && path[root_length] != '/') return 0;
    if (fstat(fd, &status) != 0) return 0;
    if (status.st_ino == 0) give_up("an inode of number 0");
    return status.st_ino;
}

/* Whether the call is to fail; errno is set. Under the lock. */
static int fails(const char *operation) {
    int all = strcmp(fault.operation, "all") == 0 && strcmp(operation, "read") != 0;
    if (!all && strcmp(fault.operation, operation) != 0) return 0;
    if (--fault.nth > 0) return 0;
    errno = fault.error;
    if (!fault.forever && --fault.count == 0) fault.operation[0] = 0;
    return 1;
}

/* Where the process tells what it was promised; that never fails. */
static int is_told(int fd) {
    char link[64], path[PATH_MAX];
    ssize_t length;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strcmp(path + root_length, "/told") == 0;
}

static int is_fault(const char *name) {
    char operation[16];
    long nth, count;
    int error;
    if (strncmp(name, "fault.", 6) != 0) return 0;
    if (sscanf(name, "fault.%15[a-z].%ld.%d.%ld", operation, &nth, &error, &count) != 4) give_up("a fault's name");
    pthread_mutex_lock(&lock);
    strcpy(fault.operation, operation);
    fault.nth = nth;
    fault.error = error;
    fault.count = count;
    fault.forever = count == 0;
    pthread_mutex_unlock(&lock);
    return 1;
}

#define REAL(result, name, ...)                                                                                        \
    static result (*real)(__VA_ARGS__);                                                                                \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

/* Names. */

static int opened(int folder, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    const char *name = below(folder, path, whole);
    struct stat status;
    int fd, was, saved;
    if (name && (flags & O_ACCMODE) != O_RDONLY) {
        int failed;
        pthread_mutex_lock(&lock);
        failed = fails("open");
        pthread_mutex_unlock(&lock);
        if (failed) return -1;
    }
    if (!name || !(flags & (O_CREAT | O_TRUNC | O_DSYNC | O_SYNC))) return syscall(SYS_openat, folder, path, flags, mode);
    if (flags & (O_DSYNC | O_SYNC)) give_up("a file that flushes with each write");
    if ((flags & O_TMPFILE) == O_TMPFILE) give_up("a file without a name");
    pthread_mutex_lock(&lock);
    was = stat(whole, &status) == 0;
    fd = syscall(SYS_openat, folder, path, flags, mode);
    saved = errno;
    if (fd >= 0 && fstat(fd, &status) == 0) {
        if (!was) record(CREATE, status.st_ino, 0, 0, name, NULL, 0);
        else if (flags & O_TRUNC) record(SIZE, status.st_ino, 0, 0, NULL, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = saved;
    return fd;
}

#define MODE(flags, mode)                                                                                              \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                                               \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode = va_arg(more, mode_t);                                                                                   \
        va_end(more);                                                                                                  \
    }

int open(const char *path, int flags, ...) { MODE(flags, mode) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, mode) return opened(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags, mode) return opened(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags, mode) return opened(folder, path, flags, mode); }

static int made(int folder, const char *path, mode_t mode) {
    char whole[PATH_MAX];
    const char *name = below(folder, path, whole);
    struct stat status;
    int result, saved;
    if (!name) return syscall(SYS_mkdirat, folder, path, mode);
    pthread_mutex_lock(&lock);
    result = syscall(SYS_mkdirat, folder, path, mode);
    saved = errno;
    if (result == 0 && stat(whole, &status) == 0) record(CREATE, status.st_ino, 0, 1, name, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return result;
}

int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return made(folder, path, mode); }

static int removed(int folder, const char *path, int flags) {
    char whole[PATH_MAX];
    const char *name = below(folder, path, whole);
    int result, saved;
    if (!name) return syscall(SYS_unlinkat, folder, path, flags);
    if (is_fault(name)) return 0;
    pthread_mutex_lock(&lock);
    result = syscall(SYS_unlinkat, folder, path, flags);
    saved = errno;
    if (result == 0) record(UNLINK, 0, 0, 0, name, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return result;
}

int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return removed(folder, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

static int renamed(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    char whole_from[PATH_MAX], whole_to[PATH_MAX];
    const char *old = below(from_folder, from, whole_from), *new = below(to_folder, to, whole_to);
    int result, saved;
    if (!old && !new) return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (!old || !new || flags) give_up("a name moved into or out of the store");
    pthread_mutex_lock(&lock);
    result = syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    saved = errno;
    if (result == 0) record(RENAME, 0, 0, 0, old, new, strlen(new));
    pthread_mutex_unlock(&lock);
    errno = saved;
    return result;
}

int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return renamed(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return renamed(a, from, b, to, flags); }

/* Content. */

static ssize_t wrote(int fd, const struct iovec *parts, int count, off_t offset) {
    uint64_t inode = inode_of(fd);
    ssize_t done;
    int saved;
    if (!inode) return offset < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, offset, 0);
    pthread_mutex_lock(&lock);
    if (!is_told(fd) && fails("write")) {
        pthread_mutex_unlock(&lock);
        return -1;
    }
    done = offset < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, offset, 0);
    saved = errno;
    if (done > 0) {
        off_t at = offset < 0 ? lseek(fd, 0, SEEK_CUR) - done : offset;
        size_t left = done;
        for (int i = 0; i < count && left > 0; i++) {
            size_t length = parts[i].iov_len < left ? parts[i].iov_len : left;
            if (length) record(WRITE, inode, at, 0, NULL, parts[i].iov_base, length);
            at += length;
            left -= length;
        }
    }
    pthread_mutex_unlock(&lock);
    errno = saved;
    return done;
}

static ssize_t wrote_one(int fd, const void *octets, size_t length, off_t offset) {
    struct iovec part = {(void *)octets, length};
    return wrote(fd, &part, 1, offset);
}

ssize_t write(int fd, const void *octets, size_t length) { return wrote_one(fd, octets, length, -1); }
ssize_t pwrite(int fd, const void *octets, size_t length, off_t offset) { return wrote_one(fd, octets, length, offset); }
ssize_t pwrite64(int fd, const void *octets, size_t length, off64_t offset) { return wrote_one(fd, octets, length, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return wrote(fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return wrote(fd, parts, count, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) { return wrote(fd, parts, count, offset); }

static int sized(int fd, off_t size) {
    uint64_t inode = inode_of(fd);
    int result, saved;
    if (!inode) return syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    if (fails("size")) {
        pthread_mutex_unlock(&lock);
        return -1;
    }
    result = syscall(SYS_ftruncate, fd, size);
    saved = errno;
    if (result == 0) record(SIZE, inode, size, 0, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return result;
}

int ftruncate(int fd, off_t size) { return sized(fd, size); }
int ftruncate64(int fd, off64_t size) { return sized(fd, size); }

/* A real disk takes its time to flush, and others write meanwhile. */
static int flushed(int fd, long call) {
    uint64_t inode = inode_of(fd), number;
    int failed, saved;
    if (!inode) return syscall(call, fd);
    pthread_mutex_lock(&lock);
    number = ++syncs;
    record(SYNC_BEGINS, inode, 0, number, NULL, NULL, 0);
    failed = fails("sync");
    saved = failed ? errno : 0;
    pthread_mutex_unlock(&lock);
    usleep(150);
    pthread_mutex_lock(&lock);
    record(SYNC_ENDS, inode, saved, number, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return failed ? -1 : 0;
}

int fsync(int fd) { return flushed(fd, SYS_fsync); }
int fdatasync(int fd) { return flushed(fd, SYS_fdatasync); }

static ssize_t was_read(int fd, void *octets, size_t length, off_t offset) {
    if (fault.operation[0] && inode_of(fd)) {
        int failed;
        pthread_mutex_lock(&lock);
        failed = fails("read");
        pthread_mutex_unlock(&lock);
        if (failed) return -1;
    }
    return syscall(SYS_pread64, fd, octets, length, offset);
}

ssize_t pread(int fd, void *octets, size_t length, off_t offset) { return was_read(fd, octets, length, offset); }
ssize_t pread64(int fd, void *octets, size_t length, off64_t offset) { return was_read(fd, octets, length, offset); }

/* What no engine does today. Better to stop than to leave something out. */

#define NEVER_BELOW(fd, what)                                                                                          \
    if (inode_of(fd)) give_up(what)

int fallocate(int fd, int mode, off_t offset, off_t length) {
    NEVER_BELOW(fd, "fallocate");
    return syscall(SYS_fallocate, fd, mode, offset, length);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return fallocate(fd, mode, offset, length); }
int posix_fallocate(int fd, off_t offset, off_t length) {
    REAL(int, "posix_fallocate", int, off_t, off_t);
    NEVER_BELOW(fd, "posix_fallocate");
    return real(fd, offset, length);
}
int posix_fallocate64(int fd, off64_t offset, off64_t length) { return posix_fallocate(fd, offset, length); }
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags) {
    NEVER_BELOW(out, "copy_file_range");
    return syscall(SYS_copy_file_range, in, from, out, to, length, flags);
}
ssize_t sendfile64(int out, int in, off64_t *from, size_t length) {
    NEVER_BELOW(out, "sendfile");
    return syscall(SYS_sendfile, out, in, from, length);
}
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) {
    if (fd >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE)) NEVER_BELOW(fd, "a writable map");
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    return mmap64(address, length, protection, flags, fd, offset);
}
