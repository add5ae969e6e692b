/* store_dir.h - a folder for the files of a SQLite store, for tests: emptied and removed with
 * whatever SQLite, the lock and the projector have left in it. */
#ifndef TESTS_STORE_DIR_H
#define TESTS_STORE_DIR_H

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static inline void store_dir_empty(const char *dir)
{
    DIR *const folder = opendir(dir);
    char path[512];

    if (!folder) {
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (entry->d_type != DT_DIR) {
            (void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
            (void)unlink(path);
        }
    }
    (void)closedir(folder);
}

/* An empty name is no folder. */
static inline void store_dir_remove(const char *dir)
{
    if (dir[0] != '\0') {
        store_dir_empty(dir);
        (void)rmdir(dir);
    }
}

#endif
