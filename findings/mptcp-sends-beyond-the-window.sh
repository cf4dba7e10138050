#!/usr/bin/env bash
# Linux's MPTCP sends beyond every receive window that the peer has announced, and the peer drops data that its TCP has acknowledged.
#
# MPTCP has one window for the whole connection. It ends at the DATA_ACK plus the window of the same segment, and a sender must respect the largest
# end that it has received (RFC 8684, 3.3.4 and 3.3.5). Linux does not if one connection carries data in both directions at once over several
# subflows. The receiver's MPTCP drops such segments (MPTcpExtNoDSSInWindow). Its TCP has already acknowledged them, so TCP does not send them
# again: only MPTCP's own timeout does (MPTcpExtMPTCPRetrans).
#
# Cause, read in net/mptcp: ack_update_msk() in options.c adds to a segment's DATA_ACK the window that the subflow has on record. That may be an older
# one, which tcp_may_update_window() keeps if a segment neither acknowledges nor carries anything new, or one that mptcp_check_allowed_size() in
# protocol.c has widened.
#
# The guest has a client, a server in a namespace of its own, three links of 20 Mbit/s, and receive buffers of at most 300 kB. The client inspects all
# packets, its own as they leave the link, and compares each with every window that has arrived before. First only the client sends, then both ends
# do, for four seconds each. The guest's clock counts instructions (-icount), so the computer's speed does not matter. In ten runs, no segment was
# beyond the window while only the client sent. While both sent, in sixteen runs, 67 to 275 of about 20,000 segments were, by up to 181 kB. The
# receiver dropped 15 to 107 of them, and TCP sent 0 to 6 again.
#
# Shown with Linux 6.12.117 of Debian 13 in QEMU 7.2.22; also seen with 6.1.176, 6.18, 7.2.13 and 7.3.4. Needs apt-get, dpkg-deb, gcc and
# qemu-system-x86_64. Exits with 0 if the bug is still there.
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
# The guest's program: an end of the connection (NAME SECONDS [ADDRESS]), or without arguments one that looks at all packets.
gcc -static -Os -Wall -o guest/bin/end -x c - <<'C'
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static unsigned char p[65536], scale[2][64];
static struct { const char *name; unsigned known, edge, segments, beyond; int most; } from[2] = {{"server"}, {"client"}};
static unsigned be(const unsigned char *at, int size) { unsigned n = 0; while (size--) n = n << 8 | *at++; return n; }
static int transfer(char *name, int seconds, char *to) {
    int s = socket(AF_INET, SOCK_STREAM, 262), size = sizeof(struct sockaddr_in), got, taken = 0; /* IPPROTO_MPTCP */
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(5000), .sin_addr.s_addr = to ? inet_addr(to) : 0};
    if (to ? connect(s, (void *)&a, size) : bind(s, (void *)&a, size) || listen(s, 1) || (s = accept(s, 0, 0)) < 0) return perror(name), 1;
    time_t end = time(0) + seconds;
    if (!fork()) { while (time(0) < end && write(s, p, sizeof p) > 0); return shutdown(s, SHUT_WR); }
    for (; (got = read(s, p, sizeof p)) > 0; taken += got);
    return printf("%s received %d bytes\n", name, taken), wait(0) < 0;
}
int main(int n, char **word) {
    if (n > 1) return transfer(word[1], atoi(word[2]), word[3]);
    int s = socket(AF_PACKET, SOCK_DGRAM, htons(3)), room = 1 << 27; /* ETH_P_ALL */
    setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 5}, sizeof(struct timeval));
    struct sockaddr_ll link;
    for (int got; (got = recvfrom(s, p, 256, 0, (void *)&link, &(socklen_t){sizeof link})) > 0;) {
        if (got < 40 || link.sll_protocol != htons(0x800) || p[9] != IPPROTO_TCP) continue;
        int who = link.sll_pkttype == PACKET_OUTGOING, path = link.sll_ifindex % 64;
        const unsigned char *tcp = p + (p[0] & 15) * 4, *o = tcp + 20, *end = tcp + (tcp[12] >> 4) * 4;
        for (; o < end && *o; o += *o == 1 ? 1 : o[1]) {
            if (*o == 3) scale[who][path] = o[2];
            if (*o != 30 || o[2] >> 4 != 2) continue; /* a DSS: flags, DATA_ACK, DSN, the subflow's sequence number, length */
            int ack = o[3] & 1 ? o[3] & 2 ? 8 : 4 : 0, dsn = o[3] & 4 ? o[3] & 8 ? 8 : 4 : 0;
            unsigned edge = ack ? be(o + ack, 4) + (be(tcp + 14, 2) << scale[who][path]) : 0;
            if (ack && (!from[who].known++ || (int)(edge - from[who].edge) > 0)) from[who].edge = edge;
            if (!dsn || be(p + 2, 2) == end - p || !from[!who].known) continue;
            int more = be(o + ack + dsn, 4) + be(o + ack + dsn + 8, 2) - (o[3] >> 4 & 1) - from[!who].edge;
            from[who].segments++, from[who].beyond += more > 0;
            if (more > from[who].most) from[who].most = more;
        }
    }
    struct tpacket_stats stats;
    if (getsockopt(s, SOL_PACKET, PACKET_STATISTICS, &stats, &(socklen_t){sizeof stats}) || stats.tp_drops) return puts("some were not seen"), 1;
    for (int i = 0; i < 2; i++) printf("%s sent %u segments, %u beyond, by up to %d bytes\n", from[i].name, from[i].segments, from[i].beyond, from[i].most);
}
C
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
insmod /veth.ko; insmod /sch_tbf.ko
echo 4096 131072 300000 >/proc/sys/net/ipv4/tcp_rmem
/ip netns add server; server="/ip netns exec server"
plug() { $1 /ip addr add 10.0.$3/24 dev $2; $1 /ip link set $2 up; $1 /tc qdisc add dev $2 root tbf rate 20mbit burst 16k limit 250k; }
for i in 1 2 3; do /ip link add c$i type veth peer s$i netns server; plug "" c$i $i.1; plug "$server" s$i $i.2; done
/ip mptcp limits set subflows 2 add_addr_accepted 2
for i in 1 3; do $server /ip mptcp endpoint add 10.0.$i.2 dev s$i signal; done
end & $server end server $seconds & sleep 1; end client 4 10.0.2.2; wait
count() { $2 /nstat -asz MPTcpExtNoDSSInWindow MPTcpExtMPTCPRetrans TcpRetransSegs | awk -v n=$1 'NF == 3 { print n, $1, $2 }'; }
count client; count server "$server"
reboot -f
SH
chmod +x guest/init
cp place/usr/bin/busybox guest/bin && cp place/usr/bin/{ip,nstat} place/usr/sbin/tc guest
cp -L place/usr/lib64/* guest/lib64 && cp -L place/usr/lib/x86_64-linux-gnu/lib{bpf,elf,mnl,cap,xtables,selinux,pcre2-8,z,zstd,c,m}.so.[0-9]* guest/lib
for module in net/sched/sch_tbf drivers/net/veth; do guest/bin/busybox xzcat place/usr/lib/modules/*/kernel/$module.ko.xz >"guest/${module##*/}.ko"; done
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# The client sends for four seconds, the server for as many as it is told. Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
boot() {
    timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -icount shift=1,sleep=off \
        -cpu qemu64,+arat,-cx16 -m 512 -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd \
        -append "console=ttyS0 loglevel=3 panic=-1 reboot=t seconds=$1" </dev/null | tr -d '\r' | grep -E '^(client|server|some) ' || true
}
is() { [[ $1 =~ $2 ]] || { echo "it has changed: $3" && exit 1; }; }
one_way=$(boot 0) both_ways=$(boot 4)
printf 'The client sends:\n%s\n\nBoth send:\n%s\n' "$one_way" "$both_ways"
is "$one_way" 'client sent [1-9][0-9]+ segments, 0 beyond' "the client sends nothing, or goes beyond the window where it sends alone"
is "$both_ways" 'sent [0-9]+ segments, [1-9][0-9]* beyond' "nothing is sent beyond the window"
is "$both_ways" 'MPTcpExtNoDSSInWindow [1-9]' "nothing is dropped"
