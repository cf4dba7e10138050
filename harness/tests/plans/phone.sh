ip netns add phone
ip netns add server
ip netns add wires
ip netns exec phone sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec phone sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec phone sysctl -q -w net.ipv4.ip_forward=0
ip netns exec phone sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec phone sysctl -q -w net.mptcp.enabled=1
ip netns exec server sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.conf.default.rp_filter=0
ip netns exec server sysctl -q -w net.ipv4.ip_forward=0
ip netns exec server sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip netns exec server sysctl -q -w net.mptcp.enabled=1
ip netns exec wires sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n phone link set lo up
ip -n server link set lo up
ip -n phone link add cell0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name cellular-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n phone link add wlan0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name wlan-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add cell0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name cellular-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add wlan0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name wlan-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
tc -n wires qdisc add dev wlan-a ingress
tc -n wires qdisc add dev wlan-b ingress
tc -n wires qdisc replace dev wlan-b root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev wlan-b parent 1:1 handle 2: netem limit 100000 delay 5ms 1ms rate 100000000000000bit seed 17284272154835727785
tc -n wires qdisc replace dev wlan-b parent 2:1 handle 3: netem limit 82 rate 20000000bit
tc -n wires qdisc replace dev wlan-a root handle 1: tbf rate 100000000000000bit burst 1514b limit 1514b
tc -n wires qdisc replace dev wlan-a parent 1:1 handle 2: netem limit 100000 delay 5ms 1ms rate 100000000000000bit seed 11592261226735050088
tc -n wires qdisc replace dev wlan-a parent 2:1 handle 3: netem limit 82 rate 20000000bit
ip -n wires link set cellular-a up
ip -n wires link set cellular-b up
ip -n wires link set wlan-a up
ip -n wires link set wlan-b up
ip -n phone rule add priority 1002 from 10.0.2.1 lookup 1002
ip -n phone rule add priority 1001 from 10.0.1.1 lookup 1001
ip -n phone rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n server rule add priority 1002 from 10.0.2.2 lookup 1002
ip -n server rule add priority 1001 from 10.0.1.2 lookup 1001
ip -n server rule add priority 1000 from all lookup main suppress_prefixlength 0
ip -n phone address add 10.0.1.1/24 dev cell0
ip -n phone address add 10.0.2.1/24 dev wlan0
ip -n phone route replace default via 10.0.1.2 dev cell0 table 1001
ip -n phone route replace default via 10.0.2.2 dev wlan0 table 1002
ip -n server address add 10.0.1.2/24 dev cell0
ip -n server address add 10.0.2.2/24 dev wlan0
ip -n server route replace default via 10.0.1.1 dev cell0 table 1001
ip -n server route replace default via 10.0.2.1 dev wlan0 table 1002
# mplab relays cellular between cellular-a and cellular-b: up rate 10mbit delay 25ms limit 262144b, down delay 25ms limit 262144b trace
tc -n wires filter add dev wlan-a ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev wlan-b
tc -n wires filter add dev wlan-b ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev wlan-a
ip -n phone mptcp limits set subflows 2 add_addr_accepted 2
ip -n phone mptcp endpoint add 10.0.1.1 dev cell0 subflow
ip -n server mptcp limits set subflows 2
