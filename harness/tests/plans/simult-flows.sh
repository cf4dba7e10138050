ip netns add ns1
ip netns add ns3
ip netns add wires
ip netns exec ns1 sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec ns1 sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec ns1 sysctl -q -w net.ipv4.ip_forward=0
ip netns exec ns1 sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec ns1 sysctl -q -w net.mptcp.enabled=1
ip netns exec ns3 sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec ns3 sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec ns3 sysctl -q -w net.ipv4.ip_forward=0
ip netns exec ns3 sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec ns3 sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n ns1 link set lo up
ip -n ns3 link set lo up
ip -n ns1 link add eth1 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name first-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n ns1 link add eth2 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name second-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n ns3 link add eth1 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name first-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n ns3 link add eth2 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name second-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev first-a ingress
tc -n wires qdisc add dev first-b ingress
tc -n wires qdisc add dev second-a ingress
tc -n wires qdisc add dev second-b ingress
tc -n wires qdisc replace dev first-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev first-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 190638658649949569
tc -n wires qdisc replace dev first-b parent 2:1 handle 3: netem limit 20 rate 10000000bit
tc -n wires qdisc replace dev first-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev first-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 12945371804258823488
tc -n wires qdisc replace dev first-a parent 2:1 handle 3: netem limit 20 rate 10000000bit
tc -n wires qdisc replace dev second-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev second-b parent 1:1 handle 2: netem limit 100000 delay 25ms seed 11754256040450394109
tc -n wires qdisc replace dev second-b parent 2:1 handle 3: netem limit 50 rate 10000000bit
tc -n wires qdisc replace dev second-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev second-a parent 1:1 handle 2: netem limit 100000 delay 25ms seed 6062245112349716412
tc -n wires qdisc replace dev second-a parent 2:1 handle 3: netem limit 50 rate 10000000bit
ip -n wires link set first-a up
ip -n wires link set first-b up
ip -n wires link set second-a up
ip -n wires link set second-b up
ip -n ns1 rule add priority 1002 from 10.0.2.1 lookup 1002
ip -n ns1 rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n ns1 rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n ns3 rule add priority 1002 from 10.0.2.2 lookup 1002
ip -n ns3 rule add priority 1001 from 10.0.1.2 lookup 1001
ip -n ns3 rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n ns1 address add 10.0.1.1/24 dev eth1
ip -n ns1 address add 10.0.2.1/24 dev eth2
ip -n ns1 route replace default via 10.0.1.2 dev eth1 table 1001
ip -n ns1 route replace default via 10.0.2.2 dev eth2 table 1002
ip -n ns3 address add 10.0.1.2/24 dev eth1
ip -n ns3 address add 10.0.2.2/24 dev eth2
ip -n ns3 route replace default via 10.0.1.1 dev eth1 table 1001
ip -n ns3 route replace default via 10.0.2.1 dev eth2 table 1002
tc -n wires filter add dev first-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev first-b
tc -n wires filter add dev first-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev first-a
tc -n wires filter add dev second-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev second-b
tc -n wires filter add dev second-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev second-a
ip -n ns1 mptcp limits set subflows 1 add_addr_accepted 1
ip -n ns1 mptcp endpoint add 10.0.2.1 dev eth2 subflow
ip -n ns3 mptcp limits set subflows 1 add_addr_accepted 1
