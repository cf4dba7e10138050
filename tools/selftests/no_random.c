/* Preloaded to a kernel that is a program, so that it gets no random numbers from this computer. */
#include <errno.h>
#include <sys/types.h>

ssize_t getrandom(void *to, size_t size, unsigned flags)
{
	(void)to, (void)size, (void)flags;
	errno = ENOSYS;
	return -1;
}
