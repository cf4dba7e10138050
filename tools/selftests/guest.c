/* What the first program of a guest needs and no shell has: `guest seed` gives the kernel random numbers that are always the same, and `guest off`
 * ends the guest. */
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>

int main(int count, char **words)
{
	struct {
		int bits, size;
		char bytes[64];
	} seed = { 8 * sizeof(seed.bytes), sizeof(seed.bytes), "mplab" }; /* struct rand_pool_info */

	if (count == 2 && strcmp(words[1], "off") == 0)
		return reboot(RB_POWER_OFF);
	return ioctl(open("/dev/urandom", O_RDWR), RNDADDENTROPY, &seed) != 0;
}
