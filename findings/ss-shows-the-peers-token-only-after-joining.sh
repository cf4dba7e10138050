#!/usr/bin/env bash
# `ss -ti` shows the peer's token of a subflow only at the end that started its join. The other end shows 0, and both ends do for the first subflow.
#
# "token:PEER(id)/OWN(id)" are the attributes TOKEN_REM and TOKEN_LOC of inet_diag (subflow_get_info(), net/mptcp/diag.c). A token is a hash of a key,
# and both ends know both keys once the connection is there (RFC 8684, 3.1). So one expects to see both tokens at both ends, and to find by them which
# connection of a server is which of a client, which addresses do not tell behind a NAT. But the peer's token in there is that of the subflow, and
# the kernel keeps it only to write it into a SYN with MP_JOIN: __mptcp_subflow_connect() (subflow.c) computes it, and nothing else does.
# subflow_ulp_clone() (subflow.c) gives an accepted subflow its own token alone. `ss -Mi` shows the own token alone, too (mptcpi_token). As it is
# mostly clients that join, a server's ss never has a client's token. A client's ss has the server's after its first join, not before.
#
# The guest's client connects, and joins from a second address. It announces a third one with a port, to which the server joins. The words CLIENT and
# SERVER stand for the token that `ss -Mi` has at that end.
#
# Shown with Linux 6.12.117 and iproute2 6.15.0 of Debian 13 in QEMU; seen with 7.3.4, too. 6.1.192 and 7.2.13 have the same lines. Needs apt-get,
# dpkg-deb, gcc and qemu-system-x86_64. Exits with 0 if this is still so.
set -euo pipefail
packages=(linux-image-6.12.117+deb13-cloud-amd64=6.12.117-1 busybox-static=1:1.37.0-6+b9 iproute2=6.15.0-1 libc6=2.41-12+deb13u5
    libbpf1=1:1.5.0-3 libelf1t64=0.192-4 libmnl0=1.0.5-3 libcap2=1:2.75-10+deb13u1+b3 libxtables12=1.8.11-2 libselinux1=3.8.1-1
    libpcre2-8-0=10.46-1~deb13u3 zlib1g=1:1.3.dfsg+really1.3.1-1+deb13u1 libzstd1=1.5.7+dfsg-1 libtirpc3t64=1.3.6+ds-1
    libgssapi-krb5-2=1.21.3-5+deb13u1 libkrb5-3=1.21.3-5+deb13u1 libk5crypto3=1.21.3-5+deb13u1 libkrb5support0=1.21.3-5+deb13u1
    libcom-err2=1.47.2-3+b12 libkeyutils1=1.6.3-6)

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

# Both ends of one connection. A byte in each direction confirms it; then there is time for the joins.
gcc -static -Os -Wall -o guest/bin/ends -x c - <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
enum { MPTCP = 262 };
int main(void) {
    int here = open("/proc/self/ns/net", O_RDONLY), there = open("/run/netns/server", O_RDONLY);
    struct sockaddr_in at = {AF_INET, htons(5001), {inet_addr("10.0.1.2")}};
    char byte = 0;
    setns(there, CLONE_NEWNET);
    int listener = socket(AF_INET, SOCK_STREAM, MPTCP);
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, 9)) return perror("listen"), 1;
    setns(here, CLONE_NEWNET);
    int client = socket(AF_INET, SOCK_STREAM, MPTCP);
    if (connect(client, (void *)&at, sizeof at)) return perror("connect"), 1;
    int server = accept(listener, NULL, NULL);
    if (write(client, &byte, 1) != 1 || read(server, &byte, 1) != 1 || write(server, &byte, 1) != 1 || read(client, &byte, 1) != 1) perror("exchange");
    usleep(900000);
    return system("/show");
}
C
cat >guest/show <<'SH'
#!/bin/busybox sh
server="/ip netns exec server"
own() { $1 /ss -HnOMi state established | sed -n 's/.* token:\([0-9a-f]*\).*/\1/p'; }
subflows() {
    $2 /ss -HnOti state established | awk -v end=$1 '{ split($3, here, /[%:]/); split($4, there, ":"); match($0, /token:[^ ]*/)
        print end, here[1], "to", there[1], substr($0, RSTART, RLENGTH) }' | sort
}
{ subflows client; subflows server "$server"; } | sed "s/$(own)/CLIENT/; s/$(own "$server")/SERVER/"
SH
cat >guest/init <<'SH'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
insmod /veth.ko; insmod /inet_diag.ko; insmod /tcp_diag.ko; insmod /mptcp_diag.ko
/ip netns add server; server="/ip netns exec server"
for n in 1 2 3; do
    /ip link add c$n type veth peer s$n netns server
    /ip addr add 10.0.$n.1/24 dev c$n; /ip link set c$n up
    $server /ip addr add 10.0.$n.2/24 dev s$n; $server /ip link set s$n up
done
/ip mptcp limits set subflows 4; $server /ip mptcp limits set subflows 4 add_addr_accepted 4
/ip mptcp endpoint add 10.0.2.1 dev c2 subflow
/ip mptcp endpoint add 10.0.3.1 dev c3 signal port 5003
ends
reboot -f
SH
chmod +x guest/init guest/show
cp place/usr/bin/busybox guest/bin && cp place/usr/bin/{ip,ss} guest
cp -L place/usr/lib64/* guest/lib64
cp -L place/usr/lib/x86_64-linux-gnu/lib{bpf,elf,mnl,cap,xtables,selinux,pcre2-8,z,zstd,c,m,resolv}.so.[0-9]* guest/lib
cp -L place/usr/lib/x86_64-linux-gnu/lib{tirpc,gssapi_krb5,krb5,k5crypto,krb5support,com_err,keyutils}.so.[0-9]* guest/lib
for module in drivers/net/veth net/ipv4/inet_diag net/ipv4/tcp_diag net/mptcp/mptcp_diag; do
    guest/bin/busybox xzcat place/usr/lib/modules/*/kernel/$module.ko.xz >"guest/${module##*/}.ko"
done
(cd guest && find . | bin/busybox cpio -o -H newc 2>/dev/null) >initrd

# The guest's time is counted in instructions, so it does not depend on the computer. Without cx16: TCG has the flags of cmpxchg16b wrong for Linux 6.12.
seen=$(timeout 600 qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none -no-reboot -accel tcg -icount shift=1,sleep=off \
    -cpu qemu64,+arat,-cx16 -m 512 -serial stdio -kernel place/boot/vmlinuz-* -initrd initrd \
    -append "console=ttyS0 loglevel=3 panic=-1 reboot=t" </dev/null | tr -d '\r' | grep token)
echo "$seen"
expected='client 10.0.1.1 to 10.0.1.2 token:0000(id:0)/CLIENT(id:0)
client 10.0.2.1 to 10.0.1.2 token:SERVER(id:0)/CLIENT(id:1)
client 10.0.3.1 to 10.0.3.2 token:0000(id:1)/CLIENT(id:2)
server 10.0.1.2 to 10.0.1.1 token:0000(id:0)/SERVER(id:0)
server 10.0.1.2 to 10.0.2.1 token:0000(id:1)/SERVER(id:0)
server 10.0.3.2 to 10.0.3.1 token:CLIENT(id:2)/SERVER(id:1)'
[ "$seen" = "$expected" ] || { echo "it has changed: other ends show their peer's token"; exit 1; }
