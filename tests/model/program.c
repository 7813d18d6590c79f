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
				       "rotate early",
				       "olddir for a while",
				       "compress",
				       "copytruncate",
				       "copy+line+truncate",
				       "copytruncate meeting",
				       "copytruncate often",
				       "truncate",
				       "delete",
				       "drop",
				       "touch",
				       "switch",
				       "come back",
				       "move directory",
				       "replace",
				       "mount",
				       "unmount",
				       "mount a copy",
				       "copy back and unmount",
				       "set the clock",
				       "run",
				       "stop",
				       "kill",
				       "kill and forget",
				       "start",
				       "miss",
				       "quiet minute",
				       "crash",
				       "remake",
				       "overflow"};

static const char *const modes[MODES] = {"numbered", "dated",  "linked",
					 "starred",  "olddir", "FIFO"};

/* How often each op comes, by mode; 0 where it makes no sense. */
#define OFTEN                                                             \
	[APPEND] = 30, [FLOOD] = 2, [HALF] = 8, [FINISH] = 8, [LATE] = 2, \
	[REOPEN] = 8, [RUN] = 14, [STOP] = 7, [START] = 7
#define ROTATED                                                                \
	[ROTATE] = 6, [ROTATE_CREATE] = 5, [ROTATE_EARLY] = 3, [COMPRESS] = 5, \
	[KILL] = 2, [MISS] = 7, [QUIET] = 2
#define ELSEWHERE                                                 \
	[MOVE] = 2, [MOUNT] = 1, [UNMOUNT] = 2, [COPY_MOUNT] = 2, \
	[COPY_BACK] = 2
#define EMPTIED [TRUNCATE] = 2, [DELETE] = 2, [REPLACE] = 1
#define COPIED                                                     \
	[COPYTRUNCATE] = 6, [COPY_LOSING] = 2, [COPY_MEETING] = 2, \
	[COPY_OFTEN] = 3

static const int weights[MODES][OPS] = {
    [NUMBERED] = {OFTEN, ROTATED, ELSEWHERE, EMPTIED,
		  COPIED, [OLDDIR] = 1, [CLOCK] = 2, [FORGET] = 2},
    [DATED] = {OFTEN, ROTATED, ELSEWHERE, EMPTIED,
	       COPIED, [CLOCK] = 2, [DROP] = 1, [FORGET] = 2},
    [LINKED] = {OFTEN, [COPYTRUNCATE] = 4, [TRUNCATE] = 2, [SWITCH] = 12,
		[COME_BACK] = 2, [QUIET] = 4},
    [STARRED] = {OFTEN, ROTATED, ELSEWHERE, EMPTIED, [CLOCK] = 2, [TOUCH] = 4},
    [AWAY] = {OFTEN, ROTATED},
    [PIPE] = {[APPEND] = 30,
	      [HALF] = 8,
	      [FINISH] = 8,
	      [REOPEN] = 8,
	      [CRASH] = 6,
	      [REMAKE] = 4,
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

/* Some ops come more often in a program than in others, and some not at all:
 * what only several of one kind lead to is found sooner. */
static void
random_weights(uint64_t *state, enum mode mode, int mine[OPS])
{
	static const int factors[] = {0, 1, 2, 2, 6};

	for (int op = 0; op < OPS; op++) {
		int factor = factors[program_random(state) % 5];

		mine[op] = weights[mode][op] * factor;
	}
	mine[APPEND] = program_random(state) % 4 ? 2 * 30 : 2 * 3;
	mine[RUN] = 2 * 14;
	mine[START] = weights[mode][START] * 2;
}

static enum op
random_op(uint64_t *state, const int mine[OPS])
{
	int sum = 0, pick;

	for (int op = 0; op < OPS; op++)
		sum += mine[op];
	pick = (int)(program_random(state) % (uint64_t)sum);
	for (int op = 0; op < OPS; op++)
		if ((pick -= mine[op]) < 0)
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
	int mine[OPS];

	p.mode = (enum mode)(program_random(&state) % 11);
	if (p.mode >= MODES)
		p.mode = program_random(&state) % 2 ? NUMBERED : DATED;
	p.holes = program_random(&state) % 4 == 0;
	p.len = 4 + program_random(&state) % (PROGRAM_MAX - 4);
	random_weights(&state, p.mode, mine);
	for (size_t i = 0; i < p.len; i++) {
		p.steps[i].op = random_op(&state, mine);
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
