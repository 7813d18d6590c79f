/*
 * running: the maps that the running daemon has, which need not be those of
 * the settings: a reload does not change dbfile.
 */
#ifndef TOOLS_DOCTOR_RUNNING_H
#define TOOLS_DOCTOR_RUNNING_H

struct examination;

/*
 * If the daemon that was started with these settings has other maps than they
 * name now, reports that. From then on the examination has the maps of the
 * daemon before those of the settings, and its socket.
 */
void examine_running(struct examination *);

#endif
