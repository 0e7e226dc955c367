/*
 * from_judge.h: the supervisor's end of the judge's channel.
 * Runs in: supervisor.
 * Input: see from_judge.c.
 */
#ifndef SALLYPORT_FROM_JUDGE_H
#define SALLYPORT_FROM_JUDGE_H

struct channel;

/* A channel without a descriptor yet, whose handlers find owner. */
void	judge_channel_init(struct channel *, void *owner);

#endif
