/* What the machine itself asks for: the floors that runners are measured against, and the measuring.
 *
 *     floor measure FILE R COMMAND [ARG ...]   runs COMMAND R times in turn; its processor time (all that it
 *                                              waited for included), its largest resident set and how long
 *                                              one had to wait for it go to FILE
 *     floor spawn N J COMMAND [ARG ...]        runs COMMAND N times, J at a time, and does nothing else
 *     floor newest DIR STAMP                   whether STAMP is newer than every file below DIR
 *
 * In C, and small, because it is taken off everybody: a larger program would make every ratio look better. */
#define _GNU_SOURCE
#include <fts.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int started(char **argv) {
    pid_t pid;
    return posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) == 0;
}

static long long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000LL + at.tv_nsec / 1000;
}

static int measure(const char *file, long times, char **argv) {
    long long micros = 0, begin = now();
    long peak = 0;
    int status = 0;
    for (long i = 0; i < times && status == 0; i++) {
        struct rusage use;
        if (!started(argv) || wait4(-1, &status, 0, &use) < 0) return 127;
        micros += (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000LL + use.ru_utime.tv_usec + use.ru_stime.tv_usec;
        if (use.ru_maxrss > peak) peak = use.ru_maxrss;
    }
    long long waited = now() - begin;
    FILE *out = fopen(file, "w");
    if (!out) return 2;
    fprintf(out, "%lld %ld %lld\n", micros, peak, waited);
    fclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int spawn_all(long count, long jobs, char **argv) {
    long live = 0;
    for (long i = 0; i < count || live > 0;) {
        if (i < count && live < jobs) {
            if (!started(argv)) return 127;
            live++, i++;
        } else {
            int status;
            if (wait(&status) < 0 || status != 0) return 1;
            live--;
        }
    }
    return 0;
}

static int newest(char *dir, const char *stamp) {
    struct stat made;
    if (stat(stamp, &made) < 0) return 2;
    char *roots[] = {dir, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    int late = 0;
    for (FTSENT *it; walk && (it = fts_read(walk));)
        if (it->fts_info == FTS_F) {
            struct timespec *at = &it->fts_statp->st_mtim;
            late |= at->tv_sec > made.st_mtim.tv_sec
                || (at->tv_sec == made.st_mtim.tv_sec && at->tv_nsec > made.st_mtim.tv_nsec);
        }
    return late;
}

int main(int argc, char **argv) {
    if (argc >= 5 && strcmp(argv[1], "measure") == 0) return measure(argv[2], atol(argv[3]), argv + 4);
    if (argc >= 5 && strcmp(argv[1], "spawn") == 0) return spawn_all(atol(argv[2]), atol(argv[3]), argv + 4);
    if (argc == 4 && strcmp(argv[1], "newest") == 0) return newest(argv[2], argv[3]);
    return 2;
}
