ip netns add client
ip netns add server
ip netns add wires
ip netns exec client sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec client sysctl -q -w net.ipv4.ip_forward=0
ip netns exec client sysctl -q -w net.ipv4.tcp_congestion_control=reno
ip netns exec client sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec client sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n client link set lo up
ip -n server link set lo up
ip -n client link add clean0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name clean-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n client link add lossy0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name lossy-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add clean0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name clean-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add lossy0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name lossy-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev clean-a ingress
tc -n wires qdisc add dev clean-b ingress
tc -n wires qdisc add dev lossy-a ingress
tc -n wires qdisc add dev lossy-b ingress
tc -n wires qdisc replace dev clean-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev clean-b parent 1:1 handle 2: netem limit 100000 delay 5ms seed 1615775611255774142
tc -n wires qdisc replace dev clean-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev clean-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev clean-a parent 1:1 handle 2: netem limit 100000 delay 5ms seed 7307786539356451839
tc -n wires qdisc replace dev clean-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev lossy-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev lossy-b parent 1:1 handle 2: netem limit 100000 delay 15ms loss gemodel 2% 25% 50% seed 14041562946002767001
tc -n wires qdisc replace dev lossy-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev lossy-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev lossy-a parent 1:1 handle 2: netem limit 100000 delay 15ms loss gemodel 2% 25% 50% seed 8349552017902089304
tc -n wires qdisc replace dev lossy-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
ip -n wires link set clean-a up
ip -n wires link set clean-b up
ip -n wires link set lossy-a up
ip -n wires link set lossy-b up
ip -n client rule add priority 1002 from 10.0.2.1 lookup 1002
ip -n client rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n client rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n server rule add priority 1002 from 10.0.2.2 lookup 1002
ip -n server rule add priority 1001 from 10.0.1.2 lookup 1001
ip -n server rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n client address add 10.0.1.1/24 dev clean0
ip -n client address add 10.0.2.1/24 dev lossy0
ip -n client route replace default via 10.0.1.2 dev clean0 table 1001
ip -n client route replace default via 10.0.2.2 dev lossy0 table 1002
ip -n server address add 10.0.1.2/24 dev clean0
ip -n server address add 10.0.2.2/24 dev lossy0
ip -n server route replace default via 10.0.1.1 dev clean0 table 1001
ip -n server route replace default via 10.0.2.1 dev lossy0 table 1002
tc -n wires filter add dev clean-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev clean-b
tc -n wires filter add dev clean-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev clean-a
tc -n wires filter add dev lossy-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev lossy-b
tc -n wires filter add dev lossy-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev lossy-a
ip -n client mptcp limits set subflows 2 add_addr_accepted 2
ip -n client mptcp endpoint add 10.0.2.1 dev lossy0 subflow
ip -n server mptcp limits set subflows 2
