# The kernel's side of path managers, by Netlink, for `require "./netlink.pl"`. Commands, attributes and flags are those of include/uapi/linux/mptcp_pm.h.
socket(my $kernel, 16, 3, 16) or die $!;
sub netlink { return $kernel }

sub attribute { my $length = 4 + length $_[1]; return pack("S S", $length, $_[0]) . $_[1] . "\0" x (-$length % 4) }

# The next message or messages.
sub answer { recv($kernel, my $answer, 8192, 0) // die $!; return $answer }

# Sends a request with flags of a message: 1 is NLM_F_REQUEST, 4 NLM_F_ACK, and 0x300 NLM_F_DUMP. Returns the answer as it is.
sub request {
    my ($to, $flags, $command, $attributes) = @_;
    my $message = pack("C C S", $command, 1, 0) . $attributes;
    send($kernel, pack("L S S L L", 16 + length $message, $to, $flags, 1, 0) . $message, 0) or die $!;
    return answer();
}

my ($family) = map { unpack("S", $_) } request(16, 1, 3, attribute(2, "mptcp_pm\0")) =~ /\x06\0\x01\0(..)/s or die "no mptcp_pm";
sub family { return $family }

# Sends a command with its attributes. Returns 0 or an error, or what the kernel tells, for which only command 3 asks.
sub manage {
    my ($command, @attributes) = @_;
    my $answer = request($family, $command == 3 ? 1 : 5, $command, join("", @attributes));
    return unpack("x4 S", $answer) == 2 ? unpack("x16 l", $answer) : $answer;
}

# The token of the only connection of the host. The case names the program: `programs = ["ss"]`.
sub token {
    my ($token) = `ss -HMni` =~ /token:([0-9a-f]+)/ or die "no connection";
    return attribute(4, pack("L", hex $token));
}

# An IPv4 address, or the 16 bytes of an IPv6 address, with its family.
sub ip {
    my ($address) = @_;
    return attribute(1, pack("S", 10)) . attribute(4, $address) if length $address == 16;
    return attribute(1, pack("S", 2)) . attribute(3, pack("C4", split(/\./, $address)));
}

# What is said of an address, as attribute 1, or 6 where it is the peer's: the address, unless that is "", and id, port, flags, device.
sub said {
    my ($what, $address, %more) = @_;
    my $said = $address eq "" ? "" : ip($address);
    $said .= attribute(2, pack("C", $more{id})) if defined $more{id};
    $said .= attribute(5, pack("S", $more{port})) if $more{port};
    $said .= attribute(6, pack("L", $more{flags})) if $more{flags};
    $said .= attribute(7, pack("l", $more{device})) if $more{device};
    return attribute(0x8000 | $what, $said);
}

1;
