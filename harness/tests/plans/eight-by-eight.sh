ip netns add client
ip netns add server
ip netns add wires
ip netns exec client sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.ip_forward=0
ip netns exec client sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec client sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec server sysctl -q -w net.mptcp.add_addr_timeout=1
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n client link set lo up
ip -n server link set lo up
ip -n client link add eth1 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth1-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add eth2 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth2-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add eth3 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth3-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add eth4 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth4-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add eth5 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth5-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add eth6 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth6-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add eth7 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth7-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add eth8 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth8-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth1 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth1-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth2 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth2-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth3 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth3-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth4 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth4-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth5 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth5-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth6 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth6-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth7 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth7-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth8 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name eth8-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev eth1-a ingress
tc -n wires qdisc add dev eth1-b ingress
tc -n wires qdisc add dev eth2-a ingress
tc -n wires qdisc add dev eth2-b ingress
tc -n wires qdisc add dev eth3-a ingress
tc -n wires qdisc add dev eth3-b ingress
tc -n wires qdisc add dev eth4-a ingress
tc -n wires qdisc add dev eth4-b ingress
tc -n wires qdisc add dev eth5-a ingress
tc -n wires qdisc add dev eth5-b ingress
tc -n wires qdisc add dev eth6-a ingress
tc -n wires qdisc add dev eth6-b ingress
tc -n wires qdisc add dev eth7-a ingress
tc -n wires qdisc add dev eth7-b ingress
tc -n wires qdisc add dev eth8-a ingress
tc -n wires qdisc add dev eth8-b ingress
tc -n wires qdisc replace dev eth1-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth1-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 11885393375594756983
tc -n wires qdisc replace dev eth1-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth1-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth1-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 6193382447494079286
tc -n wires qdisc replace dev eth1-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth2-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth2-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 17566477564802986474
tc -n wires qdisc replace dev eth2-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth2-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth2-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 4811744419194112555
tc -n wires qdisc replace dev eth2-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth3-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth3-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 4800817680301664349
tc -n wires qdisc replace dev eth3-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth3-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth3-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 17555550825910538268
tc -n wires qdisc replace dev eth3-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth4-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth4-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 1926716503263161144
tc -n wires qdisc replace dev eth4-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth4-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth4-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 7618727431363838841
tc -n wires qdisc replace dev eth4-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth5-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth5-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 7607800692471390635
tc -n wires qdisc replace dev eth5-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth5-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth5-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 1915789764370712938
tc -n wires qdisc replace dev eth5-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth6-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth6-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 13288884881679620126
tc -n wires qdisc replace dev eth6-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth6-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth6-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 534151736070746207
tc -n wires qdisc replace dev eth6-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth7-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth7-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 523224997178298001
tc -n wires qdisc replace dev eth7-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth7-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth7-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 13277958142787171920
tc -n wires qdisc replace dev eth7-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth8-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth8-b parent 1:1 handle 2: netem limit 100000 delay 1ms seed 16095867893849346412
tc -n wires qdisc replace dev eth8-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev eth8-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev eth8-a parent 1:1 handle 2: netem limit 100000 delay 1ms seed 3341134748240472493
tc -n wires qdisc replace dev eth8-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
ip -n wires link set eth1-a up
ip -n wires link set eth1-b up
ip -n wires link set eth2-a up
ip -n wires link set eth2-b up
ip -n wires link set eth3-a up
ip -n wires link set eth3-b up
ip -n wires link set eth4-a up
ip -n wires link set eth4-b up
ip -n wires link set eth5-a up
ip -n wires link set eth5-b up
ip -n wires link set eth6-a up
ip -n wires link set eth6-b up
ip -n wires link set eth7-a up
ip -n wires link set eth7-b up
ip -n wires link set eth8-a up
ip -n wires link set eth8-b up
ip -n client rule add priority 1008 from 10.0.8.2 lookup 1008
ip -n client rule add priority 1007 from 10.0.7.2 lookup 1007
ip -n client rule add priority 1006 from 10.0.6.2 lookup 1006
ip -n client rule add priority 1005 from 10.0.5.2 lookup 1005
ip -n client rule add priority 1004 from 10.0.4.2 lookup 1004
ip -n client rule add priority 1003 from 10.0.3.2 lookup 1003
ip -n client rule add priority 1002 from 10.0.2.2 lookup 1002
ip -n client rule add priority 1001 from 10.0.1.2 lookup 1001
ip -n client rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n server rule add priority 1008 from 10.0.8.1 lookup 1008
ip -n server rule add priority 1007 from 10.0.7.1 lookup 1007
ip -n server rule add priority 1006 from 10.0.6.1 lookup 1006
ip -n server rule add priority 1005 from 10.0.5.1 lookup 1005
ip -n server rule add priority 1004 from 10.0.4.1 lookup 1004
ip -n server rule add priority 1003 from 10.0.3.1 lookup 1003
ip -n server rule add priority 1002 from 10.0.2.1 lookup 1002
ip -n server rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n server rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n client address add 10.0.1.2/24 dev eth1
ip -n client address add 10.0.2.2/24 dev eth2
ip -n client address add 10.0.3.2/24 dev eth3
ip -n client address add 10.0.4.2/24 dev eth4
ip -n client address add 10.0.5.2/24 dev eth5
ip -n client address add 10.0.6.2/24 dev eth6
ip -n client address add 10.0.7.2/24 dev eth7
ip -n client address add 10.0.8.2/24 dev eth8
ip -n client route replace default via 10.0.1.1 dev eth1 table 1001
ip -n client route replace default via 10.0.2.1 dev eth2 table 1002
ip -n client route replace default via 10.0.3.1 dev eth3 table 1003
ip -n client route replace default via 10.0.4.1 dev eth4 table 1004
ip -n client route replace default via 10.0.5.1 dev eth5 table 1005
ip -n client route replace default via 10.0.6.1 dev eth6 table 1006
ip -n client route replace default via 10.0.7.1 dev eth7 table 1007
ip -n client route replace default via 10.0.8.1 dev eth8 table 1008
ip -n server address add 10.0.1.1/24 dev eth1
ip -n server address add 10.0.2.1/24 dev eth2
ip -n server address add 10.0.3.1/24 dev eth3
ip -n server address add 10.0.4.1/24 dev eth4
ip -n server address add 10.0.5.1/24 dev eth5
ip -n server address add 10.0.6.1/24 dev eth6
ip -n server address add 10.0.7.1/24 dev eth7
ip -n server address add 10.0.8.1/24 dev eth8
ip -n server route replace default via 10.0.1.2 dev eth1 table 1001
ip -n server route replace default via 10.0.2.2 dev eth2 table 1002
ip -n server route replace default via 10.0.3.2 dev eth3 table 1003
ip -n server route replace default via 10.0.4.2 dev eth4 table 1004
ip -n server route replace default via 10.0.5.2 dev eth5 table 1005
ip -n server route replace default via 10.0.6.2 dev eth6 table 1006
ip -n server route replace default via 10.0.7.2 dev eth7 table 1007
ip -n server route replace default via 10.0.8.2 dev eth8 table 1008
tc -n wires filter add dev eth1-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth1-b
tc -n wires filter add dev eth1-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth1-a
tc -n wires filter add dev eth2-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth2-b
tc -n wires filter add dev eth2-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth2-a
tc -n wires filter add dev eth3-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth3-b
tc -n wires filter add dev eth3-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth3-a
tc -n wires filter add dev eth4-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth4-b
tc -n wires filter add dev eth4-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth4-a
tc -n wires filter add dev eth5-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth5-b
tc -n wires filter add dev eth5-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth5-a
tc -n wires filter add dev eth6-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth6-b
tc -n wires filter add dev eth6-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth6-a
tc -n wires filter add dev eth7-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth7-b
tc -n wires filter add dev eth7-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth7-a
tc -n wires filter add dev eth8-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth8-b
tc -n wires filter add dev eth8-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth8-a
ip -n client mptcp limits set subflows 64 add_addr_accepted 64
ip -n client mptcp endpoint add 10.0.1.2 dev eth1 subflow fullmesh
ip -n client mptcp endpoint add 10.0.2.2 dev eth2 subflow fullmesh
ip -n client mptcp endpoint add 10.0.3.2 dev eth3 subflow fullmesh
ip -n client mptcp endpoint add 10.0.4.2 dev eth4 subflow fullmesh
ip -n client mptcp endpoint add 10.0.5.2 dev eth5 subflow fullmesh
ip -n client mptcp endpoint add 10.0.6.2 dev eth6 subflow fullmesh
ip -n client mptcp endpoint add 10.0.7.2 dev eth7 subflow fullmesh
ip -n client mptcp endpoint add 10.0.8.2 dev eth8 subflow fullmesh
ip -n server mptcp limits set subflows 64 add_addr_accepted 64
ip -n server mptcp endpoint add 10.0.1.1 dev eth1 signal
ip -n server mptcp endpoint add 10.0.2.1 dev eth2 signal
ip -n server mptcp endpoint add 10.0.3.1 dev eth3 signal
ip -n server mptcp endpoint add 10.0.4.1 dev eth4 signal
ip -n server mptcp endpoint add 10.0.5.1 dev eth5 signal
ip -n server mptcp endpoint add 10.0.6.1 dev eth6 signal
ip -n server mptcp endpoint add 10.0.7.1 dev eth7 signal
ip -n server mptcp endpoint add 10.0.8.1 dev eth8 signal
