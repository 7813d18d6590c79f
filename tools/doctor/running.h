/*
 * running: the daemon that runs, what it answers, and its maps, which need not
 * be those of the settings: a reload does not change dbfile.
 */
#ifndef TOOLS_DOCTOR_RUNNING_H
#define TOOLS_DOCTOR_RUNNING_H

struct examination;

/* Finds the daemon that was started with these settings: the examination gets
 * its process and its socket, and why it does not answer, if it does not. */
void find_running(struct examination *);

/* What that daemon answers, to be freed; NULL: nothing. One that once has not
 * answered in time is not asked again, since each question takes that long. */
char *running_ask(struct examination *, const char *request);

/*
 * If that daemon has other maps than the settings name now, reports that. From
 * then on the examination has the maps of the daemon before those of the
 * settings.
 */
void examine_running(struct examination *);

#endif
