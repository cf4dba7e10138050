#!/usr/bin/env bash
# MPTCP's scheduler leaves small exchanges on a slow path, though a path with an eighth of the delay is there.
#
# Texts about MPTCP say that the default scheduler prefers the subflow with the lowest round-trip time. Linux has none of that: mptcp_subflow_get_send(),
# net/mptcp/protocol.c, selects the subflow whose queue is empty first: the bytes that wait in it, divided by its pacing rate. If nothing waits anywhere,
# that is 0 for all, and the first subflow in the list wins: the one that was there first. So a client that sends a request, waits for the answer, and
# then sends the next one stays on the path of the first subflow for ever. A bulk transfer is no such case: there the queues differ.
#
# The guest has two links, of 40 ms and of 5 ms in each direction (netem). The client connects over one of them, joins over the other, and after that
# makes 30 exchanges of 200 bytes for 10000. Over the slow one first they take its round trip, and the fast link carries next to nothing; over the
# fast one first they take that one's.
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU; seen with 6.1.176, 7.2.13 and 7.3.4, too. Needs apt-get, dpkg-deb, gcc and qemu-system-x86_64. Exits
# with 0 if this is still so.
set -euo pipefail
packages=(linux-image-6.12.117+deb13-cloud-amd64=6.12.117-1 busybox-static=1:1.37.0-6+b9 iproute2=6.15.0-1 libc6=2.41-12+deb13u5
    libbpf1=1:1.5.0-3 libelf1t64=0.192-4 libmnl0=1.0.5-3 libcap2=1:2.75-10+deb13u1+b3 libxtables12=1.8.11-2 libselinux1=3.8.1-1
    libpcre2-8-0=10.46-1~deb13u3 zlib1g=1:1.3.dfsg+really1.3.1-1+deb13u1 libzstd1=1.5.7+dfsg-1)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir -p apt/lists/partial apt/cache/archives/partial guest/{bin,dev,lib,lib64,proc,run,sys}
echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${MIRROR:-http://deb.debian.org/debian} trixie main" >apt/sources.list
apt_get() {
    apt-get -qq -o Dir::Cache="$scratch/apt/cache" -o Dir::State::Lists="$scratch/apt/lists" -o Dir::Etc::SourceList="$scratch/apt/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null -o APT::Architecture=amd64 -o APT::Sandbox::User="$(id -un)" "$@"
}
apt_get update
apt_get download "${packages[@]}"
for package in *.deb; do dpkg-deb -x "$package" place; done

# Both ends of a connection that is made over the link with this number. Prints how long the exchanges took, and which link brought the answers.
gcc -static -Os -Wall -o guest/bin/ends -x c - <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/mptcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
enum { EXCHANGES = 30, REQUEST = 200, ANSWER = 10000 };
static char data[ANSWER];
static int whole(int socket, int size) { return recv(socket, data, size, MSG_WAITALL) == size; }
static long came_in(char link) {
    char path[64];
    long bytes = 0;
    snprintf(path, sizeof path, "/sys/class/net/c%c/statistics/rx_bytes", link);
    FILE *file = fopen(path, "r");
    if (file) (void)!fscanf(file, "%ld", &bytes), fclose(file);
    return bytes;
}
static int by_time(const void *one, const void *other) { return *(const double *)one - *(const double *)other; }
int main(int, char **argument) {
    int here = open("/proc/self/ns/net", O_RDONLY), there = open("/run/netns/server", O_RDONLY);
    setns(there, CLONE_NEWNET);
    int listener = socket(AF_INET, SOCK_STREAM, 262); /* IPPROTO_MPTCP */
    int first = atoi(argument[1]);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(5000 + first)};
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, 1)) return perror("listen"), 1;
    setns(here, CLONE_NEWNET);
    if (!fork()) {
        for (int socket = accept(listener, 0, 0); whole(socket, REQUEST);) (void)!write(socket, data, ANSWER);
        return 0;
    }
    int client = socket(AF_INET, SOCK_STREAM, 262);
    at.sin_addr.s_addr = inet_addr(first == 1 ? "10.0.1.2" : "10.0.2.2");
    if (connect(client, (void *)&at, sizeof at)) return perror("connect"), 1;
    struct mptcp_info info = {0}; /* the other subflow exists, and has been confirmed by data */
    do {
        (void)!write(client, data, REQUEST), whole(client, ANSWER), usleep(10000);
        if (getsockopt(client, 284, MPTCP_INFO, &info, &(socklen_t){sizeof info})) return perror("MPTCP_INFO"), 1;
    } while (info.mptcpi_subflows < 1);
    usleep(500000);
    double took[EXCHANGES];
    long slow = came_in('1'), fast = came_in('2');
    for (int i = 0; i < EXCHANGES; i++) {
        struct timespec then, now;
        clock_gettime(CLOCK_MONOTONIC, &then);
        (void)!write(client, data, REQUEST), whole(client, ANSWER);
        clock_gettime(CLOCK_MONOTONIC, &now);
        took[i] = (now.tv_sec - then.tv_sec) * 1e3 + (now.tv_nsec - then.tv_nsec) / 1e6;
    }
    slow = came_in('1') - slow, fast = came_in('2') - fast;
    qsort(took, EXCHANGES, sizeof *took, by_time);
    printf("ends: %s first: %d subflows, an exchange took %.0f ms, the slow link carried %ld %%\n",
           first == 1 ? "the slow one" : "the fast one", info.mptcpi_subflows + 1, took[EXCHANGES / 2], 100 * slow / (slow + fast));
}
C
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
insmod /veth.ko; insmod /sch_netem.ko
/ip netns add server; server="/ip netns exec server"
plug() { $1 /ip addr add 10.0.$3/24 dev $2; $1 /ip link set $2 up; $1 /tc qdisc add dev $2 root netem delay $4; }
link() { /ip link add c$1 type veth peer s$1 netns server; plug "" c$1 $1.1 $2; plug "$server" s$1 $1.2 $2; }
link 1 40ms; link 2 5ms
# Over either link the client reaches both addresses of the server.
/ip route add 10.0.1.0/24 dev c2 metric 9; /ip route add 10.0.2.0/24 dev c1 metric 9
for first in 1 2; do
    /ip mptcp endpoint flush; /ip mptcp endpoint add 10.0.$((3 - first)).1 dev c$((3 - first)) subflow
    ends $first
done
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin && cp place/usr/bin/ip place/usr/sbin/tc guest
cp -L place/usr/lib64/* guest/lib64 && cp -L place/usr/lib/x86_64-linux-gnu/lib{bpf,elf,mnl,cap,xtables,selinux,pcre2-8,z,zstd,c,m}.so.[0-9]* guest/lib
for module in net/sched/sch_netem drivers/net/veth; do guest/bin/busybox xzcat place/usr/lib/modules/*/kernel/$module.ko.xz >"guest/${module##*/}.ko"; done
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# The guest's time is counted in instructions, so it does not depend on the computer. Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -icount shift=1,sleep=off \
    -cpu qemu64,+arat,-cx16 -m 512 -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd \
    -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep '^ends:')
echo "$seen"
is() { [[ $seen =~ $1 ]] || { echo "it has changed: $2" && exit 1; }; }
is 'the slow one first: 2 subflows, an exchange took ([0-9]+) ms, the slow link carried ([0-9]+) %' "there is no second subflow"
took=${BASH_REMATCH[1]} carried=${BASH_REMATCH[2]}
[ "$took" -ge 80 ] && [ "$carried" -ge 90 ] || { echo "it has changed: the exchanges leave the slow path"; exit 1; }
is 'the fast one first: 2 subflows, an exchange took ([0-9]+) ms' "there is no second subflow"
[ "${BASH_REMATCH[1]}" -le 40 ] || { echo "it has changed: the fast path is slow when it is the first"; exit 1; }
