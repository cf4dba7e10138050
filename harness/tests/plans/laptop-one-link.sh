ip netns add laptop
ip netns add server
ip netns add wires
ip netns exec laptop sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec laptop sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec laptop sysctl -q -w net.ipv4.ip_forward=0
ip netns exec laptop sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec laptop sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n laptop link set lo up
ip -n server link set lo up
ip -n laptop link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name ethernet-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name ethernet-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev ethernet-a ingress
tc -n wires qdisc add dev ethernet-b ingress
tc -n wires qdisc replace dev ethernet-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev ethernet-a root tbf rate 20000000bit burst 25000b limit 125000b
ip -n wires link set ethernet-a up
ip -n wires link set ethernet-b up
ip -n laptop address add 10.0.1.1/24 dev eth0
ip -n server address add 10.0.1.2/24 dev eth0
tc -n wires filter add dev ethernet-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev ethernet-b
tc -n wires filter add dev ethernet-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev ethernet-a
