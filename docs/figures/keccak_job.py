"""What happens in a trace of one KECCAK job: transfers at the card's pins, and what its cores do."""

from collections import namedtuple

TOP = "card"
CORE_PORTS = ("in_data", "in_bytes", "in_last", "in_valid", "in_ready", "out_data", "out_last", "busy")
CHECKSUM_PORTS = ("enable", "checksum")
ROUNDS = 24
# Registers of queue 0, as docs/device.md has them.
DOORBELL, ARM = 0x1018, 0x1024
# Words of a submission.
INPUT_WORD, OUTPUT_WORD, SIZES_WORD = 3, 4, 5
ENTRY_WORDS = 8

Request = namedtuple("Request", "cycle kind bytes tag number")
Beat = namedtuple("Beat", "cycle kind")
Core = namedtuple("Core", "words busy digest")


class Job:
    def __init__(self, trace):
        self.trace = trace
        self.busy = trace.values(TOP, "busy")
        self.writes = self._register_writes()
        self.doorbell = next(cycle for cycle, offset in self.writes if offset == DOORBELL)
        self.reads, self.read_beats = self._reads()
        self.write_requests = self._write_requests()
        self.write_beats = list(self._write_beats())
        self.interrupt = self._moved("irq_valid", "irq_ready")[-1]
        self.cores = [core for core in map(self._core, trace.scopes_with(CORE_PORTS)) if any(core.busy)]
        (crc32,) = trace.scopes_with(CHECKSUM_PORTS)
        self.checksum = [cycle for cycle, word in enumerate(trace.values(crc32, "enable")) if word]
        first = next(read for read in self.reads if read.cycle > self.doorbell)
        self.latency = min(beat.cycle for beat in self.read_beats if beat.cycle > first.cycle) - first.cycle

    def _moved(self, valid, ready, scope=TOP):
        """The cycles in which something moves over a channel."""
        pairs = zip(self.trace.values(scope, valid), self.trace.values(scope, ready))
        return [cycle for cycle, (valid, ready) in enumerate(pairs) if valid and ready]

    def _register_writes(self):
        offsets = self.trace.values(TOP, "s_awaddr")
        return [(cycle, offsets[cycle]) for cycle in self._moved("s_awvalid", "s_awready")]

    def _reads(self):
        """Requests and beats; what a request is for follows from the entry, the first that is read."""
        addresses, sizes, tags = (self.trace.values(TOP, f"rq_{name}") for name in ("address", "bytes", "tag"))
        data, data_tags = self.trace.values(TOP, "rc_data"), self.trace.values(TOP, "rc_tag")
        width = self.trace.width(TOP, "rc_data")
        beats = self._moved("rc_valid", "rc_ready")
        requested = self._moved("rq_valid", "rq_ready")
        entry = []
        for cycle in beats:
            if data_tags[cycle] == tags[requested[0]] and len(entry) < ENTRY_WORDS:
                entry += [data[cycle] >> shift & (1 << 64) - 1 for shift in range(0, width, 64)]
        self.input, self.output = entry[INPUT_WORD], entry[OUTPUT_WORD]
        end = self.input + (entry[SIZES_WORD] & (1 << 32) - 1)
        reads, messages, by_tag = [], 0, {}
        for cycle in requested:
            kind, number = "entry", 0
            if addresses[cycle] == self.input:
                kind = "descriptors"
            elif self.input < addresses[cycle] < end:
                kind, number, messages = "message", messages, messages + 1
            read = Request(cycle, kind, sizes[cycle], tags[cycle], number)
            reads.append(read)
            by_tag.setdefault(read.tag, []).append(read)
        kinds = []
        for cycle in beats:
            read = [read for read in by_tag[data_tags[cycle]] if read.cycle < cycle][-1]
            kinds.append(Beat(cycle, (read.kind, read.number)))
        return reads, kinds

    def _write_requests(self):
        addresses, sizes = self.trace.values(TOP, "wq_address"), self.trace.values(TOP, "wq_bytes")
        kind = lambda cycle: "digests" if addresses[cycle] == self.output else "completion"
        return [Request(c, kind(c), sizes[c], 0, 0) for c in self._moved("wq_valid", "wq_ready")]

    def _write_beats(self):
        """Data of writes come in the order of their requests."""
        last, turn = self.trace.values(TOP, "wd_last"), 0
        for cycle in self._moved("wd_valid", "wd_ready"):
            yield Beat(cycle, self.write_requests[turn].kind)
            turn += last[cycle]

    def _core(self, scope):
        """Words in with their message's number, busy cycles with the round's, words of digests out."""
        last, message, words = self.trace.values(scope, "in_last"), 0, []
        for cycle in self._moved("in_valid", "in_ready", scope):
            words.append((cycle, message))
            message += last[cycle]
        busy = [cycle for cycle, busy in enumerate(self.trace.values(scope, "busy")) if busy]
        rounds = [(cycle, place % ROUNDS) for place, cycle in enumerate(busy)]
        return Core(words, rounds, self._moved("out_valid", "out_ready", scope))

    def permutations(self, core):
        """(first cycle, last cycle) of each permutation of a core."""
        starts = [cycle for cycle, number in core.busy if number == 0]
        ends = [cycle for cycle, number in core.busy if number == ROUNDS - 1]
        return list(zip(starts, ends))
