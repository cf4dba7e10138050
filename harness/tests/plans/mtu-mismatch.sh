ip netns add laptop
ip netns add router
ip netns add server
ip netns add wires
ip netns exec laptop sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec laptop sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec laptop sysctl -q -w net.ipv4.ip_forward=0
ip netns exec laptop sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec laptop sysctl -q -w net.mptcp.enabled=1
ip netns exec router sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec router sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec router sysctl -q -w net.ipv4.ip_forward=1
ip netns exec router sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec router sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n laptop link set lo up
ip -n router link set lo up
ip -n server link set lo up
ip -n laptop link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name ethernet-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n laptop link add wlan0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name wlan-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n router link add lan0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name ethernet-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n router link add lan1 mtu 1400 numtxqueues 1 numrxqueues 1 up type veth peer name wlan-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n router link add wan mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name uplink-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name uplink-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev ethernet-a ingress
tc -n wires qdisc add dev ethernet-b ingress
tc -n wires qdisc add dev uplink-a ingress
tc -n wires qdisc add dev uplink-b ingress
tc -n wires qdisc add dev wlan-a ingress
tc -n wires qdisc add dev wlan-b ingress
tc -n wires qdisc replace dev ethernet-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev ethernet-a root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev wlan-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 4194304b
tc -n wires qdisc replace dev wlan-b parent 1:1 handle 2: tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev wlan-a root tbf rate 20000000bit burst 25000b limit 125000b
ip -n wires link set ethernet-a up
ip -n wires link set ethernet-b up
ip -n wires link set uplink-a up
ip -n wires link set uplink-b up
ip -n wires link set wlan-a up
ip -n wires link set wlan-b up
ip -n laptop rule add priority 1002 from 10.0.3.1 lookup 1002
ip -n laptop rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n laptop rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n laptop address add 10.0.1.1/24 dev eth0
ip -n laptop address add 10.0.3.1/24 dev wlan0
ip -n laptop route replace default via 10.0.1.2 dev eth0
ip -n laptop route replace default via 10.0.1.2 dev eth0 table 1001
ip -n laptop route replace default via 10.0.3.2 dev wlan0 table 1002
ip -n router address add 10.0.1.2/24 dev lan0
ip -n router address add 10.0.3.2/24 dev lan1
ip -n router address add 10.0.2.1/24 dev wan
ip -n server address add 10.0.2.2/24 dev eth0
ip -n server route replace default via 10.0.2.1 dev eth0
tc -n wires filter add dev ethernet-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev ethernet-b
tc -n wires filter add dev ethernet-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev ethernet-a
tc -n wires filter add dev uplink-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev uplink-b
tc -n wires filter add dev uplink-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev uplink-a
tc -n wires filter add dev wlan-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev wlan-b
tc -n wires filter add dev wlan-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev wlan-a
ip -n laptop mptcp limits set subflows 2
ip -n laptop mptcp endpoint add 10.0.3.1 dev wlan0 subflow
ip -n server mptcp limits set subflows 2
