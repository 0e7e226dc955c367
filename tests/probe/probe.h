/*
 * probe.h: what the probe and its driver agree on.
 * Runs in: tests.  Input: none.
 */
#ifndef SALLYPORT_PROBE_H
#define SALLYPORT_PROBE_H

#define PROBE_FD	9	/* read: the number of the act */
#define PROBE_REACHED	8	/* write: one byte once it is confined */
#define PROBE_NONE	255	/* no act: confined, and a clean end */
#define PROBE_LOST	254	/* exit status: could not report */

#endif
