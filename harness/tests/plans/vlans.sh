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
ip -n laptop link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name trunk-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n router link add lan mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name trunk-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n router link add wan mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name uplink-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name uplink-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev trunk-a ingress
tc -n wires qdisc add dev trunk-b ingress
tc -n wires qdisc add dev uplink-a ingress
tc -n wires qdisc add dev uplink-b ingress
tc -n wires qdisc replace dev trunk-b root tbf rate 20000000bit burst 25000b limit 125000b
tc -n wires qdisc replace dev trunk-a root tbf rate 20000000bit burst 25000b limit 125000b
ip -n wires link set trunk-a up
ip -n wires link set trunk-b up
ip -n wires link set uplink-a up
ip -n wires link set uplink-b up
ip -n laptop rule add priority 1003 from 10.0.4.1 lookup 1003
ip -n laptop rule add priority 1002 from 10.0.3.1 lookup 1002
ip -n laptop rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n laptop rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n laptop link add link eth0 name eth0.10 type vlan id 10
ip -n laptop link set eth0.10 up
ip -n laptop link add link eth0 name eth0.20 type vlan id 20
ip -n laptop link set eth0.20 up
ip -n laptop address add 10.0.1.1/24 dev eth0
ip -n laptop address add 10.0.3.1/24 dev eth0.10
ip -n laptop address add 10.0.4.1/24 dev eth0.20
ip -n laptop route replace default via 10.0.1.2 dev eth0
ip -n laptop route replace default via 10.0.1.2 dev eth0 table 1001
ip -n laptop route replace default via 10.0.3.2 dev eth0.10 table 1002
ip -n laptop route replace default via 10.0.4.2 dev eth0.20 table 1003
ip -n router link add link lan name lan.10 type vlan id 10
ip -n router link set lan.10 up
ip -n router link add link lan name lan.20 type vlan id 20
ip -n router link set lan.20 up
ip -n router address add 10.0.1.2/24 dev lan
ip -n router address add 10.0.3.2/24 dev lan.10
ip -n router address add 10.0.4.2/24 dev lan.20
ip -n router address add 10.0.2.1/24 dev wan
ip -n server address add 10.0.2.2/24 dev eth0
ip -n server route replace default via 10.0.2.1 dev eth0
tc -n wires filter add dev trunk-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev trunk-b
tc -n wires filter add dev trunk-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev trunk-a
tc -n wires filter add dev uplink-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev uplink-b
tc -n wires filter add dev uplink-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev uplink-a
ip -n laptop mptcp limits set subflows 2
ip -n laptop mptcp endpoint add 10.0.4.1 dev eth0.20 subflow
ip -n server mptcp limits set subflows 2
