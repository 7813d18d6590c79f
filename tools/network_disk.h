/*
 * network_disk: whether a file lies on another machine.
 */
#ifndef TOOLS_NETWORK_DISK_H
#define TOOLS_NETWORK_DISK_H

/* The kind of network file system that holds the path, such as "NFS"; NULL: it
 * is a local one, or there is no such path. */
const char *network_disk(const char *path);

#endif
