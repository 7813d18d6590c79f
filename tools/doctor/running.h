/*
 * running: the maps that the running daemon has, which need not be those of
 * the settings: a reload does not change dbfile.
 */
#ifndef TOOLS_DOCTOR_RUNNING_H
#define TOOLS_DOCTOR_RUNNING_H

struct examination;

/* Finds the daemon that was started with these settings: the examination gets
 * its process and its socket. */
void find_running(struct examination *);

/*
 * If that daemon has other maps than the settings name now, reports that. From
 * then on the examination has the maps of the daemon before those of the
 * settings.
 */
void examine_running(struct examination *);

#endif
