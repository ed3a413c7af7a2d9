/* A parent and a child that share pages. The child writes the first PAGES pages with what they hold, which copies each of
 * them for nothing, and the next PAGES / 2 pages with something else. Prints both process numbers and waits for the end of
 * standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#define PAGE 4096

int main(int count, char **arguments)
{
	long pages = count == 2 ? atol(arguments[1]) : 0, all = pages + pages / 2;
	if (pages <= 0)
		return 2;
	char *memory = mmap(NULL, all * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	madvise(memory, all * PAGE, MADV_NOHUGEPAGE);
	for (long page = 0; page < all; page++)
		memset(memory + page * PAGE, 1 + page % 250, PAGE);
	int ready[2];
	if (pipe(ready))
		return 1;
	pid_t child = fork();
	if (child < 0)
		return 1;
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (long page = 0; page < pages; page++)
			memset(memory + page * PAGE, 1 + page % 250, PAGE);
		for (long page = pages; page < all; page++)
			*(long *)(memory + page * PAGE) = ~page;
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	char byte;
	if (read(ready[0], &byte, 1) != 1)
		return 1;
	printf("%d %d\n", getpid(), child);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}
