# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_deltascope_global_optspecs
    string join \n procfs= cgroupfs= h/help V/version
end

function __fish_deltascope_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_deltascope_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_deltascope_using_subcommand
    set -l cmd (__fish_deltascope_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c deltascope -n "__fish_deltascope_needs_command" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_needs_command" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_needs_command" -s h -l help -d 'Print help'
complete -c deltascope -n "__fish_deltascope_needs_command" -s V -l version -d 'Print version'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "scan" -d 'Scan the private pages of this machine once and show the inherited copies of each container'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "run" -d 'Stream events to an engine and show the counters at every interval'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "replay" -d 'Stream a recording to an engine and show the counters at its end'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "record" -d 'Write events to a file instead of an engine'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "demo" -d 'Run a workload whose result is known, scan the machine, count in an engine and compare'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "top" -d 'Show the containers that waste most on a terminal, round by round, or move in a recording'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "attrs" -d 'Print the attributes that ATOMiK has in sysfs, by its names, or keep them as files'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "status" -d 'Ask a running agent (run --listen) for its state: last round, losses, board server, certificate'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "doctor" -d 'Examine what this machine lets the agent do: one check a line, with what to do about it'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "keys" -d 'Make and renew keys and certificates of agents and board servers'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "config" -d 'Check the settings of an agent'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "generate" -d 'Write man pages and completions for shells'
complete -c deltascope -n "__fish_deltascope_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l pid -d 'Scan only the families of these processes (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l metrics -d 'Replace this file with the numbers, as metrics for the textfile collector of node_exporter' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l cri -d 'Socket of a container runtime that has CRI (may be given more than once) [default: those of containerd, k3s, k0s, MicroK8s, CRI-O and cri-dockerd that are there, and kubelet\'s]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l host-root -d 'Root folder of the host, for sockets and state of runtimes [default: / and that of process 1]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l connect -d 'Address of a running board server, as HOST:PORT: on this machine, or on any with --tls' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l tls -d 'Certificate and key of this agent (PEM), for TLS with --connect: in one file, or the key beside it in a file that ends with `.key` (tls.crt and tls.key); mode 0600, or 0640 of root with a group' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l authority -d 'Certificate of the authority of agents and board servers (PEM)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l server-name -d 'Name or address in the server\'s certificate [default: HOST of --connect]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l insecure-peer -d 'Address of a board server on another machine, to be used without TLS' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l engine -d 'Engine of the board server that is started for this command' -r -f -a "model\t'The golden model'
rtl\t'The emitted Verilog in Verilator'"
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l boardd -d 'Program of the board server that is started [default: deltascope-boardd beside this program]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l groups -d 'Groups to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l contexts -d 'Contexts to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l timeout -d 'Longest time without an answer on a connection with the board server, in seconds; then it is made again' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l outage -d 'Longest time without progress of the session, in seconds, before the command ends with the reason [default: 60 until the first progress, no limit afterwards]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l json -d 'Print one JSON object'
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l no-names -d 'Call containers by their ids: ask no runtime (Kubernetes\' CRI, Docker, Podman) for names'
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -l permute -d 'Send fingerprints through a permutation with a random key of this session: who sees the records cannot check a guess of a page against them'
complete -c deltascope -n "__fish_deltascope_using_subcommand scan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l source -d 'Where events come from' -r -f -a "scan\t'Scans of this machine, one at every interval'
synth\t'Events made up from a seed'
replay\t'A recording, given with --file'
capture\t'The packets that this machine sends: every send by content'
pcap\t'The sends in a file of packets, given with --pcap'
auto\t'The first of bpf, kmod and scan that this kernel permits; prints which on standard error, and why'
bpf\t'BPF programs: every copy and every send, as they happen'
kmod\t'The capture module: the same'"
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l file -d 'replay: the recording' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l interface -d 'capture: count the packets of this interface only, in every network namespace (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l pcap -d 'pcap: the file, made by tcpdump or dumpcap (pcap or pcapng)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l map -d 'pcap: who sends from an address, or from one port of it (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l pid -d 'scan: only the families of these processes (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l sends-by -d 'bpf, kmod: what a send is compared with [default: content]' -r -f -a "socket\t'The send before on the same socket'
content\t'What the same container sent before, to the same peer and to any, without heads of HTTP/1'"
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l judge-after -d 'bpf: milliseconds after which a copied page is judged [default: 100]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l send-limit -d 'bpf: longest send that is compared; a longer one never counts as redundant [default: 512]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l exit-budget -d 'bpf: pages judged at most when one process exits [default: 4096]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l pending-pages -d 'bpf: copied pages that may wait for their judgement [default: 32768]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l ring-bytes -d 'bpf: bytes of the ring, a power of two [default: 4194304]; capture: of that of each network namespace [default: 16777216 of the own one, 4194304 of others]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l cgroup -d 'bpf: capture this cgroup only, with all below it (may be given up to 16 times)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l seed -d 'synth: start of the random numbers; the same seed gives the same events' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l events -d 'synth: events in all, 0 for no end' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l containers -d 'synth: containers' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l senders -d 'synth: containers that send, the first ones; 0 for all' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l sockets -d 'synth: sockets' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l sends -d 'synth: sends out of 100 events, the others are pages' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l redundant -d 'synth: redundant events out of 100' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l scope -d 'bpf, kmod, capture, pcap: count sends by content in this scope too' -r -f -a "connection\t'The same body as just before on the same connection'"
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l interval -d 'Seconds from one output to the next' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l duration -d 'Seconds until the end [default: until the source ends, or Ctrl-C]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l silence -d 'Seconds without an event after which a container leaves the output; what it has counted stays in the sums' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l scan-cpu -d 'scan: processor time that the rounds may use, in percent of one core; 0 switches the scan off' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l scan-rate -d 'scan: bytes that the rounds may compare in a second, in GB; 0 switches the scan off' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l config -d 'Read what neither options nor DELTASCOPE_* variables say from this file: toml, with long options as keys; again at each SIGHUP [default: $DELTASCOPE_CONFIG]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l cri -d 'Socket of a container runtime that has CRI (may be given more than once) [default: those of containerd, k3s, k0s, MicroK8s, CRI-O and cri-dockerd that are there, and kubelet\'s]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l host-root -d 'Root folder of the host, for sockets and state of runtimes [default: / and that of process 1]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l state-dir -d 'Folder with the id of this agent and what its restart needs: killed and started again within 60 s it resumes with its totals [default: $STATE_DIRECTORY, as systemd sets it for StateDirectory=; with --source kmod and a running board server /var/lib/deltascope; else each run is an agent of its own]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l agent-id -d 'Id of this agent, 32 hex digits [default: the one in the folder, made at random once]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l connect -d 'Address of a running board server, as HOST:PORT: on this machine, or on any with --tls' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l tls -d 'Certificate and key of this agent (PEM), for TLS with --connect: in one file, or the key beside it in a file that ends with `.key` (tls.crt and tls.key); mode 0600, or 0640 of root with a group' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l authority -d 'Certificate of the authority of agents and board servers (PEM)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l server-name -d 'Name or address in the server\'s certificate [default: HOST of --connect]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l insecure-peer -d 'Address of a board server on another machine, to be used without TLS' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l engine -d 'Engine of the board server that is started for this command' -r -f -a "model\t'The golden model'
rtl\t'The emitted Verilog in Verilator'"
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l boardd -d 'Program of the board server that is started [default: deltascope-boardd beside this program]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l groups -d 'Groups to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l contexts -d 'Contexts to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l timeout -d 'Longest time without an answer on a connection with the board server, in seconds; then it is made again' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l outage -d 'Longest time without progress of the session, in seconds, before the command ends with the reason [default: 60 until the first progress, no limit afterwards]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l metrics -d 'Replace this file with the numbers of each output, as metrics for the textfile collector of node_exporter' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l metrics-containers -d 'Containers with series of their own in the metrics, those that waste the most; the others are in `other`' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l listen -d 'Serve metrics, state and a page over HTTP at this address or name and port, an IPv6 address in brackets with or without `%zone` [default of a missing ADDR: 127.0.0.1:9770]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l listen-wait -d 'Longest time that the start waits for an address that is not there yet and for a clock that is not set yet, in seconds' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l listen-tls -d 'Certificate and key (PEM) to serve with TLS, as for --tls: needed where the address is not of this machine' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l listen-authority -d 'Certificate of the authority (PEM) that must have signed the certificate of each client' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l no-sampling -d 'bpf, kmod: never leave anything out; what the agent cannot keep up with is lost to full rings'
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l off -d 'scan, bpf, kmod, capture: begin switched off; every output reports it. SIGHUP reads the file of settings again, which can switch the source on'
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l no-names -d 'Call containers by their ids: ask no runtime (Kubernetes\' CRI, Docker, Podman) for names'
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l permute -d 'Send fingerprints through a permutation with a random key of this session: who sees the records cannot check a guess of a page against them'
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -l json-lines -d 'Print one JSON object a line; one that would be longer than 16,000 bytes is several, numbered by `part` and `parts`'
complete -c deltascope -n "__fish_deltascope_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l connect -d 'Address of a running board server, as HOST:PORT: on this machine, or on any with --tls' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l tls -d 'Certificate and key of this agent (PEM), for TLS with --connect: in one file, or the key beside it in a file that ends with `.key` (tls.crt and tls.key); mode 0600, or 0640 of root with a group' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l authority -d 'Certificate of the authority of agents and board servers (PEM)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l server-name -d 'Name or address in the server\'s certificate [default: HOST of --connect]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l insecure-peer -d 'Address of a board server on another machine, to be used without TLS' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l engine -d 'Engine of the board server that is started for this command' -r -f -a "model\t'The golden model'
rtl\t'The emitted Verilog in Verilator'"
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l boardd -d 'Program of the board server that is started [default: deltascope-boardd beside this program]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l groups -d 'Groups to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l contexts -d 'Contexts to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l timeout -d 'Longest time without an answer on a connection with the board server, in seconds; then it is made again' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l outage -d 'Longest time without progress of the session, in seconds, before the command ends with the reason [default: 60 until the first progress, no limit afterwards]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l json -d 'Print one JSON object'
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -l permute -d 'Send fingerprints through a permutation with a random key of this session: who sees the records cannot check a guess of a page against them'
complete -c deltascope -n "__fish_deltascope_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l source -d 'Where events come from' -r -f -a "scan\t'Scans of this machine, one at every interval'
synth\t'Events made up from a seed'
replay\t'A recording, given with --file'
capture\t'The packets that this machine sends: every send by content'
pcap\t'The sends in a file of packets, given with --pcap'
auto\t'The first of bpf, kmod and scan that this kernel permits; prints which on standard error, and why'
bpf\t'BPF programs: every copy and every send, as they happen'
kmod\t'The capture module: the same'"
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l file -d 'replay: the recording' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l interface -d 'capture: count the packets of this interface only, in every network namespace (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l pcap -d 'pcap: the file, made by tcpdump or dumpcap (pcap or pcapng)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l map -d 'pcap: who sends from an address, or from one port of it (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l pid -d 'scan: only the families of these processes (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l sends-by -d 'bpf, kmod: what a send is compared with [default: content]' -r -f -a "socket\t'The send before on the same socket'
content\t'What the same container sent before, to the same peer and to any, without heads of HTTP/1'"
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l judge-after -d 'bpf: milliseconds after which a copied page is judged [default: 100]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l send-limit -d 'bpf: longest send that is compared; a longer one never counts as redundant [default: 512]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l exit-budget -d 'bpf: pages judged at most when one process exits [default: 4096]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l pending-pages -d 'bpf: copied pages that may wait for their judgement [default: 32768]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l ring-bytes -d 'bpf: bytes of the ring, a power of two [default: 4194304]; capture: of that of each network namespace [default: 16777216 of the own one, 4194304 of others]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l cgroup -d 'bpf: capture this cgroup only, with all below it (may be given up to 16 times)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l seed -d 'synth: start of the random numbers; the same seed gives the same events' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l events -d 'synth: events in all, 0 for no end' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l containers -d 'synth: containers' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l senders -d 'synth: containers that send, the first ones; 0 for all' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l sockets -d 'synth: sockets' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l sends -d 'synth: sends out of 100 events, the others are pages' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l redundant -d 'synth: redundant events out of 100' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l duration -d 'Seconds until the end [default: until the source ends, or Ctrl-C; a scan is one round]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l no-sampling -d 'bpf, kmod: never leave anything out; what the agent cannot keep up with is lost to full rings'
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l raw -d 'Write bare records of 16 bytes, without names, as an engine takes them'
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -l force -d 'Replace the file if it exists, once the recording is whole: until then it is written to FILE.new'
complete -c deltascope -n "__fish_deltascope_using_subcommand record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l connect -d 'Address of a running board server, as HOST:PORT: on this machine, or on any with --tls' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l tls -d 'Certificate and key of this agent (PEM), for TLS with --connect: in one file, or the key beside it in a file that ends with `.key` (tls.crt and tls.key); mode 0600, or 0640 of root with a group' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l authority -d 'Certificate of the authority of agents and board servers (PEM)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l server-name -d 'Name or address in the server\'s certificate [default: HOST of --connect]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l insecure-peer -d 'Address of a board server on another machine, to be used without TLS' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l engine -d 'Engine of the board server that is started for this command' -r -f -a "model\t'The golden model'
rtl\t'The emitted Verilog in Verilator'"
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l boardd -d 'Program of the board server that is started [default: deltascope-boardd beside this program]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l groups -d 'Groups to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l contexts -d 'Contexts to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l timeout -d 'Longest time without an answer on a connection with the board server, in seconds; then it is made again' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l outage -d 'Longest time without progress of the session, in seconds, before the command ends with the reason [default: 60 until the first progress, no limit afterwards]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l json -d 'Print one JSON object'
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -l permute -d 'Send fingerprints through a permutation with a random key of this session: who sees the records cannot check a guess of a page against them'
complete -c deltascope -n "__fish_deltascope_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l filter -d 'Show only containers with this in their name or control group' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l replay -d 'Play a recording instead of a source, with keys to move in it' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l at -d 'Where to begin in the recording, in percent [default: 0, with --once 100]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l source -d 'Where events come from' -r -f -a "scan\t'Scans of this machine, one at every interval'
synth\t'Events made up from a seed'
replay\t'A recording, given with --file'
capture\t'The packets that this machine sends: every send by content'
pcap\t'The sends in a file of packets, given with --pcap'
auto\t'The first of bpf, kmod and scan that this kernel permits; prints which on standard error, and why'
bpf\t'BPF programs: every copy and every send, as they happen'
kmod\t'The capture module: the same'"
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l file -d 'replay: the recording' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l interface -d 'capture: count the packets of this interface only, in every network namespace (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l pcap -d 'pcap: the file, made by tcpdump or dumpcap (pcap or pcapng)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l map -d 'pcap: who sends from an address, or from one port of it (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l pid -d 'scan: only the families of these processes (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l sends-by -d 'bpf, kmod: what a send is compared with [default: content]' -r -f -a "socket\t'The send before on the same socket'
content\t'What the same container sent before, to the same peer and to any, without heads of HTTP/1'"
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l judge-after -d 'bpf: milliseconds after which a copied page is judged [default: 100]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l send-limit -d 'bpf: longest send that is compared; a longer one never counts as redundant [default: 512]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l exit-budget -d 'bpf: pages judged at most when one process exits [default: 4096]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l pending-pages -d 'bpf: copied pages that may wait for their judgement [default: 32768]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l ring-bytes -d 'bpf: bytes of the ring, a power of two [default: 4194304]; capture: of that of each network namespace [default: 16777216 of the own one, 4194304 of others]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l cgroup -d 'bpf: capture this cgroup only, with all below it (may be given up to 16 times)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l seed -d 'synth: start of the random numbers; the same seed gives the same events' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l events -d 'synth: events in all, 0 for no end' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l containers -d 'synth: containers' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l senders -d 'synth: containers that send, the first ones; 0 for all' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l sockets -d 'synth: sockets' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l sends -d 'synth: sends out of 100 events, the others are pages' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l redundant -d 'synth: redundant events out of 100' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l scope -d 'bpf, kmod, capture, pcap: count sends by content in this scope too' -r -f -a "connection\t'The same body as just before on the same connection'"
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l interval -d 'Seconds from one output to the next' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l duration -d 'Seconds until the end [default: until the source ends, or Ctrl-C]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l silence -d 'Seconds without an event after which a container leaves the output; what it has counted stays in the sums' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l scan-cpu -d 'scan: processor time that the rounds may use, in percent of one core; 0 switches the scan off' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l scan-rate -d 'scan: bytes that the rounds may compare in a second, in GB; 0 switches the scan off' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l config -d 'Read what neither options nor DELTASCOPE_* variables say from this file: toml, with long options as keys; again at each SIGHUP [default: $DELTASCOPE_CONFIG]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l cri -d 'Socket of a container runtime that has CRI (may be given more than once) [default: those of containerd, k3s, k0s, MicroK8s, CRI-O and cri-dockerd that are there, and kubelet\'s]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l host-root -d 'Root folder of the host, for sockets and state of runtimes [default: / and that of process 1]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l state-dir -d 'Folder with the id of this agent and what its restart needs: killed and started again within 60 s it resumes with its totals [default: $STATE_DIRECTORY, as systemd sets it for StateDirectory=; with --source kmod and a running board server /var/lib/deltascope; else each run is an agent of its own]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l agent-id -d 'Id of this agent, 32 hex digits [default: the one in the folder, made at random once]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l connect -d 'Address of a running board server, as HOST:PORT: on this machine, or on any with --tls' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l tls -d 'Certificate and key of this agent (PEM), for TLS with --connect: in one file, or the key beside it in a file that ends with `.key` (tls.crt and tls.key); mode 0600, or 0640 of root with a group' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l authority -d 'Certificate of the authority of agents and board servers (PEM)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l server-name -d 'Name or address in the server\'s certificate [default: HOST of --connect]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l insecure-peer -d 'Address of a board server on another machine, to be used without TLS' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l engine -d 'Engine of the board server that is started for this command' -r -f -a "model\t'The golden model'
rtl\t'The emitted Verilog in Verilator'"
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l boardd -d 'Program of the board server that is started [default: deltascope-boardd beside this program]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l groups -d 'Groups to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l contexts -d 'Contexts to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l timeout -d 'Longest time without an answer on a connection with the board server, in seconds; then it is made again' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l outage -d 'Longest time without progress of the session, in seconds, before the command ends with the reason [default: 60 until the first progress, no limit afterwards]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l once -d 'Show one round and end, without a terminal'
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l json -d 'With --once: print one JSON object'
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l no-sampling -d 'bpf, kmod: never leave anything out; what the agent cannot keep up with is lost to full rings'
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l off -d 'scan, bpf, kmod, capture: begin switched off; every output reports it. SIGHUP reads the file of settings again, which can switch the source on'
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l no-names -d 'Call containers by their ids: ask no runtime (Kubernetes\' CRI, Docker, Podman) for names'
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -l permute -d 'Send fingerprints through a permutation with a random key of this session: who sees the records cannot check a guess of a page against them'
complete -c deltascope -n "__fish_deltascope_using_subcommand top" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l folder -d 'Keep the attributes as files of this folder, replaced at every interval, instead of printing them once' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l source -d 'Where events come from' -r -f -a "scan\t'Scans of this machine, one at every interval'
synth\t'Events made up from a seed'
replay\t'A recording, given with --file'
capture\t'The packets that this machine sends: every send by content'
pcap\t'The sends in a file of packets, given with --pcap'
auto\t'The first of bpf, kmod and scan that this kernel permits; prints which on standard error, and why'
bpf\t'BPF programs: every copy and every send, as they happen'
kmod\t'The capture module: the same'"
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l file -d 'replay: the recording' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l interface -d 'capture: count the packets of this interface only, in every network namespace (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l pcap -d 'pcap: the file, made by tcpdump or dumpcap (pcap or pcapng)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l map -d 'pcap: who sends from an address, or from one port of it (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l pid -d 'scan: only the families of these processes (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l sends-by -d 'bpf, kmod: what a send is compared with [default: content]' -r -f -a "socket\t'The send before on the same socket'
content\t'What the same container sent before, to the same peer and to any, without heads of HTTP/1'"
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l judge-after -d 'bpf: milliseconds after which a copied page is judged [default: 100]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l send-limit -d 'bpf: longest send that is compared; a longer one never counts as redundant [default: 512]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l exit-budget -d 'bpf: pages judged at most when one process exits [default: 4096]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l pending-pages -d 'bpf: copied pages that may wait for their judgement [default: 32768]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l ring-bytes -d 'bpf: bytes of the ring, a power of two [default: 4194304]; capture: of that of each network namespace [default: 16777216 of the own one, 4194304 of others]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l cgroup -d 'bpf: capture this cgroup only, with all below it (may be given up to 16 times)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l seed -d 'synth: start of the random numbers; the same seed gives the same events' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l events -d 'synth: events in all, 0 for no end' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l containers -d 'synth: containers' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l senders -d 'synth: containers that send, the first ones; 0 for all' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l sockets -d 'synth: sockets' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l sends -d 'synth: sends out of 100 events, the others are pages' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l redundant -d 'synth: redundant events out of 100' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l scope -d 'bpf, kmod, capture, pcap: count sends by content in this scope too' -r -f -a "connection\t'The same body as just before on the same connection'"
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l interval -d 'Seconds from one output to the next' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l duration -d 'Seconds until the end [default: until the source ends, or Ctrl-C]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l silence -d 'Seconds without an event after which a container leaves the output; what it has counted stays in the sums' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l scan-cpu -d 'scan: processor time that the rounds may use, in percent of one core; 0 switches the scan off' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l scan-rate -d 'scan: bytes that the rounds may compare in a second, in GB; 0 switches the scan off' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l config -d 'Read what neither options nor DELTASCOPE_* variables say from this file: toml, with long options as keys; again at each SIGHUP [default: $DELTASCOPE_CONFIG]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l cri -d 'Socket of a container runtime that has CRI (may be given more than once) [default: those of containerd, k3s, k0s, MicroK8s, CRI-O and cri-dockerd that are there, and kubelet\'s]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l host-root -d 'Root folder of the host, for sockets and state of runtimes [default: / and that of process 1]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l state-dir -d 'Folder with the id of this agent and what its restart needs: killed and started again within 60 s it resumes with its totals [default: $STATE_DIRECTORY, as systemd sets it for StateDirectory=; with --source kmod and a running board server /var/lib/deltascope; else each run is an agent of its own]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l agent-id -d 'Id of this agent, 32 hex digits [default: the one in the folder, made at random once]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l connect -d 'Address of a running board server, as HOST:PORT: on this machine, or on any with --tls' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l tls -d 'Certificate and key of this agent (PEM), for TLS with --connect: in one file, or the key beside it in a file that ends with `.key` (tls.crt and tls.key); mode 0600, or 0640 of root with a group' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l authority -d 'Certificate of the authority of agents and board servers (PEM)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l server-name -d 'Name or address in the server\'s certificate [default: HOST of --connect]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l insecure-peer -d 'Address of a board server on another machine, to be used without TLS' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l engine -d 'Engine of the board server that is started for this command' -r -f -a "model\t'The golden model'
rtl\t'The emitted Verilog in Verilator'"
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l boardd -d 'Program of the board server that is started [default: deltascope-boardd beside this program]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l groups -d 'Groups to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l contexts -d 'Contexts to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l timeout -d 'Longest time without an answer on a connection with the board server, in seconds; then it is made again' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l outage -d 'Longest time without progress of the session, in seconds, before the command ends with the reason [default: 60 until the first progress, no limit afterwards]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l json -d 'Print one JSON object by name'
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l no-sampling -d 'bpf, kmod: never leave anything out; what the agent cannot keep up with is lost to full rings'
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l off -d 'scan, bpf, kmod, capture: begin switched off; every output reports it. SIGHUP reads the file of settings again, which can switch the source on'
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l no-names -d 'Call containers by their ids: ask no runtime (Kubernetes\' CRI, Docker, Podman) for names'
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -l permute -d 'Send fingerprints through a permutation with a random key of this session: who sees the records cannot check a guess of a page against them'
complete -c deltascope -n "__fish_deltascope_using_subcommand attrs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c deltascope -n "__fish_deltascope_using_subcommand status" -l tls -d 'Certificate and key (PEM) for an agent with --listen-tls: one that its authority has signed' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand status" -l authority -d 'Certificate of the authority (PEM) that has signed the agent\'s' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand status" -l server-name -d 'Name or address in the agent\'s certificate [default: that of ADDR]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand status" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand status" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand status" -l json -d 'Print one JSON object'
complete -c deltascope -n "__fish_deltascope_using_subcommand status" -s h -l help -d 'Print help'
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l root -d 'Read /proc and /sys below this folder instead of those of this machine; nothing is tried then' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l connect -d 'Address of a running board server, as HOST:PORT: on this machine, or on any with --tls' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l tls -d 'Certificate and key of this agent (PEM), for TLS with --connect: in one file, or the key beside it in a file that ends with `.key` (tls.crt and tls.key); mode 0600, or 0640 of root with a group' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l authority -d 'Certificate of the authority of agents and board servers (PEM)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l server-name -d 'Name or address in the server\'s certificate [default: HOST of --connect]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l insecure-peer -d 'Address of a board server on another machine, to be used without TLS' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l engine -d 'Engine of the board server that is started for this command' -r -f -a "model\t'The golden model'
rtl\t'The emitted Verilog in Verilator'"
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l boardd -d 'Program of the board server that is started [default: deltascope-boardd beside this program]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l groups -d 'Groups to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l contexts -d 'Contexts to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l timeout -d 'Longest time without an answer on a connection with the board server, in seconds; then it is made again' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l outage -d 'Longest time without progress of the session, in seconds, before the command ends with the reason [default: 60 until the first progress, no limit afterwards]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l json -d 'Print one JSON object'
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -l permute -d 'Send fingerprints through a permutation with a random key of this session: who sees the records cannot check a guess of a page against them'
complete -c deltascope -n "__fish_deltascope_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and not __fish_seen_subcommand_from init agent server help" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and not __fish_seen_subcommand_from init agent server help" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and not __fish_seen_subcommand_from init agent server help" -s h -l help -d 'Print help'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and not __fish_seen_subcommand_from init agent server help" -f -a "init" -d 'Make an authority, the certificate of a board server, and the certificates of agents'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and not __fish_seen_subcommand_from init agent server help" -f -a "agent" -d 'Make or renew the certificate of an agent'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and not __fish_seen_subcommand_from init agent server help" -f -a "server" -d 'Make or renew the certificate of a board server'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and not __fish_seen_subcommand_from init agent server help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from init" -l server -d 'Host name of the board server' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from init" -l address -d 'Address under which the board server is reached (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from init" -l agent -d 'Name of an agent (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from init" -l days -d 'Days until a certificate of an agent or a server expires' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from init" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from init" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from agent" -l days -d 'Days until a certificate of an agent or a server expires' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from agent" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from agent" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from agent" -s h -l help -d 'Print help'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from server" -l address -d 'Address under which it is reached (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from server" -l days -d 'Days until a certificate of an agent or a server expires' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from server" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from server" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from server" -s h -l help -d 'Print help'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "init" -d 'Make an authority, the certificate of a board server, and the certificates of agents'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "agent" -d 'Make or renew the certificate of an agent'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "server" -d 'Make or renew the certificate of a board server'
complete -c deltascope -n "__fish_deltascope_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and not __fish_seen_subcommand_from check help" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and not __fish_seen_subcommand_from check help" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and not __fish_seen_subcommand_from check help" -s h -l help -d 'Print help'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and not __fish_seen_subcommand_from check help" -f -a "check" -d 'Check the settings of `deltascope run` and print each with where it comes from; the output is such a file itself'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and not __fish_seen_subcommand_from check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l source -d 'Where events come from' -r -f -a "scan\t'Scans of this machine, one at every interval'
synth\t'Events made up from a seed'
replay\t'A recording, given with --file'
capture\t'The packets that this machine sends: every send by content'
pcap\t'The sends in a file of packets, given with --pcap'
auto\t'The first of bpf, kmod and scan that this kernel permits; prints which on standard error, and why'
bpf\t'BPF programs: every copy and every send, as they happen'
kmod\t'The capture module: the same'"
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l file -d 'replay: the recording' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l interface -d 'capture: count the packets of this interface only, in every network namespace (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l pcap -d 'pcap: the file, made by tcpdump or dumpcap (pcap or pcapng)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l map -d 'pcap: who sends from an address, or from one port of it (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l pid -d 'scan: only the families of these processes (may be given more than once)' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l sends-by -d 'bpf, kmod: what a send is compared with [default: content]' -r -f -a "socket\t'The send before on the same socket'
content\t'What the same container sent before, to the same peer and to any, without heads of HTTP/1'"
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l judge-after -d 'bpf: milliseconds after which a copied page is judged [default: 100]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l send-limit -d 'bpf: longest send that is compared; a longer one never counts as redundant [default: 512]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l exit-budget -d 'bpf: pages judged at most when one process exits [default: 4096]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l pending-pages -d 'bpf: copied pages that may wait for their judgement [default: 32768]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l ring-bytes -d 'bpf: bytes of the ring, a power of two [default: 4194304]; capture: of that of each network namespace [default: 16777216 of the own one, 4194304 of others]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l cgroup -d 'bpf: capture this cgroup only, with all below it (may be given up to 16 times)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l seed -d 'synth: start of the random numbers; the same seed gives the same events' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l events -d 'synth: events in all, 0 for no end' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l containers -d 'synth: containers' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l senders -d 'synth: containers that send, the first ones; 0 for all' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l sockets -d 'synth: sockets' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l sends -d 'synth: sends out of 100 events, the others are pages' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l redundant -d 'synth: redundant events out of 100' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l scope -d 'bpf, kmod, capture, pcap: count sends by content in this scope too' -r -f -a "connection\t'The same body as just before on the same connection'"
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l interval -d 'Seconds from one output to the next' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l duration -d 'Seconds until the end [default: until the source ends, or Ctrl-C]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l silence -d 'Seconds without an event after which a container leaves the output; what it has counted stays in the sums' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l scan-cpu -d 'scan: processor time that the rounds may use, in percent of one core; 0 switches the scan off' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l scan-rate -d 'scan: bytes that the rounds may compare in a second, in GB; 0 switches the scan off' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Read what neither options nor DELTASCOPE_* variables say from this file: toml, with long options as keys; again at each SIGHUP [default: $DELTASCOPE_CONFIG]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l cri -d 'Socket of a container runtime that has CRI (may be given more than once) [default: those of containerd, k3s, k0s, MicroK8s, CRI-O and cri-dockerd that are there, and kubelet\'s]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l host-root -d 'Root folder of the host, for sockets and state of runtimes [default: / and that of process 1]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l state-dir -d 'Folder with the id of this agent and what its restart needs: killed and started again within 60 s it resumes with its totals [default: $STATE_DIRECTORY, as systemd sets it for StateDirectory=; with --source kmod and a running board server /var/lib/deltascope; else each run is an agent of its own]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l agent-id -d 'Id of this agent, 32 hex digits [default: the one in the folder, made at random once]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l connect -d 'Address of a running board server, as HOST:PORT: on this machine, or on any with --tls' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l tls -d 'Certificate and key of this agent (PEM), for TLS with --connect: in one file, or the key beside it in a file that ends with `.key` (tls.crt and tls.key); mode 0600, or 0640 of root with a group' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l authority -d 'Certificate of the authority of agents and board servers (PEM)' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l server-name -d 'Name or address in the server\'s certificate [default: HOST of --connect]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l insecure-peer -d 'Address of a board server on another machine, to be used without TLS' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l engine -d 'Engine of the board server that is started for this command' -r -f -a "model\t'The golden model'
rtl\t'The emitted Verilog in Verilator'"
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l boardd -d 'Program of the board server that is started [default: deltascope-boardd beside this program]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l groups -d 'Groups to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l contexts -d 'Contexts to ask for [default: the server\'s]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l timeout -d 'Longest time without an answer on a connection with the board server, in seconds; then it is made again' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l outage -d 'Longest time without progress of the session, in seconds, before the command ends with the reason [default: 60 until the first progress, no limit afterwards]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l metrics -d 'Replace this file with the numbers of each output, as metrics for the textfile collector of node_exporter' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l metrics-containers -d 'Containers with series of their own in the metrics, those that waste the most; the others are in `other`' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l listen -d 'Serve metrics, state and a page over HTTP at this address or name and port, an IPv6 address in brackets with or without `%zone` [default of a missing ADDR: 127.0.0.1:9770]' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l listen-wait -d 'Longest time that the start waits for an address that is not there yet and for a clock that is not set yet, in seconds' -r
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l listen-tls -d 'Certificate and key (PEM) to serve with TLS, as for --tls: needed where the address is not of this machine' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l listen-authority -d 'Certificate of the authority (PEM) that must have signed the certificate of each client' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print one JSON object by name'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l no-sampling -d 'bpf, kmod: never leave anything out; what the agent cannot keep up with is lost to full rings'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l off -d 'scan, bpf, kmod, capture: begin switched off; every output reports it. SIGHUP reads the file of settings again, which can switch the source on'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l no-names -d 'Call containers by their ids: ask no runtime (Kubernetes\' CRI, Docker, Podman) for names'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l permute -d 'Send fingerprints through a permutation with a random key of this session: who sees the records cannot check a guess of a page against them'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -l json-lines -d 'Print one JSON object a line; one that would be longer than 16,000 bytes is several, numbered by `part` and `parts`'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the settings of `deltascope run` and print each with where it comes from; the output is such a file itself'
complete -c deltascope -n "__fish_deltascope_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c deltascope -n "__fish_deltascope_using_subcommand generate" -l procfs -d 'Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand generate" -l cgroupfs -d 'Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]' -r -F
complete -c deltascope -n "__fish_deltascope_using_subcommand generate" -s h -l help -d 'Print help'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "scan" -d 'Scan the private pages of this machine once and show the inherited copies of each container'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "run" -d 'Stream events to an engine and show the counters at every interval'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "replay" -d 'Stream a recording to an engine and show the counters at its end'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "record" -d 'Write events to a file instead of an engine'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "demo" -d 'Run a workload whose result is known, scan the machine, count in an engine and compare'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "top" -d 'Show the containers that waste most on a terminal, round by round, or move in a recording'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "attrs" -d 'Print the attributes that ATOMiK has in sysfs, by its names, or keep them as files'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "status" -d 'Ask a running agent (run --listen) for its state: last round, losses, board server, certificate'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "doctor" -d 'Examine what this machine lets the agent do: one check a line, with what to do about it'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "keys" -d 'Make and renew keys and certificates of agents and board servers'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "config" -d 'Check the settings of an agent'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "generate" -d 'Write man pages and completions for shells'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and not __fish_seen_subcommand_from scan run replay record demo top attrs status doctor keys config generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "init" -d 'Make an authority, the certificate of a board server, and the certificates of agents'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "agent" -d 'Make or renew the certificate of an agent'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "server" -d 'Make or renew the certificate of a board server'
complete -c deltascope -n "__fish_deltascope_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Check the settings of `deltascope run` and print each with where it comes from; the output is such a file itself'
