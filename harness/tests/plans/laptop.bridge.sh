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
ip -n laptop link add wlan0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name wlan-a mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add eth0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name ethernet-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n server link add wlan0 mtu 1500 numtxqueues 1 numrxqueues 1 up type veth peer name wlan-b mtu 1500 numtxqueues 1 numrxqueues 1 netns wires
ip -n wires link add ethernet up type bridge mcast_snooping 0
ip -n wires link set ethernet-a master ethernet
ip -n wires link set ethernet-b master ethernet
ip -n wires link add wlan up type bridge mcast_snooping 0
ip -n wires link set wlan-a master wlan
ip -n wires link set wlan-b master wlan
ip -n wires link set ethernet-b type bridge_slave learning off flood on mcast_flood on bcast_flood on
ip -n wires link set ethernet-a type bridge_slave learning off flood on mcast_flood on bcast_flood on
ip -n wires link set wlan-b type bridge_slave learning off flood on mcast_flood on bcast_flood on
ip -n wires link set wlan-a type bridge_slave learning off flood on mcast_flood on bcast_flood on
tc -n wires qdisc replace dev ethernet-b root tbf rate 100000000bit burst 125000b limit 625000b
tc -n wires qdisc replace dev ethernet-a root tbf rate 100000000bit burst 125000b limit 625000b
tc -n wires qdisc replace dev wlan-b root tbf rate 40000000bit burst 50000b limit 250000b
tc -n wires qdisc replace dev wlan-a root tbf rate 40000000bit burst 50000b limit 250000b
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
ip -n laptop mptcp limits set subflows 2 add_addr_accepted 2
ip -n laptop mptcp endpoint add 10.0.2.1 dev wlan0 subflow
ip -n server mptcp limits set subflows 2
