#!/bin/sh
# tc of iproute2 6.1.0 accepts the correlation of netem's duplicates, but does not send it.
#
# `tc qdisc add dev lo root netem duplicate 1% 25%` prints no error: tc-netem(8) documents PERCENT [CORRELATION] for delay, loss, duplicate,
# reorder and corrupt alike. But the request to the kernel has no TCA_NETEM_CORR attribute, so the duplicates are independent. If the same line
# has a correlation for something else, the attribute is there and has both: `corrupt 1% 25%` alone sends it, and `duplicate 1% 25%
# corrupt 1% 25%` sends it with 25 % for the duplicates. `loss 1% 25%` also sends it.
#
# strace reads the requests, so the kernel need not have sch_netem. They go to `lo` of a network namespace of its own.
#
# Needs Debian 12's archive for apt-get, unshare (util-linux), and root or unprivileged user namespaces. Exits with 0 if this is still so, with 1 if
# it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q iproute2=6.1.0-3 strace=6.1-0.1 libbpf1=1:1.1.2-0+deb12u1 2>log || {
    cat log
    exit 1
}
for package in *.deb; do
    dpkg-deb -x "$package" root
done
LD_LIBRARY_PATH=$(dirname "$(find "$folder/root" -name 'libbpf.so.1')")
export LD_LIBRARY_PATH
root/sbin/tc -V

# The attribute is 16 bytes long and of type 1 (include/uapi/linux/pkt_sched.h): it begins with 10 00 01 00.
look() {
    # shellcheck disable=SC2086
    unshare --user --map-root-user --net root/usr/bin/strace -e trace=sendmsg -xx -s 4096 root/sbin/tc qdisc add dev lo root netem $1 >sent 2>&1 || true
    if grep RTM_NEWQDISC sent | grep -qF '\x10\x00\x01\x00'; then
        echo "$1: sent with its correlation"
    else
        echo "$1: sent without a correlation"
    fi
}
for line in 'loss 1% 25%' 'corrupt 1% 25%' 'duplicate 1% 25%' 'duplicate 1% 25% corrupt 1% 25%'; do
    look "$line"
done | tee seen
cat > expected <<'TEXT'
loss 1% 25%: sent with its correlation
corrupt 1% 25%: sent with its correlation
duplicate 1% 25%: sent without a correlation
duplicate 1% 25% corrupt 1% 25%: sent with its correlation
TEXT
cmp expected seen || {
    echo "it has changed"
    exit 1
}
