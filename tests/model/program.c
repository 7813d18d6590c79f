#include "tests/model/program.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const names[OPS] = {"append",
				       "flood",
				       "half",
				       "finish",
				       "overlong",
				       "reopen",
				       "rotate",
				       "rotate+create",
				       "compress",
				       "copytruncate",
				       "copy+line+truncate",
				       "truncate",
				       "delete",
				       "switch",
				       "move directory",
				       "mount",
				       "unmount",
				       "set the clock",
				       "run",
				       "stop",
				       "kill",
				       "start",
				       "overflow"};

static const char *const modes[MODES] = {"numbered", "dated",  "linked",
					 "starred",  "olddir", "FIFO"};

/* How often each op comes, by mode; 0 where it makes no sense. */
static const int weights[MODES][OPS] = {
    [NUMBERED] = {[APPEND] = 30,      [FLOOD] = 2,	   [HALF] = 8,
		  [FINISH] = 8,	      [LATE] = 2,	   [REOPEN] = 8,
		  [ROTATE] = 6,	      [ROTATE_CREATE] = 6, [COMPRESS] = 4,
		  [COPYTRUNCATE] = 6, [COPY_LOSING] = 2,   [TRUNCATE] = 2,
		  [DELETE] = 2,	      [MOVE] = 1,	   [MOUNT] = 1,
		  [UNMOUNT] = 2,      [CLOCK] = 2,	   [RUN] = 14,
		  [STOP] = 7,	      [KILL] = 2,	   [START] = 7},
    [DATED] = {[APPEND] = 30,	   [FLOOD] = 2,		[HALF] = 8,
	       [FINISH] = 8,	   [LATE] = 2,		[REOPEN] = 8,
	       [ROTATE] = 6,	   [ROTATE_CREATE] = 6, [COMPRESS] = 4,
	       [COPYTRUNCATE] = 6, [COPY_LOSING] = 2,	[TRUNCATE] = 2,
	       [DELETE] = 2,	   [MOVE] = 1,		[MOUNT] = 1,
	       [UNMOUNT] = 2,	   [CLOCK] = 2,		[RUN] = 14,
	       [STOP] = 7,	   [KILL] = 2,		[START] = 7},
    [LINKED] = {[APPEND] = 30,
		[FLOOD] = 2,
		[HALF] = 8,
		[FINISH] = 8,
		[LATE] = 2,
		[COPYTRUNCATE] = 4,
		[TRUNCATE] = 2,
		[SWITCH] = 12,
		[RUN] = 14,
		[STOP] = 7,
		[START] = 7},
    [STARRED] = {[APPEND] = 30,
		 [FLOOD] = 2,
		 [HALF] = 8,
		 [FINISH] = 8,
		 [LATE] = 2,
		 [REOPEN] = 8,
		 [ROTATE] = 6,
		 [ROTATE_CREATE] = 6,
		 [COMPRESS] = 4,
		 [TRUNCATE] = 2,
		 [DELETE] = 2,
		 [MOVE] = 1,
		 [MOUNT] = 1,
		 [UNMOUNT] = 2,
		 [RUN] = 14,
		 [STOP] = 7,
		 [KILL] = 2,
		 [START] = 7},
    [AWAY] = {[APPEND] = 30,
	      [FLOOD] = 2,
	      [HALF] = 8,
	      [FINISH] = 8,
	      [LATE] = 2,
	      [REOPEN] = 8,
	      [ROTATE] = 6,
	      [ROTATE_CREATE] = 6,
	      [COMPRESS] = 4,
	      [RUN] = 14,
	      [STOP] = 7,
	      [KILL] = 2,
	      [START] = 7},
    [PIPE] = {[APPEND] = 30,
	      [HALF] = 8,
	      [FINISH] = 8,
	      [REOPEN] = 8,
	      [RUN] = 14,
	      [STOP] = 4,
	      [START] = 8},
};

uint64_t
program_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static enum op
random_op(uint64_t *state, enum mode mode)
{
	int sum = 0, pick;

	for (int op = 0; op < OPS; op++)
		sum += weights[mode][op];
	pick = (int)(program_random(state) % (uint64_t)sum);
	for (int op = 0; op < OPS; op++)
		if ((pick -= weights[mode][op]) < 0)
			/* Rare, as it takes a while. */
			return op == RUN && program_random(state) % 50 == 0
				   ? OVERFLOW
				   : (enum op)op;
	return APPEND;
}

struct program
program_make(uint64_t seed)
{
	struct program p = {.seed = seed};
	uint64_t state = seed;

	p.mode = (enum mode)(program_random(&state) % 11);
	if (p.mode >= MODES)
		p.mode = program_random(&state) % 2 ? NUMBERED : DATED;
	p.holes = program_random(&state) % 4 == 0;
	p.len = 4 + program_random(&state) % (PROGRAM_MAX - 4);
	for (size_t i = 0; i < p.len; i++) {
		p.steps[i].op = random_op(&state, p.mode);
		p.steps[i].arg = (uint32_t)program_random(&state);
	}
	return p;
}

void
program_print(const struct program *p)
{
	printf("# seed %" PRIu64 " (%s%s), shortened:\n", p->seed,
	       modes[p->mode], p->holes ? ", holes" : "");
	for (size_t i = 0; i < p->len; i++)
		printf("#   %s %" PRIu32 "\n", names[p->steps[i].op],
		       p->steps[i].arg);
}
