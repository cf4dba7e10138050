ip netns add laptop
ip netns add server
ip netns add wires
ip netns exec laptop sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec laptop sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec laptop sysctl -q -w net.ipv4.ip_forward=0
ip netns exec laptop sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec laptop sysctl -q -w net.mptcp.enabled=1
ip netns exec laptop sysctl -q -w net.mptcp.path_manager=userspace
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.mptcp.path_manager=userspace
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n laptop link set lo up
ip -n server link set lo up
ip -n laptop link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name ethernet-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n laptop link add wlan0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name wlan-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name ethernet-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add wlan0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name wlan-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev ethernet-a ingress
tc -n wires qdisc add dev ethernet-b ingress
tc -n wires qdisc add dev wlan-a ingress
tc -n wires qdisc add dev wlan-b ingress
tc -n wires qdisc replace dev ethernet-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev ethernet-b parent 1:1 handle 2: netem limit 100000 delay 5ms seed 7213289959603859374
tc -n wires qdisc replace dev ethernet-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev ethernet-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev ethernet-a parent 1:1 handle 2: netem limit 100000 delay 5ms seed 12905300887704537071
tc -n wires qdisc replace dev ethernet-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev wlan-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev wlan-b parent 1:1 handle 2: netem limit 100000 delay 20ms seed 17284272154835727785
tc -n wires qdisc replace dev wlan-b parent 2:1 handle 3: netem limit 41 rate 10000000bit
tc -n wires qdisc replace dev wlan-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev wlan-a parent 1:1 handle 2: netem limit 100000 delay 20ms seed 11592261226735050088
tc -n wires qdisc replace dev wlan-a parent 2:1 handle 3: netem limit 41 rate 10000000bit
ip -n wires link set ethernet-a up
ip -n wires link set ethernet-b up
ip -n wires link set wlan-a up
ip -n wires link set wlan-b up
ip -n laptop rule add priority 1002 from 10.0.2.1 lookup 1002
ip -n laptop rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n laptop rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n server rule add priority 1002 from 10.0.2.2 lookup 1002
ip -n server rule add priority 1001 from 10.0.1.2 lookup 1001
ip -n server rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n laptop address add 10.0.1.1/24 dev eth0
ip -n laptop address add 10.0.2.1/24 dev wlan0
ip -n laptop route replace default via 10.0.1.2 dev eth0 table 1001
ip -n laptop route replace default via 10.0.2.2 dev wlan0 table 1002
ip -n server address add 10.0.1.2/24 dev eth0
ip -n server address add 10.0.2.2/24 dev wlan0
ip -n server route replace default via 10.0.1.1 dev eth0 table 1001
ip -n server route replace default via 10.0.2.1 dev wlan0 table 1002
tc -n wires filter add dev ethernet-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev ethernet-b
tc -n wires filter add dev ethernet-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev ethernet-a
tc -n wires filter add dev wlan-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev wlan-b
tc -n wires filter add dev wlan-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev wlan-a
