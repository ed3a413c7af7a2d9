"""Counts the copies of a family without the agent, before and after a command that looks at it: copies_reference.py ROOT COMMAND...

Stops the root and its forked descendants with SIGSTOP, counts, runs the command, counts again and lets them continue. Prints one
JSON object: `before` and `after`, and what the command printed as `found`. Written from docs/scan.md and the kernel's
Documentation/admin-guide/mm/pagemap.rst and filesystems/proc.rst."""

import json
import os
import signal
import subprocess
import sys
import time
from array import array
from collections import Counter, defaultdict

PAGE = 4096
FORKED = 0x40  # PF_FORKNOEXEC of the flags in /proc/PID/stat
ANON, HUGETLB, ZERO = 12, 17, 24  # bits of /proc/kpageflags


def stat(pid):
    """State, parent, whether it was forked and called no exec, start in ticks."""
    with open(f"/proc/{pid}/stat", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return fields[0], int(fields[1]), bool(int(fields[6]) & FORKED), int(fields[19])


def family(root):
    """The root, and all that it and they have forked and that called no exec, eldest first."""
    children, starts = defaultdict(list), {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                state, parent, forked, start = stat(name)
            except (OSError, IndexError):
                continue
            starts[int(name)] = start
            if forked and state not in "ZX":
                children[parent].append(int(name))
    members, todo = [], [root]
    while todo:
        members.append(todo.pop())
        todo += children[members[-1]]
    return sorted(members, key=lambda pid: (pid != root, starts.get(pid, 0), pid))


def stop(root):
    """Stops every member, also one that is forked meanwhile, and waits until each has stopped."""
    stopped = []
    while True:
        members = family(root)
        for pid in members:
            if pid not in stopped:
                os.kill(pid, signal.SIGSTOP)
        stopped = members
        while any(stat(pid)[0] not in "Tt" for pid in members):
            time.sleep(0.01)
        if family(root) == members:
            return members


def private_mappings(pid):
    """Ranges of private memory with what identifies the mapping: of a file, where its first byte would be."""
    found, current = [], None
    with open(f"/proc/{pid}/smaps", errors="replace") as file:
        for line in file:
            word = line.split(None, 1)[0]
            if not word.endswith(":"):
                span, rights, offset, device, inode = line.split()[:5]
                start, end = (int(part, 16) for part in span.split("-"))
                of = ("anonymous",) if inode == "0" else (device, inode, start - int(offset, 16))
                current = (start, end, of) if rights[3] == "p" and "[vsyscall]" not in line else None
            elif word == "VmFlags:" and current:
                # Memory that a fork does not hand down (dd, wf) has no copies; that of devices (io, pf) is none.
                if not {"dd", "wf", "io", "pf"} & set(line.split()[1:]):
                    found.append(current)
    return found


def pages(members):
    """By address and mapping: the frame of each member that has a page, and the members with a page in swap."""
    flags = open("/proc/kpageflags", "rb", buffering=0)
    frames, swapped = defaultdict(dict), defaultdict(set)
    for number, pid in enumerate(members):
        with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as map_:
            for start, end, of in private_mappings(pid):
                at = start
                while at < end:
                    entries = array("Q")
                    entries.frombytes(os.pread(map_.fileno(), min(end - at, 1 << 24) // PAGE * 8, at // PAGE * 8))
                    if not entries:
                        break
                    for index, entry in enumerate(entries):
                        if entry >> 62 == 1:
                            swapped[at + index * PAGE, of].add(number)
                        if not entry >> 63 or entry >> 61 & 1:
                            continue
                        frame = entry & (1 << 55) - 1
                        of_frame = int.from_bytes(os.pread(flags.fileno(), 8, frame * 8), "little")
                        if of_frame >> ANON & 1 and not of_frame >> ZERO & 1 and not of_frame >> HUGETLB & 1:
                            frames[at + index * PAGE, of][number] = (frame, entry >> 56 & 1)
                    at += len(entries) * PAGE
    flags.close()
    return frames, swapped


class Groups:
    """Members whose pages at one address belong together."""

    def __init__(self, members):
        self.of = {member: member for member in members}

    def find(self, member):
        while self.of[member] != member:
            member = self.of[member]
        return member

    def join(self, a, b):
        """Whether they were apart."""
        a, b = self.find(a), self.find(b)
        self.of[max(a, b)] = min(a, b)
        return a != b


def divide(parents, held, in_swap):
    """The groups at one address and, by group, whether the first page of it was born after the fork."""
    present = sorted(set(held) | in_swap)
    groups = Groups(present)
    for member in present:
        if parents[member] in groups.of:
            groups.join(member, parents[member])
    born = {member: parents[member] for member in present if groups.find(member) == member and member != 0}
    given_back, merged = set(), set()
    by_frame = {}
    for member in sorted(held):
        other = by_frame.setdefault(held[member][0], member)
        a, b = groups.find(other), groups.find(member)
        if groups.join(a, b):
            # Both have it from an ancestor that must have had it: their parents have given it back since.
            given_back |= {born[top] for top in (a, b) if top in born}
            merged.add(min(a, b))
    is_born = lambda top: top in born and top not in merged and born[top] not in given_back
    return groups, is_born


def count(members):
    parents = []
    for number, pid in enumerate(members):
        parent = stat(pid)[1]
        parents.append(None if number == 0 else members.index(parent) if parent in members else 0)
    frames, swapped = pages(members)
    memories = [open(f"/proc/{pid}/mem", "rb", buffering=0) for pid in members]
    places = defaultdict(set)
    for (address, _), held in frames.items():
        for frame, _ in held.values():
            places[frame].add(address)
    sum_ = Counter(copies=0, equal_to_source=0, equal_to_sibling=0, born_after_fork=0, born_equal=0, origin_unknown=0,
                   at_two_addresses=0)
    by_mapping = Counter()
    for (address, of), held in frames.items():
        if len({frame for frame, _ in held.values()}) < 2:
            continue
        if any(len(places[frame]) > 1 for frame, _ in held.values()):
            sum_["at_two_addresses"] += 1
            continue
        groups, is_born = divide(parents, held, swapped.get((address, of), set()))
        distinct = {}
        for member in sorted(held):
            frame, exclusive = held[member]
            distinct.setdefault(frame, [member, 0, exclusive])[1] += 1
        contents = {frame: os.pread(memories[first].fileno(), PAGE, address) for frame, (first, _, _) in distinct.items()}
        times = Counter(contents.values())
        of_group = defaultdict(list)
        for frame, (first, holders, exclusive) in distinct.items():
            of_group[groups.find(first)].append((holders, not exclusive, -first, frame))
        sources = {top: max(ranks) for top, ranks in of_group.items()}
        original = groups.find(0) if 0 in groups.of else None
        original = original if original in sources else max(sources, key=sources.get)
        for top, ranks in of_group.items():
            source = sources[top]
            for rank in ranks:
                if rank != source:
                    sum_["copies"] += 1
                    content = contents[rank[3]]
                    if content == contents[source[3]]:
                        sum_["equal_to_source"] += 1
                    elif times[content] > 1:
                        sum_["equal_to_sibling"] += 1
                    else:
                        by_mapping[name(members[0], address)] += 1
            if top != original and is_born(top):
                sum_["born_after_fork"] += 1
                sum_["born_equal"] += times[contents[source[3]]] > 1
            elif top != original:
                sum_["origin_unknown"] += 1
    for memory in memories:
        memory.close()
    in_swap = sum(len(who) for who in swapped.values())
    unequal = dict(by_mapping.most_common(5))
    return {**sum_, "redundant": sum_["equal_to_source"] + sum_["equal_to_sibling"], "members": len(members),
            "in_swap": in_swap, "copies_that_differ_by_mapping": unequal}


def name(pid, address):
    """What the root has mapped at an address."""
    with open(f"/proc/{pid}/maps", errors="replace") as file:
        for line in file:
            fields = line.split(None, 5)
            start, end = (int(part, 16) for part in fields[0].split("-"))
            if start <= address < end:
                return os.path.basename(fields[5].strip()) if len(fields) == 6 else "anonymous"
    return "not mapped"


if __name__ == "__main__":
    stopped = stop(int(sys.argv[1]))
    try:
        before = count(stopped)
        command = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, check=False)
        after = count(stopped)
    finally:
        for one in stopped:
            os.kill(one, signal.SIGCONT)
    print(json.dumps({"before": before, "after": after, "status": command.returncode, "found": command.stdout.decode()}))
